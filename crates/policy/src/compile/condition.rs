//! From a condition as written to a [`Node`].

use azimuth_arm::{Expression, ExpressionKind, Value};
use hashbrown::HashMap;

use super::{
    CompiledCount, CompiledLeaf, CompiledLeft, CompiledOver, CompiledRight, ContextPath, FieldSlots, Node,
    Policy, SlotRef,
};
use crate::catalogue::Catalogue;
use crate::definition::{Condition, Count, Leaf, Left, Operator, Over};
use crate::document::LayoutBuilder;
use crate::evaluate::Known;
use crate::field::{self, Field, Special};
use crate::operator::{Seen, number_of, prepare, test};
use crate::path::{Path, Step};
use crate::template::{Template, for_each_call};

/// Most conditions that a count is unrolled into.
const MAX_UNROLLED: usize = 20_000;

/// As [`MAX_UNROLLED`], for a count within an unrolled one. Deeper ones are not unrolled.
const MAX_UNROLLED_INNER: usize = 100;

/// Rules with more counts over values, which the service refuses, are not unrolled.
const MAX_VALUE_COUNTS: usize = 10;

/// What a condition is compiled for.
pub(crate) struct Compiler<'a> {
    pub(crate) catalogue: &'a Catalogue,
    /// Folded; `None` for the plan of all types that no policy names.
    pub(crate) resource_type: Option<&'a str>,
    pub(crate) api_version: Option<&'a str>,
    pub(crate) policy: &'a Policy,
    pub(crate) layout: &'a mut LayoutBuilder,
    /// Counts around the current condition, outermost first.
    pub(crate) scopes: Vec<Scope>,
    /// Aliases asked for, for the paths of other API versions.
    pub(crate) aliases: &'a mut Vec<Box<str>>,
    /// Whether conditions that are already decided are left out; a trace wants them all.
    pub(crate) is_folding: bool,
    pub(crate) next_leaf: u32,
    /// Whether the condition is about related resources, while `field()` still means the evaluated one.
    pub(crate) is_existence: bool,
    /// Items of the counts around that are unrolled, outermost first.
    pub(crate) items: Vec<(Box<str>, Value)>,
    /// Whether the current comparison may be given the type in lower case.
    pub(crate) folds_type: bool,
    /// Fields that expressions ask for by name.
    pub(crate) fields: &'a mut HashMap<Box<str>, FieldSlots>,
}

/// A count around a condition.
pub(crate) enum Scope {
    /// Over rows: the array's path, `[*]` at its end.
    Rows(Path),
    /// Over members without rows.
    Tree,
    /// Over a value; `is_unrolled`: the item is known.
    Items { is_unrolled: bool },
}

