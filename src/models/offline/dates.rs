//! The calendar: today, weekdays, days between, days until. All in UTC, from the clock that the house gives.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

use super::question::Question;
use crate::domain::Timestamp;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Days with a name and a fixed date.
const NAMED: &[(&str, i8, i8)] = &[
    ("christmas eve", 12, 24),
    ("christmas", 12, 25),
    ("new year's eve", 12, 31),
    ("new years eve", 12, 31),
    ("new year", 1, 1),
    ("halloween", 10, 31),
    ("valentine", 2, 14),
];

fn weekday(date: Date) -> &'static str {
    match date.weekday() {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    }
}

fn long(date: Date) -> String {
    let month = MONTHS.get(usize::try_from(date.month() - 1).unwrap_or(0)).copied().unwrap_or_default();
    format!("{}, {} {month} {}", weekday(date), date.day(), date.year())
}

fn plural(count: i64, unit: &str) -> String {
    format!("{count} {unit}{}", if count.abs() == 1 { "" } else { "s" })
}

/// The month that a word names, whole or by its first three letters.
fn month(word: &str) -> Option<i8> {
    let at = MONTHS.iter().position(|name| {
        let name = name.to_lowercase();
        word == name
            || word.len() >= 3
                && word.len() <= 4
                && name.starts_with(word.get(..3).unwrap_or(word))
                && (word.len() == 3 || word == "sept")
    })?;
    i8::try_from(at + 1).ok()
}

fn numeric(word: &str, today: Date) -> Option<Date> {
    let parts: Vec<&str> = word.split(['-', '/', '.']).filter(|part| !part.is_empty()).collect();
    let number = |at: usize| parts.get(at).and_then(|part| part.parse::<i16>().ok());
    let (first, second) = (number(0)?, number(1)?);
    let small = |number: i16| i8::try_from(number).ok();
    match (parts.len(), number(2)) {
        (3, Some(third)) if parts[0].len() == 4 => Date::new(first, small(second)?, small(third)?).ok(),
        // 24.12.2026 names the day first; 12/24/2026 the month, unless that cannot be.
        (3, Some(third)) if parts[2].len() == 4 => {
            let (day, month) = if word.contains('/') && first <= 12 { (second, first) } else { (first, second) };
            Date::new(third, small(month)?, small(day)?).ok()
        }
        (2, _) if word.contains('.') && word.ends_with('.') => Date::new(today.year(), small(second)?, small(first)?).ok(),
        _ => None,
    }
}

/// The dates that a question names, in order.
fn dates(question: &Question, today: Date) -> Vec<Date> {
    let words: Vec<&str> = question.words.iter().map(|word| word.low.as_str()).collect();
    let text = words.join(" ");
    let mut found = Vec::new();
    let day_of = |word: &str| {
        let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        digits.parse::<i8>().ok().filter(|day| (1..=31).contains(day))
    };
    let year_of = |word: Option<&&str>| {
        word.and_then(|word| word.parse::<i16>().ok()).filter(|year| (1..=9_999).contains(year) && *year > 31)
    };
    for (at, word) in words.iter().enumerate() {
        match *word {
            "today" | "now" => found.push(today),
            "tomorrow" => found.extend(today.tomorrow()),
            "yesterday" => found.extend(today.yesterday()),
            _ => {}
        }
        found.extend(numeric(word, today));
        let Some(month) = month(word) else { continue };
        let before = at.checked_sub(1).and_then(|at| words.get(at)).filter(|word| **word != "of");
        let before = before.or_else(|| at.checked_sub(2).and_then(|at| words.get(at)));
        let next_day = words.get(at + 1).and_then(|word| day_of(word));
        let (day, year) = match before.and_then(|word| day_of(word)) {
            Some(day) => (Some(day), year_of(words.get(at + 1))),
            None => (next_day, year_of(words.get(at + 2))),
        };
        if let Some(day) = day {
            let this_year = Date::new(today.year(), month, day).ok();
            let wanted = match year {
                Some(year) => Date::new(year, month, day).ok(),
                None if question.says_any(&["until", "till", "to"]) && this_year.is_some_and(|date| date < today) => {
                    Date::new(today.year().saturating_add(1), month, day).ok()
                }
                None => this_year,
            };
            found.extend(wanted);
        }
    }
    if found.is_empty()
        && let Some((_, month, day)) = NAMED.iter().find(|(name, _, _)| text.contains(name))
    {
        let year = words.iter().find_map(|word| year_of(Some(word)));
        let this = Date::new(year.unwrap_or(today.year()), *month, *day).ok();
        let next = Date::new(today.year().saturating_add(1), *month, *day).ok();
        found.extend(if year.is_none() && this.is_some_and(|date| date < today) { next } else { this });
    }
    found
}

fn days_between(from: Date, to: Date) -> i64 {
    from.until(to).map_or(0, |span| i64::from(span.get_days()))
}

