//! An estate read back into maps.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use azimuth_demo::{File, Flaws, Manifest, Options, generate};
use serde_json::Value;

/// All files of an estate, in order.
pub(crate) fn files(size: usize, seed: u64, flaws: Flaws) -> (Vec<File>, Manifest) {
    let mut files = Vec::new();
    let manifest = generate(&Options { size, seed, flaws }, &mut |file| {
        files.push(file);
        Ok::<(), Infallible>(())
    })
    .unwrap();
    (files, manifest)
}

/// The parts of an estate that the tests read.
#[derive(Default)]
pub(crate) struct Estate {
    pub(crate) manifest: Option<Manifest>,
    /// Rows of the resource table by folded id, the CSV export included.
    pub(crate) resources: BTreeMap<String, Value>,
    /// Folded ids of groups, subscriptions, resource groups and policy objects.
    pub(crate) scopes: BTreeSet<String>,
    pub(crate) subscriptions: Vec<Value>,
    /// Settings by folded id of the resource they stand on.
    pub(crate) settings: BTreeMap<String, Vec<Value>>,
    pub(crate) flow_logs: Vec<Value>,
    pub(crate) contacts: BTreeMap<String, Value>,
    pub(crate) pricings: Vec<Value>,
    pub(crate) assignments: Vec<Value>,
    pub(crate) definitions: BTreeSet<String>,
    pub(crate) users: BTreeMap<String, Value>,
    pub(crate) details: BTreeMap<String, Value>,
    pub(crate) mfa_states: BTreeMap<String, String>,
    pub(crate) directory_ids: BTreeSet<String>,
    pub(crate) flaws: BTreeSet<(String, String, String)>,
    /// Every JSON value with the path of its file.
    pub(crate) values: Vec<(String, Value)>,
}

pub(crate) fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

pub(crate) fn read(size: usize, seed: u64, flaws: Flaws) -> Estate {
    let (files, manifest) = files(size, seed, flaws);
    let mut estate = Estate { manifest: Some(manifest), ..Estate::default() };
    for file in files {
        let content = String::from_utf8(file.content).unwrap();
        if file.path.ends_with(".ndjson") {
            for line in content.lines() {
                estate.take(&file.path, serde_json::from_str(line).unwrap());
            }
        } else if file.path.ends_with(".json") {
            estate.take(&file.path, serde_json::from_str(&content).unwrap());
        } else if file.path.ends_with(".csv") {
            for row in csv_rows(&content) {
                let id = text(&row, "/id").to_lowercase();
                assert!(estate.resources.insert(id, row).is_none());
            }
        }
    }
    estate
}

impl Estate {
    fn take(&mut self, path: &str, value: Value) {
        let rows = |name: &str| value[name].as_array().cloned().unwrap_or_default();
        let array = || value.as_array().cloned().unwrap_or_default();
        let folder = path.split('/').next().unwrap_or_default();
        match folder {
            "resources" => {
                for row in rows("data") {
                    let id = text(&row, "/id").to_lowercase();
                    assert!(self.resources.insert(id, row).is_none(), "a resource stands twice");
                }
            }
            "accounts" => {
                self.subscriptions = array();
                for row in array() {
                    self.scopes.insert(format!("/subscriptions/{}", text(&row, "/id")));
                }
            }
            "management-groups" => self.take_groups(&value),
            "resource-groups" => {
                self.scopes.extend(array().iter().map(|row| text(row, "/id").to_lowercase()));
            }
            "policy" => {
                for row in rows("value") {
                    self.scopes.insert(text(&row, "/id").to_lowercase());
                    if path.contains("definitions") {
                        self.definitions.insert(text(&row, "/id").to_lowercase());
                    } else if path.contains("assignments") {
                        self.assignments.push(row);
                    }
                }
            }
            "monitor" => {
                for row in rows("value") {
                    let id = text(&row, "/id").to_lowercase();
                    let (resource, _) =
                        id.split_once("/providers/microsoft.insights/diagnosticsettings/").unwrap();
                    self.settings.entry(resource.to_owned()).or_default().push(row);
                }
            }
            "network" => self.flow_logs.extend(array()),
            "security" if path.contains("contacts") => {
                for row in rows("value") {
                    self.contacts.insert(text(&row, "/id").to_lowercase(), row);
                }
            }
            "security" => self.pricings.extend(rows("value")),
            "graph" => self.take_graph(path, &value),
            "flaws.json" => {
                for flaw in rows("flaws") {
                    let part = |name: &str| text(&flaw, name).to_lowercase();
                    assert!(self.flaws.insert((part("/control"), part("/object"), part("/path"))));
                }
            }
            _ => {}
        }
        self.values.push((path.to_owned(), value));
    }

    fn take_groups(&mut self, value: &Value) {
        self.scopes.insert(text(value, "/id").to_lowercase());
        for child in value["children"].as_array().into_iter().flatten() {
            self.take_groups(child);
        }
    }

    fn take_graph(&mut self, path: &str, value: &Value) {
        for row in value["value"].as_array().into_iter().flatten() {
            let id = text(row, "/id").to_owned();
            if path.contains("users") {
                self.users.insert(id.clone(), row.clone());
            } else if path.contains("registration") {
                self.details.insert(id.clone(), row.clone());
            }
            self.directory_ids.insert(id);
        }
        if path.contains("per-user-mfa") {
            let user = text(value, "/url").split('/').nth(5).unwrap();
            self.mfa_states.insert(user.to_owned(), text(value, "/body/perUserMfaState").to_owned());
        }
    }

    /// Rows of a type, given in lower case.
    pub(crate) fn of_type<'e>(&'e self, kind: &'e str) -> impl Iterator<Item = (&'e String, &'e Value)> {
        self.resources.iter().filter(move |(_, row)| row["type"] == kind)
    }
}

/// A CSV export as rows with parsed cells.
fn csv_rows(content: &str) -> Vec<Value> {
    let mut records: Vec<Vec<String>> = vec![vec![String::new()]];
    let mut quoted = false;
    let mut characters = content.chars().peekable();
    while let Some(character) = characters.next() {
        let record = records.last_mut().unwrap();
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                record.last_mut().unwrap().push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => record.push(String::new()),
            '\r' if !quoted => {}
            '\n' if !quoted => records.push(vec![String::new()]),
            other => record.last_mut().unwrap().push(other),
        }
    }
    records.pop();
    let columns = records.remove(0);
    let cell = |text: &String| {
        serde_json::from_str(text).ok().filter(Value::is_object).unwrap_or_else(|| Value::from(text.as_str()))
    };
    records.iter().map(|record| columns.iter().cloned().zip(record.iter().map(cell)).collect()).collect()
}
