//! Routes: jobs: one question, one answer, asked for later.
//!
//! A job is a run that waits for its turn, so it is done whatever happens to the server that took it, and its time is the
//! run's budget. What the house has no word for stands on a shelf, under the id of the job's channel.

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::super::channels::{self, NewChannel};
use super::super::directory::Directory;
use super::super::errors::ElizaError;
use super::super::fields::Fields;
use super::super::kept::{self, KeptChannel, KeptMessage};
use super::super::request::{Answer, Asked};
use super::super::{agents, ids};
use crate::domain::{Budget, ErrorCode, Lifetime, OnOrphan, Part, Pins, RunId, RunStatus, Timestamp};
use crate::engine::{Answering, Ask, Begin, Expected, OnBusy, Target};
use crate::http::{Route, Routes, json};

/// Longest question, in characters.
const SIGNS: usize = 50_000;
/// How long a job may take, in milliseconds: at least, unless told, at most.
const TIMEOUT: (u64, u64, u64) = (1_000, 30_000, 300_000);
/// Most jobs that are known at once; of those that have ended, the oldest go first.
const JOBS: usize = 1_000;
/// Jobs that go at once when there is no room.
const GOING: usize = 100;
/// How long what was said in a job is kept, in seconds.
const KEPT: u64 = 24 * 3_600;

/// The routes, in the order of the documentation.
pub fn routes() -> Routes {
    vec![
        Route::post("/api/messaging/jobs", create).about("Ask an agent, and fetch the answer later."),
        Route::get("/api/messaging/jobs", list)
            .query("limit", "Most jobs: 50 unless told, at most 1,000.", false)
            .query("status", "Only those that stand so.", false)
            .about("List the jobs, the newest first."),
        Route::get("/api/messaging/jobs/health", health).about("Tell how jobs go."),
        Route::get("/api/messaging/jobs/{job}", get).about("Tell a job, with its answer."),
    ]
}

/// A job as it stands on the shelf.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Job {
    #[serde(skip)]
    id: String,
    agent_id: String,
    user_id: String,
    prompt: String,
    created_at: i64,
    expires_at: i64,
    run: String,
    #[serde(default)]
    metadata: Map<String, Value>,
    /// How it ended, once somebody has looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    end: Option<End>,
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct End {
    status: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    result: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    took_ms: i64,
}

impl Job {
    fn status(&self) -> &str {
        self.end.as_ref().map_or("processing", |end| &end.status)
    }

    fn told(&self) -> Value {
        let mut told = json!({
            "jobId": self.id,
            "status": self.status(),
            "agentId": self.agent_id,
            "userId": self.user_id,
            "prompt": self.prompt,
            "createdAt": self.created_at,
            "expiresAt": self.expires_at,
            "metadata": self.metadata,
        });
        if let Some(result) = self.end.as_ref().and_then(|end| end.result.as_ref()) {
            told["result"] = result.clone();
        }
        if let Some(error) = self.end.as_ref().and_then(|end| end.error.as_ref()) {
            told["error"] = json!(error);
        }
        told
    }
}

fn shelf() -> crate::engine::ShelfPlace {
    agents::shelf("jobs")
}

