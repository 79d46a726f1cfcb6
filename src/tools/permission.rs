//! Permission: which rule fits a call.
//!
//! The first rule that fits counts. A rule that allows fits narrowly: what it does not clearly mean, it does not allow. A
//! rule that denies or asks fits widely. For command lines that means: `cargo test*` does not allow `cargo test; rm x`,
//! and a denied `rm *` is found in it. Rules about commands are words, not walls: a shell has more ways to say a thing
//! than any pattern knows; what a command may write is up to the guard.
//!
//! A pattern of addresses is `[SCHEME://]HOST[:PORT][/PATH]`, taken apart and compared piece by piece: so a `*` in the host
//! never reaches into the path.

use globset::GlobBuilder;

use crate::domain::{Access, Permission, PermissionRule, ToolSpec};

/// The tool that may change whatever these can: what they are denied it is denied too.
const CHANGES_ALL: (&str, [&str; 2]) = (super::apply_patch::NAME, ["edit_file", "write_file"]);

/// What is done about a call of a tool, by the first rule that fits, else by the tool's access.
pub fn decide(rules: &[PermissionRule], spec: &ToolSpec, subject: &str) -> Permission {
    rules.iter().find(|rule| fits(rule, spec, subject)).map_or_else(|| default_for(spec), |rule| rule.permission)
}

/// What is done where no rule fits. Whoever set a tool server up has allowed its tools with that.
fn default_for(spec: &ToolSpec) -> Permission {
    if is_served(spec) { Permission::Allow } else { PermissionRule::default_for(spec.access) }
}

fn is_served(spec: &ToolSpec) -> bool {
    spec.name.starts_with(super::mcp::PREFIX)
}

fn fits(rule: &PermissionRule, spec: &ToolSpec, subject: &str) -> bool {
    let narrow = rule.permission == Permission::Allow;
    if rule.tool != "*"
        && rule.tool != spec.name
        && !(!narrow && spec.name == CHANGES_ALL.0 && CHANGES_ALL.1.contains(&rule.tool.as_str()))
        && !(rule.tool.contains('*') && glob_fits(&rule.tool, &spec.name, false, narrow))
    {
        return false;
    }
    let Some(pattern) = rule.pattern.as_deref() else { return true };
    match (spec.access, narrow) {
        // It is about no path and no command, but the arguments as JSON.
        _ if is_served(spec) => glob_fits(pattern, subject, false, narrow),
        (Access::Run, true) => command_is(pattern, subject),
        (Access::Run, false) => command_holds(pattern, subject),
        (Access::Fetch, _) => address_fits(pattern, subject, narrow),
        (Access::Read | Access::Write, _) => path_fits(pattern, subject, narrow),
    }
}

/// Whether a glob fits; one that cannot be read fits where that is safe.
fn glob_fits(pattern: &str, text: &str, path: bool, narrow: bool) -> bool {
    match GlobBuilder::new(pattern).literal_separator(path).backslash_escape(true).build() {
        Ok(glob) => glob.compile_matcher().is_match(text),
        Err(_) => !narrow,
    }
}

fn path_fits(pattern: &str, subject: &str, narrow: bool) -> bool {
    let pattern = pattern.trim_start_matches("./");
    if glob_fits(pattern, subject, true, narrow) {
        return true;
    }
    // The same file by its absolute path, or the folder itself of `folder/**`: not allowed by it, but denied.
    let folder = pattern.strip_suffix("/**").unwrap_or(pattern);
    !narrow
        && (glob_fits(folder, subject, true, narrow)
            || subject.starts_with('/') && glob_fits(&format!("**/{pattern}"), subject, true, narrow))
}

/// What is done about a call that is about several things: the strictest of what is done about each.
pub fn decide_all(rules: &[PermissionRule], spec: &ToolSpec, subjects: &[String]) -> Permission {
    let decided = subjects.iter().map(|subject| decide(rules, spec, subject));
    decided
        .max_by_key(|permission| match permission {
            Permission::Allow => 0,
            Permission::Ask => 1,
            Permission::Deny => 2,
        })
        .unwrap_or_else(|| decide(rules, spec, ""))
}

/// The rule by which a call is denied, where one denies it.
pub fn denying<'a>(rules: &'a [PermissionRule], spec: &ToolSpec, subjects: &[String]) -> Option<&'a PermissionRule> {
    let none = [String::new()];
    let subjects = if subjects.is_empty() { &none[..] } else { subjects };
    let first = |subject: &String| rules.iter().find(|rule| fits(rule, spec, subject));
    subjects.iter().filter_map(first).find(|rule| rule.permission == Permission::Deny)
}

