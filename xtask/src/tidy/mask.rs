//! Rust text with everything blanked out that is no code, so that the rules can search it as plain text.
//!
//! Both functions keep the length and the line ends, so that a position found in the result is a position in the
//! file. This is a scanner, not a parser: it knows comments, strings, characters and braces, nothing else.

/// The text with comments and the contents of string and character literals replaced by blanks.
pub(super) fn code_only(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut masked = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let end = match literal_or_comment(bytes, at) {
            Some(end) => end,
            None => {
                masked.push(bytes[at]);
                at += 1;
                continue;
            }
        };
        let blanked = bytes[at..end].iter().map(|byte| if *byte == b'\n' { b'\n' } else { b' ' });
        masked.extend(blanked);
        at = end;
    }
    // Multi-byte characters outside literals are copied byte by byte, inside they become blanks: valid either way.
    String::from_utf8(masked).expect("only whole literals and comments are blanked")
}

/// The end of the literal or comment that starts at `at`, if one does.
fn literal_or_comment(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = &bytes[at..];
    if rest.starts_with(b"//") {
        return Some(at + rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len()));
    }
    if rest.starts_with(b"/*") {
        return Some(block_comment_end(bytes, at));
    }
    let in_word = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
    match rest[0] {
        b'"' => Some(string_end(bytes, at + 1)),
        b'r' if !in_word => raw_string_end(bytes, at + 1),
        b'b' if !in_word && rest.starts_with(b"br") => raw_string_end(bytes, at + 2),
        b'\'' => character_end(bytes, at),
        _ => None,
    }
}

fn block_comment_end(bytes: &[u8], start: usize) -> usize {
    let (mut depth, mut at) = (0_usize, start);
    while at < bytes.len() {
        if bytes[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if bytes[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    bytes.len()
}

fn string_end(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// `at` is behind the `r`.
fn raw_string_end(bytes: &[u8], at: usize) -> Option<usize> {
    let hashes = bytes[at..].iter().take_while(|byte| **byte == b'#').count();
    let open = at + hashes;
    if bytes.get(open) != Some(&b'"') {
        return None; // `r#match`, or a word that starts with r
    }
    let mut close = vec![b'"'];
    close.resize(hashes + 1, b'#');
    let body = &bytes[open + 1..];
    let length = body.windows(close.len()).position(|window| window == close);
    Some(length.map_or(bytes.len(), |length| open + 1 + length + close.len()))
}

/// A character, or none if the quote starts a lifetime.
fn character_end(bytes: &[u8], at: usize) -> Option<usize> {
    if bytes.get(at + 1) == Some(&b'\\') {
        let close = bytes[(at + 3).min(bytes.len())..].iter().position(|byte| *byte == b'\'')?;
        return Some(at + 3 + close + 1);
    }
    // One character of one to four bytes, then the closing quote.
    (at + 2..=at + 5)
        .find(|end| bytes.get(*end) == Some(&b'\''))
        .filter(|end| {
            std::str::from_utf8(&bytes[at + 1..*end]).is_ok_and(|inside| inside.chars().count() == 1)
        })
        .map(|end| end + 1)
}

/// Code without its tests, and the modules that are tests in files of their own.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct WithoutTests {
    /// The masked text with every `#[cfg(test)]` item blanked out.
    pub(super) code: String,
    /// Names from `#[cfg(test)] mod name;`.
    pub(super) test_modules: Vec<String>,
}

/// Blanks out what is compiled for tests only. `code` comes from [`code_only`].
pub(super) fn without_tests(code: &str) -> WithoutTests {
    const MARK: &str = "#[cfg(test)]";
    let mut kept = String::with_capacity(code.len());
    let mut test_modules = Vec::new();
    let mut rest = code;
    while let Some(start) = rest.find(MARK) {
        kept.push_str(&rest[..start]);
        let item = &rest[start..];
        let length = item_length(item);
        let words: Vec<&str> = item[MARK.len()..length].split_whitespace().collect();
        if let Some(at) = words.iter().position(|word| *word == "mod")
            && let Some(name) = words.get(at + 1).and_then(|name| name.strip_suffix(';'))
        {
            test_modules.push(name.to_owned());
        }
        kept.extend(item[..length].chars().map(|character| if character == '\n' { '\n' } else { ' ' }));
        rest = &item[length..];
    }
    kept.push_str(rest);
    WithoutTests { code: kept, test_modules }
}

/// The length of the item at the start of the text: to its `;`, or to the brace that closes it.
fn item_length(item: &str) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in item.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            b';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    item.len()
}

/// The places where `word` stands in the code as a word of its own.
pub(super) fn places<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let ends_as_word = word.bytes().last().is_some_and(is_word);
    code.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let before = at.checked_sub(1).map(|before| code.as_bytes()[before]);
        let after = code.as_bytes().get(at + word.len()).copied();
        let starts_inside = before.is_some_and(is_word);
        let ends_inside = ends_as_word && after.is_some_and(is_word);
        !starts_inside && !ends_inside
    })
}

/// The line of a position, counted from 1.
pub(super) fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(code_only(text), expected);
    }

    #[test]
    fn comments_and_literals_are_blanked() {
        // What is blanked is written as `·` here, to be countable.
        let check = |text: &str, expected: &str| check(text, &expected.replace('·', " "));
        check("a // std::fs\nb", "a ··········\nb");
        check("a /* x /* y */ z */ b", "a ················· b");
        check(r#"f("a \" b") + g"#, "f(········) + g");
        check("r#\"a \" b\"# c", "·········· c");
        check("br\"x\" c", "····· c");
        check("'a' '\\n' '\\'' x", "··· ···· ···· x");
        check("'ü' x", "···· x");
    }

    #[test]
    fn lifetimes_and_raw_names_stay() {
        check("fn f<'a>(x: &'a str) -> r#type {}", "fn f<'a>(x: &'a str) -> r#type {}");
    }

    #[test]
    fn tests_are_cut_out_and_lines_stay() {
        let code =
            "use a;\n#[cfg(test)]\nmod tests {\n  fn f() { g(); }\n}\nfn h() {}\n#[cfg(test)]\nmod more;\n";
        let WithoutTests { code: kept, test_modules } = without_tests(code);
        assert!(kept.contains("fn h() {}") && kept.contains("use a;"), "{kept}");
        assert!(!kept.contains("g()") && !kept.contains("more"), "{kept}");
        assert_eq!(kept.lines().count(), code.lines().count());
        assert_eq!(test_modules, ["more"]);
    }

    #[test]
    fn words_are_found_whole() {
        assert_eq!(places("std::fs::x my_std::fs std::fsx", "std::fs").collect::<Vec<_>>(), [0]);
        assert_eq!(places("todo!() my_todo!()", "todo!").collect::<Vec<_>>(), [0]);
    }
}
