//! Operators held against the plainest reading of their pages, written here once more in another way, over rows by chance.

use std::collections::BTreeMap;

use azimuth_kql::bind::MemoryCatalog;
use azimuth_kql::bound::TableName;
use azimuth_kql::types::{Column, ScalarType, Schema};
use azimuth_rows::{Source, Table};
use azimuth_values::{Json, Refusal, Value};

use crate::answer;

/// A row: a key, which may be null, a number, a text.
type Plain = (Option<i64>, i64, String);

struct Chance(u64);

impl Chance {
    fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }

    fn rows(&mut self, count: usize) -> Vec<Plain> {
        (0..count)
            .map(|_| {
                let key = Some(self.next(6) as i64).filter(|key| *key > 0);
                (key, self.next(20) as i64 - 5, ["", "a", "b", "B"][self.next(4) as usize].to_owned())
            })
            .collect()
    }
}

/// Two tables of such rows, `L` and `R`.
struct Tables(Vec<Plain>, Vec<Plain>);

impl Source for Tables {
    fn table(&self, name: &TableName, schema: &Schema) -> Result<Table, Refusal> {
        let rows = if name.table == "L" { &self.0 } else { &self.1 };
        let row = |(key, number, text): &Plain| {
            vec![key.map_or(Value::Null, Value::Long), Value::Long(*number), Value::string(text.as_str())]
        };
        Ok(Table::new(schema.clone(), rows.iter().map(row).collect()))
    }
}

fn catalog() -> MemoryCatalog {
    let columns = [("k", ScalarType::Long), ("n", ScalarType::Long), ("s", ScalarType::String)];
    let schema = Schema::new(columns.map(|(name, ty)| Column::new(name, ty)).to_vec());
    let mut catalog = MemoryCatalog::new();
    catalog.add_table("L", schema.clone());
    catalog.add_table("R", schema);
    catalog
}

/// The cells of a row; what is not there is `-`.
type Cells = Vec<String>;

fn cells(values: &[Value]) -> Cells {
    let cell = |value: &Value| match value {
        Value::Null => "-".to_owned(),
        Value::Real(number) => format!("{number:.6}"),
        value => azimuth_values::text::to_string(value),
    };
    values.iter().map(cell).collect()
}

fn plain((key, number, text): &Plain) -> Cells {
    vec![key.map_or("-".to_owned(), |key| key.to_string()), number.to_string(), text.clone()]
}

/// Asks over many tables, and compares the rows, in any order unless `is_ordered`.
fn check(query: &str, is_ordered: bool, oracle: impl Fn(&[Plain], &[Plain]) -> Vec<Cells>) {
    for seed in 0..25 {
        let mut chance = Chance(seed);
        let sizes = (chance.next(30) as usize, chance.next(15) as usize);
        let tables = Tables(chance.rows(sizes.0), chance.rows(sizes.1));
        let table = answer(query, &catalog(), &tables).unwrap_or_else(|why| panic!("{query}: {why}"));
        let mut found: Vec<Cells> = table.rows.iter().map(|row| cells(row)).collect();
        let mut wanted = oracle(&tables.0, &tables.1);
        if !is_ordered {
            found.sort();
            wanted.sort();
        }
        assert_eq!(found, wanted, "{query}, seed {seed}\nL {:?}\nR {:?}", tables.0, tables.1);
    }
}

fn none() -> Cells {
    vec!["-".into(), "-".into(), String::new()]
}

/// All pairs with equal keys; null keys are equal.
fn pairs(left: &[Plain], right: &[Plain]) -> Vec<Cells> {
    let pair = |l: &Plain| {
        let l = l.clone();
        right
            .iter()
            .filter(move |r| r.0 == l.0)
            .map({
                let l = plain(&l);
                move |r| [l.clone(), plain(r)].concat()
            })
            .collect::<Vec<_>>()
    };
    left.iter().flat_map(pair).collect()
}

