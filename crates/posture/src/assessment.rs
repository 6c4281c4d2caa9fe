//! Running all controls over an estate.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use azimuth_estate::Snapshot;
use jiff::Timestamp;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::context::Context;
use crate::control::Control;
use crate::controls::controls;
use crate::verdict::Verdict;

/// An earlier version of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// When it was written.
    pub time: Timestamp,
    /// Its JSON text; `None` if the document was deleted.
    pub body: Option<Box<str>>,
}

/// Earlier versions of documents, which PO-2 asks for.
pub trait History: Sync {
    /// The recorded versions of the document with this key, oldest first; empty if none is recorded.
    fn versions(&self, key: &str) -> Vec<Version>;
}

/// What an assessment may vary.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// The moment the assessment speaks of.
    pub as_of: Timestamp,
    /// The declared segments, which outweigh the estate's own declaration (MG-2).
    pub segments: Option<&'a [String]>,
    /// Earlier versions of documents.
    pub history: Option<&'a dyn History>,
    /// Days that flow logs must be kept (NW-2); 30 by default.
    pub minimum_retention_days: u32,
    /// Levels of management groups that are allowed, the root included (MG-3); 3 by default.
    pub maximum_levels: usize,
}

impl Options<'_> {
    /// The documented defaults for a moment.
    pub fn new(as_of: Timestamp) -> Self {
        Self { as_of, segments: None, history: None, minimum_retention_days: 30, maximum_levels: 3 }
    }
}

impl fmt::Debug for Options<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("as_of", &self.as_of)
            .field("segments", &self.segments)
            .field("history", &self.history.map(|_| "…"))
            .field("minimum_retention_days", &self.minimum_retention_days)
            .field("maximum_levels", &self.maximum_levels)
            .finish()
    }
}

/// What an assessment was made over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EstateSummary {
    /// All documents, evidence and declarations included.
    pub documents: usize,
    /// Resources: neither scopes (management groups, subscriptions, resource groups) nor what governs and watches
    /// resources (role and policy assignments, definitions, locks, security plans and contacts, diagnostic settings).
    pub resources: usize,
    /// Subscriptions.
    pub subscriptions: usize,
    /// Management groups, the root included.
    pub management_groups: usize,
    /// Users.
    pub users: usize,
    /// Groups of the directory.
    pub groups: usize,
    /// The tenant's id.
    pub tenant_id: Option<String>,
    /// The tenant's name.
    pub tenant_name: Option<String>,
}

/// One control and its verdict.
#[derive(Clone, Debug)]
pub struct ControlResult {
    /// The control.
    pub control: &'static Control,
    /// How it ended.
    pub verdict: Verdict,
}

impl Serialize for ControlResult {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Shape<'a> {
            id: &'a str,
            title: &'a str,
            area: crate::control::Area,
            severity: crate::control::Severity,
            #[serde(flatten)]
            verdict: &'a Verdict,
        }
        let Control { id, title, area, severity, .. } = self.control;
        Shape { id, title, area: *area, severity: *severity, verdict: &self.verdict }.serialize(serializer)
    }
}

/// The verdicts on every control, in the order of the catalogue.
#[derive(Clone, Debug)]
pub struct Assessment {
    /// The moment it speaks of.
    pub as_of: Timestamp,
    /// What it was made over.
    pub summary: EstateSummary,
    /// One result for each control.
    pub results: Vec<ControlResult>,
}

impl Assessment {
    /// Name and version of the JSON form.
    pub const SCHEMA: &'static str = "assessment/1";

    /// The result of a control, whose id may be in any case.
    pub fn result(&self, id: &str) -> Option<&ControlResult> {
        self.results.iter().find(|result| result.control.id.eq_ignore_ascii_case(id))
    }
}

impl Serialize for Assessment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Assessment", 4)?;
        object.serialize_field("azimuth", Self::SCHEMA)?;
        object.serialize_field("asOf", &self.as_of)?;
        object.serialize_field("estate", &self.summary)?;
        object.serialize_field("results", &self.results)?;
        object.end()
    }
}

/// Decides every control over a snapshot, with up to `threads` threads. `progress` is called after each control
/// with its id, the number of controls decided so far and their total; from any thread.
pub fn assess(
    snapshot: &Snapshot,
    options: &Options<'_>,
    threads: usize,
    progress: &(dyn Fn(&'static str, usize, usize) + Sync),
) -> Assessment {
    let context = Context::new(snapshot, options).threads(threads);
    let all = controls();
    let verdicts: Vec<OnceLock<Verdict>> = all.iter().map(|_| OnceLock::new()).collect();
    let next = AtomicUsize::new(0);
    let done = AtomicUsize::new(0);
    let work = || {
        // Which thread takes which control does not matter: results are kept by the control's place.
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(control) = all.get(place) else { break };
            let _ = verdicts[place].set((control.decide)(&context));
            progress(control.id, done.fetch_add(1, Ordering::Relaxed) + 1, all.len());
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.clamp(1, all.len()) {
            scope.spawn(work);
        }
        work();
    });
    let results = all
        .iter()
        .zip(verdicts)
        .map(|(control, verdict)| ControlResult {
            control,
            verdict: verdict.into_inner().expect("every control was taken by a thread that finished"),
        })
        .collect();
    Assessment { as_of: options.as_of, summary: summary(&context), results }
}

/// Whether documents of a type are resources that somebody deployed, rather than scopes, directory objects,
/// evidence, or what governs and watches resources.
fn is_resource(kind: &str) -> bool {
    const OTHER: [&str; 11] = [
        "graph:",
        "azimuth:",
        "tags:",
        "microsoft.management/",
        "microsoft.resources/",
        "microsoft.authorization/",
        "microsoft.security/",
        "microsoft.insights/diagnosticsettings",
        "microsoft.policyinsights/",
        "microsoft.advisor/",
        "microsoft.consumption/",
    ];
    // Templates with their versions are the resources of that provider; the rest are records and scopes.
    kind.starts_with("microsoft.resources/templatespecs")
        || kind.starts_with("microsoft.resources/deploymentscripts")
        || !OTHER.iter().any(|prefix| kind.starts_with(prefix))
}

fn summary(context: &Context<'_>) -> EstateSummary {
    let snapshot = context.snapshot();
    let count = |wanted: &dyn Fn(&str) -> bool| {
        snapshot.types().filter(|(kind, _)| wanted(kind)).map(|(_, count)| count).sum()
    };
    let resources = count(&is_resource);
    let directory = snapshot.directory();
    EstateSummary {
        documents: snapshot.len(),
        resources,
        subscriptions: context.subscriptions().len(),
        management_groups: snapshot.hierarchy().len(),
        users: count(&|kind| kind == "graph:/users"),
        groups: count(&|kind| kind == "graph:/groups"),
        tenant_id: directory.tenant_id().map(str::to_owned),
        tenant_name: directory.tenant_name().map(str::to_owned),
    }
}
