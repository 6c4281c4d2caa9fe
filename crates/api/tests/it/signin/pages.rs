//! The pages: second factors, registration, recovery, signing out.

use axum::http::StatusCode;
use totp_rs::Builder;

use super::*;

const ROOT: &str = "root@contoso.example";
const ROOT_PASSWORD: &str = "Tall-Ships-77-Harbour";

struct Browser<'a> {
    lab: &'a Lab,
    jar: String,
    flow: String,
    mark: String,
}

impl<'a> Browser<'a> {
    async fn open(lab: &'a Lab, path: &str, jar: &str) -> (Self, Answer) {
        let page = lab.get(path, jar).await;
        let jar = if jar.is_empty() { cookies(&page) } else { jar.to_owned() };
        (Self { lab, jar, flow: page.field("flow"), mark: page.field("mark") }, page)
    }

    async fn step(&mut self, more: &[(&str, &str)]) -> Answer {
        let mut fields = vec![("flow", self.flow.as_str()), ("mark", self.mark.as_str())];
        fields.extend(more);
        let answer = self.lab.post("/signin", &self.jar, &fields).await;
        let set = cookies(&answer);
        if !set.is_empty() {
            self.jar = format!("{}; {set}", self.jar);
        }
        answer
    }
}

fn code(secret: &[u8], second: i64) -> String {
    Builder::new()
        .with_secret(secret.to_vec())
        .build()
        .unwrap()
        .generate(u64::try_from(second).unwrap())
        .to_string()
}

/// The key that the page shows, as an authenticator app reads it.
fn key(page: &Answer) -> Vec<u8> {
    let text =
        page.text.split("class=\"key\"><code>").nth(1).unwrap().split('<').next().unwrap().replace(' ', "");
    let (mut bytes, mut buffer, mut bits) = (Vec::new(), 0u32, 0);
    for letter in text.bytes() {
        let value = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|known| *known == letter).unwrap();
        buffer = (buffer << 5) | u32::try_from(value).unwrap();
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from((buffer >> bits) & 255).unwrap());
        }
    }
    bytes
}

#[tokio::test]
async fn an_administrator_registers_an_app_then_signs_in_with_it_or_a_recovery_code() {
    let lab = Lab::new();
    lab.provider.bootstrap_administrator(ROOT, "Grace", ROOT_PASSWORD).unwrap();
    let first_step = [("username", ROOT), ("password", ROOT_PASSWORD)];
    let (mut browser, _) = Browser::open(&lab, "/signin/account", "").await;
    let register = browser.step(&first_step).await;
    assert!(
        register.text.contains("Set up a second factor") && register.text.contains("<svg"),
        "{}",
        register.text
    );
    let secret = key(&register);
    assert_eq!(secret.len(), 20);
    let wrong = browser.step(&[("code", "000000")]).await;
    assert!(wrong.text.contains("role=\"alert\""));
    assert_eq!(key(&wrong), secret, "a wrong code changes nothing");
    let codes = browser.step(&[("code", &code(&secret, lab.now()))]).await;
    assert!(codes.text.contains("Keep your recovery codes"));
    let recovery = codes.text.split("<li><code>").nth(1).unwrap().split('<').next().unwrap().to_owned();
    let done = browser.step(&[("action", "continue")]).await;
    assert_eq!(done.location().path(), "/signin/account");
    assert!(lab.get("/signin/account", &browser.jar).await.text.contains("OATH verification code"));

    // Another browser: the same step's code is not taken again, the next one is, once.
    let request = lab.authorize(APP, "https://app.example/cb", &[]);
    let (mut other, _) = Browser::open(&lab, &request, "").await;
    assert!(other.step(&first_step).await.text.contains("Verify your identity"));
    let replayed = other.step(&[("code", &code(&secret, lab.now()))]).await;
    assert!(replayed.text.contains("role=\"alert\""), "each step is taken once");
    lab.pass(30);
    let now = code(&secret, lab.now());
    let signed_in = other.step(&[("code", &now)]).await;
    let query = signed_in.location_query();
    let tokens = lab.redeem(APP, SECRET, &query["code"], &[]).await.json();
    assert_eq!(claims(tokens["id_token"].as_str().unwrap())["amr"], serde_json::json!(["pwd", "otp", "mfa"]));

    // A recovery code is good once.
    for expected in [true, false] {
        lab.pass(30);
        let (mut third, _) = Browser::open(&lab, &request, "").await;
        third.step(&first_step).await;
        let answer = third.step(&[("action", "recovery"), ("code", &recovery)]).await;
        assert_eq!(answer.status == StatusCode::SEE_OTHER, expected, "{}", answer.text);
    }
}

