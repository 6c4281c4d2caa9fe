//! Groups and resources of any type.

use serde_json::json;

use crate::lab::{Lab, SUB, TENANT, V};

#[tokio::test]
async fn the_cloud_describes_itself_without_sign_in() {
    let lab = Lab::new();
    let one = lab.send("", "GET", "//metadata/endpoints?api-version=2022-09-01", None).await;
    assert_eq!(one.status, 200);
    assert_eq!(one.body["authentication"]["audiences"][0], "https://localhost:8443/");
    let list = lab.send("", "GET", "/metadata/endpoints?api-version=2019-05-01", None).await;
    assert_eq!(list.body[0]["name"], "Azimuth");
}

#[tokio::test]
async fn tenants_subscriptions_and_regions_are_listed() {
    let lab = Lab::new();
    assert_eq!(lab.get(&format!("/tenants?{V}")).await.body["value"][0]["tenantId"], TENANT);
    let subscriptions = lab.get(&format!("/subscriptions?{V}")).await;
    assert_eq!(subscriptions.body["value"][0]["tenantId"], TENANT);
    assert_eq!(
        lab.send("nobody", "GET", &format!("/subscriptions?{V}"), None).await.body["value"],
        json!([])
    );
    let regions = lab.get(&format!("{SUB}/locations?{V}")).await;
    assert!(regions.names().contains(&"westeurope"));
    let missing = lab.get(&format!("/subscriptions/33333333-3333-4333-8333-333333333333?{V}")).await;
    assert_eq!((missing.status, missing.code()), (404, "SubscriptionNotFound"));
}

#[tokio::test]
async fn providers_list_types_and_versions() {
    let lab = Lab::new();
    let storage = lab.get(&format!("{SUB}/providers/microsoft.storage?{V}")).await;
    assert_eq!(storage.body["registrationState"], "Registered");
    let types = storage.body["resourceTypes"].as_array().unwrap();
    assert!(
        types
            .iter()
            .any(|kind| kind["resourceType"] == "storageAccounts" && kind["apiVersions"][0].is_string())
    );
    let path = format!("{SUB}/providers/Microsoft.Storage");
    assert_eq!(
        lab.post(&format!("{path}/unregister?{V}"), json!({})).await.body["registrationState"],
        "NotRegistered"
    );
    let group = lab.group("g").await;
    let refused = lab.storage(&group, "aaa", "westeurope").await;
    assert_eq!((refused.status, refused.code()), (409, "MissingSubscriptionRegistration"));
    assert_eq!(lab.post(&format!("{path}/register?{V}"), json!({})).await.status, 200);
    assert_eq!(lab.storage(&group, "aaa", "westeurope").await.status, 200);
    assert!(lab.get(&format!("{SUB}/providers?{V}")).await.body["value"].as_array().unwrap().len() > 50);
    assert_eq!(
        lab.get(&format!("/providers/Microsoft.Nothing?{V}")).await.code(),
        "InvalidResourceNamespace"
    );
}

#[tokio::test]
async fn a_group_lives_and_dies() {
    let lab = Lab::new();
    let path = format!("{SUB}/resourcegroups/Web?{V}");
    let made = lab.put(&path, json!({"location": "West Europe", "tags": {"team": "kit"}})).await;
    assert_eq!(made.status, 201);
    assert_eq!(made.body["location"], "westeurope");
    assert_eq!(made.body["properties"]["provisioningState"], "Succeeded");
    assert_eq!(lab.send("admin", "HEAD", &path, None).await.status, 204);
    let filter = "$filter=tagname%20eq%20'team'%20and%20tagvalue%20eq%20'kit'";
    assert_eq!(lab.get(&format!("{SUB}/resourcegroups?{V}&{filter}")).await.names(), ["Web"]);
    let moved = lab.put(&path, json!({"location": "northeurope"})).await;
    assert_eq!((moved.status, moved.code()), (409, "InvalidResourceGroupLocation"));
    let patched = lab.send("admin", "PATCH", &path, Some(json!({"tags": {"a": "b"}}))).await;
    assert_eq!(patched.body["tags"], json!({"a": "b"}));
    assert_eq!(lab.delete(&path).await.status, 200);
    assert_eq!(lab.send("admin", "HEAD", &path, None).await.status, 404);
    let gone = lab.get(&path).await;
    assert_eq!((gone.status, gone.code()), (404, "ResourceGroupNotFound"));
    let bad = lab.put(&format!("{SUB}/resourcegroups/a.?{V}"), json!({"location": "westeurope"})).await;
    assert_eq!((bad.status, bad.code()), (400, "InvalidResourceGroupName"));
}

