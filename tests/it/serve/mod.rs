//! The server: one file a topic.

mod agent_tars_transcripts;
mod agio;
mod canaries;
mod distance;
mod guards;
mod leaving;
mod limits;
mod meant;
mod mounting;
mod native;
mod probe;
mod replay;
mod resume;
mod seeds;
mod share;
mod sockets;
mod start;
mod tarko_format;
mod tarko_sessions;
mod tarko_transcripts;
mod traces;
mod unread;
mod websocket;
mod workspace;
