//! The devices that policies can tell apart: one for every combination of answers that their filters can give.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, Value, json};

use crate::filter::{Attribute, Comparison, Device, Operand, Test, wire_name};
use crate::policy_set::PolicySet;

/// How many combinations of attribute values are looked at.
const MOST_COMBINATIONS: usize = 50_000;

/// A value that no rule names.
const OTHER: &str = "azimuth-other";

/// The devices of every kind, the unknown device first, then private ones, then those of the company.
///
/// # Errors
/// If the filters name so many values that the combinations exceed the limit.
pub(crate) fn distinguishable(set: &PolicySet) -> Result<Vec<Option<Device>>, String> {
    let mut combinations: Vec<Map<String, Value>> = joined_devices();
    for (attribute, tests) in tests_by_attribute(set) {
        if ["iscompliant", "trusttype"].contains(&attribute.as_str()) {
            continue;
        }
        let values = distinct_values(&attribute, &tests);
        if combinations.len() * values.len() > MOST_COMBINATIONS {
            return Err(format!(
                "the filters for devices tell more than {MOST_COMBINATIONS} combinations of attributes apart"
            ));
        }
        let name = wire_name(&attribute);
        combinations = values
            .iter()
            .flat_map(|value| {
                combinations.iter().map(|device| {
                    let mut device = device.clone();
                    if !value.is_null() {
                        device.insert(name.clone(), value.clone());
                    }
                    device
                })
            })
            .collect();
    }
    let mut seen = HashSet::new();
    let mut devices = vec![None];
    seen.insert(signature(set, None));
    for combination in combinations {
        let device = Device::from_json(&Value::Object(combination));
        if seen.insert(signature(set, Some(&device))) {
            devices.push(Some(device));
        }
    }
    Ok(devices)
}

/// Every way to be joined, compliant and managed. Compliance is told by the service that manages a device.
fn joined_devices() -> Vec<Map<String, Value>> {
    let mut found = Vec::new();
    for (is_compliant, is_managed) in [(false, false), (false, true), (true, true)] {
        for trust in ["Workplace", "AzureAD", "ServerAD"] {
            let device = json!({"isCompliant": is_compliant, "isManaged": is_managed, "trustType": trust});
            found.extend(device.as_object().cloned());
        }
    }
    found
}

/// What policies can know of a device: which filters match, and the state that grant controls ask for.
fn signature(set: &PolicySet, device: Option<&Device>) -> (Vec<bool>, bool, bool) {
    let matches = set.filters.iter().map(|filter| Device::matches(device, &filter.filter)).collect();
    (matches, device.is_some_and(Device::is_compliant), device.is_some_and(Device::is_hybrid_joined))
}

fn tests_by_attribute(set: &PolicySet) -> BTreeMap<String, Vec<&Test>> {
    let mut found: BTreeMap<String, Vec<&Test>> = BTreeMap::new();
    for test in set.filters.iter().flat_map(|filter| filter.filter.tests()) {
        let tests = found.entry(test.attribute.clone()).or_default();
        if !tests.contains(&test) {
            tests.push(test);
        }
    }
    found
}

/// Values of an attribute, one for every combination of answers to the tests of it.
fn distinct_values(attribute: &str, tests: &[&Test]) -> Vec<Value> {
    let is_collection = ["physicalids", "systemlabels"].contains(&attribute);
    let candidates = if is_collection { collections(tests) } else { texts(attribute, tests) };
    let mut seen = HashSet::new();
    candidates
        .into_iter()
        .filter(|value| {
            let known = match value {
                Value::String(text) => Attribute::Text(text.to_lowercase()),
                Value::Array(items) => {
                    Attribute::List(items.iter().filter_map(Value::as_str).map(str::to_lowercase).collect())
                }
                _ => Attribute::Null,
            };
            seen.insert(tests.iter().map(|test| test.holds(&known)).collect::<Vec<bool>>())
        })
        .collect()
}

fn operands(test: &Test) -> Vec<&String> {
    match &test.operand {
        Operand::Null => Vec::new(),
        Operand::Text(text) => vec![text],
        Operand::List(texts) => texts.iter().collect(),
    }
}

/// Texts that answer tests differently: what is named, what begins, ends or goes on with it, and joined pairs, since a
/// text can begin with one operand and end with another.
fn texts(attribute: &str, tests: &[&Test]) -> Vec<Value> {
    let mut found = vec![Value::Null];
    let documented: &[&str] = match attribute {
        "deviceownership" => &["Personal", "Company"],
        "profiletype" => &["RegisteredDevice", "SecureVM", "Printer", "Shared", "IoT"],
        _ => &[OTHER],
    };
    found.extend(documented.iter().map(|value| json!(value)));
    let is_enumerated = documented.len() > 1;
    let named: Vec<(&Test, &String)> = tests
        .iter()
        .flat_map(|test| operands(test).into_iter().map(move |operand| (*test, operand)))
        .collect();
    found.extend(named.iter().map(|(_, operand)| json!(operand)));
    if is_enumerated {
        return found;
    }
    for (test, operand) in &named {
        match test.operator.comparison {
            Comparison::StartsWith => found.push(json!(format!("{operand}{OTHER}"))),
            Comparison::EndsWith => found.push(json!(format!("{OTHER}{operand}"))),
            Comparison::Contains => found.push(json!(format!("{OTHER}{operand}{OTHER}"))),
            Comparison::Equals | Comparison::In => {}
        }
        for (other_test, other) in &named {
            let overlaps = |comparison| !matches!(comparison, Comparison::Equals | Comparison::In);
            if overlaps(test.operator.comparison) || overlaps(other_test.operator.comparison) {
                found.push(json!(format!("{operand}{OTHER}{other}")));
            }
        }
    }
    found
}

fn collections(tests: &[&Test]) -> Vec<Value> {
    let mut named: Vec<&String> = tests.iter().flat_map(|test| operands(test)).collect();
    named.sort_unstable();
    named.dedup();
    let mut found = vec![json!([])];
    // Few labels are named at a time; beyond ten the pairs and all together have to do.
    if named.len() <= 10 {
        let subsets = 1..1_u32 << named.len();
        found.extend(subsets.map(|chosen| {
            let members = named.iter().enumerate().filter(|(at, _)| chosen & (1 << at) != 0);
            json!(members.map(|(_, label)| label).collect::<Vec<_>>())
        }));
    } else {
        found.extend(named.iter().map(|label| json!([label])));
        found.push(json!(named));
    }
    found
}
