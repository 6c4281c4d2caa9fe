//! Resource ids: documented shapes, refusals, and laws over generated ids.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use azimuth_ids::{DocumentKey, IdError, IdKind, IdRef, ResourceId, eq_fold, fold};
use proptest::prelude::*;

const SUB: &str = "/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590";

fn id(text: &str) -> IdRef<'_> {
    IdRef::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The one door: text → kind, type, name, parent.
fn check(text: &str, kind: IdKind, resource_type: &str, name: &str, parent: Option<&str>) {
    let id = id(text);
    assert_eq!(id.kind(), kind, "{text}");
    assert_eq!(id.resource_type().to_string(), resource_type, "{text}");
    assert!(id.is_type(&resource_type.to_uppercase()), "{text}");
    assert_eq!(id.name(), name, "{text}");
    assert_eq!(id.parent().map(IdRef::as_str), parent, "{text}");
}

#[test]
fn every_arm_shape() {
    check("/", IdKind::Tenant, "Microsoft.Resources/tenants", "", None);
    check(
        "/providers/Microsoft.Management/managementGroups/corp",
        IdKind::ManagementGroup,
        "Microsoft.Management/managementGroups",
        "corp",
        Some("/"),
    );
    check(SUB, IdKind::Subscription, "Microsoft.Resources/subscriptions", &SUB[15..], Some("/"));
    let group = format!("{SUB}/resourceGroups/web");
    check(
        &group,
        IdKind::ResourceGroup,
        "Microsoft.Resources/subscriptions/resourceGroups",
        "web",
        Some(SUB),
    );
    let vnet = format!("{group}/providers/Microsoft.Network/virtualNetworks/hub");
    check(&vnet, IdKind::Resource, "Microsoft.Network/virtualNetworks", "hub", Some(&group));
    let subnet = format!("{vnet}/subnets/front");
    check(&subnet, IdKind::Resource, "Microsoft.Network/virtualNetworks/subnets", "front", Some(&vnet));
    let lock = format!("{subnet}/providers/Microsoft.Authorization/locks/keep");
    check(&lock, IdKind::Extension, "Microsoft.Authorization/locks", "keep", Some(&subnet));
    let on_lock = format!("{lock}/providers/Microsoft.X/y/z/a/b");
    check(
        &on_lock,
        IdKind::Extension,
        "Microsoft.X/y/a",
        "b",
        Some(&format!("{lock}/providers/Microsoft.X/y/z")),
    );
    let at_subscription = format!("{SUB}/providers/Microsoft.Security/pricings/Arm");
    check(&at_subscription, IdKind::Resource, "Microsoft.Security/pricings", "Arm", Some(SUB));
    let at_tenant = "/providers/Microsoft.Authorization/roleDefinitions/8e3af657";
    check(at_tenant, IdKind::Resource, "Microsoft.Authorization/roleDefinitions", "8e3af657", Some("/"));
    let at_group = "/providers/Microsoft.Management/managementGroups/corp/providers/Microsoft.Authorization/\
                    policyAssignments/audit";
    check(
        at_group,
        IdKind::Resource,
        "Microsoft.Authorization/policyAssignments",
        "audit",
        Some("/providers/Microsoft.Management/managementGroups/corp"),
    );
    let settings = "/providers/Microsoft.Management/managementGroups/corp/settings/default";
    check(
        settings,
        IdKind::Resource,
        "Microsoft.Management/managementGroups/settings",
        "default",
        Some("/providers/Microsoft.Management/managementGroups/corp"),
    );
}

#[test]
fn parts_of_an_id() {
    let nested = format!("{SUB}/resourceGroups/Web/providers/Microsoft.Sql/servers/s/databases/d");
    let nested = id(&nested);
    assert_eq!(nested.subscription_id(), Some(&SUB[15..]));
    assert_eq!(nested.resource_group(), Some("Web"));
    assert_eq!(nested.management_group(), None);
    assert_eq!(nested.provider_namespace(), "Microsoft.Sql");
    assert_eq!(nested.scope().as_str(), format!("{SUB}/resourceGroups/Web"));
    let chain: Vec<IdKind> = nested.scope_chain().map(IdRef::kind).collect();
    assert_eq!(
        chain,
        [IdKind::Resource, IdKind::Resource, IdKind::ResourceGroup, IdKind::Subscription, IdKind::Tenant]
    );
    let on_group =
        id("/providers/Microsoft.Management/managementGroups/corp/providers/Microsoft.Authorization/locks/l");
    assert_eq!(on_group.management_group(), Some("corp"));
    assert_eq!(on_group.scope().kind(), IdKind::ManagementGroup);
}

