//! Showing a diagnostic with the text it speaks of.

use crate::{Diagnostic, Severity};

/// Finds lines and columns in a text.
#[derive(Clone, Debug)]
pub struct LineIndex {
    starts: Vec<usize>,
}

impl LineIndex {
    /// Indexes the lines of `text` (ended by `\n`).
    pub fn new(text: &str) -> Self {
        let starts = std::iter::once(0)
            .chain(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i + 1));
        Self { starts: starts.collect() }
    }

    /// Line and column (both from 1, the column in characters) of a byte offset in `text`.
    pub fn position(&self, text: &str, offset: usize) -> (u64, u64) {
        let mut offset = offset.min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.starts.partition_point(|start| *start <= offset).saturating_sub(1);
        let column = text[self.starts[line]..offset].chars().count();
        (line as u64 + 1, column as u64 + 1)
    }
}

/// The diagnostic as text for a terminal without colour: message, place, the line with the span
/// underlined when `text` (the whole file) is given, and the hint. Lines longer than 160 characters are cut.
pub fn render(diagnostic: &Diagnostic, text: Option<&str>) -> String {
    let word = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let mut out = format!("{word}[{}]: {}\n", diagnostic.code, diagnostic.message);
    let place = diagnostic.place.to_string();
    if !place.is_empty() {
        out.push_str(&format!("  --> {place}\n"));
    }
    if let (Some(text), Some((start, end))) = (text, diagnostic.place.span)
        && start <= end
        && end <= text.len()
        && text.is_char_boundary(start)
        && text.is_char_boundary(end)
    {
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
        let lead = text[line_start..start].chars().count();
        let shown_from = lead.saturating_sub(60);
        let shown: String =
            text[line_start..line_end].chars().skip(shown_from).take(160).map(plain).collect();
        let width = text[start..end.min(line_end)].chars().count().clamp(1, 160);
        let (line, _) = LineIndex::new(text).position(text, start);
        let gutter = line.to_string();
        let pad = " ".repeat(gutter.len());
        let space = " ".repeat(lead - shown_from);
        out.push_str(&format!(
            "{pad} |\n{gutter} | {}\n{pad} | {space}{}\n",
            shown.trim_end(),
            "^".repeat(width)
        ));
    }
    if let Some(hint) = &diagnostic.hint {
        out.push_str(&format!("  hint: {hint}\n"));
    }
    out
}

fn plain(character: char) -> char {
    if character.is_control() { ' ' } else { character }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Place;

    #[test]
    fn underlines_the_span() {
        let text = "first\nlet x = oops(1)\nlast";
        let start = text.find("oops").unwrap();
        let (line, column) = LineIndex::new(text).position(text, start);
        let diagnostic = Diagnostic::error("test-unknown", "no function `oops`")
            .at(Place {
                file: Some("a.txt".into()),
                line: Some(line),
                column: Some(column),
                span: Some((start, start + 4)),
                path: None,
            })
            .with_hint("did you mean `ops`?");
        let shown = render(&diagnostic, Some(text));
        assert_eq!(
            shown,
            "error[test-unknown]: no function `oops`\n  --> a.txt:2:9\n  |\n2 | let x = oops(1)\n  |         ^^^^\n  \
             hint: did you mean `ops`?\n"
        );
    }

    #[test]
    fn positions_survive_any_offset() {
        let text = "é\nü";
        let index = LineIndex::new(text);
        for offset in 0..10 {
            let (line, column) = index.position(text, offset);
            assert!(line >= 1 && column >= 1);
        }
        assert_eq!(index.position(text, 3), (2, 1));
    }
}
