//! Filter rules for devices, applications and service principals.
//!
//! The language is that of dynamic membership rules: `device.trustType -ne "ServerAD" -and -not (…)`. A filter for
//! applications or service principals speaks about `CustomSecurityAttribute.Set_Name` instead of `device.…`.
//!
//! What null means is documented under "Policy behavior with filter for devices" (Conditional Access, filter for
//! devices): an unregistered device has no attribute at all, a positive operator never matches a missing attribute, and
//! a negative operator always does.

mod device;
mod parse;

pub(crate) use device::wire_name;
pub use device::{Device, EXTENSION_ATTRIBUTES};
pub use parse::{FilterError, LONGEST_RULE, parse_custom_attribute_filter, parse_device_filter};

/// A rule that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter(pub(crate) Expression);

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expression {
    Or(Vec<Expression>),
    And(Vec<Expression>),
    Not(Box<Expression>),
    Test(Test),
}

/// One comparison of a rule.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Test {
    /// The attribute as it is looked up: lower case, without the object's name.
    pub(crate) attribute: String,
    pub(crate) operator: Operator,
    pub(crate) operand: Operand,
}

/// How a comparison compares. Negative operators are the negation of the positive one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Operator {
    pub(crate) comparison: Comparison,
    pub(crate) negative: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equals,
    StartsWith,
    EndsWith,
    Contains,
    In,
}

/// What an attribute is compared with; texts are lower case.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Operand {
    Null,
    Text(String),
    List(Vec<String>),
}

/// The value of an attribute; texts are lower case, since every comparison ignores case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Attribute {
    /// No value.
    #[default]
    Null,
    /// A text, a boolean as `true` or `false`, an enumerated value.
    Text(String),
    /// A collection of texts.
    List(Vec<String>),
}

impl Filter {
    /// True if the rule holds, where `attribute` tells the value of an attribute by its name in lower case.
    pub fn matches<'a>(&self, attribute: &dyn Fn(&str) -> &'a Attribute) -> bool {
        holds(&self.0, attribute)
    }

    /// Every comparison of the rule.
    pub(crate) fn tests(&self) -> Vec<&Test> {
        let mut found = Vec::new();
        collect(&self.0, &mut found);
        found
    }
}

fn collect<'a>(expression: &'a Expression, found: &mut Vec<&'a Test>) {
    match expression {
        Expression::Or(parts) | Expression::And(parts) => parts.iter().for_each(|part| collect(part, found)),
        Expression::Not(inner) => collect(inner, found),
        Expression::Test(test) => found.push(test),
    }
}

fn holds<'a>(expression: &Expression, attribute: &dyn Fn(&str) -> &'a Attribute) -> bool {
    match expression {
        Expression::Or(parts) => parts.iter().any(|part| holds(part, attribute)),
        Expression::And(parts) => parts.iter().all(|part| holds(part, attribute)),
        Expression::Not(inner) => !holds(inner, attribute),
        Expression::Test(test) => test.holds(attribute(&test.attribute)),
    }
}

impl Test {
    /// True if the comparison holds for this value.
    pub(crate) fn holds(&self, value: &Attribute) -> bool {
        self.matches(value) != self.operator.negative
    }

    fn matches(&self, value: &Attribute) -> bool {
        match (&self.operand, value) {
            (Operand::Null, Attribute::Null) => true,
            (Operand::Null, _) | (_, Attribute::Null) => false,
            (Operand::Text(wanted), Attribute::Text(text)) => match self.operator.comparison {
                Comparison::Equals | Comparison::In => text == wanted,
                Comparison::StartsWith => text.starts_with(wanted.as_str()),
                Comparison::EndsWith => text.ends_with(wanted.as_str()),
                Comparison::Contains => text.contains(wanted.as_str()),
            },
            // On a collection `contains` asks for a whole element.
            (Operand::Text(wanted), Attribute::List(items)) => {
                items.iter().any(|item| match self.operator.comparison {
                    Comparison::StartsWith => item.starts_with(wanted.as_str()),
                    Comparison::EndsWith => item.ends_with(wanted.as_str()),
                    Comparison::Equals | Comparison::Contains | Comparison::In => item == wanted,
                })
            }
            (Operand::List(wanted), Attribute::Text(text)) => wanted.contains(text),
            (Operand::List(wanted), Attribute::List(items)) => items.iter().any(|item| wanted.contains(item)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(rule: &str, device: Option<serde_json::Value>, expected: bool) {
        let filter = parse_device_filter(rule).expect("the rule is right");
        let device = device.map(|device| Device::from_json(&device));
        assert_eq!(Device::matches(device.as_ref(), &filter), expected, "{rule} of {device:?}");
    }

    #[test]
    fn an_unregistered_device_matches_negative_operators_only() {
        check("device.isCompliant -ne True", None, true);
        check("device.isCompliant -eq False", None, false);
        check("device.model -notIn [\"a\", \"b\"]", None, true);
        check("-not (device.model -startsWith \"a\")", None, true);
        check("device.model -eq null", None, true);
    }

    #[test]
    fn not_binds_tighter_than_and_and_and_tighter_than_or() {
        let device = json!({"trustType": "AzureAD", "isCompliant": true, "model": "x"});
        check(
            "-not device.trustType -eq \"AzureAD\" -and device.isCompliant -eq True",
            Some(device.clone()),
            false,
        );
        let rule = "device.model -eq \"x\" -or device.model -eq \"y\" -and device.isCompliant -eq False";
        check(rule, Some(device), true);
    }

    #[test]
    fn extension_attributes_need_a_known_device() {
        let mut device =
            json!({"extensionAttribute1": "SAW", "isCompliant": false, "trustType": "Workplace"});
        check("device.extensionAttribute1 -eq \"saw\"", Some(device.clone()), false);
        check("device.extensionAttribute1 -ne \"saw\"", Some(device.clone()), true);
        device["trustType"] = json!("ServerAD");
        check("device.extensionAttribute1 -eq \"saw\"", Some(device), true);
    }
}
