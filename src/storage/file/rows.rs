//! Rows of sessions and runs.
//!
//! A session's row is in the last commit of its log; the time of the log's file is the time of the row, so a page of a
//! list reads only the rows of that page. A run's row is a file in its session's folder; `runs/` and `active/` of the
//! store say which session a run belongs to, and which runs have not ended. `turn/` has those that wait for whichever
//! process is free, by names that tell their place, so that no row is read to find the first.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use tokio::sync::mpsc;

use super::line::Commit;
use super::log::Folder;
use super::place::{self, At, Keep, corrupt, if_there};
use super::store::Root;
use crate::domain::{Error, Run, SessionId, SessionSummary, Timestamp};
use crate::storage::rules::{self, file_name};
use crate::storage::{Counts, RunQuery, SessionQuery, TurnQuery};

/// Rows of runs that are handed over at once.
const PAGE: usize = 256;

/// The time of a session without a row.
const NEVER: i64 = 0;

/// The row in a commit; `None` for a deleted session.
pub(super) fn summary_of(folder: &Folder, commit: &Commit) -> Result<Option<SessionSummary>, Error> {
    let Some(raw) = &commit.summary else { return Ok(None) };
    let summary = serde_json::from_str(raw.get());
    let counted = |row: SessionSummary| SessionSummary { bytes: commit.bytes.unwrap_or(row.bytes), ..row };
    summary
        .map(|row| Some(counted(row)))
        .map_err(|error| corrupt(&folder.log(), &format!("the row of the session cannot be read: {error}")))
}

/// Gives a log the time of its row, so that a list is in order before any row is read. Only a hint.
pub(super) fn touch(folder: &Folder, at: Timestamp) {
    let millis = Duration::from_millis(at.as_millis().unsigned_abs());
    let time = if at.as_millis() < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(millis)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(millis)
    };
    let file = place::options().write(true).open(folder.log());
    if let (Some(time), Ok(file)) = (time, file) {
        let _ = File::set_modified(&file, time);
    }
}

impl Root {
    fn session_of(&self, list: &str, run: &str) -> PathBuf {
        self.path.join(list).join(run)
    }

    /// Writes a run's row.
    pub(super) fn put_run(&self, folder: &Folder, run: &Run) -> Result<(), Error> {
        let name = file_name(run.id.as_str());
        let row = serde_json::to_vec(run).map_err(|error| Error::internal(format!("a row cannot be written: {error}")))?;
        for folder in [folder.join("runs"), self.path.join("runs"), self.path.join("active")] {
            place::make_folder(&folder)?;
        }
        place::replace(&folder.join("runs").join(&name), &row, Keep::Loosely)?;
        for (list, is_in) in [("runs", true), ("active", run.status.is_active())] {
            let path = self.session_of(list, &name);
            if !is_in {
                place::remove(&path)?;
            } else if !path.exists() {
                place::replace(&path, run.session.as_str().as_bytes(), Keep::Loosely)?;
            }
        }
        if !run.in_turn {
            return Ok(());
        }
        let path = self.path.join("turn").join(Turn::of(run, &name).name());
        if run.waits_in_turn() {
            place::make_folder(&self.path.join("turn"))?;
            place::replace(&path, run.session.as_str().as_bytes(), Keep::Loosely)
        } else {
            place::remove(&path).map(|_| ())
        }
    }

    /// The runs that wait for whichever process is free, as the names of their files tell, in no order.
    fn turns(&self) -> Result<Vec<Turn>, Error> {
        Ok(place::names(&self.path.join("turn"))?.iter().filter_map(|name| Turn::read(name)).collect())
    }

    /// How many runs wait for whichever process is free.
    pub(super) fn waiting(&self) -> Result<u64, Error> {
        self.settle_all()?;
        Ok(self.turns()?.len() as u64)
    }

    /// The runs that wait for whichever process is free, those first whose turn it is.
    pub(super) fn turn(&self, query: &TurnQuery) -> Result<Vec<Run>, Error> {
        self.settle_all()?;
        let mut turns = self.turns()?;
        turns.sort_by_cached_key(|turn| turn.place(query));
        let mut rows: Vec<Run> = Vec::new();
        for turn in turns {
            // Of one moment all are read: which goes first is told by the row.
            let is_further = rows.last().is_some_and(|last| query.place(last).0 < turn.place(query).0);
            if rows.len() >= query.limit && is_further {
                break;
            }
            rows.extend(self.run(&turn.run)?.filter(|run| rules::may_have_turn(run, query)));
        }
        rows.sort_by_cached_key(|run| query.place(run));
        rows.truncate(query.limit);
        Ok(rows)
    }

