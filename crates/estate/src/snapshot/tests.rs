use azimuth_ids::{DocumentKey, IdRef};

use super::*;

const SUB: &str = "/subscriptions/00000000-0000-0000-0000-000000000001";

fn snapshot(documents: &[(&str, &str)]) -> Snapshot {
    let mut builder = Snapshot::builder().threads(2);
    for (key, body) in documents {
        builder.push(&DocumentKey::parse(key).unwrap(), *body);
    }
    builder.finish()
}

fn network() -> Snapshot {
    let vnet = format!("{SUB}/resourceGroups/Net/providers/Microsoft.Network/virtualNetworks/Hub");
    let nic = format!("{SUB}/resourceGroups/net/providers/Microsoft.Network/networkInterfaces/nic1");
    let other = format!("{SUB}/resourceGroups/net-2/providers/Microsoft.Network/networkInterfaces/nic2");
    snapshot(&[
        (&vnet, &format!(r#"{{"id":"{vnet}","tags":{{"Env":"prod"}}}}"#)),
        (
            &nic,
            &format!(
                r#"{{"id":"{nic}","tags":{{"env":"test"}},"properties":{{"subnet":{{"id":"{}/subnets/a"}},
                "gone":{{"id":"{SUB}/resourceGroups/net/providers/Microsoft.Compute/disks/none"}}}}}}"#,
                vnet.to_uppercase().replace("/SUBSCRIPTIONS", "/subscriptions")
            ),
        ),
        (&other, "{}"),
        (&format!("{SUB}/resourceGroups/net"), "{}"),
        (SUB, "{}"),
    ])
}

fn ids(entries: impl IntoIterator<Item = impl std::borrow::Borrow<str>>) -> Vec<String> {
    entries.into_iter().map(|text| text.borrow().rsplit('/').next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn finds_by_type_scope_and_tag_ignoring_case() {
    let snapshot = network();
    assert_eq!(snapshot.of_type("Microsoft.Network/NetworkInterfaces").len(), 2);
    let group = format!("{SUB}/resourcegroups/NET");
    let within = snapshot.within(IdRef::parse(&group).unwrap());
    assert_eq!(ids(within.iter().map(|entry| entry.key())), ["net", "nic1", "hub"]);
    assert_eq!(snapshot.within(IdRef::parse(SUB).unwrap()).len(), 5);
    assert_eq!(snapshot.tagged("ENV", None).len(), 2);
    assert_eq!(snapshot.tagged("env", Some("prod")).len(), 1);
    assert!(snapshot.tagged("env", Some("Prod")).is_empty(), "tag values keep their case");
}

#[test]
fn references_lead_both_ways_and_to_the_nearest_document() {
    let snapshot = network();
    let nic = snapshot.of_type("Microsoft.Network/networkInterfaces").find(|e| e.name() == "nic1").unwrap();
    assert_eq!(ids(nic.references().map(Entry::key)), ["hub"]);
    let hub = snapshot.of_type("Microsoft.Network/virtualNetworks").next().unwrap();
    assert_eq!(ids(hub.referrers().map(Entry::key)), ["nic1"]);
    assert_eq!(hub.referrers_of("microsoft.network/networkInterfaces").count(), 1);
    assert_eq!(hub.referrers_of("microsoft.compute/virtualMachines").count(), 0);
    assert_eq!(nic.mentions().count(), 2);
    assert!(hub.id().ends_with("virtualNetworks/Hub"));
}

#[test]
fn the_last_body_of_a_key_wins() {
    let snapshot = snapshot(&[(SUB, r#"{"n":1}"#), (&SUB.to_uppercase(), r#"{"n":2}"#)]);
    assert_eq!(snapshot.len(), 1);
    assert_eq!(snapshot.entries().next().unwrap().body(), r#"{"n":2}"#);
}

#[test]
fn appended_builders_share_types() {
    let mut left = Snapshot::builder();
    left.push(&DocumentKey::graph("users/a").unwrap(), "{}");
    let mut right = Snapshot::builder();
    right.push(&DocumentKey::graph("groups/g").unwrap(), "{}");
    right.push(&DocumentKey::graph("users/b").unwrap(), "{}");
    left.append(right);
    let snapshot = left.finish();
    assert_eq!(snapshot.of_type("graph:/users").len(), 2);
    assert_eq!(snapshot.of_type("graph:/groups").len(), 1);
}

#[test]
fn types_of_keys() {
    let cases = [
        ("/subscriptions/s", "microsoft.resources/subscriptions"),
        ("/subscriptions/s/resourceGroups/g", "microsoft.resources/subscriptions/resourcegroups"),
        ("/providers/Microsoft.Management/managementGroups/m", "microsoft.management/managementgroups"),
        ("/subscriptions/s/resourceGroups/g/providers/A.B/c/d/providers/E.F/g/h/i/j", "e.f/g/i"),
        ("graph:/users/u", "graph:/users"),
        ("graph:/users/u/authentication/requirements", "graph:/users/authentication/requirements"),
        ("graph:/groups/g/members/m", "graph:/groups/members"),
        ("graph:/policies/authorizationPolicy", "graph:/policies/authorizationpolicy"),
        (
            "graph:/policies/authenticationStrengthPolicies/x",
            "graph:/policies/authenticationstrengthpolicies",
        ),
        ("graph:/identity/conditionalAccess/policies/p", "graph:/identity/conditionalaccess/policies"),
        ("tags:/Public/Storage", "tags:/public"),
        ("azimuth:/evidence/a|b@|", "azimuth:/evidence"),
    ];
    for (key, wanted) in cases {
        let mut kind = String::new();
        build::write_type(DocumentKey::parse(key).unwrap().as_str(), &mut kind);
        assert_eq!(kind, wanted, "{key}");
    }
}
