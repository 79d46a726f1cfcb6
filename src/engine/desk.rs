//! Permission questions that wait for somebody: kept here, shown by doors, answered by whoever is first.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use super::house::{Approver, Decision, Question};
use super::notices::{HouseNotice, Notices};
use crate::domain::{CallId, Clock, RunId, SessionId, Timestamp, ToolCall};

/// Most questions that wait at once; a further one is denied.
const OPEN: usize = 256;

/// A permission question that nobody has answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenQuestion {
    /// The session.
    pub session: SessionId,
    /// The run that waits.
    pub run: RunId,
    /// The call that needs a yes; its id names the question.
    pub call: ToolCall,
    /// What it is about: a path, or a command line.
    pub subject: String,
    /// When it was asked.
    pub asked_at: Timestamp,
    /// When it is denied unless somebody answers.
    pub until: Timestamp,
}

/// A question, and whoever waits for its answer.
struct Waiting {
    number: u64,
    question: OpenQuestion,
    answer: oneshot::Sender<Decision>,
}

#[derive(Default)]
struct Questions {
    /// In the order in which they were asked.
    waiting: Vec<Waiting>,
    asked: u64,
}

/// Where questions wait, with a time limit; then they are denied. At most 256 wait at once.
pub struct Desk {
    wait: Duration,
    notices: Notices,
    clock: Arc<dyn Clock>,
    questions: Mutex<Questions>,
}

/// Takes a question off the desk when nobody waits for its answer any more: it was answered, its time is over, or its
/// run has ended.
struct Asked<'a> {
    desk: &'a Desk,
    number: u64,
    call: CallId,
    session: SessionId,
    allowed: bool,
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        self.desk.questions().waiting.retain(|waiting| waiting.number != self.number);
        let settled =
            HouseNotice::QuestionSettled { call: self.call.clone(), session: self.session.clone(), allowed: self.allowed };
        self.desk.notices.tell(settled);
    }
}

impl Desk {
    /// A desk whose questions wait this long, and are told through `notices`.
    pub fn new(wait: Duration, notices: Notices, clock: Arc<dyn Clock>) -> Self {
        Self { wait, notices, clock, questions: Mutex::default() }
    }

    fn questions(&self) -> MutexGuard<'_, Questions> {
        self.questions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a question on the desk; `None` when there is no room.
    fn put(&self, question: &OpenQuestion) -> Option<(u64, oneshot::Receiver<Decision>)> {
        let mut questions = self.questions();
        if questions.waiting.len() >= OPEN {
            return None;
        }
        questions.asked += 1;
        let number = questions.asked;
        let (answer, answered) = oneshot::channel();
        questions.waiting.push(Waiting { number, question: question.clone(), answer });
        Some((number, answered))
    }
}

#[async_trait]
impl Approver for Desk {
    async fn decide(&self, question: &Question) -> Decision {
        let asked_at = self.clock.now();
        let wait = i64::try_from(self.wait.as_millis()).unwrap_or(i64::MAX);
        let question = OpenQuestion {
            session: question.session.clone(),
            run: question.run.clone(),
            call: question.call.clone(),
            subject: question.subject.clone(),
            asked_at,
            until: Timestamp::from_millis(asked_at.as_millis().saturating_add(wait)),
        };
        let Some((number, answered)) = self.put(&question) else {
            return Decision::Deny(format!("it needs permission, and {OPEN} questions wait already"));
        };
        let (call, session) = (question.call.id.clone(), question.session.clone());
        let (tool, seconds) = (&question.call.name, self.wait.as_secs());
        tracing::warn!(%session, %tool, seconds, "a call waits for permission: answer in the console, or it is denied");
        let mut asked = Asked { desk: self, number, call, session, allowed: false };
        self.notices.tell(HouseNotice::QuestionAsked { question: Box::new(question) });
        let decision = match tokio::time::timeout(self.wait, answered).await {
            Ok(Ok(decision)) => decision,
            Ok(Err(_)) | Err(_) => {
                let wait = match self.wait.as_secs() {
                    0 => format!("{} ms", self.wait.as_millis()),
                    seconds => format!("{seconds} seconds"),
                };
                Decision::Deny(format!("it needs permission, and nobody answered within {wait}"))
            }
        };
        asked.allowed = decision == Decision::Allow;
        decision
    }

