//! `join`, `lookup` and `union`.

use std::collections::{HashMap, HashSet};

use azimuth_kql::bound::{Expr, Join, JoinColumn, JoinKind, UnionInput};
use azimuth_kql::types::Schema;
use azimuth_values::Value;

use crate::eval::{Env, eval};
use crate::run::{Failure, Run};
use crate::table::{Row, Table, key_of, null_of};

/// `join`: rows whose keys are equal; null keys are equal to each other.
pub(super) fn join(run: &Run<'_>, join: &Join, left: &Table, right: &Table) -> Result<Vec<Row>, Failure> {
    let (left_keys, right_keys): (Vec<&Expr>, Vec<&Expr>) = join.keys.iter().map(|(l, r)| (l, r)).unzip();
    let keys = |table: &Table, exprs: &[&Expr]| -> Result<Vec<Vec<u8>>, Failure> {
        table
            .rows
            .iter()
            .map(|row| {
                let env = Env::of(run, row);
                let values = exprs.iter().map(|expr| eval(expr, &env)).collect::<Result<Vec<_>, _>>()?;
                Ok(key_of(&values))
            })
            .collect()
    };
    let (left_keys, right_keys) = (keys(left, &left_keys)?, keys(right, &right_keys)?);
    let mut matches: HashMap<&[u8], Vec<usize>> = HashMap::new();
    for (index, key) in right_keys.iter().enumerate() {
        matches.entry(key).or_default().push(index);
    }
    let nulls = |schema: &Schema| -> Row { schema.columns.iter().map(|column| null_of(column.ty)).collect() };
    let (no_left, no_right) = (nulls(&left.schema), nulls(&right.schema));
    let put = |left: &[Value], right: &[Value]| -> Row {
        join.output
            .iter()
            .map(|column| match column {
                JoinColumn::Left(index) => left[*index].clone(),
                JoinColumn::Right(index) => right[*index].clone(),
            })
            .collect()
    };
    let mut rows = Vec::new();
    let mut taken = HashSet::new();
    let mut met = vec![false; right.rows.len()];
    for (row, key) in left.rows.iter().zip(&left_keys) {
        if join.kind == JoinKind::InnerUnique && !taken.insert(key) {
            continue;
        }
        let found = matches.get(key.as_slice()).map(Vec::as_slice).unwrap_or_default();
        found.iter().for_each(|&index| met[index] = true);
        match join.kind {
            JoinKind::LeftSemi if !found.is_empty() => rows.push(put(row, &no_right)),
            JoinKind::LeftAnti if found.is_empty() => rows.push(put(row, &no_right)),
            JoinKind::LeftSemi | JoinKind::LeftAnti | JoinKind::RightSemi | JoinKind::RightAnti => {}
            JoinKind::LeftOuter | JoinKind::FullOuter if found.is_empty() => rows.push(put(row, &no_right)),
            _ => {
                run.count_wide(found.len(), join.output.len())?;
                rows.extend(found.iter().map(|&index| put(row, &right.rows[index])));
            }
        }
    }
    for (row, met) in right.rows.iter().zip(met) {
        match join.kind {
            JoinKind::RightOuter | JoinKind::FullOuter | JoinKind::RightAnti if !met => {
                rows.push(put(&no_left, row));
            }
            JoinKind::RightSemi if met => rows.push(put(&no_left, row)),
            _ => {}
        }
    }
    Ok(rows)
}

/// `union`: the rows of all inputs under one schema.
pub(super) fn union(
    run: &Run<'_>,
    inputs: &[UnionInput],
    has_source: bool,
    is_fuzzy: bool,
    schema: &Schema,
    given: Option<&Table>,
) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    for input in inputs {
        let table = match run.table(&input.rel, given) {
            Ok(table) => table,
            Err(Failure::Refused(_)) if is_fuzzy => continue,
            Err(failure) => return Err(failure),
        };
        let types: Vec<_> =
            schema.columns.iter().skip(usize::from(has_source)).map(|column| column.ty).collect();
        let mut places: Vec<_> = types.into_iter().map(|ty| (None, ty)).collect();
        for (index, output) in input.outputs.iter().enumerate() {
            if let Some(output) = output {
                places[*output].0 = Some(index);
            }
        }
        rows.extend(table.rows.iter().map(|row| {
            let source = has_source.then(|| Value::string(input.source.as_str()));
            let cells = places.iter().map(|(place, ty)| match place {
                Some(index) => row[*index].clone(),
                None => null_of(*ty),
            });
            source.into_iter().chain(cells).collect()
        }));
    }
    Ok(rows)
}
