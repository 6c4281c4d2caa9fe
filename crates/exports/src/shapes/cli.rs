//! Azure CLI outputs: resources whose `properties` were lifted to the top.
//!
//! `az … list` prints a resource as one flat object, sub-resources within it likewise, adds `resourceGroup`
//! beside every resource id, and prints `null` for everything absent. The way back:
//!
//! 1. members of the envelope stay, all others move under `properties`;
//! 2. nested objects with an id of their own and a name or etag are sub-resources and are treated alike;
//! 3. `resourceGroup` beside an id that holds it is dropped, so `{"id":…,"resourceGroup":…}` becomes a reference;
//! 4. `null` members are dropped, except inside documents of the user: policy rules, parameters, metadata, tags;
//! 5. members that the CLI renames get their name back (`data/cli-names.json`), as do those it calls
//!    `typePropertiesType` because the plain name was taken by the envelope.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::OnceLock;

use azimuth_ids::{DocumentKey, IdKind, IdRef, eq_fold};
use serde::Deserialize;

use super::bad_id;
use crate::document::Completeness;
use crate::json::tree::{Node, Object, get};
use crate::report::Outcome;

/// Members that Resource Manager keeps beside `properties` (Resource Provider Contract, "Resource").
const ENVELOPE: [&str; 14] = [
    "id",
    "name",
    "type",
    "location",
    "tags",
    "kind",
    "sku",
    "plan",
    "identity",
    "zones",
    "etag",
    "managedBy",
    "extendedLocation",
    "systemData",
];
/// What a list of resources may show beside the envelope (`$expand=createdTime,changedTime,provisioningState`).
const LIST_EXTRAS: [&str; 3] = ["createdTime", "changedTime", "provisioningState"];
/// Members that hold documents of the user: nothing inside is touched.
const VERBATIM: [&str; 7] =
    ["policyRule", "parameters", "metadata", "tags", "template", "definition", "userAssignedIdentities"];

/// How a record with a resource id is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// As Resource Manager answers it.
    Plain,
    /// The envelope alone.
    Listed,
    /// Properties lifted to the top.
    Flattened,
    /// With `properties`, and with the CLI's `resourceGroup` beside ids.
    WithGroup,
}

pub(crate) fn form(node: &Node<'_>) -> Form {
    let members = node.object().map(Vec::as_slice).unwrap_or_default();
    let has = |wanted: &str| members.iter().any(|(key, _)| key == wanted);
    if members.iter().any(|(key, value)| key == "properties" && !value.is_null()) {
        return if has("resourceGroup") { Form::WithGroup } else { Form::Plain };
    }
    let is_scope = node.text_at("id").is_some_and(|id| {
        IdRef::parse(&id).is_ok_and(|id| matches!(id.kind(), IdKind::Subscription | IdKind::Tenant))
    });
    if is_scope {
        return Form::Plain;
    }
    let is_outside = |key: &str| !ENVELOPE.contains(&key) && key != "properties" && key != "resourceGroup";
    let outside: Vec<&str> = members.iter().map(|(key, _)| &**key).filter(|key| is_outside(key)).collect();
    let from_list = has("properties") || has("createdTime") || has("changedTime");
    let only_extras = outside.iter().all(|key| LIST_EXTRAS.contains(key));
    if outside.is_empty() || (only_extras && from_list) { Form::Listed } else { Form::Flattened }
}

/// A resource without its properties.
pub(crate) fn listed(node: &Node<'_>, id: &str) -> Outcome {
    let parsed = match IdRef::parse(id) {
        Ok(parsed) => parsed,
        Err(error) => return Outcome::rejected(bad_id(id, &error.to_string())),
    };
    let mut members = node.object().cloned().unwrap_or_default();
    members.retain(|(key, value)| !value.is_null() && !is_group_of(key, value, parsed));
    Outcome::one(DocumentKey::arm(parsed), Node::Object(members).to_json(), Completeness::Listed)
}

/// A resource in Resource Manager's shape again.
pub(crate) fn unflattened(node: &Node<'_>, id: &str) -> Outcome {
    let parsed = match IdRef::parse(id) {
        Ok(parsed) => parsed,
        Err(error) => return Outcome::rejected(bad_id(id, &error.to_string())),
    };
    let names = Names::of(parsed);
    let members = node.object().cloned().unwrap_or_default();
    let mut members = match form(node) {
        Form::WithGroup => nested_members(members, &names, ""),
        _ => split(members, &names, ""),
    };
    if get(&members, "type").is_none() {
        let kind = Node::text(parsed.resource_type().as_str());
        let at = members.iter().position(|(key, _)| key == "properties").unwrap_or(members.len());
        members.insert(at, (Cow::Borrowed("type"), kind));
    }
    Outcome::one(DocumentKey::arm(parsed), Node::Object(members).to_json(), Completeness::Full)
}

