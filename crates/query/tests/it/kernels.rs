//! Kernels held against the functions of `azimuth-values`, over values that are hard to get right.

use std::collections::HashMap;
use std::sync::Arc;

use azimuth_kql::bind::MemoryCatalog;
use azimuth_kql::bound::TableName;
use azimuth_kql::types::{Column, ScalarType, Schema};
use azimuth_query::Engine;
use azimuth_rows::{Limits, Row, Source, Table, type_of};
use azimuth_values::{Context, Json, Refusal, Value, calendar};
use datafusion::arrow::array::{AsArray, RecordBatch, StringViewBuilder};
use datafusion::arrow::datatypes::{DataType, Field, Schema as ArrowSchema};
use datafusion::catalog::MemTable;

use crate::differential::Chance;
use crate::support::{NOW, deep, engine, last, runtime};

const TEXTS: [&str; 45] = [
    "",
    " ",
    "a",
    "AbC",
    "user@contoso.example",
    "@",
    "a@b@c",
    "ÀÉÎ straße ǅ",
    "İstanbul",
    "ſK\u{212A}",
    "日本語テキスト",
    "e\u{301}",
    "👩‍👩‍👧 family",
    "\u{1}mark",
    "tab\tand\nline",
    "quote\"back\\slash",
    "null",
    "true",
    "12",
    "-9223372036854775808",
    "9223372036854775808",
    "1e400",
    "0x1F",
    " 7 ",
    "3.25",
    "2022-09-29T12:34:56.1234567Z",
    "not a date",
    "1.02:03:04",
    "{\"a\":{\"b\":[1,2,{\"c\":\"x\"}]},\"n\":null}",
    "{\"a\":1,\"a\":2}",
    "{\"a\":",
    "[1,2,3]",
    "[]",
    " [ [1, 2], {\"a\": [3, 4]}, \"x,]\", null ] ",
    "[\"\\u0041\", 1e5]",
    "[1,2",
    "{}",
    "\"text\"",
    "{\"m\":\"\\u0001l5\"}",
    "10.1.2.3",
    "192.168.0.300",
    "error: Error terror ERROR_x error",
    "a,b,,c,",
    "for root from",
    "Failed password for invalid user bob from 10.0.0.1 port 22 ssh2",
];

fn schema() -> Schema {
    use ScalarType as T;
    let columns = [
        ("s", T::String),
        ("u", T::String),
        ("l", T::Long),
        ("i", T::Int),
        ("r", T::Real),
        ("t", T::Datetime),
        ("p", T::Timespan),
        ("b", T::Bool),
        ("d", T::Dynamic),
    ];
    Schema::new(columns.into_iter().map(|(name, ty)| Column::new(name, ty)).collect())
}

fn row(number: usize, chance: &mut Chance) -> Row {
    let text = TEXTS[chance.next(TEXTS.len() as u64) as usize];
    let whole = [i64::MIN, i64::MAX, 0, 1, -1, 255, 86_400][chance.next(7) as usize];
    let real = [f64::NAN, f64::INFINITY, -0.0, 0.5, -2.5, 1e300][chance.next(6) as usize];
    let moment = [0, 1, calendar::MAX, NOW, NOW + 36_000_000_000 - 1, NOW - 1][chance.next(6) as usize];
    let other = TEXTS[chance.next(TEXTS.len() as u64) as usize];
    let values = [
        Value::string(text),
        Value::string(format!("{other} of row {number}")),
        Value::Long(whole),
        Value::Int(whole as i32),
        Value::Real(real),
        Value::DateTime(moment),
        Value::TimeSpan(whole),
        Value::Bool(whole > 0),
        Value::dynamic(Json::parse(text).unwrap_or_else(|| Json::string(text))),
    ];
    values
        .into_iter()
        .enumerate()
        .map(|(place, value)| if place > 1 && chance.next(9) == 0 { Value::Null } else { value })
        .collect()
}

/// A table in both engines.
struct Both {
    rows: HashMap<String, Vec<Row>>,
    catalog: MemoryCatalog,
    engine: Engine,
}

impl Source for Both {
    fn table(&self, name: &TableName, schema: &Schema) -> Result<Table, Refusal> {
        Ok(Table::new(schema.clone(), self.rows[&name.table].clone()))
    }
}

