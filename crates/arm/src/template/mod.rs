//! Templates: from text, parameters and a target to concrete resources.

mod body;
mod check;
mod context;
mod copy;
mod declare;
mod environment;
mod estate;
mod expand;
mod expansion;
mod graph;
mod host;
mod ids;
mod instances;
mod loader;
mod nested;
mod outputs;
mod parameters;
mod placement;
mod reference;
mod run;
mod scope_functions;
mod structure;
mod supplied;
mod target;
mod types;

pub use context::{Cloud, Context, Mode};
pub use estate::{EstateView, MemoryEstate, NoEstate};
pub use expand::expand;
pub use expansion::{ExpandedDeployment, ExpandedResource, Expansion, Output, Unresolved};
pub use graph::{Cycle, blocked_by, waves};
pub use loader::{Link, LoadError, Loaded, Loader, NoLoader};
pub use parameters::Parameters;
pub use target::Target;
pub use types::holds_secret as declares_secret;
