//! Tapes: what was recorded is played, and what differs is told.

use std::sync::Arc;

use futures_util::{StreamExt as _, stream};
use serde_json::json;

use super::*;
use crate::domain::{Access, Effect, Finish, ModelSettings, ToolSpec, Usage};
use crate::models::catalogue::Catalogue;
use crate::models::{ModelEvent, ModelPart, ModelRequest, ModelStream, PromptMessage, PromptPart, PromptReturn};

type Told = Vec<Result<ModelEvent, ModelError>>;

/// Says the same to everybody.
struct Says(Told);

#[async_trait::async_trait]
impl Model for Says {
    async fn ask(&self, _: ModelRequest) -> ModelStream {
        stream::iter(self.0.clone()).boxed()
    }
}

fn card(id: &str) -> Card {
    Catalogue::default().card(&ModelChoice::new("p", id))
}

fn request(messages: Vec<PromptMessage>) -> ModelRequest {
    let parameters = json!({"type": "object"});
    let (effect, access) = (Effect::None, Access::Read);
    ModelRequest {
        model: "m".into(),
        system: "Be brief.".into(),
        messages,
        tools: vec![ToolSpec { name: "look".into(), description: "Looks.".into(), parameters, effect, access }],
        settings: ModelSettings::default(),
        form: None,
    }
}

fn user(text: &str) -> PromptMessage {
    PromptMessage::User(vec![PromptPart::Text(text.into())])
}

/// A conversation with a call under this id.
fn conversation(id: &str) -> Vec<PromptMessage> {
    let call = PromptPart::ToolCall { id: id.into(), name: "look".into(), arguments: "{}".into() };
    let returned = PromptReturn { id: id.into(), name: "look".into(), text: "saw".into(), failed: false };
    vec![user("hi"), PromptMessage::Assistant(vec![call]), PromptMessage::ToolReturns(vec![returned])]
}

fn answer(text: &str) -> Told {
    vec![
        Ok(ModelEvent::PartOpened(ModelPart::Reasoning)),
        Ok(ModelEvent::PartClosed { signature: Some("proof".into()), sealed: Some("seal".into()) }),
        Ok(ModelEvent::PartOpened(ModelPart::Text)),
        Ok(ModelEvent::PartGrew(text.into())),
        Ok(ModelEvent::PartClosed { signature: None, sealed: None }),
        Ok(ModelEvent::Finished { finish: Finish::Stop, usage: Usage { input_tokens: 3, ..Usage::default() } }),
    ]
}

fn broken() -> Told {
    let error = ModelError {
        cause: Cause::Server,
        message: "down".into(),
        retryable: true,
        status: Some(503),
        retry_after_ms: Some(7),
    };
    let retrying = ModelEvent::Retrying { attempt: 1, error: error.clone().into(), delay_ms: 5 };
    vec![Ok(retrying), Err(error)]
}

async fn all(model: &Arc<dyn Model>, request: ModelRequest) -> Told {
    model.ask(request).await.collect().await
}

/// A tape of two calls and of one that nobody heard to its end.
async fn recorded(path: &Path) {
    let tape = Tape::record(path).unwrap();
    let model = |told| tape.recorded(Arc::new(Says(told)), &card("m"));
    assert_eq!(all(&model(answer("one")), request(vec![user("hi")])).await, answer("one"));
    assert_eq!(all(&model(broken()), request(conversation("first"))).await, broken());
    let mut half = model(answer("half")).ask(request(vec![user("and?")])).await;
    for expected in &answer("half")[..4] {
        assert_eq!(half.next().await.as_ref(), Some(expected));
    }
}

fn player(path: &Path) -> Arc<dyn Model> {
    Tape::replay(path).unwrap().played(&ModelChoice::new("p", "m")).unwrap()
}

