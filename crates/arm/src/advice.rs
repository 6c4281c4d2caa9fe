//! What to do about a fault that says nothing of its own: no error goes without a hint.

/// What mends most faults of this code.
pub(crate) fn general(code: &str) -> &'static str {
    match code {
        "arm-argument-type" => {
            "convert the argument (`string`, `int`, `bool`, `array`, `json`), or pass another value"
        }
        "arm-arguments" => "see the function's arguments at https://aka.ms/arm-functions",
        "arm-condition" => "write `true` or `false`, or an expression such as `[equals(…, …)]`",
        "arm-copy" => {
            "a loop is written `{\"name\": …, \"count\": …}`, that of a property with an `input` beside"
        }
        "arm-cycle" => "break the circle: compute one of its values without the others",
        "arm-fail" => "the template refuses these values itself: give it others",
        "arm-index" => "positions count from 0; `length(…)` says how many there are",
        "arm-json" => "make it valid JSON; comments and trailing commas are taken as well",
        "arm-limit" => "split the template into nested or linked ones, or compute less in it",
        "arm-missing-property" => {
            "name a property that the value has, or reach it with `.?` if it may be absent"
        }
        "arm-name-segments" => "a child is named `parent/child`, one segment for each segment of its type",
        "arm-output-value" => "change the `type` of the output, or its `value`",
        "arm-parameter-value" => "give a value that the declaration allows, or change the declaration",
        "arm-resource-id" => {
            "write the full type and one name for each segment after its namespace: `resourceId('Microsoft.Web/sites/slots', 'site', 'slot')`"
        }
        "arm-scope" => "name the subscription as well, or deploy to a scope that has what is named",
        "arm-syntax" => {
            "an expression is a call such as `[concat('a', parameters('b'))]`; text that is none begins with `[[`"
        }
        "arm-unavailable-function" => "compute the value elsewhere, and pass it here as a parameter",
        "arm-unknown-function" => "see the functions that there are at https://aka.ms/arm-functions",
        "arm-unknown-parameter" => "declare it under `parameters`, or name one that is declared",
        "arm-unknown-variable" => "declare it under `variables`, or name one that is declared",
        "arm-value" => "give the function a value that it can work with; see https://aka.ms/arm-functions",
        _ => "see https://aka.ms/arm-syntax",
    }
}

/// How a value of the type `given` becomes one of the type `wanted`, both as messages name them.
pub(crate) fn conversion(wanted: &str, given: &str) -> Option<&'static str> {
    match (wanted, given) {
        ("a string", "an array") => {
            Some("take one item of it, or make it a text with `string(…)` or `join(…, ',')`")
        }
        ("a string", "an object") => Some("take one property of it, or make it a text with `string(…)`"),
        ("a string", _) => Some("convert it with `string(…)`"),
        ("an integer", "a string" | "a number") => Some("convert it with `int(…)`"),
        ("a boolean", "a string" | "an integer") => Some("convert it with `bool(…)`"),
        ("an array", "a string") => Some("make it an array with `createArray(…)`, or with `split(…, ',')`"),
        ("an array", _) => Some("make it an array with `createArray(…)`"),
        ("an object", "a string") => Some("read it with `json(…)` if it is the text of an object"),
        _ => None,
    }
}
