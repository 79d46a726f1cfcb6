//! `ombud run`: a conversation on a terminal; with a prompt, one turn of one.

mod editor;
mod slash;

use std::io::{self, IsTerminal};
use std::sync::Arc;

use ombud::domain::{AnswerForm, Error, ErrorCode, ModelChoice, Result, SessionId, SessionUpdated};
use ombud::engine::{Engine, SessionFilter, SessionItem, Target};

pub use self::editor::Unseen;
use self::editor::{Editor, Typed};
use self::slash::Slash;
use crate::attachments::Attachments;
use crate::cli::RunArguments;
use crate::distance::Server;
use crate::follow::{Followed, leave};
use crate::naming;
use crate::oneshot;
use crate::output::Output;
use crate::program::Program;
use crate::prompt;
use crate::render::result::{RunResult, error_line};
use crate::render::{View, harmless, note};
use crate::signals::Signals;

/// Sessions that are looked through for the last one of a workspace.
const LOOKED_AT: usize = 500;
/// Messages that `/history` shows.
const HISTORY: usize = 6;
/// What Ctrl-C exits with elsewhere.
const INTERRUPT: u8 = 130;
/// Sessions that `/sessions` shows.
const SESSIONS: usize = 10;

/// A conversation.
struct Conversation<'a> {
    program: &'a Program,
    args: &'a RunArguments,
    house: Arc<dyn Engine>,
    session: Option<SessionId>,
    /// The model that was chosen by `/model` for this session, or for the one that the next question begins.
    model: Option<ModelChoice>,
    /// The form that answers must have.
    form: Option<AnswerForm>,
    signals: Signals,
    /// Whether files went along with a question.
    attached: bool,
    /// When the program leaves, whatever is still at work; absent = when all is done.
    leave_by: Option<tokio::time::Instant>,
}

/// Runs the command; answers what the program exits with.
///
/// # Errors
/// What the engine answers; a failed turn of an interactive conversation is told and the conversation goes on.
pub async fn execute(program: &Program, args: &RunArguments) -> Result<u8> {
    let interactive = args.prompt.is_none() && io::stdin().is_terminal();
    let house = program.open_asking(false).await?;
    let mut signals = Signals::catch().map_err(|error| Error::internal(format!("signals cannot be caught: {error}")))?;
    let form = tokio::select! {
        form = oneshot::form(&args.ask) => form?,
        exit_code = signals.next() => return Ok(exit_code),
    };
    let mut conversation =
        Conversation { program, args, house, session: None, model: None, form, signals, attached: false, leave_by: None };
    conversation.session = conversation.first_session().await?;
    oneshot::tag(&*conversation.house, &program.caller(), conversation.session.as_ref(), &args.ask).await?;
    let exit_code = if interactive {
        conversation.converse().await?
    } else {
        let limits = &program.settings().limits;
        let text = tokio::select! {
            text = prompt::gather(args.prompt.as_deref(), args.ask.no_stdin, program.global.quiet, limits) => text?,
            exit_code = conversation.signals.next() => return Ok(exit_code),
        };
        let result = conversation.turn(&text).await?;
        oneshot::report(program, &result);
        result.exit_code
    };
    leave(&*conversation.house, &mut conversation.signals, conversation.leave_by).await;
    crate::sessions::retain(program, &*conversation.house).await;
    Ok(exit_code)
}

