//! The routes.

use axum::extract::State;
use http::StatusCode;

use super::files;
use super::request::{Answer, Given, Gives};
use super::{
    agent_secrets, channels, describe, equipment, keeping, keys, rights, sharing, streams, tool_servers, uploads, users,
};
use crate::domain::{Run, Session};
use crate::engine::{
    AgentItem, Answered, Ask, Asked, Completed, Completion, Health, ImportedSession, Looked, MessagePage, NewSession,
    RunFilter, RunPage, SessionFilter, SessionItem, SessionPage, SharedSession,
};
use crate::http::{Caller, Door, Route, Routes};
use crate::remote::wire::{
    Agents, Answers, Cancel, Cancelled, Clear, CreateAgent, Decide, EventPage, Events, Find, Found, KeyedSession, Look,
    Messages, ModelList, Nothing, OfAgent, OfFile, OfRun, OfSession, OfSessionKey, Offer, PinnedAgent, Questions, Refused,
    Remembered, Restore, RestoredRuns, Rewind, RunEnd, Sign, Update, UpdateAgent, Uploads,
};

/// Sessions of a page when nobody says how many.
const PAGE: usize = 50;
/// A stream of Server-Sent Events.
const EVENT_STREAM: &str = "text/event-stream";
/// Any file.
const BYTES: &str = "application/octet-stream";

/// Every route, in the order of the documentation.
pub fn all() -> Routes {
    let routes = [
        of_sessions(),
        channels::routes(),
        keeping::routes(),
        equipment::routes(),
        of_runs(),
        of_files(),
        keys::routes(),
        users::routes(),
        agent_secrets::routes(),
        tool_servers::routes(),
        of_the_house(),
    ];
    routes.into_iter().flatten().map(may_refuse).collect()
}

/// What every route may answer instead.
fn may_refuse(route: Route) -> Route {
    route.gives::<Refused>(StatusCode::BAD_REQUEST, "What does not fit, and where. Other errors have the same form.")
}

fn of_sessions() -> Routes {
    vec![
        Route::post("/ombud/v1/sessions", sessions)
            .about("A page of sessions, the one that changed last first")
            .takes::<describe::SessionFilter>()
            .gives::<describe::SessionPage>(StatusCode::OK, "The sessions."),
        Route::post("/ombud/v1/session", session)
            .about("One session")
            .takes::<OfSession>()
            .gives::<describe::SessionItem>(StatusCode::OK, "The session."),
        Route::post("/ombud/v1/state", state)
            .about("What a session remembers beside what is said")
            .takes::<OfSession>()
            .gives::<Remembered>(StatusCode::OK, "Its values."),
        Route::post("/ombud/v1/session_of_key", session_of_key)
            .about("The session that was made with a key")
            .takes::<OfSessionKey>()
            .gives::<KeyedSession>(StatusCode::OK, "The session, where there is one."),
        Route::post("/ombud/v1/create", create)
            .about("Makes a session in which nothing was said")
            .takes::<describe::NewSession>()
            .gives::<describe::Session>(StatusCode::OK, "The session."),
        Route::post("/ombud/v1/update", update)
            .about("Changes title, labels, agent, model or attributes of a session")
            .takes::<Update>()
            .gives::<describe::Session>(StatusCode::OK, "The session."),
        Route::post("/ombud/v1/clear", clear)
            .about("Removes what was said in a session, for good; the session stays, or its time is over")
            .takes::<Clear>()
            .gives::<Nothing>(StatusCode::OK, "It is gone."),
        Route::post("/ombud/v1/rewind", rewind)
            .about("Goes back in a session to after a message; what came later counts for nothing")
            .takes::<Rewind>()
            .gives::<Nothing>(StatusCode::OK, "It was done."),
        Route::post("/ombud/v1/delete", delete)
            .about("Ends a session, for good")
            .takes::<OfSession>()
            .gives::<Nothing>(StatusCode::OK, "It is gone."),
        Route::post("/ombud/v1/messages", messages)
            .about("The newest messages before a place in the log")
            .takes::<Messages>()
            .gives::<describe::MessagePage>(StatusCode::OK, "The messages."),
        Route::post("/ombud/v1/events", events)
            .about("Facts after a cursor, oldest first")
            .takes::<Events>()
            .gives::<EventPage>(StatusCode::OK, "The facts."),
        Route::post("/ombud/v1/import", import)
            .about("Replaces a session's history, or makes a session with one")
            .takes::<describe::ImportedSession>()
            .gives::<describe::Session>(StatusCode::OK, "The session."),
        Route::get("/ombud/v1/subscribe", streams::subscribe)
            .about("Everything after a cursor, and what comes")
            .query("session", "The session.", true)
            .query("after", "The cursor; absent = from the beginning. `Last-Event-ID` counts first.", false)
            .gives_media(
                StatusCode::OK,
                EVENT_STREAM,
                "Frames: `id` is a cursor, `data` one line of JSON. `failed` ends it.",
            ),
    ]
}

