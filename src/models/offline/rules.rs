//! The table of rules, and how they are asked.

use super::question::{Prompt, Question};
use super::turn::{Call, Stop, Turn};
use super::{
    calculator, changes, comparison, counting, dates, expression, extraction, given, listing, lookup, presence, reading,
    searching, summary, tables, talk, values,
};
use crate::domain::Timestamp;
use crate::models::ModelRequest;

/// What a rule says: an answer, or that the question is not for it.
pub(super) type Ruling = Result<Option<String>, Stop>;

type Rule = fn(&Question, &Turn<'_>, Timestamp) -> Ruling;

/// The rules, in the order in which they are asked; the first that has an answer is taken.
const RULES: &[(&str, Rule)] = &[
    ("talk", |question, turn, _| Ok(talk::answer(question, turn))),
    ("dates", |question, _, now| Ok(dates::answer(question, now))),
    ("arithmetic", |question, _, _| Ok(arithmetic(question))),
    ("given", |question, _, _| Ok(given::answer(question))),
    ("changes", |question, turn, _| changes::answer(question, turn)),
    ("comparison", |question, turn, _| comparison::answer(question, turn)),
    ("lines", |question, turn, _| reading::ranges(question, turn)),
    ("tables", |question, turn, _| tables::answer(question, turn)),
    ("extraction", |question, turn, _| extraction::answer(question, turn)),
    ("history", |question, turn, _| lookup::history(question, turn)),
    ("searching", |question, turn, _| searching::answer(question, turn)),
    ("counting", |question, turn, _| counting::answer(question, turn)),
    ("listing", |question, turn, _| listing::answer(question, turn)),
    ("values", |question, turn, _| values::answer(question, turn)),
    ("summary", |question, turn, _| summary::answer(question, turn)),
    ("cells", |question, turn, _| tables::cells_of(question, turn)),
    ("folder", |question, turn, _| presence::folder_of(question, turn)),
    ("reading", |question, turn, _| reading::answer(question, turn)),
    ("lookup", |question, turn, _| lookup::answer(question, turn)),
];

/// What the model does.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Decision {
    /// It calls tools, all at the same time.
    Call(Vec<Call>),
    /// It says this, which ends the turn.
    Answer(String),
}

/// Decides about a request.
pub(super) fn decide(request: &ModelRequest, now: Timestamp) -> Decision {
    let turn = Turn::new(request);
    let focus = turn.focus();
    let mut answers = Vec::new();
    let mut pending = false;
    let mut questions = Prompt::read(&turn.prompt).questions;
    let mut named: Option<String> = None;
    for question in &mut questions {
        question.focus = named.clone().or_else(|| nth_listed(question, &turn)).or_else(|| focus.clone());
        named = question.paths().into_iter().next().or(named);
        match answer(question, &turn, now) {
            Ok(text) | Err(Stop::Say(text)) => {
                // "Which file is the largest, and how many lines does it have": the answer names what "it" is.
                if question.paths().is_empty() {
                    named = only_path(&text).or(named);
                }
                answers.push(text);
            }
            Err(Stop::Failed(why)) if why.starts_with("not carried out") => {
                answers.push(format!("I do not know; more calls of tools were {}.", why.trim()))
            }
            Err(Stop::Failed(why)) => answers.push(format!("The tool did not do it: {}", why.trim())),
            Err(Stop::Pending) => pending = true,
        }
        if turn.wants_change() {
            break;
        }
        turn.forget_before_change();
    }
    let wanted = turn.wanted();
    if pending && !wanted.is_empty() {
        return Decision::Call(wanted);
    }
    answers.dedup();
    let text = answers.join("\n\n");
    let text = text.trim();
    Decision::Answer(if text.is_empty() { talk::unknown(&turn) } else { text.to_owned() })
}

fn answer(question: &Question, turn: &Turn<'_>, now: Timestamp) -> Result<String, Stop> {
    for (_, rule) in RULES {
        if let Some(text) = rule(question, turn, now)? {
            return Ok(text);
        }
    }
    Ok(talk::unknown(turn))
}

