//! What a Rust file mentions: every path with its line, every function, match, definition and lint attribute.
//!
//! Paths are read from tokens, so those inside of macros count too; comments do not. What only the grammar tells
//! (matches, parameters) comes from `grammar`.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use crate::grammar::{Grammar, grammar};

/// A path somewhere in the code.
#[derive(Debug)]
pub struct Mention {
    /// Counted from 1.
    pub line: usize,
    /// The path as written, with `self` and `super` resolved: `crate::storage::Store`.
    pub written: Vec<String>,
    /// The path after following the file's imports.
    pub resolved: Vec<String>,
    /// Whether arguments follow.
    pub called: bool,
    /// Whether it is a macro's name.
    pub bang: bool,
    module: Vec<String>,
}

/// An attribute that is of interest.
#[derive(Debug)]
pub struct Attribute {
    /// Counted from 1.
    pub line: usize,
    /// `allow`, `expect` or `ignore`.
    pub name: String,
    /// Whether it says why.
    pub reason: bool,
}

/// What one file mentions.
#[derive(Debug, Default)]
pub struct Code {
    /// Its module: `["storage", "sqlite"]`.
    pub module: Vec<String>,
    /// Every path.
    pub mentions: Vec<Mention>,
    /// Attributes that are of interest.
    pub attributes: Vec<Attribute>,
    /// What only the grammar tells.
    pub grammar: Grammar,
    /// Modules in files of their own that exist for tests only.
    pub test_modules: Vec<Vec<String>>,
    /// Whether all of it is test code.
    pub all_test: bool,
    test_lines: Vec<RangeInclusive<usize>>,
    imports: HashMap<(Vec<String>, String), Vec<String>>,
}

impl Code {
    /// Reads a file; its path tells its module.
    pub fn read(path: &str, text: &str) -> Self {
        let tokens: TokenStream = text.parse().unwrap_or_else(|error| panic!("{path}: {error}"));
        let syntax = syn::parse_file(text).unwrap_or_else(|error| panic!("{path}: {error}"));
        let module = module_of(path);
        let all_test = path.starts_with("tests/") || path.starts_with("benches/");
        let mut code = Self { module: module.clone(), grammar: grammar(&syntax), all_test, ..Self::default() };
        code.scan(tokens, &module);
        for index in 0..code.mentions.len() {
            code.mentions[index].resolved = code.resolve(&code.mentions[index]);
        }
        code
    }

    /// Whether a line is test code.
    pub fn is_test(&self, line: usize) -> bool {
        self.all_test || self.test_lines.iter().any(|lines| lines.contains(&line))
    }

