//! Lines through series, by least squares over the places of the points.

/// A line, and how well it fits.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Rise from point to point
    pub slope: f64,
    /// Height at the first point
    pub first: f64,
    /// Share of the variance that the line explains
    pub r_square: f64,
    /// Sample variance of the points
    pub variance: f64,
    /// Sample variance of what is left
    pub residual_variance: f64,
    /// The line's points
    pub line: Vec<f64>,
}

impl Line {
    /// Height where the line crosses the axis: points are counted from 1.
    pub fn interception(&self) -> f64 {
        self.first - self.slope
    }
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
        first: interception,
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

/// A polynomial, and how well it fits.
#[derive(Clone, Debug, PartialEq)]
pub struct Polynomial {
    /// Coefficients, that of the highest power first
    pub coefficients: Vec<f64>,
    /// Share of the variance that the polynomial explains
    pub r_square: f64,
    /// Sample variance of the points
    pub variance: f64,
    /// Sample variance of what is left
    pub residual_variance: f64,
    /// Its values at the places of the points
    pub fit: Vec<f64>,
}

/// The polynomial of a degree through points, by least squares; places or points that are no numbers do not count. `None` if
/// there are not enough of them, or if they do not tell the coefficients.
///
/// Solved by orthogonal triangulation (Householder), as the normal equations lose half of the digits. Places are brought to the
/// range from -1 to 1 for it.
pub fn polynomial(x: &[f64], y: &[f64], degree: usize) -> Option<Polynomial> {
    let is_number = |(x, y): &(&f64, &f64)| x.is_finite() && y.is_finite();
    let points: Vec<(f64, f64)> = x.iter().zip(y).filter(is_number).map(|(x, y)| (*x, *y)).collect();
    let size = degree + 1;
    if points.len() < size {
        return None;
    }
    let low = points.iter().map(|(x, _)| *x).fold(f64::INFINITY, f64::min);
    let high = points.iter().map(|(x, _)| *x).fold(f64::NEG_INFINITY, f64::max);
    let (middle, half) = ((low + high) / 2.0, ((high - low) / 2.0).max(f64::MIN_POSITIVE));
    let scaled = |x: f64| (x - middle) / half;
    let mut rows: Vec<Vec<f64>> = points
        .iter()
        .map(|(x, y)| (0..size).map(|power| scaled(*x).powi(power as i32)).chain([*y]).collect())
        .collect();
    triangulate(&mut rows, size);
    let mut solved = vec![0.0; size];
    for row in (0..size).rev() {
        let known: f64 = (row + 1..size).map(|column| rows[row][column] * solved[column]).sum();
        if rows[row][row].abs() < 1e-12 {
            return None;
        }
        solved[row] = (rows[row][size] - known) / rows[row][row];
    }
    let coefficients = unscaled(&solved, middle, half);
    let at = |x: f64| solved.iter().rev().fold(0.0, |sum, coefficient| sum * scaled(x) + coefficient);
    let count = points.len() as f64;
    let mean = points.iter().map(|(_, y)| y).sum::<f64>() / count;
    let squares: f64 = points.iter().map(|(_, y)| (y - mean).powi(2)).sum();
    let left: f64 = points.iter().map(|(x, y)| (y - at(*x)).powi(2)).sum();
    let freedom = (count - 1.0).max(1.0);
    Some(Polynomial {
        coefficients: coefficients.into_iter().rev().collect(),
        r_square: if squares > 0.0 { 1.0 - left / squares } else { 1.0 },
        variance: squares / freedom,
        residual_variance: left / freedom,
        fit: x.iter().map(|x| at(*x)).collect(),
    })
}

/// Turns the first columns of a matrix into a triangle by reflections.
fn triangulate(rows: &mut [Vec<f64>], size: usize) {
    for column in 0..size {
        let norm = rows[column..].iter().map(|row| row[column].powi(2)).sum::<f64>().sqrt();
        if norm == 0.0 {
            continue;
        }
        let alpha = if rows[column][column] > 0.0 { -norm } else { norm };
        let mut mirror: Vec<f64> = rows[column..].iter().map(|row| row[column]).collect();
        mirror[0] -= alpha;
        let length: f64 = mirror.iter().map(|value| value * value).sum();
        if length == 0.0 {
            continue;
        }
        for other in column..=size {
            let along: f64 = rows[column..].iter().zip(&mirror).map(|(row, value)| row[other] * value).sum();
            for (row, value) in rows[column..].iter_mut().zip(&mirror) {
                row[other] -= 2.0 * along / length * value;
            }
        }
    }
}

/// The coefficients over `x` from those over `(x - middle) / half`, the lowest power first.
fn unscaled(coefficients: &[f64], middle: f64, half: f64) -> Vec<f64> {
    let mut result: Vec<f64> = vec![0.0; coefficients.len()];
    // By Horner's rule on polynomials: multiply by (x - middle) / half, add the next.
    for coefficient in coefficients.iter().rev() {
        let mut next = vec![0.0; coefficients.len()];
        for (power, value) in result.iter().enumerate() {
            next[power] -= value * middle / half;
            if let Some(higher) = next.get_mut(power + 1) {
                *higher += value / half;
            }
        }
        next[0] += coefficient;
        result = next;
    }
    result
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

    #[test]
    fn polynomials() {
        let x: Vec<f64> = (0..40).map(|step| f64::from(step) / 8.0 - 2.3).collect();
        let y: Vec<f64> = x.iter().map(|x| x.powi(5) - 8.0 * x.powi(3) + 10.0 * x + 6.0).collect();
        let found = polynomial(&x, &y, 5).unwrap();
        for (found, wanted) in found.coefficients.iter().zip([1.0, 0.0, -8.0, 0.0, 10.0, 6.0]) {
            assert!((found - wanted).abs() < 1e-9, "{found} {wanted}");
        }
        assert!((found.r_square - 1.0).abs() < 1e-12);
        let straight = polynomial(&[1.0, 2.0, 3.0], &[2.0, 4.0, 6.5], 1).unwrap();
        let line = line(&[2.0, 4.0, 6.5]);
        assert!((straight.coefficients[0] - line.slope).abs() < 1e-12);
        assert_eq!(polynomial(&[1.0], &[1.0], 1), None);
        assert_eq!(polynomial(&[1.0, 1.0], &[1.0, 2.0], 1), None);
    }
}
