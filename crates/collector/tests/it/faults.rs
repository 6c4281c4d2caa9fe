//! Throttling, faults, refusals.

use std::sync::atomic::Ordering;
use std::time::Duration;

use azimuth_collector::{Options, Request, Response, Summary, TransportError};
use jiff::SignedDuration;
use tokio::time::Instant;

use crate::tenant::{
    Fault, Tenant, Tokens, VirtualClock, collect, collect_with, evidence, lines, options, status,
};

struct Run {
    summary: Summary,
    lines: Vec<serde_json::Value>,
    evidence: std::collections::BTreeSet<String>,
    elapsed: Duration,
}

async fn run(tenant: &Tenant, change: impl FnOnce(&mut Options)) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let mut options = options(tenant, folder.path());
    change(&mut options);
    let start = Instant::now();
    let summary = collect(tenant, &options).await.unwrap();
    Run { summary, lines: lines(folder.path()), evidence: evidence(folder.path()), elapsed: start.elapsed() }
}

fn only(call: &'static str) -> impl FnOnce(&mut Options) {
    move |options| options.only = vec![call.into()]
}

/// Answers so to the first `times` requests whose address contains `part`.
fn first(
    times: usize,
    part: &'static str,
    answer: impl Fn() -> Result<Response, TransportError> + Send + Sync + 'static,
) -> Fault {
    let left = std::sync::atomic::AtomicUsize::new(times);
    Box::new(move |request: &Request, _| {
        let hit = request.url.contains(part)
            && left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
        hit.then(&answer)
    })
}

