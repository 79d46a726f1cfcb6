//! The integration tests: one binary, a module for each thing that is tested.

#![expect(clippy::expect_used, clippy::panic, clippy::unwrap_used, clippy::print_stderr, reason = "a test fails by them")]

mod engine;
mod failures;
mod guard;
mod help;
mod input;
mod models;
mod several;
mod signals;
mod support {
    pub mod house;
    pub mod model_server;
    pub mod ombud;
    pub mod process;
    pub mod schema;
}
