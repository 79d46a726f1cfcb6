//! Messages as Markdown.

use ombud::domain::{AuthorKind, Part, ReturnStatus};
use ombud::engine::Shown;

use crate::render::result::minute;

/// A message, with what its calls gave.
pub fn message(shown: &Shown) -> String {
    let message = &shown.message;
    let name = message.author.name.replace(['\n', '\r'], " ");
    let who = match message.author.kind {
        AuthorKind::Person => name,
        AuthorKind::Agent => format!("{name} (agent)"),
        AuthorKind::Environment => format!("{name} (environment)"),
    };
    let mut text = format!("\n## {who}, {}\n", minute(message.at));
    for part in &message.parts {
        text.push('\n');
        match part {
            Part::Text(part) => {
                text.push_str(part.text.trim_end());
                text.push('\n');
            }
            Part::Reasoning(part) => {
                let lines = part.text.trim().lines().map(|line| format!("> {line}").trim_end().to_owned() + "\n");
                text.extend(lines);
            }
            Part::File(file) => {
                let name = file.name.as_deref().unwrap_or("without a name").replace('`', "'");
                text.push_str(&format!("File `{name}`, {}, {} bytes\n", file.media_type, file.size));
            }
            Part::ToolCall(call) => {
                text.push_str(&format!("Tool `{}`:\n\n", call.name.replace('`', "'")));
                text.push_str(&fenced("json", &call.arguments.to_string()));
                let returned = message_return(shown, call.id.as_str());
                text.push_str(&returned);
            }
        }
    }
    text
}

fn message_return(shown: &Shown, call: &str) -> String {
    let Some(returned) = shown.returns.iter().find(|returned| returned.id.as_str() == call) else {
        return "\nNo answer.\n".to_owned();
    };
    let end = match returned.status {
        ReturnStatus::Ok => "Answer",
        ReturnStatus::Failed => "Failed",
        ReturnStatus::Denied => "Denied",
        ReturnStatus::Cancelled => "Cancelled",
    };
    format!("\n{end}:\n\n{}", fenced("", &returned.output_text()))
}

/// A text between fences that it does not hold itself.
fn fenced(form: &str, text: &str) -> String {
    let longest = text.split(|sign| sign != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(3.max(longest + 1));
    format!("{fence}{form}\n{}\n{fence}\n", text.trim_end_matches('\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fence_is_longer_than_any_in_the_text() {
        assert_eq!(fenced("json", "{}"), "```json\n{}\n```\n");
        assert_eq!(fenced("", "a\n````\nb\n"), "`````\na\n````\nb\n`````\n");
    }
}
