//! Files.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Gives a file: a form with one file in it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is read part by part as it comes; this describes it")]
pub struct NewFile {
    /// The file, under its name.
    #[schema(value_type = String, format = Binary)]
    pub file: Vec<u8>,
    /// What is to be kept about it: a JSON object, as text.
    #[schema(max_length = 16384)]
    pub metadata: Option<String>,
}

/// A file.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = File, example = json!({
    "id": "file-0199f3c2-7d1e-7a44-8b1c-2f7a1c3d9e10", "filename": "document.pdf", "content_type": "application/pdf",
    "size": 48213, "metadata": { "description": "Document for processing" }, "created_at": "2025-01-15T10:30:00.000Z",
    "created_by": "user-0199f3c2-7d1e-7a44-8b1c-2f7a1c3d9e11"
}))]
pub struct FileAnswer {
    /// Its id.
    pub id: String,
    /// Its name, without folders.
    #[schema(min_length = 1, max_length = 255)]
    pub filename: String,
    /// Its media type: as it was told, else what its bytes look like.
    pub content_type: String,
    /// Bytes.
    #[schema(minimum = 0)]
    pub size: u64,
    /// What is kept about it, as it was sent.
    #[schema(value_type = Object)]
    pub metadata: Map<String, Value>,
    /// When it came.
    pub created_at: String,
    /// Who gave it.
    pub created_by: String,
}

/// A page of files, the newest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FileList {
    /// The files.
    pub files: Vec<FileAnswer>,
    /// How many there are that the caller sees.
    #[schema(minimum = 0)]
    pub total: usize,
    /// Most files of the page.
    #[schema(minimum = 1, maximum = 100)]
    pub limit: usize,
    /// Files before it.
    #[schema(minimum = 0)]
    pub offset: usize,
}
