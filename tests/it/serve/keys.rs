//! Keys at the doors of a server: every route with every kind of word, and sockets.

use futures_util::StreamExt as _;
use ombud::config::{Settings, Wire};
use ombud::domain::{KeyPermission, Principal, SessionId};
use ombud::engine::{Engine as _, House, NewKey, NewSession, NewToken};
use ombud::http::Needs;
use ombud::server::{Mounted, mounts};
use ombud::storage::StoreUrl;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::support::house::somebody;
use crate::support::model_server::{Answer, ModelServer};
use crate::support::server::{Client, Reply, Served, send, within};
use crate::support::socket::Socket;

const TOKEN: &str = "correct-horse-battery";

async fn serve(change: impl FnOnce(&mut Settings)) -> (ModelServer, Served) {
    let model = ModelServer::start(Wire::Openai, vec![Answer::text("ok").always()]);
    let served = Served::start_with(&model, |settings| {
        let other = ombud::domain::Agent { name: "other".into(), ..settings.agents["default"].clone() };
        settings.agents.insert("other".into(), other);
        // Every route is asked, one after the other.
        let limits = &mut settings.server.limits;
        (limits.user_requests_per_minute, limits.user_requests_per_second) = (0, 0);
        change(settings);
    })
    .await;
    (model, served)
}

/// The word of a new key.
async fn key(house: &House, name: &str, permissions: &[KeyPermission], doors: Option<&[&str]>) -> String {
    let doors = doors.map(|doors| doors.iter().map(|door| (*door).to_owned()).collect());
    let new = NewKey {
        name: name.into(),
        permissions: permissions.to_vec(),
        doors,
        prefix: "oct_sk_".into(),
        ..NewKey::default()
    };
    house.create_key(&somebody(), new).await.unwrap().word.expose().to_owned()
}

/// The word of a new token.
async fn token(house: &House, agent: &str, ttl: Option<u64>) -> String {
    let new = NewToken { agent: agent.into(), ttl_seconds: ttl, prefix: "oct_et_".into(), ..NewToken::default() };
    house.mint(&somebody(), new).await.unwrap().word.expose().to_owned()
}

fn with(client: &Client, word: &str) -> Client {
    client.with("authorization", &format!("Bearer {word}"))
}

