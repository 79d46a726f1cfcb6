//! FLOOR 5: pages for people: the page of a shared session, and the console.
//!
//! Both show a session through the same viewer (`web/story.js` folds native frames, `web/transcript.js` shows them). All
//! files are written by hand and embedded as they are: no build step, no framework, no other host. Nothing here serves:
//! the server mounts what [`console()`] gives, and whoever shares sends what [`share_page()`] gives.

mod bundle;
mod files;
mod share;

pub use files::{CONSOLE_POLICY, PageFile, console};
pub use share::share_page;
