//! Tables: columns, rows, sums and the like of a CSV file.

use std::cmp::Ordering;

use super::calculator;
use super::number::{CalculationError, Number};
use super::prose::{self, plural, stem};
use super::question::Question;
use super::reach::{self, FileText};
use super::resolve;
use super::rules::Ruling;
use super::turn::{Stop, Turn};

/// Most rows that an answer shows.
const MAX_SHOWN: usize = 50;

/// A table with a row of names at its top.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Table {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The rows below.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// Reads comma-, semicolon- or tab-separated lines.
    pub(super) fn read(lines: &[String]) -> Self {
        let first = lines.iter().find(|line| !line.trim().is_empty()).map_or("", String::as_str);
        let separator =
            [',', ';', '\t', '|'].into_iter().max_by_key(|sign| (first.matches(*sign).count(), *sign == ',')).unwrap_or(',');
        let mut records = Vec::new();
        let mut open = String::new();
        for line in lines {
            if !open.is_empty() {
                open.push('\n');
            }
            open.push_str(line);
            // A quoted cell may hold line breaks.
            if open.matches('"').count() % 2 == 1 && open.len() < 100_000 {
                continue;
            }
            if !open.trim().is_empty() {
                records.push(cells(&open, separator));
            }
            open.clear();
        }
        let mut records = records.into_iter();
        Self { columns: records.next().unwrap_or_default(), rows: records.collect() }
    }

    fn cell(&self, row: usize, column: usize) -> &str {
        self.rows.get(row).and_then(|row| row.get(column)).map_or("", String::as_str)
    }

    /// The numbers of a column with their rows, and how many cells are none.
    fn numbers(&self, column: usize) -> (Vec<(usize, Number)>, usize) {
        let filled = (0..self.rows.len()).filter(|row| !self.cell(*row, column).trim().is_empty());
        let mut other = 0;
        let mut numbers = Vec::new();
        for row in filled {
            match calculator::number(self.cell(row, column)) {
                Some(number) => numbers.push((row, number)),
                None => other += 1,
            }
        }
        (numbers, other)
    }

    fn is_numeric(&self, column: usize) -> bool {
        let (numbers, other) = self.numbers(column);
        !numbers.is_empty() && numbers.len() >= other * 4
    }

    /// The column that a question names: the one with the most of its words.
    fn column(&self, question: &Question) -> Option<usize> {
        let asked: Vec<String> =
            question.words.iter().flat_map(|word| prose::plain_words(&word.raw)).map(|word| stem(&word)).collect();
        let score = |name: &String| {
            let words: Vec<String> = prose::plain_words(name).iter().map(|word| stem(word)).collect();
            let hits = words.iter().filter(|word| asked.contains(word)).count();
            (hits > 0).then(|| (hits * 100).checked_div(words.len()).unwrap_or(0) + hits)
        };
        let scored = self.columns.iter().enumerate().filter_map(|(at, name)| score(name).map(|score| (score, at)));
        scored.max_by_key(|(score, at)| (*score, usize::MAX - at)).map(|(_, at)| at)
    }

    fn row_text(&self, row: usize) -> String {
        let cells = self.columns.iter().enumerate().map(|(column, name)| format!("{name}: {}", self.cell(row, column)));
        cells.collect::<Vec<_>>().join(", ")
    }
}

fn cells(record: &str, separator: char) -> Vec<String> {
    let mut cells = Vec::new();
    let mut cell = String::new();
    let mut quoted = false;
    let mut chars = record.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            c if c == separator && !quoted => cells.push(std::mem::take(&mut cell).trim().to_owned()),
            c => cell.push(c),
        }
    }
    cells.push(cell.trim().to_owned());
    cells
}

/// What is made of many numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aggregate {
    Sum,
    Average,
    Median,
    Largest,
    Smallest,
}

const AGGREGATES: &[(&[&str], Aggregate)] = &[
    (&["average", "mean", "avg"], Aggregate::Average),
    (&["median"], Aggregate::Median),
    (&["sum", "total", "altogether", "sum up", "add up", "combined"], Aggregate::Sum),
    (
        &[
            "maximum",
            "max",
            "highest",
            "largest",
            "biggest",
            "most",
            "greatest",
            "oldest",
            "longest",
            "tallest",
            "top",
            "best",
            "priciest",
            "heaviest",
            "most expensive",
        ],
        Aggregate::Largest,
    ),
    (
        &["minimum", "min", "lowest", "smallest", "least", "youngest", "shortest", "cheapest", "fewest", "worst"],
        Aggregate::Smallest,
    ),
];

