//! Descriptive statistics.

/// What `series_stats` says of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stats {
    /// The smallest point and its place
    pub min: (f64, usize),
    /// The largest point and its place
    pub max: (f64, usize),
    /// The mean
    pub mean: f64,
    /// The sample variance; zero of one point
    pub variance: f64,
    /// The sum
    pub sum: f64,
    /// Points that count
    pub count: usize,
}

/// Statistics of the points that are numbers; `None` if none is.
pub fn stats(series: &[f64]) -> Option<Stats> {
    let points = || series.iter().copied().enumerate().filter(|(_, point)| !point.is_nan());
    let count = points().count();
    if count == 0 {
        return None;
    }
    let by_value = |(_, left): &(usize, f64), (_, right): &(usize, f64)| left.total_cmp(right);
    let (min_place, min) = points().min_by(by_value)?;
    // Of equal ones the first.
    let (max_place, max) =
        points().fold((0, f64::NEG_INFINITY), |best, point| if point.1 > best.1 { point } else { best });
    let sum: f64 = points().map(|(_, point)| point).sum();
    let mean = sum / count as f64;
    let squares: f64 = points().map(|(_, point)| (point - mean).powi(2)).sum();
    let variance = if count > 1 { squares / (count - 1) as f64 } else { 0.0 };
    Some(Stats { min: (min, min_place), max: (max, max_place), mean, variance, sum, count })
}

/// A percentile (0 to 100) of the points that are numbers, between neighbours by proportion; NaN if none is.
pub fn percentile(series: &[f64], percent: f64) -> f64 {
    let mut sorted: Vec<f64> = series.iter().copied().filter(|point| !point.is_nan()).collect();
    sorted.sort_by(f64::total_cmp);
    if sorted.is_empty() {
        return f64::NAN;
    }
    let place = (percent.clamp(0.0, 100.0) / 100.0) * (sorted.len() - 1) as f64;
    let (below, share) = (place.floor() as usize, place.fract());
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (sorted[above] - sorted[below]) * share
}

/// The middle point.
pub fn median(series: &[f64]) -> f64 {
    percentile(series, 50.0)
}

/// Pearson's correlation of two series of one length; NaN if one does not vary.
pub fn correlation(left: &[f64], right: &[f64]) -> f64 {
    let (Some(a), Some(b)) = (stats(left), stats(right)) else { return f64::NAN };
    let products: f64 = left.iter().zip(right).map(|(x, y)| (x - a.mean) * (y - b.mean)).sum();
    products / ((left.len() as f64 - 1.0) * (a.variance * b.variance).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifteen_points() {
        let series = [23., 46., 23., 87., 4., 8., 3., 75., 2., 56., 13., 75., 32., 16., 29.];
        let found = stats(&series).unwrap();
        assert_eq!((found.min, found.max), ((2.0, 8), (87.0, 3)));
        assert!((found.variance - 812.457_142_857_142_9).abs() < 1e-9);
        assert_eq!(stats(&[f64::NAN]), None);
        assert_eq!(percentile(&[1.0, 2.0, 3.0, 4.0], 50.0), 2.5);
    }
}
