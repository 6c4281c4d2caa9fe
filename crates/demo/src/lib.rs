//! A seeded generator of a believable Azure estate: the company Contoso, as the export files that real tools write,
//! with planted flaws and a list of them.
//!
//! The generator is pure: files go to the caller one by one, the estate's time is derived from the seed, and the
//! random numbers are the crate's own, so that a size and seed give the same bytes for ever. One subscription is
//! held in memory at a time.
//!
//! ```
//! use azimuth_demo::{Flaws, MIN_SIZE, Options, generate};
//!
//! let options = Options { size: MIN_SIZE, seed: 7, flaws: Flaws::Planted };
//! let mut bytes = 0;
//! let manifest = generate(&options, &mut |file| {
//!     bytes += file.content.len();
//!     Ok::<(), std::convert::Infallible>(())
//! })?;
//! assert_eq!(manifest.resources, MIN_SIZE);
//! assert!(manifest.flaws.iter().any(|flaw| flaw.control == "NW-4"));
//! # Ok::<(), azimuth_demo::Error<std::convert::Infallible>>(())
//! ```
//!
//! Architecture invariant: no file, clock or randomness of the machine; nothing real is named.

mod calendar;
mod directory;
mod estate;
mod flaws;
mod governance;
mod manifest;
mod names;
mod output;
mod plan;
mod rng;
mod telemetry;
mod workload;

use jiff::Timestamp;
use thiserror::Error;

pub use flaws::Flaw;
pub use output::File;

/// The smallest number of resources: below it, not every control would have an object to speak of.
pub const MIN_SIZE: usize = 300;
/// The largest number of resources: beyond it, the private address plan is used up.
pub const MAX_SIZE: usize = 1_600_000;

/// Whether flaws are planted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaws {
    /// At least one for each control that the estate alone decides, and more in larger estates.
    Planted,
    /// None: every such control is followed.
    None,
}

/// What to generate.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Number of tracked resources, from [`MIN_SIZE`] to [`MAX_SIZE`].
    pub size: usize,
    /// Chooses one estate of that size.
    pub seed: u64,
    /// Whether flaws are planted.
    pub flaws: Flaws,
}

/// What was generated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Number of tracked resources.
    pub resources: usize,
    /// Number of subscriptions.
    pub subscriptions: usize,
    /// Number of users.
    pub users: usize,
    /// Number of files.
    pub files: usize,
    /// Size of all files in bytes.
    pub bytes: u64,
    /// The moment at which the estate was recorded.
    pub time: Timestamp,
    /// The planted flaws, in order and without repetition.
    pub flaws: Vec<Flaw>,
}

/// Why no estate was generated.
#[derive(Debug, Error)]
pub enum Error<E> {
    /// The size is out of range.
    #[error("an estate has {MIN_SIZE} to {MAX_SIZE} resources, not {size}: choose another size")]
    Size {
        /// The size asked for.
        size: usize,
    },
    /// The receiver of the files refused one.
    #[error(transparent)]
    Sink(E),
}

/// Generates an estate and hands its files to `sink`, in an order that is always the same.
///
/// # Errors
/// [`Error::Size`] before anything is generated; [`Error::Sink`] with the first error that `sink` returns.
pub fn generate<E>(
    options: &Options,
    sink: &mut dyn FnMut(File) -> Result<(), E>,
) -> Result<Manifest, Error<E>> {
    let Options { size, seed, flaws } = *options;
    if !(MIN_SIZE..=MAX_SIZE).contains(&size) {
        return Err(Error::Size { size });
    }
    let mut failure = None;
    let (mut files, mut bytes) = (0, 0);
    let mut emit = |file: File| {
        files += 1;
        bytes += file.content.len() as u64;
        sink(file).map_err(|error| {
            failure = Some(error);
            output::Stopped
        })
    };
    match estate::write_estate(size, seed, flaws == Flaws::Planted, &mut emit) {
        Ok(written) => Ok(Manifest {
            resources: written.resources,
            subscriptions: written.plan.subscriptions.len(),
            users: written.plan.users,
            files,
            bytes,
            time: written.plan.calendar.now(),
            flaws: written.flaws,
        }),
        Err(output::Stopped) => {
            Err(Error::Sink(failure.expect("only a refusal of the sink stops the generator")))
        }
    }
}
