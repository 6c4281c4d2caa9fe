//! What a check found.

use std::sync::Arc;

use azimuth_arm::Source;
use azimuth_diag::Diagnostic;
use serde::Serialize;
use serde_json::Value as Json;

use crate::place::Place;
use crate::rule::Severity;

/// Everything that a check of one template found.
#[derive(Clone, Debug)]
pub struct Report {
    /// Violations, in the order of the template.
    pub findings: Vec<Finding>,
    /// What only the deployment can decide.
    pub unknown: Vec<Finding>,
    /// Findings that the template asks not to show, each with the reason given.
    pub suppressed: Vec<Finding>,
    /// Requests that the assignments in force refuse, each with the body of Azure's answer.
    pub denials: Vec<Denial>,
    /// What the assignments in force would change.
    pub changes: Vec<Change>,
    /// What every rule of the pack says about every resource that it is about.
    pub verdicts: Vec<Verdict>,
    /// The resources that the template deploys.
    pub resources: Vec<ResourceName>,
    /// What is wrong with the template itself.
    pub diagnostics: Vec<Diagnostic>,
    /// The files that the template consists of, parameter files included.
    pub files: Vec<Arc<Source>>,
}

/// A resource as reports name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceName {
    /// Its id; symbolic parts stand as expressions in brackets.
    pub id: String,
    /// Its full type.
    #[serde(rename = "type")]
    pub resource_type: String,
    /// Its full name.
    pub name: String,
    /// The name by which its template knows it, in templates with symbolic names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub symbolic_name: Option<String>,
}

/// What a rule says about a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum VerdictKind {
    /// The resource complies.
    Compliant,
    /// It does not.
    Violated,
    /// Only the deployment can tell.
    Unknown,
    /// The rule could not be evaluated, which makes Azure refuse the request.
    Failed,
}

/// One rule about one resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Position of the rule in [`crate::Pack::rules`].
    pub rule: usize,
    /// Position in [`Report::resources`].
    pub resource: usize,
    /// What it says.
    pub kind: VerdictKind,
}

/// A request that policy refuses.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Denial {
    /// The resource.
    pub resource: ResourceName,
    /// The policies that refuse it, by the ids of their rules.
    pub rules: Vec<String>,
    /// The body of the answer 403 to the request.
    pub body: Json,
}

/// A resource that append and modify policies would change on its way.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// The resource.
    pub resource: ResourceName,
    /// The policies that change it, by the ids of their rules.
    pub rules: Vec<String>,
    /// What they change: JSON pointer, before, after (null: not there).
    pub properties: Vec<(String, Json, Json)>,
    /// Where the resource is written.
    pub place: Place,
}

/// What a rule says about a resource, with its reasons.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The rule's id.
    pub rule: String,
    /// The assignment by which the rule is in force, if it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assignment: Option<String>,
    /// What it says.
    pub verdict: VerdictKind,
    /// How much it matters.
    pub severity: Severity,
    /// The effect that Azure would give it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect: Option<String>,
    /// One line: what is wrong, or what is not known.
    pub message: String,
    /// The resource.
    pub resource: ResourceName,
    /// The condition under which the resource is deployed, if only the deployment knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployed_if: Option<String>,
    /// Where to look first.
    pub place: Place,
    /// The comparisons that decided, the one at `place` first.
    pub evidence: Vec<Evidence>,
    /// The same from run to run, whatever moves in the file.
    pub fingerprint: String,
    /// Why it is not shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suppressed: Option<String>,
}

/// A comparison that had a part in a verdict.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// JSON path of the comparison in the definition.
    pub condition: String,
    /// The field, value or count as the definition writes it.
    pub expression: String,
    /// JSON pointer into the resource, if it is a field that is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// The value seen; null if absent, `***` if secret, an expression if only the deployment knows it.
    pub seen: Json,
    /// What would be right, in words.
    pub wanted: String,
    /// The comparison's operator.
    pub operator: &'static str,
    /// The comparison's right side.
    pub target: Json,
    /// Why the value is not known, if it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
    /// Where the value is written, or the innermost thing around it that is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}
