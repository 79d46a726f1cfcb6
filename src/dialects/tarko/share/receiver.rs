//! The provider that receives pages and images.

use std::time::Duration;

use reqwest::multipart::Form;
use reqwest::{Client, Response, Url};
use serde_json::Value;

use super::Unpublished;
use crate::domain::{Error, Result};
use crate::http::{client_for, outbound_failure};

/// Most bytes of an answer that are read.
const ANSWER_BYTES: usize = 1 << 20;

/// The provider.
pub struct Receiver {
    client: Client,
    pages: Url,
    images: Url,
}

impl Receiver {
    /// The provider at an address. Images go to the same address, with the first `/share` of its path made `/storage`.
    ///
    /// # Errors
    /// `invalid_input` when it is no address of the web.
    pub fn new(provider: &str, time: Duration) -> Result<Self> {
        let (client, pages) = client_for(provider, time)?;
        let mut images = pages.clone();
        images.set_path(&pages.path().replacen("/share", "/storage", 1));
        Ok(Self { client, pages, images })
    }

    /// Uploads a page; answers where it is, in a form that plays it.
    ///
    /// # Errors
    /// [`Unpublished`].
    pub async fn page(&self, form: Form) -> Result<String, Unpublished> {
        let answer = self.post(&self.pages, form).await?;
        let url = answer.get("url").and_then(Value::as_str).and_then(web_address);
        let mut url = url.ok_or(Unpublished::Answer)?;
        let kept: Vec<(String, String)> = url.query_pairs().into_owned().filter(|(name, _)| name != "replay").collect();
        url.query_pairs_mut().clear().extend_pairs(kept).append_pair("replay", "1");
        Ok(url.into())
    }

    /// Uploads an image; answers where it is, by HTTPS.
    ///
    /// # Errors
    /// [`Unpublished`].
    pub async fn image(&self, form: Form) -> Result<String, Unpublished> {
        let answer = self.post(&self.images, form).await?;
        let named = ["cdnUrl", "url"].iter().find_map(|name| answer.get(name).and_then(Value::as_str));
        let named = named.ok_or(Unpublished::Answer)?;
        let rest = named.strip_prefix("http://").or_else(|| named.strip_prefix("https://")).unwrap_or(named);
        let url = web_address(&format!("https://{}", rest.trim_start_matches('/'))).ok_or(Unpublished::Answer)?;
        // It is put into the session's files: nothing in it may end the place that it stands in.
        let safe = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\'' | '<' | '>' | '(' | ')' | '`' | '\\');
        let url = String::from(url);
        if url.chars().all(safe) { Ok(url) } else { Err(Unpublished::Answer) }
    }

    async fn post(&self, to: &Url, form: Form) -> Result<Value, Unpublished> {
        let sent = self.client.post(to.clone()).multipart(form).send().await;
        let response = sent.map_err(|error| carried(outbound_failure(error)))?;
        if !response.status().is_success() {
            return Err(Unpublished::Status(response.status().as_u16()));
        }
        let body = limited(response).await?;
        serde_json::from_slice(&body).map_err(|_| Unpublished::Answer)
    }
}

async fn limited(mut response: Response) -> Result<Vec<u8>, Unpublished> {
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(|error| carried(outbound_failure(error)))? {
        if body.len() + piece.len() > ANSWER_BYTES {
            return Err(Unpublished::Answer);
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

fn carried(error: Error) -> Unpublished {
    let message = format!("the share provider cannot be reached: {}", error.message);
    Unpublished::Other(Error { message, ..error }.hint("check `share.provider`, and the network"))
}

fn web_address(text: &str) -> Option<Url> {
    Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_go_beside_the_pages_and_never_to_another_host() {
        let addresses = |provider: &str| {
            let receiver = Receiver::new(provider, Duration::from_secs(1)).unwrap();
            (receiver.pages.to_string(), receiver.images.to_string())
        };
        for (provider, images) in [
            ("https://x.example/api/share", "https://x.example/api/storage"),
            ("https://x.example/share/share?a=/share", "https://x.example/storage/share?a=/share"),
            ("https://share.example/api/upload", "https://share.example/api/upload"),
        ] {
            assert_eq!(addresses(provider), (provider.to_owned(), images.to_owned()));
        }
    }
}