#[test]
fn canonical_spelling() {
    let given = "/SUBSCRIPTIONS/0B1F6471-1BF0-4DDA-AEC3-CB9272F09590/resourcegroups/Providers/PROVIDERS/microsoft.web/sites/A";
    assert_eq!(
        id(given).to_string(),
        format!("{SUB}/resourceGroups/Providers/providers/microsoft.web/sites/A")
    );
    let group = "/Providers/microsoft.management/ManagementGroups/Corp/PROVIDERS/a.b/c/d";
    assert_eq!(
        id(group).to_string(),
        "/providers/Microsoft.Management/managementGroups/Corp/providers/a.b/c/d"
    );
    assert_eq!(id(&format!("{SUB}/")).to_string(), SUB, "one trailing slash is tolerated");
}

#[test]
fn refusals_say_why() {
    for (text, error) in [
        ("", IdError::NoLeadingSlash),
        ("subscriptions/x", IdError::NoLeadingSlash),
        ("//subscriptions/x", IdError::EmptySegment { at: 1 }),
        ("/subscriptions", IdError::MissingValue { keyword: "subscriptions".into() }),
        ("/subscriptions//resourceGroups/x", IdError::EmptySegment { at: 15 }),
        ("/tenants/x", IdError::UnknownRoot { found: "tenants".into() }),
        (
            "/subscriptions/x/groups/y",
            IdError::Unexpected { expected: "resourceGroups or providers", found: "groups".into() },
        ),
        ("/subscriptions/x/resourceGroups", IdError::MissingValue { keyword: "resourceGroups".into() }),
        (
            "/subscriptions/x/resourceGroups/g/a/b",
            IdError::Unexpected { expected: "providers", found: "a".into() },
        ),
        ("/providers/Microsoft.X", IdError::MissingValue { keyword: "Microsoft.X".into() }),
        ("/providers/Microsoft.X/y", IdError::MissingValue { keyword: "y".into() }),
        ("/providers/Microsoft.X/y/z/providers", IdError::MissingValue { keyword: "providers".into() }),
    ] {
        assert_eq!(IdRef::parse(text).unwrap_err(), error, "{text}");
    }
    assert!(matches!(IdRef::parse("/subscriptions/a\nb"), Err(IdError::Malformed { .. })));
    assert!(matches!(
        IdRef::parse(&format!("/subscriptions/{}", "a".repeat(5_000))),
        Err(IdError::Malformed { .. })
    ));
}

#[test]
fn containment_compares_whole_segments() {
    let inner = format!("{SUB}/resourceGroups/rg10/providers/a.b/c/d");
    assert!(id(&inner).is_within(id(&SUB.to_uppercase())));
    assert!(id(&inner).is_within(id(&format!("{SUB}/resourceGroups/RG10"))));
    assert!(!id(&inner).is_within(id(&format!("{SUB}/resourceGroups/rg1"))));
    assert!(id(&inner).is_within(id("/")));
}

#[test]
fn keys_of_all_namespaces() {
    assert_eq!(DocumentKey::arm(id(&SUB.to_uppercase())).as_str(), SUB);
    for text in ["graph:/users/A", "tags:/Public/Storage", "azimuth:/evidence/x", "/"] {
        assert_eq!(DocumentKey::parse(text).unwrap().as_str(), text.to_lowercase());
    }
    for text in ["", "users/a", "graph:/", "graph:/a//b", "graph:/a\u{7}", "http://x"] {
        assert!(DocumentKey::parse(text).is_err(), "{text:?}");
    }
}

