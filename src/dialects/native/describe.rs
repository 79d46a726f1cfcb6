//! What goes in and out where that is the engine's own types: their fields, for the description of this API. A field that
//! is an object itself is described by the schemas of the machine output, whose form it has.
#![expect(dead_code, reason = "read by the description only")]

mod keeping;
mod people;
mod runs;

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::ToSchema;

pub use self::keeping::{ImportedLog, PruneRules, Pruned, SearchPage, SessionSearch, Stats, StatsFilter};
pub use self::people::{Login, NewUser, User};
pub use self::runs::{Run, RunFilter, RunPage};

/// A question.
#[derive(ToSchema)]
pub struct Ask {
    /// `{"new": {…}}`, as `create` takes it, `{"existing": "ID"}`, or `{"back": {"session": "ID", "after": {"message": "ID"}}}`
    /// to go back first, as `rewind` does it; also after `{"run": "ID"}`.
    #[schema(value_type = Object)]
    target: Value,
    /// What is said: parts of a message, such as `{"kind": "text", "text": "…"}`.
    #[schema(value_type = Vec<Object>)]
    input: Value,
    /// The bytes of the files that `input` names: pairs of SHA-256 and base64.
    #[schema(value_type = Option<Vec<Vec<String>>>)]
    blobs: Value,
    /// Input that nobody said: `{"description", "text"}`.
    #[schema(value_type = Option<Vec<Object>>)]
    context: Value,
    /// Who says it, where that is not the caller: `{"kind": "person", "id", "name"}` or `{"kind": "agent", "agent"}`.
    #[schema(value_type = Option<Object>)]
    author: Value,
    /// What doors keep about the message, by the door's name.
    #[schema(value_type = Option<Object>)]
    message_attributes: Value,
    /// `"session_agent"` (the default), `{"one": "NAME"}`, `"participants"` (all agents that take part), or `"nobody"`.
    #[schema(value_type = Option<Object>)]
    answering: Value,
    /// A procedure of the agent that is asked for: `{"name", "arguments", "attributes"}`; then nothing need be said.
    #[schema(value_type = Option<Object>)]
    procedure: Value,
    /// `"wait_then_reject"` (the default), `"reject"`, `"queue"`, `"supersede"` or `"supersede_waiting"`.
    on_busy: Option<String>,
    /// What is fixed for the run: model, instructions, permissions, budget, workspace. Only who administers the house may
    /// choose a workspace or allow tools.
    #[schema(value_type = Option<Object>)]
    pins: Value,
    /// `"now"` (the default), or `"in_turn"`: when it is its turn in the queue, in whichever process attends to it.
    begin: Option<String>,
    /// Larger goes first, from -1,000 to 1,000; it rises with waiting.
    priority: Option<i32>,
    /// Words on the run: lists of values by key.
    #[schema(value_type = Option<Object>)]
    labels: Value,
    /// What doors keep about the run, by the door's name.
    #[schema(value_type = Option<Object>)]
    attributes: Value,
}

/// A question that was taken.
#[derive(ToSchema)]
pub struct Asked {
    /// The session.
    session: String,
    /// The run; null when nobody answers.
    run: Option<String>,
    /// All runs, where several agents answer.
    runs: Vec<String>,
    /// The message that was said.
    message: Option<String>,
    /// The model that is asked.
    model: Option<String>,
    /// Subscribing after this cursor gives everything that the question brought about.
    before: String,
}

/// What came of an answer for a run that waits.
#[derive(ToSchema)]
pub struct Answered {
    /// Whether it is this answer that the run goes on with.
    resumed: bool,
    /// Subscribing after this cursor gives everything that the run does from now on.
    before: String,
}

