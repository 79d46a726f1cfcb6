//! Permissions: one list out of all sources, the first rule that fits counts.
//!
//! The order: what the person says now (denials before permits), what the environment says, then the files. There a
//! denial comes before every question, and a question before every permit, whichever file says it: so a project can
//! narrow what its user's file permits, and can never widen it.

use super::layers::{Layer, Source};
use crate::domain::{Error, Permission, PermissionRule};

/// A rule and where it comes from.
pub type Sourced = (PermissionRule, Source);

/// Rules that were put in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rules {
    /// Of the command line and the environment: they come before those of agents.
    pub given: Vec<Sourced>,
    /// Of files: they come after those of agents.
    pub filed: Vec<Sourced>,
}

/// The places of permissions in config, the first that counts first.
const PLACES: [(&str, Permission); 3] =
    [("permissions.deny", Permission::Deny), ("permissions.ask", Permission::Ask), ("permissions.allow", Permission::Allow)];

/// Puts the rules of all sources in order. `given` and `filed` are layers, the higher first.
///
/// # Errors
/// `invalid_input` for a rule that cannot be read.
pub fn gather(given: &[&Layer], filed: &[&Layer]) -> Result<Rules, Error> {
    let mut rules = Rules::default();
    for layer in given {
        for place in PLACES {
            rules.given.extend(of(layer, place)?);
        }
    }
    for place in PLACES {
        for layer in filed {
            rules.filed.extend(of(layer, place)?);
        }
    }
    Ok(rules)
}

fn of(layer: &Layer, (place, permission): (&str, Permission)) -> Result<Vec<Sourced>, Error> {
    let Some(entry) = layer.0.get(place) else { return Ok(Vec::new()) };
    let sourced = |text: String| Ok((PermissionRule::parse(&text, permission)?, entry.source.clone()));
    layer.texts(place).into_iter().map(sourced).collect()
}

/// A rule in words: `deny run_command(rm *)`.
pub fn describe(rule: &PermissionRule) -> String {
    let word = match rule.permission {
        Permission::Allow => "allow",
        Permission::Ask => "ask",
        Permission::Deny => "deny",
    };
    match &rule.pattern {
        Some(pattern) => format!("{word} {}({pattern})", rule.tool),
        None => format!("{word} {}", rule.tool),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn denials_of_files_come_before_their_questions_and_permits() {
        let layer = |source: Source, deny: &str, ask: &str, allow: &str| {
            let mut layer = Layer::default();
            for (place, rule) in [("deny", deny), ("ask", ask), ("allow", allow)] {
                if !rule.is_empty() {
                    layer.set(format!("permissions.{place}"), json!([rule]), source.clone());
                }
            }
            layer
        };
        let flags = layer(Source::Flag("--deny"), "f1", "", "f2");
        let environment = layer(Source::Environment("E".into()), "e1", "", "e2");
        let project = layer(Source::Project("p".into()), "p1", "p2", "p3");
        let user = layer(Source::User("u".into()), "u1(x*)", "u2", "u3");
        let rules = gather(&[&flags, &environment], &[&project, &user]).unwrap();
        let words = |rules: &[Sourced]| rules.iter().map(|(rule, _)| describe(rule)).collect::<Vec<_>>();
        assert_eq!(words(&rules.given), ["deny f1", "allow f2", "deny e1", "allow e2"]);
        assert_eq!(words(&rules.filed), ["deny p1", "deny u1(x*)", "ask p2", "ask u2", "allow p3", "allow u3"]);
    }
}
