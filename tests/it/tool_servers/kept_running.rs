//! One tool server under its supervisor: each way to misbehave is contained, shown in state and lines, and leaves nothing
//! behind.

#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ombud::config::Limits;
use ombud::domain::{ToolServerSecrets, ToolServerSource, ToolServerState};
use ombud::observe::SystemClock;
use ombud::tools::{Keeping, Launch, PeerRequest, Standing, Supervisor, ToolContext, ToolFailure, ToolOutput, tools_of};
use ombud::workspace::Workspace;
use rustix::fs::{CWD, FileType, Mode, mknodat};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::net::unix::pipe::{OpenOptions, Receiver};
use tokio_util::sync::CancellationToken;

use super::{PROGRAM, SERVER};
use crate::support::house::PATIENCE;

/// A server, and what was told of it.
struct Bench {
    folder: tempfile::TempDir,
    supervisor: Arc<Supervisor>,
    told: Arc<Mutex<Vec<(ToolServerState, String)>>>,
    /// What the server writes to SEEN.
    heard: tokio::sync::Mutex<Lines<BufReader<Receiver>>>,
}

/// Quick limits, so that what is waited for in vain does not take long.
fn keeping() -> Keeping {
    Keeping {
        guard: Some(PathBuf::from(PROGRAM)),
        step: Duration::from_millis(200),
        again: Duration::from_millis(1),
        attempts: 2,
        ..Keeping::default()
    }
}

impl Bench {
    fn new(keeping: Keeping) -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let told: Arc<Mutex<Vec<_>>> = Arc::default();
        let telling = Arc::clone(&told);
        let on_change = Arc::new(move |state, why: &str| telling.lock().unwrap().push((state, why.to_owned())));
        let supervisor = Arc::new(Supervisor::new(keeping, Arc::new(SystemClock), on_change));
        let seen = folder.path().join("seen");
        mknodat(CWD, &seen, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
        let heard = OpenOptions::new().read_write(true).open_receiver(&seen).unwrap();
        Self { folder, supervisor, told, heard: tokio::sync::Mutex::new(BufReader::new(heard).lines()) }
    }

    fn seen(&self) -> PathBuf {
        self.folder.path().join("seen")
    }

    fn launch(&self, mode: &str) -> Launch {
        let secret = |name: &str, value: &str| (name.to_owned(), SecretString::from(value));
        let seen = self.seen();
        let secrets: ToolServerSecrets =
            [secret("MODE", mode), secret("SECRET", "canary-secret"), secret("SEEN", seen.to_str().unwrap())].into();
        let variables = secrets.keys().cloned().collect();
        Launch {
            source: ToolServerSource::Program { command: SERVER.to_owned(), arguments: vec![], variables },
            secrets,
            folder: self.folder.path().join("own"),
        }
    }

    async fn start(&self, mode: &str) -> Standing {
        self.supervisor.start(self.launch(mode)).await;
        self.supervisor.settled().await
    }

    fn lines(&self) -> Vec<String> {
        let line = |line: ombud::domain::ToolServerLine| format!("{:?} {}: {}", line.level, line.component, line.message);
        self.supervisor.lines(1_000).into_iter().map(line).collect()
    }

    async fn call(&self, tool: &str, arguments: Value) -> Result<ToolOutput, ToolFailure> {
        self.cancellable(tool, arguments, CancellationToken::new()).await
    }

    async fn cancellable(
        &self,
        tool: &str,
        arguments: Value,
        cancelled: CancellationToken,
    ) -> Result<ToolOutput, ToolFailure> {
        let tools = tools_of("fixture", &self.supervisor, &Limits::default());
        let name = format!("mcp__fixture__{tool}");
        let tool = tools.iter().find(|tool| tool.spec().name == name).unwrap();
        let workspace = Arc::new(Workspace::open(self.folder.path()).unwrap());
        tool.call(&ToolContext { workspace, rules: Arc::new([]), cancelled }, arguments).await
    }

    /// Waits until the server has written a line for us.
    async fn until_seen(&self, what: &str) {
        let mut heard = self.heard.lock().await;
        loop {
            let line = tokio::time::timeout(PATIENCE, heard.next_line()).await.unwrap().unwrap().unwrap();
            if line == what {
                return;
            }
        }
    }

    /// The processes that work below its folder, or were started from it.
    fn alive(&self) -> Vec<String> {
        alive(self.folder.path())
    }
}

/// The processes whose folder is below one, or whose environment names it.
fn alive(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let works = std::fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(folder));
        if works {
            let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
            found.push(String::from_utf8_lossy(&line).replace('\0', " "));
        }
    }
    found
}

