//! Law 1: imports only go down, and a floor is entered through its `mod.rs`.
//!
//! Law 2 in part: the program holds the engine and does not reach past it.

use crate::code::Mention;
use crate::tree::{File, Finding, Tree};

/// The floors. What is not here is no folder or file of `src`.
const FLOORS: [(&str, u8); 17] = [
    ("domain", 0),
    ("config", 1),
    ("observe", 1),
    ("outgoing", 1),
    ("storage", 2),
    ("bus", 2),
    ("models", 3),
    ("workspace", 3),
    ("tools", 3),
    ("engine", 4),
    ("http", 5),
    ("pages", 5),
    ("remote", 5),
    ("dialects", 6),
    ("server", 7),
    ("lib", 9),
    ("commands", 8),
];

/// The only imports between rooms of one floor: from, to.
const SIDEWAYS: [(&str, &str); 3] =
    [("tools", "workspace"), ("dialects::agent_tars", "dialects::tarko"), ("dialects::native", "dialects::tarko")];

/// Rooms that have a door of their own beside their floor's, and why.
const OWN_DOORS: [(&str, &str); 3] = [
    ("remote::wire", "the words of the native API: whoever answers it needs them, and not the engine that asks"),
    ("storage::probe", "the points at which long tests kill a process; nothing of the house needs it"),
    ("tools::guard", "the body of another process: whoever works with tools must not see it"),
];

/// What `commands/` may enter: who wants something of a store, a model or a workspace asks the engine.
const FOR_COMMANDS: [&str; 8] = ["config", "dialects", "domain", "engine", "observe", "pages", "remote", "server"];

/// More that single files of `commands/` may enter, and why.
const FOR_ONE_COMMAND: [(&str, &[&str], &str); 2] = [
    ("commands/main.rs", &["tools"], "the guard process is a part of the tools that needs a program to live in"),
    ("commands/program.rs", &["models", "storage", "tools"], "the one place that puts the engine together"),
];

/// Every import of `src` goes to a lower floor, or stays in its room.
pub fn imports_only_go_down(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, code) in tree.code(&["src"]) {
        let own = room(&code.module);
        let Some(own_floor) = floor(&own) else {
            findings.push(file.finding(1, format!("`{own}` has no floor")));
            continue;
        };
        for (mention, target) in code.mentions.iter().filter_map(|mention| Some((mention, inside("crate", mention)?))) {
            if own == "lib" || room(target) == own {
                continue;
            }
            findings.extend(step(file, mention.line, (&own, own_floor), target));
            findings.extend(past_the_door(tree, file, mention.line, target));
        }
    }
    findings.dedup();
    findings
}

/// A step from one room into another.
fn step(file: &File, line: usize, (own, own_floor): (&str, u8), target: &[String]) -> Option<Finding> {
    let other = room(target);
    let Some(other_floor) = floor(&other) else {
        return Some(file.finding(line, format!("`{other}` is no floor")));
    };
    let sideways = own_floor == other_floor;
    // What every dialect gives is said in the door that they share.
    let shared = own.split("::").next() == Some(other.as_str());
    if other_floor < own_floor || shared || sideways && SIDEWAYS.contains(&(own, other.as_str())) {
        return None;
    }
    let direction = if sideways { "sideways" } else { "up" };
    Some(file.finding(line, format!("`{own}` (floor {own_floor}) imports {direction}: `{other}` (floor {other_floor})")))
}

/// `storage::sqlite::…` from outside of `storage`, where `sqlite` is a file or folder of `storage`.
fn past_the_door(tree: &Tree, file: &File, line: usize, target: &[String]) -> Option<Finding> {
    let depth = if target[0] == "dialects" { 2 } else { 1 };
    let inner = target.get(depth)?;
    let path = format!("src/{}/{inner}", target[..depth].join("/"));
    let is_module = tree.file(&format!("{path}.rs")).is_some() || tree.below(&[&path]).next().is_some();
    let door = target[..depth].join("::");
    let own_door = OWN_DOORS.iter().any(|(room, _)| *room == format!("{door}::{inner}"));
    (is_module && !own_door)
        .then(|| file.finding(line, format!("`{door}::{inner}` goes past the door: enter through `{door}`")))
}

