//! Which of our rules equal which check elsewhere: what the rules say in their metadata.

use std::sync::OnceLock;

use azimuth_preflight::{Pack, PackBuilder, built_in_definitions};
use serde_json::{Value, json};

/// What our rules say of a check elsewhere.
pub(super) struct Equal {
    /// Our rule.
    pub(super) rule: String,
    /// The scanner's check.
    pub(super) check: String,
    /// The type about whose resources the scanner speaks, if our rule speaks about resources below it.
    pub(super) subject: Option<String>,
    /// Our rule that must speak about the resource above, for the scanner to speak about one below.
    pub(super) parent: Option<String>,
    /// Whether the scanner looks for nested resources under the short type written there.
    pub(super) knows_short_types: bool,
}

/// The rules, and beside each a rule that holds for the resources which a check elsewhere speaks about.
pub(super) struct Rules {
    pub(super) equals: Vec<Equal>,
    pub(super) pack: Pack,
    pub(super) spoken_of: Pack,
}

/// The id of the second kind of rule.
pub(super) fn spoken_of(rule: &str, check: &str) -> String {
    format!("{rule}/{check}")
}

pub(super) fn rules() -> &'static Rules {
    static RULES: OnceLock<Rules> = OnceLock::new();
    RULES.get_or_init(|| {
        let mut equals = Vec::new();
        let mut builder = PackBuilder::new();
        for text in built_in_definitions() {
            let definition: Value = serde_json::from_str(text).expect("the pack's own tests parse it");
            let rule = definition["name"].as_str().unwrap_or_default();
            let properties = &definition["properties"];
            let metadata = &properties["metadata"];
            // The first part of a rule says what it is about.
            let condition = &properties["policyRule"]["if"];
            let scope = condition["allOf"].get(0).unwrap_or(condition);
            for check in metadata["equivalents"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                let narrower = metadata["equivalentWhere"].get(check);
                let parts: Vec<&Value> = [Some(scope), narrower].into_iter().flatten().collect();
                let about = json!({
                    "name": spoken_of(rule, check),
                    "properties": {
                        "mode": "All",
                        "policyRule": { "if": { "allOf": parts }, "then": { "effect": "audit" } },
                    },
                });
                builder.add("equivalents.json", &about.to_string());
                equals.push(Equal {
                    rule: rule.to_owned(),
                    check: check.to_owned(),
                    subject: metadata["equivalentSubject"][check].as_str().map(str::to_owned),
                    parent: metadata["equivalentParent"].as_str().map(str::to_owned),
                    knows_short_types: metadata["equivalentShortTypes"] == true,
                });
            }
        }
        Rules { equals, pack: Pack::built_in(), spoken_of: builder.finish().0 }
    })
}

/// The rules that equal the check of a case.
pub(super) fn equals(check: &str) -> Result<Vec<&'static Equal>, String> {
    let found: Vec<_> = rules().equals.iter().filter(|equal| equal.check == check).collect();
    if found.is_empty() { Err(format!("no rule of ours equals `{check}`")) } else { Ok(found) }
}
