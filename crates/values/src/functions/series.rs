//! Functions over series: arrays of numbers. Functions with several columns answer with an array of them.

use std::sync::Arc;

use azimuth_series::decompose::{self, Season, Trend};
use azimuth_series::{filter, fit, outliers, season, stats};

use crate::arithmetic;
use crate::compare;
use crate::function::{Function, Refusal};
use crate::json::Json;
use crate::value::Value;

pub(crate) const TABLE: &[Function] = &[
    Function::pure(&["series_abs"], |_, a| Ok(each(a, f64::abs))),
    Function::pure(&["series_acos"], |_, a| Ok(each(a, f64::acos))),
    Function::pure(&["series_asin"], |_, a| Ok(each(a, f64::asin))),
    Function::pure(&["series_atan"], |_, a| Ok(each(a, f64::atan))),
    Function::pure(&["series_ceiling"], |_, a| Ok(each(a, f64::ceil))),
    Function::pure(&["series_cos"], |_, a| Ok(each(a, f64::cos))),
    Function::pure(&["series_exp"], |_, a| Ok(each(a, f64::exp))),
    Function::pure(&["series_floor"], |_, a| Ok(each(a, f64::floor))),
    Function::pure(&["series_log"], |_, a| Ok(each(a, f64::ln))),
    Function::pure(&["series_sin"], |_, a| Ok(each(a, f64::sin))),
    Function::pure(&["series_tan"], |_, a| Ok(each(a, f64::tan))),
    Function::pure(&["series_sign"], |_, a| Ok(each(a, |x| if x == 0.0 { 0.0 } else { x.signum() }))),
    Function::pure(&["series_add"], |_, a| Ok(pairs(a, arithmetic::add))),
    Function::pure(&["series_subtract"], |_, a| Ok(pairs(a, arithmetic::subtract))),
    Function::pure(&["series_multiply"], |_, a| Ok(pairs(a, arithmetic::multiply))),
    Function::pure(&["series_divide"], |_, a| Ok(pairs(a, quotient))),
    Function::pure(&["series_pow"], |_, a| Ok(pairs(a, power))),
    Function::pure(&["series_equals"], |_, a| Ok(pairs(a, compare::equal))),
    Function::pure(&["series_not_equals"], |_, a| Ok(pairs(a, compare::unequal))),
    Function::pure(&["series_less"], |_, a| {
        Ok(pairs(a, |x, y| compare::ordered(x, y, std::cmp::Ordering::is_lt)))
    }),
    Function::pure(&["series_less_equals"], |_, a| {
        Ok(pairs(a, |x, y| compare::ordered(x, y, std::cmp::Ordering::is_le)))
    }),
    Function::pure(&["series_greater"], |_, a| {
        Ok(pairs(a, |x, y| compare::ordered(x, y, std::cmp::Ordering::is_gt)))
    }),
    Function::pure(&["series_greater_equals"], |_, a| {
        Ok(pairs(a, |x, y| compare::ordered(x, y, std::cmp::Ordering::is_ge)))
    }),
    Function::pure(&["series_sum"], |_, a| Ok(folded(&a[0], 0.0, |sum, x| sum + x))),
    Function::pure(&["series_product"], |_, a| Ok(folded(&a[0], 1.0, |product, x| product * x))),
    Function::pure(&["series_magnitude"], |_, a| {
        Ok(folded(&a[0], 0.0, |sum, x| sum + x * x).as_real().map(f64::sqrt).into())
    }),
    Function::pure(&["series_dot_product"], |_, a| Ok(dot_product(a))),
    Function::pure(&["series_cosine_similarity"], |_, a| Ok(cosine_similarity(a))),
    Function::pure(&["series_pearson_correlation"], |_, a| Ok(correlation(a))),
    Function::pure(&["series_fill_const"], |_, a| Ok(fill_const(a))),
    Function::pure(&["series_fill_forward"], |_, a| Ok(carried(a, false))),
    Function::pure(&["series_fill_backward"], |_, a| Ok(carried(a, true))),
    Function::pure(&["series_fill_linear"], |_, a| Ok(fill_linear(a))),
    Function::pure(&["series_fir"], |_, a| Ok(fir(a))),
    Function::pure(&["series_iir"], |_, a| Ok(iir(a))),
    Function::pure(&["series_fft"], |_, a| Ok(fourier(a, false))),
    Function::pure(&["series_ifft"], |_, a| Ok(fourier(a, true))),
    Function::pure(&["series_fit_line"], |_, a| Ok(fit_line(a))),
    Function::pure(&["series_fit_line_dynamic"], |_, a| Ok(fit_line_dynamic(a))),
    Function::pure(&["series_fit_poly"], |_, a| Ok(fit_poly(a))),
    Function::pure(&["series_fit_2lines"], |_, a| Ok(fit_2lines(a))),
    Function::pure(&["series_fit_2lines_dynamic"], |_, a| Ok(fit_2lines_dynamic(a))),
    Function::pure(&["series_stats"], |_, a| Ok(series_stats(a))),
    Function::pure(&["series_stats_dynamic"], |_, a| Ok(series_stats_dynamic(a))),
    Function::pure(&["series_outliers"], |_, a| Ok(series_outliers(a))),
    Function::pure(&["series_periods_detect"], |_, a| Ok(periods_detect(a))),
    Function::pure(&["series_periods_validate"], |_, a| Ok(periods_validate(a))),
    Function::pure(&["series_seasonal"], |_, a| Ok(seasonal(a))),
    Function::pure(&["series_decompose"], |_, a| decomposed(a)),
    Function::pure(&["series_decompose_anomalies"], |_, a| anomalies(a)),
    Function::pure(&["series_decompose_forecast"], |_, a| forecast(a)),
];

