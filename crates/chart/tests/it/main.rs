//! Integration tests of `azimuth-chart`: pictures are read back as XML and measured, and nothing panics.

mod geometry;
mod hostile;
mod never_panics;
mod rules;
mod tables;
