//! `azimuth access`: who can do what where.

use std::collections::BTreeMap;

use azimuth_access::{Grant, Plane, Scope, Target};
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
            show(&model.who_can(&target), &[], &estate.snapshot, output)
        }
        AccessCommand::WhatCan { principal, input, output } => {
            let estate = input::load(&input, ui)?;
            let (model, problems) = estate.snapshot.access();
            note_problems(&problems, ui);
            let id = principal_id(&estate.snapshot, &principal)?;
            let holdings = model.what_can(&id);
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

/// The object id of a principal given by id, or by a user principal name that the directory knows.
fn principal_id(snapshot: &Snapshot, principal: &str) -> Result<String, Failure> {
    if !principal.contains('@') {
        return Ok(principal.to_owned());
    }
    let user = snapshot
        .directory()
        .users()
        .iter()
        .find(|user| azimuth_ids::eq_fold(&user.user_principal_name, principal))
        .ok_or_else(|| {
            Failure::input(format_args!("no user `{principal}` in the estate"))
                .hint("export the users (`az ad user list`), or give the object id")
        })?;
    Ok(user.id.to_string())
}

fn show(
    grants: &[Grant<'_>],
    denies: &[&str],
    snapshot: &Snapshot,
    format: ListFormat,
) -> Result<Exit, Failure> {
    let mut names: BTreeMap<&str, String> = BTreeMap::new();
    for id in grants.iter().flat_map(|grant| [Some(grant.principal.as_str()), grant.via]).flatten() {
        names.entry(id).or_insert_with(|| name(snapshot, id));
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
                        "assignmentId": grant.assignment.id, "conditional": grant.conditional,
                        "condition": grant.condition().map(|condition| condition.as_str()),
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
                        if grant.conditional { "conditional".to_owned() } else { String::new() },
                        grant.scope().as_str().to_owned(),
                    ]
                })
                .collect();
            output::table(out, &["PRINCIPAL", "THROUGH", "ROLE", "", "SCOPE"], &rows)?;
            for deny in denies {
                writeln!(out, "denied in part by {deny}")?;
            }
            Ok(())
        }
    })?;
    Ok(Exit::Done)
}

/// A name that people know, or the id.
fn name(snapshot: &Snapshot, id: &str) -> String {
    let directory = snapshot.directory();
    let user = directory.user(id).map(|user| &user.user_principal_name);
    let group = directory.group(id).map(|group| &group.display_name);
    let service_principal = directory.service_principal(id).map(|principal| &principal.display_name);
    user.or(group)
        .or(service_principal)
        .filter(|name| !name.is_empty())
        .map_or_else(|| id.to_owned(), |name| name.to_string())
}
