//! `azimuth access`: who can do what where.

use std::collections::{BTreeMap, BTreeSet};

use azimuth_access::condition::Condition;
use azimuth_access::{Grant, Plane, Scope, ScopeRoot, Target};
use azimuth_estate::Snapshot;
use serde_json::{Value, json};

use super::output;
use crate::args::{AccessCommand, ListFormat};
use crate::exit::{Exit, Failure};
use crate::input;
use crate::ui::Ui;

pub(crate) fn run(command: AccessCommand, ui: Ui) -> Result<Exit, Failure> {
    match command {
        AccessCommand::WhoCan { action, scope, data, input, output } => {
            let scope = Scope::parse(&scope)
                .map_err(|error| Failure::usage(error).hint("write a scope such as `/subscriptions/{id}`"))?;
            let estate = input::load(&input, ui)?;
            let (model, problems) = estate.snapshot.access();
            note_problems(&problems, ui);
            let plane = if data { Plane::Data } else { Plane::Control };
            let target = Target { action: &action, plane, scope: &scope };
            let chain_known = match (scope.root(), estate.snapshot.hierarchy()) {
                (ScopeRoot::Subscription(id), hierarchy) => hierarchy.group_of_subscription(id).is_some(),
                (ScopeRoot::ManagementGroup(name), hierarchy) => hierarchy.group(name).is_some(),
                (ScopeRoot::Tenant, _) => true,
            };
            if !chain_known {
                ui.note(format_args!(
                    "note: the management groups above `{}` are not in the files; what is assigned there is undecided",
                    scope.as_str()
                ));
            }
            let grants = model.who_can(&target);
            if grants.is_empty() {
                ui.note("note: nobody, as far as the role assignments in the files tell");
            }
            show(&grants, &[], &estate.snapshot, output)
        }
        AccessCommand::WhatCan { principal, input, output } => {
            let estate = input::load(&input, ui)?;
            let (model, problems) = estate.snapshot.access();
            note_problems(&problems, ui);
            let id = principal_id(&estate.snapshot, &principal)?;
            let holdings = model.what_can(&id);
            if holdings.grants.is_empty() {
                ui.note(format_args!("note: no role assignment in the files reaches `{principal}`"));
            }
            let denies: Vec<&str> = holdings.denies.iter().map(|deny| deny.id.as_str()).collect();
            show(&holdings.grants, &denies, &estate.snapshot, output)
        }
    }
}

fn note_problems(problems: &[azimuth_estate::access::AccessProblem], ui: Ui) {
    for problem in problems.iter().take(5) {
        ui.note(format_args!("warning: {} is left out: {}", problem.id, problem.error));
    }
    if problems.len() > 5 {
        ui.note(format_args!("… and {} more are left out", problems.len() - 5));
    }
}

/// Whether a grant holds: `certain`, `conditional` on its condition, or `undecided` for lack of evidence.
fn state(grant: &Grant<'_>) -> &'static str {
    match (grant.conditional, grant.condition()) {
        (false, _) => "certain",
        (true, Some(_)) => "conditional",
        (true, None) => "undecided",
    }
}

/// The object id of a principal given by id, or by a name that the directory or a role assignment knows.
fn principal_id(snapshot: &Snapshot, principal: &str) -> Result<String, Failure> {
    let directory = snapshot.directory();
    let is_it = |name: &str| azimuth_ids::eq_fold(name, principal);
    let users = directory
        .users()
        .iter()
        .filter(|user| is_it(&user.user_principal_name) || is_it(&user.display_name) || is_it(&user.id));
    let groups = directory.groups().iter().filter(|group| is_it(&group.display_name) || is_it(&group.id));
    let service_principals = directory
        .service_principals()
        .iter()
        .filter(|found| is_it(&found.display_name) || is_it(&found.id) || is_it(&found.app_id));
    let mut ids: BTreeSet<String> = users.map(|user| user.id.to_string()).collect();
    ids.extend(groups.map(|group| group.id.to_string()));
    ids.extend(service_principals.map(|found| found.id.to_string()));
    ids.extend(
        assigned_names(snapshot).into_iter().filter(|(id, name)| is_it(id) || is_it(name)).map(|(id, _)| id),
    );
    let is_guid =
        principal.len() == 36 && principal.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit());
    match (ids.len(), is_guid) {
        (1, _) => Ok(ids.pop_first().unwrap_or_default()),
        (0, true) => Ok(principal.to_owned()),
        (0, false) => Err(Failure::input(format_args!("nobody is called `{principal}` in the estate"))
            .hint("export the directory (`az ad user list`, `az ad group list`), or give the object id")),
        (count, _) => {
            let shown: Vec<String> = ids.into_iter().take(5).collect();
            Err(Failure::input(format_args!("`{principal}` names {count} principals"))
                .hint(format!("give one of the object ids: {}", shown.join(", "))))
        }
    }
}

