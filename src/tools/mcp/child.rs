//! The program of a tool server: started under a guard of its own, and ended with all that it has started.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rmcp::RoleClient;
use rmcp::model::ServerJsonRpcMessage;
use rmcp::service::TxJsonRpcMessage;
use rmcp::transport::Transport;
use rustix::process::Pid;
use serde_json::Value;
use tokio::io::{AsyncWriteExt as _, BufReader};
use tokio::process::{Child as Process, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::exchange::Exchange;
use super::ring::{Read, Ring, next_line};
use crate::domain::LogLevel;
use crate::tools::guard::{self, ServedProgram};

/// Most bytes of one message.
const MESSAGE: usize = 16 << 20;
/// Most bytes of one line of its standard error that are looked at.
const SAID: usize = 4 << 10;
/// Most bytes of a line that is no message that are looked at.
const NO_MESSAGE: usize = 4 << 10;
/// Messages that wait for the library.
const WAITING: usize = 64;
/// How long the guard has to end everything once it is told to, and the last lines to be read.
const GRACE: Duration = Duration::from_secs(2);

/// What is started, and where.
pub struct Start<'a> {
    /// The program that is the guard.
    pub guard: &'a Path,
    /// What the guard is told.
    pub served: &'a ServedProgram,
    /// All variables that it gets.
    pub variables: Vec<(String, String)>,
    /// Where it works.
    pub folder: PathBuf,
}

/// A program that runs.
pub struct Child {
    guard: Process,
    /// The guard's id: also that of its session, in which the program begins.
    session: Option<Pid>,
    /// Fires when its standard input is to be closed.
    closing: CancellationToken,
    /// Who reads what it writes, and writes what it reads. While its output is read, the guard lets it run.
    pipes: JoinSet<()>,
}

