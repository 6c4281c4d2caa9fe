//! Functions by name over arrays: kernels of those that queries call most, and the function itself, row by row, for the others
//! whose arguments are arrays already.

use std::borrow::Cow;
use std::sync::Arc;

use azimuth_kql::types::ScalarType;
use azimuth_rows::{Ready, eval, type_of};
use azimuth_values::{Function, Value, Volatility, calendar, function, text};
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Int64Builder, StringViewArray, StringViewBuilder, UInt32Array,
};
use datafusion::arrow::compute::take;
use datafusion::arrow::datatypes::Int64Type;
use datafusion::error::Result;

use super::{repeat, split};
use crate::json::{self, Kind};
use crate::stage::Stage;
use crate::{cells, rows};

/// An argument of a call.
#[derive(Clone, Debug)]
pub(crate) enum Argument {
    /// The same for all rows
    Constant(Value),
    /// The next array, of that type
    Column(ScalarType),
}

/// What a call does with the arrays of its arguments that are no constants, and the number of rows.
pub(crate) type Kernel = Box<dyn Fn(&[ArrayRef], usize) -> Result<ArrayRef> + Send + Sync>;

/// Texts longer than this together are left to the function, which knows what is too long.
const LONG: usize = 1 << 20;

/// The kernel of a function; `None` for those that are no plain functions of their arguments' values.
pub(crate) fn kernel(
    stage: &Arc<Stage>,
    name: &'static str,
    arguments: &[Argument],
    ty: ScalarType,
) -> Option<Kernel> {
    use Argument::{Column, Constant};
    use ScalarType as T;
    let known = function(name)?;
    // What depends on the moment or on chance, and what takes branches, is the row engine's.
    if known.volatility != Volatility::Immutable || matches!(name, "iff" | "case") {
        return None;
    }
    let plain = by_value(stage, known, arguments, ty);
    Some(match (name, arguments) {
        ("tolower", [Column(T::String)]) => texts(lowered),
        ("toupper", [Column(T::String)]) => texts(raised),
        ("substring", [Column(T::String), Constant(start)]) => {
            let start = start.as_long()?;
            texts(move |text| part(text, start, i64::MAX).into())
        }
        ("substring", [Column(T::String), Constant(start), Constant(length)]) => {
            let (start, length) = (start.as_long()?, length.as_long()?);
            texts(move |text| part(text, start, length).into())
        }
        (
            "replace_string",
            [Column(T::String), Constant(Value::String(lookup)), Constant(Value::String(rewrite))],
        ) if !lookup.is_empty() => {
            let (lookup, rewrite) = (lookup.clone(), rewrite.clone());
            let finder = memchr::memmem::Finder::new(lookup.as_bytes()).into_owned();
            texts(move |text| match finder.find(text.as_bytes()) {
                Some(_) => text.replace(&*lookup, &rewrite).into(),
                None => text.into(),
            })
        }
        ("strlen", [Column(T::String)]) => counts(|text| text.chars().count() as i64),
        ("string_size", [Column(T::String)]) => counts(|text| text.len() as i64),
        ("array_length", [Column(T::Dynamic)]) => lengths(plain),
        ("strcat", _) => strcat(arguments.to_vec(), plain),
        ("split", [Column(T::String), Constant(Value::String(delimiter))]) if !delimiter.is_empty() => {
            split::parts(delimiter, plain)
        }
        ("todynamic" | "parse_json" | "parsejson" | "toobject", [Column(T::String)]) => as_json(plain),
        (
            "startofday" | "startofweek" | "startofmonth" | "startofyear" | "endofday" | "endofweek"
            | "endofmonth" | "endofyear" | "dayofweek" | "dayofmonth" | "dayofyear" | "hourofday"
            | "monthofyear" | "getmonth" | "getyear" | "week_of_year" | "weekofyear",
            [Column(T::Datetime)],
        ) => by_hour(plain),
        _ => plain,
    })
}

