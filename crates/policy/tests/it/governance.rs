//! Versions, provider modes, selectors by principal, overrides, requests and scans.

use std::convert::Infallible;
use std::io::Write;

use azimuth_estate::Entry;
use azimuth_ids::{DocumentKey, IdRef};
use azimuth_policy::{
    Context, Finding, NoRelated, Principal, Scan, Slots, Surroundings, SurveyOptions, components_state,
    parse_components, survey,
};
use serde_json::json;

use crate::estate::{
    Given, Thing, assignment, definition, definition_id, moment, plain_states, states, thing,
};

const ACCOUNT: &str = "Microsoft.Storage/storageAccounts";

fn account(location: &str) -> Thing {
    thing(ACCOUNT, "st1", location, &json!({"minimumTlsVersion": "TLS1_0"}))
}

/// A definition that marks every storage account, in a version.
fn versioned(name: &str, version: &str, effect: &str) -> serde_json::Value {
    let mut document =
        definition(name, json!({"field": "type", "equals": ACCOUNT}), json!({"effect": effect}));
    document["id"] = json!(format!("{}/versions/{version}", definition_id(name)));
    document["properties"]["version"] = json!(version);
    document
}

#[test]
fn ranges_choose_among_the_versions_at_hand() {
    let versions = vec![
        versioned("d", "1.0.0", "disabled"),
        versioned("d", "1.1.4", "audit"),
        versioned("d", "2.0.0-preview", "deny"),
        versioned("d", "2.0.0", "manual"),
    ];
    for (properties, expected) in [
        (json!({}), "a Unknown"),
        (json!({"definitionVersion": "1.*.*"}), "a NonCompliant"),
        (json!({"definitionVersion": "2.*.*"}), "a Unknown"),
        // The version that the service says is in force, as long as it is in the range.
        (
            json!({"definitionVersion": "2.*.*-preview", "effectiveDefinitionVersion": "2.0.0-PREVIEW"}),
            "a NonCompliant",
        ),
        (json!({"definitionVersion": "2.*.*", "effectiveDefinitionVersion": "1.1.4"}), "a Unknown"),
        (json!({"overrides": [{"kind": "definitionVersion", "value": "1.1.*"}]}), "a NonCompliant"),
    ] {
        let given = Given {
            definitions: versions.clone(),
            assignments: vec![assignment("a", &definition_id("d"), properties.clone())],
            ..Given::default()
        };
        assert_eq!(plain_states(&given.sound(), &account("westeurope")), [expected], "{properties}");
    }
}

#[test]
fn a_version_that_is_not_at_hand_is_no_verdict() {
    let given = Given {
        definitions: vec![versioned("d", "1.0.0", "audit"), versioned("d", "2.0.0", "audit")],
        assignments: vec![assignment("a", &definition_id("d"), json!({"definitionVersion": "3.*.*"}))],
        ..Given::default()
    };
    let (governance, errors) = given.governance();
    let reason = format!(
        "version `3.*.*` of `{}` is not at hand, only `1.0.0`, `2.0.0`; export that version as well",
        definition_id("d")
    );
    assert_eq!(errors.len(), 1);
    assert!(errors[0].to_string().ends_with(&reason), "{errors:?}");
    assert_eq!(plain_states(&governance, &account("westeurope")), [format!("a NotEvaluable: {reason}")]);
    // Resources that the known version is not about are not about the wanted one either.
    assert!(plain_states(&governance, &thing("A.B/c", "x", "westeurope", &json!({}))).is_empty());
}

#[test]
fn overrides_by_location_change_version_and_effect() {
    let in_west = |kind: &str, value: &str| {
        json!({"overrides": [{"kind": kind, "value": value,
            "selectors": [{"kind": "resourceLocation", "in": ["westeurope"]}]}]})
    };
    let given = Given {
        definitions: vec![
            versioned("d", "1.0.0", "disabled"),
            versioned("d", "2.0.0", "audit"),
            definition("off", json!({"field": "type", "equals": ACCOUNT}), json!({"effect": "disabled"})),
            definition("on", json!({"field": "type", "equals": ACCOUNT}), json!({"effect": "audit"})),
        ],
        assignments: vec![
            assignment("version", &definition_id("d"), in_west("definitionVersion", "1.*.*")),
            assignment("on", &definition_id("off"), in_west("policyEffect", "audit")),
            assignment("off", &definition_id("on"), in_west("policyEffect", "disabled")),
        ],
        ..Given::default()
    };
    let governance = given.sound();
    assert_eq!(plain_states(&governance, &account("westeurope")), ["on NonCompliant"]);
    assert_eq!(
        plain_states(&governance, &account("northeurope")),
        ["off NonCompliant", "version NonCompliant"]
    );
}

