//! Every setting once: its place in a config file, what it takes, what it is for, and what a folder that is not trusted
//! may do with it. Files, the environment, `config show` and the documentation all read this table.

mod table;

use serde_json::Value;

use super::text;
pub use table::KEYS;

/// What a setting takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text that is not empty.
    Text,
    /// A text that must not be shown.
    Secret,
    /// A provider and a model, `PROVIDER/ID`.
    Model,
    /// `memory:`, `file:DIR` or `sqlite:PATH`.
    Store,
    /// A path; a relative one is taken from the folder of the file, or from the current folder.
    Path,
    /// Several paths.
    Paths,
    /// An address that begins with `http://` or `https://`.
    Url,
    /// `true` or `false`.
    Flag,
    /// A whole number, from the first to the second.
    Whole(u64, u64),
    /// An amount of US dollars above 0, at most a million.
    Dollars,
    /// Several texts.
    Names,
    /// Permissions, each `TOOL` or `TOOL(PATTERN)`.
    Rules,
    /// One of these words.
    Word(&'static [&'static str]),
    /// Several models, each `PROVIDER/ID`.
    Models,
    /// A table whose content is checked elsewhere.
    Table,
}

/// What a project's config may do with a setting while its folder is not trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Untrusted {
    /// Nothing.
    Ignored,
    /// Lower it.
    Lower,
    /// Set it to this, which narrows.
    Only(bool),
    /// Add to it, which narrows.
    Added,
}

/// One setting.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its place in a config file; `*` stands for any name.
    pub path: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// What a project may do with it while its folder is not trusted.
    pub untrusted: Untrusted,
    /// What it is for, in one line.
    pub about: &'static str,
}

impl Key {
    /// The variable of the environment that sets it. A name in its path stays `*`; maps and tables have none.
    pub fn variable(&self) -> Option<String> {
        if self.path.ends_with('*') || self.kind == Kind::Table {
            return None;
        }
        Some(format!("OMBUD_{}", self.path.to_uppercase().replace('.', "_")))
    }

    /// Whether its value must not be shown.
    pub fn is_secret(&self) -> bool {
        self.kind == Kind::Secret
    }

    /// Whether a value that does not fit must not be repeated: an address may hold a password.
    pub fn hides(&self, given: &str) -> bool {
        self.is_secret() || self.kind == Kind::Url && given.contains(['@', '?', '#'])
    }
}

/// The setting at a place, where `*` fits any name.
pub fn find(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| match key.path.split_once('*') {
        None => key.path == path,
        Some((before, "")) => path.strip_prefix(before).is_some_and(|rest| !rest.is_empty()),
        Some((before, after)) => path.strip_prefix(before).is_some_and(|rest| fits(rest, after)),
    })
}

/// Whether `rest` is a name without a dot and then `after`, which may hold one more `*` at its end.
fn fits(rest: &str, after: &str) -> bool {
    let Some(dot) = rest.find('.') else { return false };
    let (name, tail) = rest.split_at(dot);
    let tail_fits = match after.strip_suffix('*') {
        None => tail == after,
        Some(start) => tail.strip_prefix(start).is_some_and(|last| !last.is_empty()),
    };
    !name.is_empty() && tail_fits
}

/// What may stand below a place: the names that the table knows, or `None` where any name may.
pub fn names_below(place: &str) -> Option<Vec<&'static str>> {
    let depth = if place.is_empty() { 0 } else { place.split('.').count() };
    let mut names: Vec<&'static str> = Vec::new();
    for key in KEYS {
        let mut segments = key.path.split('.');
        let above = place.split('.').take(depth).all(|name| segments.next().is_some_and(|s| s == "*" || s == name));
        match segments.next() {
            Some("*") if above => return None,
            Some(name) if above && !names.contains(&name) => names.push(name),
            _ => {}
        }
    }
    Some(names)
}

/// Whether settings stand below this place, so that it must be a table.
pub fn is_group(place: &str) -> bool {
    find(place).is_none() && names_below(place).is_none_or(|names| !names.is_empty())
}

impl Kind {
    /// What it takes, in words: "must be …".
    pub fn words(self) -> String {
        match self {
            Self::Text | Self::Secret => "must be a text that is not empty".to_owned(),
            Self::Model => "must be of the form PROVIDER/ID, such as openai/gpt-5-mini".to_owned(),
            Self::Store => "must be memory:, file:DIR or sqlite:PATH".to_owned(),
            Self::Path => "must be a path".to_owned(),
            Self::Paths => "must be a list of paths".to_owned(),
            Self::Url => "must be an address that begins with http:// or https:// and holds no user, `?` or `#`".to_owned(),
            Self::Flag => "must be true or false".to_owned(),
            Self::Whole(least, most) => format!("must be a whole number from {least} to {most}"),
            Self::Dollars => "must be an amount of US dollars above 0, such as 0.5".to_owned(),
            Self::Names => "must be a list of texts".to_owned(),
            Self::Rules => "must be a list of permissions, each TOOL or TOOL(PATTERN)".to_owned(),
            Self::Models => "must be a list of models, each PROVIDER/ID".to_owned(),
            Self::Word(words) => format!("must be {}", text::alternatives(words)),
            Self::Table => "must be a table".to_owned(),
        }
    }

