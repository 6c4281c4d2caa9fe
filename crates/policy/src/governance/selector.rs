//! Resource selectors of assignments and exemptions.

use azimuth_arm::Node;

use crate::evaluate::{NotEvaluable, Principal};
use crate::fold::eq;

/// A resource selector: holds when all its selectors hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceSelector {
    /// Its name.
    pub name: String,
    /// What has to hold.
    pub selectors: Vec<Selector>,
}

/// One condition on resources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    /// What is looked at.
    pub kind: SelectorKind,
    /// The value has to be one of these.
    pub allowed: Option<Vec<String>>,
    /// The value may be none of these.
    pub refused: Option<Vec<String>>,
}

/// What a selector looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SelectorKind {
    /// The location.
    ResourceLocation,
    /// The type.
    ResourceType,
    /// Resources that have no location; the value is `subscriptionLevelResources`.
    ResourceWithoutLocation,
    /// The reference within an initiative (overrides only).
    PolicyDefinitionReferenceId,
    /// The user who asks.
    UserPrincipalId,
    /// A group of the user who asks.
    GroupPrincipalId,
    /// A share of the resources, which only the service can tell.
    ResourceRolloutPercentage,
    /// A kind this engine does not know; it selects nothing.
    Other(String),
}

impl SelectorKind {
    pub(crate) fn from_name(name: &str) -> Self {
        let known = [
            ("resourceLocation", Self::ResourceLocation),
            ("resourceType", Self::ResourceType),
            ("resourceWithoutLocation", Self::ResourceWithoutLocation),
            ("policyDefinitionReferenceId", Self::PolicyDefinitionReferenceId),
            ("userPrincipalId", Self::UserPrincipalId),
            ("groupPrincipalId", Self::GroupPrincipalId),
            ("resourceRolloutPercentage", Self::ResourceRolloutPercentage),
        ];
        let known = known.into_iter().find(|(word, _)| word.eq_ignore_ascii_case(name));
        known.map_or_else(|| Self::Other(name.to_owned()), |(_, kind)| kind)
    }
}

/// What selectors look at.
#[derive(Clone, Copy, Debug, Default)]
pub struct SelectionFacts<'a> {
    /// The type of the resource.
    pub resource_type: &'a str,
    /// Its location.
    pub location: Option<&'a str>,
    /// The reference within the initiative, or empty.
    pub reference_id: &'a str,
    /// Who sends the request; `None`: unknown.
    pub principal: Option<&'a Principal>,
}

/// Whether something is selected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// It is.
    Covered,
    /// It is not.
    NotCovered,
    /// That depends on something unknown.
    Undecided(NotEvaluable),
}

impl Coverage {
    fn of(is_covered: bool) -> Self {
        if is_covered { Self::Covered } else { Self::NotCovered }
    }

    /// All have to hold; one that does not decides even where others are unknown.
    fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut undecided = None;
        for part in parts {
            match part {
                Self::Covered => {}
                Self::NotCovered => return Self::NotCovered,
                Self::Undecided(reason) => undecided = undecided.or(Some(reason)),
            }
        }
        undecided.map_or(Self::Covered, Self::Undecided)
    }

    /// One has to hold; one that does decides even where others are unknown.
    fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut undecided = None;
        for part in parts {
            match part {
                Self::Covered => return Self::Covered,
                Self::NotCovered => {}
                Self::Undecided(reason) => undecided = undecided.or(Some(reason)),
            }
        }
        undecided.map_or(Self::NotCovered, Self::Undecided)
    }
}

/// Whether a resource is selected: one of several resource selectors is enough; none selects everything.
pub fn select(selectors: &[ResourceSelector], facts: &SelectionFacts<'_>) -> Coverage {
    if selectors.is_empty() {
        return Coverage::Covered;
    }
    Coverage::any(selectors.iter().map(|selector| select_all(&selector.selectors, facts)))
}

