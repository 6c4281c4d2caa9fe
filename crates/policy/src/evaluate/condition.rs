//! Evaluating compiled conditions.

use std::borrow::Cow;
use std::ops::ControlFlow;

use azimuth_arm::Value;
use hashbrown::HashMap;
use jiff::tz::Offset;

use super::{Context, Fault, Frame, FrameKind, evaluate_template};
use crate::catalogue::Catalogue;
use crate::compile::{
    CompiledCount, CompiledLeaf, CompiledLeft, CompiledOver, CompiledRight, ContextPath, FieldSlots, Glance,
    Node, Policy, SlotRef, Surrounding,
};
use crate::definition::Operator;
use crate::document::{Document, Found, Presence, Row, find};
use crate::field::{self, Special};
use crate::operator::{Complex, Seen, Test, prepare, steps, steps_once, test, test_once};
use crate::path::Path;

/// Most members of one count over a value; nested counts multiply ("value count iterations" of the service is 100, but
/// stored definitions exceed it).
const MAX_ITEMS: usize = 10_000;

/// What a condition is evaluated against.
pub(crate) struct Env<'a> {
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) policy: &'a Policy,
    pub(crate) context: &'a Context,
    /// What `field` conditions look at.
    pub(crate) subject: &'a Document<'a>,
    /// Its type, folded, and the API version that its alias paths are for.
    pub(crate) subject_type: Option<&'a str>,
    pub(crate) api_version: Option<&'a str>,
    /// The API version of the payload as the caller gave it.
    pub(crate) payload_version: Option<&'a str>,
    /// Fields that expressions ask for by name, with their slots.
    pub(crate) fields: &'a HashMap<Box<str>, FieldSlots>,
    /// What the function `field()` looks at: within an existence condition the evaluated resource, not the related one.
    pub(crate) primary: Option<&'a Env<'a>>,
}

impl<'a> Env<'a> {
    /// The document whose budget pays: that of the evaluated resource, also for looking at related ones.
    pub(crate) fn spender(&self) -> &'a Document<'a> {
        self.primary.map_or(self.subject, |primary| primary.subject)
    }

    /// `requestContext()`. In a scan, where no request has an API version, it is the newest version of the type: the newest
    /// that the catalogue knows, else the day itself, than which none is newer.
    pub(crate) fn request(&self) -> Cow<'_, Value> {
        let context = self.context;
        if context.request.as_object().is_some_and(|request| request.get("apiVersion").is_some()) {
            return Cow::Borrowed(&context.request);
        }
        let known = self.subject_type.and_then(|name| self.catalogue.newest_version(name));
        let newest =
            known.map_or_else(|| Offset::UTC.to_datetime(context.now).date().to_string(), str::to_owned);
        let mut request = context.request.as_object().cloned().unwrap_or_default();
        request.set("apiVersion".into(), Value::string(newest));
        Cow::Owned(Value::object(request))
    }

    /// What a path into the surroundings leads to, without evaluating anything; `None` if it must be evaluated.
    fn surrounding<B>(&self, path: &ContextPath, found: impl FnOnce(&Value) -> B) -> Option<B> {
        match path.root {
            Surrounding::Request => path.find(&self.request()).map(found),
            Surrounding::ResourceGroup => lenient(path, &self.context.resource_group).map(found),
            Surrounding::Subscription => lenient(path, &self.context.subscription).map(found),
        }
    }
}

/// A resource group or subscription without `managedBy` or a tag has null there: built-in definitions ask for both without
/// further ado, and do not deny every request where they are missing. What every group has, such as its location, is
/// only unknown when it is missing, and no comparison with it is decided.
fn lenient<'a>(path: &ContextPath, root: &'a Value) -> Option<&'a Value> {
    const NULL: &Value = &Value::NULL;
    root.as_object()?;
    let first = path.members.first()?;
    let may_lack = ["tags", "managedBy"].iter().any(|known| known.eq_ignore_ascii_case(first));
    path.find(root).or_else(|| may_lack.then_some(NULL))
}

