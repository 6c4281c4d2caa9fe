//! No route without a right: whoever holds nothing is refused everywhere but where Azure answers everybody.

use serde_json::json;

use crate::lab::{Lab, SUB, SUBSCRIPTION, TENANT, V};

/// Routes that everybody who is signed in may ask, as in Azure. The list may only shrink.
const FOR_EVERYBODY: &[&str] = &[
    "GET /tenants",
    "GET /subscriptions",
    "GET /providers",
    "GET /providers/{namespace}",
    "GET /providers/Microsoft.Insights/eventcategories",
    "GET /providers/Microsoft.Authorization/policyDefinitions",
    "GET /providers/Microsoft.Authorization/policyDefinitions/{name}",
    "GET /providers/Microsoft.Authorization/policySetDefinitions",
    "GET /providers/Microsoft.Authorization/policySetDefinitions/{name}",
    "GET /providers/Microsoft.Authorization/roleDefinitions",
    "GET /providers/Microsoft.Authorization/roleDefinitions/{name}",
    "GET /providers/Microsoft.PolicyInsights/policyMetadata",
    "GET /providers/Microsoft.Security/secureScoreControlDefinitions",
    "POST /providers/Microsoft.Resources/calculateTemplateHash",
    "PUT /providers/Microsoft.Management/managementGroups/{managementGroup}",
    "POST /providers/Microsoft.Management/getEntities",
    "POST /providers/Microsoft.Management/checkNameAvailability",
    "POST /providers/Microsoft.Management/tenantBackfillStatus",
    "POST /providers/Microsoft.Management/startTenantBackfill",
];

/// A path that fits a pattern.
pub(crate) fn sample(pattern: &str) -> String {
    let filled: Vec<String> = pattern
        .split('/')
        .map(|segment| match segment {
            "{scope}" => format!("{}/resourceGroups/g", SUB.trim_start_matches('/')),
            "{subscription}" | "{member}" => SUBSCRIPTION.to_owned(),
            "{group}" => "g".to_owned(),
            "{namespace}" => "Microsoft.Storage".to_owned(),
            "{managementGroup}" => TENANT.to_owned(),
            "{location}" => "westeurope".to_owned(),
            other if other.starts_with('{') => "sample".to_owned(),
            other => other.to_owned(),
        })
        .collect();
    let path = filled.join("/");
    if path.starts_with('/') { path } else { format!("/{path}") }
}

#[tokio::test]
async fn every_route_is_refused_to_those_who_hold_nothing() {
    let lab = Lab::new();
    lab.group("g").await;
    for name in azimuth_api::arm::route_names() {
        let (method, pattern) = name.split_once(' ').unwrap();
        let mut path = format!("{}?{V}", sample(pattern));
        if name == "PUT /providers/Microsoft.Management/managementGroups/{managementGroup}" {
            // Below the root everybody may create a group; changing one is refused.
            path = path.replace(TENANT, "new");
        }
        let body = (!matches!(method, "GET" | "HEAD")).then(|| json!({}));
        let without = lab.send("", method, &path, body.clone()).await;
        assert_eq!(without.status, 401, "{name}: without a token");
        let refused = lab.send("nobody", method, &path, body).await;
        if FOR_EVERYBODY.contains(&name.as_str()) {
            assert_ne!(refused.status, 403, "{name} is in the list and refused");
        } else {
            assert_eq!(refused.status, 403, "{name}: {:?}", refused.body);
        }
    }
    for known in FOR_EVERYBODY {
        assert!(azimuth_api::arm::route_names().iter().any(|name| name == known), "{known} is no route");
    }
}

#[tokio::test]
async fn resources_without_a_route_of_their_own_are_refused_too() {
    let lab = Lab::new();
    let group = lab.group("g").await;
    lab.storage(&group, "aaa", "westeurope").await;
    let path = format!("{group}/providers/Microsoft.Storage/storageAccounts/aaa?{V}");
    for method in ["GET", "PUT", "PATCH", "DELETE"] {
        let refused = lab.send("nobody", method, &path, Some(json!({}))).await;
        assert_eq!((refused.status, refused.code()), (403, "AuthorizationFailed"), "{method}");
        assert!(
            refused.body["error"]["message"].as_str().unwrap().contains("Microsoft.Storage/storageAccounts/")
        );
    }
    for method in ["PUT", "PATCH", "DELETE"] {
        assert_eq!(lab.send("reader", method, &path, Some(json!({}))).await.status, 403, "{method}");
    }
    assert_eq!(lab.send("reader", "GET", &path, None).await.status, 200);
    let list = format!("{group}/providers/Microsoft.Storage/storageAccounts?{V}");
    assert_eq!(lab.send("nobody", "GET", &list, None).await.status, 403);
    let keys = format!("{group}/providers/Microsoft.Storage/storageAccounts/aaa/listKeys?{V}");
    assert_eq!(lab.send("reader", "POST", &keys, None).await.status, 403);
    assert_eq!(lab.post(&keys, json!({})).await.status, 501);
}

#[tokio::test]
async fn tokens_that_do_not_count_are_told_why() {
    let lab = Lab::new();
    let path = format!("/subscriptions?{V}");
    for (token, code) in [
        ("", "AuthenticationFailed"),
        ("expired", "ExpiredAuthenticationToken"),
        ("x", "InvalidAuthenticationToken"),
    ] {
        let refused = lab.send(token, "GET", &path, None).await;
        assert_eq!((refused.status, refused.code()), (401, code));
        assert!(
            refused.headers["www-authenticate"].to_str().unwrap().starts_with("Bearer authorization_uri=")
        );
    }
}

#[tokio::test]
async fn whoever_holds_a_part_sees_that_part() {
    let lab = Lab::new();
    let (one, two) = (lab.group("one").await, lab.group("two").await);
    lab.storage(&one, "aaa", "westeurope").await;
    lab.storage(&two, "bbb", "westeurope").await;
    let grant = crate::lab::assignment(
        crate::lab::NOBODY,
        crate::lab::READER_ROLE,
        &one,
        "00000000-0000-4000-8000-000000000009",
    );
    lab.documents.commit("test", vec![grant]).unwrap();
    assert_eq!(lab.send("nobody", "GET", &format!("{SUB}/resourcegroups?{V}"), None).await.names(), ["one"]);
    assert_eq!(lab.send("nobody", "GET", &format!("{SUB}/resources?{V}"), None).await.names(), ["aaa"]);
    assert_eq!(lab.send("nobody", "GET", &format!("{two}?{V}"), None).await.status, 403);
    assert_eq!(
        lab.send("nobody", "GET", &format!("/subscriptions?{V}"), None).await.body["count"]["value"],
        1
    );
}
