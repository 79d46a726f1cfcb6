//! The server: one file a topic.

mod distance;
mod guards;
mod leaving;
mod limits;
mod mounting;
mod probe;
mod start;
mod traces;
