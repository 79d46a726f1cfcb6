//! The server: one file a topic.

mod agio;
mod start;
mod workspace;
