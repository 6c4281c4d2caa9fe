//! Recommendations of Defender for Cloud: the policies of the cloud security benchmark held against the estate, and the score that
//! comes of them.
//!
//! Source: "Secure score in Defender for Cloud": a control's points are shared by the resources that it is about; a resource is healthy
//! in a control if every recommendation of the control about it is.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use azimuth_ids::{IdRef, fold};
use azimuth_policy::{CompileOptions, ComplianceState, Inventory, ObjectKind, Scan, Slots, Surroundings};
use serde_json::{Value, json};

use super::call::Call;
use super::policy::built_in;

/// The initiative that every subscription is held against.
const BENCHMARK: &str =
    "/providers/Microsoft.Authorization/policySetDefinitions/1f3afdf9-d0c9-4c3d-847f-89da613e70a8";

/// A control of the score.
pub(crate) struct Control {
    /// Its id.
    pub(crate) id: &'static str,
    /// The points it is worth.
    pub(crate) points: f64,
    /// Its name.
    pub(crate) name: &'static str,
}

/// A recommendation.
struct Recommendation {
    key: &'static str,
    policy: &'static str,
    control: &'static str,
    severity: &'static str,
    name: &'static str,
}

static TABLE: LazyLock<(Vec<Control>, Vec<Recommendation>)> = LazyLock::new(|| {
    let lines = include_str!("../../data/recommendations.tsv").lines().filter(|line| !line.starts_with('#'));
    let mut table = (Vec::new(), Vec::new());
    for line in lines {
        let fields: Vec<&'static str> = line.split('\t').collect();
        match fields.as_slice() {
            ["control", id, points, name] => {
                table.0.push(Control { id, points: points.parse().unwrap_or_default(), name });
            }
            ["recommendation", key, policy, control, severity, name] => {
                table.1.push(Recommendation { key, policy, control, severity, name });
            }
            _ => {}
        }
    }
    table
});

/// Every control.
pub(crate) fn controls() -> &'static [Control] {
    &TABLE.0
}

/// What a recommendation says of a resource.
pub(crate) struct Assessment {
    /// The assessment key: what clients know the recommendation by.
    pub(crate) key: String,
    /// The control that it counts for; empty if none.
    pub(crate) control: &'static str,
    /// The id of the resource.
    pub(crate) resource: String,
    /// Whether the resource is as recommended.
    pub(crate) is_healthy: bool,
    name: String,
    severity: &'static str,
    policy: String,
}

impl Assessment {
    /// The assessment as the service shows it.
    pub(crate) fn shown(&self, call: &Call<'_>) -> Value {
        let now = format!("{:.7}", call.now);
        json!({
            "id": format!("{}/providers/Microsoft.Security/assessments/{}", self.resource, self.key),
            "name": self.key,
            "type": "Microsoft.Security/assessments",
            "properties": {
                "displayName": self.name,
                "resourceDetails": {"source": "Azure", "id": self.resource},
                "status": {"code": if self.is_healthy { "Healthy" } else { "Unhealthy" }, "firstEvaluationDate": now, "statusChangeDate": now},
                "metadata": {
                    "displayName": self.name, "assessmentType": "BuiltIn", "severity": self.severity,
                    "policyDefinitionId": self.policy,
                },
                "links": {"azurePortal": null},
                "additionalData": {},
            },
        })
    }
}

/// What the benchmark says of everything in a subscription.
pub(crate) fn assessments(call: &Call<'_>, subscription: &str) -> Vec<Assessment> {
    let inventory = benchmark(subscription);
    let (governance, _) = inventory.govern(call.plane.catalogue.clone(), &CompileOptions::default());
    let scan = Scan::new(&governance, &[], false);
    let snapshot = call.plane.snapshot();
    let surroundings = Surroundings::new(&snapshot, call.now);
    let mut slots = Slots::default();
    let mut found = Vec::new();
    let prefix = format!("/subscriptions/{}", fold(subscription));
    for entry in surroundings.subjects().into_iter().filter(|entry| entry.key().starts_with(&prefix)) {
        let mut findings = Vec::new();
        // A document that is no object is not assessed.
        if scan.findings(&mut slots, entry, &surroundings, &mut findings).is_err() {
            continue;
        }
        for finding in findings {
            let is_healthy = match finding.standing.state() {
                Some(ComplianceState::Compliant) => true,
                Some(ComplianceState::NonCompliant) => false,
                _ => continue,
            };
            let policy = governance.program().policy(finding.policy);
            let id = policy.context().definition_id.clone();
            let guid = id.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
            let known = TABLE.1.iter().find(|known| known.policy == guid);
            found.push(Assessment {
                key: known.map_or(guid, |known| known.key.to_owned()),
                control: known.map_or("", |known| known.control),
                resource: entry.id().into_owned(),
                is_healthy,
                name: known.map_or_else(
                    || policy.definition().display_name.clone().unwrap_or_default(),
                    |known| known.name.to_owned(),
                ),
                severity: known.map_or("Medium", |known| known.severity),
                policy: id,
            });
        }
    }
    found
}

