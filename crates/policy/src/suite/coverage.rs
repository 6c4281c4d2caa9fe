//! Which conditions of a definition were seen true and which false.
//!
//! A condition counts when deciding reaches it: behind a part of an `allOf` that does not hold nothing is seen, as nothing is
//! behind a part of an `anyOf` that holds. A condition inside `count` counts for every member it is asked of. So a hundred
//! per cent means that every comparison made a difference in both directions somewhere.

use std::ops::ControlFlow;

use azimuth_arm::Node as Json;
use azimuth_diag::Place;
use hashbrown::HashMap;

use super::observe::Listed;
use super::show::{show_condition, show_leaf};
use crate::compile::{CompiledCount, CompiledLeft, CompiledOver, Compiler, Node, PolicyId, Program, SlotRef};
use crate::definition::{Condition, Definition, Left};
use crate::document::{Found, LayoutBuilder, ReadError, Row, Slots};
use crate::evaluate::{
    Context, Env, Fault, Frame, FrameKind, NoRelated, Outcome, Related, Resource, evaluate_template,
    find_bound, holds,
};
use crate::fold::fold;
use crate::lint::Entry;

/// What was seen of the conditions of one definition.
#[derive(Clone, Debug)]
pub struct Coverage {
    /// The definition's file.
    pub file: String,
    /// The definition's name for people.
    pub definition: String,
    /// Every condition in the order written.
    pub points: Vec<Point>,
    rule: Tree,
    existence: Option<Tree>,
}

/// One condition.
#[derive(Clone, Debug)]
pub struct Point {
    /// What it is.
    pub kind: PointKind,
    /// JSON path in the file.
    pub path: String,
    /// Where it stands.
    pub place: Place,
    /// It in one line.
    pub label: String,
    /// How often it was seen to hold.
    pub seen_true: u64,
    /// How often it was seen not to hold.
    pub seen_false: u64,
}

/// Kinds of conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PointKind {
    /// A comparison.
    Leaf,
    /// `allOf`
    AllOf,
    /// `anyOf`
    AnyOf,
    /// `not`
    Not,
    /// A comparison of a count.
    Count,
}

/// The points of a condition and what is inside.
#[derive(Clone, Debug)]
struct Tree {
    point: usize,
    inner: Vec<Tree>,
}

impl Point {
    /// How many of the two outcomes were seen.
    pub fn seen(&self) -> usize {
        usize::from(self.seen_true > 0) + usize::from(self.seen_false > 0)
    }
}

impl Coverage {
    /// Nothing seen yet of a definition.
    pub fn new(entry: &Entry, definition: &Definition) -> Self {
        let mut points = Vec::new();
        let base = format!("{}.policyRule", entry.properties_path());
        let rule_node = properties(entry.node()).get("policyRule");
        let rule = tree(
            &definition.rule.condition,
            rule_node.and_then(|rule| rule.get("if")),
            &format!("{base}.if"),
            entry,
            &mut points,
        );
        let existence = definition.rule.details.existence.as_ref().map(|condition| {
            let details = rule_node.and_then(|rule| rule.get("then")?.get("details"));
            let node = details.and_then(|details| details.get("existenceCondition"));
            tree(condition, node, &format!("{base}.then.details.existenceCondition"), entry, &mut points)
        });
        Self {
            file: entry.file().to_owned(),
            definition: definition
                .display_name
                .clone()
                .or_else(|| definition.name.clone())
                .unwrap_or_else(|| entry.file().to_owned()),
            points,
            rule,
            existence,
        }
    }

    /// The share of outcomes seen, in per cent: every condition has two.
    pub fn percent(&self) -> f64 {
        percent(&self.points)
    }

    /// Takes in what was seen of the same definition elsewhere.
    pub fn merge(&mut self, other: &Self) {
        for (own, more) in self.points.iter_mut().zip(&other.points) {
            own.seen_true += more.seen_true;
            own.seen_false += more.seen_false;
        }
    }

    /// Whether both are of the same definition.
    pub fn is_of_same(&self, other: &Self) -> bool {
        let first =
            |coverage: &Self| coverage.points.first().map(|point| (point.place.clone(), point.path.clone()));
        self.file == other.file && first(self) == first(other)
    }
}

fn percent(points: &[Point]) -> f64 {
    if points.is_empty() {
        return 100.0;
    }
    let seen: usize = points.iter().map(Point::seen).sum();
    seen as f64 * 50.0 / points.len() as f64
}

