//! Sums, averages, variances and bits; each with its `…if` twin.
//!
//! Nulls are passed over. Sums of whole numbers are `long` and wrap; of nothing, a sum is zero, an average NaN, a
//! deviation zero.

use crate::aggregate::{Accumulator, Aggregate};
use crate::arithmetic;
use crate::function::Refusal;
use crate::value::Value;

pub(crate) const TABLE: &[Aggregate] = &[
    Aggregate { names: &["sum"], begin: |_, _| Ok(Box::new(Sum::default())) },
    Aggregate { names: &["sumif"], begin: |_, _| Ok(conditional(Sum::default())) },
    Aggregate { names: &["avg"], begin: |_, _| Ok(Box::new(Average::default())) },
    Aggregate { names: &["avgif"], begin: |_, _| Ok(conditional(Average::default())) },
    Aggregate { names: &["stdev"], begin: |_, _| Ok(Box::new(Moments::new(|m| m.variance(1.0).sqrt()))) },
    Aggregate {
        names: &["stdevif"],
        begin: |_, _| Ok(conditional(Moments::new(|m| m.variance(1.0).sqrt()))),
    },
    Aggregate { names: &["stdevp"], begin: |_, _| Ok(Box::new(Moments::new(|m| m.variance(0.0).sqrt()))) },
    Aggregate {
        names: &["stdevpif"],
        begin: |_, _| Ok(conditional(Moments::new(|m| m.variance(0.0).sqrt()))),
    },
    Aggregate { names: &["variance"], begin: |_, _| Ok(Box::new(Moments::new(|m| m.variance(1.0)))) },
    Aggregate { names: &["varianceif"], begin: |_, _| Ok(conditional(Moments::new(|m| m.variance(1.0)))) },
    Aggregate { names: &["variancep"], begin: |_, _| Ok(Box::new(Moments::new(|m| m.variance(0.0)))) },
    Aggregate { names: &["variancepif"], begin: |_, _| Ok(conditional(Moments::new(|m| m.variance(0.0)))) },
    Aggregate { names: &["covariance"], begin: |_, _| Ok(Box::new(Covariance::new(1.0))) },
    Aggregate { names: &["covarianceif"], begin: |_, _| Ok(conditional(Covariance::new(1.0))) },
    Aggregate { names: &["covariancep"], begin: |_, _| Ok(Box::new(Covariance::new(0.0))) },
    Aggregate { names: &["covariancepif"], begin: |_, _| Ok(conditional(Covariance::new(0.0))) },
    Aggregate { names: &["binary_all_and"], begin: |_, _| Ok(Box::new(Bits::new(-1, |a, b| a & b))) },
    Aggregate { names: &["binary_all_or"], begin: |_, _| Ok(Box::new(Bits::new(0, |a, b| a | b))) },
    Aggregate { names: &["binary_all_xor"], begin: |_, _| Ok(Box::new(Bits::new(0, |a, b| a ^ b))) },
];

/// Passes on the rows whose last argument is true.
#[derive(Debug)]
pub(super) struct If<A>(A);

/// The `…if` form of an aggregate: its last argument is the predicate.
pub(super) fn conditional<A: Accumulator + 'static>(inner: A) -> Box<dyn Accumulator> {
    Box::new(If(inner))
}

impl<A: Accumulator> Accumulator for If<A> {
    fn add(&mut self, arguments: &[Value]) -> Result<(), Refusal> {
        match arguments.split_last() {
            Some((predicate, arguments)) if predicate.as_bool() == Some(true) => self.0.add(arguments),
            _ => Ok(()),
        }
    }

    fn state(&self) -> Vec<Value> {
        self.0.state()
    }

    fn merge(&mut self, state: &[Value]) -> Result<(), Refusal> {
        self.0.merge(state)
    }

    fn finish(&self) -> Value {
        self.0.finish()
    }

