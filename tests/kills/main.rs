//! Kills processes at recorded points, and looks from outside at what they had acknowledged: every fact that was
//! printed is in the store, unchanged; the log has no gap; the session opens, is brought in order and goes on.
//!
//! `cargo test` runs a few kills; `tests/long/run kills` runs many, and shows that a build with a planted bug is caught.
//! Arguments: `--seed N --count N`; and `--planted PROGRAM` in a build with the bug, which is then expected to be caught by
//! looking with that program, which has none.

#![expect(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what goes wrong here must stop it")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it tells what it has found")]

mod check;
mod scene;
mod victim;
#[path = "../it/support"]
mod support {
    pub mod model_server;
    pub mod process;
}

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::ExitCode;

use scene::{AT_A_POINT, CLASSES, Class, Scene};

/// Kills that `cargo test` makes.
const FEW: u32 = 16;

/// Violations that are told in full.
const SHOWN: usize = 5;

/// The kinds of stores.
const STORES: [&str; 2] = ["sqlite", "file"];

/// Numbers that look like chance and come again with the same seed.
pub struct Chance(u64);

impl Chance {
    fn new(seed: u64) -> Self {
        Self(seed ^ 0x9e37_79b9_7f4a_7c15)
    }

    /// A number from 1 to `most`.
    pub fn up_to(&mut self, most: u32) -> u32 {
        for shift in [13, 7, 17] {
            self.0 ^= if shift == 7 { self.0 >> shift } else { self.0 << shift };
        }
        u32::try_from(self.0 >> 33).unwrap() % most + 1
    }
}

/// What was asked for.
struct Plan {
    seed: u64,
    count: u32,
    /// What is looked with, where a bug is expected.
    planted: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some(ombud::tools::guard::WORD) => return ombud::tools::guard::main(std::env::args_os().skip(2)),
        Some("victim") => return victim::main(&arguments[1..]),
        _ => {}
    }
    let mut plan = Plan { seed: 1, count: FEW, planted: None };
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let mut number = || words.next().and_then(|text| text.parse::<u64>().ok()).expect("a number");
        match word.as_str() {
            "--seed" => plan.seed = number(),
            "--count" => plan.count = u32::try_from(number()).expect("a small number"),
            "--planted" => plan.planted = words.next().map(PathBuf::from),
            // A filter of `cargo test`, which is about other tests, or an option of theirs.
            other if other.starts_with('-') || "kills".contains(other) => {}
            _ => return ExitCode::SUCCESS,
        }
    }
    if arguments.iter().any(|word| word == "--list") {
        return ExitCode::SUCCESS;
    }
    kill_all(&plan)
}

fn kill_all(plan: &Plan) -> ExitCode {
    // What is found is told in the table, and not as it is met.
    std::panic::set_hook(Box::new(|_| {}));
    let mut chance = Chance::new(plan.seed);
    let mut violations = Vec::new();
    println!("{:20} {:6} {:>5} {:>5} {:>10}", "killed", "store", "kills", "more", "violations");
    // The bug is in the process that stops at a point; the other classes kill the program itself.
    let classes = if plan.planted.is_some() { &CLASSES[..AT_A_POINT] } else { &CLASSES[..] };
    let all = u32::try_from(classes.len() * STORES.len()).unwrap();
    for (place, class) in classes.iter().copied().enumerate() {
        for (half, store) in STORES.into_iter().enumerate() {
            let turn = u32::try_from(place * STORES.len() + half).unwrap();
            let kills = plan.count / all + u32::from(turn < plan.count % all);
            let (more, found) = batch(plan, class, store, kills, &mut chance);
            println!("{:20} {store:6} {kills:>5} {more:>5} {:>10}", class.name(), found.len());
            violations.extend(found);
        }
    }
    println!("{:20} {:6} {:>5} {:>5} {:>10}", "all", "", plan.count, "", violations.len());
    println!("more: kills after which the store held more than was acknowledged");
    violations.iter().take(SHOWN).for_each(|violation| println!("violation: {violation}"));
    let lost = |store: &str| {
        let store = format!(" on {store}, ");
        violations.iter().any(|violation| violation.contains(&store) && violation.contains(check::LOST))
    };
    let caught = STORES.into_iter().all(lost);
    let failed = match plan.planted {
        Some(_) if !caught => "the planted bug was not caught",
        None if !violations.is_empty() => "something acknowledged was lost, or a session does not go on",
        _ => return ExitCode::SUCCESS,
    };
    println!("FAILED: {failed}; again with --seed {} --count {}", plan.seed, plan.count);
    ExitCode::FAILURE
}

/// Kills of one class, one after the other on one store: how often there was more than was acknowledged, and what was
/// violated.
fn batch(plan: &Plan, class: Class, store: &'static str, kills: u32, chance: &mut Chance) -> (u32, Vec<String>) {
    let (mut more, mut violations) = (0, Vec::new());
    if kills == 0 {
        return (more, violations);
    }
    let mut scene = Scene::new(store, plan.planted.clone());
    for number in 0..kills {
        let session = format!("k{number}");
        let mut point = String::new();
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let killed = scene.kill(class, &session, chance, &mut point);
            check::everything_acknowledged_is_there(&mut scene, &session, &killed, chance)
        }));
        more += u32::from(matches!(outcome, Ok(true)));
        if let Err(panic) = outcome {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("?");
            violations.push(format!("{} on {store}, kill {number} at {point}: {text}", class.name()));
        }
    }
    let sessions = catch_unwind(AssertUnwindSafe(|| check::all_sessions_open(&scene)));
    if sessions.is_err() && violations.is_empty() {
        violations.push(format!("{} on {store}: a session cannot be opened", class.name()));
    }
    (more, violations)
}
