//! What is about a whole log, or the whole store: a log that comes in pages, and copies.
//!
//! The pages are written to a draft, which takes the place of the log when its end has come: so nobody sees anything before.
//! A copy is made session by session, each under its lock; names and records are copied while theirs is held.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::value::RawValue;
use tokio::sync::mpsc;

use super::line::Commit;
use super::log::{Folder, Seen, View, Whole};
use super::place::{self, At, Lock};
use super::rows::touch;
use super::store::{Root, bytes_of, put_snapshot_at};
use crate::domain::{Error, ErrorCode, Run, SessionId};
use crate::storage::rules::{self, file_name};
use crate::storage::{Adopted, AppendError};

impl Root {
    /// Takes a log whole.
    pub(super) fn adopt(
        &self,
        session: &SessionId,
        incarnation: u64,
        mut pages: mpsc::Receiver<Adopted>,
    ) -> Result<(), AppendError> {
        let name = file_name(session.as_str());
        place::make_folder(self.folder(&name).path())?;
        let entered = self.enter(&name)?;
        rules::decide_adoption(entered.view.as_ref().map(|view| view.commit.head()), incarnation)?;
        let bare = |commit: u64, runs: Vec<Run>| Commit {
            commit,
            session: session.clone(),
            incarnation,
            first: 1,
            deleted: false,
            cleared: false,
            whole: true,
            bytes: None,
            journal: None,
            held: Vec::new(),
            runs,
            summary: None,
        };
        let (mut whole, mut last, mut bytes) = (Whole::begin(&entered.folder)?, 0, 0);
        // Those of the last page, and the tokens of those that have not ended: all others are in the log already.
        let (mut rows, mut held) = (Vec::new(), BTreeMap::new());
        loop {
            match pages.blocking_recv() {
                Some(Adopted::Page { entries, .. }) if entries.is_empty() => {}
                Some(Adopted::Page { entries, runs, .. }) => {
                    let before = (last > 0).then(|| bare(last, std::mem::take(&mut rows)));
                    last = rules::check_page(session, last, &entries, &runs)?;
                    for run in &runs {
                        self.check_owner(session, run)?;
                        if run.status.is_active() {
                            held.insert(run.id.clone(), run.fence);
                        } else {
                            held.remove(&run.id);
                        }
                    }
                    bytes += bytes_of(&entries);
                    whole.entries(before.as_ref(), &entries)?;
                    rows = runs;
                }
                Some(Adopted::End { summary, snapshot, records }) => {
                    let row = serde_json::to_string(&summary).and_then(RawValue::from_string);
                    let row = row.map_err(|error| Error::internal(format!("a row cannot be written: {error}")))?;
                    let held = held.into_iter().collect();
                    let commit = Commit { held, summary: Some(row), bytes: Some(bytes), ..bare(last, rows) };
                    self.begin(&name)?;
                    // Of its own: nobody else writes them while there is no session.
                    for record in &records {
                        self.kept.put_record(record)?;
                    }
                    whole.end(&commit)?;
                    if let Seen::Settled(view) = entered.folder.look()? {
                        self.put_all_runs(&entered.folder, &view)?;
                    }
                    if let Some(snapshot) = &snapshot {
                        put_snapshot_at(&entered.folder, (incarnation, last), snapshot)?;
                    }
                    touch(&entered.folder, summary.session.updated_at);
                    self.change()?;
                    place::remove(&self.mark(&name))?;
                    return Ok(());
                }
                None => return Err(rules::broken_off(session)),
            }
        }
    }

    /// A run belongs to one session.
    fn check_owner(&self, session: &SessionId, run: &Run) -> Result<(), AppendError> {
        let owner = place::read(&self.path.join("runs").join(file_name(run.id.as_str())))?;
        if owner.is_some_and(|owner| owner != session.as_str().as_bytes()) { Err(rules::run_taken(&run.id)) } else { Ok(()) }
    }

    /// Writes the rows of all runs of a log that came whole. One that has not ended, but is not held at the end, is there
    /// again further on.
    pub(super) fn put_all_runs(&self, folder: &Folder, view: &View) -> Result<(), Error> {
        let is_held = |run: &Run| view.commit.held.iter().any(|(id, _)| *id == run.id);
        view.commits(|commit| {
            let mut last = commit.runs.iter().filter(|run| !run.status.is_active() || is_held(run));
            last.try_for_each(|run| self.put_run(folder, run))
        })
    }

    /// Copies the store.
    pub(super) fn back_up(&self, to: &Path) -> Result<(), Error> {
        if to.symlink_metadata().is_ok() {
            return Err(Error::new(ErrorCode::Conflict, format!("`{}` is there already", to.display()))
                .hint("name a folder that is not there"));
        }
        let mut draft = to.as_os_str().to_owned();
        draft.push("~new");
        let draft = std::path::PathBuf::from(draft);
        place::remove_folder(&draft)?;
        let done = self.copy(&draft).and_then(|()| fs::rename(&draft, to).at(to));
        if done.is_err() {
            let _ = place::remove_folder(&draft);
            return done;
        }
        place::sync_folder(to.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or_else(|| Path::new(".")))
    }

    fn copy(&self, draft: &Path) -> Result<(), Error> {
        let copy = Root::open(draft)?;
        {
            let _names = self.lock_names()?;
            for folder in ["aliases", "entities", "records", "secrets"] {
                copy_folder(&self.path.join(folder), &copy.path.join(folder))?;
            }
        }
        for name in place::names(&self.path.join("sessions"))? {
            let (from, to) = (self.folder(&name), copy.folder(&name));
            place::make_folder(to.path())?;
            // Whoever finishes what a dead process has begun needs its lock, and has finished it here.
            let Ok(entered) = self.enter(&name) else {
                // A damaged session is copied as it is: it must not stand against the others.
                let _lock = Lock::take(&from.join("lock"))?;
                copy_folder(from.path(), to.path())?;
                continue;
            };
            for file in ["log.jsonl", "index", "snapshot"] {
                copy_file(&from.join(file), &to.join(file))?;
            }
            copy_folder(&from.join("blobs"), &to.join("blobs"))?;
            for run in place::names(&from.join("runs"))? {
                if let Some(run) = self.run_in(&from, &run)? {
                    copy.put_run(&to, &run)?;
                }
            }
            if let Some(view) = &entered.view
                && let Some(summary) = super::rows::summary_of(&from, &view.commit)?
            {
                touch(&to, summary.session.updated_at);
            }
            place::sync_folder(to.path())?;
        }
        copy_folder(&self.path.join("files"), &copy.path.join("files"))?;
        place::sync_folder(draft)
    }
}

fn copy_file(from: &Path, to: &Path) -> Result<(), Error> {
    match fs::copy(from, to) {
        Ok(_) => fs::File::open(to).and_then(|file| file.sync_all()).at(to),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(place::failure(to, &error)),
    }
}

fn copy_folder(from: &Path, to: &Path) -> Result<(), Error> {
    if !from.is_dir() {
        return Ok(());
    }
    place::make_folder(to)?;
    for name in place::names(from)? {
        let (from, to) = (from.join(&name), to.join(&name));
        if from.is_dir() { copy_folder(&from, &to)? } else { copy_file(&from, &to)? }
    }
    place::sync_folder(to)
}