/// Names of principals that `az role assignment list` writes beside their ids: folded id → name.
fn assigned_names(snapshot: &Snapshot) -> BTreeMap<String, String> {
    snapshot
        .of_type("Microsoft.Authorization/roleAssignments")
        .filter_map(|entry| {
            let properties = entry.value()["properties"].take();
            let text = |name: &str| properties[name].as_str().filter(|text| !text.is_empty());
            let name = text("principalName").unwrap_or_default();
            Some((azimuth_ids::fold(text("principalId")?).into_owned(), name.to_owned()))
        })
        .collect()
}

fn show(
    grants: &[Grant<'_>],
    denies: &[&str],
    snapshot: &Snapshot,
    format: ListFormat,
) -> Result<Exit, Failure> {
    let assigned = assigned_names(snapshot);
    let mut names: BTreeMap<&str, String> = BTreeMap::new();
    for id in grants.iter().flat_map(|grant| [Some(grant.principal.as_str()), grant.via]).flatten() {
        names.entry(id).or_insert_with(|| name(snapshot, &assigned, id));
    }
    let named = |id: &str| names.get(id).cloned().unwrap_or_default();
    output::to(None, |out| match format {
        ListFormat::Json => {
            let grants: Vec<Value> = grants
                .iter()
                .map(|grant| {
                    json!({
                        "principalId": grant.principal, "principalName": named(&grant.principal),
                        "viaGroupId": grant.via, "role": grant.role_name(), "scope": grant.scope().as_str(),
                        "assignmentId": grant.assignment.id, "state": state(grant),
                        "condition": grant.condition().map(Condition::as_str),
                    })
                })
                .collect();
            output::json(out, &json!({"grants": grants, "denyAssignments": denies}))
        }
        ListFormat::Table => {
            let rows: Vec<Vec<String>> = grants
                .iter()
                .map(|grant| {
                    vec![
                        named(&grant.principal),
                        grant.via.map(&named).unwrap_or_default(),
                        grant.role_name().to_owned(),
                        state(grant).to_owned(),
                        grant.scope().as_str().to_owned(),
                    ]
                })
                .collect();
            output::table(out, &["PRINCIPAL", "THROUGH", "ROLE", "STATE", "SCOPE"], &rows)?;
            for deny in denies {
                writeln!(out, "denied in part by {deny}")?;
            }
            Ok(())
        }
    })?;
    Ok(Exit::Done)
}

/// A name that people know, or the id.
fn name(snapshot: &Snapshot, assigned: &BTreeMap<String, String>, id: &str) -> String {
    let directory = snapshot.directory();
    let user = directory.user(id).map(|user| &*user.user_principal_name);
    let group = directory.group(id).map(|group| &*group.display_name);
    let service_principal = directory.service_principal(id).map(|principal| &*principal.display_name);
    let known = user.or(group).or(service_principal).filter(|name| !name.is_empty());
    let known = known.or_else(|| {
        assigned.get(&*azimuth_ids::fold(id)).map(String::as_str).filter(|name| !name.is_empty())
    });
    known.unwrap_or(id).to_owned()
}
