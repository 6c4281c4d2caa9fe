//! Versions of definitions and initiatives, and the ranges that assignments and references ask for.
//!
//! Documented in "Azure Policy assignment structure": a version is `{major}.{minor}.{patch}`, states such as preview are
//! appended; a range leaves minor and patch, or patch alone, to the service (`1.*.*`, `1.2.*`), and `-preview` lets previews
//! in as well. Without a range the newest version counts.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use hashbrown::HashMap;

use super::Initiative;
use crate::definition::{Definition, PolicyType};
use crate::fold::fold;

/// A version of a definition or initiative: `1.2.3`, `1.2.3-preview`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    numbers: [u32; 3],
    /// Folded: `preview`, `deprecated`; empty for none.
    state: Box<str>,
}

impl Version {
    /// Reads a version; missing numbers are zero. `None` if it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let (numbers, state) = split(text);
        let mut out = [0; 3];
        let mut parts = numbers.split('.');
        for (place, part) in out.iter_mut().zip(&mut parts) {
            *place = part.parse().ok()?;
        }
        parts.next().is_none().then(|| Self { numbers: out, state: fold(state).into() })
    }

    /// Whether it is a preview.
    pub fn is_preview(&self) -> bool {
        self.state.contains("preview")
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.numbers;
        write!(f, "{major}.{minor}.{patch}")?;
        if self.state.is_empty() { Ok(()) } else { write!(f, "-{}", self.state) }
    }
}

impl Ord for Version {
    /// By number; a preview comes before the version that it is a preview of.
    fn cmp(&self, other: &Self) -> Ordering {
        let by_state = other.is_preview().cmp(&self.is_preview()).then_with(|| self.state.cmp(&other.state));
        self.numbers.cmp(&other.numbers).then(by_state)
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A range of versions: `1.*.*`, `1.2.*`, `1.*.*-preview`, or one exact version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionRange {
    /// `None`: any.
    numbers: [Option<u32>; 3],
    admits_previews: bool,
}

impl VersionRange {
    /// Reads a range; `None` if it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let (numbers, state) = split(text);
        let mut out = [None; 3];
        let mut parts = numbers.split('.');
        for (place, part) in out.iter_mut().zip(&mut parts) {
            *place = if part == "*" { None } else { Some(part.parse().ok()?) };
        }
        let is_range = parts.next().is_none() && out[0].is_some() && (out[1].is_some() || out[2].is_none());
        is_range.then(|| Self { numbers: out, admits_previews: fold(state).contains("preview") })
    }

    /// Whether a version is in the range. Previews are only where the range says so.
    pub fn admits(&self, version: &Version) -> bool {
        (self.admits_previews || !version.is_preview())
            && self
                .numbers
                .iter()
                .zip(version.numbers)
                .all(|(wanted, found)| wanted.is_none_or(|wanted| wanted == found))
    }
}

fn split(text: &str) -> (&str, &str) {
    text.trim().split_once('-').unwrap_or((text.trim(), ""))
}

/// The newest version of `known` that a range admits; without a range the newest that is no preview, else the newest.
///
/// # Errors
/// If the range is none, or admits none of them.
pub fn newest_version<'a>(
    range: Option<&str>,
    known: impl IntoIterator<Item = &'a Version>,
) -> Result<&'a Version, VersionProblem> {
    let known: Vec<&Version> = known.into_iter().collect();
    let Some(range) = range else {
        let newest = known.iter().copied().max_by(|a, b| b.is_preview().cmp(&a.is_preview()).then(a.cmp(b)));
        return newest.ok_or(VersionProblem::NoMatch);
    };
    let range = VersionRange::parse(range).ok_or(VersionProblem::NoRange)?;
    known.into_iter().filter(|version| range.admits(version)).max().ok_or(VersionProblem::NoMatch)
}

/// Why no version is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionProblem {
    /// The text is no range.
    NoRange,
    /// No version at hand is in the range.
    NoMatch,
}

/// Something that has versions.
pub(crate) trait Versioned {
    /// Its id.
    fn id(&self) -> Option<&str>;
    /// The version as the service counts it; `None`: the service's number is not in the document.
    fn version(&self) -> Option<Version>;
}

impl Versioned for Definition {
    fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    fn version(&self) -> Option<Version> {
        written(self.version.as_deref(), &self.metadata, self.policy_type, self.id.as_deref())
    }
}

impl Versioned for Initiative {
    fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    fn version(&self) -> Option<Version> {
        written(self.version.as_deref(), &self.metadata, self.policy_type, self.id.as_deref())
    }
}

/// The version of a document: its own, else that of its id, else for what Azure ships that of the metadata. What people write
/// into the metadata of their own definitions is not what the service counts.
fn written(
    version: Option<&str>,
    metadata: &azimuth_arm::Value,
    policy_type: PolicyType,
    id: Option<&str>,
) -> Option<Version> {
    let in_id =
        || id.and_then(|id| fold(id).split_once("/versions/").and_then(|(_, last)| Version::parse(last)));
    let in_metadata = || {
        let version = metadata.get("version").filter(|_| policy_type != PolicyType::Custom)?;
        Version::parse(version.as_str()?)
    };
    version.and_then(Version::parse).or_else(in_id).or_else(in_metadata)
}

