//! Talk: greetings, what this model is, what was said before; and what it says when it does not know.

use super::question::Question;
use super::turn::{Said, Turn};
use super::vocabulary::FOREIGN;

const CAN: &str = "\
- list, count and find files: \"how many Rust files are in src?\", \"what is the largest file?\"
- read: \"show README.md\", \"the last 5 lines of notes.txt\", \"how many words are in notes.txt?\"
- search: \"where is parse_config defined?\", \"which files mention timeout?\", \"find the TODOs\"
- outline and sum up by extraction: \"outline of src/main.rs\", \"what is this project?\", \"summarise README.md\"
- look up values: \"what is the version?\", \"what is the port in config.yaml?\", \"which e-mail addresses are in team.txt?\"
- tables: \"what is the average of price in sales.csv?\"
- calculate and tell the date: \"15% of 240\", \"how many days until 24 December?\"
- with your permission write, edit and run: \"replace foo with bar in a.txt\", \"run `make test`\"
- work on piped text: \"count the lines\", \"sort\", \"unique\", \"first 3 lines\"";

const CONFIGURE: &str = "For a real language model set a key, such as `OPENAI_API_KEY` or `ANTHROPIC_API_KEY`, and choose it with `--model PROVIDER/ID`, \
for example `--model openai/gpt-5-mini`. A local server works too: set `OLLAMA_HOST`, or `OPENAI_BASE_URL` and choose `--model openai/ID`.";

/// What it says when no rule has an answer.
pub(super) fn unknown(turn: &Turn<'_>) -> String {
    let looked = if turn.offers("search_files") { "" } else { " The tool to search files is not offered to me here." };
    format!("I do not know. I am `offline/rules`, a small rule-based model and no language model.{looked} {}", way_out())
}

/// How to get more.
pub(super) fn way_out() -> String {
    format!("Ask \"what can you do\" for what I understand. {CONFIGURE}")
}

/// Answers talk; `None` when the question is about something else.
pub(super) fn answer(question: &Question, turn: &Turn<'_>) -> Option<String> {
    if question.words.is_empty() {
        return Some(if question.text_given.is_some() {
            "You sent me a text and no question. Ask, for example, \"count the lines\" or \"summarise this\".".to_owned()
        } else {
            "You asked nothing. Ask \"what can you do\" for what I understand.".to_owned()
        });
    }
    identity(question).or_else(|| greeting(question)).or_else(|| memory(question, turn)).or_else(|| beyond(question, turn))
}

fn greeting(question: &Question) -> Option<String> {
    let only =
        |words: &[&str]| question.words.len() <= 6 && question.words.iter().all(|word| words.contains(&word.low.as_str()));
    if only(&[
        "hi",
        "hello",
        "hey",
        "good",
        "morning",
        "evening",
        "afternoon",
        "day",
        "there",
        "ombud",
        "howdy",
        "greetings",
        "yo",
        "again",
    ]) && !question.says("good")
    {
        return Some(
            "Hello. Ask me about the files of this workspace, a calculation or the date; \"what can you do\" shows more."
                .to_owned(),
        );
    }
    if only(&["good", "morning", "evening", "afternoon", "day", "ombud"]) && question.words.len() >= 2 {
        return Some(
            "Hello. Ask me about the files of this workspace, a calculation or the date; \"what can you do\" shows more."
                .to_owned(),
        );
    }
    if only(&[
        "thanks", "thank", "you", "thx", "cheers", "very", "much", "so", "a", "lot", "great", "nice", "cool", "perfect",
        "ok", "okay", "good", "job", "well", "done", "for", "that", "the", "help",
    ]) {
        return Some("You are welcome.".to_owned());
    }
    if only(&["bye", "goodbye", "see", "you", "later", "good", "night", "quit", "exit"]) {
        return Some("Goodbye.".to_owned());
    }
    (only(&["how", "are", "you", "doing", "today", "is", "it", "going"]) && question.begins(&["how"]))
        .then(|| "I am a program and feel nothing, but I am ready. What shall I look up?".to_owned())
}

