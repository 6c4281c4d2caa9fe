//! Why a policy cannot be decided offline.

use thiserror::Error;

use super::RelatedQuery;

/// Why a policy that is about a resource has no verdict here. Such a state is never taken for compliance.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NotEvaluable {
    /// The mode is one of a resource provider, which alone sees the components.
    #[error("not evaluable offline: only the resource provider sees the components of mode `{mode}`")]
    ProviderMode {
        /// The mode, such as `Microsoft.KeyVault.Data`.
        mode: Box<str>,
    },
    /// A selector asks who sends the request.
    #[error("cannot be decided without the request's principal: the assignment selects by `{kind}`")]
    Principal {
        /// The kind of selector.
        kind: &'static str,
    },
    /// A selector asks for a share of the resources; which ones belong to it is not published.
    #[error("cannot be decided offline: which resources `{kind}` selects is known to the service alone")]
    Rollout {
        /// The kind of selector.
        kind: &'static str,
    },
    /// The text of the version that is in force is not at hand.
    #[error("version `{wanted}` of `{definition}` is not at hand, only {known}; export that version as well")]
    Version {
        /// The definition or initiative.
        definition: String,
        /// The range asked for, or the exact version.
        wanted: String,
        /// The versions that are at hand, separated by commas.
        known: String,
    },
    /// Related resources have to be known, and are not.
    #[error("the related resources of type `{}` are not known", .0.resource_type)]
    Related(RelatedQuery),
}
