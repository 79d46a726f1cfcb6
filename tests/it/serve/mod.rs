//! The server: one file a topic.

mod resume;
mod start;
mod websocket;