/// The file that an answer names, when it names only one.
fn only_path(text: &str) -> Option<String> {
    let quoted: Vec<&str> = text.split('`').skip(1).step_by(2).collect();
    match quoted.as_slice() {
        [path] if !path.contains(char::is_whitespace) && path.contains('.') => Some((*path).to_owned()),
        _ => None,
    }
}

/// "The second one" is the second file of the last answer.
fn nth_listed(question: &Question, turn: &Turn<'_>) -> Option<String> {
    let listed = turn.listed();
    let points = question.says_any(&["one", "file", "of them", "of those", "result", "entry"]) || question.words.len() <= 4;
    if listed.len() < 2 || !points || !question.paths().is_empty() || question.says_any(&["lines", "line"]) {
        return None;
    }
    const ORDINALS: [&str; 6] = ["first", "second", "third", "fourth", "fifth", "last"];
    let at = ORDINALS.iter().position(|ordinal| question.says(ordinal))?;
    if at == 5 { listed.last().cloned() } else { listed.get(at).cloned() }
}

/// Arithmetic, also over numbers in the question itself.
fn arithmetic(question: &Question) -> Option<String> {
    if let Some(expression) = reduced(question) {
        return Some(calculator::answer(&expression));
    }
    if let Some(expression) = expression::expression(&question.text) {
        return Some(calculator::answer(&expression));
    }
    if let Some(text) = kind_of_number(question) {
        return Some(text);
    }
    let no_file = question.target().is_none() && question.text_given.is_none();
    let what = tables::aggregate_named(question)?;
    let numbers = calculator::numbers(&question.text);
    let rest: Vec<String> = question.significant();
    let only_numbers = rest.iter().all(|word| {
        word.split([',', ';']).filter(|part| !part.is_empty()).all(|part| calculator::number(part).is_some())
            || tables::aggregate_word(word)
            || matches!(
                word.as_str(),
                "numbers" | "number" | "following" | "value" | "calculate" | "compute" | "add" | "between"
            )
    });
    (no_file && numbers.len() >= 2 && only_numbers).then(|| {
        let shown: Vec<String> = numbers.iter().map(ToString::to_string).collect();
        match what.over(&numbers) {
            Ok(value) => format!("The {} of {} is {value}.", what.word(), shown.join(", ")),
            Err(error) => format!("I cannot calculate the {}: {error}.", what.word()),
        }
    })
}

/// "20% off 150".
fn reduced(question: &Question) -> Option<String> {
    let (at, _) = question.position("off")?;
    let share = question.words.get(at.checked_sub(1)?)?.raw.strip_suffix('%')?;
    let whole = &question.words.get(at + 1)?.raw;
    let both = calculator::number(share).is_some() && calculator::number(whole).is_some();
    both.then(|| format!("{whole} - {share}% * {whole}"))
}

/// "Is 17 prime", "is 12 even".
fn kind_of_number(question: &Question) -> Option<String> {
    let number = match question.words.as_slice() {
        [first, number, ..] if first.low == "is" && question.words.len() <= 6 => {
            number.low.replace(',', "").parse::<u64>().ok()?
        }
        _ => return None,
    };
    if question.says_any(&["prime"]) && number <= 1_000_000_000_000 {
        let divisor = (2..=number.isqrt()).find(|divisor| number % divisor == 0);
        return Some(match divisor {
            Some(divisor) => format!("No: {number} = {divisor} * {}.", number / divisor),
            None if number < 2 => format!("No: {number} is smaller than 2."),
            None => format!("Yes, {number} is a prime number."),
        });
    }
    let even = number % 2 == 0;
    let asked = if question.says("even") {
        even
    } else if question.says("odd") {
        !even
    } else {
        return None;
    };
    Some(format!("{}: {number} is {}.", if asked { "Yes" } else { "No" }, if even { "even" } else { "odd" }))
}
