//! FLOOR 1: what the user wants, resolved once, at the top.
//!
//! Flags, environment, project file, user file and defaults are merged into one [`Settings`], in which each value knows
//! its source. Nothing below reads the environment or a config file by itself.

mod settings;

pub use settings::{Limits, Paths, Provider, Settings, ToolSettings, Wire};
