//! The words that the rules know. Tables only.

/// Words that carry no meaning in a search.
#[rustfmt::skip]
pub(super) const STOPWORDS: &[&str] = &[
    "a", "about", "above", "after", "again", "all", "also", "am", "an", "and", "any", "anything", "anywhere", "are",
    "as", "at", "be", "because", "been", "before", "being", "but", "by", "can", "could", "did", "do", "does",
    "doing", "done", "each", "every", "everything", "exactly", "explain", "find", "for", "from", "get", "give",
    "gives", "given", "go", "goes", "had", "has", "have", "he", "hello", "her", "here", "hey", "hi", "his", "how",
    "i", "if", "in", "inside", "into", "is", "it", "its", "itself", "just", "kind", "know", "let", "like", "list",
    "look", "make", "many", "may", "me", "mean", "means", "might", "more", "most", "much", "must", "my", "need",
    "needs", "no", "not", "now", "of", "off", "ok", "okay", "on", "one", "only", "or", "other", "our", "out", "over",
    "per", "please", "project", "repo", "repository", "codebase", "workspace", "say", "says", "see", "shall", "she",
    "should", "show", "so", "some", "something", "somewhere", "tell", "than", "thank", "thanks", "that", "the",
    "their", "them", "then", "there", "these", "they", "thing", "things", "this", "those", "to", "too", "under",
    "up", "us", "used", "uses", "using", "very", "want", "was", "we", "were", "what", "when", "where", "whether",
    "which", "who", "whom", "whose", "why", "will", "with", "within", "would", "you", "your", "teh", "else", "ever",
    "set", "use", "work", "works", "happen", "happens", "file", "files", "folder", "directory", "describe",
    "summarise", "summarize", "read", "search",
];

/// Words that begin a new question behind "and".
#[rustfmt::skip]
pub(super) const STARTERS: &[&str] = &[
    "what", "what's", "whats", "how", "where", "where's", "which", "who", "who's", "when", "why", "is", "are",
    "does", "do", "list", "show", "read", "count", "find", "search", "tell", "give", "summarise", "summarize",
    "explain", "describe", "calculate", "compute", "print", "open", "run", "execute", "create", "write", "append",
    "grep", "compare", "please", "can", "could", "extract", "display", "cat", "check", "look", "outline", "has",
];

/// Words of the rules, to which a simple typo is corrected.
#[rustfmt::skip]
pub(super) const TYPED: &[&str] = &[
    "list", "files", "folder", "folders", "directory", "directories", "workspace", "contents", "content", "show",
    "read", "print", "open", "find", "search", "where", "which", "what", "many", "lines", "words", "characters",
    "functions", "classes", "structs", "methods", "headings", "count", "summarise", "summarize", "summary",
    "describe", "explain", "outline", "structure", "largest", "biggest", "smallest", "longest", "calculate",
    "compute", "average", "maximum", "minimum", "column", "columns", "defined", "mentioned", "contain", "contains",
    "version", "license", "licence", "author", "authors", "dependencies", "compare", "difference", "different",
    "create", "write", "append", "replace", "rename", "delete", "remove", "execute", "today", "yesterday",
    "tomorrow", "weekday", "between", "until", "extract", "addresses", "emails", "exist", "exists", "project",
    "install", "build", "uppercase", "lowercase", "unique", "number", "definition", "declared", "implemented",
    "located", "display", "modules", "tests", "first", "last", "total",
];

