//! Azure resource ids: parsed once at the edge, compared without regard to case, printed canonically.
//!
//! - [`IdRef`]: a borrowed, validated resource id; parsing allocates nothing.
//! - [`ResourceId`]: the owned form, for maps and documents.
//! - [`ResourceType`]: `Microsoft.Network/virtualNetworks/subnets`, compared without regard to case.
//! - [`DocumentKey`]: the name under which a document is kept: an ARM id, a Graph object, a service tag.
//!
//! ```
//! use azimuth_ids::{IdKind, IdRef};
//!
//! let id = IdRef::parse("/SUBSCRIPTIONS/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourcegroups/web/\
//!     providers/Microsoft.Network/virtualNetworks/hub/subnets/front")?;
//! assert_eq!(id.kind(), IdKind::Resource);
//! assert_eq!(id.name(), "front");
//! assert_eq!(id.parent().expect("a subnet has a network").name(), "hub");
//! assert_eq!(id.resource_type().to_string(), "Microsoft.Network/virtualNetworks/subnets");
//! # Ok::<(), azimuth_ids::IdError>(())
//! ```
//!
//! Architecture invariant: this crate knows no JSON, no I/O and no clock.

mod fold;
mod key;
mod resource_id;
mod resource_type;

pub use fold::{eq_fold, fold, fold_hash};
pub use key::{DocumentKey, KeyError};
pub use resource_id::{IdError, IdKind, IdRef, ResourceId, ScopeChain};
pub use resource_type::ResourceType;
