//! Tags of a subscription, resource group or resource as a resource of their own.
//!
//! Source: Azure REST reference, Tags.

use axum::http::Method;
use azimuth_ids::{IdKind, IdRef};
use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::call::{Call, bad_request};
use super::route::{Right, Route, delete, get, patch, put};
use crate::error::ApiError;

/// Most tags of one resource.
const MOST: usize = 50;

pub(super) fn routes() -> Vec<Route> {
    const TAGS: &str = "{scope}/providers/Microsoft.Resources/tags/default";
    vec![
        get(TAGS, Right::Derived, show),
        put(TAGS, Right::Derived, replace),
        patch(TAGS, Right::Derived, change),
        delete(TAGS, Right::Derived, clear),
    ]
}

fn document(call: &Call<'_>) -> Result<Value, ApiError> {
    super::generic::find(call, call.scope())
}

fn shown(call: &Call<'_>, tags: &Map<String, Value>) -> Value {
    json!({
        "id": format!("{}/providers/Microsoft.Resources/tags/default", call.scope().trim_end_matches('/')),
        "name": "default",
        "type": "Microsoft.Resources/tags",
        "properties": {"tags": tags},
    })
}

fn tags_of(document: &Value) -> Map<String, Value> {
    document["tags"].as_object().cloned().unwrap_or_default()
}

fn show(call: &Call<'_>) -> Result<Answer, ApiError> {
    Ok(Answer::ok(shown(call, &tags_of(&document(call)?))))
}

/// Writes the tags of what the scope names, under the rules of writing it: locks and policies.
fn store(call: &Call<'_>, document: &Value, tags: &Map<String, Value>) -> Result<Answer, ApiError> {
    if tags.len() > MOST {
        return Err(bad_request(
            "InvalidTagCount",
            format!("The resource would have {} tags; at most {MOST} are allowed.", tags.len()),
        ));
    }
    for (name, value) in tags {
        let is_fit = (1..=512).contains(&name.chars().count())
            && !name.contains(['<', '>', '%', '&', '\\', '?', '/'])
            && value.as_str().is_some_and(|value| value.chars().count() <= 256);
        if !is_fit {
            return Err(bad_request(
                "InvalidTag",
                format!(
                    "The tag '{name}' is invalid: a name of at most 512 characters without <>%&\\?/ and a text of at most 256."
                ),
            ));
        }
    }
    let id =
        IdRef::parse(call.scope()).map_err(|error| bad_request("InvalidResourceId", error.to_string()))?;
    let version = call.api_version();
    match id.kind() {
        IdKind::Resource | IdKind::Extension => {
            let mut body = Map::new();
            body.insert("tags".to_owned(), Value::Object(tags.clone()));
            super::resource::write(call, call.scope(), body, version, super::resource::Manner::Patch)?;
        }
        IdKind::ResourceGroup => {
            let mut body = document.as_object().cloned().unwrap_or_default();
            body.insert("tags".to_owned(), Value::Object(tags.clone()));
            super::group::write(call, call.scope(), &body)?;
        }
        _ => {
            let mut changed = document.clone();
            changed["tags"] = Value::Object(tags.clone());
            let key = super::plane::key_of(call.scope());
            call.commit(vec![azimuth_host::Write::put(key, changed.to_string())])?;
        }
    }
    Ok(Answer::ok(shown(call, tags)))
}

fn given(call: &Call<'_>) -> Result<(Map<String, Value>, String), ApiError> {
    let body = Value::Object(call.object()?);
    let tags = body["properties"]["tags"].as_object().cloned();
    let tags =
        tags.ok_or_else(|| bad_request("InvalidRequestContent", "'properties.tags' must be an object."))?;
    Ok((tags, body["operation"].as_str().unwrap_or_default().to_owned()))
}

fn replace(call: &Call<'_>) -> Result<Answer, ApiError> {
    debug_assert!(call.method == Method::PUT, "the route names the method");
    let (tags, _) = given(call)?;
    store(call, &document(call)?, &tags)
}

fn change(call: &Call<'_>) -> Result<Answer, ApiError> {
    let (given, operation) = given(call)?;
    let document = document(call)?;
    let mut tags = tags_of(&document);
    match operation.to_ascii_lowercase().as_str() {
        "replace" => tags = given,
        "merge" => {
            for (name, value) in given {
                tags.retain(|known, _| !known.eq_ignore_ascii_case(&name));
                tags.insert(name, value);
            }
        }
        "delete" => {
            for (name, value) in &given {
                tags.retain(|known, held| {
                    let is_meant =
                        known.eq_ignore_ascii_case(name) && (value.as_str() == Some("") || held == value);
                    !is_meant
                });
            }
        }
        other => {
            return Err(bad_request(
                "InvalidTagOperation",
                format!("The operation '{other}' is none of Merge, Replace and Delete."),
            ));
        }
    }
    store(call, &document, &tags)
}

fn clear(call: &Call<'_>) -> Result<Answer, ApiError> {
    let document = document(call)?;
    store(call, &document, &Map::new())?;
    Ok(Answer::empty(axum::http::StatusCode::OK))
}
