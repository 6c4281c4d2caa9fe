//! Signing in on pages, step by step: what was proved so far, and what is shown next.
//!
//! A flow belongs to one browser, by a cookie, and every step carries a mark of flow and browser that no other site can know. What is
//! asked is kept here, not in the page: nothing that a browser sends changes where the answer goes.

use azimuth_host::Precondition;
use azimuth_identity::credentials::{Credentials, Method};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::authorize::{Answer, Request};
use super::chance;
use super::clients::Client;
use super::decide::{Attempt, Decision, Flow, Verdict};
use super::errors::OAuthError;
use super::grants::Code;
use super::issue::{Authority, SignedIn};
use super::logs::SignInKind;
use super::page::{self, Page};
use super::proof::step_of;
use super::provider::{ACTOR, Entry, Origin, Provider};
use super::secrets::{equal, fingerprint};
use super::state::kind;
use super::token::{Parameters, refusal};

/// How long a sign-in may take, in seconds.
const SECONDS: i64 = 900;

/// What a flow is for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Purpose {
    /// An application asked
    Authorize(Box<Request>),
    /// A device elsewhere asked; its id, once its code was entered
    Device(Option<String>),
    /// The person wants to see the own account
    Account,
}

/// What is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Stage {
    EnterCode,
    ConfirmDevice,
    Choose,
    Password,
    Second,
    Register,
    ShowCodes,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    purpose: Purpose,
    /// A digest of the browser's cookie
    browser: String,
    stage: Stage,
    object: Option<String>,
    methods: Vec<Method>,
    /// When the person proved something last, in seconds since 1970
    auth_time: i64,
    /// Whether anything was proved in this flow; else the methods are those of an earlier session
    proved: bool,
    /// The name as it was typed last, so that it need not be typed again
    #[serde(default)]
    typed: String,
    /// The secret of the authenticator app that is being registered, sealed
    enrolling: Option<String>,
    expires: i64,
    finished: bool,
}

/// What came with a request.
#[derive(Clone, Debug, Default)]
pub(super) struct Cookies {
    pub(super) browser: Option<String>,
    pub(super) session: Option<String>,
}

/// What goes back.
pub(super) enum Outcome {
    Page(Page),
    Send(Answer),
    Go(String),
}

/// What goes back, with cookies to set.
pub(super) struct Reply {
    pub(super) outcome: Outcome,
    pub(super) browser: Option<String>,
    pub(super) session: Option<String>,
}

impl Reply {
    pub(super) fn page(page: Page) -> Self {
        Self { outcome: Outcome::Page(page), browser: None, session: None }
    }
}

/// A flow with its id and the mark that its steps carry.
struct Running {
    id: String,
    mark: String,
    record: Record,
}

const PURPOSE: &str = "authenticator being registered";

impl Provider {
    /// Begins a flow; a good session of the browser is used where the request allows.
    pub(super) fn begin_flow(
        &self,
        purpose: Purpose,
        cookies: &Cookies,
        origin: &Origin,
    ) -> Result<Reply, OAuthError> {
        let fresh = cookies.browser.is_none().then(|| chance::token(self.chance()));
        let browser = cookies.browser.as_deref().or(fresh.as_deref()).unwrap_or_default();
        let now = self.now().as_second();
        let session = self.session(cookies.session.as_deref())?;
        let stage = match &purpose {
            Purpose::Device(None) => Stage::EnterCode,
            Purpose::Device(Some(_)) => Stage::ConfirmDevice,
            Purpose::Authorize(request) if request.choose && session.is_some() => Stage::Choose,
            _ => Stage::Password,
        };
        let usable = session.filter(|(session, account)| match &purpose {
            Purpose::Authorize(request) => {
                let young = request.max_age.is_none_or(|age| now - session.auth_time <= age);
                let other =
                    request.login_hint.as_ref().is_some_and(|hint| !hint.eq_ignore_ascii_case(&account.name));
                !request.again && young && (!other || request.choose)
            }
            _ => true,
        });
        let silent = matches!(&purpose, Purpose::Authorize(request) if request.silent);
        let mut flow = Running {
            id: chance::token(self.chance()),
            mark: String::new(),
            record: Record {
                purpose,
                browser: fingerprint(browser),
                stage,
                object: usable.as_ref().map(|(session, _)| session.object.clone()),
                methods: usable.as_ref().map(|(session, _)| session.methods.clone()).unwrap_or_default(),
                auth_time: usable.as_ref().map_or(0, |(session, _)| session.auth_time),
                proved: false,
                typed: String::new(),
                enrolling: None,
                expires: now + SECONDS,
                finished: false,
            },
        };
        flow.mark = self.mark(&flow.id, &flow.record.browser);
        if flow.record.stage == Stage::Choose && usable.is_none() {
            flow.record.stage = Stage::Password;
        }
        let session_id = usable.as_ref().map(|(session, _)| session.id.clone());
        let mut reply = match usable {
            Some((_, account)) if flow.record.stage == Stage::Password => {
                self.advance(&mut flow, &account, session_id, origin)?
            }
            Some((_, account)) => Reply::page(self.show(&flow, Some(&account), None)?),
            None if silent => self.refuse_silently(&flow, "login_required", 50_058)?,
            None => Reply::page(self.show(&flow, None, None)?),
        };
        if !flow.record.finished {
            if silent && matches!(reply.outcome, Outcome::Page(_)) {
                return self.refuse_silently(&flow, "interaction_required", 50_076);
            }
            let id = fingerprint(&flow.id);
            self.state().write(ACTOR, kind::FLOW, &id, &flow.record, Precondition::Absent)?;
        }
        reply.browser = fresh;
        Ok(reply)
    }

