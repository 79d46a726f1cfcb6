//! The program as its users have it: the built binary, with a home, a workspace and an environment of its own.
#![allow(dead_code, reason = "not every test uses every part")]

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use ombud::config::Wire;
use serde_json::Value;

use super::model_server::ModelServer;

/// How long a command may take before the test calls it a failure and ends it.
const PATIENCE: Duration = Duration::from_secs(60);

/// Limits that make failures quick: no wait between attempts, and short ones where a wait is what is tested.
pub const QUICK: &str = "\
[limits]
model_attempts = 3
model_retry_wait_seconds = 0
";

/// When this variable is set, whatever can be asked of a server is asked of one: see `remote.rs`.
pub const OVER_A_SERVER: &str = "OMBUD_TEST_OVER_A_SERVER";

/// A home and a workspace, and the program in them.
pub struct Ombud {
    root: tempfile::TempDir,
    variables: Vec<(String, OsString)>,
    /// Over the same store; one for each command, so that each works under the settings of its time.
    servers: Mutex<Vec<Child>>,
}

impl Drop for Ombud {
    fn drop(&mut self) {
        for server in self.servers.get_mut().unwrap_or_else(PoisonError::into_inner) {
            drop(server.kill());
            drop(server.wait());
        }
    }
}

/// What a command said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    pub exit: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ombud {
    /// An empty home and an empty workspace.
    pub fn new() -> Self {
        let root = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        fs::create_dir(root.path().join("own")).unwrap();
        fs::create_dir(root.path().join("work")).unwrap();
        let mut this = Self { root, variables: Vec::new(), servers: Mutex::default() };
        let home = this.home();
        this.set("HOME", home);
        this.set("USER", "me");
        this.set("PATH", "/usr/bin:/bin");
        this
    }

    /// With a scripted model as `house/small`, and quick limits.
    pub fn with_model(server: &ModelServer, wire: Wire) -> Self {
        Self::with_model_at(&server.base_url(), wire, QUICK)
    }

    /// With a model `house/small` at an address, and more of a config file.
    pub fn with_model_at(base_url: &str, wire: Wire, more: &str) -> Self {
        let this = Self::new();
        this.config(&model_config(base_url, wire, more));
        this
    }

    /// Writes the user's config file.
    pub fn config(&self, text: &str) {
        let folder = self.home().join(".config/ombud");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("config.toml"), text).unwrap();
    }

    /// Sets a variable of the environment.
    pub fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.into()));
    }

    /// The home.
    pub fn home(&self) -> PathBuf {
        self.root.path().join("own")
    }

    /// The workspace: the folder that commands start in.
    pub fn work(&self) -> PathBuf {
        self.root.path().join("work")
    }

    /// Writes a file of the workspace.
    pub fn file(&self, name: &str, text: &str) {
        let path = self.work().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// A command that can still be changed. Nothing is on its standard input.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.local_command(arguments);
        if over_a_server() && asks_a_server(arguments) {
            command.env("OMBUD_SERVER", self.serve());
        }
        command
    }

    /// Starts a server over the same store, under the settings as they are now; its address.
    pub fn serve(&self) -> String {
        let mut command = self.local_command(&["serve", "--port", "0"]);
        // Nobody sits at a console: what needs a yes is denied soon. Whoever is on this machine may do what they may do
        // without a server.
        command.env("OMBUD_SERVER_LIMITS_QUESTION_SECONDS", "1").env("OMBUD_SERVER_ALLOW_LOCAL_ADMIN", "1");
        let mut server = command.stdout(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(server.stderr.take().unwrap()).lines();
        let address = loop {
            let line = lines.next().unwrap_or_else(|| panic!("the server ended before it listened")).unwrap();
            if let Some((_, rest)) = line.split_once(" listening on ") {
                break rest.split(' ').next().unwrap().to_owned();
            }
        };
        // Nobody reads on: what it logs must not fill the pipe.
        thread::spawn(move || lines.for_each(drop));
        self.servers.lock().unwrap().push(server);
        address
    }

    pub fn local_command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ombud"));
        command.args(arguments).env_clear().envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.current_dir(self.work()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a command with nothing on its standard input.
    pub fn run(&self, arguments: &[&str]) -> Said {
        finish(self.command(arguments).spawn().unwrap())
    }

    /// Runs a command with this on its standard input.
    pub fn run_with(&self, arguments: &[&str], input: &[u8]) -> Said {
        let mut child = self.command(arguments).stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        let writer = thread::spawn(move || {
            // A program that has refused what came does not read the rest.
            drop(stdin.write_all(&input));
        });
        let said = finish(child);
        writer.join().unwrap();
        said
    }

    /// Runs a command that must succeed and say nothing on standard error; its JSON.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let said = self.run(&[arguments, &["--format", "json"]].concat());
        assert_eq!((said.exit, said.stderr.as_str()), (0, ""), "{arguments:?}");
        said.json()
    }

    /// A text without what differs from run to run: ids become `[id 1]`, `[id 2]`, … by their first place, moments
    /// `[time]`, measured times `[ms]`, the folder of the test `[root]`.
    pub fn tidy(&self, text: &str) -> String {
        let root = fs::canonicalize(self.root.path()).unwrap();
        let text = text.replace(&*root.to_string_lossy(), "[root]");
        let text = if over_a_server() { as_here(&text) } else { text };
        times(&moments(&ids(&text)))
    }

    /// The folder that holds home and workspace.
    pub fn root(&self) -> &Path {
        self.root.path()
    }
}

