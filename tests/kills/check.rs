//! What must hold after a kill, seen from outside by the program's own commands.

use serde_json::{Value, json};

use crate::Chance;
use crate::scene::Scene;
use crate::support::model_server::Answer;
use crate::support::process::{Place, kinds};

/// What a violation says when a fact that was printed is not in the store.
pub const LOST: &str = "an acknowledged fact is lost or changed";

/// Holds a session to it: what was printed is there, `restore` says what it did, and the session goes on. Answers whether
/// there was more in the store than was printed.
pub fn everything_acknowledged_is_there(scene: &mut Scene, session: &str, printed: &[Value], chance: &mut Chance) -> bool {
    let told: Vec<&Value> = printed.iter().filter(|line| line.get("seq").is_some()).collect();
    let server = scene.model(vec![Answer::text("on").always()]);
    let place = &scene.place;
    if place.run(&["sessions", "events", session]).code == Some(4) {
        assert_eq!(told, Vec::<&Value>::new(), "{LOST}: there is no session");
        place.good(&["oneshot", "again", "--session-id", session]);
        server.finish();
        return false;
    }
    let before = place.events(session);
    for &fact in &told {
        let place = usize::try_from(fact["seq"].as_u64().unwrap()).unwrap();
        assert_eq!(before.get(place - 1), Some(fact), "{LOST}");
    }
    let ended = before.last().is_some_and(|event| event["type"] == "run.finished");
    assert_eq!(place.status(session), if ended { "idle" } else { "interrupted" });
    if chance.up_to(2) == 1 {
        closed(place, session, &before, ended);
    } else {
        resumed(place, session, ended);
    }
    let restored = place.events(session);
    assert_eq!(restored.get(..before.len()), Some(&before[..]), "`restore` changed what was there");
    in_order(&restored);
    let result = last(&place.good(&["oneshot", "and now?", "-s", session, "--format", "jsonl"]));
    assert_eq!((&result["status"], &result["answer"]), (&json!("completed"), &json!("on")));
    let after = place.events(session);
    assert_eq!(after.get(..restored.len()), Some(&restored[..]), "going on changed what was there");
    assert_eq!(
        kinds(&after[restored.len()..]),
        ["message.posted", "run.queued", "run.started", "message.completed", "run.finished"]
    );
    assert_eq!(place.status(session), "idle");
    server.finish();
    before.len() > told.len()
}

/// `restore` closes the run, and says which and with which calls.
fn closed(place: &Place, session: &str, before: &[Value], ended: bool) {
    let said = place.json(&["restore", session, "--format", "json"]);
    let done = match ended {
        true => json!([]),
        false => {
            let run = before.iter().find_map(|event| event.get("run")).unwrap();
            json!([{"session": session, "run": run, "done": "closed", "open_calls": open_calls(before)}])
        }
    };
    assert_eq!(said, json!({"restored": done}));
}

/// `restore --resume` brings the run to its end.
fn resumed(place: &Place, session: &str, ended: bool) {
    let said = last(&place.good(&["restore", session, "--resume", "--format", "jsonl"]));
    if ended {
        assert_eq!(said, json!({"restored": []}));
    } else {
        assert_eq!((&said["type"], &said["status"]), (&json!("result"), &json!("completed")));
    }
}

/// Names of the calls that have no return.
fn open_calls(events: &[Value]) -> Vec<&str> {
    let returned: Vec<&Value> = of(events, "tool.returned").map(|event| &event["call_id"]).collect();
    let open = of(events, "tool.called").filter(|event| !returned.contains(&&event["call_id"]));
    open.map(|event| event["name"].as_str().unwrap()).collect()
}

fn of<'a>(events: &'a [Value], kind: &'a str) -> impl Iterator<Item = &'a Value> {
    events.iter().filter(move |event| event["type"] == kind)
}

/// A log in which nothing is at work: the run has ended once, every call has one return.
fn in_order(events: &[Value]) {
    assert_eq!(of(events, "run.finished").count(), 1, "{:?}", kinds(events));
    assert_eq!(events.last().unwrap()["type"], "run.finished");
    let ids = |kind| {
        let mut ids: Vec<String> = of(events, kind).map(|event| event["call_id"].to_string()).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids("tool.called"), ids("tool.returned"));
}

/// Every session of the store is listed and opens.
pub fn all_sessions_open(scene: &Scene) {
    let page = scene.place.json(&["sessions", "list", "--limit", "500", "--format", "json"]);
    for item in page["sessions"].as_array().unwrap() {
        let id = item["id"].as_str().unwrap();
        let events = scene.place.events(id);
        assert_eq!(Some(events.len() as u64), item["events"].as_u64());
        scene.place.good(&["sessions", "show", id]);
    }
}

fn last(text: &str) -> Value {
    serde_json::from_str(text.lines().last().unwrap()).unwrap()
}
