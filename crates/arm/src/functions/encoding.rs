//! Base64 and data URIs.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::object::parse_json;
use super::{Arguments, Function};
use crate::expression::Fault;
use crate::value::Value;

type Outcome = Result<Value, Fault>;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

pub(super) const FUNCTIONS: &[Function] = &[
    Function::pure("base64", 1, Some(1), base64),
    Function::pure("base64ToString", 1, Some(1), |arguments| Ok(Value::string(decoded(arguments.text(0)?)?))),
    Function::pure("base64ToJson", 1, Some(1), |arguments| parse_json(&decoded(arguments.text(0)?)?)),
    Function::pure("dataUri", 1, Some(1), data_uri),
    Function::pure("dataUriToString", 1, Some(1), data_uri_to_string),
];

fn base64(arguments: &Arguments<'_>) -> Outcome {
    let text = arguments.as_text(0)?;
    arguments.budget.allow_bytes(text.len() as u64 * 2)?;
    Ok(Value::string(BASE64.encode(text.as_bytes())))
}

fn decoded(text: &str) -> Result<String, Fault> {
    let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let bytes = BASE64.decode(compact).map_err(|_| {
        Fault::new("the text is not base64").with_hint("`base64(…)` makes base64 of a text").about(0)
    })?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn data_uri(arguments: &Arguments<'_>) -> Outcome {
    let text = arguments.as_text(0)?;
    arguments.budget.allow_bytes(text.len() as u64 * 2)?;
    Ok(Value::string(format!("data:text/plain;charset=utf8;base64,{}", BASE64.encode(text.as_bytes()))))
}

fn data_uri_to_string(arguments: &Arguments<'_>) -> Outcome {
    let text = arguments.text(0)?;
    let (head, data) = text.strip_prefix("data:").and_then(|rest| rest.split_once(',')).ok_or_else(|| {
        Fault::new("the text is not a data URI")
            .with_hint("write it like `data:text/plain;base64,SGk=`")
            .about(0)
    })?;
    if head.to_ascii_lowercase().ends_with("base64") {
        return Ok(Value::string(decoded(data)?));
    }
    Ok(Value::string(super::uri::percent_decoded(data)))
}

#[cfg(test)]
mod tests {
    use crate::functions::testing::check;

    #[test]
    fn encodings() {
        check("base64('one, two, three')", r#""b25lLCB0d28sIHRocmVl""#);
        check("base64ToString('b25lLCB0d28sIHRocmVl')", r#""one, two, three""#);
        check("base64ToString('*')", "error: the text is not base64");
        check("dataUri('Hello')", r#""data:text/plain;charset=utf8;base64,SGVsbG8=""#);
        check("dataUriToString('data:;base64,SGVsbG8sIFdvcmxkIQ==')", r#""Hello, World!""#);
        check("base64ToJson(base64('{''a'': 1}'))", r#"{"a":1}"#);
    }
}
