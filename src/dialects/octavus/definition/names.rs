//! How things are named in a definition.

/// Longest name of anything.
pub const LENGTH: usize = 64;

/// Whether it is lower-case words with dashes between them.
pub fn is_dashed(name: &str) -> bool {
    let word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    name.len() <= LENGTH && name.split('-').all(word)
}

/// Whether it names a value: `UPPER_SNAKE_CASE`.
pub fn is_variable(name: &str) -> bool {
    name.len() <= LENGTH
        && name.starts_with(|first: char| first.is_ascii_uppercase())
        && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

/// Whether it names a type: `PascalCase`.
pub fn is_type(name: &str) -> bool {
    name.len() <= LENGTH
        && name.starts_with(|first: char| first.is_ascii_uppercase())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_their_forms() {
        for (name, forms) in [
            ("get-user", "d"),
            ("a", "d"),
            ("get--user", ""),
            ("-get", ""),
            ("getUser", ""),
            ("get_user", ""),
            ("", ""),
            ("USER_ID2", "v"),
            ("A", "vt"),
            ("_A", ""),
            ("2A", ""),
            ("User", "t"),
            ("user", "d"),
            ("UserÄ", ""),
        ] {
            let told: String = [(is_dashed(name), 'd'), (is_variable(name), 'v'), (is_type(name), 't')]
                .into_iter()
                .filter_map(|(is, form)| is.then_some(form))
                .collect();
            assert_eq!(told, forms, "{name}");
        }
        assert!(!is_dashed(&"a".repeat(65)));
    }
}