/// A text of a server without the two words that differ there: whoever asks is known by the server, not by the name at
/// the shell, and a run goes on when its server is started again.
fn as_here(text: &str) -> String {
    text.replace(r#""name":"local""#, r#""name":"me""#)
        .replace("── local, ", "── me, ")
        .replace(r#""on_orphan":"resume""#, r#""on_orphan":"cancel""#)
}

/// Whether commands are to ask a server.
#[expect(clippy::disallowed_methods, reason = "tests have no settings of their own")]
pub fn over_a_server() -> bool {
    std::env::var_os(OVER_A_SERVER).is_some()
}

/// Whether a command can be asked of a server.
fn asks_a_server(arguments: &[&str]) -> bool {
    let word = |at: usize| arguments.get(at).copied().unwrap_or_default();
    let commands = ["oneshot", "run", "sessions", "restore"].contains(&word(0))
        || word(0) == "agents" && ["list", "show", "add", "remove"].contains(&word(1));
    commands
        && !arguments.iter().any(|word| ["-h", "--help", "--store", "--ephemeral", "--user", "--project"].contains(word))
}

/// A config file with the model `house/small`.
pub fn model_config(base_url: &str, wire: Wire, more: &str) -> String {
    let wire = if wire == Wire::Anthropic { "anthropic" } else { "openai" };
    format!(
        "model = \"house/small\"\n\n[providers.house]\nwire = \"{wire}\"\nbase_url = \"{base_url}\"\napi_key = \"sk-test-canary\"\n\n{more}"
    )
}

/// Waits until a command ends.
pub fn finish(child: Child) -> Said {
    finish_within(child, PATIENCE)
}

/// Waits until a command ends, for so long.
pub fn finish_within(child: Child, patience: Duration) -> Said {
    let id = child.id();
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(child.wait_with_output()));
    let Ok(output) = receiver.recv_timeout(patience) else {
        if let Some(process) = i32::try_from(id).ok().and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process(process, rustix::process::Signal::KILL);
        }
        panic!("the command did not end within {patience:?}");
    };
    let output = output.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output in UTF-8");
    Said { exit: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
}

impl Said {
    /// The JSON document on standard output.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The JSON documents on standard output, one a line.
    pub fn jsonl(&self) -> Vec<Value> {
        let read = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        self.stdout.lines().map(read).collect()
    }

    /// All of it, for a snapshot.
    pub fn whole(&self) -> String {
        format!("exit: {}\n--- stdout\n{}--- stderr\n{}", self.exit, self.stdout, self.stderr)
    }
}

/// Where a UUID begins at the beginning of a text, its length.
fn uuid(text: &str) -> Option<&str> {
    let found = text.get(..36)?;
    let fits = found.bytes().enumerate().all(|(place, byte)| match place {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase(),
    });
    fits.then_some(found)
}

fn ids(text: &str) -> String {
    let mut known: Vec<&str> = Vec::new();
    let mut out = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(id) = uuid(rest) {
            let number = known.iter().position(|other| *other == id).unwrap_or_else(|| {
                known.push(id);
                known.len() - 1
            });
            out.push_str(&format!("[id {}]", number + 1));
            rest = &rest[36..];
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

/// Whether a text begins as a pattern says: `0` stands for a digit.
fn begins(text: &str, pattern: &str) -> bool {
    text.len() >= pattern.len()
        && text
            .bytes()
            .zip(pattern.bytes())
            .all(|(byte, like)| if like == b'0' { byte.is_ascii_digit() } else { byte == like })
}

fn moments(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let found = ["0000-00-00T00:00:00.000Z", "0000-00-00 00:00"].iter().find(|pattern| begins(rest, pattern));
        match found {
            Some(pattern) => {
                out.push_str("[time]");
                rest = &rest[pattern.len()..];
            }
            None => {
                out.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    out
}

/// Numbers that were measured: after these names, with or without spaces.
fn times(text: &str) -> String {
    let mut text = text.to_owned();
    for name in ["elapsed_ms", "first_token_ms", "duration_ms", "bytes"] {
        let key = format!("\"{name}\":");
        let mut out = String::new();
        let mut rest = text.as_str();
        while let Some(at) = rest.find(&key) {
            let (before, after) = rest.split_at(at + key.len());
            out.push_str(before);
            let digits = after.trim_start().trim_start_matches(|c: char| c.is_ascii_digit());
            if digits.len() < after.trim_start().len() {
                out.push_str(&after[..after.len() - after.trim_start().len()]);
                out.push_str("\"[measured]\"");
                rest = digits;
            } else {
                rest = after;
            }
        }
        out.push_str(rest);
        text = out;
    }
    text
}