/// Words that are right as they are although they are near to one of the rules.
#[rustfmt::skip]
pub(super) const KNOWN: &[&str] = &[
    "addressed", "appends", "character", "declare", "described", "describes", "email", "executed", "fills", "fixes",
    "folded", "liner", "link", "links", "lints", "lives", "locate", "renames", "structured", "structures",
    "summaries", "worlds", "likely", "signs", "sizes", "minutes", "crate", "crates", "remote", "remotes", "remove",
    "wards", "wordy", "fonder", "consent", "obtain", "likes", "limes", "lined", "printed", "printer", "court",
    "covers", "cover", "package", "packages", "state", "start", "starts", "stage", "station", "stations", "product",
    "products", "price", "prices", "names", "release", "released", "readable", "reader", "readers", "writer",
    "buildings", "finder", "render", "folders", "fold", "closest", "weeks", "weekday", "weekend", "hello", "help",
    "thanks", "listed", "listen", "listens", "listing", "showed", "shower", "opened", "summer", "summarised",
    "extractor", "displays", "computer", "computed", "computes", "calculated", "calculates", "difference",
    "differences", "defined", "definitions", "installer", "installed", "existing", "columned", "totally", "testing",
    "tester", "latest", "fasted", "fast", "firsts", "lasts", "lasting", "betweens", "meaning", "mean", "means",
    "team", "teams", "test_", "untill", "list", "lines", "line", "words", "word", "works", "there", "here", "file",
    "text", "texts", "tests", "test", "rules", "ruled", "lists", "sorts", "fails", "filed", "filer", "fines",
    "mines", "fires", "miles", "tiles", "reads", "ready", "roads", "white", "whale", "while", "these", "those",
    "three", "threw", "shown", "shows", "finds", "fiend", "writes", "written", "wrote", "wrist", "write", "counts",
    "county", "mount", "contact", "contexts", "context", "contest", "class", "glasses", "struct", "function",
    "method", "heading", "reading", "leading", "loading", "creates", "created", "replaced", "replaces", "renamed",
    "deleted", "deletes", "removed", "removes", "explains", "explained", "verses", "versions", "licensed",
    "licenses", "licenced", "builds", "built", "building", "guild", "installs", "compares", "compared", "company",
    "exists", "exits", "exist", "extracts", "existed", "numbers", "columns", "volume", "volumes", "stories", "first",
    "last", "lost", "least", "cast", "past", "total", "totals", "outlines", "module", "models", "model", "modes",
    "mode", "define", "defines", "contained", "container", "mentions", "mention", "located", "locates", "location",
    "days", "months", "years", "untie", "code", "cost", "lint", "wind", "mind", "kind", "fine", "than", "then",
    "were", "when", "whom", "that", "what", "with", "open", "opens", "mane", "main", "name", "same", "some", "come",
    "home", "port", "post", "path", "paths", "parts", "part", "print", "prints", "point", "points", "paint", "sent",
    "sort", "short", "author", "authored", "projects", "protect", "today", "unit", "units", "trees", "tree",
    "folder", "holder", "older", "colder", "bolder", "server", "serves", "several", "different", "indifferent",
    "searches", "starch", "runs", "docs", "about", "workspace", "project", "directory", "files", "content",
    "contents", "information", "size", "bytes", "todo", "todos", "fixme", "date", "time", "year", "month", "week",
    "day", "command", "commands", "named", "called", "row", "rows", "column", "value", "values", "key", "keys",
    "record", "records", "entry", "entries", "version", "readme", "license", "licence", "stdin", "input", "root",
    "order", "detail", "bottom", "top", "beginning", "end", "it", "memory", "english", "python", "rust",
    "javascript",
];

/// Files that are known by name without an extension.
#[rustfmt::skip]
pub(super) const BARE_FILES: &[&str] = &[
    "readme", "makefile", "dockerfile", "containerfile", "changelog", "gemfile", "rakefile", "procfile", "justfile",
    "vagrantfile", "jenkinsfile", "contributing", "pipfile", "brewfile", "copying",
];

/// Names that look like files and are none.
#[rustfmt::skip]
pub(super) const NOT_FILES: &[&str] = &[
    "e.g", "i.e", "node.js", "vue.js", "next.js", "react.js", "d3.js", "three.js", "express.js", "asp.net",
    "socket.io", "etc", "a.m", "p.m", "vs", "u.s", ".net", "read/write", "input/output", "client/server", "tcp/ip",
    "and/or", "i/o", "n/a", "a/b", "ci/cd", "yes/no",
];

