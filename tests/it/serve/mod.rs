//! The server: one file a topic.

mod distance;
mod start;
