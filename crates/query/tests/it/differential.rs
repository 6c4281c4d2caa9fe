//! Generated tables and queries on both engines: equal answers, or equal refusals.

use std::collections::HashMap;
use std::sync::Arc;

use azimuth_kql::bind::MemoryCatalog;
use azimuth_kql::bound::TableName;
use azimuth_kql::types::{Column, ScalarType, Schema};
use azimuth_query::Engine;
use azimuth_rows::{Limits, Row, Source, Table, key_of, type_of};
use azimuth_values::{Context, Json, Refusal, Value};
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{Field, Schema as ArrowSchema};
use datafusion::catalog::MemTable;

use crate::support::{NOW, deep, engine, last, runtime};

/// Numbers by chance, the same on every run.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }

    pub(crate) fn pick<'t>(&mut self, of: &[&'t str]) -> &'t str {
        of[self.next(of.len() as u64) as usize]
    }
}

fn schema() -> Schema {
    use ScalarType as T;
    let columns = [
        ("b", T::Bool),
        ("i", T::Int),
        ("l", T::Long),
        ("r", T::Real),
        ("t", T::Datetime),
        ("p", T::Timespan),
        ("g", T::Guid),
        ("m", T::Decimal),
        ("s", T::String),
        ("d", T::Dynamic),
    ];
    Schema::new(columns.into_iter().map(|(name, ty)| Column::new(name, ty)).collect())
}

fn cell(ty: ScalarType, chance: &mut Chance) -> Value {
    if ty != ScalarType::String && chance.next(6) == 0 {
        return Value::Null;
    }
    let small = chance.next(7) as i64 - 3;
    match ty {
        ScalarType::Bool => Value::Bool(small > 0),
        ScalarType::Int => Value::Int(small as i32),
        ScalarType::Long => Value::Long(if small == 3 { i64::MAX } else { small }),
        ScalarType::Real => Value::Real(
            [f64::NAN, -0.0, 0.0, 1.5, -2.5, f64::INFINITY, f64::NEG_INFINITY][(small + 3) as usize],
        ),
        ScalarType::Datetime => Value::DateTime(NOW + small * 36_000_000_000),
        ScalarType::Timespan => Value::TimeSpan(small * 10_000_000),
        ScalarType::Guid => Value::Guid(small.unsigned_abs().into()),
        ScalarType::Decimal => Value::Decimal(format!("{small}.5").parse().unwrap()),
        ScalarType::Dynamic => Value::dynamic(match small {
            -3 => Json::Long(1),
            -2 => Json::string("x"),
            -1 => Json::Array(vec![Json::Long(1), Json::string("b"), Json::Null]),
            _ => Json::Object(vec![
                ("a".into(), Json::Object(vec![("b".into(), Json::string(format!("v{small}")))])),
                ("n".into(), Json::Long(small)),
            ]),
        }),
        _ => Value::string(
            ["", "Alpha beta", "alpha", "ALPHA-BETA_gamma", "x1 y2", "Ünï code", "beta"]
                [(small + 3) as usize],
        ),
    }
}

fn rows(count: usize, chance: &mut Chance) -> Vec<Row> {
    (0..count).map(|_| schema().columns.iter().map(|column| cell(column.ty, chance)).collect()).collect()
}

/// The table in both engines.
pub(crate) struct Both {
    tables: HashMap<String, Vec<Row>>,
    pub(crate) catalog: MemoryCatalog,
    pub(crate) engine: Engine,
}

impl Source for Both {
    fn table(&self, name: &TableName, schema: &Schema) -> Result<Table, Refusal> {
        Ok(Table::new(schema.clone(), self.tables[&name.table].clone()))
    }
}

pub(crate) fn both(seed: u64) -> Both {
    let mut chance = Chance(seed);
    let mut both = Both { tables: HashMap::new(), catalog: MemoryCatalog::new(), engine: engine() };
    for (name, count) in [("T", 60), ("U", 25), ("E", 0)] {
        let rows = rows(count, &mut chance);
        let fields: Vec<Field> = schema()
            .columns
            .iter()
            .map(|column| {
                Field::new(&column.name, azimuth_query::cells::arrow_type(type_of(column.ty)), true)
            })
            .collect();
        let arrow = Arc::new(ArrowSchema::new(fields));
        let batch = |rows: &[Row]| {
            let schema = schema();
            let arrays = schema.columns.iter().enumerate().map(|(place, column)| {
                azimuth_query::cells::array(rows.iter().map(|row| &row[place]), type_of(column.ty))
            });
            RecordBatch::try_new(arrow.clone(), arrays.collect()).unwrap()
        };
        // Two parts with small batches, as scans of files have them.
        let (first, second) = rows.split_at(rows.len() / 2);
        let parts = vec![first.chunks(7).map(batch).collect(), second.chunks(11).map(batch).collect()];
        let provider = MemTable::try_new(arrow.clone(), parts).unwrap();
        // Moments and spans of a memory table are ticks already.
        both.engine.register_cells(name, Arc::new(provider), schema()).unwrap();
        both.catalog.add_table(name, schema());
        both.tables.insert(name.to_owned(), rows);
    }
    both
}

