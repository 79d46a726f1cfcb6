//! What the store does, as plain functions that may wait: looking, appending, deleting, and finishing what a dead
//! process has begun.

use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use serde_json::value::RawValue;

use super::kept::Kept;
use super::line::Commit;
use super::log::{Folder, Seen, View};
use super::place::{self, At, Keep, Lock, corrupt};
use super::rows::touch;
use crate::domain::{BlobId, Cause, Error, RunId, SessionId, Timestamp};
use crate::storage::rules::{self, Page, Place, file_name};
use crate::storage::{Append, AppendError, Entry, Snapshot, probe};

/// The form of the folder; a later one is refused.
const FORMAT: u64 = 1;

/// Looks at a log before the lock is waited for.
const LOOKS: usize = 3;

/// The folder of a store.
pub(super) struct Root {
    pub(super) path: PathBuf,
    pub(super) kept: Kept,
    /// Whether writing a log fails in its middle, as on a full disk.
    #[cfg(test)]
    pub(super) is_full: std::sync::atomic::AtomicBool,
}

/// A session whose lock is held.
pub(super) struct Entered {
    name: String,
    pub(super) folder: Folder,
    pub(super) view: Option<View>,
    _lock: Lock,
}

impl Root {
    /// Opens the folder of a store, making it when it is not there.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        place::make_folder(path)?;
        let path = path.canonicalize().at(path)?;
        let kept = Kept::new(&path);
        let format = path.join("format");
        if !format.exists() {
            Self::make(&path, &kept, &format)?;
        }
        let text = place::read(&format)?.unwrap_or_default();
        match String::from_utf8_lossy(&text).trim().parse::<u64>() {
            Ok(FORMAT) => {}
            Ok(version) => {
                let message = format!("store `{}` has version {version}, this program knows {FORMAT}", path.display());
                return Err(Error::store(Some(Cause::Newer), message).hint("use the newer program, or name another store"));
            }
            Err(_) => return Err(corrupt(&format, "it names no version")),
        }
        Ok(Self {
            path,
            kept,
            #[cfg(test)]
            is_full: false.into(),
        })
    }

    /// Makes a store of an empty folder, unless another process was quicker.
    fn make(path: &Path, kept: &Kept, format: &Path) -> Result<(), Error> {
        let _lock = kept.lock()?;
        if format.exists() {
            return Ok(());
        }
        if let Some(name) = place::names(path)?.into_iter().find(|name| name != "lock") {
            let message = format!("`{}` is no store: it holds `{name}` and no `format`", path.display());
            return Err(Error::store(Some(Cause::Corrupt), message).hint("name an empty folder with `--store`"));
        }
        place::replace(format, format!("{FORMAT}\n").as_bytes(), Keep::Durably)
    }

    /// The folder of a session, by its name on the disk.
    pub(super) fn folder(&self, name: &str) -> Folder {
        Folder::new(self.path.join("sessions").join(name))
    }

    /// Stands while an append is done: an append that a dead process has begun is found by it.
    pub(super) fn mark(&self, name: &str) -> PathBuf {
        self.path.join("unsettled").join(name)
    }

    /// Tells other processes that something has changed: the length of a file is the version.
    pub(super) fn change(&self) -> Result<(), Error> {
        let path = self.path.join("version");
        let file = place::options().append(true).create(true).open(&path).at(&path)?;
        io::Write::write_all(&mut &file, b".").at(&path)
    }

    /// Takes the lock of a session and finishes what a dead process has begun there. The folder must be there.
    pub(super) fn enter(&self, name: &str) -> Result<Entered, Error> {
        let lock = Lock::take(&self.folder(name).join("lock"))?;
        self.entered(name, lock)
    }

    fn entered(&self, name: &str, lock: Lock) -> Result<Entered, Error> {
        let folder = self.folder(name);
        let view = match folder.look()? {
            Seen::Nothing => None,
            Seen::Settled(view) => Some(*view),
            Seen::Unsettled => folder.repair()?,
        };
        let mark = self.mark(name);
        if mark.exists() {
            // What was written anew may still stand there.
            self.forget_texts(name)?;
            if let Some(view) = &view {
                self.put_rows(&folder, view)?;
                self.change()?;
            }
            place::remove(&mark)?;
        }
        Ok(Entered { name: name.to_owned(), folder, view, _lock: lock })
    }

    /// Writes the rows that a commit brings, or clears up after a deletion.
    fn put_rows(&self, folder: &Folder, view: &View) -> Result<(), Error> {
        let commit = &view.commit;
        if commit.deleted {
            return self.clear_away(folder, &commit.session);
        }
        if commit.whole {
            self.put_all_runs(folder, view)?;
        }
        for run in &commit.runs {
            self.put_run(folder, run)?;
        }
        if commit.cleared {
            self.clear_beside(folder, &commit.session)?;
        }
        if let Some(summary) = super::rows::summary_of(folder, commit)? {
            touch(folder, summary.session.updated_at);
        }
        Ok(())
    }

    /// Removes everything of a deleted session but its log.
    fn clear_away(&self, folder: &Folder, session: &SessionId) -> Result<(), Error> {
        for file in ["log.jsonl", "index", "snapshot"] {
            place::remove_draft(&folder.join(file))?;
        }
        place::remove(&folder.join("snapshot"))?;
        place::remove_folder(&folder.join("blobs"))?;
        self.forget_texts(&file_name(session.as_str()))?;
        self.remove_runs(folder)?;
        self.kept.remove_names_of(session.as_str())?;
        self.kept.remove_secrets_of(&rules::owner_of(session))?;
        self.kept.remove_records(&rules::owner_of(session))?;
        touch(folder, Timestamp::from_millis(0));
        place::sync_folder(folder.path())
    }

    /// Looks at a session without changing it, save for what a dead process has begun. While somebody appends, only
    /// what was durable before is seen.
    pub(super) fn view(&self, name: &str) -> Result<Option<View>, Error> {
        let folder = self.folder(name);
        for _ in 0..LOOKS {
            match folder.look()? {
                Seen::Nothing => return Ok(None),
                Seen::Settled(view) => return Ok(Some(*view)),
                Seen::Unsettled => {}
            }
            if let Some(lock) = Lock::take_now(&folder.join("lock"))? {
                return Ok(self.entered(name, lock)?.view);
            }
            if let Some(view) = folder.look_at_durable()? {
                return Ok(Some(view));
            }
        }
        Ok(self.enter(name)?.view)
    }

    /// Finishes what dead processes have begun in any session. Those that somebody works on are left alone.
    pub(super) fn settle_all(&self) -> Result<(), Error> {
        for name in place::names(&self.path.join("unsettled"))? {
            let lock = self.folder(&name).join("lock");
            if !self.folder(&name).path().is_dir() {
                place::remove(&self.mark(&name))?;
            } else if let Some(lock) = Lock::take_now(&lock)? {
                // A damaged session must not hide the others.
                if let Err(error) = self.entered(&name, lock) {
                    tracing::warn!(session = name, %error, "a session cannot be repaired");
                }
            }
        }
        Ok(())
    }

    /// Reads entries; an index that does not fit its log is made anew once.
    pub(super) fn read(
        &self,
        session: &SessionId,
        from: impl Fn(&View) -> u64,
        page: impl Fn(&View) -> Page,
    ) -> Result<Vec<Entry>, Error> {
        let name = file_name(session.as_str());
        for _ in 0..LOOKS {
            let Some(view) = self.view(&name)? else { return Ok(Vec::new()) };
            if let Some(page) = view.read(from(&view), page(&view))? {
                return Ok(page.entries);
            }
        }
        let entered = self.enter(&name)?;
        let Some(view) = entered.folder.repair()? else { return Ok(Vec::new()) };
        match view.read(from(&view), page(&view))? {
            Some(page) => Ok(page.entries),
            None => Err(corrupt(&entered.folder.log(), "its entries are not where they should be")),
        }
    }

    /// Reads the newest entries before `before`, oldest first.
    pub(super) fn read_back(&self, session: &SessionId, before: Option<u64>, limit: usize) -> Result<Vec<Entry>, Error> {
        let end = |view: &View| before.unwrap_or(u64::MAX).min(view.commit.commit + 1);
        let after = |view: &View| end(view).saturating_sub((limit as u64).saturating_add(1)).max(view.commit.first - 1);
        let count = |view: &View| end(view).saturating_sub(after(view) + 1);
        self.read(session, after, |view| Page::new(usize::try_from(count(view)).unwrap_or(usize::MAX), usize::MAX))
    }

    /// Keeps bytes beside a log.
    pub(super) fn put_blob(&self, name: &str, id: &BlobId, bytes: &[u8]) -> Result<(), Error> {
        let folder = self.folder(name);
        let blobs = folder.join("blobs");
        place::make_folder(&blobs)?;
        let path = blobs.join(id.as_str());
        if path.exists() {
            return Ok(());
        }
        let _lock = Lock::take(&folder.join("lock"))?;
        place::make_folder(&blobs)?;
        place::replace(&path, bytes, Keep::Durably)
    }

    /// Takes bytes beside a log away.
    pub(super) fn remove_blob(&self, name: &str, id: &BlobId) -> Result<bool, Error> {
        let folder = self.folder(name);
        let path = folder.join("blobs").join(id.as_str());
        if !path.exists() {
            return Ok(false);
        }
        let _lock = Lock::take(&folder.join("lock"))?;
        place::remove_draft(&path)?;
        place::remove_durably(&path)
    }

    /// Finishes or throws away the append that a journal belongs to. The lock of the store must be held.
    fn recover(&self) -> Result<(), Error> {
        let Some((journal, crc)) = self.kept.unfinished()? else { return Ok(()) };
        let name = file_name(journal.session.as_str());
        if self.folder(&name).path().is_dir() {
            let entered = self.enter(&name)?;
            let commit = match entered.view {
                Some(view) if view.commit.incarnation == journal.incarnation => match view.commit_of(journal.seq)? {
                    None => entered.folder.repair()?.map_or(Ok(None), |view| view.commit_of(journal.seq))?,
                    found => found,
                },
                _ => None,
            };
            if commit.is_some_and(|commit| commit.journal == Some(crc)) {
                return self.kept.carry_out(&journal);
            }
        }
        self.kept.forget()
    }

    /// Takes the lock of the store, and finishes what a dead process has begun with names and records.
    pub(super) fn lock_names(&self) -> Result<Lock, Error> {
        let lock = self.kept.lock()?;
        self.recover()?;
        Ok(lock)
    }

    /// Waits for whoever changes names and records, so that they are read as they are.
    pub(super) fn settle_names(&self) -> Result<(), Error> {
        if self.kept.has_journal() { self.lock_names().map(|_| ()) } else { Ok(()) }
    }

    /// Appends. `checked` is called, in a build with the planted bug only, as soon as nothing stands against it any more, but before it is written.
    pub(super) fn append(&self, append: &Append, checked: &mut dyn FnMut()) -> Result<(), AppendError> {
        rules::check_form(append)?;
        let name = file_name(append.session.as_str());
        let has_names = !(append.aliases.is_empty() && append.records.is_empty());
        // The rows that an agent's every run brings are there already: then no other lock is needed.
        let has_names = has_names && (self.kept.has_journal() || self.kept.is_changed_by(append)?);
        let names = if has_names { Some(self.lock_names()?) } else { None };
        if append.after > 0 && !self.folder(&name).path().is_dir() {
            return Err(AppendError::Conflict(None));
        }
        place::make_folder(self.folder(&name).path())?;
        let entered = self.enter(&name)?;
        let head = entered.view.as_ref().map(|view| view.commit.head());
        let place = rules::decide(head, append, |run| self.token(&entered, run).map_err(AppendError::from))?;
        let is_changed = names.is_some() && self.kept.is_changed_by(append)?;
        let journal = if is_changed { Some(self.kept.announce(append)?) } else { None };
        if probe::ANSWERS_TOO_EARLY {
            checked();
        }
        if let Err(error) = self.write(&entered, append, place, journal) {
            if journal.is_some() {
                self.kept.forget()?;
            }
            return Err(error.into());
        }
        self.follow(&entered, append, journal.is_some());
        Ok(())
    }

    /// The token of a run of this session, where it has a row.
    pub(super) fn token(&self, entered: &Entered, run: &RunId) -> Result<Option<u64>, Error> {
        let held = entered.view.iter().flat_map(|view| &view.commit.held);
        match held.into_iter().find(|(id, _)| id == run) {
            Some((_, token)) => Ok(Some(*token)),
            None => Ok(self.run_in(&entered.folder, &file_name(run.as_str()))?.map(|run| run.fence)),
        }
    }

    /// Makes an append durable.
    fn write(&self, entered: &Entered, append: &Append, place: Place, journal: Option<u32>) -> Result<(), Error> {
        let before = entered.view.as_ref().filter(|_| place == Place::Next);
        let commit = Commit { journal, ..commit_of(before, append)? };
        self.begin(&entered.name)?;
        probe::reached("append.before");
        match place {
            Place::Again => entered.folder.begin_anew(&append.entries, &commit),
            Place::First | Place::Next => entered.folder.add(before, &append.entries, &commit, |log, bytes, at| {
                #[cfg(test)]
                if self.is_full.load(std::sync::atomic::Ordering::Relaxed) {
                    log.write_all_at(&bytes[..bytes.len() / 2], at)?;
                    return Err(io::ErrorKind::StorageFull.into());
                }
                log.write_all_at(bytes, at)
            }),
        }
    }

    pub(super) fn begin(&self, name: &str) -> Result<(), Error> {
        let mark = self.mark(name);
        place::make_folder(&self.path.join("unsettled"))?;
        place::options().write(true).create(true).truncate(false).open(&mark).at(&mark).map(|_| ())
    }

    /// Writes what goes with an append that is durable. What fails here is done by the next one who enters, and is no
    /// failure of the append.
    pub(super) fn follow(&self, entered: &Entered, append: &Append, has_journal: bool) {
        let Entered { name, folder, .. } = entered;
        let follow = || {
            if let (true, Some((journal, _))) = (has_journal, self.kept.unfinished()?) {
                self.kept.carry_out(&journal)?;
            }
            for run in &append.runs {
                self.put_run(folder, run)?;
            }
            touch(folder, append.summary.session.updated_at);
            if let Some(body) = &append.snapshot {
                put_snapshot(folder, append, body)?;
            } else if append.after == 0 {
                place::remove(&folder.join("snapshot"))?;
            }
            self.change()?;
            place::remove(&self.mark(name)).map(|_| ())
        };
        if let Err(error) = follow() {
            tracing::warn!(session = %append.session, %error, "the rows are behind the log");
        }
    }

    /// Replaces the text of one entry.
    pub(super) fn scrub(&self, session: &SessionId, entry: &Entry) -> Result<(), Error> {
        rules::check_entry(session, entry.seq, entry)?;
        let name = file_name(session.as_str());
        if !self.folder(&name).path().is_dir() {
            return Err(rules::no_entry(session, entry.seq));
        }
        let Entered { folder, view, .. } = &self.enter(&name)?;
        let is_there = |view: &&View| (view.commit.first..=view.commit.commit).contains(&entry.seq);
        let view = view.as_ref().filter(is_there).ok_or_else(|| rules::no_entry(session, entry.seq))?;
        for file in ["snapshot", "log.jsonl"] {
            place::remove_draft(&folder.join(file))?;
        }
        place::remove(&folder.join("snapshot"))?;
        let replaced = |old: Entry| Ok(if old.seq == entry.seq { entry.clone() } else { old });
        self.begin(&name)?;
        folder.rewrite(view, replaced, None)?;
        if let Some(summary) = super::rows::summary_of(folder, &view.commit)? {
            touch(folder, summary.session.updated_at);
        }
        self.forget_texts(&name)?;
        self.change()?;
        place::remove(&self.mark(&name)).map(|_| ())
    }

    /// Ends a session.
    pub(super) fn delete(&self, session: &SessionId, after: u64, entry: &Entry) -> Result<(), AppendError> {
        rules::check_entry(session, after + 1, entry)?;
        let name = file_name(session.as_str());
        if !self.folder(&name).path().is_dir() {
            return Err(AppendError::Conflict(None));
        }
        // Whoever takes the names away must not meet somebody who is about to write them.
        let _names = self.lock_names()?;
        let entered = self.enter(&name)?;
        let head = rules::decide_delete(entered.view.as_ref().map(|view| view.commit.head()), after)?;
        let commit = Commit {
            commit: entry.seq,
            session: session.clone(),
            incarnation: head.incarnation,
            first: entry.seq,
            deleted: true,
            cleared: false,
            whole: false,
            bytes: None,
            journal: None,
            held: Vec::new(),
            runs: Vec::new(),
            summary: None,
        };
        self.begin(&name)?;
        entered.folder.begin_anew(std::slice::from_ref(entry), &commit)?;
        self.clear_away(&entered.folder, session)?;
        place::remove(&self.mark(&name))?;
        Ok(self.change()?)
    }

    /// The saved fold.
    pub(super) fn snapshot(&self, session: &SessionId) -> Result<Option<Snapshot>, Error> {
        let name = file_name(session.as_str());
        let Some(view) = self.view(&name)? else { return Ok(None) };
        let Some(bytes) = place::read(&self.folder(&name).join("snapshot"))? else { return Ok(None) };
        let snapshot = parse_snapshot(&bytes, view.commit.incarnation);
        Ok(snapshot.filter(|snapshot| snapshot.seq <= view.commit.commit))
    }
}

