//! The whole way: exported files in, verdicts out; and the command as its users meet it.

mod arm;
mod check;
mod cli;
mod flaws;
mod identity;
mod identity_protection;
mod lab;
mod lake;
mod landing_zones;
mod logs;
mod policy_impact;
mod policy_remediate;
mod policy_scan;
mod policy_tools;
mod query;
mod support;
