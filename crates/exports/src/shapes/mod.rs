//! From records to documents, one file a shape.

pub(crate) mod accounts;
pub(crate) mod cli;
pub(crate) mod evidence;
pub(crate) mod graph;
pub(crate) mod management_groups;
pub(crate) mod recorded;
pub(crate) mod resource_graph;
pub(crate) mod service_tags;
pub(crate) mod template;

use azimuth_diag::Diagnostic;
use azimuth_ids::{DocumentKey, IdKind, IdRef};

use crate::document::{Completeness, Shape};
use crate::json::tree::Node;
use crate::report::{Outcome, shorten};

/// The kind of a document exported with its key.
pub(crate) const DOCUMENT_KIND: &str = "document/1";

/// The kind of a declaration by the owner of the estate.
const DECLARATION_KIND: &str = "declaration/1";

/// The kind of the demo estate's list of planted flaws.
const FLAWS_KIND: &str = "flaws/1";

/// The kind of a JSON report.
const ASSESSMENT_KIND: &str = "assessment/1";

/// The kind of the file in which `azimuth collect` notes how far it is: nothing of the estate.
const CHECKPOINT_KIND: &str = "collect-checkpoint/1";

/// What the surroundings of a record say about it.
#[derive(Clone, Copy)]
pub(crate) enum Origin<'o> {
    Unknown,
    ResourceGraph,
    Graph(&'o graph::Collection),
    Batch,
    /// The tags of a cloud.
    ServiceTags(&'o str),
    /// A recorded Resource Manager response.
    Recorded(&'o recorded::Request),
}

impl Origin<'_> {
    pub(crate) fn shape(self) -> Option<Shape> {
        match self {
            Self::Unknown | Self::Batch => None,
            Self::ResourceGraph => Some(Shape::ResourceGraph),
            Self::Graph(_) => Some(Shape::Graph),
            Self::ServiceTags(_) => Some(Shape::ServiceTags),
            Self::Recorded(_) => Some(Shape::Arm),
        }
    }

    pub(crate) fn is_recorded(self) -> bool {
        match self {
            Self::Recorded(_) => true,
            Self::Graph(collection) => collection.is_recorded(),
            Self::Unknown | Self::ResourceGraph | Self::Batch | Self::ServiceTags(_) => false,
        }
    }
}

/// The documents of one record.
pub(crate) fn item(node: &Node<'_>, origin: Origin<'_>) -> (Outcome, Option<Shape>) {
    let id = node.text_at("id");
    match origin {
        Origin::ServiceTags(cloud) => (service_tags::tag(node, cloud), Some(Shape::ServiceTags)),
        Origin::Graph(collection) => (graph::entity(node, collection), Some(Shape::Graph)),
        Origin::ResourceGraph => (resource_graph::row(node), Some(Shape::ResourceGraph)),
        Origin::Recorded(request) => {
            let asked = request.path();
            let id = id.as_deref().filter(|id| id.starts_with('/')).unwrap_or(asked);
            (resource(node, id, true), Some(Shape::Arm))
        }
        Origin::Unknown | Origin::Batch => match id.as_deref() {
            Some(id) if id.starts_with('/') => by_id(node, id),
            Some(id) if let Some(id) = activity_log_setting(id) => {
                (resource(node, &id, true), Some(Shape::Arm))
            }
            Some(id) if accounts::is_account(node, id) => {
                (accounts::account(node, id), Some(Shape::AccountList))
            }
            Some(_) => match graph::collection_by_members(node) {
                Some(path) => (graph::entity(node, &graph::Collection::named(path)), Some(Shape::Graph)),
                None => (Outcome::rejected(unrecognised(node)), None),
            },
            None => (Outcome::rejected(unrecognised(node)), None),
        },
    }
}

/// The id under which the diagnostic setting of a subscription's activity log is kept. The service prints
/// `subscriptions/{s}/providers/AzureResourceManager/diagnosticSettings/{name}` (REST reference, "Subscription
/// Diagnostic Settings - List").
fn activity_log_setting(id: &str) -> Option<String> {
    let segments: Vec<&str> = id.trim_start_matches('/').split('/').collect();
    let [subscriptions, subscription, providers, namespace, kind, name] = segments.as_slice() else {
        return None;
    };
    let is_it = subscriptions.eq_ignore_ascii_case("subscriptions")
        && providers.eq_ignore_ascii_case("providers")
        && namespace.eq_ignore_ascii_case("AzureResourceManager")
        && kind.eq_ignore_ascii_case("diagnosticSettings");
    is_it.then(|| {
        format!("/subscriptions/{subscription}/providers/Microsoft.Insights/diagnosticSettings/{name}")
    })
}

/// A record with a resource id, from an unknown source.
fn by_id(node: &Node<'_>, id: &str) -> (Outcome, Option<Shape>) {
    if resource_graph::is_row(node) {
        return (resource_graph::row(node), Some(Shape::ResourceGraph));
    }
    if management_groups::concerns(node, id) {
        return (management_groups::read(node, id), Some(Shape::ManagementGroups));
    }
    match cli::form(node) {
        cli::Form::Plain => (resource(node, id, false), Some(Shape::Arm)),
        cli::Form::Listed => (cli::listed(node, id), Some(Shape::ResourceList)),
        cli::Form::Flattened | cli::Form::WithGroup => (cli::unflattened(node, id), Some(Shape::AzureCli)),
    }
}

/// A record in Resource Manager's own shape; `is_rest` if that is known rather than guessed.
fn resource(node: &Node<'_>, id: &str, is_rest: bool) -> Outcome {
    if management_groups::concerns(node, id) {
        return management_groups::read(node, id);
    }
    match IdRef::parse(id) {
        Ok(parsed) => {
            let is_scope = matches!(parsed.kind(), IdKind::Subscription | IdKind::Tenant);
            let has_content = is_scope || node.get("properties").is_some_and(|p| !p.is_null());
            let only_envelope = matches!(cli::form(node), cli::Form::Listed);
            let rank = if has_content || (is_rest && !only_envelope) {
                Completeness::Full
            } else {
                Completeness::Listed
            };
            Outcome::one(DocumentKey::arm(parsed), node.to_json(), rank)
        }
        Err(error) => Outcome::rejected(bad_id(id, &error.to_string())),
    }
}

/// Records that Azimuth wrote: documents with keys, evidence manifests.
pub(crate) fn azimuth(kind: &str, node: &Node<'_>) -> (Outcome, Option<Shape>) {
    match kind {
        DOCUMENT_KIND => (document(node), Some(Shape::Document)),
        CHECKPOINT_KIND => (Outcome::default(), None),
        evidence::KIND => (evidence::manifest(node), Some(Shape::EvidenceManifest)),
        DECLARATION_KIND => (declaration(node), Some(Shape::Document)),
        // What the demo estate planted is for tests, and a report is no estate.
        FLAWS_KIND | ASSESSMENT_KIND => (Outcome::default(), None),
        other => {
            let message =
                format!("this version of Azimuth does not know the record `{}`", shorten(other, 60));
            let known = format!(
                "it reads `{DOCUMENT_KIND}`, `{DECLARATION_KIND}`, `{}` and `{}`",
                evidence::KIND,
                recorded::KIND
            );
            (Outcome::rejected(Diagnostic::error("import-azimuth", message).with_hint(known)), None)
        }
    }
}

/// What the owner declares about the estate: so far the segments, names of the top-level management groups.
fn declaration(node: &Node<'_>) -> Outcome {
    let names = node.get("segments").and_then(Node::array);
    match (names, DocumentKey::azimuth("declaration/segments")) {
        (Some(_), Ok(key)) => Outcome::one(key, node.to_json(), Completeness::Full),
        _ => {
            let expected = "expected `segments` to be a list of management group names";
            Outcome::rejected(Diagnostic::error("import-declaration", expected))
        }
    }
}

fn document(node: &Node<'_>) -> Outcome {
    let key = node.text_at("key").unwrap_or_default();
    let rank =
        node.text_at("completeness").map_or(Some(Completeness::Full), |word| Completeness::from_word(&word));
    match (DocumentKey::parse(&key), rank, node.get("body")) {
        (Ok(key), Some(rank), Some(body)) => Outcome::one(key, body.to_json(), rank),
        (Err(error), ..) => Outcome::rejected(Diagnostic::error("import-key", error.to_string())),
        (_, None, _) => Outcome::rejected(Diagnostic::error(
            "import-key",
            "`completeness` is none of `stub`, `listed` and `full`",
        )),
        (.., None) => Outcome::rejected(Diagnostic::error("import-key", "the document has no `body`")),
    }
}

/// Azure's error envelope in place of an answer.
pub(crate) fn azure_error(node: &Node<'_>) -> Outcome {
    let error = node.get("error");
    let text = |key: &str| {
        error.and_then(|error| error.text_at(key)).map(|text| shorten(&text, 200)).unwrap_or_default()
    };
    let message = format!("Azure answered with the error `{}`: {}", text("code"), text("message"));
    Outcome::rejected(
        Diagnostic::error("import-azure-error", message.trim_end_matches([' ', ':', '.']))
            .with_hint("what the request should have listed is missing; run it again with the right role"),
    )
}

/// Compliance states are results, not configuration.
pub(crate) fn policy_states() -> Outcome {
    let message = "compliance states of Azure Policy are not imported";
    let finding = Diagnostic::note("import-policy-states", message)
        .with_hint("Azimuth evaluates the policies itself; states of components are for `azimuth policy scan --component-states`");
    Outcome { drafts: Vec::new(), findings: vec![finding] }
}

pub(crate) fn bad_id(id: &str, why: &str) -> Diagnostic {
    Diagnostic::error("import-id", format!("`{}` is no resource id: {why}", shorten(id, 120)))
}

/// What to say of a record that belongs to no shape.
fn unrecognised(node: &Node<'_>) -> Diagnostic {
    let members = node.object().map(Vec::as_slice).unwrap_or_default();
    let shown: Vec<String> =
        members.iter().take(6).map(|(key, _)| format!("`{}`", shorten(key, 40))).collect();
    let rest = if members.len() > 6 { ", …" } else { "" };
    let has = match shown.is_empty() {
        true => "it is an empty object".to_owned(),
        false => format!("its members are {}{rest}", shown.join(", ")),
    };
    if node.get("ResourceId").is_some() || node.get("Id").is_some() {
        return Diagnostic::error("import-powershell", format!("the record has no `id`; {has}")).with_hint(
            "Azure PowerShell objects lose their properties; export with `az` or `azimuth collect`",
        );
    }
    match node.text_at("id") {
        Some(id) => Diagnostic::error(
            "import-unknown-record",
            format!("`{}` is neither a resource id nor the id of a known Graph object; {has}", shorten(&id, 80)),
        )
        .with_hint("keep the members that tell a Graph object, or export the page with its `@odata.context`"),
        None => Diagnostic::error("import-no-id", format!("expected an Azure resource with an `id`; {has}")).with_hint(
            "see `docs/exports.md` for the commands whose output is read; queries must keep the column `id`",
        ),
    }
}