/// Rows of which texts repeat, as those of a file's dictionary do (`H`), and a few without nulls (`N`).
fn both() -> Both {
    let mut chance = Chance(5);
    let hostile: Vec<Row> = (0..1500).map(|number| row(number, &mut chance)).collect();
    let whole: Vec<Row> = hostile.iter().filter(|row| !row.iter().any(Value::is_null)).cloned().collect();
    let mut both = Both { rows: HashMap::new(), catalog: MemoryCatalog::new(), engine: engine() };
    for (name, rows) in [("H", hostile), ("N", whole)] {
        let schema = schema();
        let fields = schema.columns.iter().map(|column| {
            Field::new(&column.name, azimuth_query::cells::arrow_type(type_of(column.ty)), true)
        });
        let arrow = Arc::new(ArrowSchema::new(fields.collect::<Vec<_>>()));
        let arrays = schema.columns.iter().enumerate().map(|(place, column)| {
            let made = azimuth_query::cells::array(rows.iter().map(|row| &row[place]), type_of(column.ty));
            if *made.data_type() != DataType::Utf8View {
                return made;
            }
            let mut once = StringViewBuilder::new().with_deduplicate_strings();
            made.as_string_view().iter().for_each(|text| once.append_option(text));
            Arc::new(once.finish()) as _
        });
        let batch = RecordBatch::try_new(arrow.clone(), arrays.collect()).unwrap();
        let provider = MemTable::try_new(arrow, vec![vec![batch]]).unwrap();
        both.engine.register_cells(name, Arc::new(provider), schema.clone()).unwrap();
        both.catalog.add_table(name, schema);
        both.rows.insert(name.to_owned(), rows);
    }
    both
}

const EXPRESSIONS: &[&str] = &[
    "tolower(s)",
    "toupper(s)",
    "tolower(u)",
    "toupper(u)",
    "strlen(s)",
    "array_length(todynamic(s))",
    "string_size(u)",
    "reverse(s)",
    "substring(s, 1)",
    "substring(s, -3)",
    "substring(s, 2, 3)",
    "substring(s, -2, 1)",
    "substring(u, 5, 100)",
    "substring(s, 0, -1)",
    "substring(s, 100)",
    "substring(s, l)",
    "replace_string(s, 'a', 'XX')",
    "replace_string(u, 'e', '')",
    "replace_string(s, '', 'x')",
    "replace_string(s, 'é', 'e')",
    "strcat(s, '-', u)",
    "strcat(s, l, i, r, t, p, b)",
    "strcat('<', d, '>')",
    "strcat(tolower(s), toupper(u))",
    "split(s, '@')",
    "split(s, ',')",
    "split(u, ' ')",
    "split(s, '')",
    "split(s, '@', 1)",
    "split(s, '@')[0]",
    "split(s, '@')[1]",
    "split(s, ',')[3]",
    "split(u, ' ')[-1]",
    "tostring(split(s, '@')[0])",
    "tostring(split(s, '@')[7])",
    "tostring(split(s, 'mark')[0])",
    "split(s, 'mark')[0]",
    "parse_json(s)",
    "parse_json(s).a",
    "parse_json(s).a.b[2].c",
    "tostring(parse_json(s).a)",
    "parse_json(s).m",
    "todynamic(u)",
    "gettype(parse_json(s))",
    "tostring(parse_json(s))",
    "isnull(parse_json(s))",
    "isempty(parse_json(s).a)",
    "array_length(parse_json(s))",
    "d.a.b",
    "tostring(d.a.b[0])",
    "tostring(d)",
    "gettype(d)",
    "toint(s)",
    "tolong(s)",
    "todouble(s)",
    "todatetime(s)",
    "totimespan(s)",
    "tobool(s)",
    "toguid(s)",
    "tostring(l)",
    "tostring(i)",
    "tostring(r)",
    "tostring(t)",
    "tostring(p)",
    "tostring(b)",
    "tolong(r)",
    "toint(l)",
    "startofday(t)",
    "startofweek(t)",
    "startofmonth(t)",
    "startofyear(t)",
    "endofday(t)",
    "endofweek(t)",
    "endofmonth(t)",
    "endofyear(t)",
    "dayofweek(t)",
    "dayofmonth(t)",
    "dayofyear(t)",
    "hourofday(t)",
    "monthofyear(t)",
    "getmonth(t)",
    "getyear(t)",
    "week_of_year(t)",
    "startofday(t, 1)",
    "datetime_part('minute', t)",
    "datetime_diff('day', t, datetime(2022-01-01))",
    "datetime_add('month', 1, t)",
    "format_datetime(t, 'yyyy-MM-dd HH')",
    "bin(t, 1h)",
    "bin(t, 7d)",
    "bin(l, 10)",
    "bin(p, 1s)",
    "bin(r, 0.5)",
    "bin(i, 3)",
    "t + 1h",
    "t - 1d",
    "t - datetime(2022-01-01)",
    "l + 1",
    "l * l",
    "l / 3",
    "l % 7",
    "i - l",
    "-l",
    "r / 0.0",
    "r % 2",
    "abs(l)",
    "round(r, 1)",
    "ipv4_is_private(s)",
    "ipv4_is_in_range(s, '10.0.0.0/8')",
    "parse_ipv4(s)",
    "countof(s, 'error')",
    "countof(s, '[a-c]', 'regex')",
    "indexof(s, 'a')",
    "trim(' ', s)",
    "trim_end('[a-z]+', s)",
    "trim_start('x*', u)",
    "extract('for (\\\\w+) from', 1, s)",
    "extract('user (\\\\w+)', 1, s)",
    "extract('(a)|(b)', 2, s)",
    "extract('a', 0, s)",
    "extract('(', 1, s)",
    "extract('(a)', 5, s)",
    "extract('([0-9]+)', 1, s, typeof(long))",
    "extract('([0-9]+)', 1, s, typeof(string))",
    "extract_all('([a-z]+)', s)",
    "replace_regex(s, '[aeiou]', '*')",
    "s matches regex '^[A-Z]'",
    "u matches regex 'row 1'",
    "isempty(s)",
    "isnotempty(s)",
    "isempty(u)",
    "isnull(s)",
    "isnull(l)",
    "iff(s has 'error', tolower(s), u)",
    "case(l > 0, s, r > 0.0, u, 'none')",
    "coalesce(s, u)",
    "coalesce(l, 5)",
    "s has 'error'",
    "s has_cs 'Error'",
    "s contains 'é'",
    "s contains 'k'",
    "s contains 'ERROR'",
    "u contains 'ROW 1'",
    "u has 'row'",
    "u has 'of row'",
    "u hasprefix 'ro'",
    "u hassuffix '1'",
    "u !has 'row'",
    "s startswith 'ERR'",
    "s endswith 'C'",
    "s =~ 'abc'",
    "s in ('a', 'AbC', '日本語テキスト')",
    "s in~ ('A', 'abc', 'İSTANBUL', 'ÀÉÎ STRASSE')",
    "s !in~ ('a', '')",
    "u has_any ('root', 'bob', 'ssh2')",
    "u has_all ('row', 'of')",
    "l in (1, -1, 9223372036854775807)",
    "l between (0 .. 10)",
    "l !between (0 .. 10)",
    "r between (-1.0 .. 1.0)",
    "t between (datetime(2022-09-29) .. 1d)",
    "base64_encode_tostring(s)",
    "hash_sha256(s)",
    "url_encode(s)",
    "parse_url(s)",
    "todynamic(s).a.b",
    "bag_keys(parse_json(s))",
    "strcat_array(split(s, '@'), '|')",
    "unixtime_seconds_todatetime(l)",
    "make_datetime(2020, i, 1)",
    "tostring(parse_json(s)[1])",
    "has_any_ipv4(s, '10.1.2.3')",
];

