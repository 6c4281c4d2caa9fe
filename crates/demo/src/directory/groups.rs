//! Groups, and their members as recorded answers.

use serde_json::{Value, json};

use super::people::person;
use crate::names::DEPARTMENTS;
use crate::output::{Emit, Pages, Shape, Stopped, recorded_response};
use crate::plan::Plan;
use crate::rng::Rng;

/// Members on a page of the answer.
const PAGE: usize = 999;
/// The group that all members of the company belong to.
const EVERYONE: usize = 8;

/// Writes groups and their members.
pub(crate) fn write(plan: &Plan, emit: &mut Emit<'_>) -> Result<(), Stopped> {
    let mut groups =
        Pages::new("graph/groups", Shape::Graph { collection: "groups", context: "groups" }, 999);
    let mut members = Pages::new("graph/recorded-group-members", Shape::Lines, 2_000);
    for index in 0..plan.user_groups {
        let mut rng = Rng::new(plan.seed, "group-details", index as u64);
        groups.push(&group(plan, index, &mut rng), emit)?;
        write_members(plan, index, &mut rng, &mut members, emit)?;
    }
    groups.finish(emit)?;
    members.finish(emit)
}

fn name(index: usize) -> String {
    match index {
        EVERYONE => "All employees".to_owned(),
        0..30 => format!("sg-azure-access-{index:02}"),
        _ => format!("{} team {index}", DEPARTMENTS[index % DEPARTMENTS.len()]),
    }
}

fn group(plan: &Plan, index: usize, rng: &mut Rng) -> Value {
    let dynamic = index == EVERYONE;
    json!({
        "id": plan.user_group_id(index),
        "displayName": name(index),
        "description": format!("{}, reviewed twice a year", name(index)),
        "createdDateTime": plan.calendar.days_ago(rng.between(100, 1_500), rng),
        "groupTypes": if dynamic { json!(["DynamicMembership"]) } else { json!([]) },
        "membershipRule": if dynamic { json!("(user.userType -eq \"Member\")") } else { Value::Null },
        "membershipRuleProcessingState": if dynamic { json!("On") } else { Value::Null },
        "mailEnabled": false,
        "mailNickname": format!("group{index:05}"),
        "securityEnabled": true,
        "isAssignableToRole": index < 3,
        "onPremisesSyncEnabled": null,
        "visibility": "Private",
    })
}

/// One line for each page of members; the last one says that it is the last.
fn write_members(
    plan: &Plan,
    index: usize,
    rng: &mut Rng,
    pages: &mut Pages,
    emit: &mut Emit<'_>,
) -> Result<(), Stopped> {
    let (first, count, step) = match index {
        EVERYONE => (0, plan.users, 1),
        _ => (rng.below(plan.users), rng.between(4, 25), 7),
    };
    let mut rows = Vec::new();
    // Some groups hold the next one as well.
    if index % 10 == 3 && index + 1 < plan.user_groups {
        rows.push(json!({"@odata.type": "#microsoft.graph.group", "id": plan.user_group_id(index + 1), "displayName": name(index + 1)}));
    }
    let mut page = 1;
    for number in 0..count {
        let person = person(plan, (first + number * step) % plan.users);
        if index == EVERYONE && person.guest {
            continue;
        }
        if rows.len() == PAGE {
            pages.push(&answer(plan, index, page, false, std::mem::take(&mut rows)), emit)?;
            page += 1;
        }
        rows.push(
            json!({"@odata.type": "#microsoft.graph.user", "id": person.id, "displayName": person.display,
            "userPrincipalName": person.principal_name}),
        );
    }
    pages.push(&answer(plan, index, page, true, rows), emit)
}

fn answer(plan: &Plan, index: usize, page: usize, last: bool, rows: Vec<Value>) -> Value {
    let base = format!("https://graph.microsoft.com/v1.0/groups/{}/members", plan.user_group_id(index));
    let url = if page == 1 { base.clone() } else { format!("{base}?$skiptoken=demo-page-{page}") };
    let mut body = json!({"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#directoryObjects"});
    if !last {
        body["@odata.nextLink"] = json!(format!("{base}?$skiptoken=demo-page-{}", page + 1));
    }
    body["value"] = Value::Array(rows);
    recorded_response(&url, &plan.calendar.now_text(), last, &body)
}
