//! A prompt taken apart: the questions in it, the text that came with it, the words of each question.

use super::vocabulary::{BARE_FILES, KNOWN, STARTERS, STOPWORDS, TYPED};
pub(super) use super::words::Word;
use super::words::{ordinal, words};

/// Most bytes of one question; what is longer counts as text that came with it.
const MAX_QUESTION: usize = 2_000;
/// Most questions in one prompt.
const MAX_QUESTIONS: usize = 6;

/// One question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Question {
    /// As it was written.
    pub text: String,
    /// Its words.
    pub words: Vec<Word>,
    /// Text that came with the prompt, such as standard input.
    pub text_given: Option<String>,
    /// The file that the conversation was about before.
    pub focus: Option<String>,
}

/// A prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Prompt {
    /// Its questions, at least one.
    pub questions: Vec<Question>,
}

impl Prompt {
    pub(super) fn read(text: &str) -> Self {
        let (asked, mut given) = cut_stdin(text);
        let (asked, attached) = cut_attached(&asked);
        given = given.or(attached);
        let mut questions: Vec<Question> = Vec::new();
        for piece in pieces(&asked) {
            let question = Question::read(&piece, given.clone());
            if !question.words.is_empty() && questions.len() < MAX_QUESTIONS {
                questions.push(question);
            }
        }
        if questions.is_empty() {
            questions.push(Question::read("", given));
        }
        Self { questions }
    }
}

/// Parts a prompt into what was asked and the `<stdin>` block.
fn cut_stdin(text: &str) -> (String, Option<String>) {
    let Some(start) = text.find("<stdin") else { return (text.to_owned(), None) };
    let after = text.get(start..).unwrap_or_default();
    let Some(open) = after.find('>') else { return (text.to_owned(), None) };
    let body = after.get(open + 1..).unwrap_or_default();
    let (body, rest) = match body.rfind("</stdin>") {
        Some(end) => (body.get(..end).unwrap_or_default(), body.get(end + "</stdin>".len()..).unwrap_or_default()),
        None => (body, ""),
    };
    let body = body.strip_prefix('\n').unwrap_or(body);
    (format!("{}\n{}", text.get(..start).unwrap_or_default(), rest.trim()).trim().to_owned(), Some(body.to_owned()))
}

/// Parts a prompt into a question and a text that it brings along: in a fence, or after a colon and a line break, or
/// in quotes too long to be a name.
fn cut_attached(text: &str) -> (String, Option<String>) {
    if let Some((before, fenced)) = text.split_once("```")
        && let Some((body, after)) = fenced.split_once("```")
        && body.contains('\n')
        && !is_write(before)
    {
        let body = body.split_once('\n').map_or(body, |(_, body)| body);
        return (format!("{} {}", before.trim(), after.trim()), Some(body.to_owned()));
    }
    if let Some((first, rest)) = text.split_once('\n')
        && first.trim_end().ends_with(':')
        && !rest.trim().is_empty()
        && !is_write(first)
    {
        return (first.trim_end().trim_end_matches(':').to_owned(), Some(rest.to_owned()));
    }
    if text.len() > MAX_QUESTION && !is_write(text) {
        let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let end = first.char_indices().map(|(at, _)| at).take_while(|at| *at <= MAX_QUESTION).last().unwrap_or(0);
        return (first.get(..end).unwrap_or_default().to_owned(), Some(text.to_owned()));
    }
    (text.to_owned(), None)
}

/// Whether a text asks to write: then what follows is its content.
fn is_write(text: &str) -> bool {
    let low = text.to_lowercase();
    ["write", "create", "append", "add", "replace", "insert", "save", "put"]
        .iter()
        .any(|verb| low.split_whitespace().take(4).any(|word| word == *verb))
}

