//! Walking: the names below a folder, in order, without what ignore files leave out.

use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

use crate::domain::Result;

use super::{Entry, Kind, Workspace};

/// How a folder is walked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WalkOptions {
    /// How deep, where 1 = only the folder's own entries; absent = all the way.
    pub depth: Option<usize>,
    /// Whether also what ignore files (`.gitignore`, `.ignore`, `.git/info/exclude`) leave out, and `.git` itself.
    pub include_ignored: bool,
}

/// The entries below a folder, sorted by name, each folder before what is in it. Links are not followed. What cannot be
/// read is left out and counted.
pub struct Walk {
    root: PathBuf,
    start: PathBuf,
    inner: ignore::Walk,
    /// The walk from the folder itself, for a folder that is ignored although it was asked for.
    again: Option<ignore::Walk>,
    unreadable: usize,
}

impl Workspace {
    /// Walks a folder, by the path of a model. The folder itself is not among the entries.
    ///
    /// # Errors
    /// As [`Workspace::resolved`].
    pub fn walk(&self, path: &str, options: WalkOptions) -> Result<Walk> {
        let resolved = self.resolved(path)?;
        let start = self.root.join(if resolved == Path::new(".") { Path::new("") } else { &resolved });
        // Ignore files count from the root of the workspace down, and above it only when it lies in a repository: a
        // stray `.gitignore` in a home folder must not hide everything. So the walk starts at the root and takes only
        // the way to the start.
        let in_repository = !options.include_ignored && self.root.ancestors().any(|above| above.join(".git").exists());
        let build = |from: &Path, parents: bool| {
            let way = start.clone();
            let depth_of_way = start.components().count() - from.components().count();
            let mut builder = WalkBuilder::new(from);
            builder
                .standard_filters(!options.include_ignored)
                .hidden(false)
                .git_global(false)
                .require_git(false)
                .parents(parents)
                .follow_links(false)
                .max_depth(options.depth.map(|depth| depth + depth_of_way))
                .sort_by_file_name(std::ffi::OsStr::cmp)
                .filter_entry(move |entry| {
                    let path = entry.path();
                    let repository = !options.include_ignored && entry.file_name() == ".git" && !way.starts_with(path);
                    !repository && (path.starts_with(&way) || way.starts_with(path))
                });
            builder.build()
        };
        let inner = build(&self.root, in_repository);
        let again = (start != self.root).then(|| build(&start, false));
        Ok(Walk { root: self.root.clone(), start, inner, again, unreadable: 0 })
    }
}

impl Walk {
    /// How many folders or names could not be read so far.
    pub fn unreadable(&self) -> usize {
        self.unreadable
    }
}

impl Iterator for Walk {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        loop {
            let Some(found) = self.inner.next() else {
                // The way never reached the start: it is ignored, but somebody asked for it by name.
                self.inner = self.again.take()?;
                continue;
            };
            let Ok(found) = found else {
                self.unreadable += 1;
                continue;
            };
            if !found.path().starts_with(&self.start) {
                continue;
            }
            self.again = None;
            if found.path() == self.start {
                continue;
            }
            let kind = match found.file_type() {
                Some(kind) if kind.is_symlink() => Kind::Link,
                Some(kind) if kind.is_dir() => Kind::Folder,
                Some(kind) if kind.is_file() => Kind::File,
                _ => Kind::Special,
            };
            let Ok(path) = found.path().strip_prefix(&self.root) else { continue };
            return Some(Entry { path: path.to_path_buf(), kind });
        }
    }
}