/// Whether a condition holds.
pub(crate) fn holds(node: &Node, env: &Env<'_>, frames: Option<&Frame<'_>>) -> Result<bool, Fault> {
    match node {
        Node::Const(truth) => Ok(*truth),
        Node::Slot { slot, glance, test, .. } => slot_holds(*slot, *glance, test, env),
        Node::All(parts) => {
            for part in parts {
                if !part_holds(part, env, frames)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        Node::Any(parts) => {
            for part in parts {
                if part_holds(part, env, frames)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Node::Not(inner) => Ok(!holds(inner, env, frames)?),
        Node::Leaf(leaf) => leaf_holds(leaf, env, frames),
    }
}

/// As [`holds`]; the most frequent case takes no further call.
#[inline]
fn part_holds(node: &Node, env: &Env<'_>, frames: Option<&Frame<'_>>) -> Result<bool, Fault> {
    match node {
        Node::Slot { slot, glance, test, .. } => slot_holds(*slot, *glance, test, env),
        _ => holds(node, env, frames),
    }
}

#[inline]
fn slot_holds(slot: u16, glance: Glance, wanted: &Test, env: &Env<'_>) -> Result<bool, Fault> {
    let (kind, hash) = env.subject.glance(slot);
    match glance.answer(kind, hash) {
        Some(truth) => Ok(truth),
        None => tested(wanted, env.subject.seen(Row::ROOT, slot), env),
    }
}

/// Tests and pays for it.
fn tested(wanted: &Test, seen: Seen<'_>, env: &Env<'_>) -> Result<bool, Fault> {
    pay(steps(wanted, seen), env)?;
    test(wanted, seen)
}

/// As [`tested`], for a right side that is used once.
fn tested_once(
    operator: Operator,
    right: &Value,
    seen: Seen<'_>,
    is_location: bool,
    env: &Env<'_>,
) -> Result<bool, Fault> {
    pay(steps_once(right, seen), env)?;
    test_once(operator, right, seen, is_location)
}

/// Prepares what is used once, and pays for it: a list is put in order.
fn prepared_once(operator: Operator, right: &Value, is_location: bool, env: &Env<'_>) -> Result<Test, Fault> {
    pay(steps_once(right, Seen::Absent), env)?;
    Ok(prepare(operator, right, is_location))
}

/// Takes steps off the budget; a few are part of looking at a member, which is paid for already.
fn pay(steps: u64, env: &Env<'_>) -> Result<(), Fault> {
    const FREE: u64 = 16;
    if steps <= FREE { Ok(()) } else { env.spender().spend(steps) }
}

fn leaf_holds(leaf: &CompiledLeaf, env: &Env<'_>, frames: Option<&Frame<'_>>) -> Result<bool, Fault> {
    if let (CompiledRight::Dynamic { operator, template, is_location }, CompiledLeft::Slot(slots)) =
        (&leaf.right, &leaf.left)
        && slots.arrays.is_empty()
    {
        let value = evaluate_template(template, env, frames)?;
        let seen = env.subject.seen(start_row(slots, frames), slots.slot);
        return tested_once(*operator, &value, seen, *is_location, env);
    }
    if let (CompiledRight::Dynamic { operator, template, is_location }, CompiledLeft::Value(left)) =
        (&leaf.right, &leaf.left)
    {
        let right = evaluate_template(template, env, frames)?;
        let left = evaluate_template(left, env, frames)?;
        return tested_once(*operator, &right, Seen::of(&left), *is_location, env);
    }
    if let (CompiledRight::Context { path, operator, is_location, .. }, CompiledLeft::Slot(slots)) =
        (&leaf.right, &leaf.left)
        && slots.arrays.is_empty()
    {
        let seen = env.subject.seen(start_row(slots, frames), slots.slot);
        let outcome = env.surrounding(path, |value| tested_once(*operator, value, seen, *is_location, env));
        if let Some(outcome) = outcome {
            return outcome;
        }
    }
    let prepared;
    let wanted = match &leaf.right {
        CompiledRight::Ready(wanted) => wanted,
        CompiledRight::Context { path, template, operator, is_location } => {
            prepared = match env.surrounding(path, |value| prepared_once(*operator, value, *is_location, env))
            {
                Some(prepared) => prepared?,
                None => {
                    let value = evaluate_template(template, env, frames)?;
                    prepared_once(*operator, &value, *is_location, env)?
                }
            };
            &prepared
        }
        CompiledRight::Dynamic { operator, template, is_location } => {
            let value = evaluate_template(template, env, frames)?;
            prepared = prepared_once(*operator, &value, *is_location, env)?;
            &prepared
        }
    };
    match &leaf.left {
        CompiledLeft::Slot(slots) => slots_hold(slots, wanted, env, frames),
        CompiledLeft::Tree(path) => found_holds(&find_bound(path, env, frames), wanted, env),
        CompiledLeft::Special(special) => {
            let text = special_text(*special, env);
            test(wanted, text.as_deref().map_or(Seen::Absent, Seen::text))
        }
        CompiledLeft::Absent => test(wanted, Seen::Absent),
        CompiledLeft::Dynamic(name) => {
            let name = evaluate_template(name, env, frames)?;
            let Some(name) = name.as_str() else {
                return Err(Fault::new(format!("a field is named by a string, not {}", name.type_name())));
            };
            match field::resolve(name, env.catalogue, env.subject_type, env.api_version) {
                Some(field) if field.special != Special::No => {
                    let text = special_text(field.special, env);
                    test(wanted, text.as_deref().map_or(Seen::Absent, Seen::text))
                }
                Some(field) => found_holds(&find_bound(&field.path, env, frames), wanted, env),
                None => test(wanted, Seen::Absent),
            }
        }
        CompiledLeft::Value(value) => {
            let value = evaluate_template(value, env, frames)?;
            tested(wanted, Seen::of(&value), env)
        }
        CompiledLeft::FieldValue(slot) => {
            // What the function yields for nothing is the empty text.
            let seen = match env.subject.seen(Row::ROOT, *slot) {
                Seen::Absent => Seen::text(""),
                seen => seen,
            };
            tested(wanted, seen, env)
        }
        CompiledLeft::Context(path, template) => {
            match env.surrounding(path, |value| tested(wanted, Seen::of(value), env)) {
                Some(outcome) => outcome,
                None => tested(wanted, Seen::of(&evaluate_template(template, env, frames)?), env),
            }
        }
        CompiledLeft::Count(count) => {
            let number = count_members(count, env, frames)?;
            test(wanted, Seen::Number(number as f64))
        }
    }
}

/// The row that the first slot of `slots` belongs to.
fn start_row(slots: &SlotRef, frames: Option<&Frame<'_>>) -> Row {
    let Some(climb) = slots.climb else { return Row::ROOT };
    let mut frame = frames;
    for _ in 0..climb {
        frame = frame.and_then(|frame| frame.parent);
    }
    match frame.map(|frame| &frame.kind) {
        Some(FrameKind::Row { row, .. }) => *row,
        _ => Row::ROOT,
    }
}

fn slots_hold(
    slots: &SlotRef,
    wanted: &Test,
    env: &Env<'_>,
    frames: Option<&Frame<'_>>,
) -> Result<bool, Fault> {
    let row = start_row(slots, frames);
    if slots.arrays.is_empty() {
        return tested(wanted, env.subject.seen(row, slots.slot), env);
    }
    // Every member has to meet the condition; an absent array counts as one member that is not there.
    let mut rows = 0;
    let outcome = env.subject.each_row(row, &slots.arrays, &mut |row| {
        rows += 1;
        match tested(wanted, env.subject.seen(row, slots.slot), env) {
            Ok(true) => ControlFlow::Continue(()),
            other => ControlFlow::Break(other),
        }
    });
    if frames.is_some() {
        env.spender().spend(rows)?;
    }
    match outcome {
        ControlFlow::Break(outcome) => outcome,
        ControlFlow::Continue(Presence::Whole) => Ok(true),
        ControlFlow::Continue(Presence::Partial | Presence::Missing) => test(wanted, Seen::Absent),
    }
}

fn found_holds(found: &Found, wanted: &Test, env: &Env<'_>) -> Result<bool, Fault> {
    match found {
        Found::One(value) => tested(wanted, value.as_ref().map_or(Seen::Absent, Seen::of), env),
        Found::Many { members, is_whole } => {
            for member in members {
                if !tested(wanted, member.as_ref().map_or(Seen::Absent, Seen::of), env)? {
                    return Ok(false);
                }
            }
            if *is_whole { Ok(true) } else { test(wanted, Seen::Absent) }
        }
    }
}

/// What stands at a path, seen from the innermost count over one of its arrays.
pub(crate) fn find_bound(path: &Path, env: &Env<'_>, frames: Option<&Frame<'_>>) -> Found {
    let mut frame = frames;
    while let Some(current) = frame {
        if let Some(array) = current.path()
            && let Some(rest) = path.after(array)
        {
            return paid(find(&current.value(env.subject), rest), env);
        }
        frame = current.parent;
    }
    paid(find(env.subject.tree(), path.steps()), env)
}

/// Takes what has been found off the budget. If nothing is left, whoever takes the next step notices.
fn paid(found: Found, env: &Env<'_>) -> Found {
    if let Found::Many { members, .. } = &found {
        let _ = env.spender().spend(members.len() as u64);
    }
    found
}

/// The text of a field that is more than a place in the JSON.
pub(crate) fn special_text(special: Special, env: &Env<'_>) -> Option<String> {
    match special {
        Special::No => None,
        Special::FullName => full_name(env),
        Special::ApiVersion => {
            let tree = env.subject.tree();
            let written = tree.get("apiVersion").and_then(|value| value.as_str().map(str::to_owned));
            written.or_else(|| env.payload_version.map(str::to_owned))
        }
    }
}

/// `parent/child`: from the id if there is one, else the name as it stands in the resource.
fn full_name(env: &Env<'_>) -> Option<String> {
    let tree = env.subject.tree();
    let text = |name: &str| tree.get(name).and_then(|value| value.as_str().map(str::to_owned));
    let from_id = text("id").and_then(|id| {
        let at = id.to_ascii_lowercase().rfind("/providers/")?;
        let names: Vec<&str> = id[at..].split('/').skip(4).step_by(2).collect();
        (!names.is_empty()).then(|| names.join("/"))
    });
    from_id.or_else(|| text("name"))
}

pub(crate) fn count_members(
    count: &CompiledCount,
    env: &Env<'_>,
    frames: Option<&Frame<'_>>,
) -> Result<u64, Fault> {
    let stop_at = count.stop_at.unwrap_or(u64::MAX);
    let meets = |kind: FrameKind<'_>| match &count.condition {
        None => Ok(true),
        Some(condition) => {
            env.spender().spend(1)?;
            holds(condition, env, Some(&Frame { parent: frames, kind }))
        }
    };
    let mut number = 0;
    match &count.over {
        CompiledOver::Nothing => {}
        CompiledOver::Rows { slots, path } => {
            let row = start_row(slots, frames);
            if count.condition.is_none()
                && let [array] = *slots.arrays
            {
                return Ok(env.subject.length(row, array).unwrap_or_default());
            }
            let outcome =
                env.subject.each_row(
                    row,
                    &slots.arrays,
                    &mut |row| match meets(FrameKind::Row { row, path }) {
                        Ok(is_met) => {
                            number += u64::from(is_met);
                            if number >= stop_at {
                                ControlFlow::Break(None)
                            } else {
                                ControlFlow::Continue(())
                            }
                        }
                        Err(fault) => ControlFlow::Break(Some(fault)),
                    },
                );
            if let ControlFlow::Break(Some(fault)) = outcome {
                return Err(fault);
            }
        }
        CompiledOver::Tree(path) => {
            let Found::Many { members, .. } = find_bound(path, env, frames) else { return Ok(0) };
            for member in members.into_iter().flatten() {
                number += u64::from(meets(FrameKind::Member { value: member, path })?);
            }
        }
        CompiledOver::Unrolled { items, name } => {
            for (item, condition) in items {
                env.spender().spend(1)?;
                let frame = Frame { parent: frames, kind: FrameKind::Item { value: item, name } };
                number += u64::from(holds(condition, env, Some(&frame))?);
                if number >= stop_at {
                    break;
                }
            }
        }
        CompiledOver::Items { value, name } => {
            let value = evaluate_template(value, env, frames)?;
            let Some(items) = value.as_array() else {
                if value.is_null() {
                    return Ok(0);
                }
                return Err(Fault::new(format!("a count goes over an array, not {}", value.type_name())));
            };
            if items.len() > MAX_ITEMS {
                return Err(Fault::new(format!("a count goes over more than {MAX_ITEMS} items")));
            }
            for item in items {
                number += u64::from(meets(FrameKind::Item { value: item, name })?);
                if number >= stop_at {
                    break;
                }
            }
        }
    }
    Ok(number)
}

impl Frame<'_> {
    /// The path of the array whose member this is.
    pub(crate) fn path(&self) -> Option<&Path> {
        match &self.kind {
            FrameKind::Row { path, .. } | FrameKind::Member { path, .. } => Some(path),
            FrameKind::Item { .. } => None,
        }
    }

    /// The member.
    pub(crate) fn value(&self, subject: &Document<'_>) -> Value {
        match &self.kind {
            FrameKind::Row { row, .. } => {
                let seen = subject.seen(*row, 1);
                // Reading a member anew costs as much as it is long.
                if let Seen::Complex(Complex::Raw(text)) = seen {
                    let _ = subject.spend(text.len() as u64 / 16);
                }
                seen.to_value()
            }
            FrameKind::Member { value, .. } => value.clone(),
            FrameKind::Item { value, .. } => (*value).clone(),
        }
    }
}