/// A request for a route, with something for each of its parameters.
async fn ask(client: &Client, route: &Mounted) -> Reply {
    let place = |segment: &str| if segment.starts_with('{') { "x".to_owned() } else { segment.to_owned() };
    let path = route.path.split('/').map(place).collect::<Vec<_>>().join("/");
    send(client.request(&route.method, &path)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_route_answers_to_a_word_that_counts_no_longer() {
    for house_token in [true, false] {
        let (_model, served) = serve(|settings| {
            settings.server.token = house_token.then(|| SecretString::from(TOKEN));
        })
        .await;
        let house = &served.house;
        let removed = key(house, "removed", &KeyPermission::ALL, None).await;
        let minted_by_it = {
            let caller = house.verify(&Principal::house(), &removed).await.unwrap();
            let new = NewToken { agent: "default".into(), prefix: "oct_et_".into(), ..NewToken::default() };
            house.mint(&caller, new).await.unwrap().word.expose().to_owned()
        };
        let revoked = token(house, "default", None).await;
        house.revoke(&somebody(), &revoked).await.unwrap();
        house.remove_key(&somebody(), "removed").await.unwrap();
        // One that stays, so that a server without a token wants to know who calls.
        key(house, "stays", &KeyPermission::ALL, Some(&["octavus"])).await;
        for route in mounts(&[]).unwrap() {
            let none = house_token.then_some("");
            for word in [removed.as_str(), &minted_by_it, &revoked, "oct_sk_wrong"].into_iter().chain(none) {
                let reply = ask(&with(&served.client, word), &route).await;
                if route.needs == Needs::Nothing {
                    assert_ne!(reply.status, 401, "{route:?}");
                } else {
                    assert_eq!(reply.status, 401, "{word} at {route:?}: {}", reply.text());
                    assert!(word.is_empty() || !reply.text().contains(word), "{}", reply.text());
                }
            }
        }
        served.leave().await;
    }
}

/// A server without a token, and without keys: whatever word comes, everybody is the same. With keys, the door that wants
/// one lets in nobody without.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn once_there_are_keys_one_door_wants_one() {
    let (_model, served) = serve(|_| ()).await;
    let client = &served.client;
    let list = json!({});
    let mint = json!({"agentId": "default"});
    for word in ["oct_sk_any", "x"] {
        assert_eq!(with(client, word).post("/ombud/v1/sessions", &list).await.status, 200);
        assert_eq!(with(client, word).post("/api/tokens", &mint).await.status, 200);
    }
    let word = key(&served.house, "shop", &[KeyPermission::Mint], Some(&["octavus"])).await;
    assert_eq!(with(client, "oct_sk_any").post("/ombud/v1/sessions", &list).await.status, 401);
    assert_eq!(client.post("/ombud/v1/sessions", &list).await.status, 200, "other doors are as open as before");
    for path in ["/api/tokens", "/octavus/api/tokens"] {
        let refused = client.post(path, &mint).await;
        assert_eq!((refused.status, refused.header("www-authenticate")), (401, Some("Bearer")));
        assert_eq!(refused.json()["code"], "UNAUTHORIZED");
        assert_eq!(with(client, "oct_sk_any").post(path, &mint).await.status, 401);
        assert_eq!(with(client, &word).post(path, &mint).await.status, 200);
        assert_eq!(client.with("x-api-key", &word).post(path, &mint).await.status, 200);
    }
    served.leave().await;
}

/// A key opens the doors that it was made for, and no other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_opens_its_own_doors() {
    let (_model, served) = serve(|settings| settings.server.token = Some(SecretString::from(TOKEN))).await;
    let all = [KeyPermission::Sessions, KeyPermission::Agents, KeyPermission::Mint];
    let words = [
        ("octavus", key(&served.house, "one", &all, Some(&["octavus"])).await),
        ("ombud", key(&served.house, "two", &all, Some(&["ombud"])).await),
        ("tarko", key(&served.house, "three", &all, Some(&["tarko"])).await),
    ];
    let everywhere = key(&served.house, "four", &all, None).await;
    for route in mounts(&[]).unwrap().into_iter().filter(|route| route.needs == Needs::Caller) {
        let door = if route.dialect == "house" { "ombud" } else { route.dialect };
        // Streams do not end by themselves: whether they begin is told by their head.
        if route.path.ends_with("/notices") || route.path.ends_with("/subscribe") || route.path.ends_with("/stream") {
            continue;
        }
        // With a bearer's word it is the other API's that has the path too.
        if route.told_apart {
            continue;
        }
        for (own, word) in &words {
            let reply = ask(&with(&served.client, word), &route).await;
            let refused = reply.status == 403 && reply.text().contains("the key was made for others");
            assert_eq!(refused, *own != door, "{own} at {route:?}: {} {}", reply.status, reply.text());
        }
        // These are about an account, which a key has not.
        if route.path.contains("/v1/auth/") {
            continue;
        }
        let reply = ask(&with(&served.client, &everywhere), &route).await;
        // A key is nobody's account.
        let known = reply.status != 401 || reply.text().contains("who calls has not logged in");
        assert!(known && !reply.text().contains("made for others"), "{route:?}: {}", reply.text());
    }
    // Nor does it see what stands where no route does.
    std::fs::write(served.workspace.path().join("a.txt"), "words").unwrap();
    assert_eq!(with(&served.client, &words[0].1).get("/a.txt").await.status, 404);
    assert_eq!(with(&served.client, &words[2].1).get("/a.txt").await.text(), "words");
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_administers_makes_keys() {
    let (_model, served) = serve(|settings| settings.server.token = Some(SecretString::from(TOKEN))).await;
    let admin = with(&served.client, TOKEN);
    let new = json!({"name": "shop", "permissions": ["sessions", "mint"], "prefix": "ombud_sk_", "ttl_seconds": 60});
    let reply = admin.post("/ombud/v1/create-key", &new).await;
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let made = reply.expect(200);
    let word = made["word"].as_str().unwrap();
    let keys = admin.post("/ombud/v1/keys", &json!({})).await;
    assert_eq!(keys.expect(200), json!({ "keys": [made["key"]] }));
    assert!(!keys.text().contains(word));
    let shop = with(&served.client, word);
    for (path, body) in [
        ("/ombud/v1/create-key", json!({"name": "b", "permissions": ["mint"], "prefix": "a_"})),
        ("/ombud/v1/keys", json!({})),
        ("/ombud/v1/remove-key", json!({"name": "shop"})),
    ] {
        assert_eq!(shop.post(path, &body).await.status, 403, "{path}");
    }
    let token = shop.post("/ombud/v1/mint", &json!({"agent": "default", "prefix": "a_"})).await.expect(200);
    let revoke = json!({ "token": token["word"] });
    assert_eq!(shop.post("/ombud/v1/revoke", &revoke).await.expect(200), json!({ "id": token["id"] }));
    assert_eq!(shop.post("/ombud/v1/revoke", &revoke).await.expect(200), json!({ "id": null }));
    assert_eq!(admin.post("/ombud/v1/remove-key", &json!({"name": "shop"})).await.expect(200), made["key"]);
    assert_eq!(shop.post("/ombud/v1/mint", &json!({"agent": "default", "prefix": "a_"})).await.status, 401);
    served.leave().await;
}

/// The API for applications that mint for their browsers, as its SDK calls it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_are_minted_and_revoked() {
    let (_model, served) = serve(|_| ()).await;
    let house = &served.house;
    let word = key(house, "shop", &[KeyPermission::Mint], Some(&["octavus"])).await;
    let client = with(&served.client, &word);
    let new = |agent: &str| NewSession { agent: Some(agent.into()), ..NewSession::default() };
    let mine = house.create(&somebody(), new("default")).await.unwrap().id;
    let other = house.create(&somebody(), new("other")).await.unwrap().id;

    let reply = client.post("/api/tokens", &json!({"agentId": "default", "sessionId": mine, "ttlSeconds": 60})).await;
    assert_eq!((reply.status, reply.header("cache-control")), (200, Some("no-store")));
    let minted = reply.json();
    let fields: Vec<_> = minted.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(fields, ["token", "jti", "expiresAt"]);
    let token = minted["token"].as_str().unwrap();
    assert!(token.starts_with("oct_et_") && minted.as_object().unwrap().values().all(Value::is_string));
    let holder = house.verify(&Principal::house(), token).await.unwrap();
    assert!(holder.may_enter("octavus") && !holder.may_enter("tarko"));
    assert!(house.session(&holder, &mine).await.is_ok());

    let revoked = client.post("/api/tokens/revoke", &json!({ "token": token })).await.expect(200);
    assert_eq!(revoked, json!({ "revoked": true, "jti": minted["jti"] }));
    for again in [token, "oct_et_none", word.as_str()] {
        let reply = client.post("/api/tokens/revoke", &json!({ "token": again })).await;
        assert_eq!(reply.expect(200), json!({ "revoked": false }));
    }
    for (body, status, code) in [
        (json!({"agentId": "nobody"}), 404, "NOT_FOUND"),
        (json!({"agentId": "default", "sessionId": other}), 404, "NOT_FOUND"),
        (json!({"agentId": "default", "sessionId": "../x"}), 404, "NOT_FOUND"),
        (json!({"agentId": "default", "sessionId": "missing"}), 404, "NOT_FOUND"),
        (json!({"agentId": "default", "ttlSeconds": 0}), 400, "VALIDATION_ERROR"),
        (json!({"agentId": "default", "ttlSeconds": -1}), 400, "VALIDATION_ERROR"),
        (json!({"agentId": "default", "ttlSeconds": 1.5}), 400, "VALIDATION_ERROR"),
        (json!({"agentId": 7}), 400, "VALIDATION_ERROR"),
        (json!({}), 400, "VALIDATION_ERROR"),
        (json!([]), 400, "VALIDATION_ERROR"),
    ] {
        let reply = client.post("/api/tokens", &body).await;
        assert_eq!((reply.status, &reply.json()["code"]), (status, &json!(code)), "{body}: {}", reply.text());
        assert!(reply.json()["error"].is_string());
    }
    for body in [json!({}), json!({"token": {"canary": 1}}), json!({"token": ["canary"]})] {
        let reply = client.post("/api/tokens/revoke", &body).await;
        assert_eq!(reply.status, 400);
        assert!(!reply.text().contains("canary"), "{}", reply.text());
    }
    // Whose key does not mint is told so, and who holds a token mints none.
    let plain = key(house, "plain", &[KeyPermission::Sessions, KeyPermission::Agents], Some(&["octavus"])).await;
    let token = client.post("/api/tokens", &json!({"agentId": "default"})).await.expect(200)["token"].clone();
    for word in [plain.as_str(), token.as_str().unwrap()] {
        for (path, body) in [("/api/tokens", json!({"agentId": "default"})), ("/api/tokens/revoke", json!({"token": token}))]
        {
            let refused = with(&served.client, word).post(path, &body).await;
            assert_eq!((refused.status, &refused.json()["code"]), (403, &json!("FORBIDDEN")), "{path}");
        }
    }
    served.leave().await;
}