/// The questions of a prompt: its lines, its sentences, and what "and" joins when both sides begin as questions do.
fn pieces(text: &str) -> Vec<String> {
    let write = is_write(text);
    if write && (text.len() > MAX_QUESTION || !text.contains('"') && !text.contains('`') || text.trim().contains('\n')) {
        return vec![text.to_owned()];
    }
    let mut pieces = Vec::new();
    for line in text.lines() {
        let line = line.trim().trim_start_matches(['-', '*', '•']).trim_start();
        let unnumbered = line.trim_start_matches(|c: char| c.is_ascii_digit());
        let line =
            if unnumbered.len() < line.len() && unnumbered.starts_with([')', '.']) && unnumbered.get(1..2) == Some(" ") {
                unnumbered.get(2..).unwrap_or_default()
            } else {
                line
            };
        let mut current = String::new();
        let mut quote = None;
        let mut rest = line;
        while let Some(c) = rest.chars().next() {
            // What is written may read like a question: only behind quotes can a new one begin.
            let free = !write
                || current.ends_with(['"', '`'])
                || !pieces.is_empty()
                || current.contains('"') && current.split_whitespace().last().is_some_and(|word| word.contains('.'));
            let at_joint = quote.is_none() && free && !current.trim().is_empty();
            if at_joint && let Some(skip) = joint(rest) {
                pieces.push(std::mem::take(&mut current));
                rest = rest.get(skip..).unwrap_or_default();
                continue;
            }
            if matches!(c, '"' | '`') {
                quote = if quote == Some(c) { None } else { quote.or(Some(c)) };
            }
            current.push(c);
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
        }
        pieces.push(current);
    }
    pieces.retain(|piece| !piece.trim().is_empty() && !is_echo(piece));
    pieces
}

/// Whether a piece only asks to be told the result of the one before: "and show me the output".
fn is_echo(piece: &str) -> bool {
    const ECHO: [&str; 20] = [
        "show", "tell", "give", "report", "print", "me", "the", "its", "output", "result", "results", "answer", "what",
        "it", "says", "back", "to", "and", "please", "then",
    ];
    let words: Vec<String> =
        piece.split_whitespace().map(|word| word.trim_matches(['.', '?', '!', ',']).to_lowercase()).collect();
    words.iter().all(|word| ECHO.contains(&word.as_str()))
        && words.iter().any(|word| matches!(word.as_str(), "output" | "result" | "results" | "answer"))
}

/// How many bytes join two questions here, if a new question begins behind them.
fn joint(rest: &str) -> Option<usize> {
    const JOINTS: [&str; 14] = [
        ", and then ",
        " and then ",
        " and also ",
        ", and ",
        " and ",
        "? ",
        ". ",
        "; ",
        "! ",
        ", then ",
        " then ",
        ", ",
        " & ",
        " as well as ",
    ];
    let joint = JOINTS.iter().find(|joint| rest.starts_with(**joint))?;
    let behind = rest.get(joint.len()..)?;
    let mut words = behind.split_whitespace().map(|word| word.to_lowercase());
    let first = words.next()?;
    let first = first.trim_end_matches([',', ':']);
    let begins = STARTERS.contains(&first) || first == "and" || (joint.starts_with(['?', '!']) && words.next().is_some());
    // "list and count", "find and read" are one request; a comma alone needs a question word.
    let strong =
        !joint.starts_with(", ") || joint.len() > 2 || matches!(first, "what" | "how" | "who" | "where" | "which" | "when");
    (begins && strong).then_some(joint.len())
}

impl Question {
    pub(super) fn read(text: &str, text_given: Option<String>) -> Self {
        Self { text: text.trim().to_owned(), words: words(text), text_given, focus: None }
    }

    /// Whether these words stand in it, one after the other.
    pub(super) fn says(&self, phrase: &str) -> bool {
        self.position(phrase).is_some()
    }

    pub(super) fn says_any(&self, phrases: &[&str]) -> bool {
        phrases.iter().any(|phrase| self.says(phrase))
    }

    /// Where the words of a phrase begin, and how many they are.
    pub(super) fn position(&self, phrase: &str) -> Option<(usize, usize)> {
        let wanted: Vec<&str> = phrase.split(' ').collect();
        let fits = |window: &[Word]| window.iter().zip(&wanted).all(|(word, wanted)| word.low == *wanted);
        self.words.windows(wanted.len()).position(fits).map(|at| (at, wanted.len()))
    }

