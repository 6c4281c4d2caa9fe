//! What stands against a definition before any resource is looked at.
//!
//! [`check_compiles`] finds what the engine cannot make sense of; [`check_definition`] also what the service refuses at
//! authoring although it could be evaluated.

use azimuth_arm::function_arity;
use azimuth_diag::{Diagnostic, Place};

use crate::catalogue::{Catalogue, Modifiable};
use crate::definition::{Condition, Definition, Effect, LIMITS, Left, OWN_FUNCTIONS, Over, refusal};
use crate::field::is_tags;
use crate::path::Path;
use crate::suggest::did_you_mean;
use crate::template::{Template, for_each_call};

/// Findings that make a definition impossible to evaluate: fields that cannot be counted, functions that do not exist or
/// take another number of arguments, and `modify` of aliases that are known not to be modifiable.
pub fn check_compiles(definition: &Definition, catalogue: &Catalogue) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    let rule = &definition.rule;
    check_counts(&rule.condition, &mut findings);
    if let Some(existence) = &rule.details.existence {
        check_counts(existence, &mut findings);
    }
    each_template(definition, &mut |template, path| {
        template.for_each_expression(&mut |expression| {
            for_each_call(expression, &mut |call| {
                if let Some(finding) = check_call(call, path) {
                    findings.push(finding);
                }
            });
        });
    });
    check_operations(definition, catalogue, &mut findings);
    findings
}

/// Everything the service would refuse at authoring.
pub fn check_definition(definition: &Definition, catalogue: &Catalogue) -> Vec<Diagnostic> {
    let mut findings = check_compiles(definition, catalogue);
    each_template(definition, &mut |template, path| {
        template.for_each_expression(&mut |expression| {
            for_each_call(expression, &mut |call| {
                let is_known = |key: &str| function_arity(key).is_some();
                if call.namespace.is_none()
                    && let Some(reason) = refusal(&call.key, is_known)
                    && (is_known(&call.key) || call.key.starts_with("list"))
                {
                    let message = format!("the function `{}` {reason}", call.name);
                    findings.push(error("policy-function", path, message));
                }
            });
        });
    });
    let rule = &definition.rule;
    rule.condition.for_each_leaf(&mut |leaf| {
        if let Left::Field(name) = &leaf.left
            && let Some(name) = name.known().and_then(azimuth_arm::Value::as_str)
            && catalogue.refuses(name)
        {
            findings.push(error("policy-alias", &leaf.path, format!("there is no alias `{name}`")));
        }
        check_parameter_types(definition, leaf, &mut findings);
    });
    check_details(definition, &mut findings);
    check_limits(definition, &mut findings);
    findings
}

fn error(code: &'static str, path: &str, message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(code, message).at(Place { path: Some(path.to_owned()), ..Place::default() })
}

/// Visits every value with expressions, with the path of what holds it. A deployment's template is none.
fn each_template(definition: &Definition, visit: &mut dyn FnMut(&Template, &str)) {
    let rule = &definition.rule;
    let base = "$.properties.policyRule";
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
    visit(&rule.effect, &format!("{base}.then.effect"));
    if let Some(details) = &rule.details.template {
        visit(details, &format!("{base}.then.details"));
    }
}

fn check_counts(condition: &Condition, findings: &mut Vec<Diagnostic>) {
    condition.for_each_leaf(&mut |leaf| {
        let Left::Count(count) = &leaf.left else { return };
        let Over::Field(name) = &count.over else { return };
        let Some(name) = name.known().and_then(azimuth_arm::Value::as_str) else { return };
        if is_tags(name) {
            let message = format!("a count over a tag field is not supported: `{name}`");
            findings.push(error("policy-count", &leaf.path, message));
        } else if !Path::parse(name).ends_with_each() {
            let message = format!("the field of a count must end with an unquoted [*]: `{name}`");
            findings.push(error("policy-count", &leaf.path, message).with_hint(format!("write `{name}[*]`")));
        }
    });
}

