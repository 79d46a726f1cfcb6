//! Signed tokens: what one says, and every way in which one does not count.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use ombud::domain::{Clock as _, ErrorCode, Role, SessionUpdated};
use ombud::engine::{Engine as _, NewSession, NewToken, SessionFilter};
use ombud::storage::Store;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::{house, login, make, verified, worth};
use crate::keys::{Moved, memory};
use crate::support::house::somebody;

/// What a token says: its header and its claims.
fn read(token: &str) -> (String, Value) {
    let parts: Vec<&str> = token.split('.').collect();
    assert_eq!(parts.len(), 3);
    let text = |part: &str| String::from_utf8(URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    (text(parts[0]), serde_json::from_str(&text(parts[1])).unwrap())
}

async fn key(store: &Arc<dyn Store>, number: u64) -> Option<EncodingKey> {
    let secret = store.secret("house", &format!("user_token_key:{number}")).await.unwrap()?;
    Some(EncodingKey::from_secret(secret.expose_secret().as_bytes()))
}

fn sign(header: &Header, claims: &Value, key: &EncodingKey) -> String {
    encode(header, claims, key).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_says_who_it_is_and_nothing_of_what_they_may() {
    let (store, clock) = (memory().await, Moved::new());
    let house = house(&store, &clock);
    let ana = make(&house, "ana", Role::Admin).await;
    let proof = login(&house, "ana").await;
    let (header, claims) = read(proof.token.expose());
    assert_eq!(header, r#"{"typ":"JWT","alg":"HS256"}"#);
    let id = claims["jti"].as_str().unwrap().to_owned();
    let expected = json!({
        "sub": ana.id, "iat": 1_795_156_323, "nbf": 1_795_156_323, "exp": 1_795_159_923, "jti": id, "iss": "ombud",
        "aud": "ombud", "typ": "access",
    });
    assert_eq!(claims, expected);
    assert!(id.starts_with("1-1-") && id.len() == 40, "{id}");
    let again = login(&house, "ana").await;
    assert_ne!(read(again.token.expose()).1["jti"], claims["jti"]);
}

/// Whatever was not signed here, or says something else, is refused in the same words.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_is_not_right_opens_nothing() {
    let (store, clock) = (memory().await, Moved::new());
    let house = house(&store, &clock);
    let ana = make(&house, "ana", Role::Viewer).await;
    let bob = make(&house, "bob", Role::Admin).await;
    let proof = login(&house, "ana").await;
    let token = proof.token.expose();
    let (_, claims) = read(token);
    let key = key(&store, 1).await.unwrap();
    let hs256 = Header::new(Algorithm::HS256);
    let with = |name: &str, value: Value| {
        let mut claims = claims.clone();
        claims[name] = value;
        sign(&hs256, &claims, &key)
    };
    let without = |name: &str| {
        let mut claims = claims.clone();
        claims.as_object_mut().unwrap().remove(name);
        sign(&hs256, &claims, &key)
    };
    let now = clock.now().as_millis() / 1_000;
    assert_eq!(worth(&house, &sign(&hs256, &claims, &key)).await, "user:ana", "signed like this, it is the same");

    let parts: Vec<&str> = token.split('.').collect();
    let base64 = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let none = base64(r#"{"typ":"JWT","alg":"none"}"#);
    let as_bob = base64(&{
        let mut claims = claims.clone();
        claims["sub"] = json!(bob.id);
        claims.to_string()
    });
    let other = EncodingKey::from_secret(b"another key that is as long as the one of the house, or longer");
    let mut flipped = token.to_owned().into_bytes();
    *flipped.last_mut().unwrap() ^= 1;
    let wrong = [
        ("alg none", format!("{none}.{}.", parts[1])),
        ("alg none, with a signature", format!("{none}.{}.{}", parts[1], parts[2])),
        ("alg none, for somebody else", format!("{none}.{as_bob}.")),
        ("no signature", format!("{}.{}.", parts[0], parts[1])),
        ("claims of somebody else", format!("{}.{as_bob}.{}", parts[0], parts[2])),
        ("a changed signature", String::from_utf8(flipped).unwrap()),
        ("another key", sign(&hs256, &claims, &other)),
        ("an empty key", sign(&hs256, &claims, &EncodingKey::from_secret(b""))),
        ("another algorithm", sign(&Header::new(Algorithm::HS384), &claims, &key)),
        ("and another", sign(&Header::new(Algorithm::HS512), &claims, &key)),
        ("a header that says more", sign(&Header { kid: Some("1".into()), ..hs256.clone() }, &claims, &key)),
        ("expired", with("exp", json!(now))),
        ("not yet", with("nbf", json!(now + 1))),
        ("ends never", without("exp")),
        ("ends at a word", with("exp", json!("never"))),
        ("begins never", without("nbf")),
        ("of nobody", without("sub")),
        ("of somebody unknown", with("sub", json!("0198c0de-0000-7000-8000-000000000001"))),
        ("of somebody by name", with("sub", json!("ana"))),
        ("without an id", without("jti")),
        ("with an id of another form", with("jti", json!("x"))),
        ("of another generation", with("jti", json!("2-1-x"))),
        ("of another key by its id", with("jti", json!("1-2-x"))),
        ("for something else", with("typ", json!("refresh"))),
        ("for nothing", without("typ")),
        ("by others", with("iss", json!("others"))),
        ("by nobody", without("iss")),
        ("for others", with("aud", json!("others"))),
        ("for nobody", without("aud")),
        ("with a space", format!("{token} ")),
        ("twice", format!("{token}.{token}")),
        ("too long", format!("{token}{}", "A".repeat(1_000))),
        ("dots", "...".to_owned()),
        ("the id alone", claims["jti"].as_str().unwrap().to_owned()),
    ];
    for (what, token) in wrong {
        let error = house.verify(&somebody(), &token).await.expect_err(what);
        let words = (error.code, error.message.as_str());
        assert_eq!(words, (ErrorCode::Unauthorized, "the key or token is not known here, or it counts no longer"), "{what}");
    }
    assert_eq!(worth(&house, token).await, "user:ana");
    assert_eq!(house.people().me(&verified(&house, &proof.token).await).await, Ok(ana));
}

/// A token that was good a moment ago is not remembered beyond its end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_counts_for_its_time() {
    let (store, clock) = (memory().await, Moved::new());
    let house = house(&store, &clock);
    make(&house, "ana", Role::Developer).await;
    let proof = login(&house, "ana").await;
    let caller = verified(&house, &proof.token).await;
    let program = house.people().issue_token(&somebody(), "ana", Some(7_200)).await.unwrap();
    let hour = house.people().issue_token(&somebody(), "ana", None).await.unwrap();
    assert_eq!(hour.expires_at, proof.expires_at);
    clock.pass(3_599);
    assert_eq!(worth(&house, proof.token.expose()).await, "user:ana");
    clock.pass(1);
    assert_eq!(worth(&house, proof.token.expose()).await, "Unauthorized");
    // Who was known before does nothing any more either.
    let error = house.sessions(&caller, &SessionFilter::default()).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Unauthorized);
    assert_eq!(worth(&house, program.token.expose()).await, "user:ana");
    clock.pass(3_600);
    assert_eq!(worth(&house, program.token.expose()).await, "Unauthorized");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logging_out_ends_one_token_and_refreshing_none() {
    let (store, clock) = (memory().await, Moved::new());
    let house = house(&store, &clock);
    make(&house, "ana", Role::Developer).await;
    let (one, other) = (login(&house, "ana").await, login(&house, "ana").await);
    let caller = verified(&house, &one.token).await;
    clock.pass(60);
    let fresh = house.people().refresh(&caller).await.unwrap();
    assert_eq!(fresh.expires_at.millis_since(one.expires_at), 60_000);
    for token in [&one, &other, &fresh] {
        assert_eq!(worth(&house, token.token.expose()).await, "user:ana");
    }
    let session = house.create(&caller, NewSession::default()).await.unwrap();
    let mut frames = house.subscribe(&caller, &session.id, None).await.unwrap();
    assert!(futures_util::StreamExt::next(&mut frames).await.unwrap().is_ok());

    assert_eq!(house.people().logout(&caller).await, Ok(()));
    assert_eq!(worth(&house, one.token.expose()).await, "Unauthorized");
    for token in [&other, &fresh] {
        assert_eq!(worth(&house, token.token.expose()).await, "user:ana");
    }
    // Neither does who was known before: not with a verb, and not by what is read already.
    let people = house.people();
    assert_eq!(people.me(&caller).await.unwrap_err().code, ErrorCode::Unauthorized);
    assert_eq!(people.refresh(&caller).await.unwrap_err().code, ErrorCode::Unauthorized);
    assert_eq!(people.logout(&caller).await.unwrap_err().code, ErrorCode::Unauthorized);
    let change = SessionUpdated { title: Some(Some("later".into())), ..SessionUpdated::default() };
    house.update(&somebody(), &session.id, change).await.unwrap();
    let next = futures_util::StreamExt::next(&mut frames).await.unwrap();
    assert_eq!(next.unwrap_err().code, ErrorCode::Unauthorized);
    // Who has no account has nothing to refresh or to end.
    for caller in [somebody(), ombud::domain::Principal::unproven()] {
        for came in
            [people.me(&caller).await.map(drop), people.refresh(&caller).await.map(drop), people.logout(&caller).await]
        {
            assert_eq!(came.unwrap_err().code, ErrorCode::Unauthorized);
        }
    }
}

/// What was ended is not kept for longer than it would have counted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ended_tokens_are_taken_away_when_they_are_over() {
    let (store, clock) = (memory().await, Moved::new());
    let house = house(&store, &clock);
    make(&house, "ana", Role::Viewer).await;
    let mut proof = house.people().issue_token(&somebody(), "ana", Some(60)).await.unwrap();
    for _ in 0..1_000 {
        let caller = verified(&house, &proof.token).await;
        proof = house.people().refresh(&caller).await.unwrap();
        house.people().logout(&caller).await.unwrap();
    }
    assert_eq!(store.records("ended_token").await.unwrap().len(), 1_000);
    clock.pass(3_600);
    let last = login(&house, "ana").await;
    house.people().logout(&verified(&house, &last.token).await).await.unwrap();
    house.drain().await;
    assert_eq!(store.records("ended_token").await.unwrap().len(), 1);
    assert_eq!(worth(&house, last.token.expose()).await, "Unauthorized");
}

/// A new key signs; what the old one signed counts until it ends, or ends with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_rotated() {
    let (store, clock) = (memory().await, Moved::new());
    let house = house(&store, &clock);
    let people = house.people();
    make(&house, "ana", Role::Viewer).await;
    let first = login(&house, "ana").await;
    people.rotate_signing_key(&somebody(), false).await.unwrap();
    let second = login(&house, "ana").await;
    assert!(read(second.token.expose()).1["jti"].as_str().unwrap().starts_with("1-2-"));
    for token in [&first, &second] {
        assert_eq!(worth(&house, token.token.expose()).await, "user:ana");
    }
    let caller = verified(&house, &second.token).await;
    people.rotate_signing_key(&somebody(), true).await.unwrap();
    for token in [&first, &second] {
        assert_eq!(worth(&house, token.token.expose()).await, "Unauthorized");
    }
    assert_eq!(people.me(&caller).await.unwrap_err().code, ErrorCode::Unauthorized);
    let third = login(&house, "ana").await;
    assert_eq!(worth(&house, third.token.expose()).await, "user:ana");
    // The keys that prove nothing are gone.
    let mut there = Vec::new();
    for number in 1..=4 {
        there.push(key(&store, number).await.is_some());
    }
    assert_eq!(there, [false, false, true, false]);

    // An old key goes when all that it has signed has ended.
    people.rotate_signing_key(&somebody(), false).await.unwrap();
    assert_eq!(worth(&house, third.token.expose()).await, "user:ana");
    clock.pass(2 * 86_400);
    people.rotate_signing_key(&somebody(), false).await.unwrap();
    assert!(key(&store, 3).await.is_none() && key(&store, 4).await.is_none() && key(&store, 5).await.is_some());
    // So many are kept, and no more.
    let mut rotations = Vec::new();
    for _ in 0..17 {
        people.issue_token(&somebody(), "ana", Some(365 * 86_400)).await.unwrap();
        rotations.push(people.rotate_signing_key(&somebody(), false).await.is_ok());
    }
    assert_eq!(rotations.iter().filter(|rotated| **rotated).count(), 16);
    let error = people.rotate_signing_key(&somebody(), false).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Conflict);
    people.rotate_signing_key(&somebody(), true).await.unwrap();
    assert_eq!(store.secrets().await.unwrap().len(), 1);
}

/// A token of somebody cannot be made into another that opens more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_mints_with_an_account() {
    let (store, clock) = (memory().await, Moved::new());
    let house = house(&store, &clock);
    for role in Role::ALL {
        make(&house, role.word(), role).await;
        let caller = verified(&house, &login(&house, role.word()).await.token).await;
        let new = NewToken { agent: "alpha".into(), prefix: "x_".into(), ..NewToken::default() };
        assert_eq!(house.mint(&caller, new).await.unwrap_err().code, ErrorCode::Forbidden, "{role:?}");
    }
    assert_eq!(store.records("token").await.unwrap(), vec![]);
}
