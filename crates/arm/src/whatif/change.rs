//! The shape of a what-if result.

use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::origin::OriginId;
use crate::template::Mode;

/// How much a what-if result tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ResultFormat {
    /// Resources with their payloads and property deltas.
    #[default]
    FullResourcePayloads,
    /// Ids only; a resource that exists is `Deploy`, it may or may not change.
    ResourceIdOnly,
}

/// How to compare.
#[derive(Clone, Debug, Default)]
pub struct WhatIfOptions {
    /// Complete or incremental.
    pub mode: Mode,
    /// Payloads or ids only.
    pub result_format: ResultFormat,
    /// Whether a lock on the resource group or above it forbids deletion. Locks on the group itself that the estate
    /// holds are found without it.
    pub is_locked: bool,
    /// The api-version of the deployment request, `2021-04-01` and the like; `None` for a current one. Before
    /// `2019-05-10` complete mode kept resources whose condition is false.
    pub api_version: Option<String>,
}

/// What happens to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum ChangeType {
    /// It is created.
    Create,
    /// It is deleted (complete mode).
    Delete,
    /// It exists and the template does not name it.
    Ignore,
    /// It is deployed and stays as it is.
    NoChange,
    /// It changes.
    Modify,
    /// It is deployed and may or may not change.
    Deploy,
    /// What happens cannot be told.
    Unsupported,
}

/// What happens to a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum PropertyChangeType {
    /// It is added.
    Create,
    /// It is removed.
    Delete,
    /// Its value changes.
    Modify,
    /// Items of an array change; see the children.
    Array,
    /// The difference is not one: the property is read-only, or empty either way.
    NoEffect,
}

/// How sure a delta is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Certainty {
    /// The template says so, and the stored state differs.
    Certain,
    /// The platform fills the value in by itself; nothing will change.
    DefaultNoise,
    /// It depends on something known only at run time, or on a default of the provider that is not known here.
    Unknown,
}

/// One property that differs.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PropertyChange {
    /// Dotted path from the resource's root; for children of an array the index.
    pub path: String,
    /// What happens.
    pub property_change_type: PropertyChangeType,
    /// The stored value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Json>,
    /// The template's value; secrets as `***`, unresolved ones as expressions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Json>,
    /// Deltas of the items of an array.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<PropertyChange>,
    /// How sure this is.
    pub certainty: Certainty,
    /// Why.
    pub reason: String,
    #[serde(skip)]
    pub(crate) after_origin: OriginId,
}

/// One resource.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// Its id.
    pub resource_id: String,
    /// What happens to it.
    pub change_type: ChangeType,
    /// The stored document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Json>,
    /// The document that the template makes; secrets redacted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Json>,
    /// The properties that differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub delta: Vec<PropertyChange>,
    /// Why nothing can be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unsupported_reason: Option<String>,
}

impl Change {
    pub(super) fn new(id: &str, change_type: ChangeType) -> Self {
        Self {
            resource_id: id.to_owned(),
            change_type,
            before: None,
            after: None,
            delta: Vec::new(),
            unsupported_reason: None,
        }
    }
}

/// A remark on the whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WhatIfNote {
    /// `Warning`
    pub level: &'static str,
    /// Stable code.
    pub code: &'static str,
    /// What it says.
    pub message: String,
    /// The resource or place it speaks of.
    pub target: String,
}

impl WhatIfNote {
    pub(super) fn new(code: &'static str, target: &str, message: &str) -> Self {
        Self { level: "Warning", code, message: message.to_owned(), target: target.to_owned() }
    }
}

/// The result of a what-if.
#[derive(Clone, Debug, Default)]
pub struct WhatIf {
    /// What happens to each resource: the template's in its order, then the rest by id.
    pub changes: Vec<Change>,
    /// What happens to resources whose condition only the running deployment knows.
    pub potential_changes: Vec<Change>,
    /// Remarks.
    pub diagnostics: Vec<WhatIfNote>,
}

impl WhatIf {
    /// The result as the service's REST API returns it, with `certainty` and `reason` added to each delta.
    pub fn to_json(&self) -> Json {
        json!({
            "status": "Succeeded",
            "properties": {
                "changes": self.changes,
                "potentialChanges": self.potential_changes,
                "diagnostics": self.diagnostics,
            },
        })
    }
}
