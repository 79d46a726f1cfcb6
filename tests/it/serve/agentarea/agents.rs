//! Agents: made, told, changed and removed here, and seen at every other door.

use ombud::domain::{Agent, ModelChoice};
use ombud::engine::Engine as _;
use serde_json::{Value, json};

use super::{Bed, Signs, put, refusal, text};
use crate::support::house::somebody;

fn draft() -> Value {
    json!({
        "name": "Mein Agent", "description": "Agent description", "type": "kind",
        "config": {
            "model": "small", "temperature": 0.7, "max_tokens": 2000, "instruction": "Be brief.", "own": {"kept": [1, null]}
        },
        "beside": true
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_lives_its_life() {
    let bed = Bed::new(vec![]).await;
    let made = bed.developer.post("/v1/agents/", &draft()).await.expect(200);
    let mut signs = Signs::default();
    let mut expected = json!({
        "id": "agent-<1>", "name": "Mein Agent", "description": "Agent description", "type": "kind", "status": "active",
        "created_at": "<time>", "updated_at": "<time>", "created_by": "user-<2>", "config": draft()["config"]
    });
    assert_eq!(signs.shown(&made), expected);
    let path = format!("/v1/agents/{}", text(&made, "id"));
    assert_eq!(bed.viewer.get(&path).await.expect(200), made);
    let kept = bed.served.house.agent(&somebody(), text(&made, "id").trim_start_matches("agent-")).await.unwrap().agent;
    assert!(kept.name.starts_with("Mein-Agent-"), "{}", kept.name);
    assert_eq!(kept.model, Some(ModelChoice::new("house", "small")));
    assert_eq!((kept.settings.temperature, kept.settings.max_tokens), (Some(0.7), Some(2_000)));
    assert_eq!(kept.instructions.source(), "Be brief.");

    let changed = put(&bed.developer, &path, &json!({"description": "changed", "status": "inactive"})).await.expect(200);
    expected["description"] = json!("changed");
    expected["status"] = json!("inactive");
    assert_eq!(signs.shown(&changed), expected);
    let config = json!({"name": "Other", "config": {"model": "offline/rules"}, "status": "active"});
    let changed = put(&bed.developer, &path, &config).await.expect(200);
    expected["name"] = json!("Other");
    expected["status"] = json!("active");
    expected["config"] = json!({"model": "offline/rules"});
    assert_eq!(signs.shown(&changed), expected);

    assert_eq!(bed.developer.delete(&path).await.expect(200), json!({"status": "success"}));
    for reply in [bed.admin.get(&path).await, bed.admin.delete(&path).await, put(&bed.admin, &path, &json!({})).await] {
        assert_eq!(refusal(&reply), json!([404, "NOT_FOUND", [null]]));
    }
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_is_told_by_its_place() {
    let bed = Bed::new(vec![]).await;
    bed.agent(&json!({"name": "taken"})).await;
    let other = bed.agent(&json!({"name": "other name"})).await;
    let post = async |body: Value| refusal(&bed.admin.post("/v1/agents/", &body).await);
    let long = "x".repeat(256);
    for (body, expected) in [
        (json!({}), json!([400, "VALIDATION_ERROR", ["name"]])),
        (json!({"name": null}), json!([400, "VALIDATION_ERROR", ["name"]])),
        (json!({"name": ""}), json!([400, "VALIDATION_ERROR", ["name"]])),
        (json!({"name": 5, "type": 6}), json!([400, "VALIDATION_ERROR", ["name", "type"]])),
        (json!({"name": long}), json!([400, "VALIDATION_ERROR", ["name"]])),
        (json!({"name": "x", "config": []}), json!([400, "VALIDATION_ERROR", ["config"]])),
        (json!({"name": "x", "config": {"temperature": 3}}), json!([400, "VALIDATION_ERROR", ["config.temperature"]])),
        (json!({"name": "x", "config": {"max_tokens": 0}}), json!([400, "VALIDATION_ERROR", ["config.max_tokens"]])),
        (json!({"name": "x", "config": {"mcp_servers": "y"}}), json!([400, "VALIDATION_ERROR", ["config.mcp_servers"]])),
        (json!({"name": "taken"}), json!([409, "CONFLICT", [null]])),
        (json!({"name": "default"}), json!([409, "CONFLICT", [null]])),
    ] {
        assert_eq!(post(body.clone()).await, expected, "{body}");
    }
    let path = format!("/v1/agents/{other}");
    for (body, expected) in [
        (json!({"name": "taken"}), json!([409, "CONFLICT", [null]])),
        (json!({"status": "error"}), json!([400, "VALIDATION_ERROR", ["status"]])),
    ] {
        assert_eq!(refusal(&put(&bed.admin, &path, &body).await), expected, "{body}");
    }
    // Who may not administer the house changes nothing that was written by who may.
    assert_eq!(refusal(&put(&bed.developer, &path, &json!({"type": "x"})).await), json!([403, "FORBIDDEN", [null]]));
    assert_eq!(refusal(&put(&bed.admin, "/v1/agents/agent-default", &json!({"type": "x"})).await)[0], 403);
    for query in ["limit=0", "limit=101", "limit=x", "offset=-1", "status=bogus"] {
        let field = query.split('=').next().unwrap();
        let reply = bed.viewer.get(&format!("/v1/agents?{query}")).await;
        assert_eq!(refusal(&reply), json!([400, "VALIDATION_ERROR", [field]]), "{query}");
    }
    // A name that another agent had until now is free, whatever it is called in the house.
    put(&bed.admin, &path, &json!({"name": "another"})).await.expect(200);
    bed.agent(&json!({"name": "other name"})).await;
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn agents_of_all_doors_are_listed() {
    let bed = Bed::new(vec![]).await;
    let elsewhere = Agent {
        name: "elsewhere".to_owned(),
        description: "Made at another door".to_owned(),
        instructions: "Be kind.".into(),
        model: Some(ModelChoice::new("openai", "none")),
        tool_servers: Some(vec!["time".to_owned()]),
        ..Agent::default()
    };
    bed.served.house.create_agent(&somebody(), elsewhere).await.unwrap();
    for number in 0..3 {
        bed.agent(&json!({"name": format!("one {number}"), "type": "one"})).await;
    }
    let list = async |query: &str| bed.viewer.get(&format!("/v1/agents/{query}")).await.expect(200);
    let names = |page: &Value| -> Vec<String> {
        page["agents"].as_array().unwrap().iter().map(|agent| text(agent, "name")).collect()
    };
    let all = list("").await;
    assert_eq!(names(&all), ["one 2", "one 1", "one 0", "elsewhere", "default"]);
    assert_eq!((&all["total"], &all["limit"], &all["offset"]), (&json!(5), &json!(20), &json!(0)));
    let mut signs = Signs::default();
    let expected = json!({
        "id": "agent-<1>", "name": "elsewhere", "description": "Made at another door", "type": "chat", "status": "error",
        "created_at": "<time>", "updated_at": "<time>", "created_by": "tester",
        "config": {"model": "openai/none", "system_prompt": "Be kind.", "mcp_servers": ["time"]}
    });
    let mut told = signs.shown(&all["agents"][3]);
    told["created_by"] = json!("tester");
    assert_eq!(told, expected);
    let page = list("?type=one&limit=2&offset=2").await;
    assert_eq!((names(&page), &page["total"]), (vec!["one 0".to_owned()], &json!(3)));
    assert_eq!(names(&list("?status=error").await), ["elsewhere"]);
    assert_eq!(names(&list("?status=inactive").await), Vec::<String>::new());
    assert_eq!(names(&list("?type=one&offset=9").await), Vec::<String>::new());
    bed.served.leave().await;
}
