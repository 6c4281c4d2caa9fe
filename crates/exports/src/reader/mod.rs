//! Walking a file's text record by record, and past its damage.

mod objects;

use std::collections::HashSet;

use azimuth_diag::{Diagnostic, Place};
use azimuth_ids::{DocumentKey, IdKind, IdRef};

use crate::classify::{Class, Members, classify, plain_resource};
use crate::document::{Completeness, Shape};
use crate::json::loose;
use crate::json::scan::{Fault, Member, ScanError, Scanner};
use crate::json::text::compact_into;
use crate::path::Path;
use crate::report::{Reporter, fault_diagnostic, shorten};
use crate::shapes::Origin;
use crate::shapes::recorded::KIND as RECORDED;
use crate::shapes::resource_graph::plain_row;

/// Lists within lists (a batch of pages of …) deeper than this are refused.
const MAX_NESTING: usize = 10;
/// Lines looked at to tell whether a text has one record a line.
const SAMPLE_LINES: usize = 16;
/// Broken top-level values after which the rest of a file is given up.
const MAX_RESYNC: usize = 10_000;

/// A text and the number of its first line in the file.
#[derive(Clone, Copy)]
pub(crate) struct Lines<'t> {
    pub(crate) text: &'t [u8],
    pub(crate) first_line: u64,
}

/// Whether `text` holds one record a line: objects that begin and end on their line.
pub(crate) fn looks_like_lines(text: &[u8]) -> bool {
    let mut whole = 0;
    let mut other = 0;
    let mut seen = 0;
    for line in text.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line).trim_ascii_end();
        if line.is_empty() || is_talk(line) {
            continue;
        }
        if line.starts_with(b"{\"") && line.ends_with(b"}") {
            whole += 1;
        } else {
            other += 1;
        }
        seen += 1;
        if seen == SAMPLE_LINES {
            break;
        }
    }
    // One object on one line is a document like any other, whose elements have paths worth telling.
    whole > other && seen > 1
}

/// Whether a line is what `az` prints for people, merged into the file by `2>&1`.
fn is_talk(line: &[u8]) -> bool {
    let starts = ["WARNING:", "ERROR:", "INFO:", "DEBUG:", "cli.", "msrest.", "urllib3."];
    let line = line.trim_ascii_start();
    starts.iter().any(|start| line.starts_with(start.as_bytes()))
}

/// Reads one text into a report.
pub(crate) struct Reader<'t, 'r, 's> {
    lines: Lines<'t>,
    /// The part of the text that is being read: all of it, or up to the end of the line.
    text: &'t [u8],
    report: &'r mut Reporter<'s>,
    scanner: Scanner,
    /// An offset and its line, for counting on from there.
    counted: (usize, u64),
    /// Records are expected to end with their line.
    by_line: bool,
    /// A record went on at the end of the text.
    is_cut: bool,
    torn: Torn,
}

/// The recorded lists of which something could not be read. They prove nothing about what is absent, whatever
/// their last page says.
#[derive(Default)]
struct Torn {
    /// By the list's path.
    lists: HashSet<String>,
    /// A record was lost that may have been a page of any of them.
    any: bool,
}

impl<'t, 'r, 's> Reader<'t, 'r, 's> {
    pub(crate) fn new(lines: Lines<'t>, report: &'r mut Reporter<'s>) -> Self {
        let counted = (0, lines.first_line);
        let scanner = Scanner::default();
        Self {
            lines,
            text: lines.text,
            report,
            scanner,
            counted,
            by_line: false,
            is_cut: false,
            torn: Torn::default(),
        }
    }

    /// Reads a text with one record a line; each line stands for itself. A record may nevertheless go on over
    /// several lines; `true` is returned if one went on at the end of the text.
    pub(crate) fn read_lines(&mut self) -> bool {
        self.by_line = true;
        let mut start = 0;
        let all = self.lines.text;
        while start < all.len() {
            let end = memchr::memchr(b'\n', &all[start..]).map_or(all.len(), |length| start + length);
            self.text = &all[..end];
            let at = loose::skip_space(self.text, start);
            if at < end {
                if is_talk(&all[at..end]) {
                    self.talk(at, end);
                } else {
                    self.line(at);
                }
            }
            if self.text.len() > end {
                // The record has gone beyond its line; what follows it is looked at next.
                start = self.text.len();
                self.line_of(start);
            } else {
                start = end + 1;
                self.counted = (start, self.counted.1 + 1);
            }
        }
        self.is_cut
    }

    fn line(&mut self, at: usize) {
        if self.text[at] == b'[' {
            self.extend(at);
        }
        let errors = self.report.errors();
        let Some(end) = self.value(at, &Path::ROOT, Origin::Unknown) else { return };
        if self.report.errors() > errors {
            return;
        }
        let rest = loose::skip_space(self.text, end);
        if rest < self.text.len() && self.text[end - 1] != b',' {
            self.record_error(rest, Diagnostic::error("import-json", "text follows the record on its line"));
        }
    }