#[test]
fn joins() {
    let has = |rows: &[Plain], key: Option<i64>| rows.iter().any(|row| row.0 == key);
    check("L | join kind=inner R on k", false, pairs);
    check("L | join kind=innerunique R on k | summarize count() by k", false, |left, right| {
        // One row of the left side for each key: as many rows as the right side has.
        let mut keys: BTreeMap<Option<i64>, usize> = BTreeMap::new();
        left.iter().for_each(|l| {
            keys.insert(l.0, right.iter().filter(|r| r.0 == l.0).count());
        });
        let kept = keys.into_iter().filter(|(_, count)| *count > 0);
        kept.map(|(key, count)| vec![key.map_or("-".into(), |key| key.to_string()), count.to_string()])
            .collect()
    });
    check("L | join kind=leftouter R on k", false, |left, right| {
        let alone = left.iter().filter(|l| !has(right, l.0)).map(|l| [plain(l), none()].concat());
        pairs(left, right).into_iter().chain(alone).collect()
    });
    check("L | join kind=rightouter R on k", false, |left, right| {
        let alone = right.iter().filter(|r| !has(left, r.0)).map(|r| [none(), plain(r)].concat());
        pairs(left, right).into_iter().chain(alone).collect()
    });
    check("L | join kind=fullouter R on k", false, |left, right| {
        let lefts = left.iter().filter(|l| !has(right, l.0)).map(|l| [plain(l), none()].concat());
        let rights = right.iter().filter(|r| !has(left, r.0)).map(|r| [none(), plain(r)].concat());
        pairs(left, right).into_iter().chain(lefts).chain(rights).collect()
    });
    check("L | join kind=leftsemi R on k", false, |left, right| {
        left.iter().filter(|l| has(right, l.0)).map(plain).collect()
    });
    check("L | join kind=leftanti R on k", false, |left, right| {
        left.iter().filter(|l| !has(right, l.0)).map(plain).collect()
    });
    check("L | join kind=rightsemi R on k", false, |left, right| {
        right.iter().filter(|r| has(left, r.0)).map(plain).collect()
    });
    check("L | join kind=rightanti R on k", false, |left, right| {
        right.iter().filter(|r| !has(left, r.0)).map(plain).collect()
    });
    check("L | lookup R on k", false, |left, right| {
        let alone = left.iter().filter(|l| !has(right, l.0)).map(|l| [plain(l), none()].concat());
        let all = pairs(left, right).into_iter().chain(alone);
        // The key of the right side goes.
        all.map(|mut cells| {
            cells.remove(3);
            cells
        })
        .collect()
    });
}

fn groups(rows: &[Plain]) -> BTreeMap<Option<i64>, Vec<&Plain>> {
    let mut groups: BTreeMap<Option<i64>, Vec<&Plain>> = BTreeMap::new();
    rows.iter().for_each(|row| groups.entry(row.0).or_default().push(row));
    groups
}

fn key(key: Option<i64>) -> String {
    key.map_or("-".into(), |key| key.to_string())
}

#[test]
fn groups_and_their_aggregates() {
    let query =
        "L | summarize count(), sum(n), min(n), max(n), avg(n), dcount(s), countif(n > 3), make_list(n) by k";
    check(query, false, |left, _| {
        let row = |(of, rows): (Option<i64>, Vec<&Plain>)| {
            let numbers: Vec<i64> = rows.iter().map(|row| row.1).collect();
            let texts: std::collections::BTreeSet<&str> = rows.iter().map(|row| row.2.as_str()).collect();
            let list = numbers.iter().map(|number| Json::Long(*number)).collect();
            vec![
                key(of),
                numbers.len().to_string(),
                numbers.iter().sum::<i64>().to_string(),
                numbers.iter().min().unwrap().to_string(),
                numbers.iter().max().unwrap().to_string(),
                format!("{:.6}", numbers.iter().sum::<i64>() as f64 / numbers.len() as f64),
                texts.len().to_string(),
                numbers.iter().filter(|number| **number > 3).count().to_string(),
                Json::Array(list).to_text(),
            ]
        };
        groups(left).into_iter().map(row).collect()
    });
    check("L | summarize n = max(n) | project isnull(n)", false, |left, _| {
        vec![vec![if left.is_empty() { "True".into() } else { "False".into() }]]
    });
}

#[test]
fn arrays_unfolded() {
    let query = "L | extend a = range(1, n), b = pack_array(s, n) | mv-expand with_itemindex=i a to typeof(long), b | project k, n, i, a, b";
    check(query, true, |left, _| {
        let mut rows = Vec::new();
        for (of, number, text) in left {
            let both = [text.clone(), number.to_string()];
            for index in 0..(*number).max(2) {
                let a = if index < *number { (index + 1).to_string() } else { "-".into() };
                let b = both.get(index as usize).cloned().unwrap_or_else(|| "-".into());
                rows.push(vec![key(*of), number.to_string(), index.to_string(), a, b]);
            }
        }
        rows
    });
}

