//! The compiled form of a condition.

use azimuth_arm::Value;

use super::{ContextPath, Glance};
use crate::definition::Operator;
use crate::field::Special;
use crate::operator::{Operand, Test};
use crate::path::Path;
use crate::template::Template;

/// A condition of one policy for one resource type.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    Const(bool),
    All(Box<[Node]>),
    Any(Box<[Node]>),
    Not(Box<Node>),
    /// A comparison of one slot with something known: by far the most frequent.
    Slot {
        slot: u16,
        leaf: u32,
        /// What is decided by a glance, without `test`.
        glance: Glance,
        test: Box<Test>,
    },
    Leaf(Box<CompiledLeaf>),
}

/// A comparison that is not the frequent one.
#[derive(Clone, Debug)]
pub(crate) struct CompiledLeaf {
    pub(crate) left: CompiledLeft,
    pub(crate) right: CompiledRight,
    /// Its number among the comparisons of the rule, in the order written.
    pub(crate) leaf: u32,
}

#[derive(Clone, Debug)]
pub(crate) enum CompiledLeft {
    /// Slots of the resource.
    Slot(SlotRef),
    /// A path that has no slot.
    Tree(Path),
    /// A field that is more than a place in the JSON.
    Special(Special),
    /// An alias of another type: nothing is ever there.
    Absent,
    /// A field whose name is computed.
    Dynamic(Template),
    Value(Template),
    /// `field('…')` and nothing else.
    FieldValue(u16),
    /// Something that surrounds the decision.
    Context(ContextPath, Template),
    Count(CompiledCount),
}

#[derive(Clone, Debug)]
pub(crate) enum CompiledRight {
    Ready(Test),
    /// Equal to something that surrounds the decision, or not.
    Context {
        path: ContextPath,
        template: Template,
        operator: Operator,
        is_location: bool,
    },
    Dynamic {
        operator: Operator,
        template: Template,
        is_location: bool,
    },
}

/// Slots to follow.
#[derive(Clone, Debug)]
pub(crate) struct SlotRef {
    /// How many counts up the row stands that the first slot belongs to; `None`: the root row.
    pub(crate) climb: Option<u8>,
    /// Arrays to go through.
    pub(crate) arrays: Box<[u16]>,
    /// The slot in the last row.
    pub(crate) slot: u16,
}

#[derive(Clone, Debug)]
pub(crate) struct CompiledCount {
    pub(crate) over: CompiledOver,
    pub(crate) condition: Option<Node>,
    /// No more than this many need to be found.
    pub(crate) stop_at: Option<u64>,
}

#[derive(Clone, Debug)]
pub(crate) enum CompiledOver {
    /// Rows of arrays of the resource.
    Rows { slots: SlotRef, path: Path },
    /// An array that has no slot.
    Tree(Path),
    /// An array of another type: nothing is ever there.
    Nothing,
    /// Items that parameters decide, each with its own condition.
    Unrolled { items: Box<[(Value, Node)]>, name: Box<str> },
    /// Items of a value.
    Items { value: Template, name: Box<str> },
}

impl Node {
    pub(crate) fn all(parts: Vec<Node>) -> Self {
        Self::join(parts, false)
    }

    pub(crate) fn any(parts: Vec<Node>) -> Self {
        Self::join(parts, true)
    }

    /// `ends`: the truth value that decides the whole.
    fn join(parts: Vec<Node>, ends: bool) -> Self {
        let mut kept = Vec::with_capacity(parts.len());
        for part in parts {
            match part {
                Self::Const(truth) if truth == ends => {
                    // What stands before may still fail, and a failure is no decision.
                    if kept.iter().all(|part: &Self| !part.may_fail()) {
                        return Self::Const(ends);
                    }
                    kept.push(Self::Const(truth));
                    break;
                }
                Self::Const(_) => {}
                other => kept.push(other),
            }
        }
        match kept.len() {
            0 => Self::Const(!ends),
            1 => kept.pop().unwrap_or(Self::Const(!ends)),
            _ if ends => Self::Any(kept.into()),
            _ => Self::All(kept.into()),
        }
    }

    pub(crate) fn not(inner: Node) -> Self {
        match inner {
            Self::Const(truth) => Self::Const(!truth),
            Self::Not(inner) => *inner,
            other => Self::Not(Box::new(other)),
        }
    }

    /// Whether evaluating it can end in an error rather than a truth value.
    fn may_fail(&self) -> bool {
        match self {
            Self::Const(_) => false,
            Self::All(parts) | Self::Any(parts) => parts.iter().any(Self::may_fail),
            Self::Not(inner) => inner.may_fail(),
            Self::Slot { test, .. } => test.may_fail(),
            Self::Leaf(leaf) => match (&leaf.left, &leaf.right) {
                (
                    CompiledLeft::Slot(_)
                    | CompiledLeft::Tree(_)
                    | CompiledLeft::Special(_)
                    | CompiledLeft::FieldValue(_)
                    | CompiledLeft::Absent,
                    CompiledRight::Ready(test),
                ) => test.may_fail(),
                _ => true,
            },
        }
    }
}

impl Test {
    /// Whether some values cannot be compared.
    pub(crate) fn may_fail(&self) -> bool {
        matches!(self.operand, Operand::Order(..) | Operand::Unfit(_))
    }
}
