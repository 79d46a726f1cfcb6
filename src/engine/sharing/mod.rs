//! A session as others may see it: fields that are allowed, without secrets, and what was taken away.
//!
//! Two nets, one behind the other: `allowed` lets only fields through that are named in it, and `redaction` takes out of
//! their texts what is a secret of this house, what looks like a secret of anybody (`patterns`), and the folders of this
//! machine, also where they stand in escaped form (`unescaped`).

mod allowed;
mod patterns;
mod redaction;
mod unescaped;

use std::collections::BTreeSet;
use std::sync::Arc;

use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::patterns::is_secret_name;
use self::redaction::Redaction;
use super::house::Core;
use crate::domain::{
    Error, ErrorCode, Event, Fact, Fold, Labels, ModelChoice, Result, SessionId, Timestamp, Usage, Visibility,
};
use crate::workspace::Workspace;

/// Most bytes of a log that is shared.
const LOG_BYTES: u64 = 64 << 20;

/// A secret of this house.
const SECRET: &str = "secret";
/// What looks like a secret.
const PATTERN: &str = "pattern";
/// A folder of this machine.
const PATH: &str = "path";
/// Signatures and sealed thoughts of a model.
const REASONING: &str = "reasoning";
/// What doors keep.
const ATTRIBUTES: &str = "attributes";
/// What was fixed for a run.
const PINS: &str = "pins";
/// Which process worked.
const PROCESS: &str = "process";
/// What the model was told about its task.
const INSTRUCTIONS: &str = "instructions";
/// A message for the model only.
const HIDDEN: &str = "hidden";
/// A fact or form of a newer version.
const UNKNOWN: &str = "unknown";
/// Any other field.
const FIELD: &str = "field";

/// What is told about a shared session. Neither its workspace nor what doors keep about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SharedHead {
    /// Its id.
    pub id: SessionId,
    /// Its title.
    pub title: Option<String>,
    /// Words on it.
    pub labels: Labels,
    /// Its agent.
    pub agent: String,
    /// The model that answered last.
    pub model: Option<ModelChoice>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When something was last appended.
    pub updated_at: Timestamp,
    /// Runs so far.
    pub runs: u64,
    /// What it used.
    pub usage: Usage,
}

/// What was taken away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removed {
    /// What it was: `secret` (known to this house), `pattern` (looks like one), `path` (a folder of this machine),
    /// `reasoning` (signatures and sealed thoughts), `attributes`, `pins`, `process`, `instructions`, `hidden` (a message
    /// for the model only), `unknown` (of a newer version), `field` (any other).
    pub kind: String,
    /// How often.
    pub count: u64,
}

/// A session as others may see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SharedSession {
    /// Version of its form: 1.
    pub v: u16,
    /// About it.
    pub session: SharedHead,
    /// Its events, oldest first, in the form of the machine output (`type`, `seq`, `at`, …), each with the fields that
    /// are allowed. What a restored history replaced is left out, so `seq` may have gaps.
    pub events: Vec<Value>,
    /// What was taken away, by kind.
    pub removed: Vec<Removed>,
}

/// Takes what may be shown of a session.
///
/// # Errors
/// `too_large` for a log of more than 64 MiB.
pub(crate) async fn share(core: &Arc<Core>, session: &SessionId) -> Result<SharedSession> {
    let ledger = core.existing(session).await?;
    let fold = ledger.fold().await?;
    super::lives::must_live(&fold, core.clock.now())?;
    let mut events: Vec<Arc<Event>> = Vec::new();
    let mut bytes = 0;
    while events.last().map_or(0, |event| event.seq) < fold.head {
        let page = ledger.page(events.last().map_or(0, |event| event.seq)).await?;
        bytes += page.iter().map(|(_, bytes)| *bytes).sum::<u64>();
        if bytes > LOG_BYTES {
            let message = format!("session `{session}` has more than {LOG_BYTES} bytes; no more are shared");
            return Err(Error::new(ErrorCode::TooLarge, message));
        }
        if page.is_empty() {
            break;
        }
        events.extend(page.into_iter().map(|(event, _)| event).filter(|event| event.seq <= fold.head));
    }
    let secrets = secrets(core).await?;
    let core = Arc::clone(core);
    let work = move || shared(&fold, &events, Redaction::new(secrets, folders(&core, &fold, &events))?);
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(Error::internal(format!("the sharing of a session ended early: {error}"))))
}

/// A text without what looks like a secret, for a log.
pub fn without_secrets(text: &str) -> String {
    match Redaction::new(Vec::new(), Vec::new()) {
        Ok(mut redaction) => redaction.text(text),
        Err(error) => error.to_string(),
    }
}

