//! `ombud users`: accounts of people.

mod password;

use ombud::domain::{Error, Result, Role, Timestamp, User, UserId};
use ombud::engine::{Engine, NewUser, UserChange, Word};
use secrecy::SecretString;
use serde::Serialize;

use self::password::password;
use crate::cli::{Format, UsersAdd, UsersCommand, UsersUpdate};
use crate::output::table;
use crate::program::Program;
use crate::render::result::minute;
use crate::render::{harmless, note};
use crate::signals::Signals;

/// The variables that name the first administrator of a server, and their password.
const ADMIN: [&str; 2] = ["OMBUD_ADMIN_USERNAME", "OMBUD_ADMIN_PASSWORD"];

/// An account as it is printed. Its form is a contract: `docs/schemas/users.json`.
#[derive(Debug, Serialize)]
struct Line {
    id: UserId,
    name: String,
    email: Option<String>,
    role: Role,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl From<User> for Line {
    fn from(user: User) -> Self {
        let User { id, name, email, role, created_at, updated_at } = user;
        Self { id, name, email, role, created_at, updated_at }
    }
}

#[derive(Serialize)]
struct Changed {
    user: Line,
}

#[derive(Serialize)]
struct Listed {
    users: Vec<Line>,
}

#[derive(Serialize)]
struct Removed {
    removed: Line,
}

#[derive(Serialize)]
struct Issued {
    token: Word,
    expires_at: Timestamp,
    user: Line,
}

#[derive(Serialize)]
struct Rotated {
    rotated: bool,
    ended_all: bool,
}

/// Makes, lists, changes or removes accounts.
///
/// # Errors
/// What the engine answers; `invalid_input` without a password.
pub async fn execute(program: &Program, command: &UsersCommand) -> Result<u8> {
    let asks = match command {
        UsersCommand::Add(UsersAdd { password_stdin, .. }) | UsersCommand::Passwd { password_stdin, .. } => !password_stdin,
        _ => false,
    };
    if !asks || !program.context.manner.may_ask {
        return work(program, command).await;
    }
    // Whoever goes away at the question gets their terminal back as it was.
    let mut signals = Signals::catch().map_err(|error| Error::internal(format!("signals cannot be caught: {error}")))?;
    tokio::select! {
        done = work(program, command) => done,
        exit_code = signals.next() => Ok(exit_code),
    }
}

async fn work(program: &Program, command: &UsersCommand) -> Result<u8> {
    let caller = program.caller();
    match command {
        UsersCommand::Add(arguments) => add(program, arguments).await,
        UsersCommand::List => list(program).await,
        UsersCommand::Update(UsersUpdate { name, role, email }) => {
            let change = UserChange { role: role.map(Into::into), email: email.clone(), password: None };
            let user = program.open().await?.people().update_user(&caller, name, change).await?;
            tell(program, &format!("changed user {} ({})", user.name, user.role.word()), &Changed { user: user.into() })
        }
        UsersCommand::Passwd { name, password_stdin } => {
            let change = UserChange { password: Some(password(program, *password_stdin).await?), ..UserChange::default() };
            let user = program.open().await?.people().update_user(&caller, name, change).await?;
            let told = format!("changed the password of user {}, whose tokens end with it", user.name);
            tell(program, &told, &Changed { user: user.into() })
        }
        UsersCommand::Remove { name } => {
            let user = program.open().await?.people().remove_user(&caller, name).await?;
            tell(program, &format!("removed user {}", user.name), &Removed { removed: user.into() })
        }
        UsersCommand::Token { name, ttl } => token(program, name, *ttl).await,
        UsersCommand::RotateKey { end_all } => {
            lasting(program, "the key")?;
            program.open().await?.people().rotate_signing_key(&caller, *end_all).await?;
            let ended = if *end_all { "; all tokens have ended" } else { "" };
            tell(program, &format!("a new key signs tokens{ended}"), &Rotated { rotated: true, ended_all: *end_all })
        }
    }
}

fn tell(program: &Program, text: &str, document: &impl Serialize) -> Result<u8> {
    match program.format() {
        Format::Text => program.context.out.write_line(&harmless(text))?,
        Format::Json | Format::Jsonl | Format::Tarko => program.context.out.write_json(document)?,
    }
    Ok(0)
}

/// Refuses to make what is forgotten when the program ends.
fn lasting(program: &Program, what: &str) -> Result<()> {
    if program.server.is_none() && program.settings().store_address()?.starts_with("memory") {
        return Err(Error::invalid(format!("a store in memory forgets {what} when this program ends"))
            .hint("ask the server that has it: `--server`, or name another store: `--store`"));
    }
    Ok(())
}

async fn add(program: &Program, arguments: &UsersAdd) -> Result<u8> {
    lasting(program, "the account")?;
    let UsersAdd { name, role, email, password_stdin } = arguments;
    let password = password(program, *password_stdin).await?;
    let new = NewUser { name: name.clone(), role: (*role).into(), email: email.clone(), password };
    let user = program.open().await?.people().create_user(&program.caller(), new).await?;
    tell(program, &format!("added user {} ({})", user.name, user.role.word()), &Changed { user: user.into() })
}

async fn list(program: &Program) -> Result<u8> {
    let users = program.open().await?.people().users(&program.caller()).await?;
    let users: Vec<Line> = users.into_iter().map(Line::from).collect();
    let out = &program.context.out;
    match program.format() {
        Format::Json => out.write_json(&Listed { users })?,
        Format::Jsonl | Format::Tarko => {
            for user in &users {
                out.write_json(user)?;
            }
        }
        Format::Text if users.is_empty() => {
            note("note: nobody has an account here; `ombud users add NAME --role ROLE` makes one")
        }
        Format::Text => {
            let head = ["NAME", "ROLE", "EMAIL", "MADE", "CHANGED"].map(str::to_owned).to_vec();
            let row = |user: &Line| {
                let email = user.email.as_deref().map_or_else(|| "-".to_owned(), harmless);
                let role = user.role.word().to_owned();
                vec![user.name.clone(), role, email, minute(user.created_at), minute(user.updated_at)]
            };
            let rows: Vec<Vec<String>> = std::iter::once(head).chain(users.iter().map(row)).collect();
            out.write(&table(&rows))?;
        }
    }
    Ok(0)
}

async fn token(program: &Program, name: &str, ttl: Option<u64>) -> Result<u8> {
    lasting(program, "the token")?;
    let login = program.open().await?.people().issue_token(&program.caller(), name, ttl).await?;
    let out = &program.context.out;
    if program.format() != Format::Text {
        let (token, expires_at) = (login.token, login.expires_at);
        out.write_json(&Issued { token, expires_at, user: login.user.into() })?;
        return Ok(0);
    }
    out.write_line(login.token.expose())?;
    if !program.global.quiet {
        note(&format!("note: this token of user `{}` counts until {}: keep it", login.user.name, minute(login.expires_at)));
    }
    Ok(0)
}

/// Makes the account of the administrator that the environment names, where there is none of that name. One that is there
/// stays as it is.
///
/// # Errors
/// `invalid_input` when only one of name and password is given, or one of them does not fit.
pub async fn first_admin(program: &Program, engine: &dyn Engine) -> Result<()> {
    let (name, password) = match ADMIN.map(|variable| program.environment.get(variable)) {
        [Some(name), Some(password)] => (name, password),
        [None, None] => return Ok(()),
        [name, _] => {
            let (there, missing) = if name.is_some() { (ADMIN[0], ADMIN[1]) } else { (ADMIN[1], ADMIN[0]) };
            return Err(Error::invalid(format!("`{there}` is set and `{missing}` is not"))
                .hint("an account has a name and a password: set both, or none"));
        }
    };
    let caller = ombud::domain::Principal::house();
    let users = engine.people().users(&caller).await?;
    if users.iter().any(|user| user.name.eq_ignore_ascii_case(name)) {
        return Ok(());
    }
    let password = Word::given(SecretString::from(password));
    let new = NewUser { name: name.to_owned(), role: Role::Admin, email: None, password };
    match engine.people().create_user(&caller, new).await {
        Ok(user) if !program.global.quiet => {
            note(&format!("note: made the account of administrator {}", harmless(&user.name)));
        }
        Ok(_) => {}
        // Another process was quicker.
        Err(error) if error.code == ombud::domain::ErrorCode::Conflict => {}
        Err(error) => {
            let message = format!("the account of `{}` cannot be made: {}", ADMIN[0], error.message);
            return Err(Error { message, ..error });
        }
    }
    Ok(())
}
