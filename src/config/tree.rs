//! YAML as a tree that keeps the order of its keys and knows the line of each part, with limits on depth and size.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// Deepest nesting. The parser calls itself, and a thread has 2 MiB of stack: in a debug build they are used up at 64.
const DEPTH: usize = 32;

/// A part of a document, with its line.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The line where it begins, from 1; for the value of a key the line of the key.
    pub line: usize,
    /// What it is.
    pub kind: NodeKind,
}

/// What a part of a document is.
#[derive(Clone, Debug, PartialEq)]
pub enum NodeKind {
    /// A text, a number, a flag or nothing.
    Leaf(Value),
    /// A list.
    List(Vec<Node>),
    /// Keys with their values, in the order of the document. No key comes twice.
    Table(Vec<(String, Node)>),
}

impl Node {
    /// What it says, without lines.
    pub fn to_value(&self) -> Value {
        match &self.kind {
            NodeKind::Leaf(value) => value.clone(),
            NodeKind::List(items) => items.iter().map(Self::to_value).collect(),
            NodeKind::Table(entries) => {
                Value::Object(entries.iter().map(|(name, node)| (name.clone(), node.to_value())).collect())
            }
        }
    }
}

/// Why a document is no YAML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YamlFault {
    /// The line, from 1, where it is known.
    pub line: Option<usize>,
    /// What is wrong.
    pub message: String,
}

/// Reads YAML. A document without a value, such as one of comments only, is nothing.
///
/// # Errors
/// When it is no YAML, has a key twice, is deeper than 32 or larger than 100,000 parts, or its aliases unfold to more than
/// 10,000.
pub fn read_yaml(source: &str) -> Result<Node, YamlFault> {
    if source.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Ok(Node { line: 1, kind: NodeKind::Leaf(Value::Null) });
    }
    // `y`, `on` and `no` are texts here, as they are in YAML 1.2. What people write needs few aliases.
    let options = serde_saphyr::options! {
        strict_booleans: true,
        budget: serde_saphyr::budget! { max_depth: DEPTH, max_nodes: 100_000 },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: 10_000 }
    };
    let tree = serde_saphyr::from_str_with_options::<Tree>(source, options).map_err(|error| {
        let error = error.without_snippet();
        let line = error.location().map(|at| usize::try_from(at.line()).unwrap_or(0)).filter(|line| *line > 0);
        YamlFault { line, message: error.to_string() }
    })?;
    Ok(tree.into_node(1))
}

/// A value of YAML as the parser gives it.
enum Tree {
    Leaf(Value),
    List(Vec<serde_saphyr::Spanned<Tree>>),
    Table(Vec<(serde_saphyr::Spanned<String>, Tree)>),
}

impl Tree {
    fn into_node(self, line: usize) -> Node {
        let line_of = |at: serde_saphyr::Location| usize::try_from(at.line()).unwrap_or(0);
        let kind = match self {
            Self::Leaf(value) => NodeKind::Leaf(value),
            Self::List(items) => {
                NodeKind::List(items.into_iter().map(|item| item.value.into_node(line_of(item.referenced))).collect())
            }
            Self::Table(entries) => {
                let entries = entries.into_iter();
                NodeKind::Table(
                    entries.map(|(name, value)| (name.value, value.into_node(line_of(name.referenced)))).collect(),
                )
            }
        };
        Node { line, kind }
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Leaf(Value::Bool(value)))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Leaf(Value::from(value)))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Tree, E> {
        Ok(Tree::Leaf(Value::from(value)))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Tree, E> {
        Ok(Tree::Leaf(Value::from(value)))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Tree, E> {
        Ok(Tree::Leaf(Value::from(value)))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Tree, E> {
        Ok(Tree::Leaf(Value::Null))
    }

    fn visit_none<E: de::Error>(self) -> Result<Tree, E> {
        Ok(Tree::Leaf(Value::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tree, D::Error> {
        Tree::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Tree, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Tree::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Tree, A::Error> {
        let mut table = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            table.push(entry);
        }
        Ok(Tree::Table(table))
    }
}
