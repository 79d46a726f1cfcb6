//! `ombud sessions fork`

use ombud::domain::{MessageId, Result, SessionId};
use ombud::engine::ForkedSession;
use serde::Serialize;
use serde_json::Value;

use crate::cli::{Format, SessionsFork};
use crate::naming;
use crate::program::Program;

/// Its form is a contract: `docs/schemas/fork.json`.
#[derive(Serialize)]
struct Document {
    session: SessionId,
    from: SessionId,
    message: Option<String>,
}

pub async fn execute(program: &Program, args: &SessionsFork) -> Result<u8> {
    let house = program.open().await?;
    let caller = program.caller();
    let from = naming::session(&*house, &caller, &args.id).await?;
    let at = args.at.as_deref().map(MessageId::from_text);
    let fork = ForkedSession { at, id: args.new.clone(), title: args.name.clone() };
    let session = house.keeping().fork(&caller, &from, &fork).await?;
    let message = session.attributes.get("fork").and_then(|fork| fork.get("message")).and_then(Value::as_str);
    let document = Document { message: message.map(str::to_owned), session: session.id, from };
    let out = &program.context.out;
    match program.format() {
        Format::Text => out.write_line(document.session.as_str())?,
        Format::Json | Format::Jsonl | Format::Tarko => out.write_json(&document)?,
    }
    Ok(0)
}