/// Whether a pattern means an address, which is normal: host in lower case, port only where it is not the usual one.
fn address_fits(pattern: &str, subject: &str, narrow: bool) -> bool {
    if pattern.chars().all(|sign| sign == '*') {
        return true;
    }
    let Some((scheme, rest)) = subject.split_once("://") else { return !narrow };
    let (wanted_scheme, wanted) = match pattern.split_once("://") {
        Some((scheme, rest)) => (Some(scheme.to_ascii_lowercase()), rest),
        None => (None, pattern),
    };
    if wanted_scheme.is_some_and(|wanted| !glob_fits(&wanted, scheme, false, narrow)) {
        return false;
    }
    let parts = |text: &str| {
        let end = text.find(['/', '?']).unwrap_or(text.len());
        (text[..end].to_ascii_lowercase(), text[end..].to_owned())
    };
    let ((wanted_host, wanted_path), (host, path)) = (parts(wanted), parts(rest));
    // Without a port a pattern means every port when it denies, and the usual one when it allows.
    let name_only =
        host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit())).map(|(name, _)| name);
    // `[` begins a set in a glob, and an address of numbers here.
    let literal = wanted_host.replace('[', "\\[").replace(']', "\\]");
    let host_fits = |host: &str| glob_fits(&literal, host, false, narrow);
    let fits = host_fits(&host) || (!narrow && name_only.is_some_and(host_fits));
    fits && (wanted_path.is_empty() || wanted_path == "/" && path == "/" || glob_fits(&wanted_path, &path, false, narrow))
}

/// Whether a pattern means exactly this command line: the same operators in the same order, and between them pieces that
/// fit.
fn command_is(pattern: &str, line: &str) -> bool {
    if pattern.chars().all(|sign| sign == '*') {
        return true;
    }
    let (wanted, given) = (Pieces::of(pattern), Pieces::of(line));
    wanted.operators == given.operators
        && wanted.words.len() == given.words.len()
        && wanted.words.iter().zip(&given.words).all(|(pattern, piece)| glob_fits(pattern, piece, false, true))
}

/// Whether a pattern is found in a command line: the whole, or any of its commands, also behind words like `sudo`.
fn command_holds(pattern: &str, line: &str) -> bool {
    let wanted = Pieces::of(pattern);
    let pattern = if wanted.operators.is_empty() { squeezed(pattern) } else { pattern.trim().to_owned() };
    let fits = |text: &str| glob_fits(&pattern, text, false, false);
    if fits(line.trim()) || fits(&squeezed(line)) {
        return true;
    }
    Pieces::of(line).words.iter().any(|piece| {
        let plain: String =
            piece.chars().filter(|sign| !matches!(sign, '\'' | '"' | '\\' | '(' | ')' | '{' | '}')).collect();
        [piece.as_str(), &plain].iter().any(|text| {
            let words: Vec<&str> = text.split_whitespace().collect();
            (0..words.len()).any(|first| {
                let rest = words[first..].join(" ");
                let name = words[first].rsplit('/').next().unwrap_or_default();
                let by_name = [&[name], &words[first + 1..]].concat().join(" ");
                // The word is where a command can begin: at the start, or behind words that run another command.
                let begins = words[..first].iter().all(|word| introduces(word));
                begins && (fits(&rest) || fits(&by_name))
            })
        })
    })
}

