//! `split` with a constant delimiter: the array, and one part of it without making the array.

use std::sync::Arc;

use azimuth_values::Json;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, StringViewBuilder};
use datafusion::arrow::datatypes::DataType;
use datafusion::logical_expr::{Expr, Volatility};
use memchr::memmem::Finder;

use super::known::Kernel;
use super::repeat;

/// Texts of more bytes are left to the function, which knows how many items are too many.
const LONG: usize = 64 << 10;

/// `split(text, delimiter)` as JSON text.
pub(super) fn parts(delimiter: &str, plain: Kernel) -> Kernel {
    let finder = Finder::new(delimiter.as_bytes()).into_owned();
    Box::new(move |arrays, count| {
        let texts = arrays[0].as_string_view();
        // Cells mark their own scalars with this character.
        if texts.iter().flatten().any(|text| text.len() > LONG || text.contains('\u{1}')) {
            return plain(arrays, count);
        }
        repeat::mapped(texts, |texts| {
            let mut out = StringViewBuilder::with_capacity(texts.len());
            let mut json = String::new();
            for text in texts {
                json.clear();
                json.push('[');
                for (place, part) in pieces(&finder, text.unwrap_or_default()).enumerate() {
                    if place > 0 {
                        json.push(',');
                    }
                    push_json(&mut json, part);
                }
                json.push(']');
                out.append_value(&json);
            }
            Ok(Arc::new(out.finish()) as ArrayRef)
        })
    })
}

/// `split(text, delimiter)[index]`, as JSON text or (`as_text`) as `tostring` writes it.
pub(crate) fn part(text: Expr, delimiter: &str, index: u64, as_text: bool) -> Option<Expr> {
    let index = usize::try_from(index).ok()?;
    let finder = Finder::new(delimiter.as_bytes()).into_owned();
    let key = format!("{as_text}{index}{delimiter:?}");
    let ty = DataType::Utf8View;
    Some(super::call("part", &key, Volatility::Immutable, ty, vec![text], move |arrays, _| {
        repeat::mapped(arrays[0].as_string_view(), |texts| {
            let mut out = StringViewBuilder::with_capacity(texts.len());
            let mut json = String::new();
            for text in texts {
                match (pieces(&finder, text.unwrap_or_default()).nth(index), as_text) {
                    (Some(part), true) => out.append_value(part),
                    (None, true) => out.append_value(""),
                    (None, false) => out.append_null(),
                    (Some(part), false) => {
                        json.clear();
                        push_json(&mut json, part);
                        out.append_value(&json);
                    }
                }
            }
            Ok(Arc::new(out.finish()))
        })
    }))
}

/// The pieces of a text between delimiters.
fn pieces<'t>(finder: &'t Finder<'static>, text: &'t str) -> impl Iterator<Item = &'t str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        match finder.find(text.as_bytes()) {
            Some(place) => {
                rest = Some(&text[place + finder.needle().len()..]);
                Some(&text[..place])
            }
            None => rest.take(),
        }
    })
}

/// A text as JSON.
fn push_json(json: &mut String, text: &str) {
    let is_plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
    if text.contains('\u{1}') {
        json.push_str(&Json::string(text).to_kept_text());
    } else if text.bytes().all(is_plain) {
        json.push('"');
        json.push_str(text);
        json.push('"');
    } else {
        // Writing a text into memory cannot fail.
        json.push_str(&serde_json::to_string(text).unwrap_or_default());
    }
}
