//! Who may open sockets of the ElizaOS API: its own token, one for sockets alone, a page that has shown the key.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_of_this_api_alone_is_wanted_from_its_clients_and_opens_nothing_else() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let own = |settings: &mut Settings| {
        settings.server.door_tokens.insert("eliza".into(), SecretString::from("secret"));
    };
    let served = Served::start_with(&model, own).await;
    let session = served.house.create(&Principal::local("admin"), NewSession::default()).await.unwrap().id;
    // Who shows what clients of this API show must show the right word.
    let first = async |client: &Client, handshake: Value| {
        let mut socket = Polling::open(client, "").await;
        socket.say(&format!("40{handshake}")).await;
        socket.packet().await
    };
    for wrong in [json!({"entityId": ANN}), json!({"apiKey": "guess"}), json!({"entityId": ANN, "token": "guess"})] {
        assert!(first(&served.client, wrong.clone()).await.starts_with("44"), "{wrong}");
    }
    for right in [json!({"apiKey": "secret"}), json!({"token": "secret"}), json!({"entityId": ANN, "apiKey": "secret"})] {
        assert!(first(&served.client, right.clone()).await.starts_with("40{"), "{right}");
    }
    let mut known = connect(&served.client.with("x-api-key", "secret"), json!({})).await;
    known.emit("1", json!({"channelId": CHANNEL})).await;
    assert_eq!(known.event().await.0, "channel_joined");
    assert_eq!(known.event().await.0, "room_joined");
    // Another API of this server is not opened by it, and asks for nothing.
    known.emit("join-session", json!({"sessionId": session})).await;
    assert_eq!(known.event().await.0, "error");
    let mut other = connect(&served.client, json!({})).await;
    other.emit("join-session", json!({"sessionId": session})).await;
    assert_eq!(other.event().await.0, "agent-status");
    other.emit("1", json!({"channelId": CHANNEL})).await;
    assert_eq!(other.event().await, ("error".to_owned(), json!("no token was sent")));
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_of_the_sockets_alone_opens_no_request() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let served = Served::start_with(&model, |settings: &mut Settings| {
        settings.server.token = Some(SecretString::from("the-token-of-the-house"));
        settings.server.socket_tokens.insert("eliza".into(), SecretString::from("for-sockets"));
    })
    .await;
    let first = async |client: &Client, handshake: Value| {
        let mut socket = Polling::open(client, "").await;
        socket.say(&format!("40{handshake}")).await;
        socket.packet().await
    };
    for wrong in [json!({"entityId": ANN}), json!({"entityId": ANN, "apiKey": "guess"}), json!({})] {
        assert!(first(&served.client, wrong.clone()).await.starts_with("44"), "{wrong}");
    }
    for right in ["for-sockets", "the-token-of-the-house"] {
        let handshake = json!({"entityId": ANN, "apiKey": right});
        assert!(first(&served.client, handshake).await.starts_with("40{"), "{right}");
    }
    let mut known = connect(&served.client.with("x-api-key", "for-sockets"), json!({})).await;
    known.emit("1", json!({"channelId": CHANNEL})).await;
    assert_eq!(known.event().await.0, "channel_joined");
    assert_eq!(known.event().await.0, "room_joined");
    known.emit("join-session", json!({"sessionId": CHANNEL})).await;
    assert_eq!(known.event().await.0, "error");
    for path in ["/api/server/ping", "/eliza/api/agents", "/api/v1/sessions"] {
        assert_eq!(served.client.with("x-api-key", "for-sockets").get(path).await.status, 401, "{path}");
    }
    served.leave().await;
}

/// The web interface of 1.4.2 sends its key with requests, and nothing with its socket.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sockets_of_a_page_that_has_shown_the_key_are_known() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let own = |settings: &mut Settings| {
        settings.server.door_tokens.insert("eliza".into(), SecretString::from("secret"));
    };
    let served = Served::start_with(&model, own).await;
    let page = served.client.with("sec-fetch-site", "same-origin");
    assert_eq!(page.get("/api/agents").await.header("set-cookie"), None);
    let answer = page.with("x-api-key", "secret").get("/api/agents").await;
    let cookie = answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let mut socket = connect(&served.client.with("cookie", &format!("a=b; {cookie}")), json!({})).await;
    socket.emit("1", json!({"channelId": CHANNEL})).await;
    assert_eq!(socket.event().await.0, "channel_joined");
    // It opens sockets of this API, and nothing else.
    let client = served.client.with("cookie", &cookie);
    assert_eq!(client.get("/api/agents").await.status, 401);
    let mut socket = connect(&client, json!({})).await;
    let session = served.house.create(&Principal::local("admin"), NewSession::default()).await.unwrap().id;
    socket.emit("join-session", json!({"sessionId": session})).await;
    assert_eq!(socket.event().await.0, "error");
    // Another value is nobody's.
    let mut socket =
        connect(&served.client.with("cookie", &format!("{}=x", cookie.split('=').next().unwrap())), json!({})).await;
    socket.emit("1", json!({"channelId": CHANNEL})).await;
    assert_eq!(socket.event().await.0, "error");
    served.leave().await;
}
