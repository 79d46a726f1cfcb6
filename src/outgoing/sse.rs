//! Server-sent events out of bytes.
//!
//! Works on bytes, so that a piece may end anywhere: in the middle of a character, between CR and LF, in a field's
//! name. What comes out does not depend on how the bytes were cut into pieces; a property test holds that.

/// One event: what its `data` lines said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SseEvent {
    /// The `event` field; empty when there is none.
    pub name: String,
    /// The `id` field of this event; empty when there is none.
    pub id: String,
    /// The `data` lines, joined by a line feed.
    pub data: String,
}

/// An event is larger than the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLarge;

/// Reads a stream of events piece by piece.
#[derive(Debug)]
pub(crate) struct SseParser {
    /// The unfinished line.
    line: Vec<u8>,
    /// Whether the piece before ended in CR: a LF that follows belongs to it.
    after_return: bool,
    /// Whether the first line, which may begin with a byte order mark, is over.
    begun: bool,
    /// The unfinished event.
    event: SseEvent,
    has_data: bool,
    /// Most bytes of one event, and of one line.
    limit: usize,
    /// Whether a line was seen that no event stream has.
    strange: bool,
    events: u64,
}

impl SseParser {
    /// A parser for events of at most `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            line: Vec::new(),
            after_return: false,
            begun: false,
            event: SseEvent::default(),
            has_data: false,
            limit,
            strange: false,
            events: 0,
        }
    }

    /// Takes the next bytes and adds the events that they complete.
    pub fn feed(&mut self, mut bytes: &[u8], events: &mut Vec<SseEvent>) -> Result<(), TooLarge> {
        while !bytes.is_empty() {
            if std::mem::take(&mut self.after_return) && bytes[0] == b'\n' {
                bytes = &bytes[1..];
                continue;
            }
            let Some(end) = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r')) else {
                self.add(bytes)?;
                break;
            };
            self.add(&bytes[..end])?;
            self.after_return = bytes[end] == b'\r';
            bytes = &bytes[end + 1..];
            events.extend(self.end_line());
        }
        Ok(())
    }

    /// The event that was complete but for its blank line, when the stream has ended properly.
    pub fn finish(&mut self) -> Option<SseEvent> {
        let early = if self.line.is_empty() { None } else { self.end_line() };
        early.or_else(|| self.take_event())
    }

    /// Whether what came was no event stream at all.
    pub fn is_foreign(&self) -> bool {
        self.events == 0 && self.strange
    }

    fn add(&mut self, bytes: &[u8]) -> Result<(), TooLarge> {
        if self.line.len() + self.event.data.len() + bytes.len() > self.limit {
            return Err(TooLarge);
        }
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    fn end_line(&mut self) -> Option<SseEvent> {
        let bytes = std::mem::take(&mut self.line);
        let bytes = match bytes.strip_prefix(b"\xEF\xBB\xBF") {
            Some(rest) if !self.begun => rest,
            _ => &bytes[..],
        };
        self.begun = true;
        if bytes.is_empty() {
            return self.take_event();
        }
        let line = String::from_utf8_lossy(bytes);
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => {
                if self.has_data {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(value);
                self.has_data = true;
            }
            "event" => value.clone_into(&mut self.event.name),
            "id" => value.clone_into(&mut self.event.id),
            // "" is a comment; when to come back is decided here, not by the other side.
            "" | "retry" => {}
            _ => self.strange = true,
        }
        None
    }

    fn take_event(&mut self) -> Option<SseEvent> {
        let event = std::mem::take(&mut self.event);
        let complete = std::mem::take(&mut self.has_data);
        self.events += u64::from(complete);
        complete.then_some(event)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(pieces: &[&[u8]]) -> Vec<SseEvent> {
        let mut parser = SseParser::new(1 << 20);
        let mut events = Vec::new();
        for piece in pieces {
            parser.feed(piece, &mut events).unwrap();
        }
        events.extend(parser.finish());
        events
    }

    fn event(name: &str, data: &str) -> SseEvent {
        SseEvent { name: name.into(), id: String::new(), data: data.into() }
    }

    #[test]
    fn every_kind_of_line_end_and_field() {
        let text = "\u{feff}: hello\r\ndata: a\r\rdata:b\ndata:  c\r\nevent: x\nid: 7\nretry: 3\n\n\n\n\
                    event: y\n\nevent\ndata\n\ndata: last";
        let numbered = SseEvent { id: "7".into(), ..event("x", "b\n c") };
        assert_eq!(all(&[text.as_bytes()]), [event("", "a"), numbered, event("", ""), event("", "last")]);
    }

    #[test]
    fn a_character_may_be_cut_in_two() {
        let text = "data: å€😀\n\n".as_bytes();
        for cut in 0..text.len() {
            assert_eq!(all(&[&text[..cut], &text[cut..]]), [event("", "å€😀")]);
        }
    }

    #[test]
    fn an_event_has_a_limit() {
        let mut parser = SseParser::new(16);
        let mut events = Vec::new();
        assert_eq!(parser.feed(b"data: 0123456789\n", &mut events), Ok(()));
        assert_eq!(parser.feed(b"data: 0123456789\n", &mut events), Err(TooLarge));
        assert_eq!(SseParser::new(16).feed(&[b'x'; 17], &mut events), Err(TooLarge));
    }

    #[test]
    fn a_page_is_not_an_event_stream() {
        let mut parser = SseParser::new(1 << 10);
        parser.feed(b"<!doctype html>\n<p>data</p>\n\n", &mut Vec::new()).unwrap();
        assert_eq!((parser.finish(), parser.is_foreign()), (None, true));
        let mut parser = SseParser::new(1 << 10);
        parser.feed(b": waiting\n\n", &mut Vec::new()).unwrap();
        assert_eq!((parser.finish(), parser.is_foreign()), (None, false));
    }

    proptest! {
        #[test]
        fn the_events_do_not_depend_on_the_pieces(
            lines in prop::collection::vec(
                prop_oneof![
                    Just(String::new()), Just("data: x".into()), Just("data:ä😀".into()), Just(": c".into()),
                    Just("event: e".into()), Just("\u{feff}data: b".into()), "[a-z:\\x00 €]{0,8}",
                ], 0..12),
            ends in prop::collection::vec(prop_oneof![Just("\n"), Just("\r"), Just("\r\n")], 12),
            cuts in prop::collection::vec(0_usize..200, 0..8),
        ) {
            let text: String = lines.iter().zip(&ends).flat_map(|(line, end)| [line.as_str(), *end]).collect();
            let bytes = text.as_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            let whole = all(&[bytes]);
            prop_assert_eq!(&all(&pieces), &whole);
            prop_assert_eq!(&all(&single), &whole);
        }
    }
}
