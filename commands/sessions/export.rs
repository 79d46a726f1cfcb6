//! `ombud sessions export`

use std::path::Path;

use ombud::domain::{Error, Principal, Result, SessionId};
use ombud::engine::{Engine, export};
use ombud::pages::share_page;
use serde::Serialize;

use crate::answer_file::AnswerFile;
use crate::cli::{ExportForm, Format, SessionsExport};
use crate::naming;
use crate::output::Output;
use crate::program::Program;

/// Messages of one page.
const PAGE: usize = 200;

/// What was written. Its form is a contract: `docs/schemas/export.json`.
#[derive(Serialize)]
struct Document {
    session: SessionId,
    form: &'static str,
    file: String,
    events: u64,
    files: u64,
    blobs: u64,
}

pub async fn execute(program: &Program, args: &SessionsExport) -> Result<u8> {
    let path = args.output.as_deref().filter(|path| *path != Path::new("-"));
    if path.is_none() && program.format() != Format::Text {
        return Err(Error::invalid("standard output can hold the export or the result, not both")
            .hint("name a file by `--output`, or leave `--format` away"));
    }
    let house = program.open().await?;
    let caller = program.caller();
    let id = naming::session(&*house, &caller, &args.id).await?;
    let file = path.map(AnswerFile::begin).transpose()?;
    let out = file.as_ref().map_or(&program.context.out, |file| &file.out);
    let written = write(&*house, &caller, &id, args.to, out).await?;
    let Some((file, path)) = file.zip(path) else { return Ok(0) };
    file.keep()?;
    let form = match args.to {
        ExportForm::Native => "native",
        ExportForm::Markdown => "markdown",
        ExportForm::Html => "html",
    };
    let file = path.display().to_string();
    let export::Tail { events, files, blobs, .. } = written;
    match program.format() {
        Format::Text => program.context.out.write_line(&crate::render::harmless(&file))?,
        Format::Json | Format::Jsonl | Format::Tarko => {
            program.context.out.write_json(&Document { session: id, form, file, events, files, blobs })?;
        }
    }
    Ok(0)
}

async fn write(
    house: &dyn Engine,
    caller: &Principal,
    id: &SessionId,
    form: ExportForm,
    out: &Output,
) -> Result<export::Tail> {
    match form {
        ExportForm::Native => export::write(house, caller, id, &mut |line| out.write(line)).await,
        ExportForm::Html => {
            let shared = house.share(caller, id).await?;
            let events = shared.events.len() as u64;
            out.write(&share_page(&shared))?;
            Ok(export::Tail { events, agents: 0, files: 0, blobs: 0 })
        }
        ExportForm::Markdown => markdown(house, caller, id, out).await,
    }
}

/// Writes what was said. Pages come the newest first: where they begin is found out before, so that no more than one is in
/// memory.
async fn markdown(house: &dyn Engine, caller: &Principal, id: &SessionId, out: &Output) -> Result<export::Tail> {
    let summary = house.session(caller, id).await?.summary;
    let mut begins = vec![Some(summary.events + 1)];
    while let Some(Some(before)) = begins.last() {
        let page = house.messages(caller, id, Some(*before), PAGE).await?;
        match page.before {
            Some(before) => begins.push(Some(before)),
            None => break,
        }
    }
    let session = summary.session;
    let title = session.title.as_deref().unwrap_or(id.as_str()).replace(['\n', '\r'], " ");
    out.write(&format!("# {title}\n\nSession `{id}`, agent `{}`, {}\n", session.agent, session.created_at))?;
    for before in begins.into_iter().rev() {
        for shown in house.messages(caller, id, before, PAGE).await?.messages {
            out.write(&super::markdown::message(&shown))?;
        }
    }
    Ok(export::Tail { events: summary.events, agents: 0, files: 0, blobs: 0 })
}