/// Nothing is told of a definition to who may not make agents, not even what is wrong with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_not_make_agents_is_told_nothing_of_definitions() {
    let (_model, served) = serve(|_| {}).await;
    let house = &served.house;
    let good = json!({
        "settings": {"slug": "shop", "name": "Shop", "format": "interactive"},
        "protocol": "triggers:\n  go: {}\nhandlers:\n  go:\n    Respond:\n      block: next-message\nagent:\n  model: a/b\n  system: system\n",
        "prompts": [{"name": "system", "content": "Sell."}],
    });
    let requests = [
        ("POST", "/api/agents/validate", &good),
        ("POST", "/api/agents", &json!({})),
        ("PATCH", "/api/agents/shop?by=slug", &json!({"prompts": []})),
        ("DELETE", "/api/agents/shop?by=slug", &json!({})),
    ];
    let may = key(house, "may", &[KeyPermission::Agents], None).await;
    with(&served.client, &may).post("/api/agents", &good).await.expect(201);
    let sessions = key(house, "sessions", &[KeyPermission::Sessions, KeyPermission::Mint], None).await;
    let of_agent = token(house, "shop", None).await;
    for word in [&sessions, &of_agent] {
        for (method, path, body) in &requests {
            let refused = send(with(&served.client, word).request(method, path).json(body)).await;
            assert_eq!((refused.status, &refused.json()["code"]), (403, &json!("FORBIDDEN")), "{method} {path}");
        }
    }
    served.leave().await;
}

