//! Equality with one or any of several values, with the coercions of the service.

use azimuth_arm::{Kind, Value};

use super::{Seen, number_of};
use crate::fold::{self, fold};

/// Values one of which is to be equal.
#[derive(Clone, Debug, Default)]
pub(crate) struct Set {
    /// Sorted by hash.
    texts: Box<[Text]>,
    /// Numbers, those written as text included.
    numbers: Numbers,
    /// Numbers written as numbers: only these equal a text that is a number.
    plain_numbers: Numbers,
    has_true: Truth,
    has_false: Truth,
    has_null: bool,
    complex: Box<[Value]>,
    /// How many values the arrays and objects among the members consist of.
    weight: u64,
}

/// In which form a truth value is among the members.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Truth {
    #[default]
    No,
    Text,
    Plain,
}

/// Numbers in order; a negative zero is a zero.
#[derive(Clone, Debug, Default)]
struct Numbers(Box<[f64]>);

impl Numbers {
    fn new(mut numbers: Vec<f64>) -> Self {
        numbers.iter_mut().for_each(|number| *number += 0.0);
        numbers.sort_by(f64::total_cmp);
        numbers.dedup();
        Self(numbers.into())
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn contains(&self, number: f64) -> bool {
        let number = number + 0.0;
        self.0.binary_search_by(|known| known.total_cmp(&number)).is_ok()
    }
}

#[derive(Clone, Debug)]
struct Text {
    hash: u64,
    folded: Box<str>,
}

impl Set {
    pub(crate) fn new<'a>(values: impl Iterator<Item = &'a Value>, is_location: bool) -> Self {
        let (mut texts, mut numbers, mut plain, mut complex) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut set = Self::default();
        for value in values {
            match value.kind() {
                Kind::String(text) => {
                    if text.eq_ignore_ascii_case("true") && set.has_true == Truth::No {
                        set.has_true = Truth::Text;
                    }
                    if text.eq_ignore_ascii_case("false") && set.has_false == Truth::No {
                        set.has_false = Truth::Text;
                    }
                    numbers.extend(number_of(text));
                    let mut folded = fold(text);
                    if is_location {
                        folded.retain(|c| !c.is_whitespace());
                    }
                    texts.push(Text { hash: fold::hash(&folded), folded: folded.into() });
                }
                Kind::Int(int) => plain.push(*int as f64),
                Kind::Float(float) => plain.push(*float),
                Kind::Bool(true) => set.has_true = Truth::Plain,
                Kind::Bool(false) => set.has_false = Truth::Plain,
                Kind::Null => set.has_null = true,
                Kind::Array(_) | Kind::Object(_) => complex.push(value.clone()),
                Kind::Symbolic(_) => {}
            }
        }
        numbers.extend_from_slice(&plain);
        texts.sort_by(|a, b| (a.hash, &a.folded).cmp(&(b.hash, &b.folded)));
        texts.dedup_by(|a, b| a.folded == b.folded);
        set.texts = texts.into();
        set.numbers = Numbers::new(numbers);
        set.plain_numbers = Numbers::new(plain);
        set.weight = complex.iter().map(weight).sum();
        set.complex = complex.into();
        set
    }

    pub(crate) fn contains(&self, seen: Seen<'_>) -> bool {
        match seen {
            Seen::Absent => self.has_null,
            // A null that is written counts as empty text as well; one that is left out does not.
            Seen::Null => self.has_null || self.texts.iter().any(|known| known.folded.is_empty()),
            Seen::Text(text, hash) => self.has_text(text, hash),
            Seen::Number(number) => self.numbers.contains(number),
            Seen::Bool(true) => self.has_true != Truth::No,
            Seen::Bool(false) => self.has_false != Truth::No,
            Seen::Complex(complex) => {
                !self.complex.is_empty() && {
                    let value = complex.value();
                    self.complex.iter().any(|known| equal(&value, known))
                }
            }
        }
    }

    /// The hashes of the texts among the members, in order, if a text can equal nothing but these.
    pub(crate) fn text_hashes(&self) -> Option<impl Iterator<Item = u64>> {
        let is_alone =
            self.plain_numbers.is_empty() && self.has_true != Truth::Plain && self.has_false != Truth::Plain;
        is_alone.then(|| self.texts.iter().map(|text| text.hash))
    }

    /// How many values the arrays and objects among the members consist of.
    pub(crate) fn weight(&self) -> u64 {
        self.weight
    }

    /// Whether no array or object is among the members.
    pub(crate) fn is_simple(&self) -> bool {
        self.complex.is_empty()
    }

    fn has_text(&self, text: &str, hash: u64) -> bool {
        let is_known = if let [only] = &*self.texts {
            only.hash == hash && is_folded_form(text, &only.folded)
        } else {
            let start = self.texts.partition_point(|known| known.hash < hash);
            let same = self.texts[start..].iter().take_while(|known| known.hash == hash);
            same.into_iter().any(|known| is_folded_form(text, &known.folded))
        };
        is_known
            || (!self.plain_numbers.is_empty()
                && number_of(text).is_some_and(|number| self.plain_numbers.contains(number)))
            || (self.has_true == Truth::Plain && text.eq_ignore_ascii_case("true"))
            || (self.has_false == Truth::Plain && text.eq_ignore_ascii_case("false"))
    }
}

fn is_folded_form(text: &str, folded: &str) -> bool {
    text.eq_ignore_ascii_case(folded) || (!text.is_ascii() && fold(text) == folded)
}

/// How many values a value consists of.
pub(crate) fn weight(value: &Value) -> u64 {
    match value.kind() {
        Kind::Array(items) => 1 + items.iter().map(weight).sum::<u64>(),
        Kind::Object(members) => 1 + members.iter().map(|(_, member)| weight(member)).sum::<u64>(),
        _ => 1,
    }
}

/// Equality of something seen with one value, as [`Set::contains`] has it, without preparing anything.
pub(crate) fn equals(seen: Seen<'_>, value: &Value, is_location: bool) -> bool {
    match (seen, value.kind()) {
        (Seen::Text(text, _), Kind::String(wanted)) if !is_location => fold::eq(text, wanted),
        (Seen::Absent, kind) => matches!(kind, Kind::Null),
        _ => Set::new(std::iter::once(value), is_location).contains(seen),
    }
}

/// Equality of any two values with the coercions of the service: text without letter case, numbers and booleans also
/// as text, arrays in order, objects in any order.
pub(crate) fn equal(left: &Value, right: &Value) -> bool {
    match (left.kind(), right.kind()) {
        (Kind::Array(a), Kind::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| equal(a, b))
        }
        (Kind::Object(a), Kind::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| equal(a, b)))
        }
        (Kind::Array(_) | Kind::Object(_), _) | (_, Kind::Array(_) | Kind::Object(_)) => false,
        _ => Set::new(std::iter::once(right), false).contains(Seen::of(left)),
    }
}
