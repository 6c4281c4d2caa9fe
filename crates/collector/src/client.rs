//! Asking until there is an answer: tokens, throttling, retries.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use azimuth_host::Clock;
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::backoff::{RetryPolicy, next_random, retry_after};
use crate::cloud::{Endpoints, Service};
use crate::credential::{AccessToken, TokenSource};
use crate::json::compact;
use crate::transport::{Request, Transport, TransportError};

/// Tokens are renewed this long before they expire.
const RENEW_BEFORE: SignedDuration = SignedDuration::from_mins(5);
/// A whole answer that is no JSON is asked for again this often.
const GARBLED_TRIES: u32 = 3;

/// An answer, good or bad.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The body as JSON on one line; for an error that is no JSON, its text as a JSON string.
    pub(crate) body: String,
    pub(crate) time: Timestamp,
}

impl Answer {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// Why there is no answer.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    /// The credential gave no token: no call of this service can succeed.
    NoToken(String),
    /// The service cannot be reached.
    Unreachable(String),
    /// Only this call is concerned.
    Call(String),
}

/// What the client did so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Traffic {
    pub(crate) requests: u64,
    pub(crate) bytes: u64,
    pub(crate) retries: u64,
    pub(crate) throttled: u64,
    pub(crate) throttled_wait: Duration,
}

#[derive(Default)]
struct State {
    random: u64,
    /// Until when a service takes no requests of a subscription.
    closed_until: HashMap<String, Instant>,
    traffic: Traffic,
}

/// The connection to both services.
pub(crate) struct Client<'a> {
    transport: &'a dyn Transport,
    tokens: &'a dyn TokenSource,
    clock: &'a dyn Clock,
    scopes: [String; 2],
    policy: RetryPolicy,
    held: [tokio::sync::Mutex<Option<AccessToken>>; 2],
    state: Mutex<State>,
}

impl<'a> Client<'a> {
    pub(crate) fn new(
        transport: &'a dyn Transport,
        tokens: &'a dyn TokenSource,
        clock: &'a dyn Clock,
        endpoints: &Endpoints,
        policy: RetryPolicy,
        seed: u64,
    ) -> Self {
        Self {
            transport,
            tokens,
            clock,
            scopes: [endpoints.token_scope(Service::Arm), endpoints.token_scope(Service::Graph)],
            policy,
            held: Default::default(),
            state: Mutex::new(State { random: seed, ..State::default() }),
        }
    }

    pub(crate) fn traffic(&self) -> Traffic {
        self.state().traffic
    }

    /// The answer to one request. Throttling (429), server faults, broken connections and garbled bodies are
    /// tried again as the policy says; a 401 once, with a new token.
    pub(crate) async fn ask(
        &self,
        service: Service,
        url: &str,
        body: Option<&str>,
    ) -> Result<Answer, Failure> {
        let lane = lane(service, url);
        let mut refused_token: Option<String> = None;
        let mut failures = 0;
        loop {
            self.wait_until_open(&lane).await;
            let bearer = self.bearer(service, refused_token.as_deref()).await?;
            let request = Request { url: url.to_owned(), body: body.map(str::to_owned), bearer };
            self.state().traffic.requests += 1;
            let trouble = match self.transport.send(&request).await {
                Ok(response) => {
                    self.state().traffic.bytes += response.body.len() as u64;
                    let asked_wait = response
                        .retry_after
                        .as_deref()
                        .and_then(|header| retry_after(header, self.clock.now()));
                    match self.judge(response.status, &response.body) {
                        Judgement::Answer(answer) => return Ok(answer),
                        Judgement::TokenRefused(_) if refused_token.is_none() => {
                            refused_token = Some(request.bearer);
                            continue;
                        }
                        Judgement::TokenRefused(answer) => return Ok(answer),
                        Judgement::Later(answer) => Trouble::Later(answer, asked_wait),
                        Judgement::Garbled => Trouble::Garbled,
                    }
                }
                Err(error) => Trouble::Transport(error),
            };
            failures += 1;
            let wait = self.wait_after(&trouble, failures)?;
            match wait {
                Next::Wait(wait) => self.pause(&lane, &trouble, wait).await,
                Next::Answer(answer) => return Ok(answer),
            }
        }
    }

    /// Closes a lane for requests, as a throttled answer inside a batch asks.
    pub(crate) async fn hold(&self, service: Service, header: Option<&str>, failures: u32) {
        let asked = header.and_then(|header| retry_after(header, self.clock.now()));
        let wait =
            asked.map_or_else(|| self.own_wait(failures), |asked| asked.min(self.policy.longest_retry_after));
        let lane = lane(service, "");
        let throttled = Answer { status: 429, body: String::new(), time: self.clock.now() };
        self.pause(&lane, &Trouble::Later(throttled, Some(wait)), wait).await;
    }

