//! `ombud sessions prune`, and what the settings have deleted by themselves.

use ombud::domain::{Error, Result};
use ombud::engine::{Engine, PruneRules, Pruned};

use crate::cli::{Format, SessionsPrune};
use crate::context::confirm;
use crate::program::Program;
use crate::render::result::minute;
use crate::render::{harmless, note};

pub async fn execute(program: &Program, args: &SessionsPrune) -> Result<u8> {
    if !args.yes && !args.dry_run && !program.context.manner.may_ask {
        return Err(Error::invalid("deleting is for good, and nobody can be asked here")
            .hint("say `--yes`, or `--dry-run` to see what would go"));
    }
    let house = program.open().await?;
    let caller = program.caller();
    let rules = PruneRules {
        older_than_seconds: args.older_than,
        keep: args.keep,
        max_bytes: args.max_bytes,
        labels: super::tags(&args.tags),
        dry_run: true,
    };
    let mut pruned = None;
    if args.dry_run || !args.yes {
        let would_be = house.keeping().prune(&caller, &rules).await?;
        if !args.dry_run && !would_be.sessions.is_empty() {
            let (count, bytes) = (would_be.sessions.len(), super::size(would_be.bytes));
            let what = if count == 1 { "1 session".to_owned() } else { format!("{count} sessions") };
            if !confirm(format!("Delete {what} ({bytes}), for good?"))? {
                return Ok(0);
            }
        }
        pruned = Some(would_be);
    }
    let pruned = match pruned {
        Some(pruned) if args.dry_run => pruned,
        _ => house.keeping().prune(&caller, &PruneRules { dry_run: false, ..rules }).await?,
    };
    tell(program, &pruned)?;
    Ok(0)
}

/// The form of the document is a contract: `docs/schemas/prune.json`.
fn tell(program: &Program, pruned: &Pruned) -> Result<()> {
    let out = &program.context.out;
    if program.format() != Format::Text {
        return out.write_json(pruned);
    }
    let done = if pruned.dry_run { "would delete" } else { "deleted" };
    for session in &pruned.sessions {
        let title = harmless(session.title.as_deref().unwrap_or("")).replace(['\n', '\t'], " ");
        let line = format!("{done} {}  {}  {}  {title}", session.id, minute(session.updated_at), super::size(session.bytes));
        out.write_line(line.trim_end())?;
    }
    let (gone, kept) = (pruned.sessions.len(), pruned.kept);
    let (bytes, kept_bytes) = (super::size(pruned.bytes), super::size(pruned.kept_bytes));
    let stay = if kept == 1 { "stays" } else { "stay" };
    out.write_line(&format!("{done} {gone} ({bytes}), {kept} {stay} ({kept_bytes})"))
}

/// Deletes what the settings say when it is time, after a command has answered. Without such settings nothing is even
/// looked at. What goes wrong is a note: the answer has been given.
pub async fn retain(program: &Program, house: &dyn Engine) {
    if program.server.is_some() || program.settings().retention.is_silent() {
        return;
    }
    match house.keeping().retain(&program.caller()).await {
        Ok(Some(pruned)) if !pruned.sessions.is_empty() && !program.global.quiet => {
            note(&format!("note: {} old sessions were deleted, as `retention` says", pruned.sessions.len()));
        }
        Ok(_) => {}
        Err(error) => note(&format!("note: old sessions could not be deleted: {}", error.message)),
    }
}