fn of_runs() -> Routes {
    vec![
        Route::post("/ombud/v1/ask", ask)
            .about("Says something in a session, and has an agent answer")
            .takes::<describe::Ask>()
            .gives::<describe::Asked>(
                StatusCode::OK,
                "It was taken, and is durable. What the agent does comes by `subscribe`.",
            ),
        Route::post("/ombud/v1/answer", answer)
            .about("Gives what the caller's tools gave")
            .takes::<Answers>()
            .gives::<describe::Answered>(StatusCode::OK, "It was taken."),
        Route::post("/ombud/v1/cancel", cancel)
            .about("Asks runs of a session to end")
            .takes::<Cancel>()
            .gives::<Cancelled>(StatusCode::OK, "The runs that it is about."),
        Route::post("/ombud/v1/run", run)
            .about("One run")
            .takes::<OfRun>()
            .gives::<describe::Run>(StatusCode::OK, "The run."),
        Route::post("/ombud/v1/run_agent", run_agent)
            .about("The agent as a run pinned it")
            .takes::<OfRun>()
            .gives::<PinnedAgent>(StatusCode::OK, "The agent."),
        Route::post("/ombud/v1/runs", runs)
            .about("Runs, newest first")
            .takes::<describe::RunFilter>()
            .gives::<describe::RunPage>(StatusCode::OK, "The runs, and how many there are in all."),
        Route::post("/ombud/v1/run_end", run_end)
            .about("How a run ended, with its answer")
            .takes::<OfRun>()
            .gives::<RunEnd>(StatusCode::OK, "Its end, as the log has it; nothing while it has not ended."),
        Route::post("/ombud/v1/questions", questions)
            .about("The permission questions that wait for somebody")
            .takes::<Nothing>()
            .gives::<Questions>(StatusCode::OK, "The questions."),
        Route::post("/ombud/v1/decide", decide)
            .about("Answers a permission question")
            .takes::<Decide>()
            .gives::<Nothing>(StatusCode::OK, "It was answered."),
        Route::post("/ombud/v1/restore", restore)
            .about("Closes, or goes on with, runs whose process died")
            .takes::<Restore>()
            .gives::<RestoredRuns>(StatusCode::OK, "What was done."),
    ]
}

