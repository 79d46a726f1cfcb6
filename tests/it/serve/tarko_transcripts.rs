//! What was recorded of the original servers, asked of ours: the same status, keys and types. What differs is in a table,
//! with its reason, which stands in `docs/dialects/tarko.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use ombud::config::{Provider, Settings, Wire};
use ombud::domain::ModelChoice;
use ombud::storage::StoreUrl;
use serde_json::json;

use super::replay::{Recorded, Replay, furnish, recording};
use crate::support::model_server::ModelServer;
use crate::support::server::Served;
use crate::support::shape::fits;

/// Most keys of the table.
const MOST: usize = 15;

/// A difference that is meant.
struct Meant {
    key: &'static str,
    reason: &'static str,
    /// Forms of the lines that it explains: `RECORDING/REQUEST: WHAT`.
    forms: &'static [&'static str],
}

const MEANT: &[Meant] = &[
    Meant {
        key: "more-keys",
        reason: "There is more, and nothing is missing for it: `cursor` in events, `ttftMs` and `ttltMs` without having been \
                 asked for, `code`, `message` and `details` beside the text of an `error`, `active` in `details`; every \
                 session tells its agent and its model, also one of a oneshot; `agent/options` tells more of the agent; \
                 `stream` is told of every run, since the model is always asked for a stream",
        forms: &[
            "*: more *cursor",
            "*: more *.ttftMs",
            "*: more *.ttltMs",
            "*: more code",
            "*: more message",
            "*: more details",
            "*: more session.active",
            "*: more options.*",
            "*: more system.details.*",
            "*: more error.details.*",
            "tarko-0.3.0-sqlite/097-sessions-list-after: more sessions[].metadata*",
            "tarko-0.3.0-restart/*: more *.metadata*",
            "*: more agent_run_start.runOptions.stream",
        ],
    },
    Meant {
        key: "result",
        reason: "The readme promises `result` as a text and errors as flat objects; that is what a query answers, with the \
                 original's event under `event`. With `?result=event` in the address it is exactly the original's answer, \
                 also for errors",
        forms: &["*: type result: object, here string", "*: more event", "*: type error: object, here string"],
    },
    Meant {
        key: "json-errors",
        reason: "What the original's framework answers as a page of HTML, with its stack, is JSON in the shape of all errors",
        forms: &["*: answer text/html, here application/json"],
    },
    Meant {
        key: "no-secrets",
        reason: "No key, no address of a model's server and no stack of the program is told or kept; the original shows the \
                 key in clear",
        forms: &["*: missing *.apiKey", "*: missing *.baseURL", "*: missing *.details.stack"],
    },
    Meant {
        key: "runs-end",
        reason: "Every run ends with `agent_run_end` and its true outcome, also one that failed or was aborted; what an \
                 aborted run had said already is kept as a message of its own",
        forms: &["*: more event agent_run_end", "*: more event assistant_message"],
    },
    Meant {
        key: "told-once",
        reason: "An event is told from what happened, without memory of earlier ones: thoughts are told whole when the \
                 answer is whole, and without their duration; what was given beside a question stands in \
                 `environment_input` and not again in `runOptions`",
        forms: &[
            "*: missing assistant_thinking_message.thinkingDurationMs",
            "*042-stream-thinking*: missing event assistant_streaming_message",
            "*042-stream-thinking*: more event assistant_streaming_message",
            "*: missing agent_run_start.runOptions.environmentInput",
        ],
    },
    Meant {
        key: "version",
        reason: "There is no time and no commit of a build: the same source gives the same program. The original leaves the \
                 two out as well when its host does not know them",
        forms: &["*: missing buildTime", "*: missing gitHash"],
    },
    Meant {
        key: "readme",
        reason: "What the readme promises and the original does not have: `sessions/restore`, and `name` and `tags` at the \
                 top of `sessions/update` (the original ignores them)",
        forms: &["*101-restore-route: status 404, here 200", "*: items *metadata.tags: 2, here 1"],
    },
    Meant {
        key: "id-in-body",
        reason: "`workspace/validate` finds the session in the body too, as all others do",
        forms: &["*086-workspace-validate-body-id: status 400, here 200"],
    },
    Meant {
        key: "exclusive",
        reason: "A server in exclusive mode works on one session, as promised: the original lets queries of other sessions \
                 through, and forgets the first when they end",
        forms: &[
            "tarko-0.3.0-exclusive/007-query-b-while-a-busy: status 200, here 409",
            "tarko-0.3.0-exclusive/008-create-after-b-finished: status 201, here 409",
        ],
    },
    Meant {
        key: "origin",
        reason: "Pages of other origins may not call, unless the settings name them: the original lets every page in the \
                 browser use the server",
        forms: &["*011-preflight: status 204, here 403", "*011-preflight: answer , here application/json"],
    },
    Meant {
        key: "console",
        reason: "Without a web interface of the settings there is a console at `/`",
        forms: &["*010-root-no-ui: status 404, here 200"],
    },
    Meant {
        key: "always-stored",
        reason: "There is always a store, and every store can do all: what the original refuses without one, or breaks on \
                 in memory and files (oneshot, share), works",
        forms: &[
            "tarko-0.3.0-storage-none/*: status *, here 200",
            "tarko-0.3.0-storage-none/002-create: more session",
            "tarko-0.3.0-storage-none/*: more sessions[].*",
            "tarko-0.3.0-storage-*: status 500, here 200",
            "tarko-0.3.0-storage-*/013-oneshot-stream: answer application/json, here text/event-stream",
            "tarko-0.3.0-storage-*/014-list-after: *",
        ],
    },
    Meant {
        key: "older",
        reason: "Releases before 0.3.0 lack what it has (settings of the interface, `modelConfig` from the beginning, \
                 `events` of a new session), tell models by provider, and name the way of calling tools; the newest form is \
                 served",
        forms: &[
            "tarko-0.3.0-beta.*: missing agent_run_start.runOptions.toolCallEngine",
            "tarko-0.3.0-beta.*-runtime-settings-*: status 404, here *",
            "tarko-0.3.0-beta.*: more events",
            "tarko-0.3.0-beta.*: more *metadata*",
            "tarko-0.3.0-beta.11-sqlite/005-models: *",
            "tarko-0.3.0-beta.11-sqlite/067-model-update: status 400, here 200",
            "tarko-0.3.0-beta.*/097-sessions-list-after: *",
        ],
    },
];