    /// Whether it begins with one of these phrases, after words of politeness.
    pub(super) fn begins(&self, phrases: &[&str]) -> bool {
        let skip = self.words.iter().take_while(|word| is_polite(&word.low)).count();
        phrases.iter().any(|phrase| {
            phrase
                .split(' ')
                .enumerate()
                .all(|(at, wanted)| self.words.get(skip + at).is_some_and(|word| word.low == wanted))
        })
    }

    /// The quoted texts.
    pub(super) fn quoted(&self) -> Vec<&str> {
        self.words.iter().filter(|word| word.quoted).map(|word| word.raw.as_str()).collect()
    }

    /// The files that it names.
    pub(super) fn paths(&self) -> Vec<String> {
        let mut paths: Vec<String> = Vec::new();
        for (at, word) in self.words.iter().enumerate() {
            let before = at.checked_sub(1).and_then(|at| self.words.get(at)).map_or("", |word| word.low.as_str());
            let behind = self.words.get(at + 1).map_or("", |word| word.low.as_str());
            let named_file = matches!(before, "file" | "named" | "called") && (word.quoted || !is_common(&word.low))
                || behind == "file" && word.quoted;
            let bare = BARE_FILES.contains(&word.raw.to_lowercase().as_str());
            if (word.is_path() || named_file || bare) && !paths.contains(&word.raw) && !word.raw.contains('\n') {
                paths.push(word.raw.clone());
            }
        }
        paths
    }

    /// The file that it is about: named in it, or meant by "it".
    pub(super) fn target(&self) -> Option<String> {
        self.paths().into_iter().next().or_else(|| self.focus.clone().filter(|_| self.refers()))
    }

    /// Whether it refers to what was spoken of before.
    pub(super) fn refers(&self) -> bool {
        const PRONOUNS: [&str; 16] = [
            "it",
            "its",
            "that",
            "this",
            "them",
            "they",
            "that file",
            "this file",
            "the file",
            "same file",
            "there",
            "these",
            "those",
            "one",
            "what about",
            "how about",
        ];
        self.says_any(&PRONOUNS) || self.begins(&["and", "also", "then"])
    }

    /// The folder that it names: `src/`, "the src folder", "folder src", "in src".
    pub(super) fn folder(&self) -> Option<String> {
        let is_folder = |low: &str| matches!(low, "folder" | "directory" | "dir" | "folders" | "subfolder" | "subdirectory");
        for (at, word) in self.words.iter().enumerate() {
            let before = at.checked_sub(1).and_then(|at| self.words.get(at)).map_or("", |word| word.low.as_str());
            let behind = self.words.get(at + 1).map_or("", |word| word.low.as_str());
            let name = word.quoted
                || !STOPWORDS.contains(&word.low.as_str())
                    && !matches!(
                        word.low.as_str(),
                        "current"
                            | "working"
                            | "root"
                            | "project"
                            | "workspace"
                            | "each"
                            | "every"
                            | "folder"
                            | "directory"
                            | "many"
                            | "list"
                            | "show"
                            | "called"
                            | "named"
                            | "empty"
                            | "new"
                            | "files"
                            | "file"
                            | "contents"
                            | "content"
                    );
            if name
                && (word.raw.ends_with('/') && word.raw.len() > 1 || is_folder(before) || is_folder(behind))
                && !word.raw.is_empty()
            {
                return Some(word.raw.trim_end_matches('/').to_owned());
            }
            let named_before = matches!(before, "called" | "named")
                && at >= 2
                && self.words.get(at - 2).is_some_and(|word| is_folder(&word.low));
            if named_before {
                return Some(word.raw.trim_end_matches('/').to_owned());
            }
        }
        let (at, _) = self
            .words
            .iter()
            .enumerate()
            .rev()
            .find(|(_, word)| matches!(word.low.as_str(), "in" | "under" | "inside" | "within" | "below" | "of"))?;
        let mut behind = self.words.get(at + 1..)?.iter().filter(|word| !matches!(word.low.as_str(), "the" | "my" | "our"));
        let word = behind.next()?;
        let last = behind.next().is_none();
        let common = STOPWORDS.contains(&word.low.as_str())
            || KNOWN.contains(&word.low.as_str())
                && !matches!(word.low.as_str(), "tests" | "docs" | "test" | "packages" | "modules" | "station" | "products");
        (last && !common && (word.quoted || !word.has_extension())).then(|| word.raw.trim_end_matches('/').to_owned())
    }

