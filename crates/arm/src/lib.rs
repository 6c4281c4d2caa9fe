//! tmp
mod expression; mod functions; mod json; mod origin; mod suggest; mod value;
