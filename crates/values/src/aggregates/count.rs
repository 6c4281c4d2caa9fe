//! `count` and `countif`.

use crate::aggregate::{Accumulator, Aggregate};
use crate::function::Refusal;
use crate::value::Value;

pub(crate) const TABLE: &[Aggregate] = &[
    Aggregate { names: &["count"], begin: |_, _| Ok(Box::<Count>::default()) },
    Aggregate { names: &["countif"], begin: |_, _| Ok(Box::<CountIf>::default()) },
];

/// `count()`: rows, whatever the argument.
#[derive(Debug, Default)]
struct Count(i64);

impl Accumulator for Count {
    fn add(&mut self, _: &[Value]) -> Result<(), Refusal> {
        self.0 += 1;
        Ok(())
    }

    fn state(&self) -> Vec<Value> {
        vec![Value::Long(self.0)]
    }

    fn merge(&mut self, state: &[Value]) -> Result<(), Refusal> {
        self.0 += state.first().and_then(Value::as_long).unwrap_or_default();
        Ok(())
    }

    fn finish(&self) -> Value {
        Value::Long(self.0)
    }
}

/// `countif(predicate)`: rows where the predicate is true.
#[derive(Debug, Default)]
struct CountIf(Count);

impl Accumulator for CountIf {
    fn add(&mut self, arguments: &[Value]) -> Result<(), Refusal> {
        if arguments[0].as_bool() == Some(true) { self.0.add(&[]) } else { Ok(()) }
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
}
