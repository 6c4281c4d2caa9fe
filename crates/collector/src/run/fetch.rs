//! One step of a job: a page, an object, or a batch of objects.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use crate::client::{Answer, Client, Failure};
use crate::cloud::{Endpoints, Service};
use crate::json::{Next, compact};
use crate::plan::Call;

/// A list being read, an object to read, or a batch of objects.
pub(crate) struct Job {
    /// Index of its call.
    pub(crate) call: usize,
    /// What it is made for: one subject; none for the tenant; several for Resource Graph and batches.
    pub(crate) subjects: Vec<String>,
    /// Where the list goes on, or `None` at its start.
    pub(crate) next: Option<Next>,
    /// Pages read.
    pub(crate) pages: u32,
    /// Links followed, to notice a circle.
    pub(crate) followed: HashSet<Next>,
    /// Whether a stale link made the list start again.
    pub(crate) restarted: bool,
}

/// What came of a step.
pub(crate) enum Fetched {
    /// One request's answer.
    One {
        /// The address.
        url: String,
        /// What was posted.
        request: Option<String>,
        /// What came back.
        result: Result<Answer, Failure>,
    },
    /// The answers for the subjects of a batch, in their order.
    Batch(Vec<Result<Answer, Failure>>),
}

/// Takes the next step of a job.
pub(crate) async fn fetch(
    client: &Client<'_>,
    endpoints: &Endpoints,
    call: &Call,
    job: Job,
) -> (Job, Fetched) {
    if call.batch {
        let answers = fetch_batch(client, endpoints, call, &job.subjects).await;
        return (job, Fetched::Batch(answers));
    }
    let subject = job.subjects.first().map(String::as_str).unwrap_or_default();
    let url = match &job.next {
        Some(Next::Link(link)) => link.clone(),
        _ => call.url(endpoints, subject),
    };
    let request = call.query.as_ref().map(|query| resource_graph_query(query, &job));
    let result = client.ask(call.service(), &url, request.as_deref()).await;
    (job, Fetched::One { url, request, result })
}

fn resource_graph_query(query: &str, job: &Job) -> String {
    let ids: Vec<&str> = job.subjects.iter().map(|id| id.rsplit('/').next().unwrap_or(id)).collect();
    let mut options = json!({"resultFormat": "objectArray", "$top": 1000});
    if let Some(Next::Token(token)) = &job.next {
        options["$skipToken"] = json!(token);
    }
    json!({"subscriptions": ids, "query": query, "options": options}).to_string()
}

#[derive(Deserialize)]
struct BatchAnswer<'a> {
    #[serde(borrow)]
    responses: Vec<BatchPart<'a>>,
}

#[derive(Deserialize)]
struct BatchPart<'a> {
    id: String,
    status: u16,
    #[serde(default)]
    headers: HashMap<String, String>,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
}

/// Asks for all subjects in one request, and again for those that were throttled.
async fn fetch_batch(
    client: &Client<'_>,
    endpoints: &Endpoints,
    call: &Call,
    subjects: &[String],
) -> Vec<Result<Answer, Failure>> {
    let version_end = call.path[1..].find('/').map_or(call.path.len(), |at| at + 1);
    let (version, path) = call.path.split_at(version_end);
    let url = format!("{}{version}/$batch", endpoints.base(Service::Graph));
    let mut answers: Vec<Option<Result<Answer, Failure>>> = vec![None; subjects.len()];
    for round in 1..=client.attempts() {
        let open: Vec<usize> = (0..subjects.len()).filter(|at| answers[*at].is_none()).collect();
        let parts: Vec<_> = open
            .iter()
            .map(|at| json!({"id": at.to_string(), "method": "GET", "url": path.replace("{id}", &subjects[*at])}))
            .collect();
        let request = json!({ "requests": parts }).to_string();
        let answer = match client.ask(Service::Graph, &url, Some(&request)).await {
            Ok(answer) if answer.is_success() => answer,
            other => {
                open.iter().for_each(|at| answers[*at] = Some(other.clone()));
                break;
            }
        };
        let Ok(batch) = serde_json::from_str::<BatchAnswer<'_>>(&answer.body) else {
            let failure = || Some(Err(Failure::Call("the answer is no batch answer".to_owned())));
            open.iter().for_each(|at| answers[*at] = failure());
            break;
        };
        let mut hold: Option<Option<String>> = None;
        for part in batch.responses {
            let Some(at) = part.id.parse().ok().filter(|at| open.contains(at)) else { continue };
            if matches!(part.status, 429 | 503) && round < client.attempts() {
                let header = part.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("retry-after"));
                hold = Some(header.map(|(_, value)| value.clone()));
                continue;
            }
            let body = part.body.and_then(|body| compact(body.get().as_bytes())).unwrap_or("null".to_owned());
            answers[at] = Some(Ok(Answer { status: part.status, body, time: answer.time }));
        }
        match hold {
            Some(header) => client.hold(Service::Graph, header.as_deref(), round).await,
            None => break,
        }
    }
    let left_out = || Err(Failure::Call("the batch answer leaves it out".to_owned()));
    answers.into_iter().map(|answer| answer.unwrap_or_else(left_out)).collect()
}
