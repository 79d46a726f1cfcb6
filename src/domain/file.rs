//! Files that somebody gave to the house, each with a name and a type. What lies in a workspace is no file of this kind, but
//! a view of a folder.

use serde::{Deserialize, Serialize};

use super::{Attributes, BlobId, Error, FileId, FilePart, Result, SessionId, Timestamp};

/// Whether the bytes of a file have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileState {
    /// It was offered, and its bytes may come. Nothing of it is kept yet.
    Pending,
    /// It is here, whole.
    Ready,
}

/// Whose a file is: it goes with its owner.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileScope {
    /// A session's.
    Session(SessionId),
    /// The house's, for whoever gave it.
    House {
        /// Who: the id of their account, or the name that they called with.
        owner: String,
    },
}

/// A file that somebody gave to the house.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Its id.
    pub id: FileId,
    /// Whose it is.
    pub scope: FileScope,
    /// Its name, without a folder.
    pub name: String,
    /// IANA media type, in lower case, without parameters.
    pub media_type: String,
    /// Bytes.
    pub size: u64,
    /// Whether it is here.
    pub state: FileState,
    /// Its bytes, by their hash; absent while it is pending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blob: Option<BlobId>,
    /// When it was offered; of a file of the house, when it came.
    pub offered_at: Timestamp,
    /// What its door keeps about it, by the door's name.
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
}

impl File {
    /// The session that it belongs to.
    ///
    /// # Errors
    /// `invalid_input` for one of the house.
    pub fn session(&self) -> Result<&SessionId> {
        match &self.scope {
            FileScope::Session(session) => Ok(session),
            FileScope::House { .. } => Err(Error::invalid(format!("file `{}` belongs to no session", self.id))),
        }
    }

    /// Whose it is, of one of the house.
    pub fn owner(&self) -> Option<&str> {
        match &self.scope {
            FileScope::Session(_) => None,
            FileScope::House { owner } => Some(owner),
        }
    }

    /// The file as a part of a message; `None` while it is pending. The bytes of one of the house must be given with the
    /// message: they are in no session yet.
    pub fn part(&self) -> Option<FilePart> {
        let blob = self.blob.clone()?;
        Some(FilePart { blob, media_type: self.media_type.clone(), name: Some(self.name.clone()), size: self.size })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_file_that_is_here_is_part_of_a_message() {
        let mut file = File {
            id: FileId::from_text("f"),
            scope: FileScope::Session(SessionId::from_text("s")),
            name: "dot.png".to_owned(),
            media_type: "image/png".to_owned(),
            size: 3,
            state: FileState::Pending,
            blob: None,
            offered_at: Timestamp::from_millis(0),
            attributes: Attributes::new(),
        };
        assert_eq!((file.session(), file.owner()), (Ok(&SessionId::from_text("s")), None));
        assert_eq!(file.part(), None);
        file.state = FileState::Ready;
        file.blob = Some(BlobId::of(b"abc"));
        let text = serde_json::to_string(&file).unwrap();
        let expected = concat!(
            r#"{"id":"f","scope":{"session":"s"},"name":"dot.png","media_type":"image/png","size":3,"state":"ready","#,
            r#""blob":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad","#,
            r#""offered_at":"1970-01-01T00:00:00.000Z"}"#
        );
        assert_eq!(text, expected);
        assert_eq!(serde_json::from_str::<File>(&text).unwrap(), file);
        assert_eq!(file.part().map(|part| (part.name, part.size)), Some((Some("dot.png".to_owned()), 3)));
    }

    #[test]
    fn a_file_of_the_house_has_an_owner() {
        let text = concat!(
            r#"{"id":"f","scope":{"house":{"owner":"u"}},"name":"a","media_type":"text/plain","size":0,"state":"ready","#,
            r#""blob":"b","offered_at":"1970-01-01T00:00:00.000Z","attributes":{"door":{"note":"x"}}}"#
        );
        let file: File = serde_json::from_str(text).unwrap();
        assert_eq!((file.session().is_err(), file.owner()), (true, Some("u")));
        assert_eq!(serde_json::to_string(&file).unwrap(), text);
    }
}