    fn finish_all(&self) -> Vec<Value> {
        self.0.finish_all()
    }
}

/// `sum(x)`.
#[derive(Debug, Default)]
struct Sum(Value);

impl Accumulator for Sum {
    fn add(&mut self, arguments: &[Value]) -> Result<(), Refusal> {
        let value = &arguments[0];
        if !value.is_null() {
            let next = if self.0.is_null() { widened(value) } else { arithmetic::add(&self.0, value) };
            if !next.is_null() {
                self.0 = next;
            }
        }
        Ok(())
    }

    fn state(&self) -> Vec<Value> {
        vec![self.0.clone()]
    }

    fn merge(&mut self, state: &[Value]) -> Result<(), Refusal> {
        self.add(state)
    }

    fn finish(&self) -> Value {
        // Of what type the zero is, the binder knows: a long zero is one of each.
        if self.0.is_null() { Value::Long(0) } else { self.0.clone() }
    }
}

fn widened(value: &Value) -> Value {
    match value {
        Value::Int(number) => Value::Long(i64::from(*number)),
        Value::Dynamic(json) => match json.to_value() {
            number @ (Value::Long(_) | Value::Real(_) | Value::Decimal(_) | Value::TimeSpan(_)) => number,
            _ => Value::Null,
        },
        value => value.clone(),
    }
}

/// `avg(x)`: of numbers a real, of moments and spans their own type.
#[derive(Debug, Default)]
struct Average {
    sum: Value,
    ticks: i128,
    count: i64,
}

impl Accumulator for Average {
    fn add(&mut self, arguments: &[Value]) -> Result<(), Refusal> {
        match &arguments[0] {
            Value::Null => return Ok(()),
            value @ (Value::DateTime(ticks) | Value::TimeSpan(ticks)) => {
                self.ticks += i128::from(*ticks);
                self.sum = value.clone();
            }
            value => {
                let number = match value {
                    Value::Decimal(_) => value.clone(),
                    value => value.as_real().into(),
                };
                if number.is_null() {
                    return Ok(());
                }
                self.sum = if self.sum.is_null() { number } else { arithmetic::add(&self.sum, &number) };
            }
        }
        self.count += 1;
        Ok(())
    }

    fn state(&self) -> Vec<Value> {
        let ticks = Value::string(self.ticks.to_string());
        vec![self.sum.clone(), ticks, Value::Long(self.count)]
    }

    fn merge(&mut self, state: &[Value]) -> Result<(), Refusal> {
        let [sum, ticks, count] = state else { return Ok(()) };
        self.ticks += ticks.as_str().and_then(|ticks| ticks.parse::<i128>().ok()).unwrap_or_default();
        self.sum = match (&self.sum, sum) {
            (Value::Null, sum) | (sum, Value::Null) => sum.clone(),
            (Value::DateTime(_) | Value::TimeSpan(_), sum) => sum.clone(),
            (left, right) => arithmetic::add(left, right),
        };
        self.count += count.as_long().unwrap_or_default();
        Ok(())
    }

    fn finish(&self) -> Value {
        let mean = |count: i64| i64::try_from(self.ticks / i128::from(count)).ok();
        match &self.sum {
            _ if self.count == 0 => Value::Real(f64::NAN),
            Value::DateTime(_) => mean(self.count).map_or(Value::Null, Value::DateTime),
            Value::TimeSpan(_) => mean(self.count).map_or(Value::Null, Value::TimeSpan),
            sum => arithmetic::divide(sum, &Value::Long(self.count)),
        }
    }
}

/// Count, mean and the sum of squared distances from it (Welford's recurrence; parts meet by Chan's).
#[derive(Debug)]
pub(super) struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
    result: fn(&Self) -> f64,
}

impl Moments {
    fn new(result: fn(&Self) -> f64) -> Self {
        Self { count: 0.0, mean: 0.0, squares: 0.0, result }
    }

