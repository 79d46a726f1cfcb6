//! Media of agents and channels: which kinds are taken, how their addresses are made, and where they are found again.
//!
//! They are files of the house. The name in an address is the id of the file written otherwise, so nothing has to be looked
//! up, a name is no path, and only who was told an address can guess it.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::errors::ElizaError;
use super::{ids, kept};
use crate::domain::{ErrorCode, File, FileId, Principal};
use crate::engine::Engine;

/// Most bytes of one file.
pub const MOST: u64 = 50 << 20;
/// So many bytes at the beginning of a file tell whether it is what it is said to be.
pub const BEGINNING: usize = 8 << 10;
/// Bits of an id that stand behind its time.
const REST: u32 = 80;
/// Files that are read at once when those of one thing are looked for.
const PAGE: usize = 1_000;

/// Whose a file is, by the word in its address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shelf {
    /// An agent's.
    #[default]
    Agents,
    /// A channel's.
    Channels,
    /// What an agent has made.
    Generated,
}

impl Shelf {
    /// What stands before the id in an address.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Agents => "/media/uploads/agents/",
            Self::Channels => "/media/uploads/channels/",
            Self::Generated => "/media/generated/",
        }
    }
}

/// What is kept of a file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeptMedia {
    /// Whose it is.
    pub shelf: Shelf,
    /// The agent or channel, an id in lower case.
    pub owner: String,
    /// The ending of its name, with its dot.
    pub ending: String,
}

/// What a file may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// A picture.
    Image,
    /// A film.
    Video,
    /// Sound.
    Audio,
    /// Anything else that is taken.
    Document,
}

impl Family {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Document => "document",
        }
    }
}

/// A kind of file that is taken: its media type, the endings that it may have, the usual one first, and how it begins.
struct Kind {
    media_type: &'static str,
    family: Family,
    endings: &'static [&'static str],
    fits: fn(&[u8]) -> bool,
}

const fn kind(media_type: &'static str, family: Family, endings: &'static [&'static str], fits: fn(&[u8]) -> bool) -> Kind {
    Kind { media_type, family, endings, fits }
}

/// All that is taken. Nothing of it is shown as a page or runs as a script.
const KINDS: &[Kind] = &[
    kind("audio/mpeg", Family::Audio, &[".mp3", ".mpga"], is_mpeg),
    kind("audio/mp3", Family::Audio, &[".mp3"], is_mpeg),
    kind("audio/wav", Family::Audio, &[".wav"], is_wave),
    kind("audio/x-wav", Family::Audio, &[".wav"], is_wave),
    kind("audio/wave", Family::Audio, &[".wav"], is_wave),
    kind("audio/ogg", Family::Audio, &[".ogg", ".oga", ".opus"], |bytes| bytes.starts_with(b"OggS")),
    kind("audio/webm", Family::Audio, &[".webm", ".weba"], is_matroska),
    kind("audio/mp4", Family::Audio, &[".m4a", ".mp4"], is_mp4),
    kind("audio/aac", Family::Audio, &[".aac", ".m4a"], is_aac),
    kind("audio/flac", Family::Audio, &[".flac"], |bytes| bytes.starts_with(b"fLaC")),
    kind("image/jpeg", Family::Image, &[".jpg", ".jpeg"], |bytes| bytes.starts_with(b"\xff\xd8\xff")),
    kind("image/png", Family::Image, &[".png"], |bytes| bytes.starts_with(b"\x89PNG\r\n\x1a\n")),
    kind("image/gif", Family::Image, &[".gif"], |bytes| bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a")),
    kind("image/webp", Family::Image, &[".webp"], |bytes| is_riff(bytes, b"WEBP")),
    kind("video/mp4", Family::Video, &[".mp4", ".m4v"], is_mp4),
    kind("video/webm", Family::Video, &[".webm"], is_matroska),
    kind("application/pdf", Family::Document, &[".pdf"], |bytes| bytes.starts_with(b"%PDF-")),
    kind("text/plain", Family::Document, &[".txt", ".text", ".log", ".md"], is_text),
];

fn is_riff(bytes: &[u8], form: &[u8]) -> bool {
    bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(form)
}

fn is_wave(bytes: &[u8]) -> bool {
    is_riff(bytes, b"WAVE")
}

/// A tag, or a frame: eleven bits of one, then a layer that is none of the reserved.
fn is_mpeg(bytes: &[u8]) -> bool {
    let is_frame = matches!(bytes, [0xff, second, ..] if second & 0xe0 == 0xe0 && second & 0x06 != 0);
    bytes.starts_with(b"ID3") || is_frame
}

fn is_aac(bytes: &[u8]) -> bool {
    let is_frame = matches!(bytes, [0xff, second, ..] if second & 0xf6 == 0xf0);
    is_frame || bytes.starts_with(b"ADIF") || bytes.starts_with(b"ID3") || is_mp4(bytes)
}

fn is_matroska(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x1a\x45\xdf\xa3")
}

fn is_mp4(bytes: &[u8]) -> bool {
    bytes.get(4..8) == Some(b"ftyp")
}

/// Text holds no bytes that steer a machine, and is none of the other kinds.
fn is_text(bytes: &[u8]) -> bool {
    let steers = |byte: &u8| *byte < 0x20 && !b"\t\n\r\x0c\x1b".contains(byte) || *byte == 0x7f;
    !bytes.iter().any(steers) && !bytes.starts_with(b"%PDF-") && !bytes.starts_with(b"GIF8")
}

/// What was said of a file, and found to be true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Its media type, without parameters.
    pub media_type: &'static str,
    /// What it is.
    pub family: Family,
    /// The ending of its name, with its dot.
    pub ending: &'static str,
}

/// A kind by the type that a client tells, which may have parameters.
fn told(media_type: Option<&str>) -> Option<&'static Kind> {
    let essence = media_type?.split(';').next()?.trim();
    KINDS.iter().find(|kind| kind.media_type.eq_ignore_ascii_case(essence))
}