/// What a new session is made of.
#[derive(ToSchema)]
pub struct NewSession {
    /// Its id, when its creator chooses one.
    id: Option<String>,
    /// A key of whoever makes it: of two sessions with one key the second is refused.
    key: Option<String>,
    /// Its title.
    title: Option<String>,
    /// Words on it, by key; tags stand under `tag`.
    labels: Option<BTreeMap<String, Vec<String>>>,
    /// Its agent.
    agent: Option<String>,
    /// Who takes part, as `join` takes them.
    #[schema(value_type = Option<Vec<Object>>)]
    participants: Value,
    /// The folder that its tools work in; only who administers the house may choose one.
    workspace: Option<String>,
    /// Its own model, `PROVIDER/ID`.
    model: Option<String>,
    /// How long it lives.
    #[schema(value_type = Option<Object>)]
    lifetime: Value,
    /// The input that its agent declares.
    #[schema(value_type = Option<Object>)]
    input: Value,
    /// What its door keeps about it, by the door's name.
    #[schema(value_type = Option<Object>)]
    attributes: Value,
}

/// Which sessions a list is about.
#[derive(ToSchema)]
pub struct SessionFilter {
    /// Only those that have all these labels: pairs of key and value.
    labels: Option<Vec<Vec<String>>>,
    /// Only those of this agent.
    agent: Option<String>,
    /// Only those in which they take part, as `join` takes them.
    #[schema(value_type = Option<Object>)]
    participant: Value,
    /// Only those that stand here: `idle`, `running`, `waiting`, `interrupted` or `expired`.
    status: Option<String>,
    /// Only those whose title or id holds this text.
    text: Option<String>,
    /// After this row of an earlier page.
    after: Option<String>,
    /// Most rows; 50 unless told.
    limit: Option<usize>,
}

/// What an agent is shown, the newest first.
#[derive(ToSchema)]
pub struct MemoryPage {
    /// Each with `session`, `seq`, `at`, `run`, `message`, and `amended` where its text was put in the place of another.
    #[schema(value_type = Vec<Object>)]
    memories: Value,
    /// Where the next page begins; null = this was the last.
    next: Option<String>,
}

/// What is wanted of a model outside of any session.
#[derive(ToSchema)]
pub struct Completion {
    /// The model; absent = that of the agent, or the house's choice.
    model: Option<String>,
    /// The agent whose model is asked in its own ways; absent = the house's.
    agent: Option<String>,
    /// What the model is told about its task.
    instructions: Option<String>,
    /// What it is asked.
    prompt: Option<String>,
    /// Longest answer, in tokens.
    max_tokens: Option<u32>,
    /// Whether the answer must be one JSON object.
    json: Option<bool>,
}

/// What a model answered.
#[derive(ToSchema)]
pub struct Completed {
    /// Its text.
    text: String,
    /// The model that answered.
    model: String,
}

/// What a key is to be.
#[derive(ToSchema)]
pub struct NewKey {
    /// Its name: letters, digits, `.`, `_` and `-`, at most 64.
    name: String,
    /// `sessions`, `agents`, `mint`; must hold something unless it is an administrator's.
    permissions: Option<Vec<String>>,
    /// Whether its holder administers the house.
    admin: Option<bool>,
    /// The APIs that it opens, by name; absent = all.
    doors: Option<Vec<String>>,
    /// Seconds until it opens nothing any more; absent = when it is removed.
    ttl_seconds: Option<u64>,
    /// What its word begins with: small letters and digits, ending in `_`.
    prefix: String,
}

/// A key, without its word.
#[derive(ToSchema)]
pub struct Key {
    /// Its id.
    id: String,
    /// Its name.
    name: String,
    /// What it lets its holder do: `sessions`, `agents`, `mint`.
    permissions: Vec<String>,
    /// Whether its holder administers the house.
    admin: bool,
    /// The APIs that it opens; absent = all.
    doors: Option<Vec<String>>,
    /// The last four characters of its word.
    ending: String,
    /// When it was made.
    created_at: String,
    /// When it opens nothing any more; absent = when it is removed.
    expires_at: Option<String>,
}

/// A key that was made.
#[derive(ToSchema)]
pub struct IssuedKey {
    /// The key.
    key: Key,
    /// Its word.
    word: String,
}

