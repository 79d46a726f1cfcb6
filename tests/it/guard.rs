//! Commands under the guard, with the real program: nothing of a command outlives it, whoever dies.
//!
//! What a command started is found by a marker among the arguments of the processes in `/proc`. Where a test waits, it
//! waits for something to happen: a line of output, the end of a process.

#![cfg(target_os = "linux")]
#![expect(clippy::print_stdout, reason = "it says why something is not tested here")]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use ombud::config::{Limits, ToolSettings};
use ombud::tools::{ToolContext, ToolFailure, ToolOutput, Tools};
use ombud::workspace::Workspace;
use rustix::fs::{CWD, FileType, Mode, mknodat};
use serde_json::json;
use tokio_util::sync::CancellationToken;

/// This program, which is the guard.
const PROGRAM: &str = env!("CARGO_BIN_EXE_ombud");

/// A number that stands for one test: `sleep MARKER` is found by it.
fn marker() -> String {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    format!("9{:07}{:03}", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed))
}

/// The processes, other than zombies, that have a marker among their arguments.
fn alive(marker: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        if line.contains(marker) {
            found.push(format!("{}: {line}", entry.file_name().to_string_lossy()));
        }
    }
    found
}

/// A workspace, and a folder outside that is not the command's temporary folder either.
struct Bench {
    temporary: tempfile::TempDir,
    inside: tempfile::TempDir,
    outside: tempfile::TempDir,
    cancelled: CancellationToken,
    limits: Limits,
    settings: ToolSettings,
}

impl Bench {
    fn new() -> Self {
        let place = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let [inside, outside, temporary] = [(); 3].map(|()| tempfile::tempdir_in(place).unwrap());
        let mut settings = ToolSettings { guard: Some(PathBuf::from(PROGRAM)), ..ToolSettings::default() };
        settings.environment.insert("GREETING".to_owned(), "hello".to_owned());
        settings.environment.insert("TMPDIR".to_owned(), temporary.path().to_str().unwrap().to_owned());
        Self { temporary, inside, outside, cancelled: CancellationToken::new(), limits: Limits::default(), settings }
    }

    async fn whole(&self, arguments: serde_json::Value) -> Result<ToolOutput, ToolFailure> {
        let workspace = Arc::new(Workspace::open(self.inside.path()).unwrap());
        let context = ToolContext { workspace, rules: Arc::new([]), cancelled: self.cancelled.clone() };
        let tools = Tools::new(&self.limits, &self.settings);
        tools.get("run_command").unwrap().call(&context, arguments).await
    }

    async fn run(&self, command: &str) -> String {
        text(&self.whole(json!({"command": command})).await.unwrap())
    }

