//! Tests of the controls from documents to verdicts.

#![expect(clippy::unwrap_used, reason = "a test fails with the panic")]

mod cases;
mod demo;
mod estate;
mod landing_zones;
mod laws;
mod reference;
