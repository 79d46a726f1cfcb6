//! The server: one file a topic.

mod start;
