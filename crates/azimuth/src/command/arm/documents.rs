//! A template as a source of documents: what it would deploy, in the shape that reading it back would have.

use azimuth_arm::{
    Context, ExpandedResource, Expansion, Kind, NoEstate, NoLoader, Parameters, Source, Target, Value, expand,
};
use azimuth_diag::{Diagnostic, Place};
use azimuth_exports::{Completeness, Imported};
use azimuth_ids::{DocumentKey, eq_fold};
use serde_json::Value as Json;

use super::target::{Level, level_of, placeholder};
use super::template::decode;

/// Resources named in the diagnostic about those that stay symbolic.
const MAX_NAMED: usize = 3;

/// The resources of a template that are fully resolved when it is deployed to `scope` (a resource group or
/// subscription id; by default the level its schema names, with placeholders), one document each. Parameters take
/// their defaults. Resources that depend on anything only a deployment knows are left out and reported.
pub(crate) fn template_documents(
    file: &str,
    text: &[u8],
    scope: Option<&str>,
) -> (Vec<Imported>, Vec<Diagnostic>) {
    let whole = || Place { file: Some(file.to_owned()), ..Place::default() };
    let Some(text) = decode(text.to_vec()) else {
        let diagnostic = Diagnostic::error("import-encoding", "the template is not text").at(whole());
        return (Vec::new(), vec![diagnostic]);
    };
    let source = match Source::parse(file, &text) {
        Ok(source) => source,
        Err(diagnostic) => return (Vec::new(), vec![*diagnostic]),
    };
    let mut diagnostics = Vec::new();
    let target = match scope.map(Target::of_id) {
        Some(Some(target)) => target,
        Some(None) => {
            let message = format!("`{}` is no scope", scope.unwrap_or_default());
            let diagnostic = Diagnostic::error("import-template-scope", message).at(whole());
            return (Vec::new(), vec![diagnostic.with_hint("write a resource group or subscription id")]);
        }
        None => {
            let message = "the template does not say where it is deployed; placeholders stand in the ids";
            diagnostics.push(Diagnostic::note("import-template-scope", message).at(whole()));
            placeholder(level_of(&source).unwrap_or(Level::ResourceGroup))
        }
    };
    let expansion = expand(&source, &Parameters::none(), &Context::new(target), &NoLoader, &NoEstate);
    let mut documents = Vec::new();
    let mut left_out: Vec<&ExpandedResource> = Vec::new();
    for resource in expansion.deployed() {
        match document(&expansion, resource, file) {
            Some(document) => documents.push(document),
            None => left_out.push(resource),
        }
    }
    diagnostics.extend(expansion.diagnostics.iter().cloned());
    for resource in &left_out {
        diagnostics.push(why_left_out(&expansion, resource, file));
    }
    (documents, diagnostics)
}

fn document(expansion: &Expansion, resource: &ExpandedResource, file: &str) -> Option<Imported> {
    let is_certain = resource.is_id_resolved && resource.condition.is_none() && resource.extension.is_none();
    let is_deployment = eq_fold(&resource.resource_type, "Microsoft.Resources/deployments");
    if !is_certain || is_deployment || resource.body.has_symbolic() {
        return None;
    }
    let key = DocumentKey::parse(&resource.id).ok()?;
    let mut body = shown(&resource.body)?;
    let members = body.as_object_mut()?;
    members.shift_remove("apiVersion");
    let name = resource.name.rsplit('/').next().unwrap_or_default();
    members.insert("name".to_owned(), name.into());
    Some(Imported {
        key,
        body: body.to_string().into(),
        rank: Completeness::Full,
        place: place(expansion, resource, file),
    })
}

/// A value as a GET shows it: secrets are not there at all.
fn shown(value: &Value) -> Option<Json> {
    if value.is_secure() {
        return None;
    }
    Some(match value.kind() {
        Kind::Object(members) => Json::Object(
            members.iter().filter_map(|(name, value)| Some((name.to_string(), shown(value)?))).collect(),
        ),
        Kind::Array(items) => Json::Array(items.iter().filter_map(shown).collect()),
        _ => value.to_json(),
    })
}

fn place(expansion: &Expansion, resource: &ExpandedResource, file: &str) -> Place {
    let origin = expansion.origin(resource, "");
    Place {
        file: Some(file.to_owned()),
        line: origin.as_ref().map(|origin| origin.place.line),
        column: origin.as_ref().map(|origin| origin.place.column),
        ..Place::default()
    }
}

