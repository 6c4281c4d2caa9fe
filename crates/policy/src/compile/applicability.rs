//! Whether a policy is about a resource at all.
//!
//! Documented in "Azure Policy applicability logic": of the conditions only those on `type`, `name` and `kind` count, all
//! others are taken to hold (below `not`: not to hold). A rule of `kind` or `name` conditions alone applies to everything;
//! with `type` beside them, `type` alone decides unless there are further conditions.

use azimuth_arm::Value;

use super::{Compiler, Node};
use crate::definition::{Condition, Leaf, Left};
use crate::template::Template;

/// What a comparison is about, as far as applicability cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    Type,
    Name,
    Kind,
    Other,
}

/// Kinds of conditions found in a rule.
#[derive(Clone, Copy, Debug, Default)]
struct Found {
    types: bool,
    names: bool,
    kinds: bool,
    others: bool,
}

impl Compiler<'_> {
    /// The condition that decides applicability.
    pub(crate) fn applicability(&mut self, condition: &Condition) -> Node {
        let mut found = Found::default();
        condition.for_each_leaf(&mut |leaf| match self.subject(leaf) {
            Subject::Type => found.types = true,
            Subject::Name => found.names = true,
            Subject::Kind => found.kinds = true,
            Subject::Other => found.others = true,
        });
        if !found.types && !found.others && found.names != found.kinds {
            return Node::Const(true);
        }
        let type_alone = found.types && !found.others && found.names != found.kinds;
        self.relevant(condition, true, type_alone)
    }

    fn relevant(&mut self, condition: &Condition, is_positive: bool, type_alone: bool) -> Node {
        match condition {
            Condition::AllOf(parts) => {
                Node::all(parts.iter().map(|part| self.relevant(part, is_positive, type_alone)).collect())
            }
            Condition::AnyOf(parts) => {
                Node::any(parts.iter().map(|part| self.relevant(part, is_positive, type_alone)).collect())
            }
            Condition::Not(inner) => Node::not(self.relevant(inner, !is_positive, type_alone)),
            Condition::Leaf(leaf) => match self.subject(leaf) {
                Subject::Type => self.condition(condition),
                Subject::Name | Subject::Kind if !type_alone => self.condition(condition),
                Subject::Name | Subject::Kind | Subject::Other => Node::Const(is_positive),
            },
        }
    }

    fn subject(&self, leaf: &Leaf) -> Subject {
        let Left::Field(name) = &leaf.left else { return Subject::Other };
        let Some(name) = known_text(name) else { return Subject::Other };
        match name.trim().to_ascii_lowercase().as_str() {
            "type" => Subject::Type,
            "name" => Subject::Name,
            "kind" => Subject::Kind,
            _ => Subject::Other,
        }
    }
}

fn known_text(template: &Template) -> Option<String> {
    template.known().and_then(Value::as_str).map(str::to_owned)
}

/// Whether any condition looks at the location: such a policy leaves subscriptions alone.
pub(crate) fn looks_at_location(condition: &Condition) -> bool {
    let mut found = false;
    condition.for_each_leaf(&mut |leaf| {
        if let Left::Field(name) = &leaf.left {
            found |= known_text(name).is_some_and(|name| name.trim().eq_ignore_ascii_case("location"));
        }
    });
    found
}

/// Whether resources of a type are looked at by Azure Policy at all: nothing of `Microsoft.Resources` but subscriptions and
/// resource groups is.
pub(crate) fn is_evaluated_type(resource_type: &str) -> bool {
    let folded = resource_type.to_ascii_lowercase();
    !folded.starts_with("microsoft.resources/")
        || matches!(
            folded.as_str(),
            "microsoft.resources/subscriptions"
                | "microsoft.resources/subscriptions/resourcegroups"
                | "microsoft.resources/resourcegroups"
        )
}

/// Whether the type is that of subscriptions.
pub(crate) fn is_subscription_type(resource_type: &str) -> bool {
    resource_type.eq_ignore_ascii_case("Microsoft.Resources/subscriptions")
}
