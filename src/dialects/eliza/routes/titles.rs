//! Routes: the title of a channel, by the agent's small model.

use std::fmt::Write as _;

use http::StatusCode;
use serde_json::json;

use super::super::errors::ElizaError;
use super::super::fields::Fields;
use super::super::request::{Answer, Asked, data};
use super::super::told::{self, Told, Wanted};
use super::super::{agents, directory::Directory};
use super::messages::moment;
use crate::engine::Completion;
use crate::http::{Route, Routes};

/// Fewer messages have no title.
const FEWEST: usize = 4;
/// Most messages that are read for it.
const MOST: usize = 200;
/// What is read of one message, in characters.
const SIGNS: usize = 500;
/// Longest title, in characters.
const TITLE: usize = 100;

/// The routes, in the order of the documentation.
pub fn routes() -> Routes {
    vec![
        Route::post("/api/messaging/central-channels/{channel}/generate-title", generate)
            .about("Have an agent find a title for a channel."),
        Route::post("/api/messaging/channels/{channel}/generate-title", generate)
            .about("Have an agent find a title for a channel."),
    ]
}

async fn generate(asked: Asked) -> Answer {
    let body = Fields(asked.body()?);
    let found = super::channels::named(&asked).await?;
    let agent = body.id("agentId").ok_or_else(|| ElizaError::bad("INVALID_ID", "Valid agent ID is required"))?;
    let (engine, caller) = (asked.engine(), &asked.caller);
    let agent = agents::running(engine, caller, &agent)
        .await
        .map_err(|error| if error.status == StatusCode::NOT_FOUND { not_running() } else { error })?;
    let id = found.as_ref().map_or_else(|| asked.named(0).to_owned(), |channel| channel.id().to_owned());
    let mut all = Vec::new();
    if let Some(channel) = &found {
        let limit = asked.query("limit").and_then(|text| text.parse().ok()).unwrap_or(50).clamp(1, MOST);
        let before = asked.query("before").as_deref().and_then(moment);
        let directory = Directory::read(engine, caller).await?;
        let wanted = Wanted { limit, before, ..Wanted::default() };
        (all, _) = told::of_channel(engine, caller, channel, &directory, &wanted).await?;
    }
    if all.len() < FEWEST {
        let reason = "Not enough messages to generate a title";
        return Ok(data(StatusCode::OK, json!({ "title": null, "channelId": id, "reason": reason })));
    }
    let small = agent.agent.judge.clone().or_else(|| agent.agent.model.clone());
    let completion = Completion {
        // In its own way: it may have a server of models of its own.
        agent: Some(agent.agent.name.clone()),
        model: small.or(Some(agent.model)),
        prompt: prompt(&all),
        max_tokens: Some(64),
        ..Completion::default()
    };
    let title = title(&engine.complete(caller, completion).await?.text);
    Ok(data(StatusCode::OK, json!({ "title": title, "channelId": id })))
}

fn not_running() -> ElizaError {
    ElizaError::not_found("Agent not found or not active")
}

/// What the model is asked; messages are given newest first.
fn prompt(all: &[Told]) -> String {
    let mut prompt = String::from(
        "Find a title for the conversation below: at most six words that say what it is about. \
         Answer with the title alone, without quotes.\n",
    );
    for told in all.iter().rev() {
        let text: String = told.text.chars().take(SIGNS).collect();
        let _ = write!(prompt, "\n{}: {text}", if told.is_agent { &told.author_name } else { "User" });
    }
    prompt
}

/// The title in an answer: its first line, without the quotes that some models put around it.
fn title(answer: &str) -> String {
    let line = answer.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    line.trim_matches(['"', '\'', '*', '#', ' ']).chars().take(TITLE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_one_line_without_quotes() {
        assert_eq!(title("\n \"Engines, and how they work\" \nmore"), "Engines, and how they work");
        assert_eq!((title(""), title(&"x".repeat(300)).len()), (String::new(), TITLE));
    }
}
