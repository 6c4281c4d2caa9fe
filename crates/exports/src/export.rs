//! Writing documents back: one canonical line each.

use std::io::{self, Write};

use azimuth_ids::DocumentKey;

use crate::document::{Completeness, Imported};
use crate::json::canonical::canonical;
use crate::json::scan::Scanner;
use crate::json::text::quoted;
use crate::reader::plain_key;
use crate::shapes::DOCUMENT_KIND;

/// The lines of an export, without line ends, in the order given; give the documents of [`crate::merge`].
///
/// A resource whose id is its key is written as its canonical body alone, so that the file is what other tools
/// expect. Everything else is wrapped: `{"azimuth":"document/1","body":…,"key":"graph:/…"}`, with
/// `completeness` if it is not `full`. [`crate::read`] takes both back unchanged.
pub fn export_ndjson(documents: &[Imported]) -> impl Iterator<Item = String> {
    documents.iter().map(line)
}

/// Writes [`export_ndjson`] with line ends and returns the number of bytes written.
///
/// # Errors
/// What the writer says.
pub fn write_ndjson(documents: &[Imported], out: &mut dyn Write) -> io::Result<u64> {
    let mut bytes = 0;
    for document in documents {
        let mut line = line(document);
        line.push('\n');
        out.write_all(line.as_bytes())?;
        bytes += line.len() as u64;
    }
    Ok(bytes)
}

fn line(document: &Imported) -> String {
    // A body that is no JSON cannot come from `read`; it is kept as text rather than lost.
    let body = canonical(&document.body).unwrap_or_else(|_| quoted(&document.body));
    if document.rank == Completeness::Full && key_told_by(&body).as_ref() == Some(&document.key) {
        return body;
    }
    let completeness = match document.rank {
        Completeness::Full => String::new(),
        rank => format!(r#""completeness":"{}","#, rank.word()),
    };
    let key = quoted(document.key.as_str());
    format!(r#"{{"azimuth":"{DOCUMENT_KIND}","body":{body},{completeness}"key":{key}}}"#)
}

/// The key that reading the bare body would give, if it would be read unchanged.
fn key_told_by(body: &str) -> Option<DocumentKey> {
    let mut scanner = Scanner::default();
    scanner.scan(body.as_bytes(), 0).ok()?;
    plain_key(body.as_bytes(), scanner.members())
}
