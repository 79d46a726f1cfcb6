//! The guard's other side: how whoever has a command run starts it, and ends it.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::Pid;
use tokio::net::UnixStream;
use tokio::process::{Child, Command};

use super::{Orders, WORD, end_session};
use crate::config::ToolSettings;

/// Where programs are when the environment does not say.
pub(in crate::tools) const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Where what is temporary lies when the environment does not say.
const TEMPORARY: &str = "/tmp";
/// How long a guard may take to end everything before it is killed itself.
const GRACE: Duration = Duration::from_secs(1);

/// Where what is temporary lies for commands.
pub(in crate::tools) fn temporary(settings: &ToolSettings) -> &Path {
    Path::new(settings.environment.get("TMPDIR").map_or(TEMPORARY, String::as_str))
}

/// What a command may write to: these places, and those of the settings.
pub(in crate::tools) fn writable(settings: &ToolSettings, places: &[&Path]) -> Vec<PathBuf> {
    places.iter().map(|place| place.to_path_buf()).chain(settings.writable.iter().cloned()).collect()
}

/// A guard at work. Whoever drops it ends the command, with all that it started.
pub(in crate::tools) struct Guarded {
    /// Its process.
    pub(in crate::tools) child: Child,
    /// Its own id: also that of its session, in which the command starts.
    session: Option<Pid>,
    /// While we hold it the guard lets the command run.
    pub(in crate::tools) lifeline: Option<UnixStream>,
}

impl Guarded {
    /// Starts one with its orders, in a folder; `outputs` are the standard output and error of the command.
    pub(in crate::tools) fn start(
        settings: &ToolSettings,
        program: &Path,
        orders: &Orders,
        folder: &Path,
        outputs: (Stdio, Stdio),
    ) -> io::Result<Self> {
        let (lifeline, theirs) = StdUnixStream::pair()?;
        lifeline.set_nonblocking(true)?;
        // What is spawned from holds the ends that are not ours, and is dropped at once: with them our pipes would never end.
        let child = Command::new(program)
            .arg(WORD)
            .args(orders.arguments())
            .env_clear()
            .env("PATH", PATH)
            .envs(&settings.environment)
            .current_dir(folder)
            .stdin(OwnedFd::from(theirs))
            .stdout(outputs.0)
            .stderr(outputs.1)
            .spawn()?;
        let session = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        Ok(Self { child, session, lifeline: Some(UnixStream::from_std(lifeline)?) })
    }

    /// Ends it, with all that it started.
    pub(in crate::tools) async fn end(&mut self) {
        drop(self.lifeline.take());
        if tokio::time::timeout(GRACE, self.child.wait()).await.is_ok() {
            return;
        }
        self.end_session();
        let _ = self.child.start_kill();
        // A process that the kernel does not let go is not waited for; the runtime buries it.
        let _ = tokio::time::timeout(GRACE, self.child.wait()).await;
    }

    /// Ends what a guard can no longer end.
    pub(in crate::tools) fn end_session(&self) {
        if let Some(session) = self.session {
            end_session(session);
        }
    }
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