    /// The variance with so many degrees of freedom lost; of too few values, zero.
    fn variance(&self, lost: f64) -> f64 {
        if self.count <= lost { 0.0 } else { self.squares / (self.count - lost) }
    }
}

impl Accumulator for Moments {
    fn add(&mut self, arguments: &[Value]) -> Result<(), Refusal> {
        if let Some(number) = arguments[0].as_real() {
            self.count += 1.0;
            let distance = number - self.mean;
            self.mean += distance / self.count;
            self.squares += distance * (number - self.mean);
        }
        Ok(())
    }

    fn state(&self) -> Vec<Value> {
        vec![Value::Real(self.count), Value::Real(self.mean), Value::Real(self.squares)]
    }

    fn merge(&mut self, state: &[Value]) -> Result<(), Refusal> {
        let numbers: Vec<f64> = state.iter().filter_map(Value::as_real).collect();
        if let [count, mean, squares] = numbers[..]
            && count > 0.0
        {
            let total = self.count + count;
            let distance = mean - self.mean;
            self.squares += squares + distance * distance * self.count * count / total;
            self.mean += distance * count / total;
            self.count = total;
        }
        Ok(())
    }

    fn finish(&self) -> Value {
        Value::Real((self.result)(self))
    }
}

/// `covariance(x, y)`: rows where one is null are passed over.
#[derive(Debug)]
struct Covariance {
    count: f64,
    means: [f64; 2],
    product: f64,
    lost: f64,
}

impl Covariance {
    fn new(lost: f64) -> Self {
        Self { count: 0.0, means: [0.0; 2], product: 0.0, lost }
    }
}

impl Accumulator for Covariance {
    fn add(&mut self, arguments: &[Value]) -> Result<(), Refusal> {
        if let (Some(x), Some(y)) = (arguments[0].as_real(), arguments[1].as_real()) {
            self.count += 1.0;
            let distance = x - self.means[0];
            self.means[0] += distance / self.count;
            self.means[1] += (y - self.means[1]) / self.count;
            self.product += distance * (y - self.means[1]);
        }
        Ok(())
    }

    fn state(&self) -> Vec<Value> {
        [self.count, self.means[0], self.means[1], self.product].map(Value::Real).to_vec()
    }

    fn merge(&mut self, state: &[Value]) -> Result<(), Refusal> {
        let numbers: Vec<f64> = state.iter().filter_map(Value::as_real).collect();
        if let [count, x, y, product] = numbers[..]
            && count > 0.0
        {
            let total = self.count + count;
            let (dx, dy) = (x - self.means[0], y - self.means[1]);
            self.product += product + dx * dy * self.count * count / total;
            self.means[0] += dx * count / total;
            self.means[1] += dy * count / total;
            self.count = total;
        }
        Ok(())
    }

    fn finish(&self) -> Value {
        Value::Real(if self.count <= self.lost { 0.0 } else { self.product / (self.count - self.lost) })
    }
}

/// `binary_all_and(x)` and its kin.
#[derive(Debug)]
struct Bits {
    bits: i64,
    seen: bool,
    combine: fn(i64, i64) -> i64,
}

impl Bits {
    fn new(start: i64, combine: fn(i64, i64) -> i64) -> Self {
        Self { bits: start, seen: false, combine }
    }
}

impl Accumulator for Bits {
    fn add(&mut self, arguments: &[Value]) -> Result<(), Refusal> {
        if let Some(number) = arguments[0].as_long() {
            self.bits = (self.combine)(self.bits, number);
            self.seen = true;
        }
        Ok(())
    }

    fn state(&self) -> Vec<Value> {
        vec![if self.seen { Value::Long(self.bits) } else { Value::Null }]
    }

    fn merge(&mut self, state: &[Value]) -> Result<(), Refusal> {
        self.add(state)
    }

    fn finish(&self) -> Value {
        if self.seen { Value::Long(self.bits) } else { Value::Null }
    }
}
