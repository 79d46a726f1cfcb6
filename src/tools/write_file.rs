//! `write_file`: a whole file.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::config::Limits;
use crate::domain::{Access, Effect, ToolSpec};
use crate::workspace::Workspace;

use super::arguments::{quoted, schema};
use super::file_tool::FileTool;
use super::output::Caps;
use super::{ToolContext, ToolFailure, ToolOutput};

const NAME: &str = "write_file";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    path: String,
    content: String,
}

/// Writes a file.
pub(super) fn tool(limits: &Limits) -> FileTool<Arguments> {
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
    FileTool::new(spec, Caps::new(limits), write)
}

fn write(context: &ToolContext, arguments: &Arguments, _: Caps) -> Result<ToolOutput, ToolFailure> {
    let written = context.workspace.write(&arguments.path, arguments.content.as_bytes())?;
    let what = if written.created { "made" } else { "replaced" };
    let (bytes, lines) = (arguments.content.len(), arguments.content.lines().count());
    let ending = if lines == 1 { "" } else { "s" };
    let text = format!("{} {what}: {bytes} bytes, {lines} line{ending}", quoted(&written.path));
    Ok(ToolOutput { output: Value::String(text), full: None })
}
