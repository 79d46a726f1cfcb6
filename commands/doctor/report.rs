//! What a doctor has found, for people and for programs.

use ombud::domain::{Error, ErrorCode, ModelChoice, Result};
use serde::Serialize;

use crate::cli::Format;
use crate::output::Output;
use crate::render::harmless;

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It works.
    Ok,
    /// It works, and there is something to know.
    Warning,
    /// It does not work.
    Failed,
}

/// One thing that was looked at.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    name: String,
    status: Status,
    message: String,
    hint: Option<String>,
    /// What failed, as the table of errors has it.
    code: Option<ErrorCode>,
}

/// Where sessions are kept.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Store {
    pub url: String,
    pub sessions: u64,
}

/// All that was looked at.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    ok: bool,
    /// Absent where it cannot be opened.
    pub store: Option<Store>,
    /// The folder that tools work in.
    pub workspace: Option<String>,
    /// The model that is asked when none is named, and all that can be asked.
    pub models: Models,
    /// Names of the tools, those of tool servers among them.
    pub tools: Vec<String>,
    checks: Vec<Check>,
}

/// What can be asked.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Models {
    pub default: Option<ModelChoice>,
    pub providers: Vec<Provider>,
}

/// Who offers models.
#[derive(Clone, Debug, Serialize)]
pub struct Provider {
    pub name: String,
    pub host: Option<String>,
    pub usable: bool,
    /// Absent = it was not asked.
    pub reached: Option<bool>,
}

impl Report {
    /// Something works.
    pub fn works(&mut self, name: &str, message: impl Into<String>) {
        self.add(name, Status::Ok, message.into(), None, None);
    }

    /// Something works, and there is something to know.
    pub fn warns(&mut self, name: &str, message: impl Into<String>, hint: Option<String>) {
        self.add(name, Status::Warning, message.into(), hint, None);
    }

    /// Something does not work.
    pub fn failed(&mut self, name: &str, error: &Error) {
        self.add(name, Status::Failed, error.message.clone(), error.hint.clone(), Some(error.code));
    }

    fn add(&mut self, name: &str, status: Status, message: String, hint: Option<String>, code: Option<ErrorCode>) {
        self.checks.push(Check { name: name.to_owned(), status, message, hint, code });
    }

    /// Prints it; the exit code.
    ///
    /// # Errors
    /// As the output.
    pub fn print(mut self, out: &Output, format: Format) -> Result<u8> {
        let first = self.checks.iter().find_map(|check| check.code);
        self.ok = first.is_none();
        match format {
            Format::Text => out.write(&self.text())?,
            Format::Json => out.write_json(&self)?,
            Format::Jsonl | Format::Tarko => self.checks.iter().try_for_each(|check| out.write_json(check))?,
        }
        Ok(first.map_or(0, ErrorCode::exit_code))
    }

    fn text(&self) -> String {
        let widest = self.checks.iter().map(|check| check.name.chars().count()).max().unwrap_or_default();
        let mut text = String::new();
        for check in &self.checks {
            let word = match check.status {
                Status::Ok => "ok     ",
                Status::Warning => "note   ",
                Status::Failed => "FAILED ",
            };
            let line = format!("{word} {:widest$}  {}", check.name, check.message);
            text.push_str(&format!("{}\n", harmless(&line)));
            if let Some(hint) = &check.hint {
                text.push_str(&format!("{:1$}{2}\n", "", widest + 10, harmless(hint)));
            }
        }
        let failed = self.checks.iter().filter(|check| check.status == Status::Failed).count();
        text.push_str(&match failed {
            0 => "\nAll is well.\n".to_owned(),
            1 => "\nOne thing does not work.\n".to_owned(),
            more => format!("\n{more} things do not work.\n"),
        });
        text
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::context::tests::Written;
    use super::*;

    #[test]
    fn what_failed_first_says_how_it_exits() {
        let mut report = Report::default();
        report.works("workspace", "it can be written");
        report.warns("config", "two files", Some("keep one".to_owned()));
        report.failed("store", &Error::store(None, "the disk is full").hint("make room"));
        report.failed("models", &Error::invalid("no such provider"));
        let written = Written::default();
        let exit = report.print(&Output::new(Box::new(written.clone())), Format::Text).unwrap();
        assert_eq!(exit, 74);
        assert_eq!(
            written.text(),
            "ok      workspace  it can be written\n\
             note    config     two files\n                   keep one\n\
             FAILED  store      the disk is full\n                   make room\n\
             FAILED  models     no such provider\n\n2 things do not work.\n"
        );
    }
}