pub(super) fn aggregate_word(word: &str) -> bool {
    AGGREGATES.iter().any(|(words, _)| words.contains(&word))
}

/// The aggregate that a question names.
pub(super) fn aggregate_named(question: &Question) -> Option<Aggregate> {
    AGGREGATES.iter().find(|(words, _)| question.says_any(words)).map(|(_, aggregate)| *aggregate)
}

impl Aggregate {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Average => "average",
            Self::Median => "median",
            Self::Largest => "maximum",
            Self::Smallest => "minimum",
        }
    }

    pub(super) fn over(self, numbers: &[Number]) -> Result<Number, CalculationError> {
        let mut sorted = numbers.to_vec();
        sorted.sort_by(|left, right| left.compare(*right));
        let sum = || numbers.iter().try_fold(Number::integer(0), |sum, number| sum.plus(*number));
        let count = i128::try_from(numbers.len()).unwrap_or(1);
        let at = |index: usize| sorted.get(index).copied().ok_or(CalculationError::Undefined);
        match self {
            Self::Sum => sum(),
            Self::Average => sum()?.divided_by(Number::integer(count)),
            Self::Median if sorted.len() % 2 == 1 => at(sorted.len() / 2),
            Self::Median => {
                at((sorted.len() / 2).wrapping_sub(1))?.plus(at(sorted.len() / 2)?)?.divided_by(Number::integer(2))
            }
            Self::Largest => at(sorted.len().wrapping_sub(1)),
            Self::Smallest => at(0),
        }
    }
}

pub(super) fn answer(question: &Question, turn: &Turn<'_>) -> Ruling {
    let target = question.target();
    let is_table = |name: &String| matches!(prose::extension(name).as_str(), "csv" | "tsv");
    let says_table = question.says_any(&["csv", "column", "columns", "rows", "row", "table", "spreadsheet"]);
    let aggregate = aggregate_named(question);
    let of_files = question.says_any(&["file", "files", "folder", "function", "line", "lines", "word", "words"]);
    let file = match target {
        Some(name) if is_table(&name) => resolve::open(turn, &name)?,
        Some(_) => return Ok(None),
        None if (says_table || aggregate.is_some() && !of_files)
            && turn.offers("find_files")
            && question.text_given.is_none() =>
        {
            match fitting(question, turn)? {
                Some(file) => file,
                None => return Ok(None),
            }
        }
        None => return Ok(None),
    };
    let text = of_table(question, &Table::read(&file.lines), &format!("`{}`", file.path));
    Ok(text.map(|text| text + &file.caveat()))
}

/// A cell of some table of the workspace, named by another: "what is the price of apples". Asked late, for it has to
/// read all tables.
pub(super) fn cells_of(question: &Question, turn: &Turn<'_>) -> Ruling {
    let asks =
        question.begins(&["what", "which", "who", "how many", "how much", "show", "list", "give", "when", "where", "tell"]);
    if !asks || question.target().is_some() || question.text_given.is_some() || !turn.offers("find_files") {
        return Ok(None);
    }
    let Some(file) = fitting(question, turn)? else { return Ok(None) };
    let table = Table::read(&file.lines);
    let path = &file.path;
    let text = match (table.column(question), question.says("how many"), filter(question, &table).is_some()) {
        (Some(column), true, false) => {
            let name = table.columns.get(column).map_or("", String::as_str);
            let values = plural(distinct(&table, column).len(), "distinct value", "distinct values");
            Some(format!("Column `{name}` of `{path}` has {values} in {}.", plural(table.rows.len(), "row", "rows")))
        }
        (_, _, true) => of_table(question, &table, &format!("`{path}`")),
        _ if question.says_any(&["values", "all", "list"]) => of_table(question, &table, &format!("`{path}`")),
        _ => None,
    };
    Ok(text.map(|text| text + &file.caveat()))
}

