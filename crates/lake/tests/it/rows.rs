//! Rows on their way from a batch to the answer of a query, in memory, in files, and after a new start.

use azimuth_lake::{Batch, DEAD_LETTERS, Lake, LakeError};
use azimuth_query::{DeltaVersion, Engine};

use crate::support::{answer, append, ask, config};

const SIGNINS: &str = r#"{"TimeGenerated":"2024-03-01T10:00:00Z","UserPrincipalName":"ann@example.com","ResultType":"0","LocationDetails":{"city":"Basel"}}
{"TimeGenerated":"2024-02-29T10:00:00.1234567Z","UserPrincipalName":"bob@example.com","ResultType":"50126","LocationDetails":{"city":"Bern"}}
"#;

/// What is asked in every state.
async fn check(lake: &Lake, state: &str) {
    let rows = ask(
        lake,
        "SigninLogs | sort by TimeGenerated asc \
         | project TimeGenerated, UserPrincipalName, ResultType, city=tostring(LocationDetails.city), Type",
    )
    .await;
    let wanted = [
        "2024-02-29T10:00:00.1234560Z | bob@example.com | 50126 | Bern | SigninLogs",
        "2024-03-01T10:00:00.0000000Z | ann@example.com | 0 | Basel | SigninLogs",
        "2024-03-01T12:00:00.0000000Z | cyd@example.com |  |  | SigninLogs",
    ];
    assert_eq!(rows, wanted, "{state}");
    for (query, wanted) in [
        ("SigninLogs | where UserPrincipalName has 'bob' | count", "1"),
        ("SigninLogs | where UserPrincipalName has 'nobody' | count", "0"),
        ("SigninLogs | where TimeGenerated < datetime(2024-03-01) | count", "1"),
        ("SigninLogs | where ingestion_time() >= datetime(2024-03-01 12:00) | count", "3"),
        ("SigninLogs | summarize sum(_BilledSize)", "310.0"),
        (
            "Usage | where DataType == 'SigninLogs' | summarize tolong(sum(Quantity) * 1000000), count()",
            "310 | 2",
        ),
    ] {
        assert_eq!(ask(lake, query).await, [wanted], "{state}: {query}");
    }
}

#[tokio::test]
async fn rows_are_the_same_in_memory_in_files_and_after_a_new_start() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::open(config(folder.path())).await.unwrap();
    append(&lake, "SigninLogs", SIGNINS).await;
    append(&lake, "SigninLogs", "{\"UserPrincipalName\":\"cyd@example.com\"}").await;
    check(&lake, "in memory").await;
    drop(lake);
    let lake = Lake::open(config(folder.path())).await.unwrap();
    assert_eq!(lake.opened().replayed_rows, 3);
    check(&lake, "out of the log").await;
    assert_eq!(lake.flush_all().await.unwrap(), 3);
    check(&lake, "in files").await;
    drop(lake);
    let lake = Lake::open(config(folder.path())).await.unwrap();
    assert_eq!(lake.opened().replayed_rows, 0);
    check(&lake, "in files, after a new start").await;
    // A part in files, a part in memory.
    append(&lake, "SigninLogs", "{\"UserPrincipalName\":\"dan@example.com\"}").await;
    assert_eq!(ask(&lake, "SigninLogs | count").await, ["4"]);
    assert_eq!(ask(&lake, "SigninLogs | where UserPrincipalName has 'dan' | count").await, ["1"]);
}

/// The reader of Delta tables in `azimuth-query` shares nothing with the lake.
#[tokio::test]
async fn another_reader_finds_the_same_rows() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::open(config(folder.path())).await.unwrap();
    for number in 0..25 {
        let line = format!(
            "{{\"Number\":{number},\"Text\":\"t{number}\",\"TimeGenerated\":\"2024-02-{:02}T00:00:00Z\",\"c{number}\":true}}",
            number % 28 + 1
        );
        append(&lake, "Test_CL", &line).await;
        lake.flush("Test_CL").await.unwrap();
    }
    assert!(lake.compact("Test_CL").await.is_ok());
    for number in 0..10 {
        append(&lake, "Test_CL", &format!("{{\"Number\":{number}}}")).await;
        lake.flush("Test_CL").await.unwrap();
    }
    assert_eq!(lake.compact("Test_CL").await.unwrap(), 10);
    let mut engine = Engine::new(azimuth_query::Config::default()).unwrap();
    let opened = engine
        .register_delta("Test_CL", &folder.path().join("tables/Test_CL"), DeltaVersion::Latest)
        .unwrap();
    assert!(opened.version > 30, "{opened:?}");
    let query = "Test_CL | where Number < 20 | sort by Number asc, Text desc | project Number, Text, TimeGenerated, c3";
    let theirs = answer(&engine, query).await;
    assert_eq!(theirs, ask(&lake, query).await);
    assert_eq!(theirs.len(), 30);
    assert_eq!(
        answer(&engine, "Test_CL | where TimeGenerated == datetime(2024-03-01 12:00) | count").await,
        ["10"]
    );
}

