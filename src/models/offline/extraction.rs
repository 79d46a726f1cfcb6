//! Taking things out of a text: addresses, dates, numbers; and the outline of a file.

use super::counting;
use super::outline::{self, Item};
use super::prose::plural;
use super::question::Question;
use super::reach::{self, Search};
use super::resolve;
use super::rules::Ruling;
use super::turn::Turn;

/// Most things that an answer lists.
const MAX_SHOWN: usize = 200;

/// What can be taken out of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Thing {
    Email,
    Url,
    Date,
    Number,
    Phone,
    Address,
}

const THINGS: &[(&[&str], Thing)] = &[
    (&["email", "emails", "e-mail", "e-mails", "email addresses", "mail addresses", "mails"], Thing::Email),
    (&["urls", "url", "links", "link", "websites", "hyperlinks"], Thing::Url),
    (&["dates"], Thing::Date),
    (&["ip addresses", "ips", "ip address"], Thing::Address),
    (&["numbers"], Thing::Number),
    (&["phone numbers", "phone number", "telephone numbers", "phones"], Thing::Phone),
];

impl Thing {
    /// What a question wants to have taken out.
    pub(super) fn of(question: &Question) -> Option<Self> {
        let asks = question.begins(&[
            "extract",
            "list",
            "find",
            "show",
            "which",
            "what",
            "get",
            "give",
            "print",
            "pull",
            "collect",
            "are there",
            "is there",
            "how many",
            "count",
            "all",
            "does",
            "tell",
        ]) || question.words.len() <= 3;
        let phone = question.says_any(&["phone numbers", "phone number", "telephone numbers", "phones"]);
        let found = THINGS.iter().find(|(words, _)| question.says_any(words)).map(|(_, thing)| *thing);
        asks.then_some(if phone { Some(Self::Phone) } else { found }).flatten()
    }

    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Email => ("e-mail address", "e-mail addresses"),
            Self::Url => ("URL", "URLs"),
            Self::Date => ("date", "dates"),
            Self::Number => ("number", "numbers"),
            Self::Phone => ("phone number", "phone numbers"),
            Self::Address => ("IP address", "IP addresses"),
        }
    }

    /// A regular expression for lines that may hold it.
    fn pattern(self) -> Option<&'static str> {
        match self {
            Self::Email => Some(r"[\w.+-]+@[\w-]+\.\w+"),
            Self::Url => Some(r"https?://[^\s]+"),
            Self::Date => Some(r"\b\d{4}-\d{2}-\d{2}\b"),
            Self::Address => Some(r"\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b"),
            Self::Phone => Some(r"\+?\d[\d ()/-]{6,}\d"),
            Self::Number => None,
        }
    }

    /// The things in a line, in order.
    fn take(self, line: &str) -> Vec<String> {
        let tokens = line.split(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '\'' | '`' | '|' | '[' | ']'));
        match self {
            Self::Email => tokens.flat_map(|token| token.split([',', ';', '(', ')', ':', '='])).filter_map(email).collect(),
            Self::Url => urls(line),
            Self::Date => dates(line),
            Self::Number => tokens.flat_map(|token| token.split([';', '(', ')', '=', ':'])).flat_map(cells).collect(),
            Self::Address => tokens.filter_map(address).collect(),
            Self::Phone => phones(line),
        }
    }

    /// The answer for a text.
    pub(super) fn in_text(self, name: &str, lines: &[String]) -> String {
        let mut found: Vec<String> = Vec::new();
        for line in lines {
            for thing in self.take(line) {
                if self == Self::Number || !found.contains(&thing) {
                    found.push(thing);
                }
            }
        }
        let (one, many) = self.names();
        if found.is_empty() {
            return format!("I found no {one} in {name}.");
        }
        let more = found.len().saturating_sub(MAX_SHOWN);
        let more = if more > 0 { format!("\n… and {more} more.") } else { String::new() };
        let shown = found.get(..found.len().min(MAX_SHOWN)).unwrap_or_default();
        format!("{} in {name}:\n- {}{more}", plural(found.len(), one, many), shown.join("\n- "))
    }
}

fn cells(token: &str) -> Vec<String> {
    let trimmed = token.trim_matches([',', '.', '!', '?']);
    if super::calculator::number(trimmed).is_some() {
        return vec![trimmed.to_owned()];
    }
    trimmed.split(',').filter(|cell| super::calculator::number(cell).is_some()).map(str::to_owned).collect()
}

fn email(token: &str) -> Option<String> {
    let token = token.trim_matches(|c: char| !c.is_ascii_alphanumeric()).trim_start_matches("mailto:");
    let (name, host) = token.split_once('@')?;
    let valid = !name.is_empty()
        && host.contains('.')
        && !host.contains('@')
        && host.split('.').all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'));
    valid.then(|| token.to_owned())
}

