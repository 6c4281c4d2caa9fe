//! Comma- and tab-separated values (RFC 4180): the first record names the columns.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

use crate::record::{Cell, Row};

/// How many bytes the record has with which the text begins, its line end among them; `None` when it goes on behind the text.
/// A line end within quotes belongs to the record.
pub(crate) fn record_length(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    let mut is_quoted = false;
    loop {
        let found = if is_quoted { memchr(b'"', &text[at..]) } else { memchr2(b'"', b'\n', &text[at..]) };
        at += found? + 1;
        match text[at - 1] {
            b'\n' => return Some(at),
            _ => is_quoted = !is_quoted,
        }
    }
}

/// The fields of a record without its line end.
pub(crate) fn fields(record: &str, separator: u8) -> Vec<Cow<'_, str>> {
    let bytes = record.as_bytes();
    let mut fields = Vec::new();
    let mut at = 0;
    loop {
        if bytes.get(at) == Some(&b'"') {
            let mut field = String::new();
            at += 1;
            loop {
                let Some(end) = memchr(b'"', &bytes[at..]) else {
                    field.push_str(&record[at..]);
                    at = bytes.len();
                    break;
                };
                field.push_str(&record[at..at + end]);
                at += end + 1;
                if bytes.get(at) != Some(&b'"') {
                    break;
                }
                field.push('"');
                at += 1;
            }
            // Whatever stands between the quote and the separator belongs to the field too.
            let end = memchr(separator, &bytes[at..]).map_or(bytes.len(), |end| at + end);
            field.push_str(&record[at..end]);
            at = end;
            fields.push(Cow::Owned(field));
        } else {
            let end = memchr(separator, &bytes[at..]).map_or(bytes.len(), |end| at + end);
            fields.push(Cow::Borrowed(&record[at..end]));
            at = end;
        }
        if at == bytes.len() {
            return fields;
        }
        at += 1;
    }
}

/// A row of the header's names and a record's fields; fields beyond the header are named after their number.
pub(crate) fn row<'a>(header: &'a [String], fields: Vec<Cow<'a, str>>) -> Row<'a> {
    let names = header.iter().map(|name| Cow::Borrowed(name.as_str()));
    let names = names.chain((header.len() + 1..).map(|number| Cow::Owned(format!("Column{number}"))));
    names.zip(fields).map(|(name, field)| (name, Cell::Text(field))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_hold_separators_and_lines() {
        let text = "a,\"b,\n\"\"c\"\"\",,\"\",d\nnext";
        let length = record_length(text.as_bytes()).unwrap();
        assert_eq!(length, text.len() - 4);
        assert_eq!(fields(&text[..length - 1], b','), ["a", "b,\n\"c\"", "", "", "d"]);
        assert_eq!(record_length(b"a,\"b\n"), None);
        assert_eq!(fields("\"open", b','), ["open"]);
        assert_eq!(fields("\"a\"b,c", b','), ["ab", "c"]);
        assert_eq!(fields("", b','), [""]);
    }

    #[test]
    fn fields_beyond_the_header_are_kept() {
        let header = ["a".to_owned()];
        let row = row(&header, fields("1\t2", b'\t'));
        assert_eq!((row.text("a"), row.text("Column2")), ("1", "2"));
    }
}
