//! The land of the earth, for orientation on maps.

use std::sync::LazyLock;

/// Rings of longitude and latitude in degrees.
///
/// Natural Earth's land at 1:110 million, which is in the public domain; the data file says where it came from.
pub(super) static LAND: LazyLock<Vec<Vec<(f64, f64)>>> = LazyLock::new(|| {
    let lines = include_str!("../land.txt").lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.split(' ').filter_map(point).collect()).collect()
});

fn point(text: &str) -> Option<(f64, f64)> {
    let (longitude, latitude) = text.split_once(',')?;
    let tenths = |text: &str| text.parse::<f64>().ok().map(|tenths| tenths / 10.0);
    Some((tenths(longitude)?, tenths(latitude)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_rings_are_closed_and_without_leaps() {
        assert!(LAND.len() > 100);
        for ring in LAND.iter() {
            assert!(ring.len() >= 4 && ring.first() == ring.last());
            assert!(ring.iter().all(|(x, y)| x.abs() <= 540.0 && y.abs() <= 90.0));
            let leaps = |pair: &[(f64, f64)]| (pair[0].0 - pair[1].0).abs() > 180.0 && pair[0].1 > -90.0;
            assert!(!ring.windows(2).any(leaps));
        }
    }
}
