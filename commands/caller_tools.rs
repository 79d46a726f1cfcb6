//! Tools of an agent that this program answers with commands: each call is one run of its command, with the arguments as JSON
//! on standard input. What the command prints is what the call gave: JSON, or else a text.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use futures_util::future::join_all;
use ombud::domain::ToolCall;
use ombud::engine::CallerReturn;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

/// Most bytes of what a command prints.
const OUTPUT: u64 = 4 << 20;
/// Most bytes of what it says about a failure.
const FAILURE: usize = 2_000;

/// Commands by the tools that they answer.
#[derive(Clone, Debug, Default)]
pub struct CallerTools {
    commands: BTreeMap<String, String>,
    /// How long one of them may work.
    time: Duration,
}

impl CallerTools {
    /// These commands, each with so much time.
    pub fn new(commands: &[(String, String)], time: Duration) -> Self {
        Self { commands: commands.iter().cloned().collect(), time }
    }

    /// Whether calls are answered here at all.
    pub fn is_empty(&self) -> bool {
        self.commands.is_empty()
    }

    /// Answers calls, all at the same time. A command ends with the future.
    pub async fn answer(&self, calls: Vec<ToolCall>) -> Vec<CallerReturn> {
        join_all(calls.into_iter().map(|call| self.one(call))).await
    }

    async fn one(&self, call: ToolCall) -> CallerReturn {
        let gave = match self.commands.get(&call.name) {
            Some(command) => {
                let late = || format!("the command did not end within {:?} (`limits.command_seconds`)", self.time);
                let done = tokio::time::timeout(self.time, carry_out(command, &call.arguments)).await;
                done.unwrap_or_else(|_| Err(late()))
            }
            None => Err(format!("no command answers `{}` here: give one with `--tool {}=COMMAND`", call.name, call.name)),
        };
        match gave {
            Ok(output) => CallerReturn { id: call.id, output, error: None },
            Err(error) => CallerReturn { id: call.id, output: Value::Null, error: Some(error) },
        }
    }
}

async fn carry_out(command: &str, arguments: &Value) -> Result<Value, String> {
    let mut child = Command::new("sh")
        .args(["-c", command])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("the command cannot be started: {error}"))?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let given = arguments.to_string();
    let give = async {
        if let Some(mut stdin) = stdin {
            // A command need not read what it is given.
            let _ = stdin.write_all(given.as_bytes()).await;
        }
    };
    let (mut printed, mut said) = (Vec::new(), Vec::new());
    let print = async {
        match stdout {
            Some(stdout) => stdout.take(OUTPUT + 1).read_to_end(&mut printed).await.map(drop),
            None => Ok(()),
        }
    };
    let say = async {
        match stderr {
            Some(stderr) => stderr.take(OUTPUT).read_to_end(&mut said).await.map(drop),
            None => Ok(()),
        }
    };
    let ((), read, _) = tokio::join!(give, print, say);
    read.map_err(|error| format!("what the command prints cannot be read: {error}"))?;
    if printed.len() as u64 > OUTPUT {
        return Err(format!("the command printed more than {OUTPUT} bytes"));
    }
    let status = child.wait().await.map_err(|error| format!("the command's end cannot be told: {error}"))?;
    if !status.success() {
        let said = String::from_utf8_lossy(&said);
        let said = said.trim();
        let tail = &said[said.ceil_char_boundary(said.len().saturating_sub(FAILURE))..];
        return Err(if tail.is_empty() { format!("the command failed: {status}") } else { format!("{tail} ({status})") });
    }
    let text = String::from_utf8_lossy(&printed).into_owned();
    Ok(serde_json::from_str(text.trim()).unwrap_or_else(|_| Value::String(text.trim_end().to_owned())))
}
