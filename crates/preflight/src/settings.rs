//! Values that the user gives to parameters of rules.

use azimuth_arm::{Object, Value};
use azimuth_diag::Diagnostic;
use azimuth_ids::eq_fold;
use azimuth_policy::Parameters;

use crate::pack::matches;

/// Values for parameters, each for all rules or for those of a name.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    items: Vec<Setting>,
}

#[derive(Debug)]
struct Setting {
    rule: Option<String>,
    name: String,
    value: Value,
    is_used: bool,
}

impl Settings {
    pub(crate) fn add(&mut self, rule: Option<&str>, name: &str, value: Value) {
        self.items.push(Setting {
            rule: rule.map(str::to_owned),
            name: name.to_owned(),
            value,
            is_used: false,
        });
    }

    /// The values that a rule is given, under those set for it; of two for one parameter the later one counts.
    pub(crate) fn over(&mut self, rule: &str, parameters: &Parameters, given: &Object) -> Object {
        let mut values = given.clone();
        for setting in &mut self.items {
            if setting.rule.as_deref().is_some_and(|pattern| !matches(pattern, rule)) {
                continue;
            }
            let known = parameters.iter().find(|parameter| eq_fold(&parameter.name, &setting.name));
            if let Some(parameter) = known {
                values.set(parameter.name.as_str().into(), setting.value.clone());
                setting.is_used = true;
            }
        }
        values
    }

    /// What no rule took.
    pub(crate) fn unused(&self) -> impl Iterator<Item = Diagnostic> {
        self.items.iter().filter(|setting| !setting.is_used).map(|setting| {
            let rule = setting.rule.as_deref().map(|rule| format!(" in `{rule}`")).unwrap_or_default();
            let message = format!("no rule takes a parameter `{}`{rule}", setting.name);
            Diagnostic::error("check-policy-parameters", message).with_hint(
                "name a parameter of your definitions, initiatives or assignments as they spell it",
            )
        })
    }
}
