//! Azure Resource Graph rows: a resource with columns that only Resource Graph has.
//!
//! What is dropped, because it says nothing that the id or its absence does not say:
//! `subscriptionId` and `resourceGroup` when the id holds the same; `tenantId` (kept for subscriptions);
//! `apiVersion`; and the resource columns that are empty or `null`: `kind`, `location`, `managedBy`, `plan`, `sku`,
//! `tags`, `identity`, `zones`, `extendedLocation`, `properties`. All other columns, including those a query
//! made up, are kept as they are.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use azimuth_diag::Diagnostic;
use azimuth_ids::{DocumentKey, IdKind, IdRef, eq_fold};

use super::{bad_id, management_groups};
use crate::classify::Members;
use crate::document::Completeness;
use crate::json::scan::{Kind, Member};
use crate::json::text::{compact_into, decode};
use crate::json::tree::{Node, Object, get, set};
use crate::report::Outcome;

/// Columns of the resource tables that are printed even when the resource has no such member.
const MAY_BE_EMPTY: [&str; 11] = [
    "kind",
    "location",
    "managedBy",
    "plan",
    "sku",
    "tags",
    "identity",
    "zones",
    "extendedLocation",
    "properties",
    "systemData",
];

/// Whether a record of unknown source is a Resource Graph row: only there these columns stand together.
pub(crate) fn is_row(node: &Node<'_>) -> bool {
    let has = |key: &str| node.get(key).is_some();
    // A query that projects columns: only Resource Graph repeats the subscription of the id.
    let repeats_subscription = node.text_at("subscriptionId").is_some_and(|subscription| {
        let id = node.text_at("id").unwrap_or_default();
        IdRef::parse(&id).is_ok_and(|id| {
            id.kind() != IdKind::Subscription
                && id.subscription_id().is_some_and(|own| eq_fold(own, &subscription))
        })
    });
    if repeats_subscription {
        return true;
    }
    has("properties")
        && has("tenantId")
        && (has("subscriptionId") || has("resourceGroup"))
        && !has("displayName")
}

/// The document of a row that needs no more than leaving columns out, written without building a tree. `text` is
/// the row, which begins at the offset `at` to which `members` count; `loose` if there is white space to remove. `None` sends the row the slow way, which is always right.
pub(crate) fn plain_row(
    text: &str,
    at: usize,
    members: &[Member],
    loose: bool,
) -> Option<(DocumentKey, String, Completeness)> {
    let part = |range: &Range<usize>| &text[range.start - at..range.end - at];
    let id = members.iter().find(|member| part(&member.key) == "id" && member.kind == Kind::Text)?;
    let id = part(&id.value).trim_matches('"');
    if id.contains('\\') {
        return None;
    }
    let id = IdRef::parse(id).ok()?;
    if matches!(id.kind(), IdKind::Subscription | IdKind::ManagementGroup | IdKind::Tenant) {
        return None;
    }
    let length = members.last()?.value.end - members.first()?.key.start;
    let mut body = String::with_capacity(length + 4);
    let mut rank = Completeness::Listed;
    for member in members {
        let (column, value) = (part(&member.key), part(&member.value));
        if column.contains('\\') {
            return None;
        }
        let inside = (member.kind == Kind::Text).then(|| decode(&value.as_bytes()[1..value.len() - 1]));
        if is_redundant(column, inside.as_deref(), value == "null", id) {
            continue;
        }
        if column == "properties" {
            rank = Completeness::Full;
        }
        body.push_str(if body.is_empty() { "{\"" } else { ",\"" });
        body.push_str(column);
        body.push_str("\":");
        if loose {
            compact_into(value, &mut body);
        } else {
            body.push_str(value);
        }
    }
    body.push('}');
    Some((DocumentKey::arm(id), body, rank))
}

/// The documents of one row.
pub(crate) fn row(node: &Node<'_>) -> Outcome {
    let Some(id) = node.text_at("id").filter(|id| !id.is_empty()) else {
        return Outcome::rejected(
            Diagnostic::error("import-no-id", "the row has no `id`")
                .with_hint("keep the column `id` in the query: end it with the table, or `project id, …`"),
        );
    };
    let parsed = match IdRef::parse(&id) {
        Ok(parsed) => parsed,
        Err(error) => return Outcome::rejected(bad_id(&id, &error.to_string())),
    };
    let is_subscription = parsed.kind() == IdKind::Subscription;
    let mut members = node.object().cloned().unwrap_or_default();
    members
        .retain(|(column, value)| !is_redundant(column, value.as_text().as_deref(), value.is_null(), parsed));
    let rank = if get(&members, "properties").is_some() { Completeness::Full } else { Completeness::Listed };
    if is_subscription {
        add_subscription_members(&mut members, parsed);
    }
    let parent = if is_subscription { parent_group(&members) } else { None };
    let mut outcome = Outcome::one(DocumentKey::arm(parsed), Node::Object(members).to_json(), rank);
    if let Some(parent) = parent {
        let name = node.get("name");
        let membership = management_groups::subscription_below(
            parsed.subscription_id().unwrap_or_default(),
            Some(&parent),
            name,
            node.get("tenantId"),
        );
        // The row itself is more than the stub that comes with the membership.
        outcome.drafts.extend(membership.drafts.into_iter().filter(|draft| draft.rank == Completeness::Full));
        outcome.findings.extend(membership.findings);
    }
    outcome
}

