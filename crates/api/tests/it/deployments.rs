//! Templates, as the command line sends them.

use serde_json::{Value, json};

use crate::lab::{Lab, SUB, V};

const ALLOWED_LOCATIONS: &str =
    "/providers/Microsoft.Authorization/policyDefinitions/e56962a6-4747-49cd-b67b-bf8b01975c4c";

fn storage_template() -> Value {
    json!({
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "parameters": {"name": {"type": "string"}, "location": {"type": "string", "defaultValue": "[resourceGroup().location]"}, "secret": {"type": "secureString", "defaultValue": "hidden"}},
        "resources": [{
            "type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-01-01", "name": "[parameters('name')]",
            "location": "[parameters('location')]", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}, "properties": {"supportsHttpsTrafficOnly": false},
        }],
        "outputs": {
            "id": {"type": "string", "value": "[resourceId('Microsoft.Storage/storageAccounts', parameters('name'))]"},
            "blob": {"type": "string", "value": "[reference(parameters('name')).primaryEndpoints.blob]"},
        },
    })
}

/// The body that the command line makes: a name without quotes, and the template's text as it is.
fn body(template: &str, parameters: &Value) -> String {
    format!(
        "{{\"properties\": {{\"mode\": \"Incremental\", \"parameters\": {parameters}, template:{template}}}}}"
    )
}

#[tokio::test]
async fn a_template_is_validated_compared_and_deployed() {
    let lab = Lab::new();
    let group = lab.group("g").await;
    let path = format!("{group}/providers/Microsoft.Resources/deployments/d");
    let body = body(&storage_template().to_string(), &json!({"name": {"value": "kit"}}));
    let valid = lab.send_text("admin", "POST", &format!("{path}/validate?{V}"), Some(body.clone())).await;
    assert_eq!(
        (valid.status, &valid.body["properties"]["provisioningState"]),
        (200, &json!("Succeeded")),
        "{:?}",
        valid.body
    );
    let what_if = lab.send_text("admin", "POST", &format!("{path}/whatIf?{V}"), Some(body.clone())).await;
    let change = &what_if.body["properties"]["changes"][0];
    assert_eq!(
        (&change["changeType"], &change["after"]["properties"]["supportsHttpsTrafficOnly"]),
        (&json!("Create"), &json!(false))
    );
    assert_eq!(
        lab.get(&format!("{group}/providers/Microsoft.Storage/storageAccounts/kit?{V}")).await.status,
        404
    );
    assert_eq!(lab.send("admin", "HEAD", &format!("{path}?{V}"), None).await.status, 404);
    let made = lab.send_text("admin", "PUT", &format!("{path}?{V}"), Some(body)).await;
    let properties = &made.body["properties"];
    assert_eq!(
        (made.status, &properties["provisioningState"]),
        (201, &json!("Succeeded")),
        "{:?}",
        made.body
    );
    assert_eq!(properties["outputs"]["blob"]["value"], "https://kit.blob.core.windows.net/");
    assert!(properties["outputResources"][0]["id"].as_str().unwrap().ends_with("/storageAccounts/kit"));
    assert_eq!(properties["parameters"]["location"]["type"], "String");
    assert!(!made.body.to_string().contains("hidden"), "secrets are not shown");
    assert_eq!(
        lab.get(&format!("{group}/providers/Microsoft.Resources/deployments/?{V}")).await.names(),
        ["d"]
    );
    assert_eq!(lab.send("admin", "HEAD", &format!("{path}?{V}"), None).await.status, 204);
    let operations = lab
        .get(&format!("{}/deployments/d/operations?{V}", group.replace("resourceGroups", "resourcegroups")))
        .await;
    let operation = &operations.body["value"][0];
    assert_eq!(
        (
            &operation["properties"]["targetResource"]["resourceName"],
            &operation["properties"]["provisioningState"]
        ),
        (&json!("kit"), &json!("Succeeded"))
    );
    let one = format!("{path}/operations/{}?{V}", operation["operationId"].as_str().unwrap());
    assert_eq!(lab.get(&one).await.status, 200);
    assert_eq!(lab.get(&format!("{path}/operationStatuses/x?{V}")).await.body["status"], "Succeeded");
    let exported = lab.post(&format!("{path}/exportTemplate?{V}"), json!({})).await;
    assert_eq!(exported.body["template"], storage_template());
    let cancelled = lab.post(&format!("{path}/cancel?{V}"), json!({})).await;
    assert_eq!(cancelled.status, 409);
    assert_eq!(lab.delete(&format!("{path}?{V}")).await.status, 204);
    assert_eq!(lab.get(&format!("{path}?{V}")).await.code(), "DeploymentNotFound");
    let hash = lab
        .post(&format!("/providers/Microsoft.Resources/calculateTemplateHash?{V}"), storage_template())
        .await;
    assert!(hash.body["templateHash"].is_string());
}

