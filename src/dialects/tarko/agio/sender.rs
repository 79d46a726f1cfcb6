//! Events on their way to who monitors: in bundles, within a time, never in anybody's way.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reqwest::{Client, Url};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use crate::domain::{Error, ErrorCode, Result};
use crate::http::{client_for, outbound_failure};

/// Events that wait to be sent; a further one is dropped and counted.
const WAITING: usize = 1_024;
/// Events that are sent together as soon as they are there.
const BUNDLE: usize = 3;
/// Longest wait of an event for others.
const WAIT: Duration = Duration::from_secs(5);
/// Longest request.
const REQUEST: Duration = Duration::from_secs(5);

/// What the sender is given.
enum Item {
    Event(Value),
    /// What waits is sent now.
    Flush(Option<oneshot::Sender<()>>),
}

/// Takes events; cheap to clone. The task that sends them ends with the last of these.
#[derive(Clone, Debug)]
pub struct Sender {
    queue: mpsc::Sender<Item>,
    dropped: Arc<AtomicU64>,
}

impl Sender {
    /// Begins to send to an address.
    ///
    /// # Errors
    /// `invalid_input` when it is none.
    pub fn start(address: &str) -> Result<Self> {
        let (client, url) = client_for(address, REQUEST)?;
        let (queue, items) = mpsc::channel(WAITING);
        let dropped = Arc::new(AtomicU64::new(0));
        tokio::spawn(work(Target { client, url }, items, Arc::clone(&dropped)));
        Ok(Self { queue, dropped })
    }

    /// Gives events away; what finds no place is dropped and counted.
    pub fn send(&self, events: Vec<Value>) {
        for event in events {
            if self.queue.try_send(Item::Event(event)).is_err() {
                self.drop_one();
            }
        }
    }

    /// Counts one event that could not be sent.
    pub fn drop_one(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    /// Has what waits be sent now.
    pub fn flush(&self) {
        // When the queue is full it is being sent anyway.
        let _ = self.queue.try_send(Item::Flush(None));
    }

    /// Waits until everything that was given so far is sent or given up, at most the time of one request.
    pub async fn settle(&self) {
        let (done, settled) = oneshot::channel();
        let deadline = Instant::now() + REQUEST;
        if let Ok(Ok(())) = timeout_at(deadline, self.queue.send(Item::Flush(Some(done)))).await {
            let _ = timeout_at(deadline, settled).await;
        }
    }
}

struct Target {
    client: Client,
    url: Url,
}

async fn work(target: Target, mut items: mpsc::Receiver<Item>, dropped: Arc<AtomicU64>) {
    let mut bundle: Vec<Value> = Vec::new();
    let mut due = Instant::now();
    loop {
        let item = if bundle.is_empty() {
            items.recv().await
        } else {
            match timeout_at(due, items.recv()).await {
                Ok(item) => item,
                Err(_) => Some(Item::Flush(None)),
            }
        };
        let (now, done) = match item {
            Some(Item::Event(event)) => {
                if bundle.is_empty() {
                    due = Instant::now() + WAIT;
                }
                bundle.push(event);
                (bundle.len() >= BUNDLE, None)
            }
            Some(Item::Flush(done)) => (true, done),
            None => {
                deliver(&target, std::mem::take(&mut bundle), &dropped).await;
                return;
            }
        };
        if now {
            deliver(&target, std::mem::take(&mut bundle), &dropped).await;
        }
        if let Some(done) = done {
            // Whoever waited may have gone.
            let _ = done.send(());
        }
    }
}

/// Sends a bundle. There is no second attempt: what is late is of no use, and a queue must not grow.
async fn deliver(target: &Target, bundle: Vec<Value>, dropped: &AtomicU64) {
    let lost = dropped.swap(0, Ordering::Relaxed);
    if lost > 0 {
        tracing::warn!(events = lost, "monitoring events were dropped: there were more than could be sent");
    }
    if bundle.is_empty() {
        return;
    }
    let events = bundle.len();
    if let Err(error) = post(target, bundle).await {
        tracing::warn!(events, error = %error.message, "monitoring events could not be sent");
    }
}

async fn post(target: &Target, bundle: Vec<Value>) -> Result<()> {
    let request = target.client.post(target.url.clone()).json(&json!({ "events": bundle }));
    let response = request.send().await.map_err(outbound_failure)?;
    let status = response.status();
    if status.is_success() {
        return Ok(());
    }
    Err(Error::new(ErrorCode::Unavailable, format!("the receiver answered {status}")))
}
