//! Role definitions and assignments.

use serde_json::json;

use crate::lab::{Lab, NOBODY, READER_ROLE, SUB, V};

#[tokio::test]
async fn built_in_roles_are_found_by_name() {
    let lab = Lab::new();
    let path = format!(
        "{SUB}/providers/Microsoft.Authorization/roleDefinitions?{V}&$filter=roleName%20eq%20'Reader'"
    );
    let found = lab.get(&path).await;
    assert_eq!(found.names(), [READER_ROLE]);
    let id = format!("{SUB}/providers/Microsoft.Authorization/roleDefinitions/{READER_ROLE}");
    assert_eq!(found.body["value"][0]["id"], id, "assignments name it so");
    assert_eq!(found.body["value"][0]["properties"]["permissions"][0]["actions"], json!(["*/read"]));
    assert_eq!(
        lab.get(&format!("/providers/Microsoft.Authorization/roleDefinitions/{READER_ROLE}?{V}"))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn an_assignment_gives_rights_at_once() {
    let lab = Lab::new();
    let group = lab.group("g").await;
    let name = "44444444-4444-4444-8444-444444444444";
    let path = format!("{group}/providers/Microsoft.Authorization/roleAssignments/{name}?{V}");
    let role = format!("{SUB}/providers/Microsoft.Authorization/roleDefinitions/{READER_ROLE}");
    let body =
        json!({"properties": {"roleDefinitionId": role, "principalId": NOBODY, "principalType": "User"}});
    assert_eq!(lab.send("nobody", "GET", &format!("{group}?{V}"), None).await.status, 403);
    let made = lab.put(&path, body.clone()).await;
    assert_eq!((made.status, &made.body["properties"]["scope"]), (201, &json!(group)), "{:?}", made.body);
    assert_eq!(lab.send("nobody", "GET", &format!("{group}?{V}"), None).await.status, 200);
    assert_eq!(
        lab.send(
            "nobody",
            "GET",
            &format!("{group}/providers/Microsoft.Authorization/permissions?{V}"),
            None
        )
        .await
        .body["value"][0]["actions"],
        json!(["*/read"])
    );
    let twin = lab.put(&path.replace("8444-444444444444", "8444-555555555555"), body).await;
    assert_eq!((twin.status, twin.code()), (409, "RoleAssignmentExists"));
    let list = format!("{group}/providers/Microsoft.Authorization/roleAssignments?{V}");
    assert_eq!(lab.get(&format!("{list}&$filter=principalId%20eq%20'{NOBODY}'")).await.names(), [name]);
    assert_eq!(
        lab.get(&format!("{list}&$filter=atScope()%20and%20assignedTo('{NOBODY}')")).await.names(),
        [name]
    );
    assert_eq!(lab.get(&format!("{list}&$filter=atScope()")).await.names().len(), 3, "two above, one here");
    assert_eq!(lab.get(&path).await.status, 200);
    assert_eq!(lab.delete(&path).await.status, 200);
    assert_eq!(lab.delete(&path).await.status, 204);
    assert_eq!(lab.send("nobody", "GET", &format!("{group}?{V}"), None).await.status, 403);
}

#[tokio::test]
async fn what_cannot_be_assigned_is_refused() {
    let lab = Lab::new();
    let path = |name: &str| format!("{SUB}/providers/Microsoft.Authorization/roleAssignments/{name}?{V}");
    let guid = "44444444-4444-4444-8444-444444444444";
    let role = format!("/providers/Microsoft.Authorization/roleDefinitions/{READER_ROLE}");
    let stranger = "99999999-9999-4999-8999-999999999999";
    let body = json!({"properties": {"roleDefinitionId": role, "principalId": stranger}});
    assert_eq!(lab.put(&path("x"), body.clone()).await.code(), "InvalidRoleAssignmentId");
    assert_eq!(lab.put(&path(guid), body).await.code(), "PrincipalNotFound");
    let none =
        json!({"properties": {"roleDefinitionId": stranger, "principalId": NOBODY, "principalType": "User"}});
    assert_eq!(lab.put(&path(guid), none).await.code(), "RoleDefinitionDoesNotExist");
}

#[tokio::test]
async fn custom_roles_are_made_used_and_deleted() {
    let lab = Lab::new();
    let guid = "55555555-5555-4555-8555-555555555555";
    let path = format!("{SUB}/providers/Microsoft.Authorization/roleDefinitions/{guid}?{V}");
    let body = json!({"properties": {"roleName": "Group maker", "assignableScopes": [SUB], "permissions": [{"actions": ["Microsoft.Resources/subscriptions/resourceGroups/*"]}]}});
    let made = lab.put(&path, body.clone()).await;
    assert_eq!((made.status, &made.body["properties"]["type"]), (201, &json!("CustomRole")));
    let twin = lab.put(&path.replace("555555555555?", "666666666666?"), body).await;
    assert_eq!((twin.status, twin.code()), (409, "RoleDefinitionWithSameNameExists"));
    let list = format!(
        "{SUB}/providers/Microsoft.Authorization/roleDefinitions?{V}&$filter=type%20eq%20'CustomRole'"
    );
    assert_eq!(lab.get(&list).await.names(), [guid]);
    let assignment = format!(
        "{SUB}/providers/Microsoft.Authorization/roleAssignments/44444444-4444-4444-8444-444444444444?{V}"
    );
    lab.put(
        &assignment,
        json!({"properties": {"roleDefinitionId": guid, "principalId": NOBODY, "principalType": "User"}}),
    )
    .await;
    let group = format!("{SUB}/resourceGroups/theirs?{V}");
    assert_eq!(lab.send("nobody", "PUT", &group, Some(json!({"location": "westeurope"}))).await.status, 201);
    let used = lab.delete(&path).await;
    assert_eq!((used.status, used.code()), (400, "RoleDefinitionHasAssignments"));
    lab.delete(&assignment).await;
    assert_eq!(lab.delete(&path).await.status, 200);
    assert_eq!(lab.delete(&path).await.status, 204);
    assert_eq!(lab.get(&path).await.code(), "RoleDefinitionDoesNotExist");
}