fn segment() -> impl Strategy<Value = String> {
    // Valid names, keywords as names, and letters whose case mapping changes their length.
    prop_oneof![
        8 => "[A-Za-z0-9_.()-]{1,12}",
        1 => Just("providers".to_owned()),
        1 => Just("resourceGroups".to_owned()),
        1 => "[A-Za-zÄÖÜäöüßİıK]{1,6}",
    ]
}

fn block() -> impl Strategy<Value = String> {
    ("[A-Z][a-z]{2,6}\\.[A-Z][a-z]{2,6}", prop::collection::vec(("[a-z]{2,10}[A-Z]?", segment()), 1..4))
        .prop_map(|(namespace, pairs)| {
            let pairs: String = pairs
                .into_iter()
                // `providers` where a type stands opens the next block, so it cannot be a type.
                .map(|(kind, name)| format!("/{kind}x/{name}"))
                .collect();
            format!("/providers/{namespace}{pairs}")
        })
}

fn any_id() -> impl Strategy<Value = String> {
    let root = prop_oneof![
        Just(String::new()),
        Just(SUB.to_owned()),
        segment().prop_map(|name| format!("{SUB}/resourceGroups/{name}")),
        segment().prop_map(|name| format!("/providers/Microsoft.Management/managementGroups/{name}")),
    ];
    (root, prop::collection::vec(block(), 0..3)).prop_map(|(root, blocks)| {
        let text = format!("{root}{}", blocks.concat());
        if text.is_empty() { "/".to_owned() } else { text }
    })
}

proptest! {
    #[test]
    fn printing_parses_back_to_the_same_id(text in any_id()) {
        let first = id(&text);
        let canonical = first.to_string();
        let second = id(&canonical);
        prop_assert_eq!(first, second);
        prop_assert_eq!(second.to_string(), canonical.as_str());
        prop_assert_eq!(first.kind(), second.kind());
        prop_assert_eq!(first.resource_type(), second.resource_type());
    }

    #[test]
    fn case_does_not_matter(text in any_id()) {
        let lower = fold(&text).into_owned();
        let (left, right) = (id(&text), id(&lower));
        prop_assert_eq!(left, right);
        prop_assert_eq!(left.kind(), right.kind());
        prop_assert_eq!(DocumentKey::arm(left), DocumentKey::arm(right));
        let state = RandomState::new();
        prop_assert_eq!(state.hash_one(left), state.hash_one(right));
        let set: HashSet<ResourceId> = [left.to_owned(), right.to_owned()].into();
        prop_assert_eq!(set.len(), 1);
    }

    #[test]
    fn parents_contain_their_children_and_end_at_the_tenant(text in any_id()) {
        let chain: Vec<IdRef<'_>> = id(&text).scope_chain().collect();
        prop_assert_eq!(chain.last().map(|last| last.kind()), Some(IdKind::Tenant));
        for pair in chain.windows(2) {
            prop_assert!(pair[0].is_within(pair[1]), "{} in {}", pair[0], pair[1]);
            prop_assert!(!pair[1].is_within(pair[0]) || pair[0] == pair[1]);
        }
    }

    #[test]
    fn keys_parse_back(text in any_id()) {
        let key = DocumentKey::arm(id(&text));
        prop_assert_eq!(DocumentKey::parse(key.as_str()).unwrap(), key);
    }

    #[test]
    fn arbitrary_text_never_panics(text in "\\PC{0,80}", slashes in "[/a-zA-ZÄß .]{0,60}") {
        for text in [text, format!("/{slashes}"), format!("/subscriptions/{slashes}"), format!("/providers/{slashes}")] {
            if let Ok(id) = IdRef::parse(&text) {
                let _ = (id.name(), id.parent(), id.resource_type(), id.canonical(), id.scope(), id.resource_group());
                let _ = id.scope_chain().count();
            }
            let _ = DocumentKey::parse(&text);
        }
    }

    #[test]
    fn folding_agrees_with_equality(left in "[A-Za-zßİKk]{0,5}", right in "[A-Za-zßİKk]{0,5}") {
        prop_assert_eq!(eq_fold(&left, &right), fold(&left) == fold(&right));
    }
}
