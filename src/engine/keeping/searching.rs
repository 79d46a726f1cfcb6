//! Finding messages: the store tells places, and here it is seen what stands there now.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::{SearchHit, SearchPage, SessionSearch};
use crate::domain::{Author, AuthorKind, Error, Event, Fact, Fold, MessageId, Principal, Result, SessionId, Timestamp};
use crate::engine::access::Sight;
use crate::engine::house::Core;
use crate::engine::reading::{decode, text_of, told};
use crate::storage::{Terms, TextPlace, TextQuery};

/// Most hits of one page.
const PAGE: usize = 1_000;
/// Most places that are looked at for one page.
const LOOKED_AT: usize = 20_000;
/// Most bytes of logs that a store without an index looks through.
const SCANNED: u64 = 1 << 30;
/// Signs before and after the first hit.
const BEFORE: usize = 40;
const AFTER: usize = 120;

/// Finds what was said.
pub(super) async fn search(core: &Arc<Core>, caller: &Principal, search: &SessionSearch) -> Result<SearchPage> {
    let sight = Sight::of(caller);
    let terms = Terms::parse(&search.query)?;
    let limit = search.limit.min(PAGE);
    let mut query = TextQuery {
        terms: terms.clone(),
        told,
        labels: search.labels.clone(),
        agent: search.agent.clone().or_else(|| sight.as_ref()?.only_agent().map(str::to_owned)),
        since: search.since,
        after: search.after.as_deref().map(read_place).transpose()?,
        limit: limit + 1,
        bytes: SCANNED,
    };
    let (mut page, mut folds, mut looked_at) = (SearchPage::default(), HashMap::new(), 0);
    loop {
        let found = core.store.search(&query).await?;
        page.is_cut |= found.is_cut;
        let is_all = found.places.len() < query.limit;
        for place in found.places {
            if page.hits.len() == limit {
                page.next = query.after.as_ref().map(place_text);
                return Ok(page);
            }
            looked_at += 1;
            let hit = hit(core, sight.as_ref(), &mut folds, &terms, &place).await?;
            page.hits.extend(hit.filter(|hit| search.since.is_none_or(|since| hit.at >= since)));
            query.after = Some(place);
        }
        if is_all || limit == 0 {
            return Ok(page);
        }
        if looked_at >= LOOKED_AT {
            page.next = query.after.as_ref().map(place_text);
            page.is_cut = true;
            return Ok(page);
        }
    }
}

/// What stands at a place, when the caller may see it and it still counts.
async fn hit(
    core: &Arc<Core>,
    sight: Option<&Sight<'_>>,
    folds: &mut HashMap<SessionId, Option<Arc<Fold>>>,
    terms: &Terms,
    place: &TextPlace,
) -> Result<Option<SearchHit>> {
    let id = &place.session;
    if !folds.contains_key(id) {
        // Those of one session come one after the other.
        folds.clear();
        let fold = match core.existing(id).await {
            Ok(ledger) => ledger.fold().await.ok(),
            Err(_) => None,
        };
        folds.insert(id.clone(), fold.map(Arc::new));
    }
    let Some(fold) = folds.get(id).and_then(Clone::clone) else { return Ok(None) };
    let session = &fold.session;
    let is_seen = sight.is_none_or(|sight| sight.sees(id, &session.agent));
    if !is_seen || fold.is_over(core.clock.now()) {
        return Ok(None);
    }
    let told = |message: Option<(MessageId, Author)>, at: Timestamp, text: &str| {
        let (snippet, marks) = snippet(terms, text);
        let (message, author) = message.unzip();
        let (title, agent) = (session.title.clone(), session.agent.clone());
        SearchHit { session: id.clone(), title, agent, message, seq: place.seq, author, at, snippet, marks }
    };
    if place.seq == 0 {
        let title = session.title.as_deref().filter(|title| terms.are_in(title));
        return Ok(title.map(|title| told(None, session.updated_at, title)));
    }
    if place.seq < fold.history_from || fold.is_dropped(place.seq) {
        return Ok(None);
    }
    let entries = core.store.read(id, place.seq - 1, 1, usize::MAX).await?;
    let Some(entry) = entries.first().filter(|entry| entry.seq == place.seq) else { return Ok(None) };
    let event = decode(id, entry)?;
    let (Some(text), Some(message)) = (text_of(&event), written(&event)) else { return Ok(None) };
    Ok(Some(told(Some(message), event.at, &text.text)))
}

