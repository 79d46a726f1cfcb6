//! Files that go along with a question: texts beside it, images in it. Of which kind a file is, its content says and not
//! its name.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use ombud::config::printable;
use ombud::domain::{BlobId, Error, ErrorCode, FilePart, Part, Result};
use ombud::engine::{Ask, ContextInput};

/// Most files of one question.
const FILES: usize = 64;
/// Most bytes of a file of text, and of an image.
const TEXT_BYTES: usize = 4 << 20;
const IMAGE_BYTES: usize = 20 << 20;
/// Most bytes of all files together; a server takes no more in one request.
const ALL_BYTES: usize = 48 << 20;

/// Files that were read.
#[derive(Clone, Debug, Default)]
pub struct Attachments {
    texts: Vec<ContextInput>,
    images: Vec<(FilePart, Bytes)>,
}

impl Attachments {
    /// Reads files. On a thread that may wait: a pipe gives its bytes when it likes.
    ///
    /// # Errors
    /// Naming the file: `not_found`, `forbidden`, `invalid_input` for a folder, `bad_media` for what is neither text nor
    /// an image that models take, `too_large`.
    pub async fn read(paths: &[PathBuf]) -> Result<Self> {
        if paths.is_empty() {
            return Ok(Self::default());
        }
        let paths = paths.to_vec();
        let reading = tokio::task::spawn_blocking(move || read_all(&paths));
        reading.await.unwrap_or_else(|error| Err(Error::internal(format!("files could not be read: {error}"))))
    }

    /// Whether an image is among them.
    pub fn has_images(&self) -> bool {
        !self.images.is_empty()
    }

    /// Puts them into a question.
    pub fn add_to(&self, ask: &mut Ask) {
        ask.context.extend(self.texts.iter().cloned());
        for (file, bytes) in &self.images {
            ask.input.push(Part::File(file.clone()));
            if !ask.blobs.iter().any(|(blob, _)| *blob == file.blob) {
                ask.blobs.push((file.blob.clone(), bytes.clone()));
            }
        }
    }
}

fn read_all(paths: &[PathBuf]) -> Result<Attachments> {
    if paths.len() > FILES {
        return Err(Error::new(ErrorCode::TooLarge, format!("{} files are more than {FILES}", paths.len())));
    }
    let mut read = Attachments::default();
    let mut all = 0;
    for path in paths {
        let bytes = bytes_of(path)?;
        all += bytes.len();
        if all > ALL_BYTES {
            return Err(Error::new(ErrorCode::TooLarge, format!("the files together are larger than {ALL_BYTES} bytes")));
        }
        match image(&bytes) {
            Some(media_type) => read.images.push((named(path, media_type, &bytes), bytes.into())),
            None => {
                read.texts.push(ContextInput { description: format!("file {}", name_of(path)), text: text(path, bytes)? })
            }
        }
    }
    Ok(read)
}

/// Why a file that was named could not be read.
pub fn unread(shown: &str, error: &std::io::Error) -> Error {
    match error.kind() {
        std::io::ErrorKind::NotFound => Error::new(ErrorCode::NotFound, format!("there is no file `{shown}`")),
        std::io::ErrorKind::PermissionDenied => Error::new(ErrorCode::Forbidden, format!("file `{shown}` may not be read")),
        _ => Error::invalid(format!("file `{shown}` cannot be read: {error}")),
    }
}

fn bytes_of(path: &Path) -> Result<Vec<u8>> {
    let shown = printable(&path.to_string_lossy());
    let failed = |error: std::io::Error| match unread(&shown, &error) {
        error if error.code == ErrorCode::NotFound => error.hint("`--file` is taken from the current folder"),
        error => error,
    };
    let file = File::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.is_dir() {
        return Err(Error::invalid(format!("`{shown}` is a folder, and `--file` takes a file"))
            .hint("name its files one by one, or let the agent read the folder: it sees the workspace"));
    }
    let mut bytes = Vec::new();
    file.take(IMAGE_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.is_empty() {
        return Err(Error::invalid(format!("file `{shown}` is empty")));
    }
    let most = if image(&bytes).is_some() { IMAGE_BYTES } else { TEXT_BYTES };
    if bytes.len() > most {
        let hint = "put it into the workspace: there the agent can read parts of it";
        return Err(Error::new(ErrorCode::TooLarge, format!("file `{shown}` is larger than {most} bytes")).hint(hint));
    }
    Ok(bytes)
}

/// The media type of an image that models take.
fn image(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

fn text(path: &Path, bytes: Vec<u8>) -> Result<String> {
    let shown = printable(&path.to_string_lossy());
    let junk = || {
        Error::new(ErrorCode::BadMedia, format!("file `{shown}` is neither UTF-8 text nor a PNG, JPEG, GIF or WebP image"))
            .hint("convert it first, or put it into the workspace and let the agent use a tool on it")
    };
    let text = String::from_utf8(bytes).map_err(|_| junk())?;
    if text.contains('\0') {
        return Err(junk());
    }
    match text.strip_prefix('\u{feff}') {
        Some(rest) => Ok(rest.to_owned()),
        None => Ok(text),
    }
}

/// The path as it was given, not too long.
fn name_of(path: &Path) -> String {
    let name = printable(&path.to_string_lossy());
    name.chars().take(200).collect()
}

fn named(path: &Path, media_type: &str, bytes: &[u8]) -> FilePart {
    let name = path.file_name().map(|name| printable(&name.to_string_lossy()).chars().take(60).collect());
    FilePart { blob: BlobId::of(bytes), media_type: media_type.to_owned(), name, size: bytes.len() as u64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content: &[u8]) -> Result<Attachments> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        std::fs::write(&path, content).unwrap();
        read_all(&[path])
    }

    #[test]
    fn what_a_file_is_its_content_says() {
        let texts = read("\u{feff}häh\n".as_bytes()).unwrap().texts;
        assert_eq!(texts[0].text, "häh\n");
        for (start, media_type) in [
            (&b"\x89PNG\r\n\x1a\nrest"[..], "image/png"),
            (b"\xff\xd8\xff\xe0", "image/jpeg"),
            (b"GIF89a", "image/gif"),
            (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        ] {
            let images = read(start).unwrap().images;
            assert_eq!((images[0].0.media_type.as_str(), images[0].0.size), (media_type, start.len() as u64));
        }
    }

    #[test]
    fn what_cannot_go_along_is_refused() {
        let code = |content: &[u8]| read(content).unwrap_err().code;
        assert_eq!(code(b""), ErrorCode::InvalidInput);
        assert_eq!(code(b"\x7fELF\x02\xff\xfe"), ErrorCode::BadMedia);
        assert_eq!(code(b"text with \0"), ErrorCode::BadMedia);
        assert_eq!(code(&vec![b'x'; TEXT_BYTES + 1]), ErrorCode::TooLarge);
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read_all(&[folder.path().to_path_buf()]).unwrap_err().code, ErrorCode::InvalidInput);
        assert_eq!(read_all(&[folder.path().join("gone")]).unwrap_err().code, ErrorCode::NotFound);
        // A device that never ends is read up to the limit.
        assert_eq!(read_all(&["/dev/zero".into()]).unwrap_err().code, ErrorCode::TooLarge);
        assert_eq!(read_all(&vec!["/dev/null".into(); FILES + 1]).unwrap_err().code, ErrorCode::TooLarge);
    }
}
