//! What is tried against sign-in services, and what it gets here.

use axum::http::StatusCode;
use azimuth_api::caller::Refused;
use azimuth_api::signin::Origin;
use ring::hmac;
use serde_json::json;

use super::*;

async fn code_of(lab: &Lab, client: &str, redirect: &str) -> String {
    let (answer, _) = lab.sign_in(&lab.authorize(client, redirect, &[])).await;
    answer.location_query()["code"].clone()
}

#[tokio::test]
async fn a_replayed_code_gets_nothing_and_ends_what_came_of_it() {
    let lab = Lab::new();
    let code = code_of(&lab, APP, "https://app.example/cb").await;
    let tokens = lab.redeem(APP, SECRET, &code, &[]).await.json();
    assert_eq!(lab.redeem(APP, SECRET, &code, &[]).await.code(), 54_005);
    let refresh = tokens["refresh_token"].as_str().unwrap();
    assert_eq!(lab.refresh(APP, refresh).await.code(), 70_000, "the refresh token of the first is void");
    let late = code_of(&lab, APP, "https://app.example/cb").await;
    lab.pass(61);
    assert_eq!(lab.redeem(APP, SECRET, &late, &[]).await.code(), 70_008);
}

#[tokio::test]
async fn a_code_is_good_only_for_whom_and_what_it_was_made() {
    let lab = Lab::new();
    let wrong_verifier = "x".repeat(43);
    let tries: [(&str, &[(&str, &str)]); 4] = [
        ("another application", &[("client_id", OTHER_APP)]),
        ("another address", &[("redirect_uri", "https://other.example/cb")]),
        ("another verifier", &[("code_verifier", &wrong_verifier)]),
        ("no verifier", &[("code_verifier", "")]),
    ];
    for (what, other) in tries {
        let code = code_of(&lab, APP, "https://app.example/cb").await;
        let answer = lab.redeem(APP, SECRET, &code, other).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{what}");
        assert!(answer.json().get("access_token").is_none(), "{what}");
    }
    // Injected into another's session: used up at the first wrong try.
    let code = code_of(&lab, APP, "https://app.example/cb").await;
    lab.redeem(APP, SECRET, &code, &[("code_verifier", &wrong_verifier)]).await;
    assert_eq!(lab.redeem(APP, SECRET, &code, &[]).await.code(), 54_005);
}

#[tokio::test]
async fn answers_name_their_issuer_so_that_applications_notice_a_mix_up() {
    let lab = Lab::new();
    let (answer, cookies) = lab.sign_in(&lab.authorize(APP, "https://app.example/cb", &[])).await;
    assert_eq!(answer.location_query()["iss"], format!("{BASE}/{TENANT}/v2.0"));
    let error =
        lab.get(&lab.authorize(APP, "https://app.example/cb", &[("response_type", "token")]), &cookies).await;
    let query = error.location_query();
    assert_eq!(
        (query["error"].as_str(), query["iss"].clone()),
        ("unsupported_response_type", format!("{BASE}/{TENANT}/v2.0"))
    );
}

#[tokio::test]
async fn pkce_cannot_be_left_out_or_weakened() {
    let lab = Lab::new();
    for other in [
        [("code_challenge", ""), ("code_challenge_method", "")],
        [("code_challenge", VERIFIER), ("code_challenge_method", "plain")],
        [("code_challenge", CHALLENGE), ("code_challenge_method", "")],
        [("code_challenge", "short"), ("code_challenge_method", "S256")],
    ] {
        let answer = lab.get(&lab.authorize(APP, "https://app.example/cb", &other), "").await;
        assert_eq!(answer.location_query()["error"], "invalid_request", "{other:?}");
    }
}

#[tokio::test]
async fn nobody_is_sent_where_the_application_is_not() {
    let lab = Lab::new();
    for redirect in [
        "https://evil.example/cb",
        "https://app.example/cb/../../evil",
        "https://app.example/cb?next=https://evil.example",
        "https://app.example.evil.example/cb",
        "https://app.example@evil.example/cb",
        "//evil.example",
        "javascript:alert(1)",
        "http://localhost:8400",
    ] {
        let answer = lab.get(&lab.authorize(APP, redirect, &[]), "").await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{redirect}");
        assert_eq!(answer.code(), 50_011, "{redirect}");
        assert!(answer.headers.get(header::LOCATION).is_none(), "{redirect}");
        // Nor is a refusal sent there.
        let other = lab.get(&lab.authorize(APP, redirect, &[("response_type", "token")]), "").await;
        assert!(other.headers.get(header::LOCATION).is_none(), "{redirect}");
    }
    let out = lab
        .get(
            &format!(
                "/{TENANT}/oauth2/v2.0/logout?client_id={APP}&post_logout_redirect_uri=https://evil.example"
            ),
            "",
        )
        .await;
    assert!(out.headers.get(header::LOCATION).is_none());
    let out = lab.get(&format!("/{TENANT}/oauth2/v2.0/logout?client_id={APP}&post_logout_redirect_uri=https://app.example/bye&state=s"), "").await;
    assert_eq!(out.location().as_str(), "https://app.example/bye?state=s");
}