    /// Lets the text reach to the end of the value at `at`, if that is valid but longer than its line.
    fn extend(&mut self, at: usize) -> bool {
        match self.scanner.scan(self.lines.text, at) {
            Ok(scanned) => {
                let is_longer = scanned.end > self.text.len();
                if is_longer {
                    self.text = &self.lines.text[..scanned.end];
                }
                is_longer
            }
            Err(error) => {
                self.is_cut |= error.fault == Fault::Cut;
                false
            }
        }
    }

    /// Reads a text of any number of JSON values, one behind the other.
    pub(crate) fn read_values(&mut self) {
        let mut at = 0;
        let mut broken = 0;
        loop {
            at = loose::skip_space(self.text, at);
            let Some(byte) = self.text.get(at) else { return };
            let line_end = memchr::memchr(b'\n', &self.text[at..]).map_or(self.text.len(), |end| at + end);
            if is_talk(&self.text[at..line_end]) {
                self.talk(at, line_end);
                at = line_end;
                continue;
            }
            if !matches!(byte, b'{' | b'[') {
                self.no_json(at);
                at = self.next_start(line_end);
                continue;
            }
            let errors = self.report.errors();
            match self.value(at, &Path::ROOT, Origin::Unknown) {
                Some(end) => at = end.max(at + 1),
                None => at = self.next_start(line_end),
            }
            if self.report.errors() > errors {
                broken += 1;
                if broken > MAX_RESYNC {
                    return self
                        .record_error(at, Diagnostic::error("import-json", "too much damage to read on"));
                }
            }
        }
    }

    /// The start of the next line that begins with a bracket.
    fn next_start(&self, from: usize) -> usize {
        let mut at = from;
        while let Some(end) = memchr::memchr(b'\n', &self.text[at..]) {
            at += end + 1;
            if matches!(self.text.get(at), Some(b'{' | b'[')) {
                return at;
            }
        }
        self.text.len()
    }

    fn no_json(&mut self, at: usize) {
        let line: String = String::from_utf8_lossy(&self.text[at..self.text.len().min(at + 160)])
            .lines()
            .next()
            .map(|line| shorten(line, 60))
            .unwrap_or_default();
        let error = Diagnostic::error("import-no-json", format!("expected JSON or CSV, found `{line}`"));
        self.record_error(
            at,
            error.with_hint("export with `--output json`; tables and TSV lose what Azimuth needs"),
        );
    }

    fn talk(&mut self, at: usize, end: usize) {
        let line = shorten(&String::from_utf8_lossy(&self.text[at..end]), 200);
        let finding = if line.trim_start().starts_with("ERROR:") {
            Diagnostic::warning("import-talk", format!("the command reported `{line}`"))
                .with_hint("what it failed to list is missing here; run it again")
        } else {
            Diagnostic::note("import-talk", format!("skipped a line that is no data: `{line}`"))
        };
        let place = self.place(at, &Path::ROOT);
        self.report.say(finding.at(place));
    }

    /// Reads the value at `at`: the offset behind it, `None` if its end cannot be told.
    fn value(&mut self, at: usize, path: &Path<'_>, origin: Origin<'_>) -> Option<usize> {
        if self.text.get(at) == Some(&b'[') && path.depth() <= MAX_NESTING {
            return self.elements(at, path, origin);
        }
        match self.scanner.scan(self.text, at) {
            Ok(scanned) => {
                if let Err(error) = std::str::from_utf8(&self.text[at..scanned.end]) {
                    let error = ScanError { at: at + error.valid_up_to(), fault: Fault::NotUtf8 };
                    self.damaged(at, &error, path, origin);
                } else if self.text[at] != b'{' {
                    let error =
                        Diagnostic::error("import-no-object", "expected an object, found another value");
                    self.record_error_at(at, path, error);
                } else if path.depth() > MAX_NESTING {
                    let error = Diagnostic::error("import-too-deep", "lists are nested too deep here");
                    self.record_error_at(at, path, error);
                } else {
                    self.object(at, scanned.end, scanned.loose, path, origin);
                }
                Some(scanned.end)
            }
            Err(error) => {
                let is_line = self.by_line && path.depth() == 0;
                if is_line && error.fault == Fault::Cut && self.extend(at) {
                    return self.value(at, path, origin);
                }
                self.damaged(at, &error, path, origin)
            }
        }
    }

    /// Reads the elements of the array at `at`, each for itself.
    fn elements(&mut self, at: usize, path: &Path<'_>, origin: Origin<'_>) -> Option<usize> {
        let mut at = at + 1;
        let mut index = 0;
        loop {
            at = loose::skip_space(self.text, at);
            match self.text.get(at) {
                Some(b']') if index == 0 => return Some(at + 1),
                None => return self.cut(at, path, index),
                Some(_) => {}
            }
            let element = path.index(index);
            let end = self.value(at, &element, origin)?;
            index += 1;
            at = loose::skip_space(self.text, end);
            match self.text.get(at) {
                Some(b',') => at += 1,
                Some(b']') => return Some(at + 1),
                None => return self.cut(at, path, index),
                Some(_) => {
                    let error = ScanError {
                        at,
                        fault: Fault::Unexpected { expected: "`,` or `]` behind the element" },
                    };
                    let finding = fault_diagnostic(self.text, &error);
                    self.record_error_at(at, path, finding);
                    // The next element may begin right here (a missing comma); anything else ends the list.
                    if !matches!(self.text.get(at), Some(b'{')) {
                        return None;
                    }
                }
            }
        }
    }

