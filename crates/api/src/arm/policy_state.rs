//! Compliance: states, summaries and events of policies, and the question what a policy would make of a resource.
//!
//! Source: Azure REST reference, Policy States, Policy Events, Policy Restrictions.

use std::collections::{BTreeMap, BTreeSet};

use azimuth_ids::{IdKind, IdRef, fold};
use azimuth_policy::{
    ComplianceState, Effect, PolicyId, RelatedResources, Scan, Slots, Standing, Surroundings, is_within,
};
use serde_json::{Value, json};

use super::answer::Answer;
use super::call::{Call, bad_request, fits};
use super::generic::{not_implemented, sort_by};
use super::policy::{Around, Documents, Rules, Subject};
use super::query::{key_of_token, page};
use super::route::{Right, Route, ask, get, post};
use crate::error::ApiError;
use crate::odata::at_path;

/// Rows on a page.
const PAGE: usize = 1_000;

pub(super) fn routes() -> Vec<Route> {
    const READ: Right = Right::Action("Microsoft.PolicyInsights/policyStates/queryResults/read");
    const EVENTS: Right = Right::Action("Microsoft.PolicyInsights/policyEvents/queryResults/read");
    const CHECK: Right = Right::Action("Microsoft.PolicyInsights/checkPolicyRestrictions/read");
    vec![
        ask("{scope}/providers/Microsoft.PolicyInsights/policyStates/{resource}/queryResults", READ, states),
        ask(
            "{scope}/providers/Microsoft.PolicyInsights/policyStates/{resource}/summarize",
            Right::Action("Microsoft.PolicyInsights/policyStates/summarize/read"),
            summarize,
        ),
        post(
            "{scope}/providers/Microsoft.PolicyInsights/policyStates/latest/triggerEvaluation",
            Right::Action("Microsoft.PolicyInsights/policyStates/triggerEvaluation/action"),
            trigger,
        ),
        ask("{scope}/providers/Microsoft.PolicyInsights/policyEvents/default/queryResults", EVENTS, events),
        ask(
            "{scope}/providers/Microsoft.PolicyInsights/policyTrackedResources/default/queryResults",
            Right::Action("Microsoft.PolicyInsights/policyTrackedResources/queryResults/read"),
            tracked,
        ),
        ask("{scope}/providers/Microsoft.PolicyInsights/checkPolicyRestrictions", CHECK, restrictions),
        get("/providers/Microsoft.PolicyInsights/policyMetadata", Right::Open, metadata),
    ]
}

/// What a path's scope stands for in questions about states.
struct Subjects {
    /// Resources at and below it are looked at.
    scope: String,
    /// Only of this assignment, definition or initiative.
    of: Option<String>,
}

fn subjects(call: &Call<'_>) -> Subjects {
    let scope = call.scope().to_owned();
    let Ok(id) = IdRef::parse(&scope) else { return Subjects { scope, of: None } };
    if id.provider_namespace().eq_ignore_ascii_case("Microsoft.Authorization") && id.kind() != IdKind::Tenant
    {
        let above = id.parent().map_or_else(|| "/".to_owned(), IdRef::canonical);
        return Subjects { scope: above, of: Some(fold(&scope).into_owned()) };
    }
    Subjects { scope, of: None }
}

