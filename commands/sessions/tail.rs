//! `ombud sessions tail`: what happens in a session, as it happens, whoever brings it about.

use futures_util::StreamExt;
use ombud::dialects::tarko::encode;
use ombud::domain::{AuthorKind, Cursor, Delta, Error, Fact, Frame, Part, Result};

use crate::cli::{Format, SessionsTail};
use crate::naming;
use crate::output::Output;
use crate::program::Program;
use crate::render::harmless;
use crate::signals::Signals;

pub async fn execute(program: &Program, args: &SessionsTail) -> Result<u8> {
    let house = program.open().await?;
    let caller = program.caller();
    let id = naming::session(&*house, &caller, &args.id).await?;
    let summary = house.session(&caller, &id).await?.summary;
    let incarnation = summary.session.incarnation;
    let after = match &args.after {
        Some(text) => super::cursor(text, incarnation)?,
        None => Cursor::after(incarnation, summary.events),
    };
    let mut signals = Signals::catch().map_err(|error| Error::internal(format!("signals cannot be caught: {error}")))?;
    let mut frames = house.subscribe(&caller, &id, Some(after)).await?;
    let out = &program.context.out;
    loop {
        tokio::select! {
            frame = frames.next() => {
                let Some(frame) = frame.transpose()? else { return Ok(0) };
                match program.format() {
                    Format::Text => text(out, &frame)?,
                    Format::Json | Format::Jsonl => out.write_json(&frame)?,
                    Format::Tarko => {
                        for event in encode(&frame, incarnation) {
                            out.write_json(&event)?;
                        }
                    }
                }
                if out.is_closed() {
                    return Ok(0);
                }
            }
            // Leaving is how tail ends: that is no failure.
            _ = signals.next() => return Ok(0),
        }
    }
}

fn text(out: &Output, frame: &Frame) -> Result<()> {
    let event = match frame {
        Frame::Fact(event) => event,
        Frame::Delta(live) => {
            return match &live.delta {
                Delta::Grew { text, .. } => out.write(&harmless(text)),
                Delta::Closed { .. } => out.write_line(""),
                Delta::Opened { part, .. } => match part {
                    ombud::domain::PartStart::ToolCall { name, .. } => out.write(&format!("[{}] ", harmless(name))),
                    ombud::domain::PartStart::Text | ombud::domain::PartStart::Reasoning => Ok(()),
                },
            };
        }
    };
    let said = match &event.fact {
        Fact::MessagePosted(posted) => {
            let who = match posted.message.author.kind {
                AuthorKind::Person | AuthorKind::Agent => &posted.message.author.name,
                AuthorKind::Environment => "environment",
            };
            Some(format!("── {}: {}", harmless(who), harmless(&Part::texts(&posted.message.parts))))
        }
        Fact::ToolReturned(returned) => {
            let shown: String =
                returned.returned.output_text().lines().next().unwrap_or_default().chars().take(120).collect();
            Some(format!("   {} -> {}", returned.returned.name, harmless(&shown)))
        }
        Fact::RunStarted(started) => Some(format!("── {} ({})", harmless(&started.agent), started.model)),
        Fact::RunFinished(finished) => {
            let why = finished.error.as_ref().map(|error| format!(": {}", harmless(&error.message))).unwrap_or_default();
            Some(format!("── {}{why}", finished.outcome.status().word()))
        }
        Fact::RunCancelRequested(request) => Some(format!("── cancelling: {}", harmless(&request.reason))),
        Fact::SessionCleared(_) => Some("── cleared".to_owned()),
        Fact::SessionRewound(_) => Some("── rewound".to_owned()),
        Fact::SessionDeleted(_) => Some("── deleted".to_owned()),
        _ => None,
    };
    said.map_or(Ok(()), |said| out.write_line(&said))
}
