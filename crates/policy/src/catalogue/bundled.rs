//! The compact lists of the public alias facts.

use serde_json::Value;
use thiserror::Error;

use super::{Alias, Catalogue, Modifiable, VersionPath};
use crate::fold::fold;
use crate::path::Path;

/// Aliases that the built-in definitions use. Its source stands in `data/README.md`.
const BUNDLED: &str = include_str!("../../data/aliases.tsv");

/// Why a list of aliases cannot be read.
#[derive(Debug, Error)]
pub enum BundleError {
    /// A line is no JSON.
    #[error("line {line} is no JSON")]
    Json {
        /// The line, from 1.
        line: usize,
        /// What the JSON reader says.
        #[source]
        source: serde_json::Error,
    },
}

impl Catalogue {
    /// The aliases that ship with the crate: those that the built-in definitions use and whose path is known.
    pub fn bundled() -> Self {
        let mut catalogue = Self::empty();
        for line in BUNDLED.lines().filter(|line| !line.starts_with('#')) {
            let mut cells = line.split('\t');
            let (Some(resource_type), Some(name), Some(path)) = (cells.next(), cells.next(), cells.next())
            else {
                continue;
            };
            let modifiable = if cells.next() == Some("m") { Modifiable::Yes } else { Modifiable::Unknown };
            let versions = cells.next().and_then(other_path).into_iter().collect();
            catalogue.add_simple(resource_type, name, path, modifiable, versions);
        }
        catalogue
    }

    pub(crate) fn add_simple(
        &mut self,
        resource_type: &str,
        name: &str,
        path: &str,
        modifiable: Modifiable,
        versions: Vec<VersionPath>,
    ) {
        let folded: Box<str> = fold(resource_type).into();
        self.types.entry(folded.clone()).or_default().name = resource_type.to_owned();
        self.add(Alias {
            name: name.into(),
            resource_type: folded,
            path: Path::parse(path),
            modifiable,
            value_type: None,
            versions,
        });
    }

    /// Adds the whole published list in its compact form, one JSON object a line: `type`; `by_path`: paths whose alias
    /// is the type and the path without every `properties`; `drop_first`: names whose path is `properties.` and the
    /// name without its first segment; `paths`: name → path (a name with `//` in front is a full alias);
    /// `modifiable`: names. Returns how many aliases were read.
    ///
    /// # Errors
    /// If a line is no JSON.
    pub fn add_published(&mut self, text: &str) -> Result<usize, BundleError> {
        let mut count = 0;
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let entry: Value =
                serde_json::from_str(line).map_err(|source| BundleError::Json { line: index + 1, source })?;
            let Some(resource_type) = entry["type"].as_str() else { continue };
            let texts = |name: &str| -> Vec<String> {
                let list = entry[name].as_array().into_iter().flatten();
                list.filter_map(|item| item.as_str().map(str::to_owned)).collect()
            };
            let modifiable: hashbrown::HashSet<String> =
                texts("modifiable").iter().map(|name| fold(name)).collect();
            let mut add = |name: &str, path: &str| {
                let (full, short) = match name.strip_prefix("//") {
                    Some(full) => (full.to_owned(), full),
                    None => (format!("{resource_type}/{name}"), name),
                };
                let flag =
                    if modifiable.contains(&fold(short)) { Modifiable::Yes } else { Modifiable::Unknown };
                self.add_simple(resource_type, &full, path, flag, Vec::new());
                count += 1;
            };
            for path in texts("by_path") {
                let name: Vec<&str> = path.split('.').filter(|part| *part != "properties").collect();
                add(&name.join("."), &path);
            }
            for name in texts("drop_first") {
                let path = name.split_once('.').map_or("", |(_, rest)| rest);
                add(&name, &format!("properties.{path}"));
            }
            for (name, path) in entry["paths"].as_object().into_iter().flatten() {
                add(name, path.as_str().unwrap_or_default());
            }
        }
        Ok(count)
    }
}

/// A cell `path@version,version`: where the alias points in those API versions.
fn other_path(cell: &str) -> Option<VersionPath> {
    let (path, versions) = cell.split_once('@')?;
    Some(VersionPath {
        path: Path::parse(path),
        api_versions: versions.split(',').map(|version| fold(version).into()).collect(),
        modifiable: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundle_knows_what_built_ins_use() {
        let catalogue = Catalogue::bundled();
        assert!(catalogue.len() > 1000);
        let image = catalogue.alias("microsoft.compute/IMAGEPUBLISHER");
        assert!(
            image.iter().any(|alias| &*alias.resource_type == "microsoft.compute/virtualmachinescalesets"
                && alias.path.to_string()
                    == "properties.virtualMachineProfile.storageProfile.imageReference.publisher")
        );
    }

    #[test]
    fn older_versions_may_have_another_path() {
        let catalogue = Catalogue::bundled();
        let path = |version| {
            let contact = "microsoft.security/securitycontacts";
            let name = "Microsoft.Security/securityContacts/alertNotifications";
            catalogue.place(name, contact, version).unwrap().path.to_string()
        };
        assert_eq!(path(Some("2017-08-01-preview")), "properties.alertNotifications");
        assert_eq!(path(Some("2020-01-01-preview")), "properties.alertNotifications.state");
    }

    #[test]
    fn published_lines() {
        let mut catalogue = Catalogue::empty();
        let line = r#"{"type":"A.B/c","by_path":["properties.x[*].properties.y","sku.name"],"drop_first":["web.z"],"paths":{"//A.B/s":"properties.q"},"modifiable":["sku.name"]}"#;
        assert_eq!(catalogue.add_published(line).unwrap(), 4);
        for (name, path) in [
            ("A.B/c/x[*].y", "properties.x[*].properties.y"),
            ("a.b/C/web.z", "properties.z"),
            ("A.B/s", "properties.q"),
        ] {
            assert_eq!(catalogue.alias(name)[0].path.to_string(), path);
        }
        assert_eq!(catalogue.alias("A.B/c/sku.name")[0].modifiable, Modifiable::Yes);
    }
}
