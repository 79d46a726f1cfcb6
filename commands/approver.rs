//! Asks the person at the terminal before a tool that needs permission is called.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use dialoguer::console::{Key, Term, measure_text_width};
use ombud::engine::{Approver, Decision, Question};
use rustix::termios::{QueueSelector, tcflush};

use crate::render::progress::Progress;
use crate::render::{harmless, note};

/// Asks on the terminal; remembers what was allowed until the program ends.
pub struct TerminalApprover {
    progress: Arc<Progress>,
    always: Mutex<HashSet<String>>,
    /// One question at a time.
    asking: Arc<tokio::sync::Mutex<()>>,
}

impl TerminalApprover {
    /// Nothing was allowed yet.
    pub fn new(progress: Arc<Progress>) -> Self {
        Self { progress, always: Mutex::default(), asking: Arc::default() }
    }
}

/// How long a question that Ctrl-C ended waits for its run to be cancelled.
const GRACE: Duration = Duration::from_secs(2);
/// How often an answer that is not understood is asked for again.
const TRIES: usize = 5;
/// Most characters of an answer.
const LONGEST: usize = 40;

/// What a run is told that a person has refused.
pub const SAID_NO: &str = "the person at the terminal said no";

/// What the person says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Choice {
    Once,
    Always,
    No,
}

impl Choice {
    /// What a typed line means; nothing is guessed, for a line may have been meant for something else.
    fn of(line: &str) -> Option<Self> {
        match line.trim().to_lowercase().as_str() {
            "y" | "yes" => Some(Self::Once),
            "a" | "always" => Some(Self::Always),
            "n" | "no" | "" => Some(Self::No),
            _ => None,
        }
    }
}

#[async_trait]
impl Approver for TerminalApprover {
    async fn decide(&self, question: &Question) -> Decision {
        let one = Arc::clone(&self.asking).lock_owned().await;
        let tool = question.call.name.clone();
        if self.always.lock().unwrap_or_else(PoisonError::into_inner).contains(&tool) {
            return Decision::Allow;
        }
        self.progress.hold();
        note(&wanted(question));
        if let Some(change) = change(&question.call.arguments) {
            note(&change);
        }
        let prompt = format!("Allow {}? [y]es, once; [a]lways, this tool; [n]o: ", harmless(&tool));
        // Whoever asked may stop waiting for the answer, but the terminal is not free before somebody has answered.
        let progress = Arc::clone(&self.progress);
        let chosen = tokio::task::spawn_blocking(move || {
            let chosen = ask(&Term::stderr(), &prompt);
            progress.release();
            drop(one);
            chosen
        });
        let chosen = chosen.await;
        match chosen {
            Ok(Ok(Choice::Once)) => Decision::Allow,
            Ok(Ok(Choice::Always)) => {
                self.always.lock().unwrap_or_else(PoisonError::into_inner).insert(tool);
                Decision::Allow
            }
            Ok(Ok(Choice::No)) => Decision::Deny(SAID_NO.to_owned()),
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::Interrupted => {
                // Ctrl-C has asked the run to end, which ends this wait: the model must not get an answer before that.
                tokio::time::sleep(GRACE).await;
                Decision::Deny("the person at the terminal pressed Ctrl-C".to_owned())
            }
            Ok(Err(_)) | Err(_) => Decision::Deny("the question could not be asked".to_owned()),
        }
    }
}

/// Asks until there is an answer. It takes a whole line: a single key may have been meant for the next prompt.
fn ask(terminal: &Term, prompt: &str) -> std::io::Result<Choice> {
    // What was typed before the question is no answer to it.
    let _ = tcflush(std::io::stdin(), QueueSelector::IFlush);
    for _ in 0..TRIES {
        terminal.write_str(prompt)?;
        let line = typed(terminal);
        // Whatever comes next, also after Ctrl-C, begins on a line of its own.
        terminal.write_line("")?;
        if let Some(choice) = Choice::of(&line?) {
            return Ok(choice);
        }
        terminal.write_line("type y, a or n, and then Enter")?;
    }
    Ok(Choice::No)
}

