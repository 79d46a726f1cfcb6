//! Tables: columns, rows, sums and the like of a CSV file.

use super::calculator;
use super::cells;
use super::number::{CalculationError, Number};
use super::prose::{self, plural, stem};
use super::question::Question;
use super::reach::{self, FileText};
use super::resolve;
use super::rules::Ruling;
use super::turn::{Stop, Turn};

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
                records.push(cells_in(&open, separator));
            }
            open.clear();
        }
        let mut records = records.into_iter();
        Self { columns: records.next().unwrap_or_default(), rows: records.collect() }
    }

    pub(super) fn cell(&self, row: usize, column: usize) -> &str {
        self.rows.get(row).and_then(|row| row.get(column)).map_or("", String::as_str)
    }

    /// The numbers of a column with their rows, and how many cells are none.
    pub(super) fn numbers(&self, column: usize) -> (Vec<(usize, Number)>, usize) {
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

    pub(super) fn is_numeric(&self, column: usize) -> bool {
        let (numbers, other) = self.numbers(column);
        !numbers.is_empty() && numbers.len() >= other * 4
    }

    /// The column that a question names: the one with the most of its words.
    pub(super) fn column(&self, question: &Question) -> Option<usize> {
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

    /// The values of a column, each once, in order.
    pub(super) fn distinct(&self, column: usize) -> Vec<String> {
        let mut seen = std::collections::BTreeSet::new();
        let values = (0..self.rows.len()).map(|row| self.cell(row, column).to_owned());
        values.filter(|value| !value.is_empty() && seen.insert(value.clone())).collect()
    }

    pub(super) fn row_text(&self, row: usize) -> String {
        let cells = self.columns.iter().enumerate().map(|(column, name)| format!("{name}: {}", self.cell(row, column)));
        cells.collect::<Vec<_>>().join(", ")
    }
}

fn cells_in(record: &str, separator: char) -> Vec<String> {
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
        Some(name) => return numbers_of(question, turn, &name),
        None if (says_table || aggregate.is_some() && !of_files)
            && turn.offers("find_files")
            && question.text_given.is_none() =>
        {
            match fitting(question, turn, false)? {
                Some(file) => file,
                None => return Ok(None),
            }
        }
        None => return Ok(None),
    };
    let text = cells::answer(question, &Table::read(&file.lines), &format!("`{}`", file.path));
    Ok(text.map(|text| text + &file.caveat()))
}

/// "The sum of the numbers in FILE", where the file is no table.
fn numbers_of(question: &Question, turn: &Turn<'_>, name: &str) -> Ruling {
    let (Some(aggregate), true) =
        (aggregate_named(question), question.says_any(&["numbers", "values", "number", "amounts"]))
    else {
        return Ok(None);
    };
    let file = resolve::open(turn, name)?;
    let numbers: Vec<Number> = file.lines.iter().flat_map(|line| calculator::numbers(line)).collect();
    if numbers.is_empty() {
        return Ok(Some(format!("I found no number in `{}`.{}", file.path, file.caveat())));
    }
    let count = plural(numbers.len(), "number", "numbers");
    Ok(Some(match aggregate.over(&numbers) {
        Ok(value) => format!("The {} of the {count} in `{}` is {value}.{}", aggregate.word(), file.path, file.caveat()),
        Err(error) => format!("I cannot calculate the {} of the {count} in `{}`: {error}.", aggregate.word(), file.path),
    }))
}

/// A cell of some table of the workspace, named by another: "what is the price of apples". Asked late, for it has to
/// read all tables.
pub(super) fn cells_of(question: &Question, turn: &Turn<'_>) -> Ruling {
    let asks =
        question.begins(&["what", "which", "who", "how many", "how much", "show", "list", "give", "when", "where", "tell"]);
    if !asks || question.target().is_some() || question.text_given.is_some() || !turn.offers("find_files") {
        return Ok(None);
    }
    let Some(file) = fitting(question, turn, true)? else { return Ok(None) };
    let table = Table::read(&file.lines);
    let path = &file.path;
    let named = !cells::named(question, &table).is_empty();
    let each = question.says_any(&["per", "by", "each", "every"]);
    let text = match (table.column(question), question.says("how many"), named) {
        (Some(_), true, _) if each => cells::answer(question, &table, &format!("`{path}`")),
        (Some(column), true, false) => {
            let name = table.columns.get(column).map_or("", String::as_str);
            let values = plural(table.distinct(column).len(), "distinct value", "distinct values");
            Some(format!("Column `{name}` of `{path}` has {values} in {}.", plural(table.rows.len(), "row", "rows")))
        }
        (_, _, true) => cells::answer(question, &table, &format!("`{path}`")),
        _ if question.says_any(&["values", "all", "list", "are there", "do we have"]) => {
            cells::answer(question, &table, &format!("`{path}`"))
        }
        _ => None,
    };
    Ok(text.map(|text| text + &file.caveat()))
}

/// The CSV file of the workspace that has a column of the question, or a cell of it; the only one when the question
/// names none.
fn fitting(question: &Question, turn: &Turn<'_>, by_cells: bool) -> Result<Option<FileText>, Stop> {
    let found = reach::find(turn, "*.{csv,tsv}")?;
    let paths: Vec<String> = found.files().take(8).map(|entry| entry.path.clone()).collect();
    if paths.is_empty() {
        return Ok(None);
    }
    let files = reach::read_several(turn, &paths)?;
    let fits = |file: &&FileText| {
        let table = Table::read(&file.lines);
        table.column(question).is_some() || by_cells && !cells::named(question, &table).is_empty()
    };
    let path = match files.iter().find(fits) {
        Some(file) => file.path.clone(),
        None if paths.len() == 1 && question.says_any(&["csv", "columns", "rows", "table", "spreadsheet"]) => {
            paths.into_iter().next().unwrap_or_default()
        }
        None => return Ok(None),
    };
    reach::read_all(turn, &path).map(Some)
}
