//! Questions about the cells of one table.

use std::cmp::Ordering;

use super::calculator;
use super::number::Number;
use super::prose::{self, plural};
use super::question::Question;
use super::tables::{Aggregate, Table, aggregate_named, aggregate_word};

/// Most rows that an answer shows.
const MAX_SHOWN: usize = 50;
/// Columns that count things, when a question does not say which column it means.
const COUNTS: &[&str] = &["quantity", "count", "amount", "units", "sold", "number", "total", "qty", "pieces"];

/// What a row must have to count.
#[derive(Clone, Debug)]
pub(super) enum Condition {
    /// A column has a value.
    Is(usize, String),
    /// The number of a column is larger (or smaller, or may also be equal).
    Compares(usize, Ordering, bool, Number),
}

impl Condition {
    fn column(&self) -> usize {
        match self {
            Self::Is(column, _) | Self::Compares(column, ..) => *column,
        }
    }

    fn holds(&self, table: &Table, row: usize) -> bool {
        match self {
            Self::Is(column, value) => table.cell(row, *column).eq_ignore_ascii_case(value),
            Self::Compares(column, wanted, equal, number) => {
                let cell = calculator::number(table.cell(row, *column));
                cell.is_some_and(|cell| {
                    let order = cell.compare(*number);
                    order == *wanted || *equal && order == Ordering::Equal
                })
            }
        }
    }

    fn text(&self, table: &Table) -> String {
        let name = table.columns.get(self.column()).map_or("", String::as_str);
        match self {
            Self::Is(_, value) => format!("{name} is \"{value}\""),
            Self::Compares(_, wanted, equal, number) => {
                let sign = match (wanted, equal) {
                    (Ordering::Less, false) => "<",
                    (Ordering::Less, true) => "<=",
                    (_, true) => ">=",
                    _ => ">",
                };
                format!("{name} {sign} {number}")
            }
        }
    }
}

/// The conditions that a question names: cells by their text, and comparisons with numbers.
pub(super) fn named(question: &Question, table: &Table) -> Vec<Condition> {
    let words: Vec<&str> = question.words.iter().filter(|word| !word.is_path()).map(|word| word.raw.as_str()).collect();
    let text = format!(" {} ", prose::plain_words(&words.join(" ")).join(" "));
    let headers: Vec<String> = table.columns.iter().map(|name| prose::plain_words(name).join(" ")).collect();
    let mut found: Vec<(usize, Condition)> = Vec::new();
    for column in 0..table.columns.len() {
        let mut best: Option<String> = None;
        for value in table.distinct(column) {
            let plain = prose::plain_words(&value).join(" ");
            let whole = text.contains(&format!(" {plain} ")) || plain.len() > 3 && text.contains(&format!(" {plain}s "));
            let common =
                super::vocabulary::STOPWORDS.contains(&plain.as_str()) || headers.contains(&plain) || aggregate_word(&plain);
            let longer = best.as_ref().is_none_or(|best| value.len() > best.len());
            if !plain.is_empty() && plain.len() < 200 && whole && !common && longer {
                best = Some(value);
            }
        }
        if let Some(value) = best {
            found.push((value.len(), Condition::Is(column, value)));
        }
    }
    let comparison = comparison(question, table);
    // A number that is compared with is no cell.
    if comparison.is_some() {
        found.retain(|(_, condition)| !table.is_numeric(condition.column()));
    }
    found.sort_by_key(|(length, _)| std::cmp::Reverse(*length));
    found.into_iter().map(|(_, condition)| condition).chain(comparison).collect()
}

