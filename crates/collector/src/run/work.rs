//! The state of a run: what is asked, what was found, what is written. Nothing here waits.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use azimuth_host::Clock;
use azimuth_ids::{IdRef, fold};
use serde_json::value::RawValue;

use super::CollectError;
use super::fetch::{Fetched, Job};
use super::recorded::{Found, Recorded, read_item};
use super::rollup::{Outcome, Tree, proofs_of, roll_up};
use crate::client::{Answer, Failure, Traffic};
use crate::cloud::{Endpoints, Service};
use crate::json::{Item, Next, error_of, page};
use crate::options::Options;
use crate::output::{LINE_FORMAT, Line, Output, Proof};
use crate::plan::{Call, Finds, Subject};
use crate::report::{MAX_PROBLEMS, MissingRight, Problem, Progress, Summary};

/// Subscriptions in one Resource Graph query.
const SUBSCRIPTIONS_PER_QUERY: usize = 100;
/// So many calls in a row that cannot connect, and the service is taken as down.
const UNREACHABLE_CALLS: u32 = 3;

/// See the module.
pub(crate) struct Work<'a> {
    pub(super) options: &'a Options,
    pub(super) endpoints: &'a Endpoints,
    pub(super) calls: &'a [Call],
    pub(super) clock: &'a dyn Clock,
    pub(super) output: Output,
    pub(super) recorded: Recorded<'a>,
    pub(super) replays: VecDeque<(usize, Vec<String>, Found)>,
    pub(super) queues: [VecDeque<Job>; 2],
    /// Subjects that wait for a batch to fill.
    pub(super) waiting: BTreeMap<usize, Vec<String>>,
    /// For each call and folded subject asked of: whether it was answered to the end.
    pub(super) answered: HashMap<(usize, String), bool>,
    pub(super) subscriptions: Vec<String>,
    pub(super) tree: Option<Tree>,
    pub(super) root_found: bool,
    pub(super) down: [Option<String>; 2],
    pub(super) unreachable: [u32; 2],
    pub(super) missing: BTreeMap<(String, String), MissingRight>,
    pub(super) done: u64,
    pub(super) summary: Summary,
}

impl<'a> Work<'a> {
    pub(crate) fn new(
        options: &'a Options,
        endpoints: &'a Endpoints,
        calls: &'a [Call],
        clock: &'a dyn Clock,
        output: Output,
        recorded: Recorded<'a>,
    ) -> Self {
        Self {
            options,
            endpoints,
            calls,
            clock,
            output,
            recorded,
            replays: VecDeque::new(),
            queues: Default::default(),
            waiting: BTreeMap::new(),
            answered: HashMap::new(),
            subscriptions: Vec::new(),
            tree: None,
            root_found: false,
            down: [None, None],
            unreachable: [0, 0],
            missing: BTreeMap::new(),
            done: 0,
            summary: Summary::default(),
        }
    }

    /// Asks what is asked once, and takes up what earlier runs found.
    pub(crate) fn begin(&mut self) {
        self.ask_all(Subject::Tenant, None);
        self.settle();
    }

    /// The next step for a service. When the service is down, what is queued for it fails.
    pub(crate) fn next_job(&mut self, service: Service) -> Option<Job> {
        let place = service as usize;
        if self.down[place].is_some() {
            while let Some(job) = self.queues[place].pop_front() {
                self.finish(job.call, &job.subjects, false);
                self.settle();
            }
        }
        self.queues[place].pop_front()
    }

    /// Writes and acts on what a step brought.
    pub(crate) fn take_in(&mut self, job: Job, fetched: Fetched) -> Result<(), CollectError> {
        match fetched {
            Fetched::One { url, request, result } => {
                self.take_answer(job, &url, request.as_deref(), result)?;
            }
            Fetched::Batch(answers) => {
                for (subject, answer) in job.subjects.iter().zip(answers) {
                    let url = self.calls[job.call].url(self.endpoints, subject);
                    let single = Job { subjects: vec![subject.clone()], ..new_job(job.call) };
                    self.take_answer(single, &url, None, answer)?;
                }
            }
        }
        self.settle();
        self.output.save_if_due(self.clock.now())?;
        Ok(())
    }

    pub(crate) fn progress(&self, area: &str, traffic: &Traffic) -> Progress {
        Progress {
            done: self.done,
            planned: self.summary.planned,
            area: area.to_owned(),
            requests: traffic.requests,
            throttled_wait: traffic.throttled_wait,
            bytes: traffic.bytes,
        }
    }

