//! Beginning a run of a handler, and going on with one by what the application's tools gave.

use axum::response::Response;
use serde_json::{Map, Value, json};

use super::encoder::{About, Past, Worker};
use super::history;
use super::request::Asked;
use super::stream;
use super::wire::{DynamicTool, ToolResult, Trigger};
use crate::domain::{
    Access, CallId, Cursor, Effect, Error, ErrorCode, Pins, Result, Run, RunId, RunStatus, SessionId, ToolSpec,
};
use crate::engine::{
    Answering, Ask, Asked as Taken, CallerReturn, FrameStream, OnBusy, ProcedureCall, RunFilter, SessionItem, Target,
};

/// What the names of tools begin with that a platform runs itself.
const RESERVED: &str = "octavus_";
/// Most tools of one run.
const TOOLS: usize = 256;
/// Longest name of a tool.
const NAME: usize = 64;

/// The question that a trigger is.
///
/// # Errors
/// `invalid_input` when no trigger is named, or a tool is none.
pub fn question(target: Target, trigger: &Trigger) -> Result<Ask> {
    let name = trigger.trigger_name.as_deref().filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| Error::invalid("`triggerName` is missing: it names the trigger"))?;
    let sender = trigger.sender.as_ref().map(|sender| ("sender", json!(sender)));
    let call = ProcedureCall {
        name: name.to_owned(),
        arguments: trigger.input.clone().unwrap_or_default(),
        attributes: history::keep(sender),
    };
    asking(target, call, trigger.dynamic_tool_schemas.as_deref())
}

/// The question that a call of a procedure is.
///
/// # Errors
/// `invalid_input` when a tool is none.
pub fn asking(target: Target, call: ProcedureCall, tools: Option<&[DynamicTool]>) -> Result<Ask> {
    let pins = Pins { caller_tools: specs(tools.unwrap_or_default())?, ..Pins::default() };
    Ok(Ask {
        target,
        input: Vec::new(),
        blobs: Vec::new(),
        context: Vec::new(),
        answering: Answering::SessionAgent,
        procedure: Some(call),
        on_busy: OnBusy::SupersedeWaiting,
        pins,
        ..Ask::default()
    })
}

fn specs(tools: &[DynamicTool]) -> Result<Vec<ToolSpec>> {
    if tools.len() > TOOLS {
        return Err(Error::invalid(format!("{} tools were given, at most {TOOLS} are taken", tools.len())));
    }
    let mut specs: Vec<ToolSpec> = Vec::with_capacity(tools.len());
    for (at, tool) in tools.iter().enumerate() {
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        let name = &tool.name;
        if name.is_empty() || name.len() > NAME || !name.bytes().all(is_word) {
            let message = format!("`dynamicToolSchemas[{at}].name` is no name of a tool");
            return Err(Error::invalid(message).hint(format!("use letters, digits, `_` and `-`, at most {NAME}")));
        }
        if name.starts_with(RESERVED) {
            return Err(Error::invalid(format!("`{name}`: names that begin with `{RESERVED}` are kept for the platform")));
        }
        if specs.iter().any(|known| known.name == *name) {
            return Err(Error::invalid(format!("tool `{name}` is given twice")));
        }
        specs.push(ToolSpec {
            name: name.clone(),
            description: tool.description.clone(),
            parameters: Value::Object(tool.input_schema.clone()),
            // Only the application knows what a repeated call does.
            effect: Effect::Once,
            access: Access::Read,
        });
    }
    Ok(specs)
}

/// What the events of a run are told with.
pub struct Telling {
    /// The last message before it.
    pub last_message: Option<String>,
    /// The session, where the client does not know it yet.
    pub session: Option<String>,
    /// The worker that it is.
    pub worker: Option<Worker>,
}

/// Tells a run that was taken, to whoever listened before.
///
/// # Errors
/// When its log cannot be read.
pub async fn tell(asked: &Asked, frames: FrameStream, taken: Taken, telling: Telling) -> Result<Response> {
    let run = run_of(&taken)?;
    let reader = stream::reader(asked, &taken.session, &run);
    stream::answer(asked, reader, frames, about(asked, run, telling)).await
}

/// Tells a run that another request began, from its first event: up to its end, or to what it waits for now. Whoever reads
/// it may go: that does not stop it.
///
/// # Errors
/// When its log cannot be read.
pub async fn tell_again(asked: &Asked, item: &SessionItem, run: Run, telling: Telling) -> Result<Response> {
    let mut reader = stream::reader(asked, &run.session, &run.id);
    reader.dismiss();
    let before = Cursor::after(item.summary.session.incarnation, 0);
    let frames = asked.engine().subscribe(&asked.caller, &run.session, Some(before)).await?;
    let past = Past { until: item.summary.events, waits_for: run.waiting_for };
    let about = About { past: Some(past), ..about(asked, run.id, telling) };
    stream::answer(asked, reader, frames, about).await
}