/// Whether all of several selectors hold.
pub(crate) fn select_all(parts: &[Selector], facts: &SelectionFacts<'_>) -> Coverage {
    Coverage::all(parts.iter().map(|part| part.holds(facts)))
}

/// Whether a resource is selected for certain, as far as type and location decide; see [`select`].
pub fn selects(selectors: &[ResourceSelector], resource_type: &str, location: Option<&str>) -> bool {
    let facts = SelectionFacts { resource_type, location, ..SelectionFacts::default() };
    select(selectors, &facts) == Coverage::Covered
}

impl Selector {
    fn holds(&self, facts: &SelectionFacts<'_>) -> Coverage {
        let location = facts.location.filter(|location| !location.is_empty() && !eq(location, "global"));
        let unknown_principal = |kind| Coverage::Undecided(NotEvaluable::Principal { kind });
        Coverage::of(match self.kind {
            SelectorKind::ResourceLocation => {
                location.is_some_and(|location| self.admits(&plain(location), true))
            }
            SelectorKind::ResourceType => self.admits(facts.resource_type, false),
            SelectorKind::ResourceWithoutLocation => location.is_none(),
            SelectorKind::PolicyDefinitionReferenceId => self.admits(facts.reference_id, false),
            SelectorKind::UserPrincipalId => match facts.principal {
                Some(principal) => self.admits(&principal.user_id, false),
                None => return unknown_principal("userPrincipalId"),
            },
            SelectorKind::GroupPrincipalId => {
                match facts.principal.and_then(|known| known.group_ids.as_ref()) {
                    Some(groups) => self.admits_groups(groups),
                    None => return unknown_principal("groupPrincipalId"),
                }
            }
            SelectorKind::ResourceRolloutPercentage => {
                return Coverage::Undecided(NotEvaluable::Rollout { kind: "resourceRolloutPercentage" });
            }
            SelectorKind::Other(_) => false,
        })
    }

    /// Whether one of the groups is allowed, and none refused.
    fn admits_groups(&self, groups: &[String]) -> bool {
        let is_in = |list: &[String]| list.iter().any(|known| groups.iter().any(|group| eq(group, known)));
        self.allowed.as_ref().is_none_or(|list| is_in(list))
            && self.refused.as_ref().is_none_or(|list| !is_in(list))
    }

    /// Whether the selector looks at more than the reference.
    pub(crate) fn depends_on_resource(&self) -> bool {
        self.kind != SelectorKind::PolicyDefinitionReferenceId
    }

    /// Whether a value is among the allowed ones, and not among the refused.
    pub(crate) fn admits(&self, value: &str, is_location: bool) -> bool {
        let is_in = |list: &[String]| {
            list.iter().any(|known| if is_location { eq(&plain(known), value) } else { eq(known, value) })
        };
        self.allowed.as_ref().is_none_or(|list| is_in(list))
            && self.refused.as_ref().is_none_or(|list| !is_in(list))
    }
}

fn plain(location: &str) -> String {
    location.chars().filter(|c| !c.is_whitespace()).collect()
}

/// Reads `resourceSelectors`.
pub(crate) fn read_resource_selectors(node: Option<&Node>) -> Vec<ResourceSelector> {
    let items = node.map(Node::items).unwrap_or_default().iter();
    items
        .map(|item| ResourceSelector {
            name: item.get("name").and_then(Node::as_str).unwrap_or_default().to_owned(),
            selectors: read_selectors(item.get("selectors")),
        })
        .collect()
}

pub(crate) fn read_selectors(node: Option<&Node>) -> Vec<Selector> {
    let list = |node: Option<&Node>| {
        node.map(|node| node.items().iter().filter_map(|item| item.as_str().map(str::to_owned)).collect())
    };
    let items = node.map(Node::items).unwrap_or_default().iter();
    items
        .map(|item| Selector {
            kind: SelectorKind::from_name(item.get("kind").and_then(Node::as_str).unwrap_or_default()),
            allowed: list(item.get("in")),
            refused: list(item.get("notIn")),
        })
        .collect()
}

