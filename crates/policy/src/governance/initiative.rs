//! Initiatives (set definitions).

use std::sync::Arc;

use azimuth_arm::{Node, Object, Source, Value};

use crate::compile::{Policy, PolicyContext};
use crate::definition::{
    ParameterError, Parameters, Parsed, PolicyType, Report, check_duplicates, read_parameters,
};
use crate::evaluate::{Fault, bound_value};
use crate::template::Template;

/// An initiative.
#[derive(Clone, Debug)]
pub struct Initiative {
    /// The resource id.
    pub id: Option<String>,
    /// The name.
    pub name: Option<String>,
    /// The name shown to people.
    pub display_name: Option<String>,
    /// Where it comes from.
    pub policy_type: PolicyType,
    /// `1.2.3`
    pub version: Option<String>,
    /// Free data.
    pub metadata: Value,
    /// The parameters.
    pub parameters: Parameters,
    /// The definitions in it.
    pub references: Vec<Reference>,
    /// Groups of references, such as the controls of a standard.
    pub groups: Vec<Group>,
}

/// A definition in an initiative.
#[derive(Clone, Debug)]
pub struct Reference {
    /// The definition.
    pub definition_id: String,
    /// The name within the initiative; made up from the position if the document has none.
    pub reference_id: String,
    /// The wanted version, such as `1.*.*`.
    pub definition_version: Option<String>,
    /// Parameter values, perhaps expressions over the parameters of the initiative.
    pub parameters: Vec<(Arc<str>, Template)>,
    /// Groups it belongs to.
    pub group_names: Vec<String>,
}

/// A group of references.
#[derive(Clone, Debug, Default)]
pub struct Group {
    /// The name that references give.
    pub name: String,
    /// A heading.
    pub category: Option<String>,
    /// The name shown to people.
    pub display_name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Where more stands.
    pub additional_metadata_id: Option<String>,
}

/// Reads an initiative as Azure exports it.
pub fn parse_initiative(source: &Source, node: &Node, path: &str) -> Parsed<Initiative> {
    let mut report = Report::new(source);
    let properties = node.get("properties").unwrap_or(node);
    if !properties.is_object() {
        report.error(
            "policy-initiative",
            node.span,
            path,
            format!("expected an initiative, found {}", node.type_name()),
        );
        return report.finish(None);
    }
    check_duplicates(&mut report, properties, path);
    let text = |node: &Node, name: &str| node.get(name).and_then(Node::as_str).map(str::to_owned);
    let parameters =
        read_parameters(&mut report, properties.get("parameters"), &format!("{path}.parameters"));
    let mut references: Vec<Reference> = Vec::new();
    match properties.get("policyDefinitions") {
        Some(list) => {
            for (index, item) in list.items().iter().enumerate() {
                let at = format!("{path}.policyDefinitions[{index}]");
                let reference = read_reference(&mut report, item, &at, index);
                let is_known =
                    |known: &Reference| crate::fold::eq(&known.reference_id, &reference.reference_id);
                if references.iter().any(is_known) {
                    let message = format!("the reference `{}` is used twice", reference.reference_id);
                    report.error("policy-initiative", item.span, &at, message);
                }
                references.push(reference);
            }
        }
        None => report.error(
            "policy-initiative",
            properties.span,
            path,
            "the initiative has no `policyDefinitions`",
        ),
    }
    let groups = properties.get("policyDefinitionGroups").map(Node::items).unwrap_or_default().iter();
    let groups = groups.map(|group| Group {
        name: text(group, "name").unwrap_or_default(),
        category: text(group, "category"),
        display_name: text(group, "displayName"),
        description: text(group, "description"),
        additional_metadata_id: text(group, "additionalMetadataId"),
    });
    let initiative = Initiative {
        id: text(node, "id"),
        name: text(node, "name"),
        display_name: text(properties, "displayName"),
        policy_type: match text(properties, "policyType") {
            Some(word) if word.eq_ignore_ascii_case("builtin") => PolicyType::BuiltIn,
            Some(word) if word.eq_ignore_ascii_case("static") => PolicyType::Static,
            _ => PolicyType::Custom,
        },
        version: text(properties, "version"),
        metadata: properties.get("metadata").map_or(Value::NULL, Value::from_node),
        parameters,
        references,
        groups: groups.collect(),
    };
    report.finish(Some(initiative))
}

fn read_reference(report: &mut Report<'_>, node: &Node, path: &str, index: usize) -> Reference {
    let text = |name: &str| node.get(name).and_then(Node::as_str).map(str::to_owned);
    let parameters = node.get("parameters").map(Node::members).unwrap_or_default().iter();
    let parameters = parameters.filter_map(|member| {
        let at = format!("{path}.parameters.{}.value", member.key);
        Some((member.key.clone(), report.template(member.value.get("value")?, &at)))
    });
    Reference {
        parameters: parameters.collect(),
        definition_id: text("policyDefinitionId").unwrap_or_default(),
        reference_id: text("policyDefinitionReferenceId").unwrap_or_else(|| format!("reference{index}")),
        definition_version: text("definitionVersion"),
        group_names: node
            .get("groupNames")
            .map(|list| list.items().iter().filter_map(|item| item.as_str().map(str::to_owned)).collect())
            .unwrap_or_default(),
    }
}

impl Initiative {
    /// The values that an assignment of the initiative hands to each reference, in order.
    ///
    /// # Errors
    /// If the assignment's values do not fit the parameters of the initiative.
    pub fn reference_parameters(
        &self,
        given: &Object,
    ) -> Result<Vec<Result<Object, Fault>>, Vec<ParameterError>> {
        let bound = self.parameters.bind(given)?;
        Ok(self.references.iter().map(|reference| reference.values(&bound)).collect())
    }
}

impl Reference {
    /// The values handed to the definition, given the values of the initiative's parameters.
    ///
    /// # Errors
    /// If an expression fails.
    pub fn values(&self, initiative: &Object) -> Result<Object, Fault> {
        let mut values = Object::new();
        for (name, template) in &self.parameters {
            values.set(name.clone(), bound_value(template, initiative)?);
        }
        Ok(values)
    }

    /// The policy that the reference amounts to.
    ///
    /// # Errors
    /// If an expression fails.
    pub fn policy(
        &self,
        definition: Arc<crate::definition::Definition>,
        initiative: &Object,
        context: PolicyContext,
    ) -> Result<Policy, Fault> {
        Ok(Policy::bind_unchecked(definition, &self.values(initiative)?, context))
    }
}
