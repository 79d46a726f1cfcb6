//! Proving who one is by name and password.

use std::net::IpAddr;

use ombud::domain::{ErrorCode, Role};
use ombud::engine::{Engine as _, LoginAttempt, NewUser, UserChange};
use serde_json::json;

use super::{PASSWORD, house, login, make, new_user, told, try_login, verified, with_password, word, worth};
use crate::keys::{Moved, house_on, memory};
use crate::support::house::somebody;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_an_account_logs_in() {
    let (store, clock) = (memory().await, Moved::new());
    let house = house(&store, &clock);
    let new = NewUser { email: Some("ana@example.org".to_owned()), ..new_user("Ana", Role::Developer) };
    let ana = house.people().create_user(&somebody(), new).await.unwrap();
    let shown = serde_json::to_value(&ana).unwrap();
    let made = "2026-11-20T06:32:03.042Z";
    assert_eq!(
        shown,
        json!({
            "id": ana.id, "name": "Ana", "email": "ana@example.org", "role": "developer",
            "created_at": made, "updated_at": made,
        })
    );
    // Names differ by more than the size of letters.
    for name in ["Ana", "ana", "ANA"] {
        assert_eq!(login(&house, name).await.user, ana);
    }
    let taken = house.people().create_user(&somebody(), new_user("aNA", Role::Viewer)).await.unwrap_err();
    assert_eq!((taken.code, taken.message.as_str()), (ErrorCode::Conflict, "user `aNA` exists"));

    let proof = login(&house, "ana").await;
    assert_eq!(proof.expires_at.millis_since(ombud::domain::Timestamp::from_millis(1_795_156_323_000)), 3_600_000);
    let caller = verified(&house, &proof.token).await;
    assert_eq!((caller.name.as_str(), caller.user.as_ref()), ("user:Ana", Some(&ana.id)));
    assert!(caller.may_enter("people") && !caller.may_enter("ombud") && !caller.is_admin());
    assert_eq!(house.people().me(&caller).await, Ok(ana.clone()));
    assert_eq!(house.people().users(&somebody()).await, Ok(vec![ana]));
}

