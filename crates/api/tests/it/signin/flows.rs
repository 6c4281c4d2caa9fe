//! What works: every grant, as its clients ask.

use axum::http::StatusCode;
use azimuth_api::caller::CallerKind;
use azimuth_api::signin::Certificate;
use serde_json::{Value, json};

use super::*;

#[tokio::test]
async fn discovery_names_every_endpoint_and_unknown_tenants_are_refused() {
    let lab = Lab::new();
    for tenant in [TENANT, "organizations", "common", "Contoso.Example"] {
        let document = lab.get(&format!("/{tenant}/v2.0/.well-known/openid-configuration"), "").await.json();
        assert_eq!(document["issuer"], format!("{BASE}/{TENANT}/v2.0"), "{tenant}");
        assert_eq!(document["token_endpoint"], format!("{BASE}/{TENANT}/oauth2/v2.0/token"));
        assert_eq!(document["code_challenge_methods_supported"], json!(["S256"]));
    }
    let adfs = lab.get("/adfs/.well-known/openid-configuration", "").await.json();
    assert_eq!(adfs["token_endpoint"], format!("{BASE}/adfs/oauth2/token"));
    let keys = lab.get("/adfs/discovery/keys", "").await.json();
    assert_eq!(keys["keys"][0]["kty"], "RSA");
    assert_eq!(keys["keys"][0]["e"], "AQAB");
    let unknown =
        lab.get("/00000000-0000-0000-0000-000000000000/v2.0/.well-known/openid-configuration", "").await;
    assert_eq!((unknown.status, unknown.code()), (StatusCode::BAD_REQUEST, 90_002));
    assert_eq!(unknown.json()["error"], "invalid_tenant");
}

#[tokio::test]
async fn an_application_gets_a_token_with_its_secret() {
    let lab = Lab::new();
    let scope = format!("{BASE}//.default");
    let fields = [
        ("client_id", APP),
        ("client_secret", SECRET),
        ("grant_type", "client_credentials"),
        ("scope", scope.as_str()),
        ("claims", r#"{"access_token":{"xms_cc":{"values":["CP1"]}}}"#),
    ];
    let answer = lab.token(&fields).await.json();
    assert_eq!(answer["token_type"], "Bearer");
    assert!(answer.get("refresh_token").is_none() && answer.get("id_token").is_none());
    let token = answer["access_token"].as_str().unwrap();
    let claims = claims(token);
    assert_eq!(claims["aud"], format!("{BASE}/"));
    assert_eq!((claims["appid"].as_str(), claims["idtyp"].as_str()), (Some(APP), Some("app")));
    assert_eq!(claims["xms_cc"], json!(["CP1"]));
    let caller = lab.caller(token).unwrap();
    assert_eq!((caller.kind, caller.tenant.as_str()), (CallerKind::ServicePrincipal, TENANT));
    let rows = lab.log.rows();
    let (table, row) = rows.last().unwrap();
    assert_eq!((*table, row["ResultType"].as_str()), ("AADServicePrincipalSignInLogs", Some("0")));
    assert_eq!(row["IPAddress"], "203.0.113.7");

    let wrong = lab.token(&[fields[0], ("client_secret", "wrong"), fields[2], fields[3]]).await;
    assert_eq!((wrong.status, wrong.code()), (StatusCode::UNAUTHORIZED, 7_000_215));
    let unknown = lab
        .token(&[("client_id", "0a1b2c3d-0000-4000-8000-0000000000ff"), fields[1], fields[2], fields[3]])
        .await;
    assert_eq!((unknown.status, unknown.code()), (StatusCode::BAD_REQUEST, 700_016));
    let rows = lab.log.rows();
    assert_eq!(rows[rows.len() - 2].1["ResultType"], "7000215");
}

#[tokio::test]
async fn a_person_signs_in_with_a_password_over_adfs_and_refreshes_for_another_service() {
    let lab = Lab::new();
    let answer = lab.password(ADA, PASSWORD).await.json();
    let info: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(answer["client_info"].as_str().unwrap()).unwrap())
            .unwrap();
    assert_eq!(info, json!({"uid": lab.ada, "utid": TENANT}));
    let id = claims(answer["id_token"].as_str().unwrap());
    assert_eq!((id["aud"].as_str(), id["preferred_username"].as_str()), (Some(CLI), Some(ADA)));
    let caller = lab.caller(answer["access_token"].as_str().unwrap()).unwrap();
    assert_eq!((caller.name.as_str(), caller.methods), (ADA, vec!["pwd".to_owned()]));

    let refresh = answer["refresh_token"].as_str().unwrap();
    let fields = [
        ("client_id", CLI),
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh),
        ("scope", "https://api.loganalytics.io/.default offline_access openid profile"),
    ];
    let next = lab.post("/adfs/oauth2/token", "", &fields).await.json();
    assert_eq!(claims(next["access_token"].as_str().unwrap())["aud"], "https://api.loganalytics.io");
    assert_ne!(next["refresh_token"], answer["refresh_token"]);
    let rows = lab.log.rows();
    let tables: Vec<&str> =
        rows.iter().map(|(table, _)| *table).filter(|table| *table != "AuditLogs").collect();
    assert_eq!(tables, ["SigninLogs", "AADNonInteractiveUserSignInLogs"]);

    let wrong = lab.password(ADA, "not the password").await;
    assert_eq!((wrong.status, wrong.code()), (StatusCode::BAD_REQUEST, 50_126));
    assert!(wrong.json()["error_description"].as_str().unwrap().starts_with("AADSTS50126: "));
}

