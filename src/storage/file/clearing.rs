//! Clearing a session: its log is written anew with blank entries and the append that cleared it, and put in the place of
//! the old one. So it is cleared whole or not at all.

use super::place;
use super::store::{Root, commit_of};
use crate::domain::{Error, SessionId};
use crate::storage::rules::{self, Place, file_name};
use crate::storage::{Append, AppendError, Blank, probe};

impl Root {
    /// Appends, and blanks every entry before.
    pub(super) fn clear(&self, append: &Append, blank: Blank) -> Result<(), AppendError> {
        rules::check_clearing(append)?;
        let name = file_name(append.session.as_str());
        if !self.folder(&name).path().is_dir() {
            return Err(AppendError::Conflict(None));
        }
        // Its records must not be written meanwhile.
        let _names = self.lock_names()?;
        let entered = self.enter(&name)?;
        let head = entered.view.as_ref().map(|view| view.commit.head());
        let place = rules::decide(head, append, |run| self.token(&entered, run).map_err(AppendError::from))?;
        let Some(view) = entered.view.as_ref().filter(|_| place == Place::Next) else {
            return Err(AppendError::Conflict(head));
        };
        let mut commit = commit_of(Some(view), append)?;
        commit.cleared = true;
        let folder = &entered.folder;
        self.begin(&name)?;
        probe::reached("append.before");
        // What is left of a fold or a draft may hold what was said; both are made anew when they are missing.
        for file in ["snapshot", "log.jsonl"] {
            place::remove_draft(&folder.join(file))?;
        }
        place::remove(&folder.join("snapshot"))?;
        let blanked = |old| rules::blanked(&append.session, &old, blank);
        folder.rewrite(view, blanked, Some((&append.entries, commit)))?;
        if let Err(error) = self.clear_beside(folder, &append.session).and_then(|()| self.change()) {
            tracing::warn!(session = %append.session, %error, "blobs of a cleared session are still there");
            return Ok(());
        }
        self.follow(&entered, append, false);
        Ok(())
    }

    /// Removes what lay beside the log. What fails here is done by the next one who enters: the mark stands until then.
    pub(super) fn clear_beside(&self, folder: &super::log::Folder, session: &SessionId) -> Result<(), Error> {
        place::remove_folder(&folder.join("blobs"))?;
        self.forget_texts(&file_name(session.as_str()))?;
        self.kept.remove_records(&rules::owner_of(session))
    }
}
