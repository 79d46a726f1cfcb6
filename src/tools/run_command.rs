//! `run_command`: a command line, under a guard.
//!
//! This side starts the [`guard`], holds its lifeline, collects the output within limits and decides when it is
//! over. Whoever drops the call drops the lifeline, and with it everything that the command started.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::unix::pipe::Receiver;

use crate::config::{Limits, ToolSettings};
use crate::domain::{Access, Effect, Error, ErrorCode, ToolSpec};
use crate::workspace::{Kind, shown};

use super::arguments::{cancelled, parse, quoted, schema, text};
use super::guard::{self, Guarded, Orders};
use super::output::{Caps, Kept};
use super::{Tool, ToolContext, ToolFailure, ToolOutput};

const NAME: &str = "run_command";
/// Longest command line: an argument of a program cannot be much longer.
const COMMAND_BYTES: usize = 100_000;
/// Most bytes of the guard's own words.
const WORDS_BYTES: usize = 4 << 10;
/// Most bytes that are still taken when the guard has ended; a pipe holds less unless a survivor fills it again.
const REST_BYTES: usize = 1 << 20;
const WAY: &str = "to see it, run again with the output in a file of the workspace, and read or search that";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    command: String,
    timeout_seconds: Option<u64>,
    folder: Option<String>,
}

/// Runs a command.
pub struct RunCommand {
    spec: ToolSpec,
    caps: Caps,
    longest: Duration,
    /// Most bytes of memory of a command with all that it starts.
    memory: Option<u64>,
    settings: ToolSettings,
}

impl RunCommand {
    /// With the limits and settings of the tools.
    pub fn new(limits: &Limits, settings: &ToolSettings) -> Self {
        let longest = limits.command_time;
        let seconds = longest.as_secs().max(1);
        let spec = ToolSpec {
            name: NAME.to_owned(),
            description: "Runs a command line with `/bin/sh -c` in the workspace, waits for its end, and gives what it \
                          wrote (standard output and error together), then its exit code in brackets. It has no standard \
                          input and no terminal, and may write only to the workspace and the temporary folder. Nothing \
                          that it starts in the background outlives it."
                .to_owned(),
            parameters: schema(
                json!({
                    "command": {"type": "string", "minLength": 1, "description": "The command line."},
                    "timeout_seconds": {"type": "integer", "minimum": 1, "description": format!("How long it may run; default and at most {seconds}.")},
                    "folder": {"type": "string", "description": "The folder of the workspace to run it in; default `.`, the workspace itself."},
                }),
                &["command"],
            ),
            effect: Effect::Once,
            access: Access::Run,
        };
        Self { spec, caps: Caps::new(limits), longest, memory: limits.command_memory, settings: settings.clone() }
    }

    /// Starts the guard.
    fn start(&self, program: &Path, root: &Path, folder: &Path, line: &str) -> io::Result<Running> {
        let orders = Orders {
            command: line.into(),
            writable: guard::writable(&self.settings, &[root, guard::temporary(&self.settings)]),
            unconfined: self.settings.unconfined,
            memory: self.memory,
        };
        // One pipe for both, so that what was written first is shown first.
        let (output, input) = io::pipe()?;
        let outputs = (input.try_clone()?.into(), input.into());
        let guarded = Guarded::start(&self.settings, program, &orders, folder, outputs)?;
        Ok(Running { guarded, output: Some(Receiver::from_owned_fd(output.into())?), kept: Kept::new(self.caps) })
    }
}

#[async_trait]
impl Tool for RunCommand {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn subject(&self, arguments: &Value) -> String {
        text(arguments, "command").to_owned()
    }

    async fn call(&self, context: &ToolContext, arguments: Value) -> Result<ToolOutput, ToolFailure> {
        let arguments: Arguments = parse(NAME, arguments)?;
        let Some(program) = &self.settings.guard else {
            let message = "commands cannot be run here: no guard is set up";
            return Err(ToolFailure::new(ErrorCode::NotSupported, message));
        };
        let line = arguments.command.as_str();
        if line.trim().is_empty() || line.contains('\0') || line.len() > COMMAND_BYTES {
            let message = format!("`command` is empty, holds a NUL or is longer than {COMMAND_BYTES} bytes");
            return Err(ToolFailure::new(ErrorCode::InvalidInput, message));
        }
        let folder = folder(context, arguments.folder.as_deref().unwrap_or("."))?;
        let longest =
            arguments.timeout_seconds.map_or(self.longest, |asked| Duration::from_secs(asked.max(1)).min(self.longest));
        if context.cancelled.is_cancelled() {
            return Err(cancelled());
        }
        let mut running = self.start(program, context.workspace.root(), &folder, line).map_err(|error| {
            ToolFailure::new(ErrorCode::Unavailable, format!("the guard of commands cannot be started: {error}"))
        })?;
        let end = running.until_end(context, longest).await;
        running.told(end, line, longest, self.memory)
    }
}

/// The absolute path of a folder of the workspace.
fn folder(context: &ToolContext, path: &str) -> Result<PathBuf, Error> {
    if context.workspace.kind(path)? != Kind::Folder {
        return Err(Error::invalid(format!("`folder` {} is not a folder", quoted(path))));
    }
    Ok(context.workspace.root().join(context.workspace.resolved(path)?))
}

/// How a command came to its end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// By itself.
    Own,
    /// The run was cancelled.
    Cancelled,
    /// Its time was over.
    TimedOut,
}

