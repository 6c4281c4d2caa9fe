//! Stopping anywhere and going on gives what an unbroken run gives.

use std::collections::BTreeSet;
use std::io::{Seek, Write};
use std::path::Path;
use std::time::Duration;

use azimuth_collector::{Cancellation, CollectError, OutputError};
use tokio::time::Instant;

use crate::tenant::{
    Tenant, Tokens, VirtualClock, collect, collect_with, content, evidence, lines, options, status,
};

async fn unbroken() -> (BTreeSet<String>, BTreeSet<String>, usize) {
    let folder = tempfile::tempdir().unwrap();
    let tenant = Tenant::sound();
    collect(&tenant, &options(&tenant, folder.path())).await.unwrap();
    (content(folder.path()), evidence(folder.path()), tenant.count())
}

fn assert_same(what: &str, found: &BTreeSet<String>, wanted: &BTreeSet<String>) {
    let lost: Vec<_> = wanted.difference(found).take(3).collect();
    let invented: Vec<_> = found.difference(wanted).take(3).collect();
    assert!(lost.is_empty() && invented.is_empty(), "{what}: lost {lost:#?}, invented {invented:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_stop_at_any_request_loses_nothing() {
    let (wanted, proofs, requests) = unbroken().await;
    let mut twice = 0;
    for round in 0..60_usize {
        let stop_at = round * requests / 60;
        let folder = tempfile::tempdir().unwrap();
        let cancellation = Cancellation::default();
        let trigger = cancellation.clone();
        let tenant = Tenant::new(Box::new(move |_, number| {
            if number == stop_at {
                trigger.cancel();
            }
            None
        }));
        let mut first = options(&tenant, folder.path());
        first.cancellation = cancellation;
        let summary = collect(&tenant, &first).await.unwrap();
        assert!(summary.stopped, "stopped at {stop_at}");
        assert!(evidence(folder.path()).is_subset(&proofs), "nothing is proved too early");
        let before = lines(folder.path()).len();

        let rest = Tenant::sound();
        let summary = collect(&rest, &options(&rest, folder.path())).await.unwrap();
        assert!(!summary.stopped && summary.failed == 0);
        assert_eq!(summary.complete, summary.planned);
        assert_same(&format!("stopped at {stop_at}"), &content(folder.path()), &wanted);
        assert_same("evidence", &evidence(folder.path()), &proofs);
        // A page is never asked for twice: only what was under way is.
        let pages = lines(folder.path()).len();
        assert!(pages == wanted.len(), "{before} lines before, {pages} after, {} wanted", wanted.len());
        twice += (tenant.count() + rest.count()).saturating_sub(requests);
    }
    assert!(twice <= 60 * 32, "{twice} requests repeated in 60 stops");
}

#[tokio::test(start_paused = true)]
async fn an_abort_at_any_moment_loses_nothing() {
    let (wanted, proofs, _) = unbroken().await;
    let mut state = 5_u64;
    let mut random = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for round in 0..50 {
        let folder = tempfile::tempdir().unwrap();
        let tenant = Tenant::sound();
        for _ in 0..=random(3) {
            // The future is dropped where it stands: no checkpoint, no farewell.
            let cut = Duration::from_millis(random(900));
            let _ = tokio::time::timeout(cut, collect(&tenant, &options(&tenant, folder.path()))).await;
            tear(folder.path(), random(1 << 30));
        }
        let summary = collect(&tenant, &options(&tenant, folder.path())).await.unwrap();
        assert_eq!((summary.failed, summary.complete), (0, summary.planned));
        assert_same(&format!("round {round}"), &content(folder.path()), &wanted);
        assert_same("evidence", &evidence(folder.path()), &proofs);
    }
}

/// Leaves some file as a kill in mid-write would: with a line cut short.
fn tear(folder: &Path, random: u64) {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "ndjson"))
        .filter(|path| !path.ends_with("evidence.ndjson"))
        .collect();
    files.sort();
    if files.is_empty() {
        return;
    }
    let path = &files[random as usize % files.len()];
    let text = std::fs::read(path).unwrap();
    let mut file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    if random.is_multiple_of(2) {
        // The last line loses its end.
        file.set_len((text.len() as u64).saturating_sub(1 + random % 200)).unwrap();
    } else {
        // Another line was begun.
        let line = text.split_inclusive(|byte| *byte == b'\n').next().unwrap_or_default();
        file.seek(std::io::SeekFrom::End(0)).unwrap();
        file.write_all(&line[..line.len().saturating_sub(1 + random as usize % 50)]).unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_finished_run_is_not_repeated_and_refusals_are() {
    let folder = tempfile::tempdir().unwrap();
    let tenant = Tenant::new(Box::new(|request, _| {
        request.url.contains("/namedLocations").then(|| Ok(status(403, "Forbidden")))
    }));
    let first = collect(&tenant, &options(&tenant, folder.path())).await.unwrap();
    assert_eq!(first.failed, 1);

    let granted = Tenant::sound();
    let second = collect(&granted, &options(&granted, folder.path())).await.unwrap();
    assert_eq!((second.requests, second.failed, second.resumed), (1, 0, first.complete));
    let third = collect(&granted, &options(&granted, folder.path())).await.unwrap();
    assert_eq!((third.requests, third.lines), (0, 0));
    assert!(evidence(folder.path()).contains("Microsoft.Security/pricings @ /"));
}

#[tokio::test(start_paused = true)]
async fn an_old_link_is_not_used() {
    for (age, restarts) in [(60, false), (3_600, true)] {
        let folder = tempfile::tempdir().unwrap();
        let cancellation = Cancellation::default();
        let trigger = cancellation.clone();
        let tenant = Tenant::new(Box::new(move |request, _| {
            if request.url.contains("at=8") {
                trigger.cancel();
            }
            None
        }));
        let tokens = Tokens::new(VirtualClock(Instant::now()));
        let mut options = options(&tenant, folder.path());
        options.only = vec!["graph.users".into()];
        options.cancellation = cancellation;
        assert!(collect_with(&tenant, &options, &tokens).await.unwrap().stopped);
        tokio::time::advance(Duration::from_secs(age)).await;
        let rest = Tenant::sound();
        options.cancellation = Cancellation::default();
        collect_with(&rest, &options, &tokens).await.unwrap();
        assert_eq!(!rest.asked("$select").is_empty(), restarts);
    }
}

#[tokio::test(start_paused = true)]
async fn folders_of_others_are_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let tenant = Tenant::sound();
    std::fs::write(folder.path().join("arm-mine.ndjson"), "precious").unwrap();
    let refused = collect(&tenant, &options(&tenant, folder.path())).await;
    assert!(matches!(refused, Err(CollectError::Output(OutputError::NoCheckpoint(_)))));
    assert_eq!(std::fs::read_to_string(folder.path().join("arm-mine.ndjson")).unwrap(), "precious");

    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("notes.txt"), "precious").unwrap();
    let mut options = options(&tenant, folder.path());
    options.only = vec!["graph.users".into()];
    collect(&tenant, &options).await.unwrap();
    options.tenant = Some("another".into());
    let other = collect(&tenant, &options).await;
    assert!(matches!(other, Err(CollectError::Output(OutputError::OtherSource { .. }))));
    options.fresh = true;
    let before = lines(folder.path()).len();
    collect(&tenant, &options).await.unwrap();
    assert_eq!(lines(folder.path()).len(), before, "started over");
    assert_eq!(std::fs::read_to_string(folder.path().join("notes.txt")).unwrap(), "precious");

    std::fs::write(folder.path().join("checkpoint.json"), "{}").unwrap();
    options.fresh = false;
    let damaged = collect(&tenant, &options).await;
    assert!(matches!(damaged, Err(CollectError::Output(OutputError::DamagedCheckpoint { .. }))));
}

#[tokio::test(start_paused = true)]
async fn two_collections_do_not_share_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let tenant = Tenant::sound();
    let options = options(&tenant, folder.path());
    let (first, second) = tokio::join!(collect(&tenant, &options), collect(&tenant, &options));
    assert!(first.is_ok());
    assert!(matches!(second, Err(CollectError::Output(OutputError::Busy(_)))));
}