#[test]
fn kernels_are_the_functions() {
    deep(|| {
        let (both, runtime, mut faults) = (both(), runtime(), Vec::new());
        for (table, expression) in
            ["H", "N"].iter().flat_map(|table| EXPRESSIONS.iter().map(move |e| (table, e)))
        {
            let text = format!("{table} | project s, u, x = {expression}");
            let context = Context::new(NOW, 1);
            let slow = azimuth_rows::query(&text, &both.catalog, &both, &context, Limits::default());
            let fast = runtime.block_on(last(&both.engine, &text));
            match (slow, fast) {
                (Ok((_, slow)), Ok(fast)) => {
                    let slow = slow.last().cloned().unwrap_or_default();
                    assert_eq!(slow.schema, fast.schema, "{text}");
                    assert_eq!(slow.rows.len(), fast.rows.len(), "{text}");
                    // NaN is unlike itself.
                    let pairs = slow.rows.iter().zip(&fast.rows);
                    let mut unlike = pairs.filter(|(slow, fast)| format!("{slow:?}") != format!("{fast:?}"));
                    faults
                        .extend(unlike.next().map(|(slow, fast)| format!("{text}\n  {slow:?}\n  {fast:?}")));
                }
                (Err(_), Err(_)) => {}
                (slow, fast) => {
                    faults.push(format!("{text}: {:?} against {:?}", slow.map(|_| ()), fast.map(|_| ())));
                }
            }
        }
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    });
}

#[test]
fn conditions_keep_the_rows_that_the_row_engine_keeps() {
    deep(|| {
        let (both, runtime, mut ran) = (both(), runtime(), 0);
        for condition in EXPRESSIONS.iter().filter(|text| {
            text.contains(" has")
                || text.contains(" in")
                || text.contains("contains")
                || text.contains("between")
                || text.contains("matches")
        }) {
            let many = (0..300).map(|number| format!("'{number}x'")).collect::<Vec<_>>().join(", ");
            for text in [
                format!("H | where {condition}"),
                format!("H | extend y = tolower(s) | where {condition} and y != 'abc' | project y, l, d"),
                format!("H | where {condition} or s in ('abc', {many}) | count"),
            ] {
                let context = Context::new(NOW, 1);
                let slow = azimuth_rows::query(&text, &both.catalog, &both, &context, Limits::default());
                // Some expressions are no conditions.
                let Ok((_, slow)) = slow else { continue };
                ran += 1;
                let fast = runtime.block_on(last(&both.engine, &text)).unwrap();
                assert!(format!("{:?}", slow.last().unwrap().rows) == format!("{:?}", fast.rows), "{text}");
            }
        }
        assert!(ran > 60, "{ran}");
    });
}
