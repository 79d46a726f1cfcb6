//! What a run does next: a pure function of what it may know and where it stands. The same answer for a fresh run, one
//! taken up after a crash, and one continued days later by another process.

use std::collections::HashSet;

use super::budget::Spent;
use super::forms;
use crate::domain::{AnswerForm, CallId, Error, Finish, Item, Outcome, Part, Place, RunId, Step, ToolCallPart, Transcript};

/// Where a run stands, beside its transcript.
pub(crate) struct Position<'a> {
    /// The run.
    pub(crate) run: &'a RunId,
    /// What it has used, and may use up.
    pub(crate) spent: Spent<'a>,
    /// The form that its answer must have, when it does what every run does.
    pub(crate) form: Option<&'a AnswerForm>,
    /// The tools that the caller carries out.
    pub(crate) caller_tools: &'a HashSet<String>,
    /// Most calls of the model in one step.
    pub(crate) max_step_rounds: Option<u32>,
    /// Whether the run does what every run does: asks, without steps of its own.
    pub(crate) ordinary: bool,
    /// What the run does.
    pub(crate) steps: &'a [Step],
}

/// What a run does next.
#[derive(Debug, PartialEq)]
pub(crate) enum Next {
    /// Begin this step of the procedure.
    BeginStep(usize),
    /// Do this step, which needs neither model nor tool: it begins and ends in one append.
    DoStep(usize),
    /// End this step of the procedure.
    EndStep(usize),
    /// Ask the model.
    CallModel,
    /// Tell the model what is wrong with its answer, which must have a form.
    AskAgain(Vec<String>),
    /// Carry out these calls.
    RunTools(Vec<ToolCallPart>),
    /// Wait until the caller has answered these calls.
    WaitForCaller(Vec<CallId>),
    /// End.
    Finish {
        /// How.
        outcome: Outcome,
        /// Why it failed.
        error: Option<Error>,
    },
}

/// Decides.
pub(crate) fn next(transcript: &Transcript, position: &Position<'_>) -> Next {
    let at = transcript.steps_done;
    if position.ordinary {
        return match (ask(transcript, position, None), position.form) {
            (Next::Finish { outcome: Outcome::Completed | Outcome::Silent, .. }, Some(form)) => {
                formed(transcript, position, form)
            }
            (other, _) => other,
        };
    }
    match position.steps.get(at) {
        Some(Step::Say(_) | Step::Set(_) | Step::OpenThread(_) | Step::Serialize(_)) => Next::DoStep(at),
        Some(Step::Ask(_) | Step::Call(_)) if !transcript.step_begun => Next::BeginStep(at),
        Some(Step::Ask(step)) => match ask(transcript, position, step.thread.as_deref()) {
            Next::Finish { outcome: Outcome::Completed | Outcome::Silent, .. } => Next::EndStep(at),
            other => other,
        },
        Some(Step::Call(_)) => match transcript.step_call() {
            Some((_, Some(_))) | None => Next::EndStep(at),
            Some((call, None)) if call.place == Place::Caller => Next::WaitForCaller(vec![call.id.clone()]),
            Some((call, None)) => Next::RunTools(vec![ToolCallPart {
                id: call.id.clone(),
                name: call.name.clone(),
                arguments: call.arguments.clone(),
                arguments_text: call.arguments.to_string(),
            }]),
        },
        None => Next::Finish { outcome: position.outcome(transcript), error: None },
    }
}

impl Position<'_> {
    /// How a procedure has ended that did all its steps: in silence only when nothing but silence came of asking.
    fn outcome(&self, transcript: &Transcript) -> Outcome {
        let mut answers = transcript.items.iter().filter_map(|item| match item {
            Item::Answered { run: Some(run), parts, .. } if run == self.run => Some(says(parts)),
            Item::Answered { .. } | Item::Said(_) => None,
        });
        match answers.next() {
            None | Some(true) => Outcome::Completed,
            Some(false) if answers.any(|says| says) => Outcome::Completed,
            Some(false) => Outcome::Silent,
        }
    }
}

fn says(parts: &[Part]) -> bool {
    parts.iter().any(|part| matches!(part, Part::File(_)) || (matches!(part, Part::Text(_)) && !part.grown().is_empty()))
}

