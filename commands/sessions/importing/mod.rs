//! `ombud sessions import`: our own exports, and transcripts of others. Which of them a file is, its first lines tell.

mod claude_code;
mod codex;
mod transcript;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream;
use ombud::domain::{Error, ErrorCode, Labels, Result, RunId, SessionId};
use ombud::engine::{Engine, FileBytes, ImportedSession, NewSession};
use serde::Serialize;
use serde_json::Value;

use self::transcript::{Lines, Transcript};
use crate::cli::{Format, SessionsImport};
use crate::program::Program;
use crate::render::{harmless, note};

/// Bytes that are looked at to tell what a file is.
const LOOKED_AT: usize = 4 << 20;
/// Lines that are.
const LINES: usize = 50;
/// Bytes that are read at once.
const PIECE: usize = 256 << 10;
/// Most bytes of a transcript, which is read whole.
const TRANSCRIPT: u64 = 256 << 20;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Form {
    Native,
    ClaudeCode,
    Codex,
}

/// What was imported. Its form is a contract: `docs/schemas/import.json`.
#[derive(Serialize)]
struct Document {
    session: SessionId,
    form: Form,
    events: u64,
    messages: Option<u64>,
    files: u64,
    blobs: u64,
    closed: Vec<RunId>,
    new_ids: bool,
    /// Lines, or parts of them, that were not taken over, by their kind.
    passed_over: BTreeMap<String, u64>,
}

pub async fn execute(program: &Program, args: &SessionsImport) -> Result<u8> {
    let shown = args.file.display().to_string();
    let wrong = |error: io::Error| crate::attachments::unread(&harmless(&shown), &error);
    let mut from: Box<dyn Read + Send> = if args.file == Path::new("-") {
        Box::new(io::stdin())
    } else {
        let file = File::open(&args.file).map_err(wrong)?;
        if file.metadata().is_ok_and(|file| file.is_dir()) {
            return Err(Error::invalid(format!("`{}` is a folder", harmless(&shown))).hint("name one file of it"));
        }
        Box::new(file)
    };
    let mut begin = Vec::new();
    from.by_ref().take(LOOKED_AT as u64).read_to_end(&mut begin).map_err(wrong)?;
    let form = form_of(&begin).ok_or_else(|| {
        let message = format!("`{}` is no export of a session, and no transcript that is known", harmless(&shown));
        Error::invalid(message)
            .hint("`sessions export` writes one; transcripts of Claude Code and Codex are read as they lie in their folders")
    })?;
    let house = program.open().await?;
    let document = match form {
        Form::Native if !args.tags.is_empty() => {
            return Err(Error::invalid("an export keeps the tags that it has")
                .hint("import it, then put others on it by `sessions update --tag`"));
        }
        Form::Native => native(program, &*house, args.id.as_ref(), pieces(begin, from)).await?,
        Form::ClaudeCode | Form::Codex => {
            let mut text = begin;
            from.take(TRANSCRIPT + 1 - text.len() as u64).read_to_end(&mut text).map_err(wrong)?;
            if text.len() as u64 > TRANSCRIPT {
                let message = format!("`{}` has more than {TRANSCRIPT} bytes", harmless(&shown));
                return Err(Error::new(ErrorCode::TooLarge, message));
            }
            let agent = program.global.agent.clone().unwrap_or_else(|| program.settings().agent.clone());
            let lines = Lines::of(&text);
            let read = if form == Form::Codex { codex::read(lines, &agent) } else { claude_code::read(lines, &agent) };
            of_others(program, &*house, args, (form, read)).await?
        }
    };
    tell(program, &document)?;
    Ok(0)
}

/// What a file is, by its first lines.
fn form_of(begin: &[u8]) -> Option<Form> {
    for (at, line) in begin.split(|byte| *byte == b'\n').take(LINES).enumerate() {
        let Ok(Value::Object(line)) = serde_json::from_slice::<Value>(line) else { continue };
        let has = |key: &str| line.contains_key(key);
        let kind = line.get("type").and_then(Value::as_str).unwrap_or_default();
        if at == 0 && has("ombud_session") {
            return Some(Form::Native);
        }
        let is_codex = has("payload") && codex::KINDS.contains(&kind)
            || at == 0 && has("id") && has("timestamp") && has("instructions") && !has("type");
        if is_codex {
            return Some(Form::Codex);
        }
        let is_said = matches!(kind, "user" | "assistant") && has("message");
        if is_said && (has("uuid") || has("sessionId")) || kind == "summary" && has("leafUuid") {
            return Some(Form::ClaudeCode);
        }
    }
    None
}

