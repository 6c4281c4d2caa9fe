//! What Graph tells sign-in: people and applications that come, change and go.

use super::accounts::{AccountError, NewAccount};
use super::clients::{Client, Secret};
use super::provider::{ACTOR, Origin, Provider};
use crate::graph::{Application, Credentials};

const BY: (&str, &str) = ("", ACTOR);

/// What the caller may know of a refusal: everything, for no error names a secret.
fn told(error: &AccountError) -> String {
    error.to_string()
}

impl Credentials for Provider {
    fn user_made(&self, object: &str, name: &str, display_name: &str, password: &str) -> Result<(), String> {
        let new = NewAccount {
            object: object.to_owned(),
            name: name.to_owned(),
            display_name: display_name.to_owned(),
            password: password.to_owned(),
            roles: Vec::new(),
        };
        self.create_account(&new, BY, &Origin::default()).map(drop).map_err(|error| told(&error))
    }

    fn password_set(&self, object: &str, password: &str) -> Result<(), String> {
        self.set_password(object, password, BY, &Origin::default()).map_err(|error| told(&error))
    }

    fn enabled(&self, object: &str, is_enabled: bool) -> Result<(), String> {
        match self.set_enabled(object, is_enabled, BY, &Origin::default()) {
            // Imported people have no account to sign in with, and nothing to end.
            Ok(()) | Err(AccountError::Unknown { .. }) => Ok(()),
            Err(error) => Err(told(&error)),
        }
    }

    fn application(
        &self,
        of: Application<'_>,
        secret: Option<&str>,
        expires: Option<i64>,
    ) -> Result<(), String> {
        let known = self.client(of.app_id).map_err(|error| error.to_string())?;
        let mut client = known.unwrap_or_else(|| Client { id: of.app_id.to_owned(), ..Client::default() });
        of.name.clone_into(&mut client.name);
        if !of.object.is_empty() {
            of.object.clone_into(&mut client.object);
        }
        if let Some(secret) = secret {
            client.secrets.push(Secret { hash: self.hash(secret), expires });
        }
        self.register_client(client, None, BY, &Origin::default()).map_err(|error| told(&error))
    }

    fn removed(&self, id: &str) {
        // Who is gone from the directory signs in no more; an account that never was needs no ending.
        drop(self.set_enabled(id, false, BY, &Origin::default()));
        if let Ok(Some(mut client)) = self.client(id) {
            client.disabled = true;
            client.secrets.clear();
            drop(self.register_client(client, None, BY, &Origin::default()));
        }
    }
}
