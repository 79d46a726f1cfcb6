//! All agents answer that take part: each in a run of its own, side by side. What order their answers have is decided by the
//! log, so every reader sees the same one. None is shown what the others answer to the same message.
//!
//! Agents answer each other only when they are named, and after one message of a person only so often: that is counted in the
//! fold, in the append that asks, so that no number of processes and no crash goes over it.

use std::sync::Arc;

use crate::domain::{
    Actor, Agent, Answers, CallerTool, Error, ErrorCode, Fact, Fold, MessageId, Permission, Pins, Principal, PrincipalKind,
    Result, RunId, RunStarted, TakingPart,
};
use crate::engine::access;
use crate::engine::agents::{Working, revision};
use crate::engine::asking::{asked, begin, drivable, in_the_way, post, take_up};
use crate::engine::dispatch::Place;
use crate::engine::drive::Driver;
use crate::engine::holding::AtWork;
use crate::engine::house::Core;
use crate::engine::ledger::{Draft, Ledger, Refused};
use crate::engine::lines::{begin_when_free, has_room};
use crate::engine::lives::must_live;
use crate::engine::taking::{Said, Taken, take};
use crate::engine::verbs::{Answering, Ask, Asked, Begin};
use crate::storage::Fence;

/// How often agents ask each other after one message, all of them together.
const ASKED_BY_AGENTS: u32 = 4;

/// Whether an agent answers, and whether it is judged first. `wanted` = what whoever asks says instead of the agent's own rule.
fn rule(agent: &Agent, wanted: Option<Answers>, text: &str, is_alone: bool, by_agent: bool) -> Option<bool> {
    if agent.is_named_in(text) {
        return Some(false);
    }
    if by_agent || wanted == Some(Answers::WhenNamed) {
        return None;
    }
    match wanted.unwrap_or(agent.answers) {
        Answers::Always => Some(false),
        _ if is_alone => Some(false),
        Answers::WhenNamed => None,
        Answers::Judged => Some(true),
    }
}

