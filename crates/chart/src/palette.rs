//! Colours of series: told apart by people who do not see all colours, and on light and dark ground.
//!
//! Neighbours differ in lightness as well as in hue. The tests hold contrast and distances, the latter also as seen
//! with the common deficiencies of colour vision.

/// A colour as red, green and blue.
pub(crate) type Rgb = (u8, u8, u8);

/// Colours on light ground.
pub(crate) const LIGHT: [Rgb; 10] = [
    (36, 76, 190),
    (227, 118, 4),
    (0, 135, 125),
    (114, 0, 80),
    (57, 148, 255),
    (85, 57, 0),
    (201, 114, 189),
    (69, 98, 0),
    (70, 21, 146),
    (156, 109, 56),
];

/// Colours on dark ground.
pub(crate) const DARK: [Rgb; 10] = [
    (72, 127, 240),
    (251, 134, 0),
    (15, 195, 152),
    (191, 60, 138),
    (179, 248, 255),
    (147, 119, 52),
    (255, 160, 224),
    (186, 216, 47),
    (175, 148, 255),
    (255, 236, 152),
];

/// "Other".
pub(crate) const REST_LIGHT: Rgb = (128, 128, 132);
/// "Other" on dark ground.
pub(crate) const REST_DARK: Rgb = (160, 160, 166);

/// `#rrggbb`
pub(crate) fn hex((red, green, blue): Rgb) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHEETS: [(&[Rgb], Rgb); 2] = [(&LIGHT, (255, 255, 255)), (&DARK, (27, 27, 31))];

    /// How colours are seen: as they are, and with protanopia, deuteranopia and tritanopia (Machado, Oliveira and
    /// Fernandes, "A physiologically-based model for simulation of color vision deficiency", 2009).
    const SIGHTS: [[[f64; 3]; 3]; 4] = [
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    ];

    fn linear((red, green, blue): Rgb) -> [f64; 3] {
        [red, green, blue].map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        })
    }

    fn dot(left: [f64; 3], right: [f64; 3]) -> f64 {
        left.iter().zip(right).map(|(left, right)| left * right).sum()
    }

    /// Contrast as WCAG 2 defines it, 1 to 21.
    fn contrast(left: Rgb, right: Rgb) -> f64 {
        let luminance = |colour| dot([0.2126, 0.7152, 0.0722], linear(colour)) + 0.05;
        let (left, right) = (luminance(left), luminance(right));
        left.max(right) / left.min(right)
    }

    /// A colour in Oklab, where distances are about as they are seen.
    fn oklab(colour: Rgb, sight: &[[f64; 3]; 3]) -> [f64; 3] {
        let seen = sight.map(|row| dot(row, linear(colour)).clamp(0.0, 1.0));
        let cones = [
            [0.412_221, 0.536_333, 0.051_446],
            [0.211_903, 0.680_700, 0.107_397],
            [0.088_302, 0.281_719, 0.629_979],
        ]
        .map(|row| dot(row, seen).cbrt());
        [
            dot([0.210_454, 0.793_618, -0.004_072], cones),
            dot([1.977_998, -2.428_592, 0.450_594], cones),
            dot([0.025_904, 0.782_772, -0.808_676], cones),
        ]
    }

    #[test]
    fn every_colour_stands_out_from_its_ground() {
        for (colours, ground) in SHEETS {
            for colour in colours {
                // What WCAG asks of graphics.
                assert!(contrast(*colour, ground) >= 3.0, "{colour:?}: {}", contrast(*colour, ground));
            }
        }
        assert!(contrast(REST_LIGHT, (255, 255, 255)) >= 3.0);
        assert!(contrast(REST_DARK, (27, 27, 31)) >= 3.0);
    }

    #[test]
    fn any_two_colours_differ_however_they_are_seen() {
        for (colours, _) in SHEETS {
            for sight in &SIGHTS {
                let seen: Vec<[f64; 3]> = colours.iter().map(|colour| oklab(*colour, sight)).collect();
                for left in 0..seen.len() {
                    for right in 0..left {
                        let squares = seen[left].iter().zip(seen[right]).map(|(a, b)| (a - b) * (a - b));
                        let distance = squares.sum::<f64>().sqrt();
                        // Charts of few series are common, and differ more.
                        let least = if left < 5 { 0.1 } else { 0.07 };
                        assert!(distance > least, "{left} and {right}: {distance}");
                    }
                }
            }
        }
    }
}
