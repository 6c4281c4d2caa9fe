//! A whole tenant in which all goes well.

use std::sync::Mutex;

use azimuth_collector::{Outside, Progress, collect_from};
use tokio::time::Instant;

use crate::tenant::{SUBSCRIPTIONS, Tenant, Tokens, USERS, VirtualClock, collect, evidence, lines, options};

#[tokio::test(start_paused = true)]
async fn everything_is_read_and_proved_complete() {
    let folder = tempfile::tempdir().unwrap();
    let tenant = Tenant::sound();
    let summary = collect(&tenant, &options(&tenant, folder.path())).await.unwrap();
    assert_eq!((summary.failed, summary.complete), (0, summary.planned));
    assert!(summary.missing_rights.is_empty() && summary.problems.is_empty() && !summary.stopped);
    assert_eq!(summary.requests as usize, tenant.count());

    let lines = lines(folder.path());
    assert_eq!(lines.len() as u64, summary.lines);
    let finals = lines.iter().filter(|line| line["final"] == true).count();
    assert_eq!(finals as u64, summary.planned, "one last line for each call");
    let of = |call: &str| {
        lines.iter().filter(|line| line["call"].as_str().unwrap().split('@').next() == Some(call)).count()
    };
    assert_eq!(of("graph.authenticationRequirements"), USERS);
    assert_eq!(tenant.asked("$batch").len(), USERS.div_ceil(20));
    assert_eq!(of("arm.securityContacts"), SUBSCRIPTIONS.len());
    assert_eq!(of("arm.blobDiagnosticSettings"), 3, "one account of each subscription has blobs");
    assert_eq!(of("arm.fileDiagnosticSettings"), 6);
    assert_eq!(of("arm.resources"), 5, "18 resources in pages of four");
    assert!(!lines.iter().any(|line| line["call"].as_str().unwrap().starts_with("arm.list")));

    let evidence = evidence(folder.path());
    for proof in [
        "Microsoft.Authorization/policyAssignments @ /",
        "Microsoft.Authorization/roleAssignments @ /providers/Microsoft.Management/managementGroups/corp",
        "Microsoft.Network/networkWatchers/flowLogs @ /subscriptions/sub-b",
        "Microsoft.Network/networkWatchers/flowLogs @ /",
        "Microsoft.Resources/resources @ /subscriptions/sub-c",
        "Microsoft.Resources/resources @ /",
        "Microsoft.Resources/subscriptions @ /",
        "Microsoft.Security/pricings @ /",
        "graph:/groups/members @ /",
        "graph:/users/authentication/requirements @ /",
    ] {
        assert!(evidence.contains(proof), "{proof} in {evidence:#?}");
    }
    assert!(!evidence.iter().any(|proof| proof.contains("diagnosticSettings")));
}

#[tokio::test(start_paused = true)]
async fn lines_say_what_was_asked_and_what_it_proves() {
    let folder = tempfile::tempdir().unwrap();
    let tenant = Tenant::sound();
    collect(&tenant, &options(&tenant, folder.path())).await.unwrap();
    let lines = lines(folder.path());
    let find = |call: &str| lines.iter().rfind(|line| line["call"] == call).unwrap();

    let pricings = find("arm.pricings@/subscriptions/sub-a");
    assert_eq!(pricings["method"], "GET");
    assert_eq!(
        pricings["url"],
        "https://arm.test/subscriptions/sub-a/providers/Microsoft.Security/pricings?api-version=2024-01-01"
    );
    assert_eq!(
        pricings["evidence"],
        serde_json::json!([{"type": "Microsoft.Security/pricings", "scope": "/subscriptions/sub-a"}])
    );
    let resources = find("arm.resources@/subscriptions/sub-a+2");
    assert_eq!((&resources["method"], &resources["final"]), (&"POST".into(), &true.into()));
    assert_eq!(resources["request"]["query"], "resources | order by id asc");
    assert_eq!(resources["evidence"].as_array().unwrap().len(), 3);
    let requirements = find("graph.authenticationRequirements@user-7");
    assert_eq!(requirements["url"], "https://graph.test/beta/users/user-7/authentication/requirements");
    assert_eq!(requirements["body"]["of"], "/users/user-7/authentication/requirements");
    let text = std::fs::read_to_string(folder.path().join("arm-resources.ndjson")).unwrap();
    assert!(text.contains("[1,2.5]"), "numbers stay as they came");
}

#[tokio::test(start_paused = true)]
async fn no_token_is_written_or_sent_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let tenant = Tenant::sound();
    collect(&tenant, &options(&tenant, folder.path())).await.unwrap();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        assert!(!text.contains("SECRET"));
    }
    for request in tenant.requests.lock().unwrap().iter() {
        let own =
            ["https://arm.test/", "https://graph.test/"].iter().any(|base| request.url.starts_with(base));
        assert!(own && !request.url.contains("SECRET"), "{}", request.url);
    }
}

#[tokio::test(start_paused = true)]
async fn progress_ends_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let tenant = Tenant::sound();
    let seen: Mutex<Vec<Progress>> = Mutex::default();
    let tokens = Tokens::new(VirtualClock(Instant::now()));
    let outside = Outside { tokens: &tokens, transport: &tenant, clock: &tokens.clock };
    let options = options(&tenant, folder.path());
    collect_from(&options, outside, &|progress| seen.lock().unwrap().push(progress.clone())).await.unwrap();
    let seen = seen.into_inner().unwrap();
    let last = seen.last().unwrap();
    assert_eq!(last.done, last.planned);
    assert!(seen.is_sorted_by_key(|progress| (progress.done, progress.planned, progress.requests)));
}

#[tokio::test(start_paused = true)]
async fn parts_can_be_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let tenant = Tenant::sound();
    let mut options = options(&tenant, folder.path());
    options.only = vec!["arm.pricings".into()];
    options.subscriptions = vec!["SUB-B".into()];
    let summary = collect(&tenant, &options).await.unwrap();
    assert_eq!((summary.planned, summary.complete), (2, 2));
    assert_eq!(tenant.asked("sub-b").len(), 1);
}
