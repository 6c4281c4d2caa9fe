//! Scales: from values to a share of an axis, linear or logarithmic, with round ticks.

use crate::{number, time};

/// What an axis measures.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Quantity {
    Number,
    /// Shares of a whole, 1 is all of it.
    Share,
    /// Ticks after `origin`: offsets keep the precision that ticks since year 1 lose in a double.
    Datetime {
        origin: i64,
    },
    /// Ticks.
    Timespan,
    /// Names at 0, 1, 2 …
    Category(Vec<String>),
}

impl Quantity {
    /// A value in full, for tooltips and lists.
    pub(crate) fn exact(&self, value: f64) -> String {
        match self {
            Self::Number => number::exact(value),
            Self::Share => number::percent(value),
            Self::Datetime { origin } => time::datetime_text(origin.saturating_add(value as i64)),
            Self::Timespan => time::timespan_text(value as i64),
            Self::Category(names) => names.get(value.max(0.0) as usize).cloned().unwrap_or_default(),
        }
    }

    /// A value in few characters.
    pub(crate) fn short(&self, value: f64) -> String {
        match self {
            Self::Number => number::short(value),
            Self::Timespan => time::timespan_short(value),
            Self::Share | Self::Datetime { .. } | Self::Category(_) => self.exact(value),
        }
    }
}

/// An axis: what it measures, from where to where, and its title.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Axis {
    pub(crate) title: String,
    pub(crate) quantity: Quantity,
    pub(crate) log: bool,
    // INVARIANT: min < max, both finite; both positive if `log`.
    min: f64,
    max: f64,
}

/// A tick and its label.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tick {
    /// Its place, 0 at the start of the axis and 1 at its end.
    pub(crate) at: f64,
    pub(crate) label: String,
}

impl Axis {
    /// An axis over a range. A range without extent is widened, a logarithmic one that reaches 0 starts above it.
    pub(crate) fn new(title: &str, quantity: Quantity, log: bool, min: f64, max: f64) -> Self {
        let log = log && matches!(quantity, Quantity::Number | Quantity::Timespan);
        let (min, max) = if log { log_range(min, max) } else { linear_range(&quantity, min, max) };
        Self { title: title.to_owned(), quantity, log, min, max }
    }

    pub(crate) fn min(&self) -> f64 {
        self.min
    }

    pub(crate) fn max(&self) -> f64 {
        self.max
    }

    /// The same axis, ending at round values where `low` and `high` say so.
    pub(crate) fn rounded(mut self, low: bool, high: bool) -> Self {
        const TICKS: usize = 5;
        if self.log {
            if low {
                self.min = 10_f64.powf((self.min.log10() + 1e-9).floor()).max(f64::MIN_POSITIVE);
            }
            if high {
                let end = 10_f64.powf((self.max.log10() - 1e-9).ceil());
                self.max = if end > self.min { end } else { self.min * 10.0 };
            }
            return self;
        }
        let step = self.step(TICKS);
        if low {
            self.min = (self.min / step + 1e-9).floor() * step;
        }
        if high {
            self.max = (self.max / step - 1e-9).ceil() * step;
        }
        let (min, max) = linear_range(&self.quantity, self.min, self.max);
        Self { min, max, ..self }
    }

    /// Where a value lies: 0 at the start, 1 at the end, beyond both for values outside. `None` if the axis has no
    /// place for it.
    pub(crate) fn place(&self, value: f64) -> Option<f64> {
        let place = if self.log {
            if value <= 0.0 {
                return None;
            }
            (value.log10() - self.min.log10()) / (self.max.log10() - self.min.log10())
        } else {
            (value - self.min) / (self.max - self.min)
        };
        // Far outside is as good as somewhat outside, and keeps coordinates small.
        place.is_finite().then(|| place.clamp(-2.0, 3.0))
    }

    /// Where bars and areas start: zero if it is on the axis, else the nearer end.
    pub(crate) fn base(&self) -> f64 {
        if self.log { self.min } else { 0.0_f64.clamp(self.min, self.max) }
    }

    fn step(&self, most: usize) -> f64 {
        let range = self.max - self.min;
        match self.quantity {
            Quantity::Timespan => time::timespan_step(range, most),
            Quantity::Number | Quantity::Share | Quantity::Datetime { .. } | Quantity::Category(_) => {
                round_step(range, most)
            }
        }
    }

    /// Round ticks, no more than about `most`. Categories have a tick each if they fit, else every second, third …
    pub(crate) fn ticks(&self, most: usize) -> Vec<Tick> {
        let most = most.clamp(1, 200);
        let tick = |value: f64, label: String| self.place(value).map(|at| Tick { at, label });
        match &self.quantity {
            Quantity::Datetime { origin } => {
                let (min, max) = (self.min.ceil() as i64, self.max.floor() as i64);
                let ticks =
                    time::datetime_ticks(origin.saturating_add(min), origin.saturating_add(max), most);
                ticks.into_iter().filter_map(|(at, label)| tick((at - origin) as f64, label)).collect()
            }
            Quantity::Category(names) => {
                let stride = names.len().div_ceil(most).max(1);
                let named = names.iter().enumerate().step_by(stride);
                named.filter_map(|(index, name)| tick(index as f64, name.clone())).collect()
            }
            Quantity::Number | Quantity::Share | Quantity::Timespan => {
                let (values, step) = if self.log { (self.decades(most), 0.0) } else { self.multiples(most) };
                let labels: Vec<String> = match self.quantity {
                    Quantity::Number if self.log => {
                        values.iter().map(|value| number::short(*value)).collect()
                    }
                    Quantity::Number => number::axis_labels(&values, step),
                    _ => values.iter().map(|value| self.quantity.short(*value)).collect(),
                };
                values.into_iter().zip(labels).filter_map(|(value, label)| tick(value, label)).collect()
            }
        }
    }

