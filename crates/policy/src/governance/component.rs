//! States of components, which only a resource provider sees: imported and kept apart.

use azimuth_arm::{Node, Source};
use hashbrown::HashMap;

use super::compliance::{ComplianceState, roll_up};
use crate::definition::{Parsed, Report};
use crate::fold::{eq, fold};

/// The state of a component, such as a key in a vault, as the service reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    /// The id of the component.
    pub id: String,
    /// Its type, such as `Microsoft.KeyVault.Data/vaults/keys`.
    pub component_type: String,
    /// Its name.
    pub name: String,
    /// The resource it belongs to.
    pub resource_id: String,
    /// The assignment.
    pub assignment_id: String,
    /// The definition.
    pub definition_id: String,
    /// The reference within an initiative, or empty.
    pub reference_id: String,
    /// The reported state.
    pub state: ComplianceState,
}

/// Reads states of components: a row of `componentPolicyStates`, or a row of `policyStates` with its `components`. A row
/// without components gives none.
pub fn parse_components(source: &Source, node: &Node, path: &str) -> Parsed<Vec<Component>> {
    let mut report = Report::new(source);
    let text = |node: &Node, name: &str| node.get(name).and_then(Node::as_str).unwrap_or_default().to_owned();
    let row = node.get("properties").unwrap_or(node);
    let nested = row.get("components").map(Node::items).unwrap_or_default();
    let is_own = row.get("componentId").is_some();
    let parts: Vec<&Node> = if is_own { vec![row] } else { nested.iter().collect() };
    let mut found = Vec::new();
    for part in parts {
        let name = |long: &str, short: &str| text(part, if is_own { long } else { short });
        let written = text(part, "complianceState");
        let Some(state) = ComplianceState::from_name(&written) else {
            let message = format!("there is no compliance state `{written}`");
            report.warning("policy-component", part.span, path, message);
            continue;
        };
        found.push(Component {
            id: name("componentId", "id"),
            component_type: name("componentType", "type"),
            name: name("componentName", "name"),
            resource_id: text(row, "resourceId"),
            assignment_id: text(row, "policyAssignmentId"),
            definition_id: text(row, "policyDefinitionId"),
            reference_id: text(row, "policyDefinitionReferenceId"),
            state,
        });
    }
    report.finish(Some(found))
}

/// The state of several components together: one that does not comply is enough. `None` without components.
pub fn components_state(components: &[Component]) -> Option<ComplianceState> {
    roll_up(components.iter().map(|component| component.state))
}

/// Imported states by resource.
#[derive(Debug, Default)]
pub(crate) struct Components(HashMap<String, Vec<Component>>);

impl Components {
    /// Keeps the parts that belong together side by side, so that one slice can show them.
    pub(crate) fn new(list: Vec<Component>) -> Self {
        let mut by_resource: HashMap<String, Vec<Component>> = HashMap::new();
        for component in list {
            by_resource.entry(fold(&component.resource_id)).or_default().push(component);
        }
        let key = |part: &Component| {
            (fold(&part.assignment_id), fold(&part.reference_id), fold(&part.definition_id))
        };
        by_resource.values_mut().for_each(|parts| parts.sort_by_cached_key(key));
        Self(by_resource)
    }

    /// The components of a resource under one policy of an assignment.
    pub(crate) fn of(
        &self,
        resource_id: &str,
        assignment_id: &str,
        reference_id: &str,
        definition_id: &str,
    ) -> &[Component] {
        if self.0.is_empty() {
            return &[];
        }
        let Some(all) = self.0.get(fold(resource_id).as_str()) else { return &[] };
        let fits = |part: &Component| {
            eq(&part.assignment_id, assignment_id)
                && eq(&part.reference_id, reference_id)
                && (!reference_id.is_empty() || eq(&part.definition_id, definition_id))
        };
        let Some(start) = all.iter().position(fits) else { return &[] };
        let length = all[start..].iter().take_while(|part| fits(part)).count();
        &all[start..start + length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_shapes_are_read() {
        let rows = r#"[
            {"componentId":"https://v.vault.azure.net/keys/k","componentType":"Microsoft.KeyVault.Data/vaults/keys","componentName":"k",
             "resourceId":"/r/V","policyAssignmentId":"/a","policyDefinitionId":"/d","complianceState":"NonCompliant"},
            {"resourceId":"/r/v","policyAssignmentId":"/A","policyDefinitionId":"/d",
             "components":[{"id":"c2","type":"t","name":"n","complianceState":"Compliant"},{"id":"c3","complianceState":"odd"}]}
        ]"#;
        let source = Source::parse("rows", rows).unwrap();
        let parsed: Vec<_> =
            source.root().items().iter().map(|row| parse_components(&source, row, "$")).collect();
        assert_eq!(parsed[1].diagnostics.len(), 1);
        let all = Components::new(parsed.into_iter().flat_map(|parsed| parsed.value.unwrap()).collect());
        let of_key = all.of("/R/v", "/a", "", "/D");
        assert_eq!(of_key.len(), 2);
        assert_eq!(components_state(of_key), Some(ComplianceState::NonCompliant));
        assert!(all.of("/R/v", "/a", "", "/other").is_empty());
    }
}