    /// Removes all runs of a session, and their names.
    pub(super) fn remove_runs(&self, folder: &Folder) -> Result<(), Error> {
        for name in place::names(&folder.join("runs"))? {
            if let Some(run) = self.run_in(folder, &name)? {
                self.kept.remove_names_of(run.id.as_str())?;
                place::remove(&self.path.join("turn").join(Turn::of(&run, &name).name()))?;
            }
            for list in ["active", "runs"] {
                place::remove(&self.session_of(list, &name))?;
            }
        }
        place::remove_folder(&folder.join("runs"))
    }

    /// A run of a session, by its name on the disk.
    pub(super) fn run_in(&self, folder: &Folder, name: &str) -> Result<Option<Run>, Error> {
        let path = folder.join("runs").join(name);
        let Some(bytes) = place::read(&path)? else { return Ok(None) };
        serde_json::from_slice(&bytes).map(Some).map_err(|error| corrupt(&path, &error.to_string()))
    }

    /// One run, by its name on the disk.
    pub(super) fn run(&self, name: &str) -> Result<Option<Run>, Error> {
        let Some(session) = place::read(&self.session_of("runs", name))? else { return Ok(None) };
        self.run_in(&self.folder(&file_name(&String::from_utf8_lossy(&session))), name)
    }

    /// A list of runs.
    pub(super) fn runs(&self, query: &RunQuery) -> Result<Vec<Run>, Error> {
        self.settle_all()?;
        let only_active = !query.statuses.is_empty() && query.statuses.iter().all(|status| status.is_active());
        let mut rows = Vec::new();
        let mut keep = |row: Option<Run>| rows.extend(row.filter(|run| rules::is_run_listed(run, query)));
        if let Some(session) = &query.session {
            let folder = self.folder(&file_name(session.as_str()));
            for name in place::names(&folder.join("runs"))? {
                keep(self.run_in(&folder, &name)?);
            }
        } else {
            let skipped = if query.waits == Some(false) { self.turns()? } else { Vec::new() };
            let skipped: HashSet<String> = skipped.into_iter().map(|turn| turn.run).collect();
            for name in place::names(&self.path.join(if only_active { "active" } else { "runs" }))? {
                if !skipped.contains(&name) {
                    keep(self.run(&name)?);
                }
            }
        }
        rows.sort_by(rules::runs_order);
        Ok(rows.into_iter().skip(query.offset).take(query.limit).collect())
    }

    /// Hands over the rows of a list, as they lie there: to find where a page begins, all of them would be read each time.
    pub(super) fn each_run(&self, query: &RunQuery, to: &mpsc::Sender<Vec<Run>>) -> Result<(), Error> {
        self.settle_all()?;
        let sessions = match &query.session {
            Some(session) => vec![file_name(session.as_str())],
            None => place::names(&self.path.join("sessions"))?,
        };
        let mut page = Vec::new();
        for session in sessions {
            let folder = self.folder(&session);
            for name in place::names(&folder.join("runs"))? {
                page.extend(self.run_in(&folder, &name)?.filter(|run| rules::is_run_listed(run, query)));
                if page.len() >= PAGE && to.blocking_send(std::mem::take(&mut page)).is_err() {
                    return Ok(());
                }
            }
        }
        // Nobody may be there any more to take the last.
        let _ = to.blocking_send(page);
        Ok(())
    }

    /// How many sessions there are: from the end of each log, without reading its row.
    pub(super) fn counts(&self) -> Result<Counts, Error> {
        self.settle_all()?;
        let mut counts = Counts::default();
        for name in place::names(&self.path.join("sessions"))? {
            let there = match self.view(&name) {
                // A damaged session is no session that anybody is shown.
                Err(error) if error.cause == Some(crate::domain::Cause::Corrupt) => false,
                view => view?.is_some_and(|view| view.commit.summary.is_some()),
            };
            counts.sessions += u64::from(there);
        }
        let folder = self.path.join("active");
        let mut active = HashSet::new();
        for name in place::names(&folder)? {
            active.extend(place::read(&folder.join(name))?);
        }
        counts.active = active.len() as u64;
        Ok(counts)
    }

    /// One session's row.
    pub(super) fn summary(&self, session: &SessionId) -> Result<Option<SessionSummary>, Error> {
        self.summary_named(&file_name(session.as_str()))
    }

    fn summary_named(&self, name: &str) -> Result<Option<SessionSummary>, Error> {
        match self.view(name)? {
            Some(view) => summary_of(&self.folder(name), &view.commit),
            None => Ok(None),
        }
    }

