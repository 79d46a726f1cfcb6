//! One suite of behaviours over all stores: each function gets a bed that opens handles on one store, and is run once
//! for every kind of store.

mod kept;
mod logs;
mod removal;
mod rows;
mod shared;
mod turns;
mod whole;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;

use super::{Alias, Append, Entry, Fence, Head, Record, Store, StoreUrl, Text, open};
use crate::domain::{ActiveRun, Timestamp, Usage};
use crate::domain::{Attributes, Labels, ProcessId, Run, RunId, RunStatus, Session, SessionId, SessionSummary};

/// Runs every behaviour over one kind of store.
macro_rules! suite {
    ($kind:ident: $($room:ident { $($behaviour:ident)* })*) => {
        mod $kind {
            $(mod $room {
                $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $behaviour() {
                    let bed = crate::storage::conformance::Bed::$kind().await;
                    crate::storage::conformance::$room::$behaviour(&bed).await;
                })*
            })*
        }
    };
}

/// Runs every behaviour over every kind of store.
macro_rules! suites {
    ($($rooms:tt)*) => {
        suite!(memory: $($rooms)*);
        suite!(file: $($rooms)*);
        suite!(sqlite: $($rooms)*);
    };
}

suites! {
    logs {
        what_is_appended_is_read
        pages_are_cut_by_number_and_by_bytes
        pages_are_read_from_the_end
        an_append_after_another_place_conflicts
        a_row_of_another_session_is_a_defect
        a_run_is_fenced
        a_saved_fold_is_kept_until_the_next
        one_failing_append_takes_no_other_with_it
        appenders_of_one_session_take_turns
        a_long_log_is_read_at_both_ends
    }
    rows {
        sessions_are_listed_newest_first_in_pages
        sessions_are_chosen_by_label_agent_and_work
        sessions_are_chosen_by_who_takes_part
        sessions_are_chosen_by_their_end
        a_row_changes_with_its_log
        runs_are_listed_newest_first
        sessions_are_counted
        runs_change_their_state
    }
    turns {
        runs_wait_for_their_turn
        runs_are_chosen_and_counted
    }
    kept {
        a_name_stands_for_one_thing
        names_and_records_come_with_their_append_or_not_at_all
        records_are_put_and_taken_away
        a_record_is_put_if_it_is_as_expected
        secrets_are_put_and_taken_away
        a_secret_is_settled_once
        blobs_lie_beside_their_session
        strange_names_are_kept_apart
        files_come_whole_or_not_at_all
        a_file_is_read_in_parts
    }
    removal {
        scrubbed_text_is_in_no_file
        scrubbed_text_is_in_no_file_of_a_large_store
        removed_records_and_secrets_are_in_no_file
        a_removed_file_of_the_house_is_in_no_file
        what_was_said_in_a_cleared_session_is_in_no_file
        a_deleted_session_leaves_its_head
        a_deleted_session_is_made_again
    }
    shared {
        two_handles_see_one_store
        a_store_is_there_when_it_is_opened_again
        the_version_changes_with_another_handle
        a_process_lives_until_it_leaves
        appenders_of_two_handles_take_turns
        of_many_who_put_a_record_one_does
    }
    whole {
        texts_are_found_by_their_words
        texts_are_found_in_chosen_sessions_in_pages
        texts_are_found_however_many_there_are
        removed_texts_are_not_found_and_in_no_file
        a_log_comes_whole
        a_log_that_breaks_off_leaves_nothing
        a_log_comes_where_there_is_none
        a_store_is_copied_while_it_is_used
        sessions_are_found_by_the_beginning_of_their_id
        runs_are_read_on_after_a_row
    }
}

/// A store in a folder of its own.
pub(super) struct Bed {
    folder: TempDir,
    url: StoreUrl,
    memory: Option<Arc<dyn Store>>,
}

impl Bed {
    async fn memory() -> Self {
        let url = StoreUrl::Memory;
        let memory = Some(open(&url).await.unwrap());
        Self { folder: TempDir::new().unwrap(), url, memory }
    }

    pub(super) async fn file() -> Self {
        let folder = TempDir::new().unwrap();
        Self { url: StoreUrl::File(folder.path().join("deep/store")), folder, memory: None }
    }

    pub(super) async fn sqlite() -> Self {
        let folder = TempDir::new().unwrap();
        Self { url: StoreUrl::Sqlite(folder.path().join("deep/store.db")), folder, memory: None }
    }

    /// A handle on the store. Each call gives another one, save for memory, which has only one.
    pub(super) async fn open(&self) -> Arc<dyn Store> {
        match &self.memory {
            Some(store) => Arc::clone(store),
            None => open(&self.url).await.unwrap(),
        }
    }

