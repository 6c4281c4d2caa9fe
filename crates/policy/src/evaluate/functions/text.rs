//! Searching text with full case folding.

use azimuth_arm::{HostCall, Value};

use super::Outcome;
use crate::fold::fold;

pub(super) fn starts_with(call: &HostCall<'_>) -> Outcome {
    Ok(Value::bool(fold(call.text(0)?).starts_with(&fold(call.text(1)?))))
}

pub(super) fn ends_with(call: &HostCall<'_>) -> Outcome {
    Ok(Value::bool(fold(call.text(0)?).ends_with(&fold(call.text(1)?))))
}

pub(super) fn index_of(call: &HostCall<'_>) -> Outcome {
    let (text, wanted) = (call.text(0)?, fold(call.text(1)?));
    Ok(Value::int(position(text, fold(text).find(&wanted))))
}

pub(super) fn last_index_of(call: &HostCall<'_>) -> Outcome {
    let (text, wanted) = (call.text(0)?, fold(call.text(1)?));
    Ok(Value::int(position(text, fold(text).rfind(&wanted))))
}

/// The position in characters of a byte of the folded text; -1 for none.
fn position(text: &str, folded_at: Option<usize>) -> i64 {
    let Some(wanted) = folded_at else { return -1 };
    if text.is_ascii() {
        return wanted as i64;
    }
    let mut at = 0;
    for (index, character) in text.chars().enumerate() {
        if at >= wanted {
            return index as i64;
        }
        at += fold(character.encode_utf8(&mut [0; 4])).len();
    }
    text.chars().count() as i64
}
