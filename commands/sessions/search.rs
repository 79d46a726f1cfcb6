//! `ombud sessions search`

use ombud::domain::{Author, MessageId, Result, SessionId, Timestamp};
use ombud::engine::{SearchHit, SessionSearch};
use serde::Serialize;

use crate::cli::{Format, SessionsSearch};
use crate::program::Program;
use crate::render::result::minute;
use crate::render::{harmless, note};

/// A hit as it is printed. Its form is a contract: `docs/schemas/search.json`.
#[derive(Serialize)]
struct Line {
    session: SessionId,
    title: Option<String>,
    agent: String,
    message: Option<MessageId>,
    seq: u64,
    author: Option<Author>,
    at: Timestamp,
    /// With the words that were found between `**` and `**`.
    snippet: String,
}

#[derive(Serialize)]
struct Document {
    hits: Vec<Line>,
    next: Option<String>,
    complete: bool,
}

impl From<SearchHit> for Line {
    fn from(hit: SearchHit) -> Self {
        let snippet = marked(&hit);
        let SearchHit { session, title, agent, message, seq, author, at, .. } = hit;
        Self { session, title, agent, message, seq, author, at, snippet }
    }
}

pub async fn execute(program: &Program, args: &SessionsSearch) -> Result<u8> {
    let house = program.open().await?;
    let search = SessionSearch {
        query: args.query.join(" "),
        agent: program.global.agent.clone(),
        labels: super::tags(&args.tags),
        since: args.since.map(super::moment),
        after: args.after.clone(),
        limit: args.limit as usize,
    };
    let page = house.keeping().search(&program.caller(), &search).await?;
    let hits: Vec<Line> = page.hits.into_iter().map(Line::from).collect();
    let document = Document { hits, next: page.next, complete: !page.is_cut };
    let out = &program.context.out;
    match program.format() {
        Format::Json => out.write_json(&document)?,
        Format::Jsonl | Format::Tarko => {
            for line in &document.hits {
                out.write_json(line)?;
            }
        }
        Format::Text => {
            let mut last = None;
            for line in &document.hits {
                // Hits of one session stand together.
                if last.replace(&line.session) != Some(&line.session) {
                    let title = line.title.as_deref().unwrap_or("").replace(['\n', '\t'], " ");
                    out.write_line(format!("{}  {}", line.session, harmless(&title)).trim_end())?;
                }
                let who = line.author.as_ref().map_or("title", |author| author.name.as_str());
                let message = line.message.as_ref().map(|message| format!("  ({message})")).unwrap_or_default();
                let (at, said) = (minute(line.at), harmless(&line.snippet));
                out.write_line(&format!("    {at}  {}: {said}{message}", harmless(who)))?;
            }
            if let Some(next) = &document.next {
                note(&format!("note: there is more; go on with `--after {next}`"));
            } else if document.hits.is_empty() {
                note("note: nothing was found");
            }
        }
    }
    if !document.complete && document.next.is_none() {
        note("note: not all sessions were looked through; narrow it with `--since`, `--tag` or `--agent`");
    }
    Ok(0)
}

fn marked(hit: &SearchHit) -> String {
    let mut text = String::new();
    let mut at = 0;
    for (from, to) in &hit.marks {
        let pieces = (hit.snippet.get(at..*from), hit.snippet.get(*from..*to));
        if let (Some(before), Some(mark)) = pieces {
            text.push_str(before);
            text.push_str(&format!("**{mark}**"));
            at = *to;
        }
    }
    text.push_str(hit.snippet.get(at..).unwrap_or_default());
    text
}
