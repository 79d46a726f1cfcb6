//! People with an account at the doors of a server: theirs open to them, and no other.

use ombud::config::{Settings, Wire};
use ombud::dialects::FOR_PEOPLE;
use ombud::domain::Role;
use ombud::engine::{Engine as _, NewUser, Word};
use ombud::http::Needs;
use ombud::server::{Mounted, mounts};
use secrecy::SecretString;
use serde_json::json;

use crate::support::house::somebody;
use crate::support::model_server::{Answer, ModelServer};
use crate::support::server::{Client, Reply, Served, send};
use crate::support::socket::Socket;

const TOKEN: &str = "correct-horse-battery";

async fn serve(change: impl FnOnce(&mut Settings)) -> (ModelServer, Served) {
    let model = ModelServer::start(Wire::Openai, vec![Answer::text("ok").always()]);
    let served = Served::start_with(&model, |settings| {
        // Every route is asked, one after the other.
        let limits = &mut settings.server.limits;
        (limits.user_requests_per_minute, limits.user_requests_per_second) = (0, 0);
        change(settings);
    })
    .await;
    (model, served)
}

/// A token of a new account.
async fn token(served: &Served, name: &str, role: Role) -> String {
    let password = Word::given(SecretString::from("correct horse battery"));
    let people = served.house.people();
    people.create_user(&somebody(), NewUser { name: name.into(), role, email: None, password }).await.unwrap();
    people.issue_token(&somebody(), name, None).await.unwrap().token.expose().to_owned()
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

/// Also an administrator's account opens the doors for people only: a token cannot widen itself at another one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_opens_the_doors_for_people() {
    for house_token in [true, false] {
        let (_model, served) = serve(|settings| {
            settings.server.token = house_token.then(|| SecretString::from(TOKEN));
        })
        .await;
        let word = token(&served, "ana", Role::Admin).await;
        for route in mounts(&[]).unwrap().into_iter().filter(|route| route.needs != Needs::Nothing) {
            if FOR_PEOPLE.contains(&route.dialect) {
                continue;
            }
            let reply = ask(&with(&served.client, &word), &route).await;
            let refused = reply.status == 403 && reply.text().contains("accounts are for others");
            assert!(refused, "{route:?}: {} {}", reply.status, reply.text());
        }
        // Nor does it see what stands where no route does.
        std::fs::write(served.workspace.path().join("a.txt"), "words").unwrap();
        assert_eq!(with(&served.client, &word).get("/a.txt").await.status, 404);
        let path = format!("/api/v1/ws?token={word}");
        assert_eq!(Socket::try_connect(&served.client, &path, &[]).await.err(), Some(403));
        served.leave().await;
    }
}

/// A token that counts no longer is nobody's, at every door of a server that asks who calls.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_route_answers_to_a_token_that_counts_no_longer() {
    let (_model, served) = serve(|settings| settings.server.token = Some(SecretString::from(TOKEN))).await;
    let removed = token(&served, "ana", Role::Admin).await;
    served.house.people().remove_user(&somebody(), "ana").await.unwrap();
    let ended = token(&served, "bob", Role::Admin).await;
    let caller = served.house.verify(&somebody(), &ended).await.unwrap();
    served.house.people().logout(&caller).await.unwrap();
    for route in mounts(&[]).unwrap() {
        for word in [&removed, &ended] {
            let reply = ask(&with(&served.client, word), &route).await;
            if route.needs == Needs::Nothing {
                assert_ne!(reply.status, 401, "{route:?}");
            } else {
                assert_eq!(reply.status, 401, "{route:?}: {}", reply.text());
                assert!(!reply.text().contains(word.as_str()), "{}", reply.text());
            }
        }
    }
    served.leave().await;
}

/// The verbs of who administers, over the house's own API.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_administers_makes_accounts() {
    let (_model, served) = serve(|settings| settings.server.token = Some(SecretString::from(TOKEN))).await;
    let admin = with(&served.client, TOKEN);
    let new = json!({"name": "ana", "role": "viewer", "password": "correct horse battery"});
    let made = admin.post("/ombud/v1/create-user", &new).await.expect(200);
    let fields: Vec<_> = made.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(fields, ["id", "name", "role", "created_at", "updated_at"]);
    assert_eq!(admin.post("/ombud/v1/users", &json!({})).await.expect(200), json!({ "users": [made] }));
    let change = json!({"name": "ana", "change": {"role": "developer", "email": "ana@example.org"}});
    let changed = admin.post("/ombud/v1/update-user", &change).await.expect(200);
    assert_eq!((&changed["role"], &changed["email"]), (&json!("developer"), &json!("ana@example.org")));
    let reply = admin.post("/ombud/v1/issue-token", &json!({"name": "ana", "ttl_seconds": 60})).await;
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let issued = reply.expect(200);
    assert_eq!(issued["user"], changed);
    let word = issued["token"].as_str().unwrap();
    assert_eq!(served.house.verify(&somebody(), word).await.unwrap().name, "user:ana");
    let rotated = admin.post("/ombud/v1/rotate-signing-key", &json!({"end_all": true})).await;
    assert_eq!(rotated.expect(200), json!({}));
    assert!(served.house.verify(&somebody(), word).await.is_err());
    let again = admin.post("/ombud/v1/create-user", &new).await;
    assert_eq!((again.status, &again.json()["error"]["code"]), (409, &json!("conflict")));
    // A password in a wrong form is not said back.
    for password in [json!({"canary": 1}), json!(9_070_605_040_i64), json!(["canary"])] {
        for (path, body) in [
            ("/ombud/v1/create-user", json!({"name": "bob", "role": "viewer", "password": password})),
            ("/ombud/v1/update-user", json!({"name": "ana", "change": {"password": password}})),
        ] {
            let reply = admin.post(path, &body).await;
            assert_eq!(reply.status, 400);
            assert!(!reply.text().contains("canary") && !reply.text().contains("9070605040"), "{}", reply.text());
        }
    }
    assert_eq!(admin.post("/ombud/v1/remove-user", &json!({"name": "ana"})).await.expect(200), changed);
    served.leave().await;
}
