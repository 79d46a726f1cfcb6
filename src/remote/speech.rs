//! What is spoken and heard stays in the house in which it is: its bytes are not sent along.

use async_trait::async_trait;

use super::{Remote, not_over_a_distance};
use crate::domain::{Principal, Result};
use crate::engine::{Speech, Spoken, ToSpeak, ToTranscribe};

#[async_trait]
impl Speech for Remote {
    async fn transcribe(&self, _: &Principal, _: ToTranscribe) -> Result<String> {
        Err(not_over_a_distance("sound cannot be transcribed"))
    }

    async fn speak(&self, _: &Principal, _: ToSpeak) -> Result<Spoken> {
        Err(not_over_a_distance("nothing can be spoken"))
    }
}