#[test]
fn references_of_an_initiative_choose_versions_too() {
    let set = "/providers/Microsoft.Authorization/policySetDefinitions/s";
    let initiative = |version: &str, range: &str| {
        json!({"id": format!("{set}/versions/{version}"), "properties": {"version": version, "policyType": "BuiltIn",
            "policyDefinitions": [{"policyDefinitionId": definition_id("d"), "policyDefinitionReferenceId": "r",
                "definitionVersion": range}]}})
    };
    let given = Given {
        definitions: vec![versioned("d", "1.0.0", "manual"), versioned("d", "2.0.0", "audit")],
        initiatives: vec![initiative("1.0.0", "1.*.*"), initiative("2.0.0", "2.*.*")],
        assignments: vec![
            assignment("newest", set, json!({})),
            assignment("older", set, json!({"definitionVersion": "1.*.*"})),
        ],
        ..Given::default()
    };
    assert_eq!(
        plain_states(&given.sound(), &account("westeurope")),
        ["newest/r NonCompliant", "older/r Unknown"]
    );
}

#[test]
fn provider_modes_show_up_without_a_verdict() {
    let keys = json!({"allOf": [
        {"field": "type", "equals": "Microsoft.KeyVault.Data/vaults/keys"},
        {"field": "Microsoft.KeyVault.Data/vaults/keys/keyType", "notEquals": "RSA"}]});
    let pods = json!({"field": "type", "in": ["Microsoft.ContainerService/managedClusters"]});
    let with_mode = |name: &str, mode: &str, condition, effect: &str| {
        let mut document = definition(name, condition, json!({"effect": effect}));
        document["properties"]["mode"] = json!(mode);
        document
    };
    let odd = json!({"value": true, "equals": true});
    let given = Given {
        definitions: vec![
            with_mode("keys", "Microsoft.KeyVault.Data", keys.clone(), "audit"),
            with_mode("off", "Microsoft.KeyVault.Data", keys, "disabled"),
            with_mode("pods", "Microsoft.Kubernetes.Data", pods, "mutate"),
            with_mode("odd", "Microsoft.Odd.Data", odd, "audit"),
        ],
        assignments: ["keys", "off", "pods", "odd"]
            .iter()
            .map(|name| assignment(name, &definition_id(name), json!({})))
            .collect(),
        ..Given::default()
    };
    let reported = json!({"componentId": "c", "componentType": "Microsoft.KeyVault.Data/vaults/keys", "componentName": "k",
        "resourceId": thing("Microsoft.KeyVault/vaults", "v", "x", &json!({})).id,
        "policyAssignmentId": given.assignments[0]["id"], "policyDefinitionId": definition_id("keys"),
        "complianceState": "Compliant"});
    let source = azimuth_arm::Source::parse("rows", &reported.to_string()).unwrap();
    let components = parse_components(&source, source.root(), "$").into_result().unwrap();
    let governance = given.sound().with_components(components);
    let reason = |name: &str, mode: &str| {
        format!(
            "{name} NotEvaluable: not evaluable offline: only the resource provider sees the components of mode `{mode}`"
        )
    };
    let vault = thing("Microsoft.KeyVault/vaults", "v", "westeurope", &json!({}));
    assert_eq!(plain_states(&governance, &vault), [reason("keys", "Microsoft.KeyVault.Data")]);
    let cluster = thing("Microsoft.ContainerService/managedClusters", "k", "westeurope", &json!({}));
    assert_eq!(plain_states(&governance, &cluster), [reason("pods", "Microsoft.Kubernetes.Data")]);
    let other = thing("Microsoft.Odd/things", "t", "westeurope", &json!({}));
    assert_eq!(plain_states(&governance, &other), [reason("odd", "Microsoft.Odd.Data")]);
    assert!(plain_states(&governance, &account("westeurope")).is_empty());
    // What the service reports about components stays beside the state.
    let mut reported = None;
    let visit = &mut |state: azimuth_policy::PolicyState<'_>| {
        reported = components_state(state.components)
            .map(|components| (components.name(), state.state.unwrap().name()));
    };
    governance.states(&mut Slots::default(), &vault.selected(), &moment(), &NoRelated, visit).unwrap();
    assert_eq!(reported, Some(("Compliant", "NotEvaluable")));
}