#[tokio::test]
async fn forms_of_other_sites_and_browsers_do_nothing() {
    let lab = Lab::new();
    let page = lab.get(&lab.authorize(APP, "https://app.example/cb", &[]), "").await;
    let browser = cookies(&page);
    let (flow, mark) = (page.field("flow"), page.field("mark"));
    let fields =
        [("flow", flow.as_str()), ("mark", mark.as_str()), ("username", ADA), ("password", PASSWORD)];
    let foreign = form("/signin", &fields)
        .header(header::ORIGIN, "https://evil.example")
        .header(header::COOKIE, &browser)
        .body(body(&fields))
        .unwrap();
    assert_eq!(lab.send(foreign).await.status, StatusCode::FORBIDDEN);
    // Without the browser's cookie, with another's, with another mark: a sign-in that was begun elsewhere goes on nowhere.
    let other = cookies(&lab.get(&lab.authorize(APP, "https://app.example/cb", &[]), "").await);
    assert_eq!(lab.post("/signin", "", &fields).await.code(), 900_561);
    assert_eq!(lab.post("/signin", &other, &fields).await.code(), 900_561);
    let unmarked = [fields[0], ("mark", "0"), fields[2], fields[3]];
    assert_eq!(lab.post("/signin", &browser, &unmarked).await.code(), 900_561);
    let done = lab.post("/signin", &browser, &fields).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    assert_eq!(lab.post("/signin", &browser, &fields).await.code(), 900_561, "a flow ends once");
    // Signing out needs the page's mark too.
    let signed_in = format!("{browser}; {}", cookies(&done));
    assert_eq!(lab.post("/signin/out", &signed_in, &[("mark", "0")]).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(lab.get("/signin/account", &signed_in).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_session_from_before_the_sign_in_is_not_carried_on() {
    let lab = Lab::new();
    let planted = format!("__Host-azimuth-session={}", "A".repeat(43));
    let page = lab.get(&lab.authorize(APP, "https://app.example/cb", &[]), &planted).await;
    let jar = format!("{planted}; {}", cookies(&page));
    let (flow, mark) = (page.field("flow"), page.field("mark"));
    let fields =
        [("flow", flow.as_str()), ("mark", mark.as_str()), ("username", ADA), ("password", PASSWORD)];
    let done = lab.post("/signin", &jar, &fields).await;
    assert!(cookies(&done).contains("__Host-azimuth-session=") && !cookies(&done).contains("AAAAAAAA"));
    for cookie in done.headers.get_all(header::SET_COOKIE) {
        let cookie = cookie.to_str().unwrap();
        for wanted in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/", "__Host-"] {
            assert!(cookie.contains(wanted), "{cookie}");
        }
    }
    assert!(lab.get("/signin/account", &planted).await.text.contains("id=\"password\""));
}

#[tokio::test]
async fn forged_tokens_are_refused() {
    let lab = Lab::new();
    let token = lab.password(ADA, PASSWORD).await.json()["access_token"].as_str().unwrap().to_owned();
    assert!(lab.caller(&token).is_ok());
    let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let parts: Vec<&str> = token.split('.').collect();
    let kid = serde_json::from_slice::<serde_json::Value>(&URL_SAFE_NO_PAD.decode(parts[0]).unwrap())
        .unwrap()["kid"]
        .clone();
    let mut forged = claims(&token);
    forged["oid"] = json!("somebody else");

    for algorithm in ["none", "None", "NONE", ""] {
        let header = part(&json!({"alg": algorithm, "kid": kid}));
        let token = format!("{header}.{}.", part(&forged));
        assert!(matches!(lab.caller(&token), Err(Refused::Invalid(_))), "alg={algorithm}");
    }
    // Key confusion: an HMAC keyed with the public key, as everybody can read it.
    let jwks = lab.get(&format!("/{TENANT}/discovery/v2.0/keys"), "").await;
    let n = jwks.json()["keys"][0]["n"].as_str().unwrap().to_owned();
    for key in [jwks.text.as_bytes(), n.as_bytes(), &URL_SAFE_NO_PAD.decode(&n).unwrap()] {
        let signed = format!("{}.{}", part(&json!({"alg": "HS256", "kid": kid})), part(&forged));
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), signed.as_bytes());
        let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag));
        assert!(matches!(lab.caller(&token), Err(Refused::Invalid(_))));
    }
    // Other claims under the old signature, another key's id, a key in the header.
    let swapped = format!("{}.{}.{}", parts[0], part(&forged), parts[2]);
    let unknown = format!("{}.{}.{}", part(&json!({"alg": "RS256", "kid": "x"})), parts[1], parts[2]);
    let embedded = format!(
        "{}.{}.{}",
        part(&json!({"alg": "RS256", "jwk": {"kty": "RSA", "n": n, "e": "AQAB"}})),
        parts[1],
        parts[2]
    );
    for token in
        [swapped.as_str(), unknown.as_str(), embedded.as_str(), "", "a.b", "..", &token[..token.len() - 2]]
    {
        assert!(lab.caller(token).is_err(), "{token:.30}");
    }
}

