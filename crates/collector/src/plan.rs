//! What is read: `data/plan.json`, one line per call.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use azimuth_ids::eq_fold;
use serde::Deserialize;
use thiserror::Error;

use crate::cloud::{Endpoints, Service};

/// What a call is made for: once, or once for each object of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Subject {
    /// Once.
    Tenant,
    /// The tenant root management group.
    RootManagementGroup,
    /// Each management group.
    ManagementGroup,
    /// Each subscription.
    Subscription,
    /// Subscriptions, up to a hundred at a time (Resource Graph).
    Subscriptions,
    /// Each resource of the call's `types`.
    Resource,
    /// Each user.
    User,
    /// Each group.
    Group,
    /// Each activated directory role.
    DirectoryRole,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tenant => "once",
            Self::RootManagementGroup => "the tenant root management group",
            Self::ManagementGroup => "each management group",
            Self::Subscription => "each subscription",
            Self::Subscriptions => "every hundred subscriptions",
            Self::Resource => "each resource of its types",
            Self::User => "each user",
            Self::Group => "each group",
            Self::DirectoryRole => "each directory role",
        })
    }
}

/// What the items of an answer lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Finds {
    Subscriptions,
    ManagementGroups,
    Tree,
    Resources,
    Users,
    Groups,
    DirectoryRoles,
}

/// How far a finished list proves completeness.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Reach {
    /// At the scope and everywhere below it.
    #[default]
    Below,
    /// At the scope itself only.
    Here,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Form {
    #[default]
    List,
    Object,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Condition {
    ResourceGraphRefused,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
enum Api {
    #[serde(rename = "arm")]
    Arm,
    #[serde(rename = "graph")]
    Graph,
}

/// One call of the plan.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Call {
    /// Its name, such as `arm.pricings`; also what `only` and `skip` match.
    pub id: String,
    /// The file its answers go into, without `.ndjson`.
    pub file: String,
    api: Api,
    /// Path and query below the service's address; `{id}` stands for the subject.
    pub path: String,
    /// The Resource Graph query that is posted, if it is one.
    pub query: Option<String>,
    /// What it is made for.
    #[serde(rename = "for")]
    pub subject: Subject,
    #[serde(default)]
    shape: Form,
    when: Option<Condition>,
    pub(crate) finds: Option<Finds>,
    /// A 404 is an answer: there is none.
    #[serde(default)]
    pub optional: bool,
    #[serde(default)]
    pub(crate) types: Vec<String>,
    #[serde(default)]
    pub(crate) kinds: Vec<String>,
    /// Sent in Graph `$batch` requests of twenty.
    #[serde(default)]
    pub batch: bool,
    /// The type whose completeness a finished read proves.
    pub evidence: Option<String>,
    scope: Option<String>,
    #[serde(default)]
    pub(crate) reach: Reach,
    #[serde(default)]
    pub(crate) rollup: bool,
    /// The least privilege: an Azure role, or a Graph application permission.
    pub needs: String,
    /// The licence that the tenant must have, if it is a special one.
    pub licence: Option<String>,
    #[serde(default)]
    each: BTreeMap<String, String>,
}

/// Why a plan cannot be made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PlanError {
    /// No call has this name.
    #[error("no call is named `{0}`; `azimuth collect --dry-run` prints all names")]
    UnknownCall(String),
}

#[derive(Deserialize)]
struct File {
    #[serde(rename = "note")]
    _note: String,
    calls: Vec<Call>,
}

impl Call {
    /// The service that answers.
    pub fn service(&self) -> Service {
        match self.api {
            Api::Arm => Service::Arm,
            Api::Graph => Service::Graph,
        }
    }

    /// Whether the answer is a list of pages rather than one object.
    pub fn is_list(&self) -> bool {
        self.shape == Form::List
    }

    /// Whether the call is made only when Resource Graph cannot be used.
    pub fn is_fallback(&self) -> bool {
        self.when == Some(Condition::ResourceGraphRefused)
    }

    /// The method.
    pub fn method(&self) -> &'static str {
        if self.query.is_some() { "POST" } else { "GET" }
    }

    /// The absolute address for a subject.
    pub(crate) fn url(&self, endpoints: &Endpoints, subject: &str) -> String {
        format!("{}{}", endpoints.base(self.service()), self.path.replace("{id}", &encode_path(subject)))
    }

    /// The scope that the evidence speaks of.
    pub(crate) fn evidence_scope(&self, subject: &str) -> String {
        match &self.scope {
            Some(scope) => scope.replace("{id}", subject),
            None if self.service() == Service::Graph || subject.is_empty() => "/".to_owned(),
            None => subject.to_owned(),
        }
    }

    fn finds_subjects_of(&self, other: &Call) -> bool {
        matches!(
            (self.finds, other.subject),
            (Some(Finds::Subscriptions), Subject::Subscription | Subject::Subscriptions)
                | (Some(Finds::ManagementGroups), Subject::ManagementGroup | Subject::RootManagementGroup)
                | (Some(Finds::Resources), Subject::Resource)
                | (Some(Finds::Users), Subject::User)
                | (Some(Finds::Groups), Subject::Group)
                | (Some(Finds::DirectoryRoles), Subject::DirectoryRole)
        )
    }

    /// Whether a resource is one that the call is made for.
    pub(crate) fn is_for_resource(&self, kind: &str, flavour: Option<&str>) -> bool {
        self.subject == Subject::Resource
            && self.types.iter().any(|wanted| eq_fold(wanted, kind))
            && (self.kinds.is_empty()
                || flavour.is_none_or(|flavour| self.kinds.iter().any(|wanted| eq_fold(wanted, flavour))))
    }
}

