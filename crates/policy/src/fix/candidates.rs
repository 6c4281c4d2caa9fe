//! Changes that may turn a comparison.
//!
//! For every field that the conditions of a policy look at there is a domain: values under which some comparison of that field
//! holds or does not, and values that its parameters allow. A change sets the field to a value of its domain, removes it,
//! or, where the field goes through an array, does so for one member, removes a member, or adds one.

use azimuth_arm::{ExpressionKind, Value};
use hashbrown::HashMap;
use serde_json::{Map, Value as Json};

use super::edit::{Change, Edit, Segment};
use super::values::{Candidate, values};
use crate::catalogue::Catalogue;
use crate::compile::Policy;
use crate::definition::{Condition, Leaf, Left, Operator, Over};
use crate::evaluate::constant_template;
use crate::field::{self, Special};
use crate::fold::{eq, fold};
use crate::path::{Path, Step};
use crate::template::{Template, for_each_call};

/// Members of an array that are looked at one by one.
const MAX_MEMBERS: usize = 12;
/// Values tried for one field.
const MAX_VALUES: usize = 32;

/// A possible change and how far-fetched it is.
#[derive(Clone, Debug)]
pub(crate) struct Proposal {
    pub(crate) edit: Edit,
    pub(crate) cost: u32,
}

/// What is known of a resource while changes are thought of.
pub(crate) struct Subject<'a> {
    pub(crate) catalogue: &'a Catalogue,
    /// Folded.
    pub(crate) resource_type: &'a str,
    pub(crate) api_version: Option<&'a str>,
    /// Top-level members that stay as they are, in lower case.
    pub(crate) frozen: &'a [&'a str],
}

/// Values for every field of some policies.
#[derive(Debug, Default)]
pub(crate) struct Domains {
    /// Folded field → operator, right side.
    comparisons: HashMap<String, Vec<(Operator, Value)>>,
    /// Folded field → values that a parameter allows.
    allowed: HashMap<String, Vec<Value>>,
}

impl Domains {
    /// Takes in the comparisons of a policy.
    pub(crate) fn add(&mut self, policy: &Policy) {
        policy.definition().rule.condition.for_each_leaf(&mut |leaf| {
            let fields = match &leaf.left {
                Left::Field(name) => field_name(name, policy).into_iter().collect(),
                Left::Value(value) => field_calls(value),
                Left::Count(_) => Vec::new(),
            };
            for name in fields {
                self.take(&name, leaf, policy);
            }
            // `count` over a known list that compares a field with `current()`.
            if let Left::Count(count) = &leaf.left
                && let (Over::Value { value, .. }, Some(condition)) = (&count.over, &count.condition)
                && let Some(items) = constant_template(value, policy)
            {
                condition.for_each_leaf(&mut |inner| {
                    if let Left::Field(name) = &inner.left
                        && inner.right.known().is_none()
                        && let Some(name) = field_name(name, policy)
                    {
                        let known = self.comparisons.entry(fold(name.trim())).or_default();
                        let items = items.as_array().unwrap_or_default().iter().take(MAX_VALUES);
                        known.extend(items.map(|item| (inner.operator, item.clone())));
                    }
                });
            }
        });
    }

    fn take(&mut self, name: &str, leaf: &Leaf, policy: &Policy) {
        if let Some(wanted) = constant_template(&leaf.right, policy) {
            self.comparisons.entry(fold(name.trim())).or_default().push((leaf.operator, wanted));
        }
        if let Some(parameter) = parameter_name(&leaf.right)
            && let Some(parameter) = policy.definition().parameters.get(&parameter)
            && let Some(allowed) = &parameter.allowed
        {
            self.allowed.entry(fold(name.trim())).or_default().extend(allowed.iter().cloned());
        }
    }