    fn refuse_silently(&self, flow: &Running, error: &'static str, code: u32) -> Result<Reply, OAuthError> {
        let error = OAuthError::new(
            error,
            code,
            "A silent sign-in request was sent but no user is signed in, or more is needed.",
        );
        self.refuse(flow, &error)
    }

    /// Sends a refusal to the application, or shows it where no application waits.
    fn refuse(&self, flow: &Running, error: &OAuthError) -> Result<Reply, OAuthError> {
        match &flow.record.purpose {
            Purpose::Authorize(request) => {
                let description = error.description("", "", self.now());
                let answer = request.refuse(error, description, self.issuer(request.authority));
                Ok(Reply { outcome: Outcome::Send(answer), browser: None, session: None })
            }
            _ => Ok(Reply::page(page::failure(&self.settings.organisation, error))),
        }
    }

    /// The mark that steps of a flow carry: only who has the browser's cookie and the page has it.
    fn mark(&self, flow: &str, browser: &str) -> String {
        self.surroundings.seal.mark(&format!("step of flow {flow} in browser {browser}"))
    }

    /// Answers a step.
    pub(super) fn step(
        &self,
        form: &Parameters,
        cookies: &Cookies,
        origin: &Origin,
    ) -> Result<Reply, OAuthError> {
        let id = form.want("flow")?.to_owned();
        let over = || {
            OAuthError::new(
                "invalid_request",
                900_561,
                "This page is too old, or of another browser. Start the sign-in again.",
            )
        };
        let kept = self.state().read::<Record>(kind::FLOW, &fingerprint(&id))?.ok_or_else(over)?;
        let browser = cookies.browser.as_deref().map(fingerprint).unwrap_or_default();
        let mark = self.mark(&id, &kept.value.browser);
        let own = equal(&browser, &kept.value.browser) && equal(form.get("mark").unwrap_or_default(), &mark);
        if !own || kept.value.finished || kept.value.expires < self.now().as_second() {
            return Err(over());
        }
        let mut flow = Running { id, mark, record: kept.value };
        let session = self.session(cookies.session.as_deref())?.map(|(session, _)| session.id);
        let reply = self.act(&mut flow, form, session, origin)?;
        if !self.state().write(
            ACTOR,
            kind::FLOW,
            &fingerprint(&flow.id),
            &flow.record,
            Precondition::Matches(kept.etag),
        )? {
            return Err(over());
        }
        Ok(reply)
    }

