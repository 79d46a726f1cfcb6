//! Tool servers: programs that behave and such that do not, what agents have of them, and what their user sees.

mod command;
mod kept;
mod kept_running;
mod runs;

/// A tool server written in shell: see there what it can do.
pub const SERVER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/mcp/server.sh");
/// The program, which is also the guard of tool servers.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_ombud");
