//! FLOOR 3: what agents can do.
//!
//! A tool is one value with a spec and a call. Whether a call is allowed is decided above, from the spec's `access` and
//! the call's [`Tool::subject`]; a tool itself never asks.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::domain::{ErrorCode, ToolSpec};
use crate::workspace::Workspace;

/// What a tool works with.
#[derive(Clone)]
pub struct ToolContext {
    /// The folder of the session.
    pub workspace: Arc<Workspace>,
    /// Fires when the run is cancelled: the tool ends at once and leaves nothing running.
    pub cancelled: CancellationToken,
}

/// What a tool gave.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolOutput {
    /// What the model is shown: a text, or JSON. Within the tool's limit.
    pub output: Value,
    /// The whole output, when `output` is only a part of it.
    pub full: Option<Vec<u8>>,
}

/// Why a tool failed. The model is told, and decides.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolFailure {
    /// The stable word.
    pub code: ErrorCode,
    /// For the model and for people: the thing, the cause, the way out.
    pub message: String,
    /// What it gave before it failed.
    pub partial: Option<ToolOutput>,
}

/// One thing that agents can do.
#[async_trait]
pub trait Tool: Send + Sync {
    /// What a model is told about it.
    fn spec(&self) -> &ToolSpec;

    /// What a call is about, for permission patterns and questions: a path of the workspace, or a command line. Empty
    /// when the arguments do not tell.
    fn subject(&self, arguments: &Value) -> String;

    /// Carries a call out.
    async fn call(&self, context: &ToolContext, arguments: Value) -> Result<ToolOutput, ToolFailure>;
}
#[allow(missing_docs)]
pub struct Tools;
#[allow(missing_docs)]
impl Tools {
 pub fn get(&self, _: &str) -> Option<Arc<dyn Tool>> { None }
 pub fn specs(&self, _: Option<&[String]>) -> Vec<ToolSpec> { vec![] }
}
#[allow(missing_docs)]
pub fn decide(_: &[crate::domain::PermissionRule], _: &ToolSpec, _: &str) -> crate::domain::Permission { crate::domain::Permission::Ask }
