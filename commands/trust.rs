//! `ombud trust`: let the config of a workspace count in full.

use ombud::config::{Project, Trust, TrustBook, printable};
use ombud::domain::{Error, ErrorCode, Result};
use serde_json::{Value, json};

use super::cli::{Format, TrustArguments};
use super::context::{Context, Exit};
use super::dialog;

/// Shows what would count, asks, and remembers.
pub fn execute(arguments: &TrustArguments, context: &Context) -> Result<Exit> {
    let settings = &context.resolved.settings;
    if settings.paths.state.as_os_str().is_empty() {
        return Err(Error::invalid("trust cannot be kept: neither HOME nor XDG_STATE_HOME is set").hint("set HOME"));
    }
    let book = TrustBook::new(&settings.paths.state);
    if arguments.list {
        return list(&book, context);
    }
    let project = context.resolved.project.as_ref();
    if arguments.remove {
        let folder = project.map_or(&settings.workspace, |project| &project.folder);
        let was = book.forget(folder)?;
        let text = if was { "is trusted no longer" } else { "was not trusted" };
        return tell(context, &format!("{} {text}", printable(&folder.to_string_lossy())), json!({ "removed": was }));
    }
    let Some(project) = project else {
        let folder = printable(&settings.workspace.to_string_lossy());
        let text = format!("{folder} has no config of its own: there is nothing to trust");
        return tell(context, &text, json!({ "trusted": false, "files": [], "ignored": [] }));
    };
    let digest = project.digest.clone()?;
    let folder = printable(&project.folder.to_string_lossy());
    let document = |trusted: bool| json!({ "folder": project.folder, "trusted": trusted, "files": project.files, "ignored": project.ignored });
    if project.trust == Trust::Trusted {
        return tell(context, &format!("{folder} is trusted already"), document(true));
    }
    if !arguments.yes {
        if !context.manner.may_ask {
            let error = Error::new(ErrorCode::Forbidden, format!("{folder} is not trusted, and nobody can be asked"));
            return Err(error.hint("read the files, then say --yes"));
        }
        if !agreed(project)? {
            return tell(context, &format!("{folder} is not trusted"), document(false));
        }
    }
    book.trust(&project.folder, &digest)?;
    tell(context, &format!("{folder} is trusted until one of its files changes"), document(true))
}

fn list(book: &TrustBook, context: &Context) -> Result<Exit> {
    let folders: Vec<String> = book.folders()?.into_keys().collect();
    if context.manner.format != Format::Text {
        context.out.write_json(&json!({ "folders": folders }))?;
        return Ok(Exit::OK);
    }
    for folder in folders {
        context.out.write_line(&printable(&folder))?;
    }
    Ok(Exit::OK)
}

fn tell(context: &Context, text: &str, document: Value) -> Result<Exit> {
    match context.manner.format {
        Format::Text => context.out.write_line(text)?,
        Format::Json | Format::Jsonl | Format::Tarko => context.out.write_json(&document)?,
    }
    Ok(Exit::OK)
}

/// Shows what would count and asks, both on stderr.
fn agreed(project: &Project) -> Result<bool> {
    let answer = dialog::ask(|terminal| {
        terminal.write_str(&explanation(project))?;
        dialoguer::Confirm::new().with_prompt("Let all of this count?").default(false).interact_on_opt(terminal)
    });
    Ok(answer.map_err(|error| error.hint("say --yes"))?.unwrap_or(false))
}

fn explanation(project: &Project) -> String {
    let mut text = format!("{}\n\nFiles that count:\n", printable(&project.folder.to_string_lossy()));
    for file in &project.files {
        text.push_str(&format!("  {}\n", printable(&file.to_string_lossy())));
    }
    if project.ignored.is_empty() {
        text.push_str("\nNothing in them is ignored now.\n");
    } else {
        text.push_str("\nIgnored now, and set when you trust them:\n");
        for ignored in &project.ignored {
            text.push_str(&format!("  {} = {}\n", ignored.place, ignored.value));
        }
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::super::context::tests::context;
    use super::*;

    const ASK: TrustArguments = TrustArguments { yes: false, remove: false, list: false };
    const YES: TrustArguments = TrustArguments { yes: true, ..ASK };

    fn root() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("work/.ombud")).unwrap();
        std::fs::write(root.path().join("work/.ombud/config.toml"), "model = \"a/b\"\nstore = \"memory:\"\n").unwrap();
        root
    }

    fn said(root: &tempfile::TempDir, arguments: &TrustArguments) -> std::result::Result<String, u8> {
        let (context, written) = context(root.path(), Format::Text);
        let at = std::fs::canonicalize(root.path()).unwrap().display().to_string();
        let exit = execute(arguments, &context).map_err(|error| error.code.exit_code())?;
        assert_eq!(exit, Exit::OK);
        Ok(written.text().replace(&at, ""))
    }

    #[test]
    fn trust_comes_and_goes() {
        let root = root();
        assert_eq!(said(&root, &ASK), Err(3));
        assert_eq!(said(&root, &YES).unwrap(), "/work is trusted until one of its files changes\n");
        assert_eq!(said(&root, &ASK).unwrap(), "/work is trusted already\n");
        assert_eq!(said(&root, &TrustArguments { list: true, ..ASK }).unwrap(), "/work\n");
        let remove = TrustArguments { remove: true, ..ASK };
        assert_eq!(said(&root, &remove).unwrap(), "/work is trusted no longer\n");
        assert_eq!(said(&root, &remove).unwrap(), "/work was not trusted\n");
        std::fs::remove_file(root.path().join("work/.ombud/config.toml")).unwrap();
        assert_eq!(said(&root, &YES).unwrap(), "/work has no config of its own: there is nothing to trust\n");
    }

    #[test]
    fn what_would_count_is_shown_before_the_question() {
        let root = root();
        let (context, _) = context(root.path(), Format::Text);
        let at = std::fs::canonicalize(root.path()).unwrap().display().to_string();
        let text = explanation(context.resolved.project.as_ref().unwrap()).replace(&at, "");
        assert_eq!(
            text,
            "/work\n\nFiles that count:\n  /work/.ombud/config.toml\n\nIgnored now, and set when you trust them:\n  \
             model = a/b\n  store = memory:\n\n"
        );
    }
}
