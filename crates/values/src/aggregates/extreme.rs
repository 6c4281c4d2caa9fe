//! The smallest, the largest, and rows that have them: `min`, `max`, `arg_min`, `arg_max`, `take_any`.

use std::cmp::Ordering;

use super::sum::conditional;
use crate::aggregate::{Accumulator, Aggregate};
use crate::compare;
use crate::function::Refusal;
use crate::value::Value;

pub(crate) const TABLE: &[Aggregate] = &[
    Aggregate { names: &["min"], begin: |_, _| Ok(Box::new(Extreme::new(Ordering::Less))) },
    Aggregate { names: &["max"], begin: |_, _| Ok(Box::new(Extreme::new(Ordering::Greater))) },
    Aggregate { names: &["minif"], begin: |_, _| Ok(conditional(Extreme::new(Ordering::Less))) },
    Aggregate { names: &["maxif"], begin: |_, _| Ok(conditional(Extreme::new(Ordering::Greater))) },
    Aggregate { names: &["arg_min", "argmin"], begin: |_, _| Ok(Box::new(Arg::new(Ordering::Less))) },
    Aggregate { names: &["arg_max", "argmax"], begin: |_, _| Ok(Box::new(Arg::new(Ordering::Greater))) },
    Aggregate { names: &["take_any", "any"], begin: |_, _| Ok(Box::new(TakeAny::default())) },
    Aggregate { names: &["take_anyif", "anyif"], begin: |_, _| Ok(conditional(TakeAny::default())) },
];

/// `min(x)`, `max(x)`: nulls are passed over.
#[derive(Debug)]
struct Extreme {
    best: Value,
    wanted: Ordering,
}

impl Extreme {
    fn new(wanted: Ordering) -> Self {
        Self { best: Value::Null, wanted }
    }
}

impl Accumulator for Extreme {
    fn add(&mut self, arguments: &[Value]) -> Result<(), Refusal> {
        let value = &arguments[0];
        if !value.is_null() && (self.best.is_null() || compare::total(value, &self.best) == self.wanted) {
            self.best = value.clone();
        }
        Ok(())
    }

    fn state(&self) -> Vec<Value> {
        vec![self.best.clone()]
    }

    fn merge(&mut self, state: &[Value]) -> Result<(), Refusal> {
        self.add(state)
    }

    fn finish(&self) -> Value {
        self.best.clone()
    }
}

/// `arg_max(x, y, …)`: the row with the largest `x`, of equal ones the first. A null is taken only while there is nothing
/// else.
#[derive(Debug)]
struct Arg {
    best: Option<Vec<Value>>,
    wanted: Ordering,
}

impl Arg {
    fn new(wanted: Ordering) -> Self {
        Self { best: None, wanted }
    }
}

impl Accumulator for Arg {
    fn add(&mut self, arguments: &[Value]) -> Result<(), Refusal> {
        let Some(key) = arguments.first() else { return Ok(()) };
        let better = match &self.best {
            None => true,
            Some(best) if key.is_null() => best.is_empty(),
            Some(best) => best[0].is_null() || compare::total(key, &best[0]) == self.wanted,
        };
        if better {
            self.best = Some(arguments.to_vec());
        }
        Ok(())
    }

    fn state(&self) -> Vec<Value> {
        self.best.clone().unwrap_or_default()
    }

    fn merge(&mut self, state: &[Value]) -> Result<(), Refusal> {
        self.add(state)
    }

    fn finish(&self) -> Value {
        self.best.as_ref().and_then(|best| best.first().cloned()).unwrap_or_default()
    }

    fn finish_all(&self) -> Vec<Value> {
        self.best.clone().unwrap_or_default()
    }
}

/// `take_any(x, …)`: the first row; a null or empty value gives way to one that is neither.
#[derive(Debug, Default)]
struct TakeAny(Option<Vec<Value>>);

impl Accumulator for TakeAny {
    fn add(&mut self, arguments: &[Value]) -> Result<(), Refusal> {
        let nothing = |value: &Value| value.is_null() || value.as_str() == Some("");
        match &mut self.0 {
            None => self.0 = Some(arguments.to_vec()),
            // With one column, the function looks for a value that is there.
            Some(kept) if arguments.len() == 1 && nothing(&kept[0]) && !nothing(&arguments[0]) => {
                kept[0] = arguments[0].clone();
            }
            Some(_) => {}
        }
        Ok(())
    }

    fn state(&self) -> Vec<Value> {
        self.0.clone().unwrap_or_default()
    }

    fn merge(&mut self, state: &[Value]) -> Result<(), Refusal> {
        if state.is_empty() { Ok(()) } else { self.add(state) }
    }

    fn finish(&self) -> Value {
        self.0.as_ref().and_then(|kept| kept.first().cloned()).unwrap_or_default()
    }

    fn finish_all(&self) -> Vec<Value> {
        self.0.clone().unwrap_or_default()
    }
}
