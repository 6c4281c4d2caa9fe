//! The two ways in: [`read`] and [`read_parallel`].

use azimuth_diag::{Diagnostic, Place};

use crate::document::{FileReport, Imported, Shape};
use crate::encoding::{Encoding, to_utf8};
use crate::reader::{Lines, Reader, looks_like_lines};
use crate::report::Reporter;
use crate::{archive, csv};

/// Work for less than this is not worth a thread.
const MIN_PART_BYTES: usize = 256 * 1024;

/// Reads one file and hands every document to `sink`, in the order of the file.
///
/// `file` is used in messages only. Archives (.zip, .tar, .tar.gz, .gz, told by their first bytes) are read
/// member by member, within limits on members, size, ratio and nesting.
pub fn read(file: &str, bytes: &[u8], sink: &mut dyn FnMut(Imported)) -> FileReport {
    let mut report = Reporter::new(file, sink);
    archive::read(bytes, &mut report);
    report.finish()
}

/// Reads one file on up to `threads` threads and returns its documents in the order of the file.
///
/// Only text with one record a line can be divided; everything else is read on the calling thread. Documents
/// and diagnostics are those of [`read`].
pub fn read_parallel(file: &str, bytes: &[u8], threads: usize) -> (Vec<Imported>, FileReport) {
    let mut documents = Vec::new();
    let (text, encoding) = to_utf8(bytes);
    let parts = (text.len() / MIN_PART_BYTES).min(threads);
    let divisible =
        parts > 1 && encoding == Encoding::Utf8 && archive::kind(bytes).is_none() && looks_like_lines(&text);
    if !divisible {
        let report = read(file, bytes, &mut |document| documents.push(document));
        return (documents, report);
    }
    let results: Vec<Part> = std::thread::scope(|scope| {
        let handles: Vec<_> = divide(&text, parts)
            .into_iter()
            .map(|part| scope.spawn(move || read_lines(file, part)))
            .collect();
        handles
            .into_iter()
            .map(|handle| handle.join().expect("reading does not panic on any input"))
            .collect()
    });
    // A record that goes on behind the end of its part, or a list with a page lost in an earlier part, is known
    // to a reader of the whole text only.
    let is_cut = results.iter().rev().skip(1).any(|part| part.is_cut);
    let has_lists = results
        .iter()
        .any(|part| part.report.shapes.iter().any(|(shape, _)| *shape == Shape::RecordedResponse));
    let is_torn = has_lists && results.iter().any(|part| part.report.rejected > 0);
    if is_cut || is_torn {
        let report = read(file, bytes, &mut |document| documents.push(document));
        return (documents, report);
    }
    let mut sink = |_: Imported| {};
    let mut whole = Reporter::new(file, &mut sink);
    for part in results {
        documents.extend(part.documents);
        whole.absorb(part.report);
    }
    (documents, whole.finish())
}

/// Cuts `text` behind line ends into about equal parts, each with the number of its first line.
fn divide(text: &[u8], parts: usize) -> Vec<Lines<'_>> {
    let mut out = Vec::with_capacity(parts);
    let (mut from, mut first_line) = (0, 1);
    for part in 1..=parts {
        let aim = (text.len() / parts * part).max(from);
        let to = if part == parts {
            text.len()
        } else {
            memchr::memchr(b'\n', &text[aim..]).map_or(text.len(), |end| aim + end + 1)
        };
        out.push(Lines { text: &text[from..to], first_line });
        first_line += memchr::memchr_iter(b'\n', &text[from..to]).count() as u64;
        from = to;
    }
    out
}

/// What became of a part of a text.
struct Part {
    documents: Vec<Imported>,
    report: FileReport,
    is_cut: bool,
}

fn read_lines(file: &str, lines: Lines<'_>) -> Part {
    let mut documents = Vec::new();
    let mut sink = |document| documents.push(document);
    let mut report = Reporter::new(file, &mut sink);
    let is_cut = Reader::new(lines, &mut report).read_lines();
    let report = report.finish();
    Part { documents, report, is_cut }
}

/// Reads the bytes of one file that is no archive.
pub(crate) fn read_text(bytes: &[u8], report: &mut Reporter<'_>) {
    let (text, encoding) = to_utf8(bytes);
    let place = Place { file: Some(report.file.clone()), ..Place::default() };
    if let Encoding::Utf16 { damaged: damaged @ 1.. } = encoding {
        let message = format!("{damaged} places of this UTF-16 file are no text; each reads as `\u{fffd}`");
        report.say(Diagnostic::warning("import-utf16", message).at(place.clone()));
    }
    if text.iter().all(u8::is_ascii_whitespace) {
        let empty = Diagnostic::note("import-empty", "the file is empty");
        report.say(
            empty.at(place).with_hint("an empty export proves nothing; check that its command succeeded"),
        );
        return;
    }
    let lines = Lines { text: &text, first_line: 1 };
    if let Some(table) = csv::detect(&text) {
        csv::read(&text, &table, report);
    } else if looks_like_lines(&text) {
        // A cut-off record has been reported by the reader itself.
        let _is_cut = Reader::new(lines, report).read_lines();
    } else {
        Reader::new(lines, report).read_values();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_the_text() {
        let text: Vec<u8> = (0..100).flat_map(|n| format!("line {n}\n").into_bytes()).collect();
        let parts = divide(&text, 7);
        assert_eq!(parts.iter().flat_map(|part| part.text.to_vec()).collect::<Vec<_>>(), text);
        for part in parts {
            let start = std::str::from_utf8(part.text).unwrap();
            assert!(start.is_empty() || start.starts_with(&format!("line {}\n", part.first_line - 1)));
        }
    }
}
