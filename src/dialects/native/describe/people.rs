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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde::Serialize;
    use utoipa::PartialSchema;

    use super::*;
    use crate::domain::{Role, Timestamp, UserId};
    use crate::engine::{self, Word};

    fn same<D: PartialSchema, E: Serialize>(value: &E) {
        let keys = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
        let schema = serde_json::to_value(D::schema()).unwrap();
        assert_eq!(keys(&schema["properties"]), keys(&serde_json::to_value(value).unwrap()));
    }

    #[test]
    fn the_fields_are_those_of_the_engine() {
        let (at, word) = (Timestamp::from_millis(0), || Word::given("12345678".into()));
        let (name, email, role) = ("ana".to_owned(), Some("ana@example.org".to_owned()), Role::Viewer);
        same::<NewUser, _>(&engine::NewUser { name: name.clone(), role, email: email.clone(), password: word() });
        let user = crate::domain::User { id: UserId::from_text("u"), name, email, role, created_at: at, updated_at: at };
        same::<User, _>(&user);
        same::<Login, _>(&engine::Login { token: word(), expires_at: at, user });
    }
}