    /// Saves the checkpoint and tells the outcome.
    pub(crate) fn end(mut self, stopped: bool, traffic: &Traffic) -> Result<Summary, CollectError> {
        let now = self.clock.now();
        let outcome = Outcome {
            calls: self.calls,
            tree: self.tree.as_ref(),
            subscriptions: &self.subscriptions,
            answered: &self.answered,
        };
        self.output.write_evidence(&roll_up(&outcome), now)?;
        self.output.save(now, !stopped)?;
        for (service, reason) in [Service::Arm, Service::Graph].into_iter().zip(self.down) {
            if let Some(reason) = reason {
                let call = format!("{service:?}").to_ascii_lowercase();
                self.summary.problems.insert(0, Problem { call, message: reason });
            }
        }
        self.summary.problems.truncate(MAX_PROBLEMS);
        Ok(Summary {
            stopped,
            requests: traffic.requests,
            retries: traffic.retries,
            throttled: traffic.throttled,
            throttled_wait: traffic.throttled_wait,
            bytes: traffic.bytes,
            missing_rights: self.missing.into_values().collect(),
            ..self.summary
        })
    }

    fn take_answer(
        &mut self,
        job: Job,
        url: &str,
        request: Option<&str>,
        result: Result<Answer, Failure>,
    ) -> Result<(), CollectError> {
        let call = &self.calls[job.call];
        let place = call.service() as usize;
        let answer = match result {
            Ok(answer) => answer,
            Err(failure) => {
                self.take_failure(&job, failure);
                return Ok(());
            }
        };
        self.unreachable[place] = 0;
        if !answer.is_success() {
            return self.take_refusal(job, url, request, &answer);
        }
        if call.is_list() {
            return self.take_page(job, url, request, &answer);
        }
        if !answer.body.starts_with('{') {
            self.fail(&job, "the answer is no object");
            return Ok(());
        }
        if call.finds == Some(Finds::Tree) {
            self.tree = serde_json::from_str(&answer.body).ok();
        }
        self.record(&job, url, request, &answer, true)?;
        self.finish(job.call, &job.subjects, true);
        Ok(())
    }

    fn take_page(
        &mut self,
        mut job: Job,
        url: &str,
        request: Option<&str>,
        answer: &Answer,
    ) -> Result<(), CollectError> {
        let call = &self.calls[job.call];
        let page = match page(&answer.body) {
            Ok(page) => page,
            Err(reason) => {
                self.fail(&job, &reason);
                return Ok(());
            }
        };
        let last = page.next.is_none();
        let items: Vec<Item> = match call.finds {
            Some(_) => page.items.iter().filter_map(|item| read_item(item)).collect(),
            None => Vec::new(),
        };
        self.record(&job, url, request, answer, last)?;
        self.found(job.call, &items);
        let Some(next) = page.next else {
            self.finish(job.call, &job.subjects, true);
            return Ok(());
        };
        job.pages += 1;
        if let Next::Link(link) = &next
            && !self.endpoints.same_origin(call.service(), link)
        {
            self.fail(
                &job,
                &format!("the next page is said to be at another address, `{}`", origin_of(link)),
            );
        } else if !job.followed.insert(next.clone()) {
            self.fail(&job, "the list goes round in a circle");
        } else if job.pages >= self.options.pages {
            self.fail(&job, &format!("the list has more than {} pages", self.options.pages));
        } else {
            job.next = Some(next);
            self.queues[call.service() as usize].push_front(job);
        }
        Ok(())
    }

    /// An error answer: none there, a stale link, a missing right, or something else.
    fn take_refusal(
        &mut self,
        mut job: Job,
        url: &str,
        request: Option<&str>,
        answer: &Answer,
    ) -> Result<(), CollectError> {
        let call = &self.calls[job.call];
        if answer.status == 404 && call.optional {
            self.record(&job, url, request, answer, true)?;
            self.finish(job.call, &job.subjects, true);
            return Ok(());
        }
        if matches!(answer.status, 400 | 404 | 410) && job.next.is_some() && !job.restarted {
            job.next = None;
            job.followed.clear();
            job.restarted = true;
            self.queues[call.service() as usize].push_front(job);
            return Ok(());
        }
        self.record(&job, url, request, answer, false)?;
        let (code, message) = error_of(&answer.body);
        let said = format!("{} {code} {message}", answer.status).trim_end().to_owned();
        if matches!(answer.status, 401 | 403) {
            self.note_missing(job.call, &job.subjects, said);
            self.finish(job.call, &job.subjects, false);
        } else {
            self.fail(&job, &said);
        }
        Ok(())
    }

    fn take_failure(&mut self, job: &Job, failure: Failure) {
        let place = self.calls[job.call].service() as usize;
        match failure {
            Failure::NoToken(reason) => self.down[place] = Some(reason),
            Failure::Unreachable(reason) => {
                self.unreachable[place] += 1;
                if self.unreachable[place] >= UNREACHABLE_CALLS {
                    self.down[place] = Some(reason.clone());
                }
                return self.fail(job, &reason);
            }
            Failure::Call(reason) => return self.fail(job, &reason),
        }
        self.finish(job.call, &job.subjects, false);
    }