/// An agent that takes work now; `None` = it takes none, or is gone.
async fn working(core: &Core, name: &str) -> Result<Option<Working>> {
    match core.agent(name).await {
        Ok(working) => Ok(Some(working)),
        Err(error) if matches!(error.code, ErrorCode::Inactive | ErrorCode::NotFound | ErrorCode::Conflict) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Takes a question that all answer who take part.
pub(in crate::engine) async fn ask(
    core: &Arc<Core>,
    caller: &Principal,
    ledger: &Arc<Ledger>,
    said: Said,
    ask: Ask,
) -> Result<Asked> {
    if ask.procedure.is_some() {
        return Err(Error::invalid("a procedure is asked for of one agent, and not of all that take part"));
    }
    let Some(input) = &said.input else { return Err(Error::invalid("nothing is said")) };
    let (root, text) = (input.message.id.clone(), input.message.text());
    let author = ask.author.as_ref().and_then(|author| author.as_agent());
    let (agents, is_alone): (Vec<String>, bool) = match (&said.new, &said.existing) {
        (Some(new), _) => (new.agents().into_iter().map(str::to_owned).collect(), new.is_of_two()),
        (None, Some(fold)) => (fold.session.agents().into_iter().map(str::to_owned).collect(), fold.session.is_of_two()),
        (None, None) => (Vec::new(), true),
    };
    let mut all = Vec::new();
    let chosen = match &ask.answering {
        Answering::Chosen(chosen) => Some(chosen.clone()),
        _ => None,
    };
    let is_chosen = |name: &&String| chosen.as_ref().is_none_or(|chosen| chosen.agents.contains(*name));
    let wanted = chosen.as_ref().and_then(|chosen| chosen.answers);
    for name in agents.iter().filter(is_chosen).filter(|name| Some(name.as_str()) != author) {
        let Some(working) = working(core, name).await? else { continue };
        access::may_have_answer(caller, &working.agent.name)?;
        let Some(judged) = rule(&working.agent, wanted, &text, is_alone, author.is_some()) else { continue };
        let mut taken = take(core, caller, ledger, (&said, &ask), working).await?;
        let named_by = author.map(str::to_owned);
        taken.taking_part = Some(TakingPart { root: root.clone(), named_by, judged });
        all.push(Arc::new(taken));
    }
    match all.as_slice() {
        [] => post(core, caller, ledger, &said).await,
        [one] => take_up(core, ledger, one, ask.on_busy).await,
        _ => queue(core, ledger, &said, &all).await,
    }
}

/// Says it once, and queues every run, in one append.
async fn queue(core: &Arc<Core>, ledger: &Arc<Ledger>, said: &Said, all: &[Arc<Taken>]) -> Result<Asked> {
    let Some(first) = all.first() else { return Err(Error::internal("nobody is asked")) };
    let in_turn = first.begin == Begin::InTurn;
    let _place = if in_turn { Some(Place::find(core).await?) } else { None };
    if !in_turn {
        has_room(core)?;
    }
    core.attend().await?;
    core.follow_others().await;
    if let Some(input) = &said.input {
        input.keep(&core.store, &ledger.id).await?;
    }
    let at_work: Vec<AtWork> =
        if in_turn { Vec::new() } else { all.iter().map(|taken| ledger.works_on(&taken.run)).collect() };
    let mut is_free = Vec::new();
    let events = ledger
        .append(|fold| {
            let mut draft = Draft::default();
            begin(&mut draft, core, ledger, fold, said.new.as_ref(), &first.caller)?;
            draft.aliases.clone_from(&said.aliases);
            if let Some(fold) = fold {
                drivable(fold)?;
            }
            first.facts().for_each(|fact| draft.session(first.caller.actor(), fact));
            for taken in all {
                add_run(&mut draft, core, taken, first.caller.actor());
            }
            let free =
                |taken: &Arc<Taken>| fold.is_none_or(|fold| in_the_way(fold, &taken.agent.name, &taken.run).is_none());
            is_free = all.iter().map(free).collect();
            Ok(draft)
        })
        .await?;
    if in_turn {
        core.queue.tell();
    }
    let last = events.last().map(|event| event.seq);
    for ((taken, at_work), is_free) in all.iter().zip(at_work).zip(is_free) {
        begin_when_free(core, ledger, taken, at_work, &events, last.filter(|_| is_free));
    }
    let runs = all.iter().map(|taken| taken.run.clone()).collect();
    Ok(Asked { runs, ..asked(ledger, Some(first), &events) })
}

fn add_run(draft: &mut Draft, core: &Core, taken: &Taken, actor: Actor) {
    draft.run(&taken.run, actor, Fact::RunQueued(Box::new(taken.queued(core.process.clone()))));
    draft.records.push(taken.revision.1.clone());
}

/// What of a run's pins counts for a run that it asks for: who asked the first gave no more rights to the second.
fn inherited(core: &Core, pins: &Pins, working: &Working) -> Pins {
    let mut pins = access::under(working.trusted, pins.clone());
    // The form was asked of the first.
    pins.form = None;
    pins.caller_tools = working.agent.caller_tools.iter().map(CallerTool::spec).collect();
    pins.permissions.retain(|rule| rule.permission == Permission::Deny);
    pins.permissions.extend(core.settings.permissions_for(&working.agent));
    pins
}

impl Driver {
    /// Ends the run well, and asks those that its answer names, in the same append.
    pub(in crate::engine) async fn finish_and_ask(
        &mut self,
        facts: Vec<Fact>,
        taking_part: &TakingPart,
    ) -> Result<(), Refused> {
        let named = match self.named(taking_part).await {
            Ok(named) => named,
            Err(error) => {
                // The answer counts all the same.
                tracing::warn!(%error, run = %self.work.run, "the agents that an answer names cannot be asked");
                Vec::new()
            }
        };
        if named.is_empty() {
            return self.append(facts).await;
        }
        let actor = Actor::agent(self.work.agent.name.clone());
        let (core, ledger) = (Arc::clone(&self.core), Arc::clone(&self.ledger));
        let at_work: Vec<AtWork> = named.iter().map(|taken| ledger.works_on(&taken.run)).collect();
        let (run, attempt) = (self.work.run.clone(), self.work.attempt);
        let mut asked: Vec<RunId> = Vec::new();
        let events = ledger
            .append(|fold| {
                asked.clear();
                let held = fold.and_then(|fold| Some((fold, fold.active_run(&run)?)));
                let Some((fold, _)) = held.filter(|(_, active)| active.attempt == attempt) else {
                    return Err(Refused::Fenced);
                };
                let fence = Fence { run: run.clone(), token: u64::from(attempt) };
                let mut draft = Draft { fence: Some(fence), ..Draft::default() };
                facts.iter().for_each(|fact| draft.run(&run, actor.clone(), fact.clone()));
                let there = fold.session.agents();
                let still = |taken: &&Arc<Taken>| there.contains(&taken.agent.name.as_str());
                let is_over = must_live(fold, core.clock.now()).is_err();
                let room = if is_over { 0 } else { room(fold, &taking_part.root) };
                for taken in named.iter().filter(still).take(room) {
                    add_run(&mut draft, &core, taken, actor.clone());
                    asked.push(taken.run.clone());
                }
                Ok(draft)
            })
            .await?;
        for (taken, at_work) in named.iter().zip(at_work).filter(|(taken, _)| asked.contains(&taken.run)) {
            match taken.begin {
                Begin::Now => begin_when_free(&core, &ledger, taken, at_work, &events, None),
                Begin::InTurn => core.queue.tell(),
            }
        }
        Ok(())
    }

    /// The other agents that take part and are named in the answer.
    async fn named(&mut self, taking_part: &TakingPart) -> Result<Vec<Arc<Taken>>> {
        let Some(message) = self.work.answer_id.clone() else { return Ok(Vec::new()) };
        let fold = self.ledger.fold().await?;
        let Some(own) = fold.active_run(&self.work.run) else { return Ok(Vec::new()) };
        let mut named = Vec::new();
        if room(&fold, &taking_part.root) == 0 || self.work.answer.is_empty() {
            return Ok(named);
        }
        for name in fold.session.agents() {
            if name == self.work.agent.name {
                continue;
            }
            let Some(working) = working(&self.core, name).await? else { continue };
            if !working.agent.is_named_in(&self.work.answer) {
                continue;
            }
            let mut pins = inherited(&self.core, &self.work.pins, &working);
            let wanted = [fold.session.model.as_ref(), working.agent.model.as_ref(), None];
            let model = self.core.choose_for(&working.agent, wanted)?;
            pins.model = Some(model.clone());
            let caller = Principal {
                kind: PrincipalKind::Agent,
                scopes: Vec::new(),
                ..Principal::local(self.work.agent.name.clone())
            };
            named.push(Arc::new(Taken {
                caller,
                new: None,
                aliases: Vec::new(),
                input: None,
                said_before: Some(message.clone()),
                told: RunStarted::input_of(self.work.answer.clone()),
                revision: revision(&working.agent)?,
                agent: working.agent,
                model,
                pins,
                priority: own.run.priority,
                begin: if own.run.in_turn { Begin::InTurn } else { Begin::Now },
                labels: own.run.labels.clone(),
                attributes: own.run.attributes.clone(),
                procedure: None,
                taking_part: Some(TakingPart {
                    root: taking_part.root.clone(),
                    named_by: Some(self.work.agent.name.clone()),
                    judged: false,
                }),
                run: RunId::new(&*self.core.clock),
            }));
        }
        Ok(named)
    }
}

/// How many agents may still be asked by agents after a message. Of one that is long past, nothing is known, and none.
fn room(fold: &Fold, root: &MessageId) -> usize {
    let of_root = fold.exchanges.iter().find(|exchange| exchange.root == *root);
    of_root.map_or(0, |exchange| ASKED_BY_AGENTS.saturating_sub(exchange.asked) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_say_who_answers() {
        let agent = |answers| Agent { name: "alpha".into(), answers, ..Agent::default() };
        let of = |answers, text: &str, is_alone, by_agent| rule(&agent(answers), None, text, is_alone, by_agent);
        for answers in [Answers::Always, Answers::WhenNamed, Answers::Judged] {
            assert_eq!(of(answers, "hi @alpha", false, false), Some(false));
            assert_eq!(of(answers, "hi @alpha", false, true), Some(false));
            assert_eq!(of(answers, "hi", true, false), Some(false));
            assert_eq!(of(answers, "hi", true, true), None);
        }
        let among_many = |answers| of(answers, "hi", false, false);
        assert_eq!(among_many(Answers::Always), Some(false));
        assert_eq!(among_many(Answers::WhenNamed), None);
        assert_eq!(among_many(Answers::Judged), Some(true));
        let wanted = |wanted, text: &str, by_agent| rule(&agent(Answers::Judged), Some(wanted), text, true, by_agent);
        assert_eq!(wanted(Answers::Always, "hi", false), Some(false));
        assert_eq!(wanted(Answers::Always, "hi", true), None);
        assert_eq!(wanted(Answers::WhenNamed, "hi", false), None);
        assert_eq!(wanted(Answers::WhenNamed, "hi @alpha", false), Some(false));
    }
}
