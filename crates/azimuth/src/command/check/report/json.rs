//! Everything, for programs. The members named here stay as they are; new ones may come.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::super::outcome::{Found, Outcome};
use crate::command::output;

/// The version of the report's shape: it grows when members change their meaning or go.
const VERSION: u32 = 1;

pub(in super::super) fn write(out: &mut dyn Write, outcome: &Outcome) -> io::Result<()> {
    let [(_, high), (_, medium), (_, low)] = outcome.by_severity();
    let templates: Vec<Value> = outcome
        .templates
        .iter()
        .map(|template| {
            json!({
                "file": template.file,
                "parameters": template.parameters,
                "resources": template.resources,
                "diagnostics": template.diagnostics,
                "wouldBeRefused": template.errors().next().is_some(),
            })
        })
        .collect();
    let denials: Vec<_> = outcome
        .templates
        .iter()
        .flat_map(|template| template.denials.iter().map(|denial| with(json!(denial), &template.file)))
        .collect();
    let changes: Vec<_> = outcome
        .templates
        .iter()
        .flat_map(|template| {
            template.changes.iter().map(|change| {
                let mut value = json!(change);
                value["properties"] = change
                    .properties
                    .iter()
                    .map(|(path, before, after)| json!({"path": path, "before": before, "after": after}))
                    .collect();
                with(value, &template.file)
            })
        })
        .collect();
    let report = json!({
        "report": "azimuth-check",
        "version": VERSION,
        "program": env!("CARGO_PKG_VERSION"),
        "summary": {
            "templates": outcome.files(),
            "checks": outcome.templates.len(),
            "resources": outcome.resources(),
            "rules": outcome.rules.len(),
            "violations": {"high": high, "medium": medium, "low": low},
            "unknown": outcome.unknown.len(),
            "suppressed": outcome.suppressed.len(),
            "inBaseline": outcome.known,
            "refusedTemplates": outcome.refused(),
            "filesNotRead": outcome.unread,
        },
        "findings": findings(&outcome.findings),
        "unknown": findings(&outcome.unknown),
        "suppressed": findings(&outcome.suppressed),
        "denials": denials,
        "changes": changes,
        "templates": templates,
        "rules": outcome.rules,
    });
    output::json(out, &report)
}

fn findings(found: &[Found]) -> Vec<Value> {
    found
        .iter()
        .map(|found| {
            let mut value = with(json!(found.finding), &found.template);
            value["parameters"] = json!(found.parameters);
            value
        })
        .collect()
}

fn with(mut value: Value, template: &str) -> Value {
    value["template"] = template.into();
    value
}
