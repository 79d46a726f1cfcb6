//! How much memory a command may use: each of its processes by a limit of the kernel, all of them together by looking.
//!
//! The limit of the kernel (`RLIMIT_DATA`) makes a single allocation fail that is too large: the program says so itself. What
//! many processes use together only the guard sees; it looks often, and ends them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, getrlimit, setrlimit};

use super::descendants;

/// How often is looked.
const EVERY: Duration = Duration::from_millis(50);

/// Lowers what this process, and each that it starts, may use for data.
pub(super) fn limit_each(most: u64) {
    let now = getrlimit(Resource::Data);
    let lower = |limit: Option<u64>| Some(limit.map_or(most, |limit| limit.min(most)));
    // Where it cannot be set, looking remains.
    let _ = setrlimit(Resource::Data, Rlimit { current: lower(now.current), maximum: lower(now.maximum) });
}

/// Ends the command when all that runs uses more than that; says then that it did. Ends with this process.
pub(super) fn watch(most: u64, group: Pid) -> Arc<AtomicBool> {
    let over = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&over);
    // Without the thread the limit of each process remains.
    let _ = std::thread::Builder::new().spawn(move || {
        loop {
            if descendants::memory().is_some_and(|used| used > most) {
                told.store(true, Ordering::Release);
                descendants::end(group);
                return;
            }
            std::thread::sleep(EVERY);
        }
    });
    over
}
