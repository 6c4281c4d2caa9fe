//! Unit tests for definitions and initiatives: suites written in YAML.
//!
//! ```text
//!   *.test.yaml ──parse_suite──► Suite ──┐
//!   definitions ──parse────────► Library ├──run_suite──► SuiteReport: cases, and what was seen of every condition
//!   resources, templates ──────► Files ──┘
//! ```
//!
//! Everything a suite decides is decided by the engine that scans estates: a suite is an assignment of its definition at the
//! root of all scopes, and a case is a resource under it. The format is described by `docs/schemas/policy-test.schema.json`.

mod compare;
mod coverage;
mod model;
mod observe;
mod read;
mod resource;
mod run;
mod show;
mod starter;
mod yaml;

pub use compare::Mismatch;
pub use coverage::{Coverage, Point, PointKind};
pub use model::{
    Case, Expected, ExpectedOperation, ExpectedReason, ResourceInput, Subject, Suite, Surroundings,
    TemplateInput,
};
pub use observe::{Listed, Observed, PolicyObserved};
pub use read::parse_suite;
pub use run::{CaseReport, Files, Library, NoFiles, SuiteReport, run_suite};
pub(crate) use show::show_template_text;
pub use show::{show_condition, show_evaluated, show_leaf, show_value};
pub use starter::{StarterCase, starter, starter_cases};