/// The end of an append.
pub(super) fn commit_of(before: Option<&View>, append: &Append) -> Result<Commit, Error> {
    let is_changed = |id: &RunId| append.runs.iter().any(|run| run.id == *id);
    let kept = before.iter().flat_map(|view| &view.commit.held).filter(|(id, _)| !is_changed(id)).cloned();
    let taken = append.runs.iter().filter(|run| run.status.is_active()).map(|run| (run.id.clone(), run.fence));
    let summary = serde_json::to_string(&append.summary).and_then(RawValue::from_string);
    let bytes = before.map_or(Some(0), |view| view.commit.bytes).map(|bytes| bytes + bytes_of(&append.entries));
    Ok(Commit {
        commit: append.after + append.entries.len() as u64,
        session: append.session.clone(),
        incarnation: append.incarnation,
        first: 1,
        deleted: false,
        cleared: false,
        whole: false,
        bytes,
        journal: None,
        held: kept.chain(taken).collect(),
        runs: append.runs.clone(),
        summary: Some(summary.map_err(|error| Error::internal(format!("a row cannot be written: {error}")))?),
    })
}

/// What entries count in the size of a session.
pub(super) fn bytes_of(entries: &[Entry]) -> u64 {
    entries.iter().map(|entry| entry.body.len() as u64).sum()
}

