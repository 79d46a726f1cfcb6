//! `apply_patch`: several hunks in several files, by a unified diff: all of it, or nothing.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};

use super::arguments::{changing, parse, path_subject, quoted, schema, text};
use super::output::{Caps, beginning};
use super::patch::{self, FilePatch, What};
use super::{Tool, ToolContext, ToolFailure, ToolOutput};
use crate::config::Limits;
use crate::domain::{Access, Effect, ErrorCode, ToolSpec};
use crate::workspace::Change;

pub(super) const NAME: &str = "apply_patch";
/// Most bytes of a patch, and most files in it.
const PATCH_BYTES: usize = 4 << 20;
const FILES: usize = 200;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    patch: String,
}

/// Applies patches.
pub(super) struct ApplyPatch {
    spec: ToolSpec,
    caps: Caps,
}

impl ApplyPatch {
    /// With the limits of the tools.
    pub(super) fn new(limits: &Limits) -> Self {
        let spec = ToolSpec {
            name: NAME.to_owned(),
            description: "Changes, makes and removes files of the workspace by a unified diff with any number of files and \
                          hunks: all of it, or nothing. Each file begins with `--- a/PATH` and `+++ b/PATH` (/dev/null for a \
                          file that is made or removed), each hunk with `@@`. Lines that stay or go must stand in the file \
                          exactly; give three lines around each change. Line ends of the file are kept."
                .to_owned(),
            parameters: schema(
                json!({"patch": {"type": "string", "minLength": 1, "description": "The unified diff."}}),
                &["patch"],
            ),
            effect: Effect::Once,
            access: Access::Write,
        };
        Self { spec, caps: Caps::new(limits) }
    }
}

#[async_trait]
impl Tool for ApplyPatch {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn subject(&self, arguments: &Value) -> String {
        self.subjects(arguments).join(", ")
    }

    fn subjects(&self, arguments: &Value) -> Vec<String> {
        let files = patch::read(text(arguments, "patch")).unwrap_or_default();
        let subjects = files.into_iter().map(|file| path_subject(&json!({ "path": file.path })));
        subjects.collect()
    }

    fn unreadable(&self, arguments: &Value) -> Option<ToolFailure> {
        let Arguments { patch } = match parse(NAME, arguments.clone()) {
            Ok(arguments) => arguments,
            Err(failure) => return Some(failure),
        };
        patch::read(&patch).err().map(unread)
    }

    async fn call(&self, context: &ToolContext, arguments: Value) -> Result<ToolOutput, ToolFailure> {
        let Arguments { patch } = parse(NAME, arguments)?;
        let caps = self.caps;
        changing(context, move |context| apply(context, &patch, caps)).await
    }
}

fn unread(fault: patch::Fault) -> ToolFailure {
    ToolFailure::new(ErrorCode::InvalidInput, format!("the patch cannot be read: {fault}"))
}

fn apply(context: &ToolContext, patch: &str, caps: Caps) -> Result<ToolOutput, ToolFailure> {
    if patch.len() > PATCH_BYTES {
        let message = format!("the patch has {} bytes; at most {PATCH_BYTES} are taken", patch.len());
        return Err(ToolFailure::new(ErrorCode::TooLarge, message));
    }
    let files = patch::read(patch).map_err(unread)?;
    if files.len() > FILES {
        return Err(ToolFailure::new(ErrorCode::TooLarge, format!("the patch has {} files; at most {FILES}", files.len())));
    }
    let mut told = Vec::new();
    let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    context.workspace.change_all(&paths, |contents| {
        let changes = files.iter().zip(contents).map(|(file, content)| changed(file, content, &mut told));
        changes.collect::<Result<Vec<_>, ToolFailure>>()
    })?;
    Ok(beginning(told.join("\n"), caps, "the files say the rest"))
}

