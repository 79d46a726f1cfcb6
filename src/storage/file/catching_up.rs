//! Searching: the index of words is brought up to the logs, then asked. Where it cannot be used, the logs are looked through.

use std::collections::HashMap;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::log::{Seen, View};
use super::place::{self, At, if_there};
use super::store::Root;
use super::texts::{Fault, Fresh, Known, Stamp, Texts, throw_away};
use crate::domain::{Cause, Error};
use crate::storage::rules::{self, Page};
use crate::storage::{Entry, TextHits, TextQuery, Told};

/// Entries of one page when a log is looked through, and their bytes.
const PAGE: usize = 512;
const PAGE_BYTES: usize = 1 << 20;

/// Logs that are taken in by one transaction: others may have to wait for its end.
const STEP: usize = 256;

/// Threads that read logs. More than there are processors, since they wait for the disk.
const READERS: usize = 4;

/// Pages that wait to be written.
const WAITING: usize = 8;

/// Between two transactions: longer than another process naps that waits for its turn.
const PAUSE: Duration = Duration::from_millis(2);

/// What became of a look at a log.
enum Read {
    /// The index has all of it.
    Nothing,
    /// Somebody is writing it anew, or died while doing so.
    Unsettled(String),
    Page(Box<Fresh>),
}

/// What a step has left.
#[derive(Default)]
struct Left {
    /// Logs of which there is more.
    more: Vec<String>,
    unsettled: Vec<String>,
}

impl Root {
    /// Finds what holds all words of a query.
    pub(super) fn search(&self, query: &TextQuery) -> Result<TextHits, Error> {
        self.settle_all()?;
        let mut fault = match self.search_index(query) {
            Ok(found) => return Ok(found),
            Err(Fault::Store(error)) => return Err(error),
            Err(fault) => fault,
        };
        if is_damaged(&fault) && throw_away(&self.path).is_ok() {
            fault = match self.search_index(query) {
                Ok(found) => return Ok(found),
                Err(fault) => fault,
            };
        }
        tracing::warn!(%fault, "all logs are looked through: the index of words cannot be used");
        rules::scan(self.all_rows()?, query, |session, after| -> Result<Vec<Entry>, Error> {
            self.read(session, |_| after, |_| Page::new(PAGE, PAGE_BYTES))
        })
    }

    fn search_index(&self, query: &TextQuery) -> Result<TextHits, Fault> {
        let mut texts = Texts::open(&self.path)?;
        self.catch_up(&mut texts, query.told)?;
        texts.find(query)
    }

    /// Takes in what the logs have and the index has not.
    fn catch_up(&self, texts: &mut Texts, told: Told) -> Result<(), Fault> {
        let (mut due, gone) = self.behind(texts.all()?)?;
        for part in gone.chunks(STEP) {
            let step = texts.begin()?;
            part.iter().try_for_each(|name| step.forget(name))?;
            step.keep()?;
        }
        while !due.is_empty() {
            let part = due.split_off(due.len().saturating_sub(STEP));
            let left = self.take_in(texts, part, told)?;
            due.extend(left.more);
            let mut damaged = Vec::new();
            for name in left.unsettled.into_iter().filter(|name| self.folder(name).path().is_dir()) {
                match self.enter(&name).and_then(|entered| entered.folder.repair().map(drop)) {
                    Err(error) if error.cause == Some(Cause::Corrupt) => damaged.extend(self.damaged(&name, None, &error)?),
                    looked => {
                        looked?;
                        due.push(name);
                    }
                }
            }
            if !damaged.is_empty() {
                let step = texts.begin()?;
                for fresh in damaged {
                    step.put(&Fresh { known: step.known(&fresh.name)?, ..fresh })?;
                }
                step.keep()?;
            }
            if !due.is_empty() {
                thread::sleep(PAUSE);
            }
        }
        Ok(())
    }

