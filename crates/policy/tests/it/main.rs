//! Tests over the shared corpora, and laws.

mod built_ins;
mod corpora;
mod differential;
mod landing_zones;
mod laws;
