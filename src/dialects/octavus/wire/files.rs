//! Files: what is uploaded, and where.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Asks where files can be uploaded to.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OctavusUploadUrls)]
pub struct UploadUrls {
    /// The session that they are for.
    pub session_id: String,
    /// 1 to 20 files.
    pub files: Vec<UploadFile>,
}

/// A file that is to be uploaded.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OctavusUploadFile)]
pub struct UploadFile {
    /// 1 to 255 characters.
    pub filename: String,
    /// IANA media type.
    pub media_type: String,
    /// Bytes, more than 0.
    pub size: u64,
}

/// Where files can be uploaded to, in the order in which they were named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = OctavusUploadTargets)]
pub struct UploadTargets {
    /// A place for each.
    pub files: Vec<UploadTarget>,
}

/// Where one file can be uploaded to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OctavusUploadTarget)]
pub struct UploadTarget {
    /// The file's id, for references to it.
    pub id: String,
    /// Absolute; takes its bytes by PUT.
    pub upload_url: String,
    /// Absolute; gives its bytes.
    pub download_url: String,
}