fn of_files() -> Routes {
    vec![
        Route::post("/ombud/v1/look", look)
            .about("What stands under a path of a workspace")
            .takes::<Look>()
            .gives::<describe::Looked>(StatusCode::OK, "What is there."),
        Route::post("/ombud/v1/find", find)
            .about("Files of a workspace by name")
            .takes::<Find>()
            .gives::<Found>(StatusCode::OK, "The files."),
        Route::post("/ombud/v1/share", share)
            .about("A session as others may see it")
            .takes::<OfSession>()
            .gives::<describe::SharedSession>(StatusCode::OK, "The session."),
        Route::get("/ombud/v1/file", files::file)
            .about("The bytes of a file of a workspace")
            .query("session", "Whose workspace; absent = the house's.", false)
            .query("path", "The path in it.", true)
            .gives_media(StatusCode::OK, BYTES, "The file, or the part of it that `Range` asks for."),
        Route::get("/ombud/v1/blob", files::blob)
            .about("The full output of a call, or the bytes of a file of a session")
            .query("session", "The session.", true)
            .query("blob", "The blob: a SHA-256 in hexadecimal.", true)
            .gives_media(StatusCode::OK, BYTES, "The bytes."),
        Route::post("/ombud/v1/offer", uploads::offer)
            .about("Offers files to a session: checks them, and gives them ids")
            .takes::<Offer>()
            .gives::<Uploads>(StatusCode::OK, "The files, pending, in the same order."),
        Route::put("/ombud/v1/upload", uploads::put)
            .about("Gives the bytes of a file that was offered, as the body")
            .query("session", "The session.", true)
            .query("file", "The id that the offer gave.", true)
            .query("name", "As it was offered.", true)
            .query("media_type", "As it was offered.", true)
            .query("size", "As it was offered, in bytes.", true)
            .query("offered_at", "As the offer gave it.", true)
            .gives::<describe::File>(StatusCode::OK, "The file, ready."),
        Route::post("/ombud/v1/uploads", uploads::all)
            .about("The files of a session")
            .takes::<OfSession>()
            .gives::<Uploads>(StatusCode::OK, "The files, the oldest first."),
        Route::post("/ombud/v1/upload", uploads::one)
            .about("One file of a session")
            .takes::<OfFile>()
            .gives::<describe::File>(StatusCode::OK, "The file."),
        Route::get("/ombud/v1/upload", uploads::bytes)
            .about("The bytes of a file of a session")
            .query("session", "The session.", true)
            .query("file", "The file.", true)
            .gives_media(StatusCode::OK, BYTES, "The file, or the part of it that `Range` asks for."),
        Route::post("/ombud/v1/discard", uploads::discard)
            .about("Takes a file of a session away, for good, also out of the messages that show it")
            .takes::<OfFile>()
            .gives::<Nothing>(StatusCode::OK, "It is gone."),
        Route::post("/ombud/v1/sign", uploads::sign)
            .about("Signs a permission to upload or download one file, for whoever holds it")
            .takes::<Sign>()
            .gives::<describe::SignedFile>(StatusCode::OK, "The permission, and when it ends."),
        Route::get("/ombud/v1/page", sharing::page)
            .about("A page that replays a session, for others")
            .query("session", "The session.", true)
            .query("download", "Anything: as a file, not to be shown.", false)
            .gives_media(StatusCode::OK, "text/html", "The page."),
        Route::post("/ombud/v1/sharing", sharing::sharing).about("Where sessions can be uploaded").takes::<Nothing>(),
        Route::post("/ombud/v1/publish", sharing::publish).about("Uploads the page of a session").takes::<OfSession>(),
    ]
}

fn of_the_house() -> Routes {
    vec![
        Route::post("/ombud/v1/agents", agents)
            .about("The agents")
            .takes::<Nothing>()
            .gives::<Agents>(StatusCode::OK, "The agents."),
        Route::post("/ombud/v1/agent", agent)
            .about("One agent, by its name or its id; by its id also one that was removed")
            .takes::<OfAgent>()
            .gives::<describe::AgentItem>(StatusCode::OK, "The agent."),
        Route::post("/ombud/v1/create_agent", create_agent)
            .about("Makes an agent, for every process of the house")
            .takes::<CreateAgent>()
            .gives::<describe::AgentItem>(StatusCode::OK, "The agent as it is kept."),
        Route::post("/ombud/v1/update_agent", update_agent)
            .about("Replaces the definition of an agent")
            .takes::<UpdateAgent>()
            .gives::<describe::AgentItem>(StatusCode::OK, "The agent as it is kept."),
        Route::post("/ombud/v1/remove_agent", remove_agent)
            .about("Removes an agent; its sessions can still be read")
            .takes::<OfAgent>()
            .gives::<describe::AgentItem>(StatusCode::OK, "The agent as it was."),
        Route::post("/ombud/v1/models", models)
            .about("The models that can be asked")
            .takes::<Nothing>()
            .gives::<ModelList>(StatusCode::OK, "The models."),
        Route::post("/ombud/v1/complete", complete)
            .about("One answer of a model outside of any session")
            .takes::<describe::Completion>()
            .gives::<describe::Completed>(StatusCode::OK, "The answer."),
        Route::post("/ombud/v1/health", health)
            .about("How the house is")
            .takes::<Nothing>()
            .gives::<describe::Health>(StatusCode::OK, "How it is."),
        Route::get("/ombud/v1/notices", streams::notices).about("What changes in the house, from now on").gives_media(
            StatusCode::OK,
            EVENT_STREAM,
            "Notices: `data` is one line of JSON.",
        ),
    ]
}

