//! `ombud config init`: a first config file, in a dialog or from options. The file is checked before it counts.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use dialoguer::{Confirm, Input, MultiSelect, Select};
use ombud::config::{Environment, Flags, printable, resolve};
use ombud::domain::{Error, ErrorCode, ModelChoice, Permission, PermissionRule, Result};
use serde_json::json;
use toml::{Table, Value};

use crate::cli::{ConfigInit, Format};
use crate::context::{Context, Exit};
use crate::dialog;

/// What a config file may be called; the first is what is written.
const NAMES: [&str; 4] = ["config.toml", "config.yaml", "config.yml", "config.json"];
/// The tools that write and change files.
const WRITING: [&str; 3] = ["write_file", "edit_file", "apply_patch"];
/// What is told when a question was left, or the answer was no.
const NOTHING: &str = "was not written";

/// What the file is to say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Wanted {
    model: Option<ModelChoice>,
    base_url: Option<String>,
    wire: Option<String>,
    api_key_env: Option<String>,
    /// A key that is to be kept in a file of its own beside the config.
    key: Option<String>,
    allow: Vec<String>,
}

/// Asks what is wanted, and writes it.
pub fn execute(arguments: &ConfigInit, context: &Context, environment: &Environment) -> Result<Exit> {
    let (found, path) = place(arguments, context)?;
    if let Some(found) = found.as_ref().filter(|_| !arguments.force) {
        let error = Error::new(ErrorCode::Conflict, format!("{} is there already", shown(found)));
        return Err(error.hint("change it with an editor, or say --force: it is kept as a file that ends in `.old`"));
    }
    if arguments.project && arguments.api_key_env.is_some() {
        return Err(Error::invalid("a workspace's config holds no keys of its own").hint("leave `--project` out"));
    }
    let mut wanted = of_options(arguments, context)?;
    if !arguments.yes {
        if !context.manner.may_ask {
            let error = Error::new(ErrorCode::Forbidden, "nobody can be asked what the file is to say");
            return Err(error.hint("say it by --model, --base-url, --api-key-env and --allow, and --yes"));
        }
        match asked(wanted, arguments.project, environment)? {
            Some(answered) => wanted = answered,
            None => return tell(context, &path, false, NOTHING),
        }
    }
    let key_file = wanted.key.as_ref().and_then(|_| path.parent().map(|folder| folder.join("provider.key")));
    let text = text(&wanted, key_file.as_deref());
    if !arguments.yes && !agreed(&path, &text)? {
        return tell(context, &path, false, NOTHING);
    }
    if let (Some(file), Some(key)) = (&key_file, &wanted.key) {
        write(file, &format!("{key}\n"))?;
    }
    check(&path, &text, wanted.model.as_ref().filter(|_| !arguments.project), environment)?;
    if let Some(found) = found {
        let mut old = found.clone().into_os_string();
        old.push(".old");
        fs::rename(&found, &old).map_err(|error| cannot_write(&found, &error))?;
    }
    write(&path, &text)?;
    match arguments.project {
        true => tell(context, &path, true, "is written; it may only narrow what counts here, until you say `ombud trust`"),
        false => tell(context, &path, true, "is written; `ombud doctor` looks whether everything works"),
    }
}

/// Shows the file and asks whether it is to be written.
fn agreed(path: &Path, text: &str) -> Result<bool> {
    let agreed = dialog::ask(|terminal| {
        terminal.write_str(&format!("\n{}\n\n{text}\n", shown(path)))?;
        Confirm::new().with_prompt("Write this file?").default(true).interact_on_opt(terminal)
    });
    Ok(agreed?.unwrap_or(false))
}

/// The file that is there, and the one that is written: TOML, whatever that one is.
fn place(arguments: &ConfigInit, context: &Context) -> Result<(Option<PathBuf>, PathBuf)> {
    let settings = &context.resolved.settings;
    if arguments.project {
        let folder = settings.workspace.join(".ombud");
        return Ok((there(&folder), folder.join(NAMES[0])));
    }
    if settings.paths.config.as_os_str().is_empty() {
        return Err(
            Error::invalid("there is no place for your config: neither HOME nor XDG_CONFIG_HOME is set").hint("set HOME")
        );
    }
    Ok((there(&settings.paths.config), settings.paths.config.join(NAMES[0])))
}

/// The config of a folder: two of them would be refused.
fn there(folder: &Path) -> Option<PathBuf> {
    NAMES.iter().map(|name| folder.join(name)).find(|path| path.exists())
}

