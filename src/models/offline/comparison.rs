//! Comparing two files.

use super::prose::{plural, shown};
use super::question::Question;
use super::resolve;
use super::rules::Ruling;
use super::turn::{Stop, Turn};

/// Most differing lines that an answer shows.
const MAX_SHOWN: usize = 10;

pub(super) fn answer(question: &Question, turn: &Turn<'_>) -> Ruling {
    let asks = question.says_any(&[
        "compare",
        "diff",
        "difference",
        "differences",
        "differ",
        "differs",
        "different",
        "same",
        "identical",
        "equal",
        "longer",
        "larger",
        "bigger",
        "shorter",
        "between",
    ]);
    let names = question.paths();
    let ([left, right], true) = (names.as_slice(), asks) else { return Ok(None) };
    let (left, right) = match (resolve::open(turn, left), resolve::open(turn, right)) {
        (Ok(left), Ok(right)) => (left, right),
        (Err(Stop::Pending), _) | (_, Err(Stop::Pending)) => return Err(Stop::Pending),
        (Err(stop), _) | (_, Err(stop)) => return Err(stop),
    };
    let counts = format!(
        "`{}` has {}, `{}` has {}.",
        left.path,
        plural(left.lines.len(), "line", "lines"),
        right.path,
        plural(right.lines.len(), "line", "lines")
    );
    if question.says_any(&["longer", "shorter"]) && left.complete && right.complete {
        let longer = question.says("longer");
        let (first, second) = (left.lines.len(), right.lines.len());
        let yes = if longer { first > second } else { first < second };
        return Ok(Some(format!("{}: {counts}", if yes { "Yes" } else { "No" })));
    }
    let partial = if left.complete && right.complete {
        ""
    } else {
        "\n\nThis is partial: at least one of them is longer than what I read."
    };
    if left.lines == right.lines {
        let same = if partial.is_empty() { "have the same lines" } else { "are the same as far as I read" };
        return Ok(Some(format!("`{}` and `{}` {same}. {counts}{partial}", left.path, right.path)));
    }
    let at = left
        .lines
        .iter()
        .zip(&right.lines)
        .position(|(left, right)| left != right)
        .unwrap_or(left.lines.len().min(right.lines.len()));
    let line = |lines: &[String]| lines.get(at).map_or_else(|| "(no such line)".to_owned(), |line| shown(line));
    let only = |these: &[String], others: &[String]| {
        let others: std::collections::BTreeSet<&str> = others.iter().map(|line| line.trim()).collect();
        these
            .iter()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty() && !others.contains(line.trim()))
            .map(|(at, line)| format!("- line {}: {}", at + 1, shown(line)))
            .collect::<Vec<_>>()
    };
    let mut text = format!(
        "They are different. {counts}\n\nThe first difference is in line {}:\n- `{}`: {}\n- `{}`: {}",
        at + 1,
        left.path,
        line(&left.lines),
        right.path,
        line(&right.lines)
    );
    for (path, lines) in [(&left.path, only(&left.lines, &right.lines)), (&right.path, only(&right.lines, &left.lines))] {
        if !lines.is_empty() {
            let more = lines.len().saturating_sub(MAX_SHOWN);
            let more = if more > 0 { format!("\n… and {more} more.") } else { String::new() };
            text += &format!(
                "\n\nLines only in `{path}`:\n{}{more}",
                lines.iter().take(MAX_SHOWN).cloned().collect::<Vec<_>>().join("\n")
            );
        }
    }
    Ok(Some(text + partial))
}