/// Points that a transform or a search of periods takes.
const MAX_POINTS: usize = 1 << 17;

fn points(value: &Value) -> Option<Vec<f64>> {
    let items = value.as_array()?;
    (items.len() <= MAX_POINTS).then(|| items.iter().map(point).collect())
}

/// A number, or not-a-number for what is none.
fn point(item: &Json) -> f64 {
    item.to_value().as_real().unwrap_or(f64::NAN)
}

fn json(point: f64) -> Json {
    if point.is_nan() { Json::Null } else { Json::Real(point) }
}

fn array(points: &[f64]) -> Json {
    Json::Array(points.iter().map(|point| json(*point)).collect())
}

fn given(arguments: &[Value], index: usize) -> Option<f64> {
    arguments.get(index).and_then(Value::as_real)
}

fn each(arguments: &[Value], function: fn(f64) -> f64) -> Value {
    let Some(items) = arguments[0].as_array() else { return Value::Null };
    Value::array(items.iter().map(|item| json(function(point(item)))).collect())
}

/// Item by item; a scalar beside an array stands for an array of it.
fn pairs(arguments: &[Value], function: fn(&Value, &Value) -> Value) -> Value {
    let length = |value: &Value| value.as_array().map(<[Json]>::len);
    let item = |value: &Value, index: usize| match value.as_array() {
        Some(items) => items.get(index).map(Json::to_value).unwrap_or_default(),
        None => value.clone(),
    };
    let (left, right) = (&arguments[0], &arguments[1]);
    let count = match (length(left), length(right)) {
        (Some(left), Some(right)) => left.max(right),
        (Some(count), None) | (None, Some(count)) => count,
        (None, None) => return Value::Null,
    };
    Value::array(
        (0..count).map(|index| function(&item(left, index), &item(right, index)).to_json()).collect(),
    )
}

/// A quotient is never cut to a whole number.
fn quotient(left: &Value, right: &Value) -> Value {
    match (left.as_real(), right.as_real()) {
        (Some(left), Some(right)) => Value::Real(left / right),
        _ => Value::Null,
    }
}

fn power(left: &Value, right: &Value) -> Value {
    match (left.as_real(), right.as_real()) {
        (Some(left), Some(right)) => Value::Real(left.powf(right)),
        _ => Value::Null,
    }
}

fn folded(value: &Value, start: f64, function: fn(f64, f64) -> f64) -> Value {
    points(value).map(|points| points.into_iter().fold(start, function)).filter(|sum| !sum.is_nan()).into()
}

