//! `has`, `contains`, `startswith`, `=~` and their kin with a constant on the right.

use std::sync::Arc;

use azimuth_kql::ast::BinaryOp;
use azimuth_values::terms::{self, Case};
use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use datafusion::arrow::datatypes::DataType;
use datafusion::logical_expr::{Expr, Volatility};
use memchr::memmem::Finder;

/// What is asked of the place where the needle stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Whole,
    Anywhere,
    Start,
    End,
    /// Borders of terms before and after
    Term(bool, bool),
}

/// A test of a text against a constant.
#[derive(Clone, Debug)]
pub(crate) struct Test {
    place: Place,
    case: Case,
    negated: bool,
    /// The needle; folded if case is ignored and it is ASCII
    needle: Arc<str>,
    written: Arc<str>,
    finder: Finder<'static>,
    /// Folded bytes of other texts than ASCII can lie anywhere: those are left to the plain functions.
    is_ascii: bool,
}

/// The test that an operator makes, if it is one of these.
pub(crate) fn test(op: BinaryOp, needle: &str) -> Option<Test> {
    use BinaryOp as B;
    use Case::{Ignored, Sensitive};
    use Place::{Anywhere, End, Start, Term, Whole};
    let (place, case, negated) = match op {
        B::EqualTilde => (Whole, Ignored, false),
        B::NotEqualTilde => (Whole, Ignored, true),
        B::Has => (Term(true, true), Ignored, false),
        B::NotHas => (Term(true, true), Ignored, true),
        B::HasCs => (Term(true, true), Sensitive, false),
        B::NotHasCs => (Term(true, true), Sensitive, true),
        B::HasPrefix => (Term(true, false), Ignored, false),
        B::NotHasPrefix => (Term(true, false), Ignored, true),
        B::HasPrefixCs => (Term(true, false), Sensitive, false),
        B::NotHasPrefixCs => (Term(true, false), Sensitive, true),
        B::HasSuffix => (Term(false, true), Ignored, false),
        B::NotHasSuffix => (Term(false, true), Ignored, true),
        B::HasSuffixCs => (Term(false, true), Sensitive, false),
        B::NotHasSuffixCs => (Term(false, true), Sensitive, true),
        B::Contains => (Anywhere, Ignored, false),
        B::NotContains => (Anywhere, Ignored, true),
        B::ContainsCs => (Anywhere, Sensitive, false),
        B::NotContainsCs => (Anywhere, Sensitive, true),
        B::StartsWith => (Start, Ignored, false),
        B::NotStartsWith => (Start, Ignored, true),
        B::StartsWithCs => (Start, Sensitive, false),
        B::NotStartsWithCs => (Start, Sensitive, true),
        B::EndsWith => (End, Ignored, false),
        B::NotEndsWith => (End, Ignored, true),
        B::EndsWithCs => (End, Sensitive, false),
        B::NotEndsWithCs => (End, Sensitive, true),
        _ => return None,
    };
    let is_ascii = needle.is_ascii();
    let folded = if case == Ignored && is_ascii { needle.to_ascii_lowercase() } else { needle.to_owned() };
    let finder = Finder::new(folded.as_bytes()).into_owned();
    Some(Test { place, case, negated, needle: folded.into(), written: needle.into(), finder, is_ascii })
}

impl Test {
    /// The verdict on a text.
    pub(crate) fn matches(&self, text: &str) -> bool {
        self.found(text) != self.negated
    }

    fn found(&self, text: &str) -> bool {
        let quick = self.is_ascii && (self.case == Case::Sensitive || text.is_ascii());
        if !quick {
            return self.slowly(text);
        }
        let (text, needle) = (text.as_bytes(), self.needle.as_bytes());
        match (self.place, self.case) {
            _ if needle.len() > text.len() => false,
            (Place::Whole, _) => text.eq_ignore_ascii_case(needle),
            (Place::Start, Case::Sensitive) => text.starts_with(needle),
            (Place::Start, Case::Ignored) => text[..needle.len()].eq_ignore_ascii_case(needle),
            (Place::End, Case::Sensitive) => text.ends_with(needle),
            (Place::End, Case::Ignored) => text[text.len() - needle.len()..].eq_ignore_ascii_case(needle),
            (Place::Anywhere, _) => self.find(text, 0).is_some(),
            (Place::Term(before, after), _) => self.has(text, before, after),
        }
    }

