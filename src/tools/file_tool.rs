//! What the tools of files have in common: typed arguments, a path as subject, and work that may block.

use async_trait::async_trait;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::arguments::{changing, parse, path_subject, reading};
use super::output::Caps;
use super::{Tool, ToolContext, ToolFailure, ToolOutput};
use crate::domain::{Access, ToolSpec};

/// What a tool of files does with its arguments `A`. It may block.
pub(super) type Work<A> = fn(&ToolContext, &A, Caps) -> Result<ToolOutput, ToolFailure>;

/// A tool of files.
pub(super) struct FileTool<A> {
    spec: ToolSpec,
    caps: Caps,
    work: Work<A>,
}

impl<A> FileTool<A> {
    /// A tool that is told about by `spec`, and does `work`.
    pub(super) fn new(spec: ToolSpec, caps: Caps, work: Work<A>) -> Self {
        Self { spec, caps, work }
    }
}

#[async_trait]
impl<A: DeserializeOwned + Send + Sync + 'static> Tool for FileTool<A> {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn subject(&self, arguments: &Value) -> String {
        path_subject(arguments)
    }

    async fn call(&self, context: &ToolContext, arguments: Value) -> Result<ToolOutput, ToolFailure> {
        let arguments: A = parse(&self.spec.name, arguments)?;
        let (caps, work) = (self.caps, self.work);
        let work = move |context: &ToolContext| work(context, &arguments, caps);
        match self.spec.access {
            Access::Read => reading(context, work).await,
            Access::Write | Access::Run | Access::Fetch => changing(context, work).await,
        }
    }
}
