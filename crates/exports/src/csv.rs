//! Comma-separated rows (RFC 4180), as the portal's Resource Graph Explorer downloads them.

use std::borrow::Cow;

use azimuth_diag::{Diagnostic, Place};

use crate::document::Shape;
use crate::json::scan::Scanner;
use crate::json::text::compact_into;
use crate::json::tree::Node;
use crate::report::{Reporter, shorten};
use crate::shapes::resource_graph;

/// Columns a file may have.
const MAX_COLUMNS: usize = 1_024;

/// Columns of Resource Graph whose spelling the portal may change.
const KNOWN_COLUMNS: [&str; 15] = [
    "id",
    "name",
    "type",
    "tenantId",
    "kind",
    "location",
    "resourceGroup",
    "subscriptionId",
    "managedBy",
    "sku",
    "plan",
    "properties",
    "tags",
    "identity",
    "zones",
];

/// Columns that hold objects or lists.
const OBJECT_COLUMNS: [&str; 7] =
    ["properties", "tags", "sku", "plan", "identity", "zones", "extendedLocation"];

/// The header of a CSV file.
pub(crate) struct Table {
    delimiter: u8,
    columns: Vec<String>,
    /// Offset of the first row.
    body: usize,
}

/// The table's header if `text` is CSV: a first line of several names, with a column `id` or other columns of
/// Resource Graph.
pub(crate) fn detect(text: &[u8]) -> Option<Table> {
    if matches!(text.trim_ascii_start().first()?, b'{' | b'[') {
        return None;
    }
    let line = text.split(|byte| *byte == b'\n').next()?;
    let delimiter =
        *[b',', b';', b'\t'].iter().max_by_key(|d| line.iter().filter(|byte| byte == d).count())?;
    let mut cells = Vec::new();
    let mut line_count = 0;
    let body = next_row(text, 0, delimiter, &mut cells, &mut line_count).ok()?;
    let columns: Vec<String> = cells.iter().map(|cell| column_name(&String::from_utf8_lossy(cell))).collect();
    let known = columns.iter().filter(|name| KNOWN_COLUMNS.contains(&name.as_str())).count();
    let is_table = known >= 2 || (columns.len() == 1 && columns[0] == "id");
    is_table.then_some(Table { delimiter, columns, body })
}

fn column_name(cell: &str) -> String {
    let cell = cell.trim();
    let plain: String = cell.chars().filter(|c| *c != ' ' && *c != '_').collect();
    KNOWN_COLUMNS
        .iter()
        .find(|known| known.eq_ignore_ascii_case(&plain))
        .map_or_else(|| cell.to_owned(), |known| (*known).to_owned())
}

/// Reads the rows; each is one record.
pub(crate) fn read(text: &[u8], table: &Table, report: &mut Reporter<'_>) {
    let file = report.file.clone();
    let place = |line: u64| Place { file: Some(file.clone()), line: Some(line), ..Place::default() };
    if !table.columns.iter().any(|column| column == "id") {
        report.record(Some(Shape::ResourceGraphCsv));
        report.reject();
        let shown = shorten(&table.columns.join("`, `"), 200);
        let message = format!("expected a column `id`; the columns are `{shown}`");
        let finding = Diagnostic::error("import-no-id", message).at(place(1)).with_hint(
            "the portal's list views leave out ids and properties; download the result of a Resource Graph query",
        );
        return report.say(finding);
    }
    report.record_page(Some(Shape::ResourceGraphCsv));
    for (index, column) in table.columns.iter().enumerate() {
        if table.columns[..index].contains(column) {
            let message = format!("the column `{}` stands twice; the first is used", shorten(column, 80));
            report.say(Diagnostic::warning("import-csv", message).at(place(1)));
        }
    }
    let (mut at, mut cells) = (table.body, Vec::new());
    let mut line = 1 + memchr::memchr_iter(b'\n', &text[..at]).count() as u64;
    while at < text.len() {
        let first_line = line;
        let row = next_row(text, at, table.delimiter, &mut cells, &mut line);
        match row {
            Ok(end) => at = end,
            Err(()) => {
                report.record(Some(Shape::ResourceGraphCsv));
                report.reject();
                let message = "a quoted cell is not closed before the end of the file";
                return report.say(Diagnostic::error("import-truncated", message).at(place(first_line)));
            }
        }
        if cells.iter().all(|cell| cell.is_empty()) {
            continue;
        }
        report.record(Some(Shape::ResourceGraphCsv));
        let outcome = match to_node(&cells, &table.columns) {
            Ok(node) => resource_graph::row(&node),
            Err(finding) => crate::report::Outcome::rejected(finding),
        };
        if outcome.is_rejected() {
            report.reject();
        }
        for draft in outcome.drafts {
            report.emit(draft.key, draft.body.into(), draft.rank, place(first_line));
        }
        for finding in outcome.findings {
            report.say(finding.at(place(first_line)));
        }
    }
}

