//! A root folder as the laws see it: the files that are kept, their text, and what their Rust code mentions.

use std::path::Path;

use crate::code::Code;

/// A folder that is held to the laws: the real one, or a planted one.
pub struct Tree {
    /// Every kept file, by path.
    pub files: Vec<File>,
}

/// One file.
pub struct File {
    /// Its path below the root, with `/`.
    pub path: String,
    /// Its text.
    pub text: String,
    /// What its Rust code mentions; absent for other files.
    pub code: Option<Code>,
}

/// A place where a law is broken.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    path: String,
    line: usize,
    what: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}:{}: {}", self.path, self.line, self.what)
    }
}

/// Planted violations live here: they are held to the laws one by one, and not with the real tree.
const PLANTED: &str = "tests/fixtures/architecture";

/// What a law must find in a planted tree; no part of that tree.
pub const EXPECTED: &str = "expected.txt";

impl Tree {
    /// Reads a folder: all that git would keep and that is text.
    pub fn read(root: &Path) -> Self {
        let kept = ignore::WalkBuilder::new(root)
            .hidden(false)
            .parents(false)
            .require_git(false)
            .git_global(false)
            .git_exclude(false)
            .filter_entry(|entry| entry.file_name() != ".git")
            .build();
        let mut files = Vec::new();
        for entry in kept {
            let entry = entry.expect("a folder that can be read");
            if !entry.file_type().is_some_and(|kind| kind.is_file()) {
                continue;
            }
            let path = entry.path().strip_prefix(root).expect("a path below the root").to_string_lossy().replace('\\', "/");
            if path.starts_with(PLANTED) || path == EXPECTED {
                continue;
            }
            let Ok(text) = std::fs::read_to_string(entry.path()) else { continue };
            let code = path.ends_with(".rs").then(|| Code::read(&path, &text));
            files.push(File { path, text, code });
        }
        files.sort_by(|one, other| one.path.cmp(&other.path));
        mark_test_files(&mut files);
        Self { files }
    }

    /// The files of some folders.
    pub fn below<'a>(&'a self, folders: &'a [&str]) -> impl Iterator<Item = &'a File> {
        self.files.iter().filter(|file| {
            folders.iter().any(|folder| file.path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')))
        })
    }

    /// The Rust files of some folders.
    pub fn code<'a>(&'a self, folders: &'a [&str]) -> impl Iterator<Item = (&'a File, &'a Code)> {
        self.below(folders).filter_map(|file| Some((file, file.code.as_ref()?)))
    }

    /// One file.
    pub fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }
}

impl File {
    /// A place in this file where a law is broken.
    pub fn finding(&self, line: usize, what: impl Into<String>) -> Finding {
        Finding { path: self.path.clone(), line, what: what.into() }
    }

    /// Its lines, counted from 1.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }
}

/// `#[cfg(test)] mod name;` makes a file of its own, and all below it, test code.
fn mark_test_files(files: &mut [File]) {
    let modules: Vec<(String, Vec<String>)> = files
        .iter()
        .filter_map(|file| Some((top(&file.path).to_owned(), file.code.as_ref()?)))
        .flat_map(|(top, code)| code.test_modules.iter().map(move |module| (top.clone(), module.clone())))
        .collect();
    for file in files {
        let top = top(&file.path).to_owned();
        if let Some(code) = &mut file.code {
            code.all_test |= modules.iter().any(|(of, module)| *of == top && code.module.starts_with(module));
        }
    }
}

/// The first folder of a path.
fn top(path: &str) -> &str {
    path.split('/').next().unwrap_or(path)
}
