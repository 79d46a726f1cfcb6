//! Our agents as a server of the Model Context Protocol: `ombud mcp serve`, and `/mcp` of `ombud serve`.

mod bridge;
mod http;
mod pipes;
