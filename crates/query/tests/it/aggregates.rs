//! Every aggregate over values that are hard on it, in groups few and many, against the row engine.

use std::sync::Arc;

use azimuth_kql::bind::MemoryCatalog;
use azimuth_kql::bound::TableName;
use azimuth_kql::types::{Column, ScalarType, Schema};
use azimuth_query::{Engine, cells};
use azimuth_rows::{Limits, Row, Source, Table, key_of, type_of};
use azimuth_values::{Context, Json, Refusal, Value};
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{Field, Schema as ArrowSchema};
use datafusion::catalog::MemTable;

use crate::support::{NOW, deep, engine, last, runtime};

/// Columns by their types; `u` is another number in every row, `many` nearly so.
pub(crate) const COLUMNS: &[(&str, ScalarType)] = &[
    ("u", ScalarType::Long),
    ("many", ScalarType::Long),
    ("few", ScalarType::String),
    ("b", ScalarType::Bool),
    ("i", ScalarType::Int),
    ("l", ScalarType::Long),
    ("r", ScalarType::Real),
    ("t", ScalarType::Datetime),
    ("p", ScalarType::Timespan),
    ("g", ScalarType::Guid),
    ("m", ScalarType::Decimal),
    ("s", ScalarType::String),
    ("d", ScalarType::Dynamic),
];

pub(crate) fn schema() -> Schema {
    Schema::new(COLUMNS.iter().map(|(name, ty)| Column::new(*name, *ty)).collect())
}

/// A number by chance, the same on every run.
pub(crate) fn chance(state: &mut u64, below: usize) -> usize {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    ((*state >> 33) % below as u64) as usize
}

fn cell(ty: ScalarType, state: &mut u64) -> Value {
    let pick = chance(state, 9);
    if pick == 8 && ty != ScalarType::String {
        return Value::Null;
    }
    let reals = [f64::NAN, -0.0, 0.0, 1.5, -2.5, f64::INFINITY, f64::NEG_INFINITY, 1e300];
    let longs = [i64::MIN, i64::MAX, 0, -1, 1, 7, 1 << 40, -(1 << 40)];
    match ty {
        ScalarType::Bool => Value::Bool(pick.is_multiple_of(2)),
        ScalarType::Int => Value::Int([i32::MIN, i32::MAX, 0, -1, 1, 7, 8, 9][pick]),
        ScalarType::Long => Value::Long(longs[pick]),
        ScalarType::Real => Value::Real(reals[pick]),
        ScalarType::Datetime => {
            Value::DateTime([0, NOW, NOW + 1, NOW - 1, 1, 2, NOW + 864_000_000_000, 3][pick])
        }
        ScalarType::Timespan => {
            Value::TimeSpan([0, -1, 1, 36_000_000_000, -36_000_000_000, 5, 6, 1 << 50][pick])
        }
        ScalarType::Guid => Value::Guid([0, 1, u128::MAX, 1 << 100, 5, 6, 7, 8][pick]),
        ScalarType::Decimal => Value::Decimal(
            ["0", "-1.5", "1.50", "10.25", "9.5", "100", "0.0000001", "-99999999999999"][pick]
                .parse()
                .unwrap(),
        ),
        ScalarType::Dynamic => Value::dynamic(match pick {
            0 => Json::Long(1),
            1 => Json::string("x \"quoted\"\n"),
            2 => Json::Array(vec![Json::Long(1), Json::string("b"), Json::Null, Json::Long(1)]),
            3 => Json::Object(vec![("a".into(), Json::Bool(true)), ("n".into(), Json::Null)]),
            4 => Json::string(""),
            5 => Json::DateTime(NOW),
            6 => Json::Array(Vec::new()),
            _ => Json::Real(1.5),
        }),
        _ => Value::string(
            [
                "",
                "a",
                "A",
                "a text that does not fit into the view of an array",
                "é\u{1}\"\\\n",
                "x",
                "10.0.0.17",
                "sixteen bytes!!!",
                "a text that does not fit into the view of an arraz",
            ][pick],
        ),
    }
}

pub(crate) fn rows(count: usize, groups: usize) -> Vec<Row> {
    let mut state = count as u64;
    (0..count)
        .map(|number| {
            COLUMNS
                .iter()
                .map(|(name, ty)| match *name {
                    "u" => Value::Long((number as i64).wrapping_mul(7_919) % count as i64),
                    "many" => Value::Long(chance(&mut state, groups) as i64),
                    "few" => Value::string(["", "one", "two"][chance(&mut state, 3)]),
                    _ => cell(*ty, &mut state),
                })
                .collect()
        })
        .collect()
}

