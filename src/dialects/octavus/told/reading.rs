//! The facts of a log that messages are made of, without those that count for nothing any more.

use crate::dialects::octavus::request::Asked;
use crate::domain::{Cursor, Event, Fact, Result, Session};

/// Events of one page.
const PAGE: usize = 1_000;
/// Most facts that are kept: of a longer history the older end is left out.
const MOST: usize = 500_000;

/// Reads them, oldest first.
pub async fn read(asked: &Asked, session: &Session) -> Result<Vec<Event>> {
    let mut kept: Vec<Event> = Vec::new();
    let mut after = Cursor::after(session.incarnation, 0);
    loop {
        let page = asked.engine().events(&asked.caller, &session.id, Some(after), PAGE).await?;
        let Some(last) = page.last() else { return Ok(kept) };
        after = Cursor::after(session.incarnation, last.seq);
        let full = page.len() == PAGE;
        page.into_iter().for_each(|event| take(&mut kept, event));
        if kept.len() > MOST {
            kept.drain(..kept.len() - MOST);
        }
        if !full {
            return Ok(kept);
        }
    }
}

fn take(kept: &mut Vec<Event>, event: Event) {
    match &event.fact {
        Fact::SessionRestored(_) | Fact::SessionCleared(_) => kept.clear(),
        Fact::SessionRewound(rewound) => kept.retain(|known| known.seq <= rewound.after_seq),
        Fact::MessageRedacted(redacted) => kept.retain(|known| known.fact.message_id() != Some(&redacted.message_id)),
        Fact::RunStarted(_)
        | Fact::RunWaiting(_)
        | Fact::RunFinished(_)
        | Fact::MessagePosted(_)
        | Fact::MessageCompleted(_)
        | Fact::MessageImported(_)
        | Fact::ToolCalled(_)
        | Fact::ToolReturned(_)
        | Fact::StepStarted(_)
        | Fact::StepFinished(_) => kept.push(event),
        Fact::SessionCreated(_)
        | Fact::SessionUpdated(_)
        | Fact::SessionDeleted(_)
        | Fact::RunQueued(_)
        | Fact::RunCancelRequested(_)
        | Fact::MessageAbandoned(_)
        | Fact::StateSet(_)
        | Fact::ThreadOpened(_)
        | Fact::ParticipantJoined(_)
        | Fact::ParticipantLeft(_)
        | Fact::MemoryAmended(_)
        | Fact::MemoryForgotten(_)
        | Fact::ContextCompacted(_)
        | Fact::Notice(_)
        | Fact::Unknown(_) => {}
    }
}
