//! One validating pass over a JSON value.
//!
//! The pass builds nothing: it checks the grammar of RFC 8259, refuses duplicate keys, values nested deeper
//! than [`MAX_DEPTH`] and numbers that no `f64` can hold, and notes where the members of the outermost object
//! stand. A value without insignificant white space can then be kept as the slice it is.

use std::collections::HashSet;
use std::ops::Range;

use super::scalar::{scalar, string, unexpected};
use super::text::decode;

/// Values nested deeper than this are refused (Azure's own limit for documents is far lower).
pub(crate) const MAX_DEPTH: usize = 128;

/// Objects with more members than this keep their keys in a hash set instead of a list.
const LIST_KEYS: usize = 48;

/// What a value is, told by its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Object,
    Array,
    Text,
    Number,
    Literal,
}

/// A member of the outermost object; all ranges are byte offsets in the scanned text.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    /// The key without its quotes, as written.
    pub(crate) key: Range<usize>,
    /// The value with its quotes or brackets.
    pub(crate) value: Range<usize>,
    pub(crate) kind: Kind,
}

/// What a successful pass found out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scanned {
    /// Offset behind the value.
    pub(crate) end: usize,
    /// Whether white space stands between the tokens.
    pub(crate) loose: bool,
}

/// Why a value was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ScanError {
    /// Byte offset of the fault.
    pub(crate) at: usize,
    pub(crate) fault: Fault,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The text ends inside the value.
    Cut,
    /// Something other than `expected` stands here.
    Unexpected { expected: &'static str },
    /// An object has the same key twice.
    DuplicateKey { key: String },
    /// Nested deeper than [`MAX_DEPTH`].
    TooDeep,
    /// No `f64` holds the number.
    NumberRange,
    /// Bytes that are no UTF-8. The scanner does not look; whoever takes the text finds them.
    NotUtf8,
    /// A control character, bad escape or lone surrogate inside a string.
    Text { what: &'static str },
}

struct Frame {
    is_object: bool,
    first_key: usize,
    many: Option<HashSet<Box<[u8]>>>,
}

struct Key {
    hash: u64,
    text: Range<usize>,
    escaped: bool,
}

/// The buffers of the pass, kept between records.
#[derive(Default)]
pub(crate) struct Scanner {
    frames: Vec<Frame>,
    keys: Vec<Key>,
    members: Vec<Member>,
}

enum State {
    Value,
    Key,
    After,
}

impl Scanner {
    /// The members of the object scanned last.
    pub(crate) fn members(&self) -> &[Member] {
        &self.members
    }

    /// Validates the value at `at`, where white space must have been skipped.
    pub(crate) fn scan(&mut self, text: &[u8], at: usize) -> Result<Scanned, ScanError> {
        self.frames.clear();
        self.keys.clear();
        self.members.clear();
        let mut at = at;
        let mut loose = false;
        let mut state = State::Value;
        loop {
            match state {
                State::Value => {
                    let byte = self.next_byte(text, &mut at, &mut loose)?;
                    if let [frame] = self.frames.as_slice()
                        && frame.is_object
                        && let Some(member) = self.members.last_mut()
                    {
                        member.value.start = at;
                        member.kind = kind_of(byte);
                    }
                    match byte {
                        b'{' | b'[' => {
                            if self.frames.len() == MAX_DEPTH {
                                return Err(ScanError { at, fault: Fault::TooDeep });
                            }
                            let is_object = byte == b'{';
                            at += 1;
                            let first_key = self.keys.len();
                            self.frames.push(Frame { is_object, first_key, many: None });
                            let next = self.next_byte(text, &mut at, &mut loose)?;
                            state = match (is_object, next) {
                                (true, b'}') | (false, b']') => {
                                    at += 1;
                                    self.close(at);
                                    State::After
                                }
                                (true, _) => State::Key,
                                (false, _) => State::Value,
                            };
                        }
                        _ => {
                            at = scalar(text, at, byte)?;
                            if self.frames.len() == 1
                                && let Some(member) = self.members.last_mut()
                            {
                                member.value.end = at;
                            }
                            state = State::After;
                        }
                    }
                }
                State::Key => {
                    if self.next_byte(text, &mut at, &mut loose)? != b'"' {
                        return Err(unexpected(at, "a key in double quotes"));
                    }
                    let (end, escaped) = string(text, at)?;
                    let key = at + 1..end - 1;
                    self.note_key(text, key.clone(), escaped)?;
                    if self.frames.len() == 1 {
                        self.members.push(Member { key, value: end..end, kind: Kind::Literal });
                    }
                    at = end;
                    if self.next_byte(text, &mut at, &mut loose)? != b':' {
                        return Err(unexpected(at, "`:` behind the key"));
                    }
                    at += 1;
                    state = State::Value;
                }
                State::After => {
                    let Some(frame) = self.frames.last() else {
                        return Ok(Scanned { end: at, loose });
                    };
                    let is_object = frame.is_object;
                    state = match (self.next_byte(text, &mut at, &mut loose)?, is_object) {
                        (b',', true) => {
                            at += 1;
                            State::Key
                        }
                        (b',', false) => {
                            at += 1;
                            State::Value
                        }
                        (b'}', true) | (b']', false) => {
                            at += 1;
                            self.close(at);
                            State::After
                        }
                        (_, true) => return Err(unexpected(at, "`,` or `}`")),
                        (_, false) => return Err(unexpected(at, "`,` or `]`")),
                    };
                }
            }
        }
    }

    #[inline]
    fn next_byte(&self, text: &[u8], at: &mut usize, loose: &mut bool) -> Result<u8, ScanError> {
        loop {
            match text.get(*at) {
                Some(b' ' | b'\t' | b'\n' | b'\r') => {
                    *loose = true;
                    *at += 1;
                }
                Some(byte) => return Ok(*byte),
                None => return Err(ScanError { at: text.len(), fault: Fault::Cut }),
            }
        }
    }

    fn close(&mut self, end: usize) {
        if let Some(frame) = self.frames.pop() {
            self.keys.truncate(frame.first_key);
        }
        if self.frames.len() == 1
            && self.frames[0].is_object
            && let Some(member) = self.members.last_mut()
        {
            member.value.end = end;
        }
    }

    fn note_key(&mut self, text: &[u8], key: Range<usize>, escaped: bool) -> Result<(), ScanError> {
        let frame = self.frames.last_mut().expect("a key stands in an object");
        let duplicate = |key: &Range<usize>| ScanError {
            at: key.start - 1,
            fault: Fault::DuplicateKey { key: decode(&text[key.clone()]).into_owned() },
        };
        if let Some(many) = &mut frame.many {
            let fresh = many.insert(decode(&text[key.clone()]).as_bytes().into());
            return if fresh { Ok(()) } else { Err(duplicate(&key)) };
        }
        let hash =
            if escaped { hash(decode(&text[key.clone()]).as_bytes()) } else { hash(&text[key.clone()]) };
        let siblings = &self.keys[frame.first_key..];
        for other in siblings {
            if other.hash == hash && same_key(text, other, &key, escaped) {
                return Err(duplicate(&key));
            }
        }
        if siblings.len() >= LIST_KEYS {
            let mut many: HashSet<Box<[u8]>> =
                siblings.iter().map(|key| decode(&text[key.text.clone()]).as_bytes().into()).collect();
            many.insert(decode(&text[key]).as_bytes().into());
            frame.many = Some(many);
        } else {
            self.keys.push(Key { hash, text: key, escaped });
        }
        Ok(())
    }
}

fn kind_of(byte: u8) -> Kind {
    match byte {
        b'{' => Kind::Object,
        b'[' => Kind::Array,
        b'"' => Kind::Text,
        b'-' | b'0'..=b'9' => Kind::Number,
        _ => Kind::Literal,
    }
}

fn same_key(text: &[u8], other: &Key, key: &Range<usize>, escaped: bool) -> bool {
    let (left, right) = (&text[other.text.clone()], &text[key.clone()]);
    if other.escaped || escaped { decode(left) == decode(right) } else { left == right }
}

/// A quick hash of a key's first and last eight bytes and its length; equal hashes are compared in full.
#[inline]
fn hash(key: &[u8]) -> u64 {
    let word = |bytes: &[u8]| {
        let mut word = [0_u8; 8];
        word[..bytes.len()].copy_from_slice(bytes);
        u64::from_le_bytes(word)
    };
    let length = key.len();
    let (head, tail) = match (key.first_chunk::<8>(), key.last_chunk::<8>()) {
        (Some(head), Some(tail)) => (u64::from_le_bytes(*head), u64::from_le_bytes(*tail)),
        _ => (word(key), 0),
    };
    (head.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ tail.rotate_left(29)).wrapping_add(length as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(text: &str) -> Result<Scanned, ScanError> {
        Scanner::default().scan(text.as_bytes(), 0)
    }

    #[test]
    fn notes_the_outermost_members() {
        let text = r#"{"id":"/a","tags":{"id":1},"n":-1.5e3,"list":[{"x":[]}],"z":null}"#;
        let mut scanner = Scanner::default();
        let scanned = scanner.scan(text.as_bytes(), 0).unwrap();
        assert!(!scanned.loose);
        assert_eq!(scanned.end, text.len());
        let seen: Vec<_> = scanner
            .members()
            .iter()
            .map(|m| (&text[m.key.clone()], &text[m.value.clone()], m.kind))
            .collect();
        assert_eq!(
            seen,
            [
                ("id", "\"/a\"", Kind::Text),
                ("tags", "{\"id\":1}", Kind::Object),
                ("n", "-1.5e3", Kind::Number),
                ("list", "[{\"x\":[]}]", Kind::Array),
                ("z", "null", Kind::Literal),
            ]
        );
    }

    #[test]
    fn refuses_with_the_place() {
        let cases = [
            (r#"{"a":1,"a":2}"#, 7, Fault::DuplicateKey { key: "a".into() }),
            (r#"{"a":1,"\u0061":2}"#, 7, Fault::DuplicateKey { key: "a".into() }),
            (r#"{"a":1"#, 6, Fault::Cut),
            (r#"{"a":tru"#, 8, Fault::Cut),
            (r#"{"a":1e999}"#, 5, Fault::NumberRange),
            (r#"{"a":01}"#, 6, Fault::Unexpected { expected: "the end of the number" }),
            (r#"["\ud800"]"#, 2, Fault::Text { what: "a lone surrogate" }),
            ("[\"a\tb\"]", 3, Fault::Text { what: "a bare control character" }),
            ("[1,]", 3, Fault::Unexpected { expected: "a JSON value" }),
            ("{'a':1}", 1, Fault::Unexpected { expected: "a key in double quotes" }),
        ];
        for (text, at, fault) in cases {
            assert_eq!(scan(text).unwrap_err(), ScanError { at, fault }, "{text}");
        }
    }

    #[test]
    fn large_objects_are_checked_too() {
        let mut text = String::from("{");
        for index in 0..300 {
            text.push_str(&format!("\"key{index:04}suffix\":{index},"));
        }
        assert!(scan(&format!("{text}\"last\":1}}")).is_ok());
        let error = scan(&format!("{text}\"key0007suffix\":1}}")).unwrap_err();
        assert_eq!(error.fault, Fault::DuplicateKey { key: "key0007suffix".into() });
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(scan(&nested(MAX_DEPTH)).is_ok());
        assert_eq!(scan(&nested(MAX_DEPTH + 1)).unwrap_err().fault, Fault::TooDeep);
    }

    #[test]
    fn same_keys_in_different_objects_are_fine() {
        assert!(scan(r#"[{"a":{"a":1}},{"a":[{"a":1},{"a":1}]}]"#).is_ok());
    }
}
