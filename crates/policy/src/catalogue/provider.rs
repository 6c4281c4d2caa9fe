//! Aliases as resource providers publish them (`GET /providers?$expand=resourceTypes/aliases`).

use serde_json::Value;
use thiserror::Error;

use super::{Alias, Catalogue, Modifiable, TypeFacts, VersionPath};
use crate::fold::fold;
use crate::path::Path;

/// Why provider data cannot be read.
#[derive(Debug, Error)]
pub enum ProviderError {
    /// It is no JSON.
    #[error("the provider data is no JSON")]
    Json(#[source] serde_json::Error),
    /// It has another shape.
    #[error("expected a provider with `namespace` and `resourceTypes`, or a list of them")]
    Shape,
}

impl Catalogue {
    /// Adds providers: one, a list, or `{value: […]}`; or a data policy manifest (`{dataNamespace, aliases,
    /// resourceTypeAliases}`). Returns how many aliases were read.
    ///
    /// # Errors
    /// If the text is no JSON or no such document.
    pub fn add_providers(&mut self, text: &str) -> Result<usize, ProviderError> {
        let document: Value = serde_json::from_str(text).map_err(ProviderError::Json)?;
        let document = document.get("value").unwrap_or(&document);
        match document {
            Value::Array(providers) => {
                let counts: Result<Vec<usize>, _> =
                    providers.iter().map(|provider| self.provider(provider)).collect();
                Ok(counts?.into_iter().sum())
            }
            provider => self.provider(provider),
        }
    }

    fn provider(&mut self, provider: &Value) -> Result<usize, ProviderError> {
        if let Some(namespace) = provider["dataNamespace"].as_str() {
            return Ok(self.manifest(namespace, provider));
        }
        let namespace = provider["namespace"].as_str().ok_or(ProviderError::Shape)?;
        let types = provider["resourceTypes"].as_array().ok_or(ProviderError::Shape)?;
        let mut count = 0;
        for entry in types {
            let Some(name) = entry["resourceType"].as_str() else { continue };
            let full = format!("{namespace}/{name}");
            let facts = TypeFacts {
                is_indexed: entry["capabilities"]
                    .as_str()
                    .map(|words| words.contains("SupportsTags") && words.contains("SupportsLocation")),
                name: full,
                is_complete: true,
                newest_version: None,
            };
            let folded: Box<str> = fold(&facts.name).into();
            self.types.insert(folded.clone(), facts);
            count += self.read_aliases(&folded, &entry["aliases"]);
        }
        Ok(count)
    }

    /// Data-plane aliases; their paths start at the component.
    fn manifest(&mut self, namespace: &str, manifest: &Value) -> usize {
        let mut count = 0;
        for entry in manifest["resourceTypeAliases"].as_array().into_iter().flatten() {
            let Some(name) = entry["resourceType"].as_str() else { continue };
            let folded: Box<str> = fold(&format!("{namespace}/{name}")).into();
            count += self.read_aliases(&folded, &entry["aliases"]);
        }
        for alias in manifest["aliases"].as_array().into_iter().flatten() {
            let Some((folded, _)) = alias["name"].as_str().and_then(|name| name.rsplit_once('/')) else {
                continue;
            };
            let folded: Box<str> = fold(folded).into();
            count += self.read_aliases(&folded, &Value::Array(vec![alias.clone()]));
        }
        count
    }

    fn read_aliases(&mut self, resource_type: &str, aliases: &Value) -> usize {
        let mut count = 0;
        for entry in aliases.as_array().into_iter().flatten() {
            let Some(alias) = read_alias(resource_type, entry) else { continue };
            self.add(alias);
            count += 1;
        }
        count
    }
}

fn read_alias(resource_type: &str, entry: &Value) -> Option<Alias> {
    let name = entry["name"].as_str()?;
    let mut versions: Vec<VersionPath> = Vec::new();
    for other in entry["paths"].as_array().into_iter().flatten() {
        let Some(path) = other["path"].as_str() else { continue };
        versions.push(VersionPath {
            path: Path::parse(path),
            api_versions: other["apiVersions"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|version| version.as_str().map(|version| fold(version).into()))
                .collect(),
            modifiable: other.get("metadata").filter(|metadata| metadata.is_object()).map(modifiable),
        });
    }
    // Data-plane manifests have no default: the first path is one.
    let path = match entry["defaultPath"].as_str() {
        Some(path) => Path::parse(path),
        None => versions.first()?.path.clone(),
    };
    Some(Alias {
        name: name.into(),
        resource_type: resource_type.into(),
        path,
        modifiable: match entry.get("defaultMetadata") {
            Some(metadata) => modifiable(metadata),
            None => Modifiable::Unknown,
        },
        value_type: entry["defaultMetadata"]["type"].as_str().map(Into::into),
        versions,
    })
}

fn modifiable(metadata: &Value) -> Modifiable {
    match metadata["attributes"].as_str() {
        Some(word) if word.eq_ignore_ascii_case("modifiable") => Modifiable::Yes,
        Some(_) => Modifiable::No,
        None => Modifiable::Unknown,
    }
}
