//! Laws of decisions, tried on many small estates.

use azimuth_access::condition::Attributes;
use azimuth_access::{
    AccessDocuments, AccessModel, ActionPattern, DenyAssignment, Membership, Plane, Request, RoleAssignment,
    Scope, ScopeRoot, Target, Verdict,
};
use proptest::prelude::*;
use serde_json::json;

use crate::estate::{Groups, ROLES, SCOPES, assignment, deny, groups_above, model};

const PRINCIPALS: [&str; 5] = ["alice", "bob", "carol", "ops", "oncall"];
const ACTIONS: [&str; 5] = [
    "Microsoft.Compute/virtualMachines/read",
    "Microsoft.Compute/virtualMachines/delete",
    "Microsoft.Authorization/roleAssignments/write",
    "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",
    "microsoft.support/supportTickets/write",
];
const PATTERNS: [&str; 6] = ["*", "*/read", "*/delete", "Microsoft.Compute/*", "Microsoft.*/write", "a*b*c"];
const CONDITIONS: [Option<&str>; 4] =
    [None, Some("1 NumericEquals 1"), Some("1 NumericEquals 2"), Some("Exists @Resource[x]")];

/// Indexes of a principal, an action and a scope, and whether the data plane is meant.
type Question = (usize, usize, usize, bool);

/// Indexes of who is denied and who is not, a scope and a pattern, whether children are spared, and a condition.
type DenyDraft = ((usize, usize, usize, usize, bool), usize);

fn assignments() -> impl Strategy<Value = Vec<RoleAssignment>> {
    let one = (0..PRINCIPALS.len(), 0..ROLES.len(), 0..SCOPES.len(), 0..CONDITIONS.len());
    prop::collection::vec(one, 0..8).prop_map(|items| {
        let make = |(id, (principal, role, scope, condition)): (usize, (usize, usize, usize, usize))| {
            assignment(id, PRINCIPALS[principal], ROLES[role], SCOPES[scope], CONDITIONS[condition])
        };
        items.into_iter().enumerate().map(make).collect()
    })
}

fn denies() -> impl Strategy<Value = Vec<DenyAssignment>> {
    let one =
        (0..PRINCIPALS.len() + 1, 0..PRINCIPALS.len() + 1, 0..SCOPES.len(), 0..PATTERNS.len(), any::<bool>());
    let one = (one, 0..CONDITIONS.len());
    prop::collection::vec(one, 0..4).prop_map(|items| {
        let everyone = azimuth_access::ALL_PRINCIPALS;
        let make = |(id, ((who, except, scope, pattern, own), condition)): (usize, DenyDraft)| {
            let excluded: Vec<&str> = PRINCIPALS.get(except).copied().into_iter().collect();
            let excluded: Vec<_> = excluded.into_iter().map(|id| json!({"id": id})).collect();
            let document = json!({
                "scope": SCOPES[scope], "doNotApplyToChildScopes": own,
                "principals": [{"id": PRINCIPALS.get(who).unwrap_or(&everyone)}], "excludePrincipals": excluded,
                "permissions": [{"actions": [PATTERNS[pattern]], "dataActions": [PATTERNS[pattern]]}],
                "condition": CONDITIONS[condition],
            });
            deny(id, &document)
        };
        items.into_iter().enumerate().map(make).collect()
    })
}

fn question() -> impl Strategy<Value = Question> {
    (0..PRINCIPALS.len(), 0..ACTIONS.len(), 0..SCOPES.len(), any::<bool>())
}

fn verdict(model: &AccessModel<'_>, question: Question) -> Verdict {
    let (principal, action, scope, data) = question;
    let scope = Scope::parse(SCOPES[scope]).unwrap();
    let plane = if data { Plane::Data } else { Plane::Control };
    let attributes = Attributes::unknown();
    let request = Request {
        principal: PRINCIPALS[principal],
        action: ACTIONS[action],
        plane,
        scope: &scope,
        attributes: &attributes,
    };
    model.check(&request).verdict
}

