//! Decisions with their explanations, and the questions the other way round.

use azimuth_access::condition::Attributes;
use azimuth_access::{AccessDocuments, Plane, Request, Scope, Target, Verdict};
use serde_json::json;

use crate::estate::{ask, assignment, deny, model, role};

const VM: &str = "/subscriptions/s1/resourceGroups/rg1/providers/Microsoft.Compute/virtualMachines/vm";
const START: &str = "Microsoft.Compute/virtualMachines/start/action";
const CONDITION: &str = "@Resource[Microsoft.Compute/virtualMachines:tier] StringEquals 'dev'";

#[test]
fn explanations_name_what_decided() {
    let documents = AccessDocuments {
        assignments: vec![
            assignment(
                1,
                "ops",
                "Contributor",
                "/providers/Microsoft.Management/managementGroups/CORP",
                None,
            ),
            assignment(2, "carol", "Reader", "/subscriptions/s1", None),
            assignment(3, "carol", "Contributor", "/subscriptions/s1/resourceGroups/rg1", Some(CONDITION)),
            assignment(4, "dave", "11111111-2222-3333-4444-555555555555", "/", None),
            assignment(5, "erin", "Owner", "/subscriptions/s1", Some("not a condition")),
        ],
        denies: vec![deny(
            1,
            &json!({
                "scope": "/subscriptions/s1", "principals": [{"id": "ops"}], "excludePrincipals": [{"id": "alice"}],
                "permissions": [{"actions": ["*/action"]}],
            }),
        )],
        ..AccessDocuments::default()
    };
    let model = model(documents);
    for (principal, expected) in [
        (
            "alice",
            "Allowed roleAssignment | `alice` may do `Microsoft.Compute/virtualMachines/start/action` at \
             `/subscriptions/s1/resourceGroups/rg1/providers/Microsoft.Compute/virtualMachines/vm`: the role \
             `Contributor` at `/providers/Microsoft.Management/managementGroups/CORP` through the group `ops`",
        ),
        (
            "bob",
            "Denied denyAssignment | `bob` may not do `Microsoft.Compute/virtualMachines/start/action` at \
             `/subscriptions/s1/resourceGroups/rg1/providers/Microsoft.Compute/virtualMachines/vm`: the deny \
             assignment `deny1` at `/subscriptions/s1` forbids it",
        ),
        (
            "carol",
            "Conditional notDecided | whether `carol` may do `Microsoft.Compute/virtualMachines/start/action` at \
             `/subscriptions/s1/resourceGroups/rg1/providers/Microsoft.Compute/virtualMachines/vm` is not decided\n  \
             the role `Contributor` at `/subscriptions/s1/resourceGroups/rg1` allows it if this holds (it needs \
             `@Resource[Microsoft.Compute/virtualMachines:tier]`): \
             @Resource[Microsoft.Compute/virtualMachines:tier] StringEquals 'dev'",
        ),
    ] {
        assert_eq!(ask(&model, principal, START, VM), expected);
    }
    assert!(ask(&model, "dave", START, VM).contains("is not known; add its definition"));
    assert!(ask(&model, "erin", START, VM).contains("cannot be read"));
    assert!(ask(&model, "nobody", START, VM).starts_with("Denied noRoleAssignment"));
    assert!(ask(&model, "alice", START, "/subscriptions/s2").starts_with("Denied noRoleAssignment"));
}

#[test]
fn azure_refuses_in_its_own_words() {
    let model = model(AccessDocuments::default());
    let scope = Scope::parse(VM).unwrap();
    let attributes = Attributes::unknown();
    let request = Request {
        principal: "x",
        action: START,
        plane: Plane::Control,
        scope: &scope,
        attributes: &attributes,
    };
    let message = model.check(&request).azure_message(&request).unwrap();
    assert!(
        message.contains("does not have authorization to perform action") && message.ends_with("is invalid.")
    );
}

#[test]
fn known_attributes_decide_conditions() {
    let documents = AccessDocuments {
        assignments: vec![assignment(3, "carol", "Contributor", "/subscriptions/s1", Some(CONDITION))],
        ..AccessDocuments::default()
    };
    let model = model(documents);
    let scope = Scope::parse(VM).unwrap();
    for (tier, expected) in [("dev", Verdict::Allowed), ("prod", Verdict::Denied)] {
        let attributes =
            Attributes::from_json(&json!({"resource": {"microsoft.compute/virtualmachines:TIER": tier}}));
        let request = Request {
            principal: "carol",
            action: START,
            plane: Plane::Control,
            scope: &scope,
            attributes: &attributes,
        };
        assert_eq!(model.check(&request).verdict, expected, "{tier}");
    }
}

