//! FLOOR 3: the folder that a session works in, and nothing outside it.
//!
//! *Invariant:* whatever a model writes as a path, nothing outside of the root is opened, made or replaced. Every open
//! goes through a capability (a handle of the root and the kernel's "beneath" resolution), so that `..`, absolute paths,
//! links that lead out, and links that are swapped between a check and an open all end in an error. Walking reads the
//! names of folders without following links; what is found is opened through the capability again.

mod batch;
mod fault;
mod look;
mod name;
mod walk;
mod write;

use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt};
use rustix::fs::OFlags;

use crate::domain::{Error, ErrorCode, Result};

pub use batch::Change;
use fault::{outside, refused, special};
pub use look::About;
pub use name::{normalised, shown};
pub use walk::{Walk, WalkOptions};
pub use write::Written;

/// A folder that cannot be escaped.
#[derive(Debug)]
pub struct Workspace {
    /// Its path, with every link resolved.
    root: PathBuf,
    /// Its path as it was given: models may have seen that one.
    given: PathBuf,
    /// The capability: everything is opened relative to it.
    folder: Dir,
    /// Held while a file is changed: two edits of one file at the same time must not undo each other. So who works in
    /// one folder shares one `Workspace`.
    changing: Mutex<()>,
}

/// What a name in a workspace stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link, wherever it leads.
    Link,
    /// A pipe, a socket or a device: never opened.
    Special,
}

/// One name in a workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its path, relative to the root.
    pub path: PathBuf,
    /// What it is.
    pub kind: Kind,
}

impl Workspace {
    /// Most bytes of a file that [`Workspace::write`] writes: 16 MiB.
    pub const WRITE_BYTES: usize = 16 << 20;

    /// Opens a folder as a workspace.
    ///
    /// # Errors
    /// `invalid_input` when the path is not absolute or no folder, `not_found` when there is nothing, `forbidden` when it
    /// may not be read.
    pub fn open(path: &Path) -> Result<Self> {
        let name = shown(path);
        if !path.is_absolute() {
            return Err(Error::invalid(format!("workspace `{name}` is not an absolute path")));
        }
        let root = path.canonicalize().map_err(|error| fault::of_root(&name, &error))?;
        let folder = Dir::open_ambient_dir(&root, ambient_authority()).map_err(|error| fault::of_root(&name, &error))?;
        Ok(Self { root, given: path.to_path_buf(), folder, changing: Mutex::new(()) })
    }

    /// Its absolute path, with every link resolved.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The path of a model, relative to the root: `.` for the root itself. By its words alone: nothing is looked up, and
    /// `..` takes away the word before it even when that is a link.
    ///
    /// # Errors
    /// `invalid_input` for an empty path or one with a NUL, `forbidden` for one that leads out.
    pub fn relative(&self, path: &str) -> Result<PathBuf> {
        if path.is_empty() {
            return Err(Error::invalid("the path is empty").hint("use `.` for the workspace itself"));
        }
        if path.contains('\0') {
            return Err(Error::invalid(format!("path `{}` holds a NUL", shown(path))));
        }
        let words = normalised(path).ok_or_else(|| outside(Path::new(path)))?;
        let relative = if words.is_absolute() {
            let inside = words.strip_prefix(&self.root).or_else(|_| words.strip_prefix(&self.given));
            inside.map_err(|_| outside(Path::new(path)))?.to_path_buf()
        } else {
            words
        };
        Ok(if relative.as_os_str().is_empty() { PathBuf::from(".") } else { relative })
    }

    /// What a path of a model stands for; a link is followed inside of the workspace.
    ///
    /// # Errors
    /// As [`Workspace::relative`], and `not_found`, `forbidden` when a link leads out.
    pub fn kind(&self, path: &str) -> Result<Kind> {
        let relative = self.relative(path)?;
        let metadata = self.folder.metadata(&relative).map_err(|error| refused("look at", &relative, &error))?;
        Ok(kind_of(&metadata))
    }

    /// The path with every link on its way resolved, relative to the root.
    ///
    /// # Errors
    /// As [`Workspace::kind`].
    pub fn resolved(&self, path: &str) -> Result<PathBuf> {
        let relative = self.relative(path)?;
        let resolved = self.folder.canonicalize(&relative).map_err(|error| refused("find", &relative, &error))?;
        Ok(if resolved.as_os_str().is_empty() { PathBuf::from(".") } else { resolved })
    }

    /// Opens a file for reading, by the path of a model. Never waits for a pipe.
    ///
    /// # Errors
    /// As [`Workspace::kind`], and `invalid_input` for a folder, a pipe, a socket or a device.
    pub fn open_file(&self, path: &str) -> Result<File> {
        self.open_relative(&self.relative(path)?)
    }

    /// Opens a file for reading, by a path relative to the root, such as an [`Entry`] has.
    ///
    /// # Errors
    /// As [`Workspace::open_file`].
    pub fn open_relative(&self, relative: &Path) -> Result<File> {
        // A pipe without a writer would block the open: O_NONBLOCK. What was opened is asked of the handle, so that
        // nothing can be swapped in between; for a regular file the flag means nothing.
        let mut options = OpenOptions::new();
        options.read(true).custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed());
        let file = self.folder.open_with(relative, &options).map_err(|error| refused("read", relative, &error))?.into_std();
        let metadata = file.metadata().map_err(|error| refused("read", relative, &error))?;
        if metadata.is_dir() {
            return Err(fault::folder(relative));
        }
        if !metadata.is_file() {
            return Err(special(relative));
        }
        Ok(file)
    }

    /// A whole file.
    ///
    /// # Errors
    /// As [`Workspace::open_file`], and `too_large` for more than `limit` bytes: never more is held in memory.
    pub fn read(&self, path: &str, limit: usize) -> Result<Vec<u8>> {
        let file = self.open_file(path)?;
        let mut content = Vec::new();
        let relative = self.relative(path)?;
        file.take(limit as u64 + 1).read_to_end(&mut content).map_err(|error| refused("read", &relative, &error))?;
        if content.len() > limit {
            return Err(Error::new(ErrorCode::TooLarge, format!("`{}` is larger than {limit} bytes", shown(path))));
        }
        Ok(content)
    }

    /// What a name stands for, and its size in bytes; a link is not followed.
    ///
    /// # Errors
    /// As [`Workspace::kind`].
    pub fn entry_size(&self, relative: &Path) -> Result<(Kind, u64)> {
        let metadata = self.folder.symlink_metadata(relative).map_err(|error| refused("look at", relative, &error))?;
        Ok((kind_of(&metadata), metadata.len()))
    }

    /// The names in a folder, by a path relative to the root; sorted, at most `limit` of them.
    ///
    /// # Errors
    /// As [`Workspace::kind`].
    pub fn names(&self, relative: &Path, limit: usize) -> Result<Vec<OsString>> {
        let entries = self.folder.read_dir(relative).map_err(|error| refused("list", relative, &error))?;
        let mut names: Vec<OsString> = entries.filter_map(|entry| Some(entry.ok()?.file_name())).take(limit).collect();
        names.sort_unstable();
        Ok(names)
    }
}

fn kind_of(metadata: &cap_std::fs::Metadata) -> Kind {
    let kind = metadata.file_type();
    if kind.is_symlink() {
        Kind::Link
    } else if kind.is_dir() {
        Kind::Folder
    } else if kind.is_file() {
        Kind::File
    } else {
        Kind::Special
    }
}

#[cfg(test)]
mod tests;
