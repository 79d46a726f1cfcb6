//! The server: one file a topic.

mod agio;
mod resume;
mod sockets;
mod start;
mod websocket;
mod workspace;
