//! Limits of the service ("Azure Policy limits" in the public documentation of subscription limits).

/// Longest expression, in characters.
pub(crate) const MAX_EXPRESSION_LENGTH: usize = 81_920;

/// One limit: at most `maximum` of `what` in or per `place`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Where it holds.
    pub place: &'static str,
    /// What is limited.
    pub what: &'static str,
    /// The most there may be.
    pub maximum: u64,
}

const fn at(place: &'static str, what: &'static str, maximum: u64) -> Limit {
    Limit { place, what, maximum }
}

/// Every documented limit.
pub const LIMITS: &[Limit] = &[
    at("scope", "policy definitions", 500),
    at("scope", "initiative definitions", 200),
    at("tenant", "initiative definitions", 2500),
    at("scope", "policy or initiative assignments", 200),
    at("scope", "assignments", 200),
    at("scope", "exemptions", 1000),
    at("policy definition", "parameters", 20),
    at("initiative definition", "policies", 1000),
    at("initiative definition", "parameters", 300),
    at("assignment", "notScopes", 400),
    at("assignment", "exclusions (notScopes)", 400),
    at("definition, initiative or assignment", "request body bytes", 1_048_576),
    at("policy rule", "nested conditionals", 512),
    at("policy rule", "condition expressions in if", 4096),
    at("policy rule", "condition expressions in then", 128),
    at("policy rule", "policy functions", 2048),
    at("policy rule", "functions", 2048),
    at("function", "function parameters", 128),
    at("function", "nested functions depth", 64),
    at("function", "nesting depth", 64),
    at("function", "nested functions", 64),
    at("expression", "expression length", 81_920),
    at("expression", "expression string length", 81_920),
    at("policy rule", "field count expressions per array", 5),
    at("policy rule", "value count expressions", 10),
    at("policy rule", "value count iterations, nested ones multiplied", 100),
    at("definition, assignment, exemption", "displayName characters", 128),
    at("definition, assignment, exemption", "description characters", 512),
    at("definition, assignment", "metadata property characters", 1024),
    at("selector", "selector values", 50),
    at("assignment", "resource selectors", 10),
    at("assignment", "overrides", 10),
    at("remediation task", "resources", 50_000),
    at("remediation", "resources", 50_000),
    at("remediation", "parallel deployments", 30),
    at("tenant", "remediation tasks at once", 100),
    at("evaluation", "returned text characters", 131_072),
    at("evaluation", "object depth", 128),
    at("evaluation", "nodes", 32_768),
];

/// The limit of `what` in `place`.
pub fn limit(place: &str, what: &str) -> Option<Limit> {
    LIMITS
        .iter()
        .copied()
        .find(|known| known.place.eq_ignore_ascii_case(place) && known.what.eq_ignore_ascii_case(what))
}
