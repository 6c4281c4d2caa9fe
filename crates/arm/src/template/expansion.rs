//! The result of expanding a template.

use std::collections::BTreeMap;
use std::sync::Arc;

use azimuth_diag::{Diagnostic, Severity};
use serde::Serialize;

use crate::origin::{Origin, OriginId, Origins};
use crate::value::{Kind, Reason, Value};

/// What a template comes to: concrete resources in the order written, with nested deployments in place.
#[derive(Clone, Debug)]
pub struct Expansion {
    /// The resources. Those marked `existing` are only referred to; [`Expansion::deployed`] leaves them out.
    pub resources: Vec<ExpandedResource>,
    /// Resources whose condition is false, with their bodies left unexpanded.
    pub skipped: Vec<ExpandedResource>,
    /// Nested and linked deployments whose resources are in `resources`.
    pub deployments: Vec<ExpandedDeployment>,
    /// The outputs of the template itself.
    pub outputs: Vec<Output>,
    /// What is wrong or doubtful. An error cannot be avoided by other values; see [`Expansion::refusals`].
    pub diagnostics: Vec<Diagnostic>,
    /// How many of the warnings say that the deployment service would refuse the values given. None if
    /// [`crate::Context::is_strict`]: they are errors then.
    pub refusals: usize,
    /// Positions in `resources` that can be deployed together, wave by wave; empty if there is a circle.
    pub waves: Vec<Vec<usize>>,
    /// Where the values in `resources` and `outputs` come from.
    pub origins: Origins,
}

/// One concrete resource.
#[derive(Clone, Debug)]
pub struct ExpandedResource {
    /// Its id; symbolic parts stand as expressions in brackets (see `is_id_resolved`).
    pub id: String,
    /// Its full type.
    pub resource_type: String,
    /// Its full name, parents included.
    pub name: String,
    /// The api-version that it is deployed with.
    pub api_version: String,
    /// The id of the scope or resource that it is deployed to or extends.
    pub scope: String,
    /// The name by which its template knows it, in templates with symbolic names.
    pub symbolic_name: Option<String>,
    /// Whether `id` is a real id.
    pub is_id_resolved: bool,
    /// The condition, if only the running deployment knows it.
    pub condition: Option<Value>,
    /// Whether the template only refers to it.
    pub existing: bool,
    /// The extension it belongs to, if it is not a resource of Azure's.
    pub extension: Option<String>,
    /// Ids of the resources and deployments that must be there before.
    pub depends_on: Vec<Arc<str>>,
    /// The body: `id`, `type`, `name`, `apiVersion` and everything that the resource provider is sent.
    pub body: Value,
}

/// One nested or linked deployment.
#[derive(Clone, Debug)]
pub struct ExpandedDeployment {
    /// Its id.
    pub id: String,
    /// The id of the scope that its template is deployed to.
    pub scope: String,
    /// Ids of the resources and deployments that must be there before.
    pub depends_on: Vec<Arc<str>>,
    /// Positions in [`Expansion::resources`] of its own resources, deeper ones included.
    pub resources: std::ops::Range<usize>,
}

/// One output.
#[derive(Clone, Debug)]
pub struct Output {
    /// Its name.
    pub name: String,
    /// Its declared type.
    pub type_name: String,
    /// Its value; secret if the type is.
    pub value: Value,
}

/// A part of the result that only the running deployment knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Unresolved {
    /// The resource's id, or nothing for an output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_id: Option<String>,
    /// JSON pointer into the body, or into the outputs by name.
    pub pointer: String,
    /// The expression, with everything knowable in it resolved.
    pub expression: String,
    /// Why it is not known.
    pub reason: String,
}

impl Expansion {
    /// The resources that the template deploys.
    pub fn deployed(&self) -> impl Iterator<Item = &ExpandedResource> {
        self.resources.iter().filter(|resource| !resource.existing)
    }

    /// Whether the template cannot be expanded: it is wrong whatever values it is given, or its input is.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// Whether the deployment service would refuse the template, or these values for it.
    pub fn is_refused(&self) -> bool {
        self.refusals > 0 || self.has_errors()
    }

    /// The output `name`, in any letter case.
    pub fn output(&self, name: &str) -> Option<&Output> {
        self.outputs.iter().find(|output| azimuth_ids::eq_fold(&output.name, name))
    }

