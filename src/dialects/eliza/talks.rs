//! Sessions, as this API calls them: one person and one agent in a channel of two that lives for a time. The id of such a
//! session is that of its channel, which is a session of the house with a lifetime.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::channels::{self, Channel, NewChannel};
use super::directory::Directory;
use super::errors::ElizaError;
use super::kept::KeptChannel;
use super::{agents, ids};
use crate::config::TalkSettings;
use crate::domain::{
    Attributes, ErrorCode, Lifetime, Principal, Session, SessionId, SessionStatus, SessionSummary, SessionUpdated, Timestamp,
};
use crate::engine::{AgentItem, Engine, SessionFilter};

/// Under what a session keeps that it is one.
const KEPT: &str = "eliza.session";
/// The label by which they are found.
const LABEL: (&str, &str) = ("eliza-session", "yes");
/// Most that are listed.
const LISTED: usize = 1_000;

/// How long one lives, as its maker says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Timeout {
    /// Minutes until it ends, from 1 to 1,440.
    pub timeout_minutes: f64,
    /// Whether each use begins the time anew.
    pub auto_renew: bool,
    /// Longest life in all, in minutes.
    pub max_duration_minutes: f64,
    /// From how many minutes before its end it is said to be near.
    pub warning_threshold_minutes: f64,
}

impl Default for Timeout {
    fn default() -> Self {
        Self::of_house(&TalkSettings::default())
    }
}

/// A number, also as a text.
fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.trim().parse().ok()).filter(|number| number.is_finite())
}

fn minutes(whole: u64) -> f64 {
    u32::try_from(whole).unwrap_or(u32::MAX).into()
}

/// How long sessions may live, and do where nobody says it.
pub struct Lives<'a>(pub &'a TalkSettings);

impl Lives<'_> {
    fn range(&self) -> (f64, f64) {
        (minutes(self.0.least_minutes), minutes(self.0.most_minutes.max(self.0.least_minutes)))
    }

    /// Those of an agent: what its settings say, and else what holds in the house. What is out of range is put into it, and
    /// what is no number left.
    pub fn of_agent(&self, settings: Option<&Value>) -> Timeout {
        let (least, most) = self.range();
        let house = Timeout::of_house(self.0);
        let said = |name: &str| settings.and_then(|settings| settings.get(name));
        let minutes = |name: &str, least: f64, most: f64| said(name).and_then(number).map(|given| given.clamp(least, most));
        let timeout_minutes = minutes("SESSION_TIMEOUT_MINUTES", least, most).unwrap_or(house.timeout_minutes);
        Timeout {
            timeout_minutes,
            auto_renew: match said("SESSION_AUTO_RENEW") {
                Some(Value::Bool(renews)) => *renews,
                Some(Value::String(word)) if !word.is_empty() => word == "true",
                _ => house.auto_renew,
            },
            max_duration_minutes: minutes("SESSION_MAX_DURATION_MINUTES", least, 2.0 * most)
                .unwrap_or(house.max_duration_minutes)
                .max(timeout_minutes),
            warning_threshold_minutes: minutes("SESSION_WARNING_THRESHOLD_MINUTES", 1.0, most)
                .unwrap_or(house.warning_threshold_minutes),
        }
    }

    /// With what a body says of it. A time that is out of range is put into it, or refused where `strict`.
    ///
    /// # Errors
    /// What is no number, or no yes or no.
    pub fn with(&self, old: &Timeout, body: &Value, strict: bool) -> Result<Timeout, String> {
        let (least, most) = self.range();
        let Value::Object(body) = body else { return Err("timeoutConfig must be an object".to_owned()) };
        let minutes = |key: &str, old: f64| match body.get(key) {
            None | Some(Value::Null) => Ok(old),
            Some(value) => number(value).filter(|minutes| *minutes > 0.0).ok_or(format!("{key} must be a positive number")),
        };
        let auto_renew = match body.get("autoRenew") {
            None | Some(Value::Null) => old.auto_renew,
            Some(value) => value.as_bool().ok_or("autoRenew must be true or false")?,
        };
        let timeout_minutes = minutes("timeoutMinutes", old.timeout_minutes)?;
        if strict && body.contains_key("timeoutMinutes") && !(least..=most).contains(&timeout_minutes) {
            return Err(format!("Invalid timeout configuration: Timeout must be between {least} and {most} minutes"));
        }
        let timeout_minutes = timeout_minutes.clamp(least, most);
        Ok(Timeout {
            timeout_minutes,
            auto_renew,
            max_duration_minutes: minutes("maxDurationMinutes", old.max_duration_minutes)?
                .min(2.0 * most)
                .max(timeout_minutes),
            warning_threshold_minutes: minutes("warningThresholdMinutes", old.warning_threshold_minutes)?.max(1.0),
        })
    }
}

