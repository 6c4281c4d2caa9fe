//! Which functions a rule may call.
//!
//! Documented in "Policy rule: policy functions": all template functions but those that need a running deployment,
//! and a handful of policy's own.

/// Template functions that a rule may not call.
const UNAVAILABLE: &[&str] = &[
    "copyindex",
    "datetimeadd",
    "datetimefromepoch",
    "datetimetoepoch",
    "deployer",
    "deployment",
    "environment",
    "extensionresourceid",
    "externalinputs",
    "fail",
    "filter",
    "groupby",
    "lambda",
    "lambdavariables",
    "listaccountsas",
    "listkeys",
    "listsecrets",
    "managementgroup",
    "managementgroupresourceid",
    "map",
    "mapvalues",
    "newguid",
    "pickzones",
    "providers",
    "reduce",
    "reference",
    "references",
    "resourceid",
    "sort",
    "subscriptionresourceid",
    "tenant",
    "tenantresourceid",
    "tologicalzone",
    "tologicalzones",
    "toobject",
    "tophysicalzone",
    "tophysicalzones",
    "variables",
];

/// Functions that only policy has, and template functions that the policy engine answers itself.
pub(crate) const OWN: &[&str] = &[
    "field",
    "current",
    "addDays",
    "utcNow",
    "requestContext",
    "policy",
    "ipRangeContains",
    "parameters",
    "resourceGroup",
    "subscription",
];

/// Why the function `key` (lower case) is refused in a rule, if it is.
pub(crate) fn refusal(key: &str, known: impl Fn(&str) -> bool) -> Option<&'static str> {
    if UNAVAILABLE.contains(&key) || key.starts_with("list") {
        return Some("needs a deployment and is not available in a policy rule");
    }
    let is_own = OWN.iter().any(|name| name.eq_ignore_ascii_case(key));
    (!is_own && !known(key)).then_some("is unknown")
}