#[tokio::test]
async fn tokens_of_another_time_or_service_are_refused() {
    let lab = Lab::new();
    let answer = lab.password(ADA, PASSWORD).await.json();
    let token = answer["access_token"].as_str().unwrap();
    assert_eq!(
        lab.provider.caller(token, &["https://graph.microsoft.com"]),
        Err(Refused::Audience(format!("{BASE}/")))
    );
    let id = answer["id_token"].as_str().unwrap();
    assert_eq!(lab.provider.caller(id, &[CLI]), Err(Refused::Invalid("it is no access token")));
    assert_eq!(lab.caller(""), Err(Refused::Missing));
    lab.pass(3_600);
    assert_eq!(lab.caller(token), Err(Refused::Expired));
    lab.pass(-7_200);
    assert!(matches!(lab.caller(token), Err(Refused::Invalid(_))), "a token from the future");
    let unknown = lab
        .token(&[
            ("client_id", APP),
            ("client_secret", SECRET),
            ("grant_type", "client_credentials"),
            ("scope", "https://evil.example/.default"),
        ])
        .await;
    assert_eq!(unknown.code(), 500_011);
}

#[tokio::test]
async fn ended_sessions_and_disabled_accounts_are_out_at_once() {
    let lab = Lab::new();
    let answer = lab.password(ADA, PASSWORD).await.json();
    let (token, refresh) =
        (answer["access_token"].as_str().unwrap(), answer["refresh_token"].as_str().unwrap());
    lab.provider.revoke_sessions(&lab.ada, ("", "test"), &Origin::default()).unwrap();
    assert!(lab.caller(token).is_err());
    assert_eq!(lab.refresh(CLI, refresh).await.code(), 50_173);
    lab.pass(2);
    let answer = lab.password(ADA, PASSWORD).await.json();
    lab.provider.set_enabled(&lab.ada, false, ("", "test"), &Origin::default()).unwrap();
    assert!(lab.caller(answer["access_token"].as_str().unwrap()).is_err());
    assert_eq!(lab.refresh(CLI, answer["refresh_token"].as_str().unwrap()).await.code(), 50_057);
    assert_eq!(lab.password(ADA, PASSWORD).await.code(), 50_057);
    assert_eq!(
        lab.password(ADA, "wrong").await.code(),
        50_126,
        "only who knows the password learns that it is disabled"
    );
}

#[tokio::test]
async fn a_refresh_token_used_twice_ends_the_line() {
    let lab = Lab::new();
    let first = lab.password(ADA, PASSWORD).await.json()["refresh_token"].as_str().unwrap().to_owned();
    let second = lab.refresh(CLI, &first).await.json()["refresh_token"].as_str().unwrap().to_owned();
    // Side by side, within seconds, an honest client may use it twice.
    lab.pass(10);
    let sibling = lab.refresh(CLI, &first).await.json()["refresh_token"].as_str().unwrap().to_owned();
    lab.pass(600);
    let third = lab.refresh(CLI, &second).await.json()["refresh_token"].as_str().unwrap().to_owned();
    let fourth = lab.refresh(CLI, &sibling).await.json()["refresh_token"].as_str().unwrap().to_owned();
    lab.pass(600);
    assert_eq!(lab.refresh(CLI, &first).await.code(), 70_000, "a copy, used later");
    for token in [&third, &fourth] {
        assert_eq!(lab.refresh(CLI, token).await.code(), 70_000, "thief and owner are both out");
    }
    // Nor is it good for another application.
    let other = lab.password(ADA, PASSWORD).await.json()["refresh_token"].as_str().unwrap().to_owned();
    assert_eq!(lab.refresh(APP, &other).await.code(), 70_000);
    assert_eq!(lab.refresh(CLI, &other).await.status, StatusCode::OK);
    lab.pass(91 * 86_400);
    let old = lab.password(ADA, PASSWORD).await.json()["refresh_token"].as_str().unwrap().to_owned();
    lab.pass(91 * 86_400);
    assert_eq!(lab.refresh(CLI, &old).await.code(), 700_082);
}