async fn create(asked: Asked) -> Answer {
    let body = Fields(asked.body()?);
    let wrong = |message: &str| ElizaError::bad("BAD_REQUEST", message);
    let user_id = body.id("userId").ok_or_else(|| wrong("Invalid or missing userId"))?;
    let prompt = body.text("content").filter(|text| !text.trim().is_empty()).ok_or_else(|| wrong("Content is required"))?;
    if prompt.chars().count() > SIGNS {
        return Err(wrong(&format!("Content exceeds maximum length of {SIGNS} characters")));
    }
    let timeout = match body.get("timeoutMs") {
        None => TIMEOUT.1,
        Some(given) => given
            .as_u64()
            .filter(|millis| (TIMEOUT.0..=TIMEOUT.2).contains(millis))
            .ok_or_else(|| wrong(&format!("timeoutMs must be a number from {} to {}", TIMEOUT.0, TIMEOUT.2)))?,
    };
    let (engine, caller) = (asked.engine(), &asked.caller);
    let directory = Directory::read(engine, caller).await?;
    let found = match body.get("agentId") {
        Some(_) => {
            let id = body.id("agentId").ok_or_else(|| wrong("Invalid agentId format"))?;
            directory.by_id(&id).filter(|known| known.active)
        }
        None => directory.all().find(|known| known.active),
    };
    let agent = found.ok_or_else(|| ElizaError::not_found("Agent not found"))?;
    make_room(&asked).await?;
    let metadata = body.get("metadata").and_then(Value::as_object).cloned().unwrap_or_default();
    let new = NewChannel {
        name: format!("Job of {}", channels::short(&user_id)),
        kept: KeptChannel {
            server_id: ids::DEFAULT_SERVER.to_owned(),
            kind: "DM".to_owned(),
            metadata: Some(json!({ "type": "job" })),
            ..KeptChannel::default()
        },
        participants: vec![user_id.clone(), agent.id.clone()],
        lifetime: Some(Lifetime { sliding: true, ttl_seconds: KEPT, max_seconds: None }),
        ..NewChannel::default()
    };
    let channel = channels::create(engine, caller, &directory, new).await?;
    let kept = KeptMessage {
        source_type: Some("job".to_owned()),
        metadata: Some(Value::Object(metadata.clone())),
        ..KeptMessage::default()
    };
    let ask = Ask {
        target: Target::Existing(channel.session.id.clone()),
        input: vec![Part::text(prompt)],
        author: Some(directory.participant(&user_id, None)),
        message_attributes: kept::attributes(&kept),
        answering: Answering::One(agent.agent.clone()),
        on_busy: OnBusy::Queue,
        begin: Begin::InTurn,
        pins: Pins {
            on_orphan: OnOrphan::Resume,
            budget: Budget { timeout_seconds: Some(timeout.div_ceil(1_000)), ..Budget::default() },
            ..Pins::default()
        },
        ..Ask::default()
    };
    let taken = engine.ask(caller, ask).await?;
    let created_at = asked.door.clock.now().as_millis();
    let job = Job {
        id: channel.id().to_owned(),
        agent_id: agent.id.clone(),
        user_id,
        prompt: prompt.to_owned(),
        created_at,
        expires_at: created_at.saturating_add_unsigned(timeout),
        run: taken.run.as_ref().map(ToString::to_string).unwrap_or_default(),
        metadata,
        end: None,
    };
    let written = serde_json::to_value(&job).unwrap_or_default();
    engine.shelves().shelf_put(caller, &shelf(), &job.id, written, Expected::Anything).await?;
    let told = json!({
        "jobId": job.id, "status": "processing", "createdAt": job.created_at, "expiresAt": job.expires_at
    });
    Ok(json(StatusCode::CREATED, &told))
}

async fn all(asked: &Asked) -> Result<Vec<Job>, ElizaError> {
    let page = asked.engine().shelves().shelf_list(&asked.caller, &shelf(), None, JOBS).await?;
    let jobs = page
        .documents
        .into_iter()
        .filter_map(|document| Some(Job { id: document.id, ..serde_json::from_value(document.value).ok()? }));
    let mut jobs: Vec<Job> = jobs.collect();
    jobs.sort_by(|one, other| (other.created_at, &other.id).cmp(&(one.created_at, &one.id)));
    Ok(jobs)
}

