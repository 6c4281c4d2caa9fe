//! Files that are no stores, or no longer.

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

use azimuth_host::{AsOf, Documents};
use azimuth_store::{Store, StoreError};
use rusqlite::Connection;

use crate::support::{Numbers, assert_sound, clock, delete, folder, key, open, put};

fn error(path: &Path) -> StoreError {
    let reading = Store::open_read_only(path).expect_err("cannot be read");
    let writing = Store::open(path, clock()).expect_err("cannot be written");
    assert_eq!(reading.to_string(), writing.to_string());
    writing
}

#[test]
fn what_is_no_database_is_refused_and_left_alone() {
    let (_folder, path) = folder();
    for bytes in ["{}".as_bytes(), b"SQLite format 3\0", &[0; 5_000], &[0xff; 100]] {
        fs::write(&path, bytes).unwrap();
        assert!(matches!(error(&path), StoreError::NotAStore { .. }));
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
}

#[test]
fn another_programs_database_is_refused_and_left_alone() {
    let (_folder, path) = folder();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("CREATE TABLE bookmarks (url TEXT)").unwrap();
    drop(other);
    let bytes = fs::read(&path).unwrap();
    assert!(matches!(error(&path), StoreError::NotAStore { .. }));
    assert_eq!(fs::read(&path).unwrap(), bytes);
    let other = Connection::open(&path).unwrap();
    other.execute_batch("PRAGMA application_id = 12345").unwrap();
    drop(other);
    assert!(matches!(error(&path), StoreError::NotAStore { .. }));
}

#[test]
fn a_newer_format_is_refused_and_left_alone() {
    let (_folder, path) = folder();
    drop(open(&path, clock()));
    let newer = Connection::open(&path).unwrap();
    newer.execute_batch("PRAGMA user_version = 7").unwrap();
    drop(newer);
    let error = error(&path);
    assert!(matches!(error, StoreError::NewerFormat { found: 7, supported: 1, .. }), "{error:?}");
    assert!(error.to_string().ends_with("upgrade Azimuth to open it"), "{error}");
}

#[test]
fn a_store_with_foreign_parts_is_refused() {
    for foreign in [
        "CREATE TRIGGER t AFTER INSERT ON versions BEGIN DELETE FROM documents; END",
        "CREATE VIEW w AS SELECT * FROM versions",
        "DROP INDEX commits_by_time",
        "ALTER TABLE documents ADD COLUMN more TEXT",
    ] {
        let (_folder, path) = folder();
        drop(open(&path, clock()));
        let other = Connection::open(&path).unwrap();
        other.execute_batch(foreign).unwrap();
        drop(other);
        assert!(matches!(error(&path), StoreError::Damaged { .. }), "{foreign}");
    }
}

#[test]
fn what_cannot_be_opened_says_so() {
    let (folder, path) = folder();
    assert!(matches!(error(folder.path()), StoreError::CannotOpen { .. }));
    assert!(matches!(error(&path.join("estate.db")), StoreError::CannotOpen { .. }));
    let missing = Store::open_read_only(&path).unwrap_err();
    assert!(matches!(missing, StoreError::CannotOpen { .. }), "{missing:?}");
    assert!(!path.exists(), "opening for reading makes no file");
    #[cfg(target_os = "linux")]
    {
        let refused = Store::open("/proc/estate.db", clock()).unwrap_err();
        assert!(matches!(refused, StoreError::CannotOpen { .. }), "{refused:?}");
    }
}

#[test]
fn an_empty_file_becomes_a_store() {
    let (_folder, path) = folder();
    fs::write(&path, "").unwrap();
    assert!(matches!(Store::open_read_only(&path), Err(StoreError::NotAStore { .. })));
    open(&path, clock()).commit("ada", vec![put("a", "1")]).unwrap();
    assert_eq!(Store::open_read_only(&path).unwrap().last_sequence().unwrap(), 1);
}

#[test]
fn names_with_a_meaning_to_sqlite_are_file_names() {
    let (folder, _) = folder();
    for name in [":memory:", "file:x?mode=memory", "a b%20?#ü.db"] {
        let path = folder.path().join(name);
        open(&path, clock()).commit("ada", vec![put("a", "1")]).unwrap();
        assert!(path.is_file());
        assert_eq!(Store::open_read_only(&path).unwrap().last_sequence().unwrap(), 1);
    }
}

#[cfg(unix)]
#[test]
fn a_store_is_private_to_its_owner() {
    use std::os::unix::fs::PermissionsExt;

    let (folder, path) = folder();
    let store = open(&path, clock());
    store.commit("ada", vec![put("a", "1")]).unwrap();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{:?}", entry.file_name());
    }
}

#[cfg(unix)]
#[test]
fn a_store_in_a_read_only_folder_can_be_read() {
    use std::os::unix::fs::PermissionsExt;

    let (folder, path) = folder();
    open(&path, clock()).commit("ada", vec![put("a", "1")]).unwrap();
    let permit = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    permit(&path, 0o400);
    permit(folder.path(), 0o500);
    let read = Store::open_read_only(&path).map(|store| store.last_sequence().unwrap());
    // Root may write everywhere.
    let may_write = fs::write(folder.path().join("try"), "").is_ok();
    let written = Store::open(&path, clock()).and_then(|store| {
        store.commit("ada", vec![put("b", "1")]).map_err(|error| panic!("opened, then: {error}"))
    });
    permit(folder.path(), 0o700);
    assert_eq!(read.unwrap(), 1);
    match written {
        Ok(_) => assert!(may_write),
        Err(error) => assert!(matches!(error, StoreError::ReadOnly { .. }) && !may_write, "{error:?}"),
    }
}