pub(crate) struct Rows(pub(crate) Vec<Row>);

impl Source for Rows {
    fn table(&self, _: &TableName, schema: &Schema) -> Result<Table, Refusal> {
        Ok(Table::new(schema.clone(), self.0.clone()))
    }
}

pub(crate) fn planned(rows: &[Row]) -> Engine {
    let fields: Vec<Field> =
        COLUMNS.iter().map(|(name, ty)| Field::new(*name, cells::arrow_type(type_of(*ty)), true)).collect();
    let arrow = Arc::new(ArrowSchema::new(fields));
    let batch = |rows: &[Row]| {
        let column = |(place, (_, ty)): (usize, &(&str, ScalarType))| {
            cells::array(rows.iter().map(|row| &row[place]), type_of(*ty))
        };
        RecordBatch::try_new(arrow.clone(), COLUMNS.iter().enumerate().map(column).collect()).unwrap()
    };
    // Parts of different sizes in batches of different sizes.
    let (first, rest) = rows.split_at(rows.len() / 5);
    let (second, third) = rest.split_at(rest.len() / 2);
    let parts = [(first, 13), (second, 700), (third, 4096)];
    let parts = parts.map(|(rows, size)| rows.chunks(size).map(batch).collect()).to_vec();
    let mut engine = engine();
    engine.register_cells("T", Arc::new(MemTable::try_new(arrow, parts).unwrap()), schema()).unwrap();
    engine
}

/// Rows as a multiset; reals as far as the order of additions does not count, arrays without their order.
pub(crate) fn bag(table: &Table) -> Vec<Vec<u8>> {
    let rounded = |value: &Value| match value {
        Value::Real(number) if *number == 0.0 => Value::Real(0.0),
        Value::Real(number) if number.is_finite() => Value::string(format!("{number:.9e}")),
        Value::Dynamic(json) => match &**json {
            Json::Array(items) => {
                let written = |item: &Json| match item {
                    Json::Real(number) if number.is_finite() => format!("{:.9e}", number + 0.0),
                    item => item.to_text(),
                };
                let mut items: Vec<String> = items.iter().map(written).collect();
                items.sort();
                Value::string(items.join(","))
            }
            _ => value.clone(),
        },
        _ => value.clone(),
    };
    // The row engine leaves zero of spans a number, as the binder knows its type: cells have it.
    let typed = |(value, column): (&Value, &Column)| {
        let ty = type_of(column.ty);
        cells::value(&cells::array([value], ty), 0, ty)
    };
    let row = |row: &Row| {
        let cells = row.iter().zip(&table.schema.columns).map(typed);
        key_of(&cells.map(|value| rounded(&value)).collect::<Vec<_>>())
    };
    let mut bag: Vec<Vec<u8>> = table.rows.iter().map(row).collect();
    bag.sort();
    bag
}

/// Aggregates whose result does not depend on the order of rows.
fn aggregates() -> Vec<String> {
    let mut all: Vec<String> = [
        "count()",
        "countif(b)",
        "stdev(i)",
        "variance(l)",
        "stdevp(iff(isfinite(r) and r < 10, r, real(null)))",
        "variancepif(i, b)",
    ]
    .map(str::to_owned)
    .to_vec();
    for (name, _) in &COLUMNS[3..] {
        all.push(format!("dcount({name})"));
        all.push(format!("dcountif({name}, b, 2)"));
        all.push(format!("count_distinct({name})"));
        all.push(format!("make_set({name})"));
        all.push(format!("make_set_if({name}, l > 0)"));
        all.push(format!("make_list({name})"));
        all.push(format!("make_list_with_nulls({name})"));
        all.push(format!("make_list_if({name}, b)"));
        all.push(format!("array_length(make_list({name}, 3))"));
        all.push(format!("array_length(make_set({name}, 2))"));
        all.push(format!("isempty(take_any({name}))"));
        // A `dynamic` has values that are equal and written differently.
        if *name != "d" {
            all.push(format!("min({name}), max({name}), minif({name}, b), maxif({name}, i > 0)"));
            all.push(
                format!("arg_min({name}, few), arg_max({name}, s)").replace(", few", "").replace(", s", ""),
            );
        }
    }
    for name in ["i", "l", "r", "p", "m"] {
        all.push(format!("sum({name}), sumif({name}, b)"));
    }
    // Of numbers that cancel out, an average depends on the order.
    for name in ["i", "r", "p", "m"] {
        all.push(format!("avg({name}), avgif({name}, i > 0)"));
    }
    all.push("avg(t)".to_owned());
    for name in ["i", "l", "r", "t", "p"] {
        all.push(format!("percentile({name}, 50)"));
        all.push(format!("percentiles({name}, 0, 5, 50, 99.9, 100)"));
        all.push(format!("percentiles_array({name}, dynamic([10, 90]))"));
        all.push(format!("percentilew({name}, i, 50)"));
    }
    for name in ["i", "l"] {
        all.push(format!("binary_all_and({name}), binary_all_or({name}), binary_all_xor({name})"));
    }
    for columns in ["*", "s", "d, g, m", "t, p, b, r"] {
        all.push(format!("arg_max(u, {columns})"));
        all.push(format!("arg_min(u, {columns})"));
    }
    all.push("arg_max(t, u) | project max_t = t".to_owned());
    all.push("make_bag(pack(s, 1)) | project bag_keys = array_length(bag_keys(bag_))".to_owned());
    all
}

