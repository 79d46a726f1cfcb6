//! A page of HTML as text that can be read: headings, lists, links, tables and code, without scripts and styles.

/// Elements of which nothing is shown.
const HIDDEN: [&str; 10] =
    ["script", "style", "noscript", "template", "svg", "head", "iframe", "object", "select", "canvas"];
/// Elements that stand on lines of their own, those of them with an empty line around first.
const APART: [&str; 11] = ["p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "pre"];
const BLOCKS: [&str; 19] = [
    "div",
    "section",
    "article",
    "header",
    "footer",
    "main",
    "nav",
    "aside",
    "li",
    "tr",
    "br",
    "hr",
    "blockquote",
    "dl",
    "dt",
    "dd",
    "figure",
    "form",
    "details",
];
/// Deepest nesting that is followed.
const DEPTH: usize = 10_000;

/// What a page says: its title, and its text.
pub(super) fn text_of(html: &str, base: &reqwest::Url) -> String {
    let mut page = Page { base: base.clone(), out: String::new(), title: String::new(), links: Vec::new(), pre: 0 };
    page.read(html);
    let body = page.tidy();
    let title = words(&page.title);
    if title.is_empty() || body.starts_with(&format!("# {title}")) { body } else { format!("{title}\n\n{body}") }
}

struct Page {
    base: reqwest::Url,
    out: String,
    title: String,
    /// Links that are open: where they lead, and where their text begins.
    links: Vec<(Option<String>, usize)>,
    /// How deep in text that is shown as it is.
    pre: usize,
}

impl Page {
    fn read(&mut self, html: &str) {
        let mut rest = html;
        while let Some(at) = rest.find('<') {
            self.text(&rest[..at]);
            rest = &rest[at..];
            if let Some(comment) = rest.strip_prefix("<!--") {
                rest = comment.find("-->").map_or("", |end| &comment[end + 3..]);
                continue;
            }
            let Some(tag) = Tag::at(rest) else {
                // A sign by itself.
                self.text("<");
                rest = &rest[1..];
                continue;
            };
            rest = &rest[tag.bytes..];
            if tag.name == "title" && !tag.closes {
                let end = find_end(rest, "title");
                self.title = decoded(&rest[..end]);
                rest = &rest[end..];
            } else if tag.name == "head" && !tag.closes {
                // Its title is wanted, nothing else of it.
                let end = find_end(rest, "head").min(rest.find("<body").unwrap_or(rest.len()));
                if let Some(begin) = find_open(&rest[..end], "title") {
                    let title = &rest[begin..end];
                    self.title = decoded(&title[..find_end(title, "title")]);
                }
                rest = &rest[end..];
            } else if HIDDEN.contains(&tag.name.as_str()) && !tag.closes && !tag.empty {
                rest = &rest[find_end(rest, &tag.name)..];
            } else {
                self.tag(&tag);
            }
        }
        self.text(rest);
    }

    fn tag(&mut self, tag: &Tag) {
        let name = tag.name.as_str();
        if name == "pre" && tag.closes {
            // Its end says itself what comes.
        } else if APART.contains(&name) {
            self.line(2);
        } else if BLOCKS.contains(&name) {
            self.line(1);
        }
        match (name, tag.closes) {
            ("h1" | "h2" | "h3" | "h4" | "h5" | "h6", false) => {
                let level = name[1..].parse().unwrap_or(1);
                self.out.push_str(&"#".repeat(level));
                self.out.push(' ');
            }
            ("li", false) => self.out.push_str("- "),
            ("blockquote", false) => self.out.push_str("> "),
            ("hr", false) => self.out.push_str("---\n"),
            ("td" | "th", true) => self.out.push_str(" | "),
            ("pre", false) => {
                self.out.push_str("```\n");
                self.pre = (self.pre + 1).min(DEPTH);
            }
            ("pre", true) if self.pre > 0 => {
                self.pre -= 1;
                if !self.out.ends_with('\n') {
                    self.out.push('\n');
                }
                self.out.push_str("```\n\n");
            }
            ("code", _) if self.pre == 0 => self.out.push('`'),
            ("img", false) => {
                if let Some(words) = tag.attribute("alt").filter(|alt| !alt.trim().is_empty()) {
                    self.text(&format!("[image: {words}]"));
                }
            }
            ("a", false) if self.links.len() < DEPTH => self.links.push((tag.attribute("href"), self.out.len())),
            ("a", true) => self.end_link(),
            _ => {}
        }
    }

    fn end_link(&mut self) {
        let Some((Some(href), begin)) = self.links.pop() else { return };
        let Some(text) = self.out.get(begin..) else { return };
        let Ok(target) = self.base.join(href.trim()) else { return };
        // A place on the same page leads nowhere else.
        if text.trim().is_empty() || href.starts_with('#') || !matches!(target.scheme(), "http" | "https") {
            return;
        }
        let text = format!("[{}]({target})", text.trim());
        let space = if self.out[begin..].starts_with(' ') { " " } else { "" };
        self.out.truncate(begin);
        self.out.push_str(space);
        self.out.push_str(&text);
    }

    /// Ends the line, with so many breaks.
    fn line(&mut self, breaks: usize) {
        if self.out.is_empty() {
            return;
        }
        let trimmed = self.out.trim_end_matches(' ').len();
        if self.pre == 0 {
            self.out.truncate(trimmed);
        }
        let there = self.out.bytes().rev().take_while(|byte| *byte == b'\n').count();
        (there..breaks).for_each(|_| self.out.push('\n'));
    }

    fn text(&mut self, raw: &str) {
        if raw.is_empty() {
            return;
        }
        let text = decoded(raw);
        if self.pre > 0 {
            self.out.push_str(&text);
            return;
        }
        for sign in text.chars() {
            if sign.is_whitespace() {
                if !self.out.is_empty() && !self.out.ends_with([' ', '\n']) {
                    self.out.push(' ');
                }
            } else {
                self.out.push(sign);
            }
        }
    }

    /// The text without spaces at the end of lines, and with one empty line at most.
    fn tidy(&self) -> String {
        let mut text = String::with_capacity(self.out.len());
        let mut empty = 0;
        for line in self.out.lines().map(str::trim_end) {
            let line = line.strip_suffix(" |").unwrap_or(line);
            empty = if line.is_empty() { empty + 1 } else { 0 };
            if empty < 2 {
                text.push_str(line);
                text.push('\n');
            }
        }
        text.trim().to_owned()
    }
}

/// A tag of HTML.
struct Tag {
    name: String,
    closes: bool,
    /// Whether it says that nothing is in it.
    empty: bool,
    attributes: Vec<(String, String)>,
    /// Bytes from `<` to `>`.
    bytes: usize,
}

impl Tag {
    /// The tag that begins a text; nothing when it is none.
    fn at(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let closes = bytes.get(1) == Some(&b'/');
        let begin = if closes { 2 } else { 1 };
        let first = bytes.get(begin)?;
        if !(first.is_ascii_alphabetic() || matches!(first, b'!' | b'?')) {
            return None;
        }
        let mut quote = None;
        let end = bytes.iter().skip(begin).position(|byte| {
            match (quote, byte) {
                (None, b'>') => return true,
                (None, b'"' | b'\'') => quote = Some(*byte),
                (Some(open), byte) if open == *byte => quote = None,
                _ => {}
            }
            false
        })? + begin;
        let inside = text.get(begin..end)?;
        let name_end = inside.find(|sign: char| sign.is_whitespace() || sign == '/').unwrap_or(inside.len());
        let empty = inside.ends_with('/');
        let attributes = if closes { Vec::new() } else { attributes(&inside[name_end..]) };
        Some(Self { name: inside[..name_end].to_ascii_lowercase(), closes, empty, attributes, bytes: end + 1 })
    }

    fn attribute(&self, name: &str) -> Option<String> {
        self.attributes.iter().find(|(own, _)| own == name).map(|(_, value)| value.clone())
    }
}

fn attributes(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() && found.len() < 64 {
        let end = rest.find(|sign: char| sign.is_whitespace() || matches!(sign, '=' | '/')).unwrap_or(rest.len());
        let name = rest[..end].to_ascii_lowercase();
        rest = rest[end..].trim_start();
        let Some(value) = rest.strip_prefix('=') else {
            rest = rest.strip_prefix('/').unwrap_or(rest).trim_start();
            continue;
        };
        let value = value.trim_start();
        let (value, after) = match value.chars().next() {
            Some(quote @ ('"' | '\'')) => value[1..].split_once(quote).unwrap_or((&value[1..], "")),
            _ => value.split_at(value.find(char::is_whitespace).unwrap_or(value.len())),
        };
        found.push((name, decoded(value)));
        rest = after.trim_start();
    }
    found
}

/// Where an element ends: before its closing tag, or at the end of the text.
fn find_end(text: &str, name: &str) -> usize {
    let mut from = 0;
    while let Some(at) = text[from..].find("</") {
        let begin = from + at;
        let rest = text.as_bytes().get(begin + 2..begin + 2 + name.len());
        if rest.is_some_and(|rest| rest.eq_ignore_ascii_case(name.as_bytes())) {
            return begin;
        }
        from = begin + 2;
    }
    text.len()
}

/// Where the content of the first element of a name begins.
fn find_open(text: &str, name: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = text[from..].find('<') {
        let begin = from + at;
        if let Some(tag) = Tag::at(&text[begin..])
            && tag.name == name
            && !tag.closes
        {
            return Some(begin + tag.bytes);
        }
        from = begin + 1;
    }
    None
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A text with its entities as what they stand for.
fn decoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let name = rest[1..].split_once(';').map(|(name, _)| name).filter(|name| name.len() <= 10);
        match name.and_then(entity) {
            Some(sign) => {
                out.push(sign);
                rest = &rest[name.map_or(0, str::len) + 2..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn entity(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let number = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(number);
    }
    const NAMED: [(&str, char); 30] = [
        ("amp", '&'),
        ("lt", '<'),
        ("gt", '>'),
        ("quot", '"'),
        ("apos", '\''),
        ("nbsp", ' '),
        ("copy", '©'),
        ("reg", '®'),
        ("trade", '™'),
        ("hellip", '…'),
        ("mdash", '—'),
        ("ndash", '–'),
        ("lsquo", '‘'),
        ("rsquo", '’'),
        ("ldquo", '“'),
        ("rdquo", '”'),
        ("laquo", '«'),
        ("raquo", '»'),
        ("bull", '•'),
        ("middot", '·'),
        ("times", '×'),
        ("deg", '°'),
        ("euro", '€'),
        ("pound", '£'),
        ("sect", '§'),
        ("para", '¶'),
        ("larr", '←'),
        ("rarr", '→'),
        ("le", '≤'),
        ("ge", '≥'),
    ];
    NAMED.iter().find(|(known, _)| *known == name).map(|(_, sign)| *sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(html: &str) -> String {
        text_of(html, &"https://a.example/docs/x.html".parse().unwrap())
    }

    #[test]
    fn a_page_becomes_text() {
        let html = "<!DOCTYPE html><html><head><title>A &amp; B</title><style>p{}</style></head><body>\n\
            <script>if (a < b) { x() }</script><h1>One  <em>two</em></h1><p>Text with a <a href='../y?a=1&amp;b=2'>link</a>,\n   \
            and <code>code</code>.</p><ul><li>first<li>second</ul><!-- <p>no</p> --><pre>a\n  b &lt; c\n</pre>\
            <table><tr><th>k</th><th>v</th></tr><tr><td>1</td><td>2</td></tr></table><img alt='a cat' src=x>\
            <p>1 &lt; 2 &#x41;&#66;&unknown; a < b</p><a href='#top'>up</a> <a href='javascript:x()'>run</a></body></html>";
        assert_eq!(
            shown(html),
            "A & B\n\n# One two\n\nText with a [link](https://a.example/y?a=1&b=2), and `code`.\n\n- first\n- second\n\n\
             ```\na\n  b < c\n```\n\nk | v\n1 | 2\n\n[image: a cat]\n\n1 < 2 AB&unknown; a < b\n\nup run"
        );
    }

    #[test]
    fn broken_pages_end() {
        for html in [
            "<",
            "<a",
            "<a href='x",
            "</",
            "<script>never ends",
            "<!-- never ends",
            "<title>x",
            "&#xffffffff;&",
            "<p<p<p>x",
            "<a href=é>ü</a>",
            "<pre></pre></pre></pre>x",
            "<li",
            "<head><title>t",
        ] {
            let _ = shown(html);
        }
        let deep = "<div><a href=x>".repeat(100_000);
        assert_eq!(shown(&deep), "");
    }
}
