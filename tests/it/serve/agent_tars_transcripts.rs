//! What was recorded of the older servers, asked of ours: the same status, keys and types. What differs is in a table, with
//! its reason, which stands in `docs/dialects/agent-tars.md`.

use std::collections::BTreeMap;

use ombud::config::{Provider, Settings, Wire};
use ombud::domain::ModelChoice;

use super::meant::{Meant, hold};
use super::replay::{Replay, furnish, recording};
use crate::support::model_server::{Answer, ModelServer};
use crate::support::server::Served;

const MEANT: &[Meant] = &[
    Meant {
        key: "routes-of-the-page",
        reason: "Routes that the documentation names, or another version had, answer here: events by POST, abort by path, \
                 `restore`, `events/latest`, `oneshot`.",
        forms: &[
            "*/026-abort-by-path: status 404, here 200",
            "*/028-events-post: status 404, here 200",
            "agent-tars-server-0.1.7-memory/029-events-latest: status 404, here 200",
            "agent-tars-server-0.2.6-sqlite/032-restore-active: status 404, here 200",
            "*/036-oneshot-query *: status 404, here 200",
            "*/037-oneshot-stream *: status 404, here 200",
            "*/038-list-after: items sessions: 1, here 3",
            "*/038-list-after: missing sessions[].*",
        ],
    },
    Meant {
        key: "model-info",
        reason: "`model-info`, which only some versions had, always answers.",
        forms: &["agent-tars-server-0.2.6-sqlite/003-model-info: status 404, here 200"],
    },
    Meant {
        key: "json-errors",
        reason: "What there was a page of HTML for is told as JSON, or is there.",
        forms: &["*: answer text/html, here *"],
    },
    Meant {
        key: "error-fields",
        reason: "An error tells its code, a sentence and details beside the text that clients read; a stack is not told.",
        forms: &[
            "*: more code",
            "*: more details",
            "*: more message",
            "*: more error.details.*",
            "*: missing error.details.stack",
            "*: more system.details.code",
        ],
    },
    Meant {
        key: "model-failures",
        reason: "As in later versions, a failed model is what the agent says (200), and a session at work is told with a \
                 code.",
        forms: &[
            "agent-tars-server-0.1.7-memory/018-query-llm-error *: status 500, here 200",
            "agent-tars-server-0.1.7-memory/024-query-while-busy *: more success",
            "agent-tars-server-0.1.7-memory/024-query-while-busy *: type error: string, here object",
        ],
    },
    Meant {
        key: "restore",
        reason: "To restore a session that can be used is no error: the documentation promises the session.",
        forms: &["agent-tars-server-0.1.7-memory/032-restore-active: status 400, here 200"],
    },
    Meant {
        key: "share",
        reason: "Without a web interface a page of our own is shared.",
        forms: &["agent-tars-server-0.1.7-memory/034-share: *"],
    },
    Meant {
        key: "active",
        reason: "Every version tells whether a session can be used, as the documentation says.",
        forms: &["*: more session.active", "*: more sessions[].active"],
    },
    Meant { key: "cursor", reason: "Every event tells where a reader stands, to go on from there.", forms: &["*.cursor"] },
    Meant {
        key: "later-fields",
        reason: "Events have the fields of later versions; which way tools are called is no choice here.",
        forms: &[
            "*.rawContent",
            "*.ttftMs",
            "*.ttltMs",
            "*: more agent_run_start.*",
            "*: missing agent_run_start.runOptions.*",
            "*: more assistant_streaming_thinking_message.messageId",
        ],
    },
    Meant {
        key: "whole-runs",
        reason: "A stream tells the whole run, as a session's events do: what was asked, its beginning, its end with its \
                 true outcome, also after an error or an abort.",
        forms: &["*: more event *", "*: missing event assistant_message", "*: missing event system"],
    },
    Meant {
        key: "order",
        reason: "A run begins after what was asked; thoughts are told whole, before the message that they led to.",
        forms: &["*: missing event assistant_thinking_message", "*: missing event user_message"],
    },
    Meant {
        key: "pieces",
        reason: "Pieces of messages are told live and not kept: the message holds them all.",
        forms: &["*: missing event assistant_streaming_*"],
    },
];

async fn replay(name: &str, form: &str) -> Vec<String> {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let served = Served::start_with(&model, |settings: &mut Settings| {
        let provider = Provider { wire: Wire::Openai, base_url: model.base_url(), api_key: None, headers: BTreeMap::new() };
        settings.providers = BTreeMap::from([("openai".to_owned(), provider)]);
        settings.model = Some(ModelChoice::new("openai", "mock-model"));
        furnish(&settings.workspace);
    })
    .await;
    let requests = recording(name);
    let (before, oneshots) = requests.split_at(requests.iter().position(|one| one.name.contains("oneshot")).unwrap());
    let mut replay = Replay::new(name, form, &model, &served.client);
    let mut found = replay.run(before).await;
    // The recorded servers had no such route: ours has, so the model is asked.
    model.push(Answer::text("one"));
    model.push(Answer::text("two"));
    found.extend(replay.run(oneshots).await);
    served.leave().await;
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_recorded_request_is_answered_as_it_was_but_for_what_is_meant() {
    let mut found = Vec::new();
    for name in ["agent-tars-server-0.1.7-memory", "agent-tars-server-0.2.6-sqlite"] {
        found.extend(replay(name, "result=event").await);
    }
    hold(&found, MEANT, "docs/dialects/agent-tars.md");
}
