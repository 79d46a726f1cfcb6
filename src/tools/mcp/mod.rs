//! Tool servers: programs and addresses that offer tools by the Model Context Protocol.
//!
//! [`ToolServerPeer`] is a running one for whoever forwards messages to it.

mod peer;

pub use peer::{PeerError, PeerMessage, PeerRequest, ToolServerPeer};
