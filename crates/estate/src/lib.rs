//! What exists in an Azure estate, as an immutable in-memory snapshot that the engines read.

pub mod hierarchy;
