//! Blocks, which become steps of a procedure.

use std::collections::{BTreeMap, BTreeSet};

use super::Compiling;
use super::agent::Answering;
use super::faults::quoted;
use super::keys::{BLOCKS, BlockKind, Standing, block_kind};
use super::prompts::Instructions;
use super::reading::{At, Fields};
use super::scope::{Kind, Scope, find, mapping};
use super::source::Format;
use super::types::misfit;
use crate::config::{NodeKind, did_you_mean};
use crate::domain::{
    AnswerForm, Argument, AskStep, CallStep, Display, OpenThreadStep, SayStep, SerializeStep, SetStep, Speaker, Step,
    StepLabel, Template, ThreadFormat, ThreadSetup, Visibility,
};

/// Most blocks of a handler.
const MOST: usize = 200;

/// The thread that is there without being opened.
const MAIN: &str = "main";

/// A block that opens a thread.
#[derive(Debug)]
pub struct Opener<'a> {
    /// The block.
    pub at: At<'a>,
    /// The place of its handler.
    handler: String,
}

/// What the blocks of one handler know of each other.
pub struct Handler<'s> {
    /// The values that they can name.
    pub scope: &'s Scope,
    /// The threads that are open where the next block stands.
    open: BTreeSet<String>,
}

/// A block that is being read.
struct Block<'a, 'n> {
    name: &'n str,
    fields: Fields<'a>,
    label: StepLabel,
}

impl<'a> Compiling<'a> {
    /// The steps of a handler.
    pub fn steps(&mut self, at: &At<'a>, scope: &Scope) -> Vec<Step> {
        let blocks = self.reading.entries(at);
        if blocks.is_empty() {
            self.reading.warning(at, "there are no blocks, so nothing is done");
        }
        if blocks.len() > MOST {
            self.reading.error(at, format!("there are {} blocks, at most {MOST} are taken", blocks.len()));
            return Vec::new();
        }
        let mut handler = Handler { scope, open: BTreeSet::new() };
        blocks.into_iter().filter_map(|(name, at)| self.step(&mut handler, name, &at)).collect()
    }

    fn step(&mut self, handler: &mut Handler<'_>, name: &str, at: &At<'a>) -> Option<Step> {
        let kind = self.kind(at)?;
        if let Standing::Refused(why) = kind.standing {
            self.reading.error(at, format!("blocks of kind `{}` are not supported: {why}", kind.name));
            return None;
        }
        let fields = self.reading.fields(at, kind.keys);
        let (display, title) = self.reading.shown(&fields);
        let description = self.reading.description(&fields);
        // Of a step people see its name and one line.
        let description = title.filter(|_| display == Some(Display::Title)).or(description);
        let label = StepLabel { name: name.to_owned(), description, display };
        let block = Block { name, fields, label };
        match kind.name {
            "add-message" => self.say(handler, block),
            "next-message" => self.ask(handler, block),
            "tool-call" => self.call(handler, block),
            "set-resource" => self.set(handler, block),
            "start-thread" => self.open(handler, block),
            "serialize-thread" => self.serialize(handler, block),
            _ => None,
        }
    }

