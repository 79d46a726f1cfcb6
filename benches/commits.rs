//! The ceiling: what the disk can do by itself, and how many durable appends a second each store makes of that, for
//! one task and for 32 at once (group commit).

#![expect(clippy::expect_used, reason = "a measurement that fails has to stop")]

use std::fs::File;
use std::hint::black_box;
use std::io::{Seek, SeekFrom, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ombud::storage::{Store, StoreUrl, open};

use self::log::Log;

#[path = "rig/log.rs"]
mod log;

/// A page of a write-ahead log.
const PAGE: usize = 4096;

/// One write and one wait for the disk, at the end of a file and in its middle.
fn disk(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut group = criterion.benchmark_group("disk");
    group.throughput(Throughput::Elements(1));
    for (name, grows) in [("write-at-end-and-fdatasync", true), ("overwrite-and-fdatasync", false)] {
        let mut file = File::create(folder.path().join(name)).expect("a file");
        file.write_all(&vec![1; 64 * PAGE]).expect("space");
        file.sync_all().expect("a disk");
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                if !grows {
                    file.seek(SeekFrom::Start(0)).expect("a file");
                }
                file.write_all(black_box(&[2; PAGE])).expect("space");
                file.sync_data().expect("a disk");
            });
        });
    }
    group.finish();
}

async fn appends(store: &Arc<dyn Store>, tasks: usize, count: u64) -> Duration {
    let mut logs = Vec::new();
    for _ in 0..tasks {
        logs.push(Log::begin(Arc::clone(store)).await);
    }
    let taken = Arc::new(AtomicU64::new(0));
    let began = Instant::now();
    let tasks: Vec<_> = logs
        .into_iter()
        .map(|mut log| {
            let taken = Arc::clone(&taken);
            tokio::spawn(async move {
                while taken.fetch_add(1, Ordering::Relaxed) < count {
                    log.append().await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("a task that ends");
    }
    began.elapsed()
}

fn stores(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let urls = [
        ("memory", StoreUrl::Memory),
        ("sqlite", StoreUrl::Sqlite(folder.path().join("store.sqlite"))),
        ("file", StoreUrl::File(folder.path().join("store"))),
    ];
    let mut group = criterion.benchmark_group("append");
    group.throughput(Throughput::Elements(1));
    for (name, url) in urls {
        let store = runtime.block_on(open(&url)).expect("a store");
        for tasks in [1, 32] {
            group.bench_with_input(BenchmarkId::new(name, tasks), &tasks, |bencher, &tasks| {
                bencher.iter_custom(|count| runtime.block_on(appends(&store, tasks, count)));
            });
        }
    }
    group.finish();
}

criterion_group! {
    name = commits;
    config = Criterion::default().sample_size(20).warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(4));
    targets = disk, stores
}
criterion_main!(commits);