/// Takes the oldest jobs away that have ended, when there are as many as may be.
///
/// # Errors
/// 503 when none has ended.
async fn make_room(asked: &Asked) -> Result<(), ElizaError> {
    let jobs = all(asked).await?;
    if jobs.len() < JOBS {
        return Ok(());
    }
    let mut gone = 0;
    for job in jobs.into_iter().rev() {
        if gone == GOING {
            break;
        }
        if looked_at(asked, job.clone()).await?.end.is_some() {
            asked.engine().shelves().shelf_remove(&asked.caller, &shelf(), &job.id).await?;
            gone += 1;
        }
    }
    if gone > 0 {
        return Ok(());
    }
    let message = format!("{JOBS} jobs are at work; try again later");
    Err(ElizaError::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", message))
}

/// A job as it stands now: how it ended is noted, so that nobody has to look again.
async fn looked_at(asked: &Asked, mut job: Job) -> Result<Job, ElizaError> {
    if job.end.is_some() {
        return Ok(job);
    }
    let (engine, caller) = (asked.engine(), &asked.caller);
    let run = RunId::from_text(&job.run);
    let ended = |status: &str, error: Option<String>, at: i64| End {
        status: status.to_owned(),
        result: None,
        error,
        took_ms: (at - job.created_at).max(0),
    };
    let now = asked.door.clock.now().as_millis();
    let known = match engine.run(caller, &run).await {
        Err(error) if error.code == ErrorCode::NotFound => None,
        known => Some(known?),
    };
    let end = match known {
        None => Some(ended("failed", Some("the job's channel was deleted".to_owned()), now)),
        Some(run) if run.status.is_active() => {
            if now < job.expires_at {
                return Ok(job);
            }
            // It may still wait for its turn.
            engine.cancel(caller, &run.session, Some(&run.id), "the time of the job is over").await?;
            Some(ended("timeout", Some("Job timed out".to_owned()), job.expires_at))
        }
        Some(run) => {
            let at = run.finished_at.map_or(now, Timestamp::as_millis);
            let finished = engine.run_end(caller, &run.id).await?;
            let is_timeout = run
                .error
                .as_ref()
                .is_some_and(|error| matches!(error.code, ErrorCode::TimedOut | ErrorCode::BudgetExhausted));
            Some(match run.status {
                RunStatus::Completed | RunStatus::Silent => {
                    let answer = finished.map(|finished| finished.answer).unwrap_or_default();
                    let id = run.message_id.as_ref().map_or_else(|| run.id.to_string(), ToString::to_string);
                    let message = json!({
                        "id": id, "content": answer, "authorId": job.agent_id, "createdAt": at, "metadata": {}
                    });
                    let took = (at - job.created_at).max(0);
                    let result = json!({ "message": message, "processingTimeMs": took });
                    End { result: Some(result), ..ended("completed", None, at) }
                }
                _ if is_timeout => ended("timeout", Some("Job timed out".to_owned()), at),
                _ => {
                    let error = run.error.as_ref().map_or("the agent was stopped", |error| error.message.as_str());
                    ended("failed", Some(error.to_owned()), at)
                }
            })
        }
    };
    job.end = end;
    let written = serde_json::to_value(&job).unwrap_or_default();
    // Who may only read is told it all the same.
    if let Err(error) = engine.shelves().shelf_put(caller, &shelf(), &job.id, written, Expected::Anything).await {
        tracing::debug!(%error, job = %job.id, "how a job ended cannot be noted");
    }
    Ok(job)
}

async fn get(asked: Asked) -> Answer {
    let id = asked.named(0).to_ascii_lowercase();
    let not_found = || ElizaError::new(StatusCode::NOT_FOUND, "NOT_FOUND", "Job not found");
    if !ids::is_id(&id) {
        return Err(ElizaError::bad_id("job"));
    }
    let found = asked.engine().shelves().shelf_get(&asked.caller, &shelf(), &id).await?.ok_or_else(not_found)?;
    let job: Job = serde_json::from_value(found.value).map_err(|_| not_found())?;
    Ok(json(StatusCode::OK, &looked_at(&asked, Job { id, ..job }).await?.told()))
}

async fn looked_at_all(asked: &Asked) -> Result<Vec<Job>, ElizaError> {
    let mut jobs = Vec::new();
    for job in all(asked).await? {
        jobs.push(looked_at(asked, job).await?);
    }
    Ok(jobs)
}

async fn list(asked: Asked) -> Answer {
    let limit = asked.query("limit").and_then(|text| text.parse().ok()).unwrap_or(50).min(JOBS);
    let status = asked.query("status");
    let jobs = looked_at_all(&asked).await?;
    let total = jobs.len();
    let fits = |job: &&Job| status.as_ref().is_none_or(|status| job.status() == status);
    let told: Vec<Value> = jobs.iter().filter(fits).take(limit).map(Job::told).collect();
    Ok(json(StatusCode::OK, &json!({ "jobs": told, "total": total, "filtered": told.len() })))
}

async fn health(asked: Asked) -> Answer {
    let jobs = looked_at_all(&asked).await?;
    let count = |status: &str| jobs.iter().filter(|job| job.status() == status).count();
    let statuses = ["pending", "processing", "completed", "failed", "timeout"];
    let counts: Map<String, Value> = statuses.iter().map(|status| ((*status).to_owned(), json!(count(status)))).collect();
    let ended = (jobs.len() - count("processing")).max(1) as f64;
    let completed = || jobs.iter().filter(|job| job.status() == "completed").filter_map(|job| job.end.as_ref());
    let took: i64 = completed().map(|end| end.took_ms).sum();
    let rate = |status: &str| count(status) as f64 / ended;
    let told = json!({
        "healthy": true,
        "timestamp": asked.door.clock.now().as_millis(),
        "totalJobs": jobs.len(),
        "statusCounts": counts,
        "metrics": {
            "averageProcessingTimeMs": took as f64 / completed().count().max(1) as f64,
            "successRate": rate("completed"), "failureRate": rate("failed"), "timeoutRate": rate("timeout"),
        },
        "maxJobs": JOBS,
    });
    Ok(json(StatusCode::OK, &told))
}
