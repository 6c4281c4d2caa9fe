//! Expressions so frequent that they have a form of their own.

use azimuth_arm::{Expression, ExpressionKind, Value};

use super::{Policy, SlotRef};
use crate::evaluate::constant_value;
use crate::path::Path;

/// A field that expressions ask for by a literal name.
#[derive(Clone, Debug)]
pub(crate) struct FieldSlots {
    /// Where it stands.
    pub(crate) path: Path,
    /// Its slots, seen from the root row.
    pub(crate) slots: SlotRef,
}

/// Something that surrounds a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Surrounding {
    Request,
    ResourceGroup,
    Subscription,
}

/// `requestContext().apiVersion`, `resourceGroup().tags['x']` and the like.
#[derive(Clone, Debug)]
pub(crate) struct ContextPath {
    pub(crate) root: Surrounding,
    pub(crate) members: Box<[Box<str>]>,
}

impl ContextPath {
    /// The path that an expression is, if it is one.
    pub(crate) fn of(expression: &Expression, policy: &Policy) -> Option<Self> {
        let mut members = Vec::new();
        let mut current = expression;
        loop {
            match &current.kind {
                ExpressionKind::Member { base, name, is_safe: false } => {
                    members.push((**name).into());
                    current = base;
                }
                ExpressionKind::Index { base, index, is_safe: false } => {
                    let index = constant_value(index, policy, &[])?;
                    members.push(index.as_str()?.into());
                    current = base;
                }
                ExpressionKind::Call(call) if call.arguments.is_empty() && call.namespace.is_none() => {
                    let root = match &*call.key {
                        "requestcontext" => Surrounding::Request,
                        "resourcegroup" => Surrounding::ResourceGroup,
                        "subscription" => Surrounding::Subscription,
                        _ => return None,
                    };
                    members.reverse();
                    return (!members.is_empty()).then(|| Self { root, members: members.into() });
                }
                _ => return None,
            }
        }
    }

    /// What stands there; `None` if something on the way is missing.
    pub(crate) fn find<'a>(&self, root: &'a Value) -> Option<&'a Value> {
        self.members.iter().try_fold(root, |value, name| value.as_object()?.get(name))
    }
}
