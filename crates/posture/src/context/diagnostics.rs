//! Diagnostic settings by the resource they stand on.

use azimuth_estate::Snapshot;
use azimuth_ids::{eq_fold, fold};
use hashbrown::{HashMap, HashSet};
use serde::Deserialize;

use crate::body::{self, Text, or_default};

/// The type of diagnostic settings.
pub(crate) const KIND: &str = "Microsoft.Insights/diagnosticSettings";

/// One diagnostic setting, reduced to what it sends and whether it sends it anywhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Setting {
    /// Enabled log categories.
    pub(crate) categories: Vec<String>,
    /// Enabled log category groups.
    pub(crate) groups: Vec<String>,
    /// Enabled metric categories.
    pub(crate) metrics: Vec<String>,
    /// Whether a Log Analytics workspace is a destination.
    pub(crate) workspace: bool,
    /// Whether there is any destination.
    pub(crate) destination: bool,
}

/// All diagnostic settings.
#[derive(Debug, Default)]
pub(crate) struct Diagnostics {
    by_target: HashMap<String, Vec<Setting>>,
    /// Folded ids of resources with a setting that could not be read.
    unread: HashSet<String>,
    /// Settings whose bodies could not be read.
    pub(crate) unreadable: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shape<'a> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    logs: Vec<Stream<'a>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    metrics: Vec<Stream<'a>>,
    #[serde(borrow, default)]
    workspace_id: Text<'a>,
    #[serde(borrow, default)]
    storage_account_id: Text<'a>,
    #[serde(borrow, default)]
    event_hub_authorization_rule_id: Text<'a>,
    #[serde(borrow, default)]
    marketplace_partner_id: Text<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stream<'a> {
    #[serde(borrow, default)]
    category: Text<'a>,
    #[serde(borrow, default)]
    category_group: Text<'a>,
    #[serde(borrow, default)]
    enabled: Text<'a>,
}

impl Diagnostics {
    /// Reads the settings of a snapshot.
    pub(crate) fn from_snapshot(snapshot: &Snapshot) -> Self {
        let mut diagnostics = Self::default();
        let marker = format!("/providers/{}/", fold(KIND));
        for entry in snapshot.of_type(KIND) {
            let Some(at) = entry.key().rfind(&marker) else { continue };
            let Ok(read) = body::read::<Shape<'_>>(entry) else {
                diagnostics.unreadable.push(entry.id().into_owned());
                diagnostics.unread.insert(entry.key()[..at].to_owned());
                continue;
            };
            let target = entry.key()[..at].to_owned();
            diagnostics.by_target.entry(target).or_default().push(Setting::read(&read.properties));
        }
        diagnostics
    }

    /// Whether a setting on a resource could not be read, so that the others may not be all.
    pub(crate) fn is_unread(&self, key: &str) -> bool {
        self.unread.contains(key)
    }

    /// The settings on a resource, given its folded id.
    pub(crate) fn on(&self, key: &str) -> &[Setting] {
        self.by_target.get(key).map_or(&[], Vec::as_slice)
    }
}

impl Setting {
    fn read(shape: &Shape<'_>) -> Self {
        let enabled = |streams: &[Stream<'_>]| -> Vec<(String, String)> {
            streams
                .iter()
                .filter(|stream| stream.enabled.is("true"))
                .map(|stream| (stream.category.to_string(), stream.category_group.to_string()))
                .collect()
        };
        let mut setting = Self {
            workspace: !shape.workspace_id.is_empty(),
            destination: [
                &shape.workspace_id,
                &shape.storage_account_id,
                &shape.event_hub_authorization_rule_id,
                &shape.marketplace_partner_id,
            ]
            .iter()
            .any(|id| !id.is_empty()),
            ..Self::default()
        };
        for (category, group) in enabled(&shape.logs) {
            if !category.is_empty() {
                setting.categories.push(category);
            } else if !group.is_empty() {
                setting.groups.push(group);
            }
        }
        setting.metrics = enabled(&shape.metrics).into_iter().map(|(category, _)| category).collect();
        setting
    }

    /// Whether the setting sends the logs of a category: by its name, or by the group that holds all of them.
    pub(crate) fn sends_log(&self, category: &str) -> bool {
        self.destination
            && (self.groups.iter().any(|group| eq_fold(group, "allLogs"))
                || self.categories.iter().any(|name| eq_fold(name, category)))
    }

    /// Whether the setting sends a category of the activity log to a workspace.
    pub(crate) fn sends_activity_to_workspace(&self, category: &str) -> bool {
        let groups = ["allLogs", "audit"];
        self.workspace
            && (self.groups.iter().any(|group| groups.iter().any(|wanted| eq_fold(group, wanted)))
                || self.categories.iter().any(|name| eq_fold(name, category)))
    }

    /// Whether the setting sends the metrics of a category.
    pub(crate) fn sends_metric(&self, category: &str) -> bool {
        self.destination
            && self.metrics.iter().any(|name| eq_fold(name, category) || eq_fold(name, "AllMetrics"))
    }

    /// Whether any log goes to a workspace.
    pub(crate) fn sends_logs_to_workspace(&self) -> bool {
        self.workspace && !(self.categories.is_empty() && self.groups.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(text: &str) -> Setting {
        Setting::read(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn a_group_of_all_logs_sends_each() {
        let all = setting(
            r#"{"logs":[{"category":null,"categoryGroup":"allLogs","enabled":true}],"workspaceId":"/w"}"#,
        );
        assert!(all.sends_log("StorageRead") && all.sends_logs_to_workspace());
    }

    #[test]
    fn disabled_streams_and_missing_destinations_send_nothing() {
        let off = setting(r#"{"logs":[{"category":"StorageRead","enabled":false}],"workspaceId":"/w"}"#);
        let nowhere = setting(r#"{"logs":[{"category":"StorageRead","enabled":true}]}"#);
        assert!(!off.sends_log("StorageRead") && !off.sends_logs_to_workspace());
        assert!(!nowhere.sends_log("StorageRead"));
    }
}
