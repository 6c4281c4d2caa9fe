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