/// The rows of a scope, in the order of resources and policies.
fn rows(call: &Call<'_>, rules: &Rules) -> Vec<Value> {
    let wanted = subjects(call);
    let snapshot = call.plane.snapshot();
    let has_selectors =
        rules.inventory.exemptions.iter().any(|exemption| !exemption.resource_selectors.is_empty());
    let scan = Scan::new(&rules.governance, &rules.inventory.attestations, has_selectors);
    let surroundings = Surroundings::new(&snapshot, call.now);
    let mut slots = Slots::default();
    let mut rows = Vec::new();
    for entry in surroundings.subjects() {
        if !is_within(entry.key(), &wanted.scope, surroundings.ancestors(entry.key())) {
            continue;
        }
        let mut findings = Vec::new();
        // A document that is no object has no state.
        if scan.findings(&mut slots, entry, &surroundings, &mut findings).is_err() {
            continue;
        }
        let document = entry.value();
        for finding in findings {
            let Some(state) = finding.standing.state() else { continue };
            if state == ComplianceState::NotEvaluable {
                continue;
            }
            let row = row(call, rules, &scan, &finding, state, entry.key(), &document);
            let is_wanted = wanted.of.as_ref().is_none_or(|of| {
                ["policyAssignmentId", "policyDefinitionId", "policySetDefinitionId"]
                    .iter()
                    .any(|member| row[*member].as_str().is_some_and(|id| fold(id) == **of))
            });
            if is_wanted {
                rows.push(row);
            }
        }
    }
    rows
}

fn row(
    call: &Call<'_>,
    rules: &Rules,
    scan: &Scan<'_>,
    finding: &azimuth_policy::Finding,
    state: ComplianceState,
    key: &str,
    document: &Value,
) -> Value {
    let governance = &rules.governance;
    let assignment = &governance.assignments()[scan.assignment_of(finding.policy)];
    let policy = governance.program().policy(finding.policy);
    let context = policy.context();
    let definition = policy.definition();
    let id = IdRef::parse(key).ok();
    let last = |id: &str| id.rsplit('/').next().unwrap_or_default().to_owned();
    let set = rules.inventory.initiative(&context.set_definition_id);
    let reference = set.and_then(|set| {
        set.references
            .iter()
            .find(|known| known.reference_id.eq_ignore_ascii_case(&context.definition_reference_id))
    });
    let parameters: serde_json::Map<String, Value> = assignment
        .parameters
        .iter()
        .map(|(name, value)| (name.to_string(), json!({"value": value.to_json()})))
        .collect();
    let tags = document["tags"].as_object().filter(|tags| !tags.is_empty());
    let category =
        definition.metadata.get("category").and_then(|category| category.as_str().map(str::to_owned));
    json!({
        "@odata.id": null,
        "timestamp": format!("{:.7}", call.now),
        "resourceId": document["id"].as_str().unwrap_or(key),
        "policyAssignmentId": assignment.id,
        "policyDefinitionId": context.definition_id,
        "effectiveParameters": "",
        "isCompliant": matches!(state, ComplianceState::Compliant | ComplianceState::Exempt),
        "subscriptionId": id.and_then(IdRef::subscription_id),
        "resourceType": document["type"].as_str().map_or_else(|| super::serve::type_of(key), str::to_owned),
        "resourceLocation": document["location"].as_str().unwrap_or_default(),
        "resourceGroup": id.and_then(IdRef::resource_group),
        "resourceTags": tags.map(|tags| Value::Object(tags.clone()).to_string()).unwrap_or_default(),
        "policyAssignmentName": assignment.name,
        "policyAssignmentOwner": "tbd-owner",
        "policyAssignmentParameters": if parameters.is_empty() { String::new() } else { Value::Object(parameters).to_string() },
        "policyAssignmentScope": assignment.scope,
        "policyDefinitionName": definition.name.clone().unwrap_or_else(|| last(&context.definition_id)),
        "policyDefinitionAction": finding.effect.map_or("unknown", Effect::name).to_ascii_lowercase(),
        "policyDefinitionCategory": category.unwrap_or_else(|| "tbd".to_owned()),
        "policyDefinitionVersion": definition.version.clone().unwrap_or_default(),
        "policySetDefinitionId": context.set_definition_id,
        "policySetDefinitionName": last(&context.set_definition_id),
        "policySetDefinitionOwner": "",
        "policySetDefinitionCategory": "",
        "policySetDefinitionParameters": "",
        "managementGroupIds": "",
        "policyDefinitionReferenceId": context.definition_reference_id,
        "complianceState": state.name(),
        "complianceReasonCode": match &finding.standing { Standing::Failed(why) => why.as_str(), _ => "" },
        "policyDefinitionGroupNames": reference.map(|reference| reference.group_names.clone()).unwrap_or_default(),
    })
}