fn condition(chance: &mut Chance) -> String {
    let simple = |chance: &mut Chance| match chance.next(12) {
        0 => format!("l {} {}", chance.pick(&["==", "!=", "<", "<=", ">", ">="]), chance.next(4)),
        1 => format!(
            "r {} {}",
            chance.pick(&["==", "!=", "<", "<=", ">", ">="]),
            chance.pick(&["0", "1.5", "l", "i"])
        ),
        2 => format!("t {} datetime(2022-09-29T00:00:00Z)", chance.pick(&["==", "!=", "<", ">="])),
        3 => format!(
            "s {} {}",
            chance.pick(&[
                "==",
                "!=",
                "=~",
                "!~",
                "has",
                "!has",
                "contains",
                "startswith",
                "endswith",
                "hasprefix",
                "has_cs",
                "contains_cs"
            ]),
            chance.pick(&["'alpha'", "''", "'BETA'", "'ünï'", "tostring(d)"])
        ),
        4 => format!(
            "s {} ('alpha', '', 'beta')",
            chance.pick(&["in", "!in", "in~", "!in~", "has_any", "has_all"])
        ),
        5 => format!("l {} (1, 2, -3)", chance.pick(&["in", "!in"])),
        6 => format!("{}(s)", chance.pick(&["isempty", "isnotempty", "isnull"])),
        7 => format!("isnull({})", chance.pick(&["l", "r", "t", "d", "g", "b"])),
        8 => "b".to_owned(),
        9 => format!("{} between (-1 .. 2)", chance.pick(&["l", "i", "r"])),
        10 => format!("d.n {} 0", chance.pick(&["==", ">", "!="])),
        _ => format!("l {} i", chance.pick(&["==", "!=", "<"])),
    };
    match chance.next(4) {
        0 => format!("{} and {}", simple(chance), simple(chance)),
        1 => format!("{} or not({})", simple(chance), simple(chance)),
        _ => simple(chance),
    }
}

fn scalar(chance: &mut Chance) -> &'static str {
    chance.pick(&[
        "l + i",
        "l * 2 - i",
        "l / i",
        "l % 3",
        "r + l",
        "r / i",
        "r % 2",
        "m + l",
        "t + p",
        "t - datetime(2022-01-01)",
        "p * 2",
        "-l",
        "bin(t, 1h)",
        "bin(l, 2)",
        "bin(r, 0.5)",
        "bin(p, 2s)",
        "tostring(d.a.b)",
        "d.a.b",
        "d[1]",
        "d[-1]",
        "tostring(d)",
        "tolong(d.n)",
        "strcat(s, '-', l)",
        "strlen(s)",
        "tolower(s)",
        "toupper(substring(s, 0, 3))",
        "iff(b, l, i)",
        "iff(l > 0, s, 'none')",
        "case(l > 1, 'a', s has 'beta', 'b', 'c')",
        "l == i",
        "l != i",
        "r == r",
        "s == tostring(d)",
        "l > 1 and b",
        "l > 1 or b",
        "not(b)",
        "hash(s)",
        "extract('([a-z]+)', 1, s)",
        "coalesce(l, 7)",
        "isnull(l)",
        "isempty(s)",
        "s in~ ('ALPHA')",
        "l in (1, 2)",
        "s contains 'ET'",
        "toreal(l)",
        "l between (0 .. 2)",
        "hourofday(t)",
    ])
}

fn aggregate(chance: &mut Chance) -> &'static str {
    chance.pick(&[
        "count()",
        "countif(l > 0)",
        "sum(l)",
        "sum(i)",
        "sum(m)",
        "sumif(l, b)",
        "avg(i)",
        "min(l)",
        "max(t)",
        "min(s)",
        "max(r)",
        "min(p)",
        "dcount(s)",
        "dcountif(l, b)",
        "make_set(i)",
        "arg_max(l, s)",
        "arg_min(t, i)",
        "take_any(g)",
        "percentile(i, 50)",
        "stdev(i)",
        "sum(l) + count()",
    ])
}

fn query(chance: &mut Chance) -> String {
    let mut text = chance.pick(&["T", "T", "T", "U", "E"]).to_owned();
    for _ in 0..=chance.next(3) {
        let step = match chance.next(12) {
            0..=2 => format!(" | where {}", condition(chance)),
            3 | 4 => format!(" | extend x = {}, y = {}", scalar(chance), scalar(chance)),
            5 => format!(" | distinct {}", chance.pick(&["s", "l, b", "r", "g, m"])),
            6 => {
                let (what, by) = (
                    aggregate(chance),
                    chance.pick(&["", " by s", " by b, i", " by r", " by bin(t, 1h)", " by g, m"]),
                );
                return format!("{text} | summarize z = {what}{by}").replace("z = arg_", "arg_");
            }
            7 => {
                let kind = chance.pick(&[
                    "inner",
                    "leftouter",
                    "rightouter",
                    "fullouter",
                    "leftsemi",
                    "leftanti",
                    "rightsemi",
                    "rightanti",
                ]);
                return format!(
                    "{text} | join kind={kind} U on {}",
                    chance.pick(&["s", "l", "b, i", "r", "g", "$left.l == $right.i"])
                );
            }
            8 => return format!("{text} | union (U | where {})", condition(chance)),
            9 => return format!("{text} | mv-expand d | count"),
            10 => format!(" | where s in ((U | where {} | project s))", condition(chance)),
            _ => {
                return format!(
                    "{text} | sort by {} | extend n = 1",
                    chance.pick(&["r", "l asc", "s desc, i", "m", "t nulls first"])
                );
            }
        };
        text.push_str(&step);
    }
    text
}

