//! What a suite says.

use azimuth_arm::{Object, Span, Value};
use azimuth_diag::Place;
use jiff::Timestamp;

use crate::definition::Effect;
use crate::governance::ComplianceState;

/// A suite: one definition or initiative, and cases.
#[derive(Clone, Debug)]
pub struct Suite {
    /// The file, as the user named it.
    pub file: String,
    /// A name for reports; without one, that of the definition.
    pub name: Option<String>,
    /// A definition or initiative: a file, or the id or name of one that is known.
    pub subject: Subject,
    /// Parameter values that every case starts with.
    pub parameters: Object,
    /// The assignment's text for people whose resource does not comply.
    pub message: Option<String>,
    /// What surrounds every case.
    pub surroundings: Surroundings,
    /// The cases in the order written.
    pub cases: Vec<Case>,
}

/// What is tested.
#[derive(Clone, Debug)]
pub struct Subject {
    /// A path, an id or a name.
    pub name: String,
    /// Whether it stands under `initiative`.
    pub is_initiative: bool,
    /// Where it is named.
    pub place: Place,
}

/// One resource and what is expected of the policy.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its name, unique within the suite.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// Parameter values of this case, before those of the suite.
    pub parameters: Object,
    /// What surrounds it; where it says nothing, the suite does.
    pub surroundings: Surroundings,
    /// The resource.
    pub resource: ResourceInput,
    /// Related resources; `None`: they are not known.
    pub related: Option<Vec<ResourceInput>>,
    /// What is expected.
    pub expected: Expected,
}

/// Where a resource comes from.
#[derive(Clone, Debug)]
pub enum ResourceInput {
    /// It is written in the suite.
    Inline(Value),
    /// It is in a JSON or YAML file.
    File(String, Place),
    /// An ARM template makes it.
    Template(TemplateInput),
}

/// A template and which of its resources is meant.
#[derive(Clone, Debug)]
pub struct TemplateInput {
    /// The template's file.
    pub file: String,
    /// Values of its parameters.
    pub parameters: Object,
    /// A parameter file, overridden by `parameters`.
    pub parameter_file: Option<String>,
    /// The scope deployed to; a placeholder group if not said.
    pub scope: Option<String>,
    /// Only resources of this type.
    pub resource_type: Option<String>,
    /// Only resources of this name.
    pub name: Option<String>,
    /// Where it is named.
    pub place: Place,
}

/// Facts that rules may ask for besides the resource.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// The moment.
    pub now: Option<Timestamp>,
    /// The API version of the resource and of the request.
    pub api_version: Option<String>,
    /// More of `requestContext()`, such as `identity`.
    pub request: Option<Value>,
    /// What `resourceGroup()` yields.
    pub resource_group: Option<Value>,
    /// What `subscription()` yields.
    pub subscription: Option<Value>,
}

impl Surroundings {
    /// These facts, completed by those of `outer`.
    #[must_use]
    pub fn or(&self, outer: &Self) -> Self {
        Self {
            now: self.now.or(outer.now),
            api_version: self.api_version.clone().or_else(|| outer.api_version.clone()),
            request: self.request.clone().or_else(|| outer.request.clone()),
            resource_group: self.resource_group.clone().or_else(|| outer.resource_group.clone()),
            subscription: self.subscription.clone().or_else(|| outer.subscription.clone()),
        }
    }
}

/// What is expected. What is not said is not looked at.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// Where it stands.
    pub span: Span,
    /// The effect that takes place; `Some(None)`: none does.
    pub effect: Option<Option<Effect>>,
    /// The compliance state; `Some(None)`: the policy does not apply.
    pub compliance: Option<Option<ComplianceState>>,
    /// Whether a request for the resource is denied.
    pub denied: Option<bool>,
    /// A part of the error message that a denied request gets.
    pub message: Option<String>,
    /// Comparisons that decided.
    pub reasons: Vec<ExpectedReason>,
    /// The operations of append and modify, all of them in order.
    pub operations: Option<Vec<ExpectedOperation>>,
    /// The resource after append and modify: members that are named have to be there, `null` ones must not.
    pub after: Option<Value>,
    /// A part of the message of the failed evaluation.
    pub error: Option<String>,
    /// Expectations of single references of an initiative.
    pub references: Vec<(String, Expected)>,
}

/// A comparison that had a part in the decision. What is not said is not looked at.
#[derive(Clone, Debug, Default)]
pub struct ExpectedReason {
    /// The field, value or count as the definition writes it, or where it stands in the resource.
    pub path: Option<String>,
    /// The value seen; null if absent.
    pub seen: Option<Value>,
    /// The value wanted.
    pub wanted: Option<Value>,
    /// The operator.
    pub operator: Option<String>,
    /// Whether the comparison holds.
    pub result: Option<bool>,
    /// A part of the comparison as it is shown.
    pub text: Option<String>,
}

/// An operation of append or modify.
#[derive(Clone, Debug)]
pub struct ExpectedOperation {
    /// `add`, `addOrReplace`, `remove` or `append`; none: any.
    pub operation: Option<String>,
    /// The field.
    pub field: String,
    /// The value; none: any.
    pub value: Option<Value>,
}
