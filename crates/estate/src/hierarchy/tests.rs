use azimuth_ids::IdRef;

use super::*;

/// A tree from `child>parent` pairs and `subscription@group` pairs, in one line.
fn tree(root: Option<&str>, records: &str) -> Hierarchy {
    let mut builder = Hierarchy::builder();
    for record in records.split_whitespace() {
        if let Some((child, parent)) = record.split_once('>') {
            builder.group(child, None, Some(parent));
        } else if let Some((subscription, group)) = record.split_once('@') {
            builder.subscription(subscription, group);
        } else {
            builder.group(record, None, None);
        }
    }
    if let Some(root) = root {
        builder.root(root);
    }
    builder.build()
}

fn codes(hierarchy: &Hierarchy) -> Vec<&'static str> {
    hierarchy.problems().iter().map(HierarchyProblem::code).collect()
}

#[test]
fn lookups_ignore_case_and_keep_spelling() {
    let hierarchy = tree(None, "Root Corp>Root Prod>CORP Lab>Root S1@prod S2@Corp");
    assert!(codes(&hierarchy).is_empty());
    assert_eq!(hierarchy.root().unwrap().name(), "Root");
    assert_eq!(hierarchy.ancestors_of_subscription("s1"), ["Prod", "Corp", "Root"]);
    assert_eq!(hierarchy.ancestors("PROD"), ["Corp", "Root"]);
    assert_eq!(hierarchy.children("root"), ["Corp", "Lab"]);
    assert_eq!(hierarchy.descendants("root"), ["Corp", "Lab", "Prod"]);
    assert_eq!(hierarchy.subscriptions_under("corp"), ["S2", "S1"]);
    assert_eq!(hierarchy.subscriptions_in("corp"), ["S2"]);
    assert_eq!(hierarchy.depth("prod"), Some(2));
    assert_eq!(hierarchy.levels(), 2);
    assert!(hierarchy.is_within("prod", "corp") && !hierarchy.is_within("corp", "prod"));
    assert!(hierarchy.ancestors("nobody").is_empty() && hierarchy.descendants("nobody").is_empty());
}

#[test]
fn the_chain_of_a_resource_goes_through_the_groups() {
    let hierarchy = tree(None, "root prod>root s1@prod");
    let id = IdRef::parse("/SUBSCRIPTIONS/S1/resourcegroups/rg/providers/Microsoft.Web/sites/a").unwrap();
    assert_eq!(
        hierarchy.scope_chain(id),
        [
            "/subscriptions/S1/resourceGroups/rg/providers/Microsoft.Web/sites/a",
            "/subscriptions/S1/resourceGroups/rg",
            "/subscriptions/S1",
            "/providers/Microsoft.Management/managementGroups/prod",
            "/providers/Microsoft.Management/managementGroups/root",
            "/",
        ]
    );
    let group = IdRef::parse("/providers/Microsoft.Management/managementGroups/prod").unwrap();
    assert_eq!(hierarchy.scope_chain(group).len(), 3);
}

#[test]
fn foreign_records_become_one_tree_with_problems() {
    let cases = [
        ("a>b b>c c>a", None, vec!["hierarchy-cycle"]),
        ("r a>a", None, vec!["hierarchy-cycle"]),
        ("r a>gone s@lost", None, vec!["hierarchy-missing-group", "hierarchy-missing-group"]),
        ("r q x>r", None, vec!["hierarchy-several-roots"]),
        ("r a>r b>r a>b", None, vec!["hierarchy-several-parents"]),
        ("r a>r A>R", None, vec![]),
        ("r a>r s@a s@r S@A", None, vec!["hierarchy-several-groups"]),
        ("r>a a>r", Some("r"), vec!["hierarchy-root-has-parent"]),
        ("r a>r b>a c>b d>c e>d f>e g>f", None, vec!["hierarchy-too-deep"]),
        ("r bad!>r", None, vec!["hierarchy-invalid-name"]),
        ("a>t", Some("t"), vec![]),
        ("", Some("t"), vec![]),
    ];
    for (records, root, expected) in cases {
        let hierarchy = tree(root, records);
        assert_eq!(codes(&hierarchy), expected, "{records}");
        assert_eq!(hierarchy.groups().count(), hierarchy.len(), "{records}: all below the root");
        for problem in hierarchy.problems() {
            assert!(!problem.to_string().ends_with('.'));
        }
    }
}