    fn act(
        &self,
        flow: &mut Running,
        form: &Parameters,
        session: Option<String>,
        origin: &Origin,
    ) -> Result<Reply, OAuthError> {
        let action = form.get("action").unwrap_or_default();
        let account = match &flow.record.object {
            Some(object) => self.account(object)?.filter(|account| account.enabled),
            None => None,
        };
        let code = form.get("code").unwrap_or_default();
        match (flow.record.stage, action, account) {
            (_, "cancel", _) => {
                flow.record.finished = true;
                if let Purpose::Device(Some(device)) = &flow.record.purpose {
                    self.answer_device(device, None)?;
                    return Ok(Reply::page(page::declined(&self.settings.organisation)));
                }
                self.refuse(flow, &OAuthError::new("access_denied", 65_004, "The user declined to sign in."))
            }
            (Stage::EnterCode, _, account) => match self.find_device(code, origin) {
                Ok((device, _)) => {
                    flow.record.purpose = Purpose::Device(Some(device));
                    flow.record.stage = Stage::ConfirmDevice;
                    Ok(Reply::page(self.show(flow, account.as_ref(), None)?))
                }
                Err(error) => Ok(Reply::page(self.show(flow, account.as_ref(), Some(&error))?)),
            },
            (Stage::ConfirmDevice | Stage::Choose, "continue", Some(account)) => {
                self.advance(flow, &account, session, origin)
            }
            (Stage::ConfirmDevice | Stage::Choose, _, _) => {
                flow.record.stage = Stage::Password;
                flow.record.object = None;
                flow.record.methods.clear();
                Ok(Reply::page(self.show(flow, None, None)?))
            }
            (Stage::Password, _, _) => self.password_step(flow, form, session, origin),
            (Stage::Second, "recovery", Some(account)) => {
                let result = self.prove_recovery(&account, code);
                self.second_step(flow, &account, Method::RecoveryCode, result, session, origin)
            }
            (Stage::Second, _, Some(account)) => {
                let result = self.prove_authenticator(&account, code);
                self.second_step(flow, &account, Method::SoftwareOath, result, session, origin)
            }
            (Stage::Register, _, Some(account)) => self.register_step(flow, &account, code, origin),
            (Stage::ShowCodes, _, Some(account)) => self.advance(flow, &account, session, origin),
            (Stage::Second | Stage::Register | Stage::ShowCodes, _, None) => {
                Err(OAuthError::bad_credentials())
            }
        }
    }

    fn password_step(
        &self,
        flow: &mut Running,
        form: &Parameters,
        session: Option<String>,
        origin: &Origin,
    ) -> Result<Reply, OAuthError> {
        let name = form.get("username").unwrap_or_default().trim();
        match self.prove_password(name, form.get("password").unwrap_or_default(), origin) {
            Ok(account) => {
                flow.record.object = Some(account.object.clone());
                flow.record.methods = vec![Method::Password];
                self.proved_now(flow);
                self.advance(flow, &account, session, origin)
            }
            Err(error) => {
                let (client, scopes) = self.asked(flow)?;
                self.log_refused(name, &client, &scopes, "oAuth2", &error, origin);
                flow.record.typed = name.chars().take(256).collect();
                Ok(Reply::page(self.show(flow, None, Some(&error))?))
            }
        }
    }

    fn second_step(
        &self,
        flow: &mut Running,
        account: &Credentials,
        method: Method,
        result: Result<(), OAuthError>,
        session: Option<String>,
        origin: &Origin,
    ) -> Result<Reply, OAuthError> {
        match result {
            Ok(()) => {
                flow.record.methods.push(method);
                self.proved_now(flow);
                self.advance(flow, account, session, origin)
            }
            Err(error) => {
                let (client, scopes) = self.asked(flow)?;
                self.log_refused(&account.name, &client, &scopes, "oAuth2", &error, origin);
                Ok(Reply::page(self.show(flow, Some(account), Some(&error))?))
            }
        }
    }

    /// The first code of a new authenticator app: it is registered, and its recovery codes are shown this once.
    fn register_step(
        &self,
        flow: &mut Running,
        account: &Credentials,
        code: &str,
        origin: &Origin,
    ) -> Result<Reply, OAuthError> {
        let secret = self.enrolling(flow)?;
        let second = u64::try_from(self.now().as_second()).unwrap_or_default();
        let code: String = code.chars().filter(|letter| !letter.is_whitespace()).collect();
        let Some(step) = step_of(&secret, &code, second) else {
            let error = OAuthError::invalid_grant(
                500_121,
                "That code is not right. Wait for the next one and try again.",
            );
            return Ok(Reply::page(self.show(flow, Some(account), Some(&error))?));
        };
        let by = (account.object.as_str(), account.name.as_str());
        let codes = self
            .add_authenticator(&account.object, &secret, step, by, origin)
            .map_err(|error| OAuthError::server(error.to_string()))?;
        flow.record.enrolling = None;
        flow.record.methods.push(Method::SoftwareOath);
        self.proved_now(flow);
        flow.record.stage = Stage::ShowCodes;
        Ok(Reply::page(page::recovery_codes(&self.settings.organisation, &flow.id, &flow.mark, &codes)))
    }

