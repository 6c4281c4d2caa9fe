//! The files of a run: templates, parameters and bodies, and the Azure CLI lines that send them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Context;
use azimuth_policy::{Deployment, RemediationStep, StepAction};
use serde_json::{Map, Value, json};

use super::MANIFEST;
use super::plan::{Plan, Question};
use crate::command::output;
use crate::exit::Failure;
use crate::ui::Ui;

const PARAMETERS_SCHEMA: &str =
    "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#";
const SUBSCRIPTION_SCHEMA: &str =
    "https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#";
/// The version under which tags are written as a resource of their own.
const TAGS_VERSION: &str = "2021-04-01";
/// Letters of a name that stay in the name of a file.
const NAME: usize = 48;

/// What a step is sent with.
pub(super) enum Sent {
    /// A deployment.
    Deployment { template: String, parameters: String, command: String },
    /// A request.
    Request { method: &'static str, url: String, body: String, command: String },
    /// Nothing: the step would fail.
    Nothing,
}

/// Contents by path, and what each step of each run is sent with.
pub(super) struct Files {
    contents: BTreeMap<String, Value>,
    sent: Vec<Vec<Sent>>,
}

impl Files {
    pub(super) fn new(plan: &Plan, question: &Question<'_>) -> Self {
        let mut files = Self { contents: BTreeMap::new(), sent: Vec::new() };
        for (number, planned) in plan.runs.iter().enumerate() {
            let assignment = &question.scan.governance().assignments()[planned.run.assignment];
            let policy = question.scan.governance().program().policy(planned.run.policy);
            let reference = &policy.context().definition_reference_id;
            let words = if reference.is_empty() {
                assignment.name.clone()
            } else {
                format!("{}-{reference}", assignment.name)
            };
            let folder = format!("{:02}-{}", number + 1, plain(&words));
            let mut templates: Vec<(String, String)> = Vec::new();
            let sent = planned.run.steps.iter().enumerate().map(|(at, step)| {
                let name = step.resource_id.rsplit('/').next().unwrap_or_default();
                let stem = format!("{folder}/{:04}-{}", at + 1, plain(name));
                match &step.action {
                    StepAction::Deploy(deployment) => {
                        let template = files.template(&folder, deployment, &mut templates);
                        files.deployment(&stem, deployment, template)
                    }
                    StepAction::Change { after, is_tags_only } => {
                        let before = before(step, question);
                        files.request(&stem, step, &before, after, *is_tags_only)
                    }
                    StepAction::Fail(_) => Sent::Nothing,
                }
            });
            let sent = sent.collect();
            files.sent.push(sent);
        }
        files
    }

    /// What a step of a run is sent with.
    pub(super) fn sent(&self, run: usize, step: usize) -> &Sent {
        &self.sent[run][step]
    }

    pub(super) fn len(&self) -> usize {
        self.contents.len()
    }

    /// Contents by path.
    pub(super) fn to_json(&self) -> Value {
        Value::Object(self.contents.iter().map(|(path, content)| (path.clone(), content.clone())).collect())
    }

    /// Writes all files, and the manifest last: with it the run is whole.
    pub(super) fn write(&self, folder: &Path, manifest: &Value, ui: Ui) -> Result<(), Failure> {
        let bar = ui.bar("writing", self.contents.len() as u64, false);
        for (path, content) in &self.contents {
            let path = folder.join(path);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)
                    .with_context(|| format!("cannot make the folder `{}`", parent.display()))?;
            }
            output::to(Some(&path), |out| output::json(out, content))?;
            bar.inc(1);
        }
        bar.finish_and_clear();
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder `{}`", folder.display()))?;
        output::to(Some(&folder.join(MANIFEST)), |out| output::json(out, manifest))
    }

    /// The path of a template; steps with the same one share it.
    fn template(
        &mut self,
        folder: &str,
        deployment: &Deployment,
        templates: &mut Vec<(String, String)>,
    ) -> String {
        let text = deployment.template.text();
        if let Some((_, path)) = templates.iter().find(|(known, _)| known == text) {
            return path.clone();
        }
        let number = if templates.is_empty() { String::new() } else { format!("-{}", templates.len() + 1) };
        let path = format!("{folder}/template{number}.json");
        let mut content: Value = serde_json::from_str(text).expect("a template that was expanded is JSON");
        if deployment.scope.split('/').count() == 3 {
            for_subscription(&mut content);
        }
        self.contents.insert(path.clone(), content);
        templates.push((text.to_owned(), path.clone()));
        path
    }

    fn deployment(&mut self, stem: &str, deployment: &Deployment, template: String) -> Sent {
        let parameters = format!("{stem}.parameters.json");
        let values: Value =
            serde_json::from_str(&deployment.parameters.to_string()).expect("a value is written as JSON");
        self.contents.insert(
            parameters.clone(),
            json!({"$schema": PARAMETERS_SCHEMA, "contentVersion": "1.0.0.0", "parameters": values}),
        );
        let mut scope = deployment.scope.split('/').skip(2).step_by(2);
        let subscription = quoted(scope.next().unwrap_or_default());
        let name = quoted(&deployment.name);
        let place = match (scope.next(), &deployment.location) {
            (Some(group), _) => {
                let (group, mode) = (quoted(group), deployment.mode.as_str());
                format!(
                    "group create --name {name} --subscription {subscription} --resource-group {group} --mode {mode}"
                )
            }
            (None, location) => {
                let location = quoted(location.as_deref().unwrap_or_default());
                format!("sub create --name {name} --subscription {subscription} --location {location}")
            }
        };
        let command = format!(
            "az deployment {place} --template-file {} --parameters {}",
            quoted(&template),
            quoted(&format!("@{parameters}"))
        );
        Sent::Deployment { template, parameters, command }
    }

    fn request(
        &mut self,
        stem: &str,
        step: &RemediationStep,
        before: &Value,
        after: &Value,
        is_tags_only: bool,
    ) -> Sent {
        let body = format!("{stem}.body.json");
        if !is_tags_only {
            self.contents.insert(body.clone(), envelope(after));
            let id = quoted(&step.resource_id);
            let command = format!(
                "az resource create --id {id} --is-full-object --properties {}",
                quoted(&format!("@{body}"))
            );
            return Sent::Request { method: "PUT", url: step.resource_id.clone(), body, command };
        }
        let url = format!(
            "{}/providers/Microsoft.Resources/tags/default?api-version={TAGS_VERSION}",
            step.resource_id
        );
        self.contents.insert(body.clone(), tags_patch(before, after));
        let command =
            format!("az rest --method patch --url {} --body {}", quoted(&url), quoted(&format!("@{body}")));
        Sent::Request { method: "PATCH", url, body, command }
    }
}