#[test]
fn selectors_by_principal_decide_with_the_principal_alone() {
    let by_user = json!({"resourceSelectors": [{"name": "s", "selectors": [{"kind": "userPrincipalId", "in": ["u1"]}]}]});
    let given = Given {
        definitions: vec![definition(
            "d",
            json!({"field": "type", "equals": ACCOUNT}),
            json!({"effect": "deny"}),
        )],
        assignments: vec![assignment("a", &definition_id("d"), by_user)],
        ..Given::default()
    };
    let governance = given.sound();
    let account = account("westeurope");
    let reason =
        "cannot be decided without the request's principal: the assignment selects by `userPrincipalId`";
    assert_eq!(plain_states(&governance, &account), [format!("a NotEvaluable: {reason}")]);
    let of = |user: &str| moment().with_principal(Principal { user_id: user.to_owned(), group_ids: None });
    assert_eq!(states(&governance, &account, &of("U1"), &NoRelated), ["a NonCompliant"]);
    assert!(states(&governance, &account, &of("u2"), &NoRelated).is_empty());
    let request = |context: &Context| {
        governance.request(&mut Slots::default(), &account.selected(), context, &NoRelated).unwrap()
    };
    let unknown = request(&moment());
    assert!(unknown.denied_by.is_empty());
    assert_eq!(unknown.undecided.len(), 1);
    assert_eq!(request(&of("u1")).denied_by.len(), 1);
    assert!(request(&of("u2")).denied_by.is_empty());
    // An exemption that depends on who asks exempts nobody for certain.
    let exemption = json!({
        "id": format!("{}/providers/Microsoft.Authorization/policyExemptions/e", crate::estate::SUBSCRIPTION),
        "properties": {"policyAssignmentId": given.assignments[0]["id"], "exemptionCategory": "Waiver",
            "resourceSelectors": [{"name": "s", "selectors": [{"kind": "groupPrincipalId", "in": ["g1"]}]}]}});
    let exempted = Given { exemptions: vec![exemption], ..given }.sound();
    let found = states(&exempted, &account, &of("u1"), &NoRelated);
    assert!(found[0].starts_with("a NotEvaluable: cannot be decided without"), "{found:?}");
}

#[test]
fn a_failing_expression_denies_the_request() {
    let accounts = || json!({"field": "type", "equals": ACCOUNT});
    let role = "/providers/microsoft.authorization/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c";
    let failing = "[substring(field('name'), 0, 99)]";
    let modify = json!({"effect": "modify", "details": {"roleDefinitionIds": [role],
        "operations": [{"operation": "addOrReplace", "field": "tags['x']", "value": failing}]}});
    let append = json!({"effect": "append", "details": [{"field": "tags['x']", "value": failing}]});
    let deploy = json!({"effect": "deployIfNotExists", "details": {"type": "Microsoft.Insights/diagnosticSettings",
        "roleDefinitionIds": [role], "deployment": {"properties": {"mode": "incremental",
            "template": {"parameters": {"p": {"type": "string"}}, "resources": []},
            "parameters": {"p": {"value": failing}}}}}});
    for then in [modify, append, deploy] {
        let given = Given {
            definitions: vec![definition("d", accounts(), then.clone())],
            assignments: vec![assignment("a", &definition_id("d"), json!({}))],
            ..Given::default()
        };
        let governance = given.sound();
        let account = account("westeurope");
        let outcome =
            governance.request(&mut Slots::default(), &account.selected(), &moment(), &NoRelated).unwrap();
        assert_eq!(outcome.denied_by.len(), 1, "{then}");
        assert_eq!(outcome.faults.len(), 1, "{then}");
        // Where nothing is enforced, nothing is denied.
        let relaxed = Given {
            assignments: vec![assignment(
                "a",
                &definition_id("d"),
                json!({"enforcementMode": "DoNotEnforce"}),
            )],
            ..given
        };
        let outcome = relaxed
            .sound()
            .request(&mut Slots::default(), &account.selected(), &moment(), &NoRelated)
            .unwrap();
        assert!(outcome.denied_by.is_empty() && outcome.faults.is_empty(), "{then}");
    }
}