    /// The next place of the needle.
    fn find(&self, text: &[u8], from: usize) -> Option<usize> {
        let rest = text.get(from..)?;
        if self.case == Case::Sensitive {
            return self.finder.find(rest).map(|place| from + place);
        }
        let needle = self.needle.as_bytes();
        let Some(&first) = needle.first() else { return Some(from) };
        let last = rest.len().checked_sub(needle.len())?;
        let upper = first.to_ascii_uppercase();
        let starts = &rest[..=last];
        let is_here = |place: usize| rest[place..place + needle.len()].eq_ignore_ascii_case(needle);
        let place = if upper == first {
            memchr::memchr_iter(first, starts).find(|&place| is_here(place))
        } else {
            memchr::memchr2_iter(first, upper, starts).find(|&place| is_here(place))
        };
        place.map(|place| from + place)
    }

    fn has(&self, text: &[u8], before: bool, after: bool) -> bool {
        let needle = self.needle.as_bytes();
        let (Some(first), Some(last)) = (needle.first(), needle.last()) else { return true };
        let before = before && first.is_ascii_alphanumeric();
        let after = after && last.is_ascii_alphanumeric();
        let mut from = 0;
        while let Some(start) = self.find(text, from) {
            let end = start + needle.len();
            let free_before = !before || !ends_in_term(&text[..start]);
            if free_before && (!after || !begins_with_term(&text[end..])) {
                return true;
            }
            from = start + 1;
        }
        false
    }

    fn slowly(&self, text: &str) -> bool {
        let (needle, case) = (&self.written, self.case);
        match self.place {
            Place::Whole => terms::equal_ignoring_case(text, needle),
            Place::Anywhere => terms::contains(text, needle, case),
            Place::Start => terms::starts_with(text, needle, case),
            Place::End => terms::ends_with(text, needle, case),
            Place::Term(true, true) => terms::has(text, needle, case),
            Place::Term(true, false) => terms::has_prefix(text, needle, case),
            Place::Term(..) => terms::has_suffix(text, needle, case),
        }
    }
}

/// Does a character that is part of a term stand at the end? The bytes are those of a text up to a border of characters.
fn ends_in_term(text: &[u8]) -> bool {
    match text.last() {
        None => false,
        Some(byte) if byte.is_ascii() => byte.is_ascii_alphanumeric(),
        Some(_) => std::str::from_utf8(text).is_ok_and(|text| text.ends_with(terms::is_term)),
    }
}

fn begins_with_term(text: &[u8]) -> bool {
    match text.first() {
        None => false,
        Some(byte) if byte.is_ascii() => byte.is_ascii_alphanumeric(),
        Some(_) => std::str::from_utf8(text).is_ok_and(|text| text.starts_with(terms::is_term)),
    }
}

/// A test as a call over a column of texts; null counts as the empty text.
pub(crate) fn call(op: BinaryOp, text: Expr, needle: &str) -> Option<Expr> {
    let test = test(op, needle)?;
    Some(super::call(
        op.text(),
        &format!("{needle:?}"),
        Volatility::Immutable,
        DataType::Boolean,
        vec![text],
        move |arrays, _| Ok(over(&arrays[0], |text| test.matches(text))),
    ))
}

/// A verdict on every text of an array.
pub(crate) fn over(array: &ArrayRef, verdict: impl Fn(&str) -> bool) -> ArrayRef {
    let texts = array.as_string_view();
    let read = |row| if texts.is_null(row) { "" } else { texts.value(row) };
    Arc::new(BooleanArray::from_iter((0..texts.len()).map(|row| Some(verdict(read(row))))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quick_way_is_the_plain_one() {
        use BinaryOp as B;
        let texts = [
            "",
            "North America",
            "a_b",
            "axb",
            "x.exe -enc",
            "x-encode",
            "aa aaa",
            "ÜNÏcode wörd",
            "éaa",
            "aaé",
            "AA",
            "\u{212A}",
        ];
        let needles = ["", "america", "a", "-enc", "AAA", "aa", "wörd", "k", "North A", "e"];
        let ops = [
            B::EqualTilde,
            B::Has,
            B::HasCs,
            B::HasPrefix,
            B::HasPrefixCs,
            B::HasSuffix,
            B::HasSuffixCs,
            B::Contains,
            B::ContainsCs,
            B::StartsWith,
            B::StartsWithCs,
            B::EndsWith,
            B::EndsWithCs,
            B::NotHas,
        ];
        let pairs = || texts.iter().flat_map(|text| needles.map(|needle| (*text, needle)));
        for (op, (text, needle)) in ops.into_iter().flat_map(|op| pairs().map(move |pair| (op, pair))) {
            let test = test(op, needle).unwrap();
            assert_eq!(test.found(text), test.slowly(text), "{text:?} {} {needle:?}", op.text());
        }
    }
}
