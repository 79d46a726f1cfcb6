//! The shell around every wire: asks again while nothing has been said.
//!
//! Once a part is open nothing is repeated, since somebody may have seen it: the error is passed on as it is.
//!
//! A server that refuses a request with a form may not know forms, or not this one. It is asked once more without: what
//! the form is stands in the instructions too.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use backon::{BackoffBuilder as _, ExponentialBackoff, ExponentialBuilder};
use futures_util::StreamExt as _;
use futures_util::stream;

use super::{Model, ModelError, ModelEvent, ModelRequest, ModelStream};
use crate::config::Limits;
use crate::domain::Cause;

/// About how long the first wait is.
pub(super) const FIRST_WAIT: Duration = Duration::from_millis(500);

/// A model that is asked again when it fails before its first word.
pub(super) struct Retrying {
    model: Arc<dyn Model>,
    attempts: u32,
    longest_wait: Duration,
    first_wait: Duration,
    /// Set once the server refused a request with a form: none is sent any more.
    formless: Arc<AtomicBool>,
}

impl Retrying {
    /// Asks `model` as often as `limits` allow; the first wait is about `first_wait`, each further one twice as long.
    pub fn new(model: Arc<dyn Model>, limits: &Limits, first_wait: Duration) -> Self {
        Self {
            model,
            attempts: limits.model_attempts,
            longest_wait: limits.model_retry_wait,
            first_wait,
            formless: Arc::default(),
        }
    }
}

#[async_trait]
impl Model for Retrying {
    async fn ask(&self, mut request: ModelRequest) -> ModelStream {
        if self.formless.load(Ordering::Relaxed) {
            request.form = None;
        }
        let back_off = ExponentialBuilder::new()
            .with_min_delay(self.first_wait)
            .with_max_delay(self.longest_wait)
            .with_max_times(self.attempts.saturating_sub(1) as usize)
            .with_jitter()
            .build();
        let asking = Asking {
            model: Arc::clone(&self.model),
            request,
            stream: None,
            attempt: 0,
            back_off,
            first_wait: self.first_wait,
            longest_wait: self.longest_wait,
            formless: Arc::clone(&self.formless),
            wait: None,
            begun: false,
            over: false,
        };
        stream::unfold(asking, |mut asking| async { asking.next().await.map(|event| (event, asking)) }).boxed()
    }
}

struct Asking {
    model: Arc<dyn Model>,
    request: ModelRequest,
    stream: Option<ModelStream>,
    attempt: u32,
    back_off: ExponentialBackoff,
    first_wait: Duration,
    longest_wait: Duration,
    formless: Arc<AtomicBool>,
    /// Before the next attempt.
    wait: Option<Duration>,
    /// Whether something has been said.
    begun: bool,
    over: bool,
}

impl Asking {
    async fn next(&mut self) -> Option<Result<ModelEvent, ModelError>> {
        if self.over {
            return None;
        }
        if let Some(wait) = self.wait.take() {
            tokio::time::sleep(wait).await;
        }
        let stream = match &mut self.stream {
            Some(stream) => stream,
            None => {
                self.attempt += 1;
                self.stream.insert(self.model.ask(self.request.clone()).await)
            }
        };
        match stream.next().await {
            Some(Ok(event)) => {
                self.begun = true;
                self.over = matches!(event, ModelEvent::Finished { .. });
                Some(Ok(event))
            }
            Some(Err(error)) => Some(self.failed(error)),
            None => {
                self.over = true;
                None
            }
        }
    }

    fn failed(&mut self, error: ModelError) -> Result<ModelEvent, ModelError> {
        self.stream = None;
        self.over = true;
        if !self.begun && may_be_the_form(&error) && self.request.form.take().is_some() {
            self.formless.store(true, Ordering::Relaxed);
            self.over = false;
            let message = error.message.clone() + "; without the schema in the request";
            let error = ModelError { message, ..error };
            return Ok(ModelEvent::Retrying { attempt: self.attempt, error: error.into(), delay_ms: 0 });
        }
        if self.begun || !error.retryable {
            return Err(error);
        }
        let Some(back_off) = self.back_off.next() else {
            let times = if self.attempt > 1 { format!(" (after {} attempts)", self.attempt) } else { String::new() };
            return Err(ModelError { message: error.message + &times, ..error });
        };
        let wait = match error.retry_after_ms.map(Duration::from_millis) {
            Some(asked) if asked > self.longest_wait => {
                let (asked, most) = (asked.as_secs_f64().ceil(), self.longest_wait);
                let message = format!("{}; it asks to wait {asked} s, more than the limit of {most:?}", error.message);
                return Err(ModelError { message, ..error });
            }
            Some(asked) => asked.max(self.first_wait.min(self.longest_wait)),
            None => back_off.min(self.longest_wait),
        };
        self.over = false;
        self.wait = Some(wait);
        let delay_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        Ok(ModelEvent::Retrying { attempt: self.attempt, error: error.into(), delay_ms })
    }
}

