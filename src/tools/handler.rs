//! Commands that answer requests: for each, one is started under the [`guard`], with what was asked on its standard input.
//! What it writes to its standard output is the answer, and what to its standard error says why there is none.
//!
//! The command line comes from whoever administers the house, never from a request. Whoever drops the call drops the
//! lifeline, and with it everything that the command started.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use super::guard;
use super::once::{Bounds, Failure, Once, Ran};
use crate::config::ToolSettings;
use crate::domain::{Error, ErrorCode, Result};

/// Most bytes of an answer.
const OUTPUT: usize = 16 << 20;
/// Most bytes of what is said beside it; the rest is read and dropped.
const SAID: usize = 8 << 10;

/// A command that is to answer.
#[derive(Clone, Copy, Debug)]
pub struct Handling<'a> {
    /// Its line, for `/bin/sh -c`.
    pub line: &'a str,
    /// Where it is started. It may write there only where commands may anyway.
    pub folder: &'a Path,
    /// What it is given on its standard input.
    pub input: &'a [u8],
    /// How long it may run.
    pub time: Duration,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handled {
    /// What it wrote to its standard output: at most 16 MiB.
    pub output: Vec<u8>,
    /// What it said on its standard error: the first 8 KiB.
    pub said: String,
    /// What it exited with; 128 and more for a signal.
    pub code: i32,
}

/// Runs a command, and tells what it gave.
///
/// # Errors
/// `not_supported` when commands cannot be run here, `unavailable` when it cannot be started, `timed_out`, `too_large`.
pub async fn handle(settings: &ToolSettings, handling: Handling<'_>) -> Result<Handled> {
    let Some(program) = &settings.guard else {
        return Err(Error::new(ErrorCode::NotSupported, "commands cannot be run here: no guard is set up"));
    };
    let failed = |what: &str, error: &dyn std::fmt::Display| {
        Error::new(ErrorCode::Unavailable, format!("the command cannot be run: {what}: {error}"))
    };
    let temporary = guard::temporary(settings);
    // A command under a guard has no standard input of its own: its shell opens this.
    let mut input = tempfile::NamedTempFile::new_in(temporary).map_err(|error| failed("its input", &error))?;
    input.write_all(handling.input).map_err(|error| failed("its input", &error))?;
    let line = format!("exec <{}\n{}", guard::quoted(input.path()), handling.line);
    let bounds = Bounds { time: handling.time, bytes: OUTPUT };
    let once = Once { line, folder: handling.folder, writable: temporary, bounds, words: SAID };
    let Ran { output, words, status } = once.run(settings, program).await.map_err(|failure| match failure {
        Failure::NotStarted(error) => failed("its guard", &error),
        Failure::Late => {
            let message = format!("the command did not end within {} s, and was ended", handling.time.as_secs());
            Error::new(ErrorCode::TimedOut, message)
        }
        Failure::Unreadable(error) => {
            Error::new(ErrorCode::Unavailable, format!("what the command wrote cannot be read: {error}"))
        }
        Failure::TooMuch => Error::new(ErrorCode::TooLarge, format!("the command wrote more than {OUTPUT} bytes")),
        Failure::Unseen(error) => failed("its end", &error),
    })?;
    Ok(Handled { output, said: String::from_utf8_lossy(&words).trim().to_owned(), code: code(status) })
}

fn code(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt as _;
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn without_a_guard_nothing_runs() {
        let settings = ToolSettings { guard: None, ..ToolSettings::default() };
        let handling = Handling { line: "true", folder: Path::new("/"), input: b"", time: Duration::from_secs(2) };
        assert_eq!(handle(&settings, handling).await.unwrap_err().code, ErrorCode::NotSupported);
    }
}
