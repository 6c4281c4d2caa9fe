//! A process that is killed: what it wrote is used by the next one.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use azimuth_collector::{
    AccessToken, BoxFuture, Endpoints, HttpTransport, Limits, Options, Outside, TokenError, TokenSource,
    USER_AGENT, collect_from,
};
use azimuth_host::SystemClock;
use jiff::{SignedDuration, Timestamp};

use crate::server::{answer, serve};
use crate::tenant::{Tenant, content, evidence};

const FOLDER: &str = "AZIMUTH_TEST_COLLECT_FOLDER";
const ADDRESS: &str = "AZIMUTH_TEST_COLLECT_ADDRESS";

struct Anyone;

impl TokenSource for Anyone {
    fn token<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<AccessToken, TokenError>> {
        let expires = Timestamp::now() + SignedDuration::from_hours(1);
        Box::pin(async move { Ok(AccessToken { secret: "t".into(), expires }) })
    }
}

/// One collection with a real clock and socket.
fn run(folder: PathBuf, address: &str) -> azimuth_collector::Summary {
    let base = || address.to_owned();
    let options = Options {
        endpoints: Endpoints { authority: base(), arm: base(), graph: base() },
        allow_loopback_http: true,
        ..Options::new(folder)
    };
    let transport = HttpTransport::new(USER_AGENT, Limits::default(), true).unwrap();
    let outside = Outside { tokens: &Anyone, transport: &transport, clock: &SystemClock };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(collect_from(&options, outside, &|_| ())).unwrap()
}

/// Not a test of its own: the process that the test below starts and kills.
#[test]
fn child() {
    if let (Ok(folder), Ok(address)) = (std::env::var(FOLDER), std::env::var(ADDRESS)) {
        run(folder.into(), &address);
    }
}

#[test]
fn a_kill_at_any_moment_loses_nothing() {
    // The server tells the killer when the n-th request came in, so that no time is measured.
    let (tell, told) = std::sync::mpsc::channel::<()>();
    let tell = Mutex::new(tell);
    let tenant: Arc<Mutex<Option<Tenant>>> = Arc::default();
    let answering = tenant.clone();
    let endpoints = serve(Arc::new(move |incoming, stream| {
        let guard = answering.lock().unwrap();
        let tenant = guard.as_ref().unwrap();
        let response = tenant.respond(&incoming.as_request(&tenant.base.arm)).unwrap();
        let _ = tell.lock().unwrap().send(());
        answer(stream, response.status, &[], &response.body);
    }));
    *tenant.lock().unwrap() = Some(Tenant::at(endpoints.clone(), Box::new(|_, _| None)));

    let whole = tempfile::tempdir().unwrap();
    let requests = run(whole.path().into(), &endpoints.arm).requests as usize;
    let (wanted, proofs) = (content(whole.path()), evidence(whole.path()));
    for round in 0..25 {
        while told.try_recv().is_ok() {}
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "kill::child", "--nocapture"])
            .env(FOLDER, folder.path())
            .env(ADDRESS, &endpoints.arm)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        for _ in 0..1 + round * requests / 25 {
            told.recv().unwrap();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let summary = run(folder.path().into(), &endpoints.arm);
        assert_eq!((summary.failed, summary.complete), (0, summary.planned));
        assert_eq!(content(folder.path()), wanted, "round {round}");
        assert_eq!(evidence(folder.path()), proofs);
    }
}
