//! Constants of the scalar types.

use super::{Dynamic, parse_datetime, parse_timespan};
use crate::types::ScalarType;

/// A constant; `None` is the null of the type.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// `true`, `bool(null)`
    Bool(Option<bool>),
    /// `int(1)`
    Int(Option<i32>),
    /// `1`
    Long(Option<i64>),
    /// `1.5`, `real(nan)`
    Real(Option<f64>),
    /// `decimal(1.5)`, the digits as written: `[-+]digits[.digits][e±digits]`
    Decimal(Option<String>),
    /// Ticks of 100 ns from 0001-01-01
    Datetime(Option<i64>),
    /// Ticks of 100 ns
    Timespan(Option<i64>),
    /// The 128 bits in the order they are printed
    Guid(Option<u128>),
    /// A text
    String(String),
    /// `dynamic(…)`
    Dynamic(Dynamic),
}

impl Literal {
    /// The type.
    pub fn ty(&self) -> ScalarType {
        match self {
            Self::Bool(_) => ScalarType::Bool,
            Self::Int(_) => ScalarType::Int,
            Self::Long(_) => ScalarType::Long,
            Self::Real(_) => ScalarType::Real,
            Self::Decimal(_) => ScalarType::Decimal,
            Self::Datetime(_) => ScalarType::Datetime,
            Self::Timespan(_) => ScalarType::Timespan,
            Self::Guid(_) => ScalarType::Guid,
            Self::String(_) => ScalarType::String,
            Self::Dynamic(_) => ScalarType::Dynamic,
        }
    }

    /// The null of a type; the empty text for `string`, which has none.
    pub fn null(ty: ScalarType) -> Self {
        match ty {
            ScalarType::Bool => Self::Bool(None),
            ScalarType::Int => Self::Int(None),
            ScalarType::Long => Self::Long(None),
            ScalarType::Real => Self::Real(None),
            ScalarType::Decimal => Self::Decimal(None),
            ScalarType::Datetime => Self::Datetime(None),
            ScalarType::Timespan => Self::Timespan(None),
            ScalarType::Guid => Self::Guid(None),
            ScalarType::String => Self::String(String::new()),
            ScalarType::Dynamic | ScalarType::Unknown => Self::Dynamic(Dynamic::Null),
        }
    }

    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }
}

/// The value of `keyword(content)`; `None` if the content is not of the type.
pub(crate) fn parse_typed(ty: ScalarType, content: &str) -> Option<Literal> {
    let content = content.trim();
    let text = ['"', '\'']
        .into_iter()
        .find_map(|quote| content.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(content)
        .trim();
    if text.eq_ignore_ascii_case("null") || text.is_empty() {
        return Some(Literal::null(ty));
    }
    Some(match ty {
        ScalarType::Bool => Literal::Bool(Some(match text.to_ascii_lowercase().as_str() {
            "true" => true,
            "false" => false,
            other => other.parse::<i64>().ok()? != 0,
        })),
        ScalarType::Int => Literal::Int(Some(i32::try_from(parse_long(text)?).ok()?)),
        ScalarType::Long => Literal::Long(Some(parse_long(text)?)),
        ScalarType::Real => Literal::Real(Some(parse_real(text)?)),
        ScalarType::Decimal => Literal::Decimal(Some(parse_decimal(text)?)),
        ScalarType::Datetime => Literal::Datetime(Some(parse_datetime(text)?)),
        ScalarType::Timespan => Literal::Timespan(Some(parse_timespan(text)?)),
        ScalarType::Guid => Literal::Guid(Some(parse_guid(text)?)),
        ScalarType::String => Literal::String(text.to_owned()),
        ScalarType::Dynamic | ScalarType::Unknown => return None,
    })
}

fn parse_long(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest.trim_start()),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if let Some(hex) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        return u64::from_str_radix(hex, 16).ok().map(|value| (value as i64).wrapping_mul(sign));
    }
    let value: i128 = digits.parse().ok()?;
    i64::try_from(value * i128::from(sign)).ok()
}

fn parse_real(text: &str) -> Option<f64> {
    match text.to_ascii_lowercase().as_str() {
        "nan" => Some(f64::NAN),
        "+inf" | "inf" => Some(f64::INFINITY),
        "-inf" => Some(f64::NEG_INFINITY),
        _ if text.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '-' | '+' | '.')) => {
            text.parse().ok()
        }
        _ => None,
    }
}

fn parse_decimal(text: &str) -> Option<String> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let starts = unsigned.starts_with(|first: char| first.is_ascii_digit() || first == '.');
    (starts && unsigned.parse::<f64>().is_ok()).then(|| text.to_owned())
}

fn parse_guid(text: &str) -> Option<u128> {
    let text = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(text);
    let digits: String = text.chars().filter(|character| *character != '-').collect();
    let is_plain = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let dashes = text.len() - digits.len();
    let is_dashed = dashes == 4 && [8, 13, 18, 23].iter().all(|at| text.as_bytes().get(*at) == Some(&b'-'));
    (is_plain && (dashes == 0 || is_dashed)).then(|| u128::from_str_radix(&digits, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_literals_have_values() {
        assert_eq!(parse_typed(ScalarType::Int, " -5 "), Some(Literal::Int(Some(-5))));
        assert_eq!(parse_typed(ScalarType::Long, "0xff"), Some(Literal::Long(Some(255))));
        assert_eq!(parse_typed(ScalarType::Bool, "null"), Some(Literal::Bool(None)));
        assert_eq!(parse_typed(ScalarType::Real, "-inf"), Some(Literal::Real(Some(f64::NEG_INFINITY))));
        assert_eq!(parse_typed(ScalarType::Decimal, "1.50"), Some(Literal::Decimal(Some("1.50".into()))));
        assert_eq!(parse_typed(ScalarType::Int, "abc"), None);
        assert_eq!(
            parse_typed(ScalarType::Guid, "74be27de-1e4e-49d9-b579-fe0b331d3642"),
            Some(Literal::Guid(Some(0x74be_27de_1e4e_49d9_b579_fe0b_331d_3642)))
        );
    }
}
