//! The integration tests: one binary, a module for each thing that is tested.

mod models;
mod support {
    pub mod model_server;
}