/// What becomes of one file.
fn changed(file: &FilePatch, content: Option<Vec<u8>>, told: &mut Vec<String>) -> Result<Change, ToolFailure> {
    let name = quoted(&file.path);
    let refused = |code: ErrorCode, why: String| ToolFailure::new(code, format!("patch, {why}; nothing was changed"));
    let is_there = content.is_some();
    match (&file.what, content) {
        (What::Create(_), _) if is_there => {
            Err(refused(ErrorCode::Conflict, format!("line {}: {name} is to be made, and is there already", file.line)))
        }
        (What::Create(hunks), _) => {
            told.push(format!("{name} made"));
            Ok(Change::Write(patch::created(hunks)))
        }
        (What::Change(_) | What::Remove(_), None) => {
            Err(refused(ErrorCode::NotFound, format!("line {}: there is no file {name}", file.line)))
        }
        (What::Change(hunks), Some(content)) => {
            let (made, lines) =
                patch::applied(&content, hunks, &file.path).map_err(|why| refused(ErrorCode::Conflict, why))?;
            let lines: Vec<String> = lines.iter().take(20).map(usize::to_string).collect();
            told.push(format!("{name} changed at line {}", lines.join(", ")));
            Ok(Change::Write(made))
        }
        (What::Remove(hunks), Some(content)) => {
            let (left, _) = patch::applied(&content, hunks, &file.path).map_err(|why| refused(ErrorCode::Conflict, why))?;
            if !hunks.is_empty() && !left.is_empty() {
                let why = format!("line {}: {name} is to be removed, and holds more than the patch says", file.line);
                return Err(refused(ErrorCode::Conflict, why));
            }
            told.push(format!("{name} removed"));
            Ok(Change::Remove)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use serde_json::json;

    use crate::config::Limits;
    use crate::tools::tests::Bench;

    async fn patched(bench: &Bench, patch: &str) -> String {
        bench.call("apply_patch", json!({ "patch": patch })).await
    }

    #[tokio::test]
    async fn several_files_change_at_once() {
        let bench = Bench::new(&Limits::default());
        bench.file("src/a.txt", "one\ntwo\nthree\n");
        bench.file("old.txt", "gone\n");
        let patch = "diff --git a/src/a.txt b/src/a.txt\n--- a/src/a.txt\n+++ b/src/a.txt\n@@ -1,3 +1,3 @@\n one\n-two\n+TWO\n three\n\
                     --- /dev/null\n+++ b/new/deep.txt\n@@ -0,0 +1 @@\n+made\n--- a/old.txt\n+++ /dev/null\n@@ -1 +0,0 @@\n-gone\n";
        assert_eq!(patched(&bench, patch).await, "`src/a.txt` changed at line 1\n`new/deep.txt` made\n`old.txt` removed");
        assert_eq!(bench.content("src/a.txt"), "one\nTWO\nthree\n");
        assert_eq!(bench.content("new/deep.txt"), "made\n");
        assert!(!bench.folder.path().join("old.txt").exists());
    }

    #[tokio::test]
    async fn nothing_changes_when_one_hunk_does_not_fit() {
        let bench = Bench::new(&Limits::default());
        bench.file("a", "1\n2\n");
        bench.file("b", "x\n");
        let change = "--- a/a\n+++ b/a\n@@ -1,2 +1,2 @@\n 1\n-2\n+zwei\n";
        for (second, told) in [
            (
                "--- a/b\n+++ b/b\n@@ -1 +1 @@\n-y\n+z\n",
                "conflict: patch, line 9: the hunk does not fit `b`: at its line 1 stands `x`, and the hunk has `y`; nothing was \
                 changed",
            ),
            (
                "--- a/c\n+++ b/c\n@@ -1 +1 @@\n-y\n+z\n",
                "not_found: patch, line 7: there is no file `c`; nothing was changed",
            ),
            (
                "--- /dev/null\n+++ b/b\n@@ -0,0 +1 @@\n+z\n",
                "conflict: patch, line 7: `b` is to be made, and is there already; nothing was changed",
            ),
            ("--- a/./a\n+++ b/./a\n@@ -1 +1 @@\n-1\n+z\n", "invalid_input: `./a` names a file that was named before"),
            (
                "--- a/../out\n+++ b/../out\n@@ -1 +1 @@\n-1\n+z\n",
                "forbidden: `../out` leads out of the workspace; use a path that is relative to the workspace, such as `src/main.rs`",
            ),
        ] {
            assert_eq!(patched(&bench, &format!("{change}{second}")).await, told);
            assert_eq!((bench.content("a").as_str(), bench.content("b").as_str()), ("1\n2\n", "x\n"));
        }
        assert_eq!(
            patched(&bench, "--- a/b\n+++ /dev/null\n").await,
            "`b` removed",
            "without hunks a file is removed whatever it holds"
        );
    }

    #[tokio::test]
    async fn what_was_written_is_put_back_when_a_later_file_cannot_be() {
        let bench = Bench::new(&Limits::default());
        bench.file("a", "1\n");
        bench.file("folder/x", "");
        let patch = "--- a/a\n+++ b/a\n@@ -1 +1 @@\n-1\n+eins\n--- /dev/null\n+++ b/made\n@@ -0,0 +1 @@\n+made\n\
                     --- /dev/null\n+++ b/folder/x/y\n@@ -0,0 +1 @@\n+no\n";
        let told = patched(&bench, patch).await;
        assert!(told.contains("folder"), "{told}");
        assert_eq!(bench.content("a"), "1\n");
        assert!(!bench.folder.path().join("made").exists());
    }

    #[tokio::test]
    async fn nothing_outside_is_changed() {
        let bench = Bench::new(&Limits::default());
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("f"), "1\n").unwrap();
        symlink(outside.path(), bench.folder.path().join("away")).unwrap();
        symlink(outside.path().join("f"), bench.folder.path().join("link")).unwrap();
        for path in ["away/f", "link", outside.path().join("f").to_str().unwrap()] {
            let told = patched(&bench, &format!("--- {path}\n+++ {path}\n@@ -1 +1 @@\n-1\n+2\n")).await;
            assert!(told.starts_with("forbidden: "), "{path}: {told}");
        }
        let told = patched(&bench, "--- /dev/null\n+++ b/away/new\n@@ -0,0 +1 @@\n+x\n").await;
        assert!(told.starts_with("forbidden: "), "{told}");
        assert_eq!(std::fs::read_to_string(outside.path().join("f")).unwrap(), "1\n");
        assert!(!outside.path().join("new").exists());
    }
}