/// `CRC INCARNATION SEQ`, a line break, and the fold; the checksum is that of all after it.
fn put_snapshot(folder: &Folder, append: &Append, body: &[u8]) -> Result<(), Error> {
    put_snapshot_at(folder, (append.incarnation, append.after + append.entries.len() as u64), body)
}

/// The same at a place of a log: incarnation and entry.
pub(super) fn put_snapshot_at(folder: &Folder, (incarnation, seq): (u64, u64), body: &[u8]) -> Result<(), Error> {
    let mut bytes = format!("{incarnation} {seq}\n").into_bytes();
    bytes.extend_from_slice(body);
    let mut file = format!("{:08x} ", crc32fast::hash(&bytes)).into_bytes();
    file.extend_from_slice(&bytes);
    place::replace(&folder.join("snapshot"), &file, Keep::Loosely)
}

fn parse_snapshot(bytes: &[u8], incarnation: u64) -> Option<Snapshot> {
    let (crc, rest) = bytes.split_at_checked(9)?;
    if format!("{:08x} ", crc32fast::hash(rest)).as_bytes() != crc {
        return None;
    }
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let (of, seq) = std::str::from_utf8(&rest[..end]).ok()?.split_once(' ')?;
    (of.parse() == Ok(incarnation)).then_some(())?;
    Some(Snapshot { seq: seq.parse().ok()?, body: rest[end + 1..].to_vec() })
}
