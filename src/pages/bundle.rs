//! JavaScript modules as one script, for a page that must stand alone in one file.
//!
//! No parser: the modules keep to a form. An import is one line, an export is a word at the beginning of a declaration,
//! and no two modules that go together use one name at their top level; a test holds them to it.

/// Modules, each before those that import it, as one.
pub(super) fn bundle(modules: &[&str]) -> String {
    let lines = modules.iter().flat_map(|module| module.lines());
    let kept = lines.filter(|line| !line.starts_with("import ")).map(|line| line.strip_prefix("export ").unwrap_or(line));
    kept.flat_map(|line| [line, "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_go_and_exports_become_declarations() {
        let modules =
            ["export const one = 1;\n", "import { one } from \"./one.js\";\n\nexport function two() {\n  return one;\n}\n"];
        assert_eq!(bundle(&modules), "const one = 1;\n\nfunction two() {\n  return one;\n}\n");
    }
}
