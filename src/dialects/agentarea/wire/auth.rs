//! Logging in, and who one is.

use serde::Serialize;
use utoipa::ToSchema;

/// Proves who somebody is.
#[derive(ToSchema)]
#[schema(example = json!({ "username": "your-username", "password": "your-password" }))]
#[expect(dead_code, reason = "it is read key by key, so that faults are told by their place; this describes it")]
pub struct Login {
    /// The name of the account.
    #[schema(min_length = 1, max_length = 255)]
    pub username: String,
    /// Its password.
    #[schema(min_length = 1, max_length = 1024)]
    pub password: String,
}

/// A token, and whose it is.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Token)]
pub struct LoginAnswer {
    /// The token, a JWT: goes into `Authorization: Bearer …`.
    pub access_token: String,
    /// `bearer`.
    pub token_type: &'static str,
    /// Seconds until it ends.
    #[schema(minimum = 0)]
    pub expires_in: u64,
    /// Whose it is.
    pub user: UserAnswer,
}

/// A person with an account.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = User, example = json!({
    "id": "user-0199f3c2-7d1e-7a44-8b1c-2f7a1c3d9e10", "username": "your-username", "email": "user@example.com",
    "role": "developer"
}))]
pub struct UserAnswer {
    /// The id.
    pub id: String,
    /// The name of the account.
    pub username: String,
    /// The address, where there is one.
    pub email: Option<String>,
    /// `admin`, `developer` or `viewer`.
    pub role: &'static str,
}

/// It is done.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({ "status": "success" }))]
pub struct Success {
    /// `success`.
    pub status: &'static str,
}

impl Success {
    /// It is done.
    pub const DONE: Self = Self { status: "success" };
}
