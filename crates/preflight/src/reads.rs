//! Which fields of a resource a condition looks at.

use azimuth_arm::{Call, Expression, ExpressionKind, Value};
use azimuth_policy::{Condition, Left, Over, Template};

/// Fields that a condition looks at.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reads {
    /// Names of fields and aliases.
    pub(crate) names: Vec<Box<str>>,
    /// Whether a name is computed, so that any field may be meant.
    pub(crate) any: bool,
    /// Whether facts about the resource group or subscription are asked for.
    pub(crate) surroundings: bool,
}

impl Reads {
    /// Everything that a condition looks at, counts included.
    pub(crate) fn of_condition(condition: &Condition) -> Self {
        let mut reads = Self::default();
        condition.for_each_leaf(&mut |leaf| {
            match &leaf.left {
                Left::Field(name) => reads.add_name(name),
                Left::Value(value) => reads.add_calls(value),
                Left::Count(count) => match &count.over {
                    Over::Field(name) => reads.add_name(name),
                    Over::Value { value, .. } => reads.add_calls(value),
                },
            }
            reads.add_calls(&leaf.right);
        });
        reads
    }

    /// What expressions in a value look at.
    pub(crate) fn add_calls(&mut self, template: &Template) {
        template.for_each_expression(&mut |expression| self.expression(expression));
    }

    fn add_name(&mut self, template: &Template) {
        match template.known().and_then(Value::as_str) {
            Some(name) => self.push(name),
            // The name is an expression over parameters, or over other fields.
            None => self.any = true,
        }
    }

    fn push(&mut self, name: &str) {
        if !self.names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            self.names.push(name.into());
        }
    }

    fn expression(&mut self, expression: &Expression) {
        match &expression.kind {
            ExpressionKind::Literal(_) => {}
            ExpressionKind::Call(call) => {
                self.call(call);
                call.arguments.iter().for_each(|argument| self.expression(argument));
            }
            ExpressionKind::Member { base, .. } => self.expression(base),
            ExpressionKind::Index { base, index, .. } => {
                self.expression(base);
                self.expression(index);
            }
        }
    }

    fn call(&mut self, call: &Call) {
        self.surroundings |= matches!(&*call.key, "resourcegroup" | "subscription");
        let is_current = &*call.key == "current";
        if &*call.key != "field" && !is_current {
            return;
        }
        match call.arguments.first().map(|argument| &argument.kind) {
            Some(ExpressionKind::Literal(name)) => {
                // `current('name')` may also name a counted value, which is no field.
                let name = name.as_str().unwrap_or_default();
                if !is_current || name.contains(['/', '[', '.']) {
                    self.push(name);
                }
            }
            // `current()` alone is a member of what is counted, which is among the names already.
            None if is_current => {}
            _ => self.any = true,
        }
    }
}

#[cfg(test)]
mod tests {
    use azimuth_arm::Source;

    use super::*;

    #[test]
    fn fields_in_conditions_counts_and_expressions() {
        let text = r#"{"allOf": [
            {"field": "type", "equals": "A.B/c"},
            {"value": "[concat(field('tags.x'), current('A.B/c/rules[*].y'))]", "equals": "[field('location')]"},
            {"count": {"field": "A.B/c/rules[*]", "where": {"field": "A.B/c/rules[*].z", "exists": true}}, "less": 2},
            {"count": {"value": [1], "name": "one", "where": {"value": "[current('one')]", "equals": 1}}, "less": 2}
        ]}"#;
        let source = Source::parse("t.json", text).unwrap();
        let condition = azimuth_policy::parse_condition(&source, source.root(), "$").value.unwrap();
        let reads = Reads::of_condition(&condition);
        let mut names: Vec<&str> = reads.names.iter().map(|name| &**name).collect();
        names.sort_unstable();
        assert_eq!(
            names,
            ["A.B/c/rules[*]", "A.B/c/rules[*].y", "A.B/c/rules[*].z", "location", "tags.x", "type"]
        );
        assert!(!reads.any);
    }
}