/// The CSV file of the workspace that has a column of the question; the only one when the question names none.
fn fitting(question: &Question, turn: &Turn<'_>) -> Result<Option<FileText>, Stop> {
    let found = reach::find(turn, "*.{csv,tsv}")?;
    let paths: Vec<String> = found.files().take(8).map(|entry| entry.path.clone()).collect();
    if paths.is_empty() {
        return Ok(None);
    }
    let files = reach::read_several(turn, &paths)?;
    let path = match files.iter().find(|file| Table::read(&file.lines).column(question).is_some()) {
        Some(file) => file.path.clone(),
        None if paths.len() == 1 && question.says_any(&["csv", "columns", "rows", "table", "spreadsheet"]) => {
            paths.into_iter().next().unwrap_or_default()
        }
        None => return Ok(None),
    };
    reach::read_all(turn, &path).map(Some)
}

/// Answers a question about a table; `None` when it asks for something else.
pub(super) fn of_table(question: &Question, table: &Table, name: &str) -> Option<String> {
    if table.columns.len() < 2 && table.rows.is_empty() {
        return None;
    }
    let says = |phrases: &[&str]| question.says_any(phrases);
    let names = table.columns.join(", ");
    if says(&["columns", "column names", "header", "headers", "fields"])
        && !says(&["rows"])
        && aggregate_named(question).is_none_or(|aggregate| aggregate == Aggregate::Sum)
    {
        return Some(format!("{name} has {}: {names}.", plural(table.columns.len(), "column", "columns")));
    }
    let filter = filter(question, table);
    if says(&["how many", "number of", "count"]) && !says(&["lines", "words", "characters", "bytes", "columns"]) {
        if says(&["different", "distinct", "unique"])
            && let Some(column) = table.column(question)
        {
            let values = distinct(table, column);
            return Some(format!(
                "Column `{}` of {name} has {}.",
                table.columns.get(column)?,
                plural(values.len(), "distinct value", "distinct values")
            ));
        }
        return match filter {
            Some((column, value)) => {
                let rows = matching(table, column, &value);
                Some(format!(
                    "{} of {name} have `{}` = \"{value}\".",
                    plural(rows.len(), "row", "rows"),
                    table.columns.get(column)?
                ))
            }
            None if says(&["rows", "records", "entries", "row", "data"]) || question.significant().len() <= 3 => {
                Some(format!("{name} has {} below the row of names ({names}).", plural(table.rows.len(), "row", "rows")))
            }
            None => None,
        };
    }
    let column = table.column(question);
    if let Some(aggregate) = aggregate_named(question) {
        return aggregated(question, table, name, aggregate, column, filter);
    }
    if says(&["distinct", "unique", "different values", "values"])
        && let Some(column) = column
    {
        let mut values = distinct(table, column);
        let more = values.len().saturating_sub(MAX_SHOWN);
        values.truncate(MAX_SHOWN);
        let more = if more > 0 { format!("\n… and {more} more.") } else { String::new() };
        return Some(format!(
            "The distinct values of `{}` in {name}:\n- {}{more}",
            table.columns.get(column)?,
            values.join("\n- ")
        ));
    }
    // "What is the price of apples": a cell is named, and the name of another column.
    let (filter_column, value) = filter?;
    let rows = matching(table, filter_column, &value);
    let wanted = column.filter(|column| {
        *column != filter_column
            && question.says_any(&["what", "which", "how", "who", "when", "where", "show", "list", "give", "tell"])
    });
    let lines: Vec<String> = rows
        .iter()
        .take(MAX_SHOWN)
        .map(|row| match wanted {
            Some(column) => format!(
                "- {} (row {}): {} = {}",
                table.cell(*row, filter_column),
                row + 1,
                table.columns.get(column).map_or("", String::as_str),
                table.cell(*row, column)
            ),
            None => format!("- row {}: {}", row + 1, table.row_text(*row)),
        })
        .collect();
    Some(format!("In {name}:\n{}", lines.join("\n")))
}

fn distinct(table: &Table, column: usize) -> Vec<String> {
    let mut values: Vec<String> = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for row in 0..table.rows.len() {
        let value = table.cell(row, column);
        if !value.is_empty() && seen.insert(value.to_owned()) {
            values.push(value.to_owned());
        }
    }
    values
}