/// Whether a type is taken at all, before a byte of the file has come.
pub fn is_taken(media_type: Option<&str>, only: Option<Family>) -> bool {
    told(media_type).is_some_and(|kind| only.is_none_or(|family| family == kind.family))
}

/// The ending that files of a type have.
pub fn usual_ending(media_type: Option<&str>) -> &'static str {
    told(media_type).and_then(|kind| kind.endings.first()).copied().unwrap_or_default()
}

/// What a file is: the type that it is said to have, when it is taken and the file begins as such a file does. Of its name
/// only the ending counts, and only where it fits the type.
pub fn taken(media_type: Option<&str>, name: &str, beginning: &[u8]) -> Option<Taken> {
    let kind = told(media_type).filter(|kind| (kind.fits)(beginning))?;
    let fits = |ending: &&&str| {
        let at = name.len().checked_sub(ending.len());
        at.and_then(|at| name.get(at..)).is_some_and(|last| last.eq_ignore_ascii_case(ending))
    };
    let ending = kind.endings.iter().find(fits).or(kind.endings.first())?;
    Some(Taken { media_type: kind.media_type, family: kind.family, ending })
}

/// The name of a file in its address: `<ms>-<digits><ending>`, which are the two parts of its id.
pub fn file_name(id: &FileId, ending: &str) -> Option<String> {
    let bits = Uuid::parse_str(id.as_str()).ok()?.as_u128();
    Some(format!("{}-{}{ending}", bits >> REST, bits & ((1 << REST) - 1)))
}

/// The id of the file that a name in an address stands for, and the ending.
fn named(name: &str) -> Option<(FileId, &str)> {
    let (time, rest) = name.split_once('-')?;
    let (rest, ending) = rest.split_at(rest.find('.').unwrap_or(rest.len()));
    let (time, low): (u64, u128) = (time.parse().ok()?, rest.parse().ok()?);
    if time >> (128 - REST) != 0 || low >> REST != 0 {
        return None;
    }
    let id = FileId::from_text(&Uuid::from_u128(u128::from(time) << REST | low).to_string());
    // Of several ways to write a number only one is the address.
    (file_name(&id, ending)? == name).then_some((id, ending))
}

/// The file at an address, for whoever knows it: it opens nothing else.
///
/// # Errors
/// What the store says; a file that is not there is none.
pub async fn at(engine: &dyn Engine, shelf: Shelf, owner: &str, name: &str) -> Result<Option<File>, ElizaError> {
    let Some((id, ending)) = named(name) else { return Ok(None) };
    let file = match engine.house_files().house_file(&Principal::house(), &id).await {
        Err(error) if error.code == ErrorCode::NotFound => return Ok(None),
        file => file?,
    };
    let kept: KeptMedia = kept::read(&file.attributes);
    let is_there = kept.shelf == shelf && kept.owner.eq_ignore_ascii_case(owner) && kept.ending == ending;
    Ok(Some(file).filter(|_| is_there && ids::is_id(owner)))
}

/// The file that an address tells of: one of our own, whole or without its host. `hosts` are the beginnings that stand for
/// this server, such as `http://127.0.0.1:3000`.
pub async fn of_address(engine: &dyn Engine, address: &str, hosts: &[String]) -> Result<Option<File>, ElizaError> {
    let path = match hosts.iter().find_map(|host| address.strip_prefix(host.as_str())) {
        Some(path) => path,
        None => address,
    };
    let path = path.split(['?', '#']).next().unwrap_or_default();
    for shelf in [Shelf::Agents, Shelf::Channels, Shelf::Generated] {
        if let Some((owner, name)) = path.strip_prefix(shelf.path()).and_then(|rest| rest.split_once('/')) {
            return at(engine, shelf, owner, name).await;
        }
    }
    Ok(None)
}

