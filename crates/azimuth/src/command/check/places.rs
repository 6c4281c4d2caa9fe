//! From the compiled template back to the Bicep file, as far as names lead.

use std::path::Path;

use azimuth_preflight::{Finding, Report, Spot};

use crate::command::arm::places::BicepText;

/// A Bicep file and the name of what it compiles to.
#[derive(Debug)]
pub(super) struct Bicep {
    text: Option<BicepText>,
    compiled: String,
    /// The text of the file, for underlining.
    pub(super) source: Option<String>,
    pub(super) file: String,
}

impl Bicep {
    pub(super) fn read(file: &Path, compiled: &str) -> Self {
        Self {
            text: BicepText::read(file),
            compiled: compiled.to_owned(),
            source: std::fs::read_to_string(file).ok(),
            file: file.display().to_string(),
        }
    }

    /// Puts findings at the declaration of their resource; the place in the compiled template stays as where the value
    /// is from.
    pub(super) fn translate(&self, report: &mut Report) {
        let lists = [&mut report.findings, &mut report.unknown, &mut report.suppressed];
        for finding in lists.into_iter().flatten() {
            self.finding(finding);
        }
    }

    fn finding(&self, finding: &mut Finding) {
        if finding.place.spot.file != self.compiled {
            return;
        }
        let Some(declared) = self.declared(finding.resource.symbolic_name.as_deref()) else { return };
        let compiled = std::mem::replace(&mut finding.place.spot, declared);
        finding.place.value_from.get_or_insert(compiled);
    }

    fn declared(&self, symbol: Option<&str>) -> Option<Spot> {
        let place = self.text.as_ref()?.declaration(&format!("$.resources.{}", symbol?))?;
        Some(Spot {
            file: place.file.to_owned(),
            line: place.line as u64,
            column: place.column as u64,
            end_line: place.line as u64,
            end_column: (place.column + place.name.chars().count()) as u64,
            span: None,
        })
    }
}
