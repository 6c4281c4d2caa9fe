//! Full disks, short writes and failed syncs: what was acknowledged stays, what was not can be sent again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use azimuth_lake::fault::{Fault, Operation};
use azimuth_lake::{Batch, Config, Lake};

use crate::support::{append, ask, config};

/// Every single operation of eleven flushes fails once, in one of three ways; then the flush is tried again.
#[tokio::test]
async fn a_flush_that_fails_loses_and_doubles_nothing() {
    for (kind, fault) in [Fault::Full, Fault::Short(20), Fault::Failed].into_iter().enumerate() {
        for at in (kind..).step_by(3) {
            let folder = tempfile::tempdir().unwrap();
            let (count, failed) = (AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)));
            let told = failed.clone();
            let faults = move |operation: Operation, _: &str| {
                let is_meant = operation == Operation::Put && count.fetch_add(1, Ordering::Relaxed) == at;
                is_meant.then(|| {
                    told.fetch_add(1, Ordering::Relaxed);
                    fault
                })
            };
            let lake =
                Lake::open(Config { faults: Some(Arc::new(faults)), ..config(folder.path()) }).await.unwrap();
            for number in 0..11 {
                append(&lake, "App_CL", &format!("{{\"Number\":{number},\"Text\":\"x\"}}")).await;
                drop(lake.flush_all().await);
                let table = lake.tables().into_iter().find(|table| table.name == "App_CL").unwrap();
                assert_eq!(table.file_rows + table.memory_rows, number + 1, "{fault:?} at {at}");
            }
            drop(lake);
            let lake = Lake::open(config(folder.path())).await.unwrap();
            lake.flush_all().await.unwrap();
            assert_eq!(
                ask(&lake, "App_CL | summarize count(), sum(Number)").await,
                ["11 | 55"],
                "{fault:?} at {at}"
            );
            assert!(lake.check().await.unwrap().findings.is_empty());
            if failed.load(Ordering::Relaxed) == 0 {
                assert!(at > 30, "eleven flushes put more files than {at}");
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_batch_that_the_disk_refused_is_not_seen() {
    for fault in [Fault::Full, Fault::Short(20), Fault::Failed] {
        for operation in [Operation::LogWrite, Operation::LogSync] {
            let folder = tempfile::tempdir().unwrap();
            let count = AtomicUsize::new(0);
            let faults = move |at: Operation, _: &str| {
                (at == operation && count.fetch_add(1, Ordering::Relaxed) == 2).then_some(fault)
            };
            let lake =
                Lake::open(Config { faults: Some(Arc::new(faults)), ..config(folder.path()) }).await.unwrap();
            append(&lake, "App_CL", "{\"Number\":1}").await;
            let batch = || Batch { identity: Some("two".to_owned()), ..Batch::new("{\"Number\":2}") };
            assert!(lake.append("App_CL", batch()).await.is_err());
            assert_eq!(ask(&lake, "App_CL | count").await, ["1"]);
            assert!(!lake.append("App_CL", batch()).await.unwrap().is_duplicate);
            assert_eq!(ask(&lake, "App_CL | count").await, ["2"]);
            drop(lake);
            let lake = Lake::open(config(folder.path())).await.unwrap();
            assert_eq!(ask(&lake, "App_CL | count").await, ["2"], "{fault:?} {operation:?}");
        }
    }
}
