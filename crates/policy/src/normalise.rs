//! The flattened form of a resource that aliases address, and back.
//!
//! In the flattened form `properties` is gone, on the resource and on the members of sub-resource arrays, names are in
//! lower case, and every alias without its type is a path into it. The engine itself does not build this form (see
//! [`crate::Slots`]); it is for people and tools that want to see what an alias sees.

use hashbrown::HashMap;
use serde_json::{Map, Value};

use crate::catalogue::Catalogue;
use crate::fold::fold;
use crate::path::{Path, Step};

/// Members that stand on the resource itself, as Resource Manager spells them.
const ENVELOPE: &[&str] = &[
    "name",
    "type",
    "location",
    "kind",
    "id",
    "tags",
    "identity",
    "sku",
    "plan",
    "zones",
    "managedBy",
    "etag",
    "apiVersion",
    "fullName",
    "systemData",
    "extendedLocation",
];

/// Members of envelope objects whose spelling is known.
const ENVELOPE_PARTS: &[&str] = &[
    "principalId",
    "tenantId",
    "clientId",
    "userAssignedIdentities",
    "createdBy",
    "createdByType",
    "createdAt",
    "lastModifiedBy",
    "lastModifiedByType",
    "lastModifiedAt",
    "promotionCode",
];

/// Prefix of a property whose name the envelope takes.
const COLLISION: &str = "_p_";

/// The flattened form. A value that is no object stays as it is.
pub fn normalize(resource: &Value, catalogue: &Catalogue, api_version: Option<&str>) -> Value {
    let Value::Object(members) = resource else { return resource.clone() };
    let mapping = Mapping::new(resource, catalogue, api_version);
    let mut out = Map::new();
    for (name, value) in members.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("properties")) {
        let name = fold(name);
        let value = if name == "tags" { value.clone() } else { lower_names(value) };
        out.insert(name, value);
    }
    let properties =
        members.iter().find(|(name, _)| name.eq_ignore_ascii_case("properties")).map(|(_, value)| value);
    for (name, value) in properties.and_then(Value::as_object).into_iter().flatten() {
        let mut name = fold(name);
        if out.contains_key(&name) {
            let is_alias = mapping.aliases.iter().any(|alias| alias.short == [key(&name)]);
            if !is_alias {
                continue;
            }
            name = format!("{COLLISION}{name}");
        }
        out.insert(name, lower_names(value));
    }
    let mut out = Value::Object(out);
    for array in &mapping.sub_resources {
        each_member(&mut out, array, &mut |member| lift_properties(member));
    }
    for alias in mapping.aliases.iter().filter(|alias| alias.short != alias.flat) {
        rename(&mut out, &alias.flat, &alias.short, true);
    }
    out
}

/// The resource whose flattened form this is. A value that is no object stays as it is.
pub fn denormalize(normalized: &Value, catalogue: &Catalogue, api_version: Option<&str>) -> Value {
    let Value::Object(members) = normalized else { return normalized.clone() };
    let mapping = Mapping::new(normalized, catalogue, api_version);
    let mut flat = Value::Object(
        members
            .iter()
            .map(|(name, value)| {
                let name = fold(name);
                let value = if name == "tags" { value.clone() } else { lower_names(value) };
                (name, value)
            })
            .collect(),
    );
    for alias in mapping.aliases.iter().filter(|alias| alias.short != alias.flat) {
        rename(&mut flat, &alias.short, &alias.flat, false);
    }
    for array in mapping.sub_resources.iter().rev() {
        let roots = mapping.member_roots(array);
        each_member(&mut flat, array, &mut |member| sink_properties(member, &roots));
    }
    let mut root = Map::new();
    let mut properties = Map::new();
    let Value::Object(flat) = flat else { return normalized.clone() };
    for (name, value) in flat {
        let envelope = ENVELOPE.iter().find(|known| known.eq_ignore_ascii_case(&name));
        if let Some(name) = name.strip_prefix(COLLISION) {
            properties.insert(mapping.spelling(name), mapping.respell(&value));
        } else if let Some(known) = envelope {
            let value = if *known == "tags" { value } else { respell_envelope(&value) };
            root.insert((*known).to_owned(), value);
        } else {
            properties.insert(mapping.spelling(&name), mapping.respell(&value));
        }
    }
    if mapping.is_data_plane {
        root.extend(properties);
    } else if !properties.is_empty() {
        root.insert("properties".to_owned(), Value::Object(properties));
    }
    Value::Object(root)
}