pub(crate) fn compare(rows: &[Row], tails: &[String]) {
    let engine = planned(rows);
    let source = Rows(rows.to_vec());
    let mut catalog = MemoryCatalog::new();
    catalog.add_table("T", schema());
    let runtime = runtime();
    let (mut wrong, mut refused) = (Vec::new(), Vec::new());
    for tail in tails {
        let text = format!("T | {tail}");
        let context = Context::new(NOW, 1);
        let slow = azimuth_rows::query(&text, &catalog, &source, &context, Limits::default());
        let fast = runtime.block_on(last(&engine, &text));
        match (slow, fast) {
            (Ok((_, slow)), Ok(fast)) => {
                let slow = slow.last().cloned().unwrap_or_default();
                assert_eq!(slow.schema, fast.schema, "{text}");
                if bag(&slow) != bag(&fast) {
                    let known = bag(&fast);
                    let odd = slow.rows.iter().find(|row| {
                        let one = Table::new(slow.schema.clone(), vec![(*row).clone()]);
                        !known.contains(&bag(&one)[0])
                    });
                    let key = odd.map(|row| row[0].clone());
                    let other = fast.rows.iter().find(|row| Some(&row[0]) == key.as_ref());
                    wrong.push(format!("{text}\nrows: {odd:?}\nplan: {other:?}"));
                }
            }
            // Not every aggregate takes every type.
            (Err(_), Err(_)) => refused.push(text),
            (slow, fast) => wrong.push(format!("{text}\nrows: {:?}\nplan: {:?}", slow.err(), fast.err())),
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ\n{}", wrong.len(), tails.len(), wrong.join("\n"));
    assert!(
        refused.len() * 10 < tails.len().max(10),
        "{} of {} are refused: {}",
        refused.len(),
        tails.len(),
        refused[0]
    );
}

#[test]
fn aggregates_are_those_of_the_row_engine() {
    deep(|| {
        let all = aggregates();
        let tails: Vec<String> = all
            .iter()
            .flat_map(|aggregate| {
                // What follows the aggregates comes after the groups.
                let (aggregate, rest) = aggregate.split_once(" | ").unwrap_or((aggregate, ""));
                ["", "by few", "by many", "by i, b"].map(|by| {
                    let rest = if rest.is_empty() { String::new() } else { format!(" | {rest}") };
                    format!("summarize {aggregate} {by}{rest}")
                })
            })
            .collect();
        compare(&rows(700, 200), &tails);
        // Of no rows, and of rows of which none counts.
        let of_nothing: Vec<String> = all
            .iter()
            .filter(|aggregate| !aggregate.contains('|'))
            .flat_map(|aggregate| {
                [
                    format!("where i > 100 | summarize {aggregate}"),
                    format!("where i == 7 and isnull(l) | summarize {aggregate} by few"),
                ]
            })
            .collect();
        compare(&rows(60, 10), &of_nothing);
    });
}

/// So many groups that the first stage of an aggregation gives up grouping.
#[test]
fn rows_become_states() {
    deep(|| {
        let wide = rows(130_000, 10_000_000);
        let tails = [
            "summarize make_set(s), arg_max(u, l), dcount(g), percentile(l, 50), take_any(few), sum(p) by many | summarize count(), sum(u), count_distinct(many), sum(dcount_g), sum(percentile_l_50), dcount(tostring(set_s)), max(sum_p)",
        ];
        compare(&wide, &tails.map(str::to_owned));
    });
}
