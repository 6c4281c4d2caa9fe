//! What a glance at a slot tells of a comparison.

use super::Node;
use crate::document::{Document, SlotKind};
use crate::operator::{Operand, Seen, Test, test};

/// The answers of a comparison that follow from the kind of the value alone, or from the hash of a text: most of those
/// that are asked for. Everything else is left to [`test`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Glance {
    /// Kinds of values, one bit each, whose values are all answered alike.
    settled: u16,
    /// The answers for these.
    answers: u16,
    /// One bit for the low six bits of every hash that a text must have to be looked at: all others get `other_text`.
    texts: u64,
    other_text: bool,
}

impl Glance {
    pub(crate) fn of(wanted: &Test) -> Self {
        let negated = wanted.is_negated;
        let mut glance = Self { settled: 0, answers: 0, texts: u64::MAX, other_text: negated };
        for (kind, seen) in [
            (SlotKind::Absent, Seen::Absent),
            (SlotKind::Link, Seen::Absent),
            (SlotKind::Null, Seen::Null),
            (SlotKind::True, Seen::Bool(true)),
            (SlotKind::False, Seen::Bool(false)),
        ] {
            if let Ok(truth) = test(wanted, seen) {
                glance.settle(kind, truth);
            }
        }
        match &wanted.operand {
            Operand::Equals(set) | Operand::In(set) => {
                if let Some(hashes) = set.text_hashes() {
                    glance.texts = hashes.fold(0, |texts, hash| texts | bit_of(hash));
                }
                if set.is_simple() {
                    glance.settle(SlotKind::Array, negated);
                    glance.settle(SlotKind::Object, negated);
                }
            }
            Operand::Exists(wanted) => {
                let kinds = [SlotKind::Number, SlotKind::Text, SlotKind::Scratch, SlotKind::Array];
                for kind in kinds.into_iter().chain([SlotKind::Object]) {
                    glance.settle(kind, *wanted != negated);
                }
            }
            _ => {}
        }
        glance
    }

    fn settle(&mut self, kind: SlotKind, truth: bool) {
        self.settled |= 1 << kind as u16;
        self.answers |= u16::from(truth) << kind as u16;
    }

    /// The answer for a value of this kind; `hash` is the folded hash of a text and means nothing otherwise.
    #[inline]
    pub(crate) fn answer(self, kind: SlotKind, hash: u64) -> Option<bool> {
        let kind_bit = 1_u16 << kind as u16;
        if self.settled & kind_bit != 0 {
            return Some(self.answers & kind_bit != 0);
        }
        let is_text = matches!(kind, SlotKind::Text | SlotKind::Scratch);
        (is_text && self.texts & bit_of(hash) == 0).then_some(self.other_text)
    }
}

/// The first comparisons of a condition, kept beside the policy: most conditions do not hold because of one of these, and
/// nothing else of them is touched then.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Guards([Option<(u16, Glance)>; GUARDS]);

const GUARDS: usize = 2;

impl Guards {
    /// The leading parts of an `allOf` that cannot fail: as soon as one of them does not hold, the whole does not.
    pub(crate) fn of(condition: &Node) -> Self {
        let parts = match condition {
            Node::All(parts) => parts,
            other => std::slice::from_ref(other),
        };
        let leading = parts.iter().map_while(|part| match part {
            Node::Slot { slot, glance, test, .. } if !test.may_fail() => Some((*slot, *glance)),
            _ => None,
        });
        let mut guards = Self::default();
        for (place, guard) in guards.0.iter_mut().zip(leading) {
            *place = Some(guard);
        }
        guards
    }

    /// Whether the condition does not hold for a reason that a glance shows.
    #[inline]
    pub(crate) fn rule_out(&self, document: &Document<'_>) -> bool {
        self.0.iter().flatten().any(|(slot, glance)| {
            let (kind, hash) = document.glance(*slot);
            glance.answer(kind, hash) == Some(false)
        })
    }
}

fn bit_of(hash: u64) -> u64 {
    1 << (hash & 63)
}

#[cfg(test)]
mod tests {
    use azimuth_arm::Value;

    use super::*;
    use crate::definition::Operator;
    use crate::operator::prepare;

    /// What a document would hold in the slot.
    fn kind_of(seen: Seen<'_>) -> (SlotKind, u64) {
        match seen {
            Seen::Absent => (SlotKind::Absent, 0),
            Seen::Null => (SlotKind::Null, 0),
            Seen::Bool(true) => (SlotKind::True, 0),
            Seen::Bool(false) => (SlotKind::False, 0),
            Seen::Number(number) => (SlotKind::Number, number.to_bits()),
            Seen::Text(_, hash) => (SlotKind::Text, hash),
            Seen::Complex(complex) if complex.value().as_array().is_some() => (SlotKind::Array, 0),
            Seen::Complex(_) => (SlotKind::Object, 0),
        }
    }

    #[test]
    fn a_glance_never_contradicts_a_closer_look() {
        let json = |text: &str| Value::from_json(&serde_json::from_str(text).unwrap());
        let values = [
            "null",
            "true",
            "false",
            "0",
            "443",
            r#""""#,
            r#""443""#,
            r#""True""#,
            r#""a""#,
            r#""B""#,
            r#"["a"]"#,
            r#"{"a":1}"#,
            "[]",
            r#"["a",true,443]"#,
            r#"["A","b",null]"#,
            r#"[["a"],"c"]"#,
        ]
        .map(json);
        let mut settled = 0;
        for operator in Operator::names().filter_map(Operator::from_name) {
            for right in &values {
                let wanted = prepare(operator, right, false);
                let glance = Glance::of(&wanted);
                for seen in values.iter().map(Seen::of).chain([Seen::Absent]) {
                    let (kind, hash) = kind_of(seen);
                    if let Some(truth) = glance.answer(kind, hash) {
                        settled += 1;
                        assert_eq!(test(&wanted, seen), Ok(truth), "{seen:?} {operator} {right}");
                    }
                }
            }
        }
        assert!(settled > 1_000, "only {settled} of {} are settled", 19 * 16 * 17);
    }
}
