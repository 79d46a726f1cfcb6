//! `ombud agents add`: into the store, for the whole house; or as a file, for one user or one workspace.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use ombud::config::{Source, parse_agent, printable, read_config_file};
use ombud::domain::{Error, ErrorCode, Result};
use serde_json::json;

use super::definition::{self, Definition};
use crate::cli::{AgentsAdd, Format};
use crate::context::{Context, Exit};
use crate::program::Program;
use crate::render::note;

/// Adds an agent.
pub async fn add(program: &Program, arguments: &AgentsAdd) -> Result<Exit> {
    if arguments.user || arguments.project {
        return as_file(arguments, &program.context);
    }
    let Definition { agent, faults } = definition::read(&arguments.file);
    let agent = agent?;
    if program.context.manner.format == Format::Text && !program.global.quiet {
        faults.iter().for_each(|fault| note(&fault.to_string()));
    }
    let (house, caller) = (program.open().await?, program.caller());
    let (name, wanted) = (agent.name.clone(), agent.clone());
    let (item, done) = match house.create_agent(&caller, agent.clone()).await {
        Err(error) if error.code == ErrorCode::Conflict && arguments.force => {
            (house.update_agent(&caller, &name, agent, None).await?, "changed")
        }
        Err(error) if error.code == ErrorCode::Conflict => {
            return Err(error.hint("say --force to replace its definition, or give the new one another name"));
        }
        made => (made?, "kept in the store"),
    };
    if item.agent != wanted && !program.global.quiet {
        note(
            "note: not all of the definition counts: who does not administer the house can only narrow what an agent may do",
        );
    }
    let context = &program.context;
    match context.manner.format {
        Format::Text => context.out.write_line(&format!("agent `{name}` is {done}"))?,
        Format::Json | Format::Jsonl | Format::Tarko => context.out.write_json(&item)?,
    }
    Ok(Exit::OK)
}

/// Copies a definition into a folder that configuration is read from.
pub fn as_file(arguments: &AgentsAdd, context: &Context) -> Result<Exit> {
    if arguments.file.is_dir() {
        let shown = printable(&arguments.file.to_string_lossy());
        return Err(Error::invalid(format!("{shown} is a folder, which configuration has no place for"))
            .hint("leave out --user and --project: it is kept in the store then"));
    }
    let source = read_config_file(&arguments.file)?;
    let agent = parse_agent(&arguments.file, &source)?;
    let folder = folder_for(arguments.project, context)?;
    let ending = arguments.file.extension().and_then(|ending| ending.to_str()).unwrap_or("toml").to_ascii_lowercase();
    let target = folder.join(format!("{}.{ending}", agent.name));
    let taken = match super::source_of(context, &agent.name) {
        Source::Project(path) if arguments.project => Some(path.clone()),
        Source::User(path) if !arguments.project => Some(path.clone()),
        _ => Some(target.clone()).filter(|target| target.exists()),
    };
    if let Some(taken) = &taken {
        let shown = printable(&taken.to_string_lossy());
        let error = Error::new(ErrorCode::Conflict, format!("agent `{}` is there already: {shown}", agent.name));
        if taken.parent() != Some(&folder) {
            return Err(error.hint("take it out of that file first"));
        }
        if !arguments.force {
            return Err(error.hint("say --force to replace it, or give the new one another name"));
        }
    }
    write(&folder, &target, &source)?;
    if let Some(old) = taken.filter(|old| *old != target) {
        fs::remove_file(&old).map_err(|error| cannot_write(&old, &error))?;
    }
    match context.manner.format {
        Format::Text => {
            let target = printable(&target.to_string_lossy());
            context.out.write_line(&format!("agent `{}` is kept in {target}", agent.name))?;
        }
        Format::Json | Format::Jsonl | Format::Tarko => {
            context.out.write_json(&json!({ "agent": agent.name, "file": target }))?
        }
    }
    Ok(Exit::OK)
}

