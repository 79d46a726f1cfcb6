//! One log: looking at its end, reading, repairing, appending, writing anew. See [`super`] for the format.
//!
//! What changes a log is called only by whoever holds the lock of the session.

use std::fs::{File, Metadata};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::index::{self, Index};
use super::line::{self, Commit, Line};
use super::place::{self, At, corrupt, if_there};
use crate::domain::Error;
use crate::storage::rules::Page;
use crate::storage::{Entry, probe};

/// How much of the end is read at first, to find the last line.
const TAIL: u64 = 8 << 10;

/// The folder of a session.
pub(super) struct Folder {
    path: PathBuf,
}

/// A log whose end is known, as it stood when it was looked at.
pub(super) struct View {
    log: File,
    path: PathBuf,
    index: Index,
    /// How long it is up to its last commit, in bytes.
    end: u64,
    /// The last commit.
    pub(super) commit: Commit,
}

/// What a look at a log shows.
pub(super) enum Seen {
    /// There is no log.
    Nothing,
    /// It ends in a commit that the index covers.
    Settled(Box<View>),
    /// Somebody is writing it, or died while doing so.
    Unsettled,
}

/// What a scan has found.
#[derive(Default)]
struct Scan {
    offsets: Vec<u64>,
    first: u64,
    end: u64,
    commit: Option<Commit>,
}

impl Folder {
    /// The folder at a path, whether it is there or not.
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// The folder itself.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// A file or folder in it.
    pub(super) fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The log.
    pub(super) fn log(&self) -> PathBuf {
        self.join("log.jsonl")
    }

    fn index(&self) -> PathBuf {
        self.join("index")
    }

    /// Looks at the end of the log; takes no lock.
    pub(super) fn look(&self) -> Result<Seen, Error> {
        let path = self.log();
        let log = if_there(File::open(&path)).at(&path)?;
        let index = Index::open(&self.index())?;
        let (log, end) = match (log, &index) {
            (None, None) => return Ok(Seen::Nothing),
            (None, Some(_)) => return Ok(Seen::Unsettled),
            (Some(log), _) => {
                let end = log.metadata().at(&path)?.len();
                (log, end)
            }
        };
        if end == 0 && index.is_none() {
            return Ok(Seen::Nothing);
        }
        match (last_commit(&log, end).at(&path)?, index) {
            (Some(commit), Some(index)) if covers(&index, &commit) && index.last() == commit.commit => {
                Ok(Seen::Settled(Box::new(View { log, path, index, end, commit })))
            }
            _ => Ok(Seen::Unsettled),
        }
    }

    /// What the index knows to be durable, leaving aside what somebody is writing. `None` when that cannot be told.
    pub(super) fn look_at_durable(&self) -> Result<Option<View>, Error> {
        let path = self.log();
        let Some(log) = if_there(File::open(&path)).at(&path)? else { return Ok(None) };
        let Some(index) = Index::open(&self.index())? else { return Ok(None) };
        let Some(offset) = index.offset(index.last()).at(&path)? else { return Ok(None) };
        let Some((commit, end)) = commit_after(&log, offset, index.last()).at(&path)? else { return Ok(None) };
        Ok(covers(&index, &commit).then_some(View { log, path, index, end, commit }))
    }

    /// Repairs what a dead writer has left: takes a torn end away and makes the index fit the log.
    pub(super) fn repair(&self) -> Result<Option<View>, Error> {
        let path = self.log();
        let index = Index::open(&self.index())?;
        let known = index.as_ref().map_or(0, |index| index.count);
        let Some(log) = if_there(place::options().read(true).write(true).open(&path)).at(&path)? else {
            return if known > 0 { Err(corrupt(&path, "it is missing")) } else { Ok(None) };
        };
        let length = log.metadata().at(&path)?.len();
        let scan = scan(&log, &path)?;
        let Some(commit) = scan.commit else {
            if known > 0 {
                return Err(corrupt(&path, &format!("{known} entries are missing")));
            }
            return log.set_len(0).and_then(|()| log.sync_all()).at(&path).map(|()| None);
        };
        // The index of another incarnation, or of a log before its deletion, is only left over.
        let same = index.filter(|index| covers(index, &commit)).filter(|_| !commit.deleted);
        if let Some(missing) = same.and_then(|index| index.last().checked_sub(commit.commit + 1)) {
            let from = commit.commit + 1;
            return Err(corrupt(&path, &format!("entry {from} and {missing} further ones are missing")));
        }
        if length > scan.end {
            tracing::warn!(file = %path.display(), bytes = length - scan.end, "an append that was never finished is taken away");
            log.set_len(scan.end).at(&path)?;
        }
        log.sync_all().at(&path)?;
        index::make(&self.index(), commit.incarnation, scan.first, &scan.offsets)?;
        match self.look()? {
            Seen::Settled(view) => Ok(Some(*view)),
            Seen::Nothing | Seen::Unsettled => Err(corrupt(&path, "it cannot be repaired")),
        }
    }

