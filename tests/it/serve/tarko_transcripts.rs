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

const MEANT: &[Meant] = &[];

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
    let start = || Served::start_on(&store, &model, |all| settings(all, &model));
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
