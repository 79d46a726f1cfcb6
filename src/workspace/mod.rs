//! FLOOR 3: the folder that a session works in, and nothing outside it.

/// A folder that cannot be escaped.
pub struct Workspace {
    _private: (),
}
#[allow(missing_docs)]
impl Workspace { pub fn open(_: &std::path::Path) -> Result<Self, crate::domain::Error> { Ok(Self { _private: () }) } }
