//! The expression language under another host, as a policy engine will use it.

use azimuth_arm::{Budget, Fault, Host, HostCall, Limits, Value, evaluate, parse_expression};

/// Permits a few functions, and answers `field` itself.
struct Policy;

impl Host for Policy {
    fn permits(&self, key: &str) -> bool {
        !matches!(key, "copyindex" | "newguid") && !key.ends_with("resourceid")
    }

    fn call(&self, call: &HostCall<'_>) -> Option<Result<Value, Fault>> {
        match call.key {
            "field" => Some(call.text(0).and_then(|name| match name {
                "location" => Ok("westeurope".into()),
                other => Err(Fault::new(format!("there is no field `{other}`")).about(0)),
            })),
            _ => None,
        }
    }

    fn function_names(&self) -> Vec<String> {
        vec!["field".to_owned(), "current".to_owned()]
    }
}

#[track_caller]
fn check(text: &str, expected: &str) {
    let outcome = parse_expression(text)
        .and_then(|expression| evaluate(&expression, &Policy, &Budget::new(&Limits::default())));
    let shown = match outcome {
        Ok(value) => value.to_string(),
        Err(error) => {
            let part = &text[error.span.start as usize..error.span.end as usize];
            format!("{} @ {part} ({})", error.message, error.hint.unwrap_or_default())
        }
    };
    assert_eq!(shown, expected);
}

#[test]
fn functions_of_the_host() {
    check("[concat(field('location'), '-x')]", r#""westeurope-x""#);
    check("[if(equals(field('location'), 'a'), 1, 2)]", "2");
    check("[field('size')]", "there is no field `size` @ 'size' ()");
    check("[feld('x')]", "there is no function `feld` @ feld (did you mean `field`?)");
    check("[newGuid()]", "the function `newGuid` is not available here @ newGuid ()");
    check("[parameters('x')]", "the function `parameters` is not available here @ parameters ()");
}
