//! The resources: one draft per subscription, filled with groups of resources that belong together.

mod apps;
mod data;
mod draft;
mod fill;
mod filler;
mod hub;
mod jump_hosts;
mod machine;
mod network;
mod platform;
mod scale_set;
mod security_group;
mod web_farm;

pub(crate) use draft::Draft;
pub(crate) use fill::fill_workload;
pub(crate) use platform::fill_platform;