#[tokio::test]
async fn names_cannot_be_told_from_answers() {
    let lab = Lab::new();
    let known = lab.password(ADA, "Wrong-Guess-Number-1").await;
    let unknown = lab.password("nobody@contoso.example", "Wrong-Guess-Number-1").await;
    let text = |answer: &Answer| {
        answer.json()["error_description"].as_str().unwrap().split(" Trace ID").next().unwrap().to_owned()
    };
    assert_eq!((known.status, text(&known)), (unknown.status, text(&unknown)));
    // And both are locked after as many guesses.
    for guess in 0..9 {
        for name in [ADA, "nobody@contoso.example"] {
            assert_eq!(lab.password(name, &format!("Another-Guess-{guess}")).await.code(), 50_126);
        }
    }
    let (known, unknown) = (
        lab.password(ADA, "One-More-Guess").await,
        lab.password("nobody@contoso.example", "One-More-Guess").await,
    );
    assert_eq!((known.code(), unknown.code()), (50_053, 50_053));
    let realm = |name: &str| format!("/common/userrealm/{name}?api-version=1.0");
    assert_eq!(lab.get(&realm(ADA), "").await.text, lab.get(&realm("nobody@contoso.example"), "").await.text);
}

#[tokio::test]
async fn guessing_is_locked_even_side_by_side_and_the_owner_comes_in_from_a_known_place() {
    let lab = Arc::new(Lab::new());
    // The owner was here before, from another network.
    let home: SocketAddr = "198.51.100.20:1".parse().unwrap();
    let from_home = |password: &str| {
        let scope = format!("{BASE}/.default");
        let fields = [
            ("client_id", CLI),
            ("grant_type", "password"),
            ("username", ADA),
            ("password", password),
            ("scope", scope.as_str()),
        ];
        let mut request = form("/adfs/oauth2/token", &fields).body(body(&fields)).unwrap();
        request.extensions_mut().insert(ConnectInfo(home));
        request
    };
    let page = Request::get(lab.authorize(APP, "https://app.example/cb", &[]))
        .extension(ConnectInfo(home))
        .body(Body::empty())
        .unwrap();
    let page = lab.send(page).await;
    let (flow, mark) = (page.field("flow"), page.field("mark"));
    let fields =
        [("flow", flow.as_str()), ("mark", mark.as_str()), ("username", ADA), ("password", PASSWORD)];
    let mut step =
        form("/signin", &fields).header(header::COOKIE, cookies(&page)).body(body(&fields)).unwrap();
    step.extensions_mut().insert(ConnectInfo(home));
    assert_eq!(lab.send(step).await.status, StatusCode::SEE_OTHER);

    let guesses = (0..40).map(|guess| {
        let lab = lab.clone();
        tokio::spawn(async move { lab.password(ADA, &format!("Guess-{guess}")).await.code() })
    });
    let mut codes = Vec::new();
    for guess in guesses.collect::<Vec<_>>() {
        codes.push(guess.await.unwrap());
    }
    assert_eq!(codes.iter().filter(|code| **code == 50_126).count(), 10, "ten are looked at: {codes:?}");
    assert_eq!(codes.iter().filter(|code| **code == 50_053).count(), 30);
    assert_eq!(
        lab.password(ADA, PASSWORD).await.code(),
        50_053,
        "locked: the right password is not looked at either"
    );
    assert_eq!(lab.send(from_home(PASSWORD)).await.status, StatusCode::OK, "the owner is not locked out");
    lab.pass(61);
    assert_eq!(lab.password(ADA, PASSWORD).await.status, StatusCode::OK);
}

