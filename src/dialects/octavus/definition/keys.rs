//! Every key of a definition: what works here, what is accepted without effect, and what is refused. The reader, the
//! documentation and the tests all go by these tables.

/// What becomes of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It does what it says.
    Works,
    /// It is accepted, and does nothing here: why that does no harm.
    Ignored(&'static str),
    /// It is refused: why.
    Refused(&'static str),
}

/// A key of a table.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What becomes of it.
    pub standing: Standing,
}

/// A kind of block.
#[derive(Clone, Copy, Debug)]
pub struct BlockKind {
    /// Its name.
    pub name: &'static str,
    /// What becomes of it.
    pub standing: Standing,
    /// Its keys; empty for one that is refused.
    pub keys: &'static [Key],
}

const fn works(name: &'static str) -> Key {
    Key { name, standing: Standing::Works }
}

const fn ignored(name: &'static str, why: &'static str) -> Key {
    Key { name, standing: Standing::Ignored(why) }
}

const fn refused(name: &'static str, why: &'static str) -> Key {
    Key { name, standing: Standing::Refused(why) }
}

const fn block(name: &'static str, keys: &'static [Key]) -> BlockKind {
    BlockKind { name, standing: Standing::Works, keys }
}

const fn refused_block(name: &'static str, why: &'static str) -> BlockKind {
    BlockKind { name, standing: Standing::Refused(why), keys: &[] }
}

/// Several lists as one.
const fn joined<const LENGTH: usize>(lists: &[&[Key]]) -> [Key; LENGTH] {
    let mut all = [works(""); LENGTH];
    let (mut list, mut at) = (0, 0);
    while list < lists.len() {
        let mut place = 0;
        while place < lists[list].len() {
            all[at] = lists[list][place];
            (at, place) = (at + 1, place + 1);
        }
        list += 1;
    }
    all
}

const NO_IMAGES: &str = "images are not generated here";
const NO_VIDEO: &str = "videos are not generated here";
const NO_SPEECH: &str = "speech is not generated here";
const NO_TRANSCRIPTS: &str = "speech is not transcribed here";
const NO_MCP: &str = "MCP servers are not connected yet";
const NO_WORKERS: &str = "workers are not called by other agents here; execute them by themselves";
const NO_SEARCH: &str = "the web is not searched here; declare a tool of your own that does it";
const ONE_BACKUP: &str = "the `backupModel` of `agent` stands in";
const OWN_CACHE: &str = "the provider's own caching applies";
const NO_SPEED: &str = "the provider's ordinary speed applies";
const NO_SANDBOX: &str = "there is no sandbox that could run out of time";
const OWN_CAPS: &str = "the house's own limits apply";
const FULL_IMAGES: &str = "images are sent as they are";
const NO_TODO: &str = "the model is given no list of tasks";
const NO_GUARD: &str = "an answer that repeats itself ends at the model's own limit";

/// Keys of the whole protocol.
pub const PROTOCOL: &[Key] = &[
    works("input"),
    works("variables"),
    works("resources"),
    works("types"),
    works("triggers"),
    works("handlers"),
    works("tools"),
    works("skills"),
    refused("onDemandSkills", "skills are not looked up while an agent works"),
    refused("mcpServers", NO_MCP),
    refused("onDemandMcpServers", NO_MCP),
    refused("workers", NO_WORKERS),
    works("agent"),
    works("steps"),
    works("output"),
];

/// Keys of the protocol that only agents of the format `interactive` have.
pub const INTERACTIVE_ONLY: &[&str] = &["triggers", "handlers", "agent", "workers"];
/// Keys of the protocol that only workers have.
pub const WORKER_ONLY: &[&str] = &["steps", "output"];

/// Keys that say who answers, and how: of `agent`, and of a thread.
const SETUP: &[Key] = &[
    works("model"),
    works("system"),
    works("input"),
    works("tools"),
    works("skills"),
    works("references"),
    refused("mcpServers", NO_MCP),
    refused("onDemandMcpServers", NO_MCP),
    works("maxSteps"),
    works("temperature"),
    works("thinking"),
    works("maxOutputTokens"),
    ignored("maxToolOutputTokens", OWN_CAPS),
    ignored("maxImageDimension", FULL_IMAGES),
    ignored("cache", OWN_CACHE),
    ignored("speed", NO_SPEED),
    ignored("sandboxTimeout", NO_SANDBOX),
    ignored("todoList", NO_TODO),
    ignored("loopGuard", NO_GUARD),
    refused("webSearch", NO_SEARCH),
    refused("imageModel", NO_IMAGES),
];

