//! From a request to what it deploys: body, template, parameters, expansion.

use std::borrow::Cow;
use std::sync::Arc;

use azimuth_arm::{
    Context, EstateView, Expansion, Link, LoadError, Loaded, Loader, Mode, Parameters, Source, Target,
    Value as ArmValue, expand,
};
use azimuth_ids::{IdKind, IdRef, fold};
use serde_json::{Value, json};

use crate::arm::call::{Call, bad_request};
use crate::arm::resource::read_part;
use crate::error::ApiError;

/// A deployment that could be carried out.
pub(super) struct Plan {
    /// Its id.
    pub(super) id: String,
    /// The id of the scope deployed to.
    pub(super) scope: String,
    /// The same for the template engine.
    pub(super) target: Target,
    /// `properties` of the request.
    pub(super) properties: Value,
    /// The region of a deployment above resource groups.
    pub(super) location: Option<String>,
    /// Tags of the deployment itself.
    pub(super) tags: Option<Value>,
    /// Complete or incremental.
    pub(super) mode: Mode,
    /// The template.
    pub(super) template: Value,
    source: Arc<Source>,
    parameters: Parameters,
    context: Context,
    /// What it comes to by what is stored now.
    pub(super) expansion: Expansion,
}

impl Plan {
    /// Expands again: what was deployed meanwhile can be referred to.
    pub(super) fn expand(&self, call: &Call<'_>) -> Expansion {
        expand(&self.source, &self.parameters, &self.context, &Specs(call), &Estate(call))
    }
}

/// Reads JSON as clients of deployments write it: names without quotes, comments, trailing commas, texts over several lines.
pub(super) fn lenient(body: &[u8]) -> Result<Value, ApiError> {
    let text = std::str::from_utf8(body)
        .map_err(|_| bad_request("InvalidRequestContent", "The request content is not UTF-8."))?;
    let source = Source::parse("request", text).map_err(|problem| {
        bad_request(
            "InvalidRequestContent",
            format!(
                "The request content was invalid and could not be deserialized: '{} at {}'.",
                problem.message, problem.place
            ),
        )
    })?;
    Ok(ArmValue::from_node(source.root()).reveal())
}

/// Reads a request for a deployment named `name` at `scope`, and expands its template.
pub(super) fn read(call: &Call<'_>, scope: &str, name: &str, body: &[u8]) -> Result<Plan, ApiError> {
    let body = lenient(body)?;
    plan(call, scope, name, &body)
}

/// As [`read`], of a body that is parsed already.
pub(super) fn plan(call: &Call<'_>, scope: &str, name: &str, body: &Value) -> Result<Plan, ApiError> {
    crate::arm::serve::check_group(call, scope)?;
    check_name(name)?;
    let properties = body["properties"].clone();
    if !properties.is_object() {
        return Err(bad_request("InvalidRequestContent", "The request content must have 'properties'."));
    }
    let location = body["location"].as_str().map(crate::arm::tenant::region_name);
    let target = Target::of_id(scope).unwrap_or(Target::Tenant);
    if location.is_none() && !matches!(target, Target::ResourceGroup(..)) {
        return Err(bad_request(
            "LocationRequired",
            "The 'location' property must be specified for a deployment at this scope.",
        ));
    }
    let mode = match properties["mode"].as_str() {
        None => Mode::Incremental,
        Some(mode) if mode.eq_ignore_ascii_case("Incremental") => Mode::Incremental,
        Some(mode)
            if mode.eq_ignore_ascii_case("Complete") && matches!(target, Target::ResourceGroup(..)) =>
        {
            Mode::Complete
        }
        Some(mode) => {
            return Err(bad_request(
                "InvalidDeploymentMode",
                format!("The deployment mode '{mode}' is not supported at this scope."),
            ));
        }
    };
    let template = template(call, &properties)?;
    let source =
        Source::parse("template", &template.to_string()).map_err(|problem| invalid(&problem.message))?;
    let given = json!({"parameters": properties.get("parameters").filter(|given| !given.is_null()).cloned().unwrap_or_else(|| json!({}))});
    let parameters =
        Parameters::parse("parameters", &given.to_string()).map_err(|problem| invalid(&problem.message))?;
    let context = context(call, scope, &target, name, location.as_deref(), mode);
    let expansion = expand(&source, &parameters, &context, &Specs(call), &Estate(call));
    if let Some(problem) =
        expansion.diagnostics.iter().find(|found| found.severity == azimuth_diag::Severity::Error)
    {
        return Err(invalid(&problem.message));
    }
    Ok(Plan {
        id: format!("{}/providers/Microsoft.Resources/deployments/{name}", scope.trim_end_matches('/')),
        scope: scope.to_owned(),
        target,
        properties,
        location,
        tags: body.get("tags").filter(|tags| tags.is_object()).cloned(),
        mode,
        template,
        source,
        parameters,
        context,
        expansion,
    })
}

fn invalid(message: &str) -> ApiError {
    bad_request("InvalidTemplate", format!("Deployment template validation failed: '{message}'."))
}

/// Up to 64 letters, digits, `-`, `_`, `.`, `(` and `)` (Azure naming rules).
fn check_name(name: &str) -> Result<(), ApiError> {
    let fits = (1..=64).contains(&name.chars().count())
        && name.chars().all(|c| c.is_alphanumeric() || "-_.()".contains(c));
    if fits {
        Ok(())
    } else {
        Err(bad_request("InvalidDeploymentName", format!("The deployment name '{name}' is invalid.")))
    }
}

