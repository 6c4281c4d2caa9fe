//! Values for parameters that have no default.

/// A value for every parameter that has no default: the first allowed one, or one of its type.
pub(crate) fn parameter_values(definition: &azimuth_policy::Definition) -> azimuth_arm::Object {
    use azimuth_arm::Value;
    use azimuth_policy::ParameterType;
    let wanting = definition.parameters.iter().filter(|parameter| parameter.default.is_none());
    wanting
        .map(|parameter| {
            let allowed = parameter.allowed.as_ref().and_then(|allowed| allowed.first()).cloned();
            let value = match parameter.kind {
                ParameterType::Array => Value::array(allowed.into_iter().collect()),
                ParameterType::String => allowed.unwrap_or_else(|| Value::string("westeurope")),
                ParameterType::Integer | ParameterType::Float => allowed.unwrap_or_else(|| Value::int(1)),
                ParameterType::Boolean => allowed.unwrap_or_else(|| Value::bool(true)),
                ParameterType::Object => Value::object(azimuth_arm::Object::new()),
                ParameterType::DateTime => Value::string("2024-01-01T00:00:00Z"),
            };
            (parameter.name.as_str().into(), value)
        })
        .collect()
}
