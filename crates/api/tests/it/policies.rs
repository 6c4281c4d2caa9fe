//! Policy objects, and what policies do to requests.

use serde_json::{Value, json};

use crate::lab::{Lab, SUB, V};

const ALLOWED_LOCATIONS: &str =
    "/providers/Microsoft.Authorization/policyDefinitions/e56962a6-4747-49cd-b67b-bf8b01975c4c";

/// A definition of this effect and details over storage accounts outside of westeurope.
async fn define(lab: &Lab, name: &str, then: Value) -> String {
    let id = format!("{SUB}/providers/Microsoft.Authorization/policyDefinitions/{name}");
    let rule = json!({"if": {"allOf": [{"field": "type", "equals": "Microsoft.Storage/storageAccounts"}, {"field": "location", "notEquals": "westeurope"}]}, "then": then});
    let made = lab
        .put(
            &format!("{id}?{V}"),
            json!({"properties": {"mode": "Indexed", "displayName": name, "policyRule": rule}}),
        )
        .await;
    assert_eq!(made.status, 201, "{:?}", made.body);
    id
}

async fn assign(lab: &Lab, scope: &str, name: &str, definition: &str, parameters: Value) -> String {
    let id = format!("{scope}/providers/Microsoft.Authorization/policyAssignments/{name}");
    let made = lab
        .put(
            &format!("{id}?{V}"),
            json!({"properties": {"policyDefinitionId": definition, "parameters": parameters}}),
        )
        .await;
    assert_eq!(made.status, 201, "{:?}", made.body);
    id
}

#[tokio::test]
async fn a_denied_write_is_refused_with_its_reason() {
    let lab = Lab::new();
    let group = lab.group("g").await;
    assign(
        &lab,
        &group,
        "only",
        ALLOWED_LOCATIONS,
        json!({"listOfAllowedLocations": {"value": ["westeurope"]}}),
    )
    .await;
    let refused = lab.storage(&group, "aaa", "northeurope").await;
    assert_eq!((refused.status, refused.code()), (403, "RequestDisallowedByPolicy"));
    assert_eq!(refused.body["error"]["target"], "aaa");
    let info = &refused.body["error"]["additionalInfo"][0]["info"];
    assert_eq!(
        (&info["policyAssignmentName"], &info["policyDefinitionEffect"]),
        (&json!("only"), &json!("Deny"))
    );
    assert_eq!(info["evaluationDetails"]["evaluatedExpressions"][0]["expressionValue"], "northeurope");
    assert_eq!(
        lab.get(&format!("{group}/providers/Microsoft.Storage/storageAccounts/aaa?{V}")).await.status,
        404
    );
    assert_eq!(lab.storage(&group, "aaa", "westeurope").await.status, 200);
}

#[tokio::test]
async fn modify_and_append_change_the_document() {
    let lab = Lab::new();
    let group = lab.group("g").await;
    let contributor =
        "/providers/Microsoft.Authorization/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c";
    let modify = json!({"effect": "modify", "details": {"roleDefinitionIds": [contributor], "operations": [{"operation": "addOrReplace", "field": "tags['where']", "value": "outside"}]}});
    let definition = define(&lab, "tagged", modify).await;
    assign(&lab, SUB, "tagged", &definition, json!({})).await;
    let made = lab.storage(&group, "aaa", "northeurope").await;
    assert_eq!((made.status, &made.body["tags"]), (200, &json!({"where": "outside"})));
    let stored = lab.get(&format!("{group}/providers/Microsoft.Storage/storageAccounts/aaa?{V}")).await;
    assert_eq!(stored.body["tags"]["where"], "outside");
}

