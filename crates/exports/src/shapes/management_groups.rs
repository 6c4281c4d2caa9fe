//! Management groups: a group with its children, descendants, entities.
//!
//! Every group becomes its own document in the shape of `GET …/managementGroups/{id}` with the parent in
//! `properties.details.parent.id`; every subscription below a group becomes a membership document,
//! `…/managementGroups/{group}/subscriptions/{subscription}` with the parent in `properties.parent.id` (the
//! shape of "Management Group Subscriptions - Get Subscription"), and a stub of itself.

use std::borrow::Cow;

use azimuth_diag::Diagnostic;
use azimuth_ids::{DocumentKey, IdKind, IdRef};

use super::{accounts, bad_id, cli};
use crate::document::Completeness;
use crate::json::tree::{Node, Object, get, set, take};
use crate::report::Outcome;

const GROUP_TYPE: &str = "Microsoft.Management/managementGroups";
const MEMBER_TYPE: &str = "Microsoft.Management/managementGroups/subscriptions";

/// Whether a record is a management group or a subscription seen from one.
pub(crate) fn concerns(node: &Node<'_>, id: &str) -> bool {
    match IdRef::parse(id).map(IdRef::kind) {
        Ok(IdKind::ManagementGroup) => true,
        Ok(IdKind::Subscription) => node.text_at("type").is_some_and(|kind| is_subscription_type(&kind)),
        _ => false,
    }
}

fn is_subscription_type(kind: &str) -> bool {
    let kind = kind.trim_start_matches('/');
    kind.eq_ignore_ascii_case("subscriptions") || kind.eq_ignore_ascii_case(MEMBER_TYPE)
}

/// Reads a group with everything it shows below itself, or a subscription with its parent.
pub(crate) fn read(node: &Node<'_>, id: &str) -> Outcome {
    let Some(members) = node.object() else { return Outcome::default() };
    let mut members = members.clone();
    lift_into_properties(&mut members);
    let mut rank = Completeness::Full;
    let parsed = match IdRef::parse(id) {
        Ok(parsed) => parsed,
        Err(error) => return Outcome::rejected(bad_id(id, &error.to_string())),
    };
    let properties = get(&members, "properties");
    let parent =
        properties.and_then(|p| p.get("parent")).and_then(|parent| parent.text_at("id")).map(Cow::into_owned);
    let tenant = properties.and_then(|p| p.get("tenantId")).cloned();
    if parsed.kind() == IdKind::Subscription {
        let name = properties.and_then(|p| p.get("displayName")).cloned();
        let subscription = parsed.subscription_id().unwrap_or_default();
        return subscription_below(subscription, parent.as_deref(), name.as_ref(), tenant.as_ref());
    }
    let mut below = Outcome::default();
    if let Some((_, Node::Object(properties))) = members.iter_mut().find(|(key, _)| key == "properties") {
        // Descendants and entities name the parent one level higher than the group itself does.
        if let Some(parent) = take(properties, "parent")
            && get(properties, "details").is_none()
        {
            properties
                .push((Cow::Borrowed("details"), Node::Object(vec![(Cow::Borrowed("parent"), parent)])));
            rank = Completeness::Listed;
        }
        if let Some(Node::Array(children)) = take(properties, "children") {
            below = read_children(&children, parsed, tenant.as_ref());
        }
        // The plain list of groups does not tell the parents.
        if get(properties, "details").is_none() {
            rank = Completeness::Stub;
        }
    }
    fix_type(&mut members);
    let mut outcome = Outcome::one(DocumentKey::arm(parsed), Node::Object(members).to_json(), rank);
    outcome.absorb(below);
    outcome
}

