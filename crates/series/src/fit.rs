//! Lines through series, by least squares over the places of the points.

/// A line, and how well it fits.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Rise from point to point
    pub slope: f64,
    /// Height at the first place
    pub interception: f64,
    /// Share of the variance that the line explains
    pub r_square: f64,
    /// Sample variance of the points
    pub variance: f64,
    /// Sample variance of what is left
    pub residual_variance: f64,
    /// The line's points
    pub line: Vec<f64>,
}

/// The line through a series; points that are no numbers do not count. NaN throughout if none is.
pub fn line(series: &[f64]) -> Line {
    let points: Vec<(f64, f64)> =
        series.iter().enumerate().filter(|(_, y)| !y.is_nan()).map(|(x, y)| (x as f64, *y)).collect();
    let count = points.len() as f64;
    let mean_x = points.iter().map(|(x, _)| x).sum::<f64>() / count;
    let mean_y = points.iter().map(|(_, y)| y).sum::<f64>() / count;
    let spread: f64 = points.iter().map(|(x, _)| (x - mean_x).powi(2)).sum();
    let product: f64 = points.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    let slope = if spread > 0.0 { product / spread } else { 0.0 };
    let interception = mean_y - slope * mean_x;
    let squares: f64 = points.iter().map(|(_, y)| (y - mean_y).powi(2)).sum();
    let left: f64 = points.iter().map(|(x, y)| (y - interception - slope * x).powi(2)).sum();
    let freedom = (count - 1.0).max(1.0);
    Line {
        slope,
        interception,
        r_square: if squares > 0.0 { 1.0 - left / squares } else { 1.0 },
        variance: squares / freedom,
        residual_variance: left / freedom,
        line: (0..series.len()).map(|x| interception + slope * x as f64).collect(),
    }
}

/// Two lines that meet at a place, and how well they fit together.
#[derive(Clone, Debug, PartialEq)]
pub struct TwoLines {
    /// The first place of the right line
    pub split: usize,
    /// Share of the variance that both explain
    pub r_square: f64,
    /// Sample variance of the points
    pub variance: f64,
    /// Sample variance of what is left
    pub residual_variance: f64,
    /// The points of both lines
    pub line: Vec<f64>,
    /// The line before the split
    pub left: Line,
    /// The line from the split on
    pub right: Line,
}

/// The split and the two lines that leave the least; one line of a series of fewer than four points.
pub fn two_lines(series: &[f64]) -> TwoLines {
    let whole = line(series);
    let freedom = (series.len() as f64 - 1.0).max(1.0);
    let mut best: Option<(f64, usize, Line, Line)> = None;
    for split in 2..series.len().saturating_sub(1) {
        let (left, right) = (line(&series[..split]), line(&series[split..]));
        let rest = |line: &Line, points: usize| line.residual_variance * (points as f64 - 1.0).max(1.0);
        let squares = rest(&left, split) + rest(&right, series.len() - split);
        if best.as_ref().is_none_or(|(least, ..)| squares < *least) {
            best = Some((squares, split, left, right));
        }
    }
    let (squares, split, left, right) =
        best.unwrap_or_else(|| (whole.residual_variance * freedom, 0, line(&[]), whole.clone()));
    let total = whole.variance * freedom;
    TwoLines {
        split,
        r_square: if total > 0.0 { 1.0 - squares / total } else { 1.0 },
        variance: whole.variance,
        residual_variance: squares / freedom,
        line: left.line.iter().chain(&right.line).copied().collect(),
        left,
        right,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line() {
        let fit = line(&[2., 5., 6., 8., 11., 15., 17., 18., 25., 26., 30., 30.]);
        assert!((fit.slope - 2.730_769_230_769_231).abs() < 1e-12);
        assert!((fit.r_square - 0.982_900_730_884_447).abs() < 1e-12);
        assert!((fit.variance - 98.628_787_878_787_89).abs() < 1e-9);
        assert!((fit.residual_variance - 1.686_480_186_480_187).abs() < 1e-9);
    }

    #[test]
    fn a_bend_is_found() {
        let series: Vec<f64> =
            (0..20).map(|x| if x < 12 { f64::from(x) } else { 12.0 - 3.0 * f64::from(x - 12) }).collect();
        let fit = two_lines(&series);
        assert!((12..=13).contains(&fit.split));
        assert!(fit.r_square > 0.999_999);
    }
}