/// Counts and units as in "in 3 weeks" or "10 days ago".
fn shifted(question: &Question, today: Date) -> Option<String> {
    let words: Vec<&str> = question.words.iter().map(|word| word.low.as_str()).collect();
    let (at, count) = words.iter().enumerate().find_map(|(at, word)| {
        let count = match *word {
            "a" | "an" | "one" => 1,
            word => word.parse::<i64>().ok()?,
        };
        words.get(at + 1).filter(|unit| is_unit(unit)).map(|_| (at, count))
    })?;
    let unit = *words.get(at + 1)?;
    let back = question.says_any(&["ago", "before", "earlier"]);
    let onward = question.says_any(&["in", "from now", "from today", "after", "later", "hence", "from"]);
    // "How many seconds are in a day" is no date.
    if question.says("how many") || !back && !onward || !(0..=100_000).contains(&count) {
        return None;
    }
    let from = dates(question, today).first().copied().unwrap_or(today);
    let signed = if back { -count } else { count };
    let span = match unit.trim_end_matches('s') {
        "day" => signed.days(),
        "week" => signed.weeks(),
        "month" => signed.months(),
        "year" if count < 5_000 => signed.years(),
        _ => return None,
    };
    let date = from.checked_add(span).ok()?;
    let unit = unit.trim_end_matches('s');
    let relation = if back { "before" } else { "after" };
    Some(format!("{} {relation} {from} is {} ({date}).", plural(count, unit), long(date)))
}

fn is_unit(word: &str) -> bool {
    matches!(word, "day" | "days" | "week" | "weeks" | "month" | "months" | "year" | "years")
}

/// Answers a question about the calendar; `None` when the question is not one.
pub(super) fn answer(question: &Question, now: Timestamp) -> Option<String> {
    let time = jiff::Timestamp::from_millisecond(now.as_millis()).ok()?.to_zoned(jiff::tz::TimeZone::UTC);
    let today = time.date();
    let has_file = question.words.iter().any(|word| word.is_path());
    if has_file || question.words.len() > 24 {
        return None;
    }
    let named = dates(question, today);
    let says = |phrases: &[&str]| question.says_any(phrases);
    if says(&["days", "weeks", "day", "long", "months"])
        && (says(&["until", "till", "between", "since", "left"]) || says(&["from"]) && says(&["to"]))
    {
        let (from, to) = match (named.as_slice(), says(&["since"])) {
            ([from, to, ..], _) => (*from, *to),
            ([date], true) => (*date, today),
            ([date], false) => (today, *date),
            ([], _) if says(&["year"]) && says(&["left", "end of"]) => (today, Date::new(today.year(), 12, 31).ok()?),
            _ => return None,
        };
        let days = days_between(from, to);
        let rest = if says(&["weeks"]) && days.abs() >= 7 {
            format!(" ({} and {})", plural(days / 7, "week"), plural(days % 7, "day"))
        } else {
            String::new()
        };
        if days < 0 && says(&["until", "till", "left"]) {
            return Some(format!("{to} is over: it was {} before {from}{rest}.", plural(-days, "day")));
        }
        return Some(format!("From {from} to {to} it is {}{rest}.", plural(days, "day")));
    }
    if says(&["leap year"]) {
        let year = question.words.iter().find_map(|word| word.low.parse::<i16>().ok()).unwrap_or(today.year());
        let leap = Date::new(year, 1, 1).ok()?.in_leap_year();
        return Some(format!("{year} is {}a leap year.", if leap { "" } else { "not " }));
    }
    if let Some(text) = shifted(question, today) {
        return Some(text);
    }
    let about_day =
        says(&["what day", "which day", "weekday", "day of the week", "what date", "which date", "date is", "the date"]);
    let moment = says(&["today", "now", "tomorrow", "yesterday", "is it", "current", "todays", "today's"]);
    if let [date] = named.as_slice()
        && (about_day || says(&["when is"]) || moment && says(&["date", "day"]))
    {
        let verb = if *date < today { "was" } else { "is" };
        return Some(match (*date == today, question.says("when is")) {
            (true, _) => format!("Today is {} ({today}, UTC).", long(today)),
            (_, true) => format!("It is on {}.", long(*date)),
            _ => format!("{date} {verb} {}.", long(*date)),
        });
    }
    if says(&["what time", "the time", "current time", "time now", "time is it", "clock"])
        && question.words.len() <= 9
        && !says(&["time limit", "limit", "first", "last", "time out", "timeout"])
    {
        let told = format!("It is {:02}:{:02} UTC on {}.", time.hour(), time.minute(), long(today));
        let place = question.words.windows(2).find(|pair| pair[0].low == "in" && pair[1].low != "utc");
        return Some(match place {
            Some(pair) => format!("{told} I know only UTC, not the time in {}.", pair[1].raw),
            None => told,
        });
    }
    let whole = question.words.len() <= 8;
    if whole && says(&["week number", "what week", "which week", "calendar week"]) {
        let week = today.iso_week_date();
        return Some(format!("It is week {} of {} (ISO 8601), counted in UTC.", week.week(), week.year()));
    }
    if whole
        && says(&["what year", "which year", "what month", "which month", "current year", "current month"])
        && (moment || question.words.len() <= 5)
    {
        return Some(format!("Today is {} ({today}, UTC).", long(today)));
    }
    let aggregate = super::tables::aggregate_named(question).is_some();
    let bare = says(&["date", "day"])
        && (moment || question.words.len() <= 5 && says(&["what is the date", "what day", "tell me the date", "the date"]));
    let other = aggregate || says(&["of the", "release", "file", "in the", "had", "has", "have", "due"]);
    (whole && bare && !other).then(|| format!("Today is {} ({today}, UTC).", long(today)))
}