/// What a token is to open.
#[derive(ToSchema)]
pub struct NewToken {
    /// The agent.
    agent: String,
    /// Only this session of it.
    session: Option<String>,
    /// Seconds until it opens nothing any more: an hour unless told, a day at most.
    ttl_seconds: Option<u64>,
    /// Only these APIs of those that its minter may use.
    doors: Option<Vec<String>>,
    /// What its word begins with: small letters and digits, ending in `_`.
    prefix: String,
}

/// A token that was minted.
#[derive(ToSchema)]
pub struct IssuedToken {
    /// Its word.
    word: String,
    /// Its id.
    id: String,
    /// When it opens nothing any more.
    expires_at: String,
}

/// A session brought from elsewhere.
#[derive(ToSchema)]
pub struct ImportedSession {
    /// The session, as `create` takes it; it is made when it does not exist.
    #[schema(value_type = Object)]
    session: Value,
    /// Its messages in order: pairs of a message and what its calls gave.
    #[schema(value_type = Vec<Vec<Object>>)]
    messages: Value,
}

/// A session.
#[derive(ToSchema)]
pub struct Session {
    /// Its id.
    id: String,
    /// Rises when a deleted id is made again.
    incarnation: u64,
    /// Its title.
    title: Option<String>,
    /// Words on it, by key.
    labels: BTreeMap<String, Vec<String>>,
    /// The agent that answers when none is named.
    agent: String,
    /// The folder that its tools work in.
    workspace: Option<String>,
    /// Its own model.
    model: Option<String>,
    /// How long it lives.
    #[schema(value_type = Option<Object>)]
    lifetime: Value,
    /// When it was made.
    created_at: String,
    /// When something was last appended.
    updated_at: String,
    /// From when its lifetime counts, where that is not when it was made.
    lives_since: Option<String>,
    /// When its time is over, or was; absent = it has no end.
    expires_at: Option<String>,
    /// Whether its end is in its log; absent = it is not.
    expired: Option<bool>,
    /// What doors keep about it.
    #[schema(value_type = Object)]
    attributes: Value,
    /// Whether it was deleted.
    deleted: bool,
}

/// A session in a list.
#[derive(ToSchema)]
pub struct SessionItem {
    /// The session, and how much there is of it: `session`, `runs`, `events`, `bytes`, `usage`, `active`.
    #[schema(value_type = Object)]
    summary: Value,
    /// What it is doing.
    status: String,
}

/// An agent, and where its definition comes from.
#[derive(ToSchema)]
pub struct AgentItem {
    /// The definition.
    #[schema(value_type = Object)]
    agent: Value,
    /// The model that it would ask now.
    model: String,
    /// The definition by its content: a SHA-256.
    revision: String,
    /// `configuration`, or `store`.
    origin: String,
    /// Whether who wrote it administers the house; no commands are run for any other.
    trusted: bool,
    /// Its id; absent for one of the configuration, as all that follows.
    id: Option<String>,
    /// When it was made.
    created_at: Option<String>,
    /// When its definition was last changed.
    updated_at: Option<String>,
    /// Who wrote the definition: `kind` and `name`.
    #[schema(value_type = Option<Object>)]
    written_by: Value,
    /// When it was removed.
    archived_at: Option<String>,
}

/// A page of sessions.
#[derive(ToSchema)]
pub struct SessionPage {
    /// The rows.
    #[schema(value_type = Vec<Object>)]
    sessions: Value,
    /// Where the next page begins; null = this was the last.
    next: Option<String>,
}

/// A page of messages, oldest first.
#[derive(ToSchema)]
pub struct MessagePage {
    /// The messages, each with what its calls gave.
    #[schema(value_type = Vec<Object>)]
    messages: Value,
    /// What comes before them begins before this place; null = these are the first.
    before: Option<u64>,
}

/// What stands under a path of a workspace.
#[derive(ToSchema)]
pub struct Looked {
    /// The thing itself: `name`, `path`, `kind`, `size`, `modified`.
    #[schema(value_type = Object)]
    item: Value,
    /// What is in it; empty for a file.
    #[schema(value_type = Vec<Object>)]
    entries: Value,
    /// The absolute path of the workspace.
    workspace: String,
}