async fn sessions(
    State(door): State<Door>,
    Caller(caller): Caller,
    Given(mut filter): Given<SessionFilter>,
) -> Answer<SessionPage> {
    if filter.limit == 0 {
        filter.limit = PAGE;
    }
    Ok(Gives(door.engine.sessions(&caller, &filter).await?))
}

async fn session(State(door): State<Door>, Caller(caller): Caller, Given(of): Given<OfSession>) -> Answer<SessionItem> {
    Ok(Gives(door.engine.session(&caller, &of.session).await?))
}

async fn create(State(door): State<Door>, Caller(caller): Caller, Given(new): Given<NewSession>) -> Answer<Session> {
    rights::session(&caller, &new)?;
    Ok(Gives(door.engine.create(&caller, new).await?))
}

async fn update(State(door): State<Door>, Caller(caller): Caller, Given(update): Given<Update>) -> Answer<Session> {
    rights::change(&caller, &update.change)?;
    Ok(Gives(door.engine.update(&caller, &update.session, update.change).await?))
}

async fn clear(State(door): State<Door>, Caller(caller): Caller, Given(clear): Given<Clear>) -> Answer<Nothing> {
    door.engine.clear(&caller, &clear.session, clear.then).await?;
    Ok(Gives(Nothing {}))
}

async fn rewind(State(door): State<Door>, Caller(caller): Caller, Given(rewind): Given<Rewind>) -> Answer<Nothing> {
    door.engine.rewind(&caller, &rewind.session, rewind.after.as_ref()).await?;
    Ok(Gives(Nothing {}))
}

async fn delete(State(door): State<Door>, Caller(caller): Caller, Given(of): Given<OfSession>) -> Answer<Nothing> {
    door.engine.delete(&caller, &of.session).await?;
    Ok(Gives(Nothing {}))
}

async fn ask(State(door): State<Door>, Caller(caller): Caller, Given(mut ask): Given<Ask>) -> Answer<Asked> {
    rights::ask(&caller, &mut ask, &door.settings.budgets)?;
    Ok(Gives(door.engine.ask(&caller, ask).await?))
}

async fn answer(State(door): State<Door>, Caller(caller): Caller, Given(answers): Given<Answers>) -> Answer<Answered> {
    Ok(Gives(door.engine.answer(&caller, &answers.run, answers.returns).await?))
}

async fn state(State(door): State<Door>, Caller(caller): Caller, Given(of): Given<OfSession>) -> Answer<Remembered> {
    Ok(Gives(Remembered { state: door.engine.state(&caller, &of.session).await? }))
}

async fn session_of_key(
    State(door): State<Door>,
    Caller(caller): Caller,
    Given(of): Given<OfSessionKey>,
) -> Answer<KeyedSession> {
    Ok(Gives(KeyedSession { session: door.engine.session_of_key(&caller, &of.key).await? }))
}

async fn run_agent(State(door): State<Door>, Caller(caller): Caller, Given(of): Given<OfRun>) -> Answer<PinnedAgent> {
    Ok(Gives(PinnedAgent { agent: door.engine.run_agent(&caller, &of.run).await? }))
}

async fn cancel(State(door): State<Door>, Caller(caller): Caller, Given(cancel): Given<Cancel>) -> Answer<Cancelled> {
    let runs = door.engine.cancel(&caller, &cancel.session, cancel.run.as_ref(), &cancel.reason).await?;
    Ok(Gives(Cancelled { runs }))
}

async fn messages(State(door): State<Door>, Caller(caller): Caller, Given(page): Given<Messages>) -> Answer<MessagePage> {
    Ok(Gives(door.engine.messages(&caller, &page.session, page.before, page.limit).await?))
}

async fn events(State(door): State<Door>, Caller(caller): Caller, Given(page): Given<Events>) -> Answer<EventPage> {
    let events = door.engine.events(&caller, &page.session, page.after, page.limit).await?;
    Ok(Gives(EventPage { events }))
}

async fn run(State(door): State<Door>, Caller(caller): Caller, Given(of): Given<OfRun>) -> Answer<Run> {
    Ok(Gives(door.engine.run(&caller, &of.run).await?))
}

