//! Bytes on their way in: small ones in memory, others in a file without a name, which is gone with the process.

use futures_util::StreamExt;
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

use super::FileBytes;
use crate::domain::{Cause, Error, ErrorCode, Result};

/// So many bytes of one file are kept in memory while they come.
const IN_MEMORY: usize = 256 << 10;

/// The bytes of a file that have all come.
#[derive(Debug)]
pub(super) enum Received {
    /// In memory.
    Small(Vec<u8>),
    /// In a file.
    Large(tokio::fs::File),
}

/// Receives exactly `size` bytes.
///
/// # Errors
/// `too_large` when more come, `invalid_input` when fewer do, and what the stream itself says.
pub(super) async fn receive(mut bytes: FileBytes, size: u64) -> Result<Received> {
    let mut small = Vec::new();
    let mut large: Option<tokio::fs::File> = None;
    let mut count = 0_u64;
    while let Some(piece) = bytes.next().await {
        let piece = piece?;
        count = count.saturating_add(piece.len() as u64);
        if count > size {
            let message = format!("more bytes came than the {size} that the file was offered with");
            return Err(Error::new(ErrorCode::TooLarge, message).hint("offer the file with the size that it has"));
        }
        if let Some(file) = &mut large {
            file.write_all(&piece).await.map_err(|error| unkept(&error))?;
            continue;
        }
        small.extend_from_slice(&piece);
        if small.len() > IN_MEMORY {
            let mut file = nameless().await?;
            file.write_all(&small).await.map_err(|error| unkept(&error))?;
            small = Vec::new();
            large = Some(file);
        }
    }
    if count < size {
        return Err(Error::invalid(format!("{count} bytes came of the {size} that the file was offered with"))
            .hint("upload all of it, or offer the file with the size that it has"));
    }
    let Some(mut file) = large else { return Ok(Received::Small(small)) };
    file.flush().await.map_err(|error| unkept(&error))?;
    Ok(Received::Large(file))
}

impl Received {
    /// All bytes, in memory.
    pub(super) async fn whole(self, size: u64) -> Result<Vec<u8>> {
        let mut file = match self {
            Self::Small(bytes) => return Ok(bytes),
            Self::Large(file) => file,
        };
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
        file.rewind().await.map_err(|error| unkept(&error))?;
        file.read_to_end(&mut bytes).await.map_err(|error| unkept(&error))?;
        Ok(bytes)
    }
}

async fn nameless() -> Result<tokio::fs::File> {
    let made = tokio::task::spawn_blocking(tempfile::tempfile).await;
    let made = made.map_err(|error| Error::internal(format!("a temporary file was not made: {error}")))?;
    Ok(tokio::fs::File::from_std(made.map_err(|error| unkept(&error))?))
}

fn unkept(error: &std::io::Error) -> Error {
    let failed = Error::new(ErrorCode::Unavailable, format!("the bytes of the file cannot be kept for now: {error}"));
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
            failed.because(Cause::Full).hint("make room in the folder for temporary files (TMPDIR)")
        }
        _ => failed,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn pieces(sizes: &[usize]) -> FileBytes {
        let pieces: Vec<_> = sizes.iter().map(|size| Ok(Bytes::from(vec![b'x'; *size]))).collect();
        futures_util::stream::iter(pieces).boxed()
    }

    #[tokio::test]
    async fn exactly_what_was_offered_is_received() {
        let codes =
            |sizes: &'static [usize], size| async move { receive(pieces(sizes), size).await.map_err(|error| error.code) };
        assert!(matches!(codes(&[2, 0, 3], 5).await, Ok(Received::Small(bytes)) if bytes == b"xxxxx"));
        assert_eq!(codes(&[2, 4], 5).await.unwrap_err(), ErrorCode::TooLarge);
        assert_eq!(codes(&[2, 2], 5).await.unwrap_err(), ErrorCode::InvalidInput);
        assert_eq!(codes(&[], 5).await.unwrap_err(), ErrorCode::InvalidInput);
    }

    #[tokio::test]
    async fn large_files_do_not_stay_in_memory() {
        let received = receive(pieces(&[IN_MEMORY, 1, 70_000]), (IN_MEMORY + 70_001) as u64).await.unwrap();
        assert!(matches!(received, Received::Large(_)), "{received:?}");
        assert_eq!(received.whole(0).await.unwrap(), vec![b'x'; IN_MEMORY + 70_001]);
        let received = receive(pieces(&[IN_MEMORY - 1, 1]), IN_MEMORY as u64).await.unwrap();
        assert!(matches!(received, Received::Small(_)), "{received:?}");
    }

    #[tokio::test]
    async fn a_stream_that_breaks_off_is_told() {
        let broken = Error::new(ErrorCode::TimedOut, "too slow");
        let bytes = futures_util::stream::iter([Ok(Bytes::from_static(b"ab")), Err(broken.clone())]).boxed();
        assert_eq!(receive(bytes, 5).await.unwrap_err(), broken);
    }
}
