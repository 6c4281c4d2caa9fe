//! Slots, rows, and the document that lies over them.

use std::cell::{Cell, OnceCell, Ref, RefCell};
use std::ops::ControlFlow;

use azimuth_arm::{Budget, Limits, Value};

use super::value_of_text;
use crate::evaluate::Fault;
use crate::operator::{Complex, Seen};

/// The buffers of one document; reused from one to the next, so that reading allocates only while they grow.
#[derive(Clone, Debug, Default)]
pub struct Slots {
    pub(super) slots: Vec<Slot>,
    /// Texts that differ from what is written: escapes resolved, locations in normal form.
    pub(super) scratch: String,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    pub(super) kind: SlotKind,
    /// Start of a text, array or object; the next row of a link.
    pub(super) start: u32,
    /// Its end.
    pub(super) end: u32,
    /// The hash of a text, the bits of a number, first row and length of an array.
    pub(super) extra: u64,
}

/// What kind of value a slot holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SlotKind {
    Absent,
    Null,
    True,
    False,
    Number,
    /// In the document's own text.
    Text,
    /// In the scratch text.
    Scratch,
    Array,
    Object,
    /// The head of a row.
    Link,
}

/// No row.
pub(super) const NO_ROW: u32 = u32::MAX;

impl Slot {
    pub(super) const ABSENT: Self = Self { kind: SlotKind::Absent, start: NO_ROW, end: 0, extra: 0 };
}

/// The row of an array member, or the root row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row(pub(super) u32);

impl Row {
    pub(crate) const ROOT: Self = Self(0);
}

/// One resource, read.
#[derive(Debug)]
pub(crate) struct Document<'a> {
    text: &'a str,
    slots: &'a Slots,
    /// The whole resource, for the few questions that have no slot.
    tree: OnceCell<Value>,
    /// What one policy may still do with it.
    budget: RefCell<Budget>,
    is_budget_touched: Cell<bool>,
}

/// Steps that one policy may take over one resource: members looked at by counts and collections, and what expressions take.
/// The service has limits of its own (nodes, returned text) that are far below.
pub(crate) const MAX_STEPS: u64 = 2_000_000;

/// Largest value of an expression, in bytes ("returned text" of the service is 131,072 characters).
const MAX_BYTES: u64 = 4 * 131_072;

/// What one policy may do.
pub(crate) fn full_budget() -> Budget {
    Budget::new(&Limits { steps: MAX_STEPS, depth: 128, value_bytes: MAX_BYTES, ..Limits::default() })
}

impl<'a> Document<'a> {
    pub(super) fn new(text: &'a str, slots: &'a Slots) -> Self {
        let budget = RefCell::new(full_budget());
        Self { text, slots, tree: OnceCell::new(), budget, is_budget_touched: Cell::new(false) }
    }

    /// Lets the next policy begin with a full budget.
    pub(crate) fn refill(&self) {
        if self.is_budget_touched.replace(false)
            && let Ok(mut budget) = self.budget.try_borrow_mut()
        {
            *budget = full_budget();
        }
    }

    /// Takes steps off the budget.
    ///
    /// # Errors
    /// If none are left.
    pub(crate) fn spend(&self, steps: u64) -> Result<(), Fault> {
        let spent = self.budget().charge(steps);
        spent.map_err(|_| {
            Fault::new(format!("the policy takes more than {MAX_STEPS} steps over the resource"))
        })
    }

    /// The budget, for expressions.
    pub(crate) fn budget(&self) -> Ref<'_, Budget> {
        self.is_budget_touched.set(true);
        self.budget.borrow()
    }

    /// The whole resource.
    pub(crate) fn tree(&self) -> &Value {
        self.tree.get_or_init(|| value_of_text(self.text))
    }

    /// What the slot of a row holds.
    pub(crate) fn seen(&self, row: Row, slot: u16) -> Seen<'_> {
        let slot = self.slot(row, slot);
        let part = |text: &'a str| text.get(slot.start as usize..slot.end as usize).unwrap_or_default();
        match slot.kind {
            SlotKind::Absent | SlotKind::Link => Seen::Absent,
            SlotKind::Null => Seen::Null,
            SlotKind::True => Seen::Bool(true),
            SlotKind::False => Seen::Bool(false),
            SlotKind::Number => Seen::Number(f64::from_bits(slot.extra)),
            SlotKind::Text => Seen::Text(part(self.text), slot.extra),
            SlotKind::Scratch => Seen::Text(part(&self.slots.scratch), slot.extra),
            SlotKind::Array | SlotKind::Object => Seen::Complex(Complex::Raw(part(self.text))),
        }
    }

    /// The kind of value that a slot of the root row holds, and the folded hash if it is a text.
    pub(crate) fn glance(&self, slot: u16) -> (SlotKind, u64) {
        let slot = self.slot(Row::ROOT, slot);
        (slot.kind, slot.extra)
    }

    fn slot(&self, row: Row, slot: u16) -> &'a Slot {
        const ABSENT: &Slot = &Slot::ABSENT;
        self.slots.slots.get(row.0 as usize + usize::from(slot)).unwrap_or(ABSENT)
    }

    /// How many members the array in a slot has; `None` if there is no array.
    pub(crate) fn length(&self, row: Row, slot: u16) -> Option<u64> {
        let slot = self.slot(row, slot);
        (slot.kind == SlotKind::Array).then_some(slot.extra >> 32)
    }

    /// Visits the rows of the arrays that the slots lead through, from `row` on. Returns whether every array is there;
    /// a missing one ends the visit.
    pub(crate) fn each_row<B>(
        &self,
        row: Row,
        arrays: &[u16],
        visit: &mut dyn FnMut(Row) -> ControlFlow<B>,
    ) -> ControlFlow<B, Presence> {
        let Some((first, rest)) = arrays.split_first() else {
            visit(row)?;
            return ControlFlow::Continue(Presence::Whole);
        };
        let slot = self.slot(row, *first);
        if slot.kind != SlotKind::Array {
            return ControlFlow::Continue(Presence::Missing);
        }
        let mut next = slot.extra as u32;
        let mut presence = Presence::Whole;
        while next != NO_ROW {
            if rest.is_empty() {
                visit(Row(next))?;
            } else if self.each_row(Row(next), rest, visit)? != Presence::Whole {
                presence = Presence::Partial;
            }
            next = self.slots.slots.get(next as usize).map_or(NO_ROW, |link| link.start);
        }
        ControlFlow::Continue(presence)
    }
}

/// Whether the arrays on a path are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// All are.
    Whole,
    /// The outermost is, some inner one is not.
    Partial,
    /// The outermost is not.
    Missing,
}
