//! The set-up, as a new user meets it: a first config, models, the doctor, completions from live data.

mod completing;
mod doctor;
mod models;

use serde_json::json;

use crate::support::ombud::Ombud;
use crate::support::schema::{check, violations};

#[test]
fn the_version_is_for_programs_too() {
    let ombud = Ombud::new();
    let told = ombud.json(&["version"]);
    check("version", &told);
    assert_eq!(told["version"], json!(env!("CARGO_PKG_VERSION")));
    let said = ombud.run(&["version"]);
    assert!(said.stdout.starts_with(&format!("ombud {} (", env!("CARGO_PKG_VERSION"))), "{said:?}");
}

/// What `config init` writes is read, checked by the schema for editors, and changes what counts.
#[test]
fn a_first_config_counts_at_once() {
    let ombud = Ombud::new();
    let init =
        ["config", "init", "--model", "local/tiny", "--base-url", "http://127.0.0.1:9/v1", "--allow", "write_file", "--yes"];
    let told = ombud.json(&init);
    check("config-init", &told);
    let shown = ombud.json(&["config", "show"]);
    let value =
        |key: &str| shown["settings"].as_array().unwrap().iter().find(|row| row["key"] == key).unwrap()["value"].clone();
    assert_eq!(value("model"), json!("local/tiny"));
    assert_eq!(value("providers.local.base_url"), json!("http://127.0.0.1:9/v1"));
    let text = std::fs::read_to_string(ombud.home().join(".config/ombud/config.toml")).unwrap();
    let file: serde_json::Value = serde_json::to_value(text.parse::<toml::Table>().unwrap()).unwrap();
    assert_eq!(violations("config-file", &file), Vec::<String>::new());
    let again = ombud.run(&init);
    assert_eq!(again.exit, 5, "{again:?}");
    assert!(again.stderr.contains("is there already"), "{again:?}");
    // A wrong file is replaced by one that is right, and kept beside it.
    ombud.config("modle = 1\n");
    let forced = ombud.run(&[&init[..], &["--force"]].concat());
    assert_eq!((forced.exit, forced.stderr.as_str()), (0, ""), "{forced:?}");
    let old = std::fs::read_to_string(ombud.home().join(".config/ombud/config.toml.old")).unwrap();
    assert_eq!(old, "modle = 1\n");
}

#[test]
fn what_cannot_be_used_is_not_written() {
    let ombud = Ombud::new();
    let said = ombud.run(&["config", "init", "--model", "local/tiny", "--base-url", "ftp://x", "--yes"]);
    assert_eq!(said.exit, 2, "{said:?}");
    assert!(!ombud.home().join(".config/ombud/config.toml").exists());
    let said = ombud.run(&["config", "init"]);
    assert_eq!(said.exit, 3, "{said:?}");
    assert!(said.stderr.contains("nobody can be asked"), "{said:?}");
}
