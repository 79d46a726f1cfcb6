//! From a path to the definition of an agent: the one place that knows in which forms definitions come.

use std::path::Path;

use ombud::config::{parse_agent, read_config_file};
use ombud::domain::{Agent, Result};

/// Reads the definition at a path: a file in TOML, YAML or JSON.
///
/// # Errors
/// `not_found`; `invalid_input` naming file, line and key, with a suggestion.
pub fn read(path: &Path) -> Result<Agent> {
    parse_agent(path, &read_config_file(path)?)
}
