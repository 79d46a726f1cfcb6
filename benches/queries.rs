//! A text query is two commits: asked through the engine and followed to its end, on every store, for one session and
//! for 32 at once, with a model inside the process and with one behind loopback. And how long after the model's first
//! piece, and after the first commit, a subscriber has it.

#![expect(clippy::expect_used, clippy::panic, reason = "a measurement that fails has to stop")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use futures_util::StreamExt;
use ombud::domain::{Delta, Frame, Principal};
use ombud::engine::{Engine, House};
use ombud::storage::{StoreUrl, open};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use self::instant::AtOnce;

#[path = "rig/house.rs"]
mod house;
#[path = "rig/instant.rs"]
mod instant;
#[path = "rig/mock.rs"]
mod mock;

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime")
}

fn urls(folder: &std::path::Path) -> [(&'static str, StoreUrl); 3] {
    [
        ("memory", StoreUrl::Memory),
        ("sqlite", StoreUrl::Sqlite(folder.join("store.sqlite"))),
        ("file", StoreUrl::File(folder.join("store"))),
    ]
}

async fn queries(house: &Arc<House>, tasks: usize, count: u64) -> Duration {
    let taken = Arc::new(AtomicU64::new(0));
    let began = Instant::now();
    let tasks: Vec<_> = (0..tasks)
        .map(|_| {
            let (taken, house) = (Arc::clone(&taken), Arc::clone(house));
            tokio::spawn(async move {
                while taken.fetch_add(1, Ordering::Relaxed) < count {
                    house::ask(&house, None).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("a task that ends");
    }
    began.elapsed()
}

fn throughput(criterion: &mut Criterion) {
    let runtime = runtime();
    let folder = tempfile::tempdir().expect("a folder");
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
    let base_url = format!("http://{}/v1", listener.local_addr().expect("an address"));
    // A runtime of its own: the server's work is not the house's.
    let server = self::runtime();
    server.spawn(mock::serve(listener));
    let mut group = criterion.benchmark_group("query");
    group.throughput(Throughput::Elements(1));
    for (name, url) in urls(folder.path()) {
        for (model, base_url) in [("in-process", None), ("loopback", Some(base_url.as_str()))] {
            let store = runtime.block_on(open(&url)).expect("a store");
            let settings = house::settings(folder.path(), base_url);
            let house = house::open(settings, store, Arc::new(AtOnce::default()));
            for tasks in [1, 32] {
                let id = BenchmarkId::new(format!("{name}-{model}"), tasks);
                group.bench_with_input(id, &tasks, |bencher, &tasks| {
                    bencher.iter_custom(|count| runtime.block_on(queries(&house, tasks, count)));
                });
            }
        }
    }
    group.finish();
}

/// How long after the later of T1 and the model's first piece the subscriber has it.
async fn lateness(house: &House, model: &AtOnce) -> Duration {
    let caller = Principal::local("bench");
    let asked = house.ask(&caller, house::question(None)).await.expect("a question that is taken");
    let durable = Instant::now();
    let mut frames = house.subscribe(&caller, &asked.session, Some(asked.before)).await.expect("a session");
    let mut first = None;
    while let Some(frame) = frames.next().await {
        match frame.expect("a log that can be read") {
            Frame::Delta(live) if matches!(live.delta, Delta::Grew { .. }) && first.is_none() => {
                first = Some(Instant::now())
            }
            Frame::Fact(event) if matches!(event.fact, ombud::domain::Fact::RunFinished(_)) => break,
            _ => {}
        }
    }
    let given = model.first.lock().expect("no thread failed").expect("a model that was asked");
    first.expect("a piece").duration_since(given.max(durable))
}

fn first_delta(criterion: &mut Criterion) {
    let runtime = runtime();
    let folder = tempfile::tempdir().expect("a folder");
    let mut group = criterion.benchmark_group("first-delta-after-model-and-first-commit");
    for (name, url) in urls(folder.path()) {
        for delay in [0, 20] {
            let store = runtime.block_on(open(&url)).expect("a store");
            let model = Arc::new(AtOnce { delay: Duration::from_millis(delay), ..AtOnce::default() });
            let house = house::open(house::settings(folder.path(), None), store, model.clone());
            group.bench_function(BenchmarkId::new(name, format!("model-{delay}ms")), |bencher| {
                bencher.iter_custom(|count| {
                    runtime.block_on(async {
                        let mut late = Duration::ZERO;
                        for _ in 0..count {
                            late += lateness(&house, &model).await;
                        }
                        late
                    })
                });
            });
        }
    }
    group.finish();
}

criterion_group! {
    name = all;
    config = Criterion::default().sample_size(20).warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(4));
    targets = throughput, first_delta
}
criterion_main!(all);
