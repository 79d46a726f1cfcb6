//! Tasks: runs that wait for their turn.

use std::time::Duration;

use futures_util::StreamExt as _;
use http::StatusCode;

use super::super::encoder::model_name;
use super::super::errors::AreaError;
use super::super::from_wire::assignment;
use super::super::ids;
use super::super::kept::{KeptTask, attributes, kept};
use super::super::reading::Window;
use super::super::request::{Answer, Asked, agent};
use super::super::to_wire::tokens_used;
use super::super::wire::{CancelledTask, Metadata, NewTask, Progress, TaskAnswer, TaskError, TaskList, TaskResult};
use super::agents::words;
use super::chat::{FILES, default_provider, must_be_active, new_session};
use super::files;
use super::{CONFLICT, UNKNOWN, refusing, window};
use crate::domain::{
    Error, ErrorCode, Fact, Frame, Labels, OnOrphan, Part, Pins, Result, Run, RunFinished, RunId, RunStatus, SessionId,
};
use crate::engine::{Ask, Begin, RunFilter, Target};
use crate::http::{Route, Routes, json as reply};

const CHAPTER: &str = "Tasks";
/// The label of runs that are tasks.
pub const LABEL: (&str, &str) = ("kind", "task");
/// Longest title and description, in characters.
const TEXTS: (usize, usize) = (255, 100_000);

/// Priorities by their words, as the queue knows them.
const PRIORITIES: [(&str, i32); 3] = [("low", -10), ("medium", 0), ("high", 10)];

/// Where a task stands, and which runs do.
const STATUSES: [(&str, &[RunStatus]); 5] = [
    ("pending", &[RunStatus::Queued]),
    ("running", &[RunStatus::Running, RunStatus::Waiting]),
    ("completed", &[RunStatus::Completed, RunStatus::Silent]),
    ("failed", &[RunStatus::Failed]),
    ("cancelled", &[RunStatus::Cancelled]),
];

/// The routes.
pub fn routes() -> Routes {
    vec![
        refusing(Route::post("/v1/tasks", create), &[UNKNOWN, CONFLICT])
            .about("Gives an agent something to do, which it does when it is its turn")
            .named_in(CHAPTER, "create_task")
            .takes::<NewTask>()
            .gives::<TaskAnswer>(StatusCode::OK, "The task."),
        window(refusing(Route::get("/v1/tasks", list), &[]))
            .about("The tasks, the newest first")
            .named_in(CHAPTER, "list_tasks")
            .query_of("status", "Only those that stand so.", false, words(&STATUSES.map(|(word, _)| word)))
            .query("agent_id", "Only those of this agent.", false)
            .query_of("priority", "Only those of this priority.", false, words(&PRIORITIES.map(|(word, _)| word)))
            .gives::<TaskList>(StatusCode::OK, "A page of tasks."),
        refusing(Route::get("/v1/tasks/{task_id}", read), &[UNKNOWN])
            .about("A task")
            .named_in(CHAPTER, "get_task")
            .gives::<TaskAnswer>(StatusCode::OK, "The task."),
        refusing(Route::post("/v1/tasks/{task_id}/cancel", cancel), &[UNKNOWN, CONFLICT])
            .about("Cancels a task, whether it has begun or not")
            .named_in(CHAPTER, "cancel_task")
            .gives::<CancelledTask>(StatusCode::OK, "The task, which has ended."),
    ]
}

