//! FLOOR 1: requests that go out, to models and to other houses: who makes them, and events out of their bytes.

mod client;
mod failure;
mod sse;

pub(crate) use client::{far, is_local, limited, near};
pub(crate) use failure::{is_tls, reason};
pub(crate) use sse::{SseEvent, SseParser};