/// Both arguments as series of one length.
fn two(arguments: &[Value]) -> Option<(Vec<f64>, Vec<f64>)> {
    let (left, right) = (points(&arguments[0]), points(&arguments[1]));
    match (left, right) {
        (Some(left), Some(right)) => (left.len() == right.len()).then_some((left, right)),
        (Some(left), None) => {
            let same = vec![arguments[1].as_real()?; left.len()];
            Some((left, same))
        }
        (None, Some(right)) => {
            let same = vec![arguments[0].as_real()?; right.len()];
            Some((same, right))
        }
        (None, None) => None,
    }
}

fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(left, right)| left * right).sum()
}

fn dot_product(arguments: &[Value]) -> Value {
    two(arguments).map(|(left, right)| dot(&left, &right)).filter(|sum| !sum.is_nan()).into()
}

/// `series_cosine_similarity(a, b, magnitude_a, magnitude_b)`.
fn cosine_similarity(arguments: &[Value]) -> Value {
    let Some((left, right)) = two(arguments) else { return Value::Null };
    let size =
        |index: usize, series: &[f64]| given(arguments, index).unwrap_or_else(|| dot(series, series).sqrt());
    Value::Real(dot(&left, &right) / (size(2, &left) * size(3, &right)))
}

fn correlation(arguments: &[Value]) -> Value {
    two(arguments).map(|(left, right)| stats::correlation(&left, &right)).into()
}

/// Is the item one to fill: null, or equal to the value that marks a gap?
fn is_gap(item: &Json, mark: Option<&Value>) -> bool {
    match mark {
        None | Some(Value::Null) => matches!(item, Json::Null),
        Some(mark) => {
            matches!(item, Json::Null) && mark.is_null()
                || compare::equal(&item.to_value(), mark).as_bool() == Some(true)
        }
    }
}

fn fill_const(arguments: &[Value]) -> Value {
    let Some(items) = arguments[0].as_array() else { return Value::Null };
    let constant = arguments.get(1).map_or(Json::Long(0), Value::to_json);
    let mark = arguments.get(2);
    Value::array(
        items.iter().map(|item| if is_gap(item, mark) { constant.clone() } else { item.clone() }).collect(),
    )
}

fn carried(arguments: &[Value], backward: bool) -> Value {
    let Some(items) = arguments[0].as_array() else { return Value::Null };
    let mark = arguments.get(1);
    let mut filled = items.to_vec();
    if backward {
        filled.reverse();
    }
    let mut last: Option<Json> = None;
    for item in &mut filled {
        match (is_gap(item, mark), &last) {
            (true, Some(known)) => *item = known.clone(),
            (true, None) => {}
            (false, _) => last = Some(item.clone()),
        }
    }
    if backward {
        filled.reverse();
    }
    Value::array(filled)
}

/// `series_fill_linear(series, mark, fill_edges, constant)`.
fn fill_linear(arguments: &[Value]) -> Value {
    let Some(items) = arguments[0].as_array() else { return Value::Null };
    let mark = arguments.get(1);
    let series: Vec<f64> =
        items.iter().map(|item| if is_gap(item, mark) { f64::NAN } else { point(item) }).collect();
    let edges = arguments.get(2).and_then(Value::as_bool).unwrap_or(true);
    let constant = arguments.get(3).map(Value::to_json).unwrap_or(Json::Long(0));
    if series.iter().all(|point| point.is_nan()) {
        return Value::array(vec![constant; items.len()]);
    }
    let filled = filter::fill_linear(&series, edges);
    // Whole numbers stay whole.
    let is_whole = items.iter().all(|item| matches!(item, Json::Long(_)) || is_gap(item, mark));
    if is_whole {
        let cell = |point: f64| if point.is_nan() { Json::Null } else { Json::Long(point.trunc() as i64) };
        return Value::array(filled.into_iter().map(cell).collect());
    }
    Value::Dynamic(Arc::new(array(&filled)))
}