/// All secrets that this house knows of.
async fn secrets(core: &Core) -> Result<Vec<String>> {
    let settings = &core.settings;
    let mut secrets: Vec<String> =
        core.store.secrets().await?.iter().map(|secret| secret.expose_secret().to_owned()).collect();
    for provider in settings.providers.values() {
        let values = provider.api_key.iter().chain(provider.headers.values());
        secrets.extend(values.map(|secret| secret.expose_secret().to_owned()));
        // A password in an address, which patterns would only find beside its user.
        let user = provider.base_url.split_once("://").and_then(|(_, rest)| rest.split('/').next()?.rsplit_once('@'));
        secrets.extend(user.and_then(|(user, _)| user.split_once(':')).map(|(_, password)| password.to_owned()));
    }
    let server = &settings.server;
    let tokens = server.token.iter().chain(server.door_tokens.values()).chain(server.socket_tokens.values());
    let tokens = tokens.chain(server.character_secrets.values().flat_map(|secrets| secrets.values()));
    secrets.extend(tokens.map(|token| token.expose_secret().to_owned()));
    let variables = settings.tools.environment.iter();
    secrets.extend(variables.filter(|(name, _)| !crate::config::is_ordinary_variable(name)).map(|(_, value)| value.clone()));
    Ok(secrets)
}

/// The folders of this machine that the session may speak of, and what stands for each.
fn folders(core: &Core, fold: &Fold, events: &[Arc<Event>]) -> Vec<(String, &'static str)> {
    let mut workspaces = BTreeSet::from([core.settings.workspace.to_string_lossy().into_owned()]);
    workspaces.extend(fold.session.workspace.clone());
    for event in events {
        match &event.fact {
            Fact::SessionCreated(created) => workspaces.extend(created.workspace.clone()),
            Fact::SessionUpdated(updated) => workspaces.extend(updated.workspace.clone().flatten()),
            Fact::RunQueued(queued) => workspaces.extend(queued.pins.workspace.clone()),
            _ => {}
        }
    }
    // With every link resolved, as commands print it.
    let resolved: Vec<_> =
        workspaces.iter().filter_map(|folder| Workspace::open(std::path::Path::new(folder)).ok()).collect();
    workspaces.extend(resolved.iter().map(|workspace| workspace.root().to_string_lossy().into_owned()));
    let mut folders: Vec<_> = workspaces.into_iter().map(|folder| (folder, ".")).collect();
    folders.extend(core.settings.tools.environment.get("HOME").map(|home| (home.clone(), "~")));
    folders
}

fn shared(fold: &Fold, events: &[Arc<Event>], mut redaction: Redaction) -> Result<SharedSession> {
    let mut shown = Vec::new();
    let mut model = fold.session.model.clone();
    for event in events {
        match &event.fact {
            // The history before it was replaced, or removed.
            Fact::SessionRestored(_) | Fact::SessionCleared(_) => {
                shown.retain(|event: &Value| event["type"] == "session.created");
            }
            // What came after that place counts for nothing.
            Fact::SessionRewound(rewound) => {
                shown.retain(|event| event["seq"].as_u64().is_some_and(|seq| seq <= rewound.after_seq));
            }
            Fact::MessageRedacted(redacted) => {
                let gone = redacted.message_id.as_str();
                shown.retain(|event| event["message_id"] != gone && event["message"]["id"] != gone);
                continue;
            }
            // What one agent is shown instead is nobody else's business.
            Fact::MemoryAmended(_) | Fact::MemoryForgotten(_) | Fact::ContextCompacted(_) => {
                redaction.count(HIDDEN);
                continue;
            }
            Fact::MessagePosted(posted) if posted.message.visibility == Visibility::Model => {
                redaction.count(HIDDEN);
                continue;
            }
            Fact::MessageCompleted(completed) => model = Some(completed.model.clone()),
            _ => {}
        }
        let value = serde_json::to_value(event)
            .map_err(|error| Error::internal(format!("an event cannot be written as JSON: {error}")))?;
        shown.extend(allowed::event(value, &mut redaction));
    }
    let mut labels = Labels::default();
    for (key, value) in fold.session.labels.iter() {
        labels.insert(&redaction.text(key), redaction.text(value));
    }
    let session = SharedHead {
        id: fold.session.id.clone(),
        title: fold.session.title.as_ref().map(|title| redaction.text(title)),
        labels,
        agent: fold.session.agent.clone(),
        model,
        created_at: fold.session.created_at,
        updated_at: fold.session.updated_at,
        runs: fold.runs,
        usage: fold.usage.clone(),
    };
    let removed = redaction.removed().into_iter().map(|(kind, count)| Removed { kind: kind.to_owned(), count });
    Ok(SharedSession { v: 1, session, events: shown, removed: removed.collect() })
}
