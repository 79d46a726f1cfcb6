//! What can be typed beside questions.

/// A command of the conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slash {
    /// Tells what can be typed.
    Help,
    /// Ends the program.
    Exit,
    /// Begins a new session.
    New,
    /// Tells which session this is, or goes on in another.
    Session(Option<String>),
    /// Tells which model answers, or chooses another.
    Model(Option<String>),
    /// Tells the title of the session, or gives it another.
    Name(Option<String>),
    /// Shows the newest messages again.
    History,
    /// Lists sessions.
    Sessions,
    /// Tells what was used so far.
    Usage,
    /// Nothing of these.
    Unknown(String),
}

/// Every word, its arguments, and what it does.
pub const TABLE: [(&str, &str, &str); 9] = [
    ("/help", "", "tells what can be typed"),
    ("/exit", "", "ends the program (Ctrl-D does the same)"),
    ("/new", "", "begins a new session"),
    ("/session", "[ID]", "tells which session this is, or goes on in another"),
    ("/sessions", "", "lists the newest sessions"),
    ("/model", "[PROVIDER/MODEL]", "tells which model answers, or chooses another for this session"),
    ("/name", "[TITLE]", "tells the title of this session, or gives it another"),
    ("/history", "", "shows the newest messages again"),
    ("/usage", "", "tells what the session has used so far"),
];

/// Reads a line; `None` = it is a question.
pub fn read(line: &str) -> Option<Slash> {
    let line = line.trim();
    // A path is a question too: a command is one word of letters.
    let word = line.split_whitespace().next().filter(|word| word.starts_with('/') && !word[1..].contains('/'))?;
    let rest = line[word.len()..].trim();
    let argument = (!rest.is_empty()).then(|| rest.to_owned());
    Some(match word {
        "/help" | "/?" => Slash::Help,
        "/exit" | "/quit" => Slash::Exit,
        "/new" => Slash::New,
        "/session" => Slash::Session(argument),
        "/sessions" => Slash::Sessions,
        "/model" => Slash::Model(argument),
        "/name" => Slash::Name(argument),
        "/history" => Slash::History,
        "/usage" => Slash::Usage,
        other => Slash::Unknown(other.to_owned()),
    })
}

/// How like a word must be to be meant, of 1.
const LIKE: f64 = 0.8;

/// The command that was meant, where one is like the word.
pub fn like(word: &str) -> Option<&'static str> {
    let known = TABLE.iter().map(|(known, _, _)| (*known, strsim::jaro_winkler(known, word)));
    known.filter(|(_, like)| *like > LIKE).max_by(|a, b| a.1.total_cmp(&b.1)).map(|(known, _)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_told_apart() {
        assert_eq!(read("what is /etc?"), None);
        assert_eq!(read("/etc/passwd: what is it?"), None);
        assert_eq!(read(" /exit "), Some(Slash::Exit));
        assert_eq!(read("/model openai/x"), Some(Slash::Model(Some("openai/x".into()))));
        assert_eq!(read("/session"), Some(Slash::Session(None)));
        assert_eq!(read("/exti"), Some(Slash::Unknown("/exti".into())));
        assert_eq!(read("/name"), Some(Slash::Name(None)));
        assert_eq!((like("/exti"), like("/sesion"), like("/nonsense")), (Some("/exit"), Some("/session"), None));
        for (word, _, _) in TABLE {
            assert!(!matches!(read(word), None | Some(Slash::Unknown(_))), "{word}");
        }
    }
}
