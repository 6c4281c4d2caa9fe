//! Evaluating a condition with three outcomes: what is not known stays unknown.

use super::ast::{Attribute, Expression, Literal, Operand};
use super::attributes::{AttributeValue, Attributes};
use super::compare::{Single, holds, holds_in_range};
use super::operator::{Operator, Quantifier};
use super::text::unescape;
use crate::pattern::ActionPattern;

/// What a condition is evaluated against.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The action of the request.
    pub action: &'a str,
    /// Its attributes; sources that are not set are not known.
    pub attributes: &'a Attributes,
}

/// The outcome of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Truth {
    /// It holds.
    True,
    /// It does not.
    False,
    /// It depends on attributes that are not known.
    Unknown,
}

impl Truth {
    fn of(value: bool) -> Self {
        if value { Self::True } else { Self::False }
    }

    /// Both: false if one is, else unknown if one is. `other` is asked only if it matters.
    pub(crate) fn and(self, other: impl FnOnce() -> Self) -> Self {
        match self {
            Self::False => Self::False,
            Self::True => other(),
            Self::Unknown => match other() {
                Self::False => Self::False,
                Self::True | Self::Unknown => Self::Unknown,
            },
        }
    }

    fn not(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
        }
    }
}

impl Expression {
    /// Whether the condition holds for the request.
    ///
    /// An attribute that is known to be missing, or has no value, satisfies no comparison, not even a negated one
    /// (`StringNotEquals`); `NOT (…)` around it does turn the result.
    pub fn evaluate(&self, facts: &Facts<'_>) -> Truth {
        match self {
            Self::All(terms) => all(terms.iter().map(|term| term.evaluate(facts))),
            Self::Any(terms) => all(terms.iter().map(|term| term.evaluate(facts).not())).not(),
            Self::Not(inner) => inner.evaluate(facts).not(),
            Self::ActionMatches(patterns) => Truth::of(any_pattern(patterns, facts.action)),
            Self::SubOperationMatches(names) => {
                let known = facts.attributes.sub_operation();
                known.map_or(Truth::Unknown, |name| Truth::of(any_pattern(names, name)))
            }
            Self::Exists { attribute, negated } => match facts.attributes.get(attribute) {
                None => Truth::Unknown,
                Some(value) => {
                    let exists = value.is_some_and(|value| !value.values().is_empty());
                    Truth::of(exists != *negated)
                }
            },
            Self::Compare { left, quantifier, operator, right } => {
                let (left, right) = (values(left, facts), values(right, facts));
                match (left, right) {
                    (Values::Missing, _) | (_, Values::Missing) => Truth::False,
                    (Values::Unknown, _) | (_, Values::Unknown) => Truth::Unknown,
                    (Values::Known(left), Values::Known(right)) => {
                        Truth::of(compare(*operator, *quantifier, &left, &right))
                    }
                }
            }
        }
    }

    /// The attributes that the condition asks for, each once, in the order of the text.
    pub fn attributes(&self) -> Vec<&Attribute> {
        let mut found: Vec<&Attribute> = Vec::new();
        let mut open = vec![self];
        while let Some(expression) = open.pop() {
            match expression {
                Self::All(terms) | Self::Any(terms) => open.extend(terms.iter().rev()),
                Self::Not(inner) => open.push(inner),
                Self::ActionMatches(_) | Self::SubOperationMatches(_) => {}
                Self::Exists { attribute, .. } => found.push(attribute),
                Self::Compare { left, right, .. } => {
                    for side in [left, right] {
                        if let Operand::Attribute(attribute) = side {
                            found.push(attribute);
                        }
                    }
                }
            }
        }
        let mut unique: Vec<&Attribute> = Vec::new();
        for attribute in found {
            if !unique.contains(&attribute) {
                unique.push(attribute);
            }
        }
        unique
    }
}

/// False if one is, else unknown if one is.
fn all(terms: impl Iterator<Item = Truth>) -> Truth {
    let mut result = Truth::True;
    for term in terms {
        match term {
            Truth::False => return Truth::False,
            Truth::Unknown => result = Truth::Unknown,
            Truth::True => {}
        }
    }
    result
}

fn any_pattern(patterns: &[Literal], text: &str) -> bool {
    patterns.iter().any(|pattern| match pattern {
        Literal::Text(raw) => ActionPattern::new(&unescape(raw)).matches(text),
        Literal::Number(_) | Literal::Bool(_) | Literal::Guid(_) => false,
    })
}

