//! The server's log lines, told to sockets that want them. A client that reads too slowly misses some of them.

use serde_json::{Map, Value, json};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use crate::dialects::eliza::{lines, may_read_lines};
use crate::http::{EventSocket, Said};
use crate::observe::{Line, follow_lines};

/// The name of the feed, and of its filters.
const FEED: &str = "eliza logs";
/// The filters, each with a text; absent or `all` = everything passes.
const FILTERS: [&str; 2] = ["agentName", "level"];
/// What lets everything pass.
const ALL: &str = "all";
/// Longest text of a filter, in bytes.
const TEXT_BYTES: usize = 256;

/// Tells lines from now on.
pub(super) async fn subscribe(said: &Said) {
    let socket = &said.socket;
    if !socket.is_fed(FEED) {
        if !may_read_lines(socket.caller()) {
            return confirm(socket, false, "this caller may not read the server's log").await;
        }
        socket.keep(FEED, json!({}));
        if let Err(error) = socket.feed(FEED.to_owned(), tell(socket.clone(), follow_lines())) {
            return confirm(socket, false, &error.message).await;
        }
    }
    confirm(socket, true, "Successfully subscribed to log stream").await;
}

/// Tells no more of them.
pub(super) async fn unsubscribe(said: &Said) {
    said.socket.unfeed(FEED);
    confirm(&said.socket, false, "Successfully unsubscribed from log stream").await;
}

async fn confirm(socket: &EventSocket, subscribed: bool, message: &str) {
    socket.emit("log_subscription_confirmed", &json!({ "subscribed": subscribed, "message": message })).await;
}

/// Changes what passes: a filter that is not named stays.
pub(super) async fn filter(said: &Said) {
    let socket = &said.socket;
    let answer = if socket.is_fed(FEED) {
        let mut filters = socket.kept(FEED).and_then(|kept| kept.as_object().cloned()).unwrap_or_default();
        for name in FILTERS {
            let text = said.first().get(name).and_then(Value::as_str).filter(|text| text.len() <= TEXT_BYTES);
            if let Some(text) = text {
                filters.insert(name.to_owned(), json!(text));
            }
        }
        socket.keep(FEED, Value::Object(filters.clone()));
        json!({ "success": true, "filters": filters })
    } else {
        json!({ "success": false, "error": "Not subscribed to log stream" })
    };
    socket.emit("log_filters_updated", &answer).await;
}

async fn tell(socket: EventSocket, mut following: Receiver<std::sync::Arc<Line>>) {
    loop {
        let line = match following.recv().await {
            Ok(line) => line,
            Err(RecvError::Lagged(_)) => continue,
            Err(RecvError::Closed) => return,
        };
        let filters = socket.kept(FEED).and_then(|kept| kept.as_object().cloned()).unwrap_or_default();
        if passes(&filters, &line) {
            let entry = json!({ "type": "log_entry", "payload": lines::told(&line) });
            if !socket.emit("log_stream", &entry).await {
                return;
            }
        }
    }
}

/// Whether a line is told.
fn passes(filters: &Map<String, Value>, line: &Line) -> bool {
    let wanted = |name: &str| filters.get(name).and_then(Value::as_str).filter(|text| *text != ALL);
    let agent = wanted("agentName").is_none_or(|name| line.agent.as_deref() == Some(name));
    // Of a level that is not known nothing passes.
    let level = wanted("level");
    agent && level.is_none_or(|level| lines::named(level).is_some_and(|least| lines::number(line.level) >= least))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;

    #[test]
    fn filters_say_what_passes() {
        let line = |level, agent: Option<&str>| Line {
            number: 1,
            level,
            at: Timestamp::from_millis(0),
            message: "m".into(),
            agent: agent.map(str::to_owned),
            agent_id: None,
            fields: std::collections::BTreeMap::new(),
        };
        let told =
            |filters: Value, level, agent| passes(&filters.as_object().cloned().unwrap_or_default(), &line(level, agent));
        let (info, warn) = (tracing::Level::INFO, tracing::Level::WARN);
        assert!(told(json!({}), info, None) && told(json!({"level": "all", "agentName": "all"}), info, None));
        assert!(told(json!({"level": "warn"}), warn, None) && !told(json!({"level": "warn"}), info, None));
        assert!(!told(json!({"level": "loud"}), warn, None));
        assert!(told(json!({"agentName": "Ada"}), info, Some("Ada")) && !told(json!({"agentName": "Ada"}), info, None));
        assert!(!told(json!({"agentName": "Ada", "level": "error"}), warn, Some("Ada")));
    }
}
