//! What another house has to work with.

use async_trait::async_trait;

use super::wire::{Confinement, HouseTools, Nothing, ProviderList, Reach};
use super::{Remote, SOON};
use crate::domain::{Principal, Result};
use crate::engine::{Equipment, ProviderItem, ToolItem};

#[async_trait]
impl Equipment for Remote {
    async fn providers(&self, _: &Principal, reach: bool) -> Result<Vec<ProviderItem>> {
        let ProviderList { providers } = self.line.call("providers", &Reach { reach }, SOON).await?;
        Ok(providers)
    }

    async fn tools(&self, _: &Principal) -> Result<Vec<ToolItem>> {
        let HouseTools { tools } = self.line.call("tools", &Nothing {}, SOON).await?;
        Ok(tools)
    }

    async fn try_command(&self, _: &Principal) -> Result<Option<String>> {
        let Confinement { not_confined } = self.line.call("try-command", &Nothing {}, SOON).await?;
        Ok(not_confined)
    }
}
