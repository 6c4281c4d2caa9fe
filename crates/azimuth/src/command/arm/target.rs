//! Which scope a template is deployed to: what the user says, and what the template's schema and the estate tell.

use azimuth_arm::{Node, Source, Target};
use azimuth_estate::Snapshot;

use crate::args::TemplateArgs;
use crate::exit::Failure;
use crate::ui::Ui;

/// Stands for a subscription that nobody named.
pub(crate) const PLACEHOLDER_SUBSCRIPTION: &str = "00000000-0000-0000-0000-000000000000";
/// Stands for a resource group or management group that nobody named.
pub(crate) const PLACEHOLDER_NAME: &str = "example";

/// The levels of scopes that templates are deployed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Tenant,
    ManagementGroup,
    Subscription,
    ResourceGroup,
}

/// The level that a template's `$schema` names.
pub(crate) fn level_of(template: &Source) -> Option<Level> {
    let schema = template.root().get("$schema").and_then(Node::as_str)?.to_lowercase();
    let name = schema.trim_end_matches('#').rsplit('/').next()?;
    Some(match name {
        "deploymenttemplate.json" => Level::ResourceGroup,
        "subscriptiondeploymenttemplate.json" => Level::Subscription,
        "managementgroupdeploymenttemplate.json" => Level::ManagementGroup,
        "tenantdeploymenttemplate.json" => Level::Tenant,
        _ => return None,
    })
}

/// A target made of placeholders.
pub(crate) fn placeholder(level: Level) -> Target {
    match level {
        Level::Tenant => Target::Tenant,
        Level::ManagementGroup => Target::management_group(PLACEHOLDER_NAME),
        Level::Subscription => Target::subscription(PLACEHOLDER_SUBSCRIPTION),
        Level::ResourceGroup => Target::resource_group(PLACEHOLDER_SUBSCRIPTION, PLACEHOLDER_NAME),
    }
}

/// The scope deployed to. What is not said is taken from the estate if only one answer is possible, else a
/// placeholder stands for it, unless `must_be_real`.
pub(super) fn choose(
    args: &TemplateArgs,
    template: &Source,
    estate: Option<&Snapshot>,
    must_be_real: bool,
    ui: Ui,
) -> Result<Target, Failure> {
    let declared = level_of(template);
    let level = declared.unwrap_or_else(|| said(args));
    if level != Level::ResourceGroup && args.resource_group.is_some() {
        return Err(Failure::usage(format_args!(
            "the template is deployed to {}, not to a resource group",
            describe(level)
        ))
        .hint("leave out `--resource-group`, or correct the template's `$schema`"));
    }
    if level != Level::ManagementGroup && args.management_group.is_some() {
        return Err(Failure::usage(format_args!(
            "the template is deployed to {}, not to a management group",
            describe(level)
        ))
        .hint("leave out `--management-group`, or correct the template's `$schema`"));
    }
    match level {
        Level::Tenant => Ok(Target::Tenant),
        Level::ManagementGroup => {
            let name = named(args.management_group.as_deref(), "--management-group", must_be_real, ui)?;
            Ok(Target::management_group(&name))
        }
        Level::Subscription => Ok(Target::subscription(&subscription(args, estate, must_be_real, ui)?)),
        Level::ResourceGroup => {
            let subscription = subscription(args, estate, must_be_real, ui)?;
            let name = named(args.resource_group.as_deref(), "--resource-group", must_be_real, ui)?;
            Ok(Target::resource_group(&subscription, &name))
        }
    }
}

/// The level that the options speak of.
fn said(args: &TemplateArgs) -> Level {
    if args.management_group.is_some() {
        Level::ManagementGroup
    } else if args.subscription.is_some() && args.resource_group.is_none() {
        Level::Subscription
    } else {
        Level::ResourceGroup
    }
}

fn describe(level: Level) -> &'static str {
    match level {
        Level::Tenant => "the tenant",
        Level::ManagementGroup => "a management group",
        Level::Subscription => "a subscription",
        Level::ResourceGroup => "a resource group",
    }
}

fn named(name: Option<&str>, option: &str, must_be_real: bool, ui: Ui) -> Result<String, Failure> {
    match name {
        Some(name) => plain(name, option),
        None if must_be_real => Err(Failure::usage("which scope the template is deployed to is not said")
            .hint(format!("pass `{option} NAME`"))),
        None => {
            ui.note(format_args!("note: without `{option}`, ids hold the placeholder `{PLACEHOLDER_NAME}`"));
            Ok(PLACEHOLDER_NAME.to_owned())
        }
    }
}

fn subscription(
    args: &TemplateArgs,
    estate: Option<&Snapshot>,
    must_be_real: bool,
    ui: Ui,
) -> Result<String, Failure> {
    if let Some(id) = &args.subscription {
        return plain(id.strip_prefix("/subscriptions/").unwrap_or(id), "--subscription");
    }
    let known: Vec<String> = match estate {
        Some(snapshot) => {
            let entries = snapshot.of_type("Microsoft.Resources/subscriptions");
            entries.map(|entry| entry.name().to_owned()).collect()
        }
        None => Vec::new(),
    };
    match known.as_slice() {
        [only] => {
            ui.note(format_args!("note: deploying to `{only}`, the only subscription of the estate"));
            Ok(only.clone())
        }
        _ if must_be_real => {
            let shown: Vec<&str> = known.iter().take(5).map(String::as_str).collect();
            let hint = if shown.is_empty() {
                "pass `--subscription ID`".to_owned()
            } else {
                format!("pass `--subscription ID`; the estate has {}", shown.join(", "))
            };
            Err(Failure::usage("which subscription the template is deployed to is not said").hint(hint))
        }
        _ => {
            ui.note(format_args!(
                "note: without `--subscription`, ids hold the placeholder `{PLACEHOLDER_SUBSCRIPTION}`"
            ));
            Ok(PLACEHOLDER_SUBSCRIPTION.to_owned())
        }
    }
}

/// A name that can stand as one segment of an id.
fn plain(name: &str, option: &str) -> Result<String, Failure> {
    if name.is_empty() || name.contains(['/', '[', ']']) || name.chars().any(char::is_control) {
        return Err(Failure::usage(format_args!("`{name}` is no name for `{option}`"))
            .hint("pass the bare name or id, without slashes"));
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_tell_the_level() {
        let level = |name: &str| {
            let text =
                format!(r#"{{"$schema": "https://schema.management.azure.com/schemas/2019-08-01/{name}#"}}"#);
            level_of(&Source::parse("t.json", &text).unwrap())
        };
        assert_eq!(level("deploymentTemplate.json"), Some(Level::ResourceGroup));
        assert_eq!(level("subscriptionDeploymentTemplate.json"), Some(Level::Subscription));
        assert_eq!(level("managementGroupDeploymentTemplate.json"), Some(Level::ManagementGroup));
        assert_eq!(level("tenantDeploymentTemplate.json"), Some(Level::Tenant));
        assert_eq!(level("other.json"), None);
    }
}
