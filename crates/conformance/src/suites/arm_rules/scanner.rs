//! What public scanners see of a template, which is less than we do.

use std::collections::{BTreeSet, HashMap};

use azimuth_arm::{Node, Source};
use azimuth_ids::eq_fold;
use serde_json::{Map, Value, json};

/// Values for parameters without default, as the analyser makes them up.
pub(super) fn made_up(text: &str) -> Map<String, Value> {
    let template: Value = serde_json::from_str(text).unwrap_or_default();
    let mut values = Map::new();
    for (name, declared) in template["parameters"].as_object().into_iter().flatten() {
        if declared.get("defaultValue").is_some() {
            continue;
        }
        let kind = declared["type"].as_str().unwrap_or_default().to_lowercase();
        let value = match (declared["allowedValues"].get(0), kind.as_str()) {
            (Some(first), _) => first.clone(),
            (None, "int") => json!(1),
            (None, "bool") => json!(true),
            (None, "array") => json!(["item1", "item2"]),
            (None, "object" | "secureobject") => json!({ "property1": "value1" }),
            (None, _) => json!("defaultString"),
        };
        values.insert(name.clone(), value);
    }
    values
}

/// The template as one sees it who knows no parameter values: a parameter without default is the text that reads it.
pub(super) fn with_texts(template: &Value) -> Value {
    let mut template = template.clone();
    let declared = template.get_mut("parameters").and_then(Value::as_object_mut);
    for (name, declared) in declared.into_iter().flatten() {
        if declared.get("defaultValue").is_none() {
            *declared = json!({ "type": "string", "defaultValue": format!("[[parameters('{name}')]") });
        }
    }
    template
}

/// Declares the parameters and variables that a template reads and does not declare: to a scanner they are texts too.
pub(super) fn declare_what_is_read(template: &mut Value) {
    let text = template.to_string();
    for section in ["parameters", "variables"] {
        let names: BTreeSet<&str> = text
            .split(&format!("{section}('"))
            .skip(1)
            .filter_map(|rest| rest.split_once("')"))
            .map(|(name, _)| name)
            .collect();
        let Some(members) = template.as_object_mut() else { return };
        let declared = members.entry(section).or_insert_with(|| json!({}));
        let Some(declared) = declared.as_object_mut() else { continue };
        for name in names {
            if declared.keys().any(|known| eq_fold(known, name)) {
                continue;
            }
            let value = match section {
                "parameters" => json!({ "type": "string" }),
                _ => json!(format!("[[{section}('{name}')]")),
            };
            declared.insert(name.to_owned(), value);
        }
    }
}

/// Takes conditions away and lets every loop run once.
pub(super) fn every_resource_once(node: &mut Value) {
    match node {
        Value::Array(items) => items.iter_mut().for_each(every_resource_once),
        Value::Object(members) => {
            if members.contains_key("apiVersion") && members.contains_key("type") {
                members.remove("condition");
                if let Some(count) = members.get_mut("copy").and_then(|copy| copy.get_mut("count")) {
                    *count = json!(1);
                }
            }
            members.values_mut().for_each(every_resource_once);
        }
        _ => {}
    }
}

/// Line and column.
pub(super) type Place = (u64, u64);

/// A resource as its template writes it.
pub(super) struct Written {
    /// Where the resource begins that this one is written in.
    pub(super) within: Option<Place>,
    pub(super) resource_type: String,
    pub(super) name: String,
    /// The scanner's own way to skip checks: `metadata.checkov`, a text or texts that begin with the id.
    pub(super) skipped: Vec<String>,
}

impl Written {
    /// The resources of a template by the line and column where they begin.
    pub(super) fn of(source: &Source) -> HashMap<Place, Self> {
        let mut all = HashMap::new();
        collect(source, source.root(), None, &mut all);
        all
    }

    pub(super) fn skips(&self, check: &str) -> bool {
        self.skipped.iter().any(|text| text.split(':').next() == Some(check))
    }
}