/// A line as it is typed; Escape is a no.
fn typed(terminal: &Term) -> std::io::Result<String> {
    let mut line = String::new();
    loop {
        match terminal.read_key()? {
            Key::Enter => break,
            Key::Escape => {
                line.clear();
                break;
            }
            Key::Backspace => {
                if let Some(sign) = line.pop() {
                    terminal.clear_chars(measure_text_width(sign.encode_utf8(&mut [0; 4])))?;
                }
            }
            Key::Char(sign) if !sign.is_control() && line.chars().count() < LONGEST => {
                line.push(sign);
                terminal.write_str(sign.encode_utf8(&mut [0; 4]))?;
            }
            _ => {}
        }
    }
    Ok(line)
}

/// What the agent wants, in one sentence; further lines of a command are set off, so that none can pass for ours.
fn wanted(question: &Question) -> String {
    let arguments = &question.call.arguments;
    let does = match () {
        () if arguments.get("command").is_some() => "run",
        () if arguments.get("url").is_some() => "fetch",
        () if change(arguments).is_some() => "change",
        () => "work on",
    };
    format!("{} wants to {does}: {}", harmless(&question.call.name), harmless(&question.subject).replace('\n', "\n  "))
}

/// What a call would write, shortened.
fn change(arguments: &serde_json::Value) -> Option<String> {
    let shown = |(name, mark): &(&str, &str)| Some(shortened(arguments.get(*name)?.as_str()?, mark));
    // The lines of a patch have their marks.
    let written = [("old_text", "- "), ("new_text", "+ "), ("content", "+ "), ("patch", "")];
    let parts: Vec<String> = written.iter().filter_map(shown).collect();
    (!parts.is_empty()).then(|| parts.join("\n"))
}

/// The first lines of a text, each behind a mark, and how many there are beyond.
fn shortened(text: &str, mark: &str) -> String {
    const LINES: usize = 20;
    const LONG: usize = 200;
    let line = |line: &str| {
        let more = if line.chars().nth(LONG).is_some() { "…" } else { "" };
        format!("  {mark}{}{more}", harmless(&line.chars().take(LONG).collect::<String>()))
    };
    let mut lines: Vec<String> = text.lines().take(LINES).map(line).collect();
    match text.lines().count().saturating_sub(LINES) {
        0 => {}
        1 => lines.push("  … and 1 more line".to_owned()),
        more => lines.push(format!("  … and {more} more lines")),
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clear_answer_allows() {
        for (line, choice) in [
            ("y", Some(Choice::Once)),
            ("Yes ", Some(Choice::Once)),
            ("a", Some(Choice::Always)),
            ("always", Some(Choice::Always)),
            ("n", Some(Choice::No)),
            ("", Some(Choice::No)),
            (" ", Some(Choice::No)),
            ("edit 2", None),
            ("yesterday", None),
            ("and now the tests", None),
        ] {
            assert_eq!(Choice::of(line), choice, "{line:?}");
        }
    }

    #[test]
    fn what_a_call_would_change_is_shown_before_it_is_allowed() {
        let patch = serde_json::json!({ "patch": "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n" });
        assert_eq!(change(&patch).unwrap(), "  --- a/x\n  +++ b/x\n  @@ -1 +1 @@\n  -a\n  +b");
        let edit = serde_json::json!({ "path": "x", "old_text": "a\nb", "new_text": "c" });
        assert_eq!(change(&edit).unwrap(), "  - a\n  - b\n  + c");
        assert_eq!(change(&serde_json::json!({ "command": "ls" })), None);
        let long: String = (1..=22).map(|line| format!("{line}\n")).collect();
        assert!(shortened(&long, "+ ").ends_with("  + 20\n  … and 2 more lines"));
        assert_eq!(shortened(&"x".repeat(300), "").chars().count(), 203);
    }
}