fn check_call(call: &azimuth_arm::Call, path: &str) -> Option<Diagnostic> {
    if call.namespace.is_some() {
        let message = format!("`{}` is a user-defined function, which policy rules do not have", call.name);
        return Some(error("policy-function", path, message));
    }
    let key = &*call.key;
    let arity = match key {
        "field" => Some((1, Some(1))),
        "current" => Some((0, Some(1))),
        "adddays" => Some((2, Some(2))),
        "requestcontext" | "policy" => Some((0, Some(0))),
        "iprangecontains" => Some((2, Some(2))),
        _ => function_arity(key),
    };
    let Some((least, most)) = arity else {
        if key.starts_with("list") {
            return None;
        }
        let hint = did_you_mean(&call.name, OWN_FUNCTIONS.iter().copied())
            .map(|near| format!("did you mean `{near}`?"));
        let finding = error("policy-function", path, format!("there is no function `{}`", call.name));
        return Some(match hint {
            Some(hint) => finding.with_hint(hint),
            None => finding,
        });
    };
    let count = call.arguments.len();
    let is_joined = key == "concat" && count == 0;
    if !is_joined && (count < least || most.is_some_and(|most| count > most)) {
        let wanted = match most {
            Some(most) if most == least => format!("{least}"),
            Some(most) => format!("{least} to {most}"),
            None => format!("at least {least}"),
        };
        let message = format!("`{}` takes {wanted} arguments, not {count}", call.name);
        return Some(error("policy-function", path, message));
    }
    None
}

/// The members of an operation: name in lower case → text.
fn operation_text<'a>(operation: &'a Template, name: &str) -> Option<&'a str> {
    match operation {
        Template::Object(members) => members
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .and_then(|(_, value)| value.known()?.as_str()),
        Template::Known(value) => value.as_object()?.get(name)?.as_str(),
        Template::Expression(_) | Template::Array(_) => None,
    }
}

fn operations(definition: &Definition) -> Vec<Template> {
    match definition.rule.details.get("operations") {
        Some(Template::Array(items)) => items.clone(),
        Some(Template::Known(value)) => {
            value.as_array().unwrap_or_default().iter().cloned().map(Template::Known).collect()
        }
        _ => Vec::new(),
    }
}

/// Aliases that `modify` may not change in any API version.
fn check_operations(definition: &Definition, catalogue: &Catalogue, findings: &mut Vec<Diagnostic>) {
    for (index, operation) in operations(definition).iter().enumerate() {
        let Some(field) = operation_text(operation, "field") else { continue };
        let known = catalogue.alias(field);
        let is_fixed = !known.is_empty()
            && known.iter().all(|alias| {
                alias.modifiable == Modifiable::No
                    && alias.versions.iter().all(|other| other.modifiable != Some(Modifiable::Yes))
            });
        if is_fixed {
            let path = format!("$.properties.policyRule.then.details.operations[{index}].field");
            findings.push(error("policy-modify", &path, format!("the alias `{field}` is not modifiable")));
        }
    }
}

/// `[parameters('x')]` of an array where one value is wanted, and the reverse.
fn check_parameter_types(
    definition: &Definition,
    leaf: &crate::definition::Leaf,
    findings: &mut Vec<Diagnostic>,
) {
    use crate::definition::{Operator, ParameterType};
    let Template::Expression(expression) = &leaf.right else { return };
    let azimuth_arm::ExpressionKind::Call(call) = &expression.kind else { return };
    if &*call.key != "parameters" {
        return;
    }
    let Some(azimuth_arm::ExpressionKind::Literal(name)) =
        call.arguments.first().map(|argument| &argument.kind)
    else {
        return;
    };
    let Some(name) = name.as_str() else { return };
    let Some(parameter) = definition.parameters.get(name) else {
        findings.push(error("policy-parameter", &leaf.path, format!("there is no parameter `{name}`")));
        return;
    };
    let wants_array = leaf.operator.positive().0 == Operator::In;
    let is_array = parameter.kind == ParameterType::Array;
    if wants_array != is_array && (is_array || wants_array) {
        let operator = leaf.operator;
        let message = if wants_array {
            format!(
                "`{operator}` takes an array, and the parameter `{name}` is of type {}",
                parameter.kind.name()
            )
        } else {
            format!("`{operator}` takes one value, and the parameter `{name}` is an array")
        };
        let hint = if wants_array { "use `equals`" } else { "use `in`" };
        findings.push(error("policy-operand", &leaf.path, message).with_hint(hint));
    }
}

