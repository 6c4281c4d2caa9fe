//! Changes to a resource, and the forms they are shown in.

use serde_json::{Map, Value as Json, json};

use crate::fold::eq;

/// One step to a place in a resource.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Segment {
    /// A member of an object.
    Key(String),
    /// An item of an array.
    Index(usize),
}

/// One change to a resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Edit {
    /// The place.
    pub place: Vec<Segment>,
    /// What happens there.
    pub change: Change,
    /// The field of the policy that the change is about.
    pub field: String,
}

/// What happens at a place.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// The value becomes this one; objects on the way are made.
    Set(Json),
    /// The member or item goes.
    Remove,
    /// An item joins the array; a missing array is made.
    Append(Json),
}

impl Edit {
    /// The place as people write it: `properties.rules[0].access`.
    pub fn path(&self) -> String {
        let mut out = String::new();
        for segment in &self.place {
            match segment {
                Segment::Key(key) if key.contains(['.', '[', ']', '\'', ' ', '/']) => {
                    out.push_str(&format!("['{}']", key.replace('\'', "''")));
                }
                Segment::Key(key) => {
                    if !out.is_empty() {
                        out.push('.');
                    }
                    out.push_str(key);
                }
                Segment::Index(at) => out.push_str(&format!("[{at}]")),
            }
        }
        out
    }

    /// The change in one line.
    pub fn describe(&self) -> String {
        match &self.change {
            Change::Set(value) => format!("set {} to {value}", self.path()),
            Change::Remove => format!("remove {}", self.path()),
            Change::Append(value) => format!("add {value} to {}", self.path()),
        }
    }

    /// Applies the change; `None` if it changes nothing or its place cannot be.
    pub fn apply(&self, resource: &Json) -> Option<Json> {
        let mut changed = resource.clone();
        run(&mut changed, &self.place, &self.change)?;
        (changed != *resource).then_some(changed)
    }

    /// The change as operations of a JSON patch (RFC 6902) for the resource as it is before.
    pub fn json_patch(&self, before: &Json) -> Json {
        let mut at = before;
        let mut pointer = String::new();
        for (index, segment) in self.place.iter().enumerate() {
            let (name, next) = match segment {
                Segment::Key(key) => match at.as_object().and_then(|members| lookup(members, key)) {
                    Some((name, value)) => (name.to_owned(), Some(value)),
                    None => (key.clone(), None),
                },
                Segment::Index(item) => (item.to_string(), at.get(*item)),
            };
            pointer.push('/');
            pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
            match next {
                Some(value) => at = value,
                None => {
                    let value = wrapped(&self.place[index + 1..], &self.change);
                    return json!({"op": "add", "path": pointer, "value": value});
                }
            }
        }
        match &self.change {
            Change::Set(value) => json!({"op": "replace", "path": pointer, "value": value}),
            Change::Remove => json!({"op": "remove", "path": pointer}),
            Change::Append(value) => json!({"op": "add", "path": format!("{pointer}/-"), "value": value}),
        }
    }

    /// The change as arguments of `az resource update` for the resource as it is before, if they can express it. The tool
    /// takes letters below the envelope as they are, so members are called what the resource calls them.
    pub fn az_argument(&self, before: &Json) -> Option<String> {
        let is_plain = self.place.iter().all(|segment| match segment {
            Segment::Key(key) => {
                !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
            }
            Segment::Index(_) => true,
        });
        if !is_plain {
            return None;
        }
        let place = self.named_as_in(before);
        let path = Edit { place, change: Change::Remove, field: String::new() }.path();
        // Brackets mean something to some shells.
        let shown = if path.contains('[') { quoted(&path) } else { path.clone() };
        Some(match &self.change {
            Change::Set(Json::String(text)) if is_word(text) && shown == path => {
                format!("--set {path}={text}")
            }
            Change::Set(Json::String(text)) if is_word(text) => {
                format!("--set {}", quoted(&format!("{path}={text}")))
            }
            Change::Set(value) => format!("--set {}", quoted(&format!("{path}={value}"))),
            Change::Remove => match self.place.last() {
                Some(Segment::Index(at)) => {
                    let (array, _) = path.rsplit_once('[')?;
                    let array = if array.contains('[') { quoted(array) } else { array.to_owned() };
                    format!("--remove {array} {at}")
                }
                _ => format!("--remove {shown}"),
            },
            Change::Append(value) => format!("--add {shown} {}", quoted(&value.to_string())),
        })
    }