/// The benchmark, assigned to a subscription as the service does by itself.
fn benchmark(subscription: &str) -> Inventory {
    let mut inventory = Inventory::default();
    let scope = format!("/subscriptions/{subscription}");
    let id = format!("{scope}/providers/Microsoft.Authorization/policyAssignments/SecurityCenterBuiltIn");
    let assignment = json!({"id": id, "name": "SecurityCenterBuiltIn", "properties": {"policyDefinitionId": BENCHMARK, "scope": scope}});
    inventory.put(ObjectKind::Assignment, &id, &assignment.to_string());
    for _ in 0..2 {
        for (missing, _) in inventory.missing() {
            if let Some(text) = built_in(&missing) {
                let is_set = fold(&missing).contains("/policysetdefinitions/");
                inventory.put(
                    if is_set { ObjectKind::Initiative } else { ObjectKind::Definition },
                    &missing,
                    &text,
                );
            }
        }
    }
    inventory
}

/// The score of one control.
pub(crate) struct ControlScore {
    /// The control.
    pub(crate) control: &'static Control,
    /// Resources that are healthy in it, and those that are not.
    pub(crate) healthy: usize,
    /// Resources that are not.
    pub(crate) unhealthy: usize,
}

impl ControlScore {
    /// The points that the healthy resources earn.
    pub(crate) fn current(&self) -> f64 {
        let all = self.healthy + self.unhealthy;
        if all == 0 { 0.0 } else { self.control.points * self.healthy as f64 / all as f64 }
    }

    /// Whether any resource is in it.
    pub(crate) fn counts(&self) -> bool {
        self.healthy + self.unhealthy > 0
    }
}

/// The score of every control over assessments.
pub(crate) fn scores(assessments: &[Assessment]) -> Vec<ControlScore> {
    let mut by_control: BTreeMap<&str, BTreeMap<&str, bool>> = BTreeMap::new();
    for assessment in assessments.iter().filter(|assessment| !assessment.control.is_empty()) {
        let resources = by_control.entry(assessment.control).or_default();
        *resources.entry(&assessment.resource).or_insert(true) &= assessment.is_healthy;
    }
    controls()
        .iter()
        .map(|control| {
            let resources = by_control.get(control.id);
            let count = |wanted: bool| {
                resources.map_or(0, |found| found.values().filter(|healthy| **healthy == wanted).count())
            };
            ControlScore { control, healthy: count(true), unhealthy: count(false) }
        })
        .collect()
}

/// The subscription that an id lies in.
pub(crate) fn subscription_of(id: &str) -> String {
    IdRef::parse(id).ok().and_then(|id| id.subscription_id().map(str::to_owned)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_reads_and_its_policies_are_built_in() {
        let (controls, recommendations) = &*TABLE;
        assert!(controls.len() > 10 && recommendations.len() > 30);
        for known in recommendations {
            assert!(controls.iter().any(|control| control.id == known.control), "{}", known.name);
            let id = format!("/providers/Microsoft.Authorization/policyDefinitions/{}", known.policy);
            assert!(built_in(&id).is_some(), "{}", known.policy);
        }
    }

    #[test]
    fn a_resource_is_healthy_if_all_of_a_control_is() {
        let control = controls().iter().find(|control| control.points > 0.0).unwrap();
        let assessment = |resource: &str, is_healthy| Assessment {
            key: String::new(),
            control: control.id,
            resource: resource.to_owned(),
            is_healthy,
            name: String::new(),
            severity: "High",
            policy: String::new(),
        };
        let found = [assessment("a", true), assessment("a", false), assessment("b", true)];
        let scores = scores(&found);
        let score = scores.iter().find(|score| score.control.id == control.id).unwrap();
        assert_eq!((score.healthy, score.unhealthy), (1, 1));
        assert!((score.current() - control.points / 2.0).abs() < 1e-9);
    }
}
