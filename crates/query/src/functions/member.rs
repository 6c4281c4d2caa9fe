//! `in`, `in~`, `has_any` and their kin over constant lists.

use azimuth_kql::ast::{BinaryOp, InOp};
use azimuth_kql::types::ScalarType;
use azimuth_values::{Value, terms, text as spelling};
use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::buffer::BooleanBuffer;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::logical_expr::{Expr, Volatility};

use hashbrown::HashSet;

use super::{repeat, text};
use crate::stage::unique;

/// Membership as a call; `None` where the types ask for the row engine.
pub(crate) fn call(op: InOp, left: &Expr, ty: ScalarType, members: &[Value]) -> Option<Expr> {
    let verdicts = verdicts(op, ty, members)?;
    let key = unique().to_string();
    Some(super::call(
        op_name(op),
        &key,
        Volatility::Immutable,
        DataType::Boolean,
        vec![left.clone()],
        move |arrays, _| verdicts(&arrays[0]),
    ))
}

fn op_name(op: InOp) -> &'static str {
    match op {
        InOp::In => "in",
        InOp::NotIn => "!in",
        InOp::InTilde => "in~",
        InOp::NotInTilde => "!in~",
        InOp::HasAny => "has_any",
        InOp::HasAll => "has_all",
    }
}

type Verdicts = Box<dyn Fn(&ArrayRef) -> datafusion::error::Result<ArrayRef> + Send + Sync>;

fn verdicts(op: InOp, ty: ScalarType, members: &[Value]) -> Option<Verdicts> {
    let negated = matches!(op, InOp::NotIn | InOp::NotInTilde);
    match (ty, op) {
        (ScalarType::String, InOp::In | InOp::NotIn) => {
            let known = members.iter().map(|member| match member {
                Value::String(text) => Some(text.to_string()),
                _ => None,
            });
            let known = Texts::of(known.collect::<Option<_>>()?);
            Some(Box::new(move |array| {
                Ok(text::over(array, |text| known.contain(text.as_bytes()) != negated))
            }))
        }
        (ScalarType::String, InOp::InTilde | InOp::NotInTilde) => {
            let known =
                Texts::of(members.iter().map(|member| terms::fold(&spelling::to_string(member))).collect());
            Some(Box::new(move |array| {
                Ok(text::over(array, |text| {
                    let mut folded = [0; SHORT];
                    let is_known = match folded.get_mut(..text.len()).filter(|_| text.is_ascii()) {
                        Some(folded) => {
                            folded.copy_from_slice(text.as_bytes());
                            folded.make_ascii_lowercase();
                            known.contain(folded)
                        }
                        None => known.contain(terms::fold(text).as_bytes()),
                    };
                    is_known != negated
                }))
            }))
        }
        (ScalarType::String, InOp::HasAny | InOp::HasAll) => {
            let tests = members
                .iter()
                .map(|member| text::test(BinaryOp::Has, &spelling::to_string(member)))
                .collect::<Option<Vec<_>>>()?;
            let is_any = op == InOp::HasAny;
            // Looking through all texts for one needle after the other pays while there are few needles.
            if (1..=FEW).contains(&tests.len()) {
                return Some(Box::new(move |array| {
                    let texts = array.as_string_view();
                    let each = tests.iter().map(|test| test.verdicts(texts));
                    let all = each.reduce(|all, next| if is_any { &all | &next } else { &all & &next });
                    Ok(repeat::boolean(all.unwrap_or_else(|| BooleanBuffer::new_unset(texts.len()))))
                }));
            }
            Some(Box::new(move |array| {
                Ok(text::over(array, |text| match is_any {
                    true => tests.iter().any(|test| test.matches(text)),
                    false => tests.iter().all(|test| test.matches(text)),
                }))
            }))
        }
        (
            ScalarType::Int | ScalarType::Long | ScalarType::Datetime | ScalarType::Timespan,
            InOp::In | InOp::NotIn,
        ) => {
            let known = members.iter().map(|member| match (ty, member) {
                (ScalarType::Int | ScalarType::Long, Value::Int(_) | Value::Long(_))
                | (ScalarType::Datetime, Value::DateTime(_))
                | (ScalarType::Timespan, Value::TimeSpan(_)) => member.as_long(),
                _ => None,
            });
            let known: HashSet<i64> = known.collect::<Option<_>>()?;
            Some(Box::new(move |array| {
                let numbers = cast(array, &DataType::Int64)?;
                let numbers = numbers.as_primitive::<Int64Type>();
                // Nothing in the list is null: a null is in no such list.
                let verdict = |row| (!numbers.is_null(row) && known.contains(&numbers.value(row))) != negated;
                Ok(repeat::boolean(BooleanBuffer::collect_bool(numbers.len(), verdict)))
            }))
        }
        _ => None,
    }
}

/// Texts up to this length are folded without asking for memory.
const SHORT: usize = 128;
/// Needles of `has_any` that are looked for one after the other.
const FEW: usize = 8;
/// Bits of the sieve; a power of two.
const SIEVE: usize = 1 << 19;

/// A set of texts, before it a sieve: most texts are told to be none of thousands without a look into the table.
struct Texts {
    known: HashSet<Vec<u8>>,
    sieve: Vec<u64>,
}

impl Texts {
    fn of(texts: Vec<String>) -> Self {
        let known: HashSet<Vec<u8>> = texts.into_iter().map(String::into_bytes).collect();
        // A table that fits the cache is as quick as the sieve.
        let mut sieve = if known.len() > 64 { vec![0_u64; SIEVE / 64] } else { Vec::new() };
        if !sieve.is_empty() {
            known.iter().map(|text| bit(text)).for_each(|bit| sieve[bit / 64] |= 1 << (bit % 64));
        }
        Self { known, sieve }
    }

    fn contain(&self, text: &[u8]) -> bool {
        let may = self.sieve.is_empty() || {
            let bit = bit(text);
            self.sieve[bit / 64] >> (bit % 64) & 1 == 1
        };
        may && self.known.contains(text)
    }
}

/// The bit of a text: of its length, its first and its last eight bytes.
fn bit(text: &[u8]) -> usize {
    let word = |bytes: Option<&[u8; 8]>| bytes.map(|bytes| u64::from_le_bytes(*bytes));
    let (first, last) = match (word(text.first_chunk()), word(text.last_chunk())) {
        (Some(first), Some(last)) => (first, last),
        _ => {
            let mut bytes = [0; 8];
            bytes[..text.len()].copy_from_slice(text);
            (u64::from_le_bytes(bytes), 0)
        }
    };
    let mixed = (first ^ text.len() as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ last;
    (mixed.wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 45) as usize % SIEVE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sieve_lets_members_through() {
        let texts: Vec<String> =
            (0..3000).map(|number| "x".repeat(number % 40) + &number.to_string()).collect();
        for texts in [&texts[..], &texts[..50]] {
            let known = Texts::of(texts.to_vec());
            assert!(texts.iter().all(|text| known.contain(text.as_bytes())));
            assert!(
                !known.contain(b"") && !known.contain(b"3001") && !known.contain(b"xxxxxxxxxxxxxxxxxxxx")
            );
        }
    }
}
