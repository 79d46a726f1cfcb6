//! Keeps one tool server running: starts it, greets it, starts it again when it ends by itself, and ends it for good.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret as _;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::address::Way;
use super::child::{Child, Start};
use super::client::{Client, ServedTool};
use super::exchange::Exchange;
use super::peer::{PeerError, ToolServerPeer};
use super::ring::Ring;
use crate::domain::{Clock, LogLevel, ToolServerLine, ToolServerSecrets, ToolServerSource, ToolServerState};
use crate::tools::guard::{self, ServedProgram};

/// Longest part of a server's own words in what is told about its failure.
const QUOTED: usize = 300;

/// What a tool server is started from.
#[derive(Clone, Debug)]
pub struct Launch {
    /// Where it is.
    pub source: ToolServerSource,
    /// The values of its variables or headers.
    pub secrets: ToolServerSecrets,
    /// Where its program works; made when it is not there.
    pub folder: PathBuf,
}

/// How tool servers are kept.
#[derive(Clone, Debug)]
pub struct Keeping {
    /// The program that keeps watch over theirs; absent = none can be started.
    pub guard: Option<PathBuf>,
    /// Variables that every program gets beside its own.
    pub variables: BTreeMap<String, String>,
    /// From the start until it must have told its tools.
    pub start: Duration,
    /// Longest call.
    pub call: Duration,
    /// Most files that each of its processes may have open.
    pub files: u64,
    /// Most bytes of memory that each of its processes may use for data; `None` = as many as there are.
    pub data: Option<u64>,
    /// How long it has to end when its input is closed, and again when it is asked to.
    pub step: Duration,
    /// Until it is started again for the first time; then twice as long each time, up to a minute.
    pub again: Duration,
    /// So often in a row it is started again.
    pub attempts: u32,
    /// Running so long, it counts as well again.
    pub steady: Duration,
    /// Whether what it asks may be answered by others, who are forwarded to.
    pub forwards: bool,
}

impl Default for Keeping {
    fn default() -> Self {
        Self {
            guard: None,
            variables: BTreeMap::new(),
            start: Duration::from_secs(60),
            call: Duration::from_secs(300),
            files: 4_096,
            data: Some(4 << 30),
            step: Duration::from_secs(5),
            again: Duration::from_secs(1),
            attempts: 5,
            steady: Duration::from_secs(60),
            forwards: false,
        }
    }
}

/// How a tool server stands.
#[derive(Clone, Default)]
pub struct Standing {
    /// In a word.
    pub state: ToolServerState,
    /// Why it failed last.
    pub error: Option<String>,
    /// Groups of what it offers.
    pub capabilities: Vec<String>,
    /// Its tools.
    pub tools: Arc<Vec<ServedTool>>,
    exchange: Option<Arc<Exchange>>,
}

/// Told whenever a server's state has changed, with why.
pub type OnChange = Arc<dyn Fn(ToolServerState, &str) + Send + Sync>;

/// One tool server, whether it runs or not.
pub struct Supervisor {
    shared: Arc<Shared>,
    kept: Mutex<Option<Kept>>,
}

struct Shared {
    keeping: Keeping,
    standing: watch::Sender<Standing>,
    ring: Arc<Ring>,
    on_change: OnChange,
}

struct Kept {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Drop for Kept {
    fn drop(&mut self) {
        // The task ends the server, and then itself.
        self.stop.cancel();
    }
}

/// How one life of a server ended.
enum Ended {
    /// It was to end.
    Stopped,
    /// By itself: why, and how long it had run, when it had.
    Failed(String, Option<Duration>),
}

impl Supervisor {
    /// One that does not run.
    pub fn new(keeping: Keeping, clock: Arc<dyn Clock>, on_change: OnChange) -> Self {
        let ring = Arc::new(Ring::new(clock));
        let standing = watch::Sender::new(Standing::default());
        Self { shared: Arc::new(Shared { keeping, standing, ring, on_change }), kept: Mutex::new(None) }
    }