/// `series_fir(series, filter, normalise, centre)`: without a word, the sum of the filter decides on the first.
fn fir(arguments: &[Value]) -> Value {
    let (Some(series), Some(taps)) = (points(&arguments[0]), points(&arguments[1])) else {
        return Value::Null;
    };
    if taps.len() > 1024 {
        return Value::Null;
    }
    let word = |index: usize| arguments.get(index).and_then(Value::as_bool);
    let normalise = word(2).unwrap_or_else(|| taps.iter().all(|tap| *tap >= 0.0));
    Value::Dynamic(Arc::new(array(&filter::fir(&series, &taps, normalise, word(3).unwrap_or(false)))))
}

fn iir(arguments: &[Value]) -> Value {
    let all: Option<Vec<Vec<f64>>> = arguments[..3].iter().map(points).collect();
    let Some([series, numerators, denominators]) = all.as_deref() else { return Value::Null };
    if denominators.first().is_none_or(|lead| *lead == 0.0)
        || numerators.len() > 1024
        || denominators.len() > 1024
    {
        return Value::Null;
    }
    Value::Dynamic(Arc::new(array(&filter::iir(series, numerators, denominators))))
}

fn fourier(arguments: &[Value], inverse: bool) -> Value {
    let Some(real) = points(&arguments[0]) else { return Value::Null };
    let imaginary = arguments.get(1).and_then(points).unwrap_or_default();
    // An odd length is transformed by definition, which has to stay bearable.
    if real.len() >> real.len().trailing_zeros().min(16) > 4096 {
        return Value::Null;
    }
    let (real, imaginary) = filter::fourier(&real, &imaginary, inverse);
    Value::array(vec![array(&real), array(&imaginary)])
}

/// The columns of `series_fit_line`: RSquare, Slope, Variance, RVariance, Interception, LineFit.
fn fit_line(arguments: &[Value]) -> Value {
    let Some(series) = points(&arguments[0]) else { return Value::Null };
    let fit = fit::line(&series);
    Value::array(vec![
        json(fit.r_square),
        json(fit.slope),
        json(fit.variance),
        json(fit.residual_variance),
        json(fit.interception()),
        array(&fit.line),
    ])
}

/// Powers that a polynomial may have.
const MAX_DEGREE: i64 = 30;

/// The columns of `series_fit_poly(y, x, degree)`: rsquare, coefficients, variance, rvariance, poly_fit. Without places the
/// points stand at 1, 2, 3 ….
fn fit_poly(arguments: &[Value]) -> Value {
    let Some(y) = points(&arguments[0]) else { return Value::Null };
    let x = match arguments.get(1).filter(|x| !x.is_null()) {
        Some(x) => points(x).unwrap_or_default(),
        None => (1..=y.len()).map(|place| place as f64).collect(),
    };
    let degree = arguments.get(2).and_then(Value::as_long).unwrap_or(1);
    if x.len() != y.len() || !(0..=MAX_DEGREE).contains(&degree) {
        return Value::Null;
    }
    let Some(fit) = fit::polynomial(&x, &y, degree as usize) else { return Value::Null };
    Value::array(vec![
        json(fit.r_square),
        array(&fit.coefficients),
        json(fit.variance),
        json(fit.residual_variance),
        array(&fit.fit),
    ])
}

fn bag(members: Vec<(&str, Json)>) -> Json {
    Json::Object(members.into_iter().map(|(name, value)| (Arc::from(name), value)).collect())
}

fn line_bag(fit: &fit::Line, line: bool) -> Vec<(&'static str, Json)> {
    let mut members = vec![
        ("rsquare", json(fit.r_square)),
        ("slope", json(fit.slope)),
        ("variance", json(fit.variance)),
        ("rvariance", json(fit.residual_variance)),
        ("interception", json(fit.interception())),
    ];
    if line {
        members.push(("line_fit", array(&fit.line)));
    }
    members
}

fn fit_line_dynamic(arguments: &[Value]) -> Value {
    points(&arguments[0])
        .map_or(Value::Null, |series| Value::dynamic(bag(line_bag(&fit::line(&series), true))))
}

fn fit_2lines(arguments: &[Value]) -> Value {
    let Some(series) = points(&arguments[0]) else { return Value::Null };
    if series.len() > 8192 {
        return Value::Null;
    }
    let fit = fit::two_lines(&series);
    let side = |line: &fit::Line| {
        [line.r_square, line.slope, line.interception(), line.variance, line.residual_variance].map(json)
    };
    let mut columns = vec![
        json(fit.r_square),
        Json::Long(fit.split as i64),
        json(fit.variance),
        json(fit.residual_variance),
        array(&fit.line),
    ];
    columns.extend(side(&fit.right));
    columns.extend(side(&fit.left));
    Value::array(columns)
}

