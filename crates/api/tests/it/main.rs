//! The routes, asked as clients ask them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod deployments;
mod directory;
mod groups;
mod lab;
mod policies;
mod resources;
mod rights;
mod roles;
mod services;
mod signin;
mod telemetry;