/// The rows that `$filter` lets through, in the order of `$orderby`, with the members of `$select`.
fn queried(call: &Call<'_>, rows: Vec<Value>) -> Result<Value, ApiError> {
    if let Some(apply) = call.query.get("$apply") {
        return applied(rows, apply);
    }
    let filter = call.filter()?;
    let mut items: Vec<(String, Value)> =
        rows.into_iter().filter(|row| fits(filter.as_ref(), row)).map(|row| (String::new(), row)).collect();
    if let Some(order) = call.query.get("$orderby") {
        sort_by(&mut items, order);
    }
    let top = call.query.number("$top").unwrap_or(usize::MAX);
    items.truncate(top);
    let select: Option<Vec<Vec<String>>> = call
        .query
        .get("$select")
        .map(|select| select.split(',').map(|name| vec![name.trim().to_owned()]).collect());
    let items = items.into_iter().enumerate().map(|(at, (_, row))| {
        let shown = match &select {
            None => row,
            Some(names) => names
                .iter()
                .map(|name| (name[0].clone(), at_path(&row, name).clone()))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        };
        (format!("{at:08}"), shown)
    });
    let after = call.query.get("$skiptoken").and_then(key_of_token);
    let page = page(items, after.as_deref(), PAGE);
    let mut body =
        json!({"@odata.nextLink": null, "@odata.context": context(call), "@odata.count": page.value.len()});
    if let Some(after) = &page.after {
        body["@odata.nextLink"] = call.next_link(after).into();
    }
    body["value"] = page.value.into();
    Ok(body)
}

fn context(call: &Call<'_>) -> String {
    format!(
        "{}{}/$metadata#latest",
        call.plane.settings.base_url,
        call.path.rsplit_once('/').map_or("", |(upper, _)| upper)
    )
}

/// `groupby((a, b), aggregate($count as n))`, after `filter(…)/` or alone, and `aggregate($count as n)`.
fn applied(rows: Vec<Value>, apply: &str) -> Result<Value, ApiError> {
    let unsupported = || {
        not_implemented(format!(
            "the transformation '{apply}' is not served; use groupby((columns), aggregate($count as name))"
        ))
    };
    let (rows, rest) = match apply.strip_prefix("filter(") {
        Some(rest) => {
            let (condition, rest) = rest.rsplit_once(")/").ok_or_else(unsupported)?;
            let filter = crate::odata::parse_filter(condition)
                .map_err(|message| bad_request("InvalidFilterInQueryString", message))?;
            (rows.into_iter().filter(|row| fits(Some(&filter), row)).collect(), rest)
        }
        None => (rows, apply),
    };
    let count_name = |text: &str| {
        let inner = text.trim().strip_prefix("aggregate(")?.strip_suffix(')')?;
        let (what, name) = inner.split_once(" as ")?;
        (what.trim() == "$count").then(|| name.trim().to_owned())
    };
    if let Some(name) = count_name(rest) {
        return Ok(json!({"@odata.count": 1, "value": [{name: rows.len()}]}));
    }
    let inner =
        rest.strip_prefix("groupby((").and_then(|rest| rest.strip_suffix(')')).ok_or_else(unsupported)?;
    let (columns, aggregate) = inner.split_once(')').ok_or_else(unsupported)?;
    let columns: Vec<Vec<String>> = columns.split(',').map(|name| vec![name.trim().to_owned()]).collect();
    let name = match aggregate.trim().trim_start_matches(',') {
        "" => None,
        other => Some(count_name(other).ok_or_else(unsupported)?),
    };
    let mut groups: BTreeMap<String, (serde_json::Map<String, Value>, usize)> = BTreeMap::new();
    for row in &rows {
        let values: serde_json::Map<String, Value> =
            columns.iter().map(|column| (column[0].clone(), at_path(row, column).clone())).collect();
        groups.entry(Value::Object(values.clone()).to_string()).or_insert((values, 0)).1 += 1;
    }
    let value: Vec<Value> = groups
        .into_values()
        .map(|(mut values, count)| {
            if let Some(name) = &name {
                values.insert(name.clone(), count.into());
            }
            Value::Object(values)
        })
        .collect();
    Ok(json!({"@odata.count": value.len(), "value": value}))
}

