//! The guard's other side: how whoever has a command run starts it.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use tokio::process::Command;

use super::{Orders, WORD};
use crate::config::ToolSettings;

/// Where programs are when the environment does not say.
pub(in crate::tools) const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Where what is temporary lies when the environment does not say.
const TEMPORARY: &str = "/tmp";

/// Where what is temporary lies for commands.
pub(in crate::tools) fn temporary(settings: &ToolSettings) -> &Path {
    Path::new(settings.environment.get("TMPDIR").map_or(TEMPORARY, String::as_str))
}

/// What a command may write to: these places, and those of the settings.
pub(in crate::tools) fn writable(settings: &ToolSettings, places: &[&Path]) -> Vec<PathBuf> {
    places.iter().map(|place| place.to_path_buf()).chain(settings.writable.iter().cloned()).collect()
}

/// A guard with its orders, in a folder, with the other end of its lifeline; its output is for the caller to say.
pub(in crate::tools) fn command(
    settings: &ToolSettings,
    program: &Path,
    orders: &Orders,
    folder: &Path,
    lifeline: OwnedFd,
) -> Command {
    let mut command = Command::new(program);
    command
        .arg(WORD)
        .args(orders.arguments())
        .env_clear()
        .env("PATH", PATH)
        .envs(&settings.environment)
        .current_dir(folder)
        .stdin(lifeline);
    command
}

/// A path as one word of the shell.
pub(in crate::tools) fn quoted(path: &Path) -> String {
    format!("'{}'", path.to_string_lossy().replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word() {
        assert_eq!(quoted(Path::new("/a b/c'd$e")), r"'/a b/c'\''d$e'");
    }
}
