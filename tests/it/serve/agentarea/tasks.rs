//! Tasks: made, worked off in their turn, cancelled, listed.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{Bed, Signs, refusal, text};
use crate::support::model_server::Answer;
use crate::support::server::within;

fn draft(agent: &str) -> Value {
    json!({
        "title": "Process document", "description": "Extract it", "agent_id": agent, "priority": "high",
        "data": {"fields": ["name"]}
    })
}

/// Attends to the queue until the work is done.
async fn attended(bed: &Bed, work: impl AsyncFnOnce()) {
    let (stop, house) = (CancellationToken::new(), Arc::clone(&bed.served.house));
    let told = stop.clone();
    let task = tokio::spawn(async move { house.attend_to_queue(told).await });
    work().await;
    stop.cancel();
    within("the queue is left", task).await.unwrap().unwrap();
}

/// The task once it stands so.
async fn until(bed: &Bed, id: &str, status: &str) -> Value {
    within(status, async {
        loop {
            let task = bed.viewer.get(&format!("/v1/tasks/{id}")).await.expect(200);
            if task["status"] == status {
                return task;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_is_worked_off() {
    let script = vec![Answer::text("Done.").usage(11, 0, 7), Answer::error(400, "invalid_request_error", "no")];
    let bed = Bed::new(script).await;
    let agent = bed.agent(&json!({"name": "works"})).await;
    let made = bed.developer.post("/v1/tasks/", &draft(&agent)).await.expect(200);
    let mut signs = Signs::default();
    let mut expected = json!({
        "id": "task-<1>", "title": "Process document", "description": "Extract it", "agent_id": "agent-<2>",
        "session_id": "session-<3>", "priority": "high", "data": {"fields": ["name"]}, "files": [], "status": "pending",
        "result": null, "error": null, "created_at": "<time>", "updated_at": "<time>", "started_at": null,
        "completed_at": null, "created_by": "user-<4>", "progress": {"model_calls": 0, "tool_calls": 0}
    });
    assert_eq!(signs.shown(&made), expected);
    let id = text(&made, "id");
    attended(&bed, async || {
        let done = until(&bed, &id, "completed").await;
        expected["status"] = json!("completed");
        expected["result"] = json!({"response": "Done.", "metadata": {"model": "small", "tokens_used": 18}});
        expected["progress"]["model_calls"] = json!(1);
        for key in ["started_at", "completed_at"] {
            expected[key] = json!("<time>");
        }
        assert_eq!(signs.shown(&done), expected);
        let failing = text(&bed.developer.post("/v1/tasks", &draft(&agent)).await.expect(200), "id");
        let failed = until(&bed, &failing, "failed").await;
        assert_eq!(failed["error"]["code"], "SERVICE_UNAVAILABLE");
        assert!(failed["error"]["request_id"].as_str().unwrap().starts_with("req-"), "{failed}");
    })
    .await;
    let asked = bed.model.requests()[0].body["messages"].to_string();
    assert!(asked.contains("Process document") && asked.contains("Extract it") && asked.contains("fields"), "{asked}");
    let again = bed.developer.post(&format!("/v1/tasks/{id}/cancel"), &Value::Null).await;
    assert_eq!(refusal(&again), json!([409, "CONFLICT", [null]]));
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_is_cancelled_before_and_after_it_begins() {
    let bed = Bed::new(vec![Answer::pieces(&["One", " two"]).stall_after(2)]).await;
    let agent = bed.agent(&json!({"name": "works"})).await;
    let waiting = text(&bed.developer.post("/v1/tasks", &draft(&agent)).await.expect(200), "id");
    let cancelled = bed.developer.post(&format!("/v1/tasks/{waiting}/cancel"), &Value::Null).await.expect(200);
    assert_eq!((&cancelled["status"], &cancelled["task_id"]), (&json!("cancelled"), &json!(waiting)));
    attended(&bed, async || {
        let running = text(&bed.developer.post("/v1/tasks", &draft(&agent)).await.expect(200), "id");
        until(&bed, &running, "running").await;
        bed.model.wait_for_requests(1);
        let cancelled = bed.developer.post(&format!("/v1/tasks/{running}/cancel"), &Value::Null).await.expect(200);
        assert_eq!(cancelled["status"], "cancelled");
        bed.model.wait_until_left(1);
    })
    .await;
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_are_listed_and_refused() {
    let bed = Bed::new(vec![]).await;
    let (one, two) = (bed.agent(&json!({"name": "one"})).await, bed.agent(&json!({"name": "two"})).await);
    let mut ids = Vec::new();
    for (agent, priority) in [(&one, "high"), (&one, "low"), (&two, "medium")] {
        let body = json!({"title": "t", "agent_id": agent, "priority": priority});
        ids.push(text(&bed.developer.post("/v1/tasks", &body).await.expect(200), "id"));
    }
    let list = async |query: &str| {
        let page = bed.viewer.get(&format!("/v1/tasks/{query}")).await.expect(200);
        let found: Vec<usize> = page["tasks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|task| ids.iter().position(|id| task["id"] == *id).unwrap())
            .collect();
        (found, page["total"].as_u64().unwrap())
    };
    assert_eq!(list("").await, (vec![2, 1, 0], 3));
    assert_eq!(list("?limit=1&offset=1").await, (vec![1], 3));
    assert_eq!(list(&format!("?agent_id={one}&priority=low")).await, (vec![1], 1));
    assert_eq!(list("?status=pending&priority=medium").await, (vec![2], 1));
    assert_eq!(list("?status=cancelled").await, (vec![], 0));
    assert_eq!(list("?agent_id=agent-none").await, (vec![], 0));
    for query in ["status=bogus", "priority=urgent", "limit=0"] {
        let reply = bed.viewer.get(&format!("/v1/tasks?{query}")).await;
        assert_eq!(refusal(&reply), json!([400, "VALIDATION_ERROR", [query.split('=').next().unwrap()]]));
    }
    let post = async |body: Value| refusal(&bed.developer.post("/v1/tasks", &body).await);
    assert_eq!(post(json!({})).await, json!([400, "VALIDATION_ERROR", ["title", "agent_id"]]));
    let wrong = json!({"title": "t", "agent_id": one, "priority": "urgent", "data": []});
    assert_eq!(post(wrong).await, json!([400, "VALIDATION_ERROR", ["priority", "data"]]));
    assert_eq!(post(json!({"title": "t", "agent_id": "agent-none"})).await, json!([404, "NOT_FOUND", [null]]));
    assert_eq!(refusal(&bed.viewer.post("/v1/tasks", &draft(&one)).await), json!([403, "FORBIDDEN", [null]]));
    assert_eq!(refusal(&bed.viewer.get("/v1/tasks/task-none").await), json!([404, "NOT_FOUND", [null]]));
    // An agent that is removed leaves its tasks, cancelled.
    bed.admin.delete(&format!("/v1/agents/{one}")).await.expect(200);
    assert_eq!(list("?status=cancelled").await, (vec![1, 0], 2));
    bed.served.leave().await;
}
