//! The service tag file of a cloud (`ServiceTags_Public_….json`, `az network list-service-tags`).

use azimuth_diag::Diagnostic;
use azimuth_ids::DocumentKey;

use crate::classify::Members;
use crate::document::Completeness;
use crate::json::text::quoted;
use crate::json::tree::Node;
use crate::report::Outcome;

/// The record of the list itself: its cloud and change number.
pub(crate) fn header(view: &Members<'_>) -> Outcome {
    let cloud = view.text("cloud").unwrap_or_default();
    let number = view.raw("changeNumber").unwrap_or("null");
    match DocumentKey::azimuth(&format!("service-tags/{cloud}")) {
        Ok(key) => {
            let body =
                format!(r#"{{"kind":"ServiceTags","cloud":{},"changeNumber":{number}}}"#, quoted(&cloud));
            Outcome::one(key, body, Completeness::Full)
        }
        Err(error) => Outcome::rejected(Diagnostic::error("import-service-tag", error.to_string())),
    }
}

/// One tag, kept as it is.
pub(crate) fn tag(node: &Node<'_>, cloud: &str) -> Outcome {
    let name = node.text_at("name").or_else(|| node.text_at("id")).unwrap_or_default();
    let has_prefixes =
        node.get("properties").and_then(|p| p.get("addressPrefixes")).and_then(Node::array).is_some();
    if !has_prefixes {
        let error = Diagnostic::error("import-service-tag", "the tag has no `properties.addressPrefixes`");
        return Outcome::rejected(error);
    }
    match DocumentKey::service_tag(cloud, &name) {
        Ok(key) => Outcome::one(key, node.to_json(), Completeness::Full),
        Err(error) => Outcome::rejected(Diagnostic::error("import-service-tag", error.to_string())),
    }
}
