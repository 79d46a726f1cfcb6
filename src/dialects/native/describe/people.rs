//! People with an account.

use utoipa::ToSchema;

/// What an account is to be.
#[derive(ToSchema)]
pub struct NewUser {
    /// The name: letters, digits, `.`, `_`, `@` and `-`, at most 64. Names that differ in the size of letters only are one.
    name: String,
    /// `admin`, `developer` or `viewer`.
    role: String,
    /// Their address.
    email: Option<String>,
    /// The password: 8 to 1,024 bytes.
    password: String,
}

/// A person with an account.
#[derive(ToSchema)]
pub struct User {
    /// The id.
    id: String,
    /// The name.
    name: String,
    /// Their address.
    email: Option<String>,
    /// `admin`, `developer` or `viewer`.
    role: String,
    /// When the account was made.
    created_at: String,
    /// When it was changed last.
    updated_at: String,
}

/// A token for an account.
#[derive(ToSchema)]
pub struct Login {
    /// The signed token.
    token: String,
    /// When it opens nothing any more.
    expires_at: String,
    /// Whose it is.
    user: User,
}
