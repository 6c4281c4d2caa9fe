//! Microsoft Graph.

use serde_json::{Value, json};

use crate::lab::{ADMIN, Lab, NOBODY, READER, TENANT};

async fn make(lab: &Lab, path: &str, body: Value) -> Value {
    let made = lab.post(path, body).await;
    assert_eq!(made.status, 201, "{path}: {:?}", made.body);
    made.body
}

fn user(name: &str) -> Value {
    json!({"accountEnabled": true, "displayName": format!("Kit {name}"), "mailNickname": name, "userPrincipalName": format!("{name}@contoso.test"), "passwordProfile": {"password": "Kq7!kitkitkit"}})
}

#[tokio::test]
async fn a_user_lives_and_dies() {
    let lab = Lab::new();
    let made = make(&lab, "/v1.0/users", user("kit")).await;
    let id = made["id"].as_str().unwrap();
    assert!(!made.to_string().contains("Kq7!"), "passwords are kept elsewhere");
    let shown = lab.get("/v1.0/users/KIT@contoso.test").await;
    assert_eq!((&shown.body["id"], &shown.body["accountEnabled"]), (&made["id"], &Value::Null));
    assert!(shown.body["@odata.context"].as_str().unwrap().ends_with("#users/$entity"));
    let filter = "/v1.0/users?$filter=userPrincipalName%20eq%20'kit@contoso.test'&$select=id,accountEnabled&$count=true";
    let found = lab.get(filter).await;
    assert_eq!(found.body["value"], json!([{"id": id, "accountEnabled": true}]));
    assert_eq!(found.body["@odata.count"], 1);
    let twin = lab.post("/v1.0/users", user("kit")).await;
    assert_eq!((twin.status, twin.code()), (400, "Request_BadRequest"));
    let mut foreign = user("kit2");
    foreign["userPrincipalName"] = json!("kit2@elsewhere.test");
    assert_eq!(lab.post("/v1.0/users", foreign).await.status, 400);
    let patched = lab
        .send("admin", "PATCH", &format!("/v1.0/users/{id}"), Some(json!({"displayName": "Renamed"})))
        .await;
    assert_eq!(patched.status, 204);
    assert_eq!(lab.get(&format!("/beta/users/{id}")).await.body["displayName"], "Renamed");
    assert_eq!(lab.delete(&format!("/v1.0/users/{id}")).await.status, 204);
    let gone = lab.get(&format!("/v1.0/users/{id}")).await;
    assert_eq!((gone.status, gone.code()), (404, "Request_ResourceNotFound"));
    assert!(gone.body["error"]["innerError"]["request-id"].is_string());
    let audits =
        lab.get("/v1.0/auditLogs/directoryAudits?$filter=activityDisplayName%20eq%20'Delete%20user'").await;
    assert_eq!(audits.body["value"][0]["targetResources"][0]["id"], id);
}

#[tokio::test]
async fn groups_have_members_who_have_groups() {
    let lab = Lab::new();
    let group = |name: &str| json!({"displayName": name, "mailEnabled": false, "mailNickname": name, "securityEnabled": true});
    let inner = make(&lab, "/v1.0/groups", group("inner")).await["id"].as_str().unwrap().to_owned();
    let outer = make(&lab, "/v1.0/groups", group("outer")).await["id"].as_str().unwrap().to_owned();
    let reference =
        |id: &str| json!({"@odata.id": format!("https://localhost:8443/v1.0/directoryObjects/{id}")});
    assert_eq!(lab.post(&format!("/v1.0/groups/{inner}/members/$ref"), reference(READER)).await.status, 204);
    assert_eq!(lab.post(&format!("/v1.0/groups/{outer}/members/$ref"), reference(&inner)).await.status, 204);
    assert_eq!(lab.post(&format!("/v1.0/groups/{inner}/members/$ref"), reference(READER)).await.status, 400);
    let members = lab.get(&format!("/v1.0/groups/{inner}/members")).await;
    assert_eq!(
        (&members.body["value"][0]["id"], &members.body["value"][0]["@odata.type"]),
        (&json!(READER), &json!("#microsoft.graph.user"))
    );
    let all = lab.get(&format!("/v1.0/groups/{outer}/transitiveMembers")).await;
    assert!(all.body["value"].as_array().unwrap().iter().any(|member| member["id"] == READER));
    let above = lab.get(&format!("/v1.0/users/{READER}/transitiveMemberOf")).await;
    assert_eq!(above.body["value"].as_array().unwrap().len(), 2);
    let direct = lab.get(&format!("/v1.0/users/{READER}/memberOf")).await;
    assert_eq!(direct.body["value"][0]["id"], inner.as_str());
    let check = lab
        .post(
            &format!("/v1.0/directoryObjects/{READER}/checkMemberGroups"),
            json!({"groupIds": [outer, NOBODY]}),
        )
        .await;
    assert_eq!(check.body["value"], json!([outer]));
    let expanded = lab.get(&format!("/v1.0/groups/{inner}?$expand=members")).await;
    assert_eq!(expanded.body["members"][0]["id"], READER);
    let found = lab
        .post("/v1.0/directoryObjects/getByIds", json!({"ids": [READER, inner], "types": ["group"]}))
        .await;
    assert_eq!(found.body["value"].as_array().unwrap().len(), 1);
    assert_eq!(lab.delete(&format!("/v1.0/groups/{inner}/members/{READER}/$ref")).await.status, 204);
    assert_eq!(lab.get(&format!("/v1.0/groups/{inner}/members")).await.body["value"], json!([]));
    assert_eq!(lab.delete(&format!("/v1.0/groups/{inner}")).await.status, 204);
    assert_eq!(
        lab.get(&format!("/v1.0/groups/{outer}/members")).await.body["value"],
        json!([]),
        "links to it are gone too"
    );
}

