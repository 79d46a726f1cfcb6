//! The server under load: what `tests/long/load` runs. Prints a table of Markdown for each store, beside the figures of the
//! original server, which are in the design's reference, from a machine of the same kind.

mod crowd;
pub mod http;
mod octavus;
pub mod server;
mod work;

use std::io::{Error, Result};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;

use self::http::Client;
use self::server::{Plan, Server};
use self::work::{CONNECTIONS, Door, QUESTION, Rate, Task};
use crate::mock;

pub use self::crowd::event;
pub use self::work::{create, question};

/// Starts of the program, of which the median counts.
const STARTS: usize = 5;

/// What is measured.
pub struct Load {
    program: PathBuf,
    folder: PathBuf,
    stores: Vec<String>,
    time: Duration,
    /// Sessions, idle connections and readers of the large counts.
    large: [usize; 3],
}

/// One row: what, ours, the original's on the same kind of store.
struct Row(&'static str, String, &'static str);

impl Load {
    /// Reads `PROGRAM FOLDER [--seconds N] [--stores memory,sqlite] [--large SESSIONS,IDLE,READERS]`.
    pub fn read(arguments: &[String]) -> Option<Self> {
        let [program, folder, rest @ ..] = arguments else { return None };
        let mut load = Self {
            program: program.into(),
            folder: folder.into(),
            stores: vec!["memory".to_owned(), "sqlite".to_owned()],
            time: Duration::from_secs(8),
            large: [10_000, 2_000, 1_000],
        };
        for pair in rest.chunks(2) {
            match pair {
                [name, value] if name == "--seconds" => load.time = Duration::from_secs(value.parse().ok()?),
                [name, value] if name == "--stores" => load.stores = value.split(',').map(str::to_owned).collect(),
                [name, value] if name == "--large" => {
                    let counts: Vec<usize> = value.split(',').filter_map(|count| count.parse().ok()).collect();
                    load.large = counts.try_into().ok()?;
                }
                _ => return None,
            }
        }
        Some(load)
    }

