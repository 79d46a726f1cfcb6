//! The server: one file a topic.

mod agio;
mod replay;
mod resume;
mod sockets;
mod start;
mod tarko_format;
mod tarko_sessions;
mod tarko_transcripts;
mod websocket;