#[test]
fn contradicting_changes_follow_their_conflict_effects() {
    let tls = |conflict: &str, value: &str| {
        json!({"effect": "modify", "details": {"conflictEffect": conflict,
            "roleDefinitionIds": ["/providers/microsoft.authorization/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c"],
            "operations": [{"operation": "addOrReplace", "field": "tags['owner']", "value": value}]}})
    };
    for (first, second, denied, owner) in [
        ("deny", "deny", 2, None),
        ("deny", "audit", 0, Some("one")),
        ("audit", "deny", 0, Some("two")),
        ("audit", "audit", 0, None),
    ] {
        let given = Given {
            definitions: vec![
                definition("d1", json!({"field": "type", "equals": ACCOUNT}), tls(first, "one")),
                definition("d2", json!({"field": "type", "equals": ACCOUNT}), tls(second, "two")),
            ],
            assignments: vec![
                assignment("a1", &definition_id("d1"), json!({})),
                assignment("a2", &definition_id("d2"), json!({})),
            ],
            ..Given::default()
        };
        let account = account("westeurope");
        let governance = given.sound();
        let outcome =
            governance.request(&mut Slots::default(), &account.selected(), &moment(), &NoRelated).unwrap();
        assert_eq!(outcome.denied_by.len(), denied, "{first} {second}");
        let after: serde_json::Value = serde_json::from_str(&outcome.json).unwrap();
        assert_eq!(after["tags"]["owner"].as_str(), owner, "{first} {second}");
    }
}

#[test]
fn a_scan_is_the_same_on_any_number_of_threads() {
    let given = Given {
        definitions: vec![definition(
            "d",
            json!({"allOf": [{"field": "type", "equals": ACCOUNT}, {"field": "location", "equals": "westeurope"}]}),
            json!({"effect": "audit"}),
        )],
        assignments: vec![assignment("a", &definition_id("d"), json!({}))],
        ..Given::default()
    };
    let governance = given.sound();
    let mut estate = azimuth_estate::Snapshot::builder();
    for index in 0..1_500 {
        let location = if index % 3 == 0 { "westeurope" } else { "northeurope" };
        let account = thing(ACCOUNT, &format!("st{index:04}"), location, &json!({}));
        let text = if index == 700 { "[]".to_owned() } else { account.text };
        estate.push(&DocumentKey::arm(IdRef::parse(&account.id).unwrap()), text);
    }
    let estate = estate.finish();
    let surroundings = Surroundings::new(&estate, jiff::Timestamp::UNIX_EPOCH);
    let subjects = surroundings.subjects();
    let scan = Scan::new(&governance, &[], false);
    let look = |threads: usize| {
        let options = SurveyOptions { threads, examples: 3, wanted: &|_| true };
        let (mut written, mut told) = (Vec::new(), Vec::new());
        let each = &|entry: Entry<'_>, found: &[Finding], _: &mut Slots, out: &mut Vec<u8>| {
            for finding in found {
                writeln!(out, "{} {:?}", entry.key(), finding.standing).unwrap();
            }
        };
        let sink = &mut |text: &[u8], done: usize| {
            written.extend_from_slice(text);
            told.push(done);
            Ok::<(), Infallible>(())
        };
        let tally = survey(&scan, &surroundings, &subjects, &options, each, sink).unwrap();
        assert_eq!(told.last(), Some(&1_500));
        (String::from_utf8(written).unwrap(), tally.unreadable, tally.results, format!("{:?}", tally.all))
    };
    let alone = look(1);
    assert_eq!((alone.0.lines().count(), alone.1, alone.2), (1_499, 1, 1_499));
    assert_eq!(alone.0.matches("NonCompliant").count(), 500);
    for threads in [2, 3, 16] {
        assert_eq!(look(threads), alone);
    }
}
