//! A text as somebody reads it who undoes one level of escapes: those of JSON strings, and `%41` of URLs. Each piece knows
//! where it stands in the text that it came from, so that what is found in the one can be removed from the other.

/// Which escapes are undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escapes {
    /// Those of JSON: a secret may itself hold what looks like one of a URL.
    Json,
    /// Those of JSON and of URLs.
    All,
}

/// One level.
pub(super) struct View {
    escapes: Escapes,
    /// What is read.
    pub(super) text: String,
    /// For each byte of it, where its sign begins and ends in the first text.
    spans: Vec<(usize, usize)>,
}

impl View {
    /// The next level of a text; `None` when it holds no escapes.
    pub(super) fn of(text: &str, escapes: Escapes) -> Option<Self> {
        Self::undo(text, escapes, |from, to| (from, to))
    }

    /// The next level of this one.
    pub(super) fn again(&self) -> Option<Self> {
        Self::undo(&self.text, self.escapes, |from, to| self.place(from, to))
    }

    /// Where a piece of what is read stands in the first text.
    pub(super) fn place(&self, from: usize, to: usize) -> (usize, usize) {
        let begin = self.spans.get(from).map_or(0, |(begin, _)| *begin);
        let end = self.spans.get(to.saturating_sub(1)).map_or(begin, |(_, end)| *end);
        (begin, end)
    }

    fn undo(text: &str, escapes: Escapes, place: impl Fn(usize, usize) -> (usize, usize)) -> Option<Self> {
        if !text.contains(['\\', '%']) {
            return None;
        }
        let mut view = Self { escapes, text: String::with_capacity(text.len()), spans: Vec::with_capacity(text.len()) };
        let mut changed = false;
        let mut at = 0;
        while let Some(sign) = text[at..].chars().next() {
            let (meant, length) = match sign {
                '\\' => escape(&text[at..]),
                '%' if escapes == Escapes::All => percent(&text[at..]),
                _ => None,
            }
            .unwrap_or((sign, sign.len_utf8()));
            changed |= length != sign.len_utf8();
            view.text.push(meant);
            let span = place(at, at + length);
            view.spans.extend(std::iter::repeat_n(span, meant.len_utf8()));
            at += length;
        }
        changed.then_some(view)
    }
}

/// The sign that an escape of JSON stands for, and how many bytes the escape has.
fn escape(text: &str) -> Option<(char, usize)> {
    let sign = match text.as_bytes().get(1)? {
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'"' => '"',
        b'\'' => '\'',
        b'\\' => '\\',
        b'/' => '/',
        b'u' => return unit(text),
        _ => return None,
    };
    Some((sign, 2))
}

/// `\u0041`, or the two of a surrogate pair.
fn unit(text: &str) -> Option<(char, usize)> {
    let code = |text: &str| u32::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok();
    let first = code(text)?;
    if let Some(sign) = char::from_u32(first) {
        return Some((sign, 6));
    }
    let second = code(text.get(6..)?).filter(|code| (0xdc00..0xe000).contains(code))?;
    let high = first.checked_sub(0xd800).filter(|high| *high < 0x400)?;
    char::from_u32(0x1_0000 + (high << 10) + (second - 0xdc00)).map(|sign| (sign, 12))
}

fn percent(text: &str) -> Option<(char, usize)> {
    let byte = u8::from_str_radix(text.get(1..3)?, 16).ok()?;
    (byte.is_ascii_graphic() || byte == b' ').then_some((char::from(byte), 3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_level_knows_its_place_in_the_first_text() {
        let text = r"é a\u0062\\u0063%64\/ \ud83e\udd80 z";
        let first = View::of(text, Escapes::All).unwrap();
        assert_eq!(first.text, r"é ab\u0063d/ 🦀 z");
        let second = first.again().unwrap();
        assert_eq!(second.text, "é abcd/ 🦀 z");
        assert!(second.again().is_none());
        let from = second.text.find("bcd/").unwrap();
        let (begin, end) = second.place(from, from + 4);
        assert_eq!(&text[begin..end], r"\u0062\\u0063%64\/");
        let crab = second.text.find('🦀').unwrap();
        let (begin, end) = second.place(crab, crab + 4);
        assert_eq!(&text[begin..end], r"\ud83e\udd80");
    }

    #[test]
    fn what_is_no_escape_stays() {
        for text in ["plain", "100 % sure", r"C:\dir", r"\u12", r"\ud83e", "%zz"] {
            assert!(View::of(text, Escapes::All).is_none(), "{text}");
        }
    }
}