    /// Adds entries and their commit after the end of a log, or begins one. `write` puts the bytes on the disk.
    pub(super) fn add(
        &self,
        view: Option<&View>,
        entries: &[Entry],
        commit: &Commit,
        write: impl FnOnce(&File, &[u8], u64) -> io::Result<()>,
    ) -> Result<(), Error> {
        let path = self.log();
        let end = view.map_or(0, |view| view.end);
        let (bytes, offsets) = lines(entries, commit, end)?;
        let log = place::options().write(true).create(true).truncate(false).open(&path).at(&path)?;
        let written = write(&log, &bytes, end).and_then(|()| {
            probe::reached("append.written");
            log.sync_data()
        });
        if let Err(error) = written {
            // What is half there must not be seen again.
            let _ = log.set_len(end).and_then(|()| log.sync_all());
            return Err(place::failure(&path, &error));
        }
        if view.is_none() {
            place::sync_folder(&self.path)?;
        }
        probe::reached("append.durable");
        let indexed = match view {
            Some(view) => index::extend(&self.index(), view.index.count, &offsets),
            None => index::make(&self.index(), commit.incarnation, commit.first, &offsets),
        };
        self.told(indexed);
        Ok(())
    }

    /// Puts a new log of these entries in the place of an old one.
    pub(super) fn begin_anew(&self, entries: &[Entry], commit: &Commit) -> Result<(), Error> {
        let (bytes, offsets) = lines(entries, commit, 0)?;
        probe::reached("append.written");
        place::replace(&self.log(), &bytes, place::Keep::Durably)?;
        probe::reached("append.durable");
        self.told(index::make(&self.index(), commit.incarnation, commit.first, &offsets));
        Ok(())
    }

    /// The log is durable: what fails now is made good by the next one who looks, and is no failure of the append.
    fn told(&self, done: Result<(), Error>) {
        if let Err(error) = done {
            tracing::warn!(file = %self.path.display(), %error, "the index is behind its log");
        }
    }

    /// Writes the log anew with other texts of its entries, maybe with further ones and their commit, and without the rows
    /// of all commits but the last.
    pub(super) fn rewrite(
        &self,
        view: &View,
        change: impl Fn(Entry) -> Result<Entry, Error>,
        further: Option<(&[Entry], Commit)>,
    ) -> Result<(), Error> {
        let path = self.log();
        let mut reader = BufReader::new(&view.log);
        reader.seek(SeekFrom::Start(0)).at(&path)?;
        let mut draft = place::Draft::begin(&path)?;
        let (mut bytes, mut offsets, mut raw) = (Vec::new(), Vec::new(), Vec::new());
        let (mut from, mut to, mut kept) = (0, 0, 0);
        while from < view.end {
            bytes.clear();
            from += line::next(&mut reader, &mut raw).at(&path)? as u64;
            match line::parse(&raw).ok_or_else(|| view.damaged(from - raw.len() as u64))? {
                Line::Entry(old) => {
                    offsets.push(to);
                    let new = change(old)?;
                    kept += new.body.len() as u64;
                    line::write_entry(&mut bytes, &new);
                }
                Line::Commit(last) if from == view.end && further.is_none() => {
                    let mut last = *last;
                    last.bytes = Some(kept);
                    last.write(&mut bytes)?;
                }
                Line::Commit(commit) => commit.bare().write(&mut bytes)?,
            }
            to += bytes.len() as u64;
            draft.write(&bytes)?;
        }
        if let Some((entries, mut commit)) = further {
            commit.bytes = Some(kept + super::store::bytes_of(entries));
            let commit = &commit;
            let (bytes, further) = lines(entries, commit, to)?;
            offsets.extend(further);
            probe::reached("append.written");
            draft.write(&bytes)?;
        }
        draft.finish(place::Keep::Durably)?;
        probe::reached("append.durable");
        self.told(index::make(&self.index(), view.commit.incarnation, view.commit.first, &offsets));
        Ok(())
    }
}

