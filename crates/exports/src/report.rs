//! Counting what is read and keeping what is said about it.

use std::collections::BTreeMap;

use azimuth_diag::{Diagnostic, Place, Severity};

use crate::document::{Completeness, FileReport, Imported, Shape};
use crate::json::scan::{Fault, MAX_DEPTH, ScanError};
use azimuth_ids::DocumentKey;

/// Findings kept per file or archive member; the rest is counted.
const MAX_FINDINGS: usize = 20;
/// Bytes of a message beyond which it is shortened.
const MAX_MESSAGE: usize = 1_200;
/// Findings kept for all members of an archive together.
const MAX_FINDINGS_TOTAL: usize = 400;

/// A document about to be handed over; the reader adds the place.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) key: DocumentKey,
    pub(crate) body: String,
    pub(crate) rank: Completeness,
}

/// What a shape made of one record.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) drafts: Vec<Draft>,
    /// Findings without a place.
    pub(crate) findings: Vec<Diagnostic>,
}

impl Outcome {
    pub(crate) fn one(key: DocumentKey, body: String, rank: Completeness) -> Self {
        Self { drafts: vec![Draft { key, body, rank }], findings: Vec::new() }
    }

    pub(crate) fn rejected(finding: Diagnostic) -> Self {
        Self { drafts: Vec::new(), findings: vec![finding] }
    }

    /// Whether the record could not be used, as opposed to having nothing to import.
    pub(crate) fn is_rejected(&self) -> bool {
        self.drafts.is_empty() && self.findings.iter().any(|finding| finding.severity != Severity::Note)
    }

    pub(crate) fn push(&mut self, key: DocumentKey, body: String, rank: Completeness) {
        self.drafts.push(Draft { key, body, rank });
    }

    pub(crate) fn absorb(&mut self, other: Self) {
        self.drafts.extend(other.drafts);
        self.findings.extend(other.findings);
    }
}

/// The running report of one file.
pub(crate) struct Reporter<'s> {
    /// The name used in places: the file, or `archive!member`.
    pub(crate) file: String,
    sink: &'s mut dyn FnMut(Imported),
    report: FileReport,
    shapes: BTreeMap<Shape, usize>,
    kept_here: usize,
    more: usize,
    more_errors: usize,
    errors: usize,
}

impl<'s> Reporter<'s> {
    pub(crate) fn new(file: &str, sink: &'s mut dyn FnMut(Imported)) -> Self {
        Self {
            file: file.to_owned(),
            sink,
            report: FileReport { file: file.to_owned(), ..FileReport::default() },
            shapes: BTreeMap::new(),
            kept_here: 0,
            more: 0,
            more_errors: 0,
            errors: 0,
        }
    }

    /// Reads on under another name, as for a member of an archive; returns the name before.
    pub(crate) fn enter(&mut self, file: String) -> String {
        self.summarise();
        std::mem::replace(&mut self.file, file)
    }

    /// Errors so far, kept or counted.
    pub(crate) fn errors(&self) -> usize {
        self.errors
    }

    pub(crate) fn record(&mut self, shape: Option<Shape>) {
        self.report.records += 1;
        if let Some(shape) = shape {
            *self.shapes.entry(shape).or_default() += 1;
        }
    }

    /// Notes a page of a shape, which may have no records.
    pub(crate) fn record_page(&mut self, shape: Option<Shape>) {
        if let Some(shape) = shape {
            self.shapes.entry(shape).or_default();
        }
    }

    pub(crate) fn rejected(&self) -> usize {
        self.report.rejected
    }

    pub(crate) fn reject(&mut self) {
        self.report.rejected += 1;
    }

    pub(crate) fn emit(&mut self, key: DocumentKey, body: Box<str>, rank: Completeness, place: Place) {
        self.report.documents += 1;
        (self.sink)(Imported { key, body, rank, place });
    }

    pub(crate) fn say(&mut self, mut finding: Diagnostic) {
        // Foreign text may reach a message through the errors of other crates.
        if finding.message.len() > MAX_MESSAGE || finding.message.contains(char::is_control) {
            finding.message = shorten(&finding.message, MAX_MESSAGE / 4);
        }
        self.errors += usize::from(finding.severity == Severity::Error);
        if self.kept_here < MAX_FINDINGS && self.report.diagnostics.len() < MAX_FINDINGS_TOTAL {
            self.kept_here += 1;
            self.report.diagnostics.push(finding);
        } else {
            self.more += 1;
            self.more_errors += usize::from(finding.severity == Severity::Error);
        }
    }

