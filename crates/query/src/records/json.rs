//! Files of JSON objects.

use std::borrow::Cow;
use std::fmt;
use std::io::{BufRead, Read};

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::columns::{ColumnBuilders, Raw};
use super::{Fault, MAX_WHOLE, Records, read_line};

/// Members that hold the records where a file is one object: exports of diagnostic settings, pages of REST and of Graph.
const WRAPPERS: [&str; 3] = ["records", "value", "data"];

/// The objects of a file.
pub(super) struct Objects(Kind);

enum Kind {
    /// One on every line; empty lines are passed over
    Lines { reader: Box<dyn BufRead + Send>, line: Vec<u8>, number: u64, is_ahead: bool },
    /// Those of a file that was read whole
    Whole { objects: std::vec::IntoIter<Box<str>>, object: Box<str>, number: u64 },
}

impl Objects {
    /// By what the file begins with: an object on every line, or anything else that JSON can be.
    pub(super) fn of(mut reader: Box<dyn BufRead + Send>) -> Result<Self, Fault> {
        let (mut line, mut number) = (Vec::new(), 0);
        while line.is_empty() {
            number += 1;
            if !read_line(&mut *reader, &mut line, number)? {
                break;
            }
        }
        let is_ahead = line.starts_with(b"{")
            && serde_json::from_slice(&line).is_ok_and(|members: Members<'_>| wrapped(&members).is_none());
        if is_ahead || line.is_empty() {
            return Ok(Self(Kind::Lines { reader, line, number, is_ahead }));
        }
        line.push(b'\n');
        reader.take(MAX_WHOLE).read_to_end(&mut line)?;
        if line.len() as u64 > MAX_WHOLE {
            let limit = MAX_WHOLE >> 30;
            let message =
                format!("a file that is one JSON value may have {limit} GB; write a record on every line");
            return Err(Fault::Record(1, message));
        }
        let values = serde_json::Deserializer::from_slice(&line).into_iter::<&RawValue>();
        let mut found = Vec::new();
        for value in values {
            let value =
                value.map_err(|error| Fault::Record(number - 1 + error.line() as u64, plain(&error)))?;
            collect(value.get(), &mut found)
                .map_err(|message| Fault::Record(found.len() as u64 + 1, message))?;
        }
        Ok(Self(Kind::Whole { objects: found.into_iter(), object: Box::default(), number: 0 }))
    }

    /// The next object and its place; `None` at the end.
    pub(super) fn next_object(&mut self) -> Result<Option<(u64, Members<'_>)>, Fault> {
        let (place, object) = match &mut self.0 {
            Kind::Lines { reader, line, number, is_ahead } => {
                while !*is_ahead {
                    *number += 1;
                    if !read_line(&mut **reader, line, *number)? {
                        return Ok(None);
                    }
                    *is_ahead = !line.is_empty();
                }
                *is_ahead = false;
                (*number, line.as_slice())
            }
            Kind::Whole { objects, object, number } => {
                let Some(next) = objects.next() else { return Ok(None) };
                *number += 1;
                *object = next;
                (*number, object.as_bytes())
            }
        };
        let members = serde_json::from_slice(object).map_err(|error| Fault::Record(place, plain(&error)))?;
        Ok(Some((place, members)))
    }
}

impl Records for Objects {
    fn next(&mut self, columns: &mut ColumnBuilders) -> Result<bool, Fault> {
        let Some((_, members)) = self.next_object()? else { return Ok(false) };
        let mut row: Vec<Option<Raw<'_>>> = vec![None; columns.width()];
        for (name, value) in &members.0 {
            if let Some(column) = columns.place(name) {
                row[column] = Some(Raw::Json(value.get()));
            }
        }
        columns.push(&row);
        Ok(true)
    }
}

/// The objects of a value: itself, the items of an array, the items of a wrapper's array.
fn collect(value: &str, found: &mut Vec<Box<str>>) -> Result<(), String> {
    let items = |text: &str, found: &mut Vec<Box<str>>| {
        let items: Vec<&RawValue> = serde_json::from_str(text).map_err(|error| plain(&error))?;
        found.extend(items.into_iter().map(|item| item.get().into()));
        Ok(())
    };
    if value.starts_with('[') {
        return items(value, found);
    }
    let members: Members<'_> = serde_json::from_str(value).map_err(|error| plain(&error))?;
    match wrapped(&members) {
        Some(array) => items(array, found),
        None => {
            found.push(value.into());
            Ok(())
        }
    }
}

/// The array of records in an object that is only their wrapper.
fn wrapped<'m>(members: &Members<'m>) -> Option<&'m str> {
    let (_, value) = members.0.iter().find(|(name, _)| WRAPPERS.contains(&name.as_ref()))?;
    let is_list = value.get().starts_with('[') && {
        let inside = value.get()[1..].trim_start();
        inside.starts_with(['{', ']'])
    };
    // A wrapper says little else: a link to the next page, a count.
    (is_list && members.0.len() <= 5).then(|| value.get())
}

/// An error of the parser without its place, which is told apart.
fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(end) => format!("{} (column {})", &text[..end], error.column()),
        None => text,
    }
}

/// The members of an object, in order, their values as they are written.
pub(super) struct Members<'m>(pub(super) Vec<(Cow<'m, str>, &'m RawValue)>);

impl<'de: 'm, 'm> Deserialize<'de> for Members<'m> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((Name(name), value)) = map.next_entry()? {
                    members.push((name, value));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

/// A member's name, borrowed where it has no escapes.
struct Name<'n>(Cow<'n, str>);

impl<'de: 'n, 'n> Deserialize<'de> for Name<'n> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Cow<'de, str>;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a name")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(text))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Cow::Owned(text.to_owned()))
            }
        }
        deserializer.deserialize_str(Text).map(Name)
    }
}
