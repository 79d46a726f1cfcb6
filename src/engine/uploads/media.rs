//! Names and types of files: what may be said of a file, and whether its bytes agree.

use infer::MatcherType;

use super::shown;
use crate::domain::{Error, ErrorCode, Result};
use crate::engine::input::is_media_type;

/// Most characters of a name.
const NAME: usize = 255;

/// Checks the name of a file.
///
/// # Errors
/// `invalid_input`.
pub(super) fn check_name(name: &str) -> Result<()> {
    let why = if name.is_empty() {
        "is empty"
    } else if name.chars().count() > NAME {
        "has more than 255 characters"
    } else if name.chars().any(|c| c.is_control() || matches!(c, '/' | '\\')) || matches!(name, "." | "..") {
        "is not one of a file: it holds a separator or a control character"
    } else {
        return Ok(());
    };
    Err(Error::invalid(format!("the name `{}` of a file {why}", shown(name))))
}

/// The name of a file that somebody calls so: without folders and control characters, and cut to what a name may have.
pub(crate) fn plain_name(told: &str) -> String {
    let last = told.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = last.chars().filter(|c| !c.is_control()).take(NAME).collect();
    match kept.trim() {
        "" | "." | ".." => "file".to_owned(),
        name => name.to_owned(),
    }
}

/// What bytes look like by how they begin.
pub(crate) fn sniffed(beginning: &[u8]) -> Option<&'static str> {
    infer::get(beginning).map(|kind| kind.mime_type())
}