    /// Measures, and prints as it goes.
    pub async fn run(&self) -> std::result::Result<(), String> {
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|error| error.to_string())?;
        let model = listener.local_addr().map_err(|error| error.to_string())?.port();
        tokio::spawn(mock::serve(listener));
        for store in &self.stores {
            println!("\n### {store}, load {}\n", load_average());
            println!("| | ombud | original, same store |\n|---|---|---|");
            self.store(store, model).await.map_err(|error| format!("{store}: {error}"))?;
        }
        println!("\nload at the end {}", load_average());
        Ok(())
    }

    fn plan(&self, store: &str, model: u16, name: &str) -> Result<Plan> {
        let folder = self.folder.join(format!("{store}-{name}"));
        std::fs::create_dir_all(&folder)?;
        let store = match store {
            "memory" => "memory:".to_owned(),
            kind => format!("{kind}:{}", Path::new(&folder).join("store").display()),
        };
        Ok(Plan { program: self.program.clone(), folder, store, model, port: 0 })
    }

    async fn store(&self, store: &str, model: u16) -> Result<()> {
        let memory = store == "memory";
        let theirs = |of_memory: &'static str, of_sqlite: &'static str| if memory { of_memory } else { of_sqlite };
        self.starts(store, model, theirs("457 (380)", "303 (278)")).await?;

        let server = self.plan(store, model, "work")?.start().await?;
        tell(&Row("memory after start, MiB", format!("{:.1}", server.memory()), theirs("116 to 121", "121")));
        work::create_many(server.address, 100, Door::Tarko).await?;
        tell(&Row("memory after 100 sessions, MiB", format!("{:.1}", server.memory()), theirs("119 to 122", "124")));
        let rows = [
            ("health a second, 32 connections", Task::Health, theirs("9,300 to 10,100 (0.07)", "14,200 (0.06)")),
            ("sessions created a second, 32 connections", Task::Create, theirs("3,810 to 3,850 (0.21)", "1,922 (0.47)")),
        ];
        for (what, task, original) in rows {
            self.rate(&server, what, vec![task; CONNECTIONS], original).await?;
        }
        tell(&Row("memory after that, MiB", format!("{:.1}", server.memory()), theirs("816", "511")));
        finish(server)?;

        let server = self.plan(store, model, "questions")?.start().await?;
        let [ours, slow, direct, direct_slow] = work::first_piece(&server, model, 300).await?;
        let figure = format!("{ours:.2} (99 of 100: {slow:.2}); the model itself {direct:.2} ({direct_slow:.2})");
        tell(&Row("first piece of an answer, ms", figure, "not measured"));
        let own = |sessions: Vec<String>, each: usize, question: &'static str| -> Vec<Task> {
            sessions.chunks(each).map(|mine| Task::Ask { sessions: mine.to_vec(), question }).collect()
        };
        let sessions = work::create_many(server.address, CONNECTIONS, Door::Tarko).await?;
        let growing = theirs("598 to 898 (0.9 to 1.2)", "508 (1.71)");
        self.rate(&server, "questions a second, histories that grow", own(sessions, 1, QUESTION), growing).await?;
        let sessions = work::create_many(server.address, CONNECTIONS * 50, Door::Tarko).await?;
        let spread = theirs("1,331 (0.64)", "609 (1.36)");
        self.rate(&server, "questions a second, over 50 sessions each", own(sessions, 50, QUESTION), spread).await?;
        let sessions = work::create_many(server.address, CONNECTIONS * 50, Door::Tarko).await?;
        let tools = theirs("360 (2.0 to 2.2)", "314 (2.6)");
        self.rate(&server, "questions with one call of a tool a second", own(sessions, 50, "CALL"), tools).await?;
        tell(&Row("memory after that, MiB", format!("{:.1}", server.memory()), ""));
        finish(server)?;

        let server = self.plan(store, model, "streams")?.start().await?;
        for (what, count, rounds, original) in [
            ("events a second, 1 stream of 2,000 pieces", 1, 40, theirs("20,300 to 22,700 (35 to 40)", "36,100 (30)")),
            ("events a second, 8 streams", 8, 10, theirs("15,500 to 31,700 (21 to 24)", "56,800 (21)")),
        ] {
            let streams = work::streams(&server, count, rounds).await?;
            let figure = format!("{:.0} ({:.1} µs, {:.0} bytes)", streams.per_second, streams.processor, streams.bytes);
            tell(&Row(what, figure, original));
        }
        tell(&Row("most memory so far, MiB", format!("{:.1}", server.most_memory()), theirs("928 to 1,154", "632")));
        finish(server)?;
        self.octavus(store, model).await?;
        self.uploads(store, model).await?;
        self.large(store, model).await
    }

    /// What stands beside the questions above: the same by the API of Octavus, whose tools the caller carries out.
    async fn octavus(&self, store: &str, model: u16) -> Result<()> {
        let server = self.plan(store, model, "octavus")?.start().await?;
        octavus::make_agent(server.address).await?;
        // What is made once in a process is made before anything counts.
        let mut client = Client::connect(server.address).await?;
        let first = octavus::create(&mut client).await?;
        octavus::trigger(&mut client, &first, true).await?;
        for (what, each, tool) in [
            ("octavus: triggers a second, over 50 sessions each", 50, false),
            ("octavus: triggers with one call of a tool a second, over 50 sessions each", 50, true),
            ("octavus: triggers with one call of a tool a second, 32 histories that grow", 1, true),
        ] {
            let sessions = work::create_many(server.address, CONNECTIONS * each, Door::Octavus).await?;
            let tasks = sessions.chunks(each).map(|mine| Task::Trigger { sessions: mine.to_vec(), tool }).collect();
            self.rate(&server, what, tasks, "not there").await?;
        }
        tell(&Row("memory after that, MiB", format!("{:.1}", server.memory()), ""));
        finish(server)
    }

    /// Files, each with a request for its address. They stay, so there are only so many.
    async fn uploads(&self, store: &str, model: u16) -> Result<()> {
        for (what, size, each) in [
            ("octavus: files of 64 KiB a second, 32 connections", 64 << 10, 64),
            ("octavus: files of 4 MiB a second, 32 connections", 4 << 20, 3),
        ] {
            let server = self.plan(store, model, &format!("uploads-{size}"))?.start().await?;
            octavus::make_agent(server.address).await?;
            let bytes: Arc<[u8]> = b"The colour of the day is teal.\n".iter().copied().cycle().take(size).collect();
            let sessions = work::create_many(server.address, CONNECTIONS, Door::Octavus).await?;
            let mut client = Client::connect(server.address).await?;
            octavus::is_kept(&mut client, &sessions[0], &bytes).await?;
            let task = |session| Task::Upload { session, bytes: Arc::clone(&bytes) };
            let rate = work::rate(&server, sessions.into_iter().map(task).collect(), self.time, each).await;
            let rate = rate.map_err(|error| Error::other(format!("{what}: {error}")))?;
            let mebibytes = rate.per_second * size as f64 / f64::from(1 << 20);
            tell(&Row(what, format!("{}; {mebibytes:.0} MiB/s", shown(&rate)), "not there"));
            tell(&Row("most memory with that, MiB", format!("{:.1}", server.most_memory()), ""));
            finish(server)?;
        }
        Ok(())
    }

    async fn large(&self, store: &str, model: u16) -> Result<()> {
        let [sessions, idle, readers] = self.large;
        let server = self.plan(store, model, "many")?.start().await?;
        let before = server.memory();
        work::create_many(server.address, sessions, Door::Tarko).await?;
        let after = server.memory();
        let each = (after - before) * 1024.0 / sessions as f64;
        let figure = format!("{after:.1} (from {before:.1}; {each:.2} KiB each)");
        tell(&Row("memory after many sessions, MiB", format!("{figure}, {sessions} sessions"), "24 KiB each"));
        finish(server)?;

        let server = self.plan(store, model, "idle")?.start().await?;
        let more = crowd::idle(&server, idle).await?;
        let figure = format!("{more:.1} more, {:.1} KiB each, {idle} connections", more * 1024.0 / idle as f64);
        tell(&Row("memory of idle connections, MiB", figure, "not measured"));
        finish(server)?;

        let server = self.plan(store, model, "readers")?.start().await?;
        let crowd = crowd::readers(&server, readers).await?;
        let events = crowd.events * readers;
        let figure = format!(
            "{:.0} a second ({:.1} µs); {} each for {readers}, in {:.2} s; {:.1} MiB more when connected, {:.1} at most",
            events as f64 / crowd.took.as_secs_f64(),
            crowd.processor,
            crowd.events,
            crowd.took.as_secs_f64(),
            crowd.connected,
            crowd.most,
        );
        tell(&Row("events to the readers of one session, beside one that does not read", figure, "not there"));
        finish(server)
    }

    async fn starts(&self, store: &str, model: u16, original: &'static str) -> Result<()> {
        let mut times = Vec::new();
        for number in 0..STARTS {
            let server = self.plan(store, model, &format!("start-{number}"))?.start().await?;
            times.push(server.ready.as_secs_f64() * 1_000.0);
            finish(server)?;
        }
        times.sort_by(f64::total_cmp);
        let figure = format!("{:.1} ({:.1})", times[STARTS / 2], times[0]);
        tell(&Row("cold start to the first answer of health, median of 5 (best), ms", figure, original));
        Ok(())
    }

    async fn rate(&self, server: &Server, what: &'static str, tasks: Vec<Task>, original: &'static str) -> Result<()> {
        let rate = work::rate(server, tasks, self.time, usize::MAX).await;
        let rate = rate.map_err(|error| Error::other(format!("{what}: {error}")))?;
        tell(&Row(what, shown(&rate), original));
        Ok(())
    }
}

/// Ends a server, which must leave with 0.
fn finish(server: Server) -> Result<()> {
    server.stop().map(drop)
}

/// Items a second; in brackets milliseconds of processor an item, of the median item and of the slowest of a hundred.
fn shown(rate: &Rate) -> String {
    format!("{:.0} ({:.3} ms; {:.1}, {:.1})", rate.per_second, rate.processor, rate.median, rate.slow)
}

fn tell(Row(what, ours, original): &Row) {
    println!("| {what} | {ours} | {original} |");
}

fn load_average() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').take(3).collect::<Vec<_>>().join(" ")
}