fn properties(node: &Json) -> &Json {
    node.get("properties").filter(|inner| inner.is_object()).unwrap_or(node)
}

fn tree(
    condition: &Condition,
    node: Option<&Json>,
    path: &str,
    entry: &Entry,
    points: &mut Vec<Point>,
) -> Tree {
    let point = points.len();
    let kind = match condition {
        Condition::AllOf(_) => PointKind::AllOf,
        Condition::AnyOf(_) => PointKind::AnyOf,
        Condition::Not(_) => PointKind::Not,
        Condition::Leaf(leaf) if matches!(leaf.left, Left::Count(_)) => PointKind::Count,
        Condition::Leaf(_) => PointKind::Leaf,
    };
    points.push(Point {
        kind,
        path: path.to_owned(),
        place: node.map_or_else(|| entry.place_of(path), |node| entry.place(node.span)),
        label: match condition {
            Condition::Leaf(leaf) => show_leaf(leaf),
            other => show_condition(other),
        },
        seen_true: 0,
        seen_false: 0,
    });
    let list = |name: &str, parts: &[Condition], points: &mut Vec<Point>| -> Vec<Tree> {
        let items = node.and_then(|node| node.get(name)).map(Json::items).unwrap_or_default();
        let parts = parts.iter().enumerate();
        parts
            .map(|(index, part)| {
                tree(part, items.get(index), &format!("{path}.{name}[{index}]"), entry, points)
            })
            .collect()
    };
    let inner = match condition {
        Condition::AllOf(parts) => list("allOf", parts, points),
        Condition::AnyOf(parts) => list("anyOf", parts, points),
        Condition::Not(inner) => {
            let node = node.and_then(|node| node.get("not"));
            vec![tree(inner, node, &format!("{path}.not"), entry, points)]
        }
        Condition::Leaf(leaf) => match &leaf.left {
            Left::Count(count) => count
                .condition
                .iter()
                .map(|inner| {
                    let node = node.and_then(|node| node.get("count")?.get("where"));
                    tree(inner, node, &format!("{path}.count.where"), entry, points)
                })
                .collect(),
            Left::Field(_) | Left::Value(_) => Vec::new(),
        },
    };
    Tree { point, inner }
}

/// Takes in what one case shows.
pub(super) fn cover_case(
    program: &Program,
    policy: PolicyId,
    resource: &Resource<'_>,
    context: &Context,
    related: &Listed<'_>,
    coverage: &mut Coverage,
) -> Result<(), ReadError> {
    let bound = program.policy(policy);
    let rule = &bound.definition().rule;
    let plan = program.plan_of(resource);
    let mut unit =
        Unit::new(program, policy, plan.resource_type.as_deref(), plan.api_version.as_deref(), false);
    let node = unit.compile(&rule.condition);
    let mut slots = Slots::default();
    let Unit { layout, fields, .. } = unit;
    let document = slots.read(resource.json, &layout.finish())?;
    let env = Env { fields: &fields, ..program.env_of(policy, plan, &document, resource, context) };
    let outcome = walk(&node, &coverage.rule, &env, None, &mut coverage.points);
    let (Ok(true), Some(existence), Some(tree)) = (outcome, &rule.details.existence, &coverage.existence)
    else {
        return Ok(());
    };
    let mut query = None;
    let mut other = Slots::default();
    program.decide(&mut other, resource, context, &NoRelated, &mut |decision| {
        if let (true, Outcome::NeedsRelated(wanted)) = (decision.policy == policy, decision.outcome) {
            query = Some(wanted);
        }
    })?;
    let Some(query) = query else { return Ok(()) };
    let Some(found) = related.related(resource, &query) else { return Ok(()) };
    let folded = fold(&query.resource_type);
    let mut unit = Unit::new(program, policy, Some(&folded), None, true);
    let node = unit.compile(existence);
    let Unit { layout, fields, .. } = unit;
    let layout = layout.finish();
    for json in &found {
        let mut slots = Slots::default();
        let document = slots.read(json, &layout)?;
        let inner = Env {
            catalogue: env.catalogue,
            policy: env.policy,
            context,
            subject: &document,
            subject_type: Some(&folded),
            api_version: None,
            payload_version: None,
            fields: &fields,
            primary: Some(&env),
        };
        if walk(&node, tree, &inner, None, &mut coverage.points) == Ok(true) {
            break;
        }
    }
    Ok(())
}

