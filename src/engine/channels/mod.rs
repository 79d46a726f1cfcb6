//! Sessions of several: who takes part, and messages that are taken away. `redacting` takes them away for good; `several`
//! has all agents answer that take part, and those that an answer names; `judging` asks whether one answers at all.

mod judging;
mod redacting;
mod several;

use async_trait::async_trait;

use super::access::{Does, On};
use super::agents;
use super::asking::drivable;
use super::house::{Core, House};
use super::ledger::Draft;
use super::lives::must_live;
use crate::domain::{
    Error, ErrorCode, Fact, Fold, MessageId, Participant, ParticipantJoined, ParticipantLeft, Principal, Result, Session,
    SessionId,
};

pub(super) use self::judging::Judged;
pub(super) use self::several::ask;

/// All about sessions of several.
#[async_trait]
pub trait Channels: Send + Sync {
    /// Lets some take part; agents by name or id. Who does already is shown by the name that is given now. To do it again
    /// is fine, and leaves no fact.
    ///
    /// # Errors
    /// `not_found` for an agent that is not known, `invalid_input` for words that do not fit, `too_large` for more than
    /// [`Participant::MOST`].
    async fn join(&self, caller: &Principal, session: &SessionId, who: Vec<Participant>) -> Result<Session>;

    /// Lets some take part no longer. Who did not is passed over.
    async fn leave(&self, caller: &Principal, session: &SessionId, who: Vec<Participant>) -> Result<Session>;

    /// Lets exactly these take part: all others leave.
    ///
    /// # Errors
    /// As [`Channels::join`].
    async fn seat(&self, caller: &Principal, session: &SessionId, all: Vec<Participant>) -> Result<Session>;

    /// Takes a message away, for good: its text is in no log and no file of the store any more, nor what its calls gave,
    /// nor the files that were given with it alone. People and agents are not shown it again; runs that answer it are
    /// cancelled, and other runs at work go on without it. What a procedure was asked with stays. To do it again is fine.
    ///
    /// # Errors
    /// `not_found` when no message of this session has the id, `busy` when a run that has not ended has said it.
    async fn redact(&self, caller: &Principal, session: &SessionId, message: &MessageId) -> Result<()>;
}

#[async_trait]
impl Channels for House {
    async fn join(&self, caller: &Principal, session: &SessionId, who: Vec<Participant>) -> Result<Session> {
        self.check(caller, Does::Changes, On::Session(session)).await?;
        let who = known(&self.core, who).await?;
        change(&self.core, caller, session, |there| joins(there, &who)).await
    }

    async fn leave(&self, caller: &Principal, session: &SessionId, mut who: Vec<Participant>) -> Result<Session> {
        self.check(caller, Does::Changes, On::Session(session)).await?;
        for participant in &mut who {
            if let Participant::Agent { agent } = participant {
                self.core.by_name(Some(agent)).await?;
            }
        }
        change(&self.core, caller, session, |there| leaves(there, |is| who.iter().any(|gone| gone.is_same(is)))).await
    }

    async fn seat(&self, caller: &Principal, session: &SessionId, all: Vec<Participant>) -> Result<Session> {
        self.check(caller, Does::Changes, On::Session(session)).await?;
        let all = known(&self.core, all).await?;
        let changes = |there: &[Participant]| {
            let mut facts = leaves(there, |is| !all.iter().any(|stays| stays.is_same(is)));
            facts.extend(joins(there, &all));
            facts
        };
        change(&self.core, caller, session, changes).await
    }

    async fn redact(&self, caller: &Principal, session: &SessionId, message: &MessageId) -> Result<()> {
        self.check(caller, Does::Changes, On::Session(session)).await?;
        let ledger = self.core.existing(session).await?;
        redacting::redact(&self.core, &ledger, &caller.actor(), message).await
    }
}

/// Those who come, each once, with agents by their names.
///
/// # Errors
/// As [`Channels::join`].
pub(super) async fn known(core: &Core, who: Vec<Participant>) -> Result<Vec<Participant>> {
    let mut all: Vec<Participant> = Vec::with_capacity(who.len());
    for mut participant in who {
        if let Participant::Agent { agent } = &mut participant {
            // One that takes no work now may take part all the same.
            *agent = agents::one(core, agent).await?.agent.name;
        }
        participant.check()?;
        match all.iter_mut().find(|there| there.is_same(&participant)) {
            Some(there) => *there = participant,
            None => all.push(participant),
        }
        check_number(all.len())?;
    }
    Ok(all)
}

fn check_number(number: usize) -> Result<()> {
    if number <= Participant::MOST {
        return Ok(());
    }
    let message = format!("more than {} cannot take part in one session", Participant::MOST);
    Err(Error::new(ErrorCode::TooLarge, message))
}

fn joins(there: &[Participant], who: &[Participant]) -> Vec<Fact> {
    let new = who.iter().filter(|participant| !there.contains(participant));
    new.map(|participant| Fact::ParticipantJoined(ParticipantJoined { participant: participant.clone() })).collect()
}

fn leaves(there: &[Participant], is_gone: impl Fn(&Participant) -> bool) -> Vec<Fact> {
    let gone = there.iter().filter(|participant| is_gone(participant));
    gone.map(|participant| Fact::ParticipantLeft(ParticipantLeft { participant: participant.clone() })).collect()
}

/// Appends what changes about who takes part, decided on the end of the log.
async fn change(
    core: &Core,
    caller: &Principal,
    session: &SessionId,
    changes: impl Fn(&[Participant]) -> Vec<Fact> + Send + Sync,
) -> Result<Session> {
    let ledger = core.existing(session).await?;
    let appended = ledger
        .append(|fold| {
            let fold: &Fold = fold.ok_or_else(|| super::ledger::no_session(session))?;
            drivable(fold)?;
            must_live(fold, core.clock.now())?;
            let there = &fold.session.participants;
            let facts = changes(there);
            let gone = facts.iter().filter(|fact| matches!(fact, Fact::ParticipantLeft(_))).count();
            let is_new = |fact: &Fact| match fact {
                Fact::ParticipantJoined(joined) => !there.iter().any(|is| is.is_same(&joined.participant)),
                _ => false,
            };
            check_number(there.len() + facts.iter().filter(|fact| is_new(fact)).count() - gone)?;
            let mut draft = Draft::default();
            facts.into_iter().for_each(|fact| draft.session(caller.actor(), fact));
            Ok(draft)
        })
        .await;
    appended?;
    Ok(ledger.fold().await?.session)
}
