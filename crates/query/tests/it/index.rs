//! Answers with an index of terms are those without, and less is read.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use azimuth_query::index::file::{Builder, TermIndex};
use azimuth_query::index::{Condition, FileId, FileIndex, RowRanges};
use azimuth_query::{Columns, Engine, Format, Settings};
use azimuth_values::Context;
use datafusion::arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};

use crate::support::{NOW, deep, engine, last, parquet, runtime};

const ROWS: usize = 1_200;
/// Rows of a block: some row groups hold several, and some blocks lie in two row groups.
const BLOCK: u32 = 64;
const GROUP: usize = 150;

/// Side files in memory, by the name of their data file.
#[derive(Debug, Default)]
struct Sides(HashMap<String, TermIndex>);

#[async_trait]
impl FileIndex for Sides {
    async fn rows(&self, file: FileId<'_>, condition: &Condition) -> Option<RowRanges> {
        let index = self.0.get(file.path.rsplit('/').next()?)?;
        if index.data_bytes() != file.bytes {
            return None;
        }
        index.matches(condition)
    }
}

const WORDS: &[&str] = &[
    "error",
    "Error",
    "warning",
    "ab",
    "a",
    "x1",
    "abc",
    "ABCD",
    "Straße",
    "İstanbul",
    "wörd",
    "ÜNÏcode",
    "日本語",
    "日本",
    "été",
    "K\u{212A}elvin",
    "user@contoso.com",
    "10.0.0.17",
    "C:\\Windows\\System32",
    "powershell.exe",
    "-enc",
    "_private_",
    "ΣΊΣΥΦΟΣ",
    "e\u{301}clair",
    "Ⓐnarchy",
    "naïve",
    "",
    "0xdeadbeef",
    "rareword",
];

struct Chance(Context);

impl Chance {
    fn below(&self, limit: usize) -> usize {
        (self.0.random() % limit as u64) as usize
    }

    fn pick<'v>(&self, of: &[&'v str]) -> &'v str {
        of[self.below(of.len())]
    }

    /// Words are rarer the later they stand.
    fn word(&self) -> &'static str {
        let limit = 1 + self.below(WORDS.len());
        WORDS[self.below(limit)]
    }

    fn text(&self) -> Option<String> {
        let words = self.below(6);
        if words == 5 {
            return None;
        }
        let delimiter = self.pick(&[" ", "-", "_", ", ", "", "/"]);
        Some((0..words).map(|_| self.word()).collect::<Vec<_>>().join(delimiter))
    }

    fn needle(&self) -> String {
        match self.below(6) {
            0 => format!("{} {}", self.pick(WORDS), self.pick(WORDS)),
            1 => format!("-{}", self.pick(WORDS)),
            2 => {
                let word = self.pick(WORDS);
                word.chars().skip(1).collect()
            }
            3 => self.pick(WORDS).to_uppercase(),
            4 => self.pick(WORDS).to_lowercase(),
            _ => self.pick(WORDS).to_owned(),
        }
    }

    fn predicate(&self, depth: usize) -> String {
        let column = self.pick(&["A", "B", "tostring(A)"]);
        let quoted = |text: String| format!("@'{}'", text.replace('\'', "''"));
        let list = || (0..1 + self.below(3)).map(|_| quoted(self.needle())).collect::<Vec<_>>().join(", ");
        match self.below(if depth == 0 { 5 } else { 8 }) {
            0..=2 => {
                let op = self.pick(&[
                    "has",
                    "has",
                    "!has",
                    "has_cs",
                    "contains",
                    "contains_cs",
                    "!contains",
                    "startswith",
                    "endswith",
                    "hasprefix",
                    "hassuffix",
                    "==",
                    "=~",
                    "!=",
                    "!~",
                    "startswith_cs",
                    "hasprefix_cs",
                    "hassuffix_cs",
                ]);
                format!("{column} {op} {}", quoted(self.needle()))
            }
            3 => format!("{column} {} ({})", self.pick(&["in", "in~", "!in", "has_any", "has_all"]), list()),
            4 => self.pick(&["N < 700", "N % 3 == 0", "isempty(A)", "isnotempty(B)"]).to_owned(),
            5 => format!("({} and {})", self.predicate(depth - 1), self.predicate(depth - 1)),
            6 => format!("({} or {})", self.predicate(depth - 1), self.predicate(depth - 1)),
            _ => format!("not({})", self.predicate(depth - 1)),
        }
    }
}

fn file(name: &str, chance: &Chance) -> (String, TermIndex) {
    let texts = |_| (0..ROWS).map(|_| chance.text()).collect::<Vec<_>>();
    let columns: Vec<Vec<Option<String>>> = (0..2).map(texts).collect();
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..ROWS as i64));
    let array = |place: usize| -> ArrayRef { Arc::new(StringArray::from(columns[place].clone())) };
    let batch = RecordBatch::try_from_iter([("N", numbers), ("A", array(0)), ("B", array(1))]).unwrap();
    let path = parquet(name, &batch, GROUP);
    let mut builder = Builder::new(["A".to_owned(), "B".to_owned()], BLOCK);
    for row in 0..ROWS {
        for (place, column) in columns.iter().enumerate() {
            if let Some(text) = &column[row] {
                builder.add(place, row as u64, text);
            }
        }
    }
    let bytes = std::fs::metadata(&path).unwrap().len();
    (path, TermIndex::read(builder.finish(ROWS as u64, bytes)).unwrap())
}