impl Conversation<'_> {
    /// The session that is gone on with: the one that was named, or with `--continue` the last one of this workspace.
    async fn first_session(&self) -> Result<Option<SessionId>> {
        if let Some(named) = &self.args.ask.session {
            let id = naming::session(&*self.house, &self.program.caller(), named).await?;
            self.house.session(&self.program.caller(), &id).await?;
            return Ok(Some(id));
        }
        if !self.args.continue_last {
            return Ok(None);
        }
        let workspace = self.workspace().await?;
        let filter = SessionFilter { limit: LOOKED_AT, ..SessionFilter::default() };
        let page = self.house.sessions(&self.program.caller(), &filter).await?;
        let is_here = |item: &SessionItem| item.summary.session.workspace.as_deref() == Some(&workspace);
        let mut here: Vec<SessionItem> = page.sessions.into_iter().filter(is_here).collect();
        if here.len() > 1 && self.args.prompt.is_none() && self.program.context.manner.may_ask {
            return naming::choose(here).map(Some);
        }
        let last = if here.is_empty() { None } else { Some(here.remove(0)) };
        let last = last.ok_or_else(|| {
            Error::not_found("session of the workspace", &workspace).hint("leave `--continue` out to begin one")
        })?;
        Ok(Some(last.summary.session.id))
    }

    /// The folder that is worked in: one of the server, where a server is asked.
    async fn workspace(&self) -> Result<String> {
        match &self.program.server {
            None => Ok(self.program.settings().workspace.to_string_lossy().into_owned()),
            Some(Server { workspace: Some(workspace), .. }) => Ok(workspace.clone()),
            Some(_) => Ok(self.house.look(&self.program.caller(), None, "").await?.workspace),
        }
    }

    /// The model that is asked when the session has none of its own.
    async fn default_model(&self) -> Result<Option<ModelChoice>> {
        let caller = self.program.caller();
        let agent = match &self.program.server {
            None => Some(&self.program.settings().agent),
            Some(_) => self.program.global.agent.as_ref(),
        };
        match agent {
            Some(agent) => match self.house.agent(&caller, agent).await {
                Err(error) if error.code != ErrorCode::NotFound => Err(error),
                found => Ok(found.ok().map(|item| item.model)),
            },
            None => Ok(self.house.models(&caller).await?.into_iter().next().map(|item| item.model)),
        }
    }

    async fn converse(&mut self) -> Result<u8> {
        let terminal = editor::terminal();
        let mut editor = Editor::open(&self.program.settings().paths.state)?;
        note("Ask anything; `/help` tells what else can be typed, Ctrl-D ends.");
        loop {
            let typed = tokio::select! {
                typed = editor.read() => typed?,
                exit_code = self.ending() => {
                    editor::restore_terminal(&terminal);
                    return Ok(exit_code);
                }
            };
            let line = match typed {
                Typed::Line(line) => line,
                Typed::Interrupted => {
                    note("(Ctrl-D or `/exit` ends)");
                    continue;
                }
                Typed::End => return Ok(0),
            };
            if line.trim().is_empty() {
                continue;
            }
            match slash::read(&line) {
                Some(Slash::Exit) => return Ok(0),
                Some(command) => {
                    if let Err(error) = self.slash(command).await {
                        note(&error_line(&error));
                    }
                }
                None => match self.turn(&line).await {
                    Ok(result) => oneshot::report(self.program, &result),
                    Err(error) => note(&error_line(&error)),
                },
            }
        }
    }

    /// Waits until the program is told to end. Ctrl-C is none such: while somebody types it is a key, and one that comes
    /// late was meant for the answer before.
    async fn ending(&mut self) -> u8 {
        loop {
            let exit_code = self.signals.next().await;
            if exit_code != INTERRUPT {
                return exit_code;
            }
        }
    }

    /// Asks once, in the session of the conversation or in a new one.
    async fn turn(&mut self, text: &str) -> Result<RunResult> {
        let mut ask = oneshot::question(self.program, &self.args.ask, self.session.as_ref(), text)?;
        ask.pins.form.clone_from(&self.form);
        let first = matches!(ask.target, Target::New(_));
        if let Some(model) = &self.model {
            // What was chosen last counts, also over `--model`.
            ask.pins.model = Some(model.clone());
            if let Target::New(new) = &mut ask.target {
                new.model = Some(model.clone());
            }
        }
        let notices = oneshot::notices(self.program, &ask)?;
        // They go along with the first question of a conversation.
        let attachments = match self.attached {
            true => Attachments::default(),
            false => Attachments::read(&self.args.ask.files).await?,
        };
        oneshot::takes_images(self.program, &attachments, &ask)?;
        attachments.add_to(&mut ask);
        let mut view = View::of(self.program);
        if ask.pins.form.is_some() {
            view.holds_back();
        }
        let plain = self.program.format() == crate::cli::Format::Text && !self.program.global.quiet;
        if first && plain && crate::render::is_watched() {
            notices.iter().for_each(|notice| note(&format!("note: {notice}")));
        }
        let caller = self.program.caller();
        // What is typed meanwhile waits, and is not shown in the midst of the answer.
        let unseen = self.program.progress.is_watched().then(Unseen::begin);
        let mut followed = Followed::new(self.program, &*self.house, &caller, &mut self.signals, &mut view);
        followed.denies.clone_from(&self.args.ask.deny);
        let result = followed.ask(ask, notices).await;
        drop(unseen);
        self.leave_by = followed.leave_by;
        if let Some(session) = result.session() {
            self.attached = true;
            self.session = Some(session.clone());
        }
        Ok(result)
    }

    async fn slash(&mut self, command: Slash) -> Result<()> {
        let out = &self.program.context.out;
        let caller = self.program.caller();
        match command {
            Slash::Help => {
                for (word, arguments, what) in slash::TABLE {
                    out.write_line(&format!("{:28}{what}", format!("{word} {arguments}")))?;
                }
                out.write_line("Ctrl-C stops the answer that is being written, and not the program.")?;
            }
            Slash::New => {
                (self.session, self.model) = (None, None);
                out.write_line("the next question begins a new session")?;
            }
            Slash::Session(None) => match &self.session {
                Some(id) => out.write_line(id.as_str())?,
                None => out.write_line("no session yet; the next question begins one")?,
            },
            Slash::Session(Some(id)) => {
                let id = naming::session(&*self.house, &caller, &SessionId::parse(&id)?).await?;
                let item = self.house.session(&caller, &id).await?;
                out.write_line(&format!("in {id} {}", harmless(item.summary.session.title.as_deref().unwrap_or(""))))?;
                (self.session, self.model) = (Some(id), None);
            }
            Slash::Sessions => {
                let filter = SessionFilter { limit: SESSIONS, ..SessionFilter::default() };
                for item in self.house.sessions(&caller, &filter).await?.sessions {
                    let session = item.summary.session;
                    out.write_line(&format!("{}  {}", session.id, harmless(session.title.as_deref().unwrap_or(""))))?;
                }
            }
            Slash::Model(choice) => self.model(choice, out).await?,
            Slash::Name(None) => {
                let item = self.house.session(&caller, &self.current()?).await?;
                out.write_line(&harmless(item.summary.session.title.as_deref().unwrap_or("it has no title")))?;
            }
            Slash::Name(Some(title)) => {
                let change = SessionUpdated { title: Some(Some(title.clone())), ..SessionUpdated::default() };
                self.house.update(&caller, &self.current()?, change).await?;
                out.write_line(&format!("this session is `{}` from now on", harmless(&title)))?;
            }
            Slash::History => {
                let page = self.house.messages(&caller, &self.current()?, None, HISTORY).await?;
                for shown in page.messages {
                    crate::sessions::write_message(out, &shown.into())?;
                }
            }
            Slash::Usage => {
                let usage = self.house.session(&caller, &self.current()?).await?.summary.usage;
                let cost =
                    usage.cost_usd.filter(|cost| *cost > 0.0).map(|cost| format!(", {cost:.4} USD")).unwrap_or_default();
                out.write_line(&format!("{} tokens in, {} out{cost}", usage.input_tokens, usage.output_tokens))?;
            }
            Slash::Exit => {}
            Slash::Unknown(word) => {
                let like = slash::like(&word).map(|like| format!("did you mean `{like}`? ")).unwrap_or_default();
                return Err(Error::invalid(format!("`{}` is not a command here", harmless(&word)))
                    .hint(format!("{like}`/help` lists them")));
            }
        }
        Ok(())
    }

    fn current(&self) -> Result<SessionId> {
        self.session.clone().ok_or_else(|| Error::invalid("there is no session yet").hint("the next question begins one"))
    }

    async fn model(&mut self, choice: Option<String>, out: &Output) -> Result<()> {
        let caller = self.program.caller();
        match choice {
            None => {
                let flag = self.program.global.model.as_deref().map(ModelChoice::parse).transpose()?;
                let own = match &self.session {
                    Some(id) => self.house.session(&caller, id).await?.summary.session.model,
                    None => None,
                };
                let chosen = match self.model.clone().or(flag).or(own) {
                    Some(chosen) => Some(chosen),
                    None => self.default_model().await?,
                };
                out.write_line(&chosen.map_or_else(|| "no model".to_owned(), |model| model.to_string()))
            }
            Some(choice) => {
                let chosen = ModelChoice::parse(&choice)?;
                self.model = Some(chosen.clone());
                let Some(session) = &self.session else {
                    return out.write_line(&format!("{chosen} answers in the session that the next question begins"));
                };
                let change = SessionUpdated { model: Some(Some(chosen.clone())), ..SessionUpdated::default() };
                self.house.update(&caller, session, change).await?;
                out.write_line(&format!("{chosen} answers from now on in this session"))
            }
        }
    }
}
