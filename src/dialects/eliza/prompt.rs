//! What a model is told of a character: who it is, how it talks, what it knows.

use std::fmt::Write as _;

use serde_json::Value;

use super::character::Character;

/// What the instructions may be long, in bytes; knowledge is left out first.
const MOST: usize = 256 << 10;
/// Talks that are shown as examples.
const TALKS: usize = 20;

/// The instructions of the agent that a character is. `knowledge` are texts that were read from its files.
pub fn instructions(character: &Character, knowledge: &[String]) -> String {
    let name = character.name();
    let mut text = String::new();
    let mut add = |part: String| {
        if !part.is_empty() {
            if !text.is_empty() {
                text.push_str("\n\n");
            }
            text.push_str(&part);
        }
    };
    let system = character.text("system").trim();
    add(if system.is_empty() { format!("You are {name}.") } else { system.to_owned() });
    add(titled(&format!("About {name}"), &character.texts("bio")));
    add(joined(&format!("{name} is"), &character.texts("adjectives")));
    add(joined(&format!("{name} likes to talk about"), &character.texts("topics")));
    let style = character.get("style");
    let rules: Vec<&str> = ["all", "chat"].iter().flat_map(|key| texts(style.and_then(|style| style.get(*key)))).collect();
    add(titled(&format!("How {name} writes"), &rules));
    add(examples(character));
    add(titled(&format!("How {name} writes a post"), &character.texts("postExamples")));
    let told = texts(character.get("knowledge"));
    let known: Vec<&str> = told.into_iter().chain(knowledge.iter().map(String::as_str)).collect();
    let room = MOST.saturating_sub(text.len());
    let mut used = 0;
    let fitting: Vec<&str> = known
        .into_iter()
        .take_while(|item| {
            used += item.len() + 3;
            used <= room
        })
        .collect();
    let known = titled(&format!("What {name} knows"), &fitting);
    if !known.is_empty() {
        text.push_str("\n\n");
        text.push_str(&known);
    }
    text
}

fn texts(value: Option<&Value>) -> Vec<&str> {
    value.and_then(Value::as_array).map(|texts| texts.iter().filter_map(Value::as_str).collect()).unwrap_or_default()
}

fn titled(title: &str, lines: &[&str]) -> String {
    let lines: Vec<String> =
        lines.iter().map(|line| line.trim()).filter(|line| !line.is_empty()).map(|line| format!("- {line}")).collect();
    if lines.is_empty() { String::new() } else { format!("{title}:\n{}", lines.join("\n")) }
}

fn joined(begin: &str, words: &[&str]) -> String {
    let words: Vec<&str> = words.iter().map(|word| word.trim()).filter(|word| !word.is_empty()).collect();
    if words.is_empty() { String::new() } else { format!("{begin} {}.", words.join(", ")) }
}

/// How it talks, by example. `{{user1}}` stands for somebody.
fn examples(character: &Character) -> String {
    let talks = character.get("messageExamples").and_then(Value::as_array).into_iter().flatten();
    let mut text = String::new();
    for talk in talks.take(TALKS) {
        let lines = talk.as_array().into_iter().flatten().filter_map(|line| {
            let said = line.get("content")?.get("text")?.as_str()?;
            let who = line.get("name")?.as_str()?;
            let who = who.trim_start_matches("{{").trim_end_matches("}}");
            Some(format!("{who}: {said}"))
        });
        let lines: Vec<String> = lines.collect();
        if !lines.is_empty() {
            let _ = write!(text, "\n\n{}", lines.join("\n"));
        }
    }
    if text.is_empty() { text } else { format!("Examples of how {} talks:{text}", character.name()) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn all_of_a_character_shapes_what_the_model_is_told() {
        let character = Character::read(&json!({
            "name": "Ada", "system": "You are Ada.", "bio": ["Writes programs.", " "], "adjectives": ["exact", "kind"],
            "topics": ["engines"], "style": {"all": ["be brief"], "chat": ["ask back"], "post": ["no"]},
            "messageExamples": [[
                {"name": "{{user1}}", "content": {"text": "hi"}}, {"name": "Ada", "content": {"text": "hello"}}
            ]],
            "postExamples": ["A post."], "knowledge": ["Water is wet.", {"path": "a.md"}]
        }))
        .unwrap();
        let expected = "You are Ada.\n\nAbout Ada:\n- Writes programs.\n\nAda is exact, kind.\n\nAda likes to talk about \
                        engines.\n\nHow Ada writes:\n- be brief\n- ask back\n\nExamples of how Ada talks:\n\nuser1: hi\n\
                        Ada: hello\n\nHow Ada writes a post:\n- A post.\n\nWhat Ada knows:\n- Water is wet.\n- From a file.";
        assert_eq!(instructions(&character, &["From a file.".to_owned()]), expected);
    }

    #[test]
    fn a_bare_character_has_a_name_and_knowledge_has_a_limit() {
        let character = Character::read(&json!({"name": "Ada", "bio": ""})).unwrap();
        assert_eq!(instructions(&character, &[]), "You are Ada.");
        let much = vec!["x".repeat(200 << 10), "y".repeat(100 << 10)];
        let told = instructions(&character, &much);
        assert!(told.len() <= MOST && told.contains("xxx") && !told.contains('y'.to_string().repeat(3).as_str()));
    }
}
