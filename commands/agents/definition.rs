//! From a path to the definition of an agent: the one place that knows in which forms definitions come.

use std::path::Path;

use ombud::config::{parse_agent, printable, read_config_file};
use ombud::dialects::octavus::{Fault, is_definition, read_folder};
use ombud::domain::{Agent, Error, Result};

/// What was read at a path.
pub struct Definition {
    /// The agent.
    pub agent: Result<Agent>,
    /// What is told of a folder: its errors, and what can be used all the same. Their files are whole paths.
    pub faults: Vec<Fault>,
}

/// Reads the definition at a path: a file in TOML, YAML or JSON, or a folder with `settings.json` and `protocol.yaml`.
///
/// The agent is `not_found`, or `invalid_input` naming file, line and key, with a suggestion.
pub fn read(path: &Path) -> Definition {
    if is_definition(path) {
        return of_folder(path);
    }
    let agent = read_config_file(path).and_then(|source| parse_agent(path, &source));
    Definition { agent, faults: Vec::new() }
}

fn of_folder(folder: &Path) -> Definition {
    let (agent, mut faults) = match read_folder(folder) {
        Ok(read) => read,
        Err(error) => return Definition { agent: Err(error), faults: Vec::new() },
    };
    for fault in &mut faults {
        fault.file = printable(&folder.join(&fault.file).to_string_lossy());
    }
    let agent = agent.ok_or_else(|| {
        let errors: Vec<_> = faults.iter().filter(|fault| fault.is_error()).map(ToString::to_string).collect();
        Error::invalid(errors.join("\n"))
    });
    Definition { agent, faults }
}
