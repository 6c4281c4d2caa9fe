//! Subscriptions: `az account list` and the rows and stubs of other sources, in the shape of
//! `GET /subscriptions/{id}`.

use std::borrow::Cow;

use azimuth_diag::Diagnostic;
use azimuth_ids::{DocumentKey, IdRef};

use super::bad_id;
use crate::document::Completeness;
use crate::json::tree::{Node, Object};
use crate::report::Outcome;

/// Whether a record is an entry of `az account list`, whose `id` is the bare GUID.
pub(crate) fn is_account(node: &Node<'_>, id: &str) -> bool {
    let has = |key: &str| node.get(key).is_some();
    id.len() == 36
        && !id.contains('/')
        && has("tenantId")
        && (has("isDefault") || has("environmentName") || has("homeTenantId") || has("managedByTenants"))
}

/// An entry of `az account list`.
pub(crate) fn account(node: &Node<'_>, id: &str) -> Outcome {
    // A tenant without subscriptions is listed as an account with the tenant's own id (`az login
    // --allow-no-subscriptions`).
    if node.text_at("name").is_some_and(|name| name == "N/A(tenant level account)") {
        return Outcome {
            drafts: Vec::new(),
            findings: vec![Diagnostic::note(
                "import-tenant-account",
                "this account is a tenant without subscriptions",
            )],
        };
    }
    let full_id = format!("/subscriptions/{id}");
    let Ok(parsed) = IdRef::parse(&full_id) else {
        return Outcome::rejected(bad_id(&full_id, "expected a subscription"));
    };
    let mut members: Object<'_> =
        vec![(Cow::Borrowed("id"), Node::text(&full_id)), (Cow::Borrowed("subscriptionId"), Node::text(id))];
    let copied = [
        ("name", "displayName"),
        ("state", "state"),
        ("tenantId", "tenantId"),
        ("managedByTenants", "managedByTenants"),
    ];
    for (from, to) in copied {
        if let Some(value) = node.get(from).filter(|value| !value.is_null()) {
            members.push((Cow::Borrowed(to), value.clone()));
        }
    }
    Outcome::one(DocumentKey::arm(parsed), Node::Object(members).to_json(), Completeness::Listed)
}

/// A subscription that something else mentions.
pub(crate) fn stub(
    subscription: &str,
    display_name: Option<&Node<'_>>,
    tenant: Option<&Node<'_>>,
) -> Outcome {
    let id = format!("/subscriptions/{subscription}");
    let Ok(parsed) = IdRef::parse(&id) else {
        return Outcome::rejected(bad_id(&id, "expected a subscription"));
    };
    let mut members: Object<'_> = vec![
        (Cow::Borrowed("id"), Node::text(&id)),
        (Cow::Borrowed("subscriptionId"), Node::text(subscription)),
    ];
    for (key, value) in [("displayName", display_name), ("tenantId", tenant)] {
        if let Some(value) = value.filter(|value| !value.is_null()) {
            members.push((Cow::Borrowed(key), value.clone()));
        }
    }
    Outcome::one(DocumentKey::arm(parsed), Node::Object(members).to_json(), Completeness::Stub)
}
