//! What every command works with.

use std::io::IsTerminal as _;

use ombud::config::{Environment, Resolved};

use super::cli::{Color, Format, GlobalArguments};
use super::dialog;
use super::output::Output;
use ombud::domain::Error;

/// What every command works with: settings, and how to speak.
pub struct Context {
    /// Settings with their sources.
    pub resolved: Resolved,
    /// Where answers go.
    pub out: Output,
    /// How the command speaks.
    pub manner: Manner,
}

/// How a command speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Manner {
    /// The form of the output.
    pub format: Format,
    /// When to use colours.
    pub color: Color,
    /// Whether questions may be asked: there is a terminal on stdin and stderr, and nobody forbade it.
    pub may_ask: bool,
}

/// Asks a question whose answer `--yes` would give beforehand. Whether somebody can be asked is checked before.
///
/// # Errors
/// `unavailable` when the terminal cannot be used.
pub fn confirm(question: String) -> Result<bool, Error> {
    let question = dialoguer::Confirm::new().with_prompt(question).default(false);
    let answer = dialog::ask(|terminal| question.interact_on_opt(terminal)).map_err(|error| error.hint("say `--yes`"))?;
    Ok(answer.unwrap_or(false))
}

/// What a command exits with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit(pub u8);

impl Exit {
    /// All is well.
    pub const OK: Self = Self(0);
    /// What was checked is wrong.
    pub const INVALID: Self = Self(2);
}

impl Manner {
    /// How to speak: flag, then variable, then default. `terminal` tells whether stdin and stderr are one.
    ///
    /// # Errors
    /// `invalid_input` for a variable that does not fit.
    pub fn of(global: &GlobalArguments, environment: &Environment, terminal: bool) -> Result<Self, Error> {
        let format = choice(global.format, environment, "OMBUD_FORMAT")?;
        let color = match (choice(global.color, environment, "OMBUD_COLOR")?, environment.get("NO_COLOR")) {
            (None, Some(_)) => Color::Never,
            (color, _) => color.unwrap_or_default(),
        };
        let no_input = global.no_input || environment.is_on("OMBUD_NO_INPUT");
        Ok(Self { format: format.unwrap_or_default(), color, may_ask: terminal && !no_input })
    }

    /// Whether lines on standard error have colours.
    pub fn is_coloured(&self, environment: &Environment) -> bool {
        match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => std::io::stderr().is_terminal() && environment.get("TERM") != Some("dumb"),
        }
    }
}

fn choice<T: clap::ValueEnum>(flag: Option<T>, environment: &Environment, variable: &str) -> Result<Option<T>, Error> {
    let (None, Some(text)) = (&flag, environment.get(variable)) else { return Ok(flag) };
    T::from_str(text, true).map(Some).map_err(|_| {
        let known = T::value_variants().iter().filter_map(clap::ValueEnum::to_possible_value);
        let names: Vec<String> = known.map(|value| value.get_name().to_owned()).collect();
        let text = ombud::config::printable(text);
        Error::invalid(format!("{variable} must be one of {}, not `{text}`", names.join(", ")))
    })
}

#[cfg(test)]
pub mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use super::*;

    /// What was written.
    #[derive(Clone, Default)]
    pub struct Written(Arc<Mutex<Vec<u8>>>);

    impl Written {
        pub fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// A folder with `own`, the home, and `work`, and a context in it that asks nothing.
    pub fn context(root: &std::path::Path, format: Format) -> (Context, Written) {
        let root = std::fs::canonicalize(root).unwrap();
        std::fs::create_dir_all(root.join("work")).unwrap();
        let environment = Environment {
            variables: [("HOME".to_owned(), root.join("own").display().to_string())].into(),
            folder: Some(root.join("work")),
            program: None,
        };
        let resolved = ombud::config::resolve(&ombud::config::Flags::default(), &environment).unwrap();
        let written = Written::default();
        let manner = Manner { format, color: Color::Never, may_ask: false };
        (Context { resolved, out: Output::new(Box::new(written.clone())), manner }, written)
    }

    #[test]
    fn a_flag_hides_a_variable_and_a_variable_a_default() {
        let environment = |pairs: &[(&str, &str)]| Environment {
            variables: pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            ..Environment::default()
        };
        let none = GlobalArguments::default();
        let manner = |global: &GlobalArguments, pairs: &[(&str, &str)]| Manner::of(global, &environment(pairs), true);
        let plain = Manner { format: Format::Text, color: Color::Auto, may_ask: true };
        assert_eq!(manner(&none, &[]), Ok(plain));
        let coloured = |color| Manner { color, ..plain }.is_coloured(&environment(&[]));
        assert_eq!((coloured(Color::Always), coloured(Color::Never)), (true, false));
        let set = [("OMBUD_FORMAT", "json"), ("NO_COLOR", "1"), ("OMBUD_NO_INPUT", "1")];
        assert_eq!(manner(&none, &set), Ok(Manner { format: Format::Json, color: Color::Never, may_ask: false }));
        let flags = GlobalArguments { format: Some(Format::Text), color: Some(Color::Always), ..none.clone() };
        assert_eq!(manner(&flags, &set), Ok(Manner { color: Color::Always, may_ask: false, ..plain }));
        let error = manner(&none, &[("OMBUD_FORMAT", "xml")]).unwrap_err();
        assert_eq!(error.message, "OMBUD_FORMAT must be one of text, json, jsonl, tarko, not `xml`");
    }
}
