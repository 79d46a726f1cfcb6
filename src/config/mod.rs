//! FLOOR 1: what the user wants, resolved once, at the top.
//!
//! Flags, environment, project file, user file and defaults are merged into one [`Settings`], in which each value knows
//! its source. Nothing below reads the environment or a config file by itself.
//!
//! [`resolve`] is the whole way: `env` and `file` read, `document` parses, `keys` is the table of all settings, `layers`
//! puts what was said in order, `trust` takes away what a cloned folder may not say, `providers`, `permissions`,
//! `plugins` and `agents` build what is more than a value.

mod agents;
mod build;
mod cast;
mod document;
mod env;
mod fetch;
mod file;
mod foreign;
mod keys;
mod layers;
mod permissions;
mod plugins;
mod project;
mod providers;
mod resolution;
mod schema;
mod server;
mod settings;
mod show;
mod text;
mod tool_servers;
mod tree;
mod trust;

pub use agents::{built_in as built_in_agent, parse as parse_agent};
pub use build::is_ordinary_variable;
pub use env::{Environment, Variable, variables};
pub use fetch::{AllowedHost, FetchSettings};
pub use file::read_named as read_config_file;
pub use keys::{KEYS, Key, Kind, Untrusted};
pub use layers::Source;
pub use permissions::describe as describe_permission;
pub use plugins::{Plugin, PluginAnswers, PluginRoute};
pub use resolution::{Flags, Project, Resolved, resolve};
pub use schema::schema as config_schema;
pub use server::{FileLimits, LoginSettings, ServerFlags, ServerLimits, ServerSettings, TalkSettings, TlsFiles, WebUi};
pub use settings::{Limits, Paths, Provider, Retention, Settings, SpeechSettings, ToolSettings, Wire};
pub use show::Row;
pub use text::{did_you_mean, printable};
pub use tool_servers::{ConfiguredToolServer, McpSettings};
pub use tree::{Node, NodeKind, YamlFault, read_yaml};
pub use trust::{Ignored, Trust, TrustBook};
