//! Runs, and lists of them.

use serde_json::Value;
use utoipa::ToSchema;

/// One agent's work on one session because of one input.
#[derive(ToSchema)]
pub struct Run {
    /// Its id.
    id: String,
    /// Its session.
    session: String,
    /// Its agent.
    agent: String,
    /// Where it stands: `queued`, `running`, `waiting`, `completed`, `failed`, `cancelled` or `silent`.
    status: String,
    /// The process that works on it, or did last.
    process: Option<String>,
    /// Its fencing token.
    fence: u64,
    /// Larger goes first.
    priority: i32,
    /// Whether it was queued for whichever process is free; absent = no.
    in_turn: Option<bool>,
    /// Who asked for it: `{"kind", "name"}`.
    #[schema(value_type = Option<Object>)]
    asked_by: Value,
    /// Words on it: lists of values by key.
    #[schema(value_type = Option<Object>)]
    labels: Value,
    /// What doors keep about it, by the door's name.
    #[schema(value_type = Option<Object>)]
    attributes: Value,
    /// When it was queued.
    queued_at: String,
    /// When a process first took it.
    started_at: Option<String>,
    /// When it ended.
    finished_at: Option<String>,
    /// The message that it answers; absent when nothing was said.
    input: Option<String>,
    /// What it used.
    #[schema(value_type = Object)]
    usage: Value,
    /// The model that answered.
    model: Option<String>,
    /// Calls of the model.
    rounds: u32,
    /// Calls of tools; absent = none.
    tool_calls: Option<u32>,
    /// How often its process died while it worked on it; absent = never.
    interruptions: Option<u32>,
    /// Whether somebody wants it to end; absent = no.
    cancel_requested: Option<bool>,
    /// Where its end stands in the log.
    finished_seq: Option<u64>,
    /// The message that is its answer.
    message_id: Option<String>,
    /// The calls that it waits for.
    waiting_for: Vec<String>,
    /// Why it failed.
    #[schema(value_type = Option<Object>)]
    error: Value,
}

/// Which runs a list is about.
#[derive(ToSchema)]
pub struct RunFilter {
    /// Only those of this session.
    session: Option<String>,
    /// Only those of this agent, by its name or its id.
    agent: Option<String>,
    /// Only those that stand so; empty = all.
    statuses: Option<Vec<String>>,
    /// Only those of this priority.
    priority: Option<i32>,
    /// Only those that have all these labels: pairs of key and value.
    labels: Option<Vec<Vec<String>>>,
    /// Rows that are passed over.
    offset: Option<usize>,
    /// Most rows; 100 unless told.
    limit: Option<usize>,
}

/// A page of runs, newest first.
#[derive(ToSchema)]
pub struct RunPage {
    /// The runs.
    runs: Vec<Run>,
    /// How many there are in all.
    total: u64,
}
