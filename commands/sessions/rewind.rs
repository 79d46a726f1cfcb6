//! `ombud sessions rewind`

use ombud::domain::{AuthorKind, Error, MessageId, Principal, Result, SessionId};
use ombud::engine::Engine;
use serde::Serialize;

use crate::cli::{Format, SessionsRewind};
use crate::naming;
use crate::program::Program;

/// Messages of one page.
const PAGE: usize = 100;

/// Its form is a contract: `docs/schemas/rewind.json`.
#[derive(Serialize)]
struct Document {
    session: SessionId,
    last_message: Option<MessageId>,
}

pub async fn execute(program: &Program, args: &SessionsRewind) -> Result<u8> {
    let house = program.open().await?;
    let caller = program.caller();
    let id = naming::session(&*house, &caller, &args.id).await?;
    let last_message = match (&args.to, args.turns) {
        (Some(message), _) => Some(MessageId::from_text(message)),
        (None, turns) => before_turns(&*house, &caller, &id, turns.unwrap_or(1)).await?,
    };
    house.rewind(&caller, &id, last_message.as_ref()).await?;
    let out = &program.context.out;
    if program.format() != Format::Text {
        return out.write_json(&Document { session: id, last_message }).map(|()| 0);
    }
    match &last_message {
        Some(message) => out.write_line(&format!("session {id} goes on after message {message}"))?,
        None => out.write_line(&format!("session {id} begins anew"))?,
    }
    Ok(0)
}

/// The message before so many questions, counted from the end; `None` when they are all.
async fn before_turns(engine: &dyn Engine, caller: &Principal, id: &SessionId, turns: u32) -> Result<Option<MessageId>> {
    let (mut before, mut left, mut asked) = (None, turns, 0);
    loop {
        let page = engine.messages(caller, id, before, PAGE).await?;
        for shown in page.messages.iter().rev() {
            if left == 0 {
                return Ok(Some(shown.message.id.clone()));
            }
            if shown.message.author.kind == AuthorKind::Person {
                (left, asked) = (left - 1, asked + 1);
            }
        }
        before = page.before;
        if before.is_none() {
            break;
        }
    }
    if left == 0 {
        return Ok(None);
    }
    let count = if asked == 1 { "1 question".to_owned() } else { format!("{asked} questions") };
    Err(Error::invalid(format!("session `{id}` has {count}, and {turns} were to be taken back"))
        .hint("say a smaller number"))
}
