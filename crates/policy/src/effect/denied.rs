//! The error that Resource Manager returns for a denied request.

use serde_json::{Map, Value, json};

/// One policy that denies a request.
#[derive(Clone, Debug, Default)]
pub struct Violation {
    /// The definition.
    pub definition_id: String,
    /// Its name.
    pub definition_name: String,
    /// The name shown to people.
    pub definition_display_name: String,
    /// The version that is in force.
    pub definition_version: String,
    /// The effect.
    pub effect: String,
    /// The assignment.
    pub assignment_id: String,
    /// Its name.
    pub assignment_name: String,
    /// The name shown to people.
    pub assignment_display_name: String,
    /// Its scope.
    pub assignment_scope: String,
    /// Its parameters.
    pub assignment_parameters: Value,
    /// The initiative, or empty.
    pub set_definition_id: String,
    /// Its name.
    pub set_definition_name: String,
    /// The name shown to people.
    pub set_definition_display_name: String,
    /// The reference within the initiative, or empty.
    pub reference_id: String,
    /// The text of the assignment for such a case.
    pub message: Option<String>,
    /// The conditions that decided.
    pub evaluated_expressions: Value,
}

/// The body of the answer 403 to a request for the resource `target` that the policies deny.
pub fn request_disallowed(target: &str, violations: &[Violation]) -> Value {
    let names: Vec<Value> = violations
        .iter()
        .map(|violation| {
            json!({
                "policyAssignment": {"name": shown(&violation.assignment_display_name, &violation.assignment_name), "id": violation.assignment_id},
                "policyDefinition": {"name": shown(&violation.definition_display_name, &violation.definition_name), "id": violation.definition_id},
            })
        })
        .collect();
    let reasons: Vec<&str> = violations.iter().filter_map(|violation| violation.message.as_deref()).collect();
    let reasons =
        if reasons.is_empty() { String::new() } else { format!(" Reasons: '{}'.", reasons.join("', '")) };
    let message = format!(
        "Resource '{target}' was disallowed by policy.{reasons} Policy identifiers: '{}'.",
        Value::Array(names)
    );
    let additional: Vec<Value> = violations
        .iter()
        .map(|violation| json!({"type": "PolicyViolation", "info": violation.info()}))
        .collect();
    json!({"error": {
        "code": "RequestDisallowedByPolicy",
        "target": target,
        "message": message,
        "additionalInfo": additional,
    }})
}

fn shown<'a>(display: &'a str, name: &'a str) -> &'a str {
    if display.is_empty() { name } else { display }
}

impl Violation {
    fn info(&self) -> Value {
        let mut info = Map::new();
        let mut text = |name: &str, value: &str| {
            if !value.is_empty() {
                info.insert(name.to_owned(), Value::String(value.to_owned()));
            }
        };
        text("policySetDefinitionId", &self.set_definition_id);
        text("policySetDefinitionName", &self.set_definition_name);
        text("policySetDefinitionDisplayName", &self.set_definition_display_name);
        text("policyDefinitionReferenceId", &self.reference_id);
        text("policyDefinitionId", &self.definition_id);
        text("policyDefinitionName", &self.definition_name);
        text("policyDefinitionDisplayName", &self.definition_display_name);
        text("policyDefinitionVersion", &self.definition_version);
        text("policyDefinitionEffect", &self.effect);
        text("policyAssignmentId", &self.assignment_id);
        text("policyAssignmentName", &self.assignment_name);
        text("policyAssignmentDisplayName", &self.assignment_display_name);
        text("policyAssignmentScope", &self.assignment_scope);
        info.insert("policyAssignmentParameters".to_owned(), self.assignment_parameters.clone());
        info.insert(
            "evaluationDetails".to_owned(),
            json!({"evaluatedExpressions": self.evaluated_expressions}),
        );
        Value::Object(info)
    }
}