#[tokio::test]
async fn codes_cannot_be_guessed() {
    let lab = Lab::new();
    let object = lab.provider.bootstrap_administrator(ROOT, "Grace", ROOT_PASSWORD).unwrap();
    lab.provider.add_authenticator(&object, &[7; 20], 0, ("", "test"), &Origin::default()).unwrap();
    let (mut browser, _) = Browser::open(&lab, &lab.authorize(APP, "https://app.example/cb", &[]), "").await;
    browser.step(&[("username", ROOT), ("password", ROOT_PASSWORD)]).await;
    for guess in 0..10 {
        browser.step(&[("code", &format!("{guess:06}"))]).await;
    }
    let right = browser.step(&[("code", &code(&[7; 20], lab.now()))]).await;
    assert!(right.text.contains("locked"), "{}", right.text);
}

#[tokio::test]
async fn signing_out_is_confirmed_unless_the_own_application_asks() {
    let lab = Lab::new();
    let (answer, jar) = lab.sign_in(&lab.authorize(APP, "https://app.example/cb", &[])).await;
    let out = format!("/{TENANT}/oauth2/v2.0/logout");
    let asked = lab.get(&out, &jar).await;
    assert!(asked.text.contains("Do you want to sign out?"));
    assert!(lab.get("/signin/account", &jar).await.text.contains("Your account"));
    let tokens = lab.redeem(APP, SECRET, &answer.location_query()["code"], &[]).await.json();
    let hint = tokens["id_token"].as_str().unwrap();
    let done = lab
        .get(&format!("{out}?id_token_hint={hint}&post_logout_redirect_uri=https://app.example/bye"), &jar)
        .await;
    assert_eq!(done.location().as_str(), "https://app.example/bye");
    assert!(
        lab.get("/signin/account", &jar).await.text.contains("id=\"password\""),
        "the session is over on this side"
    );

    lab.pass(2);
    let (_, jar) = lab.sign_in(&lab.authorize(APP, "https://app.example/cb", &[])).await;
    let account = lab.get("/signin/account", &jar).await;
    let refresh = lab.password(ADA, PASSWORD).await.json()["refresh_token"].as_str().unwrap().to_owned();
    let everywhere =
        lab.post("/signin/out", &jar, &[("mark", &account.field("mark")), ("everywhere", "yes")]).await;
    assert!(everywhere.text.contains("You are signed out"));
    assert_eq!(lab.refresh(CLI, &refresh).await.code(), 50_173);
}

#[tokio::test]
async fn pages_are_under_a_strict_policy() {
    let lab = Lab::new();
    for path in
        [lab.authorize(APP, "https://app.example/cb", &[]).as_str(), "/devicelogin", "/signin/account"]
    {
        let page = lab.get(path, "").await;
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        for wanted in [
            "default-src 'none'",
            "script-src 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'self'",
        ] {
            assert!(policy.contains(wanted), "{path}: {policy}");
        }
        assert!(!page.text.contains("<script") && !page.text.contains("style="), "{path}");
        assert_eq!(page.headers["cache-control"], "no-store");
        assert_eq!(page.headers["x-frame-options"], "DENY");
    }
}