#[tokio::test]
async fn templates_may_carry_comments() {
    let lab = Lab::new();
    let group = lab.group("g").await;
    let template = "// first\n{ \"parameters\": {}, /* none */ \"resources\": [ { \"type\": \"Microsoft.Network/networkSecurityGroups\", \
        \"apiVersion\": \"2023-09-01\", \"name\": \"n\", \"location\": \"westeurope\", \"tags\": {\"url\": \"https://a//b\"}, \"properties\": {}, } ] }";
    let path = format!("{group}/providers/Microsoft.Resources/deployments/d?{V}");
    let made = lab.send_text("admin", "PUT", &path, Some(body(template, &json!({})))).await;
    assert_eq!(made.status, 201, "{:?}", made.body);
    assert_eq!(
        lab.get(&format!("{group}/providers/Microsoft.Network/networkSecurityGroups/n?{V}")).await.body["tags"]
            ["url"],
        "https://a//b"
    );
}

#[tokio::test]
async fn what_cannot_be_deployed_is_refused_before_anything_happens() {
    let lab = Lab::new();
    let group = lab.group("g").await;
    let path = format!("{group}/providers/Microsoft.Resources/deployments/d");
    let mut bad = storage_template();
    bad["resources"][0]["name"] = "[parameters('nothere')]".into();
    for method in [("PUT", ""), ("POST", "/validate")] {
        let refused = lab
            .send_text(
                "admin",
                method.0,
                &format!("{path}{}?{V}", method.1),
                Some(body(&bad.to_string(), &json!({}))),
            )
            .await;
        assert_eq!((refused.status, refused.code()), (400, "InvalidTemplate"));
    }
    let assignment = format!("{group}/providers/Microsoft.Authorization/policyAssignments/only?{V}");
    lab.put(&assignment, json!({"properties": {"policyDefinitionId": ALLOWED_LOCATIONS, "parameters": {"listOfAllowedLocations": {"value": ["westeurope"]}}}})).await;
    let elsewhere = body(
        &storage_template().to_string(),
        &json!({"name": {"value": "kit"}, "location": {"value": "northeurope"}}),
    );
    let denied = lab.send_text("admin", "PUT", &format!("{path}?{V}"), Some(elsewhere)).await;
    assert_eq!((denied.status, denied.code()), (400, "InvalidTemplateDeployment"));
    assert_eq!(denied.body["error"]["details"][0]["code"], "RequestDisallowedByPolicy");
    assert_eq!(lab.get(&format!("{group}/resources?{V}")).await.names(), Vec::<&str>::new());
}

#[tokio::test]
async fn a_failure_is_told_where_clients_look_for_it() {
    let lab = Lab::new();
    let group = lab.group("g").await;
    let template = json!({"resources": [{"type": "Microsoft.Sql/servers/databases", "apiVersion": "2021-11-01", "name": "s/d", "location": "westeurope"}]});
    let path = format!("{group}/providers/Microsoft.Resources/deployments/d?{V}");
    let made = lab.send_text("admin", "PUT", &path, Some(body(&template.to_string(), &json!({})))).await;
    assert_eq!((made.status, &made.body["properties"]["provisioningState"]), (201, &json!("Running")));
    let poll = made.headers["azure-asyncoperation"]
        .to_str()
        .unwrap()
        .strip_prefix("https://localhost:8443")
        .unwrap()
        .to_owned();
    let failed = lab.get(&poll).await;
    assert_eq!(
        (&failed.body["status"], &failed.body["error"]["details"][0]["code"]),
        (&json!("Failed"), &json!("ParentResourceNotFound"))
    );
}