/// A log that is written whole, and takes the place of what is there when it has ended.
pub(super) struct Whole<'a> {
    folder: &'a Folder,
    draft: place::Draft,
    offsets: Vec<u64>,
    length: u64,
}

impl<'a> Whole<'a> {
    /// Begins it.
    pub(super) fn begin(folder: &'a Folder) -> Result<Self, Error> {
        let draft = place::Draft::begin(&folder.log())?;
        Ok(Self { folder, draft, offsets: Vec::new(), length: 0 })
    }

    /// Adds entries, after the commit of those before.
    pub(super) fn entries(&mut self, before: Option<&Commit>, entries: &[Entry]) -> Result<(), Error> {
        let mut bytes = Vec::new();
        before.map_or(Ok(()), |commit| commit.write(&mut bytes))?;
        for entry in entries {
            self.offsets.push(self.length + bytes.len() as u64);
            line::write_entry(&mut bytes, entry);
        }
        self.length += bytes.len() as u64;
        self.draft.write(&bytes)
    }

    /// Puts it in its place.
    pub(super) fn end(mut self, commit: &Commit) -> Result<(), Error> {
        let mut bytes = Vec::new();
        commit.write(&mut bytes)?;
        self.draft.write(&bytes)?;
        self.draft.finish(place::Keep::Durably)?;
        self.folder.told(index::make(&self.folder.index(), commit.incarnation, commit.first, &self.offsets));
        Ok(())
    }
}

impl View {
    /// The file as it is, and how long it is up to the last commit that was seen.
    pub(super) fn file(&self) -> Result<(Metadata, u64), Error> {
        self.log.metadata().at(&self.path).map(|file| (file, self.end))
    }

    /// Reads the entries after `after` into a page; `None` when the log was put in another's place meanwhile.
    pub(super) fn read(&self, after: u64, mut page: Page) -> Result<Option<Page>, Error> {
        let mut seq = self.commit.first.max(after.saturating_add(1));
        if seq > self.commit.commit || page.is_full() {
            return Ok(Some(page));
        }
        let Some(mut at) = self.index.offset(seq).at(&self.path)? else { return Ok(None) };
        let mut reader = BufReader::new(&self.log);
        reader.seek(SeekFrom::Start(at)).at(&self.path)?;
        let mut raw = Vec::new();
        while !page.is_full() && seq <= self.commit.commit {
            let begins = at;
            at += line::next(&mut reader, &mut raw).at(&self.path)? as u64;
            if line::is_commit(&raw) {
                continue;
            }
            match line::parse(&raw) {
                Some(Line::Entry(entry)) if entry.seq == seq => {
                    page.push(entry);
                    seq += 1;
                }
                Some(Line::Entry(_) | Line::Commit(_)) => return Ok(None),
                None if self.is_line(begins)? => return Err(self.damaged(begins)),
                None => return Ok(None),
            }
        }
        Ok(Some(page))
    }

    /// Whether a line begins here; else an index of another log was used.
    fn is_line(&self, at: u64) -> Result<bool, Error> {
        let mut before = [0];
        if at == 0 {
            return Ok(true);
        }
        self.log.read_exact_at(&mut before, at - 1).at(&self.path)?;
        Ok(before == *b"\n")
    }

    /// Goes over the commits of the whole log.
    pub(super) fn commits(&self, mut with: impl FnMut(Commit) -> Result<(), Error>) -> Result<(), Error> {
        let mut reader = BufReader::new(&self.log);
        reader.seek(SeekFrom::Start(0)).at(&self.path)?;
        let (mut at, mut raw) = (0, Vec::new());
        while at < self.end {
            let begins = at;
            at += line::next(&mut reader, &mut raw).at(&self.path)? as u64;
            match line::parse(&raw) {
                Some(Line::Commit(commit)) => with(*commit)?,
                Some(Line::Entry(_)) => {}
                None => return Err(self.damaged(begins)),
            }
        }
        Ok(())
    }

    /// The commit of the append that ended with this entry; `None` when no append did.
    pub(super) fn commit_of(&self, seq: u64) -> Result<Option<Commit>, Error> {
        let Some(offset) = self.index.offset(seq).at(&self.path)? else { return Ok(None) };
        Ok(commit_after(&self.log, offset, seq).at(&self.path)?.map(|(commit, _)| commit))
    }

