//! The integration tests: one binary, a module for each thing that is tested.

#![expect(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by them")]

mod agents;
mod agents_commands;
mod agents_own;
mod asked;
mod caller_tools;
mod cassette;
mod contracts;
mod conversation;
mod engine;
mod engine_back;
mod engine_channels;
mod engine_files;
mod engine_house_files;
mod engine_lives;
mod engine_models;
mod engine_procedures;
mod engine_queue;
mod engine_rights;
mod engine_serve;
mod engine_shown;
mod engine_watching;
mod failures;
mod guard;
mod help;
mod hostile;
mod input;
mod keeping;
mod keys;
mod machine;
mod mcp_serve;
mod models;
mod pains;
mod recipes;
mod reference;
mod remote;
mod remote_signals;
mod secrets;
mod serve;
mod setup;
mod several;
mod signals;
mod tool_servers;
mod support {
    pub mod house;
    pub mod lives;
    pub mod mcp_client;
    pub mod model_server;
    pub mod ombud;
    pub mod process;
    pub mod proxy;
    pub mod receiver;
    pub mod schema;
    pub mod server;
    pub mod shape;
    pub mod socket;
    pub mod source;
}
mod users;