/// The bytes of a file, piece by piece: first those that were read already.
fn pieces(begin: Vec<u8>, from: Box<dyn Read + Send>) -> FileBytes {
    let rest = stream::try_unfold(from, |mut from| async move {
        let read = tokio::task::spawn_blocking(move || {
            let mut piece = vec![0; PIECE];
            let count =
                from.read(&mut piece).map_err(|error| Error::invalid(format!("the file cannot be read: {error}")))?;
            piece.truncate(count);
            Ok::<_, Error>((piece, from))
        });
        let read = read.await.map_err(|error| Error::internal(format!("reading ended early: {error}")))?;
        let (piece, from) = read?;
        Ok(if piece.is_empty() { None } else { Some((Bytes::from(piece), from)) })
    });
    stream::iter([Ok(Bytes::from(begin))]).chain(rest).boxed()
}

async fn native(program: &Program, house: &dyn Engine, id: Option<&SessionId>, lines: FileBytes) -> Result<Document> {
    let imported = house.keeping().import_log(&program.caller(), id, lines).await?;
    if imported.revived {
        note("note: the session's time was over: it has no lifetime any more");
    }
    if let Some(agent) = &imported.made_agent {
        note(&format!("note: agent `{}` was not known here, and was made as the session had it", harmless(agent)));
    }
    Ok(Document {
        session: imported.session.id,
        form: Form::Native,
        events: imported.events,
        messages: None,
        files: imported.files,
        blobs: imported.blobs,
        closed: imported.closed,
        new_ids: imported.new_ids,
        passed_over: BTreeMap::new(),
    })
}

async fn of_others(
    program: &Program,
    house: &dyn Engine,
    args: &SessionsImport,
    (form, read): (Form, Transcript),
) -> Result<Document> {
    if read.messages.is_empty() {
        return Err(Error::invalid("the transcript holds no message"));
    }
    let caller = program.caller();
    let own = read.id.as_deref().and_then(|id| SessionId::parse(id).ok());
    let id = args.id.clone().or(own);
    if let Some(id) = &id {
        match house.session(&caller, id).await {
            Ok(_) => {
                return Err(
                    Error::new(ErrorCode::Conflict, format!("session `{id}` exists")).hint("choose another id with `--id`")
                );
            }
            Err(error) if error.code == ErrorCode::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    let is_here = |folder: &String| program.server.is_none() && Path::new(folder).is_dir();
    let session = NewSession {
        id,
        title: Some(read.title()),
        labels: Labels::from_tags(args.tags.iter().cloned()),
        agent: program.global.agent.clone(),
        workspace: read.workspace.clone().filter(is_here),
        ..NewSession::default()
    };
    let count = read.messages.len() as u64;
    let session = house.import(&caller, ImportedSession { session, messages: read.messages }).await?;
    let events = house.session(&caller, &session.id).await?.summary.events;
    let (messages, passed_over) = (Some(count), read.passed_over);
    let (files, blobs, closed, new_ids) = (0, 0, Vec::new(), false);
    Ok(Document { session: session.id, form, events, messages, files, blobs, closed, new_ids, passed_over })
}

fn tell(program: &Program, document: &Document) -> Result<()> {
    let out = &program.context.out;
    if program.format() != Format::Text {
        return out.write_json(document);
    }
    out.write_line(document.session.as_str())?;
    if program.global.quiet {
        return Ok(());
    }
    let what = match document.form {
        Form::Native => format!("{} events, {} files", document.events, document.files),
        Form::ClaudeCode => format!("{} messages of a transcript of Claude Code", document.messages.unwrap_or_default()),
        Form::Codex => format!("{} messages of a transcript of Codex", document.messages.unwrap_or_default()),
    };
    note(&format!("note: imported {what}"));
    if document.new_ids {
        note("note: the session has another id than it had, and its runs too");
    }
    if !document.closed.is_empty() {
        note(&format!("note: {} runs that had not ended were closed", document.closed.len()));
    }
    if !document.passed_over.is_empty() {
        let kinds: Vec<String> = document.passed_over.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        note(&format!("note: passed over: {}", harmless(&kinds.join(", "))));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_its_content() {
        for (begin, form) in [
            (r#"{"ombud_session":1,"session":"s","events":1}"#, Some(Form::Native)),
            (r#"{"type":"session_meta","timestamp":"t","payload":{"id":"x"}}"#, Some(Form::Codex)),
            (r#"{"id":"x","timestamp":"t","instructions":null}"#, Some(Form::Codex)),
            (
                "{\"type\":\"file-history-snapshot\"}\n{\"type\":\"user\",\"uuid\":\"u\",\"message\":{}}",
                Some(Form::ClaudeCode),
            ),
            (r#"{"type":"summary","summary":"s","leafUuid":"u"}"#, Some(Form::ClaudeCode)),
            (r#"{"type":"user","message":{}}"#, None),
            ("", None),
            ("words", None),
            ("[1]", None),
        ] {
            assert_eq!(form_of(begin.as_bytes()), form, "{begin}");
        }
    }
}