async fn engines(seed: u64) -> (Engine, Engine, Chance) {
    let chance = Chance(Context::new(0, seed));
    let mut sides = Sides::default();
    let mut paths = Vec::new();
    for number in 0..3 {
        let name = format!("index_{seed}_{number}.parquet");
        let (path, index) = file(&name, &chance);
        paths.push(path.into());
        // One file has no index: all of it is read.
        if number != 1 {
            sides.0.insert(name, index);
        }
    }
    let (mut plain, mut indexed) = (engine(), engine());
    for engine in [&mut plain, &mut indexed] {
        engine.register_files("T", &paths, Format::Parquet, Columns::OfFiles).await.unwrap();
    }
    indexed.register_index("T", Arc::new(sides)).unwrap();
    (plain, indexed, chance)
}

#[test]
fn answers_are_the_same() {
    deep(|| {
        runtime().block_on(async {
            let (mut narrowed, mut pruned) = (0, 0);
            for seed in 1..=3 {
                let (plain, indexed, chance) = engines(seed).await;
                for _ in 0..30 {
                    let predicate = chance.predicate(2);
                    let text = format!("T | where {predicate} | summarize count(), sum(N), hash(strcat_array(array_sort_asc(make_list(A)), '|'))");
                    let wanted = last(&plain, &text).await.unwrap();
                    let found = last(&indexed, &text).await.unwrap();
                    assert_eq!(found.rows, wanted.rows, "seed {seed}: {predicate}");
                    let read = indexed.analyse(&text, NOW, &Settings::default()).await.unwrap().read();
                    narrowed += u64::from(read.index_rows > 0);
                    pruned += read.index_rows_pruned;
                }
            }
            // Otherwise nothing was tested.
            assert!(narrowed > 20 && pruned > 5_000, "{narrowed} {pruned}");
        });
    });
}

#[test]
fn a_rare_term_reads_little() {
    deep(|| {
        runtime().block_on(async {
            let rows = 4_096;
            let texts =
                (0..rows).map(|row| if row == 3_000 { "needle_0xfeedface here" } else { "nothing to see" });
            let array: ArrayRef = Arc::new(StringArray::from_iter_values(texts.clone()));
            let batch = RecordBatch::try_from_iter([("Message", array)]).unwrap();
            let path = parquet("index_rare.parquet", &batch, 1_024);
            let mut builder = Builder::new(["Message".to_owned()], BLOCK);
            texts.enumerate().for_each(|(row, text)| builder.add(0, row as u64, text));
            let bytes = std::fs::metadata(&path).unwrap().len();
            let index = TermIndex::read(builder.finish(rows as u64, bytes)).unwrap();
            let sides = Sides(HashMap::from([("index_rare.parquet".to_owned(), index)]));
            let mut engine = engine();
            engine.register_files("T", &[path.into()], Format::Parquet, Columns::OfFiles).await.unwrap();
            engine.register_index("T", Arc::new(sides)).unwrap();
            for (text, count, left) in [
                ("T | where Message has '0xFeedFace' | count", "1", 64),
                ("T | extend m = Message | where m has 'needle' | count", "1", 64),
                ("T | search 'needle' | count", "1", 64),
                ("T | where Message has 'absent' | count", "0", 0),
                ("T | where Message !has 'needle' | count", "4095", 4_096),
                ("T | where Message has 'to' | count", "4095", 4_096),
                ("T | where Message has 'needle' or Message has 'nothing' | count", "4096", 4_096),
                ("T | take 5 | where Message has 'needle' | count", "0", 4_096),
            ] {
                let read = engine.analyse(text, NOW, &Settings::default()).await.unwrap();
                let found = last(&engine, text).await.unwrap();
                assert_eq!(azimuth_values::text::to_string(&found.rows[0][0]), count, "{text}");
                let scan = read.read();
                let is_empty = scan.files == 0;
                let kept = if is_empty { 0 } else { 4_096 - scan.index_rows_pruned };
                assert_eq!(kept, left, "{text}\n{read}");
            }
        });
    });
}

/// An index of another state of the file is not asked.
#[test]
fn an_index_of_another_file_is_not_used() {
    deep(|| {
        runtime().block_on(async {
            let array: ArrayRef = Arc::new(StringArray::from(vec!["alpha", "beta"]));
            let batch = RecordBatch::try_from_iter([("Message", array)]).unwrap();
            let path = parquet("index_stale.parquet", &batch, 10);
            let mut builder = Builder::new(["Message".to_owned()], BLOCK);
            builder.add(0, 0, "gamma");
            let index = TermIndex::read(builder.finish(2, 1)).unwrap();
            let sides = Sides(HashMap::from([("index_stale.parquet".to_owned(), index)]));
            let mut engine = engine();
            engine.register_files("T", &[path.into()], Format::Parquet, Columns::OfFiles).await.unwrap();
            engine.register_index("T", Arc::new(sides)).unwrap();
            let found = last(&engine, "T | where Message has 'alpha' | count").await.unwrap();
            assert_eq!(azimuth_values::text::to_string(&found.rows[0][0]), "1");
            assert!(engine.register_index("Other", Arc::new(Sides::default())).is_err());
        });
    });
}
