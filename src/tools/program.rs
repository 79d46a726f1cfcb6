//! A program of the settings, run once under the guard: something goes in, bytes come out. No agent calls it.

use std::io;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use bytes::Bytes;
use rustix::process::Pid;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::net::UnixStream;
use tokio::process::Child;

use super::guard::{self, Orders, quoted};
use crate::config::ToolSettings;
use crate::domain::{Cause, Error, ErrorCode, Result};

/// How long the guard may take to end everything before it is killed itself.
const GRACE: Duration = Duration::from_secs(1);
/// Most bytes that are kept of what a program says beside its output.
const WORDS_BYTES: u64 = 4 << 10;
/// Most characters of that which are shown.
const SHOWN: usize = 300;
/// What stands for the path of what goes in.
const FILE: &str = "{file}";

/// What is given to a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// On its standard input.
    Input(Bytes),
    /// As a file with this ending: its path stands for `{file}` in the command line, or after it.
    File {
        /// The ending of its name, such as `.wav`.
        ending: String,
        /// Its bytes.
        bytes: Bytes,
    },
}

/// How long a program may run, and how much it may say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Longest run.
    pub time: Duration,
    /// Most bytes of its output.
    pub bytes: usize,
}

/// Runs a command line with `/bin/sh`, in a folder of its own that it may write to, and answers its standard output. Who
/// drops the answer ends it, with all that it started.
///
/// # Errors
/// `not_supported` where no guard is set up, `timed_out`, `model_failed` when it fails or says too much.
pub async fn run_program(settings: &ToolSettings, line: &str, given: Given, bounds: Bounds) -> Result<Bytes> {
    let guard = settings
        .guard
        .as_ref()
        .ok_or_else(|| Error::new(ErrorCode::NotSupported, "programs cannot be run here: no guard is set up"))?;
    let temporary = guard::temporary(settings).to_owned();
    let (folder, input) = tokio::task::spawn_blocking(move || place(&temporary, given))
        .await
        .map_err(|error| Error::internal(format!("nothing can be prepared for a program: {error}")))?
        .map_err(|error| Error::new(ErrorCode::Unavailable, format!("nothing can be prepared for a program: {error}")))?;
    let line = whole_line(line, &input);
    let mut running = Running::start(settings, guard, &line, folder.path())
        .map_err(|error| Error::new(ErrorCode::Unavailable, format!("the guard of programs cannot be started: {error}")))?;
    let ended = running.until_end(bounds).await;
    // It is removed when nothing runs any more that could write to it.
    drop(folder);
    ended
}

/// Where what goes in stands.
enum Place {
    Input(PathBuf),
    File(PathBuf),
}

fn place(temporary: &Path, given: Given) -> io::Result<(tempfile::TempDir, Place)> {
    let folder = tempfile::Builder::new().prefix("ombud-").tempdir_in(temporary)?;
    let input = match given {
        Given::Input(bytes) => {
            let path = folder.path().join("input");
            std::fs::write(&path, bytes)?;
            Place::Input(path)
        }
        Given::File { ending, bytes } => {
            let plain: String = ending.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '.').collect();
            let path = folder.path().join(format!("input{plain}"));
            std::fs::write(&path, bytes)?;
            Place::File(path)
        }
    };
    Ok((folder, input))
}

/// The command line with what goes into it. It may be several commands.
fn whole_line(line: &str, input: &Place) -> String {
    match input {
        Place::Input(path) => format!("{{ {line}\n}} < {}", quoted(path)),
        Place::File(path) if line.contains(FILE) => line.replace(FILE, &quoted(path)),
        Place::File(path) => format!("{line} {}", quoted(path)),
    }
}

/// A program that runs.
struct Running {
    child: Child,
    /// The guard's own id: also that of its session, in which the program starts.
    session: Option<Pid>,
    /// While we hold it the guard lets the program run.
    lifeline: Option<UnixStream>,
}

impl Running {
    fn start(settings: &ToolSettings, program: &Path, line: &str, folder: &Path) -> io::Result<Self> {
        let writable = guard::writable(settings, &[folder]);
        let orders = Orders { command: line.into(), writable, unconfined: settings.unconfined, memory: None };
        let (lifeline, theirs) = StdUnixStream::pair()?;
        lifeline.set_nonblocking(true)?;
        let child = guard::command(settings, program, &orders, folder, theirs.into())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let session = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        Ok(Self { child, session, lifeline: Some(UnixStream::from_std(lifeline)?) })
    }