fn urls(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = line;
    while let Some(at) = [rest.find("https://"), rest.find("http://")].into_iter().flatten().min() {
        let start = rest.get(at..).unwrap_or_default();
        let end = start
            .find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '`' | ']' | '|' | '\\'))
            .unwrap_or(start.len());
        let url = start.get(..end).unwrap_or_default();
        let url = if url.contains('(') { url } else { url.split(')').next().unwrap_or(url) };
        found.push(url.trim_end_matches(['.', ',', ';', ':', '!', '?', '*', '_']).to_owned());
        rest = start.get(end..).unwrap_or_default();
    }
    found
}

fn dates(line: &str) -> Vec<String> {
    let tokens = line.split(|c: char| !(c.is_ascii_digit() || matches!(c, '-' | '/' | '.')));
    let date = |token: &str| {
        let token = token.trim_matches(['.', '-', '/']);
        let parts: Vec<&str> = token.split(['-', '/', '.']).collect();
        let one_sign = ["-", "/", "."].iter().any(|sign| token.matches(sign).count() == 2);
        let digits = parts.len() == 3 && parts.iter().all(|part| !part.is_empty() && part.len() <= 4);
        let year_at = parts.iter().position(|part| part.len() == 4)?;
        let small = parts.iter().enumerate().all(|(at, part)| {
            at == year_at || part.len() <= 2 && part.parse::<u8>().is_ok_and(|number| (1..=31).contains(&number))
        });
        (digits && one_sign && small && year_at != 1).then(|| token.to_owned())
    };
    let mut found: Vec<String> = tokens.filter_map(date).collect();
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let words: Vec<&str> = line.split_whitespace().map(|word| word.trim_matches([',', '.', '(', ')', ';', ':'])).collect();
    for (at, word) in words.iter().enumerate() {
        let low = word.to_lowercase();
        if !MONTHS.iter().any(|month| *month == low || low.len() == 3 && month.starts_with(low.as_str())) {
            continue;
        }
        let day = |at: Option<usize>| {
            at.and_then(|at| words.get(at)).filter(|word| {
                word.trim_end_matches(|c: char| c.is_ascii_alphabetic())
                    .parse::<u8>()
                    .is_ok_and(|day| (1..=31).contains(&day))
            })
        };
        let year = |at: usize| {
            words
                .get(at)
                .filter(|word| word.len() == 4 && word.bytes().all(|byte| byte.is_ascii_digit()))
                .map(|word| format!(" {word}"))
                .unwrap_or_default()
        };
        if let Some(day) = day(at.checked_sub(1)) {
            found.push(format!("{day} {word}{}", year(at + 1)));
        } else if let Some(day) = day(Some(at + 1)) {
            found.push(format!("{word} {day}{}", year(at + 2)));
        } else if !year(at + 1).is_empty() {
            found.push(format!("{word}{}", year(at + 1)));
        }
    }
    found
}

fn address(token: &str) -> Option<String> {
    let token = token.trim_matches(|c: char| !c.is_ascii_digit()).split(['/', ':']).next()?;
    let parts: Vec<&str> = token.split('.').collect();
    (parts.len() == 4 && parts.iter().all(|part| part.parse::<u8>().is_ok())).then(|| token.to_owned())
}

fn phones(line: &str) -> Vec<String> {
    line.split(|c: char| !(c.is_ascii_digit() || matches!(c, '+' | ' ' | '(' | ')' | '-' | '/')))
        .map(|piece| piece.trim().trim_matches(['-', '/', ' ']).to_owned())
        .filter(|piece| {
            let digits = piece.bytes().filter(u8::is_ascii_digit).count();
            (7..=15).contains(&digits) && dates(piece).is_empty() && piece.split(' ').count() <= 6
        })
        .collect()
}

