//! The findings of a check in every format that people and programs want.

pub(super) mod json;
pub(super) mod junit;
pub(super) mod markdown;
pub(super) mod sarif;
pub(super) mod terminal;

use azimuth_preflight::{Place, Spot};

use super::outcome::Found;

/// A number and a noun, in the plural where it is due.
fn count(number: usize, one: &str) -> String {
    let text = crate::report::thousands(number);
    if number == 1 { format!("{text} {one}") } else { format!("{text} {one}s") }
}

/// A place as `file:line:column`.
fn shown(spot: &Spot) -> String {
    format!("{}:{}:{}", spot.file, spot.line, spot.column)
}

/// What a property takes its value from: the name of a parameter or variable, if one stands at that place.
fn source_name(place: &Place) -> Option<String> {
    let from = place.value_from.as_ref()?;
    place.via.iter().find_map(|step| match step {
        azimuth_arm::Via::Parameter { name, place: Some(at) } if is_at(from, at) => {
            Some(format!("parameter `{name}`"))
        }
        azimuth_arm::Via::Variable { name, place: Some(at) } if is_at(from, at) => {
            Some(format!("variable `{name}`"))
        }
        _ => None,
    })
}

fn is_at(spot: &Spot, place: &azimuth_arm::FilePlace) -> bool {
    spot.file == place.file && spot.line == place.line && spot.column == place.column
}

/// Findings of one rule at one place, such as those of the instances of a loop.
fn grouped(found: &[Found]) -> Vec<Vec<&Found>> {
    let mut at = std::collections::HashMap::new();
    let mut groups: Vec<Vec<&Found>> = Vec::new();
    for one in found {
        let spot = &one.finding.place.spot;
        let key = (one.finding.rule.as_str(), spot.file.as_str(), spot.line, spot.column);
        let index = *at.entry(key).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        groups[index].push(one);
    }
    groups
}