    /// Values worth trying for a field where `seen` stands.
    fn of(&self, name: &str, seen: Option<&Json>) -> Vec<Candidate> {
        let folded = fold(name.trim());
        let mut out: Vec<Candidate> = Vec::new();
        for (operator, wanted) in self.comparisons.get(&folded).into_iter().flatten() {
            for truth in [true, false] {
                for candidate in values(*operator, wanted, truth, seen) {
                    merge(&mut out, candidate);
                }
            }
        }
        for value in self.allowed.get(&folded).into_iter().flatten() {
            let items = value.as_array().unwrap_or(std::slice::from_ref(value));
            for item in items {
                merge(&mut out, Candidate { value: super::json_of(item), cost: 0 });
            }
        }
        if let Some(Json::Bool(truth)) = seen {
            merge(&mut out, Candidate { value: Json::Bool(!truth), cost: 1 });
        }
        out.sort_by_key(|candidate| candidate.cost);
        out.truncate(MAX_VALUES);
        out
    }
}

fn merge(out: &mut Vec<Candidate>, candidate: Candidate) {
    match out.iter_mut().find(|known| known.value == candidate.value) {
        Some(known) => known.cost = known.cost.min(candidate.cost),
        None => out.push(candidate),
    }
}

/// The name of a field, if it depends on parameters only.
fn field_name(template: &Template, policy: &Policy) -> Option<String> {
    constant_template(template, policy).and_then(|value| value.as_str().map(str::to_owned))
}

/// `x` of `[parameters('x')]`.
fn parameter_name(template: &Template) -> Option<String> {
    let Template::Expression(expression) = template else { return None };
    let ExpressionKind::Call(call) = &expression.kind else { return None };
    match call.arguments.first().map(|argument| &argument.kind) {
        Some(ExpressionKind::Literal(name)) if &*call.key == "parameters" => name.as_str().map(str::to_owned),
        _ => None,
    }
}

/// Fields that expressions ask for by a literal name.
pub(crate) fn field_calls(template: &Template) -> Vec<String> {
    let mut names = Vec::new();
    template.for_each_expression(&mut |expression| {
        for_each_call(expression, &mut |call| {
            if let ("field" | "current", Some(ExpressionKind::Literal(name))) =
                (&*call.key, call.arguments.first().map(|argument| &argument.kind))
                && let Some(name) = name.as_str()
            {
                names.push(name.to_owned());
            }
        });
    });
    names
}

/// The comparison at a JSON path of a condition.
pub(crate) fn leaf_at<'a>(condition: &'a Condition, path: &str) -> Option<&'a Leaf> {
    let mut found = None;
    condition.for_each_leaf(&mut |leaf| {
        if leaf.path == path {
            found = Some(leaf);
        }
    });
    found
}

/// Changes that touch what a comparison looks at.
pub(crate) fn proposals(
    leaf: &Leaf,
    policy: &Policy,
    domains: &Domains,
    resource: &Json,
    subject: &Subject<'_>,
) -> Vec<Proposal> {
    let mut out = Vec::new();
    let mut fields: Vec<String> = field_calls(&leaf.right);
    match &leaf.left {
        Left::Field(name) => fields.extend(field_name(name, policy)),
        Left::Value(value) => fields.extend(field_calls(value)),
        Left::Count(count) => {
            if let Some(condition) = &count.condition {
                condition.for_each_leaf(&mut |inner| {
                    fields.extend(field_calls(&inner.right));
                    match &inner.left {
                        Left::Field(name) => fields.extend(field_name(name, policy)),
                        Left::Value(value) => fields.extend(field_calls(value)),
                        Left::Count(_) => {}
                    }
                });
            }
            if let Over::Field(name) = &count.over
                && let Some(name) = field_name(name, policy)
            {
                members(&name, count.condition.as_ref(), policy, domains, resource, subject, &mut out);
            }
        }
    }
    fields.sort();
    fields.dedup_by(|a, b| eq(a, b));
    for name in fields {
        of_field(&name, domains, resource, subject, &mut out);
    }
    out
}