fn fit_2lines_dynamic(arguments: &[Value]) -> Value {
    let Some(series) = points(&arguments[0]).filter(|series| series.len() <= 8192) else {
        return Value::Null;
    };
    let fit = fit::two_lines(&series);
    Value::dynamic(bag(vec![
        ("rsquare", json(fit.r_square)),
        ("split_idx", Json::Long(fit.split as i64)),
        ("variance", json(fit.variance)),
        ("rvariance", json(fit.residual_variance)),
        ("line_fit", array(&fit.line)),
        ("right", bag(line_bag(&fit.right, false))),
        ("left", bag(line_bag(&fit.left, false))),
    ]))
}

/// The series of `series_stats`; with the second argument, infinite points do not count.
fn counted(arguments: &[Value]) -> Option<stats::Stats> {
    let ignore = arguments.get(1).and_then(Value::as_bool) == Some(true);
    let series = points(&arguments[0])?;
    let series: Vec<f64> = series
        .into_iter()
        .map(|point| if ignore && point.is_infinite() { f64::NAN } else { point })
        .collect();
    stats::stats(&series)
}

/// The columns of `series_stats`: min, min_idx, max, max_idx, avg, stdev, variance.
fn series_stats(arguments: &[Value]) -> Value {
    counted(arguments).map_or(Value::Null, |found| {
        Value::array(vec![
            json(found.min.0),
            Json::Long(found.min.1 as i64),
            json(found.max.0),
            Json::Long(found.max.1 as i64),
            json(found.mean),
            json(found.variance.sqrt()),
            json(found.variance),
        ])
    })
}

fn series_stats_dynamic(arguments: &[Value]) -> Value {
    counted(arguments).map_or(Value::Null, |found| {
        Value::dynamic(bag(vec![
            ("min", json(found.min.0)),
            ("min_idx", Json::Long(found.min.1 as i64)),
            ("max", json(found.max.0)),
            ("max_idx", Json::Long(found.max.1 as i64)),
            ("avg", json(found.mean)),
            ("stdev", json(found.variance.sqrt())),
            ("variance", json(found.variance)),
            ("sum", json(found.sum)),
            ("len", Json::Long(found.count as i64)),
        ]))
    })
}

/// `series_outliers(series, kind, ignored, low, high)`: `tukey` has the quartiles, `ctukey` the percentiles given.
fn series_outliers(arguments: &[Value]) -> Value {
    let Some(series) = points(&arguments[0]) else { return Value::Null };
    let quartiles = arguments.get(1).and_then(Value::as_str) == Some("tukey");
    let (low, high) = if quartiles { (25.0, 75.0) } else { (10.0, 90.0) };
    let (low, high) = (given(arguments, 3).unwrap_or(low), given(arguments, 4).unwrap_or(high));
    Value::Dynamic(Arc::new(array(&outliers::tukey(&series, given(arguments, 2), low, high))))
}

fn periods(found: &[season::Period], count: usize) -> Value {
    let filled = |part: fn(&season::Period) -> f64| {
        (0..count).map(|index| Json::Real(found.get(index).map_or(0.0, part))).collect()
    };
    Value::array(vec![
        Json::Array(filled(|period| period.length)),
        Json::Array(filled(|period| period.score)),
    ])
}

/// `series_periods_detect(series, shortest, longest, count)`.
fn periods_detect(arguments: &[Value]) -> Value {
    let (Some(series), Some(shortest), Some(longest)) =
        (short(&arguments[0]), given(arguments, 1), given(arguments, 2))
    else {
        return Value::Null;
    };
    let count = arguments.get(3).and_then(Value::as_long).unwrap_or(1).clamp(0, 128) as usize;
    periods(&season::detect(&series, shortest, longest, count), count)
}

/// A series short enough to be held against itself at every distance.
fn short(value: &Value) -> Option<Vec<f64>> {
    points(value).filter(|series| series.len() <= 16_384)
}