/// All calls, in the order in which they are started.
///
/// # Panics
/// Never: the plan is part of the program and checked by its tests.
pub fn all_calls() -> &'static [Call] {
    static CALLS: LazyLock<Vec<Call>> = LazyLock::new(|| {
        let file: File =
            serde_json::from_str(include_str!("data/plan.json")).expect("the built-in plan is well formed");
        file.calls.into_iter().flat_map(expand).collect()
    });
    &CALLS
}

/// The calls whose name begins with one of `only` (all if it is empty) and with none of `skip`, and the calls
/// that find their subjects.
///
/// # Errors
/// [`PlanError::UnknownCall`] for a word that begins no name.
pub fn plan(only: &[String], skip: &[String]) -> Result<Vec<Call>, PlanError> {
    let mut calls = all_calls().to_vec();
    for word in only.iter().chain(skip) {
        if !calls.iter().any(|call| starts_with(&call.id, word)) {
            return Err(PlanError::UnknownCall(word.clone()));
        }
    }
    let named = |words: &[String], id: &str| words.iter().any(|word| starts_with(id, word));
    calls.retain(|call| !named(skip, &call.id));
    if only.is_empty() {
        return Ok(calls);
    }
    let mut wanted: Vec<bool> = calls.iter().map(|call| named(only, &call.id)).collect();
    loop {
        let needed = |finder: &Call| {
            let feeds = |(call, wanted): (&Call, &bool)| *wanted && finder.finds_subjects_of(call);
            calls.iter().zip(&wanted).any(feeds)
        };
        let more: Vec<bool> =
            calls.iter().zip(&wanted).map(|(call, wanted)| *wanted || needed(call)).collect();
        if more == wanted {
            break;
        }
        wanted = more;
    }
    let mut wanted = wanted.into_iter();
    calls.retain(|_| wanted.next().unwrap_or(false));
    Ok(calls)
}

fn starts_with(id: &str, word: &str) -> bool {
    !word.is_empty() && id.get(..word.len()).is_some_and(|start| eq_fold(start, word))
}

fn expand(call: Call) -> Vec<Call> {
    if call.each.is_empty() {
        return vec![call];
    }
    let expand_one = |(kind, version): (&String, &String)| Call {
        id: format!("{}.{kind}", call.id),
        path: call.path.replace("{type}", kind).replace("{version}", version),
        evidence: call.evidence.as_ref().map(|evidence| evidence.replace("{type}", kind)),
        types: vec![kind.clone()],
        each: BTreeMap::new(),
        ..call.clone()
    };
    call.each.iter().map(expand_one).collect()
}

/// Escapes what may stand in ids and names but not in the path of an address.
fn encode_path(subject: &str) -> String {
    let mut out = String::with_capacity(subject.len());
    for byte in subject.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' | b'(' | b')' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::cloud::Cloud;

    #[test]
    fn the_built_in_plan_is_sound() {
        let calls = all_calls();
        assert!(calls.len() > 80);
        let names: HashSet<_> = calls.iter().map(|call| &call.id).collect();
        assert_eq!(names.len(), calls.len(), "names are unique");
        for call in calls {
            let prefix = if call.service() == Service::Arm { "arm-" } else { "graph-" };
            assert!(call.file.starts_with(prefix), "{}", call.id);
            let has_subject = !matches!(call.subject, Subject::Tenant | Subject::Subscriptions);
            assert_eq!(call.path.contains("{id}"), has_subject, "{}", call.id);
            assert!(!call.path.contains(' ') && !call.path.contains('\''), "{}", call.id);
            let versioned = match call.service() {
                Service::Arm => call.path.contains("api-version=20"),
                Service::Graph => call.path.starts_with("/v1.0/") || call.path.starts_with("/beta/"),
            };
            assert!(versioned, "{}", call.id);
            assert!(!call.needs.contains("Write"), "{}: reading needs no right to write", call.id);
            assert_eq!(call.subject == Subject::Resource, !call.types.is_empty() && !call.is_fallback());
        }
    }

    #[test]
    fn nothing_secret_is_in_the_plan() {
        for call in all_calls() {
            let path = call.path.to_ascii_lowercase();
            for word in
                ["listkeys", "/keys", "/secrets", "listcredentials", "appsettings", "passwordcredentials"]
            {
                assert!(!path.contains(word), "{}", call.id);
            }
        }
    }

    #[test]
    fn calls_are_chosen_by_the_start_of_their_names() {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let chosen = plan(&words(&["graph."]), &words(&["graph.users", "GRAPH.group"])).unwrap();
        assert!(chosen.iter().all(|call| call.id.starts_with("graph.")));
        assert!(!chosen.iter().any(|call| call.id == "graph.groupMembers" || call.id == "graph.users"));
        let flow_logs = plan(&words(&["arm.flowLogs"]), &[]).unwrap();
        let names: Vec<_> =
            flow_logs.iter().map(|call| &*call.id).filter(|id| !id.contains("list.")).collect();
        assert_eq!(names, ["arm.subscriptions", "arm.resources", "arm.flowLogs"]);
        assert!(plan(&words(&["grahp"]), &[]).is_err());
        assert!(plan(&[], &words(&[""])).is_err());
    }

    #[test]
    fn odd_names_cannot_leave_their_place_in_the_address() {
        let calls = all_calls();
        let locks = calls.iter().find(|call| call.id == "arm.locks").unwrap();
        let url = locks.url(&Cloud::Public.endpoints(), "/subscriptions/a?b#c d%/ä");
        assert!(url.starts_with(
            "https://management.azure.com/subscriptions/a%3Fb%23c%20d%25/%C3%A4/providers/Microsoft.Authorization/locks?"
        ));
    }
}