    fn fail(&mut self, job: &Job, message: &str) {
        if self.summary.problems.len() < MAX_PROBLEMS {
            let call = name_of(&self.calls[job.call], &job.subjects);
            self.summary.problems.push(Problem { call, message: message.to_owned() });
        }
        self.finish(job.call, &job.subjects, false);
    }

    fn note_missing(&mut self, call: usize, subjects: &[String], said: String) {
        let call = &self.calls[call];
        let scope = match (call.service(), subjects.first()) {
            (Service::Graph, _) => "/".to_owned(),
            (Service::Arm, None) => "the tenant root management group".to_owned(),
            (Service::Arm, Some(subject)) => {
                match IdRef::parse(subject).ok().and_then(IdRef::subscription_id) {
                    Some(subscription) => format!("/subscriptions/{subscription}"),
                    None => subject.clone(),
                }
            }
        };
        let right = self.missing.entry((call.needs.clone(), scope.clone())).or_insert_with(|| MissingRight {
            right: call.needs.clone(),
            scope,
            licence: None,
            calls: BTreeMap::new(),
            said,
        });
        right.licence = right.licence.take().or_else(|| call.licence.clone());
        *right.calls.entry(call.id.clone()).or_default() += 1;
    }

    fn record(
        &mut self,
        job: &Job,
        url: &str,
        request: Option<&str>,
        answer: &Answer,
        last: bool,
    ) -> Result<(), CollectError> {
        let call = &self.calls[job.call];
        let raw = |text| -> &RawValue { serde_json::from_str(text).expect("bodies and requests are JSON") };
        let evidence: Vec<Proof> = if last { proofs_of(call, &job.subjects) } else { Vec::new() };
        let line = Line {
            azimuth: LINE_FORMAT,
            call: &name_of(call, &job.subjects),
            method: call.method(),
            url,
            request: request.map(raw),
            status: answer.status,
            time: answer.time,
            r#final: last,
            evidence,
            body: raw(&answer.body),
        };
        self.summary.bytes_written += self.output.append(&call.file, &line)?;
        self.summary.lines += 1;
        Ok(())
    }

    /// A call is over for its subjects.
    pub(super) fn finish(&mut self, index: usize, subjects: &[String], complete: bool) {
        let calls = self.calls;
        let call = &calls[index];
        let size = if call.batch { subjects.len().max(1) as u64 } else { 1 };
        self.done += size;
        if complete {
            self.summary.complete += size;
        } else {
            self.summary.failed += size;
        }
        for subject in names(subjects) {
            self.answered.insert((index, fold(subject).into_owned()), complete);
        }
        match call.finds {
            Some(Finds::Subscriptions) => {
                let all = self.subscriptions.clone();
                for chunk in all.chunks(SUBSCRIPTIONS_PER_QUERY) {
                    self.ask_all(Subject::Subscriptions, Some(chunk));
                }
            }
            Some(Finds::Resources) if call.query.is_some() && !complete => {
                for subscription in subjects {
                    self.ask_where(&|call| call.is_fallback(), Some(std::slice::from_ref(subscription)));
                }
            }
            Some(Finds::ManagementGroups) if complete && !self.root_found => {
                if let Some(root) = calls.iter().position(|call| call.subject == Subject::RootManagementGroup)
                {
                    self.note_missing(root, &[], "the root is not among the management groups".to_owned());
                }
            }
            Some(Finds::Users) => self.flush_batches(),
            _ => {}
        }
    }
}

pub(super) fn new_job(call: usize) -> Job {
    Job { call, subjects: Vec::new(), next: None, pages: 0, followed: HashSet::new(), restarted: false }
}

/// The subjects, or the empty name of the tenant.
pub(super) fn names(subjects: &[String]) -> impl Iterator<Item = &str> {
    let tenant = subjects.is_empty().then_some("");
    tenant.into_iter().chain(subjects.iter().map(String::as_str))
}

/// How lines name a call with its subject: `arm.pricings@/subscriptions/…`.
pub(super) fn name_of(call: &Call, subjects: &[String]) -> String {
    match subjects {
        [] => call.id.clone(),
        [one] => format!("{}@{one}", call.id),
        [first, rest @ ..] => format!("{}@{first}+{}", call.id, rest.len()),
    }
}

fn origin_of(link: &str) -> String {
    url::Url::parse(link).map_or_else(|_| "no address".to_owned(), |url| url.origin().ascii_serialization())
}