/// The rules once more, slow and obvious: all assignments, no index.
fn twin(assignments: &[RoleAssignment], denies: &[DenyAssignment], question: Question) -> Verdict {
    let (principal, action, scope, data) = question;
    let (principal, action) = (PRINCIPALS[principal], ACTIONS[action]);
    let plane = if data { Plane::Data } else { Plane::Control };
    let scope = Scope::parse(SCOPES[scope]).unwrap();
    let mut identities = Groups.groups_of(principal);
    identities.push(principal.to_owned());
    let is_at_or_above = |outer: &Scope| {
        let groups = match scope.root() {
            ScopeRoot::Tenant => Vec::new(),
            root => groups_above(root).unwrap(),
        };
        scope.is_within(outer) || groups.iter().any(|name| Scope::management_group(name) == *outer)
    };
    let covers = |permissions: &[azimuth_access::Permission]| {
        permissions.iter().any(|entry| {
            let (within, without) = entry.patterns(plane);
            let any = |patterns: &[ActionPattern]| {
                patterns.iter().any(|pattern| naive(&pattern.as_str().to_lowercase(), &action.to_lowercase()))
            };
            any(within) && !any(without)
        })
    };
    let holds = |condition: Option<&azimuth_access::condition::Condition>| match condition
        .map(azimuth_access::condition::Condition::as_str)
    {
        None | Some("1 NumericEquals 1") => Verdict::Allowed,
        Some("1 NumericEquals 2") => Verdict::Denied,
        _ => Verdict::Conditional,
    };
    let denied = denies
        .iter()
        .filter(|deny| {
            let here = if deny.does_not_apply_to_children {
                deny.scope == scope
            } else {
                is_at_or_above(&deny.scope)
            };
            here && names(deny, &identities) && covers(&deny.permissions)
        })
        .map(|deny| holds(deny.condition.as_ref()))
        .max()
        .unwrap_or(Verdict::Denied);
    let granted = assignments
        .iter()
        .filter(|assignment| {
            let role = azimuth_access::built_in_role(assignment.role_guid()).unwrap();
            identities.contains(&assignment.principal_id)
                && is_at_or_above(&assignment.scope)
                && covers(&role.permissions)
        })
        .map(|assignment| holds(assignment.condition.as_ref()))
        .max()
        .unwrap_or(Verdict::Denied);
    match denied {
        Verdict::Allowed => Verdict::Denied,
        Verdict::Conditional => granted.min(Verdict::Conditional),
        Verdict::Denied => granted,
    }
}

/// Whether a deny assignment names one of the identities: asked of a model that holds nothing else.
fn names(deny: &DenyAssignment, identities: &[String]) -> bool {
    let documents = AccessDocuments { denies: vec![deny.clone()], ..AccessDocuments::default() };
    let groups = identities.to_vec();
    let model = AccessModel::new(documents, |_: ScopeRoot<'_>| None, move |_: &str| groups.clone());
    !model.what_can("nobody else").denies.is_empty()
}

/// The wildcard once more, by recursion over characters.
fn naive(pattern: &str, text: &str) -> bool {
    let mut pattern_rest = pattern.chars();
    match pattern_rest.next() {
        None => text.is_empty(),
        Some('*') => {
            let rest = pattern_rest.as_str();
            text.char_indices().map(|(at, _)| at).chain([text.len()]).any(|at| naive(rest, &text[at..]))
        }
        Some(wanted) => {
            let mut text_rest = text.chars();
            text_rest.next() == Some(wanted) && naive(pattern_rest.as_str(), text_rest.as_str())
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn wildcards_agree_with_their_twin(pattern in "[ab/*]{0,10}", action in "[ab/AB]{0,12}") {
        let expected = naive(&pattern.to_lowercase(), &action.to_lowercase());
        prop_assert_eq!(ActionPattern::new(&pattern).matches(&action), expected);
    }

    #[test]
    fn wildcards_take_any_text(pattern in ".*", action in ".*") {
        let _ = ActionPattern::new(&pattern).matches(&action);
        prop_assert!(ActionPattern::new("*").matches(&action));
    }

    #[test]
    fn the_model_agrees_with_its_twin(
        assignments in assignments(), denies in denies(), questions in prop::collection::vec(question(), 8)
    ) {
        let documents =
            AccessDocuments { assignments: assignments.clone(), denies: denies.clone(), ..AccessDocuments::default() };
        let model = model(documents);
        for question in questions {
            prop_assert_eq!(verdict(&model, question), twin(&assignments, &denies, question), "{:?}", question);
        }
    }

    #[test]
    fn a_deny_never_allows_and_a_grant_never_denies(
        assignments in assignments(), denies in denies(), question in question()
    ) {
        let all = |assignments: &[RoleAssignment], denies: &[DenyAssignment]| {
            let documents = AccessDocuments {
                assignments: assignments.to_vec(), denies: denies.to_vec(), ..AccessDocuments::default()
            };
            verdict(&model(documents), question)
        };
        for end in 0..denies.len() {
            prop_assert!(all(&assignments, &denies[..=end]) <= all(&assignments, &denies[..end]));
        }
        for end in 0..assignments.len() {
            prop_assert!(all(&assignments[..=end], &denies) >= all(&assignments[..end], &denies));
        }
    }

    #[test]
    fn who_can_names_exactly_those_who_can(
        assignments in assignments(), denies in denies(), question in question()
    ) {
        let model = model(AccessDocuments { assignments, denies, ..AccessDocuments::default() });
        let (_, action, scope, data) = question;
        let at = Scope::parse(SCOPES[scope]).unwrap();
        let plane = if data { Plane::Data } else { Plane::Control };
        let grants = model.who_can(&Target { action: ACTIONS[action], plane, scope: &at });
        for (index, principal) in PRINCIPALS.iter().enumerate().take(3) {
            let mine: Vec<bool> =
                grants.iter().filter(|grant| grant.principal == *principal).map(|grant| grant.conditional).collect();
            let expected = match mine.iter().min() {
                None => Verdict::Denied,
                Some(false) => Verdict::Allowed,
                Some(true) => Verdict::Conditional,
            };
            prop_assert_eq!(verdict(&model, (index, action, scope, data)), expected, "{}", principal);
        }
    }
}
