//! Signing in a device that has no browser (RFC 8628): it shows a short code, which a person enters elsewhere.
//!
//! The flow is what phishing mails use: a stranger asks for the code, the victim enters it. So codes are short-lived and single,
//! entering them is limited like passwords are, the page says which application asks from where and that nobody should enter a code
//! that somebody sent, no address carries the code, the session stays marked in every log and decision, and it can be turned off.

use azimuth_host::Precondition;
use azimuth_identity::tokens::Scopes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::chance::{self, letters};
use super::clients::Client;
use super::errors::OAuthError;
use super::issue::SignedIn;
use super::provider::{ACTOR, Origin, Provider};
use super::secrets::fingerprint;
use super::state::kind;

/// How long a code may be entered and redeemed, in seconds.
const SECONDS: i64 = 900;
/// How often a device may ask, in seconds.
const INTERVAL: i64 = 1;
/// Without vowels, so that no words arise, and without letters that look alike.
const ALPHABET: &[u8] = b"BCDFGHJKLMNPQRSTVWXZ";
const LENGTH: usize = 9;

/// A device that waits.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Device {
    pub(super) client: String,
    pub(super) scope: String,
    pub(super) user_code: String,
    /// Where the request came from, as the page shows it
    pub(super) address: String,
    pub(super) agent: String,
    pub(super) expires: i64,
    /// Who signed in
    pub(super) signed_in: Option<SignedIn>,
    pub(super) denied: bool,
    used: bool,
}

#[derive(Serialize, Deserialize)]
struct Entered {
    device: String,
    expires: i64,
}

impl Provider {
    /// Answers a request for a code.
    pub(super) fn begin_device(
        &self,
        client: &Client,
        scopes: &Scopes,
        scope: &str,
        origin: &Origin,
    ) -> Result<Value, OAuthError> {
        if !self.settings.device_code {
            return Err(OAuthError::new("access_denied", 530_034, "Signing in with a code is turned off."));
        }
        self.audience(scopes.resource.as_deref())?;
        let (code, user_code) = (chance::token(self.chance()), letters(self.chance(), ALPHABET, LENGTH));
        let expires = self.now().as_second() + SECONDS;
        let device = Device {
            client: client.id.clone(),
            scope: scope.to_owned(),
            user_code: user_code.clone(),
            address: origin.address.map(|address| address.to_string()).unwrap_or_default(),
            agent: origin.agent.clone(),
            expires,
            signed_in: None,
            denied: false,
            used: false,
        };
        let id = fingerprint(&code);
        self.state().write(ACTOR, kind::DEVICE, &id, &device, Precondition::Absent)?;
        let entered = Entered { device: id, expires };
        self.state().write(
            ACTOR,
            kind::USER_CODE,
            &self.user_code_id(&user_code),
            &entered,
            Precondition::Absent,
        )?;
        let page = format!("{}/devicelogin", self.settings.base);
        Ok(json!({
            "user_code": user_code,
            "device_code": code,
            "verification_uri": page,
            "verification_url": page,
            "expires_in": SECONDS,
            "interval": INTERVAL,
            "message": format!("To sign in, use a web browser to open the page {page} and enter the code {user_code} to authenticate."),
        }))
    }

    fn user_code_id(&self, code: &str) -> String {
        self.surroundings.seal.mark(&format!("user code {code}"))
    }

    /// The device that shows a code, and its id. Wrong codes count against the address that they come from.
    pub(super) fn find_device(&self, code: &str, origin: &Origin) -> Result<(String, Device), OAuthError> {
        let code: String =
            code.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase();
        let from = format!("user codes from {}", super::proof::network(origin.address));
        self.count_attempt(&from, &code, false)?;
        let unknown =
            || OAuthError::invalid_grant(70_019, "That code did not work. Check the code and try again.");
        let entered =
            self.state().read::<Entered>(kind::USER_CODE, &self.user_code_id(&code))?.ok_or_else(unknown)?;
        let id = entered.value.device;
        let device = self.state().read::<Device>(kind::DEVICE, &id)?.ok_or_else(unknown)?.value;
        if device.expires < self.now().as_second()
            || device.used
            || device.denied
            || device.signed_in.is_some()
        {
            return Err(unknown());
        }
        self.forget_attempts(&from, false)?;
        Ok((id, device))
    }

    /// A device by its id.
    pub(super) fn device(&self, id: &str) -> Result<Option<Device>, OAuthError> {
        let now = self.now().as_second();
        let device = self.state().read::<Device>(kind::DEVICE, id)?.map(|kept| kept.value);
        Ok(device.filter(|device| device.expires >= now && device.signed_in.is_none() && !device.denied))
    }

    /// A person signed in for the device, or said no.
    pub(super) fn answer_device(&self, id: &str, signed_in: Option<&SignedIn>) -> Result<(), OAuthError> {
        self.state().update(ACTOR, kind::DEVICE, id, |device: Option<Device>| match device {
            Some(mut device) if device.signed_in.is_none() && !device.denied => {
                device.denied = signed_in.is_none();
                device.signed_in = signed_in.cloned();
                (Some(device), ())
            }
            _ => (None, ()),
        })?;
        Ok(())
    }

    /// What a device that asks gets: to wait, a refusal, or once the sign-in with the scope that it asked for first.
    pub(super) fn take_device(&self, code: &str, client: &str) -> Result<(SignedIn, String), OAuthError> {
        let now = self.now().as_second();
        self.state().update(ACTOR, kind::DEVICE, &fingerprint(code), |device: Option<Device>| {
            let Some(mut device) = device.filter(|device| device.client == client && !device.used) else {
                return (
                    None,
                    Err(OAuthError::invalid_grant(70_000, "The provided device code is not valid.")),
                );
            };
            if device.expires < now {
                let message = "The device code has expired. Start the sign-in again.";
                return (None, Err(OAuthError::new("expired_token", 70_020, message)));
            }
            if device.denied {
                return (
                    None,
                    Err(OAuthError::new("authorization_declined", 70_018, "The sign-in was declined.")),
                );
            }
            let Some(signed_in) = device.signed_in.clone() else {
                let message = "OAuth 2.0 device flow error. Authorization is pending. Continue polling.";
                return (None, Err(OAuthError::new("authorization_pending", 70_016, message)));
            };
            device.used = true;
            let scope = device.scope.clone();
            (Some(device), Ok((signed_in, scope)))
        })?
    }
}