fn identity(question: &Question) -> Option<String> {
    if question.text.trim() == "pwd"
        || question.says_any(&[
            "which directory am i",
            "which folder am i",
            "what directory am i",
            "what folder am i",
            "path of the workspace",
            "where am i",
        ])
    {
        return Some("I do not know: my tools show paths only relative to the workspace. Ask me to run `pwd`.".to_owned());
    }
    let short = question.words.len() <= 10 && question.paths().is_empty();
    if !short {
        return None;
    }
    let says = |phrases: &[&str]| question.says_any(phrases);
    if says(&[
        "what can you",
        "what do you do",
        "what you can do",
        "how can you help",
        "can you help me",
        "what are you able",
        "your capabilities",
        "your abilities",
        "what do you understand",
        "what questions",
    ]) && !question.says("in")
        || matches!(question.text.to_lowercase().trim_matches(['?', '!', '.', '/', ' ']), "help" | "help me" | "usage")
    {
        return Some(format!(
            "I am `offline/rules`, a small rule-based model inside ombud, and no language model. I can:\n{CAN}\n\n{CONFIGURE}"
        ));
    }
    if says(&[
        "who are you",
        "what are you",
        "your name",
        "which model",
        "what model",
        "are you an",
        "are you a",
        "are you chatgpt",
        "are you gpt",
        "are you claude",
        "are you human",
        "are you real",
        "introduce yourself",
        "about yourself",
        "who made you",
        "who created you",
        "are you ai",
        "are you alive",
        "who am i talking",
    ]) && !says(&["in the", "use", "uses", "defined"])
    {
        return Some(format!(
            "I am `offline/rules`, a small rule-based model inside ombud: no language model, no network. I answer from the tools of this workspace. Ask \"what can you do\" for what I understand. {CONFIGURE}"
        ));
    }
    let model = says(&["real model", "language model", "api key", "llm", "another model", "better model"])
        && says(&["how", "set", "use", "configure", "connect", "need"]);
    (model && !says(&["where", "find", "search", "file", "files", "defined"])).then(|| CONFIGURE.to_owned())
}

/// Questions about the conversation itself.
fn memory(question: &Question, turn: &Turn<'_>) -> Option<String> {
    let says = |phrases: &[&str]| question.says_any(phrases);
    let asked = turn.asked();
    let said = |text: &str| text.split("<stdin").next().unwrap_or(text).trim().to_owned();
    let about_me = says(&[
        "did i ask",
        "did i say",
        "i ask before",
        "have i asked",
        "my last question",
        "my previous question",
        "my first question",
        "my earlier question",
        "my questions",
        "did i just",
        "i just ask",
        "was my question",
        "did i tell",
        "i asked",
    ]);
    if about_me && !says(&["my name"]) {
        if asked.is_empty() {
            return Some("This is the first thing that you ask in this session.".to_owned());
        }
        if says(&["first"]) {
            return Some(format!("Your first question was: \"{}\"", said(asked[0])));
        }
        let shown: Vec<String> =
            asked.iter().rev().take(20).rev().enumerate().map(|(at, text)| format!("{}. {}", at + 1, said(text))).collect();
        return Some(match (asked.last(), says(&["last", "previous", "just"]) || asked.len() == 1) {
            (Some(last), true) => format!("You asked before: \"{}\"", said(last)),
            _ => format!("You asked before:\n{}", shown.join("\n")),
        });
    }
    if says(&[
        "did you say",
        "you say before",
        "your last answer",
        "your previous answer",
        "did you answer",
        "repeat that",
        "say that again",
        "repeat your answer",
        "say it again",
        "repeat it",
    ]) && question.words.len() <= 9
    {
        return Some(match turn.last_answer() {
            Some(text) => format!("I said:\n{text}"),
            None => "I have said nothing in this session yet.".to_owned(),
        });
    }
    if says(&["how many questions", "how many messages"]) {
        return Some(format!(
            "You asked {} before this one in this session.",
            super::prose::plural(asked.len(), "question", "questions")
        ));
    }
    if let Some((what, value)) = stated(&question.text) {
        return Some(format!("I can find that again in this session: your {what} is {value}."));
    }
    let wanted = wanted_fact(question)?;
    for said in turn.history.iter().rev() {
        let Said::User(text) = said else { continue };
        let found = text.split(['\n', '.', '!', ';']).filter_map(stated).find(|(what, _)| *what == wanted);
        if let Some((what, value)) = found {
            return Some(format!("You said that your {what} is {value}."));
        }
    }
    Some(format!("You have not told me your {wanted} in this session, so I do not know it."))
}

/// What a question of the form "what is my name" wants to know.
fn wanted_fact(question: &Question) -> Option<String> {
    if question.says_any(&["who am i"]) && question.words.len() <= 4 || question.says("am i called") {
        return Some("name".to_owned());
    }
    let (at, _) = question.position("my").filter(|(at, _)| *at <= 6)?;
    let asks = question.begins(&[
        "what is my",
        "what was my",
        "who is my",
        "where is my",
        "when is my",
        "do you know my",
        "do you remember my",
        "remember my",
        "which is my",
        "tell me my",
        "what are my",
    ]);
    let what: Vec<&str> = question.words.get(at + 1..)?.iter().map(|word| word.low.as_str()).collect();
    let of_files = what.iter().any(|word| {
        matches!(
            *word,
            "workspace"
                | "file"
                | "files"
                | "folder"
                | "directory"
                | "project"
                | "in"
                | "version"
                | "config"
                | "code"
                | "readme"
                | "repo"
        )
    });
    let named = what.first().is_some_and(|word| {
        matches!(*word, "name" | "age" | "birthday" | "email" | "favourite" | "favorite" | "hobby" | "cat" | "dog" | "job")
    });
    (asks && !what.is_empty() && what.len() <= 4 && !of_files && (named || question.begins(&["do you remember"])))
        .then(|| what.join(" "))
}