impl Timeout {
    /// As it is where neither a session nor its agent says it.
    fn of_house(talks: &TalkSettings) -> Self {
        Self {
            timeout_minutes: minutes(talks.minutes),
            auto_renew: talks.auto_renew,
            max_duration_minutes: minutes(talks.whole_minutes.max(talks.minutes)),
            warning_threshold_minutes: minutes(talks.near_minutes),
        }
    }

    /// The lifetime of a session that has lived for so many seconds; nothing when none is left.
    pub fn lifetime(&self, lived_seconds: u64) -> Option<Lifetime> {
        let seconds = |minutes: f64| (minutes * 60.0).round() as u64;
        let left = seconds(self.max_duration_minutes).saturating_sub(lived_seconds);
        let lifetime = Lifetime {
            sliding: self.auto_renew,
            ttl_seconds: seconds(self.timeout_minutes).clamp(1, left.max(1)),
            max_seconds: Some(left),
        };
        (left > 0).then_some(lifetime)
    }
}

/// What is kept about one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct KeptTalk {
    /// The agent, an id.
    pub agent_id: String,
    /// The person, an id.
    pub user_id: String,
    /// What its maker says of it.
    pub metadata: Map<String, Value>,
    /// How long it lives.
    pub timeout_config: Timeout,
    /// How often its time was begun anew by something else than a message.
    pub renewals: u64,
    /// The last sign of life that was no message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alive_at: Option<Timestamp>,
}

/// One that is there.
#[derive(Clone, Debug)]
pub struct Talk {
    /// The session that it is.
    pub session: Session,
    /// What is kept about it.
    pub kept: KeptTalk,
    /// Whether its time is over.
    pub is_over: bool,
    /// How many runs it had: each began with a use.
    pub runs: u64,
}

impl Talk {
    fn of(summary: SessionSummary, is_over: bool) -> Option<Self> {
        let SessionSummary { session, runs, .. } = summary;
        let kept = serde_json::from_value(session.attributes.get(KEPT)?.clone()).ok()?;
        Some(Self { session, kept, is_over, runs })
    }

    /// How often its time was begun anew: by hand, and by each use where that does it.
    fn renewals(&self) -> u64 {
        self.kept.renewals + if self.kept.timeout_config.auto_renew { self.runs } else { 0 }
    }

    /// Its channel.
    pub fn channel(&self) -> Channel {
        Channel::of(self.session.clone())
    }

    /// Milliseconds that are left of it.
    fn left(&self, now: Timestamp) -> u64 {
        self.session.expires_at.map_or(0, |end| end.millis_since(now))
    }

    /// Whether it ends soon.
    fn is_near_its_end(&self, now: Timestamp) -> bool {
        self.left(now) as f64 <= self.kept.timeout_config.warning_threshold_minutes * 60_000.0
    }

    /// As clients are told it when it was made.
    pub fn made(&self) -> Value {
        json!({
            "sessionId": self.session.id,
            "channelId": self.session.id,
            "agentId": self.kept.agent_id,
            "userId": self.kept.user_id,
            "createdAt": self.session.created_at,
            "expiresAt": self.session.expires_at,
            "timeoutConfig": self.kept.timeout_config,
            "metadata": self.kept.metadata,
        })
    }

    /// As clients are told it.
    pub fn told(&self, now: Timestamp) -> Value {
        let mut told = self.made();
        told["lastActivity"] = json!(self.session.updated_at);
        told["renewalCount"] = json!(self.renewals());
        told["timeRemaining"] = json!(self.left(now));
        told["isNearExpiration"] = json!(self.is_near_its_end(now));
        told
    }

