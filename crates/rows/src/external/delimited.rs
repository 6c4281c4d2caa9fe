//! Values between delimiters: RFC 4180, with any delimiter.

/// The records of a document. A value in double quotes may hold delimiters, line ends and doubled quotes; with `is_escaped` a
/// backslash takes the next character for itself instead. Lines without anything are no records.
pub(super) fn records(document: &str, delimiter: u8, is_escaped: bool) -> Vec<Vec<String>> {
    let delimiter = char::from(delimiter);
    let mut records = Vec::new();
    let mut record: Vec<String> = Vec::new();
    let mut value = String::new();
    // Whether the value began with a quote, which has not been closed.
    let (mut is_quoted, mut was_quoted) = (false, false);
    let mut characters = document.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' if is_escaped => match characters.next() {
                Some('t') => value.push('\t'),
                Some('n') => value.push('\n'),
                Some('r') => value.push('\r'),
                Some(other) => value.push(other),
                None => {}
            },
            '"' if is_quoted && characters.peek() == Some(&'"') => {
                characters.next();
                value.push('"');
            }
            '"' if is_quoted => is_quoted = false,
            '"' if value.is_empty() && !was_quoted && !is_escaped => (is_quoted, was_quoted) = (true, true),
            character if is_quoted => value.push(character),
            character if character == delimiter => {
                record.push(std::mem::take(&mut value));
                was_quoted = false;
            }
            '\r' if characters.peek() == Some(&'\n') => {}
            '\n' => {
                end(&mut records, &mut record, &mut value, was_quoted);
                was_quoted = false;
            }
            character => value.push(character),
        }
    }
    end(&mut records, &mut record, &mut value, was_quoted);
    records
}

fn end(records: &mut Vec<Vec<String>>, record: &mut Vec<String>, value: &mut String, was_quoted: bool) {
    if record.is_empty() && value.is_empty() && !was_quoted {
        return;
    }
    record.push(std::mem::take(value));
    records.push(std::mem::take(record));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes() {
        let read = |text: &str| records(text, b',', false);
        assert_eq!(read("a,b\n\nc,"), [vec!["a", "b"], vec!["c", ""]]);
        assert_eq!(read("\"a\nb\",\"\",\"\"\"\"\r\n"), [vec!["a\nb", "", "\""]]);
        assert_eq!(read("a\"b,\"c\"d\n\"open"), [vec!["a\"b", "cd"], vec!["open"]]);
        assert_eq!(read("\"\"\n"), [vec![""]]);
        assert!(read("").is_empty());
    }

    #[test]
    fn backslashes() {
        assert_eq!(records("a\\tb\tc\\\n\"d\n", b'\t', true), [vec!["a\tb", "c\n\"d"]]);
    }
}
