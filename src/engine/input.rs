//! What is said with a question: the message, the files in it, and what was given beside it.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;

use super::house::Core;
use super::verbs::ContextInput;
use crate::domain::{
    Attributes, Author, AuthorKind, BlobId, Error, ErrorCode, Event, Fact, FilePart, Message, MessageId, MessagePosted,
    Part, Principal, Result, RunStarted, SessionId, Visibility,
};
use crate::storage::Store;

/// Most files of one message.
const FILES: usize = 64;
/// Most bytes of one file.
pub(crate) const FILE_BYTES: usize = 20 << 20;
/// Most bytes of all files of one message.
const ALL_FILE_BYTES: usize = 64 << 20;
/// Most bytes of a file's name.
const NAME_BYTES: usize = 255;
/// Most bytes of the text of a question, with all that is given beside it.
const TEXT_BYTES: usize = 16 << 20;
/// Most inputs beside one question.
const CONTEXTS: usize = 64;
/// Most bytes of what an input is.
const DESCRIPTION_BYTES: usize = 1_024;

/// What is said with a question.
pub(crate) struct Input {
    /// The question.
    pub(crate) message: Message,
    /// What was given beside it, in order.
    context: Vec<Message>,
    /// The bytes of its files.
    files: Vec<(BlobId, Bytes)>,
}

impl Input {
    /// Checks what is said.
    ///
    /// # Errors
    /// `invalid_input` when nothing is said, or a file's bytes are not those that its name tells of; `too_large`;
    /// `bad_media` for a media type that is none.
    pub(crate) fn new(
        core: &Core,
        caller: &Principal,
        parts: Vec<Part>,
        files: Vec<(BlobId, Bytes)>,
        context: Vec<ContextInput>,
    ) -> Result<Self> {
        let says = parts.iter().any(|part| match part {
            Part::Text(text) => !text.text.trim().is_empty(),
            Part::File(_) => true,
            Part::Reasoning(_) | Part::ToolCall(_) => false,
        });
        if !says {
            return Err(Error::invalid("the prompt is empty").hint("say what you want to know, or pipe it in with `-`"));
        }
        check_text(&parts, &context)?;
        check_files(&parts, &files)?;
        let person = Author { kind: AuthorKind::Person, name: caller.name.clone() };
        let message = message(core, person, parts);
        let context = context.into_iter().map(|given| {
            let author = Author { kind: AuthorKind::Environment, name: given.description };
            self::message(core, author, vec![Part::text(given.text)])
        });
        let context = context.collect();
        Ok(Self { message, context, files })
    }

    /// Checks that the store has the files whose bytes did not come along.
    ///
    /// # Errors
    /// `invalid_input` when one is missing.
    pub(crate) async fn check_kept(&self, store: &dyn Store, session: Option<&SessionId>) -> Result<()> {
        let given: HashSet<&BlobId> = self.files.iter().map(|(blob, _)| blob).collect();
        for file in named(&self.message.parts).filter(|file| !given.contains(&file.blob)) {
            let kept = match session {
                Some(session) => store.blob(session, &file.blob).await?,
                None => None,
            };
            if kept.is_none_or(|bytes| bytes.len() as u64 != file.size) {
                let message = format!("the bytes of file `{}` did not come with the question", file.blob);
                return Err(Error::invalid(message).hint("send the bytes of each file under their SHA-256"));
            }
        }
        Ok(())
    }

    /// Keeps the files: before any fact names them.
    pub(crate) async fn keep(&self, store: &Arc<dyn Store>, session: &SessionId) -> Result<()> {
        for (_, bytes) in &self.files {
            store.put_blob(session, bytes).await?;
        }
        Ok(())
    }

    /// All of it as facts, in order.
    pub(crate) fn facts(&self) -> impl Iterator<Item = Fact> {
        let messages = std::iter::once(&self.message).chain(&self.context);
        messages.map(|message| Fact::MessagePosted(MessagePosted { message: message.clone() }))
    }

    /// The last message of it.
    pub(crate) fn last(&self) -> &MessageId {
        &self.context.last().unwrap_or(&self.message).id
    }

    /// The text that a run answers, as its start tells it.
    pub(crate) fn told(&self) -> Option<String> {
        RunStarted::input_of(self.message.text())
    }
}