/// Gives a template the schema of deployments to a subscription. The policy engine takes any; tools tell the level by it.
fn for_subscription(template: &mut Value) {
    let schema = template["$schema"].as_str().unwrap_or_default().to_ascii_lowercase();
    if !schema.contains("/subscriptiondeploymenttemplate.json") {
        template["$schema"] = SUBSCRIPTION_SCHEMA.into();
    }
}

/// The document of a step's resource as it is.
pub(super) fn before(step: &RemediationStep, question: &Question<'_>) -> Value {
    let id = azimuth_ids::IdRef::parse(&step.resource_id).ok();
    id.and_then(|id| question.snapshot.resource(id)).map(azimuth_estate::Entry::value).unwrap_or_default()
}

/// What a PUT takes of a document: not what the service itself writes, nor what queries add to it.
fn envelope(document: &Value) -> Value {
    const NOT_SENT: [&str; 9] = [
        "id",
        "name",
        "type",
        "systemData",
        "etag",
        "tenantId",
        "resourceGroup",
        "subscriptionId",
        "apiVersion",
    ];
    let Some(members) = document.as_object() else { return document.clone() };
    let is_sent = |name: &str| !NOT_SENT.iter().any(|known| known.eq_ignore_ascii_case(name));
    let sent = members.iter().filter(|(name, value)| is_sent(name) && !value.is_null());
    Value::Object(sent.map(|(name, value)| (name.clone(), value.clone())).collect())
}

/// The PATCH of the tags of a resource: those that differ are merged, or, if some go away, all are replaced.
fn tags_patch(before: &Value, after: &Value) -> Value {
    let tags = |document: &Value| -> Map<String, Value> {
        let members = document.as_object().into_iter().flatten();
        let mut found = members.filter(|(name, _)| name.eq_ignore_ascii_case("tags"));
        found.next().and_then(|(_, tags)| tags.as_object().cloned()).unwrap_or_default()
    };
    let (old, new) = (tags(before), tags(after));
    if old.keys().any(|name| !new.contains_key(name)) {
        return json!({"operation": "Replace", "properties": {"tags": new}});
    }
    let changed: Map<String, Value> =
        new.into_iter().filter(|(name, value)| old.get(name) != Some(value)).collect();
    json!({"operation": "Merge", "properties": {"tags": changed}})
}

/// Letters, digits, `-`, `_` and `.`, not too many, so that a name of the estate is the name of a file anywhere.
fn plain(name: &str) -> String {
    let letters = name.chars().take(NAME);
    let plain: String = letters
        .map(|letter| if letter.is_ascii_alphanumeric() || "-_.".contains(letter) { letter } else { '-' })
        .collect();
    plain.trim_matches('.').to_owned()
}

/// A word of a command line as a POSIX shell takes it.
pub(super) fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:@=,".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_merged_unless_one_goes_away() {
        let before = json!({"tags": {"a": "1", "b": "2"}});
        let merged = tags_patch(&before, &json!({"tags": {"a": "1", "b": "3", "c": "4"}}));
        assert_eq!(merged, json!({"operation": "Merge", "properties": {"tags": {"b": "3", "c": "4"}}}));
        let replaced = tags_patch(&before, &json!({"Tags": {"b": "2"}}));
        assert_eq!(replaced, json!({"operation": "Replace", "properties": {"tags": {"b": "2"}}}));
    }

    #[test]
    fn names_and_words_are_safe() {
        assert_eq!(plain("../a b/ü"), "-a-b--");
        assert_eq!(quoted("rg'; rm -rf ~"), r"'rg'\''; rm -rf ~'");
        assert_eq!(quoted("@01-a/template.json"), "@01-a/template.json");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn bodies_leave_out_what_the_service_writes() {
        let document = json!({"id": "x", "Type": "t", "location": "w", "sku": null, "properties": {"a": 1}});
        assert_eq!(envelope(&document), json!({"location": "w", "properties": {"a": 1}}));
    }
}
