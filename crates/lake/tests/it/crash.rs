//! Killed at any moment, the lake keeps every acknowledged event exactly once.
//!
//! The test starts itself again as a child that appends under load, flushes, compacts, gives up old days and vacuums, with disks
//! that fail now and then, and tells on its standard output what was acknowledged. The parent kills it at a random moment, opens
//! the lake, and compares. `AZIMUTH_LAKE_KILLS` says how often (25 if not set; 500 is what `docs/benchmarks.md` reports).

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use azimuth_lake::fault::{Fault, Operation};
use azimuth_lake::{Batch, Config, Hold, Lake, Settings, TableSettings};

use crate::support::ask;

const FOLDER: &str = "AZIMUTH_LAKE_CHILD";
const RUN: &str = "AZIMUTH_LAKE_RUN";
/// Kills of one lake, before another begins.
const ROUND: u64 = 25;
const PRODUCERS: u64 = 4;
const TABLES: [&str; 3] = ["Events_CL", "Other_CL", "Ended_CL"];
/// Marks events of a day whose retention has ended: they may be gone.
const ENDED: &str = "ended";

/// Numbers that look like chance, and are the same every time.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

fn tell(line: &str) {
    // One write: lines of several threads do not mix, and what was written before the kill is read after it.
    let mut out = std::io::stdout().lock();
    out.write_all(format!("\n{line}\n").as_bytes()).and_then(|()| out.flush()).unwrap();
}

fn config(folder: &Path) -> Config {
    Config {
        flush_age: Duration::from_millis(20),
        flush_bytes: 200_000,
        segment_bytes: 30_000,
        small_files: 3,
        grace: Duration::ZERO,
        ..Config::new(folder)
    }
}

fn faulty(run: u64) -> azimuth_lake::fault::Faults {
    let count = AtomicU64::new(0);
    Arc::new(move |operation, _| {
        let number = Numbers(run << 32 | count.fetch_add(1, Ordering::Relaxed)).next();
        let one_of =
            if operation == Operation::LogWrite || operation == Operation::LogSync { 100 } else { 20 };
        if !number.is_multiple_of(one_of) {
            return None;
        }
        Some(match number / one_of % 3 {
            0 => Fault::Full,
            1 => Fault::Short((number >> 20) as usize % 500),
            _ => Fault::Failed,
        })
    })
}

/// What the child does, for as long as it lives. As a test of its own it does nothing.
#[test]
fn child() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let run: u64 = std::env::var(RUN).unwrap().parse().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        // One run in two has faults.
        let faults = run.is_multiple_of(2).then(|| faulty(run));
        let lake = Lake::open(Config { faults, ..config(Path::new(&folder)) }).await.unwrap();
        tell("open");
        for producer in 0..PRODUCERS {
            tokio::spawn(produce(lake.clone(), run, producer));
        }
        let mut numbers = Numbers(run);
        loop {
            let work = ["flush", "compact", "retain", "vacuum", "maintain"][(numbers.next() % 5) as usize];
            let table = TABLES[(numbers.next() % 3) as usize];
            tell(&format!("doing {work}"));
            // What fails is tried again some other time.
            match work {
                "flush" => drop(lake.flush(table).await),
                "compact" => drop(lake.compact(table).await),
                "retain" => drop(lake.retain().await),
                "vacuum" => drop(lake.vacuum().await),
                _ => drop(lake.maintain().await),
            }
        }
    });
}

async fn produce(lake: Lake, run: u64, producer: u64) {
    let mut numbers = Numbers(run << 8 | producer);
    for batch in 0_u64.. {
        let (table, count) = (TABLES[(numbers.next() % 3) as usize], numbers.next() % 20 + 1);
        let (mut lines, mut ids) = (String::new(), Vec::new());
        for event in 0..count {
            let (day, mark) = match (table, numbers.next() % 2) {
                ("Ended_CL", 0) => ("2020-01-01", ENDED),
                ("Ended_CL", _) => ("2020-02-02", "held"),
                _ => ("2024-03-01", "kept"),
            };
            let id = format!("{run}.{producer}.{batch}.{event}.{mark}");
            lines += &format!(
                "{{\"TimeGenerated\":\"{day}T00:00:00Z\",\"Id\":\"{id}\",\"Column{}\":1}}\n",
                run % 7
            );
            ids.push(id);
        }
        let identity = numbers.next().is_multiple_of(2).then(|| format!("{run}.{producer}.{batch}"));
        loop {
            let appended =
                lake.append(table, Batch { identity: identity.clone(), ..Batch::new(lines.clone()) }).await;
            match appended {
                Ok(receipt) => {
                    assert_eq!(receipt.rows, count);
                    tell(&format!("ack {table} {}", ids.join(" ")));
                    // Some are sent again although they were acknowledged.
                    if identity.is_none() || !numbers.next().is_multiple_of(4) {
                        break;
                    }
                }
                Err(_) if identity.is_some() => tokio::time::sleep(Duration::from_millis(1)).await,
                // Without an identity it must not be sent again; whether it is there is open.
                Err(_) => break,
            }
        }
    }
}

