//! Outliers by Tukey's fences: how many ranges of the middle a point lies beyond it.

use crate::stats::percentile;

/// The score of each point: zero within the middle, positive above it, negative below. The middle reaches from one
/// percentile to another. Points equal to `ignored` do not count for the middle.
pub fn tukey(series: &[f64], ignored: Option<f64>, low: f64, high: f64) -> Vec<f64> {
    let counted: Vec<f64> = series.iter().copied().filter(|point| Some(*point) != ignored).collect();
    let (low, high) = (percentile(&counted, low), percentile(&counted, high));
    let range = high - low;
    series
        .iter()
        .map(|point| {
            let beyond = if *point > high {
                point - high
            } else if *point < low {
                point - low
            } else {
                return if point.is_nan() { f64::NAN } else { 0.0 };
            };
            // A middle without width makes everything beside it stand out.
            if range > 0.0 { beyond / range } else { beyond.signum() * f64::MAX.sqrt() }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_stands_out() {
        let mut series: Vec<f64> = (0..100).map(|x| f64::from(x % 10)).collect();
        series[50] = 40.0;
        let scores = tukey(&series, None, 10.0, 90.0);
        assert!(scores[50] > 3.0 && scores.iter().filter(|score| score.abs() > 1.5).count() == 1);
    }
}