/// A store of some 40 pages with history, as bytes.
fn sample() -> Vec<u8> {
    let (_folder, path) = folder();
    let store = open(&path, clock());
    for round in 0..4 {
        let writes =
            (0..60).map(|index| put(&format!("doc/{index}"), &format!("{round}{}", "x".repeat(2_000))));
        store.commit("ada", writes.collect()).unwrap();
    }
    store.commit("ada", (0..10).map(|index| delete(&format!("doc/{index}"))).collect()).unwrap();
    assert_sound(&store);
    drop(store);
    fs::read(path).unwrap()
}

/// Tries everything on a file; any answer will do, as long as there is one.
fn try_everything(path: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let store = Store::open(path, clock())?;
    let results = [
        store.check().map(|_| ()).map_err(Into::into),
        store.scan(AsOf::Now, &mut |_| true),
        store.scan(AsOf::Sequence(100), &mut |_| true),
        store.changes(0, 1_000).map(|_| ()),
        store.history(&key("doc/20"), 10).map(|_| ()),
        store.read(&key("doc/3"), AsOf::Time(crate::support::noon())).map(|_| ()),
        store.load(AsOf::Now, NonZeroUsize::MIN, || (), |(), _| ()).map(|_| ()).map_err(Into::into),
        store.commit("bob", vec![put("doc/20", "new"), put("new", "new"), delete("doc/21")]).map(|_| ()),
    ];
    results.into_iter().collect::<Result<(), _>>()?;
    Ok(())
}

#[test]
fn damaged_stores_give_errors_and_never_panic() {
    let sample = sample();
    let mut numbers = Numbers(7);
    let mut noticed = 0;
    for round in 0..300_u64 {
        let (_folder, path) = folder();
        let mut bytes = sample.clone();
        let length = bytes.len() as u64;
        match round % 3 {
            0 => bytes.truncate(numbers.below(length) as usize),
            1 => {
                for _ in 0..=numbers.below(20) {
                    bytes[numbers.below(length) as usize] = numbers.below(256) as u8;
                }
            }
            _ => {
                // A torn page: one block of the file holds what belongs to another.
                let block = |number: u64| (number * 4_096) as usize..(number * 4_096 + 4_096) as usize;
                let from = block(numbers.below(length / 4_096));
                let to = block(numbers.below(length / 4_096)).start;
                bytes.copy_within(from, to);
            }
        }
        fs::write(&path, &bytes).unwrap();
        noticed += u32::from(try_everything(&path).is_err());
    }
    assert!(noticed > 100, "{noticed} of 300");
}

#[test]
fn bytes_without_any_sense_give_errors() {
    let mut numbers = Numbers(11);
    for round in 0..100 {
        let (_folder, path) = folder();
        let mut bytes: Vec<u8> = (0..numbers.below(20_000)).map(|_| numbers.below(256) as u8).collect();
        if round % 2 == 0 && bytes.len() > 100 {
            // The header of a store, so that SQLite believes it.
            bytes[..100].copy_from_slice(&sample_header());
        }
        fs::write(&path, &bytes).unwrap();
        if !bytes.is_empty() {
            try_everything(&path).unwrap_err();
        }
    }
}

fn sample_header() -> [u8; 100] {
    let (_folder, path) = folder();
    drop(open(&path, clock()));
    fs::read(path).unwrap()[..100].try_into().unwrap()
}

#[test]
fn a_check_finds_rows_that_break_the_rules() {
    for (damage, wanted) in [
        ("DELETE FROM versions WHERE sequence = 2", "the feed should have"),
        ("UPDATE versions SET previous = NULL WHERE sequence = 3", "does not follow"),
        ("UPDATE documents SET current = 1 WHERE id = 1", "after its current one"),
        ("UPDATE documents SET deleted = 1 WHERE id = 1", "missing or another"),
        ("UPDATE documents SET hash = 5 WHERE id = 1", "cannot be found"),
        ("UPDATE documents SET key = 'x', hash = -5808556873153887576 WHERE id = 1", "cannot be found"),
        ("UPDATE versions SET document = 99 WHERE sequence = 1", "belongs to no document"),
        ("UPDATE commits SET first = 1 WHERE last = 3", "does not begin where"),
        ("UPDATE commits SET time = 0 WHERE last = 3", "is older than"),
    ] {
        let (_folder, path) = folder();
        let store = open(&path, clock());
        store.commit("ada", vec![put("a", "1"), put("b", "1")]).unwrap();
        store.commit("ada", vec![put("a", "2")]).unwrap();
        assert_sound(&store);
        let other = Connection::open(&path).unwrap();
        other.execute_batch(damage).unwrap();
        let report = store.check().unwrap();
        assert!(report.problems.iter().any(|problem| problem.contains(wanted)), "{damage}: {report:?}");
    }
}
