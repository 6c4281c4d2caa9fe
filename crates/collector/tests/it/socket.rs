//! The HTTP client and the credentials over a real socket.

use std::io::Write;
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use azimuth_collector::{
    AzureTokens, Credential, Endpoints, Fetch, HttpTransport, Limits, Options, Request, Response,
    TokenSource, Transport, TransportError, USER_AGENT, collect, fetch,
};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::server::{Incoming, answer, serve};
use crate::tenant::{Tenant, lines};

fn limits() -> Limits {
    Limits { timeout: Duration::from_secs(30), response_bytes: 100_000, ..Limits::default() }
}

async fn send(
    limits: Limits,
    handler: impl Fn(&Incoming, &mut TcpStream) + Send + Sync + 'static,
) -> Result<Response, TransportError> {
    let base = serve(Arc::new(handler)).arm;
    let transport = HttpTransport::new(USER_AGENT, limits, true).unwrap();
    transport.send(&Request { url: format!("{base}/x?$top=1"), body: None, bearer: "t0ken".into() }).await
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn a_request_says_who_asks_and_a_response_is_unpacked() {
    let response = send(limits(), |incoming, stream| {
        assert_eq!(incoming.target, "/x?$top=1");
        assert_eq!(incoming.header("authorization"), "Bearer t0ken");
        assert!(incoming.header("user-agent").starts_with("azimuth/"));
        assert!(incoming.header("accept-encoding").contains("gzip"));
        let headers = [("Content-Encoding", "gzip"), ("Retry-After", "7")];
        answer(stream, 429, &headers, &gzip(b"{\"a\":1}"));
    })
    .await
    .unwrap();
    assert_eq!((response.status, response.retry_after.as_deref()), (429, Some("7")));
    assert_eq!(response.body, b"{\"a\":1}");
}

#[tokio::test]
async fn documents_are_fetched_as_they_are_kept() {
    let base = serve(Arc::new(|incoming: &Incoming, stream: &mut TcpStream| {
        match incoming.target.as_str() {
            "/moved?sig=x" => answer(stream, 302, &[("Location", "/list.csv.gz")], b""),
            "/list.csv.gz" => {
                assert_eq!((incoming.header("authorization"), incoming.header("referer")), ("", ""));
                answer(stream, 200, &[], &gzip(b"a,b"));
            }
            "/round" => answer(stream, 302, &[("Location", "/round")], b""),
            "/long" => answer(stream, 200, &[], &[b'x'; 100_001]),
            _ => answer(stream, 403, &[], b"<Error/>"),
        };
    }))
    .arm;
    let how = Fetch { limits: limits(), allow_http: true };
    assert_eq!(fetch(&format!("{base}/moved?sig=x"), how).await, Ok(gzip(b"a,b")));
    assert_eq!(fetch(&format!("{base}/other"), how).await, Err(TransportError::Status(403)));
    assert_eq!(fetch(&format!("{base}/long"), how).await, Err(TransportError::TooLarge(100_000)));
    let round = fetch(&format!("{base}/round"), how).await;
    assert!(matches!(round, Err(TransportError::Interrupted(_))), "{round:?}");
    let plain = fetch(&format!("{base}/list.csv.gz"), Fetch { allow_http: false, ..how }).await;
    assert!(matches!(plain, Err(TransportError::Connect(_))), "{plain:?}");
}

#[tokio::test]
async fn a_body_cut_short_is_an_interruption() {
    let cut = send(limits(), |_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"value\":[");
        let _ = stream.shutdown(std::net::Shutdown::Both);
    })
    .await;
    assert!(matches!(cut, Err(TransportError::Interrupted(_))), "{cut:?}");
    let cut_gzip = send(limits(), |_, stream| {
        let packed = gzip(&[b'x'; 5_000]);
        answer(stream, 200, &[("Content-Encoding", "gzip")], &packed[..packed.len() - 9]);
    })
    .await;
    assert!(matches!(cut_gzip, Err(TransportError::Interrupted(_))), "{cut_gzip:?}");
}

#[tokio::test]
async fn a_huge_body_is_not_read_to_its_end() {
    let plain = send(limits(), |_, stream| answer(stream, 200, &[], &vec![b' '; 100_001])).await;
    assert_eq!(plain.unwrap_err(), TransportError::TooLarge(100_000));
    let packed = gzip(&vec![b' '; 50_000_000]);
    let bomb =
        send(limits(), move |_, stream| answer(stream, 200, &[("Content-Encoding", "gzip")], &packed)).await;
    assert_eq!(bomb.unwrap_err(), TransportError::TooLarge(100_000));
}