#[tokio::test]
async fn device_codes_are_not_guessed_or_used_by_another() {
    let lab = Lab::new();
    let path = format!("/{TENANT}/oauth2/v2.0/devicecode");
    let begun = lab.post(&path, "", &[("client_id", CLI), ("scope", "openid")]).await.json();
    // The page's address does not carry the code: a link alone asks for nothing.
    assert!(begun.get("verification_uri_complete").is_none());
    assert!(!begun["verification_uri"].as_str().unwrap().contains('?'));
    let page = lab.get("/devicelogin", "").await;
    let browser = cookies(&page);
    let (flow, mark) = (page.field("flow"), page.field("mark"));
    let enter = async |code: &str| {
        let fields = [("flow", flow.as_str()), ("mark", mark.as_str()), ("action", "enter"), ("code", code)];
        lab.post("/signin", &browser, &fields).await
    };
    for guess in 0..10 {
        assert!(enter(&format!("BCDFGHJK{guess}")).await.text.contains("That code did not work"));
    }
    let locked = enter(begun["user_code"].as_str().unwrap()).await;
    assert!(
        locked.text.contains("locked"),
        "after ten wrong codes from one network even the right one waits"
    );
    let poll = |client: &'static str, code: String| {
        let lab = &lab;
        async move {
            let fields = [
                ("client_id", client),
                ("grant_type", "device_code"),
                ("device_code", code.as_str()),
                ("client_secret", SECRET),
            ];
            lab.token(&fields).await.code()
        }
    };
    let code = begun["device_code"].as_str().unwrap().to_owned();
    assert_eq!(poll(APP, code.clone()).await, 70_000, "another application's device code");
    lab.pass(901);
    assert_eq!(poll(CLI, code).await, 70_020);
    lab.pass(3_600);
    let begun = lab.post(&path, "", &[("client_id", CLI), ("scope", "openid")]).await.json();
    let confirm = enter_new(&lab, begun["user_code"].as_str().unwrap()).await;
    let fields = [("flow", confirm.1.as_str()), ("mark", confirm.2.as_str()), ("action", "cancel")];
    assert!(lab.post("/signin", &confirm.0, &fields).await.text.contains("Declined"));
    assert_eq!(poll(CLI, begun["device_code"].as_str().unwrap().to_owned()).await, 70_018);
}

async fn enter_new(lab: &Lab, code: &str) -> (String, String, String) {
    let page = lab.get("/devicelogin", "").await;
    let browser = cookies(&page);
    let (flow, mark) = (page.field("flow"), page.field("mark"));
    let fields = [("flow", flow.as_str()), ("mark", mark.as_str()), ("action", "enter"), ("code", code)];
    let confirm = lab.post("/signin", &browser, &fields).await;
    assert!(confirm.text.contains("Is this you?"), "{}", confirm.text);
    (browser, flow, mark)
}

#[tokio::test]
async fn parameters_may_not_come_twice_and_bodies_may_not_be_huge() {
    let lab = Lab::new();
    let twice = lab
        .token(&[("client_id", APP), ("client_id", OTHER_APP), ("grant_type", "client_credentials")])
        .await;
    assert_eq!(twice.code(), 900_144);
    let huge = "x".repeat(100_000);
    let answer = lab.token(&[("client_id", APP), ("grant_type", "password"), ("password", &huge)]).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    let long = "x".repeat(5_000);
    assert_eq!(lab.password(ADA, &long).await.code(), 50_126);
    let both = [
        ("client_id", APP),
        ("client_secret", SECRET),
        ("client_assertion", "a.b.c"),
        ("grant_type", "client_credentials"),
        ("scope", "https://graph.microsoft.com/.default"),
    ];
    assert_eq!(lab.token(&both).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn nothing_that_is_kept_signs_in_by_itself() {
    let lab = Lab::new();
    let tokens = lab.password(ADA, PASSWORD).await.json();
    let (_, jar) = lab.sign_in(&lab.authorize(APP, "https://app.example/cb", &[])).await;
    let mut all = String::new();
    lab.documents
        .scan(azimuth_host::AsOf::Now, &mut |document| {
            all.push_str(&document.key.to_string());
            all.push_str(&document.body);
            true
        })
        .unwrap();
    let refresh = tokens["refresh_token"].as_str().unwrap().rsplit('.').next().unwrap();
    let session = jar.rsplit("session=").next().unwrap();
    for secret in [PASSWORD, SECRET, refresh, session, "PRIVATE"] {
        assert!(!all.contains(secret) && !all.contains(&secret.to_lowercase()), "{secret} is kept as it is");
    }
}
