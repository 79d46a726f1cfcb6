//! Definitions in folders.

use std::fs;
use std::path::Path;

use super::*;

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn told(folder: &Path) -> (bool, Vec<String>) {
    let (agent, faults) = read_folder(folder).unwrap();
    let told = faults.iter().filter(|fault| !fault.message.starts_with("resources are"));
    (agent.is_some(), told.map(ToString::to_string).collect())
}

const SETTINGS: &str =
    "{\n  \"slug\": \"helper\",\n  \"name\": \"Helper\",\n  \"format\": \"interactive\",\n  \"other\": 1\n}\n";

#[test]
fn a_folder_is_read_as_a_whole() {
    let protocol = CHAT.replace(
        "agent:\n",
        "skills: { writing: { description: x } }\nagent:\n  skills: [writing]\n  references: [style]\n",
    );
    let at = folder(&[
        ("settings.json", SETTINGS),
        ("protocol.yaml", &protocol),
        ("prompts/system.md", "You answer for {{COMPANY_NAME}}.\n"),
        ("prompts/user-message.md", "{{USER_MESSAGE}}\n"),
        ("prompts/skills/writing.md", "Write.\n"),
        ("prompts/notes.txt", "not read"),
        ("references/style.md", "---\ndescription: >\n  Our style,\n  in short\n---\n\n# Style\n\nBe brief.\n"),
    ]);
    assert!(is_definition(at.path()));
    let (agent, faults) = read_folder(at.path()).unwrap();
    let kept = Kept::of(agent.as_ref().unwrap()).unwrap().source().unwrap();
    let names: Vec<_> = kept.prompts.iter().map(|prompt| prompt.name.as_str()).collect();
    assert_eq!(names, ["skills/writing", "system", "user-message"]);
    let reference = Reference {
        name: "style".into(),
        description: "Our style, in short".into(),
        content: "# Style\n\nBe brief.".into(),
    };
    assert_eq!(kept.references, [reference]);
    assert!(faults.iter().all(|fault| !fault.is_error()), "{faults:?}");
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    let at = folder(&[
        ("settings.json", "{\n  \"slug\": \"Helper\",\n  \"name\": 7\n}\n"),
        ("protocol.yaml", CHAT),
        ("prompts/system.md", "\n{{#if COMPANY_NAME}}"),
        ("prompts/user-message.md", "{{USER_MESSAGE}}"),
        ("references/style.md", "Be brief.\n"),
        ("references/other.md", "---\ndescription: [x\n---\nBe brief.\n"),
    ]);
    std::os::unix::fs::symlink("/etc/hostname", at.path().join("prompts/host.md")).unwrap();
    let (is_agent, told) = told(at.path());
    assert!(!is_agent);
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn settings_that_are_no_json_are_told_once() {
    let at = folder(&[
        ("settings.json", "{\n  slug: x\n}\n"),
        ("protocol.yaml", "agent: { model: a/b, system: s }\n"),
        ("prompts/s.md", "x"),
    ]);
    let (is_agent, told) = told(at.path());
    assert!(!is_agent);
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn what_is_no_folder_of_a_definition_is_refused() {
    let at = folder(&[("settings.json", SETTINGS)]);
    let error = read_folder(at.path()).unwrap_err();
    let shown = at.path().display().to_string();
    assert_eq!(error.message.replace(&shown, ""), "file `/protocol.yaml` is not known");
    assert!(!is_definition(&at.path().join("settings.json")) && !is_definition(Path::new("/nowhere")));
    fs::write(at.path().join("protocol.yaml"), [0xff, 0xfe]).unwrap();
    let error = read_folder(at.path()).unwrap_err();
    assert_eq!(error.message.replace(&shown, ""), "/protocol.yaml is no text in UTF-8");
}