/// Whether a server that does not take a form answers so.
fn may_be_the_form(error: &ModelError) -> bool {
    error.cause == Cause::Rejected && matches!(error.status, Some(400 | 422))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::domain::{AnswerForm, Finish, ModelSettings, Usage};
    use crate::models::ModelPart;

    /// Answers with the next of its streams.
    #[derive(Default)]
    struct Scripted {
        answers: Mutex<Vec<Vec<Result<ModelEvent, ModelError>>>>,
        /// Whether each request had a form.
        formed: Mutex<Vec<bool>>,
    }

    #[async_trait]
    impl Model for Scripted {
        async fn ask(&self, request: ModelRequest) -> ModelStream {
            self.formed.lock().unwrap().push(request.form.is_some());
            stream::iter(self.answers.lock().unwrap().remove(0)).boxed()
        }
    }

    fn error(retryable: bool, retry_after_ms: Option<u64>) -> ModelError {
        ModelError { cause: Cause::Server, message: "failed".into(), retryable, status: None, retry_after_ms }
    }

    fn finished() -> ModelEvent {
        ModelEvent::Finished { finish: Finish::Stop, usage: Usage::default() }
    }

    async fn told(answers: Vec<Vec<Result<ModelEvent, ModelError>>>, attempts: u32) -> Vec<Result<ModelEvent, ModelError>> {
        let limits = Limits { model_attempts: attempts, model_retry_wait: Duration::from_millis(20), ..Limits::default() };
        let left = Arc::new(Scripted { answers: Mutex::new(answers), ..Scripted::default() });
        let model = Retrying::new(Arc::clone(&left) as _, &limits, Duration::from_millis(1));
        let events = model.ask(request(None)).await.collect().await;
        assert!(left.answers.lock().unwrap().is_empty(), "an answer was not asked for");
        events
    }

    fn request(form: Option<AnswerForm>) -> ModelRequest {
        let settings = ModelSettings::default();
        ModelRequest { model: "m".into(), system: String::new(), messages: vec![], tools: vec![], settings, form }
    }

    fn delays(events: &[Result<ModelEvent, ModelError>]) -> Vec<(u32, u64)> {
        let delay = |event: &Result<ModelEvent, ModelError>| match event {
            Ok(ModelEvent::Retrying { attempt, delay_ms, .. }) => Some((*attempt, *delay_ms)),
            _ => None,
        };
        events.iter().filter_map(delay).collect()
    }

    #[tokio::test]
    async fn asks_again_until_it_works() {
        let events =
            told(vec![vec![Err(error(true, Some(7)))], vec![Err(error(true, Some(0)))], vec![Ok(finished())]], 3).await;
        assert_eq!(
            events,
            [
                Ok(ModelEvent::Retrying { attempt: 1, error: error(true, Some(7)).into(), delay_ms: 7 }),
                Ok(ModelEvent::Retrying { attempt: 2, error: error(true, Some(0)).into(), delay_ms: 1 }),
                Ok(finished()),
            ]
        );
    }

    #[tokio::test]
    async fn waits_longer_each_time_and_gives_up() {
        let events = told(vec![vec![Err(error(true, None))]; 4], 4).await;
        let delays = delays(&events);
        for ((attempt, delay), base) in delays.iter().zip([1, 2, 4]) {
            assert!((base..=2 * base).contains(delay), "attempt {attempt} waits {delay} ms");
        }
        assert_eq!(delays.len(), 3);
        let message = events[3].as_ref().unwrap_err().message.as_str();
        assert_eq!((events.len(), message), (4, "failed (after 4 attempts)"));
    }

    #[tokio::test]
    async fn does_not_ask_again_when_that_is_of_no_use() {
        assert_eq!(told(vec![vec![Err(error(false, None))]], 4).await, [Err(error(false, None))]);
        let events = told(vec![vec![Err(error(true, Some(21)))]], 4).await;
        let message = "failed; it asks to wait 1 s, more than the limit of 20ms";
        assert_eq!(events, [Err(ModelError { message: message.into(), ..error(true, Some(21)) })]);
    }

    #[tokio::test]
    async fn a_form_that_is_refused_is_left_out_from_then_on() {
        let refused = |status| ModelError { cause: Cause::Rejected, status: Some(status), ..error(false, None) };
        let answers = vec![vec![Err(refused(422))], vec![Ok(finished())], vec![Ok(finished())]];
        let scripted = Arc::new(Scripted { answers: Mutex::new(answers), ..Scripted::default() });
        let model = Retrying::new(Arc::clone(&scripted) as _, &Limits::default(), FIRST_WAIT);
        let form = AnswerForm { name: "f".into(), schema: serde_json::json!({"type": "object"}) };
        let events: Vec<_> = model.ask(request(Some(form.clone()))).await.collect().await;
        let told = ModelError { message: "failed; without the schema in the request".into(), ..refused(422) };
        let again = ModelEvent::Retrying { attempt: 1, error: told.into(), delay_ms: 0 };
        assert_eq!(events, [Ok(again), Ok(finished())]);
        let events: Vec<_> = model.ask(request(Some(form.clone()))).await.collect().await;
        assert_eq!(events, [Ok(finished())]);
        assert_eq!(*scripted.formed.lock().unwrap(), [true, false, false]);
        // What is refused for another reason is told as it was the last time; 404 has nothing to do with a form.
        for (answers, asked) in [(vec![refused(400), refused(400)], 2), (vec![refused(404)], 1)] {
            let answers = answers.into_iter().map(|error| vec![Err(error)]).collect();
            let scripted = Arc::new(Scripted { answers: Mutex::new(answers), ..Scripted::default() });
            let model = Retrying::new(Arc::clone(&scripted) as _, &Limits::default(), FIRST_WAIT);
            let events: Vec<_> = model.ask(request(Some(form.clone()))).await.collect().await;
            assert_eq!(events.last().unwrap().as_ref().unwrap_err().message, "failed");
            assert_eq!((events.len(), scripted.formed.lock().unwrap().len()), (asked, asked));
        }
    }

    #[tokio::test]
    async fn nothing_is_repeated_after_the_first_word() {
        let opened = ModelEvent::PartOpened(ModelPart::Text);
        let events = told(vec![vec![Ok(opened.clone()), Err(error(true, None))]], 4).await;
        assert_eq!(events, [Ok(opened), Err(error(true, None))]);
    }
}