fn periods_validate(arguments: &[Value]) -> Value {
    let Some(series) = short(&arguments[0]) else { return Value::Null };
    let wanted: Vec<f64> = arguments[1..].iter().filter_map(Value::as_real).take(128).collect();
    periods(&season::validate(&series, &wanted), wanted.len())
}

/// `series_seasonal(series, period, tail)`.
fn seasonal(arguments: &[Value]) -> Value {
    let Some(series) = short(&arguments[0]) else { return Value::Null };
    let tail = arguments.get(2).and_then(Value::as_long).unwrap_or(0).max(0) as usize;
    let period = match arguments.get(1).and_then(Value::as_long) {
        None | Some(-1) => season::best(&series, 0.6).unwrap_or(0),
        Some(period) => usize::try_from(period).unwrap_or(0),
    };
    Value::Dynamic(Arc::new(array(&season::seasonal(&series, period, tail))))
}

/// The parts of a series by the arguments from a place on: season, trend, points at the end to leave out.
fn parts(
    arguments: &[Value],
    from: usize,
    tail: usize,
    limit: usize,
) -> Result<Option<decompose::Parts>, Refusal> {
    let Some(mut series) = short(&arguments[0]) else { return Ok(None) };
    series = filter::fill_linear(&series, true);
    let threshold = given(arguments, limit).unwrap_or(0.6);
    let season = match arguments.get(from).and_then(Value::as_long) {
        None | Some(-1) => Season::Detect(threshold),
        Some(0) => Season::None,
        Some(period) => Season::Given(usize::try_from(period).unwrap_or(0)),
    };
    let trend = match arguments.get(from + 1).and_then(Value::as_str) {
        None | Some("" | "avg") => Trend::Average,
        Some("linefit") => Trend::Line,
        Some("none") => Trend::None,
        Some(other) => {
            return Err(Refusal::new(format!("`{other}` is no trend; use `avg`, `linefit` or `none`")));
        }
    };
    Ok(Some(decompose::decompose(&series, season, trend, tail)))
}

fn count(arguments: &[Value], index: usize) -> usize {
    arguments.get(index).and_then(Value::as_long).and_then(|count| usize::try_from(count).ok()).unwrap_or(0)
}

/// `series_decompose(series, season, trend, tail, threshold)`: baseline, seasonal, trend, residual.
fn decomposed(arguments: &[Value]) -> Result<Value, Refusal> {
    let found = parts(arguments, 1, count(arguments, 3), 4)?;
    Ok(found.map_or(Value::Null, |parts| {
        Value::array(vec![
            array(&parts.baseline),
            array(&parts.seasonal),
            array(&parts.trend),
            array(&parts.residual),
        ])
    }))
}

/// `series_decompose_anomalies(series, threshold, season, trend, tail, method, season threshold)`.
fn anomalies(arguments: &[Value]) -> Result<Value, Refusal> {
    let threshold = given(arguments, 1).unwrap_or(1.5);
    let found = parts(arguments, 2, count(arguments, 4), 6)?;
    Ok(found.map_or(Value::Null, |parts| {
        let (flags, scores) = decompose::anomalies(&parts, threshold);
        Value::array(vec![
            Json::Array(flags.into_iter().map(Json::Long).collect()),
            array(&scores),
            array(&parts.baseline),
        ])
    }))
}

/// `series_decompose_forecast(series, points, season, trend, threshold)`: the last points are what is foretold.
fn forecast(arguments: &[Value]) -> Result<Value, Refusal> {
    let trend = arguments.get(3).cloned().unwrap_or_else(|| "linefit".into());
    let arguments = [
        arguments[0].clone(),
        arguments.get(1).cloned().unwrap_or_default(),
        arguments.get(2).cloned().unwrap_or_default(),
        trend,
        arguments.get(4).cloned().unwrap_or_default(),
    ];
    let found = parts(&arguments, 2, count(&arguments, 1), 4)?;
    Ok(found.map_or(Value::Null, |parts| {
        Value::array(vec![
            array(&parts.baseline),
            array(&parts.seasonal),
            array(&parts.trend),
            array(&parts.residual),
        ])
    }))
}