/// "More than 20", "price below 3", "at least 5".
fn comparison(question: &Question, table: &Table) -> Option<Condition> {
    const WORDS: [(&str, Ordering, bool); 18] = [
        ("more than", Ordering::Greater, false),
        ("greater than", Ordering::Greater, false),
        ("larger than", Ordering::Greater, false),
        ("higher than", Ordering::Greater, false),
        ("bigger than", Ordering::Greater, false),
        ("older than", Ordering::Greater, false),
        ("over", Ordering::Greater, false),
        ("above", Ordering::Greater, false),
        (">", Ordering::Greater, false),
        ("at least", Ordering::Greater, true),
        ("less than", Ordering::Less, false),
        ("fewer than", Ordering::Less, false),
        ("smaller than", Ordering::Less, false),
        ("lower than", Ordering::Less, false),
        ("younger than", Ordering::Less, false),
        ("below", Ordering::Less, false),
        ("under", Ordering::Less, false),
        ("at most", Ordering::Less, true),
    ];
    let (wanted, equal, number) = WORDS.iter().find_map(|(phrase, wanted, equal)| {
        let (at, length) = question.position(phrase)?;
        Some((*wanted, *equal, calculator::number(&question.words.get(at + length)?.raw)?))
    })?;
    Some(Condition::Compares(numeric(question, table)?, wanted, equal, number))
}

fn matching(table: &Table, conditions: &[Condition]) -> Vec<usize> {
    (0..table.rows.len()).filter(|row| conditions.iter().all(|condition| condition.holds(table, *row))).collect()
}

fn told(table: &Table, conditions: &[Condition]) -> String {
    let texts: Vec<String> = conditions.iter().map(|condition| condition.text(table)).collect();
    if texts.is_empty() { String::new() } else { format!(" where {}", texts.join(" and ")) }
}

fn header(table: &Table, column: usize) -> &str {
    table.columns.get(column).map_or("", String::as_str)
}

fn is_named(question: &Question, table: &Table, column: usize) -> bool {
    let single = Table { columns: vec![header(table, column).to_owned()], rows: Vec::new() };
    single.column(question).is_some()
}

/// The column of numbers that a question is about: the one that it names, the only one, or one that counts things.
fn numeric(question: &Question, table: &Table) -> Option<usize> {
    let columns: Vec<usize> = (0..table.columns.len()).filter(|column| table.is_numeric(*column)).collect();
    let named = columns.iter().copied().find(|column| is_named(question, table, *column));
    let only = if let [only] = columns.as_slice() { Some(*only) } else { None };
    let counts = || {
        let sold = question.says_any(&["sold", "sell", "sales", "many", "most", "ordered", "units", "total", "least"]);
        let counts = |column: &usize| COUNTS.iter().any(|word| header(table, *column).to_lowercase().contains(word));
        columns.iter().copied().find(counts).filter(|_| sold)
    };
    named.or(only).or_else(counts)
}

