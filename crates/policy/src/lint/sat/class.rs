//! Classes of values that the atoms of one subject cannot tell apart, or of which they do not say that they can.

use azimuth_arm::{Kind, Value};

use crate::definition::Operator;
use crate::fold::fold;
use crate::operator::{Operand, Seen, number_of, parse_moment, prepare, test};

/// What an atom says of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Truth {
    True,
    False,
    /// It may be either, member by member.
    Free,
    /// The comparison fails.
    Fails,
}

impl Truth {
    pub(super) fn allows(self, truth: bool) -> bool {
        match self {
            Self::True => truth,
            Self::False => !truth,
            Self::Free => true,
            Self::Fails => false,
        }
    }
}

/// A class of values.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Class {
    Absent,
    /// Exactly this value.
    Exactly(Value),
    /// Every text that folds to this one.
    Text(String),
    /// A text that is a number: this one, or any in the gap that it stands for. The text is none of those named.
    NumericText(String, Gap),
    /// Every text that is neither named nor a number.
    OtherText,
    /// This number, or any in the gap that it stands for.
    Number(f64, Gap),
    /// Every array and object.
    Complex,
}

/// Whether a representative stands for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gap {
    No,
    Yes,
}

/// Which values a subject can have.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Domain {
    /// Any, or none.
    Anything,
    /// Whole numbers from 0, up to this one.
    Count(Option<u64>),
    /// One of these.
    OneOf(Vec<Value>),
}

/// The values that the right sides of atoms name.
#[derive(Debug, Default)]
pub(super) struct Named {
    texts: Vec<String>,
    numbers: Vec<f64>,
}

impl Named {
    pub(super) fn add(&mut self, value: &Value, is_location: bool) {
        match value.kind() {
            Kind::String(text) => {
                let mut folded = fold(text);
                if is_location {
                    folded.retain(|c| !c.is_whitespace());
                }
                self.texts.push(folded);
                self.numbers.extend(number_of(text));
            }
            Kind::Int(int) => self.numbers.push(*int as f64),
            Kind::Float(float) => self.numbers.push(*float),
            Kind::Array(items) => items.iter().for_each(|item| self.add(item, is_location)),
            Kind::Null | Kind::Bool(_) | Kind::Object(_) | Kind::Symbolic(_) => {}
        }
    }

    /// The classes of a domain.
    pub(super) fn classes(mut self, domain: &Domain) -> Vec<Class> {
        self.numbers.retain(|number| number.is_finite());
        self.numbers.sort_by(f64::total_cmp);
        self.numbers.dedup();
        match domain {
            Domain::OneOf(values) => values.iter().cloned().map(Class::Exactly).collect(),
            Domain::Count(most) => self.counts(*most),
            Domain::Anything => self.anything(),
        }
    }

    /// Whole numbers: those named, and the first after each.
    fn counts(&self, most: Option<u64>) -> Vec<Class> {
        let mut points: Vec<(f64, Gap)> = vec![(0.0, Gap::Yes)];
        for number in &self.numbers {
            if *number >= 0.0 && number.fract() == 0.0 {
                points.push((*number, Gap::No));
            }
            points.push((number.floor().max(-1.0) + 1.0, Gap::Yes));
        }
        points.retain(|(number, _)| most.is_none_or(|most| *number <= most as f64));
        points.into_iter().map(|(number, gap)| Class::Number(number, gap)).collect()
    }

    fn anything(mut self) -> Vec<Class> {
        // What texts equal without being named as texts.
        self.texts.extend(["true", "false", ""].map(str::to_owned));
        self.texts.sort();
        self.texts.dedup();
        let mut classes = vec![
            Class::Absent,
            Class::Exactly(Value::NULL),
            Class::Exactly(Value::bool(true)),
            Class::Exactly(Value::bool(false)),
            Class::OtherText,
            Class::Complex,
        ];
        for (number, gap) in self.points() {
            classes.push(Class::Number(number, gap));
            // A numeric text that none of the named texts is: leading zeros do not change the number.
            let mut text = plain(number);
            while self.texts.contains(&text) {
                text = match text.strip_prefix('-') {
                    Some(rest) => format!("-0{rest}"),
                    None => format!("0{text}"),
                };
            }
            classes.push(Class::NumericText(text, gap));
        }
        classes.extend(self.texts.into_iter().map(Class::Text));
        classes
    }

