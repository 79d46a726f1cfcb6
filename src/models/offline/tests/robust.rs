//! The stream, and that no request can break the model.

use futures_util::StreamExt;
use proptest::prelude::*;

use super::super::Offline;
use super::house::{House, clock, now, tools};
use crate::domain::{Finish, ModelSettings};
use crate::models::offline::rules::{self, Decision};
use crate::models::{Model, ModelEvent, ModelPart, ModelRequest, PromptMessage, PromptPart, PromptReturn};

fn events(request: &ModelRequest) -> Vec<ModelEvent> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let stream = runtime.block_on(Offline::new(clock()).ask(request.clone()));
    runtime.block_on(stream.map(Result::unwrap).collect())
}

fn asked(prompt: &str) -> ModelRequest {
    let mut house = House::new(&[]);
    house.messages.push(PromptMessage::User(vec![PromptPart::Text(prompt.to_owned())]));
    house.request()
}

#[test]
fn an_answer_is_streamed_in_words() {
    let mut seen = events(&asked("what is 2+2"));
    let last = seen.pop().unwrap();
    let grew = |text: &str| ModelEvent::PartGrew(text.to_owned());
    assert_eq!(
        seen,
        [
            ModelEvent::PartOpened(ModelPart::Text),
            grew("2+2 "),
            grew("= "),
            grew("4"),
            ModelEvent::PartClosed { signature: None, sealed: None },
        ]
    );
    let ModelEvent::Finished { finish, usage } = last else { panic!("{last:?}") };
    // 11 bytes were sent and 7 received; four bytes count as a token.
    assert_eq!((finish, usage.input_tokens, usage.output_tokens), (Finish::Stop, 3, 2));
}

#[test]
fn calls_are_streamed_one_after_the_other() {
    let opened = |name: &str| ModelEvent::PartOpened(ModelPart::ToolCall { name: name.to_owned() });
    let closed = ModelEvent::PartClosed { signature: None, sealed: None };
    let mut seen = events(&asked("read a.txt and list the files"));
    assert!(matches!(seen.pop(), Some(ModelEvent::Finished { finish: Finish::ToolCalls, .. })));
    assert_eq!(
        seen,
        [
            opened("read_file"),
            ModelEvent::PartGrew(r#"{"path":"a.txt"}"#.to_owned()),
            closed.clone(),
            opened("list_files"),
            ModelEvent::PartGrew(r#"{"path":".","recursive":false}"#.to_owned()),
            closed,
        ]
    );
}

#[test]
fn the_settings_can_end_an_answer() {
    let text = |request: &ModelRequest| {
        let mut all = String::new();
        let mut finish = None;
        for event in events(request) {
            match event {
                ModelEvent::PartGrew(piece) => all.push_str(&piece),
                ModelEvent::Finished { finish: how, .. } => finish = Some(how),
                _ => {}
            }
        }
        (all, finish.unwrap())
    };
    let mut request = asked("hello");
    request.settings.max_tokens = Some(2);
    assert_eq!(text(&request), ("Hello. A".to_owned(), Finish::Length));
    request.settings = ModelSettings { stop: vec![". ".to_owned()], ..ModelSettings::default() };
    assert_eq!(text(&request), ("Hello".to_owned(), Finish::Stop));
}

#[test]
fn an_empty_request_has_an_answer() {
    let mut request = asked("");
    request.messages.clear();
    assert_eq!(
        rules::decide(&request, now()),
        Decision::Answer("You asked nothing. Ask \"what can you do\" for what I understand.".to_owned())
    );
}

fn words() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        6 => prop::sample::select(vec![
            "what", "is", "the", "how", "many", "lines", "words", "in", "of", "read", "list", "files", "where", "defined", "find", "a.txt",
            "src/main.rs", "data.csv", "x.json", "README", "first", "last", "3", "-7", "99999999999999999999", "line", "to", "replace",
            "with", "append", "create", "content", "run", "`", "\"", "'", "and", "then", "sum", "average", "column", "version", "days",
            "until", "between", "2026-02-30", "31.04.2026", "february", "30", "%", "^", "(", ")", "/", "0", "<stdin>", "</stdin>", "```", "\n",
            "it", "second", "one", "folder", "compare", "todo", "my", "name", "copyright", ":", "what's", "é", "漢字", "\u{202e}", "\0",
        ]).prop_map(str::to_owned),
        1 => "\\PC{0,12}",
        1 => any::<String>(),
    ];
    prop::collection::vec(word, 0..14).prop_map(|words| words.join(" "))
}

