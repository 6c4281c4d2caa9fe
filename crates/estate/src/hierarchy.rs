//! PROVISIONAL: replaced by its owner; `from_snapshot` will live in `snapshot/tree.rs`.
#![allow(missing_docs)]
use crate::snapshot::Snapshot;
#[derive(Debug, Clone, Default)]
pub struct Hierarchy;
impl Hierarchy {
    pub fn from_snapshot(_: &Snapshot) -> Self {
        Self
    }
    pub fn descendants(&self, _: &str) -> Vec<String> {
        vec![]
    }
    pub fn subscriptions_under(&self, _: &str) -> Vec<String> {
        vec![]
    }
    pub fn ancestors(&self, _: &str) -> Vec<String> {
        vec![]
    }
    pub fn ancestors_of_subscription(&self, _: &str) -> Vec<String> {
        vec![]
    }
}
