//! Changing several files: all of them, or none.

use std::path::PathBuf;
use std::sync::PoisonError;

use crate::domain::{Error, ErrorCode};

use super::fault::refused;
use super::{Workspace, shown};

/// What becomes of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It holds this.
    Write(Vec<u8>),
    /// It is gone.
    Remove,
}

impl Workspace {
    /// Reads files (`None` = there is none), lets `change` say what becomes of each, in the same order, and does that; no
    /// other change through this workspace comes between. When one of them cannot be written, those before it are put back
    /// as they were; only a process that dies in between leaves a part of them.
    ///
    /// # Errors
    /// As [`Workspace::change`]; `invalid_input` when two paths name one file. Then nothing is changed.
    pub fn change_all<F: From<Error>>(
        &self,
        paths: &[&str],
        change: impl FnOnce(Vec<Option<Vec<u8>>>) -> Result<Vec<Change>, F>,
    ) -> Result<(), F> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut targets: Vec<PathBuf> = Vec::new();
        let mut before = Vec::new();
        for path in paths {
            let target = self.followed(&self.relative(path)?)?;
            if targets.contains(&target) {
                return Err(Error::invalid(format!("`{}` names a file that was named before", shown(path))).into());
            }
            targets.push(target);
            before.push(match self.read(path, Self::WRITE_BYTES) {
                Ok(content) => Some(content),
                Err(error) if error.code == ErrorCode::NotFound => None,
                Err(error) => return Err(error.into()),
            });
        }
        let changes = change(before.clone())?;
        let mut done: Vec<(&str, &Option<Vec<u8>>)> = Vec::new();
        for ((path, before), change) in paths.iter().zip(&before).zip(&changes) {
            let changed = match change {
                Change::Write(content) => self.replace(path, content).map(drop),
                Change::Remove => self.remove(path),
            };
            match changed {
                Ok(()) => done.push((path, before)),
                Err(error) => {
                    let left: Vec<String> =
                        done.iter().rev().filter_map(|(path, before)| self.put_back(path, before)).collect();
                    let mut error = error;
                    if !left.is_empty() {
                        error.message = format!("{}; these could not be put back: {}", error.message, left.join(", "));
                    }
                    return Err(error.into());
                }
            }
        }
        Ok(())
    }

    /// Puts a file back as it was; names it when that fails.
    fn put_back(&self, path: &str, before: &Option<Vec<u8>>) -> Option<String> {
        let back = match before {
            Some(content) => self.replace(path, content).map(drop),
            None => self.remove(path),
        };
        back.err().map(|_| format!("`{}`", shown(path)))
    }

    /// Removes a file; a link is removed itself.
    fn remove(&self, path: &str) -> Result<(), Error> {
        let relative = self.relative(path)?;
        self.folder.remove_file(&relative).map_err(|error| refused("remove", &relative, &error))
    }
}
