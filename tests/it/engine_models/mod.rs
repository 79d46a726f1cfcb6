//! Which model answers, and what it is shown when that is too much.

mod compaction;
mod fallback;
