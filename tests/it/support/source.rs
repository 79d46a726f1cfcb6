//! What the source says about its words: the comments on the types of `src/domain`, from which pages are made.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use syn::{Attribute, Expr, Fields, Item, Lit, Meta, Type};

/// A field or a variant.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its name in the source.
    pub name: String,
    /// Its comment, on one line.
    pub about: String,
    /// The type whose fields stand among those of this one.
    flattened: Option<String>,
}

/// The types of `src/domain` by their names, variants with fields as `ENUM::VARIANT`; with their fields or variants.
pub struct Source(BTreeMap<String, Vec<Member>>);

impl Source {
    /// Reads `src/domain`.
    pub fn of_domain() -> Self {
        let mut source = Self(BTreeMap::new());
        source.read_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/domain"));
        source
    }

    /// The fields or variants of a type, in their order.
    pub fn members(&self, name: &str) -> &[Member] {
        self.0.get(name).unwrap_or_else(|| panic!("src/domain has no type `{name}`"))
    }

    /// The comment on a field, also on one of a type whose fields stand among those of this one.
    pub fn about(&self, name: &str, field: &str) -> Option<String> {
        let members = self.members(name);
        if let Some(own) = members.iter().find(|member| member.name == field && member.flattened.is_none()) {
            return Some(own.about.clone());
        }
        // Beside the event's own id, that of a call has another name.
        let theirs = if field == "call_id" { "id" } else { field };
        members.iter().filter_map(|member| member.flattened.as_ref()).find_map(|other| self.about(other, theirs))
    }

    fn read_folder(&mut self, folder: &Path) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                self.read_folder(&path);
            } else {
                for item in syn::parse_file(&fs::read_to_string(&path).unwrap()).unwrap().items {
                    self.read_item(&item);
                }
            }
        }
    }

    fn read_item(&mut self, item: &Item) {
        match item {
            Item::Struct(item) => {
                self.0.insert(item.ident.to_string(), members(&item.fields));
            }
            Item::Enum(item) => {
                let name = item.ident.to_string();
                for variant in &item.variants {
                    self.0.insert(format!("{name}::{}", variant.ident), members(&variant.fields));
                }
                let variants = item.variants.iter();
                let variants = variants.map(|variant| Member {
                    name: variant.ident.to_string(),
                    about: about(&variant.attrs),
                    flattened: None,
                });
                self.0.insert(name, variants.collect());
            }
            _ => {}
        }
    }
}

fn members(fields: &Fields) -> Vec<Member> {
    let member = |field: &syn::Field| {
        let name = field.ident.as_ref()?.to_string();
        let flat = field.attrs.iter().any(|attribute| {
            matches!(&attribute.meta, Meta::List(list) if list.path.is_ident("serde")
                && list.tokens.to_string().starts_with("flatten"))
        });
        let flattened = match &field.ty {
            Type::Path(path) if flat => path.path.segments.last().map(|last| last.ident.to_string()),
            _ => None,
        };
        Some(Member { name, about: about(&field.attrs), flattened })
    };
    fields.iter().filter_map(member).collect()
}

/// The first paragraph of a comment, on one line, without links.
fn about(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Str(text) => Some(text.value().trim().to_owned()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    });
    let paragraph: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    paragraph.join(" ").replace("[`", "`").replace("`]", "`")
}