#[tokio::test]
async fn audit_is_seen_in_states_summaries_and_events() {
    let lab = Lab::new();
    let group = lab.group("g").await;
    let definition = define(&lab, "audited", json!({"effect": "audit"})).await;
    let assignment = assign(&lab, &group, "audited", &definition, json!({})).await;
    lab.storage(&group, "bad", "northeurope").await;
    lab.storage(&group, "good", "westeurope").await;
    let insights = format!("{group}/providers/Microsoft.PolicyInsights");
    assert_eq!(
        lab.post(&format!("{insights}/policyStates/latest/triggerEvaluation?{V}"), json!({})).await.status,
        200
    );
    let states = lab
        .post(&format!("{insights}/policyStates/latest/queryResults?{V}&$orderby=resourceId"), json!({}))
        .await;
    let state = |name: &str| {
        let rows = states.body["value"].as_array().unwrap();
        rows.iter()
            .find(|row| row["resourceId"].as_str().unwrap().ends_with(name))
            .cloned()
            .unwrap_or_default()
    };
    assert_eq!(state("/bad")["complianceState"], "NonCompliant");
    assert_eq!(
        (&state("/bad")["policyDefinitionAction"], &state("/bad")["resourceLocation"]),
        (&json!("audit"), &json!("northeurope"))
    );
    assert_eq!(state("/good")["complianceState"], "Compliant");
    let filtered = lab.post(&format!("{insights}/policyStates/latest/queryResults?{V}&$filter=complianceState%20eq%20'NonCompliant'&$select=resourceId"), json!({})).await;
    assert_eq!(filtered.body["@odata.count"], 1);
    let grouped = lab.post(&format!("{insights}/policyStates/latest/queryResults?{V}&$apply=groupby((complianceState),aggregate($count%20as%20n))"), json!({})).await;
    assert_eq!(
        grouped.body["value"],
        json!([{"complianceState": "Compliant", "n": 1}, {"complianceState": "NonCompliant", "n": 1}])
    );
    let summary = lab.post(&format!("{insights}/policyStates/latest/summarize?{V}"), json!({})).await;
    assert_eq!(summary.body["value"][0]["policyAssignments"][0]["results"]["nonCompliantResources"], 1);
    let events = lab.post(&format!("{insights}/policyEvents/default/queryResults?{V}"), json!({})).await;
    assert_eq!(events.body["@odata.count"], 1);
    let tracked =
        lab.post(&format!("{insights}/policyTrackedResources/default/queryResults?{V}"), json!({})).await;
    assert_eq!(tracked.body["value"], json!([]));
    let exemption = format!(
        "{group}/providers/Microsoft.Storage/storageAccounts/bad/providers/Microsoft.Authorization/policyExemptions/e?{V}"
    );
    let made = lab
        .put(
            &exemption,
            json!({"properties": {"policyAssignmentId": assignment, "exemptionCategory": "Waiver"}}),
        )
        .await;
    assert_eq!(made.status, 201, "{:?}", made.body);
    let after = lab
        .post(
            &format!(
                "{insights}/policyStates/latest/queryResults?{V}&$filter=complianceState%20eq%20'Exempt'"
            ),
            json!({}),
        )
        .await;
    assert_eq!(after.body["@odata.count"], 1);
    assert_eq!(lab.delete(&exemption).await.status, 200);
    assert_eq!(lab.get(&format!("/providers/Microsoft.PolicyInsights/policyMetadata?{V}")).await.status, 200);
}

#[tokio::test]
async fn a_resource_can_be_checked_before_it_is_written() {
    let lab = Lab::new();
    let group = lab.group("g").await;
    let definition = define(&lab, "denied", json!({"effect": "deny"})).await;
    assign(&lab, &group, "denied", &definition, json!({})).await;
    let body = json!({"resourceDetails": {"resourceContent": {"type": "Microsoft.Storage/storageAccounts", "name": "a", "location": "northeurope"}, "apiVersion": "2023-01-01"}});
    let checked = lab
        .post(&format!("{group}/providers/Microsoft.PolicyInsights/checkPolicyRestrictions?{V}"), body)
        .await;
    let evaluations = &checked.body["contentEvaluationResult"]["policyEvaluations"];
    assert_eq!(evaluations[0]["evaluationResult"], "NonCompliant");
    assert!(
        checked.body["fieldRestrictions"]
            .as_array()
            .unwrap()
            .iter()
            .any(|field| field["field"] == "location")
    );
}

#[tokio::test]
async fn definitions_are_checked_listed_and_kept_while_in_use() {
    let lab = Lab::new();
    let built_in = lab.get(&format!("{ALLOWED_LOCATIONS}?{V}")).await;
    assert_eq!(
        (&built_in.body["properties"]["displayName"], &built_in.body["properties"]["policyType"]),
        (&json!("Allowed locations"), &json!("BuiltIn"))
    );
    let id = define(&lab, "mine", json!({"effect": "audit"})).await;
    let list = format!(
        "{SUB}/providers/Microsoft.Authorization/policyDefinitions?{V}&$filter=policyType%20eq%20'Custom'"
    );
    assert_eq!(lab.get(&list).await.names(), ["mine"]);
    assert!(lab.get(&format!("/providers/Microsoft.Authorization/policyDefinitions?{V}&$top=5")).await.body["nextLink"].is_string());
    assert_eq!(lab.get(&format!("{id}/versions?{V}")).await.names(), ["1.0.0"]);
    assign(&lab, SUB, "mine", &id, json!({})).await;
    let used = lab.delete(&format!("{id}?{V}")).await;
    assert_eq!((used.status, used.code()), (400, "PolicyDefinitionInUse"));
    assert_eq!(
        lab.delete(&format!("{SUB}/providers/Microsoft.Authorization/policyAssignments/mine?{V}"))
            .await
            .status,
        200
    );
    assert_eq!(lab.delete(&format!("{id}?{V}")).await.status, 200);
    assert_eq!(lab.get(&format!("{id}?{V}")).await.code(), "PolicyDefinitionNotFound");
    let bad = lab.put(&format!("{id}?{V}"), json!({"properties": {"policyRule": {"if": {"field": "type", "sounds": "x"}, "then": {"effect": "deny"}}}})).await;
    assert_eq!((bad.status, bad.code()), (400, "InvalidPolicyRule"));
}

