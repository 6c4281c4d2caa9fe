//! Values of type `dynamic`.

/// A dynamic constant. A datetime or timespan inside keeps its type, as in Kusto.
#[derive(Clone, Debug, PartialEq)]
pub enum Dynamic {
    /// `null`
    Null,
    /// A boolean.
    Bool(bool),
    /// A whole number.
    Long(i64),
    /// Any other number.
    Real(f64),
    /// A text.
    String(String),
    /// Ticks from 0001-01-01.
    Datetime(i64),
    /// Ticks.
    Timespan(i64),
    /// A guid.
    Guid(u128),
    /// An array.
    Array(Vec<Dynamic>),
    /// A property bag in the order written; of two members with one name the last counts.
    Bag(Vec<(String, Dynamic)>),
}

impl Dynamic {
    /// A member of a bag.
    pub fn get(&self, name: &str) -> Option<&Dynamic> {
        match self {
            Self::Bag(members) => members.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value),
            _ => None,
        }
    }
}