    fn scan(&mut self, tokens: TokenStream, module: &[String]) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            at = match &tokens[at] {
                TokenTree::Group(group) => {
                    self.scan(group.stream(), module);
                    at + 1
                }
                // A lifetime's name is no path.
                TokenTree::Punct(punct) if punct.as_char() == '\'' => at + 2,
                TokenTree::Punct(punct) if punct.as_char() == '#' => self.attribute(&tokens, at, module),
                TokenTree::Ident(ident) if ident == "use" => self.import(&tokens, at + 1, &[], module),
                TokenTree::Ident(ident) if ident == "mod" => self.inner_module(&tokens, at + 1, module),
                TokenTree::Ident(_) => self.path(&tokens, at, module),
                TokenTree::Punct(_) | TokenTree::Literal(_) => at + 1,
            };
        }
    }

    /// `name { … }` or `name;` after `mod`.
    fn inner_module(&mut self, tokens: &[TokenTree], at: usize, module: &[String]) -> usize {
        if let (Some(TokenTree::Ident(name)), Some(TokenTree::Group(body))) = (tokens.get(at), tokens.get(at + 1)) {
            let inner = [module, &[name.to_string()]].concat();
            self.scan(body.stream(), &inner);
            return at + 2;
        }
        at + 1
    }

    /// A path from its first name on.
    fn path(&mut self, tokens: &[TokenTree], mut at: usize, module: &[String]) -> usize {
        let line = tokens[at].span().start().line;
        let mut segments = vec![tokens[at].to_string()];
        while is_double_colon(tokens, at + 1)
            && let Some(TokenTree::Ident(next)) = tokens.get(at + 3)
        {
            segments.push(next.to_string());
            at += 3;
        }
        let called =
            matches!(tokens.get(at + 1), Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis);
        let bang = matches!(tokens.get(at + 1), Some(TokenTree::Punct(punct)) if punct.as_char() == '!')
            && matches!(tokens.get(at + 2), Some(TokenTree::Group(_)));
        self.mention(line, &segments, module, called, bang);
        at + 1
    }

    fn mention(&mut self, line: usize, segments: &[String], module: &[String], called: bool, bang: bool) {
        let written = absolute(segments, module);
        let module = module.to_vec();
        self.mentions.push(Mention { line, written, resolved: Vec::new(), called, bang, module });
    }

    /// One branch of a `use`: names, then a group, a star, a new name or the end.
    fn import(&mut self, tokens: &[TokenTree], mut at: usize, prefix: &[String], module: &[String]) -> usize {
        let mut segments = prefix.to_vec();
        while is_double_colon(tokens, at) {
            at += 2;
        }
        let mut line = 0;
        while let Some(TokenTree::Ident(name)) = tokens.get(at) {
            line = name.span().start().line;
            // `{self}` names what stands before the braces.
            if name != "self" || segments.is_empty() {
                segments.push(name.to_string());
            }
            at += 1;
            if !is_double_colon(tokens, at) {
                break;
            }
            at += 2;
        }
        match tokens.get(at) {
            // `use<'a>` in a type imports nothing.
            _ if segments.is_empty() && !matches!(tokens.get(at), Some(TokenTree::Group(_))) => at,
            Some(TokenTree::Group(group)) => {
                self.branches(group, &segments, module);
                at + 1
            }
            Some(TokenTree::Punct(star)) if star.as_char() == '*' => {
                let line = star.span().start().line;
                self.mention(line, &[segments, vec!["*".to_owned()]].concat(), module, false, false);
                at + 1
            }
            Some(TokenTree::Ident(rename)) if rename == "as" => {
                self.mention(line, &segments, module, false, false);
                let name = tokens.get(at + 1).map(ToString::to_string).unwrap_or_default();
                self.imports.insert((module.to_vec(), name), absolute(&segments, module));
                at + 2
            }
            _ => {
                self.mention(line, &segments, module, false, false);
                let name = segments.last().cloned().unwrap_or_default();
                self.imports.insert((module.to_vec(), name), absolute(&segments, module));
                at
            }
        }
    }

    fn branches(&mut self, group: &Group, prefix: &[String], module: &[String]) {
        let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
        for branch in tokens.split(|token| matches!(token, TokenTree::Punct(comma) if comma.as_char() == ',')) {
            if !branch.is_empty() {
                self.import(branch, 0, prefix, module);
            }
        }
    }

    /// `#[…]` or `#![…]`: notes lints and test code, then goes on behind it.
    fn attribute(&mut self, tokens: &[TokenTree], start: usize, module: &[String]) -> usize {
        let inner = matches!(tokens.get(start + 1), Some(TokenTree::Punct(punct)) if punct.as_char() == '!');
        let at = start + 1 + usize::from(inner);
        let Some(TokenTree::Group(group)) = tokens.get(at) else { return start + 1 };
        self.lints(group.stream());
        self.scan(group.stream(), module);
        let text = group.stream().to_string();
        if text.starts_with("cfg") && words(&text).any(|word| word == "test") && words(&text).all(|word| word != "not") {
            self.test_code(tokens, start, inner, module);
        }
        at + 1
    }

    /// The item behind `#[cfg(test)]` ends with its braces or a semicolon.
    fn test_code(&mut self, tokens: &[TokenTree], start: usize, inner: bool, module: &[String]) {
        if inner {
            self.all_test = true;
            return;
        }
        let ends = |token: &&TokenTree| match token {
            TokenTree::Punct(punct) => punct.as_char() == ';',
            TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
            TokenTree::Ident(_) | TokenTree::Literal(_) => false,
        };
        let Some(last) = tokens[start..].iter().find(ends) else { return };
        self.test_lines.push(tokens[start].span().start().line..=last.span().end().line);
        let item: Vec<String> = tokens[start..].iter().take_while(|token| !ends(token)).map(ToString::to_string).collect();
        if let [.., keyword, name] = item.as_slice()
            && keyword == "mod"
            && matches!(last, TokenTree::Punct(_))
        {
            self.test_modules.push([module, std::slice::from_ref(name)].concat());
        }
    }

    fn lints(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        for (at, token) in tokens.iter().enumerate() {
            let TokenTree::Ident(name) = token else {
                if let TokenTree::Group(group) = token {
                    self.lints(group.stream());
                }
                continue;
            };
            let line = name.span().start().line;
            let name = name.to_string();
            if let (true, Some(TokenTree::Group(group))) = (name == "allow" || name == "expect", tokens.get(at + 1)) {
                let reason = words(&group.stream().to_string()).any(|word| word == "reason");
                self.attributes.push(Attribute { line, name, reason });
            } else if name == "ignore" {
                self.attributes.push(Attribute { line, name, reason: false });
            }
        }
    }

    /// Follows the imports of the file from the inner to the outer module.
    fn resolve(&self, mention: &Mention) -> Vec<String> {
        let mut path = mention.written.clone();
        for _ in 0..4 {
            let found = (0..=mention.module.len()).rev().find_map(|depth| {
                let first = path.first()?.clone();
                self.imports.get(&(mention.module[..depth].to_vec(), first))
            });
            match found {
                Some(full) if full[0] != path[0] => path = [full, &path[1..]].concat(),
                _ => break,
            }
        }
        path
    }
}

/// `self::` and `super::` as a path from the crate's root.
fn absolute(segments: &[String], module: &[String]) -> Vec<String> {
    let mut module = module.to_vec();
    let mut rest = segments;
    match rest.first().map(String::as_str) {
        Some("self") if rest.len() > 1 => rest = &rest[1..],
        Some("super") => {}
        _ => return segments.to_vec(),
    }
    while rest.first().is_some_and(|first| first == "super") {
        module.pop();
        rest = &rest[1..];
    }
    [&["crate".to_owned()], module.as_slice(), rest].concat()
}

fn is_double_colon(tokens: &[TokenTree], at: usize) -> bool {
    let colon = |at: usize| matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
    colon(at) && colon(at + 1)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|character: char| !(character.is_alphanumeric() || character == '_'))
}

/// `src/storage/sqlite.rs` is `storage::sqlite`.
fn module_of(path: &str) -> Vec<String> {
    let inside = path.split_once('/').map_or(path, |(_, inside)| inside).trim_end_matches(".rs");
    let mut module: Vec<String> = inside.split('/').map(str::to_owned).collect();
    if module.last().is_some_and(|last| matches!(last.as_str(), "mod" | "lib" | "main")) {
        module.pop();
    }
    module
}