/// Kinds of files: how people call them, what to call them in an answer, their endings.
#[rustfmt::skip]
pub(super) const KINDS: &[(&[&str], &str, &[&str])] = &[
    (&["rust"], "Rust", &["rs"]),
    (&["python"], "Python", &["py"]),
    (&["javascript"], "JavaScript", &["js", "mjs", "cjs", "jsx"]),
    (&["typescript"], "TypeScript", &["ts", "tsx", "mts", "cts"]),
    (&["markdown", "documentation"], "Markdown", &["md", "markdown"]),
    (&["text"], "text", &["txt"]),
    (&["csv"], "CSV", &["csv"]),
    (&["tsv"], "TSV", &["tsv"]),
    (&["json"], "JSON", &["json"]),
    (&["yaml"], "YAML", &["yaml", "yml"]),
    (&["toml"], "TOML", &["toml"]),
    (&["xml"], "XML", &["xml"]),
    (&["html", "web"], "HTML", &["html", "htm"]),
    (&["css"], "CSS", &["css"]),
    (&["sql"], "SQL", &["sql"]),
    (&["java"], "Java", &["java"]),
    (&["kotlin"], "Kotlin", &["kt", "kts"]),
    (&["swift"], "Swift", &["swift"]),
    (&["ruby"], "Ruby", &["rb"]),
    (&["php"], "PHP", &["php"]),
    (&["perl"], "Perl", &["pl", "pm"]),
    (&["lua"], "Lua", &["lua"]),
    (&["golang", "go"], "Go", &["go"]),
    (&["c++", "cpp"], "C++", &["cpp", "cc", "cxx", "hpp", "hh"]),
    (&["c#", "csharp"], "C#", &["cs"]),
    (&["header"], "header", &["h", "hpp", "hh"]),
    (&["c"], "C", &["c", "h"]),
    (&["shell", "bash"], "shell", &["sh", "bash", "zsh"]),
    (&["haskell"], "Haskell", &["hs"]),
    (&["scala"], "Scala", &["scala"]),
    (&["elixir"], "Elixir", &["ex", "exs"]),
    (&["image", "images", "picture", "pictures", "photo", "photos"], "image", &["png", "jpg", "jpeg", "gif", "webp", "svg", "bmp", "ico"]),
    (&["pdf", "pdfs"], "PDF", &["pdf"]),
    (&["log", "logs"], "log", &["log"]),
    (&["config", "configuration"], "configuration", &["toml", "yaml", "yml", "ini", "cfg", "conf", "json"]),
    (&["notebook", "notebooks"], "notebook", &["ipynb"]),
    (&["video", "videos"], "video", &["mp4", "mov", "mkv", "webm", "avi"]),
    (&["audio", "music"], "audio", &["mp3", "wav", "flac", "ogg", "m4a"]),
];

/// Languages of files that are not code.
#[rustfmt::skip]
pub(super) const NOT_CODE: &[&str] = &[
    "Markdown", "TOML", "YAML", "JSON", "CSV", "XML", "plain text", "HTML", "CSS",
];

/// Languages that source files are written in, by ending.
#[rustfmt::skip]
pub(super) const LANGUAGES: &[(&str, &str)] = &[
    ("rs", "Rust"), ("py", "Python"), ("js", "JavaScript"), ("mjs", "JavaScript"), ("cjs", "JavaScript"),
    ("jsx", "JavaScript"), ("ts", "TypeScript"), ("tsx", "TypeScript"), ("go", "Go"), ("java", "Java"),
    ("kt", "Kotlin"), ("swift", "Swift"), ("rb", "Ruby"), ("php", "PHP"), ("c", "C"), ("h", "C or C++ headers"),
    ("cpp", "C++"), ("cc", "C++"), ("hpp", "C++"), ("cs", "C#"), ("sh", "Shell"), ("bash", "Shell"), ("lua", "Lua"),
    ("pl", "Perl"), ("hs", "Haskell"), ("scala", "Scala"), ("ex", "Elixir"), ("exs", "Elixir"), ("erl", "Erlang"),
    ("clj", "Clojure"), ("ml", "OCaml"), ("r", "R"), ("jl", "Julia"), ("dart", "Dart"), ("zig", "Zig"),
    ("sql", "SQL"), ("html", "HTML"), ("css", "CSS"), ("scss", "CSS"), ("vue", "Vue"), ("svelte", "Svelte"),
    ("md", "Markdown"), ("toml", "TOML"), ("yaml", "YAML"), ("yml", "YAML"), ("json", "JSON"), ("csv", "CSV"),
    ("xml", "XML"), ("txt", "plain text"),
];

