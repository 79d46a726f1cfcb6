//! What is spoken and heard: by programs of this machine, by an agent's own providers, or by one of the settings. Nothing of
//! it is kept.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt as _;
use tokio::sync::SemaphorePermit;

use super::access::{Does, On};
use super::house::{Core, House};
use super::uploads::FileBytes;
use crate::config::Wire;
use crate::domain::{Agent, Cause, Error, ErrorCode, Principal, Result};
use crate::models::{Sound, Voice, has_none};
use crate::tools::{Bounds, Given, run_program};

/// Most that speak and listen at once; a further one waits, up to `limits.busy_wait`.
pub(crate) const AT_ONCE: usize = 4;
/// Most bytes of a text that is spoken at once.
const TEXT_BYTES: usize = 64 << 10;
/// Most bytes that a program may write of what it heard.
const HEARD_BYTES: usize = 1 << 20;
/// The provider that is asked when nobody says which.
const USUAL: &str = "openai";

/// Sound to be transcribed.
pub struct ToTranscribe {
    /// The agent that listens, by its name or id: its own providers are asked first. Absent = nobody's.
    pub agent: Option<String>,
    /// The model of the provider; absent = that of the settings.
    pub model: Option<String>,
    /// The name of the file, which is shown to the provider.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// The ending of its name, for programs.
    pub ending: String,
    /// Its bytes: at most `speech.sound_bytes`.
    pub bytes: FileBytes,
}

/// A text to be spoken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToSpeak {
    /// The agent that speaks, by its name or id: its own providers are asked first. Absent = nobody's.
    pub agent: Option<String>,
    /// The text: 1 byte to 64 KiB.
    pub text: String,
    /// The model of the provider; absent = that of the settings.
    pub model: Option<String>,
    /// The voice; absent = that of the settings.
    pub voice: Option<String>,
}

/// Sound that was spoken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spoken {
    /// Its bytes.
    pub bytes: Bytes,
    /// Its media type: `audio/wav`, or `audio/mpeg`.
    pub media_type: &'static str,
}

/// All about what is spoken and heard.
#[async_trait]
pub trait Speech: Send + Sync {
    /// What is said in a sound.
    ///
    /// # Errors
    /// `not_supported` where nothing is set up, and over a distance; `too_large`, `model_failed`, `timed_out`, `busy`.
    async fn transcribe(&self, caller: &Principal, sound: ToTranscribe) -> Result<String>;

    /// Has a text spoken.
    ///
    /// # Errors
    /// As [`Speech::transcribe`]; `invalid_input` when there is nothing to say.
    async fn speak(&self, caller: &Principal, speak: ToSpeak) -> Result<Spoken>;
}

#[async_trait]
impl Speech for House {
    async fn transcribe(&self, caller: &Principal, sound: ToTranscribe) -> Result<String> {
        self.check(caller, Does::Asks, On::House).await?;
        transcribe(&self.core, sound).await
    }

    async fn speak(&self, caller: &Principal, speak: ToSpeak) -> Result<Spoken> {
        self.check(caller, Does::Asks, On::House).await?;
        self::speak(&self.core, speak).await
    }
}

async fn place(core: &Core) -> Result<SemaphorePermit<'_>> {
    let waited = tokio::time::timeout(core.settings.limits.busy_wait, core.speaking.acquire()).await;
    let Ok(Ok(permit)) = waited else {
        return Err(Error::new(ErrorCode::Busy, format!("{AT_ONCE} others speak or listen")).hint("try again"));
    };
    Ok(permit)
}

async fn transcribe(core: &Arc<Core>, sound: ToTranscribe) -> Result<String> {
    let ToTranscribe { agent, model, name, media_type, ending, bytes } = sound;
    let speech = &core.settings.speech;
    let voices = voices(core, agent.as_deref(), speech.transcribe_command.is_some()).await?;
    if voices.is_empty() && speech.transcribe_command.is_none() {
        return Err(nothing("transcribes", "speech.transcribe_command", "whisper-cli -nt -f {file}"));
    }
    let _place = place(core).await?;
    let bytes = whole(bytes, speech.sound_bytes).await?;
    if let Some(line) = &speech.transcribe_command {
        let given = Given::File { ending, bytes };
        let bounds = Bounds { time: speech.command_time, bytes: HEARD_BYTES };
        let text = run_program(&core.settings.tools, line, given, bounds).await.map_err(of_program("transcribe_command"))?;
        let text = String::from_utf8_lossy(&text).trim().to_owned();
        return Ok(text);
    }
    let sound = Sound { name, media_type, bytes };
    let model = model.as_deref().unwrap_or(&speech.transcription_model);
    let mut missing = None;
    for voice in voices {
        match voice.transcribe(model, &sound).await {
            Err(error) if has_none(&error) => missing = missing.or(Some(error)),
            told => return told,
        }
    }
    Err(missing.unwrap_or_else(|| Error::internal("nobody was asked to transcribe")))
}