    async fn until_end(&mut self, bounds: Bounds) -> Result<Bytes> {
        let (output, words) = (self.child.stdout.take(), self.child.stderr.take());
        let most = u64::try_from(bounds.bytes).unwrap_or(u64::MAX);
        let read = async {
            // What is said beside the output is read to its end, so that nothing waits for us.
            let (output, words) = tokio::join!(all_of(output, most), beginning_of(words));
            (output, words, self.child.wait().await)
        };
        let ended = tokio::time::timeout(bounds.time, read).await;
        let told = match ended {
            Err(_) => Err(Error::new(
                ErrorCode::TimedOut,
                format!("the program did not end within {:?} and was ended, with all that it started", bounds.time),
            )),
            Ok((Err(error), ..)) => Err(error),
            Ok((Ok(output), words, status)) => match status {
                Ok(status) if status.success() => return Ok(output),
                Ok(status) => {
                    let code = status.code().map_or_else(|| "was killed".to_owned(), |code| format!("ended with {code}"));
                    let words = shown(&words);
                    let colon = if words.is_empty() { "" } else { ": " };
                    Err(Error::model(Cause::Server, format!("the program {code}{colon}{words}")))
                }
                Err(error) => Err(Error::internal(format!("the end of a program cannot be seen: {error}"))),
            },
        };
        self.end().await;
        told
    }

    /// Ends it, with all that it started.
    async fn end(&mut self) {
        drop(self.lifeline.take());
        if tokio::time::timeout(GRACE, self.child.wait()).await.is_err() {
            if let Some(session) = self.session {
                guard::end_session(session);
            }
            let _ = self.child.start_kill();
            let _ = tokio::time::timeout(GRACE, self.child.wait()).await;
        }
    }
}

/// All that comes, at most so many bytes.
async fn all_of(output: Option<impl AsyncRead + Unpin>, most: u64) -> Result<Bytes> {
    let Some(output) = output else { return Ok(Bytes::new()) };
    let mut bytes = Vec::new();
    let read = output.take(most.saturating_add(1)).read_to_end(&mut bytes).await;
    read.map_err(|error| Error::model(Cause::Cut, format!("the output of the program cannot be read: {error}")))?;
    if bytes.len() as u64 > most {
        return Err(Error::model(Cause::Garbage, format!("the program wrote more than {most} bytes")));
    }
    Ok(bytes.into())
}

/// What comes first; the rest is passed over.
async fn beginning_of(words: Option<impl AsyncRead + Unpin>) -> Vec<u8> {
    let (mut bytes, Some(mut words)) = (Vec::new(), words) else { return Vec::new() };
    let mut buffer = [0; 1 << 10];
    while let Ok(count) = words.read(&mut buffer).await {
        if count == 0 {
            break;
        }
        let room = usize::try_from(WORDS_BYTES).unwrap_or(usize::MAX).saturating_sub(bytes.len());
        bytes.extend_from_slice(&buffer[..count.min(room)]);
    }
    bytes
}

/// The words of a program in one short line.
fn shown(words: &[u8]) -> String {
    let text = String::from_utf8_lossy(words);
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).collect();
    words.join(" ").chars().take(SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_stands_where_the_line_says() {
        let path = || PathBuf::from("/tmp/it's/input.wav");
        let quoted = r"'/tmp/it'\''s/input.wav'";
        assert_eq!(whole_line("say -x", &Place::Input(path())), format!("{{ say -x\n}} < {quoted}"));
        assert_eq!(whole_line("hear {file} -t {file}", &Place::File(path())), format!("hear {quoted} -t {quoted}"));
        assert_eq!(whole_line("hear", &Place::File(path())), format!("hear {quoted}"));
    }

    #[test]
    fn an_ending_is_no_path() {
        let given = Given::File { ending: "/../../x.wav".to_owned(), bytes: Bytes::from_static(b"x") };
        let (folder, Place::File(path)) = place(&std::env::temp_dir(), given).unwrap() else { panic!("a file") };
        assert_eq!(path, folder.path().join("input....x.wav"));
    }
}