    /// The names of those logs that have changed, and of those that are not there any more.
    fn behind(&self, mut known: HashMap<String, Known>) -> Result<(Vec<String>, Vec<String>), Fault> {
        let mut due = Vec::new();
        for name in place::names(&self.path.join("sessions"))? {
            let path = self.folder(&name).log();
            let Some(file) = if_there(fs::metadata(&path)).at(&path)? else { continue };
            if known.remove(&name).is_none_or(|known| known.stamp != stamp(&file, file.len())) {
                due.push(name);
            }
        }
        Ok((due, known.into_keys().collect()))
    }

    /// Takes some logs in, a page of each.
    fn take_in(&self, texts: &mut Texts, names: Vec<String>, told: Told) -> Result<Left, Fault> {
        let step = texts.begin()?;
        let known = |name: String| step.known(&name).map(|known| (name, known));
        let names: Vec<(String, Option<Known>)> = names.into_iter().map(known).collect::<Result<_, _>>()?;
        let (next, (sender, read)) = (AtomicUsize::new(0), mpsc::sync_channel(WAITING));
        let mut left = Left::default();
        thread::scope(|scope| {
            for _ in 0..READERS.min(names.len()) {
                let (names, next, sender) = (&names, &next, sender.clone());
                scope.spawn(move || {
                    while let Some((name, known)) = names.get(next.fetch_add(1, Ordering::Relaxed)) {
                        if sender.send(self.fresh(name, *known, told)).is_err() {
                            return;
                        }
                    }
                });
            }
            drop(sender);
            for fresh in read {
                match fresh? {
                    Read::Nothing => {}
                    Read::Unsettled(name) => left.unsettled.push(name),
                    Read::Page(fresh) => {
                        step.put(&fresh)?;
                        if fresh.stamp.length == 0 && fresh.row.is_some() {
                            left.more.push(fresh.name);
                        }
                    }
                }
            }
            Ok::<_, Fault>(())
        })?;
        step.keep()?;
        Ok(left)
    }

    /// What a log has that the index has not: one page of it.
    fn fresh(&self, name: &str, known: Option<Known>, told: Told) -> Result<Read, Error> {
        match self.read_fresh(name, known, told) {
            Err(error) if error.cause == Some(Cause::Corrupt) => {
                Ok(self.damaged(name, known, &error)?.map_or(Read::Nothing, |fresh| Read::Page(Box::new(fresh))))
            }
            read => read,
        }
    }

    /// A damaged session must not hide the others: nothing is found in it until it is another file.
    fn damaged(&self, name: &str, known: Option<Known>, error: &Error) -> Result<Option<Fresh>, Error> {
        tracing::warn!(session = name, %error, "a session cannot be searched");
        let path = self.folder(name).log();
        let file = if_there(fs::metadata(&path)).at(&path)?;
        Ok(file.map(|file| nothing(name, known, stamp(&file, file.len()))))
    }

    /// Takes no lock: whoever holds that of a session may wait for the index.
    fn read_fresh(&self, name: &str, known: Option<Known>, told: Told) -> Result<Read, Error> {
        let unsettled = || Ok(Read::Unsettled(name.to_owned()));
        let folder = self.folder(name);
        let view = match folder.look()? {
            Seen::Nothing => return Ok(Read::Nothing),
            Seen::Settled(view) => *view,
            Seen::Unsettled => match folder.look_at_durable()? {
                Some(view) => view,
                None => return unsettled(),
            },
        };
        let now = stamp_of(&view)?;
        if known.is_some_and(|known| known.stamp == now) {
            return Ok(Read::Nothing);
        }
        let Some(row) = super::rows::summary_of(&folder, &view.commit)? else {
            return Ok(Read::Page(Box::new(nothing(name, known, now))));
        };
        let incarnation = view.commit.incarnation;
        let goes_on = known.filter(|known| {
            (known.stamp.file, known.incarnation) == (now.file, incarnation) && (1..=view.commit.commit).contains(&known.seq)
        });
        let after = goes_on.map_or(0, |known| known.seq);
        let Some(Page { entries, .. }) = view.read(after, Page::new(PAGE, PAGE_BYTES))? else { return unsettled() };
        let seq = entries.last().map_or(after, |last| last.seq);
        let is_all = seq >= view.commit.commit;
        Ok(Read::Page(Box::new(Fresh {
            name: name.to_owned(),
            known,
            begins_anew: goes_on.is_none(),
            stamp: if is_all { now } else { Stamp { length: 0, ..now } },
            incarnation,
            seq,
            row: Some(Box::new(row)),
            texts: entries.iter().filter_map(told).filter(|text| text.seq > 0).collect(),
        })))
    }
}