#[test]
fn a_stand_in_keeps_the_ancestors_known() {
    let hierarchy = tree(None, "root other>root s1@prod");
    assert_eq!(hierarchy.ancestors_of_subscription("s1"), ["prod", "root"]);
    assert!(!hierarchy.group("prod").unwrap().is_known());
    assert_eq!(hierarchy.certain_ancestors_of_subscription("s1"), None, "there may be groups between");
    assert_eq!(hierarchy.certain_ancestors("other").unwrap(), ["root"]);
    assert_eq!(hierarchy.certain_ancestors_of_subscription("nobody"), None);
    let chain = tree(None, "root prod>root s1@prod");
    assert_eq!(chain.certain_ancestors_of_subscription("s1").unwrap(), ["prod", "root"]);
}

fn apply(hierarchy: &Hierarchy, operation: &str) -> Result<Hierarchy, HierarchyError> {
    let words: Vec<&str> = operation.split_whitespace().collect();
    let word = |at: usize| words[at].to_owned();
    let operation = match words[0] {
        "create" => Operation::Create { name: word(1), display_name: None, parent: Some(word(2)) },
        "move" => Operation::Move { name: word(1), parent: word(2) },
        "delete" => Operation::Delete { name: word(1) },
        "rename" => Operation::Rename { name: word(1), display_name: word(2) },
        "add" => Operation::AddSubscription { subscription: word(1), group: word(2) },
        "remove" => Operation::RemoveSubscription { subscription: word(1) },
        "new" => Operation::NewSubscription { subscription: word(1) },
        "default" => Operation::Configure(Settings {
            default_management_group: Some(word(1)),
            require_authorization_for_group_creation: false,
        }),
        "lock" => Operation::Configure(Settings {
            default_management_group: None,
            require_authorization_for_group_creation: true,
        }),
        other => panic!("no operation {other}"),
    };
    hierarchy.apply(&operation, Caller::default())
}

#[test]
fn operations_follow_the_rules() {
    let start = tree(None, "r a>r b>a c>b d>c e>d f>e x>r y>x s1@b");
    let cases = [
        ("create n r", "OK"),
        ("create g f", "DepthExceeded"),
        ("create n gone", "ParentNotFound"),
        ("create A r", "AlreadyExists"),
        ("create -n r", "InvalidName"),
        ("create n. r", "InvalidName"),
        ("move r a", "RootCannotMove"),
        ("move a y", "DepthExceeded"),
        ("move d x", "OK"),
        ("move a a", "Cycle"),
        ("move a c", "Cycle"),
        ("move gone a", "NotFound"),
        ("move a gone", "NotFound"),
        ("delete r", "RootCannotDelete"),
        ("delete x", "HasChildren"),
        ("delete y", "OK"),
        ("delete gone", "NotFound"),
        ("rename a Alpha", "OK"),
        ("add s2 y", "OK"),
        ("add s2 gone", "NotFound"),
        ("remove s1", "OK"),
        ("remove s9", "NotFound"),
        ("lock .", "OK"),
    ];
    for (operation, expected) in cases {
        let result = apply(&start, operation);
        let word = result.as_ref().map_or_else(HierarchyError::word, |_| "OK");
        assert_eq!(word, expected, "{operation}");
        if let Ok(after) = result {
            assert!(codes(&after).is_empty(), "{operation}");
        }
    }
    let locked = apply(&start, "lock .").unwrap();
    let refusal = apply(&locked, "create n r").unwrap_err();
    assert_eq!((refusal.word(), refusal.azure().status), ("Forbidden", 403));
    let create = Operation::Create { name: "n".into(), display_name: None, parent: None };
    let after = locked.apply(&create, Caller { can_write_root: true }).unwrap();
    assert_eq!(after.parent("n").unwrap().name(), "r");
    assert_eq!(apply(&start, "rename a Alpha").unwrap().group("a").unwrap().display_name(), Some("Alpha"));
}