fn is_redundant(column: &str, text: Option<&str>, is_null: bool, id: IdRef<'_>) -> bool {
    let is_empty = is_null || text == Some("");
    let same_as = |part: Option<&str>| match (text, part) {
        (Some(text), Some(part)) => eq_fold(text, part),
        _ => false,
    };
    match column {
        "resourceGroup" => is_empty || same_as(id.resource_group()),
        "subscriptionId" => id.kind() != IdKind::Subscription && (is_empty || same_as(id.subscription_id())),
        "tenantId" => id.kind() != IdKind::Subscription,
        "apiVersion" => true,
        _ => is_empty && MAY_BE_EMPTY.contains(&column),
    }
}

/// Resource Manager shows a subscription's name and state at the top.
fn add_subscription_members(members: &mut Object<'_>, id: IdRef<'_>) {
    if get(members, "subscriptionId").is_none_or(|node| node.as_text().is_none_or(|text| text.is_empty())) {
        set(members, "subscriptionId", Node::text(id.subscription_id().unwrap_or_default()));
    }
    let name = get(members, "name").cloned();
    let state = get(members, "properties").and_then(|p| p.get("state")).cloned();
    for (key, value) in [("displayName", name), ("state", state)] {
        if let Some(value) = value
            && get(members, key).is_none()
        {
            set(members, key, value);
        }
    }
}

/// The first of the ancestors, who is the parent.
fn parent_group(members: &Object<'_>) -> Option<String> {
    let chain = get(members, "properties")?.get("managementGroupAncestorsChain")?.array()?;
    let name = chain.first()?.text_at("name")?;
    Some(format!("/providers/Microsoft.Management/managementGroups/{name}"))
}

/// What the envelope of an answer says about the rows that are not in it.
pub(crate) fn answer_findings(view: &Members<'_>) -> Vec<Diagnostic> {
    let total = view.number("totalRecords").or_else(|| view.number("total_records"));
    let count = view.number("count");
    let has_more = ["skip_token", "$skipToken", "skipToken"]
        .into_iter()
        .any(|key| view.text(key).is_some_and(|token| !token.is_empty()));
    let truncated = view.text("resultTruncated").is_some_and(|text| text.eq_ignore_ascii_case("true"))
        || view.raw("resultTruncated") == Some("true");
    let shown = match (count, total) {
        (Some(count), Some(total)) => format!("{count} of {total} rows"),
        _ => "a part of the rows".to_owned(),
    };
    // The last page of an answer also has fewer rows than the whole, but neither a token nor the mark.
    if has_more {
        let message = format!("this is one page of a longer answer: {shown}");
        let hint = "export the other pages too: `--first 1000 --skip-token …` until no token is left";
        vec![Diagnostic::note("import-next-page", message).with_hint(hint)]
    } else if truncated {
        let message = format!("this answer was cut: it holds {shown}");
        let hint = "order the query by id and page it, or let `azimuth collect` ask";
        vec![Diagnostic::warning("import-partial-result", message).with_hint(hint)]
    } else {
        Vec::new()
    }
}

/// The rows of the REST table format (`{"columns":[{"name":…}],"rows":[[…]]}`).
pub(crate) fn table_rows<'a>(table: &Node<'a>) -> Vec<Result<Node<'a>, Diagnostic>> {
    let columns: Vec<String> = table
        .get("columns")
        .and_then(Node::array)
        .unwrap_or_default()
        .iter()
        .map(|column| column.text_at("name").map(Cow::into_owned).unwrap_or_default())
        .collect();
    let rows = table.get("rows").and_then(Node::array);
    let distinct: HashSet<&String> = columns.iter().collect();
    if columns.is_empty() || distinct.len() < columns.len() || rows.is_none() {
        let expected = "expected `data` to hold `columns`, each with a name of its own, and `rows`";
        let error = Diagnostic::error("import-table", expected);
        return vec![Err(error)];
    }
    let to_object = |row: &Node<'a>| match row.array() {
        Some(cells) if cells.len() == columns.len() => Ok(Node::Object(
            columns.iter().map(|name| Cow::Owned(name.clone())).zip(cells.iter().cloned()).collect(),
        )),
        _ => Err(Diagnostic::error(
            "import-table",
            format!("expected a row of {} cells, as many as there are columns", columns.len()),
        )),
    };
    rows.unwrap_or_default().iter().map(to_object).collect()
}
