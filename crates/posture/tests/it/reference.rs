//! `docs/controls.md` is made of the controls' texts and must not be stale.

use std::path::PathBuf;

#[test]
fn the_reference_page_is_up_to_date() {
    let path = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("Cargo sets it"))
        .join("../../docs/controls.md");
    let page = azimuth_posture::reference_page();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "docs/controls.md is stale; run `BLESS=1 cargo test -p azimuth-posture`");
}