/// The text that a run answers, from the log.
pub(crate) fn told(events: &[Arc<Event>], input: Option<&MessageId>) -> Option<String> {
    let text = events.iter().find_map(|event| match &event.fact {
        Fact::MessagePosted(posted) if Some(&posted.message.id) == input => Some(posted.message.text()),
        _ => None,
    });
    text.and_then(RunStarted::input_of)
}

fn message(core: &Core, author: Author, parts: Vec<Part>) -> Message {
    Message {
        id: MessageId::new(&*core.clock),
        author,
        parts,
        at: core.clock.now(),
        thread: None,
        visibility: Visibility::All,
        attributes: Attributes::new(),
    }
}

fn named(parts: &[Part]) -> impl Iterator<Item = &FilePart> {
    parts.iter().filter_map(|part| match part {
        Part::File(file) => Some(file),
        Part::Text(_) | Part::Reasoning(_) | Part::ToolCall(_) => None,
    })
}

fn too_large(what: &str, is: usize, limit: usize) -> Error {
    Error::new(ErrorCode::TooLarge, format!("{what}: {is} are more than {limit}"))
}

fn check_text(parts: &[Part], context: &[ContextInput]) -> Result<()> {
    if context.len() > CONTEXTS {
        return Err(too_large("inputs beside the question", context.len(), CONTEXTS));
    }
    for given in context {
        if given.description.trim().is_empty() {
            return Err(Error::invalid("an input beside the question does not say what it is"));
        }
        if given.description.len() > DESCRIPTION_BYTES {
            return Err(too_large("bytes of a description", given.description.len(), DESCRIPTION_BYTES));
        }
    }
    let said: usize = parts.iter().map(|part| part.grown().len()).sum();
    let bytes = said + context.iter().map(|given| given.text.len()).sum::<usize>();
    if bytes > TEXT_BYTES { Err(too_large("bytes of text", bytes, TEXT_BYTES)) } else { Ok(()) }
}

fn check_files(parts: &[Part], files: &[(BlobId, Bytes)]) -> Result<()> {
    let count = named(parts).count().max(files.len());
    if count > FILES {
        return Err(too_large("files of one message", count, FILES));
    }
    let mut all = 0;
    for (blob, bytes) in files {
        if bytes.len() > FILE_BYTES {
            return Err(too_large("bytes of a file", bytes.len(), FILE_BYTES));
        }
        all += bytes.len();
        if all > ALL_FILE_BYTES {
            return Err(too_large("bytes of all files", all, ALL_FILE_BYTES));
        }
        if BlobId::of(bytes) != *blob {
            return Err(Error::invalid("the bytes of a file are not those that its name tells of")
                .hint("name each file by the SHA-256 of its bytes, in lower-case hexadecimal"));
        }
        if !named(parts).any(|file| file.blob == *blob) {
            return Err(Error::invalid(format!("file `{blob}` came along, but nothing names it")));
        }
    }
    for file in named(parts) {
        if !BlobId::is_well_formed(file.blob.as_str()) {
            return Err(Error::invalid("the name of a file is no SHA-256"));
        }
        if !is_media_type(&file.media_type) {
            let shown: String = file.media_type.chars().take(80).collect();
            return Err(Error::new(ErrorCode::BadMedia, format!("{shown:?} is no media type"))
                .hint("write it as `image/png` or `text/plain`"));
        }
        if file.name.as_ref().is_some_and(|name| name.len() > NAME_BYTES) {
            return Err(Error::invalid(format!("the name of a file has more than {NAME_BYTES} bytes")));
        }
        let given = files.iter().find(|(blob, _)| *blob == file.blob);
        if given.is_some_and(|(_, bytes)| bytes.len() as u64 != file.size) {
            return Err(Error::invalid(format!("file `{}` has not the {} bytes that its part says", file.blob, file.size)));
        }
    }
    Ok(())
}

/// Whether a text has the form of a media type, with or without parameters.
pub(crate) fn is_media_type(text: &str) -> bool {
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&byte))
    };
    let (kind, of) = text.split(';').next().unwrap_or_default().trim().split_once('/').unwrap_or_default();
    text.len() <= 255 && text.is_ascii() && is_word(kind) && is_word(of)
}