    fn multiples(&self, most: usize) -> (Vec<f64>, f64) {
        let step = self.step(most);
        let (first, last) = ((self.min / step - 1e-9).ceil(), (self.max / step + 1e-9).floor());
        let count = (last - first).clamp(0.0, 200.0) as usize;
        ((0..=count).map(|index| (first + index as f64) * step).collect(), step)
    }

    fn decades(&self, most: usize) -> Vec<f64> {
        let (first, last) = ((self.min.log10() - 1e-9).ceil(), (self.max.log10() + 1e-9).floor());
        let count = (last - first).clamp(0.0, 700.0) as usize;
        if count < 1 {
            // Within one decade a linear choice reads better.
            return self.multiples(most).0.into_iter().filter(|value| *value > 0.0).collect();
        }
        let stride = (count + 1).div_ceil(most).max(1);
        (0..=count).step_by(stride).map(|index| 10_f64.powf(first + index as f64)).collect()
    }
}

/// The smallest step of 1, 2 or 5 times a power of ten that divides `range` into no more than `most` parts.
pub(crate) fn round_step(range: f64, most: usize) -> f64 {
    let rough = range / most.max(1) as f64;
    if !rough.is_finite() || rough <= 0.0 {
        return 1.0;
    }
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|step| *step >= rough * 0.999_999);
    step.filter(|step| step.is_normal()).unwrap_or(rough)
}

fn linear_range(quantity: &Quantity, min: f64, max: f64) -> (f64, f64) {
    let (min, max) = if min <= max { (min, max) } else { (max, min) };
    if !min.is_finite() || !max.is_finite() {
        return (0.0, 1.0);
    }
    let smallest = (min.abs().max(max.abs()) * 1e-12).max(1e-300);
    if max - min > smallest {
        return (min, max);
    }
    let around = match quantity {
        Quantity::Datetime { .. } => time::MINUTE as f64,
        Quantity::Category(_) => 0.5,
        Quantity::Share | Quantity::Number | Quantity::Timespan if min == 0.0 => return (0.0, 1.0),
        Quantity::Share | Quantity::Number | Quantity::Timespan => min.abs() * 0.5,
    };
    (min - around, max + around)
}

fn log_range(min: f64, max: f64) -> (f64, f64) {
    let max = if max.is_finite() && max > 0.0 { max.max(1e-290) } else { 10.0 };
    let min = if min.is_finite() && min > 0.0 { min.max(1e-300) } else { max / 1e3 };
    let (min, max) = if min <= max { (min, max) } else { (max, min) };
    if max / min > 1.000_001 { (min, max) } else { (min / 2.0, max * 2.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(min: f64, max: f64) -> Axis {
        Axis::new("", Quantity::Number, false, min, max)
    }

    fn labels(axis: &Axis, most: usize) -> Vec<String> {
        axis.ticks(most).into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn ticks_are_round_and_evenly_placed() {
        let axis = axis(0.0, 87.0).rounded(true, true);
        assert_eq!((axis.min(), axis.max()), (0.0, 100.0));
        assert_eq!(labels(&axis, 5), ["0", "20", "40", "60", "80", "100"]);
        assert_eq!(axis.place(50.0), Some(0.5));
    }

    #[test]
    fn equal_values_get_room() {
        assert_eq!((axis(0.0, 0.0).min(), axis(0.0, 0.0).max()), (0.0, 1.0));
        let around = axis(8.0, 8.0);
        assert_eq!((around.min(), around.max()), (4.0, 12.0));
    }

    #[test]
    fn logarithmic_ticks_are_powers_of_ten() {
        let axis = Axis::new("", Quantity::Number, true, 3.0, 45_000.0).rounded(true, true);
        assert_eq!(labels(&axis, 10), ["1", "10", "100", "1,000", "10k", "100k"]);
        assert_eq!(axis.place(0.0), None);
        assert!((axis.place(1_000.0).unwrap() - 0.6).abs() < 1e-9);
    }

    #[test]
    fn crowded_categories_skip_labels() {
        let names: Vec<String> = (0..10).map(|index| format!("c{index}")).collect();
        let axis = Axis::new("", Quantity::Category(names), false, -0.5, 9.5);
        assert_eq!(labels(&axis, 4), ["c0", "c3", "c6", "c9"]);
    }

    #[test]
    fn extreme_ranges_have_finite_ticks() {
        for (min, max) in [(-1e300, 1e300), (1e-300, 2e-300), (1e15, 1e15 + 0.1), (-5e-324, 5e-324)] {
            let axis = axis(min, max).rounded(true, true);
            let ticks = axis.ticks(6);
            assert!(ticks.len() <= 202, "{min} {max}: {}", ticks.len());
            assert!(ticks.iter().all(|tick| tick.at.is_finite()), "{min} {max}");
        }
    }
}