    /// How it stands with its time, as who says something in it is told.
    pub fn status(&self, now: Timestamp) -> Value {
        json!({
            "expiresAt": self.session.expires_at,
            "renewalCount": self.renewals(),
            "wasRenewed": self.kept.timeout_config.auto_renew,
            "isNearExpiration": self.is_near_its_end(now),
        })
    }
}

fn attributes(kept: &KeptTalk) -> Attributes {
    let mut attributes = Attributes::new();
    attributes.insert(KEPT.to_owned(), serde_json::to_value(kept).unwrap_or_default());
    attributes
}

/// The agent that one is made with.
///
/// # Errors
/// 404 `AGENT_NOT_FOUND`, also for one that takes no work.
pub async fn agent(engine: &dyn Engine, caller: &Principal, id: &str) -> Result<AgentItem, ElizaError> {
    let no_agent = || ElizaError::new(http::StatusCode::NOT_FOUND, "AGENT_NOT_FOUND", "Agent not found");
    let agent = agents::running(engine, caller, id).await;
    agent.map_err(|error| if error.status == http::StatusCode::NOT_FOUND { no_agent() } else { error })
}

/// Makes one with an agent that is there.
///
/// # Errors
/// As of any verb.
pub async fn create(engine: &dyn Engine, caller: &Principal, kept: KeptTalk) -> Result<Talk, ElizaError> {
    let directory = Directory::read(engine, caller).await?;
    let new = NewChannel {
        name: format!("Session {}", channels::short(&kept.user_id)),
        kept: KeptChannel {
            server_id: ids::DEFAULT_SERVER.to_owned(),
            kind: "DM".to_owned(),
            metadata: Some(json!({ "isDm": true, "type": "session", "sessionMetadata": kept.metadata })),
            ..KeptChannel::default()
        },
        participants: vec![kept.user_id.clone(), kept.agent_id.clone()],
        lifetime: kept.timeout_config.lifetime(0),
        label: Some(LABEL),
        attributes: attributes(&kept),
        ..NewChannel::default()
    };
    let session = channels::create(engine, caller, &directory, new).await?.session;
    Ok(Talk { session, kept, is_over: false, runs: 0 })
}

/// One by its id.
///
/// # Errors
/// 404 `SESSION_NOT_FOUND`, 410 `SESSION_EXPIRED`.
pub async fn one(engine: &dyn Engine, caller: &Principal, id: &str) -> Result<Talk, ElizaError> {
    let not_found = || ElizaError::new(http::StatusCode::NOT_FOUND, "SESSION_NOT_FOUND", "Session not found");
    let id = SessionId::parse(&id.to_ascii_lowercase()).map_err(|_| not_found())?;
    let item = match engine.session(caller, &id).await {
        Err(error) if error.code == ErrorCode::NotFound => return Err(not_found()),
        item => item?,
    };
    let is_over = item.status == SessionStatus::Expired;
    let talk = Talk::of(item.summary, is_over).ok_or_else(not_found)?;
    if talk.is_over {
        let message = format!("Session {id} has expired");
        return Err(ElizaError::new(http::StatusCode::GONE, "SESSION_EXPIRED", message));
    }
    Ok(talk)
}

/// All of them, also those whose time is over; at most 1,000, the newest use first.
///
/// # Errors
/// As the engine tells them.
pub async fn all(engine: &dyn Engine, caller: &Principal) -> Result<Vec<Talk>, ElizaError> {
    let labels = vec![(LABEL.0.to_owned(), LABEL.1.to_owned())];
    let filter = SessionFilter { labels, limit: LISTED, ..SessionFilter::default() };
    let page = engine.sessions(caller, &filter).await?;
    let all = page.sessions.into_iter().filter_map(|item| {
        let is_over = item.status == SessionStatus::Expired;
        Talk::of(item.summary, is_over)
    });
    Ok(all.collect())
}

/// What is done about the time of one.
pub enum Renewing {
    /// It was asked to begin anew.
    Renew,
    /// A sign of life: it is use, and no more.
    Heartbeat,
    /// Another lifetime.
    Timeout(Timeout),
}

