//! How long does a large estate take? `cargo bench -p azimuth-demo`.

use std::convert::Infallible;
use std::hint::black_box;

use azimuth_demo::{Flaws, Options, generate};

fn main() {
    divan::main();
}

/// Generation alone: the files are dropped as they come.
#[divan::bench(args = [1_000, 100_000], sample_count = 5, sample_size = 1)]
fn resources(size: usize) {
    let options = Options { size, seed: 1, flaws: Flaws::Planted };
    let manifest = generate(&options, &mut |file| {
        black_box(file);
        Ok::<(), Infallible>(())
    });
    black_box(manifest.expect("nothing stops the generator"));
}