#[test]
fn subscriptions_land_in_the_default_group() {
    let start = tree(None, "r a>r b>r s1@a");
    let with_default = apply(&start, "default b").unwrap();
    let group =
        |hierarchy: &Hierarchy, id: &str| hierarchy.group_of_subscription(id).unwrap().name().to_owned();
    assert_eq!(group(&apply(&start, "remove S1").unwrap(), "s1"), "r");
    assert_eq!(group(&apply(&with_default, "remove s1").unwrap(), "s1"), "b");
    assert_eq!(group(&apply(&with_default, "new s2").unwrap(), "s2"), "b");
    let gone = apply(&apply(&start, "default zz").unwrap(), "new s2").unwrap();
    assert_eq!(group(&gone, "s2"), "r", "a default group that is gone counts as the root");
}

struct Assigned<'a>(&'a str, &'a [&'a str]);

impl Inheritable for Assigned<'_> {
    fn scope(&self) -> &str {
        self.0
    }

    fn not_scopes(&self) -> impl Iterator<Item = &str> {
        self.1.iter().copied()
    }
}

#[test]
fn an_excluded_scope_takes_its_subtree_out() {
    let assignments = [
        Assigned("Root", &[]),
        Assigned("root", &["Corp"]),
        Assigned("lab", &[]),
        Assigned("corp", &["lab"]),
    ];
    let effective = inherited(&["prod", "corp", "root"], &assignments);
    let scopes: Vec<&str> = effective.iter().map(|assignment| assignment.scope()).collect();
    assert_eq!(scopes, ["Root", "corp"]);
}

mod laws {
    use proptest::prelude::*;

    use super::super::*;

    fn records() -> impl Strategy<Value = Vec<(u8, Option<u8>)>> {
        prop::collection::vec((0_u8..24, prop::option::weighted(0.8, 0_u8..24)), 0..40)
    }

    fn build(records: &[(u8, Option<u8>)], root: Option<u8>) -> Hierarchy {
        let mut builder = Hierarchy::builder();
        for (name, parent) in records {
            let parent = parent.map(|parent| format!("g{parent}"));
            builder.group(&format!("g{name}"), None, parent.as_deref());
            builder.subscription(&format!("s{name}"), &format!("G{name}"));
        }
        if let Some(root) = root {
            builder.root(&format!("g{root}"));
        }
        builder.build()
    }

    fn is_tree(hierarchy: &Hierarchy) {
        let Some(root) = hierarchy.root() else {
            assert!(hierarchy.is_empty());
            return;
        };
        assert_eq!(hierarchy.groups().count(), hierarchy.len());
        for group in hierarchy.groups() {
            let above: Vec<&ManagementGroup> = hierarchy.above(group.name()).collect();
            assert_eq!(above.len(), group.depth());
            assert_eq!(above.last().map_or(group.name(), |top| top.name()), root.name());
            for child in hierarchy.children(group.name()) {
                assert_eq!(hierarchy.parent(&child).unwrap().name(), group.name());
            }
            for below in hierarchy.descendants(group.name()) {
                assert!(hierarchy.ancestors(&below).iter().any(|name| name == group.name()));
            }
            for subscription in hierarchy.subscriptions_under(group.name()) {
                let above = hierarchy.ancestors_of_subscription(&subscription);
                assert!(above.iter().any(|name| name == group.name()));
            }
        }
        assert_eq!(hierarchy.subscriptions_under(root.name()).len(), hierarchy.subscriptions().len());
    }

    proptest! {
        #[test]
        fn any_records_make_one_tree(records in records(), root in prop::option::of(0_u8..24)) {
            is_tree(&build(&records, root));
        }

        #[test]
        fn operations_keep_a_tree_within_its_depth(
            operations in prop::collection::vec((0_u8..4, 0_u8..16, 0_u8..16), 1..60)
        ) {
            let mut builder = Hierarchy::builder();
            builder.group("g0", None, None);
            let mut hierarchy = builder.build();
            for (kind, left, right) in operations {
                let (name, parent) = (format!("g{left}"), format!("g{right}"));
                let operation = match kind {
                    0 => Operation::Create { name, display_name: None, parent: Some(parent) },
                    1 => Operation::Move { name, parent },
                    2 => Operation::Delete { name },
                    _ => Operation::AddSubscription { subscription: format!("s{left}"), group: parent },
                };
                if let Ok(after) = hierarchy.apply(&operation, Caller::default()) {
                    hierarchy = after;
                }
                is_tree(&hierarchy);
                prop_assert!(hierarchy.levels() <= MAX_DEPTH);
                prop_assert!(hierarchy.problems().is_empty());
            }
        }
    }
}
