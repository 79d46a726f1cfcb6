//! Tarko's words: what goes over the wire, as types.

mod answers;
mod events;
mod requests;

pub use answers::*;
pub use events::*;
pub use requests::*;
