//! FLOOR 1: requests that go out, to models and to other houses: who makes them, and events out of their bytes.

mod client;
mod sse;

pub(crate) use client::{far, is_local, near};
pub(crate) use sse::{SseEvent, SseParser, TooLarge};