fn why_left_out(expansion: &Expansion, resource: &ExpandedResource, file: &str) -> Diagnostic {
    let mut parts = Vec::new();
    if let Some(condition) = &resource.condition {
        parts.push(format!("its condition `{condition}` is not known"));
    }
    if let Some(extension) = &resource.extension {
        parts.push(format!("the extension `{extension}` manages things outside of Azure"));
    }
    unknown_parts(&resource.body, &mut String::new(), &mut parts);
    if parts.is_empty() {
        parts.push("its template is not at hand".to_owned());
    }
    let more = if parts.len() > MAX_NAMED { ", …" } else { "" };
    parts.truncate(MAX_NAMED);
    let message =
        format!("`{} {}` is left out: {}{more}", resource.resource_type, resource.name, parts.join(", "));
    Diagnostic::warning("import-template-unresolved", message).at(place(expansion, resource, file)).with_hint(
        "`azimuth arm expand` takes parameters and a scope, and shows every part that stays unknown",
    )
}

fn unknown_parts(value: &Value, path: &mut String, out: &mut Vec<String>) {
    if out.len() > MAX_NAMED || !value.has_symbolic() {
        return;
    }
    let length = path.len();
    match value.kind() {
        Kind::Symbolic(symbolic) => out.push(format!("`{path}` {}", symbolic.reason())),
        Kind::Object(members) => {
            for (name, member) in members.iter() {
                if length > 0 {
                    path.push('.');
                }
                path.push_str(name);
                unknown_parts(member, path, out);
                path.truncate(length);
            }
        }
        Kind::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                path.push_str(&format!("[{index}]"));
                unknown_parts(item, path, out);
                path.truncate(length);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUP: &str = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/web";

    const EXPORT: &str = r#"{
      "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
      "contentVersion": "1.0.0.0",
      "parameters": {
        "name": { "type": "String", "defaultValue": "stweb" },
        "password": { "type": "SecureString", "defaultValue": "hunter2" }
      },
      "resources": [
        { "type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-01-01", "name": "[parameters('name')]",
          "location": "westeurope", "tags": { "owner": "ops" }, "sku": { "name": "Standard_LRS" }, "kind": "StorageV2",
          "properties": { "minimumTlsVersion": "TLS1_0", "key": "[parameters('password')]" } },
        { "type": "Microsoft.Storage/storageAccounts/blobServices", "apiVersion": "2023-01-01",
          "name": "[concat(parameters('name'), '/default')]",
          "dependsOn": ["[resourceId('Microsoft.Storage/storageAccounts', parameters('name'))]"], "properties": {} },
        { "type": "Microsoft.Web/sites", "apiVersion": "2023-01-01", "name": "site", "location": "[resourceGroup().location]",
          "properties": {} }
      ]
    }"#;

    #[test]
    fn resolved_resources_become_documents_in_the_shape_of_a_get() {
        let (documents, diagnostics) = template_documents("export.json", EXPORT.as_bytes(), Some(GROUP));
        assert_eq!(documents.len(), 2);
        let body: Json = serde_json::from_str(&documents[0].body).unwrap();
        assert_eq!(
            body,
            serde_json::json!({
                "id": format!("{GROUP}/providers/Microsoft.Storage/storageAccounts/stweb"),
                "type": "Microsoft.Storage/storageAccounts", "name": "stweb", "location": "westeurope",
                "tags": { "owner": "ops" }, "sku": { "name": "Standard_LRS" }, "kind": "StorageV2",
                "properties": { "minimumTlsVersion": "TLS1_0" }
            })
        );
        assert_eq!(documents[0].rank, Completeness::Full);
        assert_eq!(documents[0].place.line, Some(9));
        let child: Json = serde_json::from_str(&documents[1].body).unwrap();
        assert_eq!(child["name"], "default");
        assert!(child.get("dependsOn").is_none());
        let left_out: Vec<&Diagnostic> =
            diagnostics.iter().filter(|diagnostic| diagnostic.code == "import-template-unresolved").collect();
        assert_eq!(left_out.len(), 1);
        assert!(left_out[0].message.contains("Microsoft.Web/sites site"), "{}", left_out[0].message);
        assert!(left_out[0].message.contains("`location`"), "{}", left_out[0].message);
    }

    #[test]
    fn without_a_scope_placeholders_stand_in() {
        let (documents, diagnostics) = template_documents("export.json", EXPORT.as_bytes(), None);
        assert!(documents[0].key.as_str().starts_with("/subscriptions/00000000-"));
        assert_eq!(diagnostics[0].code, "import-template-scope");
    }

    #[test]
    fn damaged_templates_are_reported() {
        let (documents, diagnostics) = template_documents("t.json", b"{\"resources\": [", Some(GROUP));
        assert!(documents.is_empty());
        assert_eq!(diagnostics[0].code, "arm-json");
        let (_, diagnostics) = template_documents("t.json", b"{}", Some("nonsense"));
        assert_eq!(diagnostics[0].code, "import-template-scope");
        let (_, diagnostics) = template_documents("t.json", &[0xff, 0x00, 0x01], None);
        assert_eq!(diagnostics[0].code, "import-encoding");
    }
}
