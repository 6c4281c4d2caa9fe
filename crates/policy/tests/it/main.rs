//! Tests over the shared corpora, and laws.

mod built_ins;
mod corpora;
mod differential;
mod estate;
mod fuzz;
mod governance;
mod landing_zones;
mod fix;
mod laws;
mod lint;
mod remediation;
mod suite;