/// What a step that asks the model does next.
fn ask(transcript: &Transcript, position: &Position<'_>, thread: Option<&str>) -> Next {
    let call = |position| call(transcript, position, thread);
    let Some(Item::Answered { run: Some(run), parts, finish, .. }) = transcript.of_step(thread).next_back() else {
        return call(position);
    };
    if run != position.run {
        return call(position);
    }
    match finish {
        Finish::ToolCalls => {
            let pending = transcript.pending(position.run, thread);
            let at_caller = |call: &&&ToolCallPart| match transcript.called(&call.id) {
                Some(called) => called.place == Place::Caller,
                None => position.caller_tools.contains(&call.name) && call.arguments.is_object(),
            };
            let here: Vec<_> = pending.iter().filter(|call| !at_caller(call)).map(|call| (*call).clone()).collect();
            if !here.is_empty() {
                return Next::RunTools(here);
            }
            if pending.is_empty() {
                return call(position);
            }
            Next::WaitForCaller(pending.iter().map(|call| call.id.clone()).collect())
        }
        Finish::Stop | Finish::Length | Finish::ContentFilter => {
            Next::Finish { outcome: if says(parts) { Outcome::Completed } else { Outcome::Silent }, error: None }
        }
        // The process that wrote this died before it could write the run's end.
        Finish::Cut => {
            let error = Error::model(crate::domain::Cause::Cut, "the model's answer was cut off");
            Next::Finish { outcome: Outcome::Failed, error: Some(error) }
        }
        Finish::Cancelled => Next::Finish { outcome: Outcome::Cancelled, error: None },
    }
}

/// What a run does next that has an answer, which must have a form.
fn formed(transcript: &Transcript, position: &Position<'_>, form: &AnswerForm) -> Next {
    let own = transcript.of_step(None).filter_map(|item| match item {
        Item::Answered { run: Some(run), parts, finish, .. } if run == position.run => Some((parts, finish)),
        Item::Answered { .. } | Item::Said(_) => None,
    });
    let own: Vec<_> = own.collect();
    let answers = own.iter().filter(|(_, finish)| **finish != Finish::ToolCalls).count();
    let answer = own.last().map(|(parts, _)| Part::texts(parts)).unwrap_or_default();
    let faults = match forms::read(form, &answer) {
        Ok(_) => return Next::Finish { outcome: Outcome::Completed, error: None },
        Err(faults) => faults,
    };
    match call(transcript, position, None) {
        Next::CallModel if answers < forms::ANSWERS => Next::AskAgain(faults),
        Next::Finish { outcome: Outcome::Failed, error } if answers < forms::ANSWERS => {
            Next::Finish { outcome: Outcome::Failed, error }
        }
        _ => Next::Finish { outcome: Outcome::Failed, error: Some(forms::mismatch(&faults)) },
    }
}

