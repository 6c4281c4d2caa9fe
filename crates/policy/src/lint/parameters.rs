//! Parameters of definitions.

use azimuth_arm::{Expression, ExpressionKind, Value};
use hashbrown::HashSet;

use super::Findings;
use crate::definition::{Definition, Effect, Parameter, PolicyType};
use crate::fold::fold;
use crate::suggest::did_you_mean;
use crate::template::{Template, for_each_call};

pub(super) fn check(definition: &Definition, findings: &mut Findings<'_>) {
    let base = findings.entry.properties_path();
    let mut used: HashSet<String> = HashSet::new();
    let mut is_opaque = false;
    let mut missing: Vec<(String, String)> = Vec::new();
    each_template(definition, &base, &mut |template, path| {
        template.for_each_expression(&mut |expression| {
            let found = names(expression);
            is_opaque |= found.is_opaque;
            for name in found.names {
                if definition.parameters.get(&name).is_none() {
                    missing.push((name.clone(), path.to_owned()));
                }
                used.insert(fold(&name));
            }
        });
    });
    for (name, path) in missing {
        let near = did_you_mean(&name, definition.parameters.iter().map(|known| known.name.as_str()));
        let hint = near.map(|near| format!("did you mean `{near}`?"));
        findings.hinted("policy-parameter-missing", &path, format!("there is no parameter `{name}`"), hint);
    }
    let is_attested = definition.policy_type == PolicyType::Static;
    for parameter in definition.parameters.iter() {
        let path = format!("{base}.parameters.{}", parameter.name);
        // Conditions of operations stay text until they run.
        let is_used = used.contains(&fold(&parameter.name))
            || is_opaque
            || definition
                .rule
                .details
                .written
                .as_ref()
                .is_some_and(|written| mentions(written, &parameter.name));
        if !is_used && !is_attested && !is_deprecated(parameter) {
            findings.named(
                "policy-parameter-unused",
                &path,
                format!("the parameter `{}` is used nowhere", parameter.name),
            );
        }
        if parameter.allowed.as_ref().is_some_and(Vec::is_empty) {
            findings.named(
                "policy-parameter-impossible",
                &path,
                format!("the parameter `{}` allows no value", parameter.name),
            );
        }
    }
    effect(definition, &base, findings);
}

/// Whether a parameter is kept for old assignments only.
pub(super) fn is_deprecated(parameter: &Parameter) -> bool {
    parameter.metadata.get("deprecated").is_some_and(|flag| {
        flag.as_bool() == Some(true) || flag.as_str().is_some_and(|word| word.eq_ignore_ascii_case("true"))
    })
}

fn mentions(written: &Value, name: &str) -> bool {
    fold(&written.to_string()).contains(&format!("parameters('{}')", fold(name)))
}

/// Names that `parameters('…')` is called with.
struct Names {
    names: Vec<String>,
    /// Whether some call computes its name.
    is_opaque: bool,
}

fn names(expression: &Expression) -> Names {
    let mut out = Names { names: Vec::new(), is_opaque: false };
    for_each_call(expression, &mut |call| {
        if &*call.key != "parameters" {
            return;
        }
        match call.arguments.first().map(|argument| &argument.kind) {
            Some(ExpressionKind::Literal(name)) => out.names.extend(name.as_str().map(str::to_owned)),
            _ => out.is_opaque = true,
        }
    });
    out
}

/// Every value with expressions. A deployment's template has parameters of its own, and is left out.
fn each_template(definition: &Definition, base: &str, visit: &mut dyn FnMut(&Template, &str)) {
    use crate::definition::{Left, Over};
    let rule = &definition.rule;
    for condition in std::iter::once(&rule.condition).chain(&rule.details.existence) {
        condition.for_each_leaf(&mut |leaf| {
            visit(&leaf.right, &leaf.path);
            match &leaf.left {
                Left::Field(template) | Left::Value(template) => visit(template, &leaf.path),
                Left::Count(count) => match &count.over {
                    Over::Field(template) | Over::Value { value: template, .. } => {
                        visit(template, &leaf.path);
                    }
                },
            }
        });
    }
    visit(&rule.effect, &format!("{base}.policyRule.then.effect"));
    if let Some(details) = &rule.details.template {
        visit(details, &format!("{base}.policyRule.then.details"));
    }
}

/// The effect and the parameter that sets it.
fn effect(definition: &Definition, base: &str, findings: &mut Findings<'_>) {
    let path = format!("{base}.policyRule.then.effect");
    let effect = &definition.rule.effect;
    let is_custom = definition.policy_type == PolicyType::Custom;
    if let Some(known) = effect.known().and_then(Value::as_str) {
        // Append and modify are seldom tried out by audit.
        let matters = Effect::from_name(known).is_some_and(|effect| {
            matches!(effect, Effect::Deny | Effect::DeployIfNotExists | Effect::Modify | Effect::DenyAction)
        });
        if is_custom && matters {
            findings.add("policy-effect-fixed", &path, format!("the effect is always `{known}`"));
        }
        return;
    }
    let Template::Expression(expression) = effect else { return };
    let ExpressionKind::Call(call) = &expression.kind else { return };
    let name = match call.arguments.first().map(|argument| &argument.kind) {
        Some(ExpressionKind::Literal(name)) if &*call.key == "parameters" => name.as_str(),
        _ => None,
    };
    let Some(parameter) = name.and_then(|name| definition.parameters.get(name)) else { return };
    let Some(allowed) = &parameter.allowed else { return };
    let path = format!("{base}.parameters.{}", parameter.name);
    for value in allowed {
        if value.as_str().is_none_or(|word| Effect::from_name(word).is_none()) {
            let message = format!("the parameter `{}` allows {value}, which is no effect", parameter.name);
            findings.named("policy-effect-not-effect", &path, message);
        }
    }
    let can_disable =
        allowed.iter().any(|value| value.as_str().is_some_and(|word| word.eq_ignore_ascii_case("disabled")));
    if is_custom && !can_disable {
        let message = format!("the parameter `{}` does not allow `Disabled`", parameter.name);
        findings.named("policy-effect-no-disabled", &path, message);
    }
}
