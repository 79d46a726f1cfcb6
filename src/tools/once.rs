//! A command that is run once under the [`guard`], to its end: what it wrote, what it said beside that, and how it ended.

use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::guard::{self, Guarded, Orders};
use crate::config::ToolSettings;

/// How long a program may run, and how much it may say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Longest run.
    pub time: Duration,
    /// Most bytes of its output.
    pub bytes: usize,
}

/// A command that is to run.
pub(super) struct Once<'a> {
    /// Its line, for `/bin/sh -c`.
    pub line: String,
    /// Where it is started.
    pub folder: &'a Path,
    /// Where it may write, beside what the settings say.
    pub writable: &'a Path,
    /// How long it may run, and how much it may write.
    pub bounds: Bounds,
    /// Most bytes that are kept of what it says on its standard error; the rest is read and dropped.
    pub words: usize,
}

/// What came of it.
pub(super) struct Ran {
    /// What it wrote to its standard output.
    pub output: Vec<u8>,
    /// How what it said on its standard error begins.
    pub words: Vec<u8>,
    pub status: ExitStatus,
}

/// Why nothing came of it.
pub(super) enum Failure {
    /// Its guard could not be started.
    NotStarted(io::Error),
    /// Its time was over, and it was ended with all that it started.
    Late,
    /// Its output cannot be read.
    Unreadable(io::Error),
    /// It wrote more than it may.
    TooMuch,
    /// Its end cannot be seen.
    Unseen(io::Error),
}

impl Once<'_> {
    /// Runs it. Whoever drops the call ends it, with all that it started.
    pub async fn run(self, settings: &ToolSettings, program: &Path) -> Result<Ran, Failure> {
        let writable = guard::writable(settings, &[self.writable]);
        let orders = Orders { command: self.line.into(), writable, unconfined: settings.unconfined, memory: None };
        let outputs = (Stdio::piped(), Stdio::piped());
        let mut guarded = Guarded::start(settings, program, &orders, self.folder, outputs).map_err(Failure::NotStarted)?;
        let (output, words) = (guarded.child.stdout.take(), guarded.child.stderr.take());
        let ended = tokio::time::timeout(self.bounds.time, async {
            // What is said beside the output is read to its end, so that nothing waits for us.
            let (output, words) = tokio::join!(all_of(output, self.bounds.bytes), beginning_of(words, self.words));
            Ok(Ran { output: output?, words, status: guarded.child.wait().await.map_err(Failure::Unseen)? })
        });
        let ended = ended.await.unwrap_or(Err(Failure::Late));
        if ended.is_err() {
            guarded.end().await;
        }
        ended
    }
}

/// All that comes, at most so many bytes.
async fn all_of(output: Option<impl AsyncRead + Unpin>, most: usize) -> Result<Vec<u8>, Failure> {
    let (mut bytes, Some(output)) = (Vec::new(), output) else { return Ok(Vec::new()) };
    let one_more = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    output.take(one_more).read_to_end(&mut bytes).await.map_err(Failure::Unreadable)?;
    if bytes.len() > most { Err(Failure::TooMuch) } else { Ok(bytes) }
}

/// What comes first; the rest is passed over.
async fn beginning_of(words: Option<impl AsyncRead + Unpin>, most: usize) -> Vec<u8> {
    let (mut bytes, Some(mut words)) = (Vec::new(), words) else { return Vec::new() };
    let mut piece = [0; 4 << 10];
    while let Ok(count) = words.read(&mut piece).await
        && count > 0
    {
        bytes.extend_from_slice(&piece[..count.min(most - bytes.len())]);
    }
    bytes
}
