//! Tests of the controls from documents to verdicts.

mod cases;
mod estate;
mod exposure;
mod laws;
mod reference;