/// What the options say.
fn of_options(arguments: &ConfigInit, context: &Context) -> Result<Wanted> {
    for rule in &arguments.allow {
        PermissionRule::parse(rule, Permission::Allow)?;
    }
    let settings = &context.resolved.settings;
    let of_flag = context.resolved.origins.get("model").is_some_and(|source| source.to_string().contains("flag"));
    let model = settings.model.clone().filter(|_| of_flag);
    if model.is_none() && (arguments.base_url.is_some() || arguments.api_key_env.is_some()) {
        return Err(Error::invalid("it is not said which provider this is about")
            .hint("name a model of it by `--model PROVIDER/ID`"));
    }
    Ok(Wanted {
        model,
        base_url: arguments.base_url.clone(),
        wire: arguments.wire.clone(),
        api_key_env: arguments.api_key_env.clone(),
        key: None,
        allow: arguments.allow.clone(),
    })
}

/// Asks for what the options do not say; nothing when a question was left.
fn asked(mut wanted: Wanted, project: bool, environment: &Environment) -> Result<Option<Wanted>> {
    if wanted.model.is_none() && !project && ask_models(&mut wanted, environment)?.is_none() {
        return Ok(None);
    }
    if wanted.allow.is_empty() {
        let calls = ["write and change files of the workspace", "run commands"];
        let prompt = "What agents may do without asking (space marks, Enter goes on)";
        let chosen = dialog::ask(|terminal| MultiSelect::new().with_prompt(prompt).items(calls).interact_on_opt(terminal))?;
        let Some(chosen) = chosen else { return Ok(None) };
        for call in chosen {
            let tools: &[&str] = if call == 0 { &WRITING } else { &["run_command"] };
            wanted.allow.extend(tools.iter().map(|tool| (*tool).to_owned()));
        }
    }
    Ok(Some(wanted))
}

/// Asks for one of some.
fn choose<T: std::fmt::Display>(prompt: &str, items: &[T]) -> Result<Option<usize>> {
    dialog::ask(|terminal| Select::new().with_prompt(prompt).items(items).default(0).interact_on_opt(terminal))
}

fn ask_models(wanted: &mut Wanted, environment: &Environment) -> Result<Option<()>> {
    let kinds = [
        "OpenAI",
        "Anthropic",
        "Ollama on this machine",
        "another server that speaks OpenAI's API",
        "none: the rules inside this program, which are no language model",
    ];
    let Some(kind) = choose("Whose models (arrows choose, Enter takes, Esc leaves)", &kinds)? else { return Ok(None) };
    let (provider, first) = match kind {
        0 => ("openai", "gpt-6-sol"),
        1 => ("anthropic", "claude-sonnet-5-5"),
        2 => ("ollama", "llama3.2"),
        3 => ("house", ""),
        _ => return Ok(Some(())),
    };
    if kind == 3 {
        let question = Input::<String>::new()
            .with_prompt("Its address, such as http://127.0.0.1:8080/v1")
            .validate_with(|typed: &String| address(typed));
        let Some(url) = dialog::ask(|terminal| question.interact_text_on(terminal).map(Some))? else { return Ok(None) };
        wanted.base_url = Some(url.trim().to_owned());
    }
    let mut question = Input::<String>::new().with_prompt("Which model");
    if !first.is_empty() {
        question = question.default(first.to_owned());
    }
    let Some(id) = dialog::ask(|terminal| question.interact_text_on(terminal).map(Some))? else { return Ok(None) };
    wanted.model = Some(ModelChoice::new(provider, id.trim()));
    if kind == 2 {
        return Ok(Some(()));
    }
    let variable = match kind {
        3 => "HOUSE_API_KEY".to_owned(),
        _ => format!("{}_API_KEY", provider.to_uppercase()),
    };
    if kind != 3 && environment.get(&variable).is_some() {
        return Ok(Some(()));
    }
    ask_key(wanted, kind == 3, &variable)
}

/// Whether something typed can be the address of a provider; the whole file is checked once more at the end.
fn address(typed: &str) -> std::result::Result<(), &'static str> {
    let typed = typed.trim();
    let rest = typed.strip_prefix("http://").or_else(|| typed.strip_prefix("https://")).unwrap_or_default();
    if rest.is_empty() || rest.contains(['?', '#', '@', ' ']) {
        return Err("it begins with http:// or https:// and holds no user, `?` or `#`");
    }
    Ok(())
}