/// Whether a function has a kernel of its own.
pub(crate) fn has_kernel(name: &str) -> bool {
    matches!(
        name,
        "strlen"
            | "string_size"
            | "array_length"
            | "split"
            | "todynamic"
            | "parse_json"
            | "parsejson"
            | "toobject"
            | "dayofmonth"
            | "dayofyear"
            | "hourofday"
            | "monthofyear"
            | "getmonth"
            | "getyear"
            | "week_of_year"
            | "weekofyear"
    )
}

/// The function itself on the values of the rows.
fn by_value(stage: &Arc<Stage>, known: &'static Function, arguments: &[Argument], ty: ScalarType) -> Kernel {
    let (stage, arguments) = (stage.clone(), arguments.to_vec());
    let types: Vec<azimuth_values::Type> = arguments
        .iter()
        .filter_map(|argument| match argument {
            Argument::Column(ty) => Some(type_of(*ty)),
            Argument::Constant(_) => None,
        })
        .collect();
    let each = move |arrays: &[ArrayRef], rows: usize| {
        let values = stage.run(&Ready::default(), |run| {
            let mut given: Vec<Value> = arguments
                .iter()
                .map(|argument| match argument {
                    Argument::Constant(value) => value.clone(),
                    Argument::Column(_) => Value::Null,
                })
                .collect();
            let places = arguments.iter().enumerate();
            let places: Vec<usize> = places
                .filter_map(|(place, argument)| matches!(argument, Argument::Column(_)).then_some(place))
                .collect();
            let mut bytes = 0;
            let mut made = Vec::with_capacity(rows);
            for row in 0..rows {
                for ((place, array), ty) in places.iter().zip(arrays).zip(&types) {
                    given[*place] = cells::value(array, row, *ty);
                }
                let value = eval::typed((known.call)(run.context, &given)?, ty);
                super::row::counted(&mut bytes, &value, known.names[0])?;
                made.push(value);
            }
            Ok(made)
        })?;
        Ok(rows::array(&values, ty))
    };
    Box::new(move |arrays, rows| match arrays {
        [one] if one.as_string_view_opt().is_some() => {
            repeat::mapped(one.as_string_view(), |texts| each(&[Arc::new(texts.clone())], texts.len()))
        }
        _ => each(arrays, rows),
    })
}

/// Texts made of texts; null is the empty one.
fn texts(make: impl for<'t> Fn(&'t str) -> Cow<'t, str> + Send + Sync + 'static) -> Kernel {
    Box::new(move |arrays, _| {
        repeat::mapped(arrays[0].as_string_view(), |texts| {
            let mut out = StringViewBuilder::with_capacity(texts.len());
            texts.iter().for_each(|text| out.append_value(make(text.unwrap_or_default())));
            Ok(Arc::new(out.finish()))
        })
    })
}

/// Numbers made of texts; null stays null.
fn counts(count: impl Fn(&str) -> i64 + Send + Sync + 'static) -> Kernel {
    Box::new(move |arrays, _| {
        let counts = arrays[0].as_string_view().iter().map(|text| text.map(&count));
        Ok(Arc::new(counts.collect::<datafusion::arrow::array::Int64Array>()))
    })
}

/// How many items arrays have; null for bags.
fn lengths(plain: Kernel) -> Kernel {
    Box::new(move |arrays, count| {
        let (mut items, mut out) = (Vec::new(), Int64Builder::with_capacity(count));
        for text in arrays[0].as_string_view() {
            items.clear();
            match text.map(|text| json::parts(text, &mut items)) {
                Some(Some(Kind::Array)) => out.append_value(items.len() as i64),
                Some(Some(Kind::Bag)) | None => out.append_null(),
                // Scalars, and what wants a closer look.
                Some(None) => return plain(arrays, count),
            }
        }
        Ok(Arc::new(out.finish()) as ArrayRef)
    })
}

fn lowered(text: &str) -> Cow<'_, str> {
    match (text.is_ascii(), text.bytes().any(|byte| byte.is_ascii_uppercase())) {
        (true, false) => text.into(),
        (true, true) => text.to_ascii_lowercase().into(),
        (false, _) => text.to_lowercase().into(),
    }
}

