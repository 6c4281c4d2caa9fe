//! What every function must keep: whatever the arguments, an answer or a refusal, never a panic.

use azimuth_values::{Context, Json, Value, function, names};

#[test]
fn hostile_arguments_never_panic() {
    let context = Context::new(638_000_000_000_000_000, 7);
    let hostile = [
        Value::Null,
        Value::Bool(true),
        Value::Int(i32::MIN),
        Value::Long(i64::MIN),
        Value::Long(-1),
        Value::Long(i64::MAX),
        Value::Real(f64::NAN),
        Value::Real(-1e308),
        Value::DateTime(0),
        Value::DateTime(3_155_378_975_999_999_999),
        Value::TimeSpan(i64::MIN),
        Value::TimeSpan(i64::MAX),
        Value::Guid(u128::MAX),
        Value::string(""),
        Value::string("ä(*[\\"),
        Value::string("1.2.3.4/33"),
        Value::dynamic(Json::parse(r#"[1,"a",null,{"b":[]}]"#).unwrap()),
        Value::dynamic(Json::parse(r#"{"a":1,"":null}"#).unwrap()),
    ];
    for name in names() {
        let function = function(name).unwrap();
        for first in &hostile {
            for second in &hostile {
                for third in [&hostile[0], &hostile[4], &hostile[13], &hostile[16]] {
                    let arguments =
                        [first.clone(), second.clone(), third.clone(), second.clone(), first.clone()];
                    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                        let _ = (function.call)(&context, &arguments);
                    }));
                    assert!(outcome.is_ok(), "{name} panics on {arguments:?}");
                }
            }
        }
    }
}

#[test]
fn parts_of_a_group_meet_as_the_whole() {
    let context = Context::new(0, 0);
    let rows: Vec<[Value; 3]> = (0..50)
        .map(|row: i64| {
            let number = if row % 7 == 0 { Value::Null } else { Value::Long(row * row % 23) };
            let bag =
                Value::dynamic(Json::parse(&format!(r#"{{"k{}":{row},"l":[1,"x"]}}"#, row % 5)).unwrap());
            [if row % 2 == 0 { number.clone() } else { bag }, Value::Bool(row % 3 == 0), number]
        })
        .collect();
    let given = [Value::Null, Value::Long(50), Value::Long(90)];
    for name in azimuth_values::aggregate_names() {
        let begin = azimuth_values::aggregate(name).unwrap().begin;
        let mut whole = begin(&context, &given).unwrap();
        let mut parts = [begin(&context, &given).unwrap(), begin(&context, &given).unwrap()];
        for (index, row) in rows.iter().enumerate() {
            whole.add(row).unwrap();
            parts[usize::from(index >= 20)].add(row).unwrap();
        }
        let mut met = begin(&context, &given).unwrap();
        for part in &parts {
            met.merge(&part.state()).unwrap();
        }
        let close = |left: &Value, right: &Value| match (left.as_real(), right.as_real()) {
            (Some(left), Some(right)) => {
                (left - right).abs() <= 1e-9 * left.abs().max(1.0) || left.is_nan() && right.is_nan()
            }
            _ => left == right,
        };
        let (left, right) = (whole.finish_all(), met.finish_all());
        assert!(
            left.len() == right.len() && left.iter().zip(&right).all(|(l, r)| close(l, r)),
            "{name}: {left:?} {right:?}"
        );
    }
}