/// Rows as a multiset; reals as far as sums of them are the same in any order.
pub(crate) fn bag(table: &Table) -> Vec<Vec<u8>> {
    let rounded = |value: &Value| match value {
        // A group of zeros shows either of them.
        Value::Real(number) if *number == 0.0 => Value::Real(0.0),
        Value::Real(number) if number.is_finite() => Value::string(format!("{number:.9e}")),
        // The order within a set means nothing.
        Value::Dynamic(json) => match &**json {
            Json::Array(items) => {
                let mut items: Vec<String> = items.iter().map(Json::to_text).collect();
                items.sort();
                Value::string(items.join(","))
            }
            _ => value.clone(),
        },
        _ => value.clone(),
    };
    let mut bag: Vec<Vec<u8>> =
        table.rows.iter().map(|row| key_of(&row.iter().map(rounded).collect::<Vec<_>>())).collect();
    bag.sort();
    bag
}

/// The order of a sort is kept by whatever comes after it.
#[test]
fn orders_are_kept() {
    deep(|| {
        let both = both(3);
        let tails = [
            "project l",
            "where i > -2 | project l",
            "extend x = strcat(s, 'x') | project l",
            "take 20 | project l",
            "mv-expand d | project l",
            "extend n = row_number() | where n > 3 | project l",
            "project l, s | summarize make_list(l)",
            "serialize | project p = prev(l), l",
            "join kind=inner (print i = int(1)) on i | sort by l asc, r desc | project l",
        ];
        for key in ["l asc", "l desc", "l asc nulls last", "r asc, l desc", "m desc, l asc, r asc"] {
            for tail in tails {
                // Every column is a key in the end, so that no rows tie.
                let text = format!("T | union U | sort by {key}, l, r, t, p, g, s, i, b | {tail}");
                let context = Context::new(NOW, 1);
                let slow =
                    azimuth_rows::query(&text, &both.catalog, &both, &context, Limits::default()).unwrap();
                let fast = runtime().block_on(last(&both.engine, &text)).unwrap();
                let keys = |table: &Table| table.rows.iter().map(|row| key_of(row)).collect::<Vec<_>>();
                assert_eq!(keys(slow.1.last().unwrap()), keys(&fast), "{text}");
            }
        }
    });
}

#[test]
fn both_engines_answer_alike() {
    deep(|| {
        let mut ran = 0;
        for seed in 0..6 {
            let both = both(seed + 1);
            let mut chance = Chance(seed * 977 + 13);
            for _ in 0..150 {
                let text = query(&mut chance);
                let context = Context::new(NOW, 1);
                let slow = azimuth_rows::query(&text, &both.catalog, &both, &context, Limits::default());
                let fast = runtime().block_on(last(&both.engine, &text));
                match (slow, fast) {
                    (Ok((_, slow)), Ok(fast)) => {
                        let slow = slow.last().cloned().unwrap_or_default();
                        assert_eq!(slow.schema, fast.schema, "{text}");
                        let ties = text.contains("take_any") || text.contains("arg_");
                        if ties {
                            assert_eq!(slow.rows.len(), fast.rows.len(), "{text}");
                        } else if bag(&slow) != bag(&fast) {
                            let only = |one: &Table, other: &Table| {
                                let known = bag(other);
                                let rows = one.rows.iter().filter(|row| {
                                    !known.contains(
                                        &bag(&Table::new(one.schema.clone(), vec![(*row).clone()]))[0],
                                    )
                                });
                                rows.take(3).map(|row| format!("{row:?}")).collect::<Vec<_>>().join("\n")
                            };
                            panic!(
                                "{text}\nrows: {}\n{}\nplan: {}\n{}",
                                slow.rows.len(),
                                only(&slow, &fast),
                                fast.rows.len(),
                                only(&fast, &slow)
                            );
                        }
                        ran += 1;
                    }
                    (Err(_), Err(_)) => {}
                    (Ok(_), Err(error)) => panic!("{text}\nonly the plan fails: {error}"),
                    (Err(error), Ok(_)) => panic!("{text}\nonly the rows fail: {error:?}"),
                }
            }
        }
        eprintln!("{ran} queries answered alike");
        assert!(ran > 600, "only {ran} queries ran");
    });
}