    /// The folder, which holds the store and nothing else.
    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The files that hold this text.
    pub(super) fn files_with(&self, text: &str) -> Vec<String> {
        let mut found = Vec::new();
        visit(self.folder.path(), &mut |path| {
            let bytes = fs::read(path).unwrap();
            if String::from_utf8_lossy(&bytes).contains(text) {
                found.push(path.display().to_string());
            }
        });
        found
    }
}

/// Every file below a folder, with its bytes.
pub(super) fn files(folder: &Path) -> std::collections::BTreeMap<std::path::PathBuf, Vec<u8>> {
    let mut found = std::collections::BTreeMap::new();
    visit(folder, &mut |path| {
        found.insert(path.to_owned(), fs::read(path).unwrap());
    });
    found
}

fn visit(folder: &Path, each: &mut dyn FnMut(&Path)) {
    for item in fs::read_dir(folder).unwrap() {
        let path = item.unwrap().path();
        if path.is_dir() { visit(&path, each) } else { each(&path) }
    }
}

pub(super) fn session(id: &str) -> SessionId {
    SessionId::from_text(id)
}

pub(super) fn entry(seq: u64, body: &str) -> Entry {
    Entry { seq, body: body.to_owned() }
}

pub(super) fn head(incarnation: u64, seq: u64) -> Option<Head> {
    Some(Head { incarnation, seq, deleted: false })
}

pub(super) fn summary(id: &str, at: i64) -> SessionSummary {
    SessionSummary {
        session: Session {
            id: session(id),
            incarnation: 1,
            title: None,
            labels: Labels::default(),
            agent: "default".to_owned(),
            participants: Vec::new(),
            workspace: None,
            model: None,
            lifetime: None,
            created_at: Timestamp::from_millis(at),
            updated_at: Timestamp::from_millis(at),
            lives_since: None,
            expires_at: None,
            expired: false,
            attributes: Attributes::default(),
            deleted: false,
        },
        runs: 0,
        events: 0,
        bytes: 0,
        usage: Usage::default(),
        active: Vec::new(),
    }
}

/// The row of a session whose events have so many bytes: the store counts them.
pub(super) fn sized(row: SessionSummary, bytes: u64) -> SessionSummary {
    SessionSummary { bytes, ..row }
}

pub(super) fn run(id: &str, of: &str, at: i64, status: RunStatus, fence: u64) -> Run {
    Run {
        id: RunId::from_text(id),
        session: session(of),
        agent: "default".to_owned(),
        status,
        process: Some(ProcessId::from_text("p1")),
        fence,
        priority: 0,
        in_turn: false,
        asked_by: None,
        input: None,
        labels: Labels::default(),
        attributes: Attributes::default(),
        queued_at: Timestamp::from_millis(at),
        started_at: None,
        finished_at: None,
        usage: Usage::default(),
        model: None,
        rounds: 0,
        tool_calls: 0,
        interruptions: 0,
        cancel_requested: false,
        finished_seq: None,
        message_id: None,
        waiting_for: Vec::new(),
        error: None,
    }
}

pub(super) fn active(run: &Run) -> ActiveRun {
    ActiveRun { run: run.id.clone(), agent: run.agent.clone(), status: run.status, process: run.process.clone() }
}

/// An append of these bodies, with the rows of a session that was changed at the moment `after`.
pub(super) fn append(id: &str, after: u64, bodies: &[&str]) -> Append {
    Append {
        session: session(id),
        incarnation: 1,
        after,
        entries: (after + 1..).zip(bodies).map(|(seq, body)| entry(seq, body)).collect(),
        fence: None,
        summary: summary(id, i64::try_from(after).unwrap()),
        runs: Vec::new(),
        snapshot: None,
        aliases: Vec::new(),
        records: Vec::new(),
        texts: Vec::new(),
    }
}

/// What can be searched of an entry of these tests: all of it.
pub(super) fn told(entry: &Entry) -> Option<Text> {
    Some(Text { seq: entry.seq, text: entry.body.clone() })
}

pub(super) fn fence(id: &str, token: u64) -> Option<Fence> {
    Some(Fence { run: RunId::from_text(id), token })
}

pub(super) fn alias(key: &str, entity: &str) -> Alias {
    Alias { namespace: "space".to_owned(), key: key.to_owned(), entity: entity.to_owned() }
}

pub(super) fn record(kind: &str, id: &str, body: &str) -> Record {
    Record { kind: kind.to_owned(), id: id.to_owned(), body: body.to_owned() }
}

/// The whole log.
pub(super) async fn log(store: &dyn Store, id: &str) -> Vec<Entry> {
    store.read(&session(id), 0, usize::MAX, usize::MAX).await.unwrap()
}

/// The whole log as (place, text).
pub(super) async fn texts(store: &dyn Store, id: &str) -> Vec<(u64, String)> {
    log(store, id).await.into_iter().map(|entry| (entry.seq, entry.body)).collect()
}
