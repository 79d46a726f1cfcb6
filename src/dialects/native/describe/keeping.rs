//! What is found, copied and put away.

use serde_json::Value;
use utoipa::ToSchema;

/// What is looked for in messages and titles.
#[derive(ToSchema)]
pub struct SessionSearch {
    /// Words that must all stand in one message, `"a phrase"`, or the beginning of a word and `*`.
    query: String,
    /// Only sessions of this agent.
    agent: Option<String>,
    /// Only sessions that have all these labels: pairs of key and value.
    labels: Option<Vec<Vec<String>>>,
    /// Only what was said at this moment or later.
    since: Option<String>,
    /// Where an earlier page ended.
    after: Option<String>,
    /// Most hits; 50 unless told, at most 1,000.
    limit: Option<usize>,
}

/// A page of what was found.
#[derive(ToSchema)]
pub struct SearchPage {
    /// Of the session that was made last the newest first, then of the one before.
    hits: Vec<SearchHit>,
    /// Where the next page begins; null = this was the last.
    next: Option<String>,
    /// Whether a store without an index gave up before it had looked through everything.
    is_cut: bool,
}

/// A message, or a title, that holds what was looked for.
#[derive(ToSchema)]
pub struct SearchHit {
    /// Its session.
    session: String,
    /// The session's title.
    title: Option<String>,
    /// The session's agent.
    agent: String,
    /// The message; null for a title.
    message: Option<String>,
    /// Its place in the log; 0 for a title.
    seq: u64,
    /// Who wrote it.
    #[schema(value_type = Option<Object>)]
    author: Value,
    /// When.
    at: String,
    /// A piece of the text around the first hit, on one line.
    snippet: String,
    /// Where in the snippet the words stand: pairs of bytes, from and to.
    marks: Vec<Vec<usize>>,
}

/// What came of an import.
#[derive(ToSchema)]
pub struct ImportedLog {
    /// The session.
    #[schema(value_type = Object)]
    session: Value,
    /// Its events.
    events: u64,
    /// How many blobs lie beside its log.
    blobs: u64,
    /// Its files.
    files: u64,
    /// Runs that had not ended, and were closed.
    closed: Vec<String>,
    /// Whether its runs have new ids.
    new_ids: bool,
    /// Whether its time was over, and its lifetime was taken away.
    revived: bool,
    /// The agent that was made for it, because none of its name was there.
    made_agent: Option<String>,
}

/// Which sessions are deleted: those that any of the rules tells.
#[derive(ToSchema)]
pub struct PruneRules {
    /// Those that were changed last so many seconds ago.
    older_than_seconds: Option<u64>,
    /// All but so many, the ones that changed last.
    keep: Option<u64>,
    /// The ones that changed longest ago, until the logs of the others have no more bytes.
    max_bytes: Option<u64>,
    /// Only those that have all these labels: pairs of key and value.
    labels: Option<Vec<Vec<String>>>,
    /// Whether it is only told what would be deleted.
    dry_run: Option<bool>,
}

/// What was deleted, or would be.
#[derive(ToSchema)]
pub struct Pruned {
    /// Each with `id`, `title`, `updated_at` and `bytes`.
    #[schema(value_type = Vec<Object>)]
    sessions: Value,
    /// Bytes of their logs.
    bytes: u64,
    /// How many were looked at and stay.
    kept: u64,
    /// Bytes of their logs.
    kept_bytes: u64,
    /// Whether nothing was deleted, only told.
    dry_run: bool,
}

/// Which runs are added up.
#[derive(ToSchema)]
pub struct StatsFilter {
    /// Only those that were asked for at this moment or later.
    since: Option<String>,
    /// Only those of this agent.
    agent: Option<String>,
    /// `day` (the default), `agent`, `model` or `tool`.
    by: Option<String>,
}

/// What was used.
#[derive(ToSchema)]
pub struct Stats {
    /// What they are added up by.
    by: String,
    /// Days in order; all else by what was used most.
    rows: Vec<StatsRow>,
    /// All together.
    total: StatsRow,
}

/// What was used by one of them.
#[derive(ToSchema)]
pub struct StatsRow {
    /// The day, agent, model or tool; empty in the sum of all.
    key: String,
    /// Runs.
    runs: u64,
    /// Those that failed; of a tool, calls that did.
    failed: u64,
    /// Calls of the model.
    turns: u64,
    /// Tokens in.
    input_tokens: u64,
    /// Tokens out.
    output_tokens: u64,
    /// What it cost, in dollars, as far as prices are known.
    cost_usd: Option<f64>,
    /// Calls of tools.
    tool_calls: u64,
}
