//! The program as a process of its own, as tests of signals, kills and several processes need it.
//!
//! Nothing is timed and nobody sleeps: a test waits for a line, for the end of a process, or for the end of all that
//! hold a pipe, each with a limit after which it fails.
#![allow(dead_code, reason = "not every test uses everything")]

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::model_server::ModelServer;

/// The program.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_ombud");

/// How long anything that must happen may take before a test fails, where the program promises nothing tighter.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How many times what the program promises a test allows: it runs beside others on a busy machine.
pub const SLACK: u32 = 5;

/// Lines that are kept of one process.
const LINES: usize = 100_000;

/// A home, a workspace and a store, all of them new.
pub struct Place {
    folder: tempfile::TempDir,
    store: &'static str,
    program: PathBuf,
    base_url: Option<String>,
}

impl Place {
    /// With a store of this kind: `sqlite` or `file`.
    pub fn new(store: &'static str) -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        for name in ["home", "work"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        fs::write(folder.path().join("work/notes.txt"), "the colour is teal\n").unwrap();
        Self { folder, store, program: PROGRAM.into(), base_url: None }
    }

    /// With another build of the program.
    #[must_use]
    pub fn with_program(self, program: PathBuf) -> Self {
        Self { program, ..self }
    }

    /// From now on the model is the one of this server.
    #[must_use]
    pub fn asking(mut self, server: &ModelServer) -> Self {
        self.ask(server);
        self
    }

    /// As [`Place::asking`], later on.
    pub fn ask(&mut self, server: &ModelServer) {
        self.base_url = Some(server.base_url());
    }

    /// The folder that tools work in.
    pub fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// The folder that holds home, workspace and store.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The URL of the store.
    pub fn store(&self) -> String {
        let ending = if self.store == "sqlite" { ".db" } else { "" };
        format!("{}:{}", self.store, self.folder.path().join(format!("store{ending}")).display())
    }

    /// The file of a store of the kind `sqlite`.
    pub fn database(&self) -> PathBuf {
        self.folder.path().join("store.db")
    }

    /// The program with these arguments, in an environment that holds nothing of the machine.
    pub fn command(&self, arguments: &[&str]) -> Command {
        self.command_of(&self.program, arguments)
    }

    /// Any program in the same environment.
    pub fn command_of(&self, program: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.folder.path().join("home"))
            .env("TMPDIR", self.folder.path())
            .env("OMBUD_STORE", self.store())
            .current_dir(self.work())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(url) = &self.base_url {
            command.env("OPENAI_BASE_URL", url).env("OPENAI_API_KEY", "k").env("OMBUD_MODEL", "openai/scripted");
        }
        command
    }

    /// Starts the program.
    pub fn start(&self, arguments: &[&str]) -> Process {
        Process::start(self.command(arguments))
    }

    /// Runs the program to its end.
    pub fn run(&self, arguments: &[&str]) -> Ended {
        self.start(arguments).end(PATIENCE)
    }

    /// Runs the program to its good end; what it printed.
    pub fn good(&self, arguments: &[&str]) -> String {
        let ended = self.run(arguments);
        assert_eq!(ended.code, Some(0), "{arguments:?}: {ended}");
        ended.stdout
    }

    /// Runs the program to its good end; the one JSON document that it printed.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let text = self.good(arguments);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {text}"))
    }

    /// The log of a session.
    pub fn events(&self, session: &str) -> Vec<Value> {
        let text = self.good(&["sessions", "events", session]);
        let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let places: Vec<u64> = events.iter().map(|event| event["seq"].as_u64().unwrap()).collect();
        assert_eq!(places, (1..=places.len() as u64).collect::<Vec<_>>(), "the log of `{session}` has a gap");
        events
    }

    /// What a session is doing, as `sessions list` has it.
    pub fn status(&self, session: &str) -> String {
        let page = self.json(&["sessions", "list", "--format", "json"]);
        let items = page["sessions"].as_array().unwrap();
        let item = items.iter().find(|item| item["id"] == session);
        item.unwrap_or_else(|| panic!("`{session}` is not listed: {page}"))["status"].as_str().unwrap().to_owned()
    }
}

/// The names of facts, in order.
pub fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().unwrap()).collect()
}

/// How a process ended, and what it printed.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub signal: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    /// The lines of standard output as JSON.
    pub fn lines(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl std::fmt::Display for Ended {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { code, signal, stdout, stderr } = self;
        write!(formatter, "code {code:?}, signal {signal:?}\nstdout: {stdout}\nstderr: {stderr}")
    }
}

/// A process that runs; killed when it is dropped.
pub struct Process {
    pid: Pid,
    stdout: Option<Receiver<String>>,
    read: String,
    stderr: Receiver<String>,
    exit: Receiver<std::process::ExitStatus>,
    ended: bool,
}

impl Process {
    /// Starts a command whose outputs are pipes.
    pub fn start(mut command: Command) -> Self {
        let mut child: Child = command.spawn().unwrap();
        let pid = Pid::from_child(&child);
        let (stdout, stderr) = (lines(child.stdout.take().unwrap()), lines(child.stderr.take().unwrap()));
        let (told, exit) = sync_channel(1);
        thread::spawn(move || {
            let status = child.wait().unwrap();
            let _ = told.send(status);
        });
        Self { pid, stdout: Some(stdout), read: String::new(), stderr, exit, ended: false }
    }