#[tokio::test]
async fn an_application_signs_a_person_in_with_a_code() {
    let lab = Lab::new();
    let (answer, cookies) = lab.sign_in(&lab.authorize(APP, "https://app.example/cb", &[])).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let query = answer.location_query();
    assert_eq!(
        (query["state"].as_str(), query["iss"].clone()),
        ("the state", format!("{BASE}/{TENANT}/v2.0"))
    );
    let tokens = lab.redeem(APP, SECRET, &query["code"], &[]).await.json();
    let id = claims(tokens["id_token"].as_str().unwrap());
    assert_eq!((id["nonce"].as_str(), id["sub"].as_str()), (Some("the nonce"), Some(lab.ada.as_str())));
    assert!(tokens["scope"].as_str().unwrap().contains(&format!("{BASE}/.default")));

    // The browser is signed in now: the next application is answered at once, even silently.
    let silent =
        lab.get(&lab.authorize(OTHER_APP, "https://other.example/cb", &[("prompt", "none")]), &cookies).await;
    assert!(silent.location_query().contains_key("code"));
    let stranger =
        lab.get(&lab.authorize(OTHER_APP, "https://other.example/cb", &[("prompt", "none")]), "").await;
    assert_eq!(stranger.location_query()["error"], "login_required");
    let again =
        lab.get(&lab.authorize(APP, "https://app.example/cb", &[("prompt", "login")]), &cookies).await;
    assert!(again.text.contains("id=\"password\""), "asked for, the password is wanted again");
    lab.pass(100);
    let old = lab.get(&lab.authorize(APP, "https://app.example/cb", &[("max_age", "60")]), &cookies).await;
    assert!(old.text.contains("id=\"password\""), "the sign-in is older than the application wants");
    let choose = lab
        .get(&lab.authorize(APP, "https://app.example/cb", &[("prompt", "select_account")]), &cookies)
        .await;
    assert!(choose.text.contains("Continue as ada@contoso.example"));
}

#[tokio::test]
async fn az_signs_a_person_in_by_form_post_on_any_loopback_port() {
    let lab = Lab::new();
    let request = lab.authorize(CLI, "http://localhost:8400", &[("response_mode", "form_post")]);
    let (answer, _) = lab.sign_in(&request).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.text.contains("action=\"http://localhost:8400\""));
    let policy = answer.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("form-action 'self' http://localhost:8400") && !policy.contains("unsafe-inline"));
    let tokens = lab.redeem(CLI, "", &answer.field("code"), &[]).await.json();
    assert_eq!(lab.caller(tokens["access_token"].as_str().unwrap()).unwrap().application, CLI);
}

