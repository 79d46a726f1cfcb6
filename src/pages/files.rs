//! The console: the files that the server gives at `/` and below `/console/`.

use std::sync::LazyLock;

use sha2::{Digest, Sha256};

/// What the console may do, for the header `Content-Security-Policy` of each of its files: run its own scripts, use its
/// own styles, ask its own server, show pictures that it fetched. No frame may hold it.
pub const CONSOLE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
     img-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
     require-trusted-types-for 'script'; trusted-types 'none'";

/// One file of the console. None of them holds anything of the house, so they may be given to whoever asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageFile {
    /// Where it is served.
    pub path: &'static str,
    /// Its media type, with the charset.
    pub media_type: &'static str,
    /// Its bytes.
    pub body: &'static [u8],
    /// Its entity tag, in quotes: a hash of its bytes. Pages and scripts go together, so a browser should ask each time
    /// (`Cache-Control: no-cache`) and be answered 304 where nothing changed.
    pub etag: String,
}

const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const PAGE: &str = "text/html; charset=utf-8";
const PICTURE: &str = "image/svg+xml";

/// One row: path, media type, bytes.
macro_rules! file {
    ($path:literal, $media_type:expr, $name:literal) => {
        ($path, $media_type, include_bytes!(concat!("web/", $name)))
    };
}

/// Where each file is served.
const FILES: &[(&str, &str, &[u8])] = &[
    file!("/", PAGE, "console.html"),
    file!("/console/icon.svg", PICTURE, "icon.svg"),
    file!("/console/base.css", STYLE, "base.css"),
    file!("/console/transcript.css", STYLE, "transcript.css"),
    file!("/console/console.css", STYLE, "console.css"),
    file!("/console/dom.js", SCRIPT, "dom.js"),
    file!("/console/theme.js", SCRIPT, "theme.js"),
    file!("/console/story.js", SCRIPT, "story.js"),
    file!("/console/markdown.js", SCRIPT, "markdown.js"),
    file!("/console/transcript.js", SCRIPT, "transcript.js"),
    file!("/console/finder.js", SCRIPT, "finder.js"),
    file!("/console/console.js", SCRIPT, "console.js"),
    file!("/console/house.js", SCRIPT, "house.js"),
    file!("/console/stream.js", SCRIPT, "stream.js"),
    file!("/console/roster.js", SCRIPT, "roster.js"),
    file!("/console/conversation.js", SCRIPT, "conversation.js"),
    file!("/console/composer.js", SCRIPT, "composer.js"),
    file!("/console/questions.js", SCRIPT, "questions.js"),
    file!("/console/dialogs.js", SCRIPT, "dialogs.js"),
    file!("/console/files.js", SCRIPT, "files.js"),
    file!("/console/about.js", SCRIPT, "about.js"),
];

static CONSOLE: LazyLock<Vec<PageFile>> = LazyLock::new(|| {
    let row = |&(path, media_type, body): &(&'static str, &'static str, &'static [u8])| {
        let hash: String = Sha256::digest(body)[..12].iter().map(|byte| format!("{byte:02x}")).collect();
        PageFile { path, media_type, body, etag: format!("\"{hash}\"") }
    };
    FILES.iter().map(row).collect()
});

/// The files of the console.
pub fn console() -> &'static [PageFile] {
    &CONSOLE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(path: &str) -> &'static str {
        let file = console().iter().find(|file| file.path == path).unwrap();
        std::str::from_utf8(file.body).unwrap()
    }

    #[test]
    fn every_file_that_the_page_or_a_script_names_is_served_and_every_served_file_is_named() {
        let mut named = vec!["/".to_owned()];
        for line in text("/").lines() {
            named.extend(
                line.split('"').filter_map(|word| word.strip_prefix("console/")).map(|name| format!("/console/{name}")),
            );
        }
        for file in console().iter().filter(|file| file.media_type == SCRIPT) {
            for line in text(file.path).lines().filter(|line| line.starts_with("import ")) {
                let name = line.split("\"./").nth(1).and_then(|rest| rest.strip_suffix("\";")).unwrap();
                named.push(format!("/console/{name}"));
            }
        }
        named.sort();
        named.dedup();
        let mut served: Vec<_> = console().iter().map(|file| file.path.to_owned()).collect();
        served.sort();
        assert_eq!(named, served);
    }

    #[test]
    fn the_page_holds_no_script_no_style_and_no_listener() {
        let page = text("/");
        for forbidden in ["<style", "style=", " onclick", " onload", "javascript:", "://"] {
            assert!(!page.contains(forbidden), "{forbidden}");
        }
        assert!(page.matches("<script").count() == page.matches("<script type=\"module\" src=").count());
    }

    #[test]
    fn no_script_makes_markup_of_text() {
        for file in console().iter().filter(|file| file.media_type == SCRIPT) {
            for forbidden in [
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
                "new Function",
                "DOMParser",
                "srcdoc",
                "setAttribute(\"style\"",
            ] {
                assert!(!text(file.path).contains(forbidden), "{}: {forbidden}", file.path);
            }
        }
    }
}