    /// A pipe `life` in the workspace, to wait for what happens to a command: [`HOLD`] opens it for the command and all
    /// that it starts, `echo ready >&9` says a line, and it ends when the last of them has ended.
    fn pipe(&self) -> PathBuf {
        let path = self.inside.path().join("life");
        mknodat(CWD, &path, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
        path
    }
}

/// The beginning of a command that holds the pipe of [`Bench::pipe`].
const HOLD: &str = "exec 9> life;";

/// A pipe that a command holds.
struct Held(BufReader<fs::File>);

/// Waits for the line of a command that holds the pipe.
async fn ready(pipe: PathBuf) -> Held {
    let open = tokio::task::spawn_blocking(move || {
        let mut pipe = BufReader::new(fs::File::open(pipe).unwrap());
        let mut line = String::new();
        pipe.read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        pipe
    });
    Held(open.await.unwrap())
}

impl Held {
    /// Waits for the end of all that hold it.
    async fn end(mut self) {
        let rest = tokio::task::spawn_blocking(move || self.0.read_to_end(&mut Vec::new()).unwrap());
        assert_eq!(rest.await.unwrap(), 0);
    }
}

fn text(output: &ToolOutput) -> String {
    output.output.as_str().unwrap().to_owned()
}

fn said(failure: &ToolFailure) -> String {
    format!("{}: {}", failure.code.word(), failure.message)
}

#[tokio::test]
async fn output_and_exit_code() {
    let bench = Bench::new();
    assert_eq!(bench.run("echo one; echo two >&2; printf three").await, "one\ntwo\nthree\n[exit code 0]");
    assert_eq!(bench.run("exit 3").await, "[exit code 3]");
    assert_eq!(bench.run("kill -TERM $$").await, "[killed by signal 15]");
    assert_eq!(bench.run("cat; tty < /dev/tty || echo no terminal").await.lines().last(), Some("[exit code 0]"));
    assert_eq!(bench.run("echo $GREETING; env | grep -c CARGO").await, "hello\n0\n[exit code 1]");
    fs::create_dir(bench.inside.path().join("sub")).unwrap();
    let output = bench.whole(json!({"command": "pwd; echo x > made", "folder": "sub"})).await.unwrap();
    let sub = bench.inside.path().canonicalize().unwrap().join("sub");
    assert_eq!(text(&output), format!("{}\n[exit code 0]", sub.display()));
    assert!(sub.join("made").exists());
    let outside = bench.whole(json!({"command": "pwd", "folder": ".."})).await.unwrap_err();
    assert_eq!(outside.code.word(), "forbidden");
    let empty = bench.whole(json!({"command": " \n"})).await.unwrap_err();
    assert_eq!(said(&empty), "invalid_input: `command` is empty, holds a NUL or is longer than 100000 bytes");
}

#[tokio::test]
async fn a_cancelled_command_leaves_nothing() {
    let bench = Bench::new();
    let marker = marker();
    let command = format!("{HOLD} echo begun; sleep {marker} & sleep {marker} & echo ready >&9; wait");
    let pipe = bench.pipe();
    let call = bench.whole(json!({"command": command}));
    let cancel = async {
        let held = ready(pipe).await;
        assert!(!alive(&marker).is_empty());
        bench.cancelled.cancel();
        held
    };
    let (result, held) = tokio::join!(call, cancel);
    held.end().await;
    let failure = result.unwrap_err();
    let short: String = command.chars().take(80).collect();
    assert_eq!(said(&failure), format!("unavailable: `{short}…` was ended: the run was cancelled"));
    assert_eq!(text(&failure.partial.unwrap()), "begun\n[cancelled]");
    assert_eq!(alive(&marker), Vec::<String>::new());
}

#[tokio::test]
async fn who_leaves_the_session_is_ended_too() {
    let bench = Bench::new();
    let marker = marker();
    let escape = |last: &str| {
        let inner = format!("sleep {marker} & {last}; wait");
        format!("setsid sh -c 'setsid sleep {marker} & setsid sh -c \"{inner}\" & wait' > /dev/null &")
    };
    // Cancelled while they run.
    let pipe = bench.pipe();
    let call = bench.whole(json!({"command": format!("{HOLD} {} wait", escape("echo ready >&9"))}));
    let cancel = async {
        let held = ready(pipe).await;
        bench.cancelled.cancel();
        held
    };
    let (result, held) = tokio::join!(call, cancel);
    held.end().await;
    assert_eq!(result.unwrap_err().code.word(), "unavailable");
    assert_eq!(alive(&marker), Vec::<String>::new());
    // And at the end of a command that leaves them behind.
    let bench = Bench::new();
    bench.pipe();
    let command = format!("{} read line < life; echo done", escape("echo ready > life"));
    assert_eq!(bench.run(&command).await, "done\n[exit code 0]");
    assert_eq!(alive(&marker), Vec::<String>::new());
}

#[tokio::test]
async fn a_background_process_ends_with_its_command() {
    let bench = Bench::new();
    let marker = marker();
    assert_eq!(bench.run(&format!("sleep {marker} & (sleep {marker} &) ; echo over")).await, "over\n[exit code 0]");
    assert_eq!(alive(&marker), Vec::<String>::new());
}

#[tokio::test]
async fn a_call_that_is_dropped_leaves_nothing() {
    let bench = Bench::new();
    let marker = marker();
    let command = format!("{HOLD} trap '' TERM HUP INT; sleep {marker} & echo ready >&9; wait");
    let pipe = bench.pipe();
    let held = tokio::select! {
        result = bench.whole(json!({"command": command})) => panic!("{result:?}"),
        held = ready(pipe) => held,
    };
    // Nobody waits for the guard any more; it does its work all the same.
    held.end().await;
    let left: Vec<String> = alive(&marker).into_iter().filter(|line| !line.contains("__guard")).collect();
    assert_eq!(left, Vec::<String>::new());
}

#[tokio::test]
async fn a_command_that_takes_too_long_is_ended() {
    let mut bench = Bench::new();
    bench.limits.command_time = Duration::from_millis(300);
    let marker = marker();
    let call = json!({"command": format!("echo begun; sleep {marker}"), "timeout_seconds": 1_000});
    let failure = bench.whole(call).await.unwrap_err();
    let message = "did not end within 300ms and was ended, with all that it started";
    assert_eq!(said(&failure), format!("timed_out: `echo begun; sleep {marker}` {message}"));
    assert_eq!(text(&failure.partial.unwrap()), "begun\n[timed out]");
    assert_eq!(alive(&marker), Vec::<String>::new());
}

/// The guard, started as the program starts it, with a lifeline that a process of ours holds.
fn guard(command: &str, lifeline: impl Into<Stdio>, folder: &Path) -> std::process::Child {
    let mut guard = Command::new(PROGRAM);
    guard.args(["__guard", "--write"]).arg(folder).args(["--", command]).current_dir(folder);
    guard.stdin(lifeline.into()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap()
}

#[test]
fn when_who_holds_the_lifeline_is_killed_nothing_is_left() {
    let bench = Bench::new();
    let marker = marker();
    let (theirs, ours) = std::io::pipe().unwrap();
    // The holder has the writing end as its output, and nobody else has it.
    let mut holder = Command::new("sleep").arg("1000").stdout(Stdio::from(OwnedFd::from(ours))).spawn().unwrap();
    let command = format!("trap '' TERM HUP; setsid sleep {marker} & sleep {marker} & echo ready; wait");
    let mut guard = guard(&command, OwnedFd::from(theirs), bench.inside.path());
    let mut lines = BufReader::new(guard.stdout.take().unwrap());
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    holder.kill().unwrap();
    holder.wait().unwrap();
    let status = guard.wait().unwrap();
    assert_eq!(status.code(), Some(128 + 9), "the shell was killed");
    assert_eq!(alive(&marker), Vec::<String>::new());
    // Nobody holds the output any more.
    assert_eq!(lines.read_to_end(&mut Vec::new()).unwrap(), 0);
}

#[tokio::test]
async fn a_command_cannot_end_its_guard() {
    let bench = Bench::new();
    if !confined(&bench).await {
        return;
    }
    let marker = marker();
    let command = format!("setsid sleep {marker} & kill -9 $PPID; kill -STOP $PPID; echo still here");
    let output = bench.run(&command).await;
    assert_eq!(output.lines().rev().take(2).collect::<Vec<_>>(), ["[exit code 0]", "still here"], "{output}");
    assert_eq!(alive(&marker), Vec::<String>::new());
}

#[tokio::test]
async fn a_guard_that_is_killed_is_told() {
    let mut bench = Bench::new();
    bench.settings.unconfined = true;
    let marker = marker();
    let command = format!("{HOLD} echo ready >&9; kill -9 $PPID; exec sleep {marker}");
    let (failure, held) = tokio::join!(bench.whole(json!({"command": command})), ready(bench.pipe()));
    let message = format!("the guard of `{command}` was killed; what the command did is not known");
    assert_eq!(said(&failure.unwrap_err()), format!("unavailable: {message}"));
    held.end().await;
    assert_eq!(alive(&marker), Vec::<String>::new());
}

#[tokio::test]
async fn a_guard_that_does_nothing_is_ended() {
    let mut bench = Bench::new();
    bench.settings.unconfined = true;
    let marker = marker();
    let command = format!("{HOLD} kill -STOP $PPID; sleep {marker} & echo ready >&9; wait");
    let pipe = bench.pipe();
    let call = bench.whole(json!({"command": command}));
    let cancel = async {
        let held = ready(pipe).await;
        bench.cancelled.cancel();
        held
    };
    let (result, held) = tokio::join!(call, cancel);
    held.end().await;
    assert_eq!(result.unwrap_err().code.word(), "unavailable");
    assert_eq!(alive(&marker), Vec::<String>::new());
}

#[tokio::test]
async fn a_flood_of_output_is_bounded() {
    let mut bench = Bench::new();
    bench.limits.tool_output_bytes = 2_000;
    bench.limits.tool_full_bytes = 100_000;
    let output = bench.whole(json!({"command": "yes flood | head -n 8000000; echo end"})).await.unwrap();
    let (shown, full) = (text(&output), output.full.unwrap());
    assert!(shown.len() <= 2_000, "{}", shown.len());
    assert!(shown.starts_with("flood\nflood\n") && shown.ends_with("flood\nend\n[exit code 0]"), "{shown}");
    assert!(shown.contains(" lines left out here; "), "{shown}");
    assert!((50_000..=100_000).contains(&full.len()), "{}", full.len());
    // Without an end of its own.
    bench.limits.command_time = Duration::from_millis(300);
    let failure = bench.whole(json!({"command": "yes"})).await.unwrap_err();
    let partial = failure.partial.unwrap();
    assert!(partial.full.as_ref().unwrap().len() <= 100_000);
    assert!(text(&partial).ends_with("y\n[timed out]"));
}

/// Whether this kernel confines; says so where it does not.
async fn confined(bench: &Bench) -> bool {
    let output = bench.run("true").await;
    if output.contains("not confined") {
        println!("not tested: {output}");
        return false;
    }
    true
}

#[tokio::test]
async fn a_command_writes_only_where_it_may() {
    let mut bench = Bench::new();
    if !confined(&bench).await {
        return;
    }
    let outside = bench.outside.path().canonicalize().unwrap();
    fs::write(outside.join("file"), "canary\n").unwrap();
    let place = outside.display();
    let read = bench.run(&format!("cat {place}/file; ls {place}")).await;
    assert_eq!(read, "canary\nfile\n[exit code 0]");
    for command in [
        format!("echo x > {place}/file"),
        format!("echo x >> {place}/file"),
        format!("rm {place}/file"),
        format!("mkdir {place}/new"),
        format!("ln {place}/file stolen"),
        format!("mv {place}/file stolen"),
        format!("ln -s {place} way; echo x > way/new"),
        format!("setsid sh -c 'echo x > {place}/new'"),
    ] {
        let output = bench.run(&command).await;
        assert!(!output.ends_with("[exit code 0]"), "{command}: {output}");
    }
    assert_eq!(fs::read_to_string(outside.join("file")).unwrap(), "canary\n");
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 1);
    // The temporary folder is where the environment says.
    let temporary = bench.temporary.path().canonicalize().unwrap();
    assert_eq!(
        bench.run(&format!("case $(mktemp) in {}/*) ;; *) exit 1 ;; esac", temporary.display())).await,
        "[exit code 0]"
    );
    let fine = "echo x > inside; mkdir d; mv inside d/; rm -r d; echo x > /dev/null; t=$(mktemp); rm $t";
    assert_eq!(bench.run(fine).await, "[exit code 0]");
    // What the settings allow.
    bench.settings.writable.push(outside.clone());
    assert_eq!(bench.run(&format!("echo y > {place}/file")).await, "[exit code 0]");
    bench.settings.writable.clear();
    bench.settings.unconfined = true;
    assert_eq!(bench.run(&format!("echo z > {place}/file")).await, "[exit code 0]");
    assert_eq!(fs::read_to_string(outside.join("file")).unwrap(), "z\n");
}

#[test]
fn a_guard_with_wrong_orders_does_nothing() {
    let mut guard = Command::new(PROGRAM);
    let status = guard.args(["__guard", "--what"]).stdin(Stdio::null()).process_group(0).status().unwrap();
    assert_eq!(status.code(), Some(125));
}
