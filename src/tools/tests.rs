//! The tools as a model calls them.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::json;

use super::*;

/// A workspace with tools.
pub struct Bench {
    pub folder: tempfile::TempDir,
    pub tools: Tools,
    pub context: ToolContext,
}

impl Bench {
    pub fn new(limits: &Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let workspace = Arc::new(Workspace::open(folder.path()).unwrap());
        let context = ToolContext { workspace, rules: Arc::new([]), cancelled: CancellationToken::new() };
        Self { folder, tools: Tools::new(limits, &ToolSettings::default()), context }
    }

    pub fn file(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub fn content(&self, path: &str) -> String {
        fs::read_to_string(self.folder.path().join(path)).unwrap()
    }

    pub async fn whole(&self, tool: &str, arguments: Value) -> Result<ToolOutput, ToolFailure> {
        self.tools.get(tool).unwrap().call(&self.context, arguments).await
    }

    /// The text that the model gets, or `code: message`.
    pub async fn call(&self, tool: &str, arguments: Value) -> String {
        match self.whole(tool, arguments).await {
            Ok(output) => output.output.as_str().unwrap().to_owned(),
            Err(failure) => format!("{}: {}", failure.code.word(), failure.message),
        }
    }
}

fn bench() -> Bench {
    Bench::new(&Limits::default())
}

#[test]
fn the_registry_holds_the_tools_of_the_design() {
    let tools = Tools::new(&Limits::default(), &ToolSettings::default());
    let names = [
        "list_files",
        "read_file",
        "search_files",
        "find_files",
        "write_file",
        "edit_file",
        "apply_patch",
        "run_command",
        "fetch_url",
    ];
    assert_eq!(tools.names(), names);
    let allowed = ["edit_file".to_owned(), "unknown".to_owned()];
    let specs = tools.specs(Some(&allowed));
    assert_eq!(specs.iter().map(|spec| spec.name.as_str()).collect::<Vec<_>>(), ["edit_file"]);
    assert!(tools.get("unknown").is_none());
    for spec in tools.specs(None) {
        jsonschema::meta::validate(&spec.parameters).unwrap();
        assert_eq!(spec.parameters["additionalProperties"], false, "{}", spec.name);
        let patch = "--- a/./a/../b\n+++ b/./a/../b\n@@ -1 +1 @@\n-a\n+b\n";
        let arguments = json!({"path": "./a/../b", "command": "ls", "url": "HTTPS://Docs.rs:443/a b#c", "patch": patch});
        let subject = tools.get(&spec.name).unwrap().subject(&arguments);
        let expected = match spec.name.as_str() {
            "run_command" => "ls",
            "fetch_url" => "https://docs.rs/a%20b",
            _ => "b",
        };
        assert_eq!(subject, expected);
    }
}

#[tokio::test]
async fn wrong_arguments_are_told() {
    let bench = bench();
    let table = [
        ("read_file", json!(null), "they are not a JSON object"),
        ("read_file", json!({}), "missing field `path`"),
        ("read_file", json!({"path": 1}), "`path`: invalid type: integer `1`, expected a string"),
        (
            "write_file",
            json!({"path": "a", "content": "", "mode": 1}),
            "`mode`: unknown field `mode`, expected `path` or `content`",
        ),
        ("read_file", json!({"path": "a", "offset": -1}), "`offset`: invalid value: integer `-1`, expected u64"),
    ];
    for (tool, arguments, cause) in table {
        let expected = format!("invalid_input: the arguments of `{tool}` do not fit its schema: {cause}");
        assert_eq!(bench.call(tool, arguments).await, expected);
    }
}

#[tokio::test]
async fn a_cancelled_run_ends_the_tool() {
    let bench = bench();
    bench.context.cancelled.cancel();
    for (tool, arguments) in [("list_files", json!({})), ("write_file", json!({"path": "a", "content": "x"}))] {
        assert_eq!(bench.call(tool, arguments).await, "unavailable: the run was cancelled");
    }
    assert!(!bench.folder.path().join("a").exists());
}

#[tokio::test]
async fn listing() {
    let bench = bench();
    bench.file("src/main.rs", "fn main() {}\n");
    bench.file("src/deep/er/x", "");
    bench.file("target/out", "");
    bench.file("a\n\u{1b}[31mb", "");
    bench.file(".gitignore", "target\n");
    symlink("/etc", bench.folder.path().join("link")).unwrap();
    let flat = ".gitignore  7\na\\n\\u{1b}[31mb  0\nlink  (symbolic link)\nsrc/\n\
                [1 left out by ignore files: target; `include_ignored` lists them]";
    assert_eq!(bench.call("list_files", json!({})).await, flat);
    let src = "src/deep/\nsrc/deep/er/\nsrc/deep/er/x  0\nsrc/main.rs  13";
    assert_eq!(bench.call("list_files", json!({"path": "src", "recursive": true})).await, src);
    assert_eq!(
        bench.call("list_files", json!({"path": "src", "depth": 2})).await,
        "src/deep/\nsrc/deep/er/\nsrc/main.rs  13"
    );
    let limited = ".gitignore  7\n[1 entries listed, there are more; raise `limit` or list a folder below]";
    assert_eq!(bench.call("list_files", json!({"limit": 1})).await, limited);
    assert_eq!(bench.call("list_files", json!({"path": "target"})).await, "target/out  0");
    assert!(bench.call("list_files", json!({"include_ignored": true})).await.ends_with("\ntarget/"));
    let file = "invalid_input: `src/main.rs` is not a folder; read it instead";
    assert_eq!(bench.call("list_files", json!({"path": "src/main.rs"})).await, file);
    let outside = "forbidden: `link` leads out of the workspace; \
                   use a path that is relative to the workspace, such as `src/main.rs`";
    assert_eq!(bench.call("list_files", json!({"path": "link"})).await, outside);
    fs::create_dir(bench.folder.path().join("empty")).unwrap();
    assert_eq!(bench.call("list_files", json!({"path": "empty"})).await, "[nothing is listed in `empty`]");
}

#[tokio::test]
async fn long_output_is_cut_and_kept() {
    let bench = Bench::new(&Limits { tool_output_bytes: 1_024, ..Limits::default() });
    for number in 0..100 {
        bench.file(&format!("file-number-{number:03}"), "");
    }
    let output = bench.whole("list_files", json!({})).await.unwrap();
    let shown = output.output.as_str().unwrap();
    let end = "file-number-031  0\n[1291 bytes, 68 lines left out; list a folder below, or with a smaller `depth`]";
    assert!(shown.len() <= 1_024 && shown.ends_with(end), "{shown}");
    assert_eq!(String::from_utf8(output.full.unwrap()).unwrap().lines().count(), 100);
}

#[tokio::test]
async fn reading_ranges() {
    let bench = bench();
    bench.file("a", "one\r\ntwo\nthree");
    assert_eq!(bench.call("read_file", json!({"path": "a"})).await, "one\ntwo\nthree");
    let numbered = bench.call("read_file", json!({"path": "a", "line_numbers": true, "limit": 2})).await;
    assert_eq!(numbered, "1\tone\n2\ttwo\n[lines 1 to 2 of 3; go on with `offset` 3]");
    assert_eq!(bench.call("read_file", json!({"path": "a", "offset": 3})).await, "three\n[lines 3 to 3 of 3]");
    let past = "invalid_input: `a` has 3 lines; `offset` 4 is past its end";
    assert_eq!(bench.call("read_file", json!({"path": "a", "offset": 4})).await, past);
    bench.file("empty", "");
    assert_eq!(bench.call("read_file", json!({"path": "empty"})).await, "[`empty` is empty]");
    bench.file("latin", b"caf\xe9\n");
    let latin = "caf\u{fffd}\n[some bytes are not UTF-8 and are shown as \u{fffd}]";
    assert_eq!(bench.call("read_file", json!({"path": "latin"})).await, latin);
    bench.file("bom", "\u{feff}é\n");
    assert_eq!(bench.call("read_file", json!({"path": "bom"})).await, "é\n");
    bench.file("long", format!("{}\nend\n", "x".repeat(3_000)));
    let long = format!("{} [line cut: 1000 bytes more]\nend\n", "x".repeat(2_000));
    assert_eq!(bench.call("read_file", json!({"path": "long"})).await, long);
}

#[tokio::test]
async fn reading_stops_where_the_limit_is() {
    let bench = Bench::new(&Limits { tool_output_bytes: 1_024, ..Limits::default() });
    let content: String = (1..=100).map(|number| format!("line number {number:03}\n")).collect();
    bench.file("a", &content);
    let first = bench.call("read_file", json!({"path": "a"})).await;
    assert_eq!(first, format!("{}[lines 1 to 39 of 100; go on with `offset` 40]", &content[..39 * 16]));
    let rest = bench.call("read_file", json!({"path": "a", "offset": 80})).await;
    assert_eq!(rest, format!("{}[lines 80 to 100 of 100]", &content[79 * 16..]));
    bench.file("one", "y".repeat(5_000));
    let one = bench.call("read_file", json!({"path": "one"})).await;
    assert!(one.len() <= 1_024 && one.starts_with("yyy"), "{one}");
}

#[tokio::test]
async fn what_is_no_text_is_not_read() {
    let bench = bench();
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01";
    bench.file("a.png", png);
    bench.file("b.bin", b"text\0text");
    bench.file("c.txt", b"\xff\xfeh\0i\0");
    let text = |what: &str| format!("bad_media: {what}, not text; it is not read");
    assert_eq!(bench.call("read_file", json!({"path": "a.png"})).await, text("`a.png` is an image (image/png) of 20 bytes"));
    assert_eq!(bench.call("read_file", json!({"path": "b.bin"})).await, text("`b.bin` is a binary file of 9 bytes"));
    assert_eq!(bench.call("read_file", json!({"path": "c.txt"})).await, text("`c.txt` is a UTF-16 file of 6 bytes"));
    bench.file("page.html", "<!DOCTYPE html>\n<p>é");
    assert_eq!(bench.call("read_file", json!({"path": "page.html"})).await, "<!DOCTYPE html>\n<p>é");
    bench.file("run.sh", "#!/bin/sh\necho\n");
    assert_eq!(bench.call("read_file", json!({"path": "run.sh"})).await, "#!/bin/sh\necho\n");
}

#[tokio::test]
async fn a_sparse_file_is_safe() {
    let bench = bench();
    bench.file("large", "x\n".repeat(5_000));
    let file = fs::OpenOptions::new().write(true).open(bench.folder.path().join("large")).unwrap();
    file.set_len(10 << 30).unwrap();
    let read = bench.call("read_file", json!({"path": "large", "limit": 1})).await;
    assert_eq!(read, "x\n[lines 1 to 1 of more than 5001; go on with `offset` 2]");
    let found = bench.call("search_files", json!({"pattern": "y"})).await;
    assert_eq!(found, "[0 matching lines in 0 of 1 files searched; 1 binary files skipped]");
    let failed = "too_large: `large` is larger than 16777216 bytes";
    assert_eq!(bench.call("edit_file", json!({"path": "large", "old_text": "x", "new_text": "y"})).await, failed);
}

#[tokio::test]
async fn writing() {
    let bench = bench();
    let made = bench.call("write_file", json!({"path": "a/b", "content": "one\ntwo\n"})).await;
    assert_eq!(made, "`a/b` made: 8 bytes, 2 lines");
    let replaced = bench.call("write_file", json!({"path": "./a/b", "content": ""})).await;
    assert_eq!((replaced.as_str(), bench.content("a/b")), ("`a/b` replaced: 0 bytes, 0 lines", String::new()));
    let outside = bench.call("write_file", json!({"path": "../x", "content": ""})).await;
    assert!(outside.starts_with("forbidden: `../x` leads out of the workspace"), "{outside}");
}

#[tokio::test]
async fn editing() {
    let bench = bench();
    let edit = |old: &str, new: &str| json!({"path": "a", "old_text": old, "new_text": new});
    bench.file("a", "one\ntwo\nthree\ntwo\n");
    assert_eq!(bench.call("edit_file", edit("three", "3\n3")).await, "`a` edited at line 3");
    assert_eq!(bench.content("a"), "one\ntwo\n3\n3\ntwo\n");
    let twice = "conflict: `old_text` stands 2 times in `a`, at lines 2, 5; nothing was changed. \
                 Give more of the text around it, or set `replace_all`";
    assert_eq!(bench.call("edit_file", edit("two", "2")).await, twice);
    let all = json!({"path": "a", "old_text": "two", "new_text": "2", "replace_all": true});
    assert_eq!(bench.call("edit_file", all).await, "`a` edited at 2 places, lines 2, 5");
    assert_eq!(bench.content("a"), "one\n2\n3\n3\n2\n");
    assert_eq!(
        bench.call("edit_file", edit("", "x")).await,
        "invalid_input: `old_text` is empty; to make a file, use `write_file`"
    );
    assert_eq!(bench.call("edit_file", edit("x", "x")).await, "invalid_input: `old_text` and `new_text` are the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_at_the_same_time_do_not_undo_each_other() {
    let bench = bench();
    let names: Vec<String> = (10..40).map(|number| format!("line {number}\n")).collect();
    bench.file("a", names.concat());
    let tool = bench.tools.get("edit_file").unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for name in &names {
        let (tool, context) = (tool.clone(), bench.context.clone());
        let arguments = json!({"path": "a", "old_text": name, "new_text": format!("edited {name}")});
        tasks.spawn(async move { tool.call(&context, arguments).await.unwrap() });
    }
    tasks.join_all().await;
    assert_eq!(bench.content("a"), names.iter().map(|name| format!("edited {name}")).collect::<String>());
}

#[tokio::test]
async fn an_edit_that_does_not_fit_is_helped() {
    let bench = bench();
    let edit = |old: &str| json!({"path": "a", "old_text": old, "new_text": "x"});
    bench.file("a", "fn main() {\n    let total = 1;\n    print(total);\n}\n");
    let missing = "not_found: `old_text` does not stand in `a`; nothing was changed.";
    let near = "The nearest lines are:\n1\tfn main() {\n2\t    let total = 1;\n3\t    print(total);";
    assert_eq!(bench.call("edit_file", edit("let totals = 2;")).await, format!("{missing} {near}"));
    let space =
        "It differs in white space or in what follows:\n1\tfn main() {\n2\t    let total = 1;\n3\t    print(total);\n4\t}";
    assert_eq!(bench.call("edit_file", edit("\tlet total = 1;\n\tprint(total);")).await, format!("{missing} {space}"));
    let none = "No line of the file is like it; read the file again";
    assert_eq!(bench.call("edit_file", edit("completely elsewhere")).await, format!("{missing} {none}"));
    assert_eq!(bench.content("a").len(), 51);
}

#[tokio::test]
async fn line_ends_are_kept() {
    let bench = bench();
    bench.file("a", "one\r\ntwo\r\nthree\r\n");
    let edit = json!({"path": "a", "old_text": "one\ntwo\n", "new_text": "1\n2\n"});
    assert_eq!(bench.call("edit_file", edit).await, "`a` edited at line 1");
    assert_eq!(bench.content("a"), "1\r\n2\r\nthree\r\n");
    let edit = json!({"path": "a", "old_text": "three", "new_text": "3\n4"});
    assert_eq!(bench.call("edit_file", edit).await, "`a` edited at line 3");
    assert_eq!(bench.content("a"), "1\r\n2\r\n3\r\n4\r\n");
    bench.file("a", b"caf\xe9 one\n");
    let edit = json!({"path": "a", "old_text": "one", "new_text": "two"});
    assert_eq!(bench.call("edit_file", edit).await, "`a` edited at line 1");
    assert_eq!(fs::read(bench.folder.path().join("a")).unwrap(), b"caf\xe9 two\n");
}

#[tokio::test]
async fn searching() {
    let bench = bench();
    bench.file("src/a.rs", "one\nfn two() {}\nthree\nfour\nfn five() {}\n");
    bench.file("src/b.txt", "a fn (b)\n");
    bench.file("skip/c.rs", "fn six\n");
    bench.file("d.bin", b"fn\0");
    bench.file(".gitignore", "skip\n");
    let call = |arguments: Value| bench.call("search_files", arguments);
    let all = "src/a.rs:2:fn two() {}\nsrc/a.rs:5:fn five() {}\nsrc/b.txt:1:a fn (b)\n\
               [3 matching lines in 2 of 4 files searched; 1 binary files skipped]";
    assert_eq!(call(json!({"pattern": "fn "})).await, all);
    let context = "src/a.rs-1-one\nsrc/a.rs:2:fn two() {}\nsrc/a.rs-3-three\nsrc/a.rs-4-four\nsrc/a.rs:5:fn five() {}\n--\n\
                   src/b.txt:1:a fn (b)\n[3 matching lines in 2 of 2 files searched]";
    assert_eq!(call(json!({"pattern": "^.*FN ", "ignore_case": true, "path": "src", "context": 1})).await, context);
    bench.file("src/deep/a.rs", "1\n2\n3\nhit\n5\n6\n7\n8\nhit\n");
    let groups = "src/deep/a.rs-3-3\nsrc/deep/a.rs:4:hit\nsrc/deep/a.rs-5-5\n--\nsrc/deep/a.rs-8-8\nsrc/deep/a.rs:9:hit\n\
                  [2 matching lines in 1 of 3 files searched]";
    assert_eq!(call(json!({"pattern": "hit", "context": 1, "path": "src"})).await, groups);
    fs::remove_dir_all(bench.folder.path().join("src/deep")).unwrap();
    let literal = "src/b.txt:1:a fn (b)\n[1 matching lines in 1 of 1 files searched]";
    assert_eq!(call(json!({"pattern": "(b)", "literal": true, "glob": "*.txt"})).await, literal);
    let limited = "src/a.rs:2:fn two() {}\n\
                   [1 matching lines in 1 files; there are more: narrow the search or raise `limit`]";
    assert_eq!(call(json!({"pattern": "fn ", "limit": 1, "path": "src"})).await, limited);
    let one = "skip/c.rs:1:fn six\n[1 matching lines in 1 of 1 files searched]";
    assert_eq!(call(json!({"pattern": "fn", "path": "skip/c.rs"})).await, one);
    assert_eq!(call(json!({"pattern": "nothing", "glob": "!*.bin"})).await, "[0 matching lines in 0 of 3 files searched]");
    let wrong = call(json!({"pattern": "("})).await;
    assert!(wrong.starts_with("invalid_input: `pattern` cannot be searched for: regex parse error"), "{wrong}");
    assert!(wrong.ends_with("set `literal` to search for a plain text"), "{wrong}");
    bench.file("long", format!("{}needle", "x".repeat(600)));
    let long = format!("long:1:{} [line cut: 106 bytes more]\n", "x".repeat(500));
    assert!(call(json!({"pattern": "needle"})).await.starts_with(&long));
}

#[tokio::test]
async fn finding() {
    let bench = bench();
    for path in ["src/a.rs", "src/deep/b.rs", "c.rs", "skip/d.rs", "src/e.txt"] {
        bench.file(path, "");
    }
    bench.file(".gitignore", "skip\n");
    let call = |arguments: Value| bench.call("find_files", arguments);
    assert_eq!(call(json!({"pattern": "*.rs"})).await, "c.rs\nsrc/a.rs\nsrc/deep/b.rs");
    assert_eq!(call(json!({"pattern": "src/*.rs"})).await, "src/a.rs");
    assert_eq!(call(json!({"pattern": "deep/*.rs", "path": "src"})).await, "src/deep/b.rs");
    assert_eq!(call(json!({"pattern": "**/*.{txt,md}"})).await, "src/e.txt");
    assert_eq!(call(json!({"pattern": "*.py"})).await, "[no file fits `*.py` among 5 files]");
    let limited = "c.rs\n[1 files shown, there are more; narrow `pattern` or `path`, or raise `limit`]";
    assert_eq!(call(json!({"pattern": "*.rs", "limit": 1})).await, limited);
    let wrong = "invalid_input: `pattern` `[` is no glob: unclosed character class; missing ']'";
    assert_eq!(call(json!({"pattern": "["})).await, wrong);
}

#[tokio::test]
async fn commands_need_a_guard() {
    let bench = bench();
    let expected = "not_supported: commands cannot be run here: no guard is set up";
    assert_eq!(bench.call("run_command", json!({"command": "true"})).await, expected);
}