#[tokio::test]
async fn a_resource_is_made_changed_listed_and_deleted() {
    let lab = Lab::new();
    let group = lab.group("g").await;
    let sloppy = format!(
        "{}/providers/microsoft.network//routetables/rt/?{V}",
        group.replace("resourceGroups", "resourcegroups")
    );
    let made = lab.put(&sloppy, json!({"location": "westeurope", "tags": {"a": "1"}, "properties": {"routes": [{"name": "r", "properties": {"nextHopType": "None"}}]}})).await;
    assert_eq!(made.status, 201, "{:?}", made.body);
    assert_eq!(made.body["type"], "Microsoft.Network/routeTables");
    assert!(made.body["id"].as_str().unwrap().ends_with("/providers/Microsoft.Network/routeTables/rt"));
    assert!(made.body["properties"]["routes"][0]["id"].as_str().unwrap().ends_with("/routes/r"));
    let path = format!("{group}/providers/Microsoft.Network/routeTables/rt?{V}");
    let shown = lab.get(&path).await;
    assert!(shown.headers.contains_key("etag") && shown.headers.contains_key("x-ms-request-id"));
    let patched =
        lab.send("admin", "PATCH", &path, Some(json!({"tags": {"b": "2"}, "properties": {"x": true}}))).await;
    assert_eq!((patched.status, &patched.body["tags"]), (200, &json!({"b": "2"})));
    let resources =
        lab.get(&format!("{SUB}/resources?{V}&$expand=createdTime,changedTime,provisioningState")).await;
    assert_eq!(resources.body["value"][0]["provisioningState"], "Succeeded");
    assert!(
        resources.body["value"][0]["properties"].is_null()
            && resources.body["value"][0]["createdTime"].is_string()
    );
    let filter =
        "$filter=resourceType%20eq%20'microsoft.network/routetables'%20and%20resourceGroup%20eq%20'G'";
    assert_eq!(lab.get(&format!("{SUB}/resources?{V}&{filter}")).await.names(), ["rt"]);
    assert_eq!(lab.get(&format!("{SUB}/providers/Microsoft.Network/routeTables?{V}")).await.names(), ["rt"]);
    assert_eq!(lab.get(&format!("{group}/resources?{V}")).await.names(), ["rt"]);
    assert_eq!(lab.delete(&path).await.status, 200);
    assert_eq!(lab.delete(&path).await.status, 204);
    assert_eq!(lab.get(&path).await.code(), "ResourceNotFound");
    let nowhere = lab.storage(&format!("{SUB}/resourceGroups/none"), "aaa", "westeurope").await;
    assert_eq!((nowhere.status, nowhere.code()), (404, "ResourceGroupNotFound"));
    let unknown = lab.put(&format!("{group}/providers/Nobody.Nothing/things/a?{V}"), json!({})).await;
    assert_eq!((unknown.status, unknown.code()), (404, "InvalidResourceNamespace"));
}

#[tokio::test]
async fn parts_of_a_resource_show_in_the_whole() {
    let lab = Lab::new();
    let group = lab.group("g").await;
    let nsg = format!("{group}/providers/Microsoft.Network/networkSecurityGroups/n");
    let made = lab.put(&format!("{nsg}?{V}"), json!({"location": "westeurope"})).await;
    assert_eq!(made.body["properties"]["securityRules"], json!([]));
    assert_eq!(made.body["properties"]["defaultSecurityRules"].as_array().unwrap().len(), 6);
    let rule =
        json!({"properties": {"priority": 100, "access": "Deny", "direction": "Inbound", "protocol": "Tcp"}});
    assert_eq!(lab.put(&format!("{nsg}/securityRules/ssh?{V}"), rule).await.status, 201);
    assert_eq!(lab.get(&format!("{nsg}/securityRules?{V}")).await.names(), ["ssh"]);
    assert_eq!(lab.get(&format!("{nsg}?{V}")).await.body["properties"]["securityRules"][0]["name"], "ssh");
    assert_eq!(lab.get(&format!("{nsg}/securityRules/SSH?{V}")).await.body["properties"]["access"], "Deny");
    assert_eq!(lab.delete(&format!("{nsg}/securityRules/ssh?{V}")).await.status, 200);
    assert_eq!(lab.get(&format!("{nsg}/securityRules/ssh?{V}")).await.code(), "ResourceNotFound");
    let orphan = lab
        .put(
            &format!("{group}/providers/Microsoft.Sql/servers/s/databases/d?{V}"),
            json!({"location": "westeurope"}),
        )
        .await;
    assert_eq!((orphan.status, orphan.code()), (404, "ParentResourceNotFound"));
}