#[tokio::test]
async fn what_was_recorded_is_played_also_under_other_ids_and_in_another_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tape");
    recorded(&path).await;
    let tape = Tape::replay(&path).unwrap();
    assert_eq!(tape.first_model(), Some(ModelChoice::new("p", "m")));
    assert_eq!((tape.card(&ModelChoice::new("p", "m")), tape.card(&ModelChoice::new("p", "n"))), (Some(card("m")), None));
    let model = tape.played(&ModelChoice::new("p", "m")).unwrap();
    assert_eq!(all(&model, request(conversation("another"))).await, broken());
    assert_eq!(all(&model, request(vec![user("hi")])).await, answer("one"));
    let mut half = all(&model, request(vec![user("and?")])).await;
    let end = half.pop().unwrap().unwrap_err();
    assert_eq!((half.as_slice(), end.cause, end.retryable), (&answer("half")[..4], Cause::Tape, false));
    let more = all(&model, request(vec![user("hi")])).await.pop().unwrap().unwrap_err();
    assert_eq!(more.message, format!("the tape `{}` holds 3 calls of a model, and this is one more", path.display()));
}

#[tokio::test]
async fn a_request_that_differs_is_told_in_what() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tape");
    recorded(&path).await;
    let base = || request(vec![user("hi")]);
    let mut another_tool = base().tools;
    another_tool[0].name = "see".into();
    let mut described = base().tools;
    described[0].description = "Stares.".into();
    let cases = [
        (
            ModelRequest { system: "Be long.".into(), ..base() },
            "the instructions differ: from character 4 on, \"Be brief.\" there and \"Be long.\" here",
        ),
        (ModelRequest { tools: vec![], ..base() }, "tool `look` is offered there and not here"),
        (
            ModelRequest { tools: [base().tools, another_tool].concat(), ..base() },
            "tool `see` is offered here and not there",
        ),
        (ModelRequest { tools: described, ..base() }, "tool `look` is described otherwise"),
        (
            ModelRequest { settings: ModelSettings { temperature: Some(0.5), ..ModelSettings::default() }, ..base() },
            "how the model is asked differs: `temperature` is not said there and 0.5 here",
        ),
        (
            request(vec![user("ho")]),
            "message 1 of 1 (what was asked) differs: from character 2 on, \"hi\" there and \"ho\" here",
        ),
        (request(vec![user("hi"), user("ho")]), "it has 1 messages there and 2 here"),
    ];
    let player = player(&path);
    for (asked, why) in cases {
        let error = all(&player, asked).await.pop().unwrap().unwrap_err();
        let message = format!("the request differs from call 1 of 3 on the tape `{}`: {why}", path.display());
        assert_eq!((error.message, error.cause), (message, Cause::Tape));
    }
    let other = Tape::replay(&path).unwrap().played(&ModelChoice::new("p", "n")).unwrap();
    let error = all(&other, base()).await.pop().unwrap().unwrap_err();
    assert!(error.message.ends_with("the model is `p/m` there and `p/n` here"), "{}", error.message);
}

#[tokio::test]
async fn a_tape_is_made_once_and_read_as_far_as_it_came() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tape");
    // Nothing was recorded: there is no tape.
    drop(Tape::record(&path).unwrap());
    assert!(!path.exists());
    std::fs::write(&path, "").unwrap();
    recorded(&path).await;
    let error = Tape::record(&path).err().unwrap();
    assert_eq!(error.code, crate::domain::ErrorCode::Conflict);
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!((text.lines().count(), text.matches("Be brief.").count()), (4, 1), "what is the same is written once");
    // Killed in the middle of a line.
    std::fs::write(&path, &text[..text.len() - 20]).unwrap();
    assert_eq!(all(&player(&path), request(vec![user("hi")])).await, answer("one"));
    for (text, wrong) in [
        ("{\"tape\":2}\n", "is of form 2, and this version knows form 1"),
        ("", ""),
        ("hello\n", "is no tape: line 1"),
        ("{}\n", "is no tape: line 1"),
        ("{\"tape\":1}\n{\"exchange\":1}\n", "is no tape: line 2"),
    ] {
        std::fs::write(&path, text).unwrap();
        match Tape::replay(&path) {
            Ok(_) => assert_eq!(wrong, ""),
            Err(error) => assert!(error.message.contains(wrong), "{}", error.message),
        }
    }
    let missing = Tape::replay(&folder.path().join("none")).err().unwrap();
    assert_eq!(missing.code, crate::domain::ErrorCode::NotFound);
}
