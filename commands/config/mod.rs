//! `ombud config`: settings and where they come from, their schema, and a first config file.

mod init;

use ombud::config::{Environment, config_schema};
use ombud::domain::Result;
use serde_json::{Value, json};

use crate::cli::{ConfigCommand, Format};
use crate::context::{Context, Exit};
use crate::output::table;

/// Longest value in the table for people.
const WIDEST: usize = 60;

/// The JSON Schema of a config file.
fn schema() -> String {
    serde_json::to_string_pretty(&config_schema()).unwrap_or_default()
}

/// Shows settings or places, or writes a first file.
pub fn execute(command: &ConfigCommand, context: &Context, environment: &Environment) -> Result<Exit> {
    match command {
        ConfigCommand::Show => show(context)?,
        ConfigCommand::Path => path(context)?,
        ConfigCommand::Init(arguments) => return init::execute(arguments, context, environment),
        ConfigCommand::Schema => context.out.write_line(&schema())?,
    }
    Ok(Exit::OK)
}

fn show(context: &Context) -> Result<()> {
    let rows = context.resolved.rows();
    if context.manner.format != Format::Text {
        let notices = &context.resolved.notices;
        return context.out.write_json(&json!({ "settings": rows, "notices": notices }));
    }
    let cells = rows.into_iter().map(|row| vec![row.key, plain(&row.value), row.source.to_string()]);
    let head = vec!["SETTING".to_owned(), "VALUE".to_owned(), "SOURCE".to_owned()];
    let cells: Vec<Vec<String>> = std::iter::once(head).chain(cells).collect();
    context.out.write(&table(&cells))
}

fn plain(value: &Value) -> String {
    let text = match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => ombud::config::printable(text),
        other => ombud::config::printable(&other.to_string()),
    };
    if text.chars().count() <= WIDEST {
        return text;
    }
    text.chars().take(WIDEST - 1).chain(['…']).collect()
}

fn path(context: &Context) -> Result<()> {
    let resolved = &context.resolved;
    let paths = &resolved.settings.paths;
    let in_config = |name: &str| (!paths.config.as_os_str().is_empty()).then(|| paths.config.join(name));
    let workspace = resolved.project.as_ref().map_or(&resolved.settings.workspace, |project| &project.folder);
    let project_file = resolved.project.as_ref().and_then(|project| {
        let own = |file: &&std::path::PathBuf| file.parent() == Some(&*project.folder.join(".ombud"));
        project.files.iter().find(own).cloned()
    });
    let places = [
        ("user", resolved.user_file.clone().or_else(|| in_config("config.toml"))),
        ("user_agents", in_config("agents")),
        ("project", Some(project_file.unwrap_or_else(|| workspace.join(".ombud/config.toml")))),
        ("project_agents", Some(workspace.join(".ombud/agents"))),
        ("state", Some(paths.state.clone()).filter(|state| !state.as_os_str().is_empty())),
    ];
    let places = places.map(|(name, path)| {
        let exists = path.as_ref().is_some_and(|path| path.exists());
        (name, path.map(|path| path.display().to_string()), exists)
    });
    if context.manner.format != Format::Text {
        let entry = |(name, path, exists): &(&str, Option<String>, bool)| {
            ((*name).to_owned(), json!({ "path": path, "exists": exists }))
        };
        let places: serde_json::Map<String, Value> = places.iter().map(entry).collect();
        return context.out.write_json(&places);
    }
    let line = |(name, path, exists): (&str, Option<String>, bool)| {
        let path = path.map_or_else(|| "unknown: HOME is not set".to_owned(), |path| ombud::config::printable(&path));
        let there = if exists { "" } else { "(not there)" };
        vec![name.replace('_', " "), path, there.to_owned()]
    };
    context.out.write(&table(&places.map(line)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::tests::context;

    #[test]
    fn settings_are_shown_with_their_source_and_without_secrets() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("own/.config/ombud");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("config.toml"), "[providers.openai]\napi_key = \"sk-secret\"\n").unwrap();
        let (text, written) = context(root.path(), Format::Text);
        execute(&ConfigCommand::Show, &text, &Environment::default()).unwrap();
        let shown = written.text();
        assert!(!shown.contains("sk-secret"));
        let line =
            |start: &str| shown.lines().find(|line| line.starts_with(start)).unwrap().split_whitespace().collect::<Vec<_>>();
        assert_eq!(line("SETTING"), ["SETTING", "VALUE", "SOURCE"]);
        assert_eq!(line("providers.openai.api_key")[1..3], ["set", "user"]);
        assert_eq!(line("limits.run_turns"), ["limits.run_turns", "50", "default"]);

        let (json, written) = context(root.path(), Format::Json);
        execute(&ConfigCommand::Show, &json, &Environment::default()).unwrap();
        let shown: Value = serde_json::from_str(&written.text()).unwrap();
        assert_eq!(shown["settings"][0], json!({"key": "agent", "value": "default", "source": {"kind": "default"}}));
        assert_eq!(shown["notices"], json!([]));
        assert!(!written.text().contains("sk-secret"));
    }

    #[test]
    fn places_are_shown() {
        let root = tempfile::tempdir().unwrap();
        let (text, written) = context(root.path(), Format::Text);
        execute(&ConfigCommand::Path, &text, &Environment::default()).unwrap();
        let at = std::fs::canonicalize(root.path()).unwrap().display().to_string();
        let shown = written.text().replace(&at, "");
        assert_eq!(
            shown,
            "user            /own/.config/ombud/config.toml  (not there)\n\
             user agents     /own/.config/ombud/agents       (not there)\n\
             project         /work/.ombud/config.toml        (not there)\n\
             project agents  /work/.ombud/agents             (not there)\n\
             state           /own/.local/state/ombud         (not there)\n"
        );
    }

    #[test]
    #[allow(clippy::disallowed_methods, reason = "a test may be told to write its files")]
    fn the_schema_is_fresh() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schemas/config-file.json");
        let text = schema() + "\n";
        if std::env::var_os("OMBUD_BLESS").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let fresh = std::fs::read_to_string(&path).unwrap_or_default() == text;
        assert!(fresh, "docs/schemas/config-file.json is stale: OMBUD_BLESS=1 cargo test --bin ombud config writes it anew");
    }
}
