//! Definitions made ready for many resources.
//!
//! A [`Policy`] is a definition with its parameter values. [`Program::compile`] groups policies by the resource types
//! they can apply to: one plan for every type that some policy names, and one for all other types. A plan holds a layout
//! and, for each policy, its condition specialised for the type: conditions on `type` are decided, aliases are slots,
//! operands are prepared, and what only parameters decide is gone.

mod applicability;
mod condition;
mod glance;
mod node;
mod plan;
mod policy;
mod provider;
mod quick;
mod types;

pub(crate) use condition::Compiler;
pub(crate) use glance::{Glance, Guards};
pub(crate) use node::{
    CompiledCount, CompiledLeaf, CompiledLeft, CompiledOver, CompiledRight, Node, SlotRef,
};
pub use plan::{CompileOptions, PolicyId, Program};
pub(crate) use plan::{Item, Plan, may_be_about};
pub use policy::{BindError, Policy, PolicyContext};
pub(crate) use quick::{ContextPath, FieldSlots, Surrounding};
pub(crate) use types::{Types, types_of};
