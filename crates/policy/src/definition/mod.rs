//! Policy definitions: what Azure stores, read with everything that is wrong about it.

mod condition;
mod effect;
mod functions;
mod limits;
mod parameter;
mod parse;
mod read_condition;
mod report;
mod rule;

use azimuth_arm::Value;

pub use condition::{Condition, Count, Leaf, Left, Operator, Over};
pub use effect::{AFTER_SUCCESS, Effect, REQUEST_ORDER};
pub use limits::{LIMITS, Limit, limit};
pub use parameter::{Parameter, ParameterError, ParameterType, Parameters, change_problems};
pub use parse::{Parsed, parse_condition, parse_definition, parse_rule};
pub use rule::{Details, Rule};

pub(crate) use functions::{OWN as OWN_FUNCTIONS, refusal};
pub(crate) use limits::MAX_EXPRESSION_LENGTH;
pub(crate) use parameter::read_parameters;
pub(crate) use parse::check_duplicates;
pub(crate) use report::Report;

/// A policy definition.
#[derive(Clone, Debug)]
pub struct Definition {
    /// The resource id, if the document has one.
    pub id: Option<String>,
    /// The name: the last segment of the id.
    pub name: Option<String>,
    /// The name shown to people.
    pub display_name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Where the definition comes from.
    pub policy_type: PolicyType,
    /// Which resources are looked at.
    pub mode: Mode,
    /// Free data; `category`, `version`, `preview` and `deprecated` are common.
    pub metadata: Value,
    /// `1.2.3` or `1.2.3-preview`.
    pub version: Option<String>,
    /// Older versions that can still be assigned.
    pub versions: Vec<String>,
    /// The parameters in the order written.
    pub parameters: Parameters,
    /// The rule.
    pub rule: Rule,
}

/// Where a definition comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PolicyType {
    /// Shipped with Azure.
    BuiltIn,
    /// Written by the user.
    #[default]
    Custom,
    /// Part of regulatory compliance; Microsoft is responsible for it.
    Static,
}

/// Which resources a definition looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Resource groups, subscriptions and all types.
    All,
    /// Only types with tags and location. Also what a definition without mode means.
    Indexed,
    /// Components of a resource provider, such as `Microsoft.KeyVault.Data`; only the provider evaluates them.
    Provider(Box<str>),
}

impl Mode {
    /// The mode of this name, in any letter case; `None` for a name that is no mode.
    pub fn from_name(name: &str) -> Option<Self> {
        if name.eq_ignore_ascii_case("all") {
            Some(Self::All)
        } else if name.eq_ignore_ascii_case("indexed") {
            Some(Self::Indexed)
        } else if name.to_ascii_lowercase().starts_with("microsoft.")
            && name.to_ascii_lowercase().ends_with(".data")
        {
            Some(Self::Provider(name.into()))
        } else {
            None
        }
    }

    /// The name as documented, or as written for provider modes.
    pub fn name(&self) -> &str {
        match self {
            Self::All => "All",
            Self::Indexed => "Indexed",
            Self::Provider(name) => name,
        }
    }
}