    /// The place with the letter case that a resource has below its envelope.
    fn named_as_in(&self, resource: &Json) -> Vec<Segment> {
        let mut at = Some(resource);
        let mut out = Vec::with_capacity(self.place.len());
        for (depth, segment) in self.place.iter().enumerate() {
            let (own, next) = match segment {
                Segment::Key(key) => {
                    match at.and_then(Json::as_object).and_then(|members| lookup(members, key)) {
                        Some((name, value)) if depth > 0 => (Segment::Key(name.to_owned()), Some(value)),
                        Some((_, value)) => (segment.clone(), Some(value)),
                        None => (segment.clone(), None),
                    }
                }
                Segment::Index(item) => (segment.clone(), at.and_then(|items| items.get(*item))),
            };
            out.push(own);
            at = next;
        }
        out
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/'))
        && text.parse::<f64>().is_err()
        && !["true", "false", "null"].contains(&text)
}

/// Text in quotes for a POSIX shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The whole as a command, if every change can be expressed.
pub(super) fn az_command(arguments: Option<Vec<String>>, id: Option<&str>) -> Option<String> {
    let arguments = arguments.filter(|arguments| !arguments.is_empty())?;
    Some(format!("az resource update --ids {} {}", quoted(id.unwrap_or("RESOURCE_ID")), arguments.join(" ")))
}

/// The member of an object without regard to letter case.
fn lookup<'a>(members: &'a Map<String, Json>, key: &str) -> Option<(&'a str, &'a Json)> {
    if let Some((name, value)) = members.get_key_value(key) {
        return Some((name, value));
    }
    members.iter().find(|(name, _)| eq(name, key)).map(|(name, value)| (name.as_str(), value))
}

/// What has to be added where the way ends early.
fn wrapped(rest: &[Segment], change: &Change) -> Json {
    match (rest.split_first(), change) {
        (None, Change::Set(value)) => value.clone(),
        (None, Change::Append(value)) => json!([value]),
        (None, Change::Remove) => Json::Null,
        (Some((Segment::Key(key), rest)), _) => json!({key: wrapped(rest, change)}),
        (Some((Segment::Index(_), rest)), _) => json!([wrapped(rest, change)]),
    }
}

fn run(target: &mut Json, place: &[Segment], change: &Change) -> Option<()> {
    let Some((first, rest)) = place.split_first() else {
        match change {
            Change::Set(value) => *target = value.clone(),
            Change::Append(value) => target.as_array_mut()?.push(value.clone()),
            Change::Remove => return None,
        }
        return Some(());
    };
    match first {
        Segment::Key(key) => {
            let members = target.as_object_mut()?;
            let name = lookup(members, key).map(|(name, _)| name.to_owned());
            let is_there = name.as_ref().is_some_and(|name| !members[name.as_str()].is_null());
            let name = name.unwrap_or_else(|| key.clone());
            match change {
                Change::Remove if rest.is_empty() => {
                    members.shift_remove(&name)?;
                    return Some(());
                }
                Change::Remove if !is_there => return None,
                _ if !is_there => {
                    if rest.iter().any(|segment| matches!(segment, Segment::Index(_))) {
                        return None;
                    }
                    members.insert(name, wrapped(rest, change));
                    return Some(());
                }
                _ => {}
            }
            run(members.get_mut(&name)?, rest, change)
        }
        Segment::Index(at) => {
            let items = target.as_array_mut()?;
            if rest.is_empty() && *change == Change::Remove {
                if *at < items.len() {
                    items.remove(*at);
                    return Some(());
                }
                return None;
            }
            run(items.get_mut(*at)?, rest, change)
        }
    }
}