async fn create(asked: Asked) -> Answer {
    let mut body = asked.body()?;
    let title = body.required("title", 1..=TEXTS.0);
    let description = body.text("description", 0..=TEXTS.1).unwrap_or_default();
    let agent_id = body.required("agent_id", 1..=255);
    let priority = body.choice("priority", &PRIORITIES).unwrap_or_default();
    let data = body.object("data").unwrap_or_default();
    let files = body.texts("files", FILES);
    body.check()?;
    let item = agent(asked.engine(), &asked.caller, &agent_id).await?;
    must_be_active(&item)?;
    let files = files::given(&asked, files).await?;
    let mut input = vec![Part::text(assignment(&title, &description, &data))];
    input.extend(files.parts);
    let mut labels = Labels::default();
    labels.insert(LABEL.0, LABEL.1.to_owned());
    let id = SessionId::from_text(&format!("{}{}", ids::SESSION, asked.door.clock.new_id()));
    let ask = Ask {
        target: Target::New(Box::new(new_session(&asked, &item, id, true))),
        input,
        blobs: files.blobs,
        begin: Begin::InTurn,
        priority,
        labels,
        // A task survives a restart.
        pins: Pins { on_orphan: OnOrphan::Resume, ..Pins::default() },
        attributes: attributes(&KeptTask {
            title,
            description,
            agent_id: ids::agent(&item),
            data,
            files: files.ids,
            created_by: ids::maker(&asked.caller),
            request_id: super::super::errors::request_id(&asked.id()),
        }),
        ..Ask::default()
    };
    let taken = asked.engine().ask(&asked.caller, ask).await?;
    let run = taken.run.ok_or_else(|| Error::internal("a task was given to nobody"))?;
    let run = asked.engine().run(&asked.caller, &run).await?;
    Ok(reply(StatusCode::OK, &told(&asked, &run, default_provider(&asked).await?.as_deref()).await?))
}

/// A run as this API tells it.
async fn told(asked: &Asked, run: &Run, default: Option<&str>) -> Result<TaskAnswer> {
    let task = kept::<KeptTask>(&run.attributes).unwrap_or_default();
    let status = STATUSES.iter().find(|(_, statuses)| statuses.contains(&run.status)).map_or("pending", |(word, _)| *word);
    let end = match run.status {
        RunStatus::Completed | RunStatus::Silent => asked.engine().run_end(&asked.caller, &run.id).await?,
        _ => None,
    };
    let (started_at, ended_at) = (run.started_at, run.finished_at);
    let error = run.error.as_ref().filter(|_| run.status == RunStatus::Failed);
    Ok(TaskAnswer {
        id: format!("{}{}", ids::TASK, run.id),
        title: task.title,
        description: task.description,
        // One that was asked by another door names its agent alone.
        agent_id: if task.agent_id.is_empty() { format!("{}{}", ids::AGENT, run.agent) } else { task.agent_id },
        session_id: run.session.to_string(),
        priority: PRIORITIES.iter().rev().find(|(_, least)| run.priority >= *least).map_or("low", |(word, _)| *word),
        data: task.data,
        files: task.files,
        status,
        result: end.map(|end| result(&end, default)),
        error: error.map(|error| {
            let body = AreaError::from(error.clone()).body(&crate::http::RequestId(task.request_id.clone()));
            let (code, message, details, request_id) = (body.code, body.message, body.details, body.request_id);
            TaskError { code, message, details, request_id }
        }),
        created_at: run.queued_at.to_string(),
        updated_at: ended_at.or(started_at).unwrap_or(run.queued_at).to_string(),
        started_at: started_at.map(|at| at.to_string()),
        completed_at: ended_at.map(|at| at.to_string()),
        created_by: task.created_by,
        progress: Progress { model_calls: run.rounds, tool_calls: run.tool_calls },
    })
}

/// What came of a task that is completed.
pub fn result(end: &RunFinished, default: Option<&str>) -> TaskResult {
    let metadata = Metadata {
        model: end.model.as_ref().map(|model| model_name(model, default)),
        tokens_used: tokens_used(&end.usage, &[&end.answer]),
    };
    TaskResult { response: end.answer.clone(), metadata }
}

