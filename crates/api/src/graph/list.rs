//! Lists: what `$filter` and `$search` let through, in which order and pages, and which members are shown.

use serde_json::{Map, Value, json};

use super::request::{Ask, GraphError, Reply};
use super::sets::{Set, USER_DEFAULTS};
use crate::arm::{key_of_token, page, sort_by, token_of};
use crate::odata::parse_filter;

/// Members of a page where nobody asks for another number, and the most there are on one.
const PAGE: usize = 100;
const LARGEST: usize = 999;

/// Answers a list of objects.
pub(super) fn answer(
    ask: &Ask<'_>,
    set: Option<&Set>,
    context: &str,
    mut items: Vec<(String, Value)>,
) -> Result<Reply, GraphError> {
    retain(ask, &mut items)?;
    let total = items.len();
    if let Some(order) = ask.query.get("$orderby") {
        sort_by(&mut items, order);
        items = items.into_iter().enumerate().map(|(at, (_, item))| (format!("{at:08}"), item)).collect();
    }
    let size = ask.query.number("$top").unwrap_or(PAGE);
    if size == 0 || size > LARGEST {
        return Err(GraphError::bad(format!(
            "Invalid page size specified: '{size}'. Must be between 1 and {LARGEST} inclusive."
        )));
    }
    let after = ask.query.get("$skiptoken").and_then(key_of_token);
    let page = page(items.into_iter(), after.as_deref(), size);
    let value: Vec<Value> = page.value.into_iter().map(|item| shown(ask, set, &item)).collect();
    let mut body =
        json!({"@odata.context": format!("{}/{}/$metadata#{context}", ask.plane.base_url(), ask.version)});
    if ask.query.get("$count").is_some_and(|count| count.eq_ignore_ascii_case("true")) {
        body["@odata.count"] = total.into();
    }
    if let Some(after) = &page.after {
        let query = ask.query.with("$skiptoken", &token_of(after));
        body["@odata.nextLink"] =
            format!("{}/{}/{}?{query}", ask.plane.base_url(), ask.version, ask.path).into();
    }
    body["value"] = value.into();
    Ok(Reply::Body(body))
}

/// Keeps what `$filter` and `$search` let through.
pub(super) fn retain(ask: &Ask<'_>, items: &mut Vec<(String, Value)>) -> Result<(), GraphError> {
    if let Some(text) = ask.query.get("$filter") {
        let filter = parse_filter(text).map_err(|message| {
            GraphError::new(
                axum::http::StatusCode::BAD_REQUEST,
                "BadRequest",
                format!("Invalid filter clause: {message}."),
            )
        })?;
        items.retain(|(_, item)| filter.holds(item, &|_, _| None));
    }
    if let Some(search) = ask.query.get("$search") {
        let is_eventual = ask
            .headers
            .get("consistencylevel")
            .and_then(|value| value.to_str().ok())
            .is_some_and(|level| level.eq_ignore_ascii_case("eventual"));
        if !is_eventual {
            return Err(GraphError::bad(
                "Request with $search query parameter only works through MSGraph with a special request header: 'ConsistencyLevel: eventual'",
            ));
        }
        let terms = terms(search);
        items.retain(|(_, item)| terms.iter().any(|all| all.iter().all(|term| is_found(item, term))));
    }
    Ok(())
}

/// `"displayName:ada" AND "mail:x" OR "y"`: alternatives of conditions, each a member and the beginning of a word in it.
fn terms(search: &str) -> Vec<Vec<(String, String)>> {
    search
        .split(" OR ")
        .map(|alternative| {
            alternative
                .split(" AND ")
                .map(|term| {
                    let term = term.trim().trim_matches('"');
                    let (member, value) = term.split_once(':').unwrap_or(("displayName", term));
                    (member.to_owned(), value.trim_matches('"').to_lowercase())
                })
                .collect()
        })
        .collect()
}

fn is_found(item: &Value, (member, value): &(String, String)) -> bool {
    let found =
        crate::odata::at_path(item, std::slice::from_ref(member)).as_str().unwrap_or_default().to_lowercase();
    found.starts_with(value.as_str())
        || found.split(|c: char| !c.is_alphanumeric()).any(|word| word.starts_with(value.as_str()))
        || (member.ends_with("Name") && value.contains(' ') && found.contains(value.as_str()))
}

/// An object with the members that are asked for.
pub(super) fn shown(ask: &Ask<'_>, set: Option<&Set>, item: &Value) -> Value {
    let Some(members) = item.as_object() else { return item.clone() };
    let select = ask.query.get("$select");
    let mut out = Map::new();
    match select {
        Some(select) => {
            for name in select.split(',').map(str::trim).filter(|name| !name.is_empty()) {
                let found = members.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
                if let Some((known, value)) = found {
                    out.insert(known.clone(), value.clone());
                }
            }
            for (name, value) in
                members.iter().filter(|(name, _)| name.starts_with("@odata.") || *name == "id")
            {
                out.insert(name.clone(), value.clone());
            }
        }
        None if set.is_some_and(|set| set.kind == "user") && ask.version.eq_ignore_ascii_case("v1.0") => {
            for (name, value) in members
                .iter()
                .filter(|(name, _)| USER_DEFAULTS.contains(&name.as_str()) || name.starts_with('@'))
            {
                out.insert(name.clone(), value.clone());
            }
        }
        None => out = members.clone(),
    }
    out.remove("passwordProfile");
    if let (Some(expand), Some(set), Some(id)) =
        (ask.query.get("$expand"), set, members.get("id").and_then(Value::as_str))
    {
        for name in expand.split(',').map(|name| name.split('(').next().unwrap_or_default().trim()) {
            if let Some(found) = super::links::expanded(ask, set, id, name) {
                out.insert(name.to_owned(), found);
            }
        }
    }
    Value::Object(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn search_looks_for_beginnings_of_words() {
        let item = json!({"displayName": "Ada King-Lovelace", "mail": "ada@contoso.test"});
        let found =
            |search: &str| terms(search).iter().any(|all| all.iter().all(|term| is_found(&item, term)));
        assert!(
            found("\"displayName:love\"") && found("\"ada\"") && found("\"displayName:x\" OR \"mail:ada\"")
        );
        assert!(!found("\"displayName:vela\"") && !found("\"displayName:ada\" AND \"mail:x\""));
    }
}