/// Divides a flat object into envelope and properties. The recursion is bounded by the scanner's depth.
fn split<'a>(members: Object<'a>, names: &Names, at: &str) -> Object<'a> {
    let group = group_in_id(&members);
    let mut envelope: Object<'a> = Vec::new();
    let mut properties: Object<'a> = Vec::new();
    for (key, value) in members {
        if value.is_null() || is_redundant_group(&key, &value, group.as_deref()) {
            continue;
        }
        let is_envelope =
            ENVELOPE.contains(&&*key) && !(at.is_empty() && names.in_properties.contains(&&*key));
        if is_envelope {
            let value = if key == "tags" { value } else { without_nulls(value) };
            envelope.push((key, value));
        } else if key != "properties" {
            let value = inside(&key, value, names, at);
            properties.push((key, value));
        }
    }
    rename(&mut properties, names);
    envelope.push((Cow::Borrowed("properties"), Node::Object(properties)));
    envelope
}

/// The value of a member below `properties`, its inside set right.
fn inside<'a>(key: &str, value: Node<'a>, names: &Names, at: &str) -> Node<'a> {
    if VERBATIM.contains(&key) {
        return value;
    }
    let path = if at.is_empty() { key.to_owned() } else { format!("{at}.{key}") };
    nested(value, names, &path)
}

/// Gives members their own names back, unless another member has that name.
fn rename(members: &mut Object<'_>, names: &Names) {
    for at in 0..members.len() {
        let key = &*members[at].0;
        let own = match names.anywhere.get(key) {
            Some(name) => Some(name.as_str().to_owned()),
            None => plain_name(key).map(str::to_owned),
        };
        if let Some(own) = own
            && get(members, &own).is_none()
        {
            members[at].0 = Cow::Owned(own);
        }
    }
}

fn nested<'a>(value: Node<'a>, names: &Names, at: &str) -> Node<'a> {
    match value {
        Node::Scalar(_) => value,
        Node::Array(items) => Node::Array(items.into_iter().map(|item| nested(item, names, at)).collect()),
        Node::Object(members) => {
            let is_resource =
                get(&members, "id").and_then(Node::as_text).is_some_and(|id| id.starts_with('/'));
            let is_named = get(&members, "name").is_some() || get(&members, "etag").is_some();
            let is_flat = get(&members, "properties").is_none_or(Node::is_null);
            let has_content = members.iter().any(|(key, value)| {
                !value.is_null()
                    && !ENVELOPE.contains(&&**key)
                    && !matches!(&**key, "resourceGroup" | "properties")
            });
            let is_listed = names.sub_resources.contains(&at);
            if is_resource && is_flat && (is_named || is_listed) && has_content {
                Node::Object(split(members, names, at))
            } else {
                Node::Object(nested_members(members, names, at))
            }
        }
    }
}

fn nested_members<'a>(members: Object<'a>, names: &Names, at: &str) -> Object<'a> {
    let group = group_in_id(&members);
    let is_top = at.is_empty();
    let mut members: Object<'a> = members
        .into_iter()
        .filter(|(key, value)| !value.is_null() && !is_redundant_group(key, value, group.as_deref()))
        .map(|(key, value)| {
            let is_envelope = is_top && ENVELOPE.contains(&&*key);
            let value = if is_envelope { value } else { inside(&key, value, names, at) };
            (key, value)
        })
        .collect();
    if !is_top {
        rename(&mut members, names);
    }
    members
}

/// `typePropertiesType` and its like: the CLI's way around a name that the envelope has taken.
fn plain_name(key: &str) -> Option<&str> {
    let middle = key.find("Properties")?;
    let (head, tail) = (&key[..middle], &key[middle + "Properties".len()..]);
    (!head.is_empty() && eq_fold(head, tail) && ENVELOPE.contains(&head)).then_some(head)
}

fn group_in_id(members: &Object<'_>) -> Option<String> {
    let id = get(members, "id").and_then(Node::as_text)?;
    IdRef::parse(&id).ok()?.resource_group().map(str::to_owned)
}

fn is_redundant_group(key: &str, value: &Node<'_>, group: Option<&str>) -> bool {
    key == "resourceGroup"
        && match (value.as_text(), group) {
            (Some(text), Some(group)) => eq_fold(&text, group),
            _ => false,
        }
}

fn is_group_of(key: &str, value: &Node<'_>, id: IdRef<'_>) -> bool {
    is_redundant_group(key, value, id.resource_group())
}

/// The value without `null` members at any depth. The recursion is bounded by the scanner's depth.
pub(crate) fn without_nulls(value: Node<'_>) -> Node<'_> {
    match value {
        Node::Scalar(_) => value,
        Node::Array(items) => Node::Array(items.into_iter().map(without_nulls).collect()),
        Node::Object(members) => Node::Object(
            members
                .into_iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(key, value)| (key, without_nulls(value)))
                .collect(),
        ),
    }
}