pub(super) fn answer(question: &Question, turn: &Turn<'_>) -> Ruling {
    if question.says_any(&["where", "which files", "which file"]) {
        return Ok(None);
    }
    let target = question.target();
    if let Some(thing) = Thing::of(question).filter(|_| !question.says_any(&["how many lines", "how many words"])) {
        if let Some(name) = &target {
            let file = resolve::open(turn, name)?;
            return Ok(Some(thing.in_text(&format!("`{}`", file.path), &file.lines) + &file.caveat()));
        }
        const SEVERAL: [&str; 13] = [
            "emails",
            "e-mails",
            "email addresses",
            "e-mail addresses",
            "mail addresses",
            "urls",
            "links",
            "hyperlinks",
            "ip addresses",
            "ips",
            "phone numbers",
            "telephone numbers",
            "websites",
        ];
        let single = !question.says_any(&SEVERAL);
        if let Some(pattern) = thing.pattern().filter(|_| {
            !single
                && question.begins(&["extract", "list", "find", "show", "which", "what", "get", "give", "are there", "all"])
        }) {
            let found = reach::search(turn, &Search::pattern(pattern))?;
            let mut lines = Vec::new();
            let mut seen = std::collections::BTreeSet::new();
            for hit in found.hits.iter().filter(|hit| !super::prose::base(&hit.path).contains("lock")) {
                for item in thing.take(&hit.text).into_iter().filter(|item| seen.insert(item.clone())) {
                    lines.push(format!("- {item} (`{}:{}`)", hit.path, hit.line));
                }
            }
            let (one, many) = thing.names();
            let cut = found.cut.map(|cut| format!("\n\nThis is partial; the tool said: {cut}")).unwrap_or_default();
            return Ok(Some(match lines.len() {
                0 => format!("I found no {one} in the workspace.{cut}"),
                count => {
                    lines.truncate(MAX_SHOWN);
                    format!("{} in the workspace:\n{}{cut}", plural(count, one, many), lines.join("\n"))
                }
            }));
        }
    }
    let outline_asked = question.says_any(&[
        "outline",
        "structure",
        "table of contents",
        "toc",
        "overview",
        "skeleton",
        "signatures",
        "exports",
        "symbols",
        "definitions",
    ]);
    let lists = question
        .begins(&["list", "what", "which", "show", "give", "name", "print", "tell", "extract", "find", "get"])
        && !question.says_any(&["how many", "what does", "what is the value"]);
    let kinds =
        counting::kinds(question).filter(|(word, _)| lists && question.says(word) && !question.says_any(&["line", "lines"]));
    let Some(name) = target else {
        const CODE: [&str; 8] = ["functions", "methods", "classes", "structs", "enums", "traits", "interfaces", "modules"];
        let other = |word: &String| {
            !matches!(
                word.as_str(),
                "public" | "defined" | "code" | "rust" | "python" | "source" | "names" | "name" | "there"
            ) && kinds.is_none_or(|(kind, _)| kind != word)
        };
        let plain = !question.significant().iter().any(other) && !question.says_any(&["use", "uses", "call", "calls"]);
        let code = plain && kinds.is_some_and(|(word, _)| CODE.contains(&word)) && question.text_given.is_none();
        return if code { counting::over_files(question, turn, true) } else { Ok(None) };
    };
    if !outline_asked && kinds.is_none() {
        return Ok(None);
    }
    let csv = matches!(super::prose::extension(&name).as_str(), "csv" | "tsv");
    if csv && !outline_asked && !question.says_any(&["columns", "what column", "which column"]) {
        return Ok(None);
    }
    let file = resolve::open(turn, &name)?;
    let mut items = outline::of(&file.path, &file.lines);
    let word = match kinds {
        Some((word, kinds)) if !outline_asked => {
            items = counting::of_kinds(word, kinds, &file);
            word
        }
        _ => "headings, definitions or keys",
    };
    if items.is_empty() {
        return Ok(Some(format!("I found no {word} in `{}`, going by its lines.{}", file.path, file.caveat())));
    }
    let about = if outline_asked { "Outline of".to_owned() } else { format!("The {word} in") };
    Ok(Some(format!("{about} `{}`, going by its lines:\n{}{}", file.path, shown(&items), file.caveat())))
}

/// An outline as an answer shows it.
pub(super) fn shown(items: &[Item]) -> String {
    let lines: Vec<String> = items
        .iter()
        .take(MAX_SHOWN)
        .map(|item| {
            let kind = if matches!(item.kind, "heading" | "column" | "key" | "section") {
                String::new()
            } else {
                format!("{} ", item.kind)
            };
            format!("{}- {kind}{} (line {})", "  ".repeat(item.depth.min(6)), item.name, item.line)
        })
        .collect();
    let more = items.len().saturating_sub(MAX_SHOWN);
    lines.join("\n") + &if more > 0 { format!("\n… and {more} more.") } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_are_taken_out_of_a_line() {
        let line = "Write to Ada <ada@example.org>, bob@ex-ample.co.uk. See [x](https://a.b/c?d=e). Due 2026-11-24 or 3 May 2027, call +46 70 123 45 67, 3.5 from 10.0.0.1.";
        assert_eq!(Thing::Email.take(line), ["ada@example.org", "bob@ex-ample.co.uk"]);
        assert_eq!(Thing::Url.take(line), ["https://a.b/c?d=e"]);
        assert_eq!(Thing::Date.take(line), ["2026-11-24", "3 May 2027"]);
        assert_eq!(Thing::Phone.take(line), ["+46 70 123 45 67"]);
        assert_eq!(Thing::Address.take(line), ["10.0.0.1"]);
        assert_eq!(Thing::Number.take("a 1,000 b -2.5, 7 and 3,4"), ["1,000", "-2.5", "7", "3", "4"]);
    }
}