fn collect(source: &Source, node: &Node, within: Option<Place>, all: &mut HashMap<Place, Written>) {
    for resource in node.get("resources").map(Node::items).unwrap_or_default() {
        let text = |name: &str| resource.get(name).and_then(Node::as_str).unwrap_or_default().to_owned();
        let skipped = resource.get("metadata").and_then(|metadata| metadata.get("checkov"));
        let skipped = skipped.into_iter().flat_map(|node| [node].into_iter().chain(node.items()));
        let place = source.position(resource.span.start as usize);
        let written = Written {
            within,
            resource_type: text("type"),
            name: text("name"),
            skipped: skipped.filter_map(Node::as_str).map(str::to_owned).collect(),
        };
        all.insert(place, written);
        collect(source, resource, Some(place), all);
    }
}

/// Whether the scanner can read a name: it leaves out failures of resources whose name still calls one of these after
/// variables and defaults have been put in.
pub(super) fn name_is_read(name: &str, template: &Value) -> bool {
    const CALLS: &[&str] = &["toLower(", "trim(", "join(", "split(", "substring("];
    let mut texts = vec![name.to_owned()];
    let mut at = 0;
    while at < texts.len() && texts.len() < 64 {
        let text = texts[at].clone();
        for (section, member) in [("variables", None), ("parameters", Some("defaultValue"))] {
            for (name, declared) in template[section].as_object().into_iter().flatten() {
                let value =
                    member.map_or(Some(declared), |member| declared.get(member)).and_then(Value::as_str);
                if text.contains(&format!("{section}('{name}')")) {
                    texts.extend(value.map(str::to_owned).filter(|value| !texts.contains(value)));
                }
            }
        }
        at += 1;
    }
    !texts.iter().any(|text| CALLS.iter().any(|call| text.contains(call)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_value_is_a_text() {
        let mut template = json!({
            "parameters": { "size": { "type": "int" }, "kept": { "type": "int", "defaultValue": 1 } },
            "resources": [{ "name": "[concat(parameters('size'), variables('gone'))]" }],
        });
        declare_what_is_read(&mut template);
        assert_eq!(template["variables"]["gone"], "[[variables('gone')]");
        let texts = with_texts(&template);
        assert_eq!(texts["parameters"]["size"]["defaultValue"], "[[parameters('size')]");
        assert_eq!(texts["parameters"]["kept"]["defaultValue"], 1);
        let values = made_up(&template.to_string());
        assert_eq!(Value::Object(values), json!({ "size": 1 }));
    }

    #[test]
    fn conditions_and_loops_are_not_seen() {
        let mut template = json!({ "resources": [
            { "type": "A.B/c", "apiVersion": "1", "condition": false, "copy": { "name": "x", "count": 3 } },
        ] });
        every_resource_once(&mut template);
        assert_eq!(template["resources"][0]["copy"]["count"], 1);
        assert!(template["resources"][0].get("condition").is_none());
    }

    #[test]
    fn resources_are_known_as_they_are_written() {
        let text = r#"{"resources": [{"type": "A.B/c", "name": "x", "resources": [
            {"type": "d", "name": "y", "metadata": {"checkov": ["CKV_1: no"]}}]}]}"#;
        let source = Source::parse("t.json", text).unwrap();
        let written = Written::of(&source);
        let inner = written.values().find(|one| one.resource_type == "d").unwrap();
        assert!(inner.skips("CKV_1") && !inner.skips("CKV_2"));
        assert_eq!(written[&inner.within.unwrap()].name, "x");
    }

    #[test]
    fn names_that_call_functions_are_not_read() {
        let template = json!({
            "parameters": { "a": { "defaultValue": "[toLower('X')]" } },
            "variables": { "b": "[parameters('a')]" },
        });
        assert!(!name_is_read("[variables('b')]", &template));
        assert!(name_is_read("[concat('a', 'b')]", &template));
    }
}
