//! Who calls: the seam between the routes and whatever checks tokens.

/// What a token says of the one who holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The tenant's id
    pub tenant: String,
    /// The object id of the principal in the directory
    pub object: String,
    /// A user, or an application by itself
    pub kind: CallerKind,
    /// The user principal name, or the application's display name
    pub name: String,
    /// The application (client) id that the token was given to
    pub application: String,
    /// How the principal signed in: values of the claim `amr`, such as `pwd` and `mfa`
    pub methods: Vec<String>,
}

/// What kind of principal calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallerKind {
    /// A person
    User,
    /// An application or a managed identity
    ServicePrincipal,
}

/// Why a token is refused. The reason is for the `WWW-Authenticate` header and the log: it names no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// There is no token
    Missing,
    /// Its time is over
    Expired,
    /// It is for another service; the audience that it names
    Audience(String),
    /// It is no token of an issuer that is trusted here
    Invalid(&'static str),
}

/// Checks tokens.
pub trait Authenticate: Send + Sync {
    /// The caller that a bearer token speaks for, if it is meant for one of the audiences.
    ///
    /// # Errors
    /// [`Refused`] for everything but a token that is valid now.
    fn caller(&self, bearer: &str, audiences: &[&str]) -> Result<Caller, Refused>;
}