#[tokio::test]
async fn lists_come_in_pages() {
    let lab = Lab::new();
    let group = lab.group("g").await;
    for name in ["aaa", "bbb", "ccc", "ddd", "eee"] {
        assert_eq!(lab.storage(&group, name, "westeurope").await.status, 200);
    }
    let mut path = format!("{group}/resources?{V}&$top=2");
    let mut pages = Vec::new();
    loop {
        let page = lab.get(&path).await;
        pages.push(page.names().iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        match page.body["nextLink"].as_str() {
            Some(link) => path = link.strip_prefix("https://localhost:8443").unwrap().to_owned(),
            None => break,
        }
    }
    assert_eq!(pages, [vec!["aaa", "bbb"], vec!["ccc", "ddd"], vec!["eee"]]);
}

#[tokio::test]
async fn locks_stand_in_the_way() {
    let lab = Lab::new();
    let group = lab.group("g").await;
    lab.storage(&group, "aaa", "westeurope").await;
    let account = format!("{group}/providers/Microsoft.Storage/storageAccounts/aaa");
    let lock = format!("{account}/providers/Microsoft.Authorization/locks/l?{V}");
    assert_eq!(lab.put(&lock, json!({"properties": {"level": "CanNotDelete"}})).await.status, 201);
    for path in [&account, &group] {
        let refused = lab.delete(&format!("{path}?{V}")).await;
        assert_eq!((refused.status, refused.code()), (409, "ScopeLocked"));
    }
    assert_eq!(
        lab.get(&format!("{account}/providers/Microsoft.Authorization/locks?{V}")).await.names(),
        ["l"]
    );
    assert_eq!(lab.delete(&lock).await.status, 200);
    assert_eq!(lab.delete(&format!("{account}?{V}")).await.status, 200);
}

#[tokio::test]
async fn preconditions_hold_or_refuse() {
    let lab = Lab::new();
    let group = lab.group("g").await;
    lab.storage(&group, "aaa", "westeurope").await;
    let path = format!("{group}/providers/Microsoft.Storage/storageAccounts/aaa?{V}");
    let etag = lab.get(&path).await.headers["etag"].clone();
    let change = |etag: axum::http::HeaderValue, tag: &str| {
        axum::http::Request::put(&path)
            .header("authorization", "Bearer admin")
            .header("if-match", etag)
            .body(axum::body::Body::from(json!({"location": "westeurope", "tags": {"t": tag}}).to_string()))
            .unwrap()
    };
    assert_eq!(lab.deliver(change(etag.clone(), "1")).await.status, 200);
    let stale = lab.deliver(change(etag, "2")).await;
    assert_eq!((stale.status, stale.code()), (412, "PreconditionFailed"));
}

#[tokio::test]
async fn the_activity_log_tells_who_did_what() {
    let lab = Lab::new();
    let group = lab.group("g").await;
    lab.storage(&group, "aaa", "westeurope").await;
    lab.send("reader", "DELETE", &format!("{group}?{V}"), None).await;
    let filter = "$filter=eventTimestamp%20ge%20'2026-03-01T00:00:00'%20and%20resourceGroupName%20eq%20'g'";
    let path = format!(
        "{SUB}/providers/Microsoft.Insights/eventtypes/management/values?api-version=2015-04-01&{filter}"
    );
    let events = lab.get(&path).await;
    let of = |operation: &str| {
        let found = events.body["value"]
            .as_array()
            .unwrap()
            .iter()
            .find(|event| event["operationName"]["value"] == operation);
        found.cloned().unwrap_or_default()
    };
    let write = of("Microsoft.Storage/storageAccounts/write");
    assert_eq!(
        (&write["status"]["value"], &write["caller"]),
        (&json!("Succeeded"), &json!("admin@contoso.test"))
    );
    assert!(write["correlationId"].is_string() && write["eventTimestamp"].is_string());
    let refused = of("Microsoft.Resources/subscriptions/resourceGroups/delete");
    assert_eq!(
        (&refused["status"]["value"], &refused["caller"]),
        (&json!("Failed"), &json!("reader@contoso.test"))
    );
    assert_eq!(
        lab.get(&format!("{SUB}/providers/Microsoft.Insights/eventtypes/management/values?{V}")).await.status,
        400
    );
    assert_eq!(lab.get(&format!("/providers/Microsoft.Insights/eventcategories?{V}")).await.status, 200);
}

#[tokio::test]
async fn resources_move_between_groups_and_are_exported() {
    let lab = Lab::new();
    let (from, to) = (lab.group("from").await, lab.group("to").await);
    lab.storage(&from, "aaa", "westeurope").await;
    let account = format!("{from}/providers/Microsoft.Storage/storageAccounts/aaa");
    let body = json!({"resources": [account], "targetResourceGroup": to});
    assert_eq!(lab.post(&format!("{from}/validateMoveResources?{V}"), body.clone()).await.status, 204);
    assert_eq!(lab.post(&format!("{from}/moveResources?{V}"), body).await.status, 204);
    assert_eq!(lab.get(&format!("{account}?{V}")).await.status, 404);
    let moved = lab.get(&format!("{to}/providers/Microsoft.Storage/storageAccounts/aaa?{V}")).await;
    assert!(moved.body["id"].as_str().unwrap().contains("/resourceGroups/to/"));
    let template = lab.post(&format!("{to}/exportTemplate?{V}"), json!({"resources": ["*"]})).await;
    assert_eq!(template.body["template"]["resources"][0]["name"], "aaa");
}

#[tokio::test]
async fn versions_are_needed_and_are_dates() {
    let lab = Lab::new();
    assert_eq!(lab.get("/subscriptions").await.code(), "MissingApiVersionParameter");
    for version in ["x", "2010-01-01", "2099-01-01", "2024-01-01-final"] {
        let refused = lab.get(&format!("{SUB}/resourcegroups?api-version={version}")).await;
        assert_eq!((refused.status, refused.code()), (400, "InvalidApiVersionParameter"), "{version}");
    }
    assert_eq!(lab.get(&format!("{SUB}/resourcegroups?api%2Dversion=2021-04-01-preview")).await.status, 200);
}