fn states(call: &Call<'_>) -> Result<Answer, ApiError> {
    if !["latest", "default"].iter().any(|known| known.eq_ignore_ascii_case(call.named("resource"))) {
        return Err(bad_request(
            "InvalidPolicyStatesResource",
            "Policy states are asked for as 'latest' or 'default'.",
        ));
    }
    let rules = call.plane.rules();
    queried(call, rows(call, &rules)).map(Answer::ok)
}

/// Resources and policies that do not comply, and how many resources are in which state.
#[derive(Default)]
struct Sum {
    resources: BTreeMap<String, &'static str>,
    failing: BTreeSet<String>,
    policies: BTreeMap<String, BTreeMap<String, &'static str>>,
}

impl Sum {
    fn add(&mut self, row: &Value, state: &'static str) {
        let text = |member: &str| fold(row[member].as_str().unwrap_or_default()).into_owned();
        let resource = text("resourceId");
        let policy = format!("{}|{}", text("policyDefinitionId"), text("policyDefinitionReferenceId"));
        worst(self.resources.entry(resource.clone()).or_insert(state), state);
        if state == "noncompliant" {
            self.failing.insert(policy.clone());
        }
        worst(self.policies.entry(policy).or_default().entry(resource).or_insert(state), state);
    }

    fn results(&self) -> Value {
        let mut details: BTreeMap<&str, usize> = BTreeMap::new();
        for state in self.resources.values() {
            *details.entry(state).or_default() += 1;
        }
        let of_policies: BTreeMap<&str, usize> = BTreeMap::from([
            ("noncompliant", self.failing.len()),
            ("compliant", self.policies.len() - self.failing.len()),
        ]);
        let listed = |counts: &BTreeMap<&str, usize>| -> Vec<Value> {
            counts
                .iter()
                .filter(|(_, count)| **count > 0)
                .map(|(state, count)| json!({"complianceState": state, "count": count}))
                .collect()
        };
        json!({
            "queryResultsUri": null,
            "nonCompliantResources": details.get("noncompliant").copied().unwrap_or_default(),
            "nonCompliantPolicies": self.failing.len(),
            "resourceDetails": listed(&details),
            "policyDetails": listed(&of_policies),
            "policyGroupDetails": [],
        })
    }
}

/// The sum of an assignment, those of its definitions with their heads, and its own head.
type OfAssignment = (Sum, BTreeMap<String, (Sum, Value)>, Value);

/// Of the states of a resource the gravest counts.
fn worst(kept: &mut &'static str, state: &'static str) {
    const ORDER: [&str; 6] = ["noncompliant", "conflict", "error", "unknown", "exempt", "compliant"];
    let rank = |state: &str| ORDER.iter().position(|known| *known == state).unwrap_or(ORDER.len());
    if rank(state) < rank(kept) {
        *kept = state;
    }
}

fn lower_name(state: &str) -> &'static str {
    match state {
        "NonCompliant" => "noncompliant",
        "Exempt" => "exempt",
        "Conflict" => "conflict",
        "Error" => "error",
        "Unknown" => "unknown",
        _ => "compliant",
    }
}