/// Takes all files of an agent or channel away, for good. To be called when it is deleted.
///
/// # Errors
/// What the store says.
pub async fn remove_all(engine: &dyn Engine, shelf: Shelf, owner: &str) -> Result<(), ElizaError> {
    let house = Principal::house();
    let (files, mut offset, mut gone) = (engine.house_files(), 0, Vec::new());
    loop {
        let page = files.house_files(&house, offset, PAGE).await?;
        offset += page.files.len();
        let is_last = page.files.is_empty() || offset >= page.total;
        let is_its = |file: &File| {
            let kept: KeptMedia = kept::read(&file.attributes);
            kept.shelf == shelf && kept.owner.eq_ignore_ascii_case(owner)
        };
        gone.extend(page.files.into_iter().filter(is_its).map(|file| file.id));
        if is_last {
            break;
        }
    }
    for id in gone {
        match files.remove_house_file(&house, &id).await {
            Err(error) if error.code == ErrorCode::NotFound => {}
            removed => drop(removed?),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_it_is_said_to_be_or_is_not_taken() {
        let is = |media_type: &str, name: &str, bytes: &[u8]| {
            taken(Some(media_type), name, bytes).map(|taken| (taken.family.word(), taken.ending))
        };
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
        assert_eq!(is("image/png", "dot.png", png), Some(("image", ".png")));
        assert_eq!(is("Image/PNG; x=1", "../../etc/passwd", png), Some(("image", ".png")), "a name is no path");
        assert_eq!(is("image/png", "page.html", png), Some(("image", ".png")), "an ending that does not fit");
        assert_eq!(is("image/jpeg", "A.JPEG", b"\xff\xd8\xff\xe0"), Some(("image", ".jpeg")));
        assert_eq!(is("audio/wav", "a.wav", b"RIFF\0\0\0\0WAVEfmt "), Some(("audio", ".wav")));
        assert_eq!(is("audio/mp3", "a", b"\xff\xf3\x84"), Some(("audio", ".mp3")));
        assert_eq!(is("audio/aac", "a", b"\xff\xf1\x50"), Some(("audio", ".aac")));
        assert_eq!(is("video/mp4", "é.mp4", b"\0\0\0\x18ftypisom"), Some(("video", ".mp4")));
        assert_eq!(is("application/pdf", "a.pdf", b"%PDF-1.4"), Some(("document", ".pdf")));
        assert_eq!(is("text/plain", "a.svg", b"<svg onload=alert(1)>"), Some(("document", ".txt")));
        for (media_type, bytes) in [
            ("image/png", &b"<!doctype html><script>"[..]),
            ("image/png", b"\xff\xd8\xff"),
            ("image/webp", b"RIFF\0\0\0\0WAVE"),
            ("image/png", b""),
            ("image/svg+xml", b"<svg/>"),
            ("text/html", b"<p>"),
            ("application/zip", b"PK\x03\x04"),
            ("audio/mpeg", b"\xff\xd8\xff"),
            ("audio/mpeg", b"MZ"),
            ("text/plain", b"a\0b"),
            ("text/plain", b"GIF89a"),
            ("", b"x"),
        ] {
            let bytes: &[u8] = bytes;
            // A frame of sound may begin as a picture does: the reserved layer tells them apart.
            assert_eq!(is(media_type, "a.png", bytes), None, "{media_type} {bytes:?}");
        }
        assert_eq!(taken(None, "a.png", png), None);
        assert!(is_taken(Some("image/png"), None) && !is_taken(Some("image/png"), Some(Family::Audio)));
    }

    #[test]
    fn an_address_is_the_id_of_its_file() {
        let id = FileId::from_text("019aa1f7-5ac0-7b01-8234-56789abcdef0");
        let name = file_name(&id, ".png").unwrap();
        assert_eq!(named(&name), Some((id.clone(), ".png")));
        assert!(name.starts_with(&format!("{}-", 0x019a_a1f7_5ac0_u64)), "{name}");
        let (time, rest) = name.split_once('-').unwrap();
        assert_eq!(named(&file_name(&id, "").unwrap()), Some((id, "")));
        for wrong in [
            format!("0{time}-{rest}"),
            format!("{time}-0{rest}"),
            format!("+{time}-{rest}"),
            format!("{time}{rest}"),
            format!("{}-1.png", u64::MAX),
            format!("1-{}.png", u128::MAX),
            "..-1.png".to_owned(),
            String::new(),
        ] {
            assert_eq!(named(&wrong), None, "{wrong}");
        }
        assert_eq!(file_name(&FileId::from_text("none"), ".png"), None);
    }
}
