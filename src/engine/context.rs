//! What a model is shown: the instructions, and the newest whole turns of the transcript that fit its window.

use std::collections::HashMap;

use bytes::Bytes;

use crate::domain::{
    AuthorKind, BlobId, Finish, Item, Message, MessageId, ModelChoice, Part, ReturnStatus, RunId, ToolReturn, ToolSpec,
    Transcript,
};
use crate::models::{ModelRequest, PromptMessage, PromptPart, PromptReturn};

/// Bytes of text for one token, by rule of thumb; only decides how many old turns are left out.
const BYTES_PER_TOKEN: usize = 4;
/// Tokens that an image counts for, by rule of thumb.
const IMAGE_TOKENS: usize = 1_500;

/// What the model can be shown.
pub(crate) struct Window<'a> {
    /// Who is asked: what other agents said is shown as said to it.
    pub(crate) agent: &'a str,
    /// The model: what it thought earlier is shown to itself only.
    pub(crate) model: &'a ModelChoice,
    /// Tokens that fit.
    pub(crate) context_tokens: u64,
    /// Tokens kept free for the answer.
    pub(crate) answer_tokens: u64,
    /// Whether it takes images.
    pub(crate) images: bool,
    /// Whether only the newest turn is shown: the model said that it was shown too much.
    pub(crate) newest_only: bool,
}

/// Files of messages that are shown, by blob.
pub(crate) type Files = HashMap<BlobId, Bytes>;

/// A turn of a transcript: what somebody said and all that followed, as it is shown.
pub(crate) struct Turn {
    /// What the model is shown of it.
    pub(crate) messages: Vec<PromptMessage>,
    /// Bytes of text that it counts for.
    pub(crate) bytes: usize,
    /// Its newest message.
    pub(crate) through: MessageId,
    /// Messages in it.
    pub(crate) count: usize,
    /// The runs that said something in it.
    pub(crate) runs: Vec<RunId>,
}

/// A transcript as turns, oldest first.
pub(crate) fn turns(transcript: Transcript, window: &Window<'_>, files: &Files) -> Vec<Turn> {
    let transcript = transcript.closed();
    let names = names_people(&transcript);
    let mut turns: Vec<Turn> = Vec::new();
    for item in &transcript.items {
        // What was given beside a question, and what a step says, belong to the turn that was asked.
        let begins = matches!(item, Item::Said(message) if message.author.kind != AuthorKind::Environment);
        let shown = show(item, window, files, names);
        let bytes: usize = shown.iter().map(size).sum();
        let through = item.message_id().clone();
        let run = match item {
            Item::Answered { run, .. } => run.clone(),
            Item::Said(_) => None,
        };
        match turns.last_mut() {
            Some(turn) if !begins => {
                turn.messages.extend(shown);
                (turn.bytes, turn.through, turn.count) = (turn.bytes + bytes, through, turn.count + 1);
                turn.runs.extend(run);
            }
            _ => turns.push(Turn { messages: shown, bytes, through, count: 1, runs: run.into_iter().collect() }),
        }
    }
    turns
}

impl Window<'_> {
    /// Bytes of text that fit, beside the answer.
    pub(crate) fn room(&self) -> usize {
        if self.newest_only {
            return 0;
        }
        let tokens = usize::try_from(self.context_tokens.saturating_sub(self.answer_tokens)).unwrap_or(usize::MAX);
        tokens.saturating_mul(BYTES_PER_TOKEN)
    }
}

/// Tokens of so many bytes, by rule of thumb.
pub(crate) fn tokens(bytes: usize) -> u64 {
    u64::try_from(bytes.div_ceil(BYTES_PER_TOKEN)).unwrap_or(u64::MAX)
}

/// How a summary is shown.
pub(crate) fn summarised(summary: &str) -> String {
    format!("[What was said before, in short]\n{summary}")
}

