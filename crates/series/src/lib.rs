//! Time-series maths over plain numbers; a missing point is not-a-number.
//!
//! - [`stats`]: extremes, mean, variance, percentiles;
//! - [`fit`]: one line, or two, by least squares;
//! - [`filter`]: finite and infinite impulse responses, gaps filled, Fourier transforms;
//! - [`season`]: periods found and checked, the seasonal part;
//! - [`decompose`]: baseline, anomalies, forecast; [`outliers`];
//! - [`patterns`]: not of series, but of discrete attributes: frequent ones, clusters, what tells two sets apart.
//!
//! Architecture invariant: no dependencies, no state, no limits but the length of what is given.

pub mod decompose;
pub mod filter;
pub mod fit;
pub mod outliers;
pub mod patterns;
pub mod season;
pub mod stats;
