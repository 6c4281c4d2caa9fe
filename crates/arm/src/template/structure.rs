//! What the service refuses in the structure of a template, whatever its values are.
//!
//! A text without `$schema` counts as a fragment, as people pass around in documentation and tests: what it lacks is a
//! warning of the code `arm-fragment`. Anything else is an error.

use std::collections::HashMap;

use azimuth_diag::{Diagnostic, Severity};
use azimuth_ids::{eq_fold, fold};

use super::declare::Scope;
use crate::json::{Member, Node, NodeKind, Span};

/// The schemas of templates; see <https://learn.microsoft.com/azure/azure-resource-manager/templates/syntax>.
const SCHEMA_FILES: [&str; 4] = [
    "deploymenttemplate.json",
    "subscriptiondeploymenttemplate.json",
    "managementgroupdeploymenttemplate.json",
    "tenantdeploymenttemplate.json",
];
const SCHEMA_HINT: &str =
    "for a resource group: `https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#`";

impl Scope<'_> {
    /// Reports what is wrong with the structure of this template; nested ones are checked as scopes of their own.
    pub(crate) fn check_structure(&self) {
        let root = self.root;
        let is_fragment = root.get("$schema").is_none();
        let lacking = if is_fragment { Severity::Warning } else { Severity::Error };
        self.check_head(lacking);
        self.check_names("template", root);
        for section in ["parameters", "variables", "outputs", "resources", "definitions"] {
            if let Some(node) = root.get(section) {
                self.check_names(section, node);
            }
        }
        for member in root.get("outputs").map(Node::members).unwrap_or_default() {
            let is_typed = member.value.get("type").is_some() || member.value.get("$ref").is_some();
            if member.value.is_object() && !is_typed {
                let message = format!("the output `{}` has no `type`", member.key);
                self.say(lacking, member.key_span, message, "write `\"type\": \"string\"`, or what it is");
            }
        }
        for member in root.get("parameters").map(Node::members).unwrap_or_default() {
            let is_typed = member.value.get("type").is_some() || member.value.get("$ref").is_some();
            if !is_typed && !self.is_second_language() {
                let message = format!("the parameter `{}` has no `type`", member.key);
                // Bicep writes parameters of the type `any` so.
                self.say(
                    Severity::Warning,
                    member.key_span,
                    message,
                    "write `\"type\": \"string\"`, or what it is",
                );
            }
        }
        self.check_property_loops(root);
        for (_, resource) in self.resource_nodes() {
            self.check_resource(resource, lacking);
        }
    }

    /// Loops of properties and variables that lack a part and would be taken for properties named `copy`.
    fn check_property_loops(&self, node: &Node) {
        const PARTS: [&str; 3] = ["name", "count", "input"];
        for member in node.members() {
            // A nested template is a scope of its own; the loop of a resource or output is an object.
            if eq_fold(&member.key, "template") {
                continue;
            }
            if eq_fold(&member.key, "copy") && member.value.get("count").is_none() {
                for entry in member.value.items() {
                    let lacking: Vec<&str> =
                        PARTS.into_iter().filter(|part| entry.get(part).is_none()).collect();
                    if let [part] = lacking[..] {
                        let message = format!("the loop has no `{part}`");
                        let hint = "write `{\"name\": …, \"count\": …, \"input\": …}`";
                        self.say(Severity::Error, entry.span, message, hint);
                    }
                }
            }
            self.check_property_loops(&member.value);
        }
        node.items().iter().for_each(|item| self.check_property_loops(item));
    }

    fn check_head(&self, lacking: Severity) {
        let root = self.root;
        let open = Span { start: root.span.start, end: root.span.start + 1 };
        let has_version = root.get("contentVersion").is_some();
        match root.get("$schema") {
            None => {
                let what =
                    if has_version { "no `$schema`" } else { "neither `$schema` nor `contentVersion`" };
                let message = format!("the template has {what}; the service refuses it like this");
                self.say(lacking, open, message, SCHEMA_HINT);
            }
            Some(schema) if !schema.as_str().is_some_and(is_schema) => {
                let message = match schema.as_str() {
                    Some(text) => format!("`{text}` is not the schema of a template"),
                    None => format!("`$schema` is a string, not {}", schema.type_name()),
                };
                self.say(Severity::Error, schema.span, message, SCHEMA_HINT);
            }
            Some(_) if !has_version => {
                let message = "the template has no `contentVersion`".to_owned();
                self.say(lacking, open, message, "add `\"contentVersion\": \"1.0.0.0\"`");
            }
            Some(_) => {}
        }
        if let Some(version) = root.get("languageVersion") {
            let is_known =
                version.as_str().is_some_and(|text| text.starts_with("1.") || text.starts_with("2."));
            if !is_known {
                let message = match version.as_str() {
                    Some(text) => format!("there is no language version `{text}`"),
                    None => format!("`languageVersion` is a string, not {}", version.type_name()),
                };
                self.say(Severity::Error, version.span, message, "write `\"2.0\"`, or leave it out for 1.0");
            }
        }
        if self.is_second_language() {
            return;
        }
        let hint = "add `\"languageVersion\": \"2.0\"`";
        if let Some(member) = root.member("definitions") {
            let message = "`definitions` need the language version 2.0".to_owned();
            self.say(Severity::Error, member.key_span, message, hint);
        }
        if let Some(member) = root.member("resources").filter(|member| member.value.is_object()) {
            // Published samples leave it out as well.
            let message = "resources with symbolic names need the language version 2.0".to_owned();
            self.say(Severity::Warning, member.key_span, message, hint);
        }
    }

    fn is_second_language(&self) -> bool {
        let version = self.root.get("languageVersion").and_then(Node::as_str);
        version.is_some_and(|version| !version.starts_with('1'))
    }

    /// No name twice, letter case aside.
    fn check_names(&self, what: &str, node: &Node) {
        let source = self.run.source(self.file);
        let mut seen = HashMap::new();
        for Member { key, key_span, .. } in node.members() {
            let earlier = seen.insert(fold(key).into_owned(), key);
            if earlier.is_none() && source.earlier(*key_span).is_none() {
                continue;
            }
            let place =
                if what == "template" { "the template has".to_owned() } else { format!("`{what}` has") };
            let message = format!("{place} the name `{key}` twice");
            let hint = if earlier.is_none_or(|earlier| earlier == key) {
                "remove one of the two"
            } else {
                "names that differ only in letter case are the same"
            };
            self.say(Severity::Error, *key_span, message, hint);
        }
    }

    fn check_resource(&self, node: &Node, lacking: Severity) {
        if !node.is_object() {
            return;
        }
        let is_foreign = node.get("import").is_some() || node.get("extension").is_some();
        let has_profile = self.root.get("apiProfile").is_some();
        let exists = node.get("existing").is_some();
        if node.get("apiVersion").is_none()
            && node.get("type").is_some()
            && !is_foreign
            && !has_profile
            && !exists
        {
            let open = Span { start: node.span.start, end: node.span.start + 1 };
            let message = "the resource has no `apiVersion`".to_owned();
            self.say(
                lacking,
                open,
                message,
                "add the version of the provider's interface, such as `2023-01-01`",
            );
        }
        if let Some(copy) = node.get("copy") {
            self.check_copy(copy);
        }
        if self.run.source(self.file).has_repeated() {
            self.check_members(node);
        }
        let is_deployment = node
            .get("type")
            .and_then(Node::as_str)
            .is_some_and(|kind| eq_fold(kind, "Microsoft.Resources/deployments"));
        if is_deployment {
            self.check_own_link(node);
            return;
        }
        let Some(children) = node.get("resources") else { return };
        self.check_names("resources", children);
        for child in children.items() {
            self.check_resource(child, lacking);
        }
        for child in children.members() {
            self.check_resource(&child.value, lacking);
        }
    }

    /// Members of a resource that are written twice. The service may take the text or not, but not both values.
    fn check_members(&self, node: &Node) {
        let source = self.run.source(self.file);
        for Member { key, key_span, value } in node.members() {
            if let Some(earlier) = source.earlier(*key_span) {
                let (line, column) = source.position(earlier);
                let message = format!("`{key}` is written twice; its value at {line}:{column} is lost");
                let diagnostic = Diagnostic::warning("arm-duplicate-member", message);
                self.run.report(self.file, *key_span, diagnostic.with_hint("remove one of the two"));
            }
            // Nested resources and templates are looked at on their own.
            if !eq_fold(key, "resources") && !eq_fold(key, "template") {
                self.check_members(value);
            }
        }
        node.items().iter().for_each(|item| self.check_members(item));
    }

    fn check_copy(&self, copy: &Node) {
        if copy.is_object() && copy.get("name").is_none() {
            let message = "the loop has no `name`".to_owned();
            self.say(
                Severity::Error,
                copy.span,
                message,
                "add `\"name\"`: `copyIndex` and `dependsOn` use it",
            );
        }
        if let Some(mode) = copy.get("mode") {
            let known = |mode: &str| eq_fold(mode, "serial") || eq_fold(mode, "parallel");
            let problem = match mode.as_str() {
                Some(text) if known(text) || crate::expression::is_expression(text) => None,
                Some(text) => Some(format!("there is no loop mode `{text}`")),
                None => Some(format!("the mode of a loop is a string, not {}", mode.type_name())),
            };
            if let Some(message) = problem {
                self.say(Severity::Error, mode.span, message, "write `serial` or `parallel`");
            }
        }
        if let Some(size) = copy.get("batchSize")
            && let NodeKind::Int(..=0) = size.kind
        {
            let message = "a loop runs at least one iteration at a time".to_owned();
            self.say(Severity::Error, size.span, message, "set `batchSize` to 1 or more");
        }
    }

    /// Where a deployment links the very file it stands in, with nothing that ends the recursion.
    pub(crate) fn own_link<'n>(&self, node: &'n Node) -> Option<&'n Node> {
        let link = node.get("properties").and_then(|properties| properties.get("templateLink"));
        let path = link.and_then(|link| link.get("relativePath"))?;
        let source = self.run.source(self.file);
        let own = source.file().rsplit(['/', '\\']).next().unwrap_or_default();
        let is_own = path.as_str().is_some_and(|path| path.trim_start_matches("./") == own);
        (is_own && node.get("condition").is_none() && node.get("copy").is_none()).then_some(path)
    }

    fn check_own_link(&self, node: &Node) {
        if let Some(path) = self.own_link(node) {
            let own = path.as_str().unwrap_or_default().trim_start_matches("./");
            let message = format!("`{own}` deploys itself, without end");
            self.say(
                Severity::Error,
                path.span,
                message,
                "link another file, or add a `condition` that ends it",
            );
        }
    }

    fn say(&self, severity: Severity, span: Span, message: String, hint: &str) {
        let diagnostic = match severity {
            Severity::Error => Diagnostic::error("arm-template", message),
            _ if self.root.get("$schema").is_none() => Diagnostic::warning("arm-fragment", message),
            _ => Diagnostic::warning("arm-template", message),
        };
        self.run.report(self.file, span, diagnostic.with_hint(hint));
    }
}

/// Whether a `$schema` is one of a template, in whatever version, with or without `#`.
fn is_schema(text: &str) -> bool {
    let text = text.trim().trim_end_matches('#').to_ascii_lowercase();
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let Some(rest) = rest.and_then(|rest| rest.strip_prefix("schema.management.azure.com/schemas/")) else {
        return false;
    };
    let Some((version, file)) = rest.split_once('/') else { return false };
    version.starts_with(|c: char| c.is_ascii_digit()) && SCHEMA_FILES.contains(&file)
}
