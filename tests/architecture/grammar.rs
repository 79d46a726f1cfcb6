//! What only the grammar of a Rust file tells: matches with their arms, functions with their parameters, definitions.

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// A `match` with an arm that takes whatever is left.
#[derive(Debug)]
pub struct OpenMatch {
    /// The line of that arm.
    pub line: usize,
    /// The enums that its other arms name.
    pub enums: Vec<String>,
}

/// A function's head.
#[derive(Debug)]
pub struct Function {
    /// Counted from 1.
    pub line: usize,
    /// Its name.
    pub name: String,
    /// How many parameters it has, `self` among them.
    pub parameters: usize,
}

/// A name that the file gives to a type, a trait or a module.
#[derive(Debug)]
pub struct Definition {
    /// Counted from 1.
    pub line: usize,
    /// The name.
    pub name: String,
}

/// What the grammar tells.
#[derive(Debug, Default)]
pub struct Grammar {
    /// Matches that are not exhaustive by name.
    pub open_matches: Vec<OpenMatch>,
    /// All functions.
    pub functions: Vec<Function>,
    /// All types, traits and modules.
    pub definitions: Vec<Definition>,
}

/// Reads a file.
pub fn grammar(file: &syn::File) -> Grammar {
    let mut reader = Reader::default();
    reader.visit_file(file);
    reader.grammar
}

#[derive(Default)]
struct Reader {
    grammar: Grammar,
    /// What `Self` is at the moment.
    itself: Option<String>,
}

impl Reader {
    fn function(&mut self, signature: &syn::Signature) {
        let (line, name) = (signature.fn_token.span.start().line, signature.ident.to_string());
        self.grammar.functions.push(Function { line, name, parameters: signature.inputs.len() });
    }

    fn define(&mut self, name: &syn::Ident) {
        self.grammar.definitions.push(Definition { line: name.span().start().line, name: name.to_string() });
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_signature(&mut self, signature: &'ast syn::Signature) {
        self.function(signature);
        visit::visit_signature(self, signature);
    }

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.define(&item.ident);
        visit::visit_item_struct(self, item);
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        self.define(&item.ident);
        visit::visit_item_enum(self, item);
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.define(&item.ident);
        visit::visit_item_trait(self, item);
    }

    fn visit_item_type(&mut self, item: &'ast syn::ItemType) {
        self.define(&item.ident);
        visit::visit_item_type(self, item);
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.define(&item.ident);
        visit::visit_item_mod(self, item);
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let itself = match item.self_ty.as_ref() {
            syn::Type::Path(path) => path.path.segments.last().map(|segment| segment.ident.to_string()),
            _ => None,
        };
        let before = std::mem::replace(&mut self.itself, itself);
        visit::visit_item_impl(self, item);
        self.itself = before;
    }

    fn visit_expr_match(&mut self, expression: &'ast syn::ExprMatch) {
        let mut named = Named { itself: self.itself.as_deref(), enums: Vec::new() };
        for arm in &expression.arms {
            named.visit_pat(&arm.pat);
        }
        let enums = named.enums;
        if let Some(open) = expression.arms.iter().find(|arm| takes_anything(&arm.pat)) {
            self.grammar.open_matches.push(OpenMatch { line: open.pat.span().start().line, enums });
        }
        visit::visit_expr_match(self, expression);
    }
}

/// Collects the enums that patterns name.
struct Named<'a> {
    itself: Option<&'a str>,
    enums: Vec<String>,
}

impl<'ast> Visit<'ast> for Named<'_> {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        if let Some(owner) = path.segments.iter().rev().nth(1) {
            let owner = owner.ident.to_string();
            self.enums.push(if owner == "Self" { self.itself.unwrap_or("Self").to_owned() } else { owner });
        }
        visit::visit_path(self, path);
    }
}

/// `_`, or a new name for whatever is there.
fn takes_anything(pattern: &syn::Pat) -> bool {
    match pattern {
        syn::Pat::Wild(_) => true,
        syn::Pat::Ident(binding) => {
            binding.subpat.is_none() && binding.ident.to_string().starts_with(|first: char| first.is_lowercase())
        }
        syn::Pat::Or(either) => either.cases.iter().any(takes_anything),
        syn::Pat::Paren(inner) => takes_anything(&inner.pat),
        _ => false,
    }
}