/// The conversation for a model: the summary of what was said before, if there is one, and the newest turns that fit.
pub(crate) fn messages(
    transcript: Transcript,
    window: &Window<'_>,
    files: &Files,
    fixed_bytes: usize,
) -> Vec<PromptMessage> {
    let summary = transcript.summaries.first().map(|summary| summarised(&summary.text));
    let mut turns = turns(transcript, window, files);
    let fixed = fixed_bytes.saturating_add(summary.as_ref().map_or(0, String::len));
    let mut left = window.room().saturating_sub(fixed);
    let mut first = turns.len();
    for (index, turn) in turns.iter().enumerate().rev() {
        if turn.bytes > left && index + 1 != turns.len() {
            break;
        }
        left = left.saturating_sub(turn.bytes);
        first = index;
    }
    let summary = summary.map(|text| PromptMessage::User(vec![PromptPart::Text(text)]));
    summary.into_iter().chain(turns.drain(first..).flat_map(|turn| turn.messages)).collect()
}

/// The bytes of instructions and tools.
pub(crate) fn fixed_bytes(system: &str, tools: &[ToolSpec]) -> usize {
    let tools = tools.iter().map(|tool| tool.name.len() + tool.description.len() + tool.parameters.to_string().len());
    system.len() + tools.sum::<usize>()
}

/// The bytes of all that a model is asked.
pub(crate) fn request_bytes(request: &ModelRequest) -> usize {
    fixed_bytes(&request.system, &request.tools) + request.messages.iter().map(size).sum::<usize>()
}

/// The blobs that the messages of a transcript name.
pub(crate) fn blobs(transcript: &Transcript) -> Vec<BlobId> {
    let parts = transcript.items.iter().flat_map(|item| match item {
        Item::Said(message) => message.parts.iter(),
        Item::Answered { parts, .. } => parts.iter(),
    });
    let blobs = parts.filter_map(|part| match part {
        Part::File(file) => Some(file.blob.clone()),
        Part::Text(_) | Part::Reasoning(_) | Part::ToolCall(_) => None,
    });
    blobs.collect()
}

/// Whether people are told apart: when several have said something, of whom at least one was named by a door.
fn names_people(transcript: &Transcript) -> bool {
    let mut people = transcript.items.iter().filter_map(|item| match item {
        Item::Said(message) if message.author.kind == AuthorKind::Person => Some(&message.author),
        Item::Said(_) | Item::Answered { .. } => None,
    });
    let Some(first) = people.next() else { return false };
    // The same person may have changed the name; who has no id is the caller, by whatever name.
    people.any(|other| other.id != first.id)
}

fn show(item: &Item, window: &Window<'_>, files: &Files, names: bool) -> Vec<PromptMessage> {
    match item {
        Item::Said(message) => said(message, window, files, names),
        Item::Answered { agent: who, parts, .. } if who != window.agent => {
            let text: String = crate::domain::Part::texts(parts);
            if text.is_empty() {
                Vec::new()
            } else {
                vec![PromptMessage::User(vec![PromptPart::Text(format!("{who}: {text}"))])]
            }
        }
        Item::Answered { parts, returns, finish, model, .. } => {
            answered(parts, returns, *finish, model.as_ref() == Some(window.model))
        }
    }
}

/// Whether a file of this type is shown as its text.
fn is_text(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    essence.starts_with("text/") || essence == "application/json"
}

