//! Findings that a template asks not to show, with the reason it gives.
//!
//! Two ways: a comment `azimuth:ignore RULE reason`, which speaks of the value on its line or, alone on its line, of
//! the next one, above the template of all of it; and `metadata.azimuth.ignore`, a list of `{"rule", "reason"}` in the template (all of it) or in a
//! resource. Both name rules by id; a `*` at the end stands for any ending. A suppression without a reason does nothing.

use std::sync::Arc;

use azimuth_arm::{Node, NodeKind, Source, Span};
use azimuth_diag::Diagnostic;

use crate::pack::matches;
use crate::place::Spot;

/// What starts a suppression in a comment.
const MARK: &str = "azimuth:ignore";
/// Most suppressions read of one file.
const MAX_SUPPRESSIONS: usize = 10_000;
/// Deepest nesting looked into for metadata.
const MAX_DEPTH: usize = 128;

/// The suppressions of the files of a template.
#[derive(Debug, Default)]
pub(crate) struct Suppressions {
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    rule: String,
    reason: String,
    file: String,
    /// What it speaks of.
    within: Span,
    /// Where it stands.
    at: Span,
    source: Arc<Source>,
    used: bool,
}

impl Suppressions {
    /// Reads the suppressions of all files; what is wrong with some is reported.
    pub(crate) fn read(files: &[Arc<Source>], diagnostics: &mut Vec<Diagnostic>) -> Self {
        let mut all = Self::default();
        for source in files {
            if source.text().contains(MARK) {
                all.comments(source, diagnostics);
            }
            if source.text().contains("azimuth") {
                all.metadata(source, source.root(), 0, diagnostics);
            }
        }
        all
    }

    /// The reason for not showing a finding of `rule` at any of these places.
    pub(crate) fn reason(&mut self, rule: &str, spots: &[&Spot]) -> Option<String> {
        let entry = self.entries.iter_mut().find(|entry| {
            matches(&entry.rule, rule)
                && spots.iter().any(|spot| {
                    spot.file == entry.file
                        && spot.span.is_some_and(|span| {
                            entry.within.start <= span.start && span.end <= entry.within.end
                        })
                })
        })?;
        entry.used = true;
        Some(entry.reason.clone())
    }

    /// A note for every suppression that hid nothing although its rule was asked, and for those whose rule does not
    /// exist.
    pub(crate) fn unused(
        &self,
        is_asked: &dyn Fn(&str) -> bool,
        exists: &dyn Fn(&str) -> bool,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        for entry in self.entries.iter().filter(|entry| !entry.used) {
            let message = if is_asked(&entry.rule) {
                format!("nothing to ignore here: `{}` has no finding", entry.rule)
            } else if !exists(&entry.rule) {
                format!("nothing to ignore here: there is no rule `{}` in this check", entry.rule)
            } else {
                continue;
            };
            diagnostics
                .push(Diagnostic::note("check-ignore-unused", message).at(entry.source.place(entry.at)));
        }
    }

    fn comments(&mut self, source: &Arc<Source>, diagnostics: &mut Vec<Diagnostic>) {
        let text = source.text();
        let mut from = 0;
        while let Some(found) = text[from..].find(MARK) {
            let start = from + found;
            from = start + MARK.len();
            if self.entries.len() >= MAX_SUPPRESSIONS {
                return;
            }
            let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
            let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
            let Some(comment) = comment_start(&text[line_start..start]).map(|at| line_start + at) else {
                continue;
            };
            if is_in_string(source.root(), start, 0) {
                continue;
            }
            let words = text[from..line_end].split("*/").next().unwrap_or_default().trim();
            let at = Span::new(start, line_end.min(from + words.len() + 1));
            let (rule, reason) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
            let is_alone = text[line_start..comment].trim().is_empty();
            let target = if start < source.root().span.start as usize {
                Some(source.root().span)
            } else if is_alone {
                first_from(source.root(), line_end)
            } else {
                first_from(source.root(), line_start).filter(|span| (span.start as usize) < start)
            };
            self.push(source, (rule, reason), target, at, diagnostics);
        }
    }

    fn metadata(
        &mut self,
        source: &Arc<Source>,
        node: &Node,
        depth: usize,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        if depth > MAX_DEPTH || self.entries.len() >= MAX_SUPPRESSIONS {
            return;
        }
        let list = node.get("metadata").and_then(|metadata| metadata.get("azimuth")?.get("ignore"));
        for item in list.map(Node::items).unwrap_or_default() {
            let text = |name: &str| item.get(name).and_then(Node::as_str).unwrap_or_default();
            self.push(source, (text("rule"), text("reason")), Some(node.span), item.span, diagnostics);
        }
        match &node.kind {
            NodeKind::Object(members) => {
                for member in members.iter().filter(|member| !member.key.eq_ignore_ascii_case("metadata")) {
                    self.metadata(source, &member.value, depth + 1, diagnostics);
                }
            }
            NodeKind::Array(items) => {
                items.iter().for_each(|item| self.metadata(source, item, depth + 1, diagnostics));
            }
            _ => {}
        }
    }

