//! Paths as words: how they are read, and how they are shown.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

/// A path without `.`, `..` and superfluous slashes, by its words alone. Empty for the folder itself, absent when it
/// leads above where it starts.
pub fn normalised(path: &str) -> Option<PathBuf> {
    let mut words = PathBuf::new();
    for component in Path::new(path).components() {
        match component {
            Component::RootDir => words.push("/"),
            Component::CurDir => {}
            Component::Normal(word) => words.push(word),
            Component::ParentDir => {
                // Above `/` is `/`, as the kernel has it.
                if !words.pop() && !words.is_absolute() {
                    return None;
                }
            }
            Component::Prefix(_) => return None,
        }
    }
    Some(words)
}

/// A name or path as it is shown to people and models: whatever could break a line, steer a terminal, hide or reorder
/// text is escaped, and so are a backslash and bytes that are not UTF-8. A plain name is shown as it is.
pub fn shown(name: impl AsRef<OsStr>) -> String {
    let mut text = String::new();
    for chunk in name.as_ref().as_bytes().utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\\' => text.push_str("\\\\"),
                '\n' => text.push_str("\\n"),
                '\r' => text.push_str("\\r"),
                '\t' => text.push_str("\\t"),
                other if is_hazardous(other) => {
                    // Writing to a `String` cannot fail.
                    let _ = write!(text, "\\u{{{:x}}}", u32::from(other));
                }
                other => text.push(other),
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

/// Controls, and the invisible signs that change direction, join or end lines.
fn is_hazardous(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_normalised_by_their_words() {
        let table = [
            ("a/b", Some("a/b")),
            ("./a//b/.", Some("a/b")),
            ("a/../b", Some("b")),
            ("a/..", Some("")),
            (".", Some("")),
            ("..", None),
            ("a/../../b", None),
            ("/a/../../b", Some("/b")),
            ("/", Some("/")),
        ];
        for (path, expected) in table {
            assert_eq!(normalised(path), expected.map(PathBuf::from), "{path}");
        }
    }

    #[test]
    fn hostile_names_are_shown_harmless() {
        let name = OsStr::from_bytes(b"a\nb\x1b[31m\\\t\r\x7f\xff\xe2\x80\xae\xc2\x9bz\xc3\xa9");
        assert_eq!(shown(name), "a\\nb\\u{1b}[31m\\\\\\t\\r\\u{7f}\\xff\\u{202e}\\u{9b}zé");
        assert_eq!(shown("src/two words.rs"), "src/two words.rs");
    }
}
