//! What is about a whole log, or the whole store: a log that comes in pages, and copies.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use rusqlite::{Connection, OptionalExtension, params};
use tokio::sync::mpsc;

use super::append::{self, Prepared};
use super::connect::{self, beside, unopened};
use super::fault::{Done, failure};
use crate::domain::{Error, ErrorCode, Run, SessionId};
use crate::storage::rules;
use crate::storage::{Adopted, Append};

/// Takes a log whole, inside of one transaction.
pub(super) fn adopt(
    connection: &Connection,
    session: &SessionId,
    incarnation: u64,
    mut pages: mpsc::Receiver<Adopted>,
) -> Done<()> {
    let row = append::find(connection, session)?;
    rules::decide_adoption(row.as_ref().map(|row| row.head), incarnation)?;
    let number = match row {
        Some(row) => {
            append::remove_entries(connection, row.number)?;
            row.number
        }
        None => {
            let sql = "INSERT INTO sessions (id, incarnation, seq, deleted, updated_at, agent, active, labels, summary)
                VALUES (?1, 0, 0, 1, 0, '', 0, '', '')";
            connection.prepare_cached(sql)?.execute([session.as_str()])?;
            connection.last_insert_rowid()
        }
    };
    let (mut last, mut bytes) = (0, 0);
    loop {
        match pages.blocking_recv() {
            Some(Adopted::Page { entries, runs, texts }) => {
                last = rules::check_page(session, last, &entries, &runs)?;
                let mut insert = connection.prepare_cached("INSERT INTO entries (place, body) VALUES (?1, ?2)")?;
                for entry in &entries {
                    bytes += entry.body.len() as u64;
                    insert.execute(params![append::place_of(number, entry.seq), entry.body])?;
                }
                check_runs(connection, &runs, number)?;
                let bodies = runs.iter().map(append::text).collect::<Result<Vec<_>, _>>()?;
                append::put_runs(connection, &runs, &bodies, number)?;
                super::texts::put(connection, number, &texts)?;
            }
            Some(Adopted::End { summary, snapshot, records }) => {
                let append = Append {
                    session: session.clone(),
                    incarnation,
                    after: last,
                    entries: Vec::new(),
                    fence: None,
                    summary: *summary,
                    runs: Vec::new(),
                    snapshot: None,
                    aliases: Vec::new(),
                    records: Vec::new(),
                    texts: Vec::new(),
                };
                let shown = append.summary.session.clone();
                let mut prepared = Prepared::checked(append)?;
                prepared.bytes = bytes;
                append::put_session(connection, &prepared, Some(number))?;
                append::put_labels(connection, number, &shown.labels)?;
                append::put_participants(connection, number, true, &shown.participants)?;
                if let Some(body) = snapshot {
                    let sql = "INSERT OR REPLACE INTO snapshots (session, seq, body) VALUES (?1, ?2, ?3)";
                    connection.prepare_cached(sql)?.execute(params![number, append::integer(last)?, body])?;
                }
                return records.iter().try_for_each(|record| append::put_record(connection, record));
            }
            None => return Err(rules::broken_off(session).into()),
        }
    }
}

fn check_runs(connection: &Connection, runs: &[Run], number: i64) -> Done<()> {
    let mut select = connection.prepare_cached("SELECT session FROM runs WHERE id = ?1")?;
    for run in runs {
        let owner: Option<i64> = select.query_row([run.id.as_str()], |row| row.get(0)).optional()?;
        if owner.is_some_and(|owner| owner != number) {
            return Err(rules::run_taken(&run.id).into());
        }
    }
    Ok(())
}

/// Copies the store as it is at one moment, while others go on with it: the database first, then the files of the house that
/// it tells of.
pub(super) fn back_up(path: &Path, to: &Path) -> Result<(), Error> {
    let (draft, files) = (beside(to, "~new"), beside(to, ".files"));
    for taken in [to, &files] {
        if taken.symlink_metadata().is_ok() {
            return Err(Error::new(ErrorCode::Conflict, format!("`{}` is there already", taken.display()))
                .hint("name a path where nothing is"));
        }
    }
    let done = copy(path, &draft).and_then(|()| copy_files(&beside(path, ".files"), &files)).and_then(|()| {
        fs::hard_link(&draft, to).map_err(|error| unopened(to, &error))?;
        let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
        fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| unopened(folder, &error))
    });
    for left in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(beside(&draft, left));
    }
    done
}

fn copy(path: &Path, draft: &Path) -> Result<(), Error> {
    let _ = fs::remove_file(draft);
    // Made first, so that nobody else can read it; SQLite writes into an empty file.
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(draft);
    made.map_err(|error| unopened(draft, &error))?;
    let name = draft.to_str().ok_or_else(|| Error::invalid(format!("`{}` is no text", draft.display())))?;
    let connection = connect::again(path)?;
    connection.execute("VACUUM INTO ?1", [name]).map_err(|error| failure(draft, &error))?;
    let copied = Connection::open(draft).and_then(|copy| copy.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(())));
    copied.map_err(|error| failure(draft, &error))?;
    fs::File::open(draft).and_then(|file| file.sync_all()).map_err(|error| unopened(draft, &error))
}

fn copy_files(from: &Path, to: &Path) -> Result<(), Error> {
    if !from.is_dir() {
        return Ok(());
    }
    let at = |error: std::io::Error| unopened(to, &error);
    fs::DirBuilder::new().mode(0o700).create(to).map_err(at)?;
    for item in fs::read_dir(from).map_err(at)? {
        let item = item.map_err(at)?;
        let target = to.join(item.file_name());
        match fs::copy(item.path(), &target) {
            Ok(_) => fs::File::open(&target).and_then(|file| file.sync_all()).map_err(at)?,
            // One that came or went meanwhile: the copy of the database does not tell of it.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(at(error)),
        }
    }
    fs::File::open(to).and_then(|folder| folder.sync_all()).map_err(at)
}
