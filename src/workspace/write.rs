//! Writing: whole files, at once or not at all.

use std::ffi::{OsStr, OsString};
use std::fs::{File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};

use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt};
use rustix::fs::OFlags;

use crate::domain::{Error, ErrorCode, Result};

use super::fault::{self, refused, special};
use super::{Kind, Workspace, kind_of, shown};

/// What writing did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Where, relative to the root, with links resolved.
    pub path: PathBuf,
    /// Whether there was no such file before.
    pub created: bool,
}

/// Tells the temporary files of this process apart.
static COUNTER: AtomicU64 = AtomicU64::new(0);

impl Workspace {
    /// Writes a whole file, by the path of a model: a temporary file in the same folder takes its place at once, so that
    /// nobody ever sees a half. Folders on the way are made. A file that was there keeps its permission bits, and its
    /// owner where the system allows that. A link is followed when it leads to a file in the workspace.
    ///
    /// # Errors
    /// As [`Workspace::open_file`]; `too_large` for more than [`Workspace::WRITE_BYTES`]; `forbidden` when the file that
    /// is there may not be written.
    pub fn write(&self, path: &str, content: &[u8]) -> Result<Written> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        self.replace(path, content)
    }

    /// Reads a whole file, lets `change` make another of it, and writes that; no other change through this workspace
    /// comes between.
    ///
    /// # Errors
    /// As [`Workspace::read`] with [`Workspace::WRITE_BYTES`] and [`Workspace::write`], and whatever `change` refuses:
    /// then nothing is written.
    pub fn change<F: From<Error>>(
        &self,
        path: &str,
        change: impl FnOnce(Vec<u8>) -> std::result::Result<Vec<u8>, F>,
    ) -> std::result::Result<Written, F> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let content = change(self.read(path, Self::WRITE_BYTES)?)?;
        Ok(self.replace(path, &content)?)
    }

    pub(super) fn replace(&self, path: &str, content: &[u8]) -> Result<Written> {
        if content.len() > Self::WRITE_BYTES {
            let message = format!("{} bytes for `{}` are more than {}", content.len(), shown(path), Self::WRITE_BYTES);
            return Err(Error::new(ErrorCode::TooLarge, message));
        }
        let relative = self.relative(path)?;
        let target = self.followed(&relative)?;
        let Some(name) = target.file_name().filter(|_| target != Path::new(".")) else {
            return Err(fault::folder(&relative));
        };
        let failed = |error: io::Error| refused("write", &relative, &error);
        let folder = match target.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            Some(parent) => {
                self.folder.create_dir_all(parent).map_err(failed)?;
                self.folder.open_dir(parent).map_err(failed)?
            }
            None => self.folder.try_clone().map_err(failed)?,
        };
        // From here on everything happens in the folder that is open: links on the way can no longer be swapped, and
        // a rename replaces a link instead of following it.
        let before = existing(&folder, name, &relative)?;
        let (temporary, file) = temporary(&folder).map_err(failed)?;
        let done = fill(file, content, before.as_ref()).and_then(|()| folder.rename(&temporary, &folder, name));
        if let Err(error) = done {
            // The write failed; a leftover that cannot be removed either changes nothing about that.
            let _ = folder.remove_file(&temporary);
            return Err(failed(error));
        }
        Ok(Written { path: target.clone(), created: before.is_none() })
    }

    /// Where a write goes: the file that a link leads to, else the path itself.
    pub(super) fn followed(&self, relative: &Path) -> Result<PathBuf> {
        match self.folder.symlink_metadata(relative) {
            Ok(metadata) if kind_of(&metadata) == Kind::Link => {
                self.folder.canonicalize(relative).map_err(|error| match error.kind() {
                    io::ErrorKind::NotFound => Error::new(
                        ErrorCode::Forbidden,
                        format!("`{}` is a symbolic link to something that does not exist", shown(relative)),
                    ),
                    _ => refused("write", relative, &error),
                })
            }
            Ok(_) => Ok(relative.to_path_buf()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(relative.to_path_buf()),
            Err(error) => Err(refused("write", relative, &error)),
        }
    }
}

/// The file that is replaced, opened as for writing: so a file that may not be written is not replaced either.
fn existing(folder: &Dir, name: &OsStr, relative: &Path) -> Result<Option<File>> {
    let failed = |error: io::Error| refused("write", relative, &error);
    match folder.symlink_metadata(name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
        Ok(metadata) => match kind_of(&metadata) {
            Kind::File => {}
            Kind::Folder => return Err(fault::folder(relative)),
            // It was no link, or a resolved one, a moment ago.
            Kind::Link => return Err(refused("write", relative, &rustix::io::Errno::LOOP.into())),
            Kind::Special => return Err(special(relative)),
        },
    }
    let mut options = OpenOptions::new();
    options.write(true).custom_flags((OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::NOCTTY).bits().cast_signed());
    let file = folder.open_with(name, &options).map_err(failed)?.into_std();
    if !file.metadata().map_err(failed)?.is_file() {
        return Err(special(relative));
    }
    Ok(Some(file))
}

/// A new file with a name of its own.
fn temporary(folder: &Dir) -> io::Result<(OsString, File)> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    loop {
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let name = OsString::from(format!(".ombud-{}-{number}.tmp", std::process::id()));
        match folder.open_with(&name, &options) {
            Ok(file) => return Ok((name, file.into_std())),
            // Left by a process that died and had our number.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

/// Writes the content and what is kept of the file before.
fn fill(mut file: File, content: &[u8], before: Option<&File>) -> io::Result<()> {
    file.write_all(content)?;
    if let Some(before) = before {
        let (old, new) = (before.metadata()?, file.metadata()?);
        if (old.uid(), old.gid()) != (new.uid(), new.gid()) {
            // Only the superuser can give files away; for others the new file is theirs.
            let _ = fchown(&file, Some(old.uid()), Some(old.gid()));
        }
        file.set_permissions(Permissions::from_mode(old.mode() & 0o777))?;
    }
    file.sync_all()
}