    fn proved_now(&self, flow: &mut Running) {
        flow.record.auth_time = self.now().as_second();
        flow.record.proved = true;
    }

    fn enrolling(&self, flow: &Running) -> Result<Vec<u8>, OAuthError> {
        let sealed = flow.record.enrolling.as_deref().unwrap_or_default();
        let lost = || OAuthError::server("The registration was lost. Start the sign-in again.");
        self.surroundings.seal.open(sealed, PURPOSE).ok_or_else(lost)
    }

    /// Asks the decision what is still wanted, and shows that, or finishes.
    fn advance(
        &self,
        flow: &mut Running,
        account: &Credentials,
        session: Option<String>,
        origin: &Origin,
    ) -> Result<Reply, OAuthError> {
        let (client, scopes) = self.asked(flow)?;
        let contexts = match &flow.record.purpose {
            Purpose::Authorize(request) => super::token::claims(request.claims.as_deref())?.contexts,
            _ => Vec::new(),
        };
        let resource = match &flow.record.purpose {
            Purpose::Account => self.userinfo_audience(),
            _ => self.audience(scopes.resource.as_deref())?,
        };
        let is_device = matches!(flow.record.purpose, Purpose::Device(_));
        let verdict = self.surroundings.decide.decide(&Attempt {
            account,
            application: &client.id,
            resource: &resource,
            methods: &flow.record.methods,
            flow: if is_device { Flow::DeviceCode } else { Flow::Interactive },
            address: origin.address,
            agent: &origin.agent,
            contexts: &contexts,
            authenticated: Timestamp::from_second(flow.record.auth_time).unwrap_or_default(),
            now: self.now(),
        });
        let refused = refusal(&verdict, &contexts);
        self.log_sign_in(&Entry {
            origin,
            kind: if flow.record.proved { SignInKind::Interactive } else { SignInKind::NonInteractive },
            protocol: if is_device { "deviceCode" } else { "oAuth2" },
            client: Some(&client),
            account: Some(account),
            name: "",
            resource: &resource,
            methods: &flow.record.methods,
            session: session.as_deref().unwrap_or_default(),
            transfer: is_device,
            verdict: Some(&verdict),
            result: refused.as_ref().map_or(Ok(()), Err),
        });
        let Verdict { decision, .. } = verdict;
        flow.record.stage = match decision {
            Decision::Allow => return self.finish(flow, account, session, origin),
            Decision::Block { code, reason } => {
                flow.record.finished = true;
                let error = OAuthError::new("access_denied", code, reason);
                return Ok(Reply::page(page::failure(&self.settings.organisation, &error)));
            }
            Decision::SecondFactor => Stage::Second,
            Decision::Again => Stage::Password,
            Decision::Register => {
                let secret = chance::bytes::<20>(self.chance());
                flow.record.enrolling = Some(self.surroundings.seal.close(&secret, PURPOSE, self.chance()));
                Stage::Register
            }
        };
        Ok(Reply::page(self.show(flow, Some(account), None)?))
    }

