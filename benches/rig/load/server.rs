//! `ombud serve` as a process: started, watched through `/proc`, ended.

use std::io::{BufRead, BufReader, Error, Result};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::http::Client;

/// Ticks of a second, in which Linux tells processor time.
const TICKS: f64 = 100.0;
/// Most lines of stderr that are kept.
const LINES: usize = 1_000;

/// What is started.
pub struct Plan {
    pub program: PathBuf,
    /// Its home, workspace and store are below.
    pub folder: PathBuf,
    /// Such as `memory:`.
    pub store: String,
    /// Where its model is.
    pub model: u16,
    /// 0: any that is free.
    pub port: u16,
}

/// A server that runs.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
    /// From the start to the first answer of `health`.
    pub ready: Duration,
    told: Option<std::thread::JoinHandle<Vec<String>>>,
}

impl Drop for Server {
    /// No server outlives what was done with it.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Plan {
    /// Starts it, and waits for its first answer.
    pub async fn start(&self) -> Result<Server> {
        let home = self.folder.join("home");
        let workspace = self.folder.join("workspace");
        std::fs::create_dir_all(&home)?;
        std::fs::create_dir_all(&workspace)?;
        std::fs::write(workspace.join("notes.txt"), "The colour of the day is teal.\n")?;
        let mut command = Command::new(&self.program);
        command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", &home);
        command.env("OPENAI_BASE_URL", format!("http://127.0.0.1:{}/v1", self.model)).env("OPENAI_API_KEY", "none");
        command.env("OMBUD_MODEL", "openai/mock").current_dir(&workspace);
        command.args(["--store", &self.store, "serve", "--port", &self.port.to_string()]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let began = Instant::now();
        let mut child = command.spawn()?;
        let stderr = child.stderr.take().ok_or_else(|| Error::other("no stderr"))?;
        let (say, heard) = tokio::sync::oneshot::channel();
        let told = std::thread::spawn(move || listen(stderr, say));
        let Ok(address) = heard.await else {
            let _ = child.wait();
            let lines = told.join().unwrap_or_default();
            return Err(Error::other(format!("the server does not listen: {}", lines.join(" | "))));
        };
        let mut client = Client::connect(address).await?;
        client.call("GET", "/api/v1/health", "").await?.when(200)?;
        Ok(Server { child, address, ready: began.elapsed(), told: Some(told) })
    }
}

/// Reads what a server says, and tells where it listens.
fn listen(stderr: impl std::io::Read, say: tokio::sync::oneshot::Sender<SocketAddr>) -> Vec<String> {
    let mut lines = Vec::new();
    let mut say = Some(say);
    for line in BufReader::new(stderr).lines().map_while(Result::ok) {
        let address =
            line.split_once("listening on http://").and_then(|(_, rest)| rest.split([' ', '/']).next()?.parse().ok());
        if let (Some(address), Some(say)) = (address, say.take_if(|_| address.is_some())) {
            let _ = say.send(address);
        }
        if lines.len() < LINES {
            lines.push(line);
        }
    }
    lines
}

impl Server {
    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    fn read(&self, file: &str) -> String {
        std::fs::read_to_string(Path::new("/proc").join(self.child.id().to_string()).join(file)).unwrap_or_default()
    }

    /// Seconds of processor time so far.
    pub fn processor(&self) -> f64 {
        let stat = self.read("stat");
        // After the name, which may hold anything, in brackets.
        let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        let ticks = rest.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok());
        ticks.sum::<f64>() / TICKS
    }

    fn status(&self, name: &str) -> f64 {
        let status = self.read("status");
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
    }

    /// MiB of memory now.
    pub fn memory(&self) -> f64 {
        self.status("VmRSS")
    }

    /// The most MiB so far.
    pub fn most_memory(&self) -> f64 {
        self.status("VmHWM")
    }

    /// Kills it, without a word.
    pub fn kill(self) -> Result<Vec<String>> {
        self.end(Signal::KILL)
    }

    /// Asks it to leave; an error unless it does with 0.
    pub fn stop(self) -> Result<Vec<String>> {
        self.end(Signal::TERM)
    }

    fn end(mut self, signal: Signal) -> Result<Vec<String>> {
        kill_process(self.pid(), signal)?;
        let status = self.child.wait()?;
        let lines = self.told.take().and_then(|told| told.join().ok()).unwrap_or_default();
        if signal == Signal::TERM && !status.success() {
            return Err(Error::other(format!("the server left with {status}: {}", lines.join(" | "))));
        }
        Ok(lines)
    }
}