    fn push(
        &mut self,
        source: &Arc<Source>,
        (rule, reason): (&str, &str),
        within: Option<Span>,
        at: Span,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let reason = reason.trim();
        let problem = match within {
            _ if rule.is_empty() => Some("it names no rule"),
            _ if reason.is_empty() => Some("it gives no reason"),
            None => Some("no value follows it"),
            Some(_) => None,
        };
        let Some(within) = within.filter(|_| problem.is_none()) else {
            let message = format!("the suppression does nothing: {}", problem.unwrap_or_default());
            let finding = Diagnostic::warning("check-ignore", message).at(source.place(at));
            diagnostics.push(finding.with_hint("write `azimuth:ignore RULE reason`"));
            return;
        };
        self.entries.push(Entry {
            rule: rule.to_owned(),
            reason: reason.to_owned(),
            file: source.file().to_owned(),
            within,
            at,
            source: source.clone(),
            used: false,
        });
    }
}

/// Where in the text before a mark its comment starts.
fn comment_start(before: &str) -> Option<usize> {
    let trimmed = before.trim_end();
    let start = trimmed.strip_suffix("//").or_else(|| trimmed.strip_suffix("/*"))?;
    Some(start.len())
}

/// Whether a byte lies in a string or a name.
fn is_in_string(node: &Node, offset: usize, depth: usize) -> bool {
    let holds = |span: Span| (span.start as usize) <= offset && offset < span.end as usize;
    if depth > MAX_DEPTH || !holds(node.span) {
        return false;
    }
    match &node.kind {
        NodeKind::String(_) => true,
        NodeKind::Object(members) => members
            .iter()
            .any(|member| holds(member.key_span) || is_in_string(&member.value, offset, depth + 1)),
        NodeKind::Array(items) => items.iter().any(|item| is_in_string(item, offset, depth + 1)),
        _ => false,
    }
}

/// The first member or item that begins at or after a byte: the span of its value.
fn first_from(node: &Node, offset: usize) -> Option<Span> {
    let mut best: Option<(u32, Span)> = None;
    first_within(node, offset, 0, &mut best);
    best.map(|(_, span)| span)
}

fn first_within(node: &Node, offset: usize, depth: usize, best: &mut Option<(u32, Span)>) {
    if depth > MAX_DEPTH || (node.span.end as usize) <= offset {
        return;
    }
    let mut offer = |start: u32, span: Span| {
        if start as usize >= offset && best.is_none_or(|(known, _)| start < known) {
            *best = Some((start, span));
        }
    };
    match &node.kind {
        NodeKind::Object(members) => {
            for member in members {
                offer(member.key_span.start, member.value.span);
            }
            members.iter().for_each(|member| first_within(&member.value, offset, depth + 1, best));
        }
        NodeKind::Array(items) => {
            for item in items {
                offer(item.span.start, item.span);
            }
            items.iter().for_each(|item| first_within(item, offset, depth + 1, best));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Suppressions, Vec<Diagnostic>, Arc<Source>) {
        let source = Source::parse("t.json", text).unwrap();
        let mut diagnostics = Vec::new();
        let all = Suppressions::read(std::slice::from_ref(&source), &mut diagnostics);
        (all, diagnostics, source)
    }

    fn spot(source: &Source, text: &str) -> Spot {
        let start = source.text().find(text).unwrap();
        let (line, column) = source.position(start);
        let span = Some(Span::new(start, start + text.len()));
        Spot { file: "t.json".to_owned(), line, column, end_line: line, end_column: column, span }
    }

    #[test]
    fn comments_speak_of_their_line_or_the_next() {
        let text = "{\n  // azimuth:ignore R-1 it is meant so\n  \"a\": {\"b\": 10},\n  \"c\": 20, // azimuth:ignore R-* /why\n  \"d\": 30\n}";
        let (mut all, diagnostics, source) = read(text);
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        assert_eq!(all.reason("r-1", &[&spot(&source, "10")]).as_deref(), Some("it is meant so"));
        assert_eq!(all.reason("R-2", &[&spot(&source, "10")]), None);
        assert_eq!(all.reason("R-2", &[&spot(&source, "20")]).as_deref(), Some("/why"));
        assert_eq!(all.reason("R-1", &[&spot(&source, "30")]), None);
        let mut unused = Vec::new();
        all.unused(&|_| true, &|_| true, &mut unused);
        assert!(unused.is_empty());
    }

    #[test]
    fn a_comment_above_the_template_speaks_of_all_of_it() {
        let (mut all, _, source) = read("// azimuth:ignore R a sample\n{\"a\": 1, \"b\": 2}");
        assert_eq!(all.reason("R", &[&spot(&source, "2")]).as_deref(), Some("a sample"));
    }

    #[test]
    fn a_reason_is_required_and_strings_are_no_comments() {
        let text = "{\n  \"a\": 1, // azimuth:ignore R-1\n  \"b\": \"// azimuth:ignore R-1 x\"\n}";
        let (all, diagnostics, _) = read(text);
        assert!(all.entries.is_empty());
        assert_eq!(diagnostics.len(), 1);
        assert!(diagnostics[0].message.contains("no reason"));
    }

    #[test]
    fn metadata_speaks_of_what_holds_it() {
        let text = r#"{"resources": [{"name": "x", "metadata": {"azimuth": {"ignore": [{"rule": "R", "reason": "old"}]}}}, {"name": "y"}]}"#;
        let (mut all, _, source) = read(text);
        assert_eq!(all.reason("R", &[&spot(&source, "\"x\"")]).as_deref(), Some("old"));
        assert_eq!(all.reason("R", &[&spot(&source, "\"y\"")]), None);
    }
}
