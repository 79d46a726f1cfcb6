//! `ombud version`: what this program is, for people and for scripts that depend on it.

use ombud::dialects;
use ombud::domain::Result;
use serde_json::json;

use super::cli::Format;
use super::context::Exit;
use super::output::Output;

/// Where logs can be kept.
const STORES: [&str; 3] = ["sqlite", "file", "memory"];

/// Shows it. It needs no settings.
///
/// # Errors
/// As the output.
pub fn execute(format: Format, out: &Output) -> Result<Exit> {
    let version = env!("CARGO_PKG_VERSION");
    let (system, machine) = (std::env::consts::OS, std::env::consts::ARCH);
    match format {
        Format::Text => {
            out.write_line(&format!("ombud {version} ({machine} {system})"))?;
            out.write_line(&format!("stores: {}", STORES.join(", ")))?;
            out.write_line(&format!("APIs of `ombud serve`: {}", dialects::NAMES.join(", ")))?;
        }
        Format::Json | Format::Jsonl | Format::Tarko => out.write_json(&json!({
            "name": "ombud", "version": version, "os": system, "arch": machine, "stores": STORES,
            "dialects": dialects::NAMES,
        }))?,
    }
    Ok(Exit::OK)
}