/// Walks the children of a group; iterative, though the scanner bounds the depth anyway.
fn read_children(children: &[Node<'_>], group: IdRef<'_>, tenant: Option<&Node<'_>>) -> Outcome {
    let mut outcome = Outcome::default();
    let mut todo: Vec<(String, &Node<'_>)> =
        children.iter().rev().map(|child| (group.canonical(), child)).collect();
    while let Some((parent, child)) = todo.pop() {
        let Some(id) = child.text_at("id") else {
            outcome
                .findings
                .push(Diagnostic::error("import-no-id", format!("a child of `{parent}` has no `id`")));
            continue;
        };
        let parsed = match IdRef::parse(&id) {
            Ok(parsed) => parsed,
            Err(error) => {
                outcome.findings.push(bad_id(&id, &error.to_string()));
                continue;
            }
        };
        let name = child.get("displayName");
        match parsed.kind() {
            IdKind::Subscription => {
                let subscription = parsed.subscription_id().unwrap_or_default();
                outcome.absorb(subscription_below(subscription, Some(&parent), name, tenant));
            }
            IdKind::ManagementGroup => {
                outcome.push(
                    DocumentKey::arm(parsed),
                    group_body(parsed, &parent, name, tenant),
                    Completeness::Listed,
                );
                for grandchild in child.get("children").and_then(Node::array).unwrap_or_default().iter().rev()
                {
                    todo.push((parsed.canonical(), grandchild));
                }
            }
            _ => outcome.findings.push(bad_id(&id, "expected a management group or a subscription")),
        }
    }
    outcome
}

fn group_body(id: IdRef<'_>, parent: &str, name: Option<&Node<'_>>, tenant: Option<&Node<'_>>) -> String {
    let mut properties: Object<'_> = Vec::new();
    for (key, value) in [("tenantId", tenant), ("displayName", name)] {
        if let Some(value) = value {
            properties.push((Cow::Borrowed(key), value.clone()));
        }
    }
    let parent = Node::Object(vec![(Cow::Borrowed("id"), Node::text(parent))]);
    properties.push((Cow::Borrowed("details"), Node::Object(vec![(Cow::Borrowed("parent"), parent)])));
    Node::Object(vec![
        (Cow::Borrowed("id"), Node::text(id.as_str())),
        (Cow::Borrowed("type"), Node::text(GROUP_TYPE)),
        (Cow::Borrowed("name"), Node::text(id.name())),
        (Cow::Borrowed("properties"), Node::Object(properties)),
    ])
    .to_json()
}

/// A subscription below a management group: its membership and its stub.
pub(crate) fn subscription_below(
    subscription: &str,
    parent: Option<&str>,
    name: Option<&Node<'_>>,
    tenant: Option<&Node<'_>>,
) -> Outcome {
    let mut outcome = accounts::stub(subscription, name, tenant);
    let Some(parent) = parent else { return outcome };
    let group = match IdRef::parse(parent) {
        Ok(group) if group.kind() == IdKind::ManagementGroup => group,
        _ => {
            outcome.findings.push(bad_id(parent, "expected the parent's management group"));
            return outcome;
        }
    };
    let id = format!("{}/subscriptions/{subscription}", group.canonical());
    let Ok(parsed) = IdRef::parse(&id) else { return outcome };
    let mut properties: Object<'_> = Vec::new();
    for (key, value) in [("tenant", tenant), ("displayName", name)] {
        if let Some(value) = value.filter(|value| !value.is_null()) {
            properties.push((Cow::Borrowed(key), value.clone()));
        }
    }
    let parent = Node::Object(vec![(Cow::Borrowed("id"), Node::text(&group.canonical()))]);
    properties.push((Cow::Borrowed("parent"), parent));
    let body = Node::Object(vec![
        (Cow::Borrowed("id"), Node::text(&id)),
        (Cow::Borrowed("type"), Node::text(MEMBER_TYPE)),
        (Cow::Borrowed("name"), Node::text(subscription)),
        (Cow::Borrowed("properties"), Node::Object(properties)),
    ]);
    outcome.push(DocumentKey::arm(parsed), body.to_json(), Completeness::Full);
    outcome
}

/// Moves what the Azure CLI shows at the top back into `properties`.
fn lift_into_properties(members: &mut Object<'_>) {
    if members.iter().any(|(key, value)| key == "properties" && !value.is_null()) {
        return;
    }
    let mut properties: Object<'_> = Vec::new();
    let mut top: Object<'_> = Vec::new();
    for (key, value) in members.drain(..) {
        if matches!(&*key, "id" | "name" | "type") {
            top.push((key, value));
        } else if key != "properties" && key != "resourceGroup" && !value.is_null() {
            properties.push((key, cli::without_nulls(value)));
        }
    }
    top.push((Cow::Borrowed("properties"), Node::Object(properties)));
    *members = top;
}

/// The service prints the type of groups with and without `/providers/` in front.
fn fix_type(members: &mut Object<'_>) {
    let is_odd = get(members, "type").and_then(Node::as_text).is_some_and(|kind| {
        kind.strip_prefix("/providers/").is_some_and(|kind| kind.eq_ignore_ascii_case(GROUP_TYPE))
    });
    if is_odd {
        set(members, "type", Node::text(GROUP_TYPE));
    }
}