    /// A page of sessions.
    ///
    /// The times of the files are only a hint: a copy of a store may have lost them. Each row that is read says whether
    /// its file told the truth; where one did not, the page is made again with what is known by then.
    pub(super) fn sessions(&self, query: &SessionQuery) -> Result<Vec<SessionSummary>, Error> {
        self.settle_all()?;
        let mut times = self.times()?;
        let mut rows = HashMap::new();
        loop {
            let mut page = Vec::new();
            let mut was_true = true;
            let mut order: Vec<_> = times.iter().map(|(name, at)| (*at, name.clone())).collect();
            order.sort_by(|left, right| right.cmp(left));
            for moment in order.chunk_by(|left, right| left.0 == right.0) {
                let at = moment[0].0;
                if page.len() >= query.limit || query.after.as_ref().is_some_and(|after| at > after.updated_at.as_millis()) {
                    continue;
                }
                let begin = page.len();
                for (_, name) in moment {
                    let row = self.row(name, &mut rows)?;
                    let real = row.map_or(NEVER, |row| row.session.updated_at.as_millis());
                    if real != at {
                        was_true = false;
                        times.insert(name.clone(), real);
                        if row.is_some() {
                            touch(&self.folder(name), Timestamp::from_millis(real));
                        }
                    }
                    page.extend(row.filter(|row| rules::is_listed(row, query) && is_after(row, query)).cloned());
                }
                page[begin..].sort_by(|left, right| left.session.id.cmp(&right.session.id));
            }
            if was_true {
                page.truncate(query.limit);
                return Ok(page);
            }
        }
    }

    /// The row of a session. A damaged session must not hide the others: it has none.
    fn row<'a>(
        &self,
        name: &str,
        rows: &'a mut HashMap<String, Option<SessionSummary>>,
    ) -> Result<Option<&'a SessionSummary>, Error> {
        if !rows.contains_key(name) {
            let row = match self.summary_named(name) {
                Err(error) if error.cause == Some(crate::domain::Cause::Corrupt) => {
                    tracing::warn!(session = name, %error, "a session cannot be listed");
                    None
                }
                read => read?,
            };
            rows.insert(name.to_owned(), row);
        }
        Ok(rows.get(name).and_then(Option::as_ref))
    }

    /// The rows of all sessions.
    pub(super) fn all_rows(&self) -> Result<Vec<SessionSummary>, Error> {
        self.settle_all()?;
        let mut rows = HashMap::new();
        let mut all = Vec::new();
        for name in place::names(&self.path.join("sessions"))? {
            all.extend(self.row(&name, &mut rows)?.cloned());
            rows.clear();
        }
        Ok(all)
    }

    /// The time of each log, in milliseconds.
    fn times(&self) -> Result<HashMap<String, i64>, Error> {
        let folder = self.path.join("sessions");
        let mut times = HashMap::new();
        for name in place::names(&folder)? {
            let path = self.folder(&name).log();
            if let Some(file) = if_there(fs::metadata(&path)).at(&path)? {
                times.insert(name, millis(file.modified().at(&path)?));
            }
        }
        Ok(times)
    }
}

/// A run that waits for whichever process is free, as the name of its file in `turn/` tells it: priority and moment in
/// hexadecimal, so that both have one width, and its name on the disk.
struct Turn {
    priority: i32,
    queued_at: i64,
    run: String,
}

impl Turn {
    fn of(run: &Run, name: &str) -> Self {
        Self { priority: run.priority, queued_at: run.queued_at.as_millis(), run: name.to_owned() }
    }

    fn name(&self) -> String {
        format!("{:08x}-{:016x}-{}", self.priority, self.queued_at, self.run)
    }

    fn read(name: &str) -> Option<Self> {
        let (priority, rest) = name.split_once('-')?;
        let (queued_at, run) = rest.split_once('-')?;
        let priority = u32::from_str_radix(priority, 16).ok()?.cast_signed();
        let queued_at = u64::from_str_radix(queued_at, 16).ok()?.cast_signed();
        Some(Self { priority, queued_at, run: run.to_owned() })
    }

    /// As the row's own, but for its id, which stands in the row.
    fn place(&self, query: &TurnQuery) -> (i64, i64) {
        let ahead = i64::from(self.priority).saturating_mul(i64::try_from(query.age_ms).unwrap_or(i64::MAX));
        (self.queued_at.saturating_sub(ahead), self.queued_at)
    }
}

fn is_after(row: &SessionSummary, query: &SessionQuery) -> bool {
    query.after.as_ref().is_none_or(|after| rules::sessions_order(&rules::place_in_list(row), after).is_gt())
}

fn millis(time: SystemTime) -> i64 {
    let whole = |millis: u128| i64::try_from(millis).unwrap_or(i64::MAX);
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => whole(after.as_millis()),
        Err(before) => -whole(before.duration().as_millis()),
    }
}
