//! What a project says to agents: the file `AGENTS.md` of the workspace.

use std::path::Path;

use ombud::domain::{ErrorCode, Result};
use ombud::workspace::Workspace;

/// The name of the file.
const FILE: &str = "AGENTS.md";

/// The instructions of a workspace; `None` when it has none.
///
/// # Errors
/// When the file is there and cannot be read.
pub fn of_project(workspace: &Path, limit: usize) -> Result<Option<String>> {
    let folder = Workspace::open(workspace)?;
    let bytes = match folder.read(FILE, limit) {
        Ok(bytes) => bytes,
        Err(error) if error.code == ErrorCode::NotFound => return Ok(None),
        Err(error) => {
            return Err(error.hint("`--no-project-instructions` goes on without it"));
        }
    };
    let text = String::from_utf8_lossy(&bytes).trim().to_owned();
    Ok((!text.is_empty()).then(|| format!("Instructions of the project, from {FILE}:\n\n{text}")))
}