/// A condition compiled with everything in it, decided or not.
struct Unit<'a> {
    program: &'a Program,
    policy: PolicyId,
    resource_type: Option<&'a str>,
    api_version: Option<&'a str>,
    is_existence: bool,
    layout: LayoutBuilder,
    fields: HashMap<Box<str>, crate::compile::FieldSlots>,
}

impl<'a> Unit<'a> {
    fn new(
        program: &'a Program,
        policy: PolicyId,
        resource_type: Option<&'a str>,
        api_version: Option<&'a str>,
        is_existence: bool,
    ) -> Self {
        let (layout, fields) = (LayoutBuilder::new(), HashMap::new());
        Self { program, policy, resource_type, api_version, is_existence, layout, fields }
    }

    fn compile(&mut self, condition: &Condition) -> Node {
        let mut compiler = Compiler {
            catalogue: self.program.catalogue(),
            resource_type: self.resource_type,
            api_version: self.api_version,
            policy: self.program.policy(self.policy),
            layout: &mut self.layout,
            scopes: Vec::new(),
            aliases: &mut Vec::new(),
            is_folding: false,
            next_leaf: 0,
            is_existence: self.is_existence,
            items: Vec::new(),
            folds_type: false,
            fields: &mut self.fields,
        };
        compiler.condition(condition)
    }
}

fn walk(
    node: &Node,
    tree: &Tree,
    env: &Env<'_>,
    frames: Option<&Frame<'_>>,
    points: &mut [Point],
) -> Result<bool, Fault> {
    let truth = match node {
        Node::All(parts) => {
            let mut truth = true;
            for (part, inner) in parts.iter().zip(&tree.inner) {
                if !walk(part, inner, env, frames, points)? {
                    truth = false;
                    break;
                }
            }
            truth
        }
        Node::Any(parts) => {
            let mut truth = false;
            for (part, inner) in parts.iter().zip(&tree.inner) {
                if walk(part, inner, env, frames, points)? {
                    truth = true;
                    break;
                }
            }
            truth
        }
        Node::Not(inner) => match tree.inner.first() {
            Some(below) => !walk(inner, below, env, frames, points)?,
            None => !holds(inner, env, frames)?,
        },
        Node::Leaf(leaf) => {
            if let (CompiledLeft::Count(count), Some(below)) = (&leaf.left, tree.inner.first()) {
                walk_count(count, below, env, frames, points)?;
            }
            holds(node, env, frames)?
        }
        Node::Const(_) | Node::Slot { .. } => holds(node, env, frames)?,
    };
    if let Some(point) = points.get_mut(tree.point) {
        if truth {
            point.seen_true += 1;
        } else {
            point.seen_false += 1;
        }
    }
    Ok(truth)
}

/// The condition of a count for every member.
fn walk_count(
    count: &CompiledCount,
    tree: &Tree,
    env: &Env<'_>,
    frames: Option<&Frame<'_>>,
    points: &mut [Point],
) -> Result<(), Fault> {
    let Some(condition) = &count.condition else { return Ok(()) };
    match &count.over {
        CompiledOver::Rows { slots, path } => {
            let row = start_row(slots, frames);
            let outcome = env.subject.each_row(row, &slots.arrays, &mut |row| {
                let frame = Frame { parent: frames, kind: FrameKind::Row { row, path } };
                match walk(condition, tree, env, Some(&frame), points) {
                    Ok(_) => ControlFlow::Continue(()),
                    Err(fault) => ControlFlow::Break(fault),
                }
            });
            match outcome {
                ControlFlow::Break(fault) => Err(fault),
                ControlFlow::Continue(_) => Ok(()),
            }
        }
        CompiledOver::Tree(path) => {
            let Found::Many { members, .. } = find_bound(path, env, frames) else { return Ok(()) };
            for member in members.into_iter().flatten() {
                let frame = Frame { parent: frames, kind: FrameKind::Member { value: member, path } };
                walk(condition, tree, env, Some(&frame), points)?;
            }
            Ok(())
        }
        CompiledOver::Items { value, name } => {
            let value = evaluate_template(value, env, frames)?;
            for item in value.as_array().unwrap_or_default() {
                let frame = Frame { parent: frames, kind: FrameKind::Item { value: item, name } };
                walk(condition, tree, env, Some(&frame), points)?;
            }
            Ok(())
        }
        // Items are unrolled only where conditions are decided early, which they are not here.
        CompiledOver::Nothing | CompiledOver::Unrolled { .. } => Ok(()),
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
