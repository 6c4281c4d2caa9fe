//! What effects need in their details.

use azimuth_arm::{Value, is_expression};

use super::Findings;
use crate::catalogue::{Catalogue, Modifiable};
use crate::check::possible_effects;
use crate::definition::{Definition, Effect};
use crate::fold::eq;

/// Longest delay that the service waits.
const MAX_DELAY_MINUTES: i64 = 360;

pub(super) fn check(definition: &Definition, catalogue: &Catalogue, findings: &mut Findings<'_>) {
    let path = format!("{}.policyRule.then.details", findings.entry.properties_path());
    let details = &definition.rule.details;
    let effects = possible_effects(definition);
    let is_if_not_exists = effects.iter().any(|effect| effect.is_if_not_exists());
    if is_if_not_exists && details.existence.is_none() {
        let what = details.written("type").and_then(|name| name.as_str().map(str::to_owned));
        let message = format!("any `{}` is enough", what.unwrap_or_else(|| "related resource".to_owned()));
        // A resource that is named needs no further condition.
        if details.get("name").is_none() {
            findings.add("policy-existence-missing", &path, message);
        }
    }
    if let Some(delay) =
        details.written("evaluationDelay").and_then(|delay| delay.as_str().map(str::to_owned))
    {
        let at = format!("{path}.evaluationDelay");
        if !is_if_not_exists && !effects.is_empty() {
            findings.add("policy-evaluation-delay", &at, "`evaluationDelay` means nothing for this effect");
        } else if !is_expression(&delay) && !is_delay(&delay) {
            findings.add("policy-evaluation-delay", &at, format!("`{delay}` is no delay"));
        }
    }
    let roles = details.written("roleDefinitionIds").and_then(Value::as_array).unwrap_or_default();
    for (index, role) in roles.iter().enumerate() {
        let Some(role) = role.as_str().filter(|role| !is_expression(role)) else { continue };
        if !is_role(role) {
            let at = format!("{path}.roleDefinitionIds[{index}]");
            findings.add("policy-role-format", &at, format!("`{role}` is no id of a role definition"));
        }
    }
    if effects.contains(&Effect::Modify) {
        operations(definition, catalogue, &path, findings);
    }
}

fn is_delay(text: &str) -> bool {
    let words = ["AfterProvisioning", "AfterProvisioningSuccess", "AfterProvisioningFailure"];
    if words.iter().any(|word| eq(word, text)) {
        return true;
    }
    let Some(Ok(span)) = text.starts_with(['P', 'p']).then(|| text.parse::<jiff::SignedDuration>()) else {
        return false;
    };
    !span.is_negative() && span.as_mins() <= MAX_DELAY_MINUTES
}

fn is_role(text: &str) -> bool {
    let folded = text.to_ascii_lowercase();
    let Some(at) = folded.find("/providers/microsoft.authorization/roledefinitions/") else { return false };
    let name = folded[at..].rsplit('/').next().unwrap_or_default();
    let is_guid = name.len() == 36
        && name.chars().enumerate().all(|(index, c)| match index {
            8 | 13 | 18 | 23 => c == '-',
            _ => c.is_ascii_hexdigit(),
        });
    is_guid && (at == 0 || folded.starts_with("/subscriptions/"))
}

fn operations(definition: &Definition, catalogue: &Catalogue, path: &str, findings: &mut Findings<'_>) {
    let written = definition.rule.details.written("operations");
    for (index, operation) in written.and_then(Value::as_array).unwrap_or_default().iter().enumerate() {
        let field = operation.get("field");
        let Some(field) = field.as_ref().and_then(Value::as_str) else { continue };
        let known = catalogue.alias(field);
        let is_unknown = !known.is_empty()
            && known.iter().all(|alias| {
                alias.modifiable == Modifiable::Unknown
                    && alias.versions.iter().all(|other| other.modifiable.is_none())
            });
        if is_unknown {
            let at = format!("{path}.operations[{index}].field");
            findings.add("policy-modify-unknown", &at, format!("`{field}` is not known to be modifiable"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_and_roles() {
        for (text, expected) in [
            ("AfterProvisioning", true),
            ("afterprovisioningsuccess", true),
            ("PT10M", true),
            ("PT6H", true),
            ("PT7H", false),
            ("-PT1M", false),
            ("soon", false),
            ("10m", false),
        ] {
            assert_eq!(is_delay(text), expected, "{text}");
        }
        let guid = "b24988ac-6180-42a0-ab88-20f7382dd24c";
        for (text, expected) in [
            (format!("/providers/Microsoft.Authorization/roleDefinitions/{guid}"), true),
            (format!("/providers/microsoft.authorization/roledefinitions/{guid}"), true),
            (format!("/subscriptions/x/providers/Microsoft.Authorization/roleDefinitions/{guid}"), true),
            (guid.to_owned(), false),
            ("Contributor".to_owned(), false),
            ("/providers/Microsoft.Authorization/roleDefinitions/Contributor".to_owned(), false),
        ] {
            assert_eq!(is_role(&text), expected, "{text}");
        }
    }
}
