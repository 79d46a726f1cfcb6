//! The last rule: lines of the workspace that fit the words of a question.

use super::prose::{self, shown, stem};
use super::question::Question;
use super::reach::{self, FileText, Hit, Search, escaped};
use super::resolve;
use super::rules::Ruling;
use super::talk;
use super::turn::Turn;
use super::vocabulary::SYNONYMS;

/// Most words that are searched for.
const MAX_WORDS: usize = 6;
/// Most lines that an answer shows.
const MAX_SHOWN: usize = 5;

/// A word that a question is about.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    word: String,
    /// Its stem, and the stems of words that may stand for it.
    forms: Vec<String>,
}

/// The words that a question is about.
fn terms(question: &Question) -> Vec<Term> {
    let words = question
        .words
        .iter()
        .filter(|word| !word.is_path())
        .filter(|word| word.quoted || !super::vocabulary::STOPWORDS.contains(&word.low.as_str()));
    let mut terms: Vec<Term> = Vec::new();
    for word in words {
        let parts = if word.quoted { vec![word.raw.to_lowercase()] } else { prose::plain_words(&word.low) };
        for part in parts.into_iter().filter(|part| part.chars().count() >= 2) {
            let synonyms = SYNONYMS
                .iter()
                .filter(|(name, _)| *name == part)
                .flat_map(|(_, others)| others.iter().map(|other| stem(other)));
            let forms: Vec<String> = std::iter::once(stem(&part)).chain(synonyms).collect();
            if !terms.iter().any(|other| other.forms.first() == forms.first()) {
                terms.push(Term { word: part, forms });
            }
        }
    }
    terms.truncate(MAX_WORDS);
    terms
}

fn holds(line: &str, term: &Term) -> bool {
    term.forms.iter().any(|form| {
        line.match_indices(form.as_str()).any(|(at, _)| {
            let before = line.get(..at).and_then(|before| before.chars().next_back());
            before.is_none_or(|c| !c.is_alphanumeric())
        })
    })
}

/// The numbers of the lines (from 0) that fit a question best, in order; the best first.
pub(super) fn ranked(question: &Question, lines: &[String], most: usize) -> Vec<usize> {
    let terms = terms(question);
    if terms.is_empty() {
        return Vec::new();
    }
    let low: Vec<String> = lines.iter().map(|line| line.to_lowercase()).collect();
    let weight: Vec<f64> = terms
        .iter()
        .map(|term| {
            let count = low.iter().filter(|line| holds(line, term)).count();
            #[expect(clippy::cast_precision_loss, reason = "a rank needs no exact count")]
            let rarity = (1.0 + lines.len() as f64 / (1.0 + count as f64)).ln();
            if count == 0 { 0.0 } else { rarity }
        })
        .collect();
    let score = |at: usize| {
        let near = |at: Option<usize>| at.and_then(|at| low.get(at)).map_or("", String::as_str);
        let own: f64 =
            terms.iter().zip(&weight).filter(|(term, _)| holds(near(Some(at)), term)).map(|(_, weight)| weight).sum();
        let around: f64 = terms
            .iter()
            .zip(&weight)
            .filter(|(term, _)| {
                !holds(near(Some(at)), term) && (holds(near(at.checked_sub(1)), term) || holds(near(Some(at + 1)), term))
            })
            .map(|(_, weight)| weight * 0.4)
            .sum();
        if own > 0.0 { own + around } else { 0.0 }
    };
    let mut scored: Vec<(usize, f64)> =
        (0..lines.len()).map(|at| (at, score(at))).filter(|(_, score)| *score > 0.0).collect();
    scored.sort_by(|left, right| right.1.total_cmp(&left.1).then(left.0.cmp(&right.0)));
    let best = scored.first().map_or(0.0, |(_, score)| *score);
    scored.into_iter().filter(|(_, score)| *score >= best * 0.6).take(most).map(|(at, _)| at).collect()
}