/// What the aliases of a type say about both forms.
struct Mapping {
    aliases: Vec<Names>,
    /// Arrays whose members have `properties`, in the flattened form, outer ones first.
    sub_resources: Vec<Vec<Step>>,
    /// Lower case → as the paths spell it.
    spellings: HashMap<String, String>,
    is_data_plane: bool,
}

/// One alias: its own path without the type, and its place without `properties`; both in lower case.
struct Names {
    short: Vec<Step>,
    flat: Vec<Step>,
    /// The place as it is.
    path: Path,
}

fn key(name: &str) -> Step {
    Step::Key(name.into())
}

fn lower(steps: &[Step]) -> Vec<Step> {
    let lower = |step: &Step| match step {
        Step::Key(name) => key(&fold(name)),
        other => other.clone(),
    };
    steps.iter().map(lower).collect()
}

impl Mapping {
    fn new(resource: &Value, catalogue: &Catalogue, api_version: Option<&str>) -> Self {
        let members = resource.as_object();
        let name = members.and_then(|members| {
            members
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case("type"))
                .and_then(|(_, value)| value.as_str())
        });
        let resource_type = fold(name.unwrap_or_default());
        let is_data_plane =
            resource_type.split('/').next().is_some_and(|namespace| namespace.ends_with(".data"));
        let mut aliases = Vec::new();
        let mut spellings = HashMap::new();
        for alias in catalogue.aliases_of(&resource_type) {
            let Some(short) = alias.name.get(resource_type.len() + 1..) else { continue };
            let short = Path::parse(short);
            let path = alias.place(api_version).path;
            for step in path.steps().iter().chain(short.steps()) {
                if let Step::Key(name) = step {
                    spellings.entry(fold(name)).or_insert_with(|| name.to_string());
                }
            }
            let flat = lower(&without_properties(path.steps()));
            aliases.push(Names { short: lower(short.steps()), flat, path });
        }
        aliases.sort_by_key(|alias| alias.flat.len());
        let mut sub_resources: Vec<Vec<Step>> = Vec::new();
        for alias in &aliases {
            let steps = alias.path.steps();
            for at in 0..steps.len() {
                let is_wrapped = steps[at] == Step::Each && steps.get(at + 1) == Some(&key("properties"));
                let array = lower(&without_properties(&steps[..=at]));
                if is_wrapped && !sub_resources.contains(&array) {
                    sub_resources.push(array);
                }
            }
        }
        sub_resources.sort_by_key(Vec::len);
        Self { aliases, sub_resources, spellings, is_data_plane }
    }

    /// Members of a sub-resource that stand beside its `properties`.
    fn member_roots(&self, array: &[Step]) -> Vec<String> {
        let mut roots = Vec::new();
        for alias in &self.aliases {
            let steps = alias.path.steps();
            for at in 0..steps.len() {
                if steps[at] != Step::Each || lower(&without_properties(&steps[..=at])) != array {
                    continue;
                }
                if let Some(Step::Key(name)) = steps.get(at + 1)
                    && !name.eq_ignore_ascii_case("properties")
                {
                    roots.push(fold(name));
                }
            }
        }
        roots
    }

    fn spelling(&self, name: &str) -> String {
        self.spellings.get(name).cloned().unwrap_or_else(|| name.to_owned())
    }

    fn respell(&self, value: &Value) -> Value {
        match value {
            Value::Object(members) => Value::Object(
                members.iter().map(|(name, value)| (self.spelling(name), self.respell(value))).collect(),
            ),
            Value::Array(items) => Value::Array(items.iter().map(|item| self.respell(item)).collect()),
            other => other.clone(),
        }
    }
}

fn respell_envelope(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let respell = |(name, value): (&String, &Value)| {
                let known = ENVELOPE_PARTS.iter().find(|known| known.eq_ignore_ascii_case(name));
                let is_map = name.eq_ignore_ascii_case("userAssignedIdentities");
                let value = if is_map { value.clone() } else { respell_envelope(value) };
                (known.map_or_else(|| name.clone(), |known| (*known).to_owned()), value)
            };
            Value::Object(members.iter().map(respell).collect())
        }
        other => other.clone(),
    }
}

