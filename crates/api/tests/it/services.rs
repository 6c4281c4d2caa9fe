//! Defender for Cloud, Sentinel, network watchers, stacks: what services add to plain resources.

use serde_json::{Value, json};

use crate::lab::{Lab, SUB, V};

#[tokio::test]
async fn the_score_comes_from_the_benchmark() {
    let lab = Lab::new();
    let group = lab.group("g").await;
    let account = format!("{group}/providers/Microsoft.Storage/storageAccounts/plain");
    let body = json!({"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}, "properties": {"supportsHttpsTrafficOnly": false}});
    assert_eq!(lab.put(&format!("{account}?{V}"), body).await.status, 200);
    let security = format!("{SUB}/providers/Microsoft.Security");
    let found = lab.get(&format!("{security}/assessments?{V}")).await;
    let mine: Vec<&Value> = found.body["value"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["id"].as_str().unwrap().contains("/plain/"))
        .collect();
    let transfer = mine.iter().find(|one| one["name"] == "1c5de8e1-f68d-6a17-e0d2-ec259c42768c").unwrap();
    assert_eq!(transfer["properties"]["status"]["code"], "Unhealthy");
    let one = lab
        .get(&format!(
            "{account}/providers/Microsoft.Security/assessments/1c5de8e1-f68d-6a17-e0d2-ec259c42768c?{V}"
        ))
        .await;
    assert_eq!(
        one.body["properties"]["displayName"],
        "Secure transfer to storage accounts should be enabled"
    );
    let score =
        lab.get(&format!("{security}/secureScores/ascScore?{V}")).await.body["properties"]["score"].clone();
    let (current, max) = (score["current"].as_f64().unwrap(), score["max"].as_f64().unwrap());
    assert!(current < max && (score["percentage"].as_f64().unwrap() - current / max).abs() < 0.01, "{score}");
    assert_eq!(lab.get(&format!("{security}/secureScores?{V}")).await.names(), ["ascScore"]);
    let controls = lab.get(&format!("{security}/secureScores/ascScore/secureScoreControls?{V}")).await;
    let definitions = lab.get(&format!("{security}/secureScoreControlDefinitions?{V}")).await;
    assert!(controls.names().iter().all(|name| definitions.names().contains(name)));
    assert_eq!(
        lab.get(&format!("{security}/secureScoreControls?{V}")).await.names().len(),
        controls.names().len()
    );
    assert_eq!(
        lab.get(&format!("/providers/Microsoft.Security/secureScoreControlDefinitions?{V}")).await.status,
        200
    );
}

#[tokio::test]
async fn assessments_of_ones_own_need_metadata() {
    let lab = Lab::new();
    let security = format!("{SUB}/providers/Microsoft.Security");
    let name = "66666666-6666-4666-8666-666666666666";
    let body =
        json!({"properties": {"resourceDetails": {"source": "Azure"}, "status": {"code": "Unhealthy"}}});
    let path = format!("{security}/assessments/{name}?{V}");
    assert_eq!(lab.put(&path, body.clone()).await.code(), "AssessmentMetadataNotFound");
    let metadata = json!({"properties": {"displayName": "Kit check", "severity": "Low", "assessmentType": "CustomerManaged"}});
    assert_eq!(lab.put(&format!("{security}/assessmentMetadata/{name}?{V}"), metadata).await.status, 200);
    let made = lab.put(&path, body).await;
    assert_eq!((made.status, &made.body["properties"]["displayName"]), (201, &json!("Kit check")));
    assert_eq!(lab.get(&path).await.body["properties"]["status"]["code"], "Unhealthy");
    assert_eq!(
        lab.put(&path, json!({"properties": {"status": {"code": "Ill"}}})).await.code(),
        "InvalidAssessmentStatus"
    );
    assert_eq!(lab.delete(&path).await.status, 200);
    assert_eq!(lab.get(&path).await.code(), "AssessmentNotFound");
}

#[tokio::test]
async fn plans_contacts_and_alerts_are_kept() {
    let lab = Lab::new();
    let security = format!("{SUB}/providers/Microsoft.Security");
    assert!(lab.get(&format!("{security}/pricings?{V}")).await.names().contains(&"StorageAccounts"));
    let plan = format!("{security}/pricings/KeyVaults?{V}");
    assert_eq!(lab.get(&plan).await.body["properties"]["pricingTier"], "Free");
    assert_eq!(lab.put(&plan, json!({"properties": {"pricingTier": "standard"}})).await.status, 200);
    assert_eq!(lab.get(&plan).await.body["properties"]["pricingTier"], "Standard");
    assert_eq!(lab.put(&plan, json!({"properties": {"pricingTier": "gold"}})).await.status, 400);
    let contact = format!("{security}/securityContacts/default?{V}");
    let made = lab.put(&contact, json!({"properties": {"emails": "soc@contoso.test", "alertNotifications": {"state": "On", "minimalSeverity": "Medium"}}})).await;
    assert_eq!((made.status, &made.body["properties"]["emails"]), (200, &json!("soc@contoso.test")));
    assert_eq!(lab.get(&format!("{security}/securityContacts?{V}")).await.names(), ["default"]);
    assert_eq!(lab.delete(&contact).await.status, 204);
    let alerts = format!("{security}/locations/westeurope/alerts");
    assert_eq!(
        lab.post(
            &format!("{alerts}/default/simulate?{V}"),
            json!({"properties": {"kind": "Bundles", "bundles": ["KeyVaults"]}})
        )
        .await
        .status,
        202
    );
    let list = lab.get(&format!("{security}/alerts?{V}")).await;
    let name = list.names()[0].to_owned();
    assert_eq!(lab.post(&format!("{alerts}/{name}/dismiss?{V}"), json!({})).await.status, 204);
    assert_eq!(lab.get(&format!("{alerts}/{name}?{V}")).await.body["properties"]["status"], "Dismissed");
    assert_eq!(lab.post(&format!("{alerts}/{name}/enjoy?{V}"), json!({})).await.status, 400);
    let group = lab.group("g").await;
    assert_eq!(lab.get(&format!("{group}/providers/Microsoft.Security/alerts?{V}")).await.names().len(), 0);
    for list in ["locations", "tasks", "autoProvisioningSettings"] {
        assert_eq!(lab.get(&format!("{security}/{list}?{V}")).await.status, 200, "{list}");
    }
}

#[tokio::test]
async fn workspaces_rules_and_incidents_have_what_clients_read() {
    let lab = Lab::new();
    let group = lab.group("g").await;
    let workspace = format!("{group}/providers/Microsoft.OperationalInsights/workspaces/logs");
    let made =
        lab.put(&format!("{workspace}?{V}"), json!({"location": "westeurope", "properties": {}})).await;
    let customer = made.body["properties"]["customerId"].clone();
    assert!(customer.is_string() && made.status == 201);
    let patched = lab
        .send(
            "admin",
            "PATCH",
            &format!("{workspace}?{V}"),
            Some(json!({"properties": {"retentionInDays": 90}})),
        )
        .await;
    assert_eq!(
        (&patched.body["properties"]["retentionInDays"], &patched.body["properties"]["customerId"]),
        (&json!(90), &customer)
    );
    let table = lab
        .put(
            &format!("{workspace}/tables/Kit_CL?{V}"),
            json!({"properties": {"schema": {"name": "Kit_CL", "columns": []}}}),
        )
        .await;
    assert_eq!((table.status, &table.body["properties"]["provisioningState"]), (200, &json!("Succeeded")));
    let rule = lab
        .put(
            &format!("{group}/providers/Microsoft.Insights/dataCollectionRules/d?{V}"),
            json!({"location": "westeurope", "kind": "Direct", "properties": {}}),
        )
        .await;
    assert!(rule.body["properties"]["immutableId"].as_str().unwrap().starts_with("dcr-"));
    assert_eq!(rule.body["properties"]["endpoints"]["logsIngestion"], "https://localhost:8443");
    let component = lab
        .put(
            &format!("{group}/providers/Microsoft.Insights/components/ai?{V}"),
            json!({"location": "westeurope", "kind": "web", "properties": {}}),
        )
        .await;
    assert!(
        component.body["properties"]["ConnectionString"]
            .as_str()
            .unwrap()
            .contains("IngestionEndpoint=https://localhost:8443/")
    );
    let insights = format!("{workspace}/providers/Microsoft.SecurityInsights");
    let incident =
        |status: &str| json!({"properties": {"title": "Kit", "severity": "High", "status": status}});
    let first = lab.put(&format!("{insights}/incidents/a?{V}"), incident("New")).await;
    assert_eq!((first.status, &first.body["properties"]["incidentNumber"]), (201, &json!(1)));
    let second = lab.put(&format!("{insights}/incidents/b?{V}"), incident("New")).await;
    assert_eq!(second.body["properties"]["incidentNumber"], 2);
    let mut closed = incident("Closed");
    closed["etag"] = first.body["etag"].clone();
    let changed = lab.put(&format!("{insights}/incidents/a?{V}"), closed.clone()).await;
    assert_eq!(changed.status, 200);
    assert!(changed.body["etag"] != first.body["etag"] && changed.body["properties"]["incidentNumber"] == 1);
    assert_eq!(lab.put(&format!("{insights}/incidents/a?{V}"), closed).await.code(), "Conflict");
    let list = lab.get(&format!("{insights}/incidents?{V}&$filter=properties/status%20eq%20'Closed'&$orderby=properties/createdTimeUtc%20desc&$top=50")).await;
    assert_eq!(list.names(), ["a"]);
    assert_eq!(
        lab.post(&format!("{insights}/incidents/a/alerts?{V}"), json!({})).await.body["value"],
        json!([])
    );
    assert_eq!(
        lab.post(&format!("{insights}/incidents/a/entities?{V}"), json!({})).await.body["entities"],
        json!([])
    );
}

#[tokio::test]
async fn settings_hang_on_their_resource_alone() {
    let lab = Lab::new();
    let group = lab.group("g").await;
    lab.storage(&group, "one", "westeurope").await;
    let account = format!("{group}/providers/Microsoft.Storage/storageAccounts/one");
    let setting =
        |name: &str| format!("{account}/providers/Microsoft.Insights/diagnosticSettings/{name}?{V}");
    assert_eq!(lab.put(&setting("d"), json!({"properties": {"logs": []}})).await.status, 200);
    assert_eq!(
        lab.get(&format!("{account}/providers/Microsoft.Insights/diagnosticSettings?{V}")).await.names(),
        ["d"]
    );
    let service =
        format!("{account}/blobServices/default/providers/Microsoft.Insights/diagnosticSettings/e?{V}");
    assert_eq!(lab.put(&service, json!({"properties": {}})).await.status, 200);
    assert_eq!(
        lab.get(&format!("{account}/providers/Microsoft.Insights/diagnosticSettings?{V}")).await.names(),
        ["d"]
    );
    assert_eq!(lab.delete(&setting("d")).await.status, 200);
}

#[tokio::test]
async fn names_captures_and_flows() {
    let lab = Lab::new();
    let group = lab.group("g").await;
    lab.storage(&group, "one", "westeurope").await;
    let check = format!("{SUB}/providers/Microsoft.Storage/checkNameAvailability?{V}");
    for (name, reason) in
        [("one", json!("AlreadyExists")), ("A", json!("AccountNameInvalid")), ("free", Value::Null)]
    {
        assert_eq!(lab.post(&check, json!({"name": name})).await.body["reason"], reason);
    }
    let other = lab.group("other").await;
    assert_eq!(lab.storage(&other, "one", "westeurope").await.code(), "StorageAccountAlreadyTaken");
    let watcher = format!("{group}/providers/Microsoft.Network/networkWatchers/w");
    assert_eq!(
        lab.put(&format!("{watcher}?{V}"), json!({"location": "westeurope", "properties": {}})).await.status,
        201
    );
    let capture = format!("{watcher}/packetCaptures/c");
    assert_eq!(lab.put(&format!("{capture}?{V}"), json!({"properties": {"target": "vm"}})).await.status, 201);
    assert_eq!(
        lab.post(&format!("{capture}/queryStatus?{V}"), json!({})).await.body["packetCaptureStatus"],
        "Stopped"
    );
    assert_eq!(lab.post(&format!("{capture}/stop?{V}"), json!({})).await.status, 200);
    assert_eq!(lab.delete(&format!("{capture}?{V}")).await.status, 204);
    for action in ["ipFlowVerify", "nextHop", "securityGroupView", "connectivityCheck"] {
        let refused = lab.post(&format!("{watcher}/{action}?{V}"), json!({})).await;
        assert_eq!((refused.status, refused.code()), (501, "NotImplemented"), "{action}");
    }
}

#[tokio::test]
async fn a_stack_takes_back_what_it_no_longer_names() {
    let lab = Lab::new();
    let group = lab.group("g").await;
    let path = format!("{group}/providers/Microsoft.Resources/deploymentStacks/s");
    let table = |name: &str| json!({"type": "Microsoft.Network/routeTables", "apiVersion": "2023-09-01", "name": name, "location": "westeurope", "properties": {}});
    let body = |resources: Vec<Value>| json!({"properties": {"template": {"resources": resources}, "actionOnUnmanage": {"resources": "delete"}, "denySettings": {"mode": "none"}}});
    let made = lab.put(&format!("{path}?{V}"), body(vec![table("a"), table("b")])).await;
    assert_eq!(
        (made.status, &made.body["properties"]["provisioningState"]),
        (201, &json!("succeeded")),
        "{:?}",
        made.body
    );
    let changed = lab.put(&format!("{path}?{V}"), body(vec![table("a")])).await;
    assert!(changed.body["properties"]["deletedResources"][0]["id"].as_str().unwrap().ends_with("/b"));
    assert_eq!(lab.get(&format!("{group}/resources?{V}")).await.names(), ["a"]);
    assert_eq!(
        lab.get(&format!("{group}/providers/Microsoft.Resources/deploymentStacks?{V}")).await.names(),
        ["s"]
    );
    let exported = lab.post(&format!("{path}/exportTemplate?{V}"), json!({})).await;
    assert!(exported.body["template"]["resources"].is_array());
    let denying = json!({"properties": {"template": {}, "denySettings": {"mode": "denyDelete"}}});
    assert_eq!(lab.put(&format!("{path}?{V}"), denying).await.status, 501);
    assert_eq!(lab.delete(&format!("{path}?{V}&unmanageAction.Resources=delete")).await.status, 200);
    assert_eq!(lab.get(&format!("{group}/resources?{V}")).await.names(), Vec::<&str>::new());
    let gone = lab.get(&format!("{path}?{V}")).await;
    assert_eq!(gone.code(), "DeploymentStackNotFound");
}

#[tokio::test]
async fn template_specs_are_deployed_by_their_ids() {
    let lab = Lab::new();
    let group = lab.group("g").await;
    let spec = format!("{group}/providers/Microsoft.Resources/templateSpecs/t");
    assert_eq!(
        lab.put(&format!("{spec}?{V}"), json!({"location": "westeurope", "properties": {}})).await.status,
        201
    );
    let template = json!({"resources": [{"type": "Microsoft.Network/routeTables", "apiVersion": "2023-09-01", "name": "rt", "location": "westeurope", "properties": {}}]});
    let version = lab
        .put(
            &format!("{spec}/versions/1.0?{V}"),
            json!({"location": "westeurope", "properties": {"mainTemplate": template}}),
        )
        .await;
    assert_eq!(version.status, 201);
    let body = json!({"properties": {"mode": "Incremental", "templateLink": {"id": format!("{spec}/versions/1.0")}}});
    let made = lab.put(&format!("{group}/providers/Microsoft.Resources/deployments/d?{V}"), body).await;
    assert_eq!(made.body["properties"]["provisioningState"], "Succeeded", "{:?}", made.body);
    let elsewhere = json!({"properties": {"mode": "Incremental", "templateLink": {"uri": "https://example.test/t.json"}}});
    assert_eq!(
        lab.put(&format!("{group}/providers/Microsoft.Resources/deployments/e?{V}"), elsewhere).await.code(),
        "InvalidTemplateLink"
    );
}
