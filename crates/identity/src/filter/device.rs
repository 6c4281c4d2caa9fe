//! A device as a filter for devices sees it.

use serde_json::Value;

use super::{Attribute, Filter};
use crate::json::{flag, strings, text};

/// How many extension attributes a device has, `extensionAttribute1` to `extensionAttribute15`.
pub const EXTENSION_ATTRIBUTES: usize = 15;

/// The attributes of a device that rules can name, in lower case, apart from the extension attributes.
pub(super) const ATTRIBUTES: [&str; 14] = [
    "deviceid",
    "mdmappid",
    "deviceownership",
    "iscompliant",
    "profiletype",
    "trusttype",
    "displayname",
    "enrollmentprofilename",
    "manufacturer",
    "model",
    "operatingsystem",
    "operatingsystemversion",
    "physicalids",
    "systemlabels",
];

/// The same, as Microsoft Graph spells them.
const WIRE: [&str; 14] = [
    "deviceId",
    "mdmAppId",
    "deviceOwnership",
    "isCompliant",
    "profileType",
    "trustType",
    "displayName",
    "enrollmentProfileName",
    "manufacturer",
    "model",
    "operatingSystem",
    "operatingSystemVersion",
    "physicalIds",
    "systemLabels",
];

static NULL: Attribute = Attribute::Null;

/// A device that authenticated. A device that the directory does not know is no `Device` at all.
#[derive(Clone, Debug, PartialEq)]
pub struct Device {
    attributes: Vec<Attribute>,
    is_managed: bool,
    document: Value,
}

impl Device {
    /// Reads a device in the shape of Microsoft Graph; `isManaged` says that a device management service manages it.
    pub fn from_json(document: &Value) -> Device {
        let mut attributes: Vec<Attribute> = WIRE.iter().map(|name| attribute(document, name)).collect();
        for number in 1..=EXTENSION_ATTRIBUTES {
            let name = format!("extensionAttribute{number}");
            let nested = document.get("extensionAttributes").unwrap_or(&Value::Null);
            attributes.push(match attribute(document, &name) {
                Attribute::Null => attribute(nested, &name),
                found => found,
            });
        }
        Device { attributes, is_managed: flag(document, "isManaged"), document: document.clone() }
    }

    /// The device as it was read.
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// True if the device is marked as compliant.
    pub fn is_compliant(&self) -> bool {
        self.attributes[3] == Attribute::Text("true".to_owned())
    }

    /// True if the device is hybrid joined (`trustType` is `ServerAD`).
    pub fn is_hybrid_joined(&self) -> bool {
        self.attributes[5] == Attribute::Text("serverad".to_owned())
    }

    /// True if the filter holds for the device; `None` is a device that the directory does not know.
    pub fn matches(device: Option<&Device>, filter: &Filter) -> bool {
        filter.matches(&|name| device.map_or(&NULL, |device| device.attribute(name)))
    }

    /// The attribute of this name, in lower case. Extension attributes are known only of a device that is managed,
    /// compliant or hybrid joined ("Supported operators and device properties for filters").
    fn attribute(&self, name: &str) -> &Attribute {
        if let Some(at) = ATTRIBUTES.iter().position(|known| *known == name) {
            return &self.attributes[at];
        }
        let known = self.is_managed || self.is_compliant() || self.is_hybrid_joined();
        match extension_number(name) {
            Some(number) if known => &self.attributes[ATTRIBUTES.len() + number - 1],
            _ => &NULL,
        }
    }
}

/// The number in `extensionattribute7`.
pub(super) fn extension_number(name: &str) -> Option<usize> {
    let number = name.strip_prefix("extensionattribute")?;
    let number = number.parse().ok().filter(|_| !number.starts_with(['0', '+']))?;
    (1..=EXTENSION_ATTRIBUTES).contains(&number).then_some(number)
}

/// The attribute's name as Microsoft Graph spells it; `name` is in lower case.
pub(crate) fn wire_name(name: &str) -> String {
    match ATTRIBUTES.iter().position(|known| *known == name) {
        Some(at) => WIRE[at].to_owned(),
        None => name.replace("extensionattribute", "extensionAttribute"),
    }
}

fn attribute(document: &Value, name: &str) -> Attribute {
    match document.get(name) {
        Some(Value::Array(_)) => {
            Attribute::List(strings(document, name).iter().map(|item| item.to_lowercase()).collect())
        }
        Some(Value::Bool(value)) => Attribute::Text(value.to_string()),
        _ => text(document, name).map_or(Attribute::Null, |text| Attribute::Text(text.to_lowercase())),
    }
}