#[tokio::test]
async fn applications_have_principals_and_secrets() {
    let lab = Lab::new();
    let app = make(&lab, "/v1.0/applications", json!({"displayName": "kit"})).await;
    let (id, app_id) = (app["id"].as_str().unwrap(), app["appId"].as_str().unwrap());
    assert_eq!((&app["passwordCredentials"], &app["keyCredentials"]), (&json!([]), &json!([])));
    let secret = lab
        .post(
            &format!("/v1.0/applications/{id}/addPassword"),
            json!({"passwordCredential": {"displayName": "rbac"}}),
        )
        .await;
    let text = secret.body["secretText"].as_str().unwrap();
    assert!(text.len() > 30);
    let stored = lab.get(&format!("/v1.0/applications/{id}")).await;
    assert_eq!(stored.body["passwordCredentials"][0]["keyId"], secret.body["keyId"]);
    assert!(!stored.body.to_string().contains(text), "a secret is shown once");
    let principal = make(&lab, "/v1.0/servicePrincipals", json!({"appId": app_id})).await;
    assert_eq!(
        (&principal["displayName"], &principal["servicePrincipalType"]),
        (&json!("kit"), &json!("Application"))
    );
    assert_eq!(lab.post("/v1.0/servicePrincipals", json!({"appId": app_id})).await.status, 409);
    let by_key = lab.get(&format!("/v1.0/servicePrincipals(appId='{app_id}')")).await;
    assert_eq!(by_key.body["id"], principal["id"]);
    let by_name = lab
        .get(&format!("/v1.0/servicePrincipals?$filter=servicePrincipalNames/any(c:c%20eq%20'{app_id}')"))
        .await;
    assert_eq!(by_name.body["value"].as_array().unwrap().len(), 1);
    assert_eq!(
        lab.post(&format!("/v1.0/applications/{id}/removePassword"), json!({"keyId": secret.body["keyId"]}))
            .await
            .status,
        204
    );
    assert_eq!(
        lab.post(&format!("/v1.0/applications/{id}/removePassword"), json!({"keyId": "x"})).await.status,
        400
    );
}