/// Nobody learns which names there are: not by the words, and neither by what must wait.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_name_is_told_like_a_wrong_password() {
    let (store, clock) = (memory().await, Moved::new());
    let house = house(&store, &clock);
    make(&house, "ana", Role::Admin).await;
    let expected = ("unauthorized".to_owned(), "the name or the password is wrong".to_owned(), None);
    for (name, password) in [
        ("ana", "wrong horse battery"),
        ("ana", ""),
        ("bob", PASSWORD),
        ("bob", ""),
        ("no name/at all", PASSWORD),
        ("ana ", PASSWORD),
    ] {
        assert_eq!(told(try_login(&house, name, password).await.unwrap_err()), expected, "{name:?}");
    }
    let long = "x".repeat(100_000);
    assert_eq!(told(try_login(&house, &long, &long).await.unwrap_err()), expected);
    let waits = async |name: &str| {
        let mut told_of = Vec::new();
        for _ in 0..6 {
            told_of.push(told(try_login(&house, name, "wrong horse battery").await.unwrap_err()));
        }
        told_of
    };
    clock.pass(3_600);
    let (known, unknown) = (waits("ana").await, waits("bob").await);
    assert_eq!(known, unknown);
    let slow = ("rate_limited", "too many attempts to log in failed", "try again in 60 s");
    let last = known.last().unwrap();
    assert_eq!((last.0.as_str(), last.1.as_str(), last.2.as_deref().unwrap()), slow);
    assert_eq!(known.iter().filter(|told| **told == expected).count(), 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_guesses_must_wait_and_then_a_right_password_is_refused_too() {
    let (store, clock) = (memory().await, Moved::new());
    let house = house_on(&store, &clock, |settings| settings.server.login.address_failures = 8);
    make(&house, "ana", Role::Viewer).await;
    make(&house, "bob", Role::Viewer).await;
    let from = async |name: &str, password: &str, last: u8| {
        let address = Some(IpAddr::from([192, 0, 2, last]));
        let attempt = LoginAttempt { name: name.to_owned(), password: word(password), address };
        match house.people().login(attempt).await {
            Ok(login) => login.user.name,
            Err(error) => format!("{} {:?}", error.code.word(), error.retry_after),
        }
    };
    for _ in 0..5 {
        assert_eq!(from("ana", "wrong horse", 1).await, "unauthorized None");
    }
    // By name, from wherever.
    for last in [1, 2] {
        assert_eq!(from("ana", PASSWORD, last).await, "rate_limited Some(60)");
    }
    // By address, whatever the name. What did not fail does not count.
    for _ in 0..10 {
        assert_eq!(from("bob", PASSWORD, 1).await, "bob");
    }
    for name in ["one", "two", "three"] {
        assert_eq!(from(name, "wrong horse", 1).await, "unauthorized None");
    }
    assert_eq!(from("bob", PASSWORD, 1).await, "rate_limited Some(38)");
    assert_eq!(from("bob", PASSWORD, 2).await, "bob");
    clock.pass(60);
    assert_eq!(from("ana", PASSWORD, 1).await, "ana");
    // Nobody is slowed down where that is switched off.
    let open = house_on(&store, &clock, |settings| {
        (settings.server.login.address_failures, settings.server.login.name_failures) = (0, 0);
    });
    for _ in 0..7 {
        assert_eq!(try_login(&open, "ana", "wrong horse").await.unwrap_err().code, ErrorCode::Unauthorized);
    }
}

/// Many guesses at once are no way around.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guesses_at_once_are_counted() {
    let (store, clock) = (memory().await, Moved::new());
    let house = house(&store, &clock);
    make(&house, "ana", Role::Viewer).await;
    let guesses = (0..20).map(|_| try_login(&house, "ana", "wrong horse battery"));
    let codes: Vec<ErrorCode> =
        futures_util::future::join_all(guesses).await.into_iter().map(|came| came.unwrap_err().code).collect();
    let of = |code: ErrorCode| codes.iter().filter(|other| **other == code).count();
    assert_eq!((of(ErrorCode::Unauthorized), of(ErrorCode::RateLimited)), (5, 15));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_fit_makes_no_account() {
    let (store, clock) = (memory().await, Moved::new());
    let house = house(&store, &clock);
    let good = || new_user("ana", Role::Viewer);
    let wrong = [
        NewUser { name: String::new(), ..good() },
        NewUser { name: "-a".into(), ..good() },
        NewUser { name: "a b".into(), ..good() },
        NewUser { name: "a\n".into(), ..good() },
        NewUser { name: "ä".into(), ..good() },
        NewUser { name: "x".repeat(65), ..good() },
        NewUser { password: word("seven 7"), ..good() },
        NewUser { password: word(&"x".repeat(1_025)), ..good() },
        NewUser { email: Some("nobody".into()), ..good() },
    ];
    for new in wrong {
        let error = house.people().create_user(&somebody(), new.clone()).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::InvalidInput, "{new:?}");
        assert!(!error.message.contains("seven"), "{error}");
    }
    assert_eq!(house.people().users(&somebody()).await, Ok(vec![]));
    make(&house, "ana", Role::Viewer).await;
    for change in [with_password("short"), UserChange { email: Some("@".into()), ..UserChange::default() }] {
        let error = house.people().update_user(&somebody(), "ana", change).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::InvalidInput);
    }
    let unknown = house.people().update_user(&somebody(), "bob", UserChange::default()).await.unwrap_err();
    assert_eq!((unknown.code, unknown.message.as_str()), (ErrorCode::NotFound, "user `bob` is not known"));
    for seconds in [0, 365 * 86_400 + 1] {
        let error = house.people().issue_token(&somebody(), "ana", Some(seconds)).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::InvalidInput);
    }
    assert_eq!(login(&house, "ana").await.user.name, "ana");
}