/// Two servers on one store: a key of one is a key of the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_on_one_store_know_the_same_keys() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    for url in [StoreUrl::Sqlite(folder.path().join("a.db")), StoreUrl::File(folder.path().join("b"))] {
        let with_token = |settings: &mut Settings| settings.server.token = Some(SecretString::from(TOKEN));
        let (one, two) =
            (Served::start_on(&url, &model, with_token).await, Served::start_on(&url, &model, with_token).await);
        let word = key(&one.house, "shop", &[KeyPermission::Sessions], None).await;
        assert_eq!(with(&two.client, &word).post("/ombud/v1/sessions", &json!({})).await.status, 200);
        let minted = token(&two.house, "default", None).await;
        assert_eq!(with(&one.client, &minted).post("/ombud/v1/sessions", &json!({})).await.status, 200);
        assert!(two.house.revoke(&somebody(), &minted).await.unwrap().is_some());
        assert_eq!(with(&two.client, &minted).post("/ombud/v1/sessions", &json!({})).await.status, 401);
        two.house.remove_key(&somebody(), "shop").await.unwrap();
        assert_eq!(with(&two.client, &word).post("/ombud/v1/sessions", &json!({})).await.status, 401);
        one.leave().await;
        two.leave().await;
    }
}

/// A stream that is open ends when the word that opened it counts no longer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_end_with_the_word_that_opened_them() {
    let (_model, served) = serve(|settings| settings.server.token = Some(SecretString::from(TOKEN))).await;
    let house = &served.house;
    let word = token(house, "default", None).await;
    let session = house.create(&somebody(), NewSession::default()).await.unwrap().id;
    let far = ombud::remote::Remote::new(served.client.base(), Some(&SecretString::from(word.clone()))).unwrap();
    let mut frames = far.subscribe(&somebody(), &session, None).await.unwrap();
    assert!(within("a fact comes", frames.next()).await.unwrap().is_ok());
    house.revoke(&somebody(), &word).await.unwrap();
    let change = ombud::domain::SessionUpdated { title: Some(Some("secret".into())), ..Default::default() };
    house.update(&somebody(), &session, change).await.unwrap();
    let told = within("it ends", frames.next()).await.unwrap();
    assert!(told.is_err(), "{told:?}");
    assert_eq!(far.session(&somebody(), &session).await.unwrap_err().code, ombud::domain::ErrorCode::Unauthorized);
    assert!(SessionId::parse(session.as_str()).is_ok());
    served.leave().await;
}

