//! Commands that answer requests: for each, one is started under the [`guard`], with what was asked on its standard input.
//! What it writes to its standard output is the answer, and what to its standard error says why there is none.
//!
//! The command line comes from whoever administers the house, never from a request. Whoever drops the call drops the
//! lifeline, and with it everything that the command started.

use std::io::Write as _;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::guard::{self, Orders};
use crate::config::ToolSettings;
use crate::domain::{Error, ErrorCode, Result};

/// Most bytes of an answer.
const OUTPUT: u64 = 16 << 20;
/// Most bytes of what is said beside it; the rest is read and dropped.
const SAID: usize = 8 << 10;
/// How long the guard may take to end everything.
const GRACE: Duration = Duration::from_secs(2);

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
    let command = format!("exec <{}\n{}", guard::quoted(input.path()), handling.line);
    let orders = Orders {
        command: command.into(),
        writable: guard::writable(settings, &[temporary]),
        unconfined: settings.unconfined,
        memory: None,
    };
    let (lifeline, theirs) = StdUnixStream::pair().map_err(|error| failed("its lifeline", &error))?;
    let mut command = guard::command(settings, program, &orders, handling.folder, theirs.into());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| failed("its guard", &error))?;
    // It holds the other end of the lifeline still.
    drop(command);
    let (Some(output), Some(said)) = (child.stdout.take(), child.stderr.take()) else {
        return Err(failed("its guard", &"it has no pipes"));
    };
    let ended = tokio::time::timeout(handling.time, async {
        let (output, said) = tokio::join!(answer(output), words(said));
        (output, said, child.wait().await)
    })
    .await;
    drop(lifeline);
    let Ok((output, said, status)) = ended else {
        // The guard ends everything now that its lifeline is gone.
        let _ = tokio::time::timeout(GRACE, child.wait()).await;
        let message = format!("the command did not end within {} s, and was ended", handling.time.as_secs());
        return Err(Error::new(ErrorCode::TimedOut, message));
    };
    let status = status.map_err(|error| failed("its end", &error))?;
    let output = output?;
    Ok(Handled { output, said, code: code(status) })
}

fn code(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt as _;
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default())
}

async fn answer(output: impl AsyncRead + Unpin) -> Result<Vec<u8>> {
    let mut answer = Vec::new();
    let mut output = output.take(OUTPUT + 1);
    output
        .read_to_end(&mut answer)
        .await
        .map_err(|error| Error::new(ErrorCode::Unavailable, format!("what the command wrote cannot be read: {error}")))?;
    if answer.len() as u64 > OUTPUT {
        return Err(Error::new(ErrorCode::TooLarge, format!("the command wrote more than {OUTPUT} bytes")));
    }
    Ok(answer)
}

async fn words(mut said: impl AsyncRead + Unpin) -> String {
    let mut words = Vec::new();
    let mut piece = [0; 4 << 10];
    while let Ok(count) = said.read(&mut piece).await
        && count > 0
    {
        words.extend_from_slice(&piece[..count.min(SAID - words.len())]);
    }
    String::from_utf8_lossy(&words).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn without_a_guard_nothing_runs() {
        let settings = ToolSettings { guard: None, ..ToolSettings::default() };
        let handling = Handling { line: "true", folder: Path::new("/"), input: b"", time: GRACE };
        assert_eq!(handle(&settings, handling).await.unwrap_err().code, ErrorCode::NotSupported);
    }
}