/// Questions about the history of the repository, which no reading tool shows.
pub(super) fn history(question: &Question, turn: &Turn<'_>) -> Ruling {
    if question.target().is_some() {
        return Ok(None);
    }
    let files =
        question.says_any(&["file", "files"]) && question.says_any(&["changed", "modified", "edited", "updated", "touched"]);
    let history = files && !question.says_any(&["defined", "where is", "mention", "contain"]);
    if history
        || question.says_any(&[
            "git",
            "commit",
            "commits",
            "branch",
            "changed recently",
            "latest changes",
            "last changes",
            "recent changes",
            "history",
        ])
    {
        let run = if turn.offers("run_command") {
            " Ask me to run a command, for example \"run `git log --oneline -5`\"."
        } else {
            " The tool to run commands is not offered to me here."
        };
        return Ok(Some(format!("I do not know: my tools for reading do not show the history of the repository.{run}")));
    }
    Ok(None)
}

pub(super) fn answer(question: &Question, turn: &Turn<'_>) -> Ruling {
    if let Some(name) = question.target() {
        let file = resolve::open(turn, &name)?;
        return Ok(Some(in_file(question, &file)));
    }
    let terms = terms(question);
    if terms.is_empty() || !turn.offers("search_files") {
        return Ok(None);
    }
    let searches: Vec<Search<'_>> = terms
        .iter()
        .map(|term| {
            Search::pattern(format!(r"\b({})", term.forms.iter().map(|form| escaped(form)).collect::<Vec<_>>().join("|")))
        })
        .collect();
    let found = reach::search_all(turn, &searches)?;
    let mut lines: Vec<(&Hit, f64)> = Vec::new();
    for hits in &found {
        for hit in &hits.hits {
            if !lines.iter().any(|(known, _)| known.path == hit.path && known.line == hit.line) && lines.len() < 2_000 {
                lines.push((hit, 0.0));
            }
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "a rank needs no exact count")]
    let weights: Vec<f64> = found
        .iter()
        .map(|hits| if hits.hits.is_empty() { 0.0 } else { 1.0 + 3.0 / (1.0 + hits.hits.len() as f64).ln_1p() })
        .collect();
    for (hit, score) in &mut lines {
        let low = hit.text.to_lowercase();
        let near = |term: usize| {
            found.get(term).is_some_and(|hits| {
                hits.hits.iter().any(|other| other.path == hit.path && other.line.abs_diff(hit.line) <= 2)
            })
        };
        for (at, term) in terms.iter().enumerate() {
            let weight = weights.get(at).copied().unwrap_or(0.0);
            *score += if holds(&low, term) {
                weight
            } else if near(at) {
                weight * 0.5
            } else {
                0.0
            };
        }
        let base = prose::base(&hit.path);
        let generated = base.starts_with("licen")
            || base.ends_with(".orig")
            || base.contains(".lock")
            || base.contains("-lock")
            || base.contains(".min.");
        let prose_file = matches!(prose::extension(&hit.path).as_str(), "md" | "txt" | "rst" | "adoc");
        *score *= if generated {
            0.2
        } else if prose_file {
            1.15
        } else {
            1.0
        };
    }
    lines.sort_by(|left, right| right.1.total_cmp(&left.1));
    let Some((best, _)) = lines.first().copied() else {
        let words: Vec<&str> = terms.iter().map(|term| term.word.as_str()).collect();
        return Ok(Some(format!(
            "I do not know. I searched the workspace for {} and found nothing. I am a rule-based model, not a language model. {}",
            quoted(&words),
            talk::way_out()
        )));
    };
    let covered = terms
        .iter()
        .filter(|term| {
            holds(&best.text.to_lowercase(), term)
                || found.iter().any(|hits| {
                    hits.hits.iter().any(|hit| {
                        hit.path == best.path && hit.line.abs_diff(best.line) <= 2 && holds(&hit.text.to_lowercase(), term)
                    })
                })
        })
        .count();
    let first = best.line.saturating_sub(1).max(1);
    let passage = reach::read(turn, &best.path, first, Some(8))?;
    let text = passage_around(&passage, best.line - first);
    let others: Vec<String> = lines
        .iter()
        .skip(1)
        .filter(|(hit, score)| *score >= lines[0].1 * 0.6 && !(hit.path == best.path && hit.line.abs_diff(best.line) <= 7))
        .take(MAX_SHOWN - 1)
        .map(|(hit, _)| format!("- `{}:{}`: {}", hit.path, hit.line, shown(&hit.text)))
        .collect();
    let others = if others.is_empty() { String::new() } else { format!("\n\nAlso:\n{}", others.join("\n")) };
    let sure = if covered == terms.len() {
        format!("I found this in `{}` line {}:", best.path, best.line)
    } else {
        let missing: Vec<&str> =
            terms.iter().filter(|term| !holds(&text.to_lowercase(), term)).map(|term| term.word.as_str()).collect();
        let lacks = if missing.is_empty() { String::new() } else { format!(" (without {})", quoted(&missing)) };
        format!(
            "I do not know a sure answer: I am a rule-based model and only match words. The nearest place that I found is `{}` line {}{lacks}:",
            best.path, best.line
        )
    };
    Ok(Some(format!("{sure}\n\n{text}{others}")))
}

fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ")
}

/// The paragraph around a line; of a heading also what follows.
fn passage_around(page: &FileText, at: usize) -> String {
    let lines = &page.lines;
    let Some(line) = lines.get(at) else { return lines.join("\n") };
    let is_rule = |at: usize| {
        let line = lines.get(at).map_or("", |line| line.trim());
        line.len() >= 3 && (line.bytes().all(|byte| byte == b'=') || line.bytes().all(|byte| byte == b'-'))
    };
    let underlined = is_rule(at + 1);
    let heading = line.starts_with('#') || underlined;
    let before = at.checked_sub(1).filter(|above| !heading && !is_rule(*above));
    let start = before.filter(|above| lines.get(*above).is_some_and(|line| !line.trim().is_empty())).unwrap_or(at);
    let body = at + 1 + usize::from(underlined);
    let mut end = body;
    while let Some(next) = lines.get(end) {
        if next.starts_with('#') || is_rule(end + 1) || next.trim().is_empty() && !(heading && end == body) {
            break;
        }
        end += 1;
    }
    let shown_lines: Vec<String> = lines.get(start..end).unwrap_or_default().iter().map(|line| shown(line)).collect();
    shown_lines.join("\n").trim_end().to_owned()
}

/// The lines of one file that fit a question.
fn in_file(question: &Question, file: &FileText) -> String {
    let found = ranked(question, &file.lines, MAX_SHOWN);
    if found.is_empty() {
        if terms(question).is_empty() {
            return super::summary::of_file(file);
        }
        return format!(
            "I do not know: no line of `{}` fits the words of your question, and matching words is all that I can do.{} {}",
            file.path,
            file.caveat(),
            talk::way_out()
        );
    }
    let mut shown_lines = std::collections::BTreeSet::new();
    for at in &found {
        shown_lines.insert(*at);
        // What stands below a heading belongs to it.
        if file.lines.get(*at).is_some_and(|line| line.starts_with('#')) {
            shown_lines.extend(
                (at + 1..at + 8).take_while(|next| file.lines.get(*next).is_some_and(|line| !line.starts_with('#'))),
            );
        }
    }
    let lines: Vec<String> = shown_lines
        .iter()
        .filter_map(|at| {
            file.lines
                .get(*at)
                .filter(|line| !line.trim().is_empty())
                .map(|line| format!("- line {}: {}", at + 1, shown(line)))
        })
        .collect();
    format!(
        "I found these lines in `{}` that fit the words of your question:\n{}{}",
        file.path,
        lines.join("\n"),
        file.caveat()
    )
}
