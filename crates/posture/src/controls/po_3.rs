//! PO-3: someone is assigned to each policy's violations.

use azimuth_estate::directory::{Directory, Group, User};
use azimuth_ids::eq_fold;
use hashbrown::HashMap;
use jiff::civil::Date;
use serde_json::{Map, Value};

use super::{GUIDANCE, po_2, show_assignment};
use crate::context::{Assignment, Context};
use crate::control::{Area, Control, EvidenceNeed, Severity};
use crate::verdict::{Counterexample, Findings, Verdict};

pub(super) const CONTROL: Control = Control {
    id: "PO-3",
    title: "Someone is assigned to each policy's violations",
    area: Area::Governance,
    severity: Severity::Medium,
    why: "A violation without an owner stays. A name and a date turn a dashboard into work that \
        gets done.",
    evidence: &[
        EvidenceNeed {
            what: "Policy assignments with owner and review date in their metadata",
            command: "az policy assignment list --disable-scope-strict-match --subscription {s}",
        },
        EvidenceNeed {
            what: "Users and groups, where an owner is one of them",
            command: "az rest --method get --url 'https://graph.microsoft.com/v1.0/users?$select=id,userPrincipalName,accountEnabled&$top=999'",
        },
    ],
    decided: "Each policy assignment that does anything, enforced or on trial, must name in its metadata an owner \
        (`owner`, `owners`, `contact` or `responsible`) and the day of the next review (`reviewDate`, `reviewOn`, \
        `reviewBy` or `nextReview`: a day or a moment), which must not have passed. An owner that the directory knows \
        must be able to act: a user whose account is enabled, a group with a member; an object id must belong to \
        something once users, groups and service principals are known to be all there. Other names are taken as \
        they are. `assignedBy` is no owner: the portal writes who clicked. An assignment whose every effect is \
        disabled has no violations and is left out.",
    fix: "Name an owner and a review date for each assignment and review open violations at fixed \
        times.",
    references: &[GUIDANCE],
    decide,
};

const OWNER: [&str; 4] = ["owner", "owners", "contact", "responsible"];
const REVIEW: [&str; 4] = ["reviewDate", "reviewOn", "reviewBy", "nextReview"];

fn decide(context: &Context<'_>) -> Verdict {
    let mut findings = Findings::default();
    let policies = context.policies();
    for id in &policies.unreadable {
        context.unreadable(&mut findings, id);
    }
    po_2::needs_assignments(context, &mut findings);
    let people = People::new(context.snapshot().directory());
    for assignment in &policies.assignments {
        // One whose effects are not known may have violations; its owner is asked for all the same.
        if !assignment.is_active() && assignment.gaps().next().is_none() {
            continue;
        }
        findings.check("policy assignments with an effect", 1);
        let Some(metadata) = &assignment.metadata else {
            let command = show_assignment(assignment);
            findings.miss("the metadata of a policy assignment", Some(&assignment.id), command, 1);
            continue;
        };
        owner(context, &mut findings, assignment, metadata, &people);
        review(context, &mut findings, assignment, metadata);
    }
    findings.verdict("no policy is assigned anywhere")
}

/// The first of some members that says anything, with its name as written.
fn member<'a>(metadata: &'a Map<String, Value>, names: &[&str]) -> Option<(&'a str, &'a Value)> {
    let says = |value: &Value| match value {
        Value::Null => false,
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => true,
    };
    names.iter().find_map(|name| {
        let (key, value) = metadata.iter().find(|(key, value)| eq_fold(key, name) && says(value))?;
        Some((key.as_str(), value))
    })
}

fn owner(
    context: &Context<'_>,
    findings: &mut Findings,
    assignment: &Assignment,
    metadata: &Map<String, Value>,
    people: &People<'_>,
) {
    let Some((key, value)) = member(metadata, &OWNER) else {
        violate(findings, assignment, "owner", Value::Null, "somebody who answers for its violations", None);
        return;
    };
    let names: Vec<&str> = match value {
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        other => other.as_str().into_iter().collect(),
    };
    let states: Vec<Standing> =
        names.iter().flat_map(|names| names.split([';', ','])).map(|name| people.standing(context, name.trim())).collect();
    // One owner who can act is enough.
    if let Some(Standing::Unknown(who)) = states.iter().find(|state| matches!(state, Standing::Unknown(_)))
        && !states.contains(&Standing::Acts)
    {
        let command = "az rest --method get --url 'https://graph.microsoft.com/v1.0/directoryObjects/{id}'";
        findings.miss(format!("what the object id {who} belongs to"), Some(&assignment.id), command, 1);
        return;
    }
    if states.contains(&Standing::Acts) {
        return;
    }
    let why = states.iter().find_map(|state| match state {
        Standing::Gone(why) => Some(why.clone()),
        _ => None,
    });
    violate(findings, assignment, key, value.clone(), "an owner who can act", why);
}