/// Words before a command: assignments, options, and programs and keywords that run what follows.
fn introduces(word: &str) -> bool {
    const WORDS: [&str; 24] = [
        "sudo", "doas", "env", "exec", "command", "builtin", "nohup", "nice", "time", "timeout", "setsid", "xargs", "eval",
        "sh", "bash", "then", "do", "else", "if", "while", "until", "!", "{", "(",
    ];
    let name = word.rsplit('/').next().unwrap_or_default();
    WORDS.contains(&name) || word.contains('=') || word.starts_with('-') || word.bytes().all(|byte| byte.is_ascii_digit())
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A command line taken apart at the operators of the shell, whether they are quoted or not.
#[derive(Debug, PartialEq, Eq)]
struct Pieces {
    /// What stands between operators, with single spaces.
    words: Vec<String>,
    operators: Vec<String>,
}

impl Pieces {
    fn of(line: &str) -> Self {
        let mut pieces = Self { words: Vec::new(), operators: Vec::new() };
        let mut word = String::new();
        let mut signs = line.trim().chars().peekable();
        while let Some(sign) = signs.next() {
            let mut operator = sign.to_string();
            match sign {
                '$' if matches!(signs.peek(), Some('(' | '\'' | '"')) => operator.extend(signs.next()),
                ';' | '&' | '|' | '<' | '>' => {
                    while let Some(next) = signs.next_if(|next| matches!(next, ';' | '&' | '|' | '<' | '>' | '(')) {
                        operator.push(next);
                    }
                }
                '`' | '\n' | '\r' | '\0' => {}
                other => {
                    word.push(other);
                    continue;
                }
            }
            pieces.words.push(squeezed(&word));
            pieces.operators.push(operator);
            word.clear();
        }
        pieces.words.push(squeezed(&word));
        pieces
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::domain::Effect;

    fn spec(name: &str, access: Access) -> ToolSpec {
        let (description, parameters) = (String::new(), Value::Null);
        ToolSpec { name: name.to_owned(), description, parameters, effect: Effect::Once, access }
    }

    fn rules(texts: &[&str]) -> Vec<PermissionRule> {
        let rule = |text: &&str| {
            let (word, rest) = text.split_once(' ').unwrap();
            let permission = match word {
                "allow" => Permission::Allow,
                "deny" => Permission::Deny,
                _ => Permission::Ask,
            };
            PermissionRule::parse(rest, permission).unwrap()
        };
        texts.iter().map(rule).collect()
    }

    #[track_caller]
    fn table(rules_of: &[&str], spec: &ToolSpec, rows: &[(&str, Permission)]) {
        let rules = rules(rules_of);
        for (subject, expected) in rows {
            assert_eq!(decide(&rules, spec, subject), *expected, "{rules_of:?} {subject:?}");
        }
    }

    use Permission::{Allow, Ask, Deny};

    #[test]
    fn without_a_rule_the_access_decides() {
        table(&[], &spec("read_file", Access::Read), &[("a", Allow)]);
        table(&[], &spec("write_file", Access::Write), &[("a", Ask)]);
        table(&["allow write_file", "deny edit_file"], &spec("run_command", Access::Run), &[("a", Ask)]);
    }

    #[test]
    fn tools_of_tool_servers_are_allowed_unless_a_rule_says_otherwise() {
        let now = spec("mcp__time__now", Access::Write);
        table(&[], &now, &[("{}", Allow)]);
        table(&["deny mcp__time__*"], &now, &[("{}", Deny)]);
        table(&["deny mcp__other__*", "ask mcp__*"], &now, &[("{}", Ask)]);
        table(&["deny mcp__time__now(*\"zone\":\"Mars\"*)"], &now, &[("{\"zone\":\"Mars\"}", Deny), ("{}", Allow)]);
        table(&["allow mcp__*", "deny *"], &spec("read_file", Access::Read), &[("a", Deny)]);
    }

    #[test]
    fn the_first_rule_that_fits_counts() {
        let write = spec("write_file", Access::Write);
        table(&["deny write_file", "allow *"], &write, &[("a", Deny)]);
        table(&["allow *", "deny write_file"], &write, &[("a", Allow)]);
        table(&["deny edit_file", "allow write_file(src/**)"], &write, &[("src/a/b", Allow), ("a", Ask)]);
    }

    #[test]
    fn path_patterns() {
        let write = spec("write_file", Access::Write);
        table(
            &["allow write_file(src/*.rs)"],
            &write,
            &[("src/a.rs", Allow), ("src/a/b.rs", Ask), ("src/a.rs.txt", Ask), ("/x/src/a.rs", Ask), ("../src/a.rs", Ask)],
        );
        table(
            &["deny write_file(secrets/**)", "allow write_file"],
            &write,
            &[("secrets/a", Deny), ("secrets/a/b", Deny), ("secrets", Deny), ("/work/secrets/a", Deny), ("secret", Allow)],
        );
        table(&["allow write_file([)"], &write, &[("[", Ask)]);
        table(&["deny write_file([)", "allow *"], &write, &[("a", Deny)]);
    }

    #[test]
    fn address_patterns() {
        let fetch = spec("fetch_url", Access::Fetch);
        table(&[], &fetch, &[("https://a.example/", Ask)]);
        table(
            &["allow fetch_url(docs.rs)", "allow fetch_url(https://*.example.com/docs/*)"],
            &fetch,
            &[
                ("https://docs.rs/serde", Allow),
                ("http://docs.rs/", Allow),
                ("https://docs.rs:8443/", Ask),
                ("https://evil.example/docs.rs", Ask),
                ("https://docs.rs.evil.example/", Ask),
                ("https://a.example.com/docs/x", Allow),
                ("http://a.example.com/docs/x", Ask),
                ("https://a.example.com/other", Ask),
                ("https://evil.example/x.example.com/docs/x", Ask),
                ("https://evil.example/?q=.example.com/docs/x", Ask),
            ],
        );
        table(
            &["deny fetch_url(*.internal)", "deny fetch_url([::1])", "deny fetch_url(*/private/*)", "allow *"],
            &fetch,
            &[
                ("https://a.internal:8080/x", Deny),
                ("http://[::1]:99/", Deny),
                ("https://b.example/private/x", Deny),
                ("https://b.example/public", Allow),
                ("https://internal/", Allow),
            ],
        );
        table(
            &["allow fetch_url(http://127.0.0.1:81)"],
            &fetch,
            &[("http://127.0.0.1:81/a", Allow), ("http://127.0.0.1/", Ask)],
        );
        table(&["deny fetch_url([)", "allow *"], &fetch, &[("https://a/", Allow)]);
    }

    #[test]
    fn what_edits_are_denied_patches_are_denied() {
        let patch = spec("apply_patch", Access::Write);
        table(&["deny edit_file(secrets/**)", "allow apply_patch"], &patch, &[("secrets/a", Deny), ("a", Allow)]);
        table(&["ask write_file", "allow apply_patch"], &patch, &[("a", Ask)]);
        table(&["allow edit_file"], &patch, &[("a", Ask)]);
        let all = |subjects: &[&str]| {
            let subjects: Vec<String> = subjects.iter().map(|subject| (*subject).to_owned()).collect();
            decide_all(&rules(&["deny apply_patch(b)", "allow apply_patch(a)"]), &patch, &subjects)
        };
        assert_eq!((all(&["a"]), all(&["a", "c"]), all(&["a", "b", "c"]), all(&[])), (Allow, Ask, Deny, Ask));
    }

    #[test]
    fn an_allowed_command_is_not_fooled() {
        let run = spec("run_command", Access::Run);
        let hostile = [
            "cargo test; rm -rf .",
            "cargo test && rm x",
            "cargo test & rm x",
            "cargo test | sh",
            "cargo test || rm x",
            "cargo test $(rm x)",
            "cargo test `rm x`",
            "cargo test\nrm x",
            "cargo test\rrm x",
            "cargo test > ../x",
            "cargo test >> x",
            "cargo test < x",
            "cargo test <(rm x)",
            "cargo test 2>&1",
            "X=1 cargo test",
            "echo cargo test",
            "cargo",
        ];
        for line in hostile {
            table(&["allow run_command(cargo test*)"], &run, &[(line, Ask)]);
        }
        table(
            &["allow run_command(cargo test*)"],
            &run,
            &[("cargo test", Allow), ("cargo  test --lib a/b", Allow), (" cargo test\n", Allow)],
        );
        table(&["allow run_command(git status)"], &run, &[("git status", Allow), ("git status -s", Ask)]);
        table(&["allow run_command(*)"], &run, &[("a; b | c > d", Allow)]);
        table(
            &["allow run_command(cargo * 2>&1 | tail*)"],
            &run,
            &[
                ("cargo test 2>&1 | tail -5", Allow),
                ("cargo test 2>&1 | tail -5; rm x", Ask),
                ("cargo test; rm x 2>&1 | tail", Ask),
                ("cargo test | tail", Ask),
            ],
        );
    }

    #[test]
    fn a_denied_command_is_found() {
        let run = spec("run_command", Access::Run);
        let found = [
            "rm -rf .",
            "cargo test; rm x",
            "cargo test && rm x",
            "a | rm x",
            "echo $(rm x)",
            "echo `rm x`",
            "true\nrm x",
            "  rm   x",
            "/bin/rm x",
            "sudo rm x",
            "sudo -n rm x",
            "FOO=1 rm x",
            "timeout 5 rm x",
            "(rm x)",
            "{ rm x; }",
            "if true; then rm x; fi",
            "'rm' x",
            "\\rm x",
            "sh -c 'rm x'",
            "find . | xargs rm -f",
        ];
        for line in found {
            table(&["deny run_command(rm *)", "allow *"], &run, &[(line, Deny)]);
            table(&["ask run_command(rm *)", "allow *"], &run, &[(line, Ask)]);
        }
        for line in ["cargo test", "echo rm x", "farm x", "cat rm"] {
            table(&["deny run_command(rm *)", "allow *"], &run, &[(line, Allow)]);
        }
        table(&["deny run_command(*secret*)", "allow *"], &run, &[("cat a/secret.txt", Deny), ("cat a", Allow)]);
        table(&["deny run_command(curl * | sh)", "allow *"], &run, &[("curl x | sh", Deny), ("curl x", Allow)]);
    }
}