fn settings(settings: &mut Settings, model: &ModelServer) {
    let provider = Provider { wire: Wire::Openai, base_url: model.base_url(), api_key: None, headers: BTreeMap::new() };
    settings.providers = BTreeMap::from([("openai".to_owned(), provider)]);
    settings.model = Some(ModelChoice::new("openai", "mock-model"));
    settings.server.models = settings.model.clone().into_iter().collect();
    furnish(&settings.workspace);
}

/// Replays a recording on a store of its own.
async fn replay(name: &str, form: &str, change: impl FnOnce(&mut Settings)) -> Vec<String> {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let served = Served::start_with(&model, |all| {
        settings(all, &model);
        change(all);
    })
    .await;
    let found = Replay::new(name, form, &model, &served.client).run(&recording(name)).await;
    served.leave().await;
    found
}

/// The large recording, and the one that was made after the server was started again.
async fn replay_and_restart(form: &str) -> Vec<String> {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let folder = tempfile::tempdir().unwrap();
    let store = StoreUrl::Sqlite(folder.path().join("ombud.db"));
    let start = || {
        Served::start_on(&store, &model, |all| {
            all.workspace = folder.path().join("workspace");
            settings(all, &model);
        })
    };
    let first = start().await;
    let mut replay = Replay::new("tarko-0.3.0-sqlite", form, &model, &first.client);
    let mut found = replay.run(&recording("tarko-0.3.0-sqlite")).await;
    first.leave().await;
    let second = start().await;
    replay.again("tarko-0.3.0-restart", &second.client);
    let restarted: Vec<Recorded> = recording("tarko-0.3.0-restart");
    found.extend(replay.run(&restarted).await);
    second.leave().await;
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_recorded_request_is_answered_as_it_was_but_for_what_is_meant() {
    let mut found = replay_and_restart("").await;
    found.extend(replay_and_restart("result=event").await);
    found.extend(replay("tarko-0.3.0-exclusive", "", |all| all.server.exclusive = true).await);
    let with_schema = |all: &mut Settings| {
        all.server.models.push(ModelChoice::new("openai", "mock-model-2"));
        let agent = all.agents.get_mut("default").unwrap();
        agent.attributes.insert("tarko".to_owned(), json!({ "enableStreamingToolCallEvents": true }));
        all.server.runtime_settings = Some(json!({
            "type": "object",
            "properties": {
                "depth": { "type": "number", "title": "Depth", "default": 1 },
                "mode": { "type": "string", "enum": ["a", "b"], "enumLabels": ["A", "B"], "default": "a", "placement": "chat-bottom" },
                "fast": { "type": "boolean", "title": "Fast" },
            },
        }));
    };
    found.extend(replay("tarko-0.3.0-runtime-settings", "", with_schema).await);
    for name in ["tarko-0.3.0-storage-none", "tarko-0.3.0-storage-memory", "tarko-0.3.0-storage-file"] {
        found.extend(replay(name, "", |_| ()).await);
    }
    for name in ["tarko-0.3.0-beta.11-sqlite", "tarko-0.3.0-beta.12-sqlite"] {
        found.extend(replay(name, "", |_| ()).await);
    }
    let mut seen: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let mut not_meant = Vec::new();
    for line in &found {
        match MEANT.iter().find(|meant| meant.forms.iter().any(|form| fits(form, line))) {
            Some(meant) => {
                let (request, _) = line.split_once(": ").unwrap();
                seen.entry(meant.key).or_default().insert(request.split(' ').next().unwrap().to_owned());
            }
            None => not_meant.push(line.as_str()),
        }
    }
    assert!(not_meant.is_empty(), "{} differences are not meant:\n{}", not_meant.len(), not_meant.join("\n"));
    for form in MEANT.iter().flat_map(|meant| meant.forms) {
        assert!(found.iter().any(|line| fits(form, line)), "nothing differs as `{form}` says");
    }
    assert!(MEANT.len() <= MOST, "{} keys, at most {MOST}", MEANT.len());
    hold(&table(&seen));
}

fn table(seen: &BTreeMap<&str, BTreeSet<String>>) -> String {
    let mut table = "| key | what differs, and why | requests | such as |\n|---|---|---|---|\n".to_owned();
    for meant in MEANT {
        let requests = &seen[meant.key];
        let first = requests.first().map_or("", String::as_str);
        writeln!(table, "| `{}` | {} | {} | `{first}` |", meant.key, meant.reason, requests.len()).unwrap();
    }
    table
}

/// Fails when the table in the page is not this one; writes it when it is to be blessed.
#[allow(clippy::disallowed_methods, reason = "a test may be told to write its files")]
fn hold(table: &str) {
    const BEGIN: &str = "<!-- begin: made by the test of the transcripts -->\n";
    const END: &str = "<!-- end -->\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/dialects/tarko.md");
    let page = fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (kept, after) = rest.split_once(END).unwrap();
    if std::env::var_os("OMBUD_BLESS").is_some() {
        fs::write(&path, format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
        return;
    }
    assert_eq!(kept, table, "docs/dialects/tarko.md is stale: OMBUD_BLESS=1 writes it anew");
}
