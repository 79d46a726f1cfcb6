//! `write_file`: a whole file.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::{Access, Effect, ToolSpec};
use crate::workspace::Workspace;

use super::arguments::{changing, parse, path_subject, quoted, schema};
use super::{Tool, ToolContext, ToolFailure, ToolOutput};

const NAME: &str = "write_file";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    path: String,
    content: String,
}

/// Writes a file.
pub struct WriteFile {
    spec: ToolSpec,
}

impl WriteFile {
    /// The tool.
    pub fn new() -> Self {
        let spec = ToolSpec {
            name: NAME.to_owned(),
            description: "Writes a whole file of the workspace: makes it, with the folders on its way, or replaces all \
                          of its content. To change a part of a file, use `edit_file`."
                .to_owned(),
            parameters: schema(
                json!({
                    "path": {"type": "string", "description": "The file, relative to the workspace."},
                    "content": {"type": "string", "description": format!("The whole content, at most {} bytes.", Workspace::WRITE_BYTES)},
                }),
                &["path", "content"],
            ),
            // Written twice with the same content it is as written once.
            effect: Effect::Repeatable,
            access: Access::Write,
        };
        Self { spec }
    }
}

#[async_trait]
impl Tool for WriteFile {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn subject(&self, arguments: &Value) -> String {
        path_subject(arguments)
    }

    async fn call(&self, context: &ToolContext, arguments: Value) -> Result<ToolOutput, ToolFailure> {
        let arguments: Arguments = parse(NAME, arguments)?;
        changing(context, move |context| {
            let written = context.workspace.write(&arguments.path, arguments.content.as_bytes())?;
            let what = if written.created { "made" } else { "replaced" };
            let (bytes, lines) = (arguments.content.len(), arguments.content.lines().count());
            let ending = if lines == 1 { "" } else { "s" };
            let text = format!("{} {what}: {bytes} bytes, {lines} line{ending}", quoted(&written.path));
            Ok(ToolOutput { output: Value::String(text), full: None })
        })
        .await
    }
}
