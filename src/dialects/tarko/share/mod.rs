//! Sharing: a session as one page, uploaded to the provider of the settings.
//!
//! What is shared comes from [`Engine::share`], so it is without secrets already; nothing else of the session goes out.
//! Both `POST sessions/share` and `ombud share` use [`Publication`].

mod images;
mod page;
mod receiver;
mod slug;

use std::time::Duration;

use bytes::Bytes;
use reqwest::Body;
use reqwest::multipart::{Form, Part as FormPart};
use tokio::sync::watch;

use self::receiver::Receiver;
use crate::domain::{Error, ErrorCode, Principal, Result, Timestamp};
use crate::engine::{Engine, SharedSession};

pub use page::web_page;

/// How long an upload of a page may take, unless somebody says otherwise.
pub const UPLOAD_TIME: Duration = Duration::from_secs(60);

/// Bytes of a page that are sent at once.
const PIECE: usize = 64 << 10;

/// How far a publication is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// So many images of the workspace, of all that the session mentions, were looked after.
    Images {
        /// So many.
        done: usize,
        /// Of so many.
        all: usize,
    },
    /// So many bytes of the page were taken by the receiver.
    Page {
        /// So many.
        sent: u64,
        /// Of so many.
        all: u64,
    },
}

/// Why nothing was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unpublished {
    /// The provider answered with another status than a good one.
    Status(u16),
    /// The provider's answer names no page.
    Answer,
    /// Anything else.
    Other(Error),
}

impl From<Error> for Unpublished {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

impl From<Unpublished> for Error {
    fn from(unpublished: Unpublished) -> Self {
        let check = "check `share.provider`, and what the provider says about it";
        match unpublished {
            Unpublished::Status(status) => {
                Self::new(ErrorCode::Unavailable, format!("the share provider answered with status {status}")).hint(check)
            }
            Unpublished::Answer => {
                Self::new(ErrorCode::Unavailable, "the share provider's answer is no JSON with a `url`").hint(check)
            }
            Unpublished::Other(error) => error,
        }
    }
}

/// Where and for whom a session is published.
pub struct Publication<'a> {
    /// Where the session is.
    pub engine: &'a dyn Engine,
    /// Who publishes it.
    pub caller: &'a Principal,
    /// The provider's address.
    pub provider: &'a str,
    /// How long each request may take.
    pub time: Duration,
    /// Now.
    pub now: Timestamp,
    /// Told how far it is.
    pub progress: &'a (dyn Fn(Progress) + Send + Sync),
}

impl Publication<'_> {
    /// Uploads the images that the session's files mention, then the page that `page` makes of the session; answers
    /// where the page is. An image that cannot be uploaded stays as it was.
    ///
    /// # Errors
    /// [`Unpublished`].
    pub async fn publish(
        &self,
        mut shared: SharedSession,
        page: impl FnOnce(&SharedSession) -> Result<String> + Send,
    ) -> std::result::Result<String, Unpublished> {
        let receiver = Receiver::new(self.provider, self.time)?;
        images::publish(self, &receiver, &mut shared).await;
        let slug = slug::of(self.engine, self.caller, &shared).await;
        let page = page(&shared)?;
        let all = page.len() as u64;
        let (told, mut sent) = watch::channel(0);
        let form = self.form(&shared, slug, in_pieces(page.into(), told))?;
        let mut upload = std::pin::pin!(receiver.page(form));
        loop {
            tokio::select! {
                // What was taken is told before the end.
                biased;
                Ok(()) = sent.changed() => (self.progress)(Progress::Page { sent: *sent.borrow_and_update(), all }),
                uploaded = &mut upload => return uploaded,
            }
        }
    }

    fn form(&self, shared: &SharedSession, slug: String, (page, length): (Body, u64)) -> Result<Form> {
        let id = shared.session.id.to_string();
        let name = format!("agent-replay-{id}-{}.html", self.now.as_millis());
        let file = FormPart::stream_with_length(page, length).file_name(name).mime_str("text/html");
        let file = file.map_err(|error| Error::internal(format!("a page cannot be sent: {}", error.without_url())))?;
        let mut form = Form::new().part("file", file).text("sessionId", id).text("type", "html").text("slug", slug);
        if let Some(query) = page::first_question(shared).filter(|query| !query.is_empty()) {
            form = form.text("query", query);
        }
        if let Some(title) = &shared.session.title {
            form = form.text("name", title.clone());
        }
        let tags: Vec<&str> = shared.session.labels.tags().collect();
        if !tags.is_empty() {
            form = form.text("tags", serde_json::json!(tags).to_string());
        }
        Ok(form)
    }
}

/// A page as a body that tells how much of it was taken, and its length.
fn in_pieces(page: Bytes, told: watch::Sender<u64>) -> (Body, u64) {
    let all = page.len() as u64;
    let pieces = futures_util::stream::unfold((page, told), |(mut rest, told)| async move {
        if rest.is_empty() {
            return None;
        }
        let piece = rest.split_to(rest.len().min(PIECE));
        told.send_modify(|sent| *sent += piece.len() as u64);
        Some((Ok::<_, std::convert::Infallible>(piece), (rest, told)))
    });
    (Body::wrap_stream(pieces), all)
}
