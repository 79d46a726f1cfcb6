//! FLOOR 3: what agents can do.
//!
//! A tool is one value with a spec and a call. Whether a call is allowed is decided above, from the spec's `access` and
//! the call's [`Tool::subject`]; a tool itself never asks. [`decide`] is how rules are read. Commands run under a
//! [`guard`], a process of this same program.

mod apply_patch;
mod arguments;
mod edit_file;
mod fetch;
mod file_tool;
mod find_files;
pub mod guard;
mod handler;
mod list_files;
mod mcp;
mod once;
mod output;
mod patch;
mod permission;
mod program;
mod read_file;
mod run_command;
mod search_files;
mod write_file;

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::config::{Limits, ToolSettings};
use crate::domain::{ErrorCode, PermissionRule, ToolSpec};
use crate::workspace::Workspace;

pub use fetch::{FetchUrl, Lookup, Resolver};
pub use handler::{Handled, Handling, handle};
pub use mcp::{
    Keeping, LINES, Launch, OnChange, PREFIX, PeerError, PeerMessage, PeerRequest, ServedTool, Standing, Supervisor,
    ToolServerPeer, tools_of,
};
pub use once::Bounds;
pub use permission::{decide, decide_all, denying};
pub use program::{Given, run_program};

/// What a tool works with.
#[derive(Clone)]
pub struct ToolContext {
    /// The folder of the session.
    pub workspace: Arc<Workspace>,
    /// The rules of the run, the first that fits counts: where a page that may be fetched leads on to another.
    pub rules: Arc<[PermissionRule]>,
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

    /// What a call is about, for permission patterns and questions: a path of the workspace, a command line, or an address.
    /// Empty when the arguments do not tell.
    fn subject(&self, arguments: &Value) -> String;

    /// What a call is about that is about several things: each must be allowed.
    fn subjects(&self, arguments: &Value) -> Vec<String> {
        vec![self.subject(arguments)]
    }

    /// What is wrong with arguments that do not even tell what the call is about: then there is nothing to be allowed.
    fn unreadable(&self, _arguments: &Value) -> Option<ToolFailure> {
        None
    }

    /// Carries a call out.
    async fn call(&self, context: &ToolContext, arguments: Value) -> Result<ToolOutput, ToolFailure>;
}

/// Whether an agent's word for a tool means this one.
fn is_named(word: &str, name: &str) -> bool {
    word == name || name.starts_with(mcp::PREFIX) && word.strip_suffix('*').is_some_and(|start| name.starts_with(start))
}

/// The tools of the house, in the order in which models are told of them.
#[derive(Clone)]
pub struct Tools {
    all: Vec<Arc<dyn Tool>>,
}

impl Tools {
    /// All tools, with their limits and settings.
    pub fn new(limits: &Limits, settings: &ToolSettings) -> Self {
        let all: Vec<Arc<dyn Tool>> = vec![
            Arc::new(list_files::tool(limits)),
            Arc::new(read_file::tool(limits)),
            Arc::new(search_files::tool(limits)),
            Arc::new(find_files::tool(limits)),
            Arc::new(write_file::tool(limits)),
            Arc::new(edit_file::tool(limits)),
            Arc::new(apply_patch::ApplyPatch::new(limits)),
            Arc::new(run_command::RunCommand::new(limits, settings)),
            Arc::new(FetchUrl::new(limits, settings)),
        ];
        Self { all }
    }

    /// The tool of a name.
    pub fn get(&self, name: &str) -> Option<Arc<dyn Tool>> {
        self.all.iter().find(|tool| tool.spec().name == name).cloned()
    }

    /// These tools, and others after them. Of two with one name the first counts.
    pub fn with(&self, others: Vec<Arc<dyn Tool>>) -> Self {
        let mut all = self.all.clone();
        for other in others {
            if !all.iter().any(|tool| tool.spec().name == other.spec().name) {
                all.push(other);
            }
        }
        Self { all }
    }

    /// What a model is told: all tools, or those whose names are `allowed`. Names of tools of tool servers may end in `*`.
    pub fn specs(&self, allowed: Option<&[String]>) -> Vec<ToolSpec> {
        let specs = self.all.iter().map(|tool| tool.spec());
        let named = |names: &[String], spec: &ToolSpec| names.iter().any(|name| is_named(name, &spec.name));
        specs.filter(|spec| allowed.is_none_or(|names| named(names, spec))).cloned().collect()
    }

    /// The names of all tools.
    pub fn names(&self) -> Vec<String> {
        self.all.iter().map(|tool| tool.spec().name.clone()).collect()
    }
}

#[cfg(test)]
mod tests;