/// A cell that the question names: its column and its value.
fn filter(question: &Question, table: &Table) -> Option<(usize, String)> {
    let text = format!(
        " {} ",
        prose::plain_words(
            &question
                .words
                .iter()
                .filter(|word| !word.is_path())
                .map(|word| word.raw.as_str())
                .collect::<Vec<_>>()
                .join(" ")
        )
        .join(" ")
    );
    let headers: Vec<String> = table.columns.iter().map(|name| prose::plain_words(name).join(" ")).collect();
    let mut best: Option<(usize, usize, String)> = None;
    for column in 0..table.columns.len() {
        for row in 0..table.rows.len() {
            let value = table.cell(row, column);
            let plain = prose::plain_words(value).join(" ");
            let named = !plain.is_empty()
                && plain.len() < 200
                && (text.contains(&format!(" {plain} ")) || plain.len() > 3 && text.contains(&format!(" {plain}s ")));
            let common =
                super::vocabulary::STOPWORDS.contains(&plain.as_str()) || headers.contains(&plain) || aggregate_word(&plain);
            if named && !common && best.as_ref().is_none_or(|(length, _, _)| plain.len() > *length) {
                best = Some((plain.len(), column, value.to_owned()));
            }
        }
    }
    best.map(|(_, column, value)| (column, value))
}

fn matching(table: &Table, column: usize, value: &str) -> Vec<usize> {
    (0..table.rows.len()).filter(|row| table.cell(*row, column).eq_ignore_ascii_case(value)).collect()
}

fn aggregated(
    question: &Question,
    table: &Table,
    name: &str,
    aggregate: Aggregate,
    column: Option<usize>,
    filter: Option<(usize, String)>,
) -> Option<String> {
    let numeric: Vec<usize> = (0..table.columns.len()).filter(|column| table.is_numeric(*column)).collect();
    // "Which product has the highest price" names two columns: the numeric one counts.
    let named = |column: &usize| {
        let single = Table { columns: vec![table.columns.get(*column).cloned().unwrap_or_default()], rows: Vec::new() };
        single.column(question).is_some()
    };
    let column = numeric.iter().copied().find(named).or(column.filter(|column| numeric.contains(column)));
    let column = match (column, numeric.as_slice()) {
        (Some(column), _) => column,
        (None, [only]) => *only,
        _ => {
            return Some(format!(
                "I do not know which column of {name} is meant. Its columns with numbers are: {}.",
                numeric.iter().filter_map(|column| table.columns.get(*column).cloned()).collect::<Vec<_>>().join(", ")
            ));
        }
    };
    let (mut numbers, other) = table.numbers(column);
    let header = table.columns.get(column)?;
    let filter = filter.filter(|(filtered, _)| *filtered != column);
    let condition = match &filter {
        Some((filtered, value)) => {
            let rows = matching(table, *filtered, value);
            numbers.retain(|(row, _)| rows.contains(row));
            format!(" where {} is \"{value}\"", table.columns.get(*filtered)?)
        }
        None => String::new(),
    };
    let values: Vec<Number> = numbers.iter().map(|(_, number)| *number).collect();
    if values.is_empty() {
        return Some(format!("Column `{header}` of {name} holds no numbers{condition}."));
    }
    let result = match aggregate.over(&values) {
        Ok(result) => result,
        Err(error) => return Some(format!("I cannot calculate the {} of `{header}` in {name}: {error}.", aggregate.word())),
    };
    let note = if other > 0 {
        format!(" {} hold no number and were left out.", plural(other, "cell", "cells"))
    } else {
        String::new()
    };
    let exact = if result.is_shown_exactly() { "" } else { "about " };
    let mut text = format!(
        "The {} of `{header}` in {name}{condition} is {exact}{result} ({}).{note}",
        aggregate.word(),
        plural(values.len(), "row", "rows")
    );
    if matches!(aggregate, Aggregate::Largest | Aggregate::Smallest) {
        let rows: Vec<String> = numbers
            .iter()
            .filter(|(_, number)| number.compare(result) == Ordering::Equal)
            .take(5)
            .map(|(row, _)| format!("- row {}: {}", row + 1, table.row_text(*row)))
            .collect();
        text += &format!("\n{}", rows.join("\n"));
    }
    Some(text)
}