/// A path without `properties` at the root and on members of arrays.
fn without_properties(steps: &[Step]) -> Vec<Step> {
    let mut out: Vec<Step> = Vec::with_capacity(steps.len());
    let mut is_start = true;
    for step in steps {
        let is_wrapper =
            is_start && matches!(step, Step::Key(name) if name.eq_ignore_ascii_case("properties"));
        if !is_wrapper {
            out.push(step.clone());
        }
        is_start = *step == Step::Each;
    }
    out
}

fn lower_names(value: &Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(
            members
                .iter()
                .map(|(name, value)| {
                    let is_map = name.eq_ignore_ascii_case("userAssignedIdentities");
                    (fold(name), if is_map { value.clone() } else { lower_names(value) })
                })
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.iter().map(lower_names).collect()),
        other => other.clone(),
    }
}

/// Visits what the steps lead to, every member for `[*]`.
fn each_member(value: &mut Value, steps: &[Step], visit: &mut dyn FnMut(&mut Value)) {
    match steps.split_first() {
        None => visit(value),
        Some((Step::Each, rest)) => {
            for item in value.as_array_mut().into_iter().flatten() {
                each_member(item, rest, visit);
            }
        }
        Some((Step::Key(name), rest)) => {
            if let Some(member) = value.get_mut(&**name) {
                each_member(member, rest, visit);
            }
        }
        Some((Step::Index(_) | Step::Nowhere, _)) => {}
    }
}

fn lift_properties(member: &mut Value) {
    let Value::Object(members) = member else { return };
    let Some(Value::Object(inner)) = members.remove("properties") else { return };
    for (name, value) in inner {
        members.entry(name).or_insert(value);
    }
}

fn sink_properties(member: &mut Value, roots: &[String]) {
    let Value::Object(members) = member else { return };
    let (mut outer, mut inner) = (Map::new(), Map::new());
    for (name, value) in std::mem::take(members) {
        if roots.contains(&name) {
            outer.insert(name, value)
        } else {
            inner.insert(name, value)
        };
    }
    if !inner.is_empty() {
        outer.insert("properties".to_owned(), Value::Object(inner));
    }
    *members = outer;
}

/// Gives the value at `from` the name `to`. Arrays on the way are renamed as a whole; with `keeps` a plain value stays
/// under its old name as well.
fn rename(value: &mut Value, from: &[Step], to: &[Step], keeps: bool) {
    let split = |steps: &[Step]| steps.iter().position(|step| *step == Step::Each);
    match (split(from), split(to)) {
        (Some(left), Some(right)) => {
            if from[..left] != to[..right]
                && let Some(array) = take(value, &from[..left])
            {
                put(value, &to[..right], array);
            }
            let (rest_from, rest_to) = (&from[left + 1..], &to[right + 1..]);
            if rest_from != rest_to {
                each_member(value, &to[..=right], &mut |member| rename(member, rest_from, rest_to, false));
            }
        }
        (None, None) => {
            let found = if keeps { look(value, from).cloned() } else { take(value, from) };
            if let Some(found) = found {
                put(value, to, found);
            }
        }
        _ => {}
    }
}

fn look<'a>(value: &'a Value, steps: &[Step]) -> Option<&'a Value> {
    steps.iter().try_fold(value, |value, step| match step {
        Step::Key(name) => value.get(&**name),
        _ => None,
    })
}

fn take(value: &mut Value, steps: &[Step]) -> Option<Value> {
    let (last, outer) = steps.split_last()?;
    let Step::Key(last) = last else { return None };
    let mut current = value;
    for step in outer {
        let Step::Key(name) = step else { return None };
        current = current.get_mut(&**name)?;
    }
    current.as_object_mut()?.remove(&**last)
}

fn put(value: &mut Value, steps: &[Step], new: Value) {
    let Some((last, outer)) = steps.split_last() else { return };
    let Step::Key(last) = last else { return };
    let mut current = value;
    for step in outer {
        let (Step::Key(name), Value::Object(members)) = (step, current) else { return };
        current = members.entry(&**name).or_insert_with(|| Value::Object(Map::new()));
    }
    if let Value::Object(members) = current {
        members.insert(last.to_string(), new);
    }
}