    /// How it stands.
    pub fn standing(&self) -> Standing {
        self.shared.standing.borrow().clone()
    }

    /// Its newest lines, at most so many, the oldest first.
    pub fn lines(&self, limit: usize) -> Vec<ToolServerLine> {
        self.shared.ring.newest(limit)
    }

    /// A running one for whoever forwards messages to it.
    pub fn peer(&self) -> Option<Arc<dyn ToolServerPeer>> {
        self.shared.standing.borrow().exchange.clone().map(|exchange| exchange as Arc<dyn ToolServerPeer>)
    }

    /// Asks it something, if it runs.
    ///
    /// # Errors
    /// As [`ToolServerPeer::request`].
    pub(super) async fn ask(&self, request: super::PeerRequest) -> Result<serde_json::Value, PeerError> {
        let (exchange, error) = {
            let standing = self.shared.standing.borrow();
            (standing.exchange.clone(), standing.error.clone())
        };
        match (exchange, error) {
            (Some(exchange), _) => exchange.request(request).await,
            (None, Some(error)) => Err(PeerError::new(PeerError::UNAVAILABLE, format!("it does not run: {error}"))),
            (None, None) => Err(PeerError::new(PeerError::UNAVAILABLE, "it does not run")),
        }
    }

    /// Starts it, unless it runs or is being started. One that failed is started at once.
    pub async fn start(&self, launch: Launch) {
        let mut kept = self.kept.lock().await;
        let state = self.shared.standing.borrow().state;
        if matches!(state, ToolServerState::Starting | ToolServerState::Running) {
            return;
        }
        end(kept.take()).await;
        let stop = CancellationToken::new();
        self.shared.set(ToolServerState::Starting, None, "it is being started");
        let task = tokio::spawn(keep(Arc::clone(&self.shared), launch, stop.clone()));
        *kept = Some(Kept { stop, task });
    }

    /// Stops it. Nothing of it runs any more when this is done.
    pub async fn stop(&self) {
        let mut kept = self.kept.lock().await;
        end(kept.take()).await;
        self.shared.set(ToolServerState::Stopped, None, "it was stopped");
    }

    /// Waits until it is no longer being started, and tells how it stands then.
    pub async fn settled(&self) -> Standing {
        self.until(|standing| standing.state != ToolServerState::Starting).await
    }

    /// Waits until it stands in a certain way, and tells how.
    pub async fn until(&self, stands: impl FnMut(&Standing) -> bool) -> Standing {
        let mut standing = self.shared.standing.subscribe();
        let standing = standing.wait_for(stands).await;
        standing.map(|standing| standing.clone()).unwrap_or_default()
    }
}

async fn end(kept: Option<Kept>) {
    if let Some(mut kept) = kept {
        kept.stop.cancel();
        // A task that broke off has dropped what it held.
        let _ = (&mut kept.task).await;
    }
}

impl Shared {
    /// Notes a new state, and tells it when it is one.
    fn set(&self, state: ToolServerState, error: Option<String>, why: &str) {
        let changed = self.standing.send_if_modified(|standing| {
            let changed = standing.state != state;
            *standing = Standing { state, error, ..Standing::default() };
            changed
        });
        if changed {
            (self.on_change)(state, why);
        }
    }

    /// Notes what it offers.
    fn runs(&self, client: &Client, tools: Vec<ServedTool>, why: &str) {
        let standing = Standing {
            state: ToolServerState::Running,
            error: None,
            capabilities: client.capabilities(),
            tools: Arc::new(tools),
            exchange: Some(Arc::clone(&client.exchange)),
        };
        let before = self.standing.send_replace(standing);
        if before.state != ToolServerState::Running {
            (self.on_change)(ToolServerState::Running, why);
        }
    }

