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
    end_descendants();
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

/// Stops all descendants until no new one appears, so that none can start another behind our back; then kills them.
#[cfg(target_os = "linux")]
fn end_descendants() {
    use rustix::process::kill_process;

    let mut known = BTreeSet::new();
    for _ in 0..ROUNDS {
        let fresh: Vec<i32> = descendants().into_iter().filter(|process| known.insert(*process)).collect();
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
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(process) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        let Ok(stat) = std::fs::read(entry.path().join("stat")) else { continue };
        if let Some(parent) = parent(&stat) {
            children.entry(parent).or_default().push(process);
        }
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

/// The parent's id of a line of `/proc/ID/stat`: `ID (NAME) STATE PARENT …`, where the name may hold anything.
#[cfg(target_os = "linux")]
fn parent(stat: &[u8]) -> Option<i32> {
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    let rest = std::str::from_utf8(&stat[end + 1..]).ok()?;
    rest.split_ascii_whitespace().nth(1)?.parse().ok()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_parent_is_found_behind_any_name() {
        assert_eq!(parent(b"12 (a) S 7 12 0"), Some(7));
        assert_eq!(parent(b"12 (a) S 3 (b\xff) R 8 12"), Some(8));
        assert_eq!(parent(b"nonsense"), None);
    }
}