/// The message of an event, and who wrote it.
fn written(event: &Event) -> Option<(MessageId, Author)> {
    match &event.fact {
        Fact::MessagePosted(posted) => Some((posted.message.id.clone(), posted.message.author.clone())),
        Fact::MessageImported(imported) => Some((imported.message.id.clone(), imported.message.author.clone())),
        Fact::MessageCompleted(completed) => {
            Some((completed.message_id.clone(), Author::named(AuthorKind::Agent, completed.agent.clone())))
        }
        _ => None,
    }
}

/// A piece of a text around its first hit, on one line, and where the hits stand in it.
fn snippet(terms: &Terms, text: &str) -> (String, Vec<(usize, usize)>) {
    let places = terms.places(text);
    let first = places.first().map_or(0, |place| place.start);
    let mut from = text[..first].char_indices().rev().nth(BEFORE - 1).map_or(0, |(at, _)| at);
    if from > 0 {
        // From the beginning of a word, where one is near.
        from += text[from..first].find(char::is_whitespace).map_or(0, |space| space + 1);
        from = text.ceil_char_boundary(from).min(first);
    }
    let to = text[first..].char_indices().nth(AFTER).map_or(text.len(), |(at, _)| first + at);
    let mut line = String::new();
    if from > 0 {
        line.push('…');
    }
    let mut marks = Vec::new();
    let mut at = from;
    let inside = |place: &&Range<usize>| place.start >= from && place.end <= to;
    for place in places.iter().filter(inside) {
        push(&mut line, &text[at..place.start]);
        let begins = line.len();
        push(&mut line, &text[place.clone()]);
        marks.push((begins, line.len()));
        at = place.end;
    }
    push(&mut line, &text[at..to]);
    if to < text.len() {
        line.push('…');
    }
    (line, marks)
}

/// Adds a text with one space for each of its white spaces and control characters in one piece.
fn push(line: &mut String, text: &str) {
    for sign in text.chars() {
        if !sign.is_whitespace() && !sign.is_control() {
            line.push(sign);
        } else if !line.is_empty() && !line.ends_with(' ') {
            line.push(' ');
        }
    }
}

fn place_text(place: &TextPlace) -> String {
    format!("{}:{}:{}", place.created_at.as_millis(), place.seq, place.session)
}

fn read_place(text: &str) -> Result<TextPlace> {
    let mut words = text.splitn(3, ':');
    let mut read = || {
        let (at, seq) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        Some(TextPlace { created_at: Timestamp::from_millis(at), seq, session: SessionId::parse(words.next()?).ok()? })
    };
    read().ok_or_else(|| {
        let shown: String = text.chars().take(80).collect();
        Error::invalid(format!("{shown:?} is not where a page ended")).hint("pass on `next` exactly as a page gave it")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snippet_is_one_line_around_the_first_hit() {
        let terms = Terms::parse("flaky").unwrap();
        let text = format!("{}\n\nthe  flaky\ttest is flaky {}", "long before ".repeat(20), "and after ".repeat(40));
        let (line, marks) = snippet(&terms, &text);
        assert!(line.starts_with("…before long before long before the flaky test is flaky and after"), "{line}");
        assert!(line.ends_with('…') && line.chars().count() < 180, "{line}");
        let marked: Vec<&str> = marks.iter().map(|(from, to)| &line[*from..*to]).collect();
        assert_eq!(marked, ["flaky", "flaky"]);
        assert_eq!(snippet(&terms, "no hit at all"), ("no hit at all".to_owned(), vec![]));
        assert_eq!(snippet(&terms, "äöü flaky"), ("äöü flaky".to_owned(), vec![(7, 12)]));
    }

    #[test]
    fn a_place_is_read_as_it_was_written() {
        let place = TextPlace { created_at: Timestamp::from_millis(7), session: SessionId::from_text("a:b"), seq: 9 };
        assert_eq!(read_place(&place_text(&place)), Ok(place));
        assert_eq!(read_place("7:x").unwrap_err().message, "\"7:x\" is not where a page ended");
    }
}