const AGENT_ALONE: &[Key] = &[
    works("backupModel"),
    works("agentic"),
    refused("workers", NO_WORKERS),
    refused("videoModel", NO_VIDEO),
    refused("speechModel", NO_SPEECH),
    refused("speechVoice", NO_SPEECH),
    refused("transcriptionModel", NO_TRANSCRIPTS),
    refused("anthropic", "tools and skills that a provider runs are not offered here"),
    refused("contextManagement", "conversations are not summarized here: the newest turns that fit are shown to the model"),
];

/// Keys of `agent`.
pub const AGENT: &[Key] = &joined::<{ SETUP.len() + AGENT_ALONE.len() }>(&[SETUP, AGENT_ALONE]);

/// Keys of every block.
const OF_BLOCKS: &[Key] = &[works("block"), works("display"), works("description"), works("title")];

const THREAD: &[Key] = &[works("thread"), ignored("backupModel", ONE_BACKUP)];

/// Keys of an input of a session, or of a trigger.
pub const INPUT: &[Key] = &[works("type"), works("description"), works("optional"), works("default"), works("enum")];

/// Keys of a variable.
pub const VARIABLE: &[Key] = &[works("type"), works("description"), works("default")];

/// Keys of a resource.
pub const RESOURCE: &[Key] = &[works("type"), works("description"), works("default"), works("readonly")];

/// Keys of a trigger.
pub const TRIGGER: &[Key] = &[works("description"), works("input")];

/// Keys of a tool.
pub const TOOL: &[Key] = &[works("description"), works("display"), works("title"), works("parameters")];

/// Keys of a property of a type, and of a parameter of a tool.
pub const PROPERTY: &[Key] =
    &[works("type"), works("description"), works("optional"), works("enum"), works("const"), works("items")];

/// Keys of the items of a list.
pub const ITEMS: &[Key] = &[works("type"), works("description"), works("enum")];

/// Keys of a type that is a list.
pub const ARRAY: &[Key] = &[works("type"), works("items"), works("description")];

/// Keys of a type that is one of several.
pub const UNION: &[Key] = &[works("anyOf"), works("discriminator"), works("description")];

/// Keys of a skill.
pub const SKILL: &[Key] = &[
    works("description"),
    ignored("display", "a skill stands in the instructions, so there is no call to be shown"),
    ignored("title", "a skill stands in the instructions, so there is no call to be shown"),
    works("execution"),
];

/// The kinds of blocks.
pub const BLOCKS: &[BlockKind] = &[
    block(
        "add-message",
        &[
            works("block"),
            works("display"),
            works("description"),
            works("title"),
            works("thread"),
            works("role"),
            works("prompt"),
            works("input"),
            works("files"),
            works("visible"),
            works("uiContent"),
        ],
    ),
    block(
        "next-message",
        &[
            works("block"),
            works("display"),
            works("description"),
            works("title"),
            works("thread"),
            works("output"),
            works("independent"),
            works("responseType"),
        ],
    ),
    block(
        "tool-call",
        &[
            works("block"),
            works("display"),
            works("description"),
            works("title"),
            ignored("thread", "a call of a tool belongs to no thread"),
            works("tool"),
            works("input"),
            works("output"),
        ],
    ),
    block(
        "set-resource",
        &[
            works("block"),
            works("display"),
            works("description"),
            works("title"),
            ignored("thread", "a resource belongs to no thread"),
            works("resource"),
            works("value"),
        ],
    ),
    block("start-thread", &joined::<{ OF_BLOCKS.len() + THREAD.len() + SETUP.len() }>(&[OF_BLOCKS, THREAD, SETUP])),
    block(
        "serialize-thread",
        &[
            works("block"),
            works("display"),
            works("description"),
            works("title"),
            works("thread"),
            works("format"),
            works("output"),
        ],
    ),
    refused_block("generate-image", NO_IMAGES),
    refused_block("generate-video", NO_VIDEO),
    refused_block("generate-speech", NO_SPEECH),
    refused_block("transcribe-audio", NO_TRANSCRIPTS),
    refused_block("run-worker", NO_WORKERS),
];

/// A kind of block by its name.
pub fn block_kind(name: &str) -> Option<&'static BlockKind> {
    BLOCKS.iter().find(|kind| kind.name == name)
}
