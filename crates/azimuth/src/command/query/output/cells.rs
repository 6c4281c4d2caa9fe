//! Values in the formats that programs read.

use std::io::{self, Write};

use azimuth_kql::types::{ScalarType, Schema};
use azimuth_values::{Json, Value};

/// A value as Kusto prints it; nothing for null.
pub(crate) fn text(value: &Value) -> String {
    azimuth_values::text::to_string(value)
}

/// A row as a JSON object: numbers and truths as such, `dynamic` values as they are, the rest as texts.
pub(super) fn object(schema: &Schema, row: &[Value]) -> String {
    let members =
        schema.columns.iter().zip(row).map(|(column, value)| (column.name.as_str().into(), value.to_json()));
    Json::Object(members.collect()).to_text()
}

/// A line of fields, quoted where they have to be (RFC 4180).
pub(super) fn separated(
    out: &mut dyn Write,
    fields: impl Iterator<Item = String>,
    separator: u8,
) -> io::Result<()> {
    let mut writer = csv::WriterBuilder::new().delimiter(separator).from_writer(Vec::new());
    writer.write_record(fields.map(String::into_bytes)).map_err(io::Error::other)?;
    out.write_all(&writer.into_inner().map_err(|error| io::Error::other(error.to_string()))?)
}

pub(super) fn markdown_head(out: &mut dyn Write, schema: &Schema) -> io::Result<()> {
    for column in &schema.columns {
        write!(out, "| {} ", markdown(&column.name))?;
    }
    writeln!(out, "|")?;
    for column in &schema.columns {
        write!(out, "{}", if is_number(column.ty) { "|---:" } else { "|---" })?;
    }
    writeln!(out, "|")
}

pub(super) fn markdown_row(out: &mut dyn Write, row: &[Value]) -> io::Result<()> {
    for value in row {
        write!(out, "| {} ", markdown(&text(value)))?;
    }
    writeln!(out, "|")
}

/// Text that ends no cell and makes no markup.
fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' => out.push_str("<br>"),
            '\r' => {}
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            '|' | '*' | '_' | '`' | '[' | ']' | '\\' | '~' => out.extend(['\\', letter]),
            other => out.push(other),
        }
    }
    out
}

/// Whether values of a type are set to the right.
pub(super) fn is_number(ty: ScalarType) -> bool {
    ty.is_number()
}