    fn damaged(&self, at: u64) -> Error {
        damaged(&self.log, &self.path, at)
    }
}

fn covers(index: &Index, commit: &Commit) -> bool {
    index.count > 0 && index.incarnation == commit.incarnation && index.first == commit.first
}

fn lines(entries: &[Entry], commit: &Commit, end: u64) -> Result<(Vec<u8>, Vec<u64>), Error> {
    let (mut bytes, mut offsets) = (Vec::new(), Vec::with_capacity(entries.len()));
    for entry in entries {
        offsets.push(end + bytes.len() as u64);
        line::write_entry(&mut bytes, entry);
    }
    commit.write(&mut bytes)?;
    Ok((bytes, offsets))
}

/// The commit in the last line, if that is one.
fn last_commit(log: &File, end: u64) -> io::Result<Option<Commit>> {
    let mut length = TAIL.min(end);
    loop {
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
        log.read_exact_at(&mut bytes, end - length)?;
        let before = bytes.len().saturating_sub(1);
        let begins = bytes[..before].iter().rposition(|byte| *byte == b'\n').map(|place| place + 1);
        match begins.or((length == end).then_some(0)) {
            Some(begins) => {
                let line = line::parse(&bytes[begins..]);
                return Ok(if let Some(Line::Commit(commit)) = line { Some(*commit) } else { None });
            }
            None => length = (length * 4).min(end),
        }
    }
}

/// The commit that follows the entry `seq`, which begins at `offset`, and where it ends.
fn commit_after(log: &File, offset: u64, seq: u64) -> io::Result<Option<(Commit, u64)>> {
    let mut reader = BufReader::new(log);
    reader.seek(SeekFrom::Start(offset))?;
    let mut raw = Vec::new();
    let entry = line::next(&mut reader, &mut raw)? as u64;
    if !matches!(line::parse(&raw), Some(Line::Entry(entry)) if entry.seq == seq) {
        return Ok(None);
    }
    let commit = line::next(&mut reader, &mut raw)? as u64;
    match line::parse(&raw) {
        Some(Line::Commit(found)) if found.commit == seq => Ok(Some((*found, offset + entry + commit))),
        _ => Ok(None),
    }
}

/// Reads a whole log. What is not right is damage where a commit follows, and else the torn end of the last append.
fn scan(log: &File, path: &Path) -> Result<Scan, Error> {
    let mut reader = BufReader::new(log);
    reader.seek(SeekFrom::Start(0)).at(path)?;
    let (mut scan, mut pending, mut raw) = (Scan::default(), Vec::new(), Vec::new());
    let (mut at, mut wrong, mut next) = (0, None, None);
    loop {
        let length = line::next(&mut reader, &mut raw).at(path)? as u64;
        if length == 0 {
            return Ok(scan);
        }
        match (line::parse(&raw), wrong) {
            (Some(Line::Entry(entry)), None) if next.is_none_or(|next| next == entry.seq) => {
                scan.first = if next.is_none() { entry.seq } else { scan.first };
                next = Some(entry.seq + 1);
                pending.push(at);
            }
            (Some(Line::Commit(commit)), None) if next == Some(commit.commit + 1) && !pending.is_empty() => {
                scan.offsets.append(&mut pending);
                scan.end = at + length;
                scan.commit = Some(*commit);
            }
            (Some(Line::Commit(_)), Some(begins)) => return Err(damaged(log, path, begins)),
            (Some(Line::Commit(_)), None) => return Err(damaged(log, path, at)),
            (_, None) => wrong = Some(at),
            (_, Some(_)) => {}
        }
        at += length;
    }
}

/// The error that names the line which begins at `at`.
fn damaged(log: &File, path: &Path, at: u64) -> Error {
    let mut reader = BufReader::new(log);
    let (mut lines, mut passed) = (1_u64, 0);
    if reader.seek(SeekFrom::Start(0)).is_ok() {
        while passed < at {
            match reader.fill_buf() {
                Ok(bytes) if !bytes.is_empty() => {
                    let before = bytes.len().min(usize::try_from(at - passed).unwrap_or(usize::MAX));
                    lines += bytes[..before].iter().map(|byte| u64::from(*byte == b'\n')).sum::<u64>();
                    reader.consume(before);
                    passed += before as u64;
                }
                _ => break,
            }
        }
    }
    corrupt(path, &format!("line {lines} is not as it was written"))
}
