//! Files by name: the nearest to what somebody typed first.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Core;
use super::{FileItem, FileKind, FileSearch, apart, entries, item, workspace};
use crate::domain::{Error, Principal, Result, SessionId};
use crate::workspace::{Kind, Workspace};

/// Levels below the top that are walked.
const LEVELS: usize = 5;
/// Most names that are looked at for one search.
const LOOKED_AT: usize = 100_000;
/// Most items of one answer.
const ITEMS: usize = 1_000;
/// Items of one answer when nobody says how many.
const USUAL: usize = 20;
/// Most bytes of what is searched for.
const TEXT: usize = 1_024;

/// Files of a workspace by name.
pub(crate) async fn find(
    core: &Arc<Core>,
    caller: &Principal,
    session: Option<&SessionId>,
    search: &FileSearch,
) -> Result<Vec<FileItem>> {
    if search.text.len() > TEXT {
        return Err(Error::invalid(format!("the search has {} bytes; at most {TEXT} are taken", search.text.len())));
    }
    let workspace = workspace(core, caller, session).await?;
    let search = search.clone();
    apart(move || {
        let limit = if search.limit == 0 { USUAL } else { search.limit.min(ITEMS) };
        let mut found = if search.text.is_empty() { top(&workspace)? } else { walk(&workspace, &search)? };
        found.retain(|item| search.kind.is_none_or(|kind| kind == item.kind));
        found.truncate(limit);
        Ok(found)
    })
    .await
}

/// Names that nobody searches for.
fn is_skipped(name: &str) -> bool {
    name.starts_with('.') || name == "node_modules"
}

fn top(workspace: &Workspace) -> Result<Vec<FileItem>> {
    let mut items = entries(workspace, Path::new("."), super::ENTRIES)?;
    items.retain(|item| !is_skipped(&item.name));
    Ok(items)
}

/// What of a workspace fits, the best first.
fn walk(workspace: &Workspace, search: &FileSearch) -> Result<Vec<FileItem>> {
    let wanted = search.text.to_lowercase();
    let mut hits: Vec<(i64, FileItem)> = Vec::new();
    // Level by level, so that what is near is found although the walk ends early.
    let mut folders = VecDeque::from([(PathBuf::from("."), 0)]);
    let mut looked_at = 0;
    while let Some((folder, level)) = folders.pop_front() {
        let names = match workspace.kinds(&folder, LOOKED_AT - looked_at) {
            Ok(names) => names,
            // A folder below that cannot be read must not hide the others.
            Err(_) if level > 0 => continue,
            Err(error) => return Err(error),
        };
        looked_at += names.len();
        for (name, kind) in names {
            let Some(name) = name.to_str().filter(|name| !is_skipped(name)) else { continue };
            let path = if level == 0 { PathBuf::from(name) } else { folder.join(name) };
            if kind == Kind::Folder && level < LEVELS {
                folders.push_back((path.clone(), level + 1));
            }
            let (name, text) = (name.to_lowercase(), path.to_string_lossy().to_lowercase());
            if kind == Kind::Special || !(name.contains(&wanted) || text.contains(&wanted)) {
                continue;
            }
            let Some(item) = workspace.about(&path).ok().and_then(|about| item(&path, about)) else { continue };
            hits.push((score(&wanted, &name, &text, item.kind), item));
        }
        if looked_at >= LOOKED_AT {
            break;
        }
    }
    hits.sort_by(|left, right| right.0.cmp(&left.0).then_with(|| super::order(&left.1, &right.1)));
    Ok(hits.into_iter().map(|(_, item)| item).collect())
}

/// How well a name fits; all texts in lower case.
fn score(wanted: &str, name: &str, path: &str, kind: FileKind) -> i64 {
    let depth = path.split('/').count();
    let mut score = if name == wanted {
        1_000
    } else if name.starts_with(wanted) {
        800
    } else if name.ends_with(wanted) {
        700
    } else if name.contains(wanted) {
        500
    } else {
        0
    };
    if path.ends_with(wanted) {
        score += 600;
    } else if path.contains(wanted) {
        score += 300;
    }
    score += (50 - 5 * i64::try_from(depth).unwrap_or(10)).max(0);
    if wanted.contains('/') && kind == FileKind::Folder {
        score += 100;
    }
    if depth > 4 && !name.contains(wanted) {
        score -= 200;
    }
    let parts: Vec<&str> = wanted.split('/').filter(|part| !part.is_empty()).collect();
    if parts.len() > 1 {
        score += if in_order(&parts, path) {
            400
        } else {
            100 * parts.iter().filter(|part| path.contains(**part)).count() as i64
        };
    }
    score
}

/// Whether all parts occur, one after the other.
fn in_order(parts: &[&str], path: &str) -> bool {
    let mut rest = path;
    parts.iter().all(|part| match rest.find(part) {
        Some(at) => {
            rest = &rest[at + part.len()..];
            true
        }
        None => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_scored_by_how_near_they_are() {
        let of = |wanted: &str, path: &str, kind| score(wanted, path.rsplit('/').next().unwrap(), path, kind);
        let (file, folder) = (FileKind::File, FileKind::Folder);
        // name equal, path ends with it, one element
        assert_eq!(of("notes.md", "notes.md", file), 1_000 + 600 + 45);
        // name begins with it, path only contains it, two elements
        assert_eq!(of("in", "src/index.js", file), 800 + 300 + 40);
        assert_eq!(of("in", "src/inner/main.txt", file), 500 + 300 + 35);
        assert_eq!(of(".txt", "src/main.txt", file), 700 + 600 + 40);
        // only the path contains it; far below
        assert_eq!(of("src", "src/a/b/c/d.rs", file), 300 + 25 - 200);
        // parts in order, the path ends with them, a folder
        assert_eq!(of("a/b", "x/a/b", folder), 600 + 35 + 100 + 400);
        assert_eq!(of("b/a", "a/b", file), 40 + 200);
    }
}
