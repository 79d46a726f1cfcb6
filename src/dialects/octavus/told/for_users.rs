//! Messages as users are shown them.

use super::turns::Speaker;
use super::{Told, Turn};
use crate::dialects::octavus::generation::Generation;
use crate::dialects::octavus::wire::{Role, UiMessage, UiPart};

impl Told {
    /// The messages that users are shown, with the kinds of parts that a client knows.
    pub fn for_users(&self, generation: Generation) -> Vec<UiMessage> {
        self.turns.iter().filter_map(|turn| message(turn, generation)).collect()
    }
}

fn message(turn: &Turn, generation: Generation) -> Option<UiMessage> {
    let role = match turn.speaker {
        Speaker::User => Role::User,
        Speaker::Assistant => Role::Assistant,
        Speaker::System => return None,
    };
    let parts = turn.parts.iter().filter(|part| part.visible);
    let parts: Vec<_> = parts.filter_map(|part| known_to(part.part.clone(), generation)).collect();
    let says = parts.iter().any(|part| !matches!(part, UiPart::StepStart {}));
    if !says {
        return None;
    }
    let status = if turn.is_open { "streaming" } else { "done" };
    Some(UiMessage {
        id: turn.id.clone(),
        role,
        parts,
        status: status.to_owned(),
        created_at: turn.at.to_string().into(),
        sender: turn.sender.clone(),
    })
}

/// A part as a client knows it; `None` when it knows no such part.
fn known_to(mut part: UiPart, generation: Generation) -> Option<UiPart> {
    if generation.is_late() {
        return Some(part);
    }
    match &mut part {
        UiPart::StepStart {} | UiPart::Worker(_) | UiPart::Todo(_) => return None,
        UiPart::ToolCall(call) => {
            call.display = None;
            if call.status == "cancelled" {
                "error".clone_into(&mut call.status);
                call.error.get_or_insert_with(|| "it was cancelled".to_owned());
            }
        }
        UiPart::Operation { status, .. } if status == "cancelled" => "done".clone_into(status),
        _ => {}
    }
    Some(part)
}
