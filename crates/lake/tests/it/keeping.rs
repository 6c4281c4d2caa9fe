//! What is done with files: put together, given up, held, deleted, checked and mended.

use std::path::{Path, PathBuf};

use azimuth_host::ManualClock;
use azimuth_lake::{Config, Hold, Lake, Plan, Settings, TableSettings, Wrong};
use jiff::ToSpan;
use std::sync::Arc;
use std::time::Duration;

use crate::support::{append, ask, clock, config};

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

async fn aged(folder: &Path, clock: &Arc<ManualClock>) -> Lake {
    let lake = Lake::open(Config { clock: clock.clone(), ..config(folder) }).await.unwrap();
    for day in ["2024-01-01", "2024-01-02", "2024-02-28"] {
        append(&lake, "App_CL", &format!("{{\"TimeGenerated\":\"{day}T01:00:00Z\",\"Day\":\"{day}\"}}"))
            .await;
    }
    lake.flush_all().await.unwrap();
    lake
}

#[tokio::test]
async fn retention_gives_up_days_that_nothing_holds() {
    let folder = tempfile::tempdir().unwrap();
    let clock = clock();
    let lake = aged(folder.path(), &clock).await;
    let hold = Hold {
        name: "case 7".to_owned(),
        table: Some("App_CL".to_owned()),
        from: None,
        to: Some("2024-01-01".to_owned()),
    };
    let table = TableSettings { retention_days: Some(30), plan: Plan::Analytics };
    let settings =
        Settings { tables: [("App_CL".to_owned(), table)].into(), holds: vec![hold], ..Settings::default() };
    lake.set_settings(settings.clone()).await.unwrap();
    assert_eq!(lake.retain().await.unwrap(), 1);
    assert_eq!(ask(&lake, "App_CL | sort by Day asc | project Day").await, ["2024-01-01", "2024-02-28"]);
    // The file goes when no query can be reading it any more.
    assert_eq!(files(folder.path(), ".parquet").len(), 3);
    assert_eq!(lake.vacuum().await.unwrap(), 0);
    clock.advance(2.hours());
    assert!(lake.vacuum().await.unwrap() >= 1);
    assert_eq!(files(folder.path(), ".parquet").len(), 2);
    drop(lake);
    // Settings outlive the process; the hold ends when it is taken away.
    let lake = Lake::open(Config { clock: clock.clone(), ..config(folder.path()) }).await.unwrap();
    assert_eq!(lake.settings().await, settings);
    assert_eq!(lake.retain().await.unwrap(), 0);
    lake.set_settings(Settings { holds: Vec::new(), ..settings }).await.unwrap();
    assert_eq!(lake.retain().await.unwrap(), 1);
    assert_eq!(ask(&lake, "App_CL | count").await, ["1"]);
}

#[tokio::test]
async fn small_files_are_put_together_and_the_log_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let clock = clock();
    let config = Config {
        clock: clock.clone(),
        flush_age: Duration::ZERO,
        grace: Duration::ZERO,
        ..config(folder.path())
    };
    let lake = Lake::open(config).await.unwrap();
    let mut compacted = 0;
    for number in 0..30 {
        append(&lake, "App_CL", &format!("{{\"Number\":{number},\"Text\":\"word{number} other\"}}")).await;
        clock.advance(1.second());
        compacted += lake.maintain().await.unwrap().compacted_files;
    }
    assert!(compacted >= 24, "{compacted}");
    assert_eq!(ask(&lake, "App_CL | summarize count(), sum(Number), dcount(Text)").await, ["30 | 435 | 30"]);
    assert_eq!(ask(&lake, "App_CL | where Text has 'word7' | project Number").await, ["7"]);
    assert!(files(&folder.path().join("tables"), ".parquet").len() < 20);
    assert!(files(&folder.path().join("log"), ".log").len() <= 2);
    assert!(lake.check().await.unwrap().findings.is_empty());
}

#[tokio::test]
async fn damage_is_found_and_mended_or_told() {
    let folder = tempfile::tempdir().unwrap();
    let lake = aged(folder.path(), &clock()).await;
    let checked = lake.check().await.unwrap();
    assert_eq!((checked.files, checked.indexes, checked.rows), (3, 3, 3));
    assert!(checked.findings.is_empty());
    let tables = folder.path().join("tables");
    let data = files(&tables, ".parquet");
    let terms = files(&tables, ".terms");
    // One file is changed by a bit, one is gone, and an index is cut.
    let mut bytes = std::fs::read(&data[0]).unwrap();
    bytes[20] ^= 1;
    std::fs::write(&data[0], bytes).unwrap();
    std::fs::remove_file(&data[1]).unwrap();
    let name = data[2].file_name().unwrap().to_string_lossy().into_owned();
    let index = terms.iter().find(|path| path.to_string_lossy().contains(&name)).unwrap();
    std::fs::write(index, b"AZTERMS1").unwrap();
    let mut wrong: Vec<Wrong> =
        lake.check().await.unwrap().findings.iter().map(|found| found.wrong).collect();
    wrong.sort_by_key(ToString::to_string);
    assert_eq!(wrong, [Wrong::Missing, Wrong::Damaged, Wrong::Index]);
    let repaired = lake.repair().await.unwrap();
    assert_eq!((repaired.indexes, repaired.lost_rows()), (1, 2));
    assert!(lake.check().await.unwrap().findings.is_empty());
    assert_eq!(ask(&lake, "App_CL | project Day").await, ["2024-02-28"]);
    assert_eq!(files(&folder.path().join("quarantine"), ".parquet").len(), 1);
}
