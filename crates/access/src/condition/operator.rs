//! Comparison operators and quantifiers, by their Azure names.

use std::fmt;

/// What a comparison compares, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `String…`, with `Not` and `IgnoreCase`.
    Text {
        /// The test.
        test: TextTest,
        /// Whether the opposite is meant.
        negated: bool,
        /// Whether case is ignored.
        ignore_case: bool,
    },
    /// `BoolEquals`, `BoolNotEquals`.
    Bool {
        /// Whether the opposite is meant.
        negated: bool,
    },
    /// `Numeric…`
    Numeric(Relation),
    /// `DateTime…`
    DateTime(Relation),
    /// `TimeOfDay…`
    TimeOfDay(Relation),
    /// `TimeOfDayInRange`: from the first time to the second, both included, over midnight if the second is earlier.
    TimeOfDayInRange,
    /// `GuidEquals`, `GuidNotEquals`.
    Guid {
        /// Whether the opposite is meant.
        negated: bool,
    },
    /// `IpMatch`, `IpNotMatch`: an address, a CIDR block or a range `a-b`.
    Ip {
        /// Whether the opposite is meant.
        negated: bool,
    },
    /// `IpInRange`: from the first address to the second, both included.
    IpInRange,
}

/// A test of two texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TextTest {
    /// The same characters.
    Equals,
    /// The left begins with the right.
    StartsWith,
    /// The right is a pattern with `*` and `?`.
    Like,
    /// The right is a regular expression that is found in the left.
    Matches,
}

/// An order or equality.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Relation {
    /// `=`
    Equals,
    /// `≠`
    NotEquals,
    /// `<`
    LessThan,
    /// `≤`
    LessThanEquals,
    /// `>`
    GreaterThan,
    /// `≥`
    GreaterThanEquals,
}

/// How a comparison of several values with several values comes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Quantifier {
    /// One on the left fits one on the right.
    AnyOfAny,
    /// Each on the left fits one on the right.
    AllOfAny,
    /// One on the left fits all on the right.
    AnyOfAll,
    /// Each on the left fits all on the right.
    AllOfAll,
}

const TEXT_TESTS: [(TextTest, &str); 4] = [
    (TextTest::Equals, "Equals"),
    (TextTest::StartsWith, "StartsWith"),
    (TextTest::Like, "Like"),
    (TextTest::Matches, "Matches"),
];

const RELATIONS: [(Relation, &str); 6] = [
    (Relation::Equals, "Equals"),
    (Relation::NotEquals, "NotEquals"),
    (Relation::LessThan, "LessThan"),
    (Relation::LessThanEquals, "LessThanEquals"),
    (Relation::GreaterThan, "GreaterThan"),
    (Relation::GreaterThanEquals, "GreaterThanEquals"),
];

const QUANTIFIERS: [(Quantifier, &str); 4] = [
    (Quantifier::AnyOfAny, "ForAnyOfAnyValues"),
    (Quantifier::AllOfAny, "ForAllOfAnyValues"),
    (Quantifier::AnyOfAll, "ForAnyOfAllValues"),
    (Quantifier::AllOfAll, "ForAllOfAllValues"),
];

impl Operator {
    /// Every operator of the language.
    pub fn all() -> impl Iterator<Item = Self> {
        let text = TEXT_TESTS.into_iter().flat_map(|(test, _)| {
            [(false, false), (true, false), (false, true), (true, true)]
                .map(|(negated, ignore_case)| Self::Text { test, negated, ignore_case })
        });
        let ordered = RELATIONS.into_iter().flat_map(|(relation, _)| {
            [Self::Numeric(relation), Self::DateTime(relation), Self::TimeOfDay(relation)]
        });
        let plain = [false, true]
            .into_iter()
            .flat_map(|negated| [Self::Bool { negated }, Self::Guid { negated }, Self::Ip { negated }]);
        text.chain(ordered).chain(plain).chain([Self::TimeOfDayInRange, Self::IpInRange])
    }

    /// The operator of a name, in any case.
    pub fn parse(name: &str) -> Option<Self> {
        Self::all().find(|operator| operator.to_string().eq_ignore_ascii_case(name))
    }

    /// Whether the operator says that something is not so.
    pub fn is_negated(self) -> bool {
        match self {
            Self::Text { negated, .. }
            | Self::Bool { negated }
            | Self::Guid { negated }
            | Self::Ip { negated } => negated,
            Self::Numeric(relation) | Self::DateTime(relation) | Self::TimeOfDay(relation) => {
                relation == Relation::NotEquals
            }
            Self::TimeOfDayInRange | Self::IpInRange => false,
        }
    }
}

impl Relation {
    /// Whether two values in this order stand in the relation.
    pub fn holds(self, order: std::cmp::Ordering) -> bool {
        match self {
            Self::Equals => order.is_eq(),
            Self::NotEquals => order.is_ne(),
            Self::LessThan => order.is_lt(),
            Self::LessThanEquals => order.is_le(),
            Self::GreaterThan => order.is_gt(),
            Self::GreaterThanEquals => order.is_ge(),
        }
    }
}

impl Quantifier {
    /// The quantifier of a name, in any case.
    pub fn parse(name: &str) -> Option<Self> {
        let found = QUANTIFIERS.iter().find(|(_, known)| known.eq_ignore_ascii_case(name));
        found.map(|(quantifier, _)| *quantifier)
    }
}

fn name_of<T: PartialEq>(names: &[(T, &'static str)], wanted: &T) -> &'static str {
    names.iter().find(|(known, _)| known == wanted).map_or("", |(_, name)| name)
}

impl fmt::Display for Quantifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(name_of(&QUANTIFIERS, self))
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let not = |negated: bool| if negated { "Not" } else { "" };
        match self {
            Self::Text { test, negated, ignore_case } => {
                let case = if *ignore_case { "IgnoreCase" } else { "" };
                write!(f, "String{}{}{case}", not(*negated), name_of(&TEXT_TESTS, test))
            }
            Self::Bool { negated } => write!(f, "Bool{}Equals", not(*negated)),
            Self::Numeric(relation) => write!(f, "Numeric{}", name_of(&RELATIONS, relation)),
            Self::DateTime(relation) => write!(f, "DateTime{}", name_of(&RELATIONS, relation)),
            Self::TimeOfDay(relation) => write!(f, "TimeOfDay{}", name_of(&RELATIONS, relation)),
            Self::TimeOfDayInRange => f.write_str("TimeOfDayInRange"),
            Self::Guid { negated } => write!(f, "Guid{}Equals", not(*negated)),
            Self::Ip { negated } => write!(f, "Ip{}Match", not(*negated)),
            Self::IpInRange => f.write_str("IpInRange"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_azures_and_unique() {
        let names: std::collections::BTreeSet<String> =
            Operator::all().map(|operator| operator.to_string()).collect();
        assert_eq!(names.len(), Operator::all().count());
        assert_eq!(names.len(), 16 + 18 + 6 + 2);
        for name in ["StringNotStartsWithIgnoreCase", "GuidNotEquals", "IpNotMatch", "DateTimeLessThanEquals"]
        {
            assert!(names.contains(name), "{name}");
        }
        for operator in Operator::all() {
            assert_eq!(Operator::parse(&operator.to_string().to_uppercase()), Some(operator));
        }
    }
}