/// A statement of the form "my name is Ada" or "I am called Ada".
fn stated(text: &str) -> Option<(String, String)> {
    let text = text.trim().trim_end_matches(['.', '!']);
    if text.ends_with('?') || text.len() > 300 {
        return None;
    }
    let low = text.to_lowercase();
    if low.len() != text.len() {
        return None;
    }
    let value =
        |at: usize| text.get(at..).map(|value| value.trim().trim_matches('"').to_owned()).filter(|value| !value.is_empty());
    for opening in ["i am called ", "call me ", "i'm called "] {
        if let Some(at) = low.find(opening) {
            return Some(("name".to_owned(), value(at + opening.len())?));
        }
    }
    let start = if low.starts_with("my ") {
        3
    } else {
        low.find(" my ").filter(|at| {
            low.get(..*at).is_some_and(|lead| {
                lead.split_whitespace().all(|word| {
                    matches!(
                        word.trim_matches(','),
                        "hi" | "hello" | "hey" | "remember" | "that" | "please" | "note" | "and" | "also" | "know"
                    )
                })
            })
        })? + 4
    };
    let rest = low.get(start..)?;
    let (at, verb) = [" is ", " are ", " was "].iter().filter_map(|verb| rest.find(verb).map(|at| (at, *verb))).min()?;
    let what = rest.get(..at)?;
    let value = |at: usize| {
        let value = value(at)?;
        let end = [" and ", ", ", " but "].iter().filter_map(|joint| value.find(joint)).min().unwrap_or(value.len());
        value.get(..end).map(str::to_owned)
    };
    (what.split_whitespace().count() <= 4)
        .then(|| value(start + at + verb.len()).map(|value| (what.to_owned(), value)))
        .flatten()
}

/// What only a language model could do, and prompts in other languages without a file in them.
fn beyond(question: &Question, turn: &Turn<'_>) -> Option<String> {
    let creative = question.begins(&[
        "write a",
        "write an",
        "write me",
        "compose",
        "translate",
        "invent",
        "imagine",
        "tell me a",
        "tell a",
        "refactor",
        "debug",
        "fix",
        "improve",
        "optimise",
        "optimize",
        "rewrite",
        "implement",
        "paraphrase",
        "brainstorm",
        "draft",
        "review",
    ]) && !question.says_any(&["file", "tell me about", "tell me a file", "named", "called"]);
    let joke = question.begins(&["tell me a", "tell a", "write me"])
        && question.says_any(&["joke", "story", "poem", "riddle", "haiku"]);
    if joke || creative && !question.begins(&["tell me a", "tell a"]) {
        return Some(format!(
            "That needs a language model, and I am `offline/rules`, a small rule-based one: I cannot write, translate or change code by myself. {}",
            way_out()
        ));
    }
    let language = foreign(question)?;
    (question.paths().is_empty() && !question.words.iter().any(|word| word.quoted)).then(|| {
        let tools = if turn.tool_names().is_empty() { "" } else { " I can look things up in this workspace when asked in English." };
        format!("I am `offline/rules`, a small rule-based model: I understand only English, and this looks like {language}.{tools} {}", way_out())
    })
}

/// The language that a question seems to be in, when that is not English.
fn foreign(question: &Question) -> Option<&'static str> {
    let letters = question.text.chars().filter(|c| c.is_alphabetic());
    let (all, beyond_latin) = letters.fold((0, 0), |(all, beyond), c| (all + 1, beyond + usize::from(c > '\u{24f}')));
    if beyond_latin * 2 > all {
        return Some("another language");
    }
    let words: Vec<String> = question.words.iter().map(|word| word.raw.to_lowercase()).collect();
    let count = |list: &[&str]| words.iter().filter(|word| list.contains(&word.as_str())).count();
    let english = count(&[
        "the", "is", "are", "what", "how", "where", "of", "and", "my", "does", "which", "this", "that", "show", "find",
        "list", "for", "to",
    ]);
    let (name, hits) = FOREIGN.iter().map(|(name, list)| (*name, count(list))).max_by_key(|(_, hits)| *hits)?;
    (hits >= 2 && hits > english).then_some(name)
}
