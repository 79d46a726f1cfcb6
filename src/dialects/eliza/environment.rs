//! The file of variables that clients of this API may keep: one `.env` in the folder of the program's state, where no
//! agent's tools come, and never any other. What it holds may be secret: it is shown to nobody again.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use http::StatusCode;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};
use tokio::sync::Mutex;

use super::errors::ElizaError;

/// Its name.
const FILE: &str = ".env";
/// What stands for a value.
const MASK: &str = "********";
/// Most variables.
const VARIABLES: usize = 500;
/// Most bytes of one value, and of the file.
const BYTES: (usize, u64) = (32 << 10, 1 << 20);

/// Of two that replace it at once, one comes after the other.
static CHANGING: LazyLock<Mutex<()>> = LazyLock::new(Mutex::default);

/// The variables, by name.
pub type Variables = BTreeMap<String, SecretString>;

/// The file.
pub struct Local(PathBuf);

/// What is shown of a value.
pub fn masked(value: &str) -> &'static str {
    if value.is_empty() { "" } else { MASK }
}

impl Local {
    /// In the folder of the program's state.
    pub fn of(state: &Path) -> Self {
        Self(state.join(FILE))
    }

    /// The variables; none where there is no file.
    ///
    /// # Errors
    /// 500 `READ_ERROR`.
    pub async fn read(&self) -> Result<Variables, ElizaError> {
        let path = self.0.clone();
        let read = tokio::task::spawn_blocking(move || read(&path)).await;
        let failed = |details: String| {
            ElizaError::new(StatusCode::INTERNAL_SERVER_ERROR, "READ_ERROR", "Failed to retrieve local envs")
                .details(details)
        };
        read.map_err(|error| failed(error.to_string()))?.map_err(|error| failed(error.to_string()))
    }

    /// Puts others in their place, all at once.
    ///
    /// # Errors
    /// 400 `INVALID_INPUT`; 500 `UPDATE_ERROR`.
    pub async fn replace(&self, content: &Map<String, Value>) -> Result<(), ElizaError> {
        let _one = CHANGING.lock().await;
        let variables = wanted(content, &self.read().await?)?;
        let path = self.0.clone();
        let written = tokio::task::spawn_blocking(move || write(&path, &variables)).await;
        let failed = |details: String| {
            ElizaError::new(StatusCode::INTERNAL_SERVER_ERROR, "UPDATE_ERROR", "Failed to update local envs")
                .details(details)
        };
        written.map_err(|error| failed(error.to_string()))?.map_err(|error| failed(error.to_string()))
    }
}

/// What the file is to hold: a value that was shown masked is the one that it has.
fn wanted(content: &Map<String, Value>, kept: &Variables) -> Result<Variables, ElizaError> {
    let bad = |why: String| ElizaError::bad("INVALID_INPUT", why);
    if content.len() > VARIABLES {
        return Err(bad(format!("There may be {VARIABLES} variables at most")));
    }
    let mut variables = Variables::new();
    for (name, value) in content {
        let is_start = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'_';
        let is_rest = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
        if name.len() > 256 || !name.as_bytes().first().is_some_and(is_start) || !name.bytes().all(is_rest) {
            return Err(bad("A variable is named by letters, digits and `_`, at most 256".to_owned()));
        }
        let value = match value {
            Value::String(text) if text == MASK => {
                let old = kept.get(name).map(|old| old.expose_secret().to_owned());
                old.ok_or_else(|| bad(format!("`{name}` has no value that could stay")))?
            }
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(flag) => flag.to_string(),
            Value::Null | Value::Array(_) | Value::Object(_) => {
                return Err(bad(format!("`{name}` must be a text, a number or a flag")));
            }
        };
        if value.len() > BYTES.0 || value.contains('\0') {
            return Err(bad(format!("`{name}` is longer than {} bytes, or holds a NUL", BYTES.0)));
        }
        variables.insert(name.clone(), SecretString::from(value));
    }
    Ok(variables)
}

/// Where nobody knows the folder of the program's state there is no such file, and none of another folder is looked at.
fn check(path: &Path) -> std::io::Result<&Path> {
    let folder = path.parent().filter(|folder| folder.is_absolute());
    folder.ok_or_else(|| std::io::Error::other("there is no folder for the program's state"))
}