/// A change counts at once, for those too who are in already.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_counts_at_once() {
    let (store, clock) = (memory().await, Moved::new());
    let house = house(&store, &clock);
    let ana = make(&house, "ana", Role::Admin).await;
    let proof = login(&house, "ana").await;
    let before = verified(&house, &proof.token).await;
    assert!(house.people().users(&before).await.is_ok());
    let people = house.people();
    let role = |role| UserChange { role: Some(role), ..UserChange::default() };
    clock.pass(1);
    let changed = people.update_user(&somebody(), ana.id.as_str(), role(Role::Viewer)).await.unwrap();
    assert_eq!((changed.role, changed.updated_at.millis_since(ana.created_at)), (Role::Viewer, 1_000));
    // Who was let in with more is let in no more; the same token opens less.
    assert_eq!(people.users(&before).await.unwrap_err().code, ErrorCode::Unauthorized);
    let now = verified(&house, &proof.token).await;
    assert_eq!(people.users(&now).await.unwrap_err().code, ErrorCode::Forbidden);
    // Who was let in with less stays in.
    people.update_user(&somebody(), "ana", role(Role::Developer)).await.unwrap();
    assert!(people.me(&now).await.is_ok());

    people.update_user(&somebody(), "ana", with_password("another horse battery")).await.unwrap();
    assert_eq!(worth(&house, proof.token.expose()).await, "Unauthorized");
    assert_eq!(people.me(&now).await.unwrap_err().code, ErrorCode::Unauthorized);
    assert_eq!(try_login(&house, "ana", PASSWORD).await.unwrap_err().code, ErrorCode::Unauthorized);
    let proof = try_login(&house, "ana", "another horse battery").await.unwrap();
    assert_eq!(worth(&house, proof.token.expose()).await, "user:ana");

    assert_eq!(people.remove_user(&somebody(), "ANA").await.unwrap().id, ana.id);
    assert_eq!(worth(&house, proof.token.expose()).await, "Unauthorized");
    assert_eq!(people.remove_user(&somebody(), "ana").await.unwrap_err().code, ErrorCode::NotFound);
    // Somebody else of the same name is somebody else.
    make(&house, "ana", Role::Admin).await;
    assert_eq!(worth(&house, proof.token.expose()).await, "Unauthorized");
}

/// Passwords, hashes and tokens are in no text of an error and in no log of a session.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_are_nowhere() {
    let (store, clock) = (memory().await, Moved::new());
    let house = house(&store, &clock);
    make(&house, "ana", Role::Developer).await;
    let proof = login(&house, "ana").await;
    let caller = verified(&house, &proof.token).await;
    let mut said = format!("{proof:?} {caller:?} {:?} {:?}", new_user("x", Role::Viewer), with_password(PASSWORD));
    let people = house.people();
    said.push_str(&format!("{:?}", people.remove_user(&somebody(), PASSWORD).await));
    said.push_str(&format!("{:?}", people.remove_user(&somebody(), proof.token.expose()).await));
    said.push_str(&format!("{:?}", people.create_user(&somebody(), new_user(proof.token.expose(), Role::Viewer)).await));
    said.push_str(&format!("{:?}", try_login(&house, proof.token.expose(), proof.token.expose()).await));
    let session = house.create(&caller, ombud::engine::NewSession::default()).await.unwrap();
    let events = house.events(&somebody(), &session.id, None, 100).await.unwrap();
    let log = serde_json::to_string(&events).unwrap();
    assert!(log.contains("user:ana"), "who made it stands in the log by name");
    let records = serde_json::to_string(&people.users(&somebody()).await.unwrap()).unwrap();
    for text in [said, log, records] {
        assert!(
            !text.contains(PASSWORD) && !text.contains("argon2") && !text.contains(&proof.token.expose()[40..80]),
            "{text}"
        );
    }
    // What is kept holds the hash of the password, and neither password nor token.
    let kept: String = store.records("user").await.unwrap().into_iter().map(|record| record.body).collect();
    assert!(kept.contains("$argon2id$v=19$m=19456,t=2,p=1$") && !kept.contains(PASSWORD), "{kept}");
}
