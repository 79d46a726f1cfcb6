//! Tool servers that behave, and such that do not.