fn read(path: &Path) -> std::io::Result<Variables> {
    check(path)?;
    let about = match std::fs::symlink_metadata(path) {
        Ok(about) => about,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Variables::new()),
        Err(error) => return Err(error),
    };
    if !about.is_file() || about.len() > BYTES.1 {
        return Err(std::io::Error::other("it is no plain file of a fair size"));
    }
    Ok(parse(&std::fs::read_to_string(path)?))
}

/// Writes it beside its place, for its owner alone, and puts it there whole.
fn write(path: &Path, variables: &Variables) -> std::io::Result<()> {
    let folder = check(path)?;
    std::fs::create_dir_all(folder)?;
    // A temporary file is readable for its owner only.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    for (name, value) in variables {
        writeln!(file, "{name}=\"{}\"", escaped(value.expose_secret()))?;
    }
    file.as_file().sync_all()?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

fn escaped(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for letter in value.chars() {
        match letter {
            '\\' => escaped.push_str("\\\\"),
            '"' => escaped.push_str("\\\""),
            '$' => escaped.push_str("\\$"),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// What such a file says; people may have written in it.
fn parse(text: &str) -> Variables {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| {
            let (name, value) = line.strip_prefix("export ").unwrap_or(line).split_once('=')?;
            Some((name.trim().to_owned(), SecretString::from(value_of(value.trim()))))
        })
        .collect()
}

fn value_of(text: &str) -> String {
    if let Some(inside) = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        return inside.to_owned();
    }
    let Some(inside) = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return text.split(" #").next().unwrap_or_default().trim().to_owned();
    };
    let mut value = String::with_capacity(inside.len());
    let mut letters = inside.chars();
    while let Some(letter) = letters.next() {
        match (letter, if letter == '\\' { letters.next() } else { None }) {
            ('\\', Some('n')) => value.push('\n'),
            ('\\', Some('r')) => value.push('\r'),
            ('\\', Some(other)) => value.push(other),
            (other, _) => value.push(other),
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(variables: &Variables) -> Vec<(String, String)> {
        variables.iter().map(|(name, value)| (name.clone(), value.expose_secret().to_owned())).collect()
    }

    #[test]
    fn people_may_have_written_it() {
        let text =
            "# a comment\nexport A=1 # more\n B = two words \nC='$x \\n'\nD=\"a\\nb \\\"c\\\" \\\\ \\$\"\nnothing\nE=";
        let expected = [("A", "1"), ("B", "two words"), ("C", "$x \\n"), ("D", "a\nb \"c\" \\ $"), ("E", "")];
        assert_eq!(shown(&parse(text)), expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[tokio::test]
    async fn it_is_replaced_whole_and_a_masked_value_stays() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let local = Local::of(&folder.path().join("state"));
        assert!(local.read().await.unwrap().is_empty());
        let put = async |content: Value| local.replace(content.as_object().unwrap()).await;
        put(json!({ "KEY": "a \"b\" $c\\\nd", "COUNT": 3, "ON": true, "NONE": "" })).await.unwrap();
        let kept = local.read().await.unwrap();
        let expected = [("COUNT", "3"), ("KEY", "a \"b\" $c\\\nd"), ("NONE", ""), ("ON", "true")];
        assert_eq!(shown(&kept), expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(kept.values().map(|value| masked(value.expose_secret())).collect::<Vec<_>>(), [MASK, MASK, "", MASK]);
        let mode = std::fs::metadata(folder.path().join("state/.env")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        put(json!({ "KEY": MASK, "NEW": "x" })).await.unwrap();
        let expected = [("KEY", "a \"b\" $c\\\nd"), ("NEW", "x")];
        assert_eq!(shown(&local.read().await.unwrap()), expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        for content in
            [json!({ "OTHER": MASK }), json!({ "A=B": "x" }), json!({ "": "x" }), json!({ "A": [] }), json!({ "A": "\0" })]
        {
            assert_eq!(put(content).await.unwrap_err().status, StatusCode::BAD_REQUEST);
        }
        assert_eq!(local.read().await.unwrap().len(), 2, "what is refused changes nothing");
    }
}