#[derive(Debug, Default)]
struct Counts {
    kills: u64,
    by_work: BTreeMap<String, u64>,
    acknowledged: u64,
    unacknowledged_kept: u64,
    ended: u64,
    replayed_rows: u64,
    torn_ends: u64,
}

#[test]
fn every_acknowledged_event_is_there_exactly_once() {
    let kills: u64 =
        std::env::var("AZIMUTH_LAKE_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(25);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut counts = Counts::default();
    let mut numbers = Numbers(kills);
    while counts.kills < kills {
        let folder = tempfile::tempdir().unwrap();
        runtime.block_on(prepared(folder.path()));
        let mut acknowledged: HashMap<String, &'static str> = HashMap::new();
        for _ in 0..ROUND.min(kills - counts.kills) {
            run(folder.path(), &mut acknowledged, &mut counts, numbers.next());
            runtime.block_on(compared(folder.path(), &acknowledged, &mut counts));
        }
        counts.acknowledged += acknowledged.len() as u64;
    }
    assert!(counts.acknowledged > counts.kills, "the child had no time to do anything: {counts:?}");
    println!("{counts:#?}");
}

async fn prepared(folder: &Path) {
    let lake = Lake::open(config(folder)).await.unwrap();
    let hold = |day: &str| Hold {
        name: "case".to_owned(),
        table: None,
        from: Some(day.to_owned()),
        to: Some(day.to_owned()),
    };
    let ended = TableSettings { retention_days: Some(30), ..TableSettings::default() };
    let tables = [("Ended_CL".to_owned(), ended)].into();
    let settings = Settings { tables, holds: vec![hold("2020-02-02")], ..Settings::default() };
    lake.set_settings(settings).await.unwrap();
}

/// Runs the child and kills it.
fn run(folder: &Path, acknowledged: &mut HashMap<String, &'static str>, counts: &mut Counts, chance: u64) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::child", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .env(RUN, counts.kills.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    // Some are killed while they open.
    if !chance.is_multiple_of(10) {
        assert!(lines.by_ref().any(|line| line == "open"), "the child ended before it had opened the lake");
    }
    std::thread::sleep(Duration::from_micros(chance / 16 % 100_000));
    child.kill().unwrap();
    let mut work = "open".to_owned();
    for line in lines {
        if let Some(doing) = line.strip_prefix("doing ") {
            work = doing.to_owned();
        }
        let Some(events) = line.strip_prefix("ack ") else { continue };
        let (table, ids) = events.split_once(' ').unwrap();
        let table = TABLES.into_iter().find(|name| *name == table).unwrap();
        acknowledged.extend(ids.split(' ').map(|id| (id.to_owned(), table)));
    }
    child.wait().unwrap();
    counts.kills += 1;
    *counts.by_work.entry(work).or_default() += 1;
}

/// Opens the lake and compares its events with what was acknowledged.
async fn compared(folder: &Path, acknowledged: &HashMap<String, &'static str>, counts: &mut Counts) {
    let lake = Lake::open(config(folder)).await.unwrap();
    let opened = lake.opened();
    counts.replayed_rows += opened.replayed_rows;
    counts.torn_ends += u64::from(opened.torn_bytes > 0);
    let mut found: HashMap<String, &'static str> = HashMap::new();
    let mut unacknowledged = 0;
    for table in TABLES {
        if lake.snapshot().schema(table).is_none() {
            continue;
        }
        for id in ask(&lake, &format!("set notruncation; {table} | project Id")).await {
            unacknowledged += u64::from(!acknowledged.contains_key(&id));
            let before = found.insert(id.clone(), table);
            assert_eq!(before, None, "the event {id} is there twice, after {} kills", counts.kills);
        }
    }
    let mut ended = 0;
    for (id, table) in acknowledged {
        match found.get(id) {
            Some(there) => assert_eq!(there, table, "{id}"),
            None if id.ends_with(ENDED) => ended += 1,
            None => {
                panic!("the event {id} of {table} was acknowledged and is lost, after {} kills", counts.kills)
            }
        }
    }
    (counts.unacknowledged_kept, counts.ended) =
        (unacknowledged.max(counts.unacknowledged_kept), ended.max(counts.ended));
    let checked = lake.check().await.unwrap();
    assert_eq!(checked.findings, [], "after {} kills", counts.kills);
}
