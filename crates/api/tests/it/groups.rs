//! Management groups.

use serde_json::json;

use crate::lab::{Lab, SUB, SUBSCRIPTION, TENANT, V};

const GROUPS: &str = "/providers/Microsoft.Management/managementGroups";

#[tokio::test]
async fn groups_are_made_below_others_and_shown_with_children() {
    let lab = Lab::new();
    let a = lab
        .put(
            &format!("{GROUPS}/a?{V}"),
            json!({"name": "a", "properties": {"displayName": "A", "details": {"parent": {}}}}),
        )
        .await;
    assert_eq!((a.status, &a.body["properties"]["details"]["parent"]["name"]), (200, &json!(TENANT)));
    let parent = json!({"id": format!("{GROUPS}/a")});
    let b = lab
        .put(
            &format!("{GROUPS}/b?{V}"),
            json!({"properties": {"displayName": "B", "details": {"parent": parent}}}),
        )
        .await;
    assert_eq!(b.body["properties"]["details"]["parent"]["name"], "a");
    let shown = lab.get(&format!("{GROUPS}/A?{V}&$expand=children&$recurse=true")).await;
    assert_eq!(shown.body["properties"]["children"][0]["name"], "b");
    assert_eq!(lab.get(&format!("{GROUPS}?{V}")).await.names(), [TENANT, "a", "b"]);
    assert_eq!(lab.get(&format!("{GROUPS}/a/descendants?{V}")).await.names(), ["b"]);
    let full = lab.delete(&format!("{GROUPS}/a?{V}")).await;
    assert_eq!(full.status, 400, "{:?}", full.body);
    let cycle = lab
        .send(
            "admin",
            "PATCH",
            &format!("{GROUPS}/a?{V}"),
            Some(json!({"parentGroupId": format!("{GROUPS}/b")})),
        )
        .await;
    assert_eq!(cycle.status, 400);
    let renamed = lab
        .send(
            "admin",
            "PATCH",
            &format!("{GROUPS}/b?{V}"),
            Some(json!({"displayName": "B2", "parentGroupId": format!("{GROUPS}/{TENANT}")})),
        )
        .await;
    assert_eq!((renamed.status, &renamed.body["properties"]["displayName"]), (200, &json!("B2")));
    assert_eq!(renamed.body["properties"]["details"]["parent"]["name"], TENANT);
    for name in ["b", "a"] {
        assert_eq!(lab.delete(&format!("{GROUPS}/{name}?{V}")).await.status, 204);
    }
    assert_eq!(lab.get(&format!("{GROUPS}/b?{V}")).await.code(), "NotFound");
}

#[tokio::test]
async fn subscriptions_move_and_fall_back() {
    let lab = Lab::new();
    lab.put(&format!("{GROUPS}/a?{V}"), json!({})).await;
    let entities = lab.post(&format!("/providers/Microsoft.Management/getEntities?{V}"), json!({})).await;
    let subscription = entities.body["value"]
        .as_array()
        .unwrap()
        .iter()
        .find(|entity| entity["name"] == SUBSCRIPTION)
        .unwrap();
    assert!(subscription["properties"]["parent"]["id"].as_str().unwrap().ends_with(TENANT));
    let member = format!("{GROUPS}/a/subscriptions/{SUBSCRIPTION}?{V}");
    assert_eq!(lab.put(&member, json!({})).await.status, 200);
    assert_eq!(lab.get(&member).await.body["properties"]["parent"]["id"], format!("{GROUPS}/a"));
    assert_eq!(lab.get(&format!("{GROUPS}/a/subscriptions?{V}")).await.names(), [SUBSCRIPTION]);
    let shown = lab.get(&format!("{GROUPS}/a?{V}&$expand=children")).await;
    assert_eq!(shown.body["properties"]["children"][0]["id"], SUB);
    assert_eq!(lab.delete(&member).await.status, 200);
    assert_eq!(lab.delete(&member).await.status, 204);
    assert!(
        lab.get(&format!("{GROUPS}/a?{V}&$expand=children")).await.body["properties"]["children"].is_null()
    );
}

#[tokio::test]
async fn the_settings_say_who_may_create_groups() {
    let lab = Lab::new();
    let made = lab.send("nobody", "PUT", &format!("{GROUPS}/mine?{V}"), Some(json!({}))).await;
    assert_eq!(made.status, 200);
    assert_eq!(
        lab.send("nobody", "GET", &format!("{GROUPS}/mine?{V}"), None).await.status,
        200,
        "its creator owns it"
    );
    let settings = format!("{GROUPS}/{TENANT}/settings/default?{V}");
    let body = json!({"properties": {"requireAuthorizationForGroupCreation": true, "defaultManagementGroup": format!("{GROUPS}/mine")}});
    assert_eq!(lab.put(&settings, body).await.status, 200);
    assert_eq!(lab.get(&settings).await.body["properties"]["requireAuthorizationForGroupCreation"], true);
    assert_eq!(lab.get(&format!("{GROUPS}/{TENANT}/settings?{V}")).await.names(), ["default"]);
    let refused = lab.send("nobody", "PUT", &format!("{GROUPS}/another?{V}"), Some(json!({}))).await;
    assert_eq!((refused.status, refused.code()), (403, "AuthorizationFailed"));
    assert_eq!(lab.delete(&settings).await.status, 200);
    let name = lab
        .post(&format!("/providers/Microsoft.Management/checkNameAvailability?{V}"), json!({"name": "mine"}))
        .await;
    assert_eq!(name.body["reason"], "AlreadyExists");
    let backfill =
        lab.post(&format!("/providers/Microsoft.Management/startTenantBackfill?{V}"), json!({})).await;
    assert_eq!(backfill.body["status"], "Completed");
}