enum Values<'a> {
    Known(Vec<Single<'a>>),
    Missing,
    Unknown,
}

fn values<'a>(operand: &'a Operand, facts: &Facts<'a>) -> Values<'a> {
    let literal = |literal: &'a Literal| match literal {
        Literal::Text(raw) => Single::Raw(raw),
        Literal::Number(number) => Single::Number(*number),
        Literal::Bool(value) => Single::Bool(*value),
        Literal::Guid(guid) => Single::Text(guid),
    };
    let known: Vec<Single<'a>> = match operand {
        Operand::Literal(one) => vec![literal(one)],
        Operand::Set(several) => several.iter().map(literal).collect(),
        Operand::Attribute(attribute) => match facts.attributes.get(attribute) {
            None => return Values::Unknown,
            Some(None) => return Values::Missing,
            Some(Some(value)) => value.values().into_iter().filter_map(single).collect(),
        },
    };
    if known.is_empty() { Values::Missing } else { Values::Known(known) }
}

fn single(value: &AttributeValue) -> Option<Single<'_>> {
    match value {
        AttributeValue::Text(text) => Some(Single::Text(text)),
        AttributeValue::Number(number) => Some(Single::Number(*number)),
        AttributeValue::Bool(value) => Some(Single::Bool(*value)),
        AttributeValue::Many(_) => None,
    }
}