/// All that is at hand of something, by id without version.
#[derive(Debug)]
pub(crate) struct Shelf<T>(HashMap<String, Vec<Edition<T>>>);

/// One version, by its number if that is known.
type Edition<T> = (Option<Version>, Arc<T>);

/// What was found on a [`Shelf`].
#[derive(Debug)]
pub(crate) struct Found<T> {
    pub(crate) item: Arc<T>,
    pub(crate) version: Option<Version>,
    /// The newest version at hand.
    pub(crate) latest: Option<Version>,
    /// If the wanted version is not at hand and `item` stands in for it: the versions that are.
    pub(crate) lacks: Option<String>,
}

impl<T: Versioned> Shelf<T> {
    pub(crate) fn new(items: impl IntoIterator<Item = Arc<T>>) -> Self {
        let mut by_id: HashMap<String, Vec<Edition<T>>> = HashMap::new();
        for item in items {
            let Some(id) = item.id().map(fold) else { continue };
            let versions = by_id.entry(without_version(&id).to_owned()).or_default();
            let version = item.version();
            // The same version may be there twice, as the newest and by its number; the last one stays.
            versions.retain(|(known, _)| *known != version);
            versions.push((version, item));
        }
        Self(by_id)
    }

    pub(crate) fn has(&self, id: &str) -> bool {
        self.0.contains_key(without_version(&fold(id)))
    }

    /// What `id`, perhaps with `/versions/…`, means together with a range; `effective` is the version that the service says
    /// is in force. `None` if nothing of that id is at hand.
    pub(crate) fn find(&self, id: &str, range: Option<&str>, effective: Option<&str>) -> Option<Found<T>> {
        let id = fold(id);
        let versions = self.0.get(without_version(&id))?;
        let range = id.split_once("/versions/").map(|(_, version)| version).or(range);
        let known = || versions.iter().filter_map(|(version, _)| version.as_ref());
        let latest = newest_version(None, known()).ok().cloned();
        let take = |version: &Version| versions.iter().find(|(known, _)| known.as_ref() == Some(version));
        let said = effective
            .and_then(Version::parse)
            .filter(|said| range.and_then(VersionRange::parse).is_none_or(|range| range.admits(said)));
        let chosen = said.as_ref().and_then(take).or_else(|| take(newest_version(range, known()).ok()?));
        let uncounted = || versions.iter().find(|(version, _)| version.is_none());
        if let Some((version, item)) = chosen.or_else(uncounted) {
            return Some(Found { item: item.clone(), version: version.clone(), latest, lacks: None });
        }
        let (version, item) = versions.iter().max_by(|(a, _), (b, _)| a.cmp(b))?;
        let mut all: Vec<&Version> = known().collect();
        all.sort();
        let all: Vec<String> = all.iter().map(|version| format!("`{version}`")).collect();
        Some(Found { item: item.clone(), version: version.clone(), latest, lacks: Some(all.join(", ")) })
    }
}

/// An id, folded or not, without `/versions/…`.
fn without_version(id: &str) -> &str {
    id.split("/versions/").next().unwrap_or(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_of_a_range_counts() {
        let known: Vec<Version> = ["1.0.0", "1.2.0", "1.2.7", "1.10.1-PREVIEW", "2.0.0", "3.1.0-preview"]
            .iter()
            .map(|text| Version::parse(text).unwrap())
            .collect();
        for (range, expected) in [
            (Some("1.*.*"), Ok("1.2.7")),
            (Some("1.2.*"), Ok("1.2.7")),
            (Some("1.0.0"), Ok("1.0.0")),
            (Some("1.*.*-preview"), Ok("1.10.1-preview")),
            (Some("2.*.*-preview"), Ok("2.0.0")),
            (Some("3.*.*"), Err(VersionProblem::NoMatch)),
            (Some("3.*.*-PREVIEW"), Ok("3.1.0-preview")),
            (Some("4.*.*"), Err(VersionProblem::NoMatch)),
            (Some("*.*.*"), Err(VersionProblem::NoRange)),
            (Some("1.*.2"), Err(VersionProblem::NoRange)),
            (Some("one"), Err(VersionProblem::NoRange)),
            (None, Ok("2.0.0")),
        ] {
            let found = newest_version(range, &known).map(ToString::to_string);
            assert_eq!(found, expected.map(str::to_owned), "{range:?}");
        }
    }

    #[test]
    fn a_preview_precedes_its_release() {
        let version = |text| Version::parse(text).unwrap();
        assert!(version("1.0.0-preview") < version("1.0.0"));
        assert!(version("1.0.0") < version("1.0.1-preview"));
        assert!(Version::parse("1.2.3.4").is_none());
    }
}
