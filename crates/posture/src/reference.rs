//! The reference page of the catalogue, made of the controls' own texts.

use crate::control::Area;
use crate::controls::controls;

/// The text of `docs/controls.md`.
pub fn reference_page() -> String {
    let mut page = String::from(
        "# Controls\n\n\
         <!-- Made from the texts in `crates/posture/src/controls`; renew with `BLESS=1 cargo test -p azimuth-posture`. -->\n\n\
         Every control ends in one verdict: *Proven* (what was checked), *Violated* (each object that breaks it), \
         *Unknown* (the evidence that is missing and the command that brings it) or *Not applicable* (why). In the \
         commands `{s}` stands for a subscription and `{root}` for the root management group.\n",
    );
    for area in Area::ALL {
        page.push_str(&format!("\n## {}\n", area.title()));
        for control in controls().iter().filter(|control| control.area == area) {
            page.push_str(&format!(
                "\n### {}: {}\n\nSeverity: {:?}\n\n{}\n\n**How it is decided.** {}\n\n**How to fix it.** {}\n\n**Evidence**\n\n",
                control.id, control.title, control.severity, control.why, control.decided, control.fix
            ));
            for need in control.evidence {
                page.push_str(&format!("- {}: `{}`\n", need.what, need.command));
            }
            page.push_str("\n**Further reading**\n\n");
            for reference in control.references {
                page.push_str(&format!("- [{}]({})\n", reference.title, reference.url));
            }
        }
    }
    page
}