fn said(message: &Message, window: &Window<'_>, files: &Files, names: bool) -> Vec<PromptMessage> {
    // What a step of its own procedure says for it.
    let own = message.author.kind == AuthorKind::Agent && message.author.name == window.agent;
    let mut parts: Vec<_> = message
        .parts
        .iter()
        .filter_map(|part| match part {
            Part::Text(text) if message.author.kind == AuthorKind::Agent && !own => {
                Some(PromptPart::Text(format!("{}: {}", message.author.name, text.text)))
            }
            Part::Text(text) if text.text.is_empty() => None,
            // What a step of its own procedure says is for the agent; all else is told with what it is.
            Part::Text(text) if message.author.kind == AuthorKind::Environment && message.author.name != window.agent => {
                Some(PromptPart::Text(format!("[Environment: {}] {}", message.author.name, text.text)))
            }
            Part::Text(text) => Some(PromptPart::Text(text.text.clone())),
            Part::File(file) => Some(match files.get(&file.blob) {
                Some(bytes) if window.images && file.media_type.starts_with("image/") => {
                    PromptPart::Image { media_type: file.media_type.clone(), bytes: bytes.clone() }
                }
                bytes => {
                    let name = file.name.as_deref().unwrap_or("without a name");
                    if let Some(text) =
                        bytes.filter(|_| is_text(&file.media_type)).and_then(|bytes| str::from_utf8(bytes).ok())
                    {
                        return Some(PromptPart::Text(format!("[file {name}, {}]\n{text}", file.media_type)));
                    }
                    PromptPart::Text(format!("[file {name}, {}, {} bytes: not shown]", file.media_type, file.size))
                }
            }),
            Part::Reasoning(_) | Part::ToolCall(_) => None,
        })
        .collect();
    if names && message.author.kind == AuthorKind::Person && !parts.is_empty() {
        let name = &message.author.name;
        match parts.first_mut() {
            Some(PromptPart::Text(text)) => text.insert_str(0, &format!("{name}: ")),
            _ => parts.insert(0, PromptPart::Text(format!("{name}:"))),
        }
    }
    match (parts.is_empty(), own) {
        (true, _) => Vec::new(),
        (false, true) => vec![PromptMessage::Assistant(parts)],
        (false, false) => vec![PromptMessage::User(parts)],
    }
}

fn answered(parts: &[Part], returns: &[ToolReturn], finish: Finish, own: bool) -> Vec<PromptMessage> {
    // A message that broke off may hold half a call: it is not shown, and so needs no return.
    let whole = !matches!(finish, Finish::Cut | Finish::Cancelled);
    let mut shown = Vec::new();
    for part in parts {
        match part {
            Part::Text(text) if !text.text.is_empty() => shown.push(PromptPart::Text(text.text.clone())),
            Part::Reasoning(reasoning) if whole && own => shown.push(PromptPart::Reasoning(reasoning.clone())),
            Part::ToolCall(call) if whole => shown.push(PromptPart::ToolCall {
                id: call.id.to_string(),
                name: call.name.clone(),
                arguments: if call.arguments.is_object() { call.arguments.to_string() } else { "{}".to_owned() },
            }),
            Part::Text(_) | Part::Reasoning(_) | Part::ToolCall(_) | Part::File(_) => {}
        }
    }
    let says = shown.iter().any(|part| !matches!(part, PromptPart::Reasoning(_)));
    if !says {
        return Vec::new();
    }
    let mut messages = vec![PromptMessage::Assistant(shown)];
    if whole && !returns.is_empty() {
        messages.push(PromptMessage::ToolReturns(returns.iter().map(prompt_return).collect()));
    }
    messages
}

fn prompt_return(returned: &ToolReturn) -> PromptReturn {
    let output = returned.output_text();
    let text = match &returned.error {
        Some(error) if output.is_empty() || output == error.message => error.message.clone(),
        Some(error) => format!("{}\n{output}", error.message),
        None => output,
    };
    PromptReturn {
        id: returned.id.to_string(),
        name: returned.name.clone(),
        text,
        failed: returned.status != ReturnStatus::Ok,
    }
}

