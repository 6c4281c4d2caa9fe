//! Exemptions.

use azimuth_arm::{Node, Source, Value};
use jiff::Timestamp;

use super::scope::is_within;
use super::selector::{
    Coverage, ResourceSelector, SelectionFacts, read_resource_selectors, select, selector_problems,
};
use crate::definition::{Parsed, Report};
use crate::evaluate::Principal;
use crate::fold::eq;

/// An exemption: resources that an assignment is not to hold against their owner.
#[derive(Clone, Debug)]
pub struct Exemption {
    /// The resource id; what it is a child of is exempt, with everything below.
    pub id: String,
    /// The assignment.
    pub assignment_id: String,
    /// References of the initiative that it is about; none: all.
    pub reference_ids: Vec<String>,
    /// Why.
    pub category: Option<ExemptionCategory>,
    /// When it ends.
    pub expires_on: Option<Timestamp>,
    /// Which resources it is about.
    pub resource_selectors: Vec<ResourceSelector>,
    /// Whether the scope is checked against the assignment's: `Default` or `DoNotValidate`.
    pub is_scope_validated: bool,
    /// The name shown to people.
    pub display_name: Option<String>,
    /// Free data.
    pub metadata: Value,
}

/// Why resources are exempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExemptionCategory {
    /// The violation is accepted.
    Waiver,
    /// The aim is reached in another way.
    Mitigated,
}

/// Reads an exemption as Azure exports it.
pub fn parse_exemption(source: &Source, node: &Node, path: &str) -> Parsed<Exemption> {
    let mut report = Report::new(source);
    if !node.is_object() {
        report.error(
            "policy-exemption",
            node.span,
            path,
            format!("expected an exemption, found {}", node.type_name()),
        );
        return report.finish(None);
    }
    let properties = node.get("properties").unwrap_or(node);
    let text = |node: &Node, name: &str| node.get(name).and_then(Node::as_str).map(str::to_owned);
    let expires_on = text(properties, "expiresOn").and_then(|written| match written.parse() {
        Ok(moment) => Some(moment),
        Err(_) => {
            let message = format!("`{written}` is no moment like `2026-01-31T00:00:00Z`");
            report.error("policy-exemption", properties.span, path, message);
            None
        }
    });
    let exemption = Exemption {
        id: text(node, "id").unwrap_or_default(),
        assignment_id: text(properties, "policyAssignmentId").unwrap_or_default(),
        reference_ids: properties
            .get("policyDefinitionReferenceIds")
            .map(|list| list.items().iter().filter_map(|item| item.as_str().map(str::to_owned)).collect())
            .unwrap_or_default(),
        category: match text(properties, "exemptionCategory") {
            Some(word) if word.eq_ignore_ascii_case("waiver") => Some(ExemptionCategory::Waiver),
            Some(word) if word.eq_ignore_ascii_case("mitigated") => Some(ExemptionCategory::Mitigated),
            _ => None,
        },
        expires_on,
        resource_selectors: read_resource_selectors(properties.get("resourceSelectors")),
        is_scope_validated: !text(properties, "assignmentScopeValidation")
            .is_some_and(|word| word.eq_ignore_ascii_case("DoNotValidate")),
        display_name: text(properties, "displayName"),
        metadata: properties.get("metadata").map_or(Value::NULL, Value::from_node),
    };
    report.finish(Some(exemption))
}

impl Exemption {
    /// What is exempt: the id without the exemption itself.
    pub fn scope(&self) -> &str {
        let at = self.id.to_ascii_lowercase().rfind("/providers/microsoft.authorization/policyexemptions/");
        at.map_or("", |at| &self.id[..at])
    }

    /// Whether it covers a resource for one reference of an assignment at a moment, for certain.
    pub fn covers(&self, question: &Question<'_>) -> bool {
        self.coverage(question, None) == Coverage::Covered
    }

    /// As [`Exemption::covers`], with who sends the request; undecided where a selector asks for what is unknown.
    pub fn coverage(&self, question: &Question<'_>, principal: Option<&Principal>) -> Coverage {
        let is_over = self.expires_on.is_some_and(|end| question.now >= end);
        let names_reference = self.reference_ids.is_empty()
            || self.reference_ids.iter().any(|id| eq(id, question.reference_id));
        let is_about = !is_over
            && names_reference
            && eq(&self.assignment_id, question.assignment_id)
            && !self.scope().is_empty()
            && is_within(question.resource_id, self.scope(), question.ancestors);
        if !is_about {
            return Coverage::NotCovered;
        }
        let facts = SelectionFacts {
            resource_type: question.resource_type,
            location: question.location,
            reference_id: question.reference_id,
            principal,
        };
        select(&self.resource_selectors, &facts)
    }
}

/// What is asked of an exemption.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The assignment.
    pub assignment_id: &'a str,
    /// The reference within the initiative, or empty.
    pub reference_id: &'a str,
    /// The resource.
    pub resource_id: &'a str,
    /// Its type.
    pub resource_type: &'a str,
    /// Its location.
    pub location: Option<&'a str>,
    /// The management groups above it.
    pub ancestors: &'a [String],
    /// The moment.
    pub now: Timestamp,
}

/// Everything the service would refuse about an exemption.
pub fn check_exemption(exemption: &Exemption) -> Vec<String> {
    let mut problems = selector_problems(&exemption.resource_selectors);
    if exemption.assignment_id.is_empty() {
        problems.push("the exemption names no `policyAssignmentId`".to_owned());
    }
    if exemption.category.is_none() {
        problems.push("`exemptionCategory` is `Waiver` or `Mitigated`".to_owned());
    }
    if exemption.display_name.as_ref().is_some_and(|name| name.chars().count() > 128) {
        problems.push("`displayName` has more than 128 characters".to_owned());
    }
    problems
}