#[test]
fn texts_taken_apart() {
    let query = "L | extend t = strcat('k=', tostring(k), ';n=', tostring(n), ' ', s) | parse t with 'k=' a: long ';n=' b: long ' ' c | project a, b, c";
    check(query, true, |left, _| {
        // A text that is no number where one is asked for spoils the whole row.
        let row = |row: &Plain| match row {
            (Some(of), number, text) => vec![of.to_string(), number.to_string(), text.clone()],
            (None, ..) => none(),
        };
        left.iter().map(row).collect()
    });
    check(
        "L | extend t = strcat(s, '#', n) | parse-where t with * 'a#' m: long | project n, m",
        true,
        |left, _| {
            let fits = left.iter().filter(|row| row.2 == "a");
            fits.map(|row| vec![row.1.to_string(), row.1.to_string()]).collect()
        },
    );
}

#[test]
fn steps_in_order() {
    // A run of numbers that rise, begun anew where one falls.
    let query = "L | sort by n asc, s asc, k asc | scan declare (sum: long = 0, length: long = 0) with
        (step s1: true => sum = n + s1.sum, length = 1 + iff(isnull(s1.length), long(0), s1.length);) | project n, sum, length";
    check(query, true, |left, _| {
        let mut sorted: Vec<i64> = left.iter().map(|row| row.1).collect();
        sorted.sort_unstable();
        let mut sum = 0;
        let rows = sorted.iter().enumerate().map(|(place, number)| {
            sum += number;
            vec![number.to_string(), sum.to_string(), (place + 1).to_string()]
        });
        rows.collect()
    });
}

#[test]
fn series_with_gaps_filled() {
    let query =
        "L | make-series c = count() default = 0, t = sum(n) default = long(-1) on n from 0 to 12 step 4 by k
        | project k, tostring(c), tostring(t), tostring(n)";
    check(query, false, |left, _| {
        let row = |(of, rows): (Option<i64>, Vec<&Plain>)| {
            let bin =
                |start: i64| rows.iter().map(|row| row.1).filter(move |n| (start..start + 4).contains(n));
            let list =
                |numbers: Vec<i64>| Json::Array(numbers.into_iter().map(Json::Long).collect()).to_text();
            let starts = [0, 4, 8];
            let sum = |start: i64| if bin(start).count() == 0 { -1 } else { bin(start).sum() };
            vec![
                key(of),
                list(starts.map(|start| bin(start).count() as i64).to_vec()),
                list(starts.map(sum).to_vec()),
                list(starts.to_vec()),
            ]
        };
        // Rows outside of the range have no series.
        let within: Vec<Plain> = left.iter().filter(|row| (0..12).contains(&row.1)).cloned().collect();
        groups(&within).into_iter().map(row).collect()
    });
}

#[test]
fn parts_and_tops() {
    check("L | partition by k (summarize top = max(n), rows = count())", false, |left, _| {
        let row = |rows: &Vec<&Plain>| {
            vec![rows.iter().map(|row| row.1).max().unwrap().to_string(), rows.len().to_string()]
        };
        groups(left).values().map(row).collect()
    });
    check("L | top-nested 2 of s by total = sum(n) | project total", false, |left, _| {
        let mut sums: BTreeMap<&str, i64> = BTreeMap::new();
        left.iter().for_each(|row| *sums.entry(&row.2).or_default() += row.1);
        let mut sums: Vec<i64> = sums.into_values().collect();
        sums.sort_unstable_by(|left, right| right.cmp(left));
        sums.into_iter().take(2).map(|sum| vec![sum.to_string()]).collect()
    });
    check("L | top 3 by n desc | project n", true, |left, _| {
        let mut numbers: Vec<i64> = left.iter().map(|row| row.1).collect();
        numbers.sort_unstable_by(|left, right| right.cmp(left));
        numbers.into_iter().take(3).map(|number| vec![number.to_string()]).collect()
    });
    check(
        "L | sort by s asc, n asc, k asc | extend p = prev(n), r = row_number(1, s != prev(s)) | project n, p, r",
        true,
        |left, _| {
            let mut sorted: Vec<&Plain> = left.iter().collect();
            sorted.sort_by(|left, right| (&left.2, left.1, left.0).cmp(&(&right.2, right.1, right.0)));
            let mut number = 0;
            (0..sorted.len())
                .map(|place| {
                    let is_new = place == 0 || sorted[place].2 != sorted[place - 1].2;
                    number = if is_new { 1 } else { number + 1 };
                    let before = if place == 0 { "-".into() } else { sorted[place - 1].1.to_string() };
                    vec![sorted[place].1.to_string(), before, number.to_string()]
                })
                .collect()
        },
    );
}