#[tokio::test]
async fn subscriptions_and_nested_scopes_are_deployed_to() {
    let lab = Lab::new();
    let template = json!({"resources": [
        {"type": "Microsoft.Resources/resourceGroups", "apiVersion": "2021-04-01", "name": "made", "location": "westeurope"},
        {"type": "Microsoft.Resources/deployments", "apiVersion": "2021-04-01", "name": "inner", "resourceGroup": "made", "dependsOn": ["[resourceId('Microsoft.Resources/resourceGroups', 'made')]"],
         "properties": {"mode": "Incremental", "template": {"resources": [{"type": "Microsoft.Network/routeTables", "apiVersion": "2023-09-01", "name": "rt", "location": "westeurope", "properties": {}}]}}},
    ]});
    let path = format!("{SUB}/providers/Microsoft.Resources/deployments/d?{V}");
    let without = lab.put(&path, json!({"properties": {"mode": "Incremental", "template": template}})).await;
    assert_eq!(without.code(), "LocationRequired");
    let made = lab
        .put(
            &path,
            json!({"location": "westeurope", "properties": {"mode": "Incremental", "template": template}}),
        )
        .await;
    assert_eq!(made.body["properties"]["provisioningState"], "Succeeded", "{:?}", made.body);
    assert_eq!(lab.get(&format!("{SUB}/resourceGroups/made/resources?{V}")).await.names(), ["rt"]);
    let inner = format!("{SUB}/resourceGroups/made/providers/Microsoft.Resources/deployments/inner?{V}");
    assert_eq!(lab.get(&inner).await.status, 200);
}

#[tokio::test]
async fn complete_mode_deletes_the_rest() {
    let lab = Lab::new();
    let group = lab.group("g").await;
    lab.storage(&group, "old", "westeurope").await;
    let path = format!("{group}/providers/Microsoft.Resources/deployments/d?{V}");
    let body = json!({"properties": {"mode": "Complete", "template": storage_template(), "parameters": {"name": {"value": "new"}}}});
    assert_eq!(lab.put(&path, body).await.body["properties"]["provisioningState"], "Succeeded");
    assert_eq!(lab.get(&format!("{group}/resources?{V}")).await.names(), ["new"]);
}

#[tokio::test]
async fn whoever_may_deploy_may_still_not_write_everything() {
    let lab = Lab::new();
    let group = lab.group("g").await;
    let guid = "55555555-5555-4555-8555-555555555555";
    let role = json!({"properties": {"roleName": "Deployer", "assignableScopes": [SUB], "permissions": [{"actions": ["Microsoft.Resources/deployments/*"]}]}});
    lab.put(&format!("{SUB}/providers/Microsoft.Authorization/roleDefinitions/{guid}?{V}"), role).await;
    let assignment = json!({"properties": {"roleDefinitionId": guid, "principalId": crate::lab::NOBODY, "principalType": "User"}});
    lab.put(&format!("{group}/providers/Microsoft.Authorization/roleAssignments/44444444-4444-4444-8444-444444444444?{V}"), assignment).await;
    let path = format!("{group}/providers/Microsoft.Resources/deployments/d?{V}");
    let body = body(&storage_template().to_string(), &json!({"name": {"value": "kit"}}));
    let refused = lab.send_text("nobody", "PUT", &path, Some(body)).await;
    assert_eq!((refused.status, refused.code()), (403, "InvalidTemplateDeployment"));
    assert_eq!(refused.body["error"]["details"][0]["code"], "AuthorizationFailed");
}

