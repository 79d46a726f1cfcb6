//! The file that `--output` names: it appears whole, or not at all.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use ombud::domain::{Cause, Error, Result};
use tempfile::NamedTempFile;

use crate::output::Output;

/// Who may read and write a new file, before the user's mask takes its part.
const MODE: u32 = 0o666;

/// What is written instead of standard output.
pub struct AnswerFile {
    /// Where answers go.
    pub out: Output,
    path: PathBuf,
    /// What is put into its place at the end; a device or a pipe is written directly.
    waiting: Option<NamedTempFile>,
}

impl AnswerFile {
    /// Makes ready to write. What is there stays until [`AnswerFile::keep`].
    ///
    /// # Errors
    /// `store_failed` when nothing can be written there.
    pub fn begin(path: &Path) -> Result<Self> {
        let wrong = |error: io::Error| cannot_write(path, &error);
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let mut permissions = Permissions::from_mode(MODE);
        match fs::metadata(&target) {
            Ok(found) if !found.is_file() => {
                let file = File::options().write(true).open(&target).map_err(wrong)?;
                return Ok(Self { out: Output::to_file(&target, file), path: target, waiting: None });
            }
            Ok(found) => permissions = found.permissions(),
            Err(_) => {}
        }
        let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let waiting = tempfile::Builder::new().permissions(permissions).tempfile_in(folder).map_err(wrong)?;
        let file = waiting.as_file().try_clone().map_err(wrong)?;
        Ok(Self { out: Output::to_file(&target, file), path: target, waiting: Some(waiting) })
    }

    /// Puts what was written into its place.
    ///
    /// # Errors
    /// `store_failed` when that cannot be done.
    pub fn keep(self) -> Result<()> {
        let Some(waiting) = self.waiting else { return Ok(()) };
        let synced = waiting.as_file().sync_all();
        synced
            .and_then(|()| waiting.persist(&self.path).map_err(|error| error.error))
            .map(drop)
            .map_err(|error| cannot_write(&self.path, &error).hint("the answer is in the session: `ombud sessions show ID`"))
    }
}

fn cannot_write(path: &Path, error: &io::Error) -> Error {
    let cause = match error.kind() {
        io::ErrorKind::StorageFull => Some(Cause::Full),
        io::ErrorKind::ReadOnlyFilesystem => Some(Cause::ReadOnly),
        _ => None,
    };
    Error::store(cause, format!("the answer cannot be written to `{}`: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_when_all_is_written_and_not_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("answer.txt");
        fs::write(&path, "old").unwrap();
        let file = AnswerFile::begin(&path).unwrap();
        file.out.write_line("new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        file.keep().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new\n");
        drop(AnswerFile::begin(&path).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_link_is_followed_and_a_device_is_written_directly() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("answer.txt"), folder.path().join("link"));
        fs::write(&path, "old").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let file = AnswerFile::begin(&link).unwrap();
        file.out.write_line("new").unwrap();
        file.keep().unwrap();
        assert_eq!((fs::read_to_string(&path).unwrap().as_str(), link.is_symlink()), ("new\n", true));
        AnswerFile::begin(Path::new("/dev/null")).unwrap().keep().unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }

    #[test]
    fn a_folder_that_is_not_there_is_told_at_once() {
        let error = AnswerFile::begin(Path::new("/nowhere/answer.txt")).map(drop).unwrap_err();
        assert_eq!(error.code.exit_code(), 74);
        let message = "the answer cannot be written to `/nowhere/answer.txt`: No such file or directory (os error 2)";
        assert!(error.message.starts_with(message.split(": No").next().unwrap()), "{}", error.message);
    }
}
