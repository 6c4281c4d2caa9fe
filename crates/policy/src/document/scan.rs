//! Moving over JSON text without building anything.

/// Deepest nesting of a resource; deeper ones are refused.
pub(super) const MAX_DEPTH: usize = 128;

/// A position in JSON text.
pub(super) struct Cursor<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
}

/// The text is not the JSON that was expected; where it was noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed(pub(super) usize);

/// A string: its bytes between the quotes, and whether escapes stand in it.
#[derive(Clone, Copy)]
pub(super) struct RawString<'a> {
    pub(super) text: &'a str,
    pub(super) start: usize,
    pub(super) has_escapes: bool,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(super) fn malformed<T>(&self) -> Result<T, Malformed> {
        Err(Malformed(self.at))
    }

    /// The next byte that is no white space, without passing it.
    pub(super) fn peek(&mut self) -> u8 {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return *byte;
            }
            self.at += 1;
        }
        0
    }

    pub(super) fn expect(&mut self, byte: u8) -> Result<(), Malformed> {
        if self.peek() != byte {
            return self.malformed();
        }
        self.at += 1;
        Ok(())
    }

    /// After a member or item: whether another follows. Passes the comma or the closing bracket.
    pub(super) fn more(&mut self, close: u8) -> Result<bool, Malformed> {
        let byte = self.peek();
        if byte == b',' {
            self.at += 1;
            return Ok(true);
        }
        if byte != close {
            return self.malformed();
        }
        self.at += 1;
        Ok(false)
    }

    /// A string; the cursor stands at its opening quote.
    pub(super) fn string(&mut self) -> Result<RawString<'a>, Malformed> {
        self.expect(b'"')?;
        let bytes = self.text.as_bytes();
        let start = self.at;
        let mut has_escapes = false;
        loop {
            let Some(offset) = memchr::memchr2(b'"', b'\\', &bytes[self.at..]) else {
                return self.malformed();
            };
            self.at += offset;
            if bytes[self.at] == b'"' {
                let text = &self.text[start..self.at];
                self.at += 1;
                return Ok(RawString { text, start, has_escapes });
            }
            has_escapes = true;
            self.at += 2;
            if self.at > bytes.len() {
                return self.malformed();
            }
        }
    }

    /// Passes one value of any kind.
    pub(super) fn skip(&mut self) -> Result<(), Malformed> {
        match self.peek() {
            b'"' => self.string().map(|_| ()),
            b'{' | b'[' => self.skip_nested(),
            _ => self.word().map(|_| ()),
        }
    }

    fn skip_nested(&mut self) -> Result<(), Malformed> {
        let bytes = self.text.as_bytes();
        let mut depth = 0_usize;
        loop {
            match bytes.get(self.at) {
                Some(b'"') => {
                    self.string()?;
                    continue;
                }
                Some(b'{' | b'[') => depth += 1,
                Some(b'}' | b']') => depth -= 1,
                Some(_) => {}
                None => return self.malformed(),
            }
            self.at += 1;
            if depth == 0 {
                return Ok(());
            }
        }
    }

    /// A number or a word such as `true`.
    pub(super) fn word(&mut self) -> Result<&'a str, Malformed> {
        self.peek();
        let bytes = self.text.as_bytes();
        let start = self.at;
        while bytes
            .get(self.at)
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
        {
            self.at += 1;
        }
        if start == self.at { self.malformed() } else { Ok(&self.text[start..self.at]) }
    }
}

/// The text of the top-level member `name` (lower case) of a JSON object, if it is a string without escapes.
pub(crate) fn top_level_text<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut cursor = Cursor::new(text);
    cursor.expect(b'{').ok()?;
    if cursor.peek() == b'}' {
        return None;
    }
    loop {
        cursor.peek();
        let key = cursor.string().ok()?;
        cursor.expect(b':').ok()?;
        if key.text.eq_ignore_ascii_case(name) {
            if cursor.peek() != b'"' {
                return None;
            }
            return cursor.string().ok().filter(|value| !value.has_escapes).map(|value| value.text);
        }
        cursor.skip().ok()?;
        if !cursor.more(b'}').ok()? {
            return None;
        }
    }
}

/// Whether a JSON object has a member whose folded name is `folded`.
pub(crate) fn has_member(text: &str, folded: &str) -> bool {
    let mut cursor = Cursor::new(text);
    if cursor.expect(b'{').is_err() || cursor.peek() == b'}' {
        return false;
    }
    loop {
        cursor.peek();
        let Ok(key) = cursor.string() else { return false };
        let is_wanted = if key.has_escapes {
            crate::fold::fold(&super::read::unescaped(key.text)) == folded
        } else {
            key.text.eq_ignore_ascii_case(folded)
                || (!key.text.is_ascii() && crate::fold::fold(key.text) == folded)
        };
        if is_wanted {
            return true;
        }
        let passed = cursor.expect(b':').and_then(|()| cursor.skip()).and_then(|()| cursor.more(b'}'));
        if passed != Ok(true) {
            return false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn top_level_members() {
        let text = r#" { "a\"" : {"type":"no"}, "b": [1, "]"], "Type" : "A.B/c" } "#;
        assert_eq!(top_level_text(text, "type"), Some("A.B/c"));
        for broken in ["", "{", "{\"", "{\"type", "{\"type\":", "[1]", "{\"a\\", "{\"a\":[", "{}", "nul"] {
            assert_eq!(top_level_text(broken, "type"), None, "{broken}");
        }
    }
}