/// A session as others may see it.
#[derive(ToSchema)]
pub struct SharedSession {
    /// Version of its form.
    v: u16,
    /// About it.
    #[schema(value_type = Object)]
    session: Value,
    /// Its events, each with the fields that are allowed.
    #[schema(value_type = Vec<Object>)]
    events: Value,
    /// What was taken away.
    #[schema(value_type = Vec<Object>)]
    removed: Value,
}

/// How the house is.
#[derive(ToSchema)]
pub struct Health {
    /// Its version.
    version: String,
    /// Milliseconds since its process opened it.
    uptime_ms: u64,
    /// Where logs are kept.
    store: String,
    /// Sessions.
    sessions: u64,
    /// Sessions with a run that has not ended.
    active: u64,
    /// Runs that its process works on.
    runs_here: u64,
    /// Why the store cannot be used.
    #[schema(value_type = Option<Object>)]
    error: Value,
}

/// A file of a session.
#[derive(ToSchema)]
pub struct File {
    /// Its id.
    id: String,
    /// Whose it is: `{"session": "ID"}`.
    #[schema(value_type = Object)]
    scope: Value,
    /// Its name.
    name: String,
    /// Its media type.
    media_type: String,
    /// Its bytes.
    size: u64,
    /// `pending` or `ready`.
    state: String,
    /// Its bytes, by their SHA-256; absent while it is pending.
    blob: Option<String>,
    /// When it was offered.
    offered_at: String,
}

/// A permission for whoever holds it.
#[derive(ToSchema)]
pub struct SignedFile {
    /// What proves it: a secret.
    ticket: String,
    /// When it ends.
    expires: String,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde::Serialize;
    use utoipa::PartialSchema;

    use super::*;
    use crate::engine;

    fn described<T: PartialSchema>() -> BTreeSet<String> {
        let schema = serde_json::to_value(T::schema()).unwrap();
        schema["properties"].as_object().unwrap().keys().cloned().collect()
    }

    fn written<T: Serialize>(value: &T) -> BTreeSet<String> {
        serde_json::to_value(value).unwrap().as_object().unwrap().keys().cloned().collect()
    }

    #[test]
    fn the_fields_are_those_of_the_engine() {
        let new = engine::NewSession::default();
        assert_eq!(described::<NewSession>(), written(&new));
        assert_eq!(described::<SessionFilter>(), written(&engine::SessionFilter::default()));
        assert_eq!(described::<RunFilter>(), written(&engine::RunFilter::default()));
        assert_eq!(described::<RunPage>(), written(&engine::RunPage::default()));
        assert_eq!(described::<Completion>(), written(&engine::Completion::default()));
        let imported = engine::ImportedSession { session: new.clone(), messages: vec![] };
        assert_eq!(described::<ImportedSession>(), written(&imported));
        let ask = engine::Ask {
            procedure: None,
            target: engine::Target::New(Box::new(new)),
            input: vec![],
            blobs: vec![],
            context: vec![],
            answering: engine::Answering::default(),
            on_busy: engine::OnBusy::default(),
            pins: crate::domain::Pins::default(),
            ..engine::Ask::default()
        };
        assert_eq!(described::<Ask>(), written(&ask));
        let at = Some(crate::domain::Timestamp::from_millis(0));
        let item = engine::AgentItem {
            agent: crate::domain::Agent::default(),
            model: crate::domain::ModelChoice::new("a", "b"),
            revision: crate::domain::Revision(String::new()),
            origin: engine::AgentOrigin::Store,
            trusted: true,
            id: Some(crate::domain::AgentId::from_text("x")),
            created_at: at,
            updated_at: at,
            written_by: Some(crate::domain::Actor::house()),
            archived_at: at,
        };
        assert_eq!(described::<AgentItem>(), written(&item));
        let page = engine::SessionPage { sessions: vec![], next: None };
        assert_eq!(described::<SessionPage>(), written(&page));
        let page = engine::MessagePage { messages: vec![], before: None, summaries: vec![] };
        assert_eq!(described::<MessagePage>(), written(&page));
    }
}