    /// Waits for the answer to a greeting, and for its tools.
    async fn greeted(
        &self,
        greeting: impl Future<Output = Result<Client, String>>,
    ) -> Result<(Client, Vec<ServedTool>), String> {
        let start = self.keeping.start;
        let greeted = async {
            let client = greeting.await?;
            let tools = client.tools().await?;
            Ok((client, tools))
        };
        timeout(start, greeted).await.unwrap_or_else(|_| Err(format!("it was not ready within {start:?}")))
    }

    /// Hears of changes of its tools, for as long as it runs.
    async fn hear(&self, client: &Client) {
        loop {
            client.changed.notified().await;
            match client.tools().await {
                Ok(tools) => {
                    self.ring.say(LogLevel::Info, &format!("its tools have changed: {}", tools.len()));
                    self.runs(client, tools, "");
                }
                Err(why) if client.exchange.closed.is_cancelled() => tracing::debug!(why, "a tool server has ended"),
                Err(why) => self.ring.say(LogLevel::Warning, &why),
            }
        }
    }

    /// One life of a program.
    async fn program(&self, launch: &Launch, again: bool, stop: &CancellationToken) -> Ended {
        let (exchange, sent) = Exchange::new(self.keeping.call);
        let started = self.start(launch, &exchange, sent).await;
        let (mut child, pipes) = match started {
            Ok(started) => started,
            Err(why) => return Ended::Failed(why, None),
        };
        let greeting = Client::greet(pipes, Arc::clone(&exchange), self.keeping.forwards);
        let greeted = tokio::select! {
            biased;
            () = stop.cancelled() => None,
            greeted = self.greeted(greeting) => Some(greeted),
        };
        let (client, tools) = match greeted {
            None => {
                child.end(self.keeping.step).await;
                return Ended::Stopped;
            }
            Some(Ok(greeted)) => greeted,
            Some(Err(why)) => {
                // Why it is gone says more than that it did not answer.
                let why = match exchange.closed.is_cancelled() {
                    true => timeout(self.keeping.step, child.ended()).await.unwrap_or(why),
                    false => why,
                };
                let why = self.in_its_words(why);
                child.end(self.keeping.step).await;
                return Ended::Failed(why, None);
            }
        };
        let began = Instant::now();
        self.running(&client, tools, again);
        let ended = tokio::select! {
            biased;
            () = stop.cancelled() => None,
            ended = child.ended() => Some(ended),
            () = exchange.closed.cancelled() => {
                Some(timeout(self.keeping.step, child.ended()).await.unwrap_or_else(|_| "it closed its output".to_owned()))
            }
            () = self.hear(&client) => None,
        };
        exchange.close();
        child.end(self.keeping.step).await;
        drop(client);
        match ended {
            None => Ended::Stopped,
            Some(why) => Ended::Failed(self.in_its_words(why), Some(began.elapsed())),
        }
    }

    /// One connection to an address.
    async fn address(&self, url: &str, launch: &Launch, again: bool, stop: &CancellationToken) -> Ended {
        let (exchange, sent) = Exchange::new(self.keeping.call);
        let way = match Way::new(url, &launch.secrets, &exchange, sent) {
            Ok(way) => way,
            Err(why) => return Ended::Failed(why, None),
        };
        let greeted = tokio::select! {
            biased;
            () = stop.cancelled() => return Ended::Stopped,
            greeted = self.greeted(Client::greet(way, Arc::clone(&exchange), self.keeping.forwards)) => greeted,
        };
        let (client, tools) = match greeted {
            Ok(greeted) => greeted,
            Err(why) => return Ended::Failed(self.ring.without_secrets(&why), None),
        };
        let began = Instant::now();
        self.running(&client, tools, again);
        let stopped = tokio::select! {
            biased;
            () = stop.cancelled() => true,
            () = exchange.closed.cancelled() => false,
            () = self.hear(&client) => false,
        };
        client.leave(self.keeping.step).await;
        exchange.close();
        if stopped { Ended::Stopped } else { Ended::Failed("the connection ended".to_owned(), Some(began.elapsed())) }
    }