/// The program enters the engine and the plain floors, through their doors.
pub fn commands_stand_on_the_engine(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, code) in tree.code(&["commands"]) {
        for (mention, target) in code.mentions.iter().filter_map(|mention| Some((mention, inside("ombud", mention)?))) {
            let floor = target[0].as_str();
            let granted = FOR_ONE_COMMAND.iter().any(|(path, floors, _)| *path == file.path && floors.contains(&floor));
            if !granted && !FOR_COMMANDS.contains(&floor) {
                findings.push(file.finding(mention.line, format!("commands do not enter `{floor}`: ask the engine")));
            }
            findings.extend(past_the_door(tree, file, mention.line, target));
        }
    }
    findings.dedup();
    findings
}

/// What a mention names inside of a crate: a floor and more.
fn inside<'a>(name: &str, mention: &'a Mention) -> Option<&'a [String]> {
    let (first, rest) = mention.written.split_first()?;
    let names_a_floor =
        first == name && rest.first().is_some_and(|next| next != "*" && next.starts_with(char::is_lowercase));
    names_a_floor.then_some(rest)
}

/// The room of a module: its floor; every dialect is a room of its own.
fn room(module: &[String]) -> String {
    match module {
        [] => "lib".to_owned(),
        // What begins with a capital is a thing of the floor's own door.
        [floor, dialect, ..] if floor == "dialects" && dialect.starts_with(char::is_lowercase) => {
            format!("{floor}::{dialect}")
        }
        [floor, ..] => floor.clone(),
    }
}

fn floor(room: &str) -> Option<u8> {
    let name = room.split("::").next()?;
    FLOORS.iter().find(|(floor, _)| *floor == name).map(|(_, number)| *number)
}

/// Law 13: every verb has a principal, and asks what it may do before anything else. Waiting for the end of one's own
/// runs is no verb about anything; who shows a proof of who they are has no principal before;
/// and to check is no verb.
pub fn every_verb_has_a_principal(tree: &Tree) -> Vec<Finding> {
    const NO_VERB: [&str; 4] = ["drain", "redeem_file", "login", "check"];
    let mut findings = Vec::new();
    let files = [
        "src/engine/verbs.rs",
        "src/engine/mod.rs",
        "src/engine/users/mod.rs",
        "src/engine/house_files/mod.rs",
        "src/engine/tool_servers/mod.rs",
        "src/engine/watching/mod.rs",
        "src/engine/channels/mod.rs",
        "src/engine/equipment.rs",
        "src/engine/memories/mod.rs",
        "src/engine/shelves.rs",
        "src/engine/keeping/mod.rs",
        "src/engine/agents/secrets.rs",
        "src/engine/speech.rs",
    ];
    for file in files.iter().filter_map(|path| tree.file(path)) {
        let lines: Vec<&str> = file.text.lines().collect();
        let is_verb = |line: &str| line.starts_with("    async fn ");
        for (at, line) in lines.iter().enumerate().filter(|(_, line)| is_verb(line)) {
            let name = line.trim_start().trim_start_matches("async fn ").split('(').next().unwrap_or_default();
            let rest = &lines[at..];
            let signature = rest.iter().position(|line| line.ends_with([';', '{'])).unwrap_or(0);
            let body = rest[signature].ends_with('{').then(|| rest.iter().position(|line| *line == "    }")).flatten();
            let whole = rest[..=body.unwrap_or(signature)].join(" ");
            let takes = whole.contains("caller: &Principal");
            // In the trait there is a signature only; in the house the body asks.
            let asks = body.is_none() || whole.contains("check(caller,");
            let is_none = NO_VERB.contains(&name) || name.starts_with("find_");
            if !is_none && (!takes || !asks) {
                findings.push(file.finding(at + 1, format!("`{name}` does not ask who calls, and what they may do")));
            }
        }
    }
    findings
}
