//! Which session somebody means: by its id, by the beginning of one, or by choosing from a list on a terminal.

use ombud::domain::{Error, ErrorCode, Principal, Result, SessionId};
use ombud::engine::{Engine, SessionFilter, SessionItem};

use crate::dialog;
use crate::program::Program;
use crate::render::harmless;
use crate::render::result::minute;

/// Fewest signs of a beginning.
const SHORTEST: usize = 4;
/// Signs of an id that the house has given: nobody types a part of it by chance.
const WHOLE: usize = 36;
/// Candidates that are named when there are several.
const SHOWN: usize = 5;
/// Columns of a line that its title leaves to the rest: time, id, and what is between.
const BESIDE: usize = 60;
/// Sessions to choose from.
const OFFERED: usize = 100;

/// The session with this id, or the only one whose id begins so.
///
/// # Errors
/// `not_found`; `invalid_input` naming candidates when there are several.
pub async fn session(engine: &dyn Engine, caller: &Principal, named: &SessionId) -> Result<SessionId> {
    if named.as_str().len() >= WHOLE {
        return Ok(named.clone());
    }
    let unknown = match engine.session(caller, named).await {
        Ok(_) => return Ok(named.clone()),
        Err(error) if error.code == ErrorCode::NotFound => error,
        Err(error) => return Err(error),
    };
    if named.as_str().chars().count() < SHORTEST {
        return Err(unknown);
    }
    let prefix = Some(named.to_string());
    let filter = SessionFilter { prefix, limit: SHOWN + 1, ..SessionFilter::default() };
    let mut found = engine.sessions(caller, &filter).await?.sessions;
    match found.len() {
        0 => Err(unknown),
        1 => Ok(found.remove(0).summary.session.id),
        count => {
            let names: Vec<String> = found.iter().take(SHOWN).map(|item| item.summary.session.id.to_string()).collect();
            let more = if count > SHOWN { ", …" } else { "" };
            let message = format!("`{named}` is the beginning of several sessions: {}{more}", names.join(", "));
            Err(Error::invalid(message).hint("write more of the id"))
        }
    }
}

/// The same where none may be named: on a terminal one is chosen.
///
/// # Errors
/// As [`session`]; `invalid_input` when nobody can be asked, `not_found` when there is none.
pub async fn session_or_chosen(program: &Program, engine: &dyn Engine, named: Option<&SessionId>) -> Result<SessionId> {
    let caller = program.caller();
    if let Some(named) = named {
        return session(engine, &caller, named).await;
    }
    if !program.context.manner.may_ask {
        return Err(Error::invalid("no session is named, and nobody can be asked here")
            .hint("name one; `ombud sessions list` shows those that there are"));
    }
    let filter = SessionFilter { limit: OFFERED, ..SessionFilter::default() };
    choose(engine.sessions(&caller, &filter).await?.sessions)
}

/// Asks for one of some sessions; the first is chosen when nothing else is.
///
/// # Errors
/// `not_found` when there is none, `invalid_input` when none was chosen.
pub fn choose(items: Vec<SessionItem>) -> Result<SessionId> {
    if items.is_empty() {
        return Err(
            Error::new(ErrorCode::NotFound, "there is no session to choose from").hint("`ombud oneshot \"…\"` makes one")
        );
    }
    let columns = usize::from(dialoguer::console::Term::stderr().size().1);
    let room = columns.saturating_sub(BESIDE).clamp(10, 60);
    let lines = items.iter().map(|item| {
        let session = &item.summary.session;
        let title: String = harmless(session.title.as_deref().unwrap_or("")).replace(['\n', '\t'], " ");
        let title: String = title.chars().take(room).collect();
        format!("{}  {title}  {}", minute(session.updated_at), session.id)
    });
    let question = dialoguer::Select::new()
        .with_prompt("Which session (arrows choose, Enter takes, Esc leaves)")
        .items(lines.collect::<Vec<_>>())
        .default(0)
        .max_length(12);
    let chosen = dialog::ask(|terminal| question.interact_on_opt(terminal)).map_err(|error| error.hint("name a session"))?;
    let chosen = chosen.and_then(|at| items.into_iter().nth(at));
    let chosen = chosen.ok_or_else(|| Error::new(ErrorCode::InvalidInput, "no session was chosen"))?;
    Ok(chosen.summary.session.id)
}