/// What the effects need in their details.
fn check_details(definition: &Definition, findings: &mut Vec<Diagnostic>) {
    let details = &definition.rule.details;
    let path = "$.properties.policyRule.then.details";
    let effects = possible_effects(definition);
    let has = |effect: Effect| effects.contains(&effect);
    let is_if_not_exists = has(Effect::AuditIfNotExists) || has(Effect::DeployIfNotExists);
    if is_if_not_exists {
        let related = details.get("type").and_then(|template| template.known()?.as_str());
        if details.get("type").is_none() {
            findings.push(error(
                "policy-details",
                path,
                "the effect looks at related resources and names no `type`",
            ));
        }
        if let Some(related) = related
            && details.get("name").is_none()
            && names_type(&definition.rule.condition, related)
        {
            let message =
                format!("the related resource is of the evaluated type `{related}` and needs a `name`");
            findings.push(
                error("policy-details", path, message).with_hint("add `\"name\": \"[field('name')]\"`"),
            );
        }
    }
    if has(Effect::DeployIfNotExists) {
        if details.get("roleDefinitionIds").is_none() {
            findings.push(error("policy-details", path, "deployIfNotExists needs `roleDefinitionIds`"));
        }
        if details.get("deployment").is_none() {
            findings.push(error("policy-details", path, "deployIfNotExists needs a `deployment`"));
        }
    }
    if has(Effect::Modify) {
        if details.get("roleDefinitionIds").is_none() {
            findings.push(error("policy-details", path, "modify needs `roleDefinitionIds`"));
        }
        let operations = operations(definition);
        if operations.is_empty() {
            findings.push(error("policy-details", path, "modify needs `operations`"));
        }
        for (index, operation) in operations.iter().enumerate() {
            check_operation(operation, &format!("{path}.operations[{index}]"), findings);
        }
    }
    if has(Effect::Append) && details.items().is_empty() {
        findings.push(error("policy-details", path, "append needs a list of `field` and `value`"));
    }
    if has(Effect::DenyAction) {
        check_deny_action(definition, path, findings);
    }
}

fn check_operation(operation: &Template, path: &str, findings: &mut Vec<Diagnostic>) {
    let word = operation_text(operation, "operation").unwrap_or_default();
    if !["add", "addOrReplace", "remove"].iter().any(|known| known.eq_ignore_ascii_case(word)) {
        findings.push(
            error("policy-details", path, format!("there is no operation `{word}`"))
                .with_hint("use `add`, `addOrReplace` or `remove`"),
        );
    }
    let field = operation_text(operation, "field");
    if word.eq_ignore_ascii_case("remove") && field.is_some_and(|field| !crate::field::is_tag(field)) {
        findings.push(error("policy-details", path, "`remove` is for tags only"));
    }
    let members = match operation {
        Template::Object(members) => members.as_slice(),
        _ => &[],
    };
    for (name, value) in members {
        if name.eq_ignore_ascii_case("condition") {
            value.for_each_expression(&mut |expression| {
                for_each_call(expression, &mut |call| {
                    if matches!(&*call.key, "field" | "resourcegroup" | "subscription") {
                        let message = format!("the condition of an operation may not use `{}`", call.name);
                        findings.push(error("policy-details", path, message));
                    }
                });
            });
        }
    }
}