#[tokio::test]
async fn conditional_access_is_kept_and_checked() {
    let lab = Lab::new();
    let path = "/v1.0/identity/conditionalAccess/policies";
    let body = json!({"displayName": "MFA", "state": "enabledForReportingButNotEnforced", "conditions": {"users": {"includeUsers": ["All"]}, "applications": {"includeApplications": ["All"]}}, "grantControls": {"operator": "OR", "builtInControls": ["mfa"]}});
    let policy = make(&lab, path, body.clone()).await;
    let one = format!("{path}/{}", policy["id"].as_str().unwrap());
    assert_eq!(policy["conditions"]["clientAppTypes"], json!(["all"]));
    assert_eq!(lab.send("admin", "PATCH", &one, Some(json!({"state": "disabled"}))).await.status, 204);
    assert_eq!(lab.get(&one).await.body["state"], "disabled");
    assert_eq!(lab.get(path).await.body["value"].as_array().unwrap().len(), 1);
    assert_eq!(lab.send("admin", "PATCH", &one, Some(json!({"state": "on"}))).await.status, 400);
    let refused = lab.send("reader", "GET", path, None).await;
    assert_eq!((refused.status, refused.code()), (403, "Authorization_RequestDenied"));
    let location = json!({"@odata.type": "#microsoft.graph.ipNamedLocation", "displayName": "office", "ipRanges": [{"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": "203.0.113.0/24"}]});
    let made = make(&lab, "/v1.0/identity/conditionalAccess/namedLocations", location).await;
    assert_eq!(
        (&made["@odata.type"], &made["isTrusted"]),
        (&json!("#microsoft.graph.ipNamedLocation"), &json!(false))
    );
    assert_eq!(
        lab.post("/v1.0/identity/conditionalAccess/namedLocations", json!({"displayName": "x"})).await.status,
        400
    );
    assert_eq!(lab.delete(&one).await.status, 204);
    let defaults = "/v1.0/policies/identitySecurityDefaultsEnforcementPolicy";
    assert_eq!(lab.get(defaults).await.body["isEnabled"], false);
    assert_eq!(lab.send("admin", "PATCH", defaults, Some(json!({"isEnabled": true}))).await.status, 204);
    assert_eq!(lab.get(defaults).await.body["isEnabled"], true);
    assert_eq!(lab.post("/beta/identity/conditionalAccess/evaluate", json!({})).await.status, 501);
}

/// One path of each collection, to be refused: paths that everybody of the tenant may read come with a method that writes.
const DENIED: &[(&str, &str)] = &[
    ("POST", "users"),
    ("POST", "groups"),
    ("POST", "applications"),
    ("POST", "servicePrincipals"),
    ("POST", "directoryRoles"),
    ("POST", "devices"),
    ("POST", "administrativeUnits"),
    ("POST", "organization"),
    ("POST", "oauth2PermissionGrants"),
    ("GET", "identity/conditionalAccess/policies"),
    ("POST", "identity/conditionalAccess/policies"),
    ("GET", "identity/conditionalAccess/namedLocations"),
    ("POST", "identity/conditionalAccess/authenticationContextClassReferences"),
    ("POST", "policies/authenticationStrengthPolicies"),
    ("POST", "roleManagement/directory/roleDefinitions"),
    ("POST", "roleManagement/directory/roleAssignments"),
    ("GET", "identityProtection/riskyUsers"),
    ("GET", "identityProtection/riskDetections"),
    ("GET", "auditLogs/signIns"),
    ("GET", "auditLogs/directoryAudits"),
    ("GET", "reports/authenticationMethods/userRegistrationDetails"),
    ("GET", "security/secureScores"),
    ("GET", "security/secureScoreControlProfiles"),
    ("GET", "security/alerts_v2"),
    ("GET", "security/incidents"),
    ("PATCH", "policies/identitySecurityDefaultsEnforcementPolicy"),
    ("PATCH", "policies/authenticationMethodsPolicy"),
    ("PATCH", "policies/authorizationPolicy"),
];

#[tokio::test]
async fn whoever_holds_no_role_changes_nothing() {
    let lab = Lab::new();
    for (method, path) in DENIED {
        let body = (*method != "GET").then(|| json!({}));
        let refused = lab.send("nobody", method, &format!("/v1.0/{path}"), body.clone()).await;
        assert_eq!((refused.status, refused.code()), (403, "Authorization_RequestDenied"), "{method} {path}");
        let without = lab.send("", method, &format!("/v1.0/{path}"), body).await;
        assert_eq!((without.status, without.code()), (401, "InvalidAuthenticationToken"), "{method} {path}");
        if *method == "GET" {
            assert_eq!(lab.get(&format!("/v1.0/{path}")).await.status, 200, "{path}");
        }
    }
    for name in azimuth_api::graph::collections() {
        assert!(DENIED.iter().any(|(_, path)| *path == name), "{name} is not among the denied cases");
    }
    assert_eq!(lab.send("nobody", "DELETE", &format!("/v1.0/users/{ADMIN}"), None).await.status, 403);
    assert_eq!(
        lab.send("nobody", "GET", "/v1.0/users", None).await.status,
        200,
        "everybody reads the directory"
    );
}

