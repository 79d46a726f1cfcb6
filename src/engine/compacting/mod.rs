//! Making room: when a conversation fills too much of a model's window, its older turns are summarised, and the model is
//! shown the summary in their place from then on.
//!
//! *Invariants:* a run asks for a summary at most once. Turns are summarised whole, and never one that the run itself works
//! in, so no call is ever without its return. What comes of it is measured: what still does not fit ends the run with one
//! clear error. A summary that fails leaves everything as it was: then the oldest turns are left out, and that is told.

mod writing;

use super::context::{self, Turn};
use super::drive::Driver;
use super::ledger::Refused;
use super::requesting::Prepared;
use crate::domain::{Cause, ContextCompacted, Error, Fact, MessageId, ModelChoice, Notice, Usage};

/// Least bytes that must be free beside what cannot be left out: for less, a summary is not worth its call.
const LEAST: usize = 1_024;
/// Most bytes of a summary that are asked for.
const SUMMARY: usize = 32 << 10;

/// Where a run stands with its room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Room {
    /// It was not asked for.
    #[default]
    Untouched,
    /// The model said that it was shown too much, although it seemed to fit.
    Refused,
    /// A summary was asked for.
    Made,
    /// No summary could help where the model had said that it was shown too much: only the newest turn is shown.
    Left,
}

/// What is to be summarised.
struct Plan {
    /// The turns, and the summary of those before them.
    turns: Vec<Turn>,
    earlier: Option<String>,
    through: MessageId,
    /// What the newer turns, instructions and tools take, in bytes.
    stays: usize,
    /// All before, in bytes.
    before: usize,
    /// Most bytes of the summary that are asked for.
    most: usize,
    /// Most bytes that the model is given to summarise, with its task.
    given: usize,
}

/// What came of making room.
pub(super) enum Made {
    /// Ask the model with this.
    Go(Box<Prepared>),
    /// The run was stopped meanwhile.
    Stopped,
    /// It does not fit.
    Failed(Error),
}

/// A summary.
struct Written {
    text: String,
    model: Option<ModelChoice>,
    usage: Usage,
}

impl Driver {
    /// Summarises older turns where that is needed.
    pub(super) async fn make_room(&mut self, prepared: Prepared) -> Result<Made, Refused> {
        let refused = self.room == Room::Refused;
        let Some(plan) = self.plan(&prepared) else {
            if refused {
                return self.leave_out(prepared, None).await;
            }
            return Ok(Made::Go(Box::new(prepared)));
        };
        self.room = Room::Made;
        // What came before is durable before the call begins: it may take a while.
        self.settle().await?;
        let fold = self.ledger.fold().await?;
        let Some(written) = self.summarise(&plan, &prepared).await? else { return Ok(Made::Stopped) };
        let written = match written {
            Ok(written) => written,
            Err(error) if refused => return self.leave_out(prepared, Some(&error)).await,
            Err(error) => {
                self.tell_left_out(Some(&error), "where they do not fit, the model is not shown the oldest").await?;
                return Ok(Made::Go(Box::new(prepared)));
            }
        };
        self.work.usage.add(&written.usage);
        let window = prepared.window(&self.asking);
        let after = plan.stays + context::summarised(&written.text).len();
        if after > window.room() {
            let (needed, room) = (context::tokens(after), context::tokens(window.room()));
            let message = format!(
                "what {} must be shown needs about {needed} tokens, also after older messages were summarised, and {room} fit",
                self.asking.choice
            );
            let hint = "use a model that can be shown more, begin a new session, or set limits.compact_at to 0, which leaves the oldest messages out";
            return Ok(Made::Failed(Error::model(Cause::Context, message).hint(hint)));
        }
        let compacted = ContextCompacted {
            agent: self.work.agent.name.clone(),
            thread: self.thread().map(str::to_owned),
            through: plan.through,
            seen: fold.head,
            summary: written.text,
            messages: u32::try_from(plan.turns.iter().map(|turn| turn.count).sum::<usize>()).unwrap_or(u32::MAX),
            tokens_before: context::tokens(plan.before),
            tokens_after: context::tokens(after),
            model: written.model,
            usage: written.usage,
        };
        let fact = Fact::ContextCompacted(Box::new(compacted));
        self.work.transcript.add(Some(&self.work.run), &fact, true);
        self.append(vec![fact]).await?;
        match self.prepare().await {
            Ok(prepared) => Ok(Made::Go(Box::new(prepared))),
            Err(error) => Ok(Made::Failed(error)),
        }
    }