fn run_of(taken: &Taken) -> Result<RunId> {
    taken.run.clone().ok_or_else(|| Error::internal("a trigger was asked of nobody"))
}

fn about(asked: &Asked, run: RunId, telling: Telling) -> About {
    let Telling { last_message, session, worker } = telling;
    About { run, generation: asked.generation(), last_message, session, worker, past: None }
}

/// The run that an execution is, or with `None` the one that waits.
///
/// # Errors
/// `not_found` when it is no run of this session, `conflict` when none waits.
pub async fn execution(asked: &Asked, session: &SessionId, named: Option<&str>) -> Result<Run> {
    let (engine, caller) = (asked.engine(), &asked.caller);
    let Some(named) = named else {
        let waiting = engine.runs(caller, &RunFilter::newest(Some(session), &[RunStatus::Waiting], 1)).await?.runs;
        let none = || Error::new(ErrorCode::Conflict, format!("nothing waits for results in session `{session}`"));
        return waiting.into_iter().next().ok_or_else(none);
    };
    let shown: String = named.chars().take(NAME).collect();
    let unknown = || Error::not_found("execution", &shown);
    let run = engine
        .run(caller, &RunId::from_text(named))
        .await
        .map_err(|error| if error.code == ErrorCode::NotFound { unknown() } else { error })?;
    if run.session == *session { Ok(run) } else { Err(unknown()) }
}

/// Goes on with a run by what the tools gave, and tells what comes of it.
///
/// # Errors
/// `invalid_input` when results are missing or of other calls, `conflict` when the run does not wait any more.
pub async fn go_on(
    asked: &Asked,
    item: &SessionItem,
    run: Run,
    results: Vec<ToolResult>,
    worker: Option<Worker>,
) -> Result<Response> {
    if run.status != RunStatus::Waiting {
        let message = format!("execution `{}` does not wait for results: it is {}", run.id, run.status.word());
        return Err(Error::new(ErrorCode::Conflict, message));
    }
    if run.waiting_for.is_empty() {
        return Err(given(&run));
    }
    let returns = returns(&run, results)?;
    let (engine, caller) = (asked.engine(), &asked.caller);
    let last_message = history::last_before(engine, caller, &run.session, Some(&run.id)).await?;
    let frames = stream::listen(asked, item).await?;
    // Who goes away while it is taken up goes away from a run that works.
    let reader = stream::reader(asked, &run.session, &run.id);
    match engine.answer(caller, &run.id, returns).await {
        Ok(answered) if answered.resumed => {}
        refused => {
            let mut reader = reader;
            reader.dismiss();
            refused?;
            return Err(given(&run));
        }
    }
    let telling = Telling { last_message, session: None, worker };
    stream::answer(asked, reader, frames, about(asked, run.id, telling)).await
}

fn given(run: &Run) -> Error {
    Error::new(ErrorCode::Conflict, format!("another request has given the results of execution `{}`", run.id))
}

/// The results by the calls that wait for them: of every one exactly one.
fn returns(run: &Run, results: Vec<ToolResult>) -> Result<Vec<CallerReturn>> {
    let mut returns: Vec<CallerReturn> = Vec::with_capacity(results.len());
    for result in results {
        let id = CallId::from_text(&result.tool_call_id);
        let shown: String = result.tool_call_id.chars().take(NAME).collect();
        if !run.waiting_for.contains(&id) {
            return Err(Error::invalid(format!("execution `{}` does not wait for call `{shown}`", run.id)));
        }
        if returns.iter().any(|given| given.id == id) {
            return Err(Error::invalid(format!("two results were given for call `{shown}`")));
        }
        // An empty text is no error.
        let error = result.error.filter(|error| !error.is_empty());
        let output = match result.files.filter(|files| !files.is_empty()) {
            Some(files) => json!({ "result": result.result, "files": files }),
            None => result.result,
        };
        returns.push(CallerReturn { id, output, error });
    }
    if let Some(missing) = run.waiting_for.iter().find(|id| !returns.iter().any(|given| given.id == **id)) {
        return Err(Error::invalid(format!("the result of call `{missing}` is missing"))
            .hint("give the results of all calls of the request at once"));
    }
    Ok(returns)
}

/// An input as it is kept.
pub fn input_of(input: Option<Map<String, Value>>) -> Map<String, Value> {
    input.unwrap_or_default()
}