#[tokio::test]
async fn a_directory_role_gives_its_rights() {
    let lab = Lab::new();
    let user_administrator = "fe930be7-5e62-47db-91af-98c3a49a38b1";
    assert_eq!(lab.send("reader", "POST", "/v1.0/users", Some(user("kit"))).await.status, 403);
    make(
        &lab,
        "/v1.0/roleManagement/directory/roleAssignments",
        json!({"principalId": READER, "roleDefinitionId": user_administrator, "directoryScopeId": "/"}),
    )
    .await;
    assert_eq!(lab.send("reader", "POST", "/v1.0/users", Some(user("kit"))).await.status, 201);
    assert_eq!(
        lab.send("reader", "POST", "/v1.0/applications", Some(json!({"displayName": "x"}))).await.status,
        403
    );
    let role =
        make(&lab, "/v1.0/directoryRoles", json!({"roleTemplateId": "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3"}))
            .await;
    let reference = json!({"@odata.id": format!("https://localhost:8443/v1.0/directoryObjects/{READER}")});
    assert_eq!(
        lab.post(&format!("/v1.0/directoryRoles/{}/members/$ref", role["id"].as_str().unwrap()), reference)
            .await
            .status,
        204
    );
    assert_eq!(
        lab.send("reader", "POST", "/v1.0/applications", Some(json!({"displayName": "x"}))).await.status,
        201
    );
    let roles = lab.get("/v1.0/roleManagement/directory/roleDefinitions").await;
    assert!(
        roles.body["value"]
            .as_array()
            .unwrap()
            .iter()
            .any(|role| role["displayName"] == "Global Administrator")
    );
}

#[tokio::test]
async fn lists_are_searched_counted_ordered_and_paged() {
    let lab = Lab::new();
    for name in ["anna", "berta", "carla"] {
        make(&lab, "/v1.0/users", user(name)).await;
    }
    let search = axum::http::Request::get("/v1.0/users?$search=%22displayName:berta%22&$count=true")
        .header("authorization", "Bearer admin")
        .header("consistencylevel", "eventual")
        .body(axum::body::Body::empty())
        .unwrap();
    assert_eq!(lab.deliver(search).await.body["@odata.count"], 1);
    assert_eq!(lab.get("/v1.0/users?$search=%22berta%22").await.status, 400, "the header is missing");
    assert_eq!(lab.get("/v1.0/users/$count").await.body, json!(6));
    let mut path = "/v1.0/users?$top=4&$orderby=displayName%20desc&$select=displayName".to_owned();
    let mut names = Vec::new();
    loop {
        let page = lab.get(&path).await;
        names.extend(
            page.body["value"]
                .as_array()
                .unwrap()
                .iter()
                .map(|user| user["displayName"].as_str().unwrap().to_owned()),
        );
        match page.body["@odata.nextLink"].as_str() {
            Some(link) => path = link.strip_prefix("https://localhost:8443").unwrap().to_owned(),
            None => break,
        }
    }
    assert_eq!(names, ["reader", "nobody", "Kit carla", "Kit berta", "Kit anna", "Ada Admin"]);
    assert_eq!(lab.get("/v1.0/users?$filter=a%20b").await.status, 400);
    assert_eq!(lab.get("/v1.0/nothing").await.status, 400);
}

#[tokio::test]
async fn oneself_the_organisation_and_changes_are_told() {
    let lab = Lab::new();
    assert_eq!(lab.send("reader", "GET", "/v1.0/me", None).await.body["id"], READER);
    let organisation = lab.get("/v1.0/organization").await;
    assert_eq!(
        (
            &organisation.body["value"][0]["id"],
            &organisation.body["value"][0]["verifiedDomains"][0]["isDefault"]
        ),
        (&json!(TENANT), &json!(true))
    );
    assert_eq!(lab.get("/v1.0/domains").await.body["value"][0]["id"], "contoso.test");
    assert!(lab.get("/v1.0/directoryRoleTemplates").await.body["value"].as_array().unwrap().len() > 5);
    let first = lab.get("/v1.0/users/delta").await;
    assert_eq!(first.body["value"].as_array().unwrap().len(), 3);
    let link = first.body["@odata.deltaLink"]
        .as_str()
        .unwrap()
        .strip_prefix("https://localhost:8443")
        .unwrap()
        .to_owned();
    let made = make(&lab, "/v1.0/users", user("kit")).await;
    lab.delete(&format!("/v1.0/users/{NOBODY}")).await;
    let second = lab.get(&link).await;
    let changes = second.body["value"].as_array().unwrap();
    assert!(changes.iter().any(|change| change["id"] == made["id"]));
    assert!(changes.iter().any(|change| change["id"] == NOBODY && change["@removed"]["reason"] == "deleted"));
    let batch = lab.post("/v1.0/$batch", json!({"requests": [{"id": "1", "method": "GET", "url": "/me"}, {"id": "2", "method": "GET", "url": "/users/none"}]})).await;
    assert_eq!(
        (&batch.body["responses"][0]["status"], &batch.body["responses"][1]["status"]),
        (&json!(200), &json!(404))
    );
}