#[test]
fn permission_entries_do_not_mix() {
    let permissions = json!([
        {"actions": ["Microsoft.Compute/*"], "notActions": ["*/action"]},
        {"actions": ["Microsoft.Storage/*"]},
    ]);
    let documents = AccessDocuments {
        roles: vec![role("two", &permissions)],
        assignments: vec![assignment(1, "alice", "two", "/", None)],
        ..AccessDocuments::default()
    };
    let model = model(documents);
    assert!(ask(&model, "alice", START, VM).starts_with("Denied"));
    assert!(
        ask(&model, "ALICE", "Microsoft.Storage/storageAccounts/listKeys/action", VM).starts_with("Allowed")
    );
}

#[test]
fn who_can_lists_members_denies_and_conditions() {
    let documents = AccessDocuments {
        assignments: vec![
            assignment(
                1,
                "ops",
                "Contributor",
                "/providers/Microsoft.Management/managementGroups/prod",
                None,
            ),
            assignment(2, "carol", "Contributor", VM, Some(CONDITION)),
            assignment(3, "unknown-group", "Owner", "/", None),
            assignment(4, "dave", "Reader", "/", None),
            assignment(5, "erin", "Owner", "/subscriptions/s2", None),
            assignment(6, "frank", "no such role", "/", None),
        ],
        denies: vec![deny(
            1,
            &json!({
                "scope": VM, "principals": [{"id": "oncall"}], "permissions": [{"actions": ["*"]}],
            }),
        )],
        ..AccessDocuments::default()
    };
    let model = model(documents);
    let scope = Scope::parse(VM).unwrap();
    let target = Target { action: START, plane: Plane::Control, scope: &scope };
    let found: Vec<(String, Option<&str>, &str, bool)> = model
        .who_can(&target)
        .into_iter()
        .map(|grant| (grant.principal.clone(), grant.via, grant.role_name(), grant.conditional))
        .collect();
    let expected = [
        ("alice", Some("ops"), "Contributor", false),
        ("carol", None, "Contributor", true),
        ("frank", None, "no such role", true),
        ("unknown-group", None, "Owner", false),
    ];
    assert_eq!(
        found,
        expected.map(|(name, via, role, conditional)| (name.to_owned(), via, role, conditional))
    );

    let holdings = model.what_can("bob");
    assert_eq!(holdings.grants.len(), 1);
    assert_eq!((holdings.grants[0].via, holdings.denies.len()), (Some("ops"), 1));
    let actions = holdings.actions();
    assert_eq!(actions.len(), 1);
    assert_eq!(actions[0].entries[0].actions, ["*"]);
    assert_eq!(actions[0].entries[0].except.len(), 11);
}

#[test]
fn an_unknown_hierarchy_leaves_management_groups_open() {
    let root = "/providers/Microsoft.Management/managementGroups/root";
    let documents = AccessDocuments {
        assignments: vec![
            assignment(1, "carol", "Owner", root, None),
            assignment(2, "dave", "Reader", root, None),
        ],
        denies: vec![deny(
            1,
            &json!({"scope": root, "principals": [{"id": "erin"}], "permissions": [{"actions": ["*"]}]}),
        )],
        ..AccessDocuments::default()
    };
    let model = model(documents);
    let lost = "/subscriptions/s9/resourceGroups/rg";
    let expected = "the role `Owner` at `/providers/Microsoft.Management/managementGroups/root` allows it if this \
        scope lies below `/providers/Microsoft.Management/managementGroups/root`; add the management groups to know";
    let answer = ask(&model, "carol", START, lost);
    assert!(answer.starts_with("Conditional notDecided") && answer.ends_with(expected), "{answer}");
    assert!(
        ask(&model, "dave", START, lost).starts_with("Denied"),
        "a reader cannot start it wherever it lies"
    );
    assert!(ask(&model, "carol", START, "/subscriptions/s1").starts_with("Allowed"));
    let scope = Scope::parse(lost).unwrap();
    let target = Target { action: START, plane: Plane::Control, scope: &scope };
    let found = model.who_can(&target);
    assert_eq!((found.len(), found[0].conditional), (1, true));
}
