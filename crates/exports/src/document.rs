//! What reading yields.

use std::fmt;

use azimuth_diag::{Diagnostic, Place};
use azimuth_ids::DocumentKey;

/// A document read from an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The name under which the document is kept.
    pub key: DocumentKey,
    /// The document: compact JSON, members in their original order, numbers and strings as written.
    pub body: Box<str>,
    /// How much of the thing the source showed.
    pub rank: Completeness,
    /// Where it stood. The JSON path is absent when the document is the whole line.
    pub place: Place,
}

/// How much of a thing its source shows; of two documents with one key the more complete is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Completeness {
    /// Only mentioned by something else: a subscription in a management group tree, a member of a group.
    Stub,
    /// Seen in a list without its properties: `az resource list`, `az account list`.
    Listed,
    /// The thing itself.
    Full,
}

impl Completeness {
    /// The word used in exported lines.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Stub => "stub",
            Self::Listed => "listed",
            Self::Full => "full",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        [Self::Stub, Self::Listed, Self::Full].into_iter().find(|rank| rank.word() == word)
    }
}

/// The shapes of exports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Shape {
    /// Resources as Resource Manager answers them: one, a list page, an array or one a line.
    Arm,
    /// Rows of Azure Resource Graph as JSON.
    ResourceGraph,
    /// Rows of Azure Resource Graph as the portal's CSV.
    ResourceGraphCsv,
    /// Resources whose `properties` the Azure CLI has lifted to the top.
    AzureCli,
    /// Resources without properties (`az resource list`).
    ResourceList,
    /// Subscriptions as `az account list` prints them.
    AccountList,
    /// A management group with its children, its descendants, or the entities below it.
    ManagementGroups,
    /// Microsoft Graph pages and entities.
    Graph,
    /// A response recorded with its request.
    RecordedResponse,
    /// A statement that lists are complete.
    EvidenceManifest,
    /// The service tag file.
    ServiceTags,
    /// An ARM template or its parameters.
    Template,
    /// A document with its key, as Azimuth exports those whose key the body does not tell.
    Document,
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Arm => "Resource Manager",
            Self::ResourceGraph => "Resource Graph",
            Self::ResourceGraphCsv => "Resource Graph CSV",
            Self::AzureCli => "Azure CLI",
            Self::ResourceList => "resource list",
            Self::AccountList => "account list",
            Self::ManagementGroups => "management groups",
            Self::Graph => "Microsoft Graph",
            Self::RecordedResponse => "recorded responses",
            Self::EvidenceManifest => "evidence manifest",
            Self::ServiceTags => "service tags",
            Self::Template => "ARM template",
            Self::Document => "Azimuth documents",
        })
    }
}

/// What became of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileReport {
    /// The file, as the caller named it.
    pub file: String,
    /// The shapes met, with the number of records in each.
    pub shapes: Vec<(Shape, usize)>,
    /// Documents handed to the sink.
    pub documents: usize,
    /// Records looked at: array elements, rows, lines, single objects.
    pub records: usize,
    /// Records that gave no document because they could not be used; each is in `diagnostics` or counted by
    /// the last of them.
    pub rejected: usize,
    /// What there is to say: the first 20 findings of a file (or member of an archive), then a count.
    pub diagnostics: Vec<Diagnostic>,
}