    fn kind(&mut self, at: &At<'a>) -> Option<&'static BlockKind> {
        let entries = self.reading.entries(at);
        let Some((_, kind)) = entries.iter().find(|(name, _)| *name == "block") else {
            self.reading.error(at, "`block` is missing: it says what kind of block it is");
            return None;
        };
        let name = self.reading.text(kind)?;
        let found = block_kind(&name);
        if found.is_none() {
            let near = did_you_mean(&name, BLOCKS.iter().map(|kind| kind.name));
            self.reading.error(kind, format!("there is no kind of block {}{near}", quoted(&name)));
        }
        found
    }

    /// The thread of a block, which must be open; nothing = the main one.
    fn thread(&mut self, handler: &Handler<'_>, fields: &Fields<'a>) -> Option<String> {
        let at = fields.get("thread").cloned();
        let name = match &at {
            Some(at) => self.reading.text(at)?,
            None => MAIN.to_owned(),
        };
        let is_worker = self.format == Format::Worker;
        if name == MAIN && !is_worker {
            return None;
        }
        let place = at.unwrap_or_else(|| fields.at.clone());
        if !self.threads.contains_key(&name) && (is_worker && name == MAIN) {
            self.reading.error(&place, "there is no main thread in a worker: name a `thread` that `start-thread` opens");
            return None;
        }
        if !self.threads.contains_key(&name) {
            let message = format!("no `start-thread` opens a thread {}", quoted(&name));
            let near = did_you_mean(&name, self.threads.keys().map(String::as_str));
            self.reading.error(&place, format!("{message}{near}"));
            return Some(name);
        }
        self.used_threads.insert(name.clone());
        if !handler.open.contains(&name) {
            let message = format!("thread {} is not open yet: `start-thread` must come before", quoted(&name));
            // In a session an earlier trigger may have opened it.
            match self.format {
                Format::Worker => self.reading.error(&place, message),
                Format::Interactive if self.opened_here(&place, &name) => self.reading.warning(&place, message),
                Format::Interactive => {}
            }
        }
        Some(name)
    }

    /// Whether the handler that a place is in opens a thread.
    fn opened_here(&self, place: &At<'_>, thread: &str) -> bool {
        let openers = self.threads.get(thread).map_or(&[][..], Vec::as_slice);
        openers.iter().any(|opener| place.path.starts_with(&format!("{}.", opener.handler)))
    }

    /// A variable that a block may set.
    fn output(&mut self, handler: &Handler<'_>, fields: &Fields<'a>, is_needed: bool) -> Option<String> {
        let at = if is_needed { self.reading.needed(fields, "output") } else { fields.get("output").cloned() }?;
        let name = self.reading.text(&at)?;
        match handler.scope.values.get(&name).map(|declared| declared.kind) {
            Some(Kind::Variable) => {
                self.set_variables.insert(name.clone());
                Some(name)
            }
            Some(Kind::Resource) => {
                self.reading.error(
                    &at,
                    format!("{} is a resource: put it into a variable, and then use `set-resource`", quoted(&name)),
                );
                None
            }
            Some(Kind::Input | Kind::Argument) => {
                self.reading.error(&at, format!("{} is an input, and inputs do not change", quoted(&name)));
                None
            }
            None => {
                let known = handler.scope.names(Kind::Variable);
                self.reading.unknown(&at, "variable", &name, known.iter().map(String::as_str));
                None
            }
        }
    }

    /// The value that a key names.
    fn value(&mut self, handler: &Handler<'_>, fields: &Fields<'a>, key: &str) -> Option<String> {
        let at = fields.get(key)?.clone();
        let name = self.reading.text(&at)?;
        find(&mut self.reading, handler.scope, &mut self.used, &at, &name).map(|_| name)
    }

    fn say(&mut self, handler: &Handler<'_>, block: Block<'a, '_>) -> Option<Step> {
        const ROLES: &[(&str, Speaker)] =
            &[("user", Speaker::Person), ("assistant", Speaker::Agent), ("system", Speaker::Environment)];
        let Block { fields, label, .. } = block;
        self.reading.needed(&fields, "role");
        let speaker = self.reading.word(&fields, "role", ROLES);
        let thread = self.thread(handler, &fields);
        let mapped = match fields.get("input").cloned() {
            Some(at) => mapping(&mut self.reading, handler.scope, &mut self.used, &at),
            None => Vec::new(),
        };
        let mut text = Template::default();
        if let Some(at) = self.reading.needed(&fields, "prompt")
            && let Some(name) = self.reading.text(&at)
            && let Some(content) = self.prompts.take(&mut self.reading, &at, &name)
        {
            let said = Instructions::of_prompt(&mut self.reading, &at, &name, content, &mapped, handler.scope);
            text = said.into_template();
        }
        let mut files = Vec::new();
        if let Some(at) = fields.get("files").cloned() {
            for (name, at) in self.reading.texts(&at) {
                let Some(found) = find(&mut self.reading, handler.scope, &mut self.used, &at, &name) else { continue };
                if !matches!(found.type_name.as_str(), "file" | "file[]" | "unknown" | "unknown[]") {
                    let message =
                        format!("{} is of type {}, and not of `file` or `file[]`", quoted(&name), quoted(&found.type_name));
                    self.reading.error(&at, message);
                }
                files.push(name);
            }
        }
        let is_visible = self.reading.flag(&fields, "visible", true);
        let mut shown = self.value(handler, &fields, "uiContent");
        if let Some(at) = fields.get("uiContent").filter(|_| !is_visible).cloned() {
            self.reading.warning(&at, "`uiContent` has no effect with `visible: false`");
            shown = None;
        }
        let visibility = if is_visible { Visibility::All } else { Visibility::Model };
        Some(Step::Say(SayStep { label, text, speaker: speaker?, thread, files, visibility, shown }))
    }

    fn ask(&mut self, handler: &Handler<'_>, block: Block<'a, '_>) -> Option<Step> {
        let Block { fields, label, .. } = block;
        let thread = self.thread(handler, &fields);
        let output = self.output(handler, &fields, false);
        let aside = self.reading.flag(&fields, "independent", false);
        let form = fields.get("responseType").cloned().and_then(|at| {
            let schema = self.types.form(&mut self.reading, &at)?;
            Some(AnswerForm { name: at.as_text().unwrap_or_default().to_owned(), schema })
        });
        Some(Step::Ask(AskStep { label, thread, output, aside, form }))
    }

    fn call(&mut self, handler: &Handler<'_>, block: Block<'a, '_>) -> Option<Step> {
        let Block { fields, label, .. } = block;
        let output = self.output(handler, &fields, false);
        let at = self.reading.needed(&fields, "tool")?;
        let tool = self.reading.text(&at)?;
        let Some(declared) = self.tools.get(&tool).cloned() else {
            self.reading.unknown(&at, "tool", &tool, self.tools.keys().map(String::as_str));
            return None;
        };
        self.used_tools.insert(tool.clone());
        let parameters = &declared.tool.parameters;
        let mut arguments = BTreeMap::new();
        if let Some(at) = fields.get("input").cloned() {
            for (name, at) in self.reading.entries(&at) {
                let Some(schema) = parameters["properties"].get(name) else {
                    if declared.is_whole {
                        let known: Vec<String> =
                            parameters["properties"].as_object().into_iter().flat_map(|all| all.keys().cloned()).collect();
                        let near = did_you_mean(name, known.iter().map(String::as_str));
                        self.reading.error(&at, format!("tool {} has no parameter {}{near}", quoted(&tool), quoted(name)));
                    }
                    continue;
                };
                let argument = self.argument(handler, &at, schema);
                arguments.insert(name.to_owned(), argument);
            }
        }
        let needed = parameters["required"].as_array().into_iter().flatten().filter_map(|name| name.as_str());
        for name in needed.filter(|name| !arguments.contains_key(*name)) {
            let place = fields.get("input").unwrap_or(&fields.at).clone();
            self.reading.error(&place, format!("parameter {} of tool {} is missing", quoted(name), quoted(&tool)));
        }
        Some(Step::Call(CallStep { label, tool, arguments, output }))
    }

    /// A value that names something is that; any other stands for itself.
    fn argument(&mut self, handler: &Handler<'_>, at: &At<'a>, schema: &serde_json::Value) -> Argument {
        if let Some(name) = at.as_text().filter(|name| handler.scope.values.contains_key(*name)) {
            find(&mut self.reading, handler.scope, &mut self.used, at, name);
            return Argument::Variable(name.to_owned());
        }
        let value = at.node.to_value();
        if let Some(why) = misfit(schema, &value) {
            self.reading.error(at, format!("does not fit the parameter: {why}"));
        } else if let Some(text) = at.as_text().filter(|text| text.contains('_') && super::names::is_variable(text)) {
            let near = did_you_mean(text, handler.scope.values.keys().map(String::as_str));
            self.reading.warning(at, format!("{} names nothing here, so it is given as this text{near}", quoted(text)));
        }
        Argument::Literal(value)
    }

    fn set(&mut self, handler: &Handler<'_>, block: Block<'a, '_>) -> Option<Step> {
        let Block { fields, label, .. } = block;
        self.reading.needed(&fields, "value");
        let value = self.value(handler, &fields, "value");
        let at = self.reading.needed(&fields, "resource")?;
        let key = self.reading.text(&at)?;
        match handler.scope.values.get(&key) {
            Some(declared) if declared.kind == Kind::Resource => {
                self.used.insert((Kind::Resource, key.clone()));
                if declared.readonly {
                    self.reading.error(&at, format!("{} is `readonly`", quoted(&key)));
                }
            }
            _ => {
                let known = handler.scope.names(Kind::Resource);
                self.reading.unknown(&at, "resource", &key, known.iter().map(String::as_str));
            }
        }
        Some(Step::Set(SetStep { label, key, value: value? }))
    }

    fn open(&mut self, handler: &mut Handler<'_>, block: Block<'a, '_>) -> Option<Step> {
        let Block { name, fields, label } = block;
        let thread = match fields.get("thread").cloned() {
            Some(at) => self.reading.text(&at)?,
            None => name.to_owned(),
        };
        if thread == MAIN && self.format == Format::Interactive {
            self.reading.error(&fields.at, "the main thread is always open: `agent` says who answers in it");
        }
        if fields.get("model").is_none() && self.format == Format::Worker {
            self.reading.warning(&fields.at, "`model` is missing: the house's own model answers");
        }
        handler.open.insert(thread.clone());
        let Answering { model, instructions, settings, from_state, tools, max_turns, backup: _ } =
            self.answering(&fields, handler.scope, false);
        let setup = ThreadSetup { model, instructions, settings, tools, max_turns, from_state };
        Some(Step::OpenThread(Box::new(OpenThreadStep { label, thread, setup })))
    }

    fn serialize(&mut self, handler: &Handler<'_>, block: Block<'a, '_>) -> Option<Step> {
        let Block { fields, label, .. } = block;
        let thread = self.thread(handler, &fields);
        let formats = &[("markdown", ThreadFormat::Markdown), ("json", ThreadFormat::Json)];
        let format = self.reading.word(&fields, "format", formats).unwrap_or_default();
        let output = self.output(handler, &fields, true)?;
        Some(Step::Serialize(SerializeStep { label, thread, format, output }))
    }

    /// The threads that the blocks of a handler open, by name, with the handler's place.
    pub fn find_threads(&mut self, handler: &At<'a>) {
        let NodeKind::Table(blocks) = &handler.node.kind else { return };
        for (name, block) in blocks {
            let NodeKind::Table(keys) = &block.kind else { continue };
            let text = |wanted: &str| {
                let value = keys.iter().find(|(key, _)| key == wanted).map(|(_, node)| &node.kind);
                match value {
                    Some(NodeKind::Leaf(serde_json::Value::String(text))) => Some(text.clone()),
                    _ => None,
                }
            };
            if text("block").as_deref() == Some("start-thread") {
                let thread = text("thread").unwrap_or_else(|| name.clone());
                let at = At { node: block, path: format!("{}.{name}", handler.path) };
                self.threads.entry(thread).or_default().push(Opener { at, handler: handler.path.clone() });
            }
        }
    }
}