/// A command that runs.
struct Running {
    guarded: Guarded,
    /// Until its end.
    output: Option<Receiver>,
    kept: Kept,
}

impl Running {
    /// Collects the output until the guard has ended, by itself or because we want it to.
    async fn until_end(&mut self, context: &ToolContext, longest: Duration) -> End {
        let deadline = tokio::time::sleep(longest);
        tokio::pin!(deadline);
        let end = loop {
            tokio::select! {
                biased;
                () = context.cancelled.cancelled() => break End::Cancelled,
                () = &mut deadline => break End::TimedOut,
                _ = self.guarded.child.wait() => break End::Own,
                () = readable(self.output.as_ref()) => self.take(REST_BYTES),
            }
        };
        if end != End::Own {
            self.guarded.end().await;
        }
        self.take(REST_BYTES);
        // A survivor may hold the other end for ever: what comes now is nobody's.
        self.output = None;
        end
    }

    /// Takes what is there, without waiting, at most so much.
    fn take(&mut self, most: usize) {
        let mut buffer = [0; 16 << 10];
        let mut taken = 0;
        while let Some(output) = self.output.as_ref().filter(|_| taken < most) {
            match output.try_read(&mut buffer) {
                Ok(0) => self.output = None,
                Ok(count) => {
                    self.kept.push(&buffer[..count]);
                    taken += count;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => self.output = None,
            }
        }
    }

    /// What the guard said; it has ended, so that all of it is there.
    fn words(&mut self) -> Words {
        let mut text = Vec::new();
        let mut buffer = [0; 1 << 10];
        while let Some(lifeline) = self.guarded.lifeline.as_ref().filter(|_| text.len() < WORDS_BYTES) {
            match lifeline.try_read(&mut buffer) {
                Ok(count) if count > 0 => text.extend_from_slice(&buffer[..count]),
                _ => break,
            }
        }
        Words::parse(&String::from_utf8_lossy(&text))
    }

    /// The output and how it ended.
    fn told(mut self, end: End, line: &str, longest: Duration, memory: Option<u64>) -> Result<ToolOutput, ToolFailure> {
        let name = format!("`{}`", shown(short(line)));
        let (code, message, status) = match end {
            End::Own => {
                let words = self.words();
                if words.over_memory {
                    let most = memory.unwrap_or_default();
                    let message = format!(
                        "{name} was ended, with all that it started: it used more than {most} bytes of memory \
                         (limits.command_memory_bytes)"
                    );
                    let partial = Some(self.kept.finish("[out of memory]", WAY));
                    return Err(ToolFailure { code: ErrorCode::TooLarge, message, partial });
                }
                match (words.end, words.failed) {
                    (Some(end), _) => {
                        let mut status = format!("[{end}");
                        // A program that was refused memory ends by itself, in words of its own.
                        if let Some(most) = memory.filter(|_| end != "exit code 0") {
                            status.push_str(&format!("; each of its processes could have {most} bytes of memory"));
                        }
                        if let Some(cause) = words.not_confined {
                            status.push_str(&format!("; not confined: {cause}"));
                        }
                        status.push(']');
                        return Ok(self.kept.finish(&status, WAY));
                    }
                    (None, Some(cause)) => (ErrorCode::Unavailable, format!("{name} was not run: {cause}"), "[not run]"),
                    (None, None) => {
                        // Somebody killed the guard. A command that is confined cannot have done it.
                        self.guarded.end_session();
                        let message = format!("the guard of {name} was killed; what the command did is not known");
                        (ErrorCode::Unavailable, message, "[interrupted]")
                    }
                }
            }
            End::Cancelled => (ErrorCode::Unavailable, format!("{name} was ended: the run was cancelled"), "[cancelled]"),
            End::TimedOut => {
                let message = format!("{name} did not end within {longest:?} and was ended, with all that it started");
                (ErrorCode::TimedOut, message, "[timed out]")
            }
        };
        Err(ToolFailure { code, message, partial: Some(self.kept.finish(status, WAY)) })
    }
}

/// Waits for output; for ever when there will be none.
async fn readable(output: Option<&Receiver>) {
    match output {
        // An error is met again, and dealt with, when reading.
        Some(output) => drop(output.readable().await),
        None => std::future::pending().await,
    }
}

/// The first line of a command, not too long.
fn short(line: &str) -> String {
    let first = line.trim().lines().next().unwrap_or_default();
    let cut: String = first.chars().take(80).collect();
    if cut.len() < line.trim().len() { format!("{cut}…") } else { cut }
}

/// What a guard said on the lifeline.
#[derive(Default)]
struct Words {
    not_confined: Option<String>,
    end: Option<String>,
    failed: Option<String>,
    over_memory: bool,
}

impl Words {
    fn parse(text: &str) -> Self {
        let mut words = Self::default();
        for line in text.lines() {
            match line.split_once(' ') {
                Some(("not", rest)) => words.not_confined = rest.strip_prefix("confined: ").map(str::to_owned),
                Some(("exited", code)) => words.end = Some(format!("exit code {code}")),
                Some(("over", "memory")) => words.over_memory = true,
                Some(("killed", signal)) => words.end = Some(format!("killed by signal {signal}")),
                Some(("failed", cause)) => words.failed = Some(cause.to_owned()),
                _ => {}
            }
        }
        words
    }
}
