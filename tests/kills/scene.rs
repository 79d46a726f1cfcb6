//! A store, a process that works on it, and the ways in which that is killed.

use std::path::PathBuf;
use std::time::Duration;

use ombud::config::Wire;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::Chance;
use crate::support::model_server::{Answer, Gate, ModelServer};
use crate::support::process::{Life, PATIENCE, Place, Process, marker, until_none_is_marked};
use crate::victim::REACHED;

/// How long a process that waits to be killed may still print: what was published before its time comes out then.
const QUIET: Duration = Duration::from_millis(25);

/// Pieces of the last answer.
const PIECES: [&str; 6] = ["so ", "it ", "is ", "teal, ", "I ", "read"];

/// The points of an append, as the store names them.
const POINTS: [&str; 3] = ["append.before", "append.written", "append.durable"];

/// Where a process is killed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Before an append is written.
    BeforeAppend,
    /// Written, and not yet durable; it waits there.
    Written,
    /// It goes on from there into the commit, and is killed meanwhile.
    InCommit,
    /// Durable, and nobody was told.
    Durable,
    /// At any point of the last append.
    AtTheEnd,
    /// While a tool works.
    InTool,
    /// Between two pieces of the answer.
    BetweenDeltas,
    /// After any line of its output.
    Anywhere,
}

/// So many of them, the first, are killed at a point of an append.
pub const AT_A_POINT: usize = 5;

/// All of them.
pub const CLASSES: [Class; 8] = [
    Class::BeforeAppend,
    Class::Written,
    Class::InCommit,
    Class::Durable,
    Class::AtTheEnd,
    Class::InTool,
    Class::BetweenDeltas,
    Class::Anywhere,
];

impl Class {
    /// For the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::BeforeAppend => "before an append",
            Self::Written => "before the commit",
            Self::InCommit => "in the commit",
            Self::Durable => "after the commit",
            Self::AtTheEnd => "at the last append",
            Self::InTool => "in a tool",
            Self::BetweenDeltas => "between deltas",
            Self::Anywhere => "anywhere",
        }
    }
}

/// A store and what works on it.
pub struct Scene {
    pub place: Place,
    /// Appends of a whole run.
    appends: u32,
    /// Lines that a whole run prints.
    lines: u32,
}

impl Scene {
    /// A new store, in which one whole run has left a session.
    pub fn new(store: &'static str, program: Option<PathBuf>) -> Self {
        let place = Place::new(store);
        let place = match program {
            Some(program) => place.with_program(program),
            None => place,
        };
        let mut scene = Self { place, appends: 0, lines: 0 };
        let _server = scene.model(answers("true", None));
        let ended = scene.victim("whole", "append.durable", 0, false).end(PATIENCE);
        assert_eq!(ended.code, Some(0), "{ended}");
        scene.appends = ended.stderr.trim().parse().unwrap_or_else(|_| panic!("{ended}"));
        scene.lines = u32::try_from(ended.lines().len()).unwrap();
        scene
    }

    /// From now on the model is this one.
    pub fn model(&mut self, answers: Vec<Answer>) -> ModelServer {
        let server = ModelServer::start(Wire::Openai, answers);
        self.place.ask(&server);
        server
    }

    fn victim(&self, session: &str, point: &str, number: u32, waits: bool) -> Process {
        let program: PathBuf = std::env::current_exe().unwrap();
        let number = number.to_string();
        let waits = if waits { "waits" } else { "goes on" };
        Process::start(self.place.command_of(&program, &["victim", session, point, &number, waits]))
    }

    fn program(&self, session: &str) -> Process {
        let arguments = ["oneshot", "work", "--session-id", session, "--allow", "run_command", "--format", "jsonl"];
        self.place.start(&arguments)
    }

    /// Has a process work in a new session and kills it; the lines that it had printed. `point` says where, for people.
    pub fn kill(&mut self, class: Class, session: &str, chance: &mut Chance, point: &mut String) -> Vec<Value> {
        let any = chance.up_to(self.appends);
        match class {
            Class::BeforeAppend => self.at_append(session, POINTS[0], any, true, point),
            Class::Written => self.at_append(session, POINTS[1], any, true, point),
            Class::InCommit => self.at_append(session, POINTS[1], any, false, point),
            Class::Durable => self.at_append(session, POINTS[2], any, true, point),
            Class::AtTheEnd => {
                let name = POINTS[chance.up_to(3) as usize - 1];
                self.at_append(session, name, self.appends, true, point)
            }
            Class::InTool => self.in_tool(session, point),
            Class::BetweenDeltas => self.between_deltas(session, chance, point),
            Class::Anywhere => self.anywhere(session, chance, point),
        }
    }

    fn at_append(&mut self, session: &str, name: &str, number: u32, waits: bool, point: &mut String) -> Vec<Value> {
        *point = format!("{name} {number} of {}", self.appends);
        let _server = self.model(answers("true", None));
        let mut process = self.victim(session, name, number, waits);
        let said = process.error_line(PATIENCE);
        assert_eq!(said.as_deref(), Some(REACHED), "the point was not reached");
        while waits && process.line_if_any(QUIET).is_some() {}
        killed(process)
    }

    fn in_tool(&mut self, session: &str, point: &mut String) -> Vec<Value> {
        "run_command".clone_into(point);
        let marker = marker();
        let _server = self.model(answers(&format!("{} sleep {marker} & wait", Life::HOLD), None));
        let life = Life::new(&self.place);
        let process = self.program(session);
        let held = life.begun();
        let lines = killed(process);
        held.released(PATIENCE);
        until_none_is_marked(&marker, PATIENCE);
        lines
    }

    fn between_deltas(&mut self, session: &str, chance: &mut Chance, point: &mut String) -> Vec<Value> {
        let pieces = chance.up_to(u32::try_from(PIECES.len()).unwrap() - 1) as usize;
        *point = format!("piece {pieces}");
        let _server = self.model(answers("true", Some(pieces)));
        let mut process = self.program(session);
        process.until(|line| line["text"].as_str().is_some_and(|text| text.ends_with(PIECES[pieces - 1])));
        killed(process)
    }

    fn anywhere(&mut self, session: &str, chance: &mut Chance, point: &mut String) -> Vec<Value> {
        let lines = chance.up_to(self.lines);
        *point = format!("line {lines} of {}", self.lines);
        let _server = self.model(answers("true", None));
        let mut process = self.program(session);
        (0..lines).for_each(|_| drop(process.line(PATIENCE)));
        killed(process)
    }
}

/// Two rounds of tools and an answer, which holds after so many pieces.
fn answers(command: &str, held_after: Option<usize>) -> Vec<Answer> {
    let last = Answer::pieces(&PIECES);
    vec![
        Answer::calls(vec![("read_file", json!({"path": "notes.txt"}))]),
        Answer::calls(vec![("run_command", json!({"command": command}))]),
        match held_after {
            Some(pieces) => last.wait_after(1 + pieces, &Gate::new()),
            None => last,
        },
    ]
}

fn killed(process: Process) -> Vec<Value> {
    process.signal(Signal::KILL);
    let ended = process.end(PATIENCE);
    let mut text = ended.stdout.as_str();
    // A line that was cut by the kill acknowledges nothing.
    if !text.ends_with('\n') {
        text = &text[..text.rfind('\n').map_or(0, |end| end + 1)];
    }
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}
