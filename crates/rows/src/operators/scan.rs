//! `scan`: rows matched against a sequence of steps.
//!
//! Source: "scan operator", section on its logic: each step keeps the state of the latest sequence that has reached it; a
//! row is offered to the steps from the last to the first, and a step takes it from itself or from the step before.

use std::collections::HashMap;

use azimuth_kql::bound::{Call, Scan};
use azimuth_values::Value;

use super::order;
use crate::eval::{self, Elements, Env, eval};
use crate::run::{Failure, Run};
use crate::table::{Row, key_of};

/// What a step remembers: the last row that each step of its sequence took, with its declared columns.
#[derive(Clone, Debug)]
struct State {
    rows: Vec<Option<Row>>,
    id: i64,
}

struct Steps<'s> {
    rows: &'s [Option<Row>],
    defaults: &'s [Value],
    /// Columns of the input, before the declared ones
    width: usize,
}

impl Elements for Steps<'_> {
    fn element(&self, _: usize, _: Option<usize>) -> Value {
        Value::Null
    }

    fn step(&self, step: usize, column: usize) -> Value {
        match self.rows.get(step).and_then(Option::as_ref) {
            Some(row) => row.get(column).cloned().unwrap_or_default(),
            // A declared column of a step that has taken nothing has its default.
            None => column
                .checked_sub(self.width)
                .and_then(|index| self.defaults.get(index))
                .cloned()
                .unwrap_or_default(),
        }
    }

    fn call(&self, _: &Env<'_>, _: &Call) -> Option<Result<Value, Failure>> {
        None
    }
}

/// `scan`.
pub(super) fn scan(run: &Run<'_>, scan: &Scan, rows: Vec<Row>) -> Result<Vec<Row>, Failure> {
    let rows = if scan.order.is_empty() { rows } else { order::sort(run, rows, &scan.order)? };
    let mut parts: Vec<Vec<Row>> = Vec::new();
    let mut places: HashMap<Vec<u8>, usize> = HashMap::new();
    for row in rows {
        let env = Env::of(run, &row);
        let key = scan.partition.iter().map(|expr| eval(expr, &env)).collect::<Result<Vec<_>, _>>()?;
        let place = *places.entry(key_of(&key)).or_insert_with(|| {
            parts.push(Vec::new());
            parts.len() - 1
        });
        parts[place].push(row);
    }
    let defaults =
        scan.declare.iter().map(|expr| eval::constant(run, expr)).collect::<Result<Vec<_>, _>>()?;
    let mut out = Vec::new();
    let mut next_id = 0;
    for part in parts {
        sequence(run, scan, &part, &defaults, &mut next_id, &mut out)?;
    }
    Ok(out)
}

fn sequence(
    run: &Run<'_>,
    scan: &Scan,
    rows: &[Row],
    defaults: &[Value],
    next_id: &mut i64,
    out: &mut Vec<Row>,
) -> Result<(), Failure> {
    let count = scan.steps.len();
    let mut states: Vec<Option<State>> = vec![None; count];
    // Rows that a step with `output=last` holds back until its sequence leaves it.
    let mut held: Vec<Option<Row>> = vec![None; count];
    for row in rows {
        for index in (0..count).rev() {
            // The step's own state first, then those of the steps before that may hand over.
            let mut sources = vec![index];
            for earlier in (0..index).rev() {
                sources.push(earlier);
                if !scan.steps[earlier].is_optional {
                    break;
                }
            }
            let starts = index == 0 || scan.steps[..index].iter().all(|step| step.is_optional);
            let mut taken = None;
            for source in sources {
                let Some(state) = states[source].clone() else { continue };
                if matches(run, scan, index, row, &state.rows, defaults)? {
                    taken = Some((Some(source), state));
                    break;
                }
            }
            if taken.is_none() && starts && states[index].is_none() {
                let fresh = State { rows: vec![None; count], id: *next_id };
                if matches(run, scan, index, row, &fresh.rows, defaults)? {
                    *next_id += 1;
                    taken = Some((None, fresh));
                }
            }
            let Some((source, mut state)) = taken else { continue };
            let mut full: Row = row.iter().cloned().chain(defaults.iter().cloned()).collect();
            // Assignments begin from what the step's declared columns were, or the defaults.
            let declared = row.len();
            let before = state.rows[index].clone().filter(|_| source == Some(index));
            if let Some(before) = &before {
                full[declared..].clone_from_slice(&before[declared..]);
            }
            for (place, value) in &scan.steps[index].assignments {
                let steps = Steps { rows: &state.rows, defaults, width: row.len() };
                let env = Env { elements: Some(&steps), ..Env::of(run, &full) };
                let value = eval(value, &env)?;
                full[*place] = value;
            }
            if source != Some(index) {
                // The sequence moves on: what the steps passed held back comes out.
                if let Some(source) = source {
                    out.extend(held[source].take());
                    states[source] = None;
                }
            }
            state.rows[index] = Some(full.clone());
            let mut made = full;
            if scan.has_match_id {
                made.push(Value::Long(state.id));
            }
            if scan.has_step_name {
                made.push(Value::string(scan.steps[index].name.as_str()));
            }
            match scan.steps[index].output.as_str() {
                "none" => {}
                "last" => held[index] = Some(made),
                _ => out.push(made),
            }
            states[index] = Some(state);
            break;
        }
        run.count(1)?;
    }
    out.extend(held.into_iter().flatten());
    Ok(())
}

fn matches(
    run: &Run<'_>,
    scan: &Scan,
    index: usize,
    row: &[Value],
    rows: &[Option<Row>],
    defaults: &[Value],
) -> Result<bool, Failure> {
    let full: Row = row.iter().cloned().chain(defaults.iter().cloned()).collect();
    let steps = Steps { rows, defaults, width: row.len() };
    let env = Env { elements: Some(&steps), ..Env::of(run, &full) };
    Ok(eval(&scan.steps[index].condition, &env)?.as_bool() == Some(true))
}