#[tokio::test]
async fn a_server_that_says_nothing_is_left() {
    let short = Limits { timeout: Duration::from_millis(50), ..limits() };
    let (hold, held) = std::sync::mpsc::channel::<()>();
    let held = Mutex::new(held);
    let silent = send(short, move |_, _| {
        let _ = held.lock().unwrap().recv();
    })
    .await;
    assert_eq!(silent.unwrap_err(), TransportError::Interrupted("timed out".into()));
    drop(hold);
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let response =
        send(limits(), |_, stream| answer(stream, 302, &[("Location", "http://127.0.0.1:9/")], b"")).await;
    assert_eq!(response.unwrap().status, 302);
}

#[tokio::test]
async fn nothing_listening_is_no_connection() {
    let transport = HttpTransport::new(USER_AGENT, limits(), true).unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let refused = transport.send(&Request { url, body: None, bearer: String::new() }).await;
    assert!(matches!(refused, Err(TransportError::Connect(_))), "{refused:?}");
    let strict = HttpTransport::new(USER_AGENT, limits(), false).unwrap();
    let plain = Request { url: "http://127.0.0.1:1/".into(), body: None, bearer: String::new() };
    assert!(matches!(strict.send(&plain).await, Err(TransportError::Connect(_))), "http needs leave");
}

/// A server that is the made-up tenant and its authority.
fn tenant_server() -> (Endpoints, Arc<Mutex<Vec<String>>>) {
    let token_requests: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = token_requests.clone();
    let tenant: Arc<Mutex<Option<Tenant>>> = Arc::default();
    let answering = tenant.clone();
    let endpoints = serve(Arc::new(move |incoming, stream| {
        if incoming.target.ends_with("/oauth2/v2.0/token") {
            seen.lock().unwrap().push(incoming.body.clone().unwrap_or_default());
            let token = br#"{"token_type":"Bearer","expires_in":3600,"access_token":"from-authority"}"#;
            return answer(stream, 200, &[], token);
        }
        assert_eq!(incoming.header("authorization"), "Bearer from-authority");
        let guard = answering.lock().unwrap();
        let tenant = guard.as_ref().unwrap();
        let response = tenant.respond(&incoming.as_request(&tenant.base.arm)).unwrap();
        answer(stream, response.status, &[], &response.body);
    }));
    *tenant.lock().unwrap() = Some(Tenant::at(endpoints.clone(), Box::new(|_, _| None)));
    (endpoints, token_requests)
}

#[tokio::test]
async fn a_whole_tenant_over_a_socket_with_a_client_secret() {
    let (endpoints, token_requests) = tenant_server();
    let folder = tempfile::tempdir().unwrap();
    let options = Options { endpoints, allow_loopback_http: true, ..Options::new(folder.path()) };
    let credential = Credential::ClientSecret {
        tenant: crate::tenant::TENANT.into(),
        client: "app".into(),
        secret: "pass word".into(),
    };
    let summary = collect(&options, &credential, &|_| ()).await.unwrap();
    assert_eq!((summary.failed, summary.complete), (0, summary.planned), "{summary:?}");
    assert_eq!(lines(folder.path()).len() as u64, summary.lines);
    let asked = token_requests.lock().unwrap().clone();
    assert!(asked.iter().all(|body| body.contains("client_secret=pass+word")), "{asked:?}");

    let mut refused = options.clone();
    refused.allow_loopback_http = false;
    assert!(collect(&refused, &credential, &|_| ()).await.is_err());
}

#[tokio::test]
async fn a_refused_secret_is_explained() {
    let endpoints = serve(Arc::new(|_, stream| {
        let body = br#"{"error":"invalid_client","error_description":"AADSTS7000215: bad secret","error_codes":[7000215]}"#;
        answer(stream, 401, &[], body);
    }));
    let http = HttpTransport::new(USER_AGENT, limits(), true).unwrap();
    let credential =
        Credential::ClientSecret { tenant: "t".into(), client: "c".into(), secret: "hush".into() };
    let tokens = AzureTokens::new(&credential, &endpoints, &http).unwrap();
    let error = tokens.token("https://management.azure.com/.default").await.unwrap_err().to_string();
    assert!(error.contains("AADSTS7000215") && !error.contains("hush"), "{error}");
    let malformed = Credential::ClientSecret { tenant: "a/b".into(), client: "c".into(), secret: "s".into() };
    assert!(AzureTokens::new(&malformed, &endpoints, &http).is_err());
}

#[tokio::test]
async fn a_workload_identity_shows_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "assertion-1").unwrap();
    let (endpoints, token_requests) = tenant_server();
    let http = HttpTransport::new(USER_AGENT, limits(), true).unwrap();
    let credential = Credential::WorkloadIdentity {
        tenant: Some("t".into()),
        client: Some("c".into()),
        token_file: Some(file),
    };
    let tokens = AzureTokens::new(&credential, &endpoints, &http).unwrap();
    let token = tokens.token("https://graph.microsoft.com/.default").await.unwrap();
    assert_eq!(token.secret, "from-authority");
    assert!(token_requests.lock().unwrap()[0].contains("client_assertion=assertion-1"));
}
