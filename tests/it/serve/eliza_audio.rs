//! Audio of the API of ElizaOS, and the verbs below it: over the endpoints of a provider, each of whose requests is looked
//! at, and by programs of the test's own under the real guard.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ombud::config::{Provider, Settings, Wire};
use ombud::domain::ErrorCode;
use ombud::engine::{Engine as _, ToSpeak};
use serde_json::{Value, json};
use sha1::{Digest as _, Sha1};

use crate::support::house::{open, settings, somebody};
use crate::support::model_server::{Answer, ModelServer};
use crate::support::receiver::{Answering, FormPart, Received, Receiver};
use crate::support::server::{Client, Reply, Served, send};

const BOUNDARY: &str = "----a-form";
const GHOST: &str = "11111111-2222-4333-8444-555555555555";
const ROOM: &str = "4bf7ba0d-cf6b-0b2e-b480-5c3258d1c3b4";
const PERSON: &str = "1bbb20c1-eb33-4a13-8c50-28c46fccf9c1";
const WAVE: &str = "RIFF----WAVEfmt a sound";

/// The id of the agent `default`.
fn agent() -> String {
    id_of("default")
}

fn id_of(text: &str) -> String {
    let digest = Sha1::digest(text.replace(':', "%3A").as_bytes());
    let mut bytes: Vec<u8> = digest[..16].to_vec();
    bytes[6] &= 0x0f;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// Sends a file of sound.
async fn hear(client: &Client, path: &str, media_type: &str, bytes: &[u8]) -> Reply {
    let head = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"blob\"\r\n\
         Content-Type: {media_type}\r\n\r\n"
    );
    let body = [head.as_bytes(), bytes, format!("\r\n--{BOUNDARY}--\r\n").as_bytes()].concat();
    let request = client.request("POST", &format!("/api/audio/{path}"));
    send(request.header("content-type", format!("multipart/form-data; boundary={BOUNDARY}")).body(body)).await
}

async fn say(client: &Client, path: &str, body: &Value) -> Reply {
    client.post(&format!("/api/audio/{path}"), body).await
}