    /// Takes over the report of a part of the same file.
    pub(crate) fn absorb(&mut self, part: FileReport) {
        self.report.documents += part.documents;
        self.report.records += part.records;
        self.report.rejected += part.rejected;
        for (shape, count) in part.shapes {
            *self.shapes.entry(shape).or_default() += count;
        }
        for finding in part.diagnostics {
            match finding.code {
                MORE => {
                    let (more, errors) = parse_more(&finding.message);
                    self.more += more;
                    self.more_errors += errors;
                    self.errors += errors;
                }
                _ => self.say(finding),
            }
        }
    }

    fn summarise(&mut self) {
        if self.more > 0 {
            let message =
                format!("{} more findings in this file, {} of them errors", self.more, self.more_errors);
            let severity = if self.more_errors > 0 { Severity::Error } else { Severity::Note };
            let place = Place { file: Some(self.file.clone()), ..Place::default() };
            let mut finding = Diagnostic::note(MORE, message).at(place);
            finding.severity = severity;
            self.report.diagnostics.push(finding);
        }
        (self.kept_here, self.more, self.more_errors) = (0, 0, 0);
    }

    pub(crate) fn finish(mut self) -> FileReport {
        self.summarise();
        self.report.shapes = self.shapes.into_iter().collect();
        self.report
    }
}

/// The code of the finding that counts the findings left out.
const MORE: &str = "import-more-findings";

fn parse_more(message: &str) -> (usize, usize) {
    let mut numbers = message.split(' ').filter_map(|word| word.parse().ok());
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

/// A scan error in words; the caller adds the place.
pub(crate) fn fault_diagnostic(text: &[u8], error: &ScanError) -> Diagnostic {
    match &error.fault {
        Fault::Cut => Diagnostic::error("import-truncated", "the text ends in the middle of this record")
            .with_hint("export it again; the disk may have been full or the command interrupted"),
        Fault::Unexpected { expected } => {
            Diagnostic::error("import-json", format!("expected {expected}, found {}", found(text, error.at)))
        }
        Fault::DuplicateKey { key } => Diagnostic::error(
            "import-duplicate-key",
            format!("the key `{}` stands twice in one object", shorten(key, 80)),
        ),
        Fault::TooDeep => {
            Diagnostic::error("import-too-deep", format!("nested deeper than {MAX_DEPTH} levels"))
        }
        Fault::NumberRange => Diagnostic::error(
            "import-number-range",
            format!("{} fits no 64-bit number", found(text, error.at)),
        ),
        Fault::NotUtf8 => {
            let byte = text.get(error.at).copied().unwrap_or_default();
            Diagnostic::error("import-utf8", format!("the byte 0x{byte:02x} is no UTF-8"))
        }
        Fault::Text { what } => Diagnostic::error("import-text", format!("a string holds {what}")),
    }
}

/// What stands at `at`, for messages: a word or a character in backticks.
fn found(text: &[u8], at: usize) -> String {
    let rest = &text[at.min(text.len())..];
    let length = rest
        .iter()
        .take(24)
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.' | b'_'))
        .count();
    match rest.first() {
        None => "the end of the text".to_owned(),
        Some(_) if length > 0 => format!("`{}`", String::from_utf8_lossy(&rest[..length])),
        Some(byte @ 0x21..=0x7e) => format!("`{}`", *byte as char),
        Some(byte) => format!("the byte 0x{byte:02x}"),
    }
}

/// `text` without control characters and with at most `limit` characters.
pub(crate) fn shorten(text: &str, limit: usize) -> String {
    let mut out: String = text.chars().filter(|c| !c.is_control()).take(limit).collect();
    if text.chars().nth(limit).is_some() {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_twenty_and_counts_the_rest() {
        let mut sink = |_: Imported| {};
        let mut reporter = Reporter::new("a.json", &mut sink);
        for _ in 0..30 {
            reporter.say(Diagnostic::error("test", "no"));
        }
        let part = reporter.finish();
        assert_eq!(part.diagnostics.len(), 21);
        assert_eq!(
            part.diagnostics[20].to_string(),
            "a.json: 10 more findings in this file, 10 of them errors"
        );
        let mut whole = Reporter::new("a.json", &mut sink);
        whole.absorb(part.clone());
        whole.absorb(part);
        let whole = whole.finish();
        assert_eq!(whole.diagnostics.len(), 21);
        assert!(whole.diagnostics[20].message.starts_with("40 more"), "{:?}", whole.diagnostics[20]);
    }
}