    /// Everything in resources and outputs that only the running deployment knows.
    pub fn unresolved(&self) -> Vec<Unresolved> {
        let mut out = Vec::new();
        for resource in self.deployed() {
            walk(&resource.body, &mut String::new(), &mut |pointer, value| {
                out.extend(unresolved(Some(&resource.id), pointer, value));
            });
        }
        for output in &self.outputs {
            let mut pointer = format!("/{}", escaped(&output.name));
            walk(&output.value, &mut pointer, &mut |pointer, value| {
                out.extend(unresolved(None, pointer, value));
            });
        }
        out
    }

    /// Where the value at a JSON pointer into the body of `resource` comes from.
    pub fn origin(&self, resource: &ExpandedResource, pointer: &str) -> Option<Origin> {
        let mut outer: Vec<OriginId> = Vec::new();
        let mut value = &resource.body;
        if !pointer.is_empty() {
            for segment in pointer.strip_prefix('/')?.split('/') {
                outer.push(value.origin());
                let name = segment.replace("~1", "/").replace("~0", "~");
                value = match value.kind() {
                    Kind::Object(object) => object.get(&name)?,
                    Kind::Array(items) => items.get(name.parse::<usize>().ok()?)?,
                    _ => return None,
                };
            }
        }
        self.origins.resolve(&outer, value.origin())
    }

    /// The origins of all values in the body of `resource`, by JSON pointer.
    pub fn origin_map(&self, resource: &ExpandedResource) -> BTreeMap<String, Origin> {
        let mut out = BTreeMap::new();
        self.collect_origins(&resource.body, &mut String::new(), &mut Vec::new(), &mut out);
        out
    }

    fn collect_origins(
        &self,
        value: &Value,
        pointer: &mut String,
        outer: &mut Vec<OriginId>,
        out: &mut BTreeMap<String, Origin>,
    ) {
        if let Some(origin) = self.origins.resolve(outer, value.origin()) {
            out.insert(pointer.clone(), origin);
        }
        outer.push(value.origin());
        let length = pointer.len();
        match value.kind() {
            Kind::Object(object) => {
                for (name, member) in object.iter() {
                    pointer.push('/');
                    pointer.push_str(&escaped(name));
                    self.collect_origins(member, pointer, outer, out);
                    pointer.truncate(length);
                }
            }
            Kind::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    pointer.push_str(&format!("/{index}"));
                    self.collect_origins(item, pointer, outer, out);
                    pointer.truncate(length);
                }
            }
            _ => {}
        }
        outer.pop();
    }

    /// The outputs as the deployment service shows them: `{name: {type, value}}`, secrets redacted.
    pub fn outputs_json(&self) -> serde_json::Value {
        let members = self.outputs.iter().map(|output| {
            let entry = serde_json::json!({ "type": output.type_name, "value": output.value.to_json() });
            (output.name.clone(), entry)
        });
        serde_json::Value::Object(members.collect())
    }
}

fn unresolved(resource_id: Option<&str>, pointer: &str, value: &Value) -> Option<Unresolved> {
    let symbolic = value.as_symbolic()?;
    if *symbolic.reason() == Reason::Error {
        return None;
    }
    Some(Unresolved {
        resource_id: resource_id.map(str::to_owned),
        pointer: pointer.to_owned(),
        expression: symbolic.to_string(),
        reason: symbolic.reason().to_string(),
    })
}

/// A name as a segment of a JSON pointer.
pub(crate) fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Visits the symbolic parts of a value.
fn walk(value: &Value, pointer: &mut String, visit: &mut dyn FnMut(&str, &Value)) {
    if !value.has_symbolic() {
        return;
    }
    let length = pointer.len();
    match value.kind() {
        Kind::Symbolic(_) => visit(pointer, value),
        Kind::Object(object) => {
            for (name, member) in object.iter() {
                pointer.push('/');
                pointer.push_str(&escaped(name));
                walk(member, pointer, visit);
                pointer.truncate(length);
            }
        }
        Kind::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                pointer.push_str(&format!("/{index}"));
                walk(item, pointer, visit);
                pointer.truncate(length);
            }
        }
        _ => {}
    }
}