/// What is wrong with resource selectors.
pub(crate) fn selector_problems(selectors: &[ResourceSelector]) -> Vec<String> {
    let mut problems = Vec::new();
    if selectors.len() > 10 {
        problems.push(format!("{} resource selectors; at most 10 are allowed", selectors.len()));
    }
    for selector in selectors {
        problems.extend(part_problems(&selector.selectors));
    }
    problems
}

pub(crate) fn part_problems(parts: &[Selector]) -> Vec<String> {
    let mut problems = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        if part.allowed.is_some() && part.refused.is_some() {
            problems.push("a selector has both `in` and `notIn`; keep one".to_owned());
        }
        if part.allowed.is_none() && part.refused.is_none() {
            problems.push("a selector has neither `in` nor `notIn`".to_owned());
        }
        let count = part.allowed.iter().chain(&part.refused).map(Vec::len).max().unwrap_or(0);
        if count > 50 {
            problems.push(format!("{count} values in a selector; at most 50 are allowed"));
        }
        if parts[..index].iter().any(|other| other.kind == part.kind) {
            problems.push("a kind of selector is used twice; merge the two".to_owned());
        }
        if let SelectorKind::Other(name) = &part.kind {
            problems.push(format!("there is no kind of selector `{name}`"));
        }
    }
    let has = |kind: &SelectorKind| parts.iter().any(|part| part.kind == *kind);
    if has(&SelectorKind::ResourceLocation) && has(&SelectorKind::ResourceWithoutLocation) {
        problems.push("`resourceLocation` and `resourceWithoutLocation` exclude each other".to_owned());
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(kind: SelectorKind, allowed: &[&str]) -> Selector {
        let allowed = allowed.iter().map(|value| (*value).to_owned()).collect();
        Selector { kind, allowed: Some(allowed), refused: None }
    }

    fn of(parts: &[&[&Selector]], facts: &SelectionFacts<'_>) -> Coverage {
        let selectors: Vec<ResourceSelector> = parts
            .iter()
            .map(|parts| ResourceSelector {
                name: String::new(),
                selectors: parts.iter().map(|part| (*part).clone()).collect(),
            })
            .collect();
        select(&selectors, facts)
    }

    #[test]
    fn who_asks_is_never_assumed() {
        let user = part(SelectorKind::UserPrincipalId, &["U1"]);
        let group = part(SelectorKind::GroupPrincipalId, &["G1"]);
        let west = part(SelectorKind::ResourceLocation, &["West Europe"]);
        let mut facts = SelectionFacts { location: Some("westeurope"), ..SelectionFacts::default() };
        let unknown = Coverage::Undecided(NotEvaluable::Principal { kind: "userPrincipalId" });
        assert_eq!(of(&[&[&user]], &facts), unknown);
        assert_eq!(of(&[&[&user, &west]], &facts), unknown);
        // What is known decides where it can.
        assert_eq!(of(&[&[&user], &[&west]], &facts), Coverage::Covered);
        facts.location = Some("northeurope");
        assert_eq!(of(&[&[&user, &west]], &facts), Coverage::NotCovered);
        let in_groups = |group_ids| Principal { user_id: "u1".to_owned(), group_ids };
        let unknown_groups = in_groups(None);
        facts.principal = Some(&unknown_groups);
        assert_eq!(of(&[&[&user]], &facts), Coverage::Covered);
        assert!(matches!(of(&[&[&group]], &facts), Coverage::Undecided(_)));
        let member = in_groups(Some(vec!["g1".to_owned()]));
        facts.principal = Some(&member);
        assert_eq!(of(&[&[&group]], &facts), Coverage::Covered);
        let stranger = in_groups(Some(Vec::new()));
        facts.principal = Some(&stranger);
        assert_eq!(of(&[&[&group]], &facts), Coverage::NotCovered);
        let share = part(SelectorKind::ResourceRolloutPercentage, &["50"]);
        assert!(matches!(of(&[&[&share]], &facts), Coverage::Undecided(NotEvaluable::Rollout { .. })));
    }
}