    pub(crate) fn attempts(&self) -> u32 {
        self.policy.attempts
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().expect("no holder of this lock panics")
    }

    fn judge(&self, status: u16, body: &[u8]) -> Judgement {
        let compacted = compact(body);
        let garbled = compacted.is_none();
        let body = compacted.unwrap_or_else(|| {
            let text: String = String::from_utf8_lossy(body).chars().take(2_000).collect();
            serde_json::to_string(&text).expect("text is JSON")
        });
        let answer = Answer { status, body, time: self.clock.now() };
        match status {
            401 => Judgement::TokenRefused(answer),
            408 | 429 | 500 | 502 | 503 | 504 => Judgement::Later(answer),
            200..300 if garbled => Judgement::Garbled,
            _ => Judgement::Answer(answer),
        }
    }

    fn own_wait(&self, failures: u32) -> Duration {
        let random = next_random(&mut self.state().random);
        self.policy.wait(failures, random)
    }

    /// What to do after failure number `failures`.
    fn wait_after(&self, trouble: &Trouble, failures: u32) -> Result<Next, Failure> {
        let last = failures >= self.policy.attempts;
        match trouble {
            Trouble::Transport(error @ TransportError::TooLarge(_)) => Err(Failure::Call(error.to_string())),
            Trouble::Transport(error @ TransportError::Connect(_)) if last => {
                Err(Failure::Unreachable(error.to_string()))
            }
            Trouble::Transport(error) if last => Err(Failure::Call(error.to_string())),
            Trouble::Garbled if failures >= GARBLED_TRIES.min(self.policy.attempts) => {
                Err(Failure::Call("the answer is not JSON".to_owned()))
            }
            Trouble::Later(answer, Some(wait)) if last || *wait > self.policy.longest_retry_after => {
                Ok(Next::Answer(answer.clone()))
            }
            Trouble::Later(answer, None) if last => Ok(Next::Answer(answer.clone())),
            Trouble::Later(_, Some(wait)) => Ok(Next::Wait(*wait)),
            _ => Ok(Next::Wait(self.own_wait(failures))),
        }
    }

    async fn pause(&self, lane: &str, trouble: &Trouble, wait: Duration) {
        let throttled =
            matches!(trouble, Trouble::Later(answer, asked) if answer.status == 429 || asked.is_some());
        {
            let mut state = self.state();
            state.traffic.retries += 1;
            if throttled {
                state.traffic.throttled += 1;
                state.traffic.throttled_wait += wait;
                let until = Instant::now() + wait;
                let closed = state.closed_until.entry(lane.to_owned()).or_insert(until);
                *closed = (*closed).max(until);
            }
        }
        tokio::time::sleep(wait).await;
    }

    async fn wait_until_open(&self, lane: &str) {
        loop {
            let until = self.state().closed_until.get(lane).copied();
            match until {
                Some(until) if until > Instant::now() => tokio::time::sleep_until(until).await,
                _ => return,
            }
        }
    }

    /// A token that is good for five minutes more, and is not the one that was refused.
    async fn bearer(&self, service: Service, refused: Option<&str>) -> Result<String, Failure> {
        let place = service as usize;
        // Held while a token is fetched, so that one request fetches it and the others wait.
        let mut held = self.held[place].lock().await;
        let now = self.clock.now();
        if let Some(token) = &*held
            && token.expires.duration_since(now) > RENEW_BEFORE
            && refused != Some(&token.secret)
        {
            return Ok(token.secret.clone());
        }
        let token = self
            .tokens
            .token(&self.scopes[place])
            .await
            .map_err(|error| Failure::NoToken(error.to_string()))?;
        let secret = token.secret.clone();
        *held = Some(token);
        Ok(secret)
    }
}

enum Judgement {
    Answer(Answer),
    TokenRefused(Answer),
    Later(Answer),
    Garbled,
}

enum Trouble {
    Later(Answer, Option<Duration>),
    Garbled,
    Transport(TransportError),
}

enum Next {
    Wait(Duration),
    Answer(Answer),
}

/// What is throttled together: Resource Manager counts per subscription, Graph per tenant.
fn lane(service: Service, url: &str) -> String {
    let subscription = match service {
        Service::Arm => url.split_once("/subscriptions/").map(|(_, rest)| rest),
        Service::Graph => None,
    };
    let subscription =
        subscription.and_then(|rest| rest.split(['/', '?']).next()).unwrap_or_default().to_ascii_lowercase();
    format!("{service:?} {subscription}")
}