    fn cut(&mut self, at: usize, path: &Path<'_>, elements: usize) -> Option<usize> {
        let message = format!("the list is cut off behind {elements} elements");
        let finding = Diagnostic::error("import-truncated", message)
            .with_hint("export it again; the disk may have been full or the command interrupted");
        let place = self.place(at.saturating_sub(1), path);
        self.report.say(finding.at(place));
        None
    }

    /// Rescues what it can from a value that does not validate.
    fn damaged(
        &mut self,
        at: usize,
        error: &ScanError,
        path: &Path<'_>,
        origin: Origin<'_>,
    ) -> Option<usize> {
        let errors = self.report.errors();
        let mut is_recorded = false;
        if self.text[at] == b'{' && path.depth() < MAX_NESTING {
            let members = loose::members(self.text, at);
            let class = classify(Members::new(self.text, &members));
            let lists = ["value", "data", "responses", "values", "body", "complete"];
            let is_container = !matches!(class, Class::Item | Class::Entity { .. } | Class::Error)
                && lists.iter().any(|key| Members::new(self.text, &members).has(key));
            if is_container {
                is_recorded = class == Class::Azimuth(RECORDED.to_owned());
                self.container(at, class, &members, path, origin, true);
            }
        }
        if self.report.errors() == errors {
            let below = loose::path_at(self.text, at, error.at);
            let shown = path.shown().unwrap_or_else(|| "$".to_owned());
            let place = Place {
                path: Some(format!("{shown}{}", below.strip_prefix('$').unwrap_or_default())),
                ..self.place(error.at, path)
            };
            self.report.record(None);
            self.report.reject();
            let finding = fault_diagnostic(self.text, error);
            self.report.say(finding.at(place));
            // It may have been a page of any list.
            self.torn.any |= path.depth() == 0 && !is_recorded;
        }
        loose::value_end(self.text, at)
    }

    /// Reads a valid object.
    fn object(&mut self, at: usize, end: usize, loose: bool, path: &Path<'_>, origin: Origin<'_>) {
        if let Some(key) = plain_key(self.text, self.scanner.members())
            && let Ok(body) = std::str::from_utf8(&self.text[at..end])
        {
            self.report.record(Some(origin.shape().unwrap_or(Shape::Arm)));
            let place = self.place(at, path);
            self.report.emit(key, body_text(body, loose), Completeness::Full, place);
            return;
        }
        if matches!(origin, Origin::ResourceGraph)
            && let Ok(text) = std::str::from_utf8(&self.text[at..end])
            && let Some((key, body, rank)) = plain_row(text, at, self.scanner.members(), loose)
        {
            self.report.record(Some(Shape::ResourceGraph));
            let place = self.place(at, path);
            self.report.emit(key, body.into(), rank, place);
            return;
        }
        let members = self.scanner.members().to_vec();
        let class = classify(Members::new(self.text, &members));
        self.container(at, class, &members, path, origin, false);
    }

    fn record_error(&mut self, at: usize, finding: Diagnostic) {
        self.record_error_at(at, &Path::ROOT, finding);
    }

    fn record_error_at(&mut self, at: usize, path: &Path<'_>, finding: Diagnostic) {
        self.report.record(None);
        self.report.reject();
        let place = self.place(at, path);
        self.report.say(finding.at(place));
    }

    fn place(&mut self, at: usize, path: &Path<'_>) -> Place {
        Place {
            file: Some(self.report.file.clone()),
            line: Some(self.line_of(at)),
            path: path.shown(),
            ..Place::default()
        }
    }

    fn line_of(&mut self, at: usize) -> u64 {
        let at = at.min(self.lines.text.len());
        let (from, line) = self.counted;
        let newlines =
            |from: usize, to: usize| memchr::memchr_iter(b'\n', &self.lines.text[from..to]).count() as u64;
        // Records are asked for after their parts, so the way back is as short as the way on.
        let line = if at >= from { line + newlines(from, at) } else { line - newlines(at, from) };
        self.counted = (at, line);
        line
    }
}

/// The key of a plain Resource Manager resource; `None` sends it the slow way.
pub(crate) fn plain_key(text: &[u8], members: &[Member]) -> Option<DocumentKey> {
    let id = std::str::from_utf8(plain_resource(text, members)?).ok()?;
    let id = IdRef::parse(id).ok()?;
    let has_relatives = matches!(id.kind(), IdKind::ManagementGroup | IdKind::Subscription | IdKind::Tenant);
    (!has_relatives).then(|| DocumentKey::arm(id))
}

fn body_text(body: &str, loose: bool) -> Box<str> {
    if loose {
        let mut out = String::with_capacity(body.len());
        compact_into(body, &mut out);
        out.into_boxed_str()
    } else {
        body.into()
    }
}
