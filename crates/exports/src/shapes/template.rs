//! ARM templates: recognised, not yet expanded.

use azimuth_diag::Diagnostic;

use crate::json::tree::Node;
use crate::report::Outcome;

/// Says what a template or parameter file is and why nothing is imported from it.
pub(crate) fn read(whole: bool, node: &Node<'_>) -> Outcome {
    let finding = if whole {
        let count = match node.get("resources") {
            Some(Node::Array(items)) => items.len(),
            Some(Node::Object(items)) => items.len(),
            _ => 0,
        };
        Diagnostic::note(
            "import-template",
            format!("an ARM template with {count} resources: templates are not expanded yet, so nothing is imported"),
        )
        .with_hint("export the deployed resources instead, for example with `az graph query`")
    } else {
        Diagnostic::note("import-template", "the parameters of an ARM template: nothing to import")
    };
    Outcome { drafts: Vec::new(), findings: vec![finding] }
}