    /// The process.
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid, signal).unwrap();
    }

    /// The next line of standard output; `None` at its end.
    pub fn line(&mut self, within: Duration) -> Option<String> {
        let line = match self.stdout.as_ref()?.recv_timeout(within) {
            Ok(line) => line,
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => panic!("no line within {within:?} after: {}", self.read),
        };
        writeln!(self.read, "{line}").unwrap();
        Some(line)
    }

    /// The next line of standard output when one comes in this time.
    pub fn line_if_any(&mut self, within: Duration) -> Option<String> {
        let line = self.stdout.as_ref()?.recv_timeout(within).ok()?;
        writeln!(self.read, "{line}").unwrap();
        Some(line)
    }

    /// The next line of standard error; `None` at its end.
    pub fn error_line(&self, within: Duration) -> Option<String> {
        match self.stderr.recv_timeout(within) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("no line on standard error within {within:?}"),
        }
    }

    /// Reads lines of JSON until one that is wanted.
    pub fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        self.until_within(PATIENCE, wanted)
    }

    /// As [`Process::until`], each line within a time.
    pub fn until_within(&mut self, within: Duration, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let line = self.line(within).unwrap_or_else(|| panic!("standard output ended after: {}", self.read));
            let value: Value = serde_json::from_str(&line).unwrap();
            if wanted(&value) {
                return value;
            }
        }
    }

    /// Reads lines of JSON until a fact of this kind.
    pub fn until_kind(&mut self, kind: &str) -> Value {
        self.until(|line| line["type"] == kind)
    }

    /// Nobody reads standard output any more. (What was printed until now stays in the pipe.)
    pub fn stop_reading(&mut self) {
        self.stdout = None;
    }

    /// Waits for the end.
    pub fn end(mut self, within: Duration) -> Ended {
        let exit = self.exit.recv_timeout(within);
        let status = exit.unwrap_or_else(|_| panic!("process {:?} did not end within {within:?}: {}", self.pid, self.read));
        self.ended = true;
        let mut stdout = std::mem::take(&mut self.read);
        // Also a process that it left behind could hold the pipes: that is a failure too.
        while let Some(line) = self.stdout.as_ref().and_then(rest) {
            writeln!(stdout, "{line}").unwrap();
        }
        let mut stderr = String::new();
        while let Some(line) = rest(&self.stderr) {
            writeln!(stderr, "{line}").unwrap();
        }
        Ended { code: status.code(), signal: status.signal(), stdout, stderr }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.ended {
            let _ = kill_process(self.pid, Signal::KILL);
        }
    }
}

fn rest(lines: &Receiver<String>) -> Option<String> {
    match lines.recv_timeout(PATIENCE) {
        Ok(line) => Some(line),
        Err(RecvTimeoutError::Disconnected) => None,
        Err(RecvTimeoutError::Timeout) => panic!("somebody still holds the output of a process that has ended"),
    }
}

fn lines(pipe: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (give, lines) = sync_channel(LINES);
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            if give.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

/// A number that stands for one test: `sleep MARKER` is found by it among all processes.
pub fn marker() -> String {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    format!("8{:07}{:03}", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed))
}

/// The processes that have a marker among their arguments.
pub fn marked(marker: &str) -> Vec<String> {
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

/// Waits until no process has a marker among its arguments: a guard ends a moment after what it guarded.
pub fn until_none_is_marked(marker: &str, within: Duration) {
    let begun = std::time::Instant::now();
    loop {
        let left = marked(marker);
        if left.is_empty() {
            return;
        }
        assert!(begun.elapsed() < within, "still there after {within:?}: {left:?}");
        thread::yield_now();
    }
}

/// A pipe in the workspace by which a test waits for what a command of a tool does: [`Life::HOLD`] opens it for the
/// command and all that it starts.
pub struct Life {
    path: PathBuf,
}

impl Life {
    /// The beginning of a command that holds the pipe and says so.
    pub const HOLD: &str = "exec 9> life; echo ready >&9;";

    /// Makes the pipe.
    pub fn new(place: &Place) -> Self {
        let path = place.work().join("life");
        drop(fs::remove_file(&path));
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, rustix::fs::Mode::from_raw_mode(0o600), 0)
            .unwrap();
        Self { path }
    }

    /// Waits until a command holds the pipe; what is given waits until nobody does.
    pub fn begun(self) -> Held {
        let (told, ready) = sync_channel(1);
        thread::spawn(move || {
            let mut pipe = BufReader::new(fs::File::open(self.path).unwrap());
            let mut line = String::new();
            pipe.read_line(&mut line).unwrap();
            drop(told.send((line, pipe)));
        });
        let (line, pipe) = ready.recv_timeout(PATIENCE).expect("the command of the tool begins");
        assert_eq!(line, "ready\n");
        Held { pipe }
    }
}

/// A pipe that a command holds.
pub struct Held {
    pipe: BufReader<fs::File>,
}

impl Held {
    /// Waits until no process holds the pipe.
    pub fn released(mut self, within: Duration) {
        let (told, ended) = sync_channel(1);
        thread::spawn(move || {
            let rest = self.pipe.read_to_end(&mut Vec::new());
            drop(told.send(rest));
        });
        let rest = ended.recv_timeout(within).expect("all processes of the tool end");
        assert_eq!(rest.unwrap(), 0);
    }
}
