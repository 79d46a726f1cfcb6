//! What a message asks of the engine, and what it is answered.

use serde_json::Value;

use super::wire::{Asked, Busy, NewOne, Reply, text};
use crate::domain::{CallId, Error, OnOrphan, Part, Pins, Principal, Result, RunId, SessionId};
use crate::engine::{Answering, Ask, NewSession, OnBusy, SessionFilter, Target};
use crate::http::Door;

/// Most sessions of one page.
const PAGE: usize = 500;

/// Why a run is cancelled when the client does not say.
const ABORTED: &str = "aborted by the client";

/// A session that is named.
///
/// # Errors
/// `not_found` for what cannot be the name of one.
pub(super) fn session_id(text: &str) -> Result<SessionId> {
    SessionId::parse(text).map_err(|_| Error::not_found("session", text.chars().take(40).collect::<String>()))
}

/// Asks the engine, and says what came of it.
pub(super) async fn answer(door: &Door, caller: &Principal, id: Option<&Value>, asked: Asked) -> Result<String> {
    let engine = &door.engine;
    Ok(match asked {
        asked @ Asked::Query { .. } => {
            let taken = engine.ask(caller, question(asked)?).await?;
            let (run, model) = (taken.run.as_ref(), taken.model.as_ref());
            text(id, Reply::Asked { session: &taken.session, run, model, after: taken.before })
        }
        Asked::Answer { run, returns } => {
            engine.answer(caller, &RunId::from_text(&run), returns.into_iter().map(Into::into).collect()).await?;
            text(id, Reply::Answered { run: &run })
        }
        Asked::Abort { session, run, reason } => {
            let run = run.as_deref().map(RunId::from_text);
            let reason = reason.as_deref().unwrap_or(ABORTED);
            let runs = engine.cancel(caller, &session_id(&session)?, run.as_ref(), reason).await?;
            text(id, Reply::Aborted { session: &session, runs: &runs })
        }
        Asked::List { text: words, status, after, limit } => {
            if limit == 0 || limit > PAGE {
                return Err(Error::invalid(format!("a page has 1 to {PAGE} sessions, not {limit}")));
            }
            let filter = SessionFilter { text: words, status, after, limit, ..SessionFilter::default() };
            let page = engine.sessions(caller, &filter).await?;
            let sessions = page.sessions.iter().map(Into::into).collect();
            text(id, Reply::Sessions { sessions, next: page.next.as_deref() })
        }
        Asked::Questions {} => text(id, Reply::Questions { questions: &engine.questions(caller).await? }),
        Asked::Decide { call, decision } => {
            engine.decide(caller, &CallId::from_text(&call), decision).await?;
            text(id, Reply::Decided { call: &call })
        }
        Asked::Ping {} => text(id, Reply::Pong),
        Asked::Authenticate { .. } | Asked::Subscribe { .. } | Asked::Unsubscribe { .. } | Asked::Watch {} => {
            return Err(Error::internal("a message about the socket itself reached the engine"));
        }
    })
}

fn question(asked: Asked) -> Result<Ask> {
    let Asked::Query { session, new, text, model, on_busy } = asked else {
        return Err(Error::internal("a message that asks nothing was taken as a question"));
    };
    let target = match (session, new) {
        (Some(session), None) => Target::Existing(session_id(&session)?),
        (None, new) => Target::New(Box::new(new_session(new.unwrap_or_default())?)),
        (Some(_), Some(_)) => return Err(Error::invalid("a question goes to a `session` or to a `new` one, not to both")),
    };
    let on_busy = match on_busy {
        Busy::Reject => OnBusy::Reject,
        Busy::Wait => OnBusy::WaitThenReject,
        Busy::Queue => OnBusy::Queue,
        Busy::Supersede => OnBusy::Supersede,
    };
    Ok(Ask {
        procedure: None,
        target,
        input: vec![Part::text(text)],
        blobs: Vec::new(),
        context: Vec::new(),
        answering: Answering::SessionAgent,
        on_busy,
        pins: Pins { model, on_orphan: OnOrphan::Resume, ..Pins::default() },
        ..Ask::default()
    })
}

fn new_session(new: NewOne) -> Result<NewSession> {
    let id = new.id.as_deref().map(SessionId::parse).transpose()?;
    Ok(NewSession { id, title: new.title, labels: new.labels, agent: new.agent, ..NewSession::default() })
}