#[tokio::test]
async fn a_device_is_signed_in_elsewhere() {
    let lab = Lab::new();
    let path = format!("/{TENANT}/oauth2/v2.0/devicecode");
    let scope = format!("{BASE}/.default openid offline_access");
    let begun = lab.post(&path, "", &[("client_id", CLI), ("scope", &scope)]).await.json();
    assert!(begun["message"].as_str().unwrap().contains(begun["user_code"].as_str().unwrap()));
    let device_code = begun["device_code"].as_str().unwrap().to_owned();
    let poll = [
        ("client_id", CLI),
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("device_code", device_code.as_str()),
    ];
    let waiting = lab.token(&poll).await;
    assert_eq!((waiting.code(), waiting.json()["error"].as_str()), (70_016, Some("authorization_pending")));

    let page = lab.get("/devicelogin", "").await;
    let browser = cookies(&page);
    let (flow, mark) = (page.field("flow"), page.field("mark"));
    let own = [("flow", flow.as_str()), ("mark", mark.as_str())];
    let user_code = begun["user_code"].as_str().unwrap().to_lowercase();
    let step = |more: &[(&'static str, String)]| {
        let mut fields: Vec<(&str, String)> =
            own.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        fields.extend(more.iter().cloned());
        fields
    };
    let send = async |fields: Vec<(&str, String)>| {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        lab.post("/signin", &browser, &fields).await
    };
    let confirm = send(step(&[("action", "enter".to_owned()), ("code", user_code)])).await;
    assert!(
        confirm.text.contains("Microsoft Azure CLI") && confirm.text.contains("203.0.113.7"),
        "{}",
        confirm.text
    );
    let password = send(step(&[("action", "other".to_owned())])).await;
    assert!(password.text.contains("id=\"password\""));
    let done = send(step(&[("username", ADA.to_owned()), ("password", PASSWORD.to_owned())])).await;
    assert!(done.text.contains("You are signed in"), "{}", done.text);

    let tokens = lab.token(&poll).await.json();
    assert_eq!(lab.caller(tokens["access_token"].as_str().unwrap()).unwrap().object, lab.ada);
    assert_eq!(lab.token(&poll).await.code(), 70_000, "a device code is good once");
    let rows = lab.log.rows();
    let row = &rows.iter().rev().find(|(table, _)| *table == "SigninLogs").unwrap().1;
    assert_eq!(
        (row["AuthenticationProtocol"].as_str(), row["OriginalTransferMethod"].as_str()),
        (Some("deviceCode"), Some("deviceCodeFlow"))
    );
}

#[tokio::test]
async fn userinfo_tells_what_was_granted() {
    let lab = Lab::new();
    let request = lab.authorize(APP, "https://app.example/cb", &[("scope", "openid profile")]);
    let (answer, _) = lab.sign_in(&request).await;
    let tokens = lab.redeem(APP, SECRET, &answer.location_query()["code"], &[]).await.json();
    let access = tokens["access_token"].as_str().unwrap();
    let ask = |token: &str| {
        Request::get("/oidc/userinfo")
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .body(Body::empty())
            .unwrap()
    };
    let info = lab.send(ask(access)).await.json();
    assert_eq!(info, json!({"sub": lab.ada, "name": "Ada Byron", "preferred_username": ADA}));
    assert!(lab.caller(access).is_err(), "a token for userinfo opens nothing else");
    assert_eq!(lab.send(ask(tokens["id_token"].as_str().unwrap())).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_first_administrator_is_made_once_and_sign_ins_survive_a_restart() {
    let lab = Lab::new();
    assert!(lab.provider.is_new().unwrap());
    let object = lab
        .provider
        .bootstrap_administrator("root@contoso.example", "Grace", "Tall-Ships-77-Harbour")
        .unwrap();
    assert!(!lab.provider.is_new().unwrap());
    let second = lab.provider.bootstrap_administrator("evil@contoso.example", "Eve", "Tall-Ships-77-Harbour");
    assert!(second.is_err());
    assert_eq!(lab.provider.account(&object).unwrap().unwrap().roles.len(), 1);
    // An administrator has no tokens for a password alone.
    assert_eq!(lab.password("root@contoso.example", "Tall-Ships-77-Harbour").await.code(), 50_079);
    let actions: Vec<Value> = lab
        .log
        .rows()
        .iter()
        .filter(|(table, _)| *table == "AuditLogs")
        .map(|(_, row)| row["OperationName"].clone())
        .collect();
    assert!(actions.contains(&json!("Add user")));

    let tokens = lab.password(ADA, PASSWORD).await.json();
    let surroundings = Surroundings {
        documents: lab.documents.clone(),
        clock: lab.clock.clone(),
        chance: Arc::new(SystemChance::default()),
        seal: Seal::new(&[9; 32]),
        decide: Arc::new(ConditionalAccess::new(lab.documents.clone())),
        log: lab.log.clone(),
    };
    let restarted = Provider::new(Settings::new(BASE, TENANT), surroundings);
    assert!(restarted.caller(tokens["access_token"].as_str().unwrap(), &[BASE]).is_ok());
}

#[tokio::test]
async fn policies_of_the_tenant_decide_and_are_named_in_the_log() {
    let lab = Lab::new();
    let put = |path: &str, value: Value| {
        let key = azimuth_ids::DocumentKey::graph(path).unwrap();
        lab.documents.commit("test", vec![Write::put(key, value.to_string())]).unwrap();
    };
    let policy = |state: &str, grant: Value| {
        json!({
            "id": "11111111-0000-0000-0000-000000000001", "displayName": "Everybody", "state": state,
            "conditions": {"users": {"includeUsers": ["All"]}, "applications": {"includeApplications": ["All"]},
                "clientAppTypes": ["all"]},
            "grantControls": grant,
        })
    };
    let path = "identity/conditionalAccess/policies/11111111-0000-0000-0000-000000000001";
    let mfa = json!({"operator": "OR", "builtInControls": ["mfa"]});
    put(path, policy("enabledForReportingButNotEnforced", mfa.clone()));
    assert_eq!(lab.password(ADA, PASSWORD).await.status, StatusCode::OK, "report-only lets in");
    put(path, policy("enabled", mfa));
    assert_eq!(lab.password(ADA, PASSWORD).await.code(), 50_079);
    let rows = lab.log.rows();
    let row = &rows.last().unwrap().1;
    assert_eq!(row["ConditionalAccessPolicies"][0]["displayName"], "Everybody");
    assert_eq!(
        (row["ConditionalAccessStatus"].as_str(), row["ResultType"].as_str()),
        (Some("failure"), Some("50079"))
    );
    put(path, policy("enabled", json!({"operator": "OR", "builtInControls": ["block"]})));
    assert_eq!(lab.password(ADA, PASSWORD).await.code(), 53_003);
    let (page, _) = lab.sign_in(&lab.authorize(APP, "https://app.example/cb", &[])).await;
    assert_eq!(page.code(), 53_003);
    put(path, policy("disabled", json!({"operator": "OR", "builtInControls": ["block"]})));
    let refresh = lab.password(ADA, PASSWORD).await.json()["refresh_token"].as_str().unwrap().to_owned();
    put(path, policy("enabled", json!({"operator": "OR", "builtInControls": ["block"]})));
    assert_eq!(lab.refresh(CLI, &refresh).await.code(), 53_003, "decided again at every refresh");
}

/// A token of the application's key, which was made for this test and guards nothing.
fn signed(header: &Value, claims: &Value) -> String {
    let key = ring::signature::RsaKeyPair::from_pkcs8(include_bytes!("data/application.p8")).unwrap();
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", part(header), part(claims));
    let mut signature = vec![0; key.public().modulus_len()];
    let random = ring::rand::SystemRandom::new();
    key.sign(&ring::signature::RSA_PKCS1_SHA256, &random, text.as_bytes(), &mut signature).unwrap();
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[tokio::test]
async fn an_application_proves_itself_by_its_certificate() {
    let lab = Lab::new();
    let certificate: &[u8] = include_bytes!("data/application.der");
    let client = Client {
        id: APP.to_owned(),
        name: "An application".to_owned(),
        certificates: vec![Certificate::new(certificate, None)],
        ..Client::default()
    };
    lab.provider.register_client(client, None, ("", "test"), &Origin::default()).unwrap();
    let digest = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, certificate);
    let now = lab.now() as f64;
    let own = json!({
        "iss": APP, "sub": APP, "aud": format!("{BASE}/{TENANT}/oauth2/v2.0/token"), "jti": "1", "iat": now + 0.25,
        "exp": now + 600.75,
    });
    // MSAL for Python pads the digest and gives times with fractions.
    let named = base64::engine::general_purpose::URL_SAFE.encode(digest);
    let ask = async |header: Value, claims: &Value| {
        let assertion = signed(&header, claims);
        let scope = format!("{BASE}/.default");
        let fields = [
            ("client_id", APP),
            ("grant_type", "client_credentials"),
            ("scope", scope.as_str()),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", assertion.as_str()),
        ];
        lab.token(&fields).await
    };
    let good = json!({"alg": "RS256", "typ": "JWT", "x5t": named});
    let answer = ask(good.clone(), &own).await.json();
    assert_eq!(
        claims(answer["access_token"].as_str().unwrap_or_else(|| panic!("{answer}")))["appidacr"],
        "2"
    );
    for (what, member, value) in [
        ("another application", "iss", json!(OTHER_APP)),
        ("another audience", "aud", json!("https://evil.example/token")),
        ("over", "exp", json!(now - 1_000.0)),
        ("valid too long", "exp", json!(now + 90_000.0)),
        ("no end", "exp", Value::Null),
    ] {
        let mut changed = own.clone();
        changed[member] = value;
        assert_eq!(ask(good.clone(), &changed).await.status, StatusCode::UNAUTHORIZED, "{what}");
    }
    for header in [
        json!({"alg": "none", "x5t": named}),
        json!({"alg": "HS256", "x5t": named}),
        json!({"alg": "RS256"}),
        json!({"alg": "RS256", "x5t": "x"}),
    ] {
        assert_eq!(ask(header.clone(), &own).await.code(), 700_027, "{header}");
    }
}
