//! What effects do: changes to requests, conflicts between them, blocked actions, the error of a denied request.

mod action;
mod conflict;
mod denied;
mod mutate;
mod operation;

pub use action::{Action, blocks};
pub use conflict::{ConflictEffect, ConflictOutcome, resolve_conflict};
pub use denied::{Violation, request_disallowed};
pub use mutate::{Applied, apply};
pub use operation::{Mutation, Operation, OperationKind};
