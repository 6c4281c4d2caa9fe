//! Values of query parameters as they travel: each with its type, so that they come back as they were.

use azimuth_kql::values::{Dynamic, Literal};
use serde::{Deserialize, Serialize};

/// A [`Literal`] on its way. Numbers that JSON would round travel as their bits or as text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Sent {
    Bool(Option<bool>),
    Int(Option<i32>),
    Long(Option<i64>),
    Real(Option<u64>),
    Decimal(Option<String>),
    Datetime(Option<i64>),
    Timespan(Option<i64>),
    Guid(Option<String>),
    String(String),
    Null,
    Array(Vec<Sent>),
    Bag(Vec<(String, Sent)>),
    /// A `dynamic` around a value of another type
    Dynamic(Box<Sent>),
}

pub(super) fn send(literal: &Literal) -> Sent {
    match literal {
        Literal::Bool(value) => Sent::Bool(*value),
        Literal::Int(value) => Sent::Int(*value),
        Literal::Long(value) => Sent::Long(*value),
        Literal::Real(value) => Sent::Real(value.map(f64::to_bits)),
        Literal::Decimal(value) => Sent::Decimal(value.clone()),
        Literal::Datetime(value) => Sent::Datetime(*value),
        Literal::Timespan(value) => Sent::Timespan(*value),
        Literal::Guid(value) => Sent::Guid(value.map(|bits| bits.to_string())),
        Literal::String(value) => Sent::String(value.clone()),
        Literal::Dynamic(value) => Sent::Dynamic(Box::new(send_dynamic(value))),
    }
}

fn send_dynamic(value: &Dynamic) -> Sent {
    match value {
        Dynamic::Null => Sent::Null,
        Dynamic::Bool(value) => Sent::Bool(Some(*value)),
        Dynamic::Long(value) => Sent::Long(Some(*value)),
        Dynamic::Real(value) => Sent::Real(Some(value.to_bits())),
        Dynamic::String(value) => Sent::String(value.clone()),
        Dynamic::Datetime(value) => Sent::Datetime(Some(*value)),
        Dynamic::Timespan(value) => Sent::Timespan(Some(*value)),
        Dynamic::Guid(value) => Sent::Guid(Some(value.to_string())),
        Dynamic::Array(items) => Sent::Array(items.iter().map(send_dynamic).collect()),
        Dynamic::Bag(members) => {
            Sent::Bag(members.iter().map(|(name, value)| (name.clone(), send_dynamic(value))).collect())
        }
    }
}

/// The value that was sent; `None` for what [`send`] does not make.
pub(super) fn receive(sent: &Sent) -> Option<Literal> {
    Some(match sent {
        Sent::Bool(value) => Literal::Bool(*value),
        Sent::Int(value) => Literal::Int(*value),
        Sent::Long(value) => Literal::Long(*value),
        Sent::Real(bits) => Literal::Real(bits.map(f64::from_bits)),
        Sent::Decimal(value) => Literal::Decimal(value.clone()),
        Sent::Datetime(value) => Literal::Datetime(*value),
        Sent::Timespan(value) => Literal::Timespan(*value),
        Sent::Guid(None) => Literal::Guid(None),
        Sent::Guid(Some(bits)) => Literal::Guid(Some(bits.parse().ok()?)),
        Sent::String(value) => Literal::String(value.clone()),
        Sent::Dynamic(inner) => Literal::Dynamic(receive_dynamic(inner)?),
        Sent::Null | Sent::Array(_) | Sent::Bag(_) => return None,
    })
}

fn receive_dynamic(sent: &Sent) -> Option<Dynamic> {
    Some(match sent {
        Sent::Null => Dynamic::Null,
        Sent::Bool(value) => Dynamic::Bool((*value)?),
        Sent::Long(value) => Dynamic::Long((*value)?),
        Sent::Real(bits) => Dynamic::Real(f64::from_bits((*bits)?)),
        Sent::String(value) => Dynamic::String(value.clone()),
        Sent::Datetime(value) => Dynamic::Datetime((*value)?),
        Sent::Timespan(value) => Dynamic::Timespan((*value)?),
        Sent::Guid(bits) => Dynamic::Guid(bits.as_ref()?.parse().ok()?),
        Sent::Array(items) => Dynamic::Array(items.iter().map(receive_dynamic).collect::<Option<_>>()?),
        Sent::Bag(members) => {
            let members = members.iter().map(|(name, value)| Some((name.clone(), receive_dynamic(value)?)));
            Dynamic::Bag(members.collect::<Option<_>>()?)
        }
        Sent::Int(_) | Sent::Decimal(_) | Sent::Dynamic(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back() {
        let bag = Dynamic::Bag(vec![
            (
                "a".to_owned(),
                Dynamic::Array(vec![Dynamic::Null, Dynamic::Real(0.1), Dynamic::Guid(u128::MAX)]),
            ),
            ("b".to_owned(), Dynamic::Datetime(7)),
        ]);
        for literal in [
            Literal::Bool(None),
            Literal::Int(Some(-1)),
            Literal::Long(Some(i64::MIN)),
            Literal::Real(Some(f64::INFINITY)),
            Literal::Decimal(Some("1.50".to_owned())),
            Literal::Datetime(Some(638_000_000_000_000_001)),
            Literal::Timespan(None),
            Literal::Guid(Some(u128::MAX)),
            Literal::String("é\"".to_owned()),
            Literal::Dynamic(bag),
            Literal::Dynamic(Dynamic::Null),
        ] {
            let text = serde_json::to_string(&send(&literal)).unwrap();
            assert_eq!(receive(&serde_json::from_str(&text).unwrap()), Some(literal), "{text}");
        }
        assert_eq!(receive(&Sent::Guid(Some("x".to_owned()))), None);
    }
}
