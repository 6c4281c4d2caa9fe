//! Lists that do not end as they should.

use serde_json::json;

use crate::tenant::{Tenant, collect, lines, ok, options, status};

/// Collects only what `only` says and returns the summary's single problem and the last line.
async fn check(tenant: Tenant, only: &str) -> (String, Option<serde_json::Value>) {
    let folder = tempfile::tempdir().unwrap();
    let mut options = options(&tenant, folder.path());
    options.only = vec![only.into()];
    options.pages = 20;
    let summary = collect(&tenant, &options).await.unwrap();
    assert_eq!((summary.problems.len(), summary.failed), (1, 1), "{summary:?}");
    let call = &summary.problems[0].call;
    let lines = lines(folder.path());
    (summary.problems[0].message.clone(), lines.into_iter().rfind(|line| line["call"] == **call))
}

#[tokio::test(start_paused = true)]
async fn a_link_to_another_origin_is_not_followed() {
    for link in
        ["https://arm.test.evil.test/next", "http://graph.test/next", "/relative", "https://x@graph.test/"]
    {
        let tenant = Tenant::new(Box::new(move |request, _| {
            assert!(request.url.starts_with("https://graph.test/"), "{}", request.url);
            let page = json!({"value": [{"id": "r"}], "@odata.nextLink": link});
            request.url.ends_with("/roleDefinitions").then(|| Ok(ok(&page)))
        }));
        let (message, line) = check(tenant, "graph.roleDefinitions").await;
        assert!(message.starts_with("the next page is said to be at another address"), "{message}");
        assert_eq!(line.unwrap()["final"], false, "the list is not complete");
    }
}

#[tokio::test(start_paused = true)]
async fn a_circle_is_noticed() {
    let tenant = Tenant::new(Box::new(|request, _| {
        let page =
            |next: &str| json!({"value": [], "@odata.nextLink": format!("https://graph.test/v1.0/{next}")});
        match request.url.rsplit('/').next().unwrap() {
            "roleDefinitions" | "b" => Some(Ok(ok(&page("a")))),
            "a" => Some(Ok(ok(&page("b")))),
            _ => None,
        }
    }));
    let (message, line) = check(tenant, "graph.roleDefinitions").await;
    assert_eq!(message, "the list goes round in a circle");
    assert_eq!(line.unwrap()["final"], false);
}

#[tokio::test(start_paused = true)]
async fn an_endless_list_is_left() {
    let tenant = Tenant::new(Box::new(|request, number| {
        let next = format!("https://graph.test/v1.0/roleDefinitions?at={number}");
        request
            .url
            .contains("roleDefinitions")
            .then(|| Ok(ok(&json!({"value": [], "@odata.nextLink": next}))))
    }));
    let (message, _) = check(tenant, "graph.roleDefinitions").await;
    assert_eq!(message, "the list has more than 20 pages");
}

#[tokio::test(start_paused = true)]
async fn a_stale_link_starts_the_list_again() {
    let folder = tempfile::tempdir().unwrap();
    let tenant = Tenant::new(Box::new(|request, number| {
        (request.url.contains("users?at=8") && number < 3)
            .then(|| Ok(status(400, "Directory_ExpiredPageToken")))
    }));
    let mut options = options(&tenant, folder.path());
    options.only = vec!["graph.users".into()];
    let summary = collect(&tenant, &options).await.unwrap();
    assert_eq!((summary.complete, summary.failed), (1, 0));
    assert_eq!(lines(folder.path()).iter().filter(|line| line["final"] == true).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn odd_shapes_are_problems_and_not_recorded() {
    for body in [json!(3), json!({"items": []}), json!({"value": {}}), json!({"value": [], "nextLink": 3})] {
        let tenant = Tenant::new(Box::new(move |_, _| Some(Ok(ok(&body)))));
        let (_, line) = check(tenant, "graph.namedLocations").await;
        assert_eq!(line, None);
    }
    let tenant = Tenant::new(Box::new(|_, _| Some(Ok(ok(&json!([]))))));
    assert_eq!(check(tenant, "graph.authorizationPolicy").await.0, "the answer is no object");
}

#[tokio::test(start_paused = true)]
async fn names_that_leave_their_place_are_not_asked_of() {
    let folder = tempfile::tempdir().unwrap();
    let tenant = Tenant::new(Box::new(|request, _| {
        let odd = ["/subscriptions/../x", "/subscriptions//", "x", "", "https://evil.test/"];
        let items: Vec<_> = odd.iter().map(|id| json!({ "id": id })).collect();
        let page = json!({"value": items});
        let users = json!({"value": [{"id": "../me"}, {"id": "a/b"}, {"id": 3}, 7, {"id": "good-1"}]});
        if request.url.contains("/subscriptions?") {
            Some(Ok(ok(&page)))
        } else if request.url.contains("/users?") {
            Some(Ok(ok(&users)))
        } else {
            None
        }
    }));
    let mut options = options(&tenant, folder.path());
    options.only = vec!["arm.locks".into(), "graph.authenticationRequirements".into()];
    let summary = collect(&tenant, &options).await.unwrap();
    assert_eq!(summary.planned, 3, "subscriptions, users and the requirements of one user");
}