/// A log that has nothing to be found in it.
fn nothing(name: &str, known: Option<Known>, stamp: Stamp) -> Fresh {
    let name = name.to_owned();
    Fresh { name, known, begins_anew: true, stamp, incarnation: 0, seq: 0, row: None, texts: Vec::new() }
}

fn stamp(file: &Metadata, length: u64) -> Stamp {
    let changed = file.ctime().saturating_mul(1_000_000_000).saturating_add(file.ctime_nsec());
    Stamp { file: file.ino(), length, changed }
}

/// The stamp of a log that was opened, with its length up to the last commit that was seen: what comes after that is not
/// taken in, so its length will tell.
fn stamp_of(view: &View) -> Result<Stamp, Error> {
    let (file, end) = view.file()?;
    Ok(stamp(&file, end))
}

fn is_damaged(fault: &Fault) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    match fault {
        Fault::Index(rusqlite::Error::SqliteFailure(code, _)) => {
            matches!(code.code, DatabaseCorrupt | NotADatabase | rusqlite::ErrorCode::Unknown)
        }
        Fault::Index(_) => true,
        Fault::File(_) | Fault::Store(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::super::FileStore;
    use crate::storage::conformance::{Bed, append, entry, session, told};
    use crate::storage::{Append, Store, Terms, TextQuery};

    fn place(bed: &Bed, name: &str) -> PathBuf {
        bed.path().join("deep/store").join(name)
    }

    async fn found(store: &dyn Store, words: &str) -> Vec<(String, u64)> {
        let query = TextQuery {
            terms: Terms::parse(words).unwrap(),
            told,
            labels: Vec::new(),
            agent: None,
            since: None,
            after: None,
            limit: 999,
            bytes: u64::MAX,
        };
        let hits = store.search(&query).await.unwrap();
        assert!(!hits.is_cut);
        hits.places.into_iter().map(|place| (place.session.to_string(), place.seq)).collect()
    }

    fn places(places: &[(&str, u64)]) -> Vec<(String, u64)> {
        places.iter().map(|(id, seq)| ((*id).to_owned(), *seq)).collect()
    }

    async fn filled(bed: &Bed) -> FileStore {
        let store = FileStore::open(&place(bed, "")).await.unwrap();
        for id in ["a", "b"] {
            store.append(append(id, 0, &["zanzibar one", "other"])).await.unwrap();
        }
        store
    }

    #[tokio::test]
    async fn an_index_that_is_lost_or_damaged_is_made_again() {
        let bed = Bed::file().await;
        let store = filled(&bed).await;
        let expected = places(&[("b", 1), ("a", 1)]);
        assert!(!place(&bed, "texts.db").exists());
        assert_eq!(found(&store, "zanzibar").await, expected);
        let whole = fs::read(place(&bed, "texts.db")).unwrap();
        let damage: [(&str, Vec<u8>); 4] = [
            ("empty", Vec::new()),
            ("no database", b"this is no database at all, and long enough to be read as one".repeat(200)),
            ("cut", whole[..whole.len() / 2].to_vec()),
            ("of zeros", [&whole[..100], &vec![0; whole.len() - 100]].concat()),
        ];
        for (what, bytes) in damage {
            fs::write(place(&bed, "texts.db"), bytes).unwrap();
            assert_eq!(found(&store, "zanzibar").await, expected, "{what}");
        }
        fs::remove_file(place(&bed, "texts.db")).unwrap();
        assert_eq!(found(&store, "zanzibar").await, expected);
    }

    #[tokio::test]
    async fn where_no_index_can_be_written_the_logs_are_read() {
        let bed = Bed::file().await;
        let store = filled(&bed).await;
        fs::create_dir(place(&bed, "texts.db")).unwrap();
        assert_eq!(found(&store, "zanzibar").await, places(&[("b", 1), ("a", 1)]));
        // Nothing of it stands against a removal either.
        fs::remove_dir(place(&bed, "texts.db")).unwrap();
        store.scrub(&session("a"), entry(1, "gone")).await.unwrap();
        assert_eq!(found(&store, "zanzibar").await, places(&[("b", 1)]));
    }

    #[tokio::test]
    async fn what_is_appended_changed_or_gone_is_noticed() {
        let bed = Bed::file().await;
        let store = filled(&bed).await;
        assert_eq!(found(&store, "other").await.len(), 2);
        store.append(append("a", 2, &["zanzibar again"])).await.unwrap();
        store.append(append("c", 0, &["a third zanzibar"])).await.unwrap();
        let expected = places(&[("a", 3), ("a", 1), ("c", 1), ("b", 1)]);
        assert_eq!(found(&store, "zanzibar").await, expected);
        // A copy of a log that somebody put back, and a session that somebody took away.
        let log = place(&bed, "sessions/a/log.jsonl");
        let bytes = fs::read(&log).unwrap();
        fs::remove_file(&log).unwrap();
        fs::write(&log, bytes).unwrap();
        fs::remove_dir_all(place(&bed, "sessions/b")).unwrap();
        assert_eq!(found(&store, "zanzibar").await, places(&[("a", 3), ("a", 1), ("c", 1)]));
    }

    #[tokio::test]
    async fn what_a_dead_process_did_not_take_out_is_taken_out_by_the_next() {
        let bed = Bed::file().await;
        let store = filled(&bed).await;
        found(&store, "zanzibar").await;
        let kept = fs::read(place(&bed, "texts.db")).unwrap();
        store.scrub(&session("a"), entry(1, "gone")).await.unwrap();
        // As if the process had died after it had written the log, and before it took the words out.
        fs::write(place(&bed, "texts.db"), kept).unwrap();
        fs::write(place(&bed, "unsettled/a"), "").unwrap();
        store.scrub(&session("b"), entry(1, "gone")).await.unwrap();
        store.tidy().await.unwrap();
        assert_eq!(bed.files_with("zanzibar"), [""; 0]);
        assert_eq!(found(&store, "zanzibar").await, []);
        assert_eq!(found(&store, "gone").await, places(&[("b", 1), ("a", 1)]));
    }

    #[tokio::test]
    async fn a_log_of_many_pages_is_taken_in_whole() {
        let bed = Bed::file().await;
        let store = filled(&bed).await;
        let bodies: Vec<String> = (0..1_500).map(|number| format!("parrot {number}")).collect();
        let bodies: Vec<&str> = bodies.iter().map(String::as_str).collect();
        let long = Append { entries: append("a", 2, &bodies).entries, ..append("a", 2, &[]) };
        store.append(long).await.unwrap();
        assert_eq!(found(&store, "parrot 1499").await, places(&[("a", 1_502)]));
        assert_eq!(found(&store, "parrot*").await.len(), 999);
        assert_eq!(found(&store, "zanzibar").await, places(&[("a", 1), ("b", 1)]));
    }

    /// Many who search, write and remove at once: nobody waits for another in a ring, and nothing is lost.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn searching_writing_and_removing_go_on_side_by_side() {
        let bed = Bed::file().await;
        let store = filled(&bed).await;
        let work = (0..8).map(async |number| {
            let id = format!("s{number}");
            for round in 0..4 {
                store.append(append(&id, round, &["zanzibar"])).await.unwrap();
                found(&store, "zanzibar").await;
                store.scrub(&session(&id), entry(round + 1, "gone")).await.unwrap();
            }
        });
        futures_util::future::join_all(work).await;
        assert_eq!(found(&store, "zanzibar").await, places(&[("b", 1), ("a", 1)]));
        assert_eq!(found(&store, "gone").await.len(), 32);
    }
}