    async fn start(
        &self,
        launch: &Launch,
        exchange: &Arc<Exchange>,
        sent: tokio::sync::mpsc::Receiver<serde_json::Value>,
    ) -> Result<(Child, super::child::Pipes), String> {
        let ToolServerSource::Program { command, arguments, .. } = &launch.source else {
            return Err("it is no program".to_owned());
        };
        let Some(guard) = &self.keeping.guard else {
            return Err("programs cannot be started here: no guard is set up".to_owned());
        };
        let folder = launch.folder.clone();
        let made = tokio::task::spawn_blocking(move || private_folder(&folder)).await;
        let made = made.map_err(|error| std::io::Error::other(error.to_string())).and_then(|made| made);
        made.map_err(|error| format!("its folder cannot be made: {error}"))?;
        let mut variables = self.keeping.variables.clone();
        variables.entry("PATH".to_owned()).or_insert_with(|| guard::PATH.to_owned());
        variables.extend(launch.secrets.iter().map(|(name, value)| (name.clone(), value.expose_secret().to_owned())));
        let served = ServedProgram {
            program: command.into(),
            arguments: arguments.iter().map(Into::into).collect(),
            files: Some(self.keeping.files),
            data: self.keeping.data,
        };
        let start =
            Start { guard, served: &served, variables: variables.into_iter().collect(), folder: launch.folder.clone() };
        Child::start(&start, exchange, sent, &self.ring).map_err(|error| format!("its guard cannot be started: {error}"))
    }

    fn running(&self, client: &Client, tools: Vec<ServedTool>, again: bool) {
        let why = if again { "it runs again" } else { "it runs" };
        self.ring.say(LogLevel::Info, &format!("{why}, with {} tools", tools.len()));
        self.runs(client, tools, why);
    }

    /// Why it failed, with the last that it said.
    fn in_its_words(&self, why: String) -> String {
        match self.ring.last_said() {
            Some(mut said) => {
                said.truncate(said.floor_char_boundary(QUOTED));
                format!("{why}; it said last: {said}")
            }
            None => why,
        }
    }
}

fn private_folder(folder: &std::path::Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    if folder.is_dir() {
        return Ok(());
    }
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Keeps a server running until it is to stop, or is given up.
async fn keep(shared: Arc<Shared>, launch: Launch, stop: CancellationToken) {
    shared.ring.hide(launch.secrets.values().map(|secret| secret.expose_secret().to_owned()));
    let mut failures = 0;
    let mut has_run = false;
    loop {
        shared.ring.say(LogLevel::Info, "it is being started");
        let ended = match &launch.source {
            ToolServerSource::Program { .. } => shared.program(&launch, has_run, &stop).await,
            ToolServerSource::Address { url, .. } => shared.address(url, &launch, has_run, &stop).await,
        };
        let (why, ran) = match ended {
            Ended::Stopped => break,
            Ended::Failed(why, ran) => (why, ran),
        };
        has_run |= ran.is_some();
        if ran.is_some_and(|ran| ran >= shared.keeping.steady) {
            failures = 0;
        }
        failures += 1;
        shared.ring.say(LogLevel::Error, &why);
        // One that never ran is told of at once, and not tried again: it is set up wrongly.
        if !has_run || failures > shared.keeping.attempts {
            shared.set(ToolServerState::Failed, Some(why.clone()), &why);
            return;
        }
        let wait = (shared.keeping.again * 2_u32.saturating_pow(failures - 1)).min(Duration::from_secs(60));
        shared
            .ring
            .say(LogLevel::Info, &format!("it is started again in {wait:?} ({failures} of {})", shared.keeping.attempts));
        shared.set(ToolServerState::Failed, Some(why.clone()), &why);
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            () = sleep(wait) => {}
        }
        shared.set(ToolServerState::Starting, None, "it is started again");
    }
    shared.ring.say(LogLevel::Info, "it was stopped");
    shared.set(ToolServerState::Stopped, None, "it was stopped");
}