fn raised(text: &str) -> Cow<'_, str> {
    match (text.is_ascii(), text.bytes().any(|byte| byte.is_ascii_lowercase())) {
        (true, false) => text.into(),
        (true, true) => text.to_ascii_uppercase().into(),
        (false, _) => text.to_uppercase().into(),
    }
}

/// `substring`: a negative start counts from the end; what lies before the text counts against the length.
fn part(text: &str, start: i64, length: i64) -> &str {
    let count = if text.is_ascii() { text.len() } else { text.chars().count() } as i64;
    let start = if start < 0 { start.saturating_add(count) } else { start };
    let end = start.saturating_add(length.max(0)).clamp(0, count) as usize;
    let start = start.clamp(0, count) as usize;
    if text.is_ascii() {
        return text.get(start..end).unwrap_or_default();
    }
    let place = |character: usize| text.char_indices().nth(character).map_or(text.len(), |(place, _)| place);
    if start >= end { "" } else { &text[place(start)..place(end)] }
}

/// `strcat` of texts and other scalars.
fn strcat(arguments: Vec<Argument>, plain: Kernel) -> Kernel {
    let is_text = |argument: &Argument| match argument {
        Argument::Constant(_) => true,
        Argument::Column(ty) => !matches!(ty, ScalarType::Dynamic | ScalarType::Unknown),
    };
    if !arguments.iter().all(is_text) {
        return plain;
    }
    Box::new(move |given, count| {
        let mut out = StringViewBuilder::with_capacity(count);
        let mut joined = String::new();
        for row in 0..count {
            joined.clear();
            let mut arrays = given.iter();
            for argument in &arguments {
                match argument {
                    Argument::Constant(value) => joined.push_str(&text::to_string(value)),
                    Argument::Column(ty) => {
                        let Some(array) = arrays.next() else { continue };
                        match array.as_string_view_opt() {
                            Some(texts) if texts.is_null(row) => {}
                            Some(texts) => joined.push_str(texts.value(row)),
                            None => {
                                joined.push_str(&text::to_string(&cells::value(array, row, type_of(*ty))));
                            }
                        }
                    }
                }
            }
            if joined.len() > LONG {
                return plain(given, count);
            }
            out.append_value(&joined);
        }
        Ok(Arc::new(out.finish()))
    })
}

/// `parse_json` of a text: the cell of a `dynamic` is its text, which is read where it is used.
fn as_json(plain: Kernel) -> Kernel {
    // What cells mark their own scalars with is not to be taken for it in a text from elsewhere.
    let mark = memchr::memmem::Finder::new("\\u0001").into_owned();
    Box::new(move |arrays, count| {
        let texts = arrays[0].as_string_view();
        if texts.iter().flatten().any(|text| mark.find(text.as_bytes()).is_some()) {
            return plain(arrays, count);
        }
        if texts.views().iter().all(|view| *view as u32 != 0) {
            return Ok(arrays[0].clone());
        }
        Ok(Arc::new(
            texts.iter().map(|text| text.filter(|text| !text.is_empty())).collect::<StringViewArray>(),
        ))
    })
}

/// A function of moments that is the same for a whole hour: computed once for rows of one hour that follow each other.
fn by_hour(plain: Kernel) -> Kernel {
    Box::new(move |arrays, count| {
        let moments = arrays[0].as_primitive::<Int64Type>();
        if moments.null_count() > 0 {
            return plain(arrays, count);
        }
        let (mut first, mut places, mut hour) = (Vec::new(), Vec::with_capacity(count), 0..0);
        for (row, moment) in moments.values().iter().enumerate() {
            if !hour.contains(moment) {
                let start = moment.div_euclid(calendar::HOUR) * calendar::HOUR;
                hour = start..start + calendar::HOUR;
                first.push(row as u32);
            }
            places.push(first.len() as u32 - 1);
        }
        let hours = take(&arrays[0], &UInt32Array::from(first), None)?;
        let made = plain(std::slice::from_ref(&hours), hours.len())?;
        Ok(take(&made, &UInt32Array::from(places), None)?)
    })
}