/// A template resource with nothing but what the changes set, for pasting into a template.
pub(super) fn fragment(edits: &[Edit], before: &Json, after: &Json, api_version: Option<&str>) -> Json {
    let mut out = json!({
        "type": before.get("type").cloned().unwrap_or(Json::Null),
        "apiVersion": api_version.unwrap_or("API_VERSION"),
        "name": before.get("name").cloned().unwrap_or(Json::Null),
    });
    if let Some(location) = before.get("location") {
        out["location"] = location.clone();
    }
    for edit in edits {
        // Up to the first array: arrays stand in templates as a whole.
        let keys: Vec<&str> = edit
            .place
            .iter()
            .map_while(|segment| match segment {
                Segment::Key(key) => Some(key.as_str()),
                Segment::Index(_) => None,
            })
            .collect();
        let mut value = Some(after);
        for key in &keys {
            value = value
                .and_then(Json::as_object)
                .and_then(|members| lookup(members, key))
                .map(|(_, value)| value);
        }
        // What is removed is left out.
        let Some(value) = value.filter(|_| !keys.is_empty()) else { continue };
        let place: Vec<Segment> = keys.iter().map(|key| Segment::Key((*key).to_owned())).collect();
        let set = Edit { place, change: Change::Set(value.clone()), field: String::new() };
        if let Some(changed) = set.apply(&out) {
            out = changed;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> Segment {
        Segment::Key(name.to_owned())
    }

    fn edit(place: Vec<Segment>, change: Change) -> Edit {
        Edit { place, change, field: String::new() }
    }

    #[test]
    fn changes_have_every_form() {
        let before = json!({"id": "/x", "Properties": {"rules": [{"a": 1}, {"a": 2}], "t": "old"}});
        for (edit, after, patch, az) in [
            (
                edit(vec![key("properties"), key("t")], Change::Set(json!("TLS1_2"))),
                json!({"id": "/x", "Properties": {"rules": [{"a": 1}, {"a": 2}], "t": "TLS1_2"}}),
                json!({"op": "replace", "path": "/Properties/t", "value": "TLS1_2"}),
                Some("--set properties.t=TLS1_2"),
            ),
            (
                edit(vec![key("properties"), key("n"), key("m")], Change::Set(json!(true))),
                json!({"id": "/x", "Properties": {"rules": [{"a": 1}, {"a": 2}], "t": "old", "n": {"m": true}}}),
                json!({"op": "add", "path": "/Properties/n", "value": {"m": true}}),
                Some("--set 'properties.n.m=true'"),
            ),
            (
                edit(vec![key("properties"), key("rules"), Segment::Index(0)], Change::Remove),
                json!({"id": "/x", "Properties": {"rules": [{"a": 2}], "t": "old"}}),
                json!({"op": "remove", "path": "/Properties/rules/0"}),
                Some("--remove properties.rules 0"),
            ),
            (
                edit(vec![key("properties"), key("rules")], Change::Append(json!({"a": 3}))),
                json!({"id": "/x", "Properties": {"rules": [{"a": 1}, {"a": 2}, {"a": 3}], "t": "old"}}),
                json!({"op": "add", "path": "/Properties/rules/-", "value": {"a": 3}}),
                Some("--add properties.rules '{\"a\":3}'"),
            ),
            (
                edit(vec![key("tags"), key("a.b")], Change::Set(json!("it's"))),
                json!({"id": "/x", "Properties": {"rules": [{"a": 1}, {"a": 2}], "t": "old"}, "tags": {"a.b": "it's"}}),
                json!({"op": "add", "path": "/tags", "value": {"a.b": "it's"}}),
                None,
            ),
        ] {
            assert_eq!(edit.apply(&before), Some(after), "{edit:?}");
            assert_eq!(edit.json_patch(&before), patch, "{edit:?}");
            assert_eq!(edit.az_argument(&before).as_deref(), az, "{edit:?}");
        }
        assert_eq!(edit(vec![key("properties"), key("t")], Change::Set(json!("old"))).apply(&before), None);
        assert_eq!(edit(vec![key("nothing")], Change::Remove).apply(&before), None);
    }

    #[test]
    fn commands_call_members_what_the_resource_calls_them() {
        let before =
            json!({"properties": {"ipConfigurations": [{"properties": {"publicIPAddress": {"id": "x"}}}]}});
        let place = vec![
            key("properties"),
            key("ipconfigurations"),
            Segment::Index(0),
            key("properties"),
            key("publicIpAddress"),
            key("id"),
        ];
        assert_eq!(
            edit(place.clone(), Change::Remove).az_argument(&before).as_deref(),
            Some("--remove 'properties.ipConfigurations[0].properties.publicIPAddress.id'")
        );
        assert_eq!(
            edit(place, Change::Set(json!("y"))).az_argument(&before).as_deref(),
            Some("--set 'properties.ipConfigurations[0].properties.publicIPAddress.id=y'")
        );
    }
}