#[tokio::test]
async fn columns_come_with_the_records_and_conflicts_have_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::open(config(folder.path())).await.unwrap();
    append(&lake, "App_CL", "{\"Level\":1,\"When\":\"2024-01-01T00:00:00Z\"}").await;
    append(&lake, "App_CL", "{\"Level\":\"high\",\"When\":\"soon\"}").await;
    append(&lake, "App_CL", "{\"Level\":2.5,\"level\":7}").await;
    let query = "App_CL | summarize take_any(Level), take_any(Level_s), take_any(Level_d), take_any(level_2), \
                 take_any(When_s), max(When)";
    let wanted = ["1 | high | 2.5 | 7 | soon | 2024-01-01T00:00:00.0000000Z"];
    assert_eq!(ask(&lake, query).await, wanted);
    drop(lake);
    let lake = Lake::open(config(folder.path())).await.unwrap();
    assert_eq!(ask(&lake, query).await, wanted);
    lake.flush_all().await.unwrap();
    drop(lake);
    let lake = Lake::open(config(folder.path())).await.unwrap();
    assert_eq!(ask(&lake, query).await, wanted);
}

#[tokio::test]
async fn what_cannot_be_read_is_kept_told_and_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::open(config(folder.path())).await.unwrap();
    let lines = b"{\"a\":1}\n{\"a\":\n\xFF\xFE\n{\"a\":2}\n".to_vec();
    let receipt = lake.append("App_CL", Batch::new(lines)).await.unwrap();
    assert_eq!((receipt.rows, receipt.dead_lettered), (2, 2));
    let query =
        format!("{DEAD_LETTERS} | sort by Size desc | project TargetTable, Reason, RawData, RawBase64");
    let wanted =
        ["App_CL | the record ends before its object does | {\"a\": | ", "App_CL | not UTF-8 |  | //4="];
    assert_eq!(ask(&lake, &query).await, wanted);
    drop(lake);
    let lake = Lake::open(config(folder.path())).await.unwrap();
    assert_eq!(ask(&lake, &query).await, wanted);
    lake.flush(DEAD_LETTERS).await.unwrap();
    drop(lake);
    let lake = Lake::open(config(folder.path())).await.unwrap();
    assert_eq!(ask(&lake, &query).await, wanted);
    assert_eq!(ask(&lake, "App_CL | count").await, ["2"]);
    // They are still unreadable: the old letters go, the new ones stay.
    let again = lake.replay_dead_letters().await.unwrap();
    assert_eq!((again.rows, again.dead_lettered), (0, 2));
    assert_eq!(ask(&lake, &query).await, wanted);
}

#[tokio::test]
async fn a_batch_is_appended_once() {
    let folder = tempfile::tempdir().unwrap();
    let batch = || Batch { identity: Some("one".to_owned()), ..Batch::new("{\"a\":1}") };
    let lake = Lake::open(config(folder.path())).await.unwrap();
    assert!(!lake.append("App_CL", batch()).await.unwrap().is_duplicate);
    let again = lake.append("App_CL", batch()).await.unwrap();
    assert_eq!((again.rows, again.is_duplicate), (1, true));
    lake.flush_all().await.unwrap();
    drop(lake);
    let lake = Lake::open(config(folder.path())).await.unwrap();
    assert!(lake.append("App_CL", batch()).await.unwrap().is_duplicate);
    assert_eq!(ask(&lake, "App_CL | count").await, ["1"]);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let lake =
        Lake::open(azimuth_lake::Config { batch_bytes: 100, memory_bytes: 0, ..config(folder.path()) })
            .await
            .unwrap();
    for name in ["", "a b", "../x", "1a", "Ä", &"x".repeat(200)] {
        let refused = lake.append(name, Batch::new("{}")).await;
        assert!(matches!(refused, Err(LakeError::Refused(_))), "{name}");
    }
    assert!(matches!(lake.append("T", Batch::new(vec![b' '; 101])).await, Err(LakeError::Refused(_))));
    assert_eq!(lake.append("T", Batch::new("\n \n")).await.unwrap().rows, 0);
    lake.append("T", Batch::new("{\"a\":1}")).await.unwrap();
    assert!(matches!(lake.append("T", Batch::new("{\"a\":1}")).await, Err(LakeError::Busy { .. })));
    lake.flush_all().await.unwrap();
    lake.append("T", Batch::new("{\"a\":1}")).await.unwrap();
    // The folder has one owner.
    assert!(matches!(Lake::open(config(folder.path())).await, Err(LakeError::InUse(_))));
}