/// Answers a question about a table; `None` when it asks for something else.
pub(super) fn answer(question: &Question, table: &Table, name: &str) -> Option<String> {
    if table.columns.len() < 2 && table.rows.is_empty() {
        return None;
    }
    let says = |phrases: &[&str]| question.says_any(phrases);
    let names = table.columns.join(", ");
    let aggregate = aggregate_named(question);
    if says(&["columns", "column names", "header", "headers", "fields"])
        && !says(&["rows"])
        && aggregate.is_none_or(|aggregate| aggregate == Aggregate::Sum)
    {
        return Some(format!("{name} has {}: {names}.", plural(table.columns.len(), "column", "columns")));
    }
    let conditions = named(question, table);
    // A column may be called "count": the sum of it is no count of rows.
    if product(question, table).is_some() {
        return aggregated(question, table, name, aggregate.unwrap_or(Aggregate::Sum), conditions);
    }
    if says(&["sorted by", "sort by", "sort it by", "ordered by", "order by", "sorted on"])
        && let Some(column) = table.column(question)
    {
        return Some(ordered(question, table, name, column, &conditions));
    }
    let counts = says(&["how many", "number of"])
        || says(&["count"]) && (aggregate.is_none() || numeric(question, table).is_none() || says(&["rows", "row"]));
    if counts && !says(&["lines", "words", "characters", "bytes", "columns"]) {
        return counted(question, table, name, &conditions);
    }
    if let Some(aggregate) = aggregate {
        return aggregated(question, table, name, aggregate, conditions);
    }
    if says(&["how much"])
        && says(&["spend", "spent", "earn", "earned", "paid", "sold", "altogether"])
        && let Some(column) = numeric(question, table)
        && conditions.iter().all(|condition| condition.column() != column)
    {
        return aggregate_over(table, name, Aggregate::Sum, column, &conditions);
    }
    let column = table.column(question);
    let lists = says(&["distinct", "unique", "different values", "values"])
        || says(&["are there", "do we have", "exist"]) && question.begins(&["what", "which", "list"]);
    if lists
        && conditions.is_empty()
        && let Some(column) = column
    {
        let mut values = table.distinct(column);
        let more = values.len().saturating_sub(MAX_SHOWN);
        values.truncate(MAX_SHOWN);
        let more = if more > 0 { format!("\n… and {more} more.") } else { String::new() };
        return Some(format!(
            "The distinct values of `{}` in {name}:\n- {}{more}",
            header(table, column),
            values.join("\n- ")
        ));
    }
    // "What is the price of apples": a cell is named, and the name of another column.
    let first = conditions.first()?.column();
    let rows = matching(table, &conditions);
    let asked = says(&["what", "which", "how", "who", "when", "where", "show", "list", "give", "tell"]);
    let wanted = column.filter(|column| asked && conditions.iter().all(|condition| condition.column() != *column));
    let line = |row: &usize| match wanted {
        Some(column) => format!(
            "- {} (row {}): {} = {}",
            table.cell(*row, first),
            row + 1,
            header(table, column),
            table.cell(*row, column)
        ),
        None => format!("- row {}: {}", row + 1, table.row_text(*row)),
    };
    if rows.is_empty() {
        return Some(format!("{name} has no row{}.", told(table, &conditions)));
    }
    let lines: Vec<String> = rows.iter().take(MAX_SHOWN).map(line).collect();
    Some(format!("In {name}:\n{}", lines.join("\n")))
}

fn counted(question: &Question, table: &Table, name: &str, conditions: &[Condition]) -> Option<String> {
    let says = |phrases: &[&str]| question.says_any(phrases);
    let rows_asked = says(&["rows", "records", "entries", "row", "data", "times"]);
    let column = table.column(question);
    if says(&["different", "distinct", "unique"])
        && let Some(column) = column
    {
        let values = plural(table.distinct(column).len(), "distinct value", "distinct values");
        return Some(format!("Column `{}` of {name} has {values}.", header(table, column)));
    }
    if says(&["per", "by", "each", "every"])
        && let Some(column) = column
        && !table.is_numeric(column)
        && conditions.iter().all(|condition| condition.column() != column)
    {
        return Some(rows_by(table, name, column, conditions));
    }
    let pieces = !rows_asked && says(&["sold", "sell", "ordered", "units", "bought", "delivered", "pieces"]);
    if pieces && let Some(column) = numeric(question, table) {
        return aggregate_over(table, name, Aggregate::Sum, column, conditions);
    }
    if !conditions.is_empty() {
        let count = plural(matching(table, conditions).len(), "row", "rows");
        return Some(format!("{name} has {count}{}.", told(table, conditions)));
    }
    let all = rows_asked || question.significant().len() <= 3;
    all.then(|| {
        format!(
            "{name} has {} below the row of names ({}).",
            plural(table.rows.len(), "row", "rows"),
            table.columns.join(", ")
        )
    })
}

/// How many rows have which value of a column, the most frequent first.
fn rows_by(table: &Table, name: &str, column: usize, conditions: &[Condition]) -> String {
    let rows = matching(table, conditions);
    let count = |value: &String| rows.iter().filter(|row| table.cell(**row, column) == value).count();
    let mut counts: Vec<(String, usize)> =
        table.distinct(column).into_iter().map(|value| (value.clone(), count(&value))).filter(|(_, n)| *n > 0).collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let more = counts.len().saturating_sub(MAX_SHOWN);
    let more = if more > 0 { format!("\n… and {more} more.") } else { String::new() };
    let lines: Vec<String> = counts.iter().take(MAX_SHOWN).map(|(value, count)| format!("- {value}: {count}")).collect();
    let of = header(table, column);
    format!("The rows of {name}{} by `{of}`:\n{}{more}", told(table, conditions), lines.join("\n"))
}

