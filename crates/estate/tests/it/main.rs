//! Laws of the snapshot.

mod snapshot;