/// A raw WebSocket takes a key in all its ways, and only one that opens it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sockets_ask_for_keys_too() {
    for house_token in [true, false] {
        let (_model, served) =
            serve(|settings| settings.server.token = house_token.then(|| SecretString::from(TOKEN))).await;
        let (client, house) = (&served.client, &served.house);
        let good = key(house, "good", &[KeyPermission::Sessions], Some(&["tarko"])).await;
        let elsewhere = key(house, "elsewhere", &[KeyPermission::Sessions], Some(&["octavus"])).await;
        let path = |word: &str| format!("/api/v1/ws?token={word}");
        assert_eq!(Socket::try_connect(client, &path("oct_sk_wrong"), &[]).await.err(), Some(401));
        assert_eq!(Socket::try_connect(client, &path(&elsewhere), &[]).await.err(), Some(403));
        let mut socket = Socket::try_connect(client, &path(&good), &[]).await.unwrap();
        assert_eq!(socket.hear().await["authenticated"], true);
        let bearer = format!("Bearer {good}");
        let mut socket = Socket::try_connect(client, "/api/v1/ws", &[("authorization", &bearer)]).await.unwrap();
        assert_eq!(socket.hear().await["authenticated"], true);
        // Without any: in where everybody is let in, else asked for one.
        let mut socket = Socket::try_connect(client, "/api/v1/ws", &[]).await.unwrap();
        assert_eq!(socket.hear().await["authenticated"], !house_token);
        let told = socket.ask(json!({"type": "authenticate", "token": good})).await;
        assert_eq!(told["caller"], "key:good");
        assert_eq!(socket.ask(json!({"type": "list"})).await["type"], "sessions");
        // What is asked of a socket that is open is asked of its key as well.
        house.remove_key(&somebody(), "good").await.unwrap();
        let told = socket.ask(json!({"type": "list"})).await;
        assert_eq!((&told["type"], &told["error"]["code"]), (&json!("error"), &json!("unauthorized")));
        for word in ["oct_sk_wrong", &good] {
            let mut socket = Socket::try_connect(client, "/api/v1/ws", &[]).await.unwrap();
            socket.hear().await;
            let told = socket.ask(json!({"type": "authenticate", "token": word})).await;
            assert_eq!(told["error"]["code"], "unauthorized", "{told}");
        }
        served.leave().await;
    }
}

/// Definitions are read with a key for sessions or agents, and checked and written with one for agents.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn definitions_are_for_those_whose_key_says_so() {
    let (_model, served) = serve(|_| ()).await;
    let house = &served.house;
    let doors = Some(["octavus"].as_slice());
    let words = [
        key(house, "sessions", &[KeyPermission::Sessions], doors).await,
        key(house, "agents", &[KeyPermission::Agents], doors).await,
        key(house, "mint", &[KeyPermission::Mint], doors).await,
        token(house, "default", None).await,
    ];
    let settings = json!({"slug": "a", "name": "A", "format": "interactive"});
    let definition = json!({"settings": settings, "protocol": "", "prompts": []});
    for (method, path, body, expected) in [
        ("GET", "/api/agents", None, [200, 200, 403, 403]),
        // The agent of the configuration has no definition of this API.
        ("GET", "/api/agents/default?by=slug", None, [404, 404, 403, 403]),
        ("POST", "/api/agents/validate", Some(&definition), [403, 200, 403, 403]),
        ("POST", "/api/agents", Some(&definition), [403, 400, 403, 403]),
        ("PATCH", "/api/agents/default?by=slug", Some(&definition), [403, 404, 403, 403]),
        ("DELETE", "/api/agents/default?by=slug", None, [403, 404, 403, 403]),
    ] {
        let mut statuses = Vec::new();
        for word in &words {
            let request = with(&served.client, word).request(method, path).header("x-octavus-sdk-version", "4");
            let request = if let Some(body) = body { request.json(body) } else { request };
            statuses.push(send(request).await.status);
        }
        assert_eq!(statuses, expected, "{method} {path}");
    }
    served.leave().await;
}