fn text(output: &ToolOutput) -> &str {
    output.output.as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_behaves_is_started_called_and_ended() {
    let bench = Bench::new(keeping());
    let standing = bench.start("").await;
    assert_eq!((standing.state, standing.error), (ToolServerState::Running, None));
    assert_eq!(standing.capabilities, ["tools", "prompts"]);
    let specs = tools_of("fixture", &bench.supervisor, &Limits::default());
    let names: Vec<_> = specs.iter().map(|tool| tool.spec().name.clone()).collect();
    assert_eq!(names[..2], ["mcp__fixture__echo", "mcp__fixture__slow"]);
    assert_eq!(text(&bench.call("echo", json!({ "text": "hi" })).await.unwrap()), "You said: hi");
    let failed = bench.call("fail", json!({})).await.unwrap_err();
    assert_eq!((failed.message.as_str(), text(&failed.partial.unwrap())), ("It cannot be done.", "It cannot be done."));
    // Its own variables, and of ours only what programs need; its own folder.
    let names = bench.call("names", json!({})).await.unwrap();
    assert_eq!(text(&names), "MODE PATH PWD SECRET SEEN  in own");
    bench.supervisor.start(bench.launch("")).await;
    assert_eq!(bench.alive().len(), 2, "it and its guard, once: {:?}", bench.alive());
    bench.supervisor.stop().await;
    assert!(bench.alive().is_empty(), "{:?}", bench.alive());
    assert_eq!(
        bench.lines(),
        [
            "Info house: it is being started",
            "Info stderr: started with ***",
            "Info house: it runs, with 6 tools",
            "Info house: it was stopped"
        ]
    );
    let told = |state, why: &str| (state, why.to_owned());
    assert_eq!(
        *bench.told.lock().unwrap(),
        [
            told(ToolServerState::Starting, "it is being started"),
            told(ToolServerState::Running, "it runs"),
            told(ToolServerState::Stopped, "it was stopped")
        ]
    );
    let gone = bench.supervisor.peer();
    assert!(gone.is_none() && bench.supervisor.standing().tools.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_crashes_at_once_has_failed_and_is_not_tried_again() {
    let bench = Bench::new(keeping());
    let standing = bench.start("crash").await;
    assert_eq!(standing.state, ToolServerState::Failed);
    assert_eq!(standing.error.as_deref(), Some("it ended with exit code 3; it said last: there is no database"));
    assert_eq!(
        bench.lines(),
        [
            "Info house: it is being started",
            "Info stderr: there is no database",
            "Error house: it ended with exit code 3; it said last: there is no database"
        ]
    );
    assert!(bench.alive().is_empty());
    // Somebody starts it again, set up well.
    assert_eq!(bench.start("").await.state, ToolServerState::Running);
    bench.supervisor.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_that_is_not_there_is_told() {
    let bench = Bench::new(keeping());
    let mut launch = bench.launch("");
    launch.source = ToolServerSource::Program { command: "no-such-program".into(), arguments: vec![], variables: vec![] };
    bench.supervisor.start(launch).await;
    let error = bench.supervisor.settled().await.error.unwrap();
    assert_eq!(
        error,
        "it ended with exit code 127; it said last: `no-such-program` cannot be started: No such file or directory (os error 2)"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_hangs_in_its_greeting_is_given_up() {
    let bench = Bench::new(Keeping { start: Duration::from_millis(300), ..keeping() });
    let standing = bench.start("hang").await;
    assert_eq!(standing.state, ToolServerState::Failed);
    assert_eq!(standing.error.as_deref(), Some("it was not ready within 300ms"));
    assert!(bench.alive().is_empty(), "{:?}", bench.alive());
    // While it is waited for, it can be stopped.
    let bench = Bench::new(keeping());
    bench.supervisor.start(bench.launch("hang")).await;
    bench.supervisor.stop().await;
    assert_eq!(bench.supervisor.standing().state, ToolServerState::Stopped);
    assert!(bench.alive().is_empty(), "{:?}", bench.alive());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_floods_its_standard_error_keeps_its_last_lines() {
    let bench = Bench::new(keeping());
    assert_eq!(bench.start("flood").await.state, ToolServerState::Running);
    let lines = bench.lines();
    assert_eq!(lines.len(), 1_000);
    assert!(lines[lines.len() - 3].starts_with("Info stderr: 4999 xxx"), "{}", &lines[lines.len() - 3][..60]);
    assert!(lines.iter().all(|line| line.len() < 4_200));
    assert_eq!(text(&bench.call("echo", json!({ "text": "still" })).await.unwrap()), "You said: still");
    bench.supervisor.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_among_the_messages_is_a_warning() {
    let bench = Bench::new(keeping());
    assert_eq!(bench.start("garbage").await.state, ToolServerState::Running);
    let warnings: Vec<_> = bench.lines().into_iter().filter(|line| line.starts_with("Warning")).collect();
    assert_eq!(warnings[..2], ["Warning stdout: Welcome!", "Warning stdout: {\"jsonrpc\":"]);
    assert_eq!(warnings.len(), 5, "{warnings:#?}");
    assert!(warnings[2..].iter().all(|line| line.starts_with("Warning house: a message cannot be understood: ")));
    assert_eq!(text(&bench.call("echo", json!({ "text": "on" })).await.unwrap()), "You said: on");
    bench.supervisor.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_never_ends_is_killed_with_its_children() {
    let bench = Bench::new(keeping());
    assert_eq!(bench.start("stubborn").await.state, ToolServerState::Running);
    bench.supervisor.stop().await;
    assert!(bench.alive().is_empty(), "{:?}", bench.alive());
    assert_eq!(bench.supervisor.standing().state, ToolServerState::Stopped);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_is_killed_in_a_call_is_started_again_and_then_given_up() {
    let bench = Bench::new(keeping());
    bench.start("").await;
    for _ in 0..2 {
        let failed = bench.call("die", json!({})).await.unwrap_err();
        assert_eq!(failed.message, "tool server `fixture`: the tool server does not run any more");
        bench.supervisor.until(|standing| standing.state != ToolServerState::Running).await;
        bench.supervisor.until(|standing| standing.state == ToolServerState::Running).await;
        assert_eq!(text(&bench.call("echo", json!({ "text": "again" })).await.unwrap()), "You said: again");
    }
    bench.call("die", json!({})).await.unwrap_err();
    let gave_up = |standing: &Standing| standing.state == ToolServerState::Failed;
    bench.supervisor.until(gave_up).await;
    let told: Vec<_> = bench.told.lock().unwrap().iter().map(|(state, _)| *state).collect();
    use ToolServerState::{Failed, Running, Starting};
    assert_eq!(told, [Starting, Running, Failed, Starting, Running, Failed, Starting, Running, Failed]);
    let last = bench.told.lock().unwrap().last().unwrap().1.clone();
    assert_eq!(last, "it ended with exit code 137 (signal 9); it said last: started with ***");
    let lines = bench.lines();
    assert!(lines.contains(&"Info house: it is started again in 2ms (2 of 2)".to_owned()), "{lines:#?}");
    assert!(bench.alive().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_its_tools_is_heard() {
    let bench = Bench::new(keeping());
    assert_eq!(bench.start("").await.tools.len(), 6);
    bench.call("more", json!({})).await.unwrap();
    let standing = bench.supervisor.until(|standing| standing.tools.len() == 7).await;
    assert_eq!(standing.tools[6].name, "later");
    bench.supervisor.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_is_cancelled_is_cancelled_there() {
    let bench = Bench::new(keeping());
    bench.start("").await;
    let cancelled = CancellationToken::new();
    let calling = bench.cancellable("slow", json!({}), cancelled.clone());
    let cancel = async {
        bench.until_seen("slow").await;
        cancelled.cancel();
    };
    let (failed, ()) = tokio::join!(calling, cancel);
    assert_eq!(failed.unwrap_err().message, "the run was cancelled");
    bench.until_seen("cancelled").await;
    bench.supervisor.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_has_a_limit_of_time() {
    let bench = Bench::new(Keeping { call: Duration::from_millis(300), ..keeping() });
    bench.start("").await;
    let failed = bench.call("slow", json!({})).await.unwrap_err();
    assert_eq!(failed.message, "tool server `fixture`: the tool server did not answer within 300ms");
    bench.until_seen("cancelled").await;
    bench.supervisor.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_can_be_forwarded_to_it() {
    let bench = Bench::new(keeping());
    bench.start("").await;
    let peer = bench.supervisor.peer().unwrap();
    assert_eq!(peer.initialized()["serverInfo"], json!({ "name": "fixture", "version": "1" }));
    let request = |method: &str, params| PeerRequest { method: method.to_owned(), params, ..PeerRequest::default() };
    let params = json!({ "name": "echo", "arguments": { "text": "raw" } });
    let answer = peer.request(request("tools/call", Some(params))).await.unwrap();
    assert_eq!(answer, json!({ "content": [{ "type": "text", "text": "You said: raw" }] }));
    let error = peer.request(request("other/thing", None)).await.unwrap_err();
    assert_eq!((error.code, error.message.as_str()), (-32_601, "not known"));
    bench.supervisor.stop().await;
    assert!(peer.request(request("ping", None)).await.is_err());
}

/// Open files of this process.
fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Few in `cargo test`; `tests/long/run tool-servers` makes 200 of it.
#[allow(clippy::disallowed_methods, reason = "a long run says how often")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn starting_and_stopping_leaves_nothing_behind() {
    let cycles = std::env::var("OMBUD_TEST_CYCLES").ok().and_then(|text| text.parse().ok()).unwrap_or(5);
    let bench = Bench::new(keeping());
    bench.start("").await;
    bench.supervisor.stop().await;
    let before = open_files();
    for _ in 0..cycles {
        assert_eq!(bench.start("").await.state, ToolServerState::Running);
        bench.supervisor.stop().await;
        assert!(bench.alive().is_empty(), "{:?}", bench.alive());
    }
    // Other tests of this process open and close files of their own.
    if cycles > 5 {
        assert!(open_files() <= before + 2, "{before} files were open, and now {}", open_files());
    }
}
