//! Every stored format that was ever released opens for ever.

use std::fs;
use std::path::PathBuf;

use azimuth_host::{AsOf, Documents, MemoryDocuments};
use azimuth_ids::DocumentKey;
use azimuth_store::Store;
use jiff::Span;

use crate::support::{all, assert_sound, clock, delete, feed, folder, key, open, put};

fn fixture(version: u32) -> PathBuf {
    PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("Cargo sets it"))
        .join(format!("tests/fixtures/v{version}.db"))
}

/// What the fixtures hold; never to be changed.
fn fill(store: &dyn Documents, clock: &azimuth_host::ManualClock) {
    let user = DocumentKey::graph("users/7c1f0000-0000-4000-8000-000000000001").unwrap();
    let group =
        DocumentKey::parse("/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourceGroups/Wéb").unwrap();
    store
        .commit(
            "import of 1 March",
            vec![
                azimuth_host::Write::put(user, r#"{"displayName":"Ada Ängström"}"#),
                azimuth_host::Write::put(group, r#"{"location":"westeurope"}"#),
                put("note", "1"),
            ],
        )
        .unwrap();
    clock.advance(Span::new().nanoseconds(1_234_567_891));
    store.commit("ada", vec![put("note", "2"), put("large", &"y".repeat(20_000))]).unwrap();
    clock.advance(Span::new().hours(-1));
    store.commit("bob", vec![delete("note")]).unwrap();
    store.commit("bob", vec![put("note", "3")]).unwrap();
}

/// Makes the fixture of the newest format: `cargo test -p azimuth-store write_fixture -- --ignored`. Only for a
/// format that no release has written yet.
#[test]
#[ignore = "writes a fixture"]
fn write_fixture() {
    let (_folder, path) = folder();
    let clock = clock();
    fill(&open(&path, clock.clone()), &clock);
    fs::copy(path, fixture(1)).unwrap();
}

#[test]
fn format_1_opens() {
    let model_clock = clock();
    let model = MemoryDocuments::new(model_clock.clone());
    fill(&model, &model_clock);
    let (_folder, path) = folder();
    fs::copy(fixture(1), &path).unwrap();
    let reading = Store::open_read_only(&path).unwrap();
    assert_eq!(feed(&reading), feed(&model));
    drop(reading);
    let store = open(&path, clock());
    assert_eq!(feed(&store), feed(&model));
    assert_eq!(all(&store, AsOf::Sequence(3)), all(&model, AsOf::Sequence(3)));
    store.commit("ada", vec![put("note", "4")]).unwrap();
    assert_eq!(&*store.read(&key("note"), AsOf::Now).unwrap().unwrap().body, "4");
    assert_sound(&store);
}
