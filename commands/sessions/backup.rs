//! `ombud sessions backup`

use std::path::{Path, PathBuf};

use ombud::domain::{Error, Result};
use serde::Serialize;

use crate::cli::{Format, SessionsBackup};
use crate::program::Program;
use crate::render::harmless;

/// Its form is a contract: `docs/schemas/backup.json`.
#[derive(Serialize)]
struct Document {
    store: String,
    bytes: u64,
}

pub async fn execute(program: &Program, args: &SessionsBackup) -> Result<u8> {
    let house = program.open().await?;
    let to = std::path::absolute(&args.file)
        .map_err(|error| Error::invalid(format!("`{}` cannot be used: {error}", args.file.display())))?;
    let shown = to.to_str().ok_or_else(|| Error::invalid(format!("`{}` is no text", to.display())))?;
    house.keeping().back_up(&program.caller(), shown).await?;
    let kind = if to.is_dir() { "file" } else { "sqlite" };
    let document = Document { store: format!("{kind}:{shown}"), bytes: bytes_of(&to) };
    let out = &program.context.out;
    match program.format() {
        Format::Text => {
            let (store, size) = (harmless(&document.store), super::size(document.bytes));
            out.write_line(&format!("{store} ({size}); use it with `--store {store}`"))?;
        }
        Format::Json | Format::Jsonl | Format::Tarko => out.write_json(&document)?,
    }
    Ok(0)
}

/// Bytes of a file, or of all files in a folder.
fn bytes_of(path: &Path) -> u64 {
    let mut left: Vec<PathBuf> = vec![path.to_owned()];
    let mut bytes = 0;
    while let Some(path) = left.pop() {
        match std::fs::read_dir(&path) {
            Ok(items) => left.extend(items.flatten().map(|item| item.path())),
            Err(_) => bytes += std::fs::symlink_metadata(&path).map_or(0, |file| file.len()),
        }
    }
    bytes
}