    /// What is to be summarised; nothing where all fits, or where it would not help.
    fn plan(&self, prepared: &Prepared) -> Option<Plan> {
        let share = usize::try_from(self.core.settings.limits.compact_at).unwrap_or(100);
        if matches!(self.room, Room::Made | Room::Left) || share == 0 {
            return None;
        }
        let window = prepared.window(&self.asking);
        let earlier = prepared.transcript.summaries.first().map(|summary| summary.text.clone());
        let mut turns = context::turns(prepared.transcript.clone(), &window, &prepared.files);
        let fixed = prepared.fixed();
        let said: usize = turns.iter().map(|turn| turn.bytes).sum();
        let before = fixed + said + earlier.as_ref().map_or(0, |text| context::summarised(text).len());
        // Where the model says that it is too much, the rule of thumb was wrong for it.
        let limit = match self.room {
            Room::Refused => before.min(window.room()) / 2,
            Room::Untouched | Room::Made | Room::Left => window.room() / 100 * share,
        };
        if before <= limit {
            return None;
        }
        let own = turns.iter().position(|turn| turn.runs.contains(&self.work.run)).unwrap_or(turns.len());
        let own = own.min(turns.len().saturating_sub(1));
        let working: usize = turns[own..].iter().map(|turn| turn.bytes).sum();
        let free = limit.saturating_sub(fixed + working);
        if own == 0 || free < LEAST {
            return None;
        }
        // A quarter for the newest of the older turns and one for the summary: so half is free for what comes.
        let mut kept = 0;
        let mut first_kept = own;
        while first_kept > 1 && kept + turns[first_kept - 1].bytes <= free / 4 {
            first_kept -= 1;
            kept += turns[first_kept].bytes;
        }
        let given = if self.room == Room::Refused { limit } else { window.room() };
        turns.truncate(first_kept);
        let through = turns.last()?.through.clone();
        Some(Plan { turns, earlier, through, stays: fixed + working + kept, before, most: (free / 4).min(SUMMARY), given })
    }

    /// Shows only the newest turn from now on: the model has refused more, and no summary could help.
    async fn leave_out(&mut self, prepared: Prepared, error: Option<&Error>) -> Result<Made, Refused> {
        self.room = Room::Left;
        self.tell_left_out(error, "the model is shown the newest turn only").await?;
        Ok(Made::Go(Box::new(Prepared { newest_only: true, ..prepared })))
    }

    async fn tell_left_out(&mut self, error: Option<&Error>, what: &str) -> Result<(), Refused> {
        let why = error.map_or_else(|| "there is too little room".to_owned(), |error| error.message.clone());
        let message = format!("older messages could not be summarised ({why}); {what}");
        let details = serde_json::json!({ "cause": error.and_then(|error| error.cause) });
        self.append(vec![Fact::Notice(Notice { code: "context.not_compacted".to_owned(), message, details })]).await
    }

    /// Whether the model is to be asked again with less: it said that it was shown too much.
    pub(super) async fn has_less_to_show(&mut self, error: &Error) -> bool {
        if error.cause != Some(Cause::Context) || self.room != Room::Untouched || self.stop.is_cancelled() {
            return false;
        }
        let Ok(prepared) = self.prepare().await else { return false };
        let window = prepared.window(&self.asking);
        let more = context::turns(prepared.transcript.clone(), &window, &prepared.files).len() > 1;
        if more && self.core.settings.limits.compact_at > 0 {
            self.room = Room::Refused;
        }
        self.room == Room::Refused
    }
}
