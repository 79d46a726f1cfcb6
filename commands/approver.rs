//! Asks the person at the terminal before a tool that needs permission is called.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use ombud::engine::{Approver, Decision, Question};

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

const CHOICES: [&str; 3] = ["Yes, this once", "Yes, and do not ask again for this tool", "No"];

#[async_trait]
impl Approver for TerminalApprover {
    async fn decide(&self, question: &Question) -> Decision {
        let one = Arc::clone(&self.asking).lock_owned().await;
        let tool = question.call.name.clone();
        if self.always.lock().unwrap_or_else(PoisonError::into_inner).contains(&tool) {
            return Decision::Allow;
        }
        self.progress.hold();
        note(&format!("{tool} wants to work on: {}", harmless(&question.subject)));
        if let Some(change) = change(&question.call.arguments) {
            note(&change);
        }
        let prompt = format!("Allow {tool}");
        // Whoever asked may stop waiting for the answer, but the terminal is not free before somebody has answered.
        let progress = Arc::clone(&self.progress);
        let chosen = tokio::task::spawn_blocking(move || {
            let chosen = dialoguer::Select::new().with_prompt(prompt).items(CHOICES).default(0).interact_opt();
            progress.release();
            drop(one);
            chosen
        });
        let chosen = chosen.await;
        match chosen {
            Ok(Ok(Some(0))) => Decision::Allow,
            Ok(Ok(Some(1))) => {
                self.always.lock().unwrap_or_else(PoisonError::into_inner).insert(tool);
                Decision::Allow
            }
            Ok(Ok(_)) => Decision::Deny("the person at the terminal said no".to_owned()),
            Ok(Err(_)) | Err(_) => Decision::Deny("the question could not be asked".to_owned()),
        }
    }
}

/// What a call would write, shortened.
fn change(arguments: &serde_json::Value) -> Option<String> {
    const LINES: usize = 12;
    let shown = |name: &str, mark: &str| {
        let text = arguments.get(name)?.as_str()?;
        let mut lines: Vec<String> = text.lines().take(LINES).map(|line| format!("  {mark} {}", harmless(line))).collect();
        if text.lines().count() > LINES {
            lines.push(format!("  {mark} …"));
        }
        Some(lines.join("\n"))
    };
    let parts: Vec<_> = [("old_text", "-"), ("new_text", "+"), ("content", "+")]
        .iter()
        .filter_map(|(name, mark)| shown(name, mark))
        .collect();
    (!parts.is_empty()).then(|| parts.join("\n"))
}