fn folder_for(project: bool, context: &Context) -> Result<PathBuf> {
    let settings = &context.resolved.settings;
    if !project {
        if settings.paths.config.as_os_str().is_empty() {
            return Err(Error::invalid("there is no place for your agents: neither HOME nor XDG_CONFIG_HOME is set")
                .hint("set HOME, or keep it in the workspace: --project"));
        }
        return Ok(settings.paths.config.join("agents"));
    }
    let workspace = context.resolved.project.as_ref().map_or(&settings.workspace, |project| &project.folder);
    let own = workspace.join(".ombud");
    // A link in a folder that comes from somebody else may lead anywhere.
    for folder in [&own, &own.join("agents")] {
        if folder.is_symlink() {
            let shown = printable(&folder.to_string_lossy());
            return Err(Error::invalid(format!("{shown} is a symbolic link")).hint("put a folder there"));
        }
    }
    Ok(own.join("agents"))
}

/// Writes a whole file or none.
fn write(folder: &Path, target: &Path, text: &str) -> Result<()> {
    let wrong = |error: &std::io::Error| cannot_write(target, error);
    fs::create_dir_all(folder).map_err(|error| wrong(&error))?;
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|error| wrong(&error))?;
    file.write_all(text.as_bytes()).and_then(|()| file.as_file().sync_all()).map_err(|error| wrong(&error))?;
    file.persist(target).map_err(|error| wrong(&error.error))?;
    Ok(())
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Error {
    let path = printable(&path.to_string_lossy());
    Error::new(ErrorCode::Unavailable, format!("{path} cannot be written: {error}")).hint("check its permissions")
}

#[cfg(test)]
mod tests {
    use super::super::super::context::tests::context;
    use super::*;

    fn add(root: &Path, name: &str, project: bool, force: bool) -> Result<String> {
        let (context, written) = context(root, Format::Text);
        as_file(&AgentsAdd { file: root.join(name), user: !project, project, force }, &context)?;
        let at = fs::canonicalize(root).unwrap().display().to_string();
        Ok(written.text().replace(&at, ""))
    }

    #[test]
    fn a_file_is_added_once() {
        let root = tempfile::tempdir().unwrap();
        let at = root.path();
        fs::write(at.join("helper.toml"), "description = \"Helps\"\ninstructions = \"Help.\"\nmodel = \"a/b\"\n").unwrap();
        fs::write(at.join("helper.yaml"), "instructions: Help more.\n").unwrap();
        let kept = "agent `helper` is kept in /own/.config/ombud/agents/helper.toml\n";
        assert_eq!(add(at, "helper.toml", false, false).unwrap(), kept);
        assert_eq!(add(at, "helper.yaml", false, false).unwrap_err().code, ErrorCode::Conflict);
        assert!(add(at, "helper.yaml", false, true).unwrap().ends_with("helper.yaml\n"));
        assert!(!at.join("own/.config/ombud/agents/helper.toml").exists());
        assert!(add(at, "helper.toml", true, false).unwrap().ends_with("/work/.ombud/agents/helper.toml\n"));
    }

    #[test]
    fn a_folder_that_leads_elsewhere_is_not_written_to() {
        let root = tempfile::tempdir().unwrap();
        let at = root.path();
        fs::create_dir_all(at.join("work/.ombud")).unwrap();
        fs::create_dir_all(at.join("elsewhere")).unwrap();
        fs::write(at.join("helper.toml"), "instructions = \"Help.\"\n").unwrap();
        let (context, _) = context(at, Format::Text);
        std::os::unix::fs::symlink(at.join("elsewhere"), at.join("work/.ombud/agents")).unwrap();
        let add = AgentsAdd { file: at.join("helper.toml"), user: false, project: true, force: false };
        assert_eq!(as_file(&add, &context).unwrap_err().code, ErrorCode::InvalidInput);
        assert_eq!(fs::read_dir(at.join("elsewhere")).unwrap().count(), 0);
    }
}
