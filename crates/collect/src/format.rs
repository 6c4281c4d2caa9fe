//! How bytes are written, and how to tell.

use crate::json;

/// How the records of a source are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// JSON objects: one on every line, one after the other, in an array, or in the array of a wrapper (`records`, `value`).
    /// Which service wrote an object is told by its members.
    Json,
    /// Comma-separated values with a header
    Csv,
    /// Tab-separated values with a header
    Tsv,
    /// Syslog, a message on every line; CEF within it is understood
    Syslog,
    /// The common event format, an event on every line, whatever stands before `CEF:`
    Cef,
    /// Events of Windows as XML
    Xml,
    /// An event log file of Windows
    Evtx,
    /// Lines of text, as a custom text log holds them: `RawData`
    Text,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 8] =
        [Self::Json, Self::Csv, Self::Tsv, Self::Syslog, Self::Cef, Self::Xml, Self::Evtx, Self::Text];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::Syslog => "syslog",
            Self::Cef => "cef",
            Self::Xml => "xml",
            Self::Evtx => "evtx",
            Self::Text => "text",
        }
    }

    /// The format of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }
}

/// Tells the format by how the bytes begin, and by the file's name where that says more.
pub fn sniff(start: &[u8], path: Option<&str>) -> Format {
    if start.starts_with(b"ElfFile\0") {
        return Format::Evtx;
    }
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start();
    let line = start.split(|byte| *byte == b'\n').next().unwrap_or(&[]);
    let line = String::from_utf8_lossy(&line[..line.len().min(4_096)]);
    let name = path.unwrap_or("").to_ascii_lowercase();
    let name = name.strip_suffix(".gz").or(name.strip_suffix(".zst")).unwrap_or(&name);
    let ends = |ending: &str| name.ends_with(ending);
    match start.first() {
        Some(b'{') => return Format::Json,
        Some(b'[') => {
            let inner = start[1..].trim_ascii_start().first();
            if matches!(inner, None | Some(b'{' | b'[' | b']' | b'"')) {
                return Format::Json;
            }
        }
        Some(b'<') => {
            return match start.get(1) {
                Some(b'0'..=b'9') => Format::Syslog,
                _ => Format::Xml,
            };
        }
        _ => {}
    }
    if ends(".csv") {
        return Format::Csv;
    }
    if ends(".tsv") || ends(".tab") {
        return Format::Tsv;
    }
    if line.contains("CEF:0|") || line.contains("CEF:1|") {
        return Format::Cef;
    }
    if has_month(&line) {
        return Format::Syslog;
    }
    if ends(".json") || ends(".ndjson") || ends(".jsonl") {
        return Format::Json;
    }
    header(&line).unwrap_or(Format::Text)
}

/// Whether a line begins with a month, as those of syslog files do.
fn has_month(line: &str) -> bool {
    const MONTHS: [&str; 12] =
        ["Jan ", "Feb ", "Mar ", "Apr ", "May ", "Jun ", "Jul ", "Aug ", "Sep ", "Oct ", "Nov ", "Dec "];
    MONTHS.iter().any(|month| line.starts_with(month))
        && line
            .as_bytes()
            .get(4..6)
            .is_some_and(|day| day.iter().all(|byte| matches!(byte, b' ' | b'0'..=b'9')))
}

/// The separator of a line that is a header: three names or more.
fn header(line: &str) -> Option<Format> {
    let is_name = |field: &str| {
        let field = field.trim().trim_matches('"');
        field.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_' || letter == '$')
            && field.chars().all(|letter| letter.is_alphanumeric() || " _.-$@[]()/".contains(letter))
    };
    [('\t', Format::Tsv), (',', Format::Csv)].into_iter().find_map(|(separator, format)| {
        let fields: Vec<&str> = line.trim_end().split(separator).collect();
        (fields.len() >= 3 && fields.iter().all(|field| is_name(field))).then_some(format)
    })
}

/// Whether JSON is an object on every line, as far as its beginning tells; `None` when more of it must be seen.
pub(crate) fn is_ndjson(start: &[u8], is_all: bool) -> Option<bool> {
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start();
    if start.first().is_some_and(|first| *first != b'{') {
        return Some(false);
    }
    let end = memchr::memchr(b'\n', start);
    if end.is_none() && !is_all {
        return None;
    }
    let line = start[..end.unwrap_or(start.len())].trim_ascii_end();
    let is_last = end.is_none_or(|end| start[end..].trim_ascii().is_empty());
    Some(match std::str::from_utf8(line).map(json::object) {
        Ok(Ok(_)) => true,
        // What breaks off at the end of the line goes on in the next; anything else is a damaged record.
        Ok(Err(fault)) => fault.offset < line.len() && !is_last,
        Err(_) => true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginnings_tell_the_format() {
        for (start, path, format) in [
            ("ElfFile\0", "", Format::Evtx),
            ("\u{feff}\n {\"a\"", "", Format::Json),
            ("[{", "x.csv", Format::Json),
            ("[2024-01-01] text", "", Format::Text),
            ("<34>1 2003", "", Format::Syslog),
            ("<Events><Event>", "", Format::Xml),
            ("<?xml version", "", Format::Xml),
            ("Jan  1 00:00:00 h p: x", "", Format::Syslog),
            ("Jan  1 00:00:00 h CEF:0|V|P|1|c|n|3|", "", Format::Cef),
            ("TimeGenerated,Computer,Level\n1,2,3", "", Format::Csv),
            ("a\tb\tc", "", Format::Tsv),
            ("no, really, not", "", Format::Csv),
            ("anything", "x.csv.gz", Format::Csv),
            ("", "x.json", Format::Json),
            ("anything else at all", "", Format::Text),
        ] {
            assert_eq!(sniff(start.as_bytes(), Some(path)), format, "{start:?}");
        }
        for format in Format::ALL {
            assert_eq!(Format::from_name(format.name()), Some(format));
        }
    }

    #[test]
    fn lines_of_objects_are_told_from_documents() {
        let of = |text: &str| is_ndjson(text.as_bytes(), true);
        assert_eq!(of("{\"a\":1}\n{\"a\":2}"), Some(true));
        assert_eq!(of("{\"a\":1}"), Some(true));
        assert_eq!(of("{\n\"a\":1}"), Some(false));
        assert_eq!(of("{\"value\":[\n{\"a\":1}]}"), Some(false));
        assert_eq!(of("[{}]"), Some(false));
        assert_eq!(of("{\"a\":x}\n{}"), Some(true), "a damaged line among lines");
        assert_eq!(is_ndjson(b"{\"a\":1", false), None);
    }
}
