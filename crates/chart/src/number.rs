//! Numbers as people read them: exact with thousands separators, short with an SI prefix on axes.

/// A number without separators, for identifiers such as ports, and cells of tables.
pub(crate) fn plain(value: f64) -> String {
    if !value.is_finite() || (value != 0.0 && !(1e-4..1e15).contains(&value.abs())) {
        return scientific(value);
    }
    trimmed(value, 6)
}

/// A number with thousands separators and up to four decimals: `12,345.5`.
pub(crate) fn exact(value: f64) -> String {
    if value != 0.0 && !(1e-3..1e15).contains(&value.abs()) {
        return scientific(value);
    }
    let decimals = if value.abs() < 1.0 { 6 } else { 4 };
    separated(&trimmed(value, decimals))
}

/// A number in few characters: `950`, `12.3k`, `4.5M`.
pub(crate) fn short(value: f64) -> String {
    if value.abs() < 10_000.0 {
        return exact((value * 100.0).round() / 100.0);
    }
    let (divisor, suffix) = prefix(value.abs());
    if divisor == 0.0 {
        return scientific(value);
    }
    format!("{}{suffix}", trimmed(value / divisor, 1))
}

/// A part of a whole in percent: `12.3 %`.
pub(crate) fn percent(share: f64) -> String {
    format!("{} %", trimmed(share * 100.0, 1))
}

/// The labels of an axis: one SI prefix and one number of decimals for all of them.
pub(crate) fn axis_labels(values: &[f64], step: f64) -> Vec<String> {
    let most = values.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
    let tiny = most > 0.0 && most < 1e-3;
    let (divisor, suffix) = if most >= 10_000.0 { prefix(most) } else { (1.0, "") };
    if divisor == 0.0 || tiny {
        return values.iter().map(|value| scientific(*value)).collect();
    }
    let step = step / divisor;
    let decimals = if step > 0.0 { (-(step * 1.0001).log10().floor()).clamp(0.0, 9.0) as usize } else { 2 };
    let label = |value: &f64| {
        if *value == 0.0 {
            return "0".to_owned();
        }
        let text = format!("{:.decimals$}", value / divisor);
        format!("{}{suffix}", separated(&text))
    };
    values.iter().map(label).collect()
}

/// `1.2e18`, and words for what is not finite.
fn scientific(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "∞" } else { "−∞" }.to_owned();
    }
    let text = format!("{value:.2e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let digits =
        if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits };
    format!("{digits}e{exponent}")
}

/// Divisor and suffix of the SI prefix for a magnitude; a divisor of 0 means that none fits.
fn prefix(magnitude: f64) -> (f64, &'static str) {
    match magnitude {
        m if m >= 1e18 => (0.0, ""),
        m if m >= 1e15 => (1e15, "P"),
        m if m >= 1e12 => (1e12, "T"),
        m if m >= 1e9 => (1e9, "G"),
        m if m >= 1e6 => (1e6, "M"),
        m if m >= 1e3 => (1e3, "k"),
        _ => (1.0, ""),
    }
}

fn trimmed(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// Inserts thousands separators into the whole part of a plain decimal.
fn separated(text: &str) -> String {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let (whole, fraction) = digits.find('.').map_or((digits, ""), |point| digits.split_at(point));
    let mut out = String::with_capacity(text.len() + whole.len() / 3);
    out.push_str(sign);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out.push_str(fraction);
    out
}

/// A whole count: `12,345`.
pub(crate) fn count(value: usize) -> String {
    separated(&value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_numbers_have_separators() {
        assert_eq!(exact(1_234_567.0), "1,234,567");
        assert_eq!(exact(-1234.5), "-1,234.5");
        assert_eq!(exact(0.25), "0.25");
        assert_eq!(exact(-0.0), "0");
        assert_eq!(exact(1e300), "1e300");
        assert_eq!(exact(2.5e-7), "2.5e-7");
        assert_eq!(plain(f64::INFINITY), "∞");
        assert_eq!(plain(443.0), "443");
    }

    #[test]
    fn short_numbers_have_a_prefix() {
        assert_eq!(short(999.0), "999");
        assert_eq!(short(9_999.0), "9,999");
        assert_eq!(short(12_345.0), "12.3k");
        assert_eq!(short(-4_500_000.0), "-4.5M");
        assert_eq!(short(3e20), "3e20");
    }

    #[test]
    fn labels_of_an_axis_share_prefix_and_decimals() {
        assert_eq!(axis_labels(&[0.0, 500_000.0, 1_000_000.0], 500_000.0), ["0", "0.5M", "1.0M"]);
        assert_eq!(axis_labels(&[0.0, 2_000.0, 4_000.0], 2_000.0), ["0", "2,000", "4,000"]);
        assert_eq!(axis_labels(&[-0.5, 0.0, 0.5], 0.5), ["-0.5", "0", "0.5"]);
    }
}
