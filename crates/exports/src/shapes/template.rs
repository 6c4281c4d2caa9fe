//! ARM templates: recognised here, expanded by whoever reads the file and knows where the template belongs.

use azimuth_diag::Diagnostic;

use crate::json::tree::Node;
use crate::report::Outcome;

/// The code of the note about a template that was recognised and not expanded.
pub const TEMPLATE_CODE: &str = "import-template";

/// Says what a template or parameter file is and why nothing is imported from it.
pub(crate) fn read(whole: bool, node: &Node<'_>) -> Outcome {
    let finding = if whole {
        let count = match node.get("resources") {
            Some(Node::Array(items)) => items.len(),
            Some(Node::Object(items)) => items.len(),
            _ => 0,
        };
        Diagnostic::note(
            TEMPLATE_CODE,
            format!("an ARM template with {count} resources, which does not say where they are: nothing is imported"),
        )
        .with_hint(
            "pass `--template-scope /subscriptions/{id}/resourceGroups/{name}`, or export the resources themselves",
        )
    } else {
        Diagnostic::note(TEMPLATE_CODE, "the parameters of an ARM template: nothing to import")
    };
    Outcome { drafts: Vec::new(), findings: vec![finding] }
}
