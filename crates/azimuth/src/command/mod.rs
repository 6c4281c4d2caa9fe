//! One file per command.

pub(crate) mod access;
pub(crate) mod arm;
pub(crate) mod assess;
pub(crate) mod changes;
pub(crate) mod check;
pub(crate) mod collect;
pub(crate) mod controls;
pub(crate) mod demo_estate;
pub(crate) mod export;
pub(crate) mod identity;
pub(crate) mod import;
pub(crate) mod lab;
pub(crate) mod lake;
pub(crate) mod logs;
pub(crate) mod output;
pub(crate) mod policy;
pub(crate) mod query;
pub(crate) mod serve;
pub(crate) mod shell;