fn summarize(call: &Call<'_>) -> Result<Answer, ApiError> {
    let rules = call.plane.rules();
    let filter = call.filter()?;
    let rows: Vec<Value> = rows(call, &rules).into_iter().filter(|row| fits(filter.as_ref(), row)).collect();
    let mut all = Sum::default();
    let mut by_assignment: BTreeMap<String, OfAssignment> = BTreeMap::new();
    for row in &rows {
        let state = lower_name(row["complianceState"].as_str().unwrap_or_default());
        all.add(row, state);
        let id = row["policyAssignmentId"].as_str().unwrap_or_default().to_owned();
        let (sum, definitions, _) = by_assignment.entry(fold(&id).into_owned()).or_insert_with(|| {
            (
                Sum::default(),
                BTreeMap::new(),
                json!({"policyAssignmentId": id, "policySetDefinitionId": row["policySetDefinitionId"]}),
            )
        });
        sum.add(row, state);
        let key = format!("{}|{}", row["policyDefinitionId"], row["policyDefinitionReferenceId"]);
        let (sum, _) = definitions.entry(key).or_insert_with(|| {
            let head = json!({
                "policyDefinitionId": row["policyDefinitionId"],
                "policyDefinitionReferenceId": row["policyDefinitionReferenceId"],
                "effect": row["policyDefinitionAction"],
                "policyDefinitionGroupNames": row["policyDefinitionGroupNames"],
            });
            (Sum::default(), head)
        });
        sum.add(row, state);
    }
    let top = call.query.number("$top").unwrap_or(PAGE);
    let assignments: Vec<Value> = by_assignment
        .into_values()
        .take(top)
        .map(|(sum, definitions, mut head)| {
            head["results"] = sum.results();
            let definitions: Vec<Value> = definitions
                .into_values()
                .map(|(sum, mut head)| {
                    head["results"] = sum.results();
                    head
                })
                .collect();
            head["policyDefinitions"] = definitions.into();
            head["policyGroups"] = json!([]);
            head
        })
        .collect();
    let summary = json!({"@odata.id": null, "@odata.context": null, "results": all.results(), "policyAssignments": assignments});
    Ok(Answer::ok(json!({"@odata.context": context(call), "@odata.count": 1, "value": [summary]})))
}

/// States are computed when they are asked for, so there is nothing to wait for.
fn trigger(_: &Call<'_>) -> Result<Answer, ApiError> {
    Ok(Answer::empty(axum::http::StatusCode::OK))
}

fn events(call: &Call<'_>) -> Result<Answer, ApiError> {
    let wanted = subjects(call);
    let authority = call.authority();
    let rows: Vec<Value> = call.plane.with_index(|index| {
        index.below("azimuth:/policyevents/").map(|(_, held)| held.value()).collect::<Vec<_>>()
    });
    let rows = rows
        .into_iter()
        .filter(|row| {
            let id = row["resourceId"].as_str().unwrap_or_default();
            let subscription = row["subscriptionId"].as_str().unwrap_or_default();
            is_within(id, &wanted.scope, &authority.groups_above(subscription))
                && wanted.of.as_ref().is_none_or(|of| {
                    ["policyAssignmentId", "policyDefinitionId", "policySetDefinitionId"]
                        .iter()
                        .any(|member| row[*member].as_str().is_some_and(|id| fold(id) == **of))
                })
        })
        .rev()
        .collect();
    queried(call, rows).map(Answer::ok)
}

/// What deployIfNotExists keeps an eye on besides compliance; nothing is tracked apart from the states.
fn tracked(call: &Call<'_>) -> Result<Answer, ApiError> {
    queried(call, Vec::new()).map(Answer::ok)
}

fn metadata(_: &Call<'_>) -> Result<Answer, ApiError> {
    Ok(Answer::ok(json!({"value": []})))
}