/// Does something about the time of one.
///
/// # Errors
/// 400 `SESSION_RENEWAL_FAILED` when its longest life is over.
pub async fn renew(
    engine: &dyn Engine,
    caller: &Principal,
    talk: Talk,
    renewing: Renewing,
    now: Timestamp,
) -> Result<Talk, ElizaError> {
    let Talk { session, mut kept, runs, .. } = talk;
    let mut lifetime = None;
    match renewing {
        Renewing::Heartbeat => kept.renewals += u64::from(kept.timeout_config.auto_renew),
        Renewing::Renew => {
            kept.renewals += 1;
            lifetime = Some(kept.timeout_config.clone());
        }
        Renewing::Timeout(timeout) => {
            kept.timeout_config = timeout.clone();
            lifetime = Some(timeout);
        }
    }
    kept.alive_at = Some(now);
    let mut change = SessionUpdated { attributes: attributes(&kept), ..SessionUpdated::default() };
    if let Some(timeout) = lifetime {
        let lived = now.millis_since(session.created_at) / 1_000;
        let left = timeout.lifetime(lived).ok_or_else(|| {
            let message = "Cannot renew session: its maximum duration is reached";
            ElizaError::bad("SESSION_RENEWAL_FAILED", message)
        })?;
        change.lifetime = Some(Some(left));
    }
    let session = engine.update(caller, &session.id, change).await?;
    Ok(Talk { session, kept, is_over: false, runs })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_put_into_its_range_or_refused() {
        let (talks, usual) = (TalkSettings::default(), Timeout::default());
        let lives = Lives(&talks);
        let with = |body: Value| lives.with(&usual, &body, false);
        let told = with(json!({"timeoutMinutes": 0.1, "maxDurationMinutes": 1e9, "autoRenew": false})).unwrap();
        assert_eq!((told.timeout_minutes, told.max_duration_minutes, told.auto_renew), (5.0, 2_880.0, false));
        assert_eq!(with(json!({})).unwrap(), usual);
        assert_eq!(with(json!({"timeoutMinutes": "900"})).unwrap().max_duration_minutes, 900.0);
        let strict = lives.with(&usual, &json!({"timeoutMinutes": 4}), true);
        assert_eq!(strict.unwrap_err(), "Invalid timeout configuration: Timeout must be between 5 and 1440 minutes");
        assert_eq!(lives.with(&usual, &json!({"autoRenew": false}), true).unwrap().timeout_minutes, 30.0);
        for (body, error) in [
            (json!({"timeoutMinutes": "x"}), "timeoutMinutes must be a positive number"),
            (json!({"warningThresholdMinutes": -1}), "warningThresholdMinutes must be a positive number"),
            (json!({"autoRenew": 1}), "autoRenew must be true or false"),
            (json!(1), "timeoutConfig must be an object"),
        ] {
            assert_eq!(with(body).unwrap_err(), error);
        }
    }

    #[test]
    fn an_agent_says_how_long_its_sessions_live() {
        let talks = TalkSettings { minutes: 60, near_minutes: 9, ..TalkSettings::default() };
        let lives = Lives(&talks);
        let of = |settings: Value| {
            let timeout = lives.of_agent(Some(&settings));
            let Timeout { timeout_minutes, auto_renew, max_duration_minutes, warning_threshold_minutes } = timeout;
            (timeout_minutes, auto_renew, max_duration_minutes, warning_threshold_minutes)
        };
        assert_eq!(of(json!({})), (60.0, true, 720.0, 9.0));
        let said = json!({
            "SESSION_TIMEOUT_MINUTES": "1", "SESSION_AUTO_RENEW": "no", "SESSION_MAX_DURATION_MINUTES": 99_999,
            "SESSION_WARNING_THRESHOLD_MINUTES": "x"
        });
        assert_eq!(of(said), (5.0, false, 2_880.0, 9.0));
    }

    #[test]
    fn no_life_goes_beyond_the_longest() {
        let usual = Timeout::default();
        let life = |sliding, ttl_seconds, most| Lifetime { sliding, ttl_seconds, max_seconds: Some(most) };
        assert_eq!(usual.lifetime(0), Some(life(true, 1_800, 43_200)));
        assert_eq!(usual.lifetime(43_000), Some(life(true, 200, 200)));
        assert_eq!(usual.lifetime(43_200), None);
        let fixed = Timeout { auto_renew: false, ..usual };
        assert_eq!(fixed.lifetime(60), Some(life(false, 1_800, 43_140)));
    }
}