/// The rows in the order of a column: of its numbers, else of its texts.
fn ordered(question: &Question, table: &Table, name: &str, column: usize, conditions: &[Condition]) -> String {
    let down = question.says_any(&["descending", "desc", "highest", "largest", "reverse", "newest", "most"]);
    let mut rows = matching(table, conditions);
    let numeric = table.is_numeric(column);
    rows.sort_by(|left, right| {
        let (left, right) = (table.cell(*left, column), table.cell(*right, column));
        let order = match (numeric, calculator::number(left), calculator::number(right)) {
            (true, Some(left), Some(right)) => left.compare(right),
            _ => left.cmp(right),
        };
        if down { order.reverse() } else { order }
    });
    let more = rows.len().saturating_sub(MAX_SHOWN);
    let more = if more > 0 { format!("\n… and {more} more.") } else { String::new() };
    let lines: Vec<String> = rows.iter().take(MAX_SHOWN).map(|row| format!("- {}", table.row_text(*row))).collect();
    let way = if down { ", the last first" } else { "" };
    format!("The rows of {name}{} by `{}`{way}:\n{}{more}", told(table, conditions), header(table, column), lines.join("\n"))
}

/// The two columns of numbers that a question multiplies: "count * price".
fn product(question: &Question, table: &Table) -> Option<[usize; 2]> {
    let columns: Vec<usize> =
        (0..table.columns.len()).filter(|at| table.is_numeric(*at) && is_named(question, table, *at)).collect();
    let multiplies = question.text.contains(['*', '×']) || question.says_any(&["times", "multiplied by", "x"]);
    match columns.as_slice() {
        [left, right] if multiplies => Some([*left, *right]),
        _ => None,
    }
}

/// A table with one more column, which holds the products of two others.
fn multiplied(table: &Table, columns: [usize; 2]) -> Table {
    let [left, right] = columns;
    let mut wider = table.clone();
    wider.columns.push(format!("{} * {}", header(table, left), header(table, right)));
    for (at, row) in wider.rows.iter_mut().enumerate() {
        let number = |column: usize| calculator::number(table.cell(at, column));
        let value = number(left).zip(number(right)).and_then(|(left, right)| left.times(right).ok());
        row.resize(table.columns.len(), String::new());
        row.push(value.map(|value| value.to_string()).unwrap_or_default());
    }
    wider
}

fn aggregated(
    question: &Question,
    table: &Table,
    name: &str,
    aggregate: Aggregate,
    conditions: Vec<Condition>,
) -> Option<String> {
    if let Some(columns) = product(question, table) {
        let wider = multiplied(table, columns);
        let (column, free) = (table.columns.len(), |condition: &Condition| !columns.contains(&condition.column()));
        let conditions: Vec<Condition> = conditions.into_iter().filter(free).collect();
        return grouped(question, &wider, name, aggregate, column, &conditions)
            .or_else(|| aggregate_over(&wider, name, aggregate, column, &conditions));
    }
    let Some(column) = numeric(question, table) else {
        let columns: Vec<&str> = (0..table.columns.len())
            .filter(|column| table.is_numeric(*column))
            .map(|column| header(table, column))
            .collect();
        if columns.is_empty() {
            return Some(format!(
                "No column of {name} holds numbers that I can read ({names}); numbers with a decimal comma I cannot.",
                names = table.columns.join(", ")
            ));
        }
        return Some(format!(
            "I do not know which column of {name} is meant. Its columns with numbers are: {}.",
            columns.join(", ")
        ));
    };
    let conditions: Vec<Condition> = conditions
        .into_iter()
        .filter(|condition| condition.column() != column || matches!(condition, Condition::Compares(..)))
        .collect();
    if let Some(text) = grouped(question, table, name, aggregate, column, &conditions) {
        return Some(text);
    }
    aggregate_over(table, name, aggregate, column, &conditions)
}