    /// Everything was proved: the browser gets a session, and who asked an answer.
    fn finish(
        &self,
        flow: &mut Running,
        account: &Credentials,
        session: Option<String>,
        origin: &Origin,
    ) -> Result<Reply, OAuthError> {
        flow.record.finished = true;
        let prefix = super::proof::network(origin.address);
        if flow.record.proved {
            let now = self.now();
            self.change_account(&account.object, |account| {
                account.remember(&prefix, now);
                Ok(())
            })
            .map_err(|_| OAuthError::server("The account could not be updated. Try again."))?;
        }
        let (cookie, session) = match session.filter(|_| !flow.record.proved) {
            Some(session) => (None, session),
            None => {
                let (cookie, session) =
                    self.begin_session(&account.object, &flow.record.methods, flow.record.auth_time)?;
                (Some(cookie), session.id)
            }
        };
        let signed_in = |client: &str, authority, device_code, nonce| SignedIn {
            object: account.object.clone(),
            client: client.to_owned(),
            authority,
            methods: flow.record.methods.clone(),
            auth_time: flow.record.auth_time,
            session: session.clone(),
            device_code,
            nonce,
        };
        let outcome = match &flow.record.purpose {
            Purpose::Account | Purpose::Device(None) => Outcome::Go("/signin/account".to_owned()),
            Purpose::Device(Some(id)) => {
                let device = self.device(id)?;
                let client = device.map(|device| device.client).unwrap_or_default();
                self.answer_device(id, Some(&signed_in(&client, Authority::Tenant, true, None)))?;
                Outcome::Page(page::device_done(&self.settings.organisation))
            }
            Purpose::Authorize(request) => {
                let code = self.make_code(Code {
                    signed_in: signed_in(&request.client, request.authority, false, request.nonce.clone()),
                    redirect: request.redirect.clone(),
                    challenge: request.challenge.clone(),
                    scope: request.scope.clone(),
                    claims: request.claims.clone(),
                    expires: 0,
                    grant: None,
                    used: false,
                })?;
                let fields = vec![("code", code), ("session_state", session.clone())];
                Outcome::Send(request.answer(fields, self.issuer(request.authority)))
            }
        };
        Ok(Reply { outcome, browser: None, session: cookie })
    }

    /// Which application asks, and for what.
    fn asked(&self, flow: &Running) -> Result<(Client, azimuth_identity::tokens::Scopes), OAuthError> {
        let (id, scopes) = match &flow.record.purpose {
            Purpose::Authorize(request) => (request.client.clone(), request.scopes()),
            Purpose::Device(Some(device)) => match self.device(device)? {
                Some(device) => (device.client.clone(), super::token::scopes(&device.scope)?),
                None => {
                    let message = "The code's time is over. Start the sign-in on the device again.";
                    return Err(OAuthError::new("expired_token", 70_020, message));
                }
            },
            Purpose::Device(None) | Purpose::Account => (String::new(), Default::default()),
        };
        let own =
            || Client { id: "azimuth".to_owned(), name: "Azimuth account".to_owned(), ..Client::default() };
        Ok((self.client(&id)?.unwrap_or_else(own), scopes))
    }

    fn show(
        &self,
        flow: &Running,
        account: Option<&Credentials>,
        error: Option<&OAuthError>,
    ) -> Result<Page, OAuthError> {
        let organisation = &self.settings.organisation;
        let error = error.map(|error| error.message.as_str());
        let step = page::Step { organisation, flow: &flow.id, mark: &flow.mark, error };
        let (client, _) = match flow.record.stage {
            Stage::EnterCode => return Ok(page::enter_code(&step)),
            _ => self.asked(flow)?,
        };
        let name = account.map(|account| account.name.as_str()).unwrap_or_default();
        let target = match &flow.record.purpose {
            Purpose::Authorize(request) => Some(request.redirect.as_str()),
            _ => None,
        };
        let page = match flow.record.stage {
            Stage::EnterCode => page::enter_code(&step),
            Stage::ConfirmDevice => {
                let Purpose::Device(Some(id)) = &flow.record.purpose else {
                    return Ok(page::enter_code(&step));
                };
                let device = self.device(id)?;
                let (address, agent) =
                    device.map(|device| (device.address, device.agent)).unwrap_or_default();
                page::confirm_device(&step, &client.name, &address, &agent, name)
            }
            Stage::Choose => page::choose(&step, &client.name, name),
            Stage::Password => {
                let hint = match &flow.record.purpose {
                    _ if !flow.record.typed.is_empty() => flow.record.typed.as_str(),
                    Purpose::Authorize(request) => request.login_hint.as_deref().unwrap_or_default(),
                    _ => "",
                };
                page::password(&step, &client.name, hint)
            }
            Stage::Second => {
                let recovery = account.is_some_and(|account| !account.recovery.is_empty());
                page::second(&step, name, recovery)
            }
            Stage::Register => page::register(&step, name, &self.enrolling(flow)?),
            Stage::ShowCodes => page::recovery_codes(organisation, &flow.id, &flow.mark, &[]),
        };
        Ok(page.sending_to(target))
    }
}
