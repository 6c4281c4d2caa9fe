//! `has`, `contains`, `startswith`, `=~` and their kin with a constant on the right.

use std::sync::Arc;

use azimuth_kql::ast::BinaryOp;
use azimuth_values::terms::{self, Case};
use datafusion::arrow::array::{ArrayRef, AsArray, StringViewArray};
use datafusion::arrow::buffer::BooleanBuffer;
use datafusion::arrow::datatypes::DataType;
use datafusion::logical_expr::{Expr, Volatility};
use memchr::memmem::Finder;

use super::{repeat, search};

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

    /// The verdicts on all texts of an array.
    pub(crate) fn verdicts(&self, texts: &StringViewArray) -> BooleanBuffer {
        let is_within = matches!(self.place, Place::Anywhere | Place::Term(..));
        if !is_within || !self.is_ascii || self.needle.is_empty() || repeat::repeats(texts).is_some() {
            return repeat::verdicts(texts, |text| self.matches(text));
        }
        let wanted = search::Wanted {
            finder: &self.finder,
            length: self.needle.len(),
            is_folded: self.case == Case::Ignored,
        };
        let counts = |text: &[u8], place: usize| match self.place {
            Place::Term(before, after) => self.is_term(text, place, before, after),
            _ => true,
        };
        let found = search::rows(texts, &wanted, counts, |text| self.found(text));
        BooleanBuffer::collect_bool(found.len(), |row| found[row] != self.negated)
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
        if self.needle.is_empty() {
            return true;
        }
        let mut from = 0;
        while let Some(start) = self.find(text, from) {
            if self.is_term(text, start, before, after) {
                return true;
            }
            from = start + 1;
        }
        false
    }

    /// Whether the needle that stands at a place has the borders it needs.
    fn is_term(&self, text: &[u8], start: usize, before: bool, after: bool) -> bool {
        let needle = self.needle.as_bytes();
        let is_word = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        let (before, after) = (before && is_word(needle.first()), after && is_word(needle.last()));
        let end = start + needle.len();
        !(before && ends_in_term(&text[..start]) || after && begins_with_term(&text[end..]))
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
        move |arrays, _| Ok(repeat::boolean(test.verdicts(arrays[0].as_string_view()))),
    ))
}

/// A verdict on every text of an array.
pub(crate) fn over(array: &ArrayRef, verdict: impl Fn(&str) -> bool) -> ArrayRef {
    repeat::boolean(repeat::verdicts(array.as_string_view(), verdict))
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

    #[test]
    fn all_texts_at_once_are_each_alone() {
        use BinaryOp as B;
        let pieces =
            ["error", "Error 110", "terror", "a", "\u{212A}elvin", "k", " ", "_", "é", "mimi", "katz", "kk"];
        let mut state = 7_u64;
        let mut below = |end: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % end
        };
        for round in 0..40 {
            // In some rounds every text is ASCII: those are looked through as one piece.
            let count = if round % 2 == 0 { pieces.len() } else { 4 };
            let made: Vec<String> =
                (0..300).map(|_| (0..below(9)).map(|_| pieces[below(count)]).collect::<String>()).collect();
            let whole: StringViewArray = made.iter().map(Some).collect();
            let some: StringViewArray = datafusion::arrow::compute::filter(
                &whole,
                &(0..300).map(|row| Some(row % 5 != 2)).collect::<datafusion::arrow::array::BooleanArray>(),
            )
            .unwrap()
            .as_string_view()
            .clone();
            for op in [B::Has, B::HasCs, B::Contains, B::ContainsCs, B::HasPrefix, B::HasSuffixCs, B::NotHas]
            {
                for needle in ["error", "a", "k", "kk", "Error", "110", "r e", "mimikatz", "katzerror", ""] {
                    let test = test(op, needle).unwrap();
                    for texts in [&whole, &some] {
                        let verdicts = test.verdicts(texts);
                        for (row, text) in texts.iter().flatten().enumerate() {
                            let plain = test.slowly(text) != test.negated;
                            assert_eq!(verdicts.value(row), plain, "{text:?} {} {needle:?}", op.text());
                        }
                    }
                }
            }
        }
    }
}
