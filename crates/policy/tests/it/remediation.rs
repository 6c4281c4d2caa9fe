//! Remediation runs: what is deployed and changed, and what they lack.

use azimuth_access::{AccessDocuments, AccessModel, RoleAssignment, ScopeRoot};
use azimuth_arm::{NoEstate, Source};
use azimuth_policy::{
    Governance, Lack, LeftOut, Related, RelatedQuery, RemediationRun, RemediationWorld, Resource, Selected,
    StepAction, parse_remediation, remediate, remediation_needs,
};
use serde_json::{Value, json};

use crate::estate::{Given, SUBSCRIPTION, Thing, assignment, definition, definition_id, moment, thing};

const VAULT: &str = "Microsoft.KeyVault/vaults";
/// Monitoring Contributor and Contributor.
const ROLES: [&str; 2] = [
    "/providers/Microsoft.Authorization/roleDefinitions/749f88d5-cbae-40b8-bcfc-e573ddc772fa",
    "/providers/Microsoft.Authorization/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c",
];

/// The vault `logged` has diagnostic settings.
struct Logged;

impl Related for Logged {
    fn related(&self, resource: &Resource<'_>, _: &RelatedQuery) -> Option<Vec<String>> {
        Some(if resource.json.contains("logged") { vec!["{}".to_owned()] } else { Vec::new() })
    }
}

fn deploying(more: &Value) -> Value {
    let mut details = json!({
        "type": "Microsoft.Insights/diagnosticSettings",
        "roleDefinitionIds": ROLES,
        "deployment": {"properties": {"mode": "incremental",
            "template": {
                "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
                "contentVersion": "1.0.0.0",
                "parameters": {"vault": {"type": "string"}, "place": {"type": "string"}},
                "resources": [{
                    "type": "Microsoft.KeyVault/vaults/providers/diagnosticSettings", "apiVersion": "2021-05-01-preview",
                    "name": "[concat(parameters('vault'), '/Microsoft.Insights/', 'audit')]",
                    "location": "[parameters('place')]", "properties": {"logs": []}}]},
            "parameters": {"vault": {"value": "[field('name')]"}, "place": {"value": "[field('location')]"}}}}});
    for (key, value) in more.as_object().expect("an object") {
        if key == "location" {
            details["deployment"]["location"] = value.clone();
        } else {
            details[key] = value.clone();
        }
    }
    json!({"effect": "deployIfNotExists", "details": details})
}

fn given(then: Value, identity: &Value) -> Given {
    let mut assigned = assignment("a", &definition_id("d"), json!({}));
    assigned["identity"] = identity.clone();
    assigned["location"] = json!("westeurope");
    Given {
        definitions: vec![definition("d", json!({"field": "type", "equals": VAULT}), then)],
        assignments: vec![assigned],
        ..Given::default()
    }
}