/// Without a quantifier, several values mean *one of*, and a negated operator *none of*. (Azure asks for a
/// quantifier there; this is what people mean who leave it out.)
fn compare(
    operator: Operator,
    quantifier: Option<Quantifier>,
    left: &[Single<'_>],
    right: &[Single<'_>],
) -> bool {
    if let (Operator::TimeOfDayInRange | Operator::IpInRange, [from, to]) = (operator, right) {
        return left.iter().any(|left| holds_in_range(operator, *left, *from, *to));
    }
    let pair = |left: &Single<'_>, right: &Single<'_>| holds(operator, *left, *right);
    let default = if operator.is_negated() { Quantifier::AllOfAll } else { Quantifier::AnyOfAny };
    match quantifier.unwrap_or(default) {
        Quantifier::AnyOfAny => left.iter().any(|left| right.iter().any(|right| pair(left, right))),
        Quantifier::AllOfAny => left.iter().all(|left| right.iter().any(|right| pair(left, right))),
        Quantifier::AnyOfAll => left.iter().any(|left| right.iter().all(|right| pair(left, right))),
        Quantifier::AllOfAll => left.iter().all(|left| right.iter().all(|right| pair(left, right))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::condition::Condition;

    fn check(condition: &str, expected: bool) {
        let attributes = Attributes::from_json(&json!({
            "resource": {"n": "5", "b": true, "list": ["x", "y"], "id": "{B24988AC-6180-42a0-ab88-20f7382dd24c}"},
            "request": {"ip": "10.1.2.3", "ip6": "2001:db8::1"},
            "environment": {"UtcNow": "2024-05-06T13:30:00Z", "isPrivateLink": false},
            "principal": {"dep": "Ops"},
            "subOperation": "Blob.List",
        }));
        let facts = Facts { action: "Microsoft.Storage/a/read", attributes: &attributes };
        let condition = Condition::new(condition);
        let expression = condition.expression().unwrap();
        assert_eq!(expression.evaluate(&facts), Truth::of(expected), "{condition}");
        let printed = expression.to_string();
        assert_eq!(Expression::parse(&printed).as_ref(), Ok(expression), "{printed}");
    }

    #[test]
    fn every_type_compares() {
        for (condition, expected) in [
            ("@Resource[n] NumericGreaterThan 4.5", true),
            ("@Resource[n] NumericNotEquals 5", false),
            ("@Resource[b] BoolEquals true", true),
            ("@Resource[b] BoolNotEquals 'TRUE'", false),
            ("@Environment[isPrivateLink] BoolEquals False", true),
            ("@Resource[id] GuidEquals 'b24988ac618042a0ab8820f7382dd24c'", true),
            ("@Resource[id] GuidNotEquals 'b24988ac-6180-42a0-ab88-20f7382dd24c'", false),
            (
                "@Resource[id] ForAnyOfAnyValues:GuidEquals {acdd72a7-3385-48ef-bd42-f606fba81ae7, \
                 B24988ac-6180-42a0-ab88-20f7382dd24c}",
                true,
            ),
            ("@Environment[UtcNow] DateTimeGreaterThan '2024-05-06T15:00:00+02:00'", true),
            ("@Environment[UtcNow] DateTimeLessThan '2024-05-06'", false),
            ("@Environment[UtcNow] DateTimeEquals '2024-05-06T13:30:00.000'", true),
            ("@Environment[UtcNow] TimeOfDayGreaterThanEquals '13:30'", true),
            ("@Environment[UtcNow] TimeOfDayInRange {'09:00', '17:00'}", true),
            ("@Environment[UtcNow] TimeOfDayInRange {'22:00', '06:00'}", false),
            ("'23:30' TimeOfDayInRange '22:00-06:00'", true),
            ("@Request[ip] IpMatch '10.0.0.0/8'", true),
            ("@Request[ip] IpMatch '10.1.2.4'", false),
            ("@Request[ip] IpNotMatch {'192.168.0.0/16', '10.1.0.0/16'}", false),
            ("@Request[ip] IpInRange {'10.1.2.0', '10.1.2.9'}", true),
            ("@Request[ip] IpInRange '10.1.2.4-10.1.2.9'", false),
            ("@Request[ip6] IpMatch '2001:db8::/32'", true),
            ("@Request[ip6] IpMatch '0.0.0.0/0'", false),
            ("@Request[ip] IpMatch 'nonsense'", false),
            ("@Request[ip] IpNotMatch 'nonsense'", false),
            ("'abc123' StringMatches '^[a-c]+[0-9]{3}$'", true),
            ("'ABC' StringNotMatchesIgnoreCase 'b'", false),
            ("'a' StringMatches '('", false),
            ("@Resource[list] StringEquals 'y'", true),
            ("@Resource[list] StringNotEquals 'y'", false),
            ("@Resource[list] ForAllOfAnyValues:StringLikeIgnoreCase {'X*', '?'}", true),
            ("@Principal[dep] StringEqualsIgnoreCase 'OPS'", true),
        ] {
            check(condition, expected);
        }
    }

    #[test]
    fn missing_attributes_satisfy_nothing() {
        for (condition, expected) in [
            ("@Resource[none] StringEquals ''", false),
            ("@Resource[none] StringNotEquals 'a'", false),
            ("NOT (@Resource[none] StringEquals 'a')", true),
            ("Exists @Resource[none]", false),
            ("NotExists @Resource[none] && Exists @Resource[N]", true),
            ("{} ForAllOfAllValues:StringEquals {'a'}", false),
        ] {
            check(condition, expected);
        }
    }

    #[test]
    fn actions_and_suboperations() {
        check("ActionMatches{'microsoft.storage/*'}", true);
        check("ActionMatches{'a', '*/READ'} AND NOT SubOperationMatches{'blob.list'}", false);
        check("@Request[ip] StringEquals 'it\\'s' OR SubOperationMatches{'Blob.List', 'x'}", true);
    }

    #[test]
    fn what_is_not_known_stays_unknown() {
        let mut attributes = Attributes::unknown();
        let evaluate = |text: &str, attributes: &Attributes| {
            Condition::new(text).evaluate(&Facts { action: "a/write", attributes })
        };
        let usual = "(!(ActionMatches{'a/read'})) OR (@Resource[n] StringEquals 'x')";
        assert_eq!(evaluate(usual, &attributes), Truth::True, "an action that is not targeted");
        let targeted = "(!(ActionMatches{'a/write'})) OR (@Resource[n] StringEquals 'x')";
        assert_eq!(evaluate(targeted, &attributes), Truth::Unknown);
        assert_eq!(evaluate("Exists @Request[x] AND 1 NumericEquals 2", &attributes), Truth::False);
        assert_eq!(evaluate("no condition", &attributes), Truth::Unknown);
        attributes.set(crate::condition::Source::Resource, "n", AttributeValue::Text("x".into()));
        assert_eq!(evaluate(targeted, &attributes), Truth::True);
    }

    #[test]
    fn attributes_are_listed_once() {
        let condition = Condition::new("@Resource[a] StringEquals @Principal[b] OR Exists @Resource[a]");
        let names: Vec<String> =
            condition.expression().unwrap().attributes().iter().map(ToString::to_string).collect();
        assert_eq!(names, ["@Resource[a]", "@Principal[b]"]);
    }
}