/// The path of a field that may change.
fn path_of(name: &str, subject: &Subject<'_>) -> Option<Path> {
    let field = field::resolve(name, subject.catalogue, Some(subject.resource_type), subject.api_version)?;
    let first = match field.path.steps().first() {
        Some(Step::Key(key)) => key.to_ascii_lowercase(),
        _ => return None,
    };
    let is_frozen = field.special != Special::No || subject.frozen.contains(&&*first);
    (!is_frozen && !field.path.is_irregular()).then_some(field.path)
}

fn of_field(name: &str, domains: &Domains, resource: &Json, subject: &Subject<'_>, out: &mut Vec<Proposal>) {
    let Some(path) = path_of(name, subject) else { return };
    let mut places = Vec::new();
    expand(resource, path.steps(), Vec::new(), &mut places);
    for (place, seen) in &places {
        for candidate in domains.of(name, *seen) {
            if *seen != Some(&candidate.value) {
                out.push(proposal(place.clone(), Change::Set(candidate.value), name, candidate.cost));
            }
        }
        if seen.is_some_and(|seen| !seen.is_null()) {
            let is_item = matches!(place.last(), Some(Segment::Index(_)));
            out.push(proposal(place.clone(), Change::Remove, name, if is_item { 3 } else { 2 }));
        }
    }
    // Members of the innermost array: one may go, one may come.
    if let Some(at) = path.steps().iter().rposition(|step| *step == Step::Each) {
        let (outer, inner) = (&path.steps()[..at], &path.steps()[at + 1..]);
        let mut arrays = Vec::new();
        expand(resource, outer, Vec::new(), &mut arrays);
        for (place, seen) in arrays {
            let count = seen.and_then(Json::as_array).map_or(0, Vec::len);
            if !inner.is_empty() {
                removals(&place, count, name, out);
            }
            for candidate in domains.of(name, None).into_iter().take(MAX_MEMBERS) {
                let Some(item) = item_of(inner, candidate.value) else { continue };
                out.push(proposal(place.clone(), Change::Append(item), name, candidate.cost + 3));
            }
            if seen.is_some() {
                out.push(proposal(place, Change::Remove, name, 6));
            }
        }
    }
}

fn removals(array: &[Segment], count: usize, name: &str, out: &mut Vec<Proposal>) {
    for at in 0..count.min(MAX_MEMBERS) {
        let mut place = array.to_vec();
        place.push(Segment::Index(at));
        out.push(proposal(place, Change::Remove, name, 3));
    }
}

fn proposal(place: Vec<Segment>, change: Change, field: &str, cost: u32) -> Proposal {
    Proposal { edit: Edit { place, change, field: field.to_owned() }, cost }
}

/// A member with a value at the end of a path.
fn item_of(steps: &[Step], value: Json) -> Option<Json> {
    match steps.split_first() {
        None => Some(value),
        Some((Step::Key(key), rest)) => {
            let mut members = Map::new();
            members.insert(key.to_string(), item_of(rest, value)?);
            Some(Json::Object(members))
        }
        Some((Step::Each, rest)) => Some(Json::Array(vec![item_of(rest, value)?])),
        Some((Step::Index(_) | Step::Nowhere, _)) => None,
    }
}

/// Members of the array of a count: each may go, and one may come that meets the condition, or one that does not.
fn members(
    name: &str,
    condition: Option<&Condition>,
    policy: &Policy,
    domains: &Domains,
    resource: &Json,
    subject: &Subject<'_>,
    out: &mut Vec<Proposal>,
) {
    let Some(path) = path_of(name, subject) else { return };
    let Some((Step::Each, outer)) = path.steps().split_last() else { return };
    let mut arrays = Vec::new();
    expand(resource, outer, Vec::new(), &mut arrays);
    let mut items: Vec<(Json, u32)> = Vec::new();
    for truth in [true, false] {
        let Some(condition) = condition else { continue };
        let mut wanted = Vec::new();
        witness(condition, truth, policy, domains, &mut wanted);
        let mut item = Json::Object(Map::new());
        let mut is_whole = true;
        for (field, value) in wanted {
            let place = path_of(&field, subject);
            let rest = place.as_ref().and_then(|place| place.after(&path));
            match rest.map(|rest| (rest.is_empty(), to_segments(rest))) {
                Some((true, _)) => item = value,
                Some((false, Some(place))) => {
                    let set = Edit { place, change: Change::Set(value), field };
                    if let Some(changed) = set.apply(&item) {
                        item = changed;
                    }
                }
                _ => is_whole = false,
            }
        }
        if is_whole && item != Json::Object(Map::new()) {
            items.push((item, 4));
        }
    }
    if condition.is_none() {
        items.push((Json::Object(Map::new()), 6));
    }
    for (place, seen) in arrays {
        removals(&place, seen.and_then(Json::as_array).map_or(0, Vec::len), name, out);
        for (item, cost) in &items {
            out.push(proposal(place.clone(), Change::Append(item.clone()), name, *cost));
        }
        if seen.is_some() {
            out.push(proposal(place, Change::Remove, name, 6));
        }
    }
}