    /// Whether a value of a file has this kind.
    pub fn fits(self, value: &Value) -> bool {
        let filled = |value: &Value| value.as_str().is_some_and(|text| !text.trim().is_empty());
        let list = |check: &dyn Fn(&str) -> bool| {
            value.as_array().is_some_and(|items| items.iter().all(|item| filled(item) && item.as_str().is_some_and(check)))
        };
        match self {
            Self::Text | Self::Path => filled(value) && value.as_str().is_some_and(|text| !text.contains('\0')),
            Self::Secret => filled(value),
            Self::Store => filled(value),
            Self::Model => value.as_str().is_some_and(|text| crate::domain::ModelChoice::parse(text).is_ok()),
            Self::Paths | Self::Names => list(&|text| !text.contains('\0')),
            Self::Url => value.as_str().is_some_and(is_url),
            Self::Flag => value.is_boolean(),
            Self::Whole(least, most) => value.as_u64().is_some_and(|number| (least..=most).contains(&number)),
            Self::Dollars => value.as_f64().is_some_and(|amount| amount > 0.0 && amount <= 1e6),
            Self::Rules => list(&|text| crate::domain::PermissionRule::parse(text, crate::domain::Permission::Ask).is_ok()),
            Self::Models => list(&|text| crate::domain::ModelChoice::parse(text).is_ok()),
            Self::Word(words) => value.as_str().is_some_and(|text| words.contains(&text)),
            Self::Table => value.is_object(),
        }
    }

    /// The value that a text of the environment or the command line stands for; `None` when it does not fit.
    pub fn read(self, text: &str) -> Option<Value> {
        let value = match self {
            Self::Flag => match text.to_ascii_lowercase().as_str() {
                "1" | "true" | "yes" | "on" => Value::Bool(true),
                "0" | "false" | "no" | "off" => Value::Bool(false),
                _ => return None,
            },
            Self::Whole(..) => Value::from(text.trim().parse::<u64>().ok()?),
            Self::Dollars => Value::from(text.trim().parse::<f64>().ok()?),
            Self::Paths => text.split(':').filter(|part| !part.is_empty()).map(Value::from).collect(),
            Self::Names | Self::Models => {
                text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(Value::from).collect()
            }
            Self::Rules => text::split_rules(text).into_iter().map(Value::from).collect(),
            Self::Table => return None,
            _ => Value::from(text),
        };
        self.fits(&value).then_some(value)
    }
}

/// Whether a text is an address that requests can be joined to: no user (it would hold a password), no query.
fn is_url(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else { return false };
    let host = rest.split('/').next().unwrap_or_default();
    !host.is_empty() && rest.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '?' | '#' | '@' | '\\'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_found_in_the_table() {
        let found = |path: &str| find(path).map(|key| key.path);
        assert_eq!(found("model"), Some("model"));
        assert_eq!(found("providers.my-own.base_url"), Some("providers.*.base_url"));
        assert_eq!(found("providers.x.headers.X-Key.Two"), Some("providers.*.headers.*"));
        assert_eq!(found("models.openai/gpt-4.1"), Some("models.*"));
        for missing in
            ["", "modell", "providers", "providers.x", "providers.x.y", "providers.x.headers", "limits", "models."]
        {
            assert_eq!(found(missing), None, "{missing}");
        }
    }

    #[test]
    fn what_may_stand_below_a_place_is_known() {
        assert_eq!(names_below("permissions"), Some(vec!["deny", "ask", "allow"]));
        assert_eq!(names_below("providers"), None);
        assert_eq!(
            names_below("providers.x"),
            Some(vec!["wire", "base_url", "api_key", "api_key_env", "api_key_file", "headers"])
        );
        assert_eq!(names_below("store"), Some(vec![]));
        assert!(is_group("providers.x.headers") && is_group("limits") && !is_group("store") && !is_group("nothing"));
    }

    #[test]
    fn every_setting_is_there_once_and_explained() {
        let mut paths: Vec<_> = KEYS.iter().map(|key| key.path).collect();
        paths.sort_unstable();
        paths.dedup();
        assert_eq!(paths.len(), KEYS.len());
        assert!(KEYS.iter().all(|key| key.about.ends_with('.')));
    }

    #[test]
    fn texts_are_read_by_kind() {
        assert_eq!(Kind::Flag.read("Yes"), Some(Value::Bool(true)));
        assert_eq!(Kind::Flag.read("maybe"), None);
        assert_eq!(Kind::Whole(1, 5).read("5"), Some(Value::from(5)));
        assert_eq!((Kind::Whole(1, 5).read("6"), Kind::Whole(1, 5).read("1.5")), (None, None));
        assert_eq!(Kind::Dollars.read("0.25"), Some(Value::from(0.25)));
        assert_eq!([Kind::Dollars.read("0"), Kind::Dollars.read("-1"), Kind::Dollars.read("nan")], [None, None, None]);
        assert_eq!(Kind::Rules.read("a(x,y), b"), Some(serde_json::json!(["a(x,y)", "b"])));
        for bad in ["ftp://x", "https://", "https://user:pass@host/", "http://host/v1?key=1", "host", "http://a b"] {
            assert_eq!(Kind::Url.read(bad), None, "{bad}");
        }
        assert!(Kind::Url.read("http://127.0.0.1:8080/v1").is_some());
    }
}
