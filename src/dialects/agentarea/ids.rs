//! Ids of this API: those of the house, each with the word of its kind before it.

use crate::domain::{Principal, UserId};
use crate::engine::AgentItem;

/// The kinds of things, as their ids begin.
pub const AGENT: &str = "agent-";
/// Of files.
pub const FILE: &str = "file-";
/// Of messages.
pub const MESSAGE: &str = "msg-";
/// Of tool servers.
pub const SERVER: &str = "server-";
/// Of sessions that this API opens; others keep the id that they have.
pub const SESSION: &str = "session-";
/// Of runs.
pub const TASK: &str = "task-";
/// Of people with an account.
pub const USER: &str = "user-";

/// The id of an agent: one of the configuration has none, and is known by its name.
pub fn agent(item: &AgentItem) -> String {
    match &item.id {
        Some(id) => format!("{AGENT}{id}"),
        None => format!("{AGENT}{}", item.agent.name),
    }
}

/// The id of a user.
pub fn user(id: &UserId) -> String {
    format!("{USER}{id}")
}

/// Who calls, as what they make tells it.
pub fn maker(caller: &Principal) -> String {
    caller.user.as_ref().map_or_else(|| caller.name.clone(), user)
}

/// The house's id in one of a kind; `None` for what has not its form.
pub fn own<'a>(kind: &str, id: &'a str) -> Option<&'a str> {
    id.strip_prefix(kind).filter(|rest| !rest.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_says_of_what_it_is() {
        assert_eq!((own(AGENT, "agent-a-b"), own(AGENT, "a-b"), own(AGENT, "agent-")), (Some("a-b"), None, None));
        let known = Principal { user: Some(UserId::from_text("1")), ..Principal::local("token") };
        assert_eq!((maker(&known).as_str(), maker(&Principal::local("token")).as_str()), ("user-1", "token"));
    }
}
