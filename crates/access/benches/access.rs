//! How long do questions to a model of 100,000 role assignments take, and building it?
//!
//! 500 subscriptions with 200 assignments each, 20,000 principals in 200 groups, 24 built-in roles, 100 deny
//! assignments.

use std::sync::LazyLock;

use azimuth_access::condition::Attributes;
use azimuth_access::{
    AccessDocuments, AccessModel, DenyAssignment, Plane, Request, RoleAssignment, Scope, ScopeRoot, Target,
    built_in_roles,
};
use divan::Bencher;
use serde_json::json;

fn main() {
    divan::main();
}

const SUBSCRIPTIONS: usize = 500;
const PER_SUBSCRIPTION: usize = 200;

static DOCUMENTS: LazyLock<AccessDocuments> = LazyLock::new(|| {
    let roles: Vec<_> = built_in_roles().cloned().collect();
    let assignment = |at: usize| {
        let scope = match at % 4 {
            0 => format!("/subscriptions/s{}", at / PER_SUBSCRIPTION),
            1 => format!("/subscriptions/s{}/resourceGroups/rg{}", at / PER_SUBSCRIPTION, at % 20),
            2 => format!(
                "/subscriptions/s{}/resourceGroups/rg{}/providers/a/b/c",
                at / PER_SUBSCRIPTION,
                at % 20
            ),
            _ if at % 1_000 == 3 => {
                format!("/providers/Microsoft.Management/managementGroups/g{}", at / 1_000)
            }
            _ => format!("/subscriptions/s{}/resourceGroups/data", at / PER_SUBSCRIPTION),
        };
        let principal =
            if at.is_multiple_of(3) { format!("group{}", at % 200) } else { format!("user{}", at % 20_000) };
        let document = json!({
            "id": format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{at}"),
            "properties": {"principalId": principal, "roleDefinitionId": roles[at % roles.len()].id, "scope": scope},
        });
        RoleAssignment::from_json(&document).expect("it is well formed")
    };
    let deny = |at: usize| {
        let document = json!({"id": format!("/deny/{at}"), "properties": {
            "scope": format!("/subscriptions/s{at}/resourceGroups/data"),
            "principals": [{"id": azimuth_access::ALL_PRINCIPALS}], "permissions": [{"actions": ["*/delete"]}],
        }});
        DenyAssignment::from_json(&document).expect("it is well formed")
    };
    AccessDocuments {
        assignments: (0..SUBSCRIPTIONS * PER_SUBSCRIPTION).map(assignment).collect(),
        denies: (0..100).map(deny).collect(),
        roles,
        locks: Vec::new(),
    }
});

fn model(documents: AccessDocuments) -> AccessModel<'static> {
    let scopes = |root: ScopeRoot<'_>| match root {
        ScopeRoot::Subscription(id) => Some(vec![format!("g{}", id.len()), "g0".to_owned()]),
        _ => None,
    };
    let groups = |principal: &str| vec![format!("group{}", principal.len() * 7), "group3".to_owned()];
    AccessModel::new(documents, scopes, groups)
}

#[divan::bench]
fn build_100k_assignments(bencher: Bencher) {
    bencher.with_inputs(|| DOCUMENTS.clone()).bench_values(model);
}

#[divan::bench]
fn check_one_request_of_100k(bencher: Bencher) {
    let model = model(DOCUMENTS.clone());
    let scope = Scope::parse("/subscriptions/s77/resourceGroups/data/providers/a/b/c").expect("a scope");
    let attributes = Attributes::unknown();
    bencher.bench(|| {
        let action = "Microsoft.Compute/virtualMachines/write";
        let request = Request {
            principal: "user154",
            action,
            plane: Plane::Control,
            scope: &scope,
            attributes: &attributes,
        };
        model.check(&request).verdict
    });
}

#[divan::bench]
fn who_can_at_one_resource_of_100k(bencher: Bencher) {
    let model = model(DOCUMENTS.clone());
    let scope = Scope::parse("/subscriptions/s77/resourceGroups/data/providers/a/b/c").expect("a scope");
    let target =
        Target { action: "Microsoft.Compute/virtualMachines/delete", plane: Plane::Control, scope: &scope };
    bencher.bench(|| model.who_can(&target).len());
}

#[divan::bench]
fn what_one_user_can_of_100k(bencher: Bencher) {
    let model = model(DOCUMENTS.clone());
    bencher.bench(|| model.what_can("user154").grants.len());
}
