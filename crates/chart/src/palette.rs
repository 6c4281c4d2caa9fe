//! Colours of series: told apart by people who do not see all colours, and on light and dark ground.
//!
//! Neighbours differ in lightness as well as in hue. The tests hold contrast and distances, the latter also as seen
//! with the common deficiencies of colour vision.

/// A colour as red, green and blue.
pub(crate) type Rgb = (u8, u8, u8);

/// Colours on light ground.
pub(crate) const LIGHT: [Rgb; 10] = [
    (15, 92, 181),
    (224, 124, 16),
    (0, 128, 106),
    (150, 33, 110),
    (90, 170, 222),
    (122, 78, 36),
    (214, 90, 150),
    (92, 128, 20),
    (94, 62, 168),
    (160, 142, 60),
];

/// Colours on dark ground.
pub(crate) const DARK: [Rgb; 10] = [
    (92, 163, 245),
    (245, 158, 66),
    (52, 196, 166),
    (214, 100, 178),
    (160, 212, 250),
    (190, 138, 92),
    (250, 160, 200),
    (162, 200, 84),
    (166, 138, 240),
    (222, 204, 120),
];

/// "Other".
pub(crate) const REST_LIGHT: Rgb = (128, 128, 132);
/// "Other" on dark ground.
pub(crate) const REST_DARK: Rgb = (160, 160, 166);

/// `#rrggbb`
pub(crate) fn hex((red, green, blue): Rgb) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}