/// Files that say what a project is, the most telling first.
#[rustfmt::skip]
pub(super) const MANIFESTS: &[&str] = &[
    "cargo.toml", "package.json", "pyproject.toml", "go.mod", "setup.py", "setup.cfg", "composer.json", "pom.xml",
    "build.gradle", "build.gradle.kts", "gemfile", "mix.exs", "pubspec.yaml", "cmakelists.txt", "deno.json",
    "requirements.txt", "environment.yml", "package.yaml", "project.toml", "manifest.json", "chart.yaml", "version",
    "version.txt",
];

/// Words in a question and the words that may stand for them in a file.
#[rustfmt::skip]
pub(super) const SYNONYMS: &[(&str, &[&str])] = &[
    ("author", &["authors", "maintainer", "maintainers", "creator", "written by"]),
    ("maintainer", &["maintainers", "author", "authors"]),
    ("wrote", &["author", "authors"]),
    ("maintains", &["maintainer", "maintainers", "author", "authors"]),
    ("created", &["author", "authors", "creator"]),
    ("made", &["author", "authors", "creator"]),
    ("licence", &["license"]),
    ("licensed", &["license"]),
    ("port", &["listen", "bind"]),
    ("start", &["run", "launch", "serve"]),
    ("database", &["db", "postgres", "sqlite", "mysql"]),
    ("password", &["passwd"]),
    ("timeout", &["time_out", "time limit"]),
    ("contact", &["email", "e-mail", "phone"]),
    ("email", &["e-mail", "mail"]),
    ("homepage", &["website", "url"]),
    ("website", &["homepage", "url"]),
    ("price", &["cost", "costs", "fee"]),
    ("cost", &["price", "costs", "fee"]),
    ("boss", &["manager", "lead", "head"]),
    ("decided", &["decision", "decisions", "agreed"]),
    ("decide", &["decision", "decisions", "agreed"]),
    ("buy", &["purchase", "order"]),
    ("attended", &["present", "attendees", "participants"]),
    ("begin", &["start"]),
    ("requirements", &["required", "requires", "prerequisites"]),
    ("deadline", &["due"]),
    ("due", &["deadline"]),
    ("phone", &["tel", "telephone", "call"]),
    ("configure", &["configuration", "config", "settings"]),
    ("settings", &["configuration", "config"]),
];

/// Words that show that a prompt is not in English, with the name of the language.
#[rustfmt::skip]
pub(super) const FOREIGN: &[(&str, &[&str])] = &[
    ("German", &["und", "ist", "nicht", "wie", "was", "welche", "dateien", "bitte", "ich", "gibt", "zeige", "der", "das", "wo", "viele", "mir", "sind", "liste", "auf", "die", "alle", "den", "zeig", "lies", "wer", "von", "eine", "wieviele", "datei"]),
    ("French", &["est", "les", "une", "dans", "quel", "quelle", "quels", "fichiers", "combien", "comment", "je", "vous", "montre", "fichier", "sont", "bonjour", "du", "des"]),
    ("Spanish", &["qué", "cuántos", "cuál", "los", "las", "archivos", "hay", "dónde", "está", "por", "hola", "una", "cómo", "archivo", "son", "en"]),
    ("Swedish", &["och", "är", "hur", "vad", "filer", "finns", "det", "många", "vilka", "var", "jag", "filen", "visa", "som"]),
    ("Italian", &["che", "sono", "quanti", "quali", "dove", "della", "nella", "ciao", "il", "gli", "cosa"]),
    ("Portuguese", &["quantos", "quais", "onde", "está", "você", "olá", "arquivos", "são", "não", "os"]),
    ("Dutch", &["een", "zijn", "hoeveel", "bestanden", "welke", "waar", "hallo", "het", "niet"]),
];