#[derive(Deserialize)]
struct Table {
    types: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    anywhere: HashMap<String, String>,
    #[serde(default)]
    sub_resources: Vec<String>,
    #[serde(default)]
    in_properties: Vec<String>,
}

/// The names of one resource type.
struct Names {
    anywhere: HashMap<&'static str, &'static String>,
    sub_resources: Vec<&'static str>,
    in_properties: Vec<&'static str>,
}

impl Names {
    fn of(id: IdRef<'_>) -> Self {
        static TABLE: OnceLock<Table> = OnceLock::new();
        let table = TABLE.get_or_init(|| {
            serde_json::from_str(include_str!("../../data/cli-names.json")).expect("the table is tested")
        });
        let mut names =
            Self { anywhere: HashMap::new(), sub_resources: Vec::new(), in_properties: Vec::new() };
        let namespace = id.provider_namespace();
        for entry in &table.types {
            let matches = match entry.kind.strip_suffix("/*") {
                Some(wanted) => eq_fold(wanted, namespace),
                None => id.is_type(&entry.kind),
            };
            if matches {
                names.anywhere.extend(entry.anywhere.iter().map(|(from, to)| (from.as_str(), to)));
                names.sub_resources.extend(entry.sub_resources.iter().map(String::as_str));
                names.in_properties.extend(entry.in_properties.iter().map(String::as_str));
            }
        }
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn back(text: &str) -> String {
        let node = Node::parse(text);
        let id = node.text_at("id").unwrap().into_owned();
        unflattened(&node, &id).drafts.remove(0).body
    }

    #[test]
    fn sub_resources_and_references() {
        let base = "/subscriptions/s/resourceGroups/G/providers/Microsoft.Network";
        let flat = format!(
            r#"{{"id":"{base}/networkSecurityGroups/n","name":"n","resourceGroup":"g","tags":{{"x":null}},
            "subnets":[{{"id":"{base}/virtualNetworks/v/subnets/s","resourceGroup":"G"}}],
            "securityRules":[{{"access":"Allow","description":null,"etag":"e","id":"{base}/networkSecurityGroups/n/securityRules/r","name":"r","resourceGroup":"G"}}]}}"#
        );
        assert_eq!(
            back(&flat),
            format!(
                r#"{{"id":"{base}/networkSecurityGroups/n","name":"n","tags":{{"x":null}},"type":"Microsoft.Network/networkSecurityGroups","properties":{{"subnets":[{{"id":"{base}/virtualNetworks/v/subnets/s"}}],"securityRules":[{{"etag":"e","id":"{base}/networkSecurityGroups/n/securityRules/r","name":"r","properties":{{"access":"Allow"}}}}]}}}}"#
            )
        );
    }

    #[test]
    fn names_come_back() {
        let id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a";
        let flat = format!(
            r#"{{"id":"{id}","type":"Microsoft.Storage/storageAccounts","enableHttpsTrafficOnly":true,"networkRuleSet":{{"ipRules":[{{"ipAddressOrRange":"1.2.3.4"}}]}},"typePropertiesType":"x"}}"#
        );
        assert_eq!(
            back(&flat),
            format!(
                r#"{{"id":"{id}","type":"Microsoft.Storage/storageAccounts","properties":{{"supportsHttpsTrafficOnly":true,"networkAcls":{{"ipRules":[{{"value":"1.2.3.4"}}]}},"type":"x"}}}}"#
            )
        );
    }

    #[test]
    fn a_name_that_is_taken_is_left_alone() {
        let id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a";
        let flat =
            format!(r#"{{"id":"{id}","type":"t","networkRuleSet":1,"networkAcls":2,"enableNfsV3":true}}"#);
        assert_eq!(
            back(&flat),
            format!(
                r#"{{"id":"{id}","type":"t","properties":{{"networkRuleSet":1,"networkAcls":2,"isNfsV3Enabled":true}}}}"#
            )
        );
    }

    #[test]
    fn forms() {
        let form_of = |text: &str| form(&Node::parse(text));
        assert_eq!(form_of(r#"{"id":"/subscriptions/s/x","properties":{}}"#), Form::Plain);
        assert_eq!(
            form_of(r#"{"id":"/x","name":"n","properties":null,"provisioningState":"Ok"}"#),
            Form::Listed
        );
        assert_eq!(form_of(r#"{"id":"/x","name":"n"}"#), Form::Listed);
        assert_eq!(form_of(r#"{"id":"/x","name":"n","provisioningState":"Ok"}"#), Form::Flattened);
        assert_eq!(form_of(r#"{"id":"/x","properties":{},"resourceGroup":"g"}"#), Form::WithGroup);
    }
}
