//! `ombud share`: one page of a session, for others: into a file, to standard output, or uploaded.

use std::path::{Path, PathBuf};

use ombud::dialects::tarko::{Progress, Publication, UPLOAD_TIME};
use ombud::domain::{Clock, Error, Result, SessionId};
use ombud::engine::{Engine, Removed, SharedSession};
use ombud::observe::SystemClock;
use ombud::pages::share_page;
use serde::Serialize;

use crate::answer_file::AnswerFile;
use crate::cli::{Format, ShareArguments};
use crate::program::Program;
use crate::render::{harmless, note};

/// What was shared, and where it is. Its form is a contract: `docs/schemas/share.json`.
#[derive(Serialize)]
struct Document {
    session: SessionId,
    /// The file that was written.
    file: Option<String>,
    /// Where the page was uploaded.
    url: Option<String>,
    events: usize,
    removed: Vec<Removed>,
}

pub async fn execute(program: &Program, args: &ShareArguments) -> Result<u8> {
    let to_stdout = args.output.as_deref() == Some(Path::new("-"));
    if to_stdout && program.format() != Format::Text {
        return Err(Error::invalid("standard output can hold the page or the result, not both")
            .hint("name a file by `--output`, or leave `--format` away"));
    }
    let house = program.open().await?;
    let id = crate::naming::session(&*house, &program.caller(), &args.id).await?;
    let shared = house.share(&program.caller(), &id).await?;
    let mut document = Document {
        session: id.clone(),
        file: None,
        url: None,
        events: shared.events.len(),
        removed: shared.removed.clone(),
    };
    match (&args.output, &program.settings().server.share_provider) {
        (Some(_), _) if to_stdout => program.context.out.write(&share_page(&shared))?,
        (None, Some(provider)) => document.url = Some(upload(program, &*house, provider, shared).await?),
        (path, _) => {
            let path = path.clone().unwrap_or_else(|| default_file(&id));
            write(&path, &share_page(&shared))?;
            document.file = Some(path.display().to_string());
        }
    }
    tell(program, &document, to_stdout)?;
    Ok(0)
}

/// A file for a session's page: a colon, which an id may hold, would be trouble in some file systems.
fn default_file(id: &SessionId) -> PathBuf {
    PathBuf::from(format!("ombud-share-{}.html", id.as_str().replace(':', "-")))
}

fn write(path: &Path, page: &str) -> Result<()> {
    let file = AnswerFile::begin(path)?;
    file.out.write(page)?;
    file.keep()
}

async fn upload(program: &Program, engine: &dyn Engine, provider: &str, shared: SharedSession) -> Result<String> {
    let line = &program.progress;
    line.message("uploading the page");
    let progress = |progress: Progress| match progress {
        Progress::Images { done, all } => line.message(&format!("uploading images: {done} of {all}")),
        Progress::Page { sent, all } => line.message(&format!("uploading the page: {sent} of {all} bytes")),
    };
    let publication = Publication {
        engine,
        caller: &program.caller(),
        provider,
        time: UPLOAD_TIME,
        now: SystemClock.now(),
        progress: &progress,
    };
    let published = publication.publish(shared, |shared| Ok(share_page(shared))).await;
    line.end();
    published.map_err(|error| {
        let error = Error::from(error);
        let hint =
            format!("{}; or write the page into a file by `--output FILE`", error.hint.as_deref().unwrap_or("try again"));
        error.hint(hint)
    })
}

fn tell(program: &Program, document: &Document, to_stdout: bool) -> Result<()> {
    let out = &program.context.out;
    match program.format() {
        Format::Json | Format::Jsonl | Format::Tarko => return out.write_json(document),
        Format::Text if to_stdout => {}
        Format::Text => {
            if let Some(place) = document.url.as_ref().or(document.file.as_ref()) {
                out.write_line(&harmless(place))?;
            }
        }
    }
    if !program.global.quiet {
        note(&format!("note: {}", removed_words(&document.removed)));
    }
    Ok(())
}

/// What was taken out, in words. What nobody would look for in a page is one number.
fn removed_words(removed: &[Removed]) -> String {
    let mut words = Vec::new();
    let mut fields = 0;
    for Removed { kind, count } in removed.iter().filter(|removed| removed.count > 0) {
        let (one, many) = match kind.as_str() {
            "secret" => ("secret of yours", "secrets of yours"),
            "pattern" => ("text that looks like a secret", "texts that look like secrets"),
            "path" => ("folder of this machine", "folders of this machine"),
            "reasoning" => ("sealed thought", "sealed thoughts"),
            "instructions" => ("instruction", "instructions"),
            "hidden" => ("message for the model only", "messages for the model only"),
            "unknown" => ("event of a newer version", "events of a newer version"),
            _ => {
                fields += count;
                continue;
            }
        };
        words.push(format!("{count} {}", if *count == 1 { one } else { many }));
    }
    if fields > 0 {
        words.push(format!("{fields} technical {}", if fields == 1 { "field" } else { "fields" }));
    }
    let told =
        if words.is_empty() { "nothing had to be removed".to_owned() } else { format!("removed: {}", words.join(", ")) };
    format!("{told}; look through the page before you give it away")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_removed_is_told_in_words() {
        let removed = |rows: &[(&str, u64)]| {
            let rows: Vec<_> =
                rows.iter().map(|(kind, count)| Removed { kind: (*kind).to_owned(), count: *count }).collect();
            removed_words(&rows)
        };
        let end = "; look through the page before you give it away";
        assert_eq!(removed(&[]), format!("nothing had to be removed{end}"));
        assert_eq!(
            removed(&[("secret", 2), ("pattern", 1), ("hidden", 0), ("pins", 3), ("field", 4)]),
            format!("removed: 2 secrets of yours, 1 text that looks like a secret, 7 technical fields{end}")
        );
    }

    #[test]
    fn the_default_file_is_one_word_in_the_current_folder() {
        let id = SessionId::parse("a:b.c").unwrap();
        assert_eq!(default_file(&id), PathBuf::from("ombud-share-a-b.c.html"));
    }
}