async fn list(asked: Asked) -> Answer {
    let mut query = asked.query();
    let window = Window::read(&mut query);
    let status = query.choice("status", &STATUSES);
    let priority = query.choice("priority", &PRIORITIES);
    let named = query.text("agent_id", 0..=4_096);
    query.check()?;
    let (limit, offset) = (window.limit, window.offset);
    let mut filter = RunFilter {
        statuses: status.map(<[RunStatus]>::to_vec).unwrap_or_default(),
        priority,
        labels: vec![(LABEL.0.to_owned(), LABEL.1.to_owned())],
        offset,
        limit,
        ..RunFilter::default()
    };
    if let Some(named) = named {
        let own = ids::own(ids::AGENT, &named).unwrap_or_default();
        match asked.engine().agent(&asked.caller, own).await {
            Ok(item) => filter.agent = Some(item.id.map_or(item.agent.name, |id| id.to_string())),
            Err(error) if error.code == ErrorCode::NotFound => {
                return Ok(reply(StatusCode::OK, &TaskList { tasks: Vec::new(), total: 0, limit, offset }));
            }
            Err(error) => return Err(error.into()),
        }
    }
    let page = asked.engine().runs(&asked.caller, &filter).await?;
    let default = default_provider(&asked).await?;
    let mut tasks = Vec::with_capacity(page.runs.len());
    for run in &page.runs {
        tasks.push(told(&asked, run, default.as_deref()).await?);
    }
    Ok(reply(StatusCode::OK, &TaskList { tasks, total: page.total, limit, offset }))
}

/// The task that the address names. Lists show those that were given through this API; who knows its id can read and wait
/// for every run, by whichever door it was asked.
async fn task(asked: &Asked) -> std::result::Result<Run, AreaError> {
    let unknown =
        || Error::not_found("task", asked.named(0).chars().filter(|c| !c.is_control()).take(64).collect::<String>());
    let Some(id) = ids::own(ids::TASK, asked.named(0)) else { return Err(unknown().into()) };
    match asked.engine().run(&asked.caller, &RunId::from_text(id)).await {
        Ok(run) => Ok(run),
        Err(error) if error.code == ErrorCode::NotFound => Err(unknown().into()),
        Err(error) => Err(error.into()),
    }
}

async fn read(asked: Asked) -> Answer {
    let run = task(&asked).await?;
    Ok(reply(StatusCode::OK, &told(&asked, &run, default_provider(&asked).await?.as_deref()).await?))
}

async fn cancel(asked: Asked) -> Answer {
    let run = task(&asked).await?;
    let over = |run: &Run| {
        let message = format!("task `{}{}` has ended already: it is {}", ids::TASK, run.id, run.status.word());
        Error::new(ErrorCode::Conflict, message)
    };
    if !run.status.is_active() {
        return Err(over(&run).into());
    }
    // Whoever listens before hears the end.
    let frames = asked.engine().subscribe(&asked.caller, &run.session, None).await?;
    asked.engine().cancel(&asked.caller, &run.session, Some(&run.id), "the task was cancelled").await?;
    let wait = asked.door.settings.limits.busy_wait;
    let ended = ended(frames, &run.id, wait).await?;
    let run = asked.engine().run(&asked.caller, &run.id).await?;
    if ended && run.status != RunStatus::Cancelled {
        return Err(over(&run).into());
    }
    let task = told(&asked, &run, default_provider(&asked).await?.as_deref()).await?;
    Ok(reply(StatusCode::OK, &CancelledTask { task_id: task.id.clone(), task }))
}

/// Waits for the end of a run, but not for ever.
async fn ended(mut frames: crate::engine::FrameStream, run: &RunId, wait: Duration) -> Result<bool> {
    let end = async {
        while let Some(frame) = frames.next().await {
            match frame? {
                Frame::Fact(event) if event.run.as_ref() == Some(run) && matches!(event.fact, Fact::RunFinished(_)) => {
                    return Ok(true);
                }
                _ => {}
            }
        }
        Ok(false)
    };
    tokio::time::timeout(wait, end).await.unwrap_or(Ok(false))
}
