//! FLOOR 5: the engine over a distance: the same trait, spoken to another `ombud serve`.

pub mod wire;