async fn runs(State(door): State<Door>, Caller(caller): Caller, Given(filter): Given<RunFilter>) -> Answer<RunPage> {
    Ok(Gives(door.engine.runs(&caller, &filter).await?))
}

async fn run_end(State(door): State<Door>, Caller(caller): Caller, Given(of): Given<OfRun>) -> Answer<RunEnd> {
    Ok(Gives(RunEnd { end: door.engine.run_end(&caller, &of.run).await? }))
}

async fn agents(State(door): State<Door>, Caller(caller): Caller, Given(_): Given<Nothing>) -> Answer<Agents> {
    Ok(Gives(Agents { agents: door.engine.agents(&caller).await? }))
}

async fn agent(State(door): State<Door>, Caller(caller): Caller, Given(of): Given<OfAgent>) -> Answer<AgentItem> {
    Ok(Gives(door.engine.agent(&caller, &of.agent).await?))
}

async fn create_agent(
    State(door): State<Door>,
    Caller(caller): Caller,
    Given(create): Given<CreateAgent>,
) -> Answer<AgentItem> {
    rights::definition(&caller, &create.definition)?;
    Ok(Gives(door.engine.create_agent(&caller, create.definition).await?))
}

async fn update_agent(
    State(door): State<Door>,
    Caller(caller): Caller,
    Given(update): Given<UpdateAgent>,
) -> Answer<AgentItem> {
    rights::definition(&caller, &update.definition)?;
    let UpdateAgent { agent, definition, revision } = update;
    Ok(Gives(door.engine.update_agent(&caller, &agent, definition, revision.as_ref()).await?))
}

async fn remove_agent(State(door): State<Door>, Caller(caller): Caller, Given(of): Given<OfAgent>) -> Answer<AgentItem> {
    Ok(Gives(door.engine.remove_agent(&caller, &of.agent).await?))
}

async fn models(State(door): State<Door>, Caller(caller): Caller, Given(_): Given<Nothing>) -> Answer<ModelList> {
    Ok(Gives(ModelList { models: door.engine.models(&caller).await? }))
}

async fn complete(
    State(door): State<Door>,
    Caller(caller): Caller,
    Given(completion): Given<Completion>,
) -> Answer<Completed> {
    Ok(Gives(door.engine.complete(&caller, completion).await?))
}

async fn look(State(door): State<Door>, Caller(caller): Caller, Given(look): Given<Look>) -> Answer<Looked> {
    Ok(Gives(door.engine.look(&caller, look.session.as_ref(), &look.path).await?))
}

async fn find(State(door): State<Door>, Caller(caller): Caller, Given(mut find): Given<Find>) -> Answer<Found> {
    if find.search.limit == 0 {
        find.search.limit = PAGE;
    }
    Ok(Gives(Found { files: door.engine.find(&caller, find.session.as_ref(), &find.search).await? }))
}

async fn share(State(door): State<Door>, Caller(caller): Caller, Given(of): Given<OfSession>) -> Answer<SharedSession> {
    Ok(Gives(door.engine.share(&caller, &of.session).await?))
}

async fn questions(State(door): State<Door>, Caller(caller): Caller, Given(_): Given<Nothing>) -> Answer<Questions> {
    Ok(Gives(Questions { questions: door.engine.questions(&caller).await? }))
}

async fn decide(State(door): State<Door>, Caller(caller): Caller, Given(decide): Given<Decide>) -> Answer<Nothing> {
    door.engine.decide(&caller, &decide.call, decide.decision).await?;
    Ok(Gives(Nothing {}))
}

async fn restore(State(door): State<Door>, Caller(caller): Caller, Given(restore): Given<Restore>) -> Answer<RestoredRuns> {
    let restored = door.engine.restore(&caller, restore.session.as_ref(), restore.orphans).await?;
    Ok(Gives(RestoredRuns { restored }))
}

async fn import(
    State(door): State<Door>,
    Caller(caller): Caller,
    Given(imported): Given<ImportedSession>,
) -> Answer<Session> {
    rights::session(&caller, &imported.session)?;
    Ok(Gives(door.engine.import(&caller, imported).await?))
}

async fn health(State(door): State<Door>, Caller(caller): Caller, Given(_): Given<Nothing>) -> Answer<Health> {
    Ok(Gives(door.engine.health(&caller).await?))
}