#[tokio::test]
async fn assignments_need_what_their_definition_needs() {
    let lab = Lab::new();
    let path = format!("{SUB}/providers/Microsoft.Authorization/policyAssignments/a?{V}");
    let of = |definition: &str, parameters: Value| json!({"properties": {"policyDefinitionId": definition, "parameters": parameters}});
    assert_eq!(
        lab.put(&path, of("/providers/Microsoft.Authorization/policyDefinitions/none", json!({})))
            .await
            .code(),
        "PolicyDefinitionNotFound"
    );
    assert_eq!(lab.put(&path, of(ALLOWED_LOCATIONS, json!({}))).await.code(), "MissingPolicyParameter");
    assert_eq!(
        lab.put(
            &path,
            of(ALLOWED_LOCATIONS, json!({"x": {"value": 1}, "listOfAllowedLocations": {"value": []}}))
        )
        .await
        .code(),
        "UndefinedPolicyParameter"
    );
    let mut with_identity =
        of(ALLOWED_LOCATIONS, json!({"listOfAllowedLocations": {"value": ["westeurope"]}}));
    with_identity["identity"] = json!({"type": "SystemAssigned"});
    assert_eq!(lab.put(&path, with_identity.clone()).await.code(), "InvalidPolicyAssignment");
    with_identity["location"] = json!("westeurope");
    let made = lab.put(&path, with_identity).await;
    assert!(made.body["identity"]["principalId"].is_string());
    let patched = lab.send("admin", "PATCH", &path, Some(json!({"properties": {"displayName": "x"}}))).await;
    assert_eq!((patched.status, &patched.body["identity"]), (200, &made.body["identity"]));
    let exact =
        format!("{SUB}/providers/Microsoft.Authorization/policyAssignments?{V}&$filter=atExactScope()");
    assert_eq!(lab.get(&exact).await.names(), ["a"]);
    let group = lab.group("g").await;
    assert_eq!(
        lab.get(&format!("{group}/providers/Microsoft.Authorization/policyAssignments?{V}")).await.names(),
        ["a"]
    );
}

#[tokio::test]
async fn initiatives_refer_to_definitions() {
    let lab = Lab::new();
    let path = format!("{SUB}/providers/Microsoft.Authorization/policySetDefinitions/s?{V}");
    let of = |id: &str| json!({"properties": {"parameters": {"where": {"type": "Array"}}, "policyDefinitions": [{"policyDefinitionId": id, "policyDefinitionReferenceId": "loc", "parameters": {"listOfAllowedLocations": {"value": "[parameters('where')]"}}}]}});
    let made = lab.put(&path, of(ALLOWED_LOCATIONS)).await;
    assert_eq!(
        (made.status, &made.body["properties"]["policyDefinitions"][0]["policyDefinitionReferenceId"]),
        (201, &json!("loc"))
    );
    assert_eq!(
        lab.put(&path, of("/providers/Microsoft.Authorization/policyDefinitions/none")).await.code(),
        "PolicyDefinitionNotFound"
    );
    let group = lab.group("g").await;
    assign(&lab, &group, "set", path.split('?').next().unwrap(), json!({"where": {"value": ["westeurope"]}}))
        .await;
    assert_eq!(lab.storage(&group, "aaa", "northeurope").await.code(), "RequestDisallowedByPolicy");
    assert_eq!(lab.get(&format!("{}/versions?{V}", path.split('?').next().unwrap())).await.status, 200);
    assert!(
        !lab.get(&format!("/providers/Microsoft.Authorization/policySetDefinitions?{V}"))
            .await
            .names()
            .is_empty()
    );
}
