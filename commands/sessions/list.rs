//! `ombud sessions list`

use ombud::domain::{ModelChoice, Result, SessionId, SessionStatus, Timestamp};
use ombud::engine::{SessionFilter, SessionItem};
use serde::Serialize;

use super::size;
use crate::cli::{Format, SessionsList, StatusFilter};
use crate::program::Program;
use crate::render::harmless;
use crate::render::result::minute;

/// One session as it is printed. Its form is a contract: `docs/schemas/sessions.json`.
#[derive(Debug, Serialize)]
pub struct Line {
    id: SessionId,
    title: Option<String>,
    tags: Vec<String>,
    agent: String,
    model: Option<ModelChoice>,
    created_at: Timestamp,
    updated_at: Timestamp,
    status: SessionStatus,
    runs: u64,
    events: u64,
    bytes: u64,
    input_tokens: u64,
    output_tokens: u64,
    cost_usd: Option<f64>,
    workspace: Option<String>,
}

#[derive(Serialize)]
struct Page {
    sessions: Vec<Line>,
    next: Option<String>,
}

impl From<SessionItem> for Line {
    fn from(item: SessionItem) -> Self {
        let SessionItem { summary, status } = item;
        let session = summary.session;
        Self {
            tags: session.labels.tags().map(str::to_owned).collect(),
            id: session.id,
            title: session.title,
            agent: session.agent,
            model: session.model,
            created_at: session.created_at,
            updated_at: session.updated_at,
            status,
            runs: summary.runs,
            events: summary.events,
            bytes: summary.bytes,
            input_tokens: summary.usage.input_tokens,
            output_tokens: summary.usage.output_tokens,
            cost_usd: summary.usage.cost_usd,
            workspace: session.workspace,
        }
    }
}

fn wanted(status: StatusFilter) -> SessionStatus {
    match status {
        StatusFilter::Idle => SessionStatus::Idle,
        StatusFilter::Running => SessionStatus::Running,
        StatusFilter::Waiting => SessionStatus::Waiting,
        StatusFilter::Interrupted => SessionStatus::Interrupted,
        StatusFilter::Expired => SessionStatus::Expired,
    }
}

/// The word for what a session is doing.
pub fn status_word(status: SessionStatus) -> &'static str {
    match status {
        SessionStatus::Idle => "idle",
        SessionStatus::Running => "running",
        SessionStatus::Waiting => "waiting",
        SessionStatus::Interrupted => "interrupted",
        SessionStatus::Expired => "expired",
    }
}

pub async fn execute(program: &Program, args: &SessionsList) -> Result<u8> {
    let house = program.open().await?;
    let filter = SessionFilter {
        labels: args.tags.iter().map(|tag| (ombud::domain::Labels::TAG.to_owned(), tag.clone())).collect(),
        agent: program.global.agent.clone(),
        participant: None,
        status: args.status.map(wanted),
        text: None,
        prefix: None,
        after: args.after.clone(),
        limit: args.limit as usize,
    };
    let page = house.sessions(&program.caller(), &filter).await?;
    let page = Page { sessions: page.sessions.into_iter().map(Line::from).collect(), next: page.next };
    let out = &program.context.out;
    match program.format() {
        Format::Json => out.write_json(&page)?,
        Format::Jsonl | Format::Tarko => {
            for line in &page.sessions {
                out.write_json(line)?;
            }
        }
        Format::Text => {
            let rows: Vec<_> = page.sessions.iter().map(row).collect();
            let width = rows.iter().map(|row| row[0].chars().count()).max().unwrap_or(0);
            for [id, when, status, size, rest] in &rows {
                out.write_line(&format!("{id:width$}  {when}  {status:11}  {size:>10}  {rest}"))?;
            }
            if let Some(next) = &page.next {
                crate::render::note(&format!("note: there are more; go on with `--after {next}`"));
            } else if rows.is_empty() {
                crate::render::note("note: there are no sessions here; `ombud oneshot \"…\"` makes one");
            }
        }
    }
    Ok(0)
}

fn row(line: &Line) -> [String; 5] {
    let mut rest = harmless(line.title.as_deref().unwrap_or("")).replace(['\n', '\t'], " ");
    for tag in &line.tags {
        rest.push_str(&format!(" #{}", harmless(tag).replace(['\n', '\t'], " ")));
    }
    [line.id.to_string(), minute(line.updated_at), status_word(line.status).to_owned(), size(line.bytes), rest]
}