    /// Every number named, and one from every gap between them.
    fn points(&self) -> Vec<(f64, Gap)> {
        let Some((first, last)) = self.numbers.first().zip(self.numbers.last()) else {
            return vec![(0.0, Gap::Yes)];
        };
        let mut points: Vec<(f64, Gap)> = self.numbers.iter().map(|number| (*number, Gap::No)).collect();
        let mut gaps = vec![first - first.abs().max(1.0), last + last.abs().max(1.0)];
        gaps.extend(self.numbers.windows(2).map(|pair| pair[0] / 2.0 + pair[1] / 2.0));
        points.extend(gaps.into_iter().map(|number| (number.clamp(f64::MIN, f64::MAX), Gap::Yes)));
        points
    }
}

/// A number as a text that is short enough to be read as one.
fn plain(number: f64) -> String {
    let size = number.abs();
    let is_handy = size == 0.0 || (1e-5..1e15).contains(&size);
    if is_handy { format!("{number}") } else { format!("{number:e}") }
}

/// What a comparison with one of several right sides says of a class: if they differ, it is free.
pub(super) fn truth_of_any(operator: Operator, rights: &[Value], is_location: bool, class: &Class) -> Truth {
    let mut truths = rights.iter().map(|right| truth(operator, right, is_location, class));
    let Some(first) = truths.next() else { return Truth::Free };
    if truths.all(|other| other == first) { first } else { Truth::Free }
}

/// What a comparison says of a class.
fn truth(operator: Operator, right: &Value, is_location: bool, class: &Class) -> Truth {
    let prepared = prepare(operator, right, is_location);
    let exact = |seen: Seen<'_>| match test(&prepared, seen) {
        Ok(true) => Truth::True,
        Ok(false) => Truth::False,
        Err(_) => Truth::Fails,
    };
    if matches!(prepared.operand, Operand::Unfit(_)) {
        return Truth::Fails;
    }
    let is_pattern =
        matches!(prepared.operand, Operand::Like(_) | Operand::Match(_) | Operand::Contains { .. });
    let is_order = matches!(prepared.operand, Operand::Order(..));
    let bound_is_text = right.as_str().is_some();
    match class {
        Class::Absent => exact(Seen::Absent),
        Class::Exactly(value) => exact(Seen::of(value)),
        Class::Number(number, gap) => {
            if is_pattern && *gap == Gap::Yes {
                Truth::Free
            } else {
                exact(Seen::Number(*number))
            }
        }
        // Letter case is unknown here, which `match` and moments may tell.
        Class::Text(text) => {
            let tells_case = matches!(prepared.operand, Operand::Match(_))
                || (is_order && right.as_str().is_some_and(|right| parse_moment(right).is_some()));
            if tells_case { Truth::Free } else { exact(Seen::text(text)) }
        }
        Class::NumericText(text, _) => {
            if is_pattern || (is_order && bound_is_text) {
                Truth::Free
            } else {
                exact(Seen::text(text))
            }
        }
        Class::OtherText => match &prepared.operand {
            Operand::Order(..) if bound_is_text => Truth::Free,
            // Not a number, whatever it is.
            Operand::Order(..) => exact(Seen::text("x")),
            Operand::Like(_) | Operand::Match(_) | Operand::Contains { .. } => Truth::Free,
            Operand::Equals(_) | Operand::In(_) => {
                if prepared.is_negated {
                    Truth::True
                } else {
                    Truth::False
                }
            }
            Operand::ContainsKey(_) | Operand::Exists(_) => exact(Seen::text("x")),
            Operand::Unfit(_) => Truth::Fails,
        },
        Class::Complex => match &prepared.operand {
            Operand::Equals(_) | Operand::In(_) if !names_complex(right) => {
                if prepared.is_negated {
                    Truth::True
                } else {
                    Truth::False
                }
            }
            Operand::Equals(_) | Operand::In(_) | Operand::Contains { .. } | Operand::ContainsKey(_) => {
                Truth::Free
            }
            Operand::Like(_) | Operand::Match(_) | Operand::Order(..) | Operand::Exists(_) => {
                exact(Seen::of(&Value::array(Vec::new())))
            }
            Operand::Unfit(_) => Truth::Fails,
        },
    }
}

fn names_complex(right: &Value) -> bool {
    match right.kind() {
        Kind::Object(_) => true,
        // The list of `in`, or an array to be equal to.
        Kind::Array(items) => {
            items.is_empty()
                || items.iter().any(|item| matches!(item.kind(), Kind::Array(_) | Kind::Object(_)))
        }
        _ => false,
    }
}
