//! Tests over the shared corpora, and laws.

mod built_ins;
mod corpora;
mod differential;
mod estate;
mod fix;
mod fuzz;
mod governance;
mod landing_zones;
mod laws;
mod lint;
mod remediation;
mod suite;
