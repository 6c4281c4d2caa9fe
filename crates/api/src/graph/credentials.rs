//! What sign-in must know of changes of the directory: the seam between Graph and the OpenID provider.

/// An application whose secrets sign it in.
#[derive(Clone, Copy, Debug)]
pub struct Application<'a> {
    /// The client id.
    pub app_id: &'a str,
    /// The object id of the service principal; empty while there is none.
    pub object: &'a str,
    /// What people read.
    pub name: &'a str,
}

/// Keeps passwords and secrets, which are in no document of Graph. Reasons of refusals are for the caller: they name no secret.
pub trait Credentials: Send + Sync {
    /// A user was made, with a password.
    ///
    /// # Errors
    /// Why the name or the password is refused; the user is not made then.
    fn user_made(&self, object: &str, name: &str, display_name: &str, password: &str) -> Result<(), String>;

    /// A user's password was set by somebody else.
    ///
    /// # Errors
    /// Why the password is refused.
    fn password_set(&self, object: &str, password: &str) -> Result<(), String>;

    /// A user was enabled or disabled.
    ///
    /// # Errors
    /// If it could not be written down.
    fn enabled(&self, object: &str, is_enabled: bool) -> Result<(), String>;

    /// An application was made or changed, perhaps with a new secret; `expires` in seconds since 1970.
    ///
    /// # Errors
    /// Why the secret is refused.
    fn application(
        &self,
        of: Application<'_>,
        secret: Option<&str>,
        expires: Option<i64>,
    ) -> Result<(), String>;

    /// A user or application is gone; `id` is the object id of the user, or the client id.
    fn removed(&self, id: &str);
}

/// Where nobody signs in: passwords and secrets are dropped.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoCredentials;

impl Credentials for NoCredentials {
    fn user_made(&self, _: &str, _: &str, _: &str, _: &str) -> Result<(), String> {
        Ok(())
    }

    fn password_set(&self, _: &str, _: &str) -> Result<(), String> {
        Ok(())
    }

    fn enabled(&self, _: &str, _: bool) -> Result<(), String> {
        Ok(())
    }

    fn application(&self, _: Application<'_>, _: Option<&str>, _: Option<i64>) -> Result<(), String> {
        Ok(())
    }

    fn removed(&self, _: &str) {}
}