/// A media type in lower case and without parameters.
///
/// # Errors
/// `bad_media` when it is none.
pub(crate) fn essence(media_type: &str) -> Result<String> {
    if !is_media_type(media_type) {
        return Err(Error::new(ErrorCode::BadMedia, format!("`{}` is no media type", shown(media_type)))
            .hint("write it as `image/png` or `text/plain`"));
    }
    Ok(media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}

/// Types that hold the same bytes as another, under its name.
const SAME: [(&str, &str); 9] = [
    ("image/jpg", "image/jpeg"),
    ("image/x-icon", "image/vnd.microsoft.icon"),
    ("image/heic", "image/heif"),
    ("video/x-m4v", "video/mp4"),
    ("audio/mp3", "audio/mpeg"),
    ("audio/wav", "audio/x-wav"),
    ("audio/flac", "audio/x-flac"),
    ("audio/mp4", "audio/m4a"),
    ("audio/x-m4a", "audio/m4a"),
];

/// Types whose bytes cannot always be told apart: (what is said, what they look like).
const ALIKE: [(&str, &str); 9] = [
    ("video/quicktime", "video/mp4"),
    ("video/mp4", "video/quicktime"),
    ("audio/m4a", "video/mp4"),
    ("video/webm", "video/x-matroska"),
    ("audio/webm", "video/webm"),
    ("audio/opus", "audio/ogg"),
    ("audio/ogg", "audio/opus"),
    ("application/vnd.ms-excel", "application/x-ole-storage"),
    ("application/msword", "application/x-ole-storage"),
];

fn named(media_type: &str) -> &str {
    SAME.iter().find(|(other, _)| *other == media_type).map_or(media_type, |(_, name)| name)
}

/// Checks that the bytes of a file are of the type that it was offered with.
///
/// # Errors
/// `bad_media`.
pub(super) fn check_bytes(media_type: &str, bytes: &[u8]) -> Result<()> {
    let (said, found) = (named(media_type), infer::get(bytes));
    let seen = found.map(|kind| (named(kind.mime_type()), kind.matcher_type()));
    let agrees = match seen {
        _ if said == "application/octet-stream" => true,
        Some((looks, _)) if looks == said || ALIKE.contains(&(said, looks)) => true,
        // Documents of an office are archives, or storages of their own; not all of them can be told apart.
        Some((looks, _)) if said.starts_with("application/vnd.") => {
            matches!(looks, "application/zip" | "application/x-ole-storage")
        }
        seen if is_text(said) => {
            seen.is_none_or(|(_, kind)| kind == MatcherType::Text || kind == MatcherType::Custom) && may_be_text(bytes)
        }
        Some(_) => false,
        // What cannot be recognised is believed, unless it would have been recognised.
        None => !infer::is_mime_supported(said),
    };
    if agrees {
        return Ok(());
    }
    let looks = seen.map_or_else(|| "of another".to_owned(), |(looks, _)| format!("of type `{looks}`"));
    Err(Error::new(ErrorCode::BadMedia, format!("the file was offered as `{media_type}`, and its bytes are {looks}"))
        .hint("offer it with the type that it has"))
}

fn is_text(media_type: &str) -> bool {
    media_type.starts_with("text/")
        || media_type.ends_with("+xml")
        || media_type.ends_with("+json")
        || matches!(media_type, "application/json" | "application/xml" | "application/yaml" | "application/toml")
}

/// A text has no zeros, unless it is one of 16 bits, which says so in its first two bytes.
fn may_be_text(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) || !bytes.contains(&0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01";
    const JPEG: &[u8] = b"\xff\xd8\xff\xe0\0\x10JFIF\0";
    const GIF: &[u8] = b"GIF89a\x01\0\x01\0";
    const WEBP: &[u8] = b"RIFF\x24\0\0\0WEBPVP8 ";
    const PDF: &[u8] = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n";
    const ZIP: &[u8] = b"PK\x03\x04\x14\0\0\0\0\0";
    const ELF: &[u8] = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x3e\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    const MP4: &[u8] = b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2";
    const MOV: &[u8] = b"\0\0\0\x14ftypqt  \0\0\0\0qt  ";

    #[test]
    fn bytes_agree_with_their_type() {
        for (media_type, bytes) in [
            ("image/png", PNG),
            ("image/jpeg", JPEG),
            ("image/jpg", JPEG),
            ("image/gif", GIF),
            ("image/webp", WEBP),
            ("application/pdf", PDF),
            ("text/plain", b"hello"),
            ("text/plain", b"<html><body>x</body></html>"),
            ("text/plain", b"#!/bin/sh\necho"),
            ("text/csv", b"a;b\n1;gr\xfcn\n"),
            ("text/csv", b"\xff\xfea\0;\0"),
            ("text/markdown", b"# x"),
            ("application/json", b"{\"a\":1}"),
            ("image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
            ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", ZIP),
            ("video/mp4", MP4),
            ("video/quicktime", MOV),
            ("video/quicktime", MP4),
            ("application/octet-stream", ELF),
            ("application/x-unheard-of", b"\0\x01"),
        ] {
            assert_eq!(check_bytes(media_type, bytes), Ok(()), "{media_type}");
        }
    }

    #[test]
    fn other_bytes_are_refused() {
        for (media_type, bytes, looks) in [
            ("image/png", JPEG, "of type `image/jpeg`"),
            ("image/png", b"<script>alert(1)</script>".as_slice(), "of type `text/html`"),
            ("image/png", b"hello", "of another"),
            ("image/jpeg", ELF, "of type `application/x-executable`"),
            ("application/pdf", b"hello", "of another"),
            ("application/pdf", ZIP, "of type `application/zip`"),
            ("text/plain", PNG, "of type `image/png`"),
            ("text/plain", PDF, "of type `application/pdf`"),
            ("text/plain", b"a\0b", "of another"),
            ("application/json", ZIP, "of type `application/zip`"),
            ("video/mp4", PNG, "of type `image/png`"),
            (
                "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
                ELF,
                "of type `application/x-executable`",
            ),
        ] {
            let error = check_bytes(media_type, bytes).unwrap_err();
            let expected = format!("the file was offered as `{media_type}`, and its bytes are {looks}");
            assert_eq!((error.code, error.message), (ErrorCode::BadMedia, expected));
        }
    }

    #[test]
    fn a_name_loses_folders_and_control_characters() {
        for (told, name) in [
            ("résumé 1.csv", "résumé 1.csv"),
            ("../../evil.bin", "evil.bin"),
            ("C:\\Users\\a\\b.txt", "b.txt"),
            ("a\0b\r\nc\u{1b}.txt\u{85}", "abc.txt"),
            ("..", "file"),
            ("a/..", "file"),
            ("a/", "file"),
            ("", "file"),
            (" \n ", "file"),
            (".hidden", ".hidden"),
        ] {
            assert_eq!(plain_name(told), name, "{told:?}");
            assert_eq!(check_name(name), Ok(()), "{told:?}");
        }
        assert_eq!(plain_name(&"ä".repeat(300)), "ä".repeat(255));
    }

    #[test]
    fn what_bytes_look_like_is_seen_at_their_beginning() {
        let seen = [PNG, PDF, b"plain", b"\0\x01", b""].map(sniffed);
        assert_eq!(seen, [Some("image/png"), Some("application/pdf"), None, None, None]);
    }

    #[test]
    fn names_and_types_are_checked() {
        for good in ["a", "grün (1).tar.gz", " ", "a:b", &"ä".repeat(255)] {
            assert_eq!(check_name(good), Ok(()), "{good:?}");
        }
        for bad in ["", ".", "..", "a/b", "a\\b", "a\nb", "a\u{0}", &"a".repeat(256)] {
            assert_eq!(check_name(bad).unwrap_err().code, ErrorCode::InvalidInput, "{bad:?}");
        }
        assert_eq!(essence("Text/Plain; charset=utf-8").unwrap(), "text/plain");
        for bad in ["", "text", "text/", "/plain", "text/pl ain", "text/plain\r\nx: y"] {
            assert_eq!(essence(bad).unwrap_err().code, ErrorCode::BadMedia, "{bad:?}");
        }
    }
}