impl Child {
    /// Starts it. Messages go through the connection; everything else that it writes into the ring.
    pub fn start(
        start: &Start<'_>,
        exchange: &Arc<Exchange>,
        sent: mpsc::Receiver<Value>,
        ring: &Arc<Ring>,
    ) -> io::Result<(Self, Pipes)> {
        let mut guard = Command::new(start.guard)
            .args(start.served.orders())
            .env_clear()
            .envs(start.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(&start.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let session = guard.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let (Some(input), Some(output), Some(error)) = (guard.stdin.take(), guard.stdout.take(), guard.stderr.take()) else {
            return Err(io::Error::other("the program has no pipes"));
        };
        let closing = CancellationToken::new();
        let (message, incoming) = mpsc::channel(WAITING);
        let mut pipes = JoinSet::new();
        pipes.spawn(write(input, sent, closing.clone(), Arc::clone(ring)));
        pipes.spawn(read(output, message, Arc::clone(exchange), Arc::clone(ring)));
        pipes.spawn(listen(error, Arc::clone(ring)));
        let transport = Pipes { incoming, exchange: Arc::clone(exchange) };
        Ok((Self { guard, session, closing, pipes }, transport))
    }

    /// Waits until it has ended by itself, and tells how.
    pub async fn ended(&mut self) -> String {
        let ended = self.guard.wait().await;
        self.closing.cancel();
        // Everything that it wrote is in the pipes by now, and nobody else holds them.
        let _ = timeout(GRACE, async { while self.pipes.join_next().await.is_some() {} }).await;
        match ended {
            Ok(status) => self.told(status),
            Err(error) => format!("its end cannot be told: {error}"),
        }
    }

    fn told(&self, status: ExitStatus) -> String {
        use std::os::unix::process::ExitStatusExt as _;
        match (status.code(), status.signal()) {
            // Somebody killed the guard: it could end nothing.
            (None, signal) => {
                if let Some(session) = self.session {
                    guard::end_session(session);
                }
                format!("its guard was killed by signal {}", signal.unwrap_or_default())
            }
            (Some(code), _) if code > 128 => format!("it ended with exit code {code} (signal {})", code - 128),
            (Some(code), _) => format!("it ended with exit code {code}"),
        }
    }

    /// Ends it: closes its input, and waits; asks it to end, and waits; then it is killed with all that it has started.
    pub async fn end(mut self, step: Duration) {
        self.closing.cancel();
        if timeout(step, self.guard.wait()).await.is_ok() {
            return;
        }
        if let Some(session) = self.session {
            guard::ask_session_to_end(session);
        }
        if timeout(step, self.guard.wait()).await.is_ok() {
            return;
        }
        // The guard sees that nobody reads any more, and ends everything.
        self.pipes.shutdown().await;
        if timeout(GRACE, self.guard.wait()).await.is_ok() {
            return;
        }
        if let Some(session) = self.session {
            guard::end_session(session);
        }
        let _ = self.guard.start_kill();
        // What the kernel does not let go is not waited for; the runtime buries it.
        let _ = timeout(GRACE, self.guard.wait()).await;
    }
}

/// Writes messages, a line each, until the input is to be closed.
async fn write(mut input: ChildStdin, mut sent: mpsc::Receiver<Value>, closing: CancellationToken, ring: Arc<Ring>) {
    loop {
        let message = tokio::select! {
            biased;
            () = closing.cancelled() => return,
            message = sent.recv() => message,
        };
        let Some(message) = message else { return };
        let line = format!("{message}\n");
        let written = async {
            input.write_all(line.as_bytes()).await?;
            input.flush().await
        };
        tokio::select! {
            biased;
            () = closing.cancelled() => return,
            written = written => if let Err(error) = written {
                ring.say(LogLevel::Warning, &format!("a message could not be written: {error}"));
                return;
            },
        }
    }
}

/// Reads messages, a line each. What is none is a warning.
async fn read(output: ChildStdout, message: mpsc::Sender<ServerJsonRpcMessage>, exchange: Arc<Exchange>, ring: Arc<Ring>) {
    let mut output = BufReader::new(output);
    while let Some(line) = next_line(&mut output, MESSAGE).await {
        let line = match line {
            Read::Line(line) => line,
            Read::TooLong(line) => {
                let head = String::from_utf8_lossy(&line[..line.len().min(200)]).into_owned();
                ring.push(LogLevel::Warning, "stdout", &format!("a line of more than {MESSAGE} bytes: {head}…"));
                continue;
            }
        };
        if line.trim_ascii().is_empty() {
            continue;
        }
        let Ok(value) = serde_json::from_slice::<Value>(&line) else {
            ring.push(LogLevel::Warning, "stdout", &String::from_utf8_lossy(&line[..line.len().min(NO_MESSAGE)]));
            continue;
        };
        if exchange.take(&value) {
            continue;
        }
        match serde_json::from_value::<ServerJsonRpcMessage>(value) {
            // The library is gone: what still comes is read, so that the program is not held up.
            Ok(known) => drop(message.send(known).await),
            Err(error) => ring.say(LogLevel::Warning, &format!("a message cannot be understood: {error}")),
        }
    }
    exchange.close();
}

/// Reads what it says beside, as it comes: nothing is held back.
async fn listen(error: ChildStderr, ring: Arc<Ring>) {
    let mut error = BufReader::new(error);
    while let Some(line) = next_line(&mut error, SAID).await {
        let (Read::Line(line) | Read::TooLong(line)) = line;
        ring.push(LogLevel::Info, "stderr", &String::from_utf8_lossy(&line));
    }
}

/// The pipes as the library has them.
pub struct Pipes {
    incoming: mpsc::Receiver<ServerJsonRpcMessage>,
    exchange: Arc<Exchange>,
}

impl Transport<RoleClient> for Pipes {
    type Error = io::Error;

    fn send(
        &mut self,
        item: TxJsonRpcMessage<RoleClient>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        let exchange = Arc::clone(&self.exchange);
        async move {
            let message = serde_json::to_value(item)?;
            let gone = || io::Error::new(io::ErrorKind::BrokenPipe, "the tool server does not run any more");
            tokio::select! {
                sent = async { exchange.outgoing().send(message).await } => sent.map_err(|_| gone()),
                () = exchange.closed.cancelled() => Err(gone()),
            }
        }
    }

    async fn receive(&mut self) -> Option<ServerJsonRpcMessage> {
        self.incoming.recv().await
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        self.exchange.close();
        Ok(())
    }
}
