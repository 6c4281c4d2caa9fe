//! Filters, gaps and transforms.

/// `y[n] = Σ b[k]·x[n-k]`. `normalise` divides by the sum of the coefficients, `centre` looks as far ahead as back.
pub fn fir(series: &[f64], filter: &[f64], normalise: bool, centre: bool) -> Vec<f64> {
    let sum: f64 = filter.iter().sum();
    let scale = if normalise && sum != 0.0 { 1.0 / sum } else { 1.0 };
    let ahead = if centre { (filter.len() / 2) as i64 } else { 0 };
    (0..series.len() as i64)
        .map(|n| {
            let at = |k: usize| {
                let place = usize::try_from(n + ahead - k as i64).ok();
                place.and_then(|place| series.get(place)).copied().unwrap_or(0.0)
            };
            filter.iter().enumerate().map(|(k, b)| b * scale * at(k)).sum()
        })
        .collect()
}

/// `a[0]·y[n] = Σ b[k]·x[n-k] − Σ a[k]·y[n-k]`.
pub fn iir(series: &[f64], numerators: &[f64], denominators: &[f64]) -> Vec<f64> {
    let lead = denominators.first().copied().unwrap_or(1.0);
    let mut out: Vec<f64> = Vec::with_capacity(series.len());
    for n in 0..series.len() {
        let back = |values: &[f64], k: usize| {
            n.checked_sub(k).and_then(|place| values.get(place)).copied().unwrap_or(0.0)
        };
        let forward: f64 = numerators.iter().enumerate().map(|(k, b)| b * back(series, k)).sum();
        let feedback: f64 = denominators.iter().enumerate().skip(1).map(|(k, a)| a * back(&out, k)).sum();
        out.push((forward - feedback) / lead);
    }
    out
}

/// The discrete Fourier transform, or its inverse, of any length: by halves while the length is even, else by definition.
pub fn fourier(real: &[f64], imaginary: &[f64], inverse: bool) -> (Vec<f64>, Vec<f64>) {
    let sign = if inverse { 1.0 } else { -1.0 };
    let points: Vec<(f64, f64)> =
        real.iter().enumerate().map(|(at, re)| (*re, imaginary.get(at).copied().unwrap_or(0.0))).collect();
    let scale = if inverse && !points.is_empty() { 1.0 / points.len() as f64 } else { 1.0 };
    transform(&points, sign).into_iter().map(|(re, im)| (re * scale, im * scale)).unzip()
}

fn transform(points: &[(f64, f64)], sign: f64) -> Vec<(f64, f64)> {
    let count = points.len();
    let turn = |steps: usize| {
        let angle = sign * 2.0 * std::f64::consts::PI * (steps % count) as f64 / count as f64;
        (angle.cos(), angle.sin())
    };
    if count <= 1 {
        return points.to_vec();
    }
    if count.is_multiple_of(2) {
        let part =
            |from: usize| transform(&points.iter().skip(from).step_by(2).copied().collect::<Vec<_>>(), sign);
        let (even, odd) = (part(0), part(1));
        return (0..count)
            .map(|k| {
                let ((er, ei), (or, oi), (c, s)) = (even[k % (count / 2)], odd[k % (count / 2)], turn(k));
                (er + c * or - s * oi, ei + c * oi + s * or)
            })
            .collect();
    }
    (0..count)
        .map(|k| {
            points.iter().enumerate().fold((0.0, 0.0), |(re, im), (n, (x, y))| {
                let (c, s) = turn(k * n);
                (re + c * x - s * y, im + c * y + s * x)
            })
        })
        .collect()
}

/// Gaps filled along the line between their ends; at the ends with the nearest point if `edges`. Gaps stay where nothing
/// is known.
pub fn fill_linear(series: &[f64], edges: bool) -> Vec<f64> {
    let known: Vec<usize> = (0..series.len()).filter(|place| !series[*place].is_nan()).collect();
    let value = |place: usize| {
        let after = known.partition_point(|known| *known < place);
        match (after.checked_sub(1).map(|before| known[before]), known.get(after)) {
            (_, Some(&here)) if here == place => series[here],
            (Some(left), Some(&right)) => {
                let share = (place - left) as f64 / (right - left) as f64;
                series[left] + (series[right] - series[left]) * share
            }
            (Some(nearest), None) if edges => series[nearest],
            (None, Some(&nearest)) if edges => series[nearest],
            _ => f64::NAN,
        }
    };
    (0..series.len()).map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters() {
        assert_eq!(fir(&[0., 2., 2., 3.], &[1., -1.], false, false), [0., 2., 0., 1.]);
        assert_eq!(fir(&[3., 6., 9.], &[1., 1., 1.], true, true), [3., 6., 5.]);
        assert_eq!(iir(&[1., 2., 3.], &[1.], &[1., -1.]), [1., 3., 6.]);
    }

    #[test]
    fn a_transform_comes_back() {
        for count in [1_usize, 2, 7, 12, 30] {
            let series: Vec<f64> = (0..count).map(|x| ((x * 7919) % 101) as f64).collect();
            let (re, im) = fourier(&series, &[], false);
            let (back, rest) = fourier(&re, &im, true);
            assert!(series.iter().zip(&back).all(|(left, right)| (left - right).abs() < 1e-9), "{count}");
            assert!(rest.iter().all(|part| part.abs() < 1e-9));
        }
    }

    #[test]
    fn gaps() {
        let nan = f64::NAN;
        assert_eq!(fill_linear(&[nan, 1., nan, 3., nan], true), [1., 1., 2., 3., 3.]);
        assert!(fill_linear(&[nan, 1.], false)[0].is_nan());
    }
}
