//! Tasks.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::Metadata;

/// Gives an agent something to do.
#[derive(ToSchema)]
#[schema(example = json!({
    "title": "Process document", "description": "Extract key information from uploaded document",
    "agent_id": "agent-0199f3c2-7d1e-7a44-8b1c-2f7a1c3d9e10", "priority": "high",
    "data": { "document_url": "https://example.com/doc.pdf", "extract_fields": ["name", "date", "amount"] }
}))]
#[expect(dead_code, reason = "it describes what is read key by key")]
pub struct NewTask {
    /// What it is called.
    #[schema(min_length = 1, max_length = 255)]
    pub title: String,
    /// What is to be done.
    #[schema(max_length = 100_000)]
    pub description: Option<String>,
    /// Who does it.
    #[schema(min_length = 1, max_length = 255)]
    pub agent_id: String,
    /// Which goes first; `medium` unless told.
    pub priority: Option<Priority>,
    /// What it is about: shown to the agent as JSON.
    #[schema(value_type = Option<Object>)]
    pub data: Option<Map<String, Value>>,
    /// Files that are shown to the agent, by id.
    #[schema(max_items = 20)]
    pub files: Option<Vec<String>>,
}

/// Which task goes first.
#[derive(ToSchema)]
#[schema(as = TaskPriority, rename_all = "lowercase")]
#[expect(dead_code, reason = "it describes what is read key by key")]
pub enum Priority {
    /// After all others.
    Low,
    /// Between them.
    Medium,
    /// Before all others.
    High,
}

/// A task.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Task, example = json!({
    "id": "task-0199f3c2-7d1e-7a44-8b1c-2f7a1c3d9e10", "title": "Process document",
    "description": "Extract key information from uploaded document",
    "agent_id": "agent-0199f3c2-7d1e-7a44-8b1c-2f7a1c3d9e10", "session_id": "session-0199f3c2-7d1e-7a44-8b1c-2f7a1c3d9e12",
    "priority": "high", "data": { "document_url": "https://example.com/doc.pdf" }, "files": [], "status": "completed",
    "result": { "response": "Name: …", "metadata": { "model": "gpt-4", "tokens_used": 150 } }, "error": null,
    "created_at": "2025-01-15T10:30:00.000Z", "updated_at": "2025-01-15T10:30:05.000Z",
    "started_at": "2025-01-15T10:30:01.000Z", "completed_at": "2025-01-15T10:30:05.000Z",
    "created_by": "user-0199f3c2-7d1e-7a44-8b1c-2f7a1c3d9e11", "progress": { "model_calls": 1, "tool_calls": 0 }
}))]
pub struct TaskAnswer {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// What is to be done.
    pub description: String,
    /// Who does it.
    pub agent_id: String,
    /// The session that it is done in.
    pub session_id: String,
    /// `low`, `medium` or `high`.
    pub priority: &'static str,
    /// What it is about.
    #[schema(value_type = Object)]
    pub data: Map<String, Value>,
    /// The files that it was given, by id.
    pub files: Vec<String>,
    /// `pending`, `running`, `completed`, `failed` or `cancelled`.
    pub status: &'static str,
    /// What came of it, once it is completed.
    pub result: Option<TaskResult>,
    /// Why it failed.
    pub error: Option<TaskError>,
    /// When it was made.
    pub created_at: String,
    /// When it last changed its status.
    pub updated_at: String,
    /// When it was begun.
    pub started_at: Option<String>,
    /// When it ended, however it did.
    pub completed_at: Option<String>,
    /// Who made it.
    pub created_by: String,
    /// How far it has come.
    pub progress: Progress,
}

/// How far a task has come.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = TaskProgress)]
pub struct Progress {
    /// Calls of the model so far.
    pub model_calls: u32,
    /// Calls of tools so far.
    pub tool_calls: u32,
}

/// What came of a task.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TaskResult {
    /// The last text of the agent.
    pub response: String,
    /// What it used.
    pub metadata: Metadata,
}

/// Why a task failed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TaskError {
    /// For programs, as in the envelope of errors.
    pub code: &'static str,
    /// For people.
    pub message: String,
    /// Nothing yet.
    #[schema(value_type = Object)]
    pub details: Map<String, Value>,
    /// The request that made the task.
    pub request_id: String,
}

/// A page of tasks.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TaskList {
    /// The newest first.
    pub tasks: Vec<TaskAnswer>,
    /// How many fit in all.
    pub total: u64,
    /// Most of one page.
    pub limit: usize,
    /// How many come before.
    pub offset: usize,
}

/// A task that was cancelled.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CancelledTask {
    /// Its id, once more.
    pub task_id: String,
    /// The task.
    #[serde(flatten)]
    pub task: TaskAnswer,
}