async fn speak(core: &Arc<Core>, speak: ToSpeak) -> Result<Spoken> {
    let ToSpeak { agent, text, model, voice } = speak;
    if text.trim().is_empty() {
        return Err(Error::invalid("there is nothing to say"));
    }
    if text.len() > TEXT_BYTES {
        let message = format!("the text has {} bytes, at most {TEXT_BYTES} are spoken at once", text.len());
        return Err(Error::new(ErrorCode::TooLarge, message));
    }
    let speech = &core.settings.speech;
    let voices = voices(core, agent.as_deref(), speech.speak_command.is_some()).await?;
    if voices.is_empty() && speech.speak_command.is_none() {
        return Err(nothing("speaks", "speech.speak_command", "espeak-ng --stdin --stdout"));
    }
    let _place = place(core).await?;
    if let Some(line) = &speech.speak_command {
        let bounds = Bounds { time: speech.command_time, bytes: speech.sound_bytes };
        let given = Given::Input(text.into());
        let bytes = run_program(&core.settings.tools, line, given, bounds).await.map_err(of_program("speak_command"))?;
        if bytes.is_empty() {
            let message = "the command of `speech.speak_command` wrote no sound";
            return Err(Error::model(Cause::Garbage, message).hint("have it write WAV or MP3 to its standard output"));
        }
        return Ok(spoken(bytes));
    }
    let (model, voice) = (model.as_deref().unwrap_or(&speech.voice_model), voice.as_deref().unwrap_or(&speech.voice));
    let mut missing = None;
    for asked in voices {
        match asked.speak(model, voice, &text, speech.sound_bytes).await {
            Err(error) if has_none(&error) => missing = missing.or(Some(error)),
            told => return told.map(spoken),
        }
    }
    Err(missing.unwrap_or_else(|| Error::internal("nobody was asked to speak")))
}

/// Sound, by what it looks like.
fn spoken(bytes: Bytes) -> Spoken {
    let is_wave = bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WAVE");
    Spoken { bytes, media_type: if is_wave { "audio/wav" } else { "audio/mpeg" } }
}

/// Who can be asked, in this order: an agent's own providers, then that of the settings. A program goes before all.
async fn voices(core: &Core, agent: Option<&str>, has_program: bool) -> Result<Vec<Voice>> {
    if has_program {
        return Ok(Vec::new());
    }
    let mut voices = Vec::new();
    if let Some(agent) = agent {
        let agent: Agent = core.agent(agent).await?.agent;
        let own = core.own_providers(&agent).await?;
        // The usual one first, then the others by name.
        let usual = own.get_key_value(USUAL).into_iter();
        let others = own.iter().filter(|(name, provider)| *name != USUAL && provider.wire == Wire::Openai);
        voices.extend(usual.chain(others).filter_map(|(name, provider)| core.models.voice(name, provider)));
    }
    let settings = &core.settings;
    let name = settings.speech.provider.as_deref().unwrap_or(USUAL);
    match settings.providers.get(name) {
        Some(provider) => voices.extend(core.models.voice(name, provider)),
        None if settings.speech.provider.is_some() => {
            return Err(Error::invalid(format!("the provider `{name}` of `speech.provider` is not configured"))
                .hint("set `providers.NAME.base_url`, or another provider"));
        }
        None => {}
    }
    Ok(voices)
}

/// What is told where nothing is set up.
fn nothing(what: &str, setting: &str, example: &str) -> Error {
    Error::new(ErrorCode::NotSupported, format!("nothing is set up that {what}")).hint(format!(
        "set `{setting}` to a program, such as `{example}`, or `speech.provider` and the key of that provider, such as \
         OPENAI_API_KEY"
    ))
}

/// An error of a program, with the setting that names it.
fn of_program(setting: &'static str) -> impl Fn(Error) -> Error {
    move |error| {
        let message = format!("`speech.{setting}`: {}", error.message);
        Error { message, ..error }
    }
}

async fn whole(mut pieces: FileBytes, most: usize) -> Result<Bytes> {
    let mut bytes = Vec::new();
    while let Some(piece) = pieces.next().await {
        let piece = piece?;
        if bytes.len() + piece.len() > most {
            return Err(Error::new(ErrorCode::TooLarge, format!("the sound has more than {most} bytes"))
                .hint("the limit is `speech.sound_bytes`"));
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes.into())
}