/// The template of the request, written in it or kept as a template spec.
fn template(call: &Call<'_>, properties: &Value) -> Result<Value, ApiError> {
    if properties["template"].is_object() {
        return Ok(properties["template"].clone());
    }
    let link = &properties["templateLink"];
    if let Some(id) = link["id"].as_str() {
        let found = spec(call, id);
        return found.ok_or_else(|| {
            bad_request("InvalidTemplateLink", format!("The template spec '{id}' could not be found."))
        });
    }
    if let Some(uri) = link["uri"].as_str() {
        return Err(bad_request(
            "InvalidTemplateLink",
            format!(
                "The template at '{uri}' is not fetched: nothing is sent to other hosts. Send the template itself, or keep it as a template spec."
            ),
        ));
    }
    Err(bad_request(
        "InvalidRequestContent",
        "The request has neither 'properties.template' nor 'properties.templateLink'.",
    ))
}

/// The template of a version of a template spec that the caller may read.
fn spec(call: &Call<'_>, id: &str) -> Option<Value> {
    if !call.may("Microsoft.Resources/templateSpecs/versions/read", id) {
        return None;
    }
    let document = call.plane.read(id)?.value();
    Some(document["properties"]["mainTemplate"].clone()).filter(Value::is_object)
}

/// Templates that templates link to: template specs, and nothing from elsewhere.
struct Specs<'c>(&'c Call<'c>);

impl Loader for Specs<'_> {
    fn load(&self, _: &str, link: &Link) -> Result<Loaded, LoadError> {
        let missing = |reason: &str| LoadError { reason: reason.to_owned() };
        match link {
            Link::TemplateSpec(id) => {
                let template = spec(self.0, id)
                    .ok_or_else(|| missing("the template spec is not there, or may not be read"))?;
                Ok(Loaded { file: id.clone(), text: template.to_string() })
            }
            Link::RelativePath(_) | Link::Uri(_) => {
                Err(missing("templates of other hosts are not fetched; keep the template as a template spec"))
            }
        }
    }
}

fn context(
    call: &Call<'_>,
    scope: &str,
    target: &Target,
    name: &str,
    location: Option<&str>,
    mode: Mode,
) -> Context {
    let facts = |id: &str, members: &[&str]| -> Option<ArmValue> {
        let document = call.plane.read(id)?.value();
        let found: serde_json::Map<String, Value> = members
            .iter()
            .filter_map(|member| Some(((*member).to_owned(), document.get(member)?.clone())))
            .collect();
        Some(ArmValue::from_json(&Value::Object(found)))
    };
    let mut context = Context::new(target.clone());
    name.clone_into(&mut context.deployment_name);
    context.deployment_location = location.map(str::to_owned);
    let id = IdRef::parse(scope).ok();
    if let Some(subscription) = id.and_then(IdRef::subscription_id) {
        let known = call
            .plane
            .read(&format!("/subscriptions/{subscription}"))
            .map(|held| held.value())
            .unwrap_or_default();
        context.subscription = Some(ArmValue::from_json(&json!({
            "displayName": known["displayName"].as_str().or(known["properties"]["displayName"].as_str()).unwrap_or(subscription),
            "tenantId": call.plane.settings.tenant,
        })));
    }
    if id.is_some_and(|id| id.kind() == IdKind::ResourceGroup) {
        context.resource_group = facts(scope, &["location", "tags", "managedBy", "properties"]);
    }
    if id.is_some_and(|id| id.kind() == IdKind::ManagementGroup) {
        context.management_group = facts(scope, &["properties"]);
    }
    context.tenant = Some(ArmValue::from_json(
        &json!({"tenantId": call.plane.settings.tenant, "displayName": "Azimuth", "countryCode": ""}),
    ));
    context.deployer = Some(ArmValue::from_json(
        &json!({"objectId": call.caller.object, "tenantId": call.caller.tenant, "userPrincipalName": call.caller.name}),
    ));
    context.now = Some(call.now);
    context.seed = Some(uuid::Uuid::new_v4().as_u128());
    context.mode = mode;
    context.is_strict = true;
    context
}

/// What is stored, as the template engine asks for it.
pub(crate) struct Estate<'c>(pub(crate) &'c Call<'c>);

impl EstateView for Estate<'_> {
    fn resource(&self, id: &str) -> Option<Cow<'_, Value>> {
        let call = self.0;
        call.plane.read(id).map(|held| held.value()).or_else(|| read_part(call, id)).map(Cow::Owned)
    }

    fn in_resource_group(&self, group_id: &str) -> Vec<String> {
        let prefix = format!("{}/", fold(group_id));
        self.0.plane.with_index(|index| {
            index
                .below(&prefix)
                .map(|(key, held)| held.value()["id"].as_str().map_or_else(|| key.to_string(), str::to_owned))
                .collect()
        })
    }
}

/// A number that stands for a template, as the service gives one. FNV-1a over the text without spaces.
pub(super) fn hash(template: &Value) -> String {
    let text = template.to_string();
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    hash.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_of_the_command_line_are_read() {
        let body = br#"{"properties": {"mode": "Incremental", template: // mine
            {"$schema": "https://x.test/a//b", /* none */ "parameters": {}, "resources": [],}}}"#;
        let read = lenient(body).unwrap();
        assert_eq!(read["properties"]["template"]["$schema"], "https://x.test/a//b");
        assert_eq!(lenient(b"{a:").unwrap_err().code, "InvalidRequestContent");
        assert_eq!(lenient(&[0xff]).unwrap_err().code, "InvalidRequestContent");
    }

    #[test]
    fn a_hash_depends_on_every_character() {
        assert_ne!(hash(&json!({"a": 1})), hash(&json!({"a": 2})));
    }
}
