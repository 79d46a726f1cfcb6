//! Named points on the way of an append, for tests that kill a process exactly there.
//!
//! Nothing happens at a point unless the process has installed a hook; then reaching a point calls it, on the thread
//! that does the writing. The points are `append.before` (nothing is written), `append.written` (written, but not yet
//! durable) and `append.durable` (durable, but nobody has been told). With the planted bug, sqlite has answered at
//! `append.written` and the file store already at `append.before`: what is written to a file survives its process.

use std::sync::OnceLock;

static HOOK: OnceLock<fn(&'static str)> = OnceLock::new();

/// Installs the hook of this process, once and for all stores. False when there was one already.
pub fn install(hook: fn(&'static str)) -> bool {
    HOOK.set(hook).is_ok()
}

/// Says that a point was reached.
pub(super) fn reached(point: &'static str) {
    if let Some(hook) = HOOK.get() {
        hook(point);
    }
}

/// Whether this build answers before the facts are durable: the planted bug that the kill harness must catch.
pub(super) const ANSWERS_TOO_EARLY: bool = cfg!(feature = "planted-publish-before-commit");

/// How long such a build waits then before it commits, so that whoever kills it as soon as something is told kills it in
/// between.
pub(super) const TOO_EARLY_BY: std::time::Duration = std::time::Duration::from_millis(250);
