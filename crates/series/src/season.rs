//! Seasons: periods found by autocorrelation, and the part of a series that repeats.

use crate::fit;
use crate::stats::{self, median};

/// A period in points, and how well the series repeats after it (0 to 1).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Period {
    /// In points
    pub length: f64,
    /// Autocorrelation at that distance
    pub score: f64,
}

/// Points of the shortest period that is looked for.
const SHORTEST: f64 = 4.0;

/// How a series without its line correlates with itself some points on.
fn autocorrelation(series: &[f64], lag: usize) -> f64 {
    let count = series.len() as f64;
    let squares: f64 = series.iter().map(|point| point * point).sum();
    if lag >= series.len() || squares == 0.0 {
        return 0.0;
    }
    let products: f64 = series.iter().zip(&series[lag..]).map(|(left, right)| left * right).sum();
    products / squares * count / (count - lag as f64)
}

fn without_line(series: &[f64]) -> Vec<f64> {
    let filled = crate::filter::fill_linear(series, true);
    let line = fit::line(&filled).line;
    filled.iter().zip(line).map(|(point, line)| point - line).collect()
}

/// The strongest periods within bounds, the best first, each a peak of the autocorrelation and no multiple of a better one.
pub fn detect(series: &[f64], shortest: f64, longest: f64, most: usize) -> Vec<Period> {
    let flat = without_line(series);
    // A period is seen at least twice and a half.
    let last = (longest.min(series.len() as f64 / 2.5)).max(0.0) as usize;
    let score: Vec<f64> = (0..=last + 1).map(|lag| autocorrelation(&flat, lag)).collect();
    let first = (shortest.max(SHORTEST).ceil()) as usize;
    let mut peaks: Vec<Period> = (first..=last)
        .filter(|&lag| score[lag] > 0.0 && score[lag] >= score[lag - 1] && score[lag] >= score[lag + 1])
        .map(|lag| Period { length: lag as f64, score: score[lag].min(1.0) })
        .collect();
    peaks.sort_by(|left, right| right.score.total_cmp(&left.score));
    let mut kept: Vec<Period> = Vec::new();
    for peak in peaks {
        // Two periods cannot be told apart whose frequencies differ by less than one turn in the whole series.
        let is_blurred = kept
            .iter()
            .any(|known| (1.0 / known.length - 1.0 / peak.length).abs() * (series.len() as f64) < 1.0);
        // Of a period and its multiples the shortest stands for all, if it is nearly as good.
        let multiple = kept.iter_mut().find(|known| {
            let (short, long) = (known.length.min(peak.length), known.length.max(peak.length));
            let times = (long / short).round();
            (long - times * short).abs() <= 1.0
        });
        match multiple {
            Some(known) if peak.length < known.length && peak.score >= 0.85 * known.score => *known = peak,
            Some(_) => {}
            None if is_blurred => {}
            None => kept.push(peak),
        }
        if kept.len() == most {
            break;
        }
    }
    kept
}

/// How well a series repeats after given periods: the score of each; zero where the points around repeat better, and of periods
/// of less than four points or more than half of the series.
pub fn validate(series: &[f64], periods: &[f64]) -> Vec<Period> {
    let flat = without_line(series);
    let half = series.len() as f64 / 2.0;
    let score = |length: f64| {
        if !(SHORTEST..=half).contains(&length) {
            return 0.0;
        }
        let lag = length.round() as usize;
        let [before, at, after] = [lag - 1, lag, lag + 1].map(|lag| autocorrelation(&flat, lag));
        if at >= before && at >= after { at.clamp(0.0, 1.0) } else { 0.0 }
    };
    periods.iter().map(|&length| Period { length, score: score(length) }).collect()
}

/// The best period whose score reaches a threshold.
pub fn best(series: &[f64], threshold: f64) -> Option<usize> {
    let found = detect(series, SHORTEST, series.len() as f64, 1);
    found.first().filter(|period| period.score >= threshold).map(|period| period.length.round() as usize)
}

/// The seasonal part: at each place the median of the points of its phase, those of the last `tail` points aside. Zeros for
/// a period of less than two points or of more than there are.
pub fn seasonal(series: &[f64], period: usize, tail: usize) -> Vec<f64> {
    if period < 2 || period > series.len() {
        return vec![0.0; series.len()];
    }
    let train = &series[..series.len().saturating_sub(tail)];
    let phase = |phase: usize| {
        let points: Vec<f64> = train.iter().skip(phase).step_by(period).copied().collect();
        let middle = median(&points);
        if middle.is_nan() { stats::stats(train).map_or(0.0, |stats| stats.mean) } else { middle }
    };
    let phases: Vec<f64> = (0..period).map(phase).collect();
    (0..series.len()).map(|place| phases[place % period]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_week_is_found_amid_days() {
        let series: Vec<f64> = (0..24 * 7 * 5)
            .map(|hour| {
                let (of_day, day) = (f64::from(hour % 24), hour / 24 % 7);
                (of_day / 24.0 * std::f64::consts::TAU).sin() * 5.0 + if day >= 5 { 30.0 } else { 0.0 }
            })
            .collect();
        assert_eq!(best(&series, 0.6), Some(168));
        assert_eq!(best(&[1.0, 5.0, 2.0, 9.0, 4.0, 4.5, 7.0], 0.9), None);
    }

    #[test]
    fn phases_are_medians() {
        let series = [2., 5., 3., 4., 3., 2., 1., 2., 3., 4., 3., 2., 1., 2., 3., 4., 3., 2.];
        assert_eq!(seasonal(&series, 6, 0)[..6], [1., 2., 3., 4., 3., 2.]);
    }
}
