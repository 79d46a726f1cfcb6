//! Ending everything that a command started.

#[cfg(target_os = "linux")]
use std::collections::{BTreeMap, BTreeSet};

use rustix::process::{Pid, Signal, WaitOptions, kill_process_group};

/// Rounds of freezing: more means that processes are made faster than they can be stopped.
#[cfg(target_os = "linux")]
const ROUNDS: usize = 1_000;

/// Kills the group of the command and every descendant of this process, wherever it went.
pub fn end(group: Pid) {
    // An error means that nothing is left in it.
    let _ = kill_process_group(group, Signal::KILL);
    #[cfg(target_os = "linux")]
    stop_and_kill(descendants);
}

/// Ends everything and buries it: returns when no child is left. What dies hands its children on to us, the reaper, so
/// that each round finds the next generation.
pub fn end_all(group: Pid) {
    loop {
        end(group);
        // The first wait blocks until something has died; then the others that have are buried too.
        let mut how = WaitOptions::empty();
        loop {
            match rustix::process::wait(how) {
                Ok(Some(_)) => how = WaitOptions::NOHANG,
                Ok(None) => break,
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => return,
            }
        }
    }
}

/// Kills the processes of a session whose guard is dead, or does not do its work.
pub fn end_session(leader: Pid) {
    let _ = kill_process_group(leader, Signal::KILL);
    #[cfg(target_os = "linux")]
    stop_and_kill(|| {
        let session = leader.as_raw_pid();
        processes().into_iter().filter(|process| process.session == session).map(|process| process.id).collect()
    });
}

/// Asks the processes of a session to end, save the one that leads it.
pub fn ask_session_to_end(leader: Pid) {
    #[cfg(target_os = "linux")]
    {
        let session = leader.as_raw_pid();
        let of_session = processes().into_iter().filter(|process| process.session == session && process.id != session);
        for process in of_session.filter_map(|process| Pid::from_raw(process.id)) {
            // An error means that it is gone already.
            let _ = rustix::process::kill_process(process, Signal::TERM);
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = leader;
}

/// Stops what is found until nothing new appears, so that nothing can start another behind our back; then kills it.
#[cfg(target_os = "linux")]
fn stop_and_kill(find: impl Fn() -> Vec<i32>) {
    use rustix::process::kill_process;

    let mut known = BTreeSet::new();
    for _ in 0..ROUNDS {
        let fresh: Vec<i32> = find().into_iter().filter(|process| known.insert(*process)).collect();
        if fresh.is_empty() {
            break;
        }
        for process in fresh.into_iter().filter_map(Pid::from_raw) {
            // An error means that it is gone already.
            let _ = kill_process(process, Signal::STOP);
        }
    }
    for process in known.into_iter().filter_map(Pid::from_raw) {
        let _ = kill_process(process, Signal::KILL);
    }
}

/// The ids of all descendants of this process.
#[cfg(target_os = "linux")]
fn descendants() -> Vec<i32> {
    let mut children: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
    for process in processes() {
        children.entry(process.parent).or_default().push(process.id);
    }
    let mut found = Vec::new();
    let mut next = vec![rustix::process::getpid().as_raw_pid()];
    while let Some(process) = next.pop() {
        for child in children.remove(&process).into_iter().flatten() {
            found.push(child);
            next.push(child);
        }
    }
    found
}

/// The bytes of memory that all descendants of this process have for themselves; nothing where that is not told.
pub fn memory() -> Option<u64> {
    #[cfg(target_os = "linux")]
    return Some(descendants().into_iter().filter_map(own_memory).fold(0, u64::saturating_add));
    #[cfg(not(target_os = "linux"))]
    None
}

/// What a process holds in memory that is in no file.
#[cfg(target_os = "linux")]
fn own_memory(process: i32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let kilobytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_ascii_whitespace().next()?.parse::<u64>().ok()
    };
    let own = kilobytes("RssAnon:")?.saturating_add(kilobytes("RssShmem:").unwrap_or_default());
    Some(own.saturating_mul(1 << 10))
}

/// A process of this machine.
#[cfg(target_os = "linux")]
#[derive(Debug, PartialEq, Eq)]
struct Process {
    id: i32,
    parent: i32,
    session: i32,
}

#[cfg(target_os = "linux")]
impl Process {
    /// Reads `/proc/ID/stat`: `ID (NAME) STATE PARENT GROUP SESSION …`, where the name may hold anything.
    fn parse(stat: &[u8]) -> Option<Self> {
        let id = std::str::from_utf8(stat.split(|byte| *byte == b' ').next()?).ok()?.parse().ok()?;
        let end = stat.iter().rposition(|byte| *byte == b')')?;
        let mut rest = std::str::from_utf8(&stat[end + 1..]).ok()?.split_ascii_whitespace().skip(1);
        let parent = rest.next()?.parse().ok()?;
        Some(Self { id, parent, session: rest.nth(1)?.parse().ok()? })
    }
}

#[cfg(target_os = "linux")]
fn processes() -> Vec<Process> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbered = entries.filter(|entry| entry.file_name().as_encoded_bytes().iter().all(u8::is_ascii_digit));
    numbered.filter_map(|entry| Process::parse(&std::fs::read(entry.path().join("stat")).ok()?)).collect()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_read_whatever_its_name() {
        let process = |id, parent, session| Some(Process { id, parent, session });
        assert_eq!(Process::parse(b"12 (a) S 7 12 4 0"), process(12, 7, 4));
        assert_eq!(Process::parse(b"12 (a) S 3 (b\xff) R 8 12 5 0"), process(12, 8, 5));
        assert_eq!(Process::parse(b"nonsense"), None);
        let own = std::process::id();
        assert!(processes().iter().any(|process| u32::try_from(process.id) == Ok(own)));
        assert!(own_memory(own.cast_signed()).is_some_and(|bytes| bytes > 1 << 10));
    }
}