fn ask_key(wanted: &mut Wanted, may_be_without: bool, variable: &str) -> Result<Option<()>> {
    let mut places = vec![
        format!("in the variable {variable} of the environment, which I set myself"),
        "in a file beside the config that only you can read: I type it now".to_owned(),
    ];
    if may_be_without {
        places.push("it wants none".to_owned());
    }
    let Some(place) = choose("Where is its key", &places)? else { return Ok(None) };
    match place {
        0 => wanted.api_key_env = Some(variable.to_owned()),
        1 => {
            let Some(key) = dialog::secret("The key (it is not shown)")? else { return Ok(None) };
            wanted.key = Some(key.trim().to_owned()).filter(|key| !key.is_empty());
        }
        _ => {}
    }
    Ok(Some(()))
}

/// The file.
fn text(wanted: &Wanted, key_file: Option<&Path>) -> String {
    let mut table = Table::new();
    if let Some(model) = &wanted.model {
        table.insert("model".to_owned(), Value::from(model.to_string()));
        let mut provider = Table::new();
        if let Some(url) = &wanted.base_url {
            provider.insert("wire".to_owned(), Value::from(wanted.wire.as_deref().unwrap_or("openai")));
            provider.insert("base_url".to_owned(), Value::from(url.as_str()));
        }
        if let Some(variable) = &wanted.api_key_env {
            provider.insert("api_key_env".to_owned(), Value::from(variable.as_str()));
        }
        if let Some(file) = key_file {
            provider.insert("api_key_file".to_owned(), Value::from(file.to_string_lossy().into_owned()));
        }
        if !provider.is_empty() {
            let providers = Table::from_iter([(model.provider.clone(), Value::Table(provider))]);
            table.insert("providers".to_owned(), Value::Table(providers));
        }
    }
    if !wanted.allow.is_empty() {
        let allow: Vec<Value> = wanted.allow.iter().map(|rule| Value::from(rule.as_str())).collect();
        table.insert("permissions".to_owned(), Value::Table(Table::from_iter([("allow".to_owned(), Value::Array(allow))])));
    }
    let said = toml::to_string(&table).unwrap_or_default();
    let head = "# Settings of ombud: `ombud config show` shows all of them, `ombud config schema` is for editors.\n";
    if said.is_empty() { head.to_owned() } else { format!("{head}\n{said}") }
}

/// Reads the file as it will be read, before it stands in its place.
fn check(path: &Path, text: &str, model: Option<&ModelChoice>, environment: &Environment) -> Result<()> {
    let beside = path.with_file_name("config.new.toml");
    write(&beside, text)?;
    let flags = Flags { config: Some(beside.clone()), bare: true, ..Flags::default() };
    let checked = resolve(&flags, environment);
    fs::remove_file(&beside).map_err(|error| cannot_write(&beside, &error))?;
    let resolved = checked.map_err(|mut error| {
        // Nobody has seen that file, nor its lines.
        let place = format!("{}:", shown(&beside));
        if let Some((_, why)) = error.message.strip_prefix(&place).and_then(|rest| rest.split_once(": ")) {
            error.message = why.to_owned();
        }
        error
    })?;
    match model.filter(|model| !resolved.settings.providers.contains_key(&model.provider)) {
        Some(model) => Err(Error::invalid(format!("provider `{}` is not known", printable(&model.provider)))
            .hint("say where it is: `--base-url URL`")),
        None => Ok(()),
    }
}

