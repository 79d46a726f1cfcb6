//! What `benches/whole` and long runs need and a shell cannot do: a model server without delay, long sessions at once,
//! exact times of whole processes, and the server under load.
//!
//! ```text
//! rig model                                          serves on a free port, which it prints, until its input ends
//! rig fill STORE SESSION EVENTS                      a session of (about) so many events; works in this folder
//! rig list STORE COUNT                               so many sessions of one turn
//! rig time ROUNDS RUNS COMMAND… [--- COMMAND…]…      median, least and most in ms; the same of the ratio to the first
//! rig load PROGRAM FOLDER [OPTION VALUE]…            tables of `serve` under load, see `load`
//! rig kills PROGRAM FOLDER ROUNDS SEED               `serve` killed under load, so often
//! rig tasks PROGRAM FOLDER STORE COUNT KILLS         so many runs of the queue, worked off by a `serve` that is killed
//! ```

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a rig that fails has to stop, and says its figures"
)]

mod fill;
mod house;
mod instant;
mod kills;
mod load;
mod mock;
mod tasks;
mod timing;

use std::process::ExitCode;

use ombud::domain::SessionId;
use ombud::storage::{StoreUrl, open};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use self::fill::Template;
use self::kills::Kills;
use self::load::Load;
use self::tasks::Tasks;
use self::timing::Timing;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["model"] => in_runtime(serve()),
        ["fill", store, session, events] => match (SessionId::parse(session), events.parse()) {
            (Ok(session), Ok(events)) => in_runtime(fill(store, Some(session), events)),
            _ => return usage(),
        },
        ["list", store, count] => match count.parse() {
            Ok(count) => in_runtime(fill(store, None, count)),
            Err(_) => return usage(),
        },
        ["time", ..] => match Timing::read(&arguments[1..]) {
            Some(timing) => timing.run(),
            None => return usage(),
        },
        ["load", ..] => match Load::read(&arguments[1..]) {
            Some(load) => in_runtime(async move { load.run().await }),
            None => return usage(),
        },
        ["kills", ..] => match Kills::read(&arguments[1..]) {
            Some(kills) => in_runtime(async move { kills.run().await }),
            None => return usage(),
        },
        ["tasks", ..] => match Tasks::read(&arguments[1..]) {
            Some(tasks) => in_runtime(async move { tasks.run().await }),
            None => return usage(),
        },
        _ => return usage(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    eprintln!("usage: rig model | fill STORE SESSION EVENTS | list STORE COUNT | time ROUNDS RUNS COMMAND… [--- COMMAND…]…");
    eprintln!("       rig load PROGRAM FOLDER [OPTION VALUE]… | kills PROGRAM FOLDER ROUNDS SEED [only-lost]");
    eprintln!("       rig tasks PROGRAM FOLDER STORE COUNT KILLS");
    ExitCode::from(2)
}

fn in_runtime(work: impl Future<Output = Result<(), String>>) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let done = runtime.block_on(work);
    runtime.shutdown_background();
    done
}

async fn serve() -> Result<(), String> {
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|error| error.to_string())?;
    println!("{}", listener.local_addr().map_err(|error| error.to_string())?.port());
    let mut ignored = Vec::new();
    let mut input = tokio::io::stdin();
    tokio::select! {
        () = mock::serve(listener) => {}
        _ = input.read_to_end(&mut ignored) => {}
    }
    Ok(())
}

async fn fill(store: &str, session: Option<SessionId>, count: u64) -> Result<(), String> {
    // The sessions' workspace, which must be there when they are continued.
    let folder = std::fs::canonicalize(".").map_err(|error| error.to_string())?;
    let template = Template::make(&folder).await;
    let url = StoreUrl::parse(store).map_err(|error| error.to_string())?;
    let store = open(&url).await.map_err(|error| error.to_string())?;
    match session {
        Some(session) => template.session(&*store, &session, count).await,
        None => template.sessions(&*store, count).await,
    }
    store.tidy().await.map_err(|error| error.to_string())
}