/// What policies would make of a resource that is not written yet.
fn restrictions(call: &Call<'_>) -> Result<Answer, ApiError> {
    let body = Value::Object(call.object()?);
    let details = &body["resourceDetails"];
    let content = &details["resourceContent"];
    let kind = content["type"].as_str().unwrap_or_default().to_owned();
    if kind.is_empty() {
        return Err(bad_request(
            "InvalidCheckRestrictionsRequest",
            "'resourceDetails.resourceContent.type' is required.",
        ));
    }
    let name = content["name"].as_str().unwrap_or("name");
    let scope = details["scope"].as_str().filter(|scope| !scope.is_empty()).unwrap_or(call.scope());
    let id = format!("{}/providers/{kind}/{name}", scope.trim_end_matches('/'));
    let api_version = details["apiVersion"].as_str().unwrap_or_default().to_owned();
    let mut document = content.clone();
    document["id"] = id.clone().into();
    let rules = call.plane.rules();
    let governance = &rules.governance;
    let key = fold(&id).into_owned();
    let folded_kind = fold(&kind).into_owned();
    let around = Around::of(call, &key, &api_version);
    let shelf = Documents(call.plane);
    let related = RelatedResources::new(&shelf, &key, &folded_kind);
    let text = document.to_string();
    let subject = Subject { id: &id, kind: &kind, api_version: &api_version };
    let selected = around.selected(&key, subject, &text, &document);
    let mut slots = Slots::default();
    let mut found: Vec<(PolicyId, &'static str, String)> = Vec::new();
    governance
        .states(&mut slots, &selected, &around.context, &related, &mut |state| {
            if state.state == Some(ComplianceState::NonCompliant) {
                let effect = state.effect.map_or("unknown", Effect::name);
                found.push((state.policy, effect, state.assignment.id.clone()));
            }
        })
        .map_err(|error| bad_request("InvalidCheckRestrictionsRequest", error.to_string()))?;
    let evaluations: Vec<Value> = found
        .iter()
        .map(|(policy, effect, assignment)| {
            let explained =
                governance.program().explain(*policy, &mut slots, &selected.resource, &around.context);
            let expressions: Vec<Value> = explained
                .map(|explained| explained.evaluated.iter().map(azimuth_policy::Evaluated::to_json).collect())
                .unwrap_or_default();
            let context = governance.program().policy(*policy).context();
            json!({
                "policyInfo": {
                    "policyDefinitionId": context.definition_id,
                    "policySetDefinitionId": context.set_definition_id,
                    "policyDefinitionReferenceId": context.definition_reference_id,
                    "policySetDefinitionName": "",
                    "policyAssignmentId": assignment,
                },
                "evaluationResult": "NonCompliant",
                "evaluationDetails": {"evaluatedExpressions": expressions},
                "effectDetails": {"policyEffect": effect},
            })
        })
        .collect();
    Ok(Answer::ok(json!({
        "fieldRestrictions": fields(&found, &evaluations),
        "contentEvaluationResult": {"policyEvaluations": evaluations},
    })))
}

/// The fields that the policies compare, each with what is wrong about it.
fn fields(found: &[(PolicyId, &'static str, String)], evaluations: &[Value]) -> Vec<Value> {
    let mut by_field: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for ((_, effect, _), evaluation) in found.iter().zip(evaluations) {
        let expressions = evaluation["evaluationDetails"]["evaluatedExpressions"].as_array();
        for expression in expressions.into_iter().flatten().filter(|found| found["expressionKind"] == "Field")
        {
            let Some(field) = expression["expression"].as_str() else { continue };
            by_field.entry(field.to_owned()).or_default().push(json!({
                "result": if effect.eq_ignore_ascii_case("deny") { "Deny" } else { "Audit" },
                "policy": evaluation["policyInfo"],
                "policyEffect": effect,
            }));
        }
    }
    by_field
        .into_iter()
        .map(|(field, restrictions)| json!({"field": field, "restrictions": restrictions}))
        .collect()
}
