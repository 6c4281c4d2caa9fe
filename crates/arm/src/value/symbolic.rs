//! Values that only the running deployment knows.

use std::fmt;
use std::sync::Arc;

use crate::expression::Expression;

/// Largest symbolic expression kept, in bytes as written.
pub(crate) const fn symbolic_limit() -> u64 {
    256 * 1024
}

/// A value known only at run time: the expression that yields it, with everything knowable in it resolved.
#[derive(Clone)]
pub struct Symbolic {
    expression: Arc<Expression>,
    reason: Reason,
    size: u64,
    depth: u32,
}

/// Why a value cannot be known before the deployment runs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// It is read from a running resource that the estate does not hold, or not in that detail.
    RunningResource {
        /// The resource's id, or the name the template gives it.
        id: String,
    },
    /// It is a secret that the service fetches itself.
    KeyVaultSecret,
    /// It is a name computed from a secret, which must not be shown.
    SecretName,
    /// It depends on the moment or on chance, and the caller gave neither time nor seed.
    TimeOrChance,
    /// It is a fact about the caller's account, tenant or the platform that the caller did not give.
    Environment,
    /// A linked template or template spec was not available.
    MissingTemplate,
    /// A parameter has neither value nor default.
    MissingParameter,
    /// The values given do not allow it to be computed, so the service would refuse them; the diagnostics say why.
    Refused,
    /// It could not be computed; the diagnostics say why.
    Error,
}

impl Reason {
    /// Whether a diagnostic has already said what is wrong, so that what follows from it is not news.
    pub(crate) fn is_reported(&self) -> bool {
        matches!(self, Self::Error | Self::Refused | Self::MissingParameter)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RunningResource { id } => write!(f, "read from the running resource `{id}`"),
            Self::KeyVaultSecret => f.write_str("a key vault secret, fetched by the deployment"),
            Self::SecretName => f.write_str("a name computed from a secret, which is not shown"),
            Self::TimeOrChance => f.write_str("depends on the time of the deployment or on chance"),
            Self::Environment => f.write_str("depends on the account or platform deployed to"),
            Self::MissingTemplate => f.write_str("comes from a template that is not at hand"),
            Self::MissingParameter => f.write_str("a parameter without a value"),
            Self::Refused => f.write_str("the values at hand do not allow it; see the warnings"),
            Self::Error => f.write_str("could not be computed"),
        }
    }
}

impl Symbolic {
    /// Wraps an expression.
    pub fn new(expression: Expression, reason: Reason) -> Self {
        let (size, depth) = expression.extent();
        Self { expression: Arc::new(expression), reason, size, depth }
    }

    /// The expression.
    pub fn expression(&self) -> &Expression {
        &self.expression
    }

    /// Why the value is not known.
    pub fn reason(&self) -> &Reason {
        &self.reason
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    pub(crate) fn depth(&self) -> u32 {
        self.depth
    }
}

impl fmt::Display for Symbolic {
    /// The expression in brackets, as a template would hold it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}]", self.expression)
    }
}
