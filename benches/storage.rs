//! Durable appends: one task, and 32 at once, over sqlite and over files. Each append is a new entry of 300 bytes with
//! the rows of its session; the figure is appends a second.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark may end at once")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ombud::domain::{Attributes, Labels, Session, SessionId, SessionSummary, Timestamp, Usage};
use ombud::storage::{Append, Entry, Store, StoreUrl, open};
use tempfile::TempDir;

const TASKS: [u64; 2] = [1, 32];

fn append(session: &SessionId, after: u64) -> Append {
    let at = Timestamp::from_millis(i64::try_from(after).unwrap());
    let summary = SessionSummary {
        session: Session {
            id: session.clone(),
            incarnation: 1,
            title: Some("A session of a benchmark".to_owned()),
            labels: Labels::default(),
            agent: "default".to_owned(),
            workspace: None,
            model: None,
            lifetime: None,
            created_at: at,
            updated_at: at,
            attributes: Attributes::default(),
            deleted: false,
        },
        runs: 1,
        events: after + 1,
        bytes: (after + 1) * 300,
        usage: Usage::default(),
        active: Vec::new(),
    };
    Append {
        session: session.clone(),
        incarnation: 1,
        after,
        entries: vec![Entry { seq: after + 1, body: format!("{{\"text\":\"{}\"}}", "x".repeat(289)) }],
        fence: None,
        summary,
        runs: Vec::new(),
        snapshot: None,
        aliases: Vec::new(),
        records: Vec::new(),
    }
}

/// Time that `tasks` tasks take to append `each` entries to a session of their own.
async fn appends(store: &Arc<dyn Store>, round: &mut u64, tasks: u64, each: u64) -> Duration {
    *round += 1;
    let begun = Instant::now();
    let work: Vec<_> = (0..tasks)
        .map(|task| {
            let store = Arc::clone(store);
            let session = SessionId::from_text(&format!("s{round}-{task}"));
            tokio::spawn(async move {
                for after in 0..each {
                    store.append(append(&session, after)).await.unwrap();
                }
            })
        })
        .collect();
    for task in work {
        task.await.unwrap();
    }
    begun.elapsed()
}

fn bench(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    // The folder lies in the target folder: a temporary one may be in memory, where nothing is ever made durable.
    let folder = TempDir::new_in(concat!(env!("CARGO_MANIFEST_DIR"), "/target")).unwrap();
    let kinds = [
        ("sqlite", StoreUrl::Sqlite(folder.path().join("store.db"))),
        ("file", StoreUrl::File(folder.path().join("store"))),
    ];
    for (kind, url) in kinds {
        let store = runtime.block_on(open(&url)).unwrap();
        let mut round = 0;
        let mut group = criterion.benchmark_group(format!("durable appends, {kind}"));
        group.sample_size(10).measurement_time(Duration::from_secs(5));
        for tasks in TASKS {
            group.throughput(Throughput::Elements(tasks));
            group.bench_function(format!("{tasks} at once"), |bencher| {
                bencher.iter_custom(|each| runtime.block_on(appends(&store, &mut round, tasks, each)));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, bench);
criterion_main!(benches);
