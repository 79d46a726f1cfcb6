//! Tool servers: programs and addresses that offer tools by the Model Context Protocol.
//!
//! [`Supervisor`] keeps one running. `child` starts its program, under a guard of its own, and ends it; `address` is the
//! way to one over HTTP; `client` greets it; `exchange` carries requests beside the protocol library; `ring` keeps the
//! newest lines that it wrote. [`tools_of`] gives what it offers as tools of agents. [`ToolServerPeer`] is a running one
//! for whoever forwards messages to it.

mod address;
mod child;
mod client;
mod exchange;
mod peer;
mod ring;
mod supervisor;
mod tool;

pub use client::ServedTool;
pub use peer::{PeerError, PeerMessage, PeerRequest, ToolServerPeer};
pub use ring::LINES;
pub use supervisor::{Keeping, Launch, OnChange, Standing, Supervisor};
pub use tool::{PREFIX, tools_of};
