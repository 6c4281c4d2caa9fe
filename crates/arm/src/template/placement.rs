//! The scope that a resource is deployed to.

use azimuth_ids::fold;

use super::declare::Scope;
use super::environment::Env;
use super::ids::prefix_for;
use super::target::{Target, concat};
use crate::expression::Fault;
use crate::json::Node;
use crate::value::Value;

impl Scope<'_> {
    /// The id of the scope that the resource is deployed to, and for deployments the target of their template.
    pub(super) fn resource_scope(&self, node: &Node, env: &Env<'_>, resource_type: &str) -> (Value, Target) {
        let own = &self.target;
        let text = |name: &str| node.get(name).map(|value| env.text(self.file, value, name));
        let (subscription, group) = (text("subscriptionId"), text("resourceGroup"));
        let scoped = match (subscription, group) {
            (None, None) => own.clone(),
            (Some(id), Some(group)) => Target::ResourceGroup(id, group),
            (Some(id), None) => Target::Subscription(id),
            (None, Some(group)) => match own.subscription_id() {
                Some(id) => Target::ResourceGroup(id.clone(), group),
                None => {
                    let fault = Fault::new("`resourceGroup` needs a `subscriptionId` in this deployment");
                    self.run.report_fault(self.file, node.span, fault.with_code("arm-scope"));
                    own.clone()
                }
            },
        };
        let Some(scope_node) = node.get("scope") else {
            return (prefix_for(&scoped, resource_type), scoped);
        };
        let scope = env.text(self.file, scope_node, "`scope`");
        let Some(text) = scope.as_str() else { return (scope, scoped) };
        let absolute = if text == "/" || text.is_empty() {
            String::new()
        } else if text.starts_with('/') {
            text.trim_end_matches('/').to_owned()
        } else {
            let prefix = relative_prefix(text, &scoped);
            match prefix.as_str() {
                Some(prefix) => match absolute_scope(prefix, text) {
                    Some(id) => id,
                    None => {
                        let fault = Fault::new(format!("`{text}` is not a scope"))
                            .with_hint("write a resource id, or `Microsoft.Web/sites/name`");
                        let fault = fault.with_code("arm-scope");
                        self.run.refuse(self.file, scope_node.span, fault, self.run.is_given(&scope));
                        return (prefix.into(), scoped);
                    }
                },
                None => return (concat(&[prefix, "/providers/".into(), text.into()]), scoped),
            }
        };
        let target =
            if absolute.is_empty() { Target::Tenant } else { Target::of_id(&absolute).unwrap_or(scoped) };
        (absolute.into(), target)
    }
}

/// The scope that a relative one such as `Microsoft.Web/sites/x` starts from.
fn relative_prefix(text: &str, target: &Target) -> Value {
    let folded = fold(text);
    if folded.starts_with("microsoft.management/managementgroups/") {
        return "".into();
    }
    target.prefix()
}

/// `Microsoft.Web/sites/x/slots/y` below `prefix`, if the segments come in pairs.
fn absolute_scope(prefix: &str, text: &str) -> Option<String> {
    let segments = text.trim_matches('/').split('/').count();
    (segments >= 3 && segments % 2 == 1).then(|| format!("{prefix}/providers/{}", text.trim_matches('/')))
}