fn run(governance: &Governance, things: &[Thing], task: &Value) -> Result<RemediationRun, Vec<String>> {
    let mut properties = json!({"policyAssignmentId": format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/policyAssignments/a")});
    for (key, value) in task.as_object().expect("an object") {
        properties[key] = value.clone();
    }
    let id = format!("{SUBSCRIPTION}/providers/Microsoft.PolicyInsights/remediations/r");
    let document = json!({"id": id, "properties": properties});
    let source = Source::parse("task", &document.to_string()).expect("JSON");
    let task = parse_remediation(&source, source.root(), "$").into_result().expect("sound");
    let world = RemediationWorld {
        context: &|selected| moment().of_resource(selected.id),
        related: &Logged,
        estate: &NoEstate,
        recorded: None,
        first_number: 0,
    };
    let selected: Vec<Selected<'_>> = things.iter().map(Thing::selected).collect();
    remediate(governance, &task, &selected, &world)
}

fn vaults() -> Vec<Thing> {
    let vault = |name, location| thing(VAULT, name, location, &json!({}));
    vec![
        vault("v1", "westeurope"),
        vault("logged", "westeurope"),
        vault("v2", "northeurope"),
        vault("v3", "westeurope"),
        thing("A.B/c", "other", "westeurope", &json!({})),
    ]
}

fn names(run: &RemediationRun) -> Vec<&str> {
    run.steps.iter().map(|step| step.resource_id.rsplit('/').next().unwrap_or_default()).collect()
}

#[test]
fn deployments_are_expanded_for_each_resource() {
    let governance =
        given(deploying(&json!({})), &json!({"type": "SystemAssigned", "principalId": "p1"})).sound();
    let run = run(
        &governance,
        &vaults(),
        &json!({"parallelDeployments": 2, "failureThreshold": {"percentage": 0.5}}),
    )
    .expect("the task is sound");
    assert_eq!(names(&run), ["v1", "v2", "v3"]);
    assert_eq!(run.batches().map(<[_]>::len).collect::<Vec<_>>(), [2, 1]);
    assert_eq!((run.tolerated_failures, run.failures()), (1, 0));
    let StepAction::Deploy(deployment) = &run.steps[1].action else { panic!("{:?}", run.steps[1]) };
    assert_eq!(deployment.scope, format!("{SUBSCRIPTION}/resourceGroups/web"));
    assert_eq!(deployment.parameters.pointer("/place/value").unwrap().as_str(), Some("northeurope"));
    assert_eq!(deployment.resources.len(), 1, "{:?}", deployment.diagnostics);
    assert_eq!(
        deployment.resources[0].id,
        format!(
            "{SUBSCRIPTION}/resourceGroups/web/providers/{VAULT}/v2/providers/Microsoft.Insights/diagnosticSettings/audit"
        )
    );
}

#[test]
fn filters_and_counts_leave_resources_out() {
    let governance = given(deploying(&json!({})), &json!({"type": "None"})).sound();
    let vaults = vaults();
    for (task, expected, left_out) in [
        (json!({"filters": {"locations": ["North Europe"]}}), vec!["v2"], LeftOut::Filter),
        (json!({"filters": {"resourceIds": [vaults[3].id.to_uppercase()]}}), vec!["v3"], LeftOut::Filter),
        (json!({"resourceCount": 1}), vec!["v1"], LeftOut::Count),
    ] {
        let run = run(&governance, &vaults, &task).expect("the task is sound");
        assert_eq!(names(&run), expected, "{task}");
        assert_eq!(run.left_out.len(), 2, "{task}");
        assert!(run.left_out.iter().all(|(_, reason)| *reason == left_out), "{task}");
    }
    for task in [json!({"resourceCount": 50_001}), json!({"policyDefinitionReferenceId": "none"})] {
        assert!(run(&governance, &vaults, &task).is_err(), "{task}");
    }
}

#[test]
fn a_deployment_to_the_subscription_needs_a_location() {
    let identity = json!({"type": "SystemAssigned"});
    let scoped = json!({"deploymentScope": "subscription"});
    let without = given(deploying(&scoped), &identity).sound();
    let vault = &vaults()[..1];
    let run_without = run(&without, vault, &json!({})).expect("the task is sound");
    assert!(
        matches!(&run_without.steps[0].action, StepAction::Fail(why) if why.contains("`deployment.location`"))
    );
    assert_eq!(run_without.failures(), 1);
    let located = json!({"deploymentScope": "subscription", "location": "westeurope"});
    let with = given(deploying(&located), &identity).sound();
    let run_with = run(&with, vault, &json!({})).expect("the task is sound");
    let StepAction::Deploy(deployment) = &run_with.steps[0].action else { panic!("{run_with:?}") };
    assert_eq!(
        (deployment.scope.as_str(), deployment.location.as_deref()),
        (SUBSCRIPTION, Some("westeurope"))
    );
    let elsewhere = given(deploying(&json!({"resourceGroupName": "logs"})), &identity).sound();
    let run_elsewhere = run(&elsewhere, vault, &json!({})).expect("the task is sound");
    let StepAction::Deploy(deployment) = &run_elsewhere.steps[0].action else { panic!("{run_elsewhere:?}") };
    assert_eq!(deployment.scope, format!("{SUBSCRIPTION}/resourceGroups/logs"));
}

#[test]
fn modify_shows_the_changed_document() {
    let then = json!({"effect": "modify", "details": {"roleDefinitionIds": ROLES,
        "operations": [{"operation": "addOrReplace", "field": "tags['owner']", "value": "[resourceGroup().name]"}]}});
    let governance = given(then, &json!({"type": "SystemAssigned", "principalId": "p1"})).sound();
    let run = run(&governance, &vaults()[..1], &json!({})).expect("the task is sound");
    let StepAction::Change { after, is_tags_only } = &run.steps[0].action else { panic!("{run:?}") };
    assert_eq!(after["tags"]["owner"], "web");
    assert!(is_tags_only);
}

#[test]
fn what_the_identity_may_not_do_is_listed() {
    let assignments_at = |scope: &str| -> Vec<RoleAssignment> {
        let assigned = |(number, role): (usize, &&str)| {
            let id = format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{number}");
            let properties = json!({"principalId": "p1", "roleDefinitionId": role, "scope": scope});
            RoleAssignment::from_json(&json!({"id": id, "properties": properties})).expect("sound")
        };
        ROLES.iter().enumerate().map(assigned).collect()
    };
    let model = |assignments| {
        let documents = AccessDocuments { assignments, ..AccessDocuments::default() };
        AccessModel::new(documents, |_: ScopeRoot<'_>| Some(Vec::new()), |_: &str| Vec::new())
    };
    let lacks = |identity: &Value, access: Option<&AccessModel<'_>>| {
        let governance = given(deploying(&json!({})), identity).sound();
        let run = run(&governance, &vaults(), &json!({})).expect("the task is sound");
        remediation_needs(&governance, &run, access).lacks
    };
    let identity = json!({"type": "SystemAssigned", "principalId": "p1"});
    assert_eq!(lacks(&json!({"type": "None"}), None), [Lack::Identity]);
    assert_eq!(lacks(&json!({"type": "SystemAssigned"}), None), [Lack::Principal]);
    assert_eq!(lacks(&identity, None), [Lack::Access]);
    assert_eq!(lacks(&identity, Some(&model(assignments_at(SUBSCRIPTION)))), []);
    let missing =
        lacks(&identity, Some(&model(assignments_at(&format!("{SUBSCRIPTION}/resourceGroups/other")))));
    let refused = |action: &str| {
        missing.iter().any(|lack| matches!(lack, Lack::Action { action: found, steps: 3, is_refused: true, .. } if found == action))
    };
    // Contributor alone may do all of it; what the definition names is missing all the same.
    let half = lacks(&identity, Some(&model(assignments_at(SUBSCRIPTION).split_off(1))));
    assert!(matches!(&half[..], [Lack::Role { .. }]), "{half:?}");
    assert!(
        matches!(&missing[0], Lack::Role { name: Some(name), steps: 3, .. } if name == "Monitoring Contributor"),
        "{missing:?}"
    );
    assert!(refused("Microsoft.Resources/deployments/write"), "{missing:?}");
    assert!(refused("Microsoft.Insights/diagnosticSettings/write"), "{missing:?}");
}
