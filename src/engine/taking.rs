//! A question with everything resolved: the agent as it is now, its model, and what must not change under the run.

use std::sync::Arc;

use super::access;
use super::agents::{Working, revision};
use super::course::{self, Course};
use super::house::Core;
use super::input::Input;
use super::ledger::Ledger;
use super::rewinding::Earlier;
use super::verbs::{Ask, Begin, ProcedureCall};
use crate::domain::{
    Agent, Attributes, CallerTool, Fact, Fold, Labels, MessageId, ModelChoice, Pins, Principal, ProcessId, Result, Revision,
    RunId, RunQueued, SessionCreated, TakingPart,
};
use crate::storage::{Alias, Record};

/// After what a session is gone back to; `None` = to before the first message.
pub(super) struct Back(pub(super) Option<Earlier>);

/// What is said, and in which session.
pub(super) struct Said {
    /// What a new session is.
    pub(super) new: Option<SessionCreated>,
    /// The names that it is given.
    pub(super) aliases: Vec<Alias>,
    /// What an existing one is.
    pub(super) existing: Option<Fold>,
    /// Where it is gone back to first.
    pub(super) back: Option<Back>,
    /// What is said; absent when a procedure is asked for, and nothing said.
    pub(super) input: Option<Input>,
}

/// A question with everything resolved.
pub(super) struct Taken {
    pub(super) caller: Principal,
    pub(super) new: Option<SessionCreated>,
    /// The names that a new session is given.
    pub(super) aliases: Vec<Alias>,
    /// What is said with it; absent when a procedure is asked for and nothing said, or when it was said before.
    pub(super) input: Option<Input>,
    /// The message that it answers where that was said before.
    pub(super) said_before: Option<MessageId>,
    /// The text that it answers, as its start tells it.
    pub(super) told: Option<String>,
    pub(super) agent: Agent,
    pub(super) model: ModelChoice,
    pub(super) pins: Pins,
    pub(super) priority: i32,
    pub(super) begin: Begin,
    pub(super) labels: Labels,
    pub(super) attributes: Attributes,
    pub(super) procedure: Option<ProcedureCall>,
    pub(super) taking_part: Option<TakingPart>,
    pub(super) run: RunId,
    pub(super) revision: (Revision, Record),
}

impl Taken {
    pub(super) fn message(&self) -> Option<&MessageId> {
        self.input.as_ref().map(|input| &input.message.id).or(self.said_before.as_ref())
    }

    pub(super) fn facts(&self) -> impl Iterator<Item = Fact> + '_ {
        self.input.iter().flat_map(Input::facts)
    }

    /// The run as it is queued.
    pub(super) fn queued(&self, process: ProcessId) -> RunQueued {
        let procedure = self.procedure.clone();
        let (name, arguments, attributes) =
            procedure.map(|procedure| (Some(procedure.name), procedure.arguments, procedure.attributes)).unwrap_or_default();
        RunQueued {
            agent: self.agent.name.clone(),
            revision: self.revision.0.clone(),
            input: self.message().cloned(),
            process: (self.begin == Begin::Now).then_some(process),
            priority: self.priority,
            asked_by: if name.is_some() { self.caller.name.clone() } else { String::new() },
            procedure: name,
            arguments,
            attributes,
            labels: self.labels.clone(),
            run_attributes: self.attributes.clone(),
            taking_part: self.taking_part.clone(),
            pins: self.pins.clone(),
        }
    }
}

/// Resolves a question for one agent.
pub(super) async fn take(
    core: &Arc<Core>,
    caller: &Principal,
    ledger: &Arc<Ledger>,
    (said, ask): (&Said, &Ask),
    Working { agent, trusted }: Working,
) -> Result<Taken> {
    let new = &said.new;
    let mut procedure = ask.procedure.clone();
    if let Some(call) = &mut procedure {
        let named = course::named(&agent, &call.name)?;
        call.arguments = course::declared("argument", &named.arguments, std::mem::take(&mut call.arguments))?;
        super::stepping::check_files(core, &ledger.id, named.steps.steps(), &call.arguments).await?;
    }
    // What can be refused was refused: from here on the history is another.
    let gone_back = match &said.back {
        Some(Back(after)) => {
            super::rewinding::rewind(core, ledger, caller.actor(), after.as_ref()).await?;
            Some(ledger.fold().await?)
        }
        None => None,
    };
    let existing = gone_back.as_ref().or(said.existing.as_ref());
    let remembered = new.as_ref().map(|new| &new.state).or(existing.map(|fold| &fold.state));
    let known = Course { state: remembered.cloned().unwrap_or_default(), ..Course::default() };
    let model_of_agent = known.model(&agent.from_state)?.or_else(|| agent.model.clone());
    let session = existing.map(|fold| &fold.session);
    let session_model =
        new.as_ref().and_then(|new| new.model.as_ref()).or(session.and_then(|session| session.model.as_ref()));
    let model = core.choose_for(&agent, [ask.pins.model.as_ref(), session_model, model_of_agent.as_ref()])?;
    core.models.get_of(&model, &core.own_providers(&agent).await?)?;
    let mut pins = access::under(trusted, access::within(caller, ask.pins.clone()));
    pins.model = Some(model.clone());
    pins.budget = pins.budget.over(&core.settings.budgets);
    super::budget::check_priced(core, &model, &core.models.card(&model), &pins.budget)?;
    super::forms::check(core, &pins, &model, procedure.is_none() && agent.procedure.is_ordinary())?;
    pins.fallback = super::falling_back::pinned(core, &pins, &agent.fallback, &model)?;
    pins.caller_tools.retain(|spec| !agent.caller_tools.iter().any(|tool| tool.name == spec.name));
    pins.caller_tools.extend(agent.caller_tools.iter().map(CallerTool::spec));
    if pins.workspace.is_none() {
        let workspace = new.as_ref().and_then(|new| new.workspace.clone());
        pins.workspace = workspace.or_else(|| session.and_then(|session| session.workspace.clone()));
    }
    // The folder that was asked for, or that of a session which somebody else may have made.
    access::may_work_in(core, caller, pins.workspace.as_deref())?;
    let workspace = pins.workspace.get_or_insert_with(|| core.settings.workspace.to_string_lossy().into_owned());
    // What is asked for by name says itself what its model is told.
    if core.settings.project_instructions && procedure.is_none() {
        let limit = core.settings.limits.instructions_bytes;
        let of_project = super::instructions::of_project(std::path::Path::new(workspace), limit)?;
        pins.instructions.splice(0..0, of_project);
    }
    // Pinned, so that whoever goes on with the run is bound by the rules that it began with.
    pins.permissions.extend(core.settings.permissions_for(&agent));
    Ok(Taken {
        caller: caller.clone(),
        new: new.clone(),
        aliases: said.aliases.clone(),
        input: said.input.clone(),
        said_before: None,
        told: said.input.as_ref().and_then(Input::told),
        revision: revision(&agent)?,
        agent,
        model,
        pins,
        priority: ask.priority,
        begin: ask.begin,
        labels: ask.labels.clone(),
        attributes: ask.attributes.clone(),
        procedure,
        taking_part: None,
        run: RunId::new(&*core.clock),
    })
}