impl Compiler<'_> {
    pub(crate) fn condition(&mut self, condition: &Condition) -> Node {
        match condition {
            Condition::AllOf(parts) => {
                let parts: Vec<Node> = parts.iter().map(|part| self.condition(part)).collect();
                if self.is_folding { Node::all(parts) } else { Node::All(parts.into()) }
            }
            Condition::AnyOf(parts) => {
                let parts: Vec<Node> = parts.iter().map(|part| self.condition(part)).collect();
                if self.is_folding { Node::any(parts) } else { Node::Any(parts.into()) }
            }
            Condition::Not(inner) => {
                let inner = self.condition(inner);
                if self.is_folding { Node::not(inner) } else { Node::Not(Box::new(inner)) }
            }
            Condition::Leaf(leaf) => self.leaf(leaf),
        }
    }

    fn leaf(&mut self, leaf: &Leaf) -> Node {
        let number = self.next_leaf;
        self.next_leaf += 1;
        self.folds_type = self.is_folding && leaf.operator.positive().0 != Operator::Match;
        let right_value = self.known(&leaf.right);
        let (left, is_location) = match &leaf.left {
            Left::Field(name) => self.field(name),
            Left::Value(value) => {
                let left = match (self.known(value), self.context_path(value)) {
                    (Some(value), _) => CompiledLeft::Value(Template::Known(value)),
                    (None, Some(path)) => CompiledLeft::Context(path, value.clone()),
                    (None, None) => match self.field_value(value) {
                        Some(slot) => CompiledLeft::FieldValue(slot),
                        None => CompiledLeft::Value(value.clone()),
                    },
                };
                (left, false)
            }
            Left::Count(count) => {
                (CompiledLeft::Count(self.count(count, leaf.operator, right_value.as_ref())), false)
            }
        };
        let right = match right_value {
            Some(value) => CompiledRight::Ready(prepare(leaf.operator, &value, is_location)),
            None => match self.context_path(&leaf.right) {
                Some(path) => CompiledRight::Context {
                    path,
                    template: leaf.right.clone(),
                    operator: leaf.operator,
                    is_location,
                },
                None => CompiledRight::Dynamic {
                    operator: leaf.operator,
                    template: leaf.right.clone(),
                    is_location,
                },
            },
        };
        self.note_fields(&leaf.right);
        match &leaf.left {
            Left::Field(template) | Left::Value(template) => self.note_fields(template),
            Left::Count(Count { over: Over::Value { value, .. }, .. }) => self.note_fields(value),
            Left::Count(_) => {}
        }
        self.finish(left, right, number)
    }

    /// Decides what can be decided now.
    fn finish(&self, left: CompiledLeft, right: CompiledRight, leaf: u32) -> Node {
        if let CompiledRight::Ready(wanted) = &right {
            if self.is_folding {
                let seen = match &left {
                    CompiledLeft::Count(CompiledCount {
                        over: CompiledOver::Unrolled { items, .. }, ..
                    }) if items.iter().all(|(_, node)| matches!(node, Node::Const(_))) => {
                        Some(Seen::Number(items.len() as f64))
                    }
                    CompiledLeft::Value(Template::Known(value)) => Some(Seen::of(value)),
                    CompiledLeft::Absent => Some(Seen::Absent),
                    _ => None,
                };
                if let Some(truth) = seen.and_then(|seen| test(wanted, seen).ok()) {
                    return Node::Const(truth);
                }
            }
            if let CompiledLeft::Slot(SlotRef { climb: None, arrays, slot }) = &left
                && arrays.is_empty()
            {
                let glance = super::Glance::of(wanted);
                return Node::Slot { slot: *slot, leaf, glance, test: Box::new(wanted.clone()) };
            }
        }
        Node::Leaf(Box::new(CompiledLeaf { left, right, leaf }))
    }

    /// The field a condition compares, and whether it is a location.
    fn field(&mut self, name: &Template) -> (CompiledLeft, bool) {
        let Some(name) = self.known(name) else { return (CompiledLeft::Dynamic(name.clone()), false) };
        let Some(name) = name.as_str() else {
            return (CompiledLeft::Value(Template::Known(Value::NULL)), false);
        };
        if name.trim().eq_ignore_ascii_case("type")
            && let Some(resource_type) = self.resource_type.filter(|_| self.folds_type)
        {
            return (CompiledLeft::Value(Template::Known(Value::string(resource_type))), false);
        }
        match self.resolve(name) {
            Some(Field { special: special @ (Special::FullName | Special::ApiVersion), .. }) => {
                (CompiledLeft::Special(special), false)
            }
            // `tags[]`, when a parameter leaves the name out: nothing is ever there.
            Some(field) if field.path.steps().contains(&Step::Nowhere) => (CompiledLeft::Absent, false),
            Some(field) => {
                let is_location = field.form == crate::document::Form::Location;
                let left = match self.slots(&field.path, field.form) {
                    Some(slots) => CompiledLeft::Slot(slots),
                    None => CompiledLeft::Tree(field.path),
                };
                (left, is_location)
            }
            None => (CompiledLeft::Absent, false),
        }
    }

    fn resolve(&mut self, name: &str) -> Option<Field> {
        if name.contains('/') {
            self.aliases.push(name.into());
        }
        field::resolve(name, self.catalogue, self.resource_type, self.api_version)
    }

    /// The slots of a path, seen from the innermost count that goes over one of its arrays.
    fn slots(&mut self, path: &Path, form: crate::document::Form) -> Option<SlotRef> {
        let slots = self.layout.add(path, form)?;
        if !self.catalogue.is_plain() {
            self.layout.add_fallback(path);
        }
        let mut climb = None;
        let mut done = 0;
        for (up, scope) in self.scopes.iter().rev().enumerate() {
            match scope {
                Scope::Rows(array) => {
                    if path.after(array).is_some() {
                        let arrays = array.steps().iter().filter(|step| **step == Step::Each).count();
                        if arrays > done {
                            done = arrays;
                            climb = Some(u8::try_from(up).ok()?);
                        }
                    }
                }
                // Members without rows hide the slots below them.
                Scope::Tree => return None,
                Scope::Items { .. } => {}
            }
        }
        let rest = &slots[done..];
        let (slot, arrays) = rest.split_last()?;
        Some(SlotRef { climb, arrays: arrays.into(), slot: *slot })
    }

    fn count(&mut self, count: &Count, operator: Operator, wanted: Option<&Value>) -> CompiledCount {
        let (over, scope) = match &count.over {
            Over::Value { value, name } => {
                let name: Box<str> = name.as_deref().unwrap_or("default").into();
                let known = self.known(value);
                if let Some(condition) = &count.condition
                    && let Some(items) = known.as_ref().and_then(Value::as_array)
                    && self.is_folding
                    && self.may_unroll(condition, items.len())
                {
                    return self.unrolled(condition, items, name, stop_at(operator, wanted));
                }
                let value = known.map_or_else(|| value.clone(), Template::Known);
                (CompiledOver::Items { value, name }, Scope::Items { is_unrolled: false })
            }
            Over::Field(name) => self.array(name),
        };
        self.scopes.push(scope);
        let condition = count.condition.as_ref().map(|condition| self.condition(condition));
        self.scopes.pop();
        let stop_at = if self.is_folding { stop_at(operator, wanted) } else { None };
        match condition {
            // A condition that always holds asks for nothing.
            Some(Node::Const(true)) if self.is_folding => CompiledCount { over, condition: None, stop_at },
            condition => CompiledCount { over, condition, stop_at },
        }
    }

    /// Whether unrolling a count keeps the program small.
    fn may_unroll(&self, condition: &Condition, items: usize) -> bool {
        let most = match self.items.len() {
            0 => MAX_UNROLLED,
            1 => MAX_UNROLLED_INNER,
            _ => return false,
        };
        let mut leaves = 0;
        condition.for_each_leaf(&mut |_| leaves += 1);
        let mut counts = 0;
        self.policy.definition().rule.condition.for_each_leaf(&mut |leaf| {
            counts += usize::from(matches!(&leaf.left, Left::Count(Count { over: Over::Value { .. }, .. })));
        });
        items.saturating_mul(leaves) <= most && counts <= MAX_VALUE_COUNTS
    }

    /// One condition for each item, with the item in its place: what depends on nothing else is decided now.
    fn unrolled(
        &mut self,
        condition: &Condition,
        items: &[Value],
        name: Box<str>,
        stop_at: Option<u64>,
    ) -> CompiledCount {
        let first_leaf = self.next_leaf;
        self.scopes.push(Scope::Items { is_unrolled: true });
        let mut conditions = Vec::with_capacity(items.len());
        for item in items {
            self.next_leaf = first_leaf;
            self.items.push((name.clone(), item.clone()));
            let node = self.condition(condition);
            self.items.pop();
            if !matches!(node, Node::Const(false)) {
                conditions.push((item.clone(), node));
            }
        }
        self.scopes.pop();
        if items.is_empty() {
            condition.for_each_leaf(&mut |_| self.next_leaf += 1);
        }
        CompiledCount {
            over: CompiledOver::Unrolled { items: conditions.into(), name },
            condition: None,
            stop_at,
        }
    }

    /// The slot of `[field('…')]` outside of counts, where it is one value that reads as it is written.
    fn field_value(&mut self, template: &Template) -> Option<u16> {
        let Template::Expression(expression) = template else { return None };
        let ExpressionKind::Call(call) = &expression.kind else { return None };
        let Some(ExpressionKind::Literal(name)) = call.arguments.first().map(|argument| &argument.kind)
        else {
            return None;
        };
        let is_plain =
            self.is_folding && !self.is_existence && self.scopes.is_empty() && &*call.key == "field";
        let field = self.resolve(name.as_str().filter(|_| is_plain)?)?;
        if field.special != Special::No
            || field.form != crate::document::Form::Plain
            || field.path.is_collection()
        {
            return None;
        }
        let slots = self.slots(&field.path, field.form)?;
        (slots.arrays.is_empty() && slots.climb.is_none()).then_some(slots.slot)
    }

    /// The surroundings that a template asks for and nothing else.
    fn context_path(&self, template: &Template) -> Option<ContextPath> {
        match template {
            Template::Expression(expression) => ContextPath::of(expression, self.policy),
            _ => None,
        }
    }

    /// Makes room for the fields that expressions ask for by a literal name.
    fn note_fields(&mut self, template: &Template) {
        let mut names: Vec<Box<str>> = Vec::new();
        template.for_each_expression(&mut |expression| {
            for_each_call(expression, &mut |call| {
                if matches!(&*call.key, "field" | "current")
                    && let Some(ExpressionKind::Literal(name)) =
                        call.arguments.first().map(|argument| &argument.kind)
                    && let Some(name) = name.as_str()
                {
                    names.push(name.into());
                }
            });
        });
        for name in names {
            if self.fields.contains_key(&name) {
                continue;
            }
            let Some(field) = self.resolve(&name).filter(|field| field.special == Special::No) else {
                continue;
            };
            // A location is wanted as it is written here, not in normal form; the whole resource has it.
            if field.form != crate::document::Form::Plain {
                continue;
            }
            let Some(slots) = self.layout.add(&field.path, field.form) else { continue };
            if let Some((slot, arrays)) = slots.split_last() {
                let slots = SlotRef { climb: None, arrays: arrays.into(), slot: *slot };
                self.fields.insert(name, FieldSlots { path: field.path, slots });
            }
        }
    }

    fn array(&mut self, name: &Template) -> (CompiledOver, Scope) {
        let name = self.known(name);
        let Some(name) = name.as_ref().and_then(Value::as_str) else {
            return (CompiledOver::Nothing, Scope::Tree);
        };
        let Some(field) = self.resolve(name) else { return (CompiledOver::Nothing, Scope::Tree) };
        match self.slots(&field.path, field.form) {
            Some(slots) if field.path.ends_with_each() => {
                let scope = Scope::Rows(field.path.clone());
                (CompiledOver::Rows { slots, path: field.path }, scope)
            }
            _ => (CompiledOver::Tree(field.path), Scope::Tree),
        }
    }

    /// The value of a template, if parameters decide it.
    fn known(&self, template: &Template) -> Option<Value> {
        if let Template::Known(value) = template {
            return Some(value.clone());
        }
        let has_item = matches!(self.scopes.last(), Some(Scope::Items { is_unrolled: true }));
        let known = Known {
            items: &self.items,
            has_item,
            resource_type: self.resource_type.filter(|_| self.folds_type),
        };
        let mut evaluate = |expression: &Expression| known.value(expression, self.policy).ok_or(());
        template.resolve(&mut evaluate).ok()
    }
}

/// After how many members the outcome of comparing a count cannot change any more.
fn stop_at(operator: Operator, wanted: Option<&Value>) -> Option<u64> {
    let wanted = wanted?;
    let number = wanted.as_int().or_else(|| number_of(wanted.as_str()?).map(|number| number as i64))?;
    let number = u64::try_from(number).ok()?;
    match operator {
        Operator::Greater | Operator::LessOrEquals | Operator::Equals | Operator::NotEquals => {
            number.checked_add(1)
        }
        Operator::GreaterOrEquals | Operator::Less => Some(number.max(1)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_stop_early() {
        for (operator, wanted, expected) in [
            (Operator::Greater, 0, Some(1)),
            (Operator::GreaterOrEquals, 1, Some(1)),
            (Operator::Equals, 2, Some(3)),
            (Operator::Less, 3, Some(3)),
            (Operator::Exists, 1, None),
        ] {
            assert_eq!(stop_at(operator, Some(&Value::int(wanted))), expected, "{operator}");
        }
    }
}
