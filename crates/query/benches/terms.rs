//! How long does a search for a rare word take in two million lines of a log, with an index of terms and without?
//!
//! `cargo bench --profile dist -p azimuth-query --bench terms`; `AZIMUTH_BENCH_ROWS` changes how many lines.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use azimuth_query::index::file::{BLOCK_ROWS, Builder, TermIndex};
use azimuth_query::index::{Condition, FileId, FileIndex, RowRanges};
use azimuth_query::{Columns, Config, Engine, Format};
use azimuth_values::Context;
use datafusion::arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::{Compression, ZstdLevel};
use datafusion::parquet::file::properties::WriterProperties;

/// 2024-01-01 in ticks: no query here asks for the moment.
const NOW: i64 = 638_396_640_000_000_000;
const BATCH: usize = 65_536;

fn main() {
    let log = log();
    println!(
        "{} lines, {:.1} MB of text in {:.1} MB of Parquet, index of {:.1} MB ({:.0} %) made in {:.2} s",
        log.rows,
        log.text_bytes as f64 / 1e6,
        log.file_bytes as f64 / 1e6,
        log.index_bytes as f64 / 1e6,
        100.0 * log.index_bytes as f64 / log.file_bytes as f64,
        log.index_seconds,
    );
    divan::main();
}

struct Log {
    rows: usize,
    text_bytes: usize,
    file_bytes: u64,
    index_bytes: usize,
    index_seconds: f64,
    plain: Engine,
    indexed: Engine,
}

#[derive(Debug)]
struct Side(TermIndex);

#[async_trait]
impl FileIndex for Side {
    async fn rows(&self, file: FileId<'_>, condition: &Condition) -> Option<RowRanges> {
        if file.bytes == self.0.data_bytes() { self.0.matches(condition) } else { None }
    }
}

fn line(chance: &Context) -> String {
    let number = chance.random();
    let part = |shift: u32, of: u64| (number >> shift) % of;
    let (user, octets, port) = (part(0, 400), (part(9, 256), part(17, 256)), part(25, 64_000));
    match part(41, 4) {
        0 => {
            format!("Accepted publickey for user{user} from 10.0.{}.{} port {port} ssh2", octets.0, octets.1)
        }
        1 => format!(
            "Failed password for invalid user admin{user} from 172.16.{}.{} port {port}",
            octets.0, octets.1
        ),
        2 => format!("session {number:016x} closed for user{user} by (uid={})", part(9, 1000)),
        _ => format!(
            "kernel: [UFW BLOCK] IN=eth0 SRC=192.168.{}.{} DPT={port} LEN={}",
            octets.0,
            octets.1,
            part(9, 1500)
        ),
    }
}

fn log() -> &'static Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    LOG.get_or_init(|| {
        let rows =
            std::env::var("AZIMUTH_BENCH_ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(2_000_000);
        let chance = Context::new(0, 7);
        let mut lines: Vec<String> = (0..rows).map(|_| line(&chance)).collect();
        lines[rows / 3] = "Accepted password for root from 203.0.113.9 marker 0xfeedface ssh2".to_owned();
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("terms.parquet");
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(3).unwrap()))
            .set_max_row_group_row_count(Some(262_144))
            .build();
        let batches = lines.chunks(BATCH).enumerate().map(|(number, lines)| {
            let first = (number * BATCH) as i64;
            let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(first..first + lines.len() as i64));
            let texts: ArrayRef = Arc::new(StringArray::from_iter_values(lines));
            RecordBatch::try_from_iter([("N", numbers), ("Message", texts)]).unwrap()
        });
        let mut writer = None;
        for batch in batches {
            let writer = writer.get_or_insert_with(|| {
                let file = std::fs::File::create(&path).unwrap();
                ArrowWriter::try_new(file, batch.schema(), Some(properties.clone())).unwrap()
            });
            writer.write(&batch).unwrap();
        }
        writer.unwrap().close().unwrap();
        let file_bytes = std::fs::metadata(&path).unwrap().len();
        let started = std::time::Instant::now();
        let mut builder = Builder::new(["Message".to_owned()], BLOCK_ROWS);
        lines.iter().enumerate().for_each(|(row, line)| builder.add(0, row as u64, line));
        let index = builder.finish(rows as u64, file_bytes);
        let index_seconds = started.elapsed().as_secs_f64();
        let engine = || {
            let mut engine = Engine::new(Config::default()).unwrap();
            let files =
                engine.register_files("Log", std::slice::from_ref(&path), Format::Parquet, Columns::OfFiles);
            runtime().block_on(files).unwrap();
            engine
        };
        let (plain, mut indexed) = (engine(), engine());
        let index_bytes = index.len();
        indexed.register_index("Log", Arc::new(Side(TermIndex::read(index).unwrap()))).unwrap();
        let text_bytes = lines.iter().map(String::len).sum();
        Log { rows, text_bytes, file_bytes, index_bytes, index_seconds, plain, indexed }
    })
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap()
}

fn ask(bencher: divan::Bencher<'_, '_>, engine: &'static Engine, predicate: &str, wanted: u64) {
    let runtime = runtime();
    let text = format!("Log | where {predicate} | project N, Message");
    bencher.bench_local(|| {
        let rows = runtime.block_on(async {
            let mut rows = 0;
            for set in engine.query(&text, NOW).await.unwrap().results {
                rows += set.table().await.unwrap().rows.len() as u64;
            }
            rows
        });
        assert_eq!(rows, wanted);
    });
}

#[divan::bench(sample_count = 20)]
fn rare_word_full_scan(bencher: divan::Bencher<'_, '_>) {
    ask(bencher, &log().plain, "Message has '0xfeedface'", 1);
}

#[divan::bench(sample_count = 20)]
fn rare_word_by_index(bencher: divan::Bencher<'_, '_>) {
    ask(bencher, &log().indexed, "Message has '0xfeedface'", 1);
}

#[divan::bench(sample_count = 20)]
fn absent_word_full_scan(bencher: divan::Bencher<'_, '_>) {
    ask(bencher, &log().plain, "Message has 'deadbeefcafe'", 0);
}

#[divan::bench(sample_count = 20)]
fn absent_word_by_index(bencher: divan::Bencher<'_, '_>) {
    ask(bencher, &log().indexed, "Message has 'deadbeefcafe'", 0);
}
