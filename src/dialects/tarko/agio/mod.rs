//! AGIO: what agents do, told to a provider that monitors them. Off unless the settings name one.
//!
//! It stands around the engine as one that is asked: whoever asks, through whichever API, is watched in the same way, and
//! no handler knows of it. It reads what every subscriber reads, so it can neither slow a run down nor break it: what
//! cannot be sent is dropped, counted and logged.

mod encoder;
mod sender;
mod watched;

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::Semaphore;

use self::encoder::{About, RunEncoder};
use self::sender::Sender;
use self::watched::Watched;
use crate::config::Settings;
use crate::domain::{Cursor, Principal, Result, RunId, SessionId};
use crate::engine::Engine;
use crate::tools::Tools;

/// Runs that are watched at once; a further one is not told about, which is counted.
const RUNS: u32 = 1_024;

/// How long watchers may need to read to the end of runs that have ended.
const SETTLE: Duration = Duration::from_secs(2);

/// Tells a provider what runs do.
#[derive(Clone)]
struct Monitor {
    engine: Arc<dyn Engine>,
    settings: Arc<Settings>,
    sender: Sender,
    room: Arc<Semaphore>,
}

/// The engine, watched when the settings name a provider. Must be called within the runtime.
///
/// # Errors
/// `invalid_input` when the provider's address is none.
pub fn watched(engine: Arc<dyn Engine>, settings: &Arc<Settings>) -> Result<Arc<dyn Engine>> {
    let Some(provider) = &settings.server.agio_provider else { return Ok(engine) };
    let monitor = Monitor {
        engine,
        settings: Arc::clone(settings),
        sender: Sender::start(provider)?,
        room: Arc::new(Semaphore::new(RUNS as usize)),
    };
    Ok(Arc::new(Watched(monitor)))
}

impl Monitor {
    /// Watches the run that a question brought about, from its first fact to its end.
    fn follow(&self, session: &SessionId, run: &RunId, before: Cursor) {
        let Ok(place) = Arc::clone(&self.room).try_acquire_owned() else { return self.sender.drop_one() };
        let (monitor, session, run) = (self.clone(), session.clone(), run.clone());
        tokio::spawn(async move {
            let _place = place;
            let house = Principal::house();
            let about = monitor.about(&house, &session).await;
            let mut frames = match monitor.engine.subscribe(&house, &session, Some(before)).await {
                Ok(frames) => frames,
                Err(error) => {
                    tracing::warn!(%session, error = %error.message, "a run cannot be watched");
                    return;
                }
            };
            let mut encoder = RunEncoder::new(run, about);
            while let Some(Ok(frame)) = frames.next().await {
                let (events, ended) = encoder.encode(&frame);
                monitor.sender.send(events);
                if ended {
                    monitor.sender.flush();
                    return;
                }
            }
        });
    }

    /// Waits until what was watched is told, within a time.
    async fn settle(&self) {
        // The runs have ended: their watchers have only to read to the end.
        let watchers = Arc::clone(&self.room).acquire_many_owned(RUNS);
        let _ = tokio::time::timeout(SETTLE, watchers).await;
        self.sender.settle().await;
    }

    /// What is told with the first run of a session; `None` for a later one.
    async fn about(&self, house: &Principal, session: &SessionId) -> Option<About> {
        let item = self.engine.session(house, session).await.ok()?;
        if item.summary.runs > 1 {
            return None;
        }
        let all_tools = || Tools::new(&self.settings.limits, &self.settings.tools).names().len();
        let agent = self.engine.agent(house, &item.summary.session.agent).await.ok().map(|item| item.agent);
        let agent = agent.as_ref();
        Some(About {
            max_tokens: agent.and_then(|agent| agent.settings.max_tokens),
            temperature: agent.and_then(|agent| agent.settings.temperature),
            tools: agent.and_then(|agent| agent.tools.as_ref()).map_or_else(all_tools, Vec::len),
            providers: self.settings.providers.len(),
        })
    }
}