/// A server of a provider that speaks and listens.
async fn provider() -> Receiver {
    Receiver::start(|request| match request.path.as_str() {
        "/v1/audio/speech" => Answering::With(200, WAVE.to_owned()),
        "/v1/audio/transcriptions" => Answering::With(200, r#"{"text":" which colour? "}"#.to_owned()),
        _ => Answering::With(404, r#"{"error":{"message":"no such path"}}"#.to_owned()),
    })
    .await
}

fn speaks_by(settings: &mut Settings, receiver: &Receiver) {
    let provider = Provider {
        wire: Wire::Openai,
        base_url: format!("{}/v1", receiver.address),
        api_key: Some("sk-canary-speech".into()),
        headers: BTreeMap::new(),
    };
    settings.providers.insert("voices".to_owned(), provider);
    settings.speech.provider = Some("voices".to_owned());
}

/// Status, code and message of what was refused.
fn refused(reply: &Reply) -> (u16, String, String) {
    let told = reply.json();
    assert_eq!(told["success"], false, "{told}");
    let text = |key: &str| told["error"][key].as_str().unwrap_or_default().to_owned();
    (reply.status, text("code"), text("message"))
}

fn told(status: u16, code: &str, message: &str) -> (u16, String, String) {
    (status, code.to_owned(), message.to_owned())
}

fn asked(request: &Received) -> (&str, &str, Option<&str>) {
    let key = request.headers.get("authorization").map(|value| value.to_str().unwrap());
    (request.method.as_str(), request.path.as_str(), key)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_speaks_and_listens() {
    let (model, voices) = (ModelServer::start(Wire::Openai, vec![]), provider().await);
    let served = Served::start_with(&model, |settings| speaks_by(settings, &voices)).await;
    let (client, agent) = (&served.client, agent());
    let heard = hear(client, &format!("{agent}/transcriptions"), "audio/wav", b"RIFF....WAVEfmt one").await;
    assert_eq!(heard.expect(200), json!({"success": true, "data": {"text": "which colour?"}}));
    let heard = hear(client, &format!("{agent}/audio-messages"), "audio/mp3", b"ID3 two").await.expect(200);
    let message = "Audio transcribed, further processing TBD.";
    assert_eq!(heard["data"], json!({"transcription": "which colour?", "message": message}));
    for path in ["speech/generate", "audio-messages/synthesize"] {
        let sound = say(client, &format!("{agent}/{path}"), &json!({"text": "hi"})).await;
        let told = (sound.status, sound.header("content-type"), sound.header("content-length"), sound.text());
        assert_eq!(told, (200, Some("audio/wav"), Some("23"), WAVE.to_owned()), "{path}");
    }
    let requests = voices.received();
    let key = Some("Bearer sk-canary-speech");
    assert_eq!(requests.len(), 4);
    for request in &requests[..2] {
        assert_eq!(asked(request), ("POST", "/v1/audio/transcriptions", key));
    }
    let field =
        |name: &str, content: &str| FormPart { name: name.to_owned(), file: None, kind: None, content: content.to_owned() };
    let file = |name: &str, kind: &str, content: &str| FormPart {
        name: "file".to_owned(),
        file: Some(name.to_owned()),
        kind: Some(kind.to_owned()),
        content: content.to_owned(),
    };
    let rest = [field("model", "whisper-1"), field("response_format", "json")];
    let sounds = [file("audio.wav", "audio/wav", "RIFF....WAVEfmt one"), file("audio.mp3", "audio/mp3", "ID3 two")];
    for (request, sound) in requests.iter().zip(sounds) {
        assert_eq!(request.parts(), [rest.to_vec(), vec![sound]].concat());
    }
    for request in &requests[2..] {
        assert_eq!(asked(request), ("POST", "/v1/audio/speech", key));
        assert_eq!(request.json(), json!({"model": "gpt-4o-mini-tts", "voice": "alloy", "input": "hi"}));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversation_is_answered_aloud_and_stays_in_its_room() {
    let script =
        vec![Answer::text("teal"), Answer::text("crimson"), Answer::text("it was teal"), Answer::error(400, "x", "no")];
    let (model, voices) = (ModelServer::start(Wire::Openai, script), provider().await);
    let served = Served::start_with(&model, |settings| speaks_by(settings, &voices)).await;
    let (client, agent) = (&served.client, agent());
    let path = format!("{agent}/speech/conversation");
    let sent = json!({"text": "hello?", "roomId": ROOM, "entityId": PERSON, "userName": "Ann"});
    let sound = say(client, &path, &sent).await;
    assert_eq!((sound.status, sound.header("content-type"), sound.text()), (200, Some("audio/wav"), WAVE.to_owned()));
    // The client library sends a file instead, and takes JSON.
    for path in [path.clone(), format!("{agent}/speech")] {
        let told = hear(client, &path, "audio/ogg", b"OggS").await.expect(200);
        let text = if path.ends_with("speech") { "it was teal" } else { "crimson" };
        let metadata = json!({"transcription": "which colour?", "contentType": "audio/wav"});
        assert_eq!(told["data"], json!({"text": text, "audio": STANDARD.encode(WAVE), "metadata": metadata}));
    }
    let spoken: Vec<Value> = voices
        .received()
        .iter()
        .filter(|request| request.path.ends_with("speech"))
        .map(|request| request.json()["input"].clone())
        .collect();
    assert_eq!(spoken, ["teal", "crimson", "it was teal"]);
    // Both turns of both rooms are memories.
    let memories = async |query: &str| {
        let told = client.get(&format!("/api/memory/{agent}/memories{query}")).await.expect(200);
        let memories = told["data"]["memories"].as_array().unwrap().clone();
        let turn = |memory: &Value| (memory["entityId"].clone(), memory["content"]["text"].clone());
        memories.iter().map(turn).collect::<Vec<_>>()
    };
    let person = json!(id_of(&format!("{PERSON}:{agent}")));
    let named = memories(&format!("?roomId={ROOM}")).await;
    assert_eq!(named, [(json!(agent), json!("teal")), (person, json!("hello?"))]);
    let own = id_of(&format!("default-room-{agent}:{agent}"));
    let texts: Vec<Value> = memories(&format!("?roomId={own}")).await.into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, ["it was teal", "which colour?", "crimson", "which colour?"]);
    let requests = model.requests();
    assert!(requests[2].body["messages"].to_string().contains("crimson"), "the room remembers: {:?}", requests[2].body);
    // What the model refuses is told, and nothing is spoken.
    let failed = say(client, &path, &json!({"text": "again"})).await;
    assert_eq!((failed.status, refused(&failed).1.as_str()), (500, "PROCESSING_ERROR"));
    assert_eq!(voices.received().len(), 5);
    served.leave().await;
    model.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_fit_is_refused_before_anybody_is_asked() {
    let (model, voices) = (ModelServer::start(Wire::Openai, vec![]), provider().await);
    let served = Served::start_with(&model, |settings| {
        speaks_by(settings, &voices);
        settings.speech.sound_bytes = 1_024;
    })
    .await;
    let (client, agent) = (&served.client, agent());
    let path = format!("{agent}/transcriptions");
    let wrong = told(415, "INVALID_FILE_TYPE", "Invalid audio file type");
    assert_eq!(refused(&hear(client, &path, "image/png", b"\x89PNG\r\n\x1a\n").await), wrong);
    assert_eq!(refused(&hear(client, &path, "audio/wav", b"<html>").await), wrong, "it is no sound");
    let wave = [&b"RIFF....WAVEfmt "[..], &[7; 2_000]].concat();
    let reply = hear(client, &path, "audio/wav", &wave).await;
    assert_eq!(refused(&reply), told(413, "FILE_TOO_LARGE", "File too large"));
    let reply = hear(client, &format!("{GHOST}/transcriptions"), "audio/wav", b"RIFF....WAVEfmt ").await;
    assert_eq!(refused(&reply), told(404, "NOT_FOUND", "Agent not found"));
    let reply = hear(client, "x/transcriptions", "audio/wav", b"RIFF....WAVEfmt ").await;
    assert_eq!(refused(&reply), told(400, "INVALID_ID", "Invalid agent ID format"));
    let reply = say(client, &path, &json!({})).await;
    assert_eq!(refused(&reply), told(400, "INVALID_REQUEST", "No audio file provided"));
    for path in ["speech/generate", "audio-messages/synthesize"] {
        let reply = say(client, &format!("{agent}/{path}"), &json!({})).await;
        assert_eq!(refused(&reply), told(400, "INVALID_REQUEST", "Text is required for speech synthesis"), "{path}");
        let reply = say(client, &format!("{GHOST}/{path}"), &json!({"text": "hi"})).await;
        assert_eq!(refused(&reply), told(404, "NOT_FOUND", "Agent not found"), "{path}");
    }
    let path = format!("{agent}/speech/conversation");
    let reply = say(client, &path, &json!({})).await;
    assert_eq!(refused(&reply), told(400, "INVALID_REQUEST", "Text is required for conversation"));
    let reply = say(client, &path, &json!({"text": "hi", "roomId": "x"})).await;
    assert_eq!(refused(&reply), told(400, "INVALID_ID", "Invalid room ID format"));
    assert_eq!(voices.received().len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nothing_is_set_up_the_settings_are_named() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let served = Served::start(&model).await;
    let (client, agent) = (&served.client, agent());
    let reply = say(client, &format!("{agent}/speech/generate"), &json!({"text": "hi"})).await;
    let words = "nothing is set up that speaks (set `speech.speak_command` to a program, such as `espeak-ng --stdin \
                 --stdout`, or `speech.provider` and the key of that provider, such as OPENAI_API_KEY)";
    assert_eq!(refused(&reply), told(501, "NOT_SUPPORTED", words));
    let reply = hear(client, &format!("{agent}/transcriptions"), "audio/flac", b"fLaC").await;
    let words = "nothing is set up that transcribes (set `speech.transcribe_command` to a program, such as `whisper-cli \
                 -nt -f {file}`, or `speech.provider` and the key of that provider, such as OPENAI_API_KEY)";
    assert_eq!(refused(&reply), told(501, "NOT_SUPPORTED", words));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_fails_is_told_without_its_key() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    for (status, body, words) in [
        (401, r#"{"error":{"message":"bad key sk-canary-speech"}}"#, "`voices` refused the key (401): bad key […]"),
        (404, "{}", "`voices` rejected the request (404): {}"),
        (200, "", "the answer of `voices` cannot be understood: it is empty"),
        (200, r#"{"error":"x"}"#, "the answer of `voices` cannot be understood: it is text, and no sound"),
    ] {
        let voices = Receiver::that_answers(status, body).await;
        let served = Served::start_with(&model, |settings| speaks_by(settings, &voices)).await;
        let reply = say(&served.client, &format!("{}/speech/generate", agent()), &json!({"text": "hi"})).await;
        let (status, code, message) = refused(&reply);
        assert_eq!((status, code.as_str()), (500, "PROCESSING_ERROR"), "{message}");
        assert!(message.starts_with(words), "{message}");
        assert!(!reply.text().contains("canary"), "{}", reply.text());
    }
}

/// What was given to this server before is shown to a model that takes pictures; nothing else is fetched.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pictures_reach_the_model() {
    let (model, voices) = (ModelServer::start(Wire::Openai, vec![Answer::text("a dot")]), provider().await);
    let served = Served::start_with(&model, |settings| speaks_by(settings, &voices)).await;
    let (client, agent) = (&served.client, agent());
    let picture = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    let upload = format!("../media/agents/{agent}/upload-media");
    let given = hear(client, &upload, "image/png", picture).await.expect(200)["data"].clone();
    let attachments = json!([
        {"id": "1", "url": given["url"], "contentType": "image"},
        {"id": "2", "url": given["url"], "contentType": "image"},
        {"id": "3", "url": format!("{}/picture.png", voices.address), "contentType": "image"},
        {"id": "4", "url": format!("/media/uploads/agents/{agent}/1-1.png")},
    ]);
    let sent = json!({"text": "what is it?", "attachments": attachments});
    assert_eq!(say(client, &format!("{agent}/speech/conversation"), &sent).await.status, 200);
    let asked = model.requests()[0].body["messages"].to_string();
    let wanted = format!("data:image/png;base64,{}", STANDARD.encode(picture));
    assert_eq!((asked.matches(&wanted).count(), asked.matches("picture.png").count()), (1, 0), "{asked}");
    assert_eq!(voices.received().len(), 1, "only what is spoken went there");
    // The session keeps what it shows, also when the file is gone.
    let memories = client.get(&format!("/api/memory/{agent}/memories")).await.expect(200);
    assert_eq!(memories["data"]["memories"][1]["content"]["attachments"], attachments);
    served.leave().await;
    model.finish();
}

/// A script of the test's own.
fn script(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
    path.display().to_string()
}

fn by_programs(settings: &mut Settings, temporary: &Path) {
    settings.tools.guard = Some(PathBuf::from(env!("CARGO_BIN_EXE_ombud")));
    settings.tools.environment.insert("TMPDIR".to_owned(), temporary.display().to_string());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn programs_speak_and_listen() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let temporary = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    // One writes what it was told and its arguments, the other what it was given and how it is called.
    let speaks = script(folder.path(), "speaks", "printf 'RIFF----WAVE%s|' \"$1\"; cat; echo said >&2");
    let listens = script(folder.path(), "listens", "printf ' heard %s in ' \"$(cat \"$2\")\"; echo \"${2##*/}\"");
    let served = Served::start_with(&model, |settings| {
        by_programs(settings, temporary.path());
        settings.speech.speak_command = Some(format!("{speaks} 'a b'"));
        settings.speech.transcribe_command = Some(format!("{listens} -f {{file}}"));
    })
    .await;
    let (client, agent) = (&served.client, agent());
    let text = "it's $(id) `x` \u{e4}\n--";
    let sound = say(client, &format!("{agent}/speech/generate"), &json!({ "text": text })).await;
    let told = (sound.status, sound.header("content-type"), sound.text());
    assert_eq!(told, (200, Some("audio/wav"), format!("RIFF----WAVEa b|{text}")));
    let heard = hear(client, &format!("{agent}/transcriptions"), "audio/mpeg", b"ID3 words").await.expect(200);
    assert_eq!(heard["data"]["text"], "heard ID3 words in input.mp3");
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0, "nothing is left");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_has_limits() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let temporary = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    for (command, code, message) in [
        (
            "echo no voice >&2; exit 3".to_owned(),
            ErrorCode::ModelFailed,
            "`speech.speak_command`: the program ended with 3: no voice",
        ),
        ("yes".to_owned(), ErrorCode::ModelFailed, "`speech.speak_command`: the program wrote more than 2048 bytes"),
        ("true".to_owned(), ErrorCode::ModelFailed, "the command of `speech.speak_command` wrote no sound"),
        (
            "sleep 600".to_owned(),
            ErrorCode::TimedOut,
            "`speech.speak_command`: the program did not end within 1s and was ended, with all that it started",
        ),
    ] {
        let mut settings = settings(&model, folder.path());
        by_programs(&mut settings, temporary.path());
        settings.speech.speak_command = Some(command.clone());
        settings.speech.sound_bytes = 2_048;
        settings.speech.command_time = Duration::from_secs(if command.starts_with("sleep") { 1 } else { 60 });
        let house = open(settings, &ombud::storage::StoreUrl::Memory).await;
        let speak = ToSpeak { text: "hi".to_owned(), ..ToSpeak::default() };
        let error = house.speech().speak(&somebody(), speak).await.unwrap_err();
        assert_eq!(error.code, code, "{command}: {error}");
        assert!(error.message.starts_with(message), "{command}: {}", error.message);
    }
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0, "nothing is left");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_guard_no_program_runs() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut settings = settings(&model, folder.path());
    settings.speech.speak_command = Some("true".to_owned());
    let house = open(settings, &ombud::storage::StoreUrl::Memory).await;
    let speak = |text: &str| ToSpeak { text: text.to_owned(), ..ToSpeak::default() };
    let error = house.speech().speak(&somebody(), speak("hi")).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::NotSupported, "{error}");
    let error = house.speech().speak(&somebody(), speak(" ")).await.unwrap_err();
    assert_eq!((error.code, error.message.as_str()), (ErrorCode::InvalidInput, "there is nothing to say"));
    let error = house.speech().speak(&somebody(), speak(&"x".repeat(70_000))).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::TooLarge, "{error}");
}