#[tokio::test]
async fn what_a_policy_misses_is_deployed() {
    let lab = Lab::new();
    let group = lab.group("g").await;
    let contributor =
        "/providers/Microsoft.Authorization/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c";
    let definition = format!("{SUB}/providers/Microsoft.Authorization/policyDefinitions/lockdown");
    let rule = json!({
        "if": {"field": "type", "equals": "Microsoft.Storage/storageAccounts"},
        "then": {"effect": "deployIfNotExists", "details": {
            "type": "Microsoft.Network/routeTables", "name": "[concat(field('name'), '-rt')]", "roleDefinitionIds": [contributor],
            "deployment": {"properties": {"mode": "incremental", "parameters": {"name": {"value": "[concat(field('name'), '-rt')]"}},
                "template": {"parameters": {"name": {"type": "string"}}, "resources": [{"type": "Microsoft.Network/routeTables", "apiVersion": "2023-09-01", "name": "[parameters('name')]", "location": "westeurope", "properties": {}}]}}},
        }},
    });
    let made = lab
        .put(&format!("{definition}?{V}"), json!({"properties": {"mode": "All", "policyRule": rule}}))
        .await;
    assert_eq!(made.status, 201, "{:?}", made.body);
    lab.storage(&group, "before", "westeurope").await;
    let assignment = format!("{group}/providers/Microsoft.Authorization/policyAssignments/lockdown");
    let assigned = lab.put(&format!("{assignment}?{V}"), json!({"location": "westeurope", "identity": {"type": "SystemAssigned"}, "properties": {"policyDefinitionId": definition}})).await;
    let principal = assigned.body["identity"]["principalId"].as_str().unwrap();
    let grant = json!({"properties": {"roleDefinitionId": contributor, "principalId": principal}});
    let role = format!(
        "{group}/providers/Microsoft.Authorization/roleAssignments/44444444-4444-4444-8444-444444444444?{V}"
    );
    assert_eq!(lab.put(&role, grant).await.status, 201, "the directory knows the identity");
    lab.storage(&group, "after", "westeurope").await;
    assert_eq!(
        lab.get(&format!("{SUB}/providers/Microsoft.Network/routeTables?{V}")).await.names(),
        ["after-rt"]
    );
    let task = format!("{group}/providers/Microsoft.PolicyInsights/remediations/r");
    let created =
        lab.put(&format!("{task}?{V}"), json!({"properties": {"policyAssignmentId": assignment}})).await;
    assert_eq!((created.status, &created.body["properties"]["provisioningState"]), (201, &json!("Accepted")));
    let done = lab.get(&format!("{task}?{V}")).await;
    assert_eq!(done.body["properties"]["provisioningState"], "Succeeded", "{:?}", done.body);
    assert_eq!(done.body["properties"]["deploymentStatus"]["successfulDeployments"], 1);
    assert_eq!(
        lab.get(&format!("{SUB}/providers/Microsoft.Network/routeTables?{V}")).await.names(),
        ["after-rt", "before-rt"]
    );
    let deployments = lab.post(&format!("{task}/listDeployments?{V}"), json!({})).await;
    assert_eq!(deployments.body["value"][0]["status"], "Succeeded");
    assert_eq!(
        lab.get(&format!("{group}/providers/Microsoft.PolicyInsights/remediations?{V}")).await.names(),
        ["r"]
    );
    assert_eq!(lab.post(&format!("{task}/cancel?{V}"), json!({})).await.status, 400);
    assert_eq!(lab.delete(&format!("{task}?{V}")).await.status, 200);
}

#[tokio::test]
async fn tags_are_a_resource_of_their_own() {
    let lab = Lab::new();
    let group = lab.group("g").await;
    lab.storage(&group, "aaa", "westeurope").await;
    let account = format!("{group}/providers/Microsoft.Storage/storageAccounts/aaa");
    for scope in [account.as_str(), group.as_str(), SUB] {
        let path = format!("{scope}/providers/Microsoft.Resources/tags/default?{V}");
        assert_eq!(lab.put(&path, json!({"properties": {"tags": {"a": "1"}}})).await.status, 200);
        let merged = lab
            .send(
                "admin",
                "PATCH",
                &path,
                Some(json!({"operation": "Merge", "properties": {"tags": {"b": "2"}}})),
            )
            .await;
        assert_eq!(merged.body["properties"]["tags"], json!({"a": "1", "b": "2"}));
        lab.send(
            "admin",
            "PATCH",
            &path,
            Some(json!({"operation": "Delete", "properties": {"tags": {"a": ""}}})),
        )
        .await;
        assert_eq!(lab.get(&path).await.body["properties"]["tags"], json!({"b": "2"}));
        assert_eq!(lab.get(&format!("{scope}?{V}")).await.body["tags"], json!({"b": "2"}));
        assert_eq!(lab.delete(&path).await.status, 200);
    }
}