fn output() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => any::<String>(),
        2 => words(),
        1 => "[a-z.:/0-9\\[\\]{}\"=,;#| -]{0,40}(\n[a-z.:/0-9\\[\\]{}\"=,;#| -]{0,40}){0,8}",
        1 => Just("a,b,c\n1,2\n\"x\n,3".to_owned()),
        1 => Just("src/\nsrc/main.rs  12\n[3 left out by ignore files: a; `include_ignored` lists them]".to_owned()),
        1 => Just("a.txt:1:TODO x\n[1 matching lines in 1 of 2 files searched]".to_owned()),
        1 => Just("x\n[lines 1 to 1 of 99; go on with `offset` 2]".to_owned()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever is asked and whatever tools return: there is an answer within a few rounds.
    #[test]
    fn any_turn_ends(
        before in prop::collection::vec((words(), output()), 0..3),
        prompt in words(),
        outputs in prop::collection::vec((output(), any::<bool>()), 1..5),
    ) {
        let mut request = asked(&prompt);
        let mut messages = Vec::new();
        for (question, answer) in before {
            messages.push(PromptMessage::User(vec![PromptPart::Text(question)]));
            messages.push(PromptMessage::Assistant(vec![PromptPart::Text(answer)]));
        }
        messages.append(&mut request.messages);
        request.messages = messages;
        let mut ended = false;
        for round in 0..12 {
            let decision = rules::decide(&request, now());
            prop_assert_eq!(&decision, &rules::decide(&request, now()));
            let Decision::Call(calls) = decision else { ended = true; break };
            prop_assert!(!calls.is_empty());
            let id = |at: usize| format!("{round}.{at}");
            let parts = calls.iter().enumerate().map(|(at, call)| PromptPart::ToolCall {
                id: id(at), name: call.name.clone(), arguments: call.arguments.to_string(),
            });
            request.messages.push(PromptMessage::Assistant(parts.collect()));
            let returns = calls.iter().enumerate().map(|(at, call)| {
                let (text, failed) = outputs[(round + at) % outputs.len()].clone();
                PromptReturn { id: id(at), name: call.name.clone(), text, failed }
            });
            request.messages.push(PromptMessage::ToolReturns(returns.collect()));
        }
        prop_assert!(ended, "no answer after 12 rounds");
    }

    /// Messages in any order, with any calls and returns, break nothing.
    #[test]
    fn any_request_is_decided(
        kinds in prop::collection::vec((0..4_u8, words(), output()), 0..6),
        offered in 0..=7_usize,
    ) {
        let mut request = asked("");
        request.tools = tools().into_iter().take(offered).collect();
        request.messages = kinds.into_iter().map(|(kind, one, other)| match kind {
            0 => PromptMessage::User(vec![PromptPart::Text(one), PromptPart::Text(other)]),
            1 => PromptMessage::Assistant(vec![PromptPart::Text(one)]),
            2 => PromptMessage::Assistant(vec![PromptPart::ToolCall { id: "1".to_owned(), name: one, arguments: other }]),
            _ => PromptMessage::ToolReturns(vec![PromptReturn { id: "1".to_owned(), name: one, text: other, failed: false }]),
        }).collect();
        let _ = events(&request);
    }
}
