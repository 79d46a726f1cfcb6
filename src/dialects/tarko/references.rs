//! `@file:PATH` and `@dir:PATH` in a question: what stands there in the workspace is shown to the model beside it.

use std::io::Read;

use crate::domain::{ErrorCode, Principal, SessionId};
use crate::engine::{ContextInput, Engine, FileKind};

/// What the input is called.
const DESCRIPTION: &str = "Expanded context from contextual references";
/// References of one question; further ones stay words.
const REFERENCES: usize = 32;
/// Largest file that is brought along, in bytes.
const FILE_BYTES: u64 = 2 << 20;
/// Most bytes of all that is brought along.
const ALL_BYTES: usize = 4 << 20;
/// Most files of one folder.
const FILES: usize = 1_000;
/// How deep folders are gone into.
const DEPTH: usize = 8;
/// Folders that are not gone into.
const LEFT_OUT: [&str; 8] = ["node_modules", ".git", ".next", "dist", "build", "coverage", ".vscode", ".idea"];
/// Endings of files that are no text.
const NO_TEXT: [&str; 16] =
    ["jpg", "jpeg", "png", "gif", "webp", "ico", "bmp", "svg", "pdf", "zip", "tar", "gz", "7z", "rar", "exe", "dll"];

/// What the references of a question stand for; nothing when it has none.
pub async fn expand(engine: &dyn Engine, caller: &Principal, session: &SessionId, question: &str) -> Option<ContextInput> {
    let mut blocks = Vec::new();
    let mut left = ALL_BYTES;
    for (is_folder, path) in references(question) {
        let block = if is_folder {
            format!("<directory path=\"{path}\">\n{}\n</directory>", folder(engine, caller, session, path, &mut left).await)
        } else {
            format!("<file path=\"{path}\">\n{}\n</file>", file(engine, caller, session, path, &mut left).await)
        };
        blocks.push(block);
    }
    let text = blocks.join("\n\n");
    (!text.is_empty()).then(|| ContextInput { description: DESCRIPTION.to_owned(), text })
}

/// Each reference: whether it is to a folder, and its path, which ends where the word does.
fn references(question: &str) -> Vec<(bool, &str)> {
    let found = question.match_indices('@').filter_map(|(at, _)| {
        let rest = &question[at + 1..];
        let (is_folder, rest) = match (rest.strip_prefix("file:"), rest.strip_prefix("dir:")) {
            (Some(rest), _) => (false, rest),
            (None, Some(rest)) => (true, rest),
            (None, None) => return None,
        };
        let path = rest.split(char::is_whitespace).next().filter(|path| !path.is_empty())?;
        Some((is_folder, path))
    });
    found.take(REFERENCES).collect()
}

/// A path of a reference as the engine takes it.
fn relative(path: &str) -> &str {
    path.trim_start_matches("./").trim_start_matches('/').trim_end_matches('/')
}

fn failure(code: ErrorCode, what: &str) -> String {
    match code {
        ErrorCode::NotFound => format!("Error: {what} not found"),
        ErrorCode::Forbidden => format!("Error: {what} reference outside workspace"),
        ErrorCode::InvalidInput
        | ErrorCode::Unauthorized
        | ErrorCode::Expired
        | ErrorCode::Conflict
        | ErrorCode::Busy
        | ErrorCode::Inactive
        | ErrorCode::TooLarge
        | ErrorCode::BadMedia
        | ErrorCode::RateLimited
        | ErrorCode::ModelFailed
        | ErrorCode::Unavailable
        | ErrorCode::NotSupported
        | ErrorCode::BudgetExhausted
        | ErrorCode::SchemaMismatch
        | ErrorCode::ContextExceeded
        | ErrorCode::TimedOut
        | ErrorCode::StoreFailed
        | ErrorCode::Internal => format!("Error: Failed to read {}", what.to_lowercase()),
    }
}

async fn file(engine: &dyn Engine, caller: &Principal, session: &SessionId, path: &str, left: &mut usize) -> String {
    let opened = match engine.open_file(caller, Some(session), relative(path)).await {
        Ok(opened) => opened,
        Err(error) => return failure(error.code, "File"),
    };
    if opened.item.size > FILE_BYTES || opened.item.size > *left as u64 {
        return format!("Error: File too large ({} bytes)", opened.item.size);
    }
    let limit = FILE_BYTES;
    let read = tokio::task::spawn_blocking(move || {
        let mut bytes = Vec::new();
        opened.file.take(limit).read_to_end(&mut bytes).map(|_| bytes)
    });
    match read.await {
        Ok(Ok(bytes)) => match String::from_utf8(bytes) {
            Ok(text) => {
                *left = left.saturating_sub(text.len());
                text
            }
            Err(_) => "Error: File is not text".to_owned(),
        },
        _ => failure(ErrorCode::Internal, "File"),
    }
}

/// The text files of a folder, each as a block of its own.
async fn folder(engine: &dyn Engine, caller: &Principal, session: &SessionId, path: &str, left: &mut usize) -> String {
    let mut open = vec![(relative(path).to_owned(), 0)];
    let mut blocks: Vec<String> = Vec::new();
    while let Some((folder, depth)) = open.pop() {
        let looked = match engine.look(caller, Some(session), &folder).await {
            Ok(looked) if looked.item.kind == FileKind::Folder => looked,
            Ok(_) => return "Error: Path is not a directory".to_owned(),
            Err(error) if depth == 0 => return failure(error.code, "Directory"),
            Err(_) => continue,
        };
        let mut folders = Vec::new();
        for entry in looked.entries {
            let ending = entry.name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
            match entry.kind {
                FileKind::Folder if depth + 1 < DEPTH && !LEFT_OUT.contains(&entry.name.as_str()) => {
                    folders.push((entry.path, depth + 1));
                }
                FileKind::File if ending.is_none_or(|ending| !NO_TEXT.contains(&ending.as_str())) => {
                    if blocks.len() == FILES {
                        blocks.push(format!("[more than {FILES} files: the rest is left out]"));
                        return blocks.join("\n\n");
                    }
                    let text = file(engine, caller, session, &entry.path, left).await;
                    blocks.push(format!("<file path=\"{}\">\n{text}\n</file>", entry.path));
                }
                FileKind::Folder | FileKind::File => {}
            }
        }
        // The first folder is gone into first.
        open.extend(folders.into_iter().rev());
    }
    blocks.join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_end_where_the_word_does() {
        assert_eq!(
            references("read @file:notes.md and\n@dir:src, not me@example.com nor @file: or @fil:x"),
            [(false, "notes.md"), (true, "src,")]
        );
        assert_eq!(references(&"@file:a ".repeat(99)).len(), REFERENCES);
    }

    #[test]
    fn a_path_is_relative_to_the_workspace() {
        for (path, expected) in [("./a/b/", "a/b"), ("/a", "a"), ("../a", "../a"), (".", ".")] {
            assert_eq!(relative(path), expected);
        }
    }
}