    fn open(&self) -> Vec<OpenQuestion> {
        self.questions().waiting.iter().map(|waiting| waiting.question.clone()).collect()
    }

    fn settle(&self, call: &CallId, decision: Decision) -> bool {
        let mut questions = self.questions();
        let Some(at) = questions.waiting.iter().position(|waiting| waiting.question.call.id == *call) else {
            return false;
        };
        // Whoever waits may have gone at this moment: then nothing was answered.
        questions.waiting.remove(at).answer.send(decision).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt;
    use serde_json::json;

    use super::*;
    use crate::domain::{Effect, Place};

    struct Fixed;
    impl Clock for Fixed {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(1_000)
        }
        fn new_id(&self) -> uuid::Uuid {
            uuid::Uuid::nil()
        }
    }

    fn question(call: &str) -> Question {
        let call = ToolCall {
            id: CallId::from_text(call),
            name: "write_file".into(),
            arguments: json!({"path": "a"}),
            place: Place::Here,
            effect: Effect::Repeatable,
            step: None,
            output: None,
        };
        Question { session: SessionId::from_text("s"), run: RunId::from_text("r"), call, subject: "a".into() }
    }

    fn desk(wait: Duration) -> (Arc<Desk>, Notices) {
        let notices = Notices::default();
        (Arc::new(Desk::new(wait, notices.clone(), Arc::new(Fixed))), notices)
    }

    fn asking(desk: &Arc<Desk>, call: &str) -> tokio::task::JoinHandle<Decision> {
        let (desk, question) = (Arc::clone(desk), question(call));
        tokio::spawn(async move { desk.decide(&question).await })
    }

    #[tokio::test]
    async fn the_first_answer_counts_and_everybody_is_told() {
        let (desk, notices) = desk(Duration::from_secs(60));
        let mut told = notices.listen();
        let asked = asking(&desk, "c");
        let Some(HouseNotice::QuestionAsked { question }) = told.next().await else { panic!("nothing was asked") };
        assert_eq!((question.asked_at.as_millis(), question.until.as_millis()), (1_000, 61_000));
        assert_eq!(desk.open(), [*question]);
        let call = CallId::from_text("c");
        assert!(!desk.settle(&CallId::from_text("other"), Decision::Allow));
        assert!(desk.settle(&call, Decision::Allow));
        assert!(!desk.settle(&call, Decision::Deny("too late".into())));
        assert_eq!(asked.await.unwrap(), Decision::Allow);
        let session = SessionId::from_text("s");
        assert_eq!(told.next().await, Some(HouseNotice::QuestionSettled { call, session, allowed: true }));
        assert_eq!(desk.open(), []);
    }

    #[tokio::test]
    async fn a_question_that_nobody_answers_is_denied() {
        let (desk, _notices) = desk(Duration::from_millis(1));
        let Decision::Deny(reason) = desk.decide(&question("c")).await else { panic!("it was allowed") };
        assert_eq!(reason, "it needs permission, and nobody answered within 1 ms");
        assert_eq!(desk.open(), []);
    }

    #[tokio::test]
    async fn the_question_of_a_run_that_ended_is_gone() {
        let (desk, notices) = desk(Duration::from_secs(60));
        let mut told = notices.listen();
        let asked = asking(&desk, "c");
        assert!(matches!(told.next().await, Some(HouseNotice::QuestionAsked { .. })));
        asked.abort();
        assert!(matches!(told.next().await, Some(HouseNotice::QuestionSettled { allowed: false, .. })));
        assert_eq!(desk.open(), []);
        assert!(!desk.settle(&CallId::from_text("c"), Decision::Allow));
    }

    #[tokio::test]
    async fn questions_are_bounded() {
        let (desk, _notices) = desk(Duration::from_secs(60));
        let waiting: Vec<_> = (0..OPEN).map(|number| asking(&desk, &number.to_string())).collect();
        while desk.open().len() < OPEN {
            tokio::task::yield_now().await;
        }
        let Decision::Deny(reason) = desk.decide(&question("one more")).await else { panic!("it was allowed") };
        assert_eq!(reason, "it needs permission, and 256 questions wait already");
        waiting.iter().for_each(tokio::task::JoinHandle::abort);
    }
}