    /// The words that carry meaning: no stop words, no words of the rules themselves.
    pub(super) fn significant(&self) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        for word in &self.words {
            let word = if word.quoted { word.raw.clone() } else { word.raw.to_lowercase() };
            let short = word.chars().count() < 2;
            if !short && !STOPWORDS.contains(&word.as_str()) && !found.contains(&word) {
                found.push(word);
            }
        }
        found
    }

    /// The first whole numbers in it.
    pub(super) fn numbers(&self) -> Vec<u64> {
        self.words.iter().filter_map(|word| ordinal(&word.low)).collect()
    }
}

/// Whether a word is one of everyday speech or of the rules, and so hardly the name of a file.
fn is_common(word: &str) -> bool {
    KNOWN.contains(&word) || STOPWORDS.contains(&word) || TYPED.contains(&word)
}

/// Words before the request itself.
fn is_polite(word: &str) -> bool {
    matches!(
        word,
        "please"
            | "can"
            | "could"
            | "you"
            | "would"
            | "will"
            | "i"
            | "want"
            | "to"
            | "like"
            | "me"
            | "hey"
            | "hi"
            | "hello"
            | "ok"
            | "okay"
            | "now"
            | "just"
            | "and"
            | "then"
            | "also"
            | "so"
            | "well"
            | "ombud"
            | "need"
            | "let"
            | "us"
            | "kindly"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(text: &str) -> Vec<String> {
        Prompt::read(text).questions.into_iter().map(|question| question.text).collect()
    }

    #[test]
    fn several_questions_are_told_apart() {
        assert_eq!(asks("list the files and read README.md"), ["list the files", "read README.md"]);
        assert_eq!(asks("What is 2+2? What is the date?"), ["What is 2+2", "What is the date?"]);
        assert_eq!(asks("1. list files\n2. what day is it"), ["list files", "what day is it"]);
        assert_eq!(asks("compare a.txt and b.txt"), ["compare a.txt and b.txt"]);
        assert_eq!(asks("how many lines and words are in a.txt"), ["how many lines and words are in a.txt"]);
        assert_eq!(asks("search for \"a and list b\""), ["search for \"a and list b\""]);
    }

    #[test]
    fn what_came_with_the_prompt_is_no_question() {
        let prompt = Prompt::read("count the lines\n\n<stdin>\nlist files\nb\n</stdin>");
        assert_eq!(prompt.questions.len(), 1);
        assert_eq!(prompt.questions[0].text, "count the lines");
        assert_eq!(prompt.questions[0].text_given.as_deref(), Some("list files\nb\n"));
        let prompt = Prompt::read("Count the words in this text:\none two three");
        assert_eq!(prompt.questions[0].text_given.as_deref(), Some("one two three"));
    }

    #[test]
    fn files_and_folders_are_seen() {
        let read = |text: &str| Question::read(text, None);
        assert_eq!(read("what is in `my notes.txt`?").paths(), ["my notes.txt"]);
        assert_eq!(read("read src/main.rs, please").paths(), ["src/main.rs"]);
        assert_eq!(read("show the README").paths(), ["README"]);
        assert_eq!(read("is 1.2.3 newer than Node.js 4.5 e.g. at https://a.b/c.html").paths(), Vec::<String>::new());
        assert_eq!(read("list the src folder").folder().as_deref(), Some("src"));
        assert_eq!(read("what files are in docs/?").folder().as_deref(), Some("docs"));
        assert_eq!(read("how many files are in src").folder().as_deref(), Some("src"));
        assert_eq!(read("what files are in this folder").folder(), None);
    }

    #[test]
    fn simple_typos_are_corrected() {
        let question = Question::read("lsit teh fiels in teh direcotry", None);
        let low: Vec<&str> = question.words.iter().map(|word| word.low.as_str()).collect();
        assert_eq!(low, ["list", "teh", "files", "in", "teh", "directory"]);
        assert_eq!(Question::read("there are rules", None).words[0].low, "there");
    }
}