/// Writes a file that only its owner can read, whole or not at all.
fn write(path: &Path, text: &str) -> Result<()> {
    let wrong = |error: &std::io::Error| cannot_write(path, error);
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(|error| wrong(&error))?;
    // What is not kept is taken away again.
    let mut part = tempfile::Builder::new()
        .permissions(fs::Permissions::from_mode(0o600))
        .tempfile_in(folder)
        .map_err(|error| wrong(&error))?;
    part.write_all(text.as_bytes()).and_then(|()| part.as_file().sync_all()).map_err(|error| wrong(&error))?;
    part.persist(path).map(drop).map_err(|error| wrong(&error.error))
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Error {
    Error::store(None, format!("{} cannot be written: {error}", shown(path)))
}

fn shown(path: &Path) -> String {
    printable(&path.to_string_lossy())
}

fn tell(context: &Context, path: &Path, written: bool, text: &str) -> Result<Exit> {
    match context.manner.format {
        Format::Text => context.out.write_line(&format!("{} {text}", shown(path)))?,
        Format::Json | Format::Jsonl | Format::Tarko => {
            context.out.write_json(&json!({ "path": path.display().to_string(), "written": written }))?;
        }
    }
    Ok(if dialog::was_interrupted() { Exit(dialog::INTERRUPTED) } else { Exit::OK })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::tests::context;

    #[test]
    fn the_file_says_what_is_wanted() {
        let wanted = Wanted {
            model: Some(ModelChoice::new("house", "qwen3")),
            base_url: Some("http://127.0.0.1:8080/v1".into()),
            api_key_env: Some("HOUSE_API_KEY".into()),
            allow: vec!["write_file".into(), "run_command(cargo *)".into()],
            ..Wanted::default()
        };
        let expected = "# Settings of ombud: `ombud config show` shows all of them, `ombud config schema` is for editors.\n\n\
                        model = \"house/qwen3\"\n\n\
                        [permissions]\nallow = [\"write_file\", \"run_command(cargo *)\"]\n\n\
                        [providers.house]\napi_key_env = \"HOUSE_API_KEY\"\nbase_url = \"http://127.0.0.1:8080/v1\"\nwire = \"openai\"\n";
        let said = text(&wanted, None);
        assert_eq!(said.parse::<Table>().unwrap(), expected.parse::<Table>().unwrap());
        assert!(said.starts_with("# Settings of ombud"));
        assert_eq!(text(&Wanted::default(), None).lines().count(), 1);
    }

    #[test]
    fn nothing_that_is_there_is_lost() {
        let root = tempfile::tempdir().unwrap();
        let (context, written) = context(root.path(), Format::Text);
        let own = fs::canonicalize(root.path()).unwrap().join("own");
        let environment = Environment {
            variables: [("HOME".to_owned(), own.display().to_string())].into(),
            folder: Some(own.parent().unwrap().join("work")),
            program: None,
        };
        let yes = ConfigInit { yes: true, allow: vec!["write_file".into()], ..ConfigInit::default() };
        execute(&yes, &context, &environment).unwrap();
        let path = own.join(".config/ombud/config.toml");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let first = fs::read_to_string(&path).unwrap();
        assert!(first.ends_with("[permissions]\nallow = [\"write_file\"]\n"), "{first}");
        let error = execute(&yes, &context, &environment).unwrap_err();
        assert_eq!((error.code, error.hint.is_some()), (ErrorCode::Conflict, true));
        let force = ConfigInit { force: true, allow: Vec::new(), ..yes.clone() };
        execute(&force, &context, &environment).unwrap();
        assert_eq!(fs::read_to_string(own.join(".config/ombud/config.toml.old")).unwrap(), first);
        assert_ne!(fs::read_to_string(&path).unwrap(), first);
        let names: Vec<_> = fs::read_dir(path.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names.len(), 2, "{names:?}");
        assert_eq!(written.text().lines().count(), 2);
        let asks = ConfigInit { yes: false, ..force };
        assert_eq!(execute(&asks, &context, &environment).unwrap_err().code, ErrorCode::Forbidden);
        let wrong = ConfigInit { allow: vec!["a(b".into()], force: true, ..yes };
        assert!(execute(&wrong, &context, &environment).is_err());
    }

    #[test]
    fn a_config_in_another_form_is_replaced_by_one_that_can_be_read() {
        let root = tempfile::tempdir().unwrap();
        let (context, _) = context(root.path(), Format::Text);
        let own = fs::canonicalize(root.path()).unwrap().join("own");
        let environment = Environment {
            variables: [("HOME".to_owned(), own.display().to_string())].into(),
            folder: Some(own.parent().unwrap().join("work")),
            program: None,
        };
        let folder = own.join(".config/ombud");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("config.yaml"), "model: offline/rules\n").unwrap();
        let force = ConfigInit { yes: true, force: true, allow: vec!["write_file".into()], ..ConfigInit::default() };
        execute(&force, &context, &environment).unwrap();
        let mut names: Vec<_> =
            fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        assert_eq!(names, ["config.toml", "config.yaml.old"]);
        assert!(resolve(&Flags::default(), &environment).is_ok());
    }

    #[test]
    fn what_cannot_count_is_refused_in_words_of_the_user_and_leaves_nothing() {
        let root = tempfile::tempdir().unwrap();
        let environment = Environment {
            variables: [("HOME".to_owned(), root.path().display().to_string())].into(),
            folder: Some(root.path().to_owned()),
            program: None,
        };
        let path = root.path().join("config.toml");
        let model = ModelChoice::new("house", "x");
        let text = "model = \"house/x\"\n[providers.house]\nbase_url = \"nonsense\"\n";
        let error = check(&path, text, Some(&model), &environment).unwrap_err();
        assert!(error.message.starts_with("`providers.house.base_url` must be an address"), "{}", error.message);
        let error = check(&path, "model = \"house/x\"\n", Some(&model), &environment).unwrap_err();
        assert_eq!(error.message, "provider `house` is not known");
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
        assert!(address("nonsense").is_err() && address("http://").is_err() && address("http://a b").is_err());
        assert_eq!(address(" http://127.0.0.1:8080/v1 "), Ok(()));
    }
}
