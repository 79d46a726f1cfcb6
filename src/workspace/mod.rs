//! FLOOR 3: the folder that a session works in, and nothing outside it.

/// A folder that cannot be escaped.
pub struct Workspace {
    _private: (),
}
