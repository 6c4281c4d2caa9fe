//! Remediation tasks.

use azimuth_arm::{Node, Source};

use crate::definition::{Effect, Parsed, Report};

/// A remediation task.
#[derive(Clone, Debug, PartialEq)]
pub struct Remediation {
    /// The resource id; resources at and below what it is a child of are looked at. Empty: all.
    pub id: String,
    /// The assignment.
    pub assignment_id: String,
    /// The reference within an initiative.
    pub reference_id: Option<String>,
    /// `ExistingNonCompliant` or `ReEvaluateCompliance`.
    pub discovery_mode: String,
    /// Only resources in these places; none: all.
    pub locations: Vec<String>,
    /// Only these resources; none: all.
    pub resource_ids: Vec<String>,
    /// How many resources at most.
    pub resource_count: i64,
    /// How many at once.
    pub parallel_deployments: i64,
    /// The share of failures at which the task gives up, 0 to 1.
    pub failure_threshold: f64,
}

/// Reads a task; what is not written has the documented default.
pub fn parse_remediation(source: &Source, node: &Node, path: &str) -> Parsed<Remediation> {
    let mut report = Report::new(source);
    if !node.is_object() {
        report.error(
            "policy-remediation",
            node.span,
            path,
            format!("expected a task, found {}", node.type_name()),
        );
        return report.finish(None);
    }
    let properties = node.get("properties").unwrap_or(node);
    let text = |name: &str| properties.get(name).and_then(Node::as_str).map(str::to_owned);
    let number = |node: Option<&Node>| node.map(azimuth_arm::Value::from_node);
    let whole = |name: &str, default: i64| {
        number(properties.get(name)).and_then(|value| value.as_int()).unwrap_or(default)
    };
    let threshold = properties.get("failureThreshold").and_then(|part| number(part.get("percentage")));
    let threshold = threshold.and_then(|value| match value.kind() {
        azimuth_arm::Kind::Int(int) => Some(*int as f64),
        azimuth_arm::Kind::Float(float) => Some(*float),
        _ => None,
    });
    let filter = |name: &str| {
        let list = properties.get("filters").and_then(|filters| filters.get(name));
        let items = list.map(Node::items).unwrap_or_default().iter();
        items.filter_map(|item| item.as_str().map(str::to_owned)).collect()
    };
    report.finish(Some(Remediation {
        id: node.get("id").and_then(Node::as_str).unwrap_or_default().to_owned(),
        assignment_id: text("policyAssignmentId").unwrap_or_default(),
        reference_id: text("policyDefinitionReferenceId"),
        discovery_mode: text("resourceDiscoveryMode").unwrap_or_else(|| "ExistingNonCompliant".to_owned()),
        locations: filter("locations"),
        resource_ids: filter("resourceIds"),
        resource_count: whole("resourceCount", 500),
        parallel_deployments: whole("parallelDeployments", 10),
        failure_threshold: threshold.unwrap_or(1.0),
    }))
}

impl Remediation {
    /// What the task is a child of; empty if the task has no id.
    pub fn scope(&self) -> &str {
        let at = self.id.to_ascii_lowercase().rfind("/providers/microsoft.policyinsights/remediations/");
        at.map_or("", |at| &self.id[..at])
    }

    /// Whether all resources are evaluated anew rather than those taken that the last scan found.
    pub fn evaluates_anew(&self) -> bool {
        self.discovery_mode.eq_ignore_ascii_case("ReEvaluateCompliance")
    }
}

/// Everything the service would refuse about a task for a policy of an effect; `is_set`: the assignment is of an initiative.
pub fn check_remediation(task: &Remediation, effect: Option<Effect>, is_set: bool) -> Vec<String> {
    let mut problems = Vec::new();
    if task.assignment_id.is_empty() {
        problems.push("the task names no `policyAssignmentId`".to_owned());
    }
    if is_set && task.reference_id.is_none() {
        problems.push("a task for an initiative names a `policyDefinitionReferenceId`".to_owned());
    }
    if !(1..=50_000).contains(&task.resource_count) {
        problems.push(format!("`resourceCount` is 1 to 50000, not {}", task.resource_count));
    }
    if !(1..=30).contains(&task.parallel_deployments) {
        problems.push(format!("`parallelDeployments` is 1 to 30, not {}", task.parallel_deployments));
    }
    if !(0.0..=1.0).contains(&task.failure_threshold) {
        problems.push(format!("`failureThreshold.percentage` is 0 to 1, not {}", task.failure_threshold));
    }
    let modes = ["ExistingNonCompliant", "ReEvaluateCompliance"];
    if !modes.iter().any(|mode| mode.eq_ignore_ascii_case(&task.discovery_mode)) {
        problems.push(format!("`resourceDiscoveryMode` is {}", modes.join(" or ")));
    }
    let scope = task.scope().to_ascii_lowercase();
    if task.evaluates_anew() && scope.starts_with("/providers/microsoft.management/managementgroups/") {
        problems.push(
            "`ReEvaluateCompliance` works at a subscription or below, not at a management group".to_owned(),
        );
    }
    if let Some(effect) = effect.filter(|effect| !effect.is_remediable()) {
        problems.push(format!("only deployIfNotExists and modify can be remediated, not {effect}"));
    }
    problems
}
