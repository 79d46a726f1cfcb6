//! `ombud sessions show`

use ombud::domain::{
    AuthorKind, Error, Finish, ModelChoice, Part, Result, ReturnStatus, RunId, Timestamp, ToolReturn, Usage,
};
use ombud::engine::{Shown, ShownSummary};
use serde::Serialize;

use super::list::{Line, status_word};
use crate::cli::{Format, SessionsShow};
use crate::naming;
use crate::output::Output;
use crate::program::Program;
use crate::render::harmless;
use crate::render::result::minute;

/// A message as it is printed. Its form is a contract: `docs/schemas/show.json`.
#[derive(Debug, Serialize)]
pub struct MessageLine {
    seq: u64,
    id: String,
    author: ombud::domain::Author,
    at: Timestamp,
    run: Option<RunId>,
    parts: Vec<Part>,
    returns: Vec<ToolReturn>,
    finish: Option<Finish>,
    model: Option<ModelChoice>,
    usage: Option<Usage>,
}

#[derive(Serialize)]
struct Document {
    #[serde(flatten)]
    session: Line,
    messages: Vec<MessageLine>,
    before: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    summaries: Vec<ShownSummary>,
}

impl From<Shown> for MessageLine {
    fn from(shown: Shown) -> Self {
        let Shown { message, seq, run, finish, usage, model, returns } = shown;
        Self {
            seq,
            id: message.id.to_string(),
            author: message.author,
            at: message.at,
            run,
            parts: message.parts,
            returns,
            finish,
            model,
            usage,
        }
    }
}

pub async fn execute(program: &Program, args: &SessionsShow) -> Result<u8> {
    let house = program.open().await?;
    let caller = program.caller();
    let id = naming::session_or_chosen(program, &*house, args.id.as_ref()).await?;
    let item = house.session(&caller, &id).await?;
    let page = house.messages(&caller, &id, before(args)?, args.limit as usize).await?;
    let status = item.status;
    let messages: Vec<_> = page.messages.into_iter().map(MessageLine::from).collect();
    let document = Document { session: item.into(), messages, before: page.before, summaries: page.summaries };
    let out = &program.context.out;
    match program.format() {
        Format::Json => out.write_json(&document)?,
        Format::Jsonl | Format::Tarko => {
            for message in &document.messages {
                out.write_json(message)?;
            }
        }
        Format::Text => {
            out.write_line(&format!("session {id} ({})", status_word(status)))?;
            if let Some(before) = document.before {
                out.write_line(&format!("(earlier messages: `--before {before}`)"))?;
            }
            let mut summaries = document.summaries.iter().peekable();
            for message in &document.messages {
                while let Some(summary) = summaries.next_if(|summary| summary.seq < message.seq) {
                    write_summary(out, summary)?;
                }
                write_message(out, message)?;
            }
            summaries.try_for_each(|summary| write_summary(out, summary))?;
        }
    }
    Ok(0)
}

/// Where an earlier page ended: the number of a message.
fn before(args: &SessionsShow) -> Result<Option<u64>> {
    let read = |text: &String| {
        text.parse().map_err(|_| {
            Error::invalid(format!("`{text}` is not where a page ended")).hint("pass on `before` as it was shown")
        })
    };
    args.before.as_ref().map(read).transpose()
}

/// Writes what a model is shown in the place of the messages before.
fn write_summary(out: &Output, summary: &ShownSummary) -> Result<()> {
    out.write_line("")?;
    out.write_line(&format!("── {} (summary), {}", harmless(&summary.compacted.agent), minute(summary.at)))?;
    out.write_line(&format!("[{}]", summary.compacted.told()))?;
    out.write_line(harmless(&summary.compacted.summary).trim_end())
}

/// Writes a message for people.
pub fn write_message(out: &Output, message: &MessageLine) -> Result<()> {
    let kind = match message.author.kind {
        AuthorKind::Person => "",
        AuthorKind::Agent => " (agent)",
        AuthorKind::Environment => " (environment)",
    };
    out.write_line("")?;
    out.write_line(&format!("── {}{kind}, {}", harmless(&message.author.name), minute(message.at)))?;
    for part in &message.parts {
        match part {
            Part::Text(text) => out.write_line(harmless(&text.text).trim_end())?,
            Part::Reasoning(reasoning) if !reasoning.text.is_empty() => {
                out.write_line(&format!("[thought] {}", harmless(reasoning.text.trim_end())))?;
            }
            Part::Reasoning(_) => {}
            Part::File(file) => {
                let name = file.name.as_deref().unwrap_or("without a name");
                out.write_line(&format!("[file {}, {}, {} bytes]", harmless(name), harmless(&file.media_type), file.size))?;
            }
            Part::ToolCall(call) => {
                let returned = message.returns.iter().find(|returned| returned.id == call.id);
                let end = returned.map_or("no answer", |returned| match returned.status {
                    ReturnStatus::Ok => "ok",
                    ReturnStatus::Failed => "failed",
                    ReturnStatus::Denied => "denied",
                    ReturnStatus::Cancelled => "cancelled",
                });
                let arguments = harmless(&call.arguments.to_string());
                out.write_line(&format!("[tool {} {arguments}: {end}]", harmless(&call.name)))?;
            }
        }
    }
    if matches!(message.finish, Some(Finish::Cut | Finish::Cancelled)) {
        out.write_line("[broken off]")?;
    }
    Ok(())
}