fn to_segments(steps: &[Step]) -> Option<Vec<Segment>> {
    let segments = steps.iter().map(|step| match step {
        Step::Key(key) => Some(Segment::Key(key.to_string())),
        Step::Each | Step::Index(_) | Step::Nowhere => None,
    });
    segments.collect()
}

/// Values of fields that, taken together, may make a condition have a truth; a first guess that the engine checks.
pub(crate) fn witness(
    condition: &Condition,
    truth: bool,
    policy: &Policy,
    domains: &Domains,
    out: &mut Vec<(String, Json)>,
) {
    match (condition, truth) {
        (Condition::AllOf(parts), true) | (Condition::AnyOf(parts), false) => {
            for part in parts {
                witness(part, truth, policy, domains, out);
            }
        }
        (Condition::AllOf(parts), false) | (Condition::AnyOf(parts), true) => {
            // The first part for which there is anything to set.
            for part in parts {
                let before = out.len();
                witness(part, truth, policy, domains, out);
                if out.len() > before {
                    return;
                }
            }
        }
        (Condition::Not(inner), _) => witness(inner, !truth, policy, domains, out),
        (Condition::Leaf(leaf), _) => {
            let Left::Field(name) = &leaf.left else { return };
            let (Some(name), Some(wanted)) =
                (field_name(name, policy), constant_template(&leaf.right, policy))
            else {
                return;
            };
            let mut found = values(leaf.operator, &wanted, truth, None);
            found.extend(domains.of(&name, None).into_iter().filter(|candidate| {
                let value = Value::from_json(&candidate.value);
                let prepared = crate::operator::prepare(leaf.operator, &wanted, false);
                crate::operator::test(&prepared, crate::operator::Seen::of(&value)) == Ok(truth)
            }));
            if let Some(first) = found.into_iter().next() {
                out.push((name, first.value));
            }
        }
    }
}

/// The places that a path means in a resource, with what stands there. A missing tail is one place; a missing or empty array
/// is none.
fn expand<'a>(
    value: &'a Json,
    steps: &[Step],
    place: Vec<Segment>,
    out: &mut Vec<(Vec<Segment>, Option<&'a Json>)>,
) {
    let Some((first, rest)) = steps.split_first() else {
        out.push((place, Some(value)));
        return;
    };
    match first {
        Step::Key(key) => {
            let mut place = place;
            place.push(Segment::Key(key.to_string()));
            let inner = value.as_object().and_then(|members| {
                members
                    .get(&**key)
                    .or_else(|| members.iter().find(|(name, _)| eq(name, key)).map(|(_, value)| value))
            });
            match inner.filter(|inner| !inner.is_null() || rest.is_empty()) {
                Some(inner) => expand(inner, rest, place, out),
                None => {
                    if let Some(tail) = to_segments(rest) {
                        place.extend(tail);
                        out.push((place, None));
                    }
                }
            }
        }
        Step::Each => {
            for (at, item) in value.as_array().into_iter().flatten().enumerate().take(MAX_MEMBERS) {
                let mut place = place.clone();
                place.push(Segment::Index(at));
                expand(item, rest, place, out);
            }
        }
        Step::Index(_) | Step::Nowhere => {}
    }
}