fn review(
    context: &Context<'_>,
    findings: &mut Findings,
    assignment: &Assignment,
    metadata: &Map<String, Value>,
) {
    let Some((key, value)) = member(metadata, &REVIEW) else {
        violate(findings, assignment, "reviewDate", Value::Null, "the day of the next review", None);
        return;
    };
    let now = context.options().as_of;
    let text = value.as_str().unwrap_or_default().trim();
    // A day lasts until its end.
    let end = text.parse::<jiff::Timestamp>().ok().or_else(|| {
        let day: Date = text.parse().ok()?;
        format!("{}T00:00:00Z", day.tomorrow().ok()?).parse().ok()
    });
    match end {
        None => violate(findings, assignment, key, value.clone(), "a day like 2026-01-31", None),
        Some(end) if end <= now => {
            let why = Some("the review is overdue".to_owned());
            violate(findings, assignment, key, value.clone(), "a day that has not passed", why);
        }
        Some(_) => {}
    }
}

fn violate(
    findings: &mut Findings,
    assignment: &Assignment,
    key: &str,
    seen: Value,
    wanted: &str,
    note: Option<String>,
) {
    findings.violate(Counterexample {
        object: assignment.id.clone(),
        path: format!("$.properties.metadata.{key}"),
        seen,
        wanted: wanted.to_owned(),
        note,
        fix: Some(format!(
            "az policy assignment update --name {} --scope {} --metadata {key}=…",
            assignment.id.rsplit('/').next().unwrap_or_default(),
            assignment.scope
        )),
    });
}

/// What the directory says of an owner.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Standing {
    /// Can act, or is no object of the directory by its name.
    Acts,
    /// Cannot; why.
    Gone(String),
    /// An object id, and the directory is not known to be all there.
    Unknown(String),
}

/// Users and groups by what owners are written as.
struct People<'a> {
    directory: &'a Directory,
    users: HashMap<String, &'a User>,
    groups: HashMap<String, &'a Group>,
}

impl<'a> People<'a> {
    fn new(directory: &'a Directory) -> Self {
        let folded = |text: &str| azimuth_ids::fold(text).into_owned();
        let users = directory.users().iter().filter(|user| !user.user_principal_name.is_empty());
        let groups = directory.groups().iter().filter(|group| !group.display_name.is_empty());
        Self {
            directory,
            users: users.map(|user| (folded(&user.user_principal_name), user)).collect(),
            groups: groups.map(|group| (folded(&group.display_name), group)).collect(),
        }
    }

    fn standing(&self, context: &Context<'_>, name: &str) -> Standing {
        let folded = azimuth_ids::fold(name);
        let user = self.directory.user(name).or_else(|| self.users.get(&*folded).copied());
        if let Some(user) = user {
            return match user.enabled {
                Some(false) => Standing::Gone(format!("the account of {name} is disabled")),
                _ => Standing::Acts,
            };
        }
        let group = self.directory.group(name).or_else(|| self.groups.get(&*folded).copied());
        if let Some(group) = group {
            let is_empty = self.directory.members_of(&group.id).is_empty();
            let is_known = context.snapshot().evidence().complete_collection("graph:/groups/members");
            return match is_empty && is_known {
                true => Standing::Gone(format!("the group {} has no member", group.display_name)),
                false => Standing::Acts,
            };
        }
        if !is_object_id(name) || self.directory.service_principal(name).is_some() {
            return Standing::Acts;
        }
        let collections = ["graph:/users", "graph:/groups", "graph:/servicePrincipals"];
        let is_known =
            collections.iter().all(|collection| context.snapshot().evidence().complete_collection(collection));
        match is_known {
            true => Standing::Gone(format!("no object of the directory has the id {name}")),
            false => Standing::Unknown(name.to_owned()),
        }
    }
}

fn is_object_id(text: &str) -> bool {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && text.chars().all(|letter| letter == '-' || letter.is_ascii_hexdigit())
}