/// "Total quantity by city", "which product sold the most": a value for each group of rows.
fn grouped(
    question: &Question,
    table: &Table,
    name: &str,
    aggregate: Aggregate,
    column: usize,
    conditions: &[Condition],
) -> Option<String> {
    let group = (0..table.columns.len())
        .find(|other| *other != column && !table.is_numeric(*other) && is_named(question, table, *other))?;
    let each = question.says_any(&["by", "per", "each", "every"]);
    let extreme = matches!(aggregate, Aggregate::Largest | Aggregate::Smallest);
    let sums = extreme && !each && question.says_any(&["most", "least", "total", "sold", "best", "fewest", "worst"]);
    let values = table.distinct(group);
    if !(each || sums && values.len() < table.rows.len()) || values.len() > 1_000 {
        return None;
    }
    let inner = if sums { Aggregate::Sum } else { aggregate };
    let value_of = |value: &String| {
        let mut conditions = conditions.to_vec();
        conditions.push(Condition::Is(group, value.clone()));
        let rows = matching(table, &conditions);
        let numbers: Vec<Number> = rows.iter().filter_map(|row| calculator::number(table.cell(*row, column))).collect();
        if numbers.is_empty() { None } else { Some((value.clone(), inner.over(&numbers).ok()?)) }
    };
    let mut results: Vec<(String, Number)> = values.iter().filter_map(value_of).collect();
    if sums {
        results.sort_by(
            |left, right| if aggregate == Aggregate::Largest { right.1.compare(left.1) } else { left.1.compare(right.1) },
        );
    }
    let lines: Vec<String> = results.iter().take(MAX_SHOWN).map(|(value, number)| format!("- {value}: {number}")).collect();
    let order = match (sums, aggregate) {
        (true, Aggregate::Largest) => ", the largest first",
        (true, _) => ", the smallest first",
        _ => "",
    };
    let (word, of, by) = (inner.word(), header(table, column), header(table, group));
    Some(format!("The {word} of `{of}` by `{by}` in {name}{}{order}:\n{}", told(table, conditions), lines.join("\n")))
}

fn aggregate_over(
    table: &Table,
    name: &str,
    aggregate: Aggregate,
    column: usize,
    conditions: &[Condition],
) -> Option<String> {
    let of = header(table, column);
    let rows = matching(table, conditions);
    let (mut numbers, _) = table.numbers(column);
    numbers.retain(|(row, _)| rows.contains(row));
    let filled = rows.iter().filter(|row| !table.cell(**row, column).trim().is_empty()).count();
    let other = filled.saturating_sub(numbers.len());
    let values: Vec<Number> = numbers.iter().map(|(_, number)| *number).collect();
    let condition = told(table, conditions);
    if values.is_empty() {
        return Some(format!("Column `{of}` of {name} holds no numbers{condition}."));
    }
    let result = match aggregate.over(&values) {
        Ok(result) => result,
        Err(error) => return Some(format!("I cannot calculate the {} of `{of}` in {name}: {error}.", aggregate.word())),
    };
    let note = if other > 0 {
        format!(" {} hold no number and were left out.", plural(other, "cell", "cells"))
    } else {
        String::new()
    };
    let exact = if result.is_shown_exactly() { "" } else { "about " };
    let count = plural(values.len(), "row", "rows");
    let mut text = format!("The {} of `{of}` in {name}{condition} is {exact}{result} ({count}).{note}", aggregate.word());
    if matches!(aggregate, Aggregate::Largest | Aggregate::Smallest) {
        let same = numbers.iter().filter(|(_, number)| number.compare(result) == Ordering::Equal);
        let rows: Vec<String> =
            same.take(5).map(|(row, _)| format!("- row {}: {}", row + 1, table.row_text(*row))).collect();
        text += &format!("\n{}", rows.join("\n"));
    }
    Some(text)
}