fn to_node(cells: &[Cow<'_, [u8]>], columns: &[String]) -> Result<Node<'static>, Diagnostic> {
    if cells.len() != columns.len() {
        let message = format!("the row has {} cells, the header {} columns", cells.len(), columns.len());
        return Err(Diagnostic::error("import-csv", message));
    }
    let mut members = Vec::new();
    for (cell, column) in cells.iter().zip(columns) {
        let text = std::str::from_utf8(cell)
            .map_err(|_| Diagnostic::error("import-utf8", format!("the cell `{column}` is no UTF-8")))?;
        let value = to_value(text, column)?;
        if !value.is_null() && !members.iter().any(|(name, _)| name == column) {
            members.push((Cow::Owned(column.clone()), value));
        }
    }
    Ok(Node::Object(members))
}

/// A cell: JSON if it holds an object or array, `null` if it is empty, else text.
fn to_value(cell: &str, column: &str) -> Result<Node<'static>, Diagnostic> {
    let trimmed = cell.trim();
    if trimmed.is_empty() || trimmed == "null" {
        return Ok(Node::Scalar(Cow::Borrowed("null")));
    }
    if !trimmed.starts_with(['{', '[']) {
        return Ok(Node::text(cell));
    }
    match Scanner::default().scan(trimmed.as_bytes(), 0) {
        Ok(scanned) if scanned.end == trimmed.len() => {
            let mut json = String::with_capacity(trimmed.len());
            compact_into(trimmed, &mut json);
            Ok(Node::Scalar(Cow::Owned(json)).reparsed())
        }
        // A name may begin with a bracket; a column of objects holds objects.
        _ if !OBJECT_COLUMNS.contains(&column) => Ok(Node::text(cell)),
        _ => {
            Err(Diagnostic::error("import-csv", format!("the cell `{column}` begins like JSON and is none"))
                .with_hint(
                    "spreadsheets cut cells at 32,767 characters; import the file as the portal wrote it",
                ))
        }
    }
}

/// Reads one row at `at` into `cells`: the offset behind it, an error if a quoted cell is left open.
fn next_row<'t>(
    text: &'t [u8],
    at: usize,
    delimiter: u8,
    cells: &mut Vec<Cow<'t, [u8]>>,
    line: &mut u64,
) -> Result<usize, ()> {
    cells.clear();
    let mut at = at;
    loop {
        let cell = if text.get(at) == Some(&b'"') {
            let mut cell = Vec::new();
            at += 1;
            loop {
                let quote = memchr::memchr(b'"', &text[at..]).ok_or(())?;
                cell.extend_from_slice(&text[at..at + quote]);
                at += quote + 1;
                if text.get(at) != Some(&b'"') {
                    break;
                }
                cell.push(b'"');
                at += 1;
            }
            *line += memchr::memchr_iter(b'\n', &cell).count() as u64;
            Cow::Owned(cell)
        } else {
            Cow::Borrowed(&b""[..])
        };
        // What stands behind a closing quote belongs to the cell, as spreadsheets read it.
        let rest = &text[at..];
        let length = rest.iter().position(|byte| *byte == delimiter || *byte == b'\n').unwrap_or(rest.len());
        let plain = rest[..length].strip_suffix(b"\r").unwrap_or(&rest[..length]);
        let is_last = rest.get(length) != Some(&delimiter);
        if cells.len() < MAX_COLUMNS {
            cells.push(match (cell, plain) {
                (Cow::Borrowed(_), plain) => Cow::Borrowed(plain),
                (cell, b"") => cell,
                (cell, plain) => Cow::Owned([&*cell, plain].concat()),
            });
        }
        at = (at + length + 1).min(text.len());
        if is_last {
            *line += 1;
            return Ok(at);
        }
        if at == text.len() {
            cells.push(Cow::Borrowed(b""));
            return Ok(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<Vec<String>> {
        let (mut at, mut cells, mut line) = (0, Vec::new(), 1);
        let mut out = Vec::new();
        while at < text.len() {
            at = next_row(text.as_bytes(), at, b',', &mut cells, &mut line).unwrap();
            out.push(cells.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect());
        }
        out
    }

    #[test]
    fn quotes_and_line_ends() {
        assert_eq!(
            rows("a,\"b \"\"x\"\"\nc\",\r\n1,,3\n4"),
            [vec!["a", "b \"x\"\nc", ""], vec!["1", "", "3"], vec!["4"]]
        );
    }

    #[test]
    fn headers() {
        assert!(detect(b"ID,NAME,RESOURCE GROUP\n").is_some_and(|table| table.columns[2] == "resourceGroup"));
        assert!(detect(b"hello, world\n").is_none());
        assert!(detect(b"{\"id\":1}").is_none());
    }
}
