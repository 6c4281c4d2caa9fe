//! JSON as Azimuth needs it: exact places, exact text, and survival of damage.
//!
//! General parsers build values or stop at the first fault. Reading exports needs something else: validate a
//! record in one pass, know where its members stand in the *original* text, keep numbers and strings as
//! written, refuse duplicate keys, and carry on behind the damage.
//!
//! - [`scan`]: one validating pass that notes the outermost members and whether there is white space to remove.
//! - [`scalar`]: strings, numbers and words.
//! - [`text`]: compaction, string decoding and minimal escaping.
//! - [`tree`]: a borrowed tree for the shapes that must be rearranged.
//! - [`canonical`]: the one spelling of a value, for comparison and export.
//! - [`loose`]: finding ends, members and paths in text that does not validate.

pub(crate) mod canonical;
pub(crate) mod loose;
pub(crate) mod scalar;
pub(crate) mod scan;
pub(crate) mod text;
pub(crate) mod tree;
