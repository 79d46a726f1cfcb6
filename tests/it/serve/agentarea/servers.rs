//! MCP servers: made, told without their secrets, changed, started, removed.

use serde_json::{Value, json};

use super::{Bed, Signs, put, refusal, text};

fn draft() -> Value {
    json!({
        "name": "My Server", "config": {"command": "sh", "args": ["-c", "exit 3"], "env": {"API_KEY": "secret-key-1"}}
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_is_kept_without_telling_its_secrets() {
    let bed = Bed::new(vec![]).await;
    let made = bed.admin.post("/v1/mcp-servers/", &draft()).await.expect(200);
    let mut signs = Signs::default();
    let mut expected = json!({
        "id": "server-<1>", "name": "My Server", "slug": "my-server", "status": "stopped",
        "url": "http://<here>/mcp/my-server/mcp/", "capabilities": [], "created_at": "<time>", "updated_at": "<time>",
        "created_by": "user-<2>", "config": {"command": "sh", "args": ["-c", "exit 3"], "env": {"API_KEY": "***"}},
        "error": null
    });
    assert_eq!(signs.shown(&made), expected);
    let path = format!("/v1/mcp-servers/{}", text(&made, "id"));
    assert_eq!(bed.viewer.get(&path).await.expect(200), made);
    let listed = bed.viewer.get("/v1/mcp-servers").await.expect(200);
    assert_eq!(listed, json!({"servers": [made], "total": 1}));
    let config = json!({"command": "sh", "args": [], "env": {"API_KEY": "***", "OTHER": "secret-key-2"}});
    let changed = put(&bed.admin, &path, &json!({"name": "Renamed", "config": config})).await.expect(200);
    expected["name"] = json!("Renamed");
    expected["config"] = json!({"command": "sh", "args": [], "env": {"API_KEY": "***", "OTHER": "***"}});
    assert_eq!(signs.shown(&changed), expected);
    let address = json!({"config": {"url": "https://example.com/mcp", "headers": {"Authorization": "Bearer secret-key-3"}}});
    let changed = put(&bed.admin, &path, &address).await.expect(200);
    assert_eq!(changed["config"], json!({"url": "https://example.com/mcp", "headers": {"Authorization": "***"}}));
    assert_eq!(bed.admin.delete(&path).await.expect(200), json!({"status": "success"}));
    assert_eq!(refusal(&bed.admin.get(&path).await), json!([404, "NOT_FOUND", [null]]));
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_server_is_refused() {
    let bed = Bed::new(vec![]).await;
    let made = text(&bed.admin.post("/v1/mcp-servers", &draft()).await.expect(200), "id");
    let post = async |body: Value| refusal(&bed.admin.post("/v1/mcp-servers", &body).await);
    for (body, expected) in [
        (json!({"name": "x", "config": {"args": []}}), json!([400, "VALIDATION_ERROR", ["config.command"]])),
        (json!({"config": {"command": "x"}}), json!([400, "VALIDATION_ERROR", ["name"]])),
        (json!({"name": "x", "slug": "No Good!", "config": {"command": "x"}}), json!([400, "VALIDATION_ERROR", ["slug"]])),
        (json!({"name": "x", "config": {"url": "ftp://x"}}), json!([400, "VALIDATION_ERROR", ["config.url"]])),
        (
            json!({"name": "x", "config": {"command": "x", "env": {"A": "***"}}}),
            json!([400, "VALIDATION_ERROR", ["config.env"]]),
        ),
        (draft(), json!([409, "CONFLICT", [null]])),
    ] {
        assert_eq!(post(body.clone()).await, expected, "{body}");
    }
    let path = format!("/v1/mcp-servers/{made}");
    let kept = json!({"config": {"command": "sh", "env": {"NEW": "***"}}});
    assert_eq!(refusal(&put(&bed.admin, &path, &kept).await), json!([400, "VALIDATION_ERROR", ["config.env"]]));
    // They run commands on this machine: for admins only.
    for act in ["start", "stop", "restart"] {
        let reply = bed.developer.post(&format!("{path}/{act}"), &Value::Null).await;
        assert_eq!(refusal(&reply), json!([403, "FORBIDDEN", [null]]), "{act}");
    }
    assert_eq!(refusal(&bed.developer.post("/v1/mcp-servers", &draft()).await), json!([403, "FORBIDDEN", [null]]));
    assert_eq!(refusal(&bed.developer.delete(&path).await), json!([403, "FORBIDDEN", [null]]));
    assert_eq!(refusal(&bed.viewer.get(&format!("{path}/logs?limit=0")).await), json!([400, "VALIDATION_ERROR", ["limit"]]));
    let logs = bed.viewer.get(&format!("{path}/logs")).await.expect(200);
    assert_eq!(logs, json!({"server_id": made, "logs": []}));
    let unknown = refusal(&bed.viewer.get("/v1/mcp-servers/server-none").await);
    assert_eq!(unknown, json!([404, "NOT_FOUND", [null]]));
    bed.served.leave().await;
}
