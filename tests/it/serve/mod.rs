//! The server: one file a topic.

mod resume;
mod sockets;
mod start;
mod websocket;