fn check_deny_action(definition: &Definition, path: &str, findings: &mut Vec<Diagnostic>) {
    let details = &definition.rule.details;
    let names =
        details.get("actionNames").and_then(|template| template.known()?.as_array().map(<[_]>::to_vec));
    match names {
        Some(names)
            if !names.is_empty()
                && names
                    .iter()
                    .all(|name| name.as_str().is_some_and(|name| name.eq_ignore_ascii_case("delete"))) => {}
        Some(_) => findings.push(error("policy-details", path, "denyAction knows one action, `delete`")),
        None if details.get("actionNames").is_some() => {}
        None => findings.push(error("policy-details", path, "denyAction needs `actionNames`")),
    }
    if details.get("cascadeBehaviors").is_some() && definition.mode != crate::definition::Mode::Indexed {
        findings.push(error("policy-details", path, "`cascadeBehaviors` needs the mode Indexed"));
    }
}

/// Effects that the definition can have: the one written, or those its parameter allows.
pub(crate) fn possible_effects(definition: &Definition) -> Vec<Effect> {
    let effect = &definition.rule.effect;
    if let Some(name) = effect.known().and_then(azimuth_arm::Value::as_str) {
        return Effect::from_name(name).into_iter().collect();
    }
    let mut effects = Vec::new();
    effect.for_each_expression(&mut |expression| {
        for_each_call(expression, &mut |call| {
            if &*call.key != "parameters" {
                return;
            }
            let Some(azimuth_arm::ExpressionKind::Literal(name)) =
                call.arguments.first().map(|argument| &argument.kind)
            else {
                return;
            };
            let Some(parameter) = name.as_str().and_then(|name| definition.parameters.get(name)) else {
                return;
            };
            let values = parameter.allowed.iter().flatten().chain(&parameter.default);
            effects.extend(values.filter_map(|value| Effect::from_name(value.as_str()?)));
        });
    });
    effects.sort();
    effects.dedup();
    effects
}

/// Whether the rule asks for resources of `resource_type` by name.
fn names_type(condition: &Condition, resource_type: &str) -> bool {
    let known = |template: &Template| template.known().cloned();
    match crate::compile::types_of(condition, &known) {
        crate::compile::Types::Only(types) => types.iter().any(|name| crate::fold::eq(name, resource_type)),
        crate::compile::Types::Any => false,
    }
}

fn check_limits(definition: &Definition, findings: &mut Vec<Diagnostic>) {
    let base = "$.properties";
    let mut at_most = |place: &str, what: &str, count: usize, path: &str| {
        let known = LIMITS.iter().find(|limit| limit.place == place && limit.what == what);
        if let Some(limit) = known.filter(|limit| count as u64 > limit.maximum) {
            let message = format!("{count} {what}; at most {} are allowed in a {place}", limit.maximum);
            findings.push(error("policy-limit", path, message));
        }
    };
    at_most("policy definition", "parameters", definition.parameters.len(), &format!("{base}.parameters"));
    let texts = [("displayName", &definition.display_name), ("description", &definition.description)];
    for (name, text) in texts {
        if let Some(text) = text {
            let what = format!("{name} characters");
            at_most(
                "definition, assignment, exemption",
                &what,
                text.chars().count(),
                &format!("{base}.{name}"),
            );
        }
    }
    let mut leaves = 0;
    let mut values = 0;
    let mut arrays: Vec<(String, usize)> = Vec::new();
    definition.rule.condition.for_each_leaf(&mut |leaf| {
        leaves += 1;
        let Left::Count(count) = &leaf.left else { return };
        match &count.over {
            Over::Value { .. } => values += 1,
            Over::Field(name) => {
                let Some(name) = name.known().and_then(azimuth_arm::Value::as_str) else { return };
                let folded = crate::fold::fold(name);
                match arrays.iter_mut().find(|(known, _)| *known == folded) {
                    Some((_, count)) => *count += 1,
                    None => arrays.push((folded, 1)),
                }
            }
        }
    });
    let path = format!("{base}.policyRule.if");
    at_most("policy rule", "condition expressions in if", leaves, &path);
    at_most("policy rule", "value count expressions", values, &path);
    for (_, count) in arrays {
        at_most("policy rule", "field count expressions per array", count, &path);
    }
}