fn throttled(code: u16, header: &'static str) -> impl Fn() -> Result<Response, TransportError> + Send + Sync {
    move || Ok(Response { retry_after: Some(header.into()), ..status(code, "TooManyRequests") })
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_honoured_in_both_forms() {
    for (header, seconds) in [("37", 37), ("Wed, 01 Jan 2025 00:00:52 GMT", 50)] {
        for code in [429, 503] {
            let tenant = Tenant::new(first(2, "namedLocations", throttled(code, header)));
            let run = run(&tenant, only("graph.namedLocations")).await;
            assert_eq!((run.summary.complete, run.summary.retries), (1, 2));
            assert!(run.elapsed >= Duration::from_secs(seconds), "{:?}", run.elapsed);
            assert!(run.summary.throttled_wait >= Duration::from_secs(seconds));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_throttled_service_gets_no_other_requests_meanwhile() {
    let tenant = Tenant::new(first(1, "/v1.0/users", throttled(429, "600")));
    let start = Instant::now();
    let run = run(&tenant, |options| {
        options.only = vec!["graph.".into()];
        options.concurrency = 1;
    })
    .await;
    assert_eq!(run.summary.failed, 0);
    assert!(start.elapsed() >= Duration::from_secs(600));
    assert_eq!(run.summary.throttled, 1);
}

#[tokio::test(start_paused = true)]
async fn too_long_a_wait_fails_the_call_alone() {
    let tenant = Tenant::new(first(1, "namedLocations", throttled(429, "86400")));
    let run = run(&tenant, only("graph.")).await;
    assert_eq!(run.summary.failed, 1);
    assert!(run.summary.problems[0].message.starts_with("429 TooManyRequests"));
    assert!(run.elapsed < Duration::from_secs(600));
}

#[tokio::test(start_paused = true)]
async fn faults_are_tried_again_and_then_recorded() {
    for code in [408, 500, 502, 503, 504] {
        let tenant = Tenant::new(first(7, "namedLocations", move || Ok(status(code, "Fault"))));
        let recovered = run(&tenant, only("graph.namedLocations")).await;
        assert_eq!((recovered.summary.complete, recovered.summary.retries), (1, 7));

        let tenant = Tenant::new(first(99, "namedLocations", move || Ok(status(code, "Fault"))));
        let failed = run(&tenant, only("graph.namedLocations")).await;
        assert_eq!((failed.summary.failed, failed.summary.requests), (1, 8), "attempts are bounded");
        assert_eq!((&failed.lines[0]["status"], &failed.lines[0]["final"]), (&code.into(), &false.into()));
        assert!(failed.elapsed < Duration::from_secs(300));
    }
}

#[tokio::test(start_paused = true)]
async fn broken_exchanges_and_garbled_bodies_are_tried_again() {
    let interrupted = || Err(TransportError::Interrupted("reset".into()));
    let torn =
        || Ok(Response { status: 200, body: b"{\"value\":[{\"id\":\"/su".to_vec(), ..Response::default() });
    let tenant = Tenant::new(first(3, "namedLocations", interrupted));
    assert_eq!(run(&tenant, only("graph.namedLocations")).await.summary.complete, 1);
    let tenant = Tenant::new(first(2, "namedLocations", torn));
    assert_eq!(run(&tenant, only("graph.namedLocations")).await.summary.complete, 1);

    let tenant = Tenant::new(first(99, "namedLocations", torn));
    let run_torn = run(&tenant, only("graph.namedLocations")).await;
    assert_eq!(run_torn.summary.problems[0].message, "the answer is not JSON");
    assert_eq!((run_torn.summary.requests, run_torn.lines.len()), (3, 0));

    let tenant = Tenant::new(first(99, "namedLocations", || Err(TransportError::TooLarge(64))));
    let large = run(&tenant, only("graph.namedLocations")).await;
    assert_eq!((large.summary.requests, large.summary.failed), (1, 1), "asking again would not help");
}

#[tokio::test(start_paused = true)]
async fn a_token_that_expires_in_mid_list_is_renewed() {
    // The first token is refused from the third page on, as if it had been revoked.
    let tenant = Tenant::new(Box::new(|request, _| {
        let revoked = request.bearer == "SECRET-0" && request.url.contains("at=8");
        revoked.then(|| Ok(status(401, "InvalidAuthenticationToken")))
    }));
    let outcome = run(&tenant, only("graph.users")).await;
    assert_eq!((outcome.summary.complete, outcome.summary.failed), (1, 0));
    let bearers: Vec<_> = tenant.asked("at=8").into_iter().map(|request| request.bearer).collect();
    assert_eq!(bearers, ["SECRET-0", "SECRET-1"]);

    let tenant = Tenant::new(Box::new(|_, _| Some(Ok(status(401, "InvalidAuthenticationToken")))));
    let refused = run(&tenant, only("graph.users")).await;
    assert_eq!((refused.summary.requests, refused.summary.missing_rights.len()), (2, 1), "once is enough");
}

#[tokio::test(start_paused = true)]
async fn tokens_are_renewed_before_they_expire() {
    let folder = tempfile::tempdir().unwrap();
    let tenant = Tenant::sound();
    let clock = VirtualClock(Instant::now());
    // Good for 200 ms beyond the margin.
    let lifetime = SignedDuration::from_millis(5 * 60_000 + 200);
    let tokens = Tokens { lifetime, ..Tokens::new(clock) };
    let summary = collect_with(&tenant, &options(&tenant, folder.path()), &tokens).await.unwrap();
    assert_eq!(summary.failed, 0);
    let handed_out = tokens.handed_out.load(Ordering::SeqCst);
    let elapsed = clock.0.elapsed().as_millis() as usize;
    assert!(handed_out > 2 && handed_out <= 2 * (elapsed / 200 + 2), "{handed_out} in {elapsed} ms");
}

#[tokio::test(start_paused = true)]
async fn refusals_are_recorded_and_name_the_right() {
    let tenant = Tenant::new(Box::new(|request, _| {
        let refused = request.url.contains("sub-b/providers/Microsoft.Security")
            || request.url.contains("userRegistrationDetails");
        refused.then(|| Ok(status(403, "AuthorizationFailed")))
    }));
    let run = run(&tenant, |_| ()).await;
    assert_eq!((run.summary.failed, run.summary.problems.len()), (3, 0));
    let rights: Vec<_> =
        run.summary.missing_rights.iter().map(|right| (&*right.right, &*right.scope)).collect();
    assert_eq!(rights, [("AuditLog.Read.All", "/"), ("Reader", "/subscriptions/sub-b")]);
    assert_eq!(run.summary.missing_rights[0].licence.as_deref(), Some("Microsoft Entra ID P1"));
    assert_eq!(run.summary.missing_rights[1].calls.len(), 2);
    assert!(run.summary.missing_rights[1].said.contains("AuthorizationFailed"));
    let refused = run.lines.iter().filter(|line| line["status"] == 403);
    assert!(refused.clone().all(|line| line["final"] == false && line.get("evidence").is_none()));
    assert_eq!(refused.count(), 3);
    // What was refused in one subscription is not complete above it, and everything else is.
    assert!(!run.evidence.contains("Microsoft.Security/pricings @ /"));
    assert!(
        run.evidence.contains(
            "Microsoft.Security/pricings @ /providers/Microsoft.Management/managementGroups/online"
        )
    );
    assert!(run.evidence.contains("Microsoft.Authorization/locks @ /"));
}

#[tokio::test(start_paused = true)]
async fn without_resource_graph_each_type_is_listed() {
    let tenant = Tenant::new(Box::new(|request, _| {
        let list = "/providers/Microsoft.KeyVault/vaults?";
        if request.url.contains("ResourceGraph") {
            Some(Ok(status(403, "AccessDenied")))
        } else if request.url.contains(list) {
            let scope = request.url.split("/providers/").next().unwrap().replace("https://arm.test", "");
            let vault = serde_json::json!({"id": format!("{scope}/resourceGroups/r/providers/Microsoft.KeyVault/vaults/v")});
            Some(Ok(crate::tenant::ok(&serde_json::json!({"value": [vault]}))))
        } else {
            None
        }
    }));
    let run = run(&tenant, |options| options.only = vec!["arm.".into()]).await;
    assert_eq!(run.summary.failed, 2, "both queries");
    assert_eq!(tenant.asked("/vaults/v/providers/Microsoft.Insights/diagnosticSettings").len(), 3);
    assert!(!run.evidence.iter().any(|proof| proof.starts_with("Microsoft.Resources/resources")));
    assert!(run.evidence.contains("Microsoft.KeyVault/vaults @ /"));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_an_answer_only_where_it_may_be() {
    let tenant = Tenant::new(Box::new(|request, _| {
        let absent = request.url.contains("/settings/default") || request.url.contains("/namedLocations");
        absent.then(|| Ok(status(404, "NotFound")))
    }));
    let run = run(&tenant, |_| ()).await;
    assert_eq!(run.summary.failed, 1);
    assert_eq!(run.summary.problems[0].call, "graph.namedLocations");
    let settings =
        run.lines.iter().find(|line| line["call"].as_str().unwrap().starts_with("arm.hierarchySettings"));
    assert_eq!((&settings.unwrap()["status"], &settings.unwrap()["final"]), (&404.into(), &true.into()));
}

#[tokio::test(start_paused = true)]
async fn one_service_without_token_or_network_does_not_stop_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let tenant = Tenant::sound();
    let tokens = Tokens { refused: Some("graph"), ..Tokens::new(VirtualClock(Instant::now())) };
    let summary = collect_with(&tenant, &options(&tenant, folder.path()), &tokens).await.unwrap();
    assert!(tenant.asked("graph.test").is_empty());
    assert!(summary.complete > 100);
    assert_eq!(summary.problems.len(), 1, "{:?}", summary.problems);
    assert_eq!(summary.problems[0].message, "no token for `https://graph.test/.default`: not signed in");

    let tenant = Tenant::new(Box::new(|request, _| {
        let offline = request.url.starts_with("https://graph.test");
        offline.then(|| Err(TransportError::Connect("no route".into())))
    }));
    let run = run(&tenant, |options| options.concurrency = 1).await;
    assert_eq!(tenant.asked("graph.test").len(), 3 * 8, "three calls, eight attempts each, then no more");
    assert_eq!(run.summary.problems[0].call, "graph");
    assert!(run.summary.complete > 100);
}

#[tokio::test(start_paused = true)]
async fn throttled_parts_of_a_batch_are_asked_again() {
    let tenant = Tenant::new(Box::new(|request, number| {
        let body = request.body.as_ref().filter(|_| request.url.ends_with("/$batch"))?;
        let parts: serde_json::Value = serde_json::from_str(body).unwrap();
        let answer = |(at, part): (usize, &serde_json::Value)| {
            let slow = at % 3 == 0 && number < 20;
            let forbidden = part["url"] == "/users/user-9/authentication/requirements";
            match (forbidden, slow) {
                (true, _) => {
                    serde_json::json!({"id": part["id"], "status": 403, "body": {"error": {"code": "Forbidden"}}})
                }
                (_, true) => {
                    serde_json::json!({"id": part["id"], "status": 429, "headers": {"Retry-After": "9"}})
                }
                _ => {
                    serde_json::json!({"id": part["id"], "status": 200, "body": {"perUserMfaState": "enforced"}})
                }
            }
        };
        let responses: Vec<_> =
            parts["requests"].as_array().unwrap().iter().enumerate().map(answer).collect();
        Some(Ok(crate::tenant::ok(&serde_json::json!({ "responses": responses }))))
    }));
    let run = run(&tenant, only("graph.authenticationRequirements")).await;
    assert_eq!((run.summary.failed, run.summary.complete), (1, crate::tenant::USERS as u64));
    assert!(run.elapsed >= Duration::from_secs(9));
    assert_eq!(run.summary.missing_rights[0].right, "Policy.Read.All");
    assert!(!run.evidence.contains("graph:/users/authentication/requirements @ /"));
}

#[tokio::test(start_paused = true)]
async fn what_was_left_out_proves_nothing() {
    let tenant = Tenant::sound();
    let no_groups = run(&tenant, |options| options.skip = vec!["arm.groupPolicyAssignments".into()]).await;
    assert!(no_groups.evidence.contains("Microsoft.Authorization/policyAssignments @ /subscriptions/sub-a"));
    assert!(!no_groups.evidence.iter().any(|proof| {
        proof.starts_with("Microsoft.Authorization/policyAssignments @ /providers")
            || proof.ends_with("policyAssignments @ /")
    }));
    let one = run(&tenant, |options| options.subscriptions = vec!["sub-c".into()]).await;
    assert!(one.evidence.contains(
        "Microsoft.Authorization/roleAssignments @ /providers/Microsoft.Management/managementGroups/online"
    ));
    assert!(
        !one.evidence.iter().any(|proof| proof.starts_with("Microsoft.") && proof.ends_with(" @ /")),
        "{:#?}",
        one.evidence
    );
}

#[tokio::test(start_paused = true)]
async fn one_refused_resource_leaves_its_subscription_open() {
    let tenant = Tenant::new(Box::new(|request, _| {
        let refused = request.url.contains("sub-b/") && request.url.contains("/flowLogs");
        refused.then(|| Ok(status(403, "AuthorizationFailed")))
    }));
    let run = run(&tenant, only("arm.")).await;
    let flow_logs =
        |scope: &str| run.evidence.contains(&format!("Microsoft.Network/networkWatchers/flowLogs @ {scope}"));
    assert!(flow_logs("/subscriptions/sub-a") && flow_logs("/subscriptions/sub-c"));
    assert!(!flow_logs("/subscriptions/sub-b") && !flow_logs("/"));
    assert_eq!(run.summary.missing_rights[0].scope, "/subscriptions/sub-b");
}