fn size(message: &PromptMessage) -> usize {
    let part_size = |part: &PromptPart| match part {
        PromptPart::Text(text) => text.len(),
        PromptPart::Image { .. } => IMAGE_TOKENS * BYTES_PER_TOKEN,
        PromptPart::Reasoning(reasoning) => {
            reasoning.text.len()
                + reasoning.signature.as_ref().map_or(0, String::len)
                + reasoning.sealed.as_ref().map_or(0, String::len)
        }
        PromptPart::ToolCall { name, arguments, .. } => name.len() + arguments.len() + 40,
    };
    match message {
        PromptMessage::User(parts) | PromptMessage::Assistant(parts) => parts.iter().map(part_size).sum(),
        PromptMessage::ToolReturns(returns) => returns.iter().map(|returned| returned.text.len() + 40).sum(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::{Author, CallId, FilePart, ReasoningPart, Timestamp, ToolCallPart, Visibility};

    fn said(text: &str) -> Item {
        Item::Said(Message {
            id: MessageId::from_text("m"),
            author: Author::named(AuthorKind::Person, "somebody"),
            parts: vec![Part::text(text)],
            at: Timestamp::from_millis(0),
            thread: None,
            visibility: Visibility::All,
            attributes: serde_json::Map::new(),
        })
    }

    fn answered(agent: &str, model: &ModelChoice, parts: Vec<Part>, finish: Finish) -> Item {
        Item::Answered {
            message_id: MessageId::from_text("a"),
            agent: agent.into(),
            run: None,
            thread: None,
            parts,
            model: Some(model.clone()),
            finish,
            returns: Vec::new(),
        }
    }

    fn call(id: &str) -> Part {
        Part::ToolCall(ToolCallPart {
            id: CallId::from_text(id),
            name: "t".into(),
            arguments: json!({}),
            arguments_text: "{}".into(),
        })
    }

    fn shown(items: Vec<Item>, context_tokens: u64, model: &ModelChoice) -> Vec<PromptMessage> {
        let window = Window { agent: "default", model, context_tokens, answer_tokens: 0, images: false, newest_only: false };
        messages(Transcript { items, ..Transcript::default() }, &window, &Files::new(), 0)
    }

    fn user(text: &str) -> PromptMessage {
        PromptMessage::User(vec![PromptPart::Text(text.into())])
    }

    fn assistant(text: &str) -> PromptMessage {
        PromptMessage::Assistant(vec![PromptPart::Text(text.into())])
    }

    #[test]
    fn files_of_text_are_shown_as_their_text() {
        let model = ModelChoice::new("p", "m");
        let window = Window {
            agent: "default",
            model: &model,
            context_tokens: 1_000,
            answer_tokens: 0,
            images: false,
            newest_only: false,
        };
        let seen = |media_type: &str, bytes: &'static [u8]| {
            let blob = BlobId::from_text("b");
            let file = FilePart {
                blob: blob.clone(),
                media_type: media_type.into(),
                name: Some("n".into()),
                size: bytes.len() as u64,
            };
            let mut item = said("x");
            if let Item::Said(message) = &mut item {
                message.parts = vec![Part::File(file)];
            }
            let files = Files::from([(blob, Bytes::from_static(bytes))]);
            messages(Transcript { items: vec![item], ..Transcript::default() }, &window, &files, 0)
        };
        assert_eq!(seen("text/plain; charset=utf-8", b"teal"), [user("[file n, text/plain; charset=utf-8]\nteal")]);
        assert_eq!(seen("application/json", b"{}"), [user("[file n, application/json]\n{}")]);
        for (media_type, bytes) in [("text/plain", &b"\xff\xfe"[..]), ("application/pdf", b"%P"), ("image/png", b"\x89P")] {
            assert_eq!(seen(media_type, bytes), [user(&format!("[file n, {media_type}, 2 bytes: not shown]"))]);
        }
    }

    #[test]
    fn the_newest_whole_turns_that_fit_are_shown() {
        let model = ModelChoice::new("p", "m");
        let answer = |text: &str| answered("default", &model, vec![Part::text(text)], Finish::Stop);
        let items = || vec![said("aaaa"), answer("bbbb"), said("cccc"), answer("dddd"), said("eeee")];
        // Five texts of one token each.
        assert_eq!(shown(items(), 5, &model).len(), 5);
        assert_eq!(shown(items(), 4, &model), [user("cccc"), assistant("dddd"), user("eeee")]);
        assert_eq!(shown(items(), 2, &model), [user("eeee")]);
        // What was asked now is shown however small the window is: the model may refuse it, and says so itself.
        assert_eq!(shown(items(), 0, &model), [user("eeee")]);
    }

    #[test]
    fn a_call_without_a_return_gets_one_and_half_a_message_no_call() {
        let model = ModelChoice::new("p", "m");
        let items = vec![said("x"), answered("default", &model, vec![call("1")], Finish::ToolCalls), said("y")];
        let shown_messages = shown(items, 1_000, &model);
        let [_, PromptMessage::Assistant(parts), PromptMessage::ToolReturns(returns), _] = &shown_messages[..] else {
            panic!("{shown_messages:?}");
        };
        assert_eq!(parts.len(), 1);
        assert!(returns[0].id == "1" && returns[0].failed, "{returns:?}");
        let cut = answered("default", &model, vec![Part::text("so f"), call("1")], Finish::Cut);
        assert_eq!(shown(vec![said("x"), cut, said("y")], 1_000, &model), [user("x"), assistant("so f"), user("y")]);
    }

    #[test]
    fn thoughts_are_shown_to_the_model_that_had_them_and_answers_of_others_are_said() {
        let (model, other) = (ModelChoice::new("p", "m"), ModelChoice::new("p", "n"));
        let thought = Part::Reasoning(ReasoningPart { text: "hm".into(), signature: Some("s".into()), sealed: None });
        let items = vec![said("x"), answered("default", &model, vec![thought, Part::text("y")], Finish::Stop)];
        let parts = |model: &ModelChoice| match &shown(items.clone(), 1_000, model)[1] {
            PromptMessage::Assistant(parts) => parts.len(),
            other => panic!("{other:?}"),
        };
        assert_eq!((parts(&model), parts(&other)), (2, 1));
        let items = vec![said("x"), answered("reviewer", &model, vec![Part::text("looks fine")], Finish::Stop)];
        assert_eq!(shown(items, 1_000, &model), [user("x"), user("reviewer: looks fine")]);
    }

    #[test]
    fn a_return_is_told_with_its_error() {
        let error = crate::domain::ToolError { code: crate::domain::ErrorCode::TimedOut, message: "too slow".into() };
        let returned = ToolReturn {
            id: CallId::from_text("1"),
            name: "t".into(),
            status: ReturnStatus::Failed,
            output: Value::from("half"),
            error: Some(error),
            blob: None,
            elapsed_ms: 1,
        };
        assert_eq!(prompt_return(&returned).text, "too slow\nhalf");
    }

    #[test]
    fn people_are_named_when_there_are_several() {
        let model = ModelChoice::new("p", "m");
        let by = |name: &str, id: Option<&str>, text: &str| {
            let mut item = said(text);
            if let Item::Said(message) = &mut item {
                message.author = Author { id: id.map(str::to_owned), ..Author::named(AuthorKind::Person, name) };
            }
            item
        };
        let alone = || vec![by("Anna", Some("1"), "a"), by("Anna B", Some("1"), "b")];
        assert_eq!(shown(alone(), 1_000, &model), [user("a"), user("b")]);
        let two = [alone(), vec![by("Ben", Some("2"), "c")]].concat();
        assert_eq!(shown(two, 1_000, &model), [user("Anna: a"), user("Anna B: b"), user("Ben: c")]);
        let with_caller = vec![by("somebody", None, "a"), by("Ben", Some("2"), "b")];
        assert_eq!(shown(with_caller, 1_000, &model), [user("somebody: a"), user("Ben: b")]);
        let callers = vec![by("one", None, "a"), by("other", None, "b")];
        assert_eq!(shown(callers, 1_000, &model), [user("a"), user("b")]);
    }
}
