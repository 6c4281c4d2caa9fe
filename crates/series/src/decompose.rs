//! A series as season, trend and rest.

use crate::fit;
use crate::outliers;
use crate::season;
use crate::stats::stats;

/// Which season a decomposition takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Season {
    /// The best one whose score reaches a threshold
    Detect(f64),
    /// That many points
    Given(usize),
    /// None
    None,
}

/// Which trend a decomposition takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trend {
    /// The mean
    Average,
    /// A line by least squares
    Line,
    /// None
    None,
}

/// The parts of a series; `baseline` is season and trend together.
#[derive(Clone, Debug, PartialEq)]
pub struct Parts {
    /// What was to be expected
    pub baseline: Vec<f64>,
    /// What repeats
    pub seasonal: Vec<f64>,
    /// Where it goes
    pub trend: Vec<f64>,
    /// What is left
    pub residual: Vec<f64>,
}

/// Decomposes a series; the last `tail` points are not learnt from.
pub fn decompose(series: &[f64], season: Season, trend: Trend, tail: usize) -> Parts {
    let learnt = &series[..series.len().saturating_sub(tail)];
    let trend: Vec<f64> = match trend {
        Trend::None => vec![0.0; series.len()],
        Trend::Average => vec![stats(learnt).map_or(0.0, |stats| stats.mean); series.len()],
        Trend::Line => {
            let line = fit::line(learnt);
            (0..series.len()).map(|x| line.first + line.slope * x as f64).collect()
        }
    };
    let flat: Vec<f64> = series.iter().zip(&trend).map(|(point, trend)| point - trend).collect();
    let period = match season {
        Season::None => None,
        Season::Given(period) => Some(period),
        Season::Detect(threshold) => season::best(learnt, threshold),
    };
    let seasonal = season::seasonal(&flat, period.unwrap_or(0), tail);
    let baseline: Vec<f64> = seasonal.iter().zip(&trend).map(|(season, trend)| season + trend).collect();
    let residual = series.iter().zip(&baseline).map(|(point, base)| point - base).collect();
    Parts { baseline, seasonal, trend, residual }
}

/// Where a series departs from its baseline: a flag (+1, -1, 0) and a score for each point. The score is Tukey's over the
/// rest, between the 10th and the 90th percentile.
pub fn anomalies(parts: &Parts, threshold: f64) -> (Vec<i64>, Vec<f64>) {
    let scores = outliers::tukey(&parts.residual, None, 10.0, 90.0);
    let flag = |score: &f64| if score.abs() > threshold { if *score > 0.0 { 1 } else { -1 } } else { 0 };
    (scores.iter().map(flag).collect(), scores)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spike_in_a_weekly_rhythm_is_flagged() {
        let mut series: Vec<f64> = (0..24 * 7 * 5)
            .map(|hour| 10.0 + f64::from(hour % 24) + f64::from(hour / 24 % 7) + f64::from(hour % 5) * 0.1)
            .collect();
        series[300] += 50.0;
        series[400] -= 50.0;
        let parts = decompose(&series, Season::Detect(0.6), Trend::Average, 0);
        let (flags, _) = anomalies(&parts, 1.5);
        assert_eq!((flags[300], flags[400]), (1, -1));
        assert!(flags.iter().filter(|flag| **flag != 0).count() <= 4);
    }
}
