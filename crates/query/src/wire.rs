//! Values as bytes, as the states of aggregates travel between the parts of a plan.

use azimuth_values::{Json, Value, text};

/// Values as bytes: a tag, then what it needs.
pub(crate) fn write(values: &[Value]) -> Vec<u8> {
    let mut out = Vec::new();
    for value in values {
        match value {
            Value::Null => out.push(0),
            Value::Bool(truth) => out.extend([1, u8::from(*truth)]),
            Value::Int(number) => fixed(&mut out, 2, &number.to_le_bytes()),
            Value::Long(number) => fixed(&mut out, 3, &number.to_le_bytes()),
            Value::Real(number) => fixed(&mut out, 4, &number.to_bits().to_le_bytes()),
            Value::DateTime(ticks) => fixed(&mut out, 5, &ticks.to_le_bytes()),
            Value::TimeSpan(ticks) => fixed(&mut out, 6, &ticks.to_le_bytes()),
            Value::Guid(bits) => fixed(&mut out, 7, &bits.to_le_bytes()),
            Value::Decimal(number) => long(&mut out, 8, number.normalize().to_string().as_bytes()),
            Value::String(text) => long(&mut out, 9, text.as_bytes()),
            Value::Dynamic(json) => long(&mut out, 10, json.to_kept_text().as_bytes()),
        }
    }
    out
}

fn fixed(out: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    out.push(tag);
    out.extend_from_slice(bytes);
}

fn long(out: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    out.push(tag);
    out.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    out.extend_from_slice(bytes);
}

/// What [`write`] wrote; `None` for other bytes.
pub(crate) fn read(mut bytes: &[u8]) -> Option<Vec<Value>> {
    let mut values = Vec::new();
    while let Some((&tag, rest)) = bytes.split_first() {
        bytes = rest;
        values.push(match tag {
            0 => Value::Null,
            1 => Value::Bool(take::<1>(&mut bytes)? == [1]),
            2 => Value::Int(i32::from_le_bytes(take(&mut bytes)?)),
            3 => Value::Long(i64::from_le_bytes(take(&mut bytes)?)),
            4 => Value::Real(f64::from_bits(u64::from_le_bytes(take(&mut bytes)?))),
            5 => Value::DateTime(i64::from_le_bytes(take(&mut bytes)?)),
            6 => Value::TimeSpan(i64::from_le_bytes(take(&mut bytes)?)),
            7 => Value::Guid(u128::from_le_bytes(take(&mut bytes)?)),
            8..=10 => {
                let length = usize::try_from(u64::from_le_bytes(take(&mut bytes)?)).ok()?;
                let (content, rest) = bytes.split_at_checked(length)?;
                bytes = rest;
                let content = std::str::from_utf8(content).ok()?;
                match tag {
                    8 => Value::Decimal(text::read_decimal(content)?),
                    9 => Value::string(content),
                    _ => Value::dynamic(Json::parse_kept(content)?),
                }
            }
            _ => return None,
        });
    }
    Some(values)
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back() {
        let values = vec![
            Value::Null,
            Value::Bool(true),
            Value::Int(-1),
            Value::Long(i64::MAX),
            Value::Real(-0.0),
            Value::DateTime(7),
            Value::TimeSpan(-7),
            Value::Guid(3),
            Value::string("é"),
            Value::array(vec![Json::DateTime(1), Json::Null]),
        ];
        assert_eq!(read(&write(&values)), Some(values.clone()));
        let written = write(&values);
        assert_eq!(read(&written[..written.len() - 1]), None);
    }
}
