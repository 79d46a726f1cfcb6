//! The server: one file a topic.

mod agio;
mod distance;
mod native;
mod replay;
mod resume;
mod seeds;
mod share;
mod sockets;
mod start;
mod tarko_transcripts;
mod websocket;
mod workspace;