fn call(transcript: &Transcript, position: &Position<'_>, thread: Option<&str>) -> Next {
    let of_step = || {
        transcript
            .of_step(thread)
            .filter(|item| matches!(item, Item::Answered { run: Some(run), .. } if run == position.run))
            .count()
    };
    // The step has had all that its definition gives it: what it said so far is its answer.
    if position.max_step_rounds.is_some_and(|most| of_step() >= most as usize) {
        return Next::Finish { outcome: Outcome::Completed, error: None };
    }
    match position.spent.is_used_up() {
        None => Next::CallModel,
        Some(error) => Next::Finish { outcome: Outcome::Failed, error: Some(error) },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::{AskStep, Budget, ErrorCode, MessageId, Procedure, ReturnStatus, SayStep, ToolReturn, Usage};

    fn answered(run: &str, finish: Finish, parts: Vec<Part>, returned: &[&str]) -> Item {
        let returns = returned.iter().map(|id| ToolReturn {
            id: CallId::from_text(id),
            name: "t".into(),
            status: ReturnStatus::Ok,
            output: Value::Null,
            error: None,
            blob: None,
            elapsed_ms: 0,
        });
        Item::Answered {
            message_id: MessageId::from_text("m"),
            agent: "default".into(),
            run: Some(RunId::from_text(run)),
            thread: None,
            parts,
            model: None,
            finish,
            returns: returns.collect(),
        }
    }

    fn tool(id: &str, name: &str) -> ToolCallPart {
        ToolCallPart { id: CallId::from_text(id), name: name.into(), arguments: json!({}), arguments_text: "{}".into() }
    }

    fn decide(items: Vec<Item>, rounds: u32) -> Next {
        decide_by(&Procedure::default(), Transcript { items, ..Transcript::default() }, rounds)
    }

    fn decide_by(procedure: &Procedure, transcript: Transcript, rounds: u32) -> Next {
        decide_formed(procedure, transcript, rounds, None)
    }

    fn decide_formed(procedure: &Procedure, transcript: Transcript, rounds: u32, form: Option<&AnswerForm>) -> Next {
        let run = RunId::from_text("r");
        let caller_tools = HashSet::from(["ask_user".to_owned()]);
        let (budget, usage) = (Budget::default(), Usage::default());
        let position = Position {
            run: &run,
            spent: Spent { budget: &budget, usage: &usage, rounds, max_rounds: 3 },
            form,
            caller_tools: &caller_tools,
            max_step_rounds: None,
            ordinary: procedure.is_ordinary(),
            steps: procedure.steps(),
        };
        next(&transcript, &position)
    }

    #[test]
    fn steps_come_one_after_the_other() {
        let said = Step::Say(SayStep { text: "check it".into(), ..SayStep::default() });
        let ask = || Step::Ask(AskStep::default());
        let procedure = Procedure::new(vec![ask(), said, ask()]);
        let final_answer = || vec![answered("r", Finish::Stop, vec![Part::text("done")], &[])];
        let at = |items, steps_done, step_begun| {
            decide_by(&procedure, Transcript { items, steps_done, step_begun, ..Transcript::default() }, 1)
        };
        assert_eq!(at(vec![], 0, false), Next::BeginStep(0));
        assert_eq!(at(vec![], 0, true), Next::CallModel);
        assert_eq!(at(final_answer(), 0, true), Next::EndStep(0));
        assert_eq!(at(final_answer(), 1, false), Next::DoStep(1));
        assert_eq!(at(final_answer(), 2, false), Next::BeginStep(2));
        assert_eq!(at(final_answer(), 3, false), Next::Finish { outcome: Outcome::Completed, error: None });
    }

    #[test]
    fn a_fresh_run_asks_the_model() {
        assert_eq!(decide(vec![], 0), Next::CallModel);
        let earlier = answered("other", Finish::Stop, vec![Part::text("hi")], &[]);
        assert_eq!(decide(vec![earlier], 0), Next::CallModel);
    }

    #[test]
    fn calls_here_are_carried_out_before_the_caller_is_waited_for() {
        let parts =
            vec![Part::ToolCall(tool("1", "t")), Part::ToolCall(tool("2", "ask_user")), Part::ToolCall(tool("3", "t"))];
        let of = |returned: &[&str]| decide(vec![answered("r", Finish::ToolCalls, parts.clone(), returned)], 1);
        assert_eq!(of(&[]), Next::RunTools(vec![tool("1", "t"), tool("3", "t")]));
        assert_eq!(of(&["3"]), Next::RunTools(vec![tool("1", "t")]));
        assert_eq!(of(&["3", "1"]), Next::WaitForCaller(vec![CallId::from_text("2")]));
        assert_eq!(of(&["3", "1", "2"]), Next::CallModel);
    }

    #[test]
    fn an_answer_that_does_not_fit_is_asked_for_once_more() {
        let form = AnswerForm { name: "answer".into(), schema: json!({"type": "integer"}) };
        let says = |text: &str| answered("r", Finish::Stop, vec![Part::text(text)], &[]);
        let of = |items, rounds| {
            let transcript = Transcript { items, ..Transcript::default() };
            decide_formed(&Procedure::default(), transcript, rounds, Some(&form))
        };
        let error = |next| match next {
            Next::Finish { outcome: Outcome::Failed, error: Some(error) } => error.code,
            other => panic!("{other:?}"),
        };
        assert_eq!(of(vec![says("7")], 1), Next::Finish { outcome: Outcome::Completed, error: None });
        let fault = "\"x\" is not of type \"integer\"".to_owned();
        assert_eq!(of(vec![says("\"x\"")], 1), Next::AskAgain(vec![fault]));
        assert_eq!(of(vec![says("")], 1), Next::AskAgain(vec!["it is empty".to_owned()]));
        assert_eq!(error(of(vec![says("\"x\"")], 3)), ErrorCode::BudgetExhausted);
        assert_eq!(error(of(vec![says("\"x\""), says("\"y\"")], 2)), ErrorCode::SchemaMismatch);
        assert_eq!(of(vec![says("\"x\""), says("7")], 2), Next::Finish { outcome: Outcome::Completed, error: None });
        let with_tools = answered("r", Finish::ToolCalls, vec![Part::ToolCall(tool("1", "t"))], &["1"]);
        assert_eq!(of(vec![with_tools], 1), Next::CallModel);
    }

    #[test]
    fn it_ends_when_the_model_has_said_all_or_the_budget_is_used_up() {
        let says = |text: &str| decide(vec![answered("r", Finish::Stop, vec![Part::text(text)], &[])], 1);
        assert_eq!(says("hi"), Next::Finish { outcome: Outcome::Completed, error: None });
        assert_eq!(says(""), Next::Finish { outcome: Outcome::Silent, error: None });
        let parts = vec![Part::ToolCall(tool("1", "t"))];
        let Next::Finish { outcome, error: Some(error) } = decide(vec![answered("r", Finish::ToolCalls, parts, &["1"])], 3)
        else {
            panic!("it goes on");
        };
        assert_eq!((outcome, error.code), (Outcome::Failed, ErrorCode::BudgetExhausted));
    }
}
