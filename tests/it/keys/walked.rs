//! The walk of `verbs` goes over every verb.

/// The verbs that only look.
pub const LOOKS: &[&str] = &[
    "agent",
    "agent of run",
    "agents",
    "search",
    "stats",
    "blob",
    "end of run",
    "events",
    "file_bytes",
    "find",
    "health",
    "house_file",
    "house_file_part",
    "house_files",
    "kept_file",
    "kept_files",
    "logout",
    "look",
    "me",
    "memories",
    "messages",
    "models",
    "notices",
    "open_file",
    "open_house_file",
    "pinned_agents",
    "providers",
    "questions",
    "refresh",
    "run",
    "runs",
    "session",
    "session of a key",
    "session_of_key",
    "sessions",
    "share",
    "shelf_get",
    "shelf_list",
    "sign_file, down",
    "state",
    "subscribe",
    "tool_server",
    "tool_server_lines",
    "tool_servers",
    "tools",
    "watch, agent",
    "watch, run",
];

/// A verb that the walk leaves out would be checked by nobody.
#[test]
fn the_walk_goes_over_every_verb() {
    // One waits for the runs of this process, and one is proven by its own signature.
    const NO_VERB: [&str; 2] = ["drain", "redeem_file"];
    let (engine, walk) = (include_str!("../../../src/engine/verbs.rs"), include_str!("verbs.rs"));
    let (_, engine) = engine.split_once("pub trait Engine").unwrap();
    let verbs: Vec<&str> = engine
        .lines()
        .filter_map(|line| line.strip_prefix("    async fn ")?.split('(').next())
        .filter(|verb| !NO_VERB.contains(verb))
        .collect();
    assert!(verbs.len() > 40, "{verbs:?}");
    for verb in verbs {
        assert!(walk.contains(&format!("house.{verb}(who")), "`{verb}` is not walked");
    }
    let users = include_str!("../../../src/engine/users/mod.rs");
    let (_, users) = users.split_once("pub trait Users").unwrap();
    let verbs = users.lines().filter_map(|line| line.strip_prefix("    async fn ")?.split('(').next());
    // Who logs in is nobody yet.
    for verb in verbs.filter(|verb| *verb != "login") {
        assert!(walk.contains(&format!("people.{verb}(who")), "`{verb}` is not walked");
    }
    for (room, called, text) in [
        ("HouseFiles", "files", include_str!("../../../src/engine/house_files/mod.rs")),
        ("Watching", "watching", include_str!("../../../src/engine/watching/mod.rs")),
        ("Channels", "channels", include_str!("../../../src/engine/channels/mod.rs")),
        ("Equipment", "equipment", include_str!("../../../src/engine/equipment.rs")),
        ("Memories", "memories", include_str!("../../../src/engine/memories/mod.rs")),
        ("Keeping", "keeping", include_str!("../../../src/engine/keeping/mod.rs")),
        ("Speech", "speech", include_str!("../../../src/engine/speech.rs")),
        ("Shelves", "shelf", include_str!("../../../src/engine/shelves.rs")),
    ] {
        let (_, verbs) = text.split_once(&format!("pub trait {room}")).unwrap();
        let (verbs, _) = verbs.split_once("\n}\n").unwrap();
        for verb in verbs.lines().filter_map(|line| line.strip_prefix("    async fn ")?.split('(').next()) {
            assert!(walk.contains(&format!("{called}.{verb}(who")), "`{verb}` is not walked");
        }
    }
}
