//! Hostile and damaged bytes: a clear reason, the record's bytes, no panic, and reading goes on.

use azimuth_collect::reader::MAX_RECORD;
use azimuth_collect::{Format, Reader};

use crate::kept::{Kept, read, read_in, source};

#[test]
fn a_damaged_record_costs_itself() {
    let text = b"{\"a\":1}\n{\"a\":\n{\"a\":\xff}\nnull\n[1,{\"a\":2}]\n{\"a\":\"\\ud800\"}\n{\"a\":3}\n";
    let kept = read("own.json", text);
    assert_eq!(kept.rows["own_CL"].len(), 3);
    let places: Vec<_> =
        kept.dead.iter().map(|(reason, place, raw)| (reason.as_str(), *place, raw.as_slice())).collect();
    assert_eq!(places[0], ("expected a value, found the end at byte 5", 2, &b"{\"a\":"[..]));
    assert_eq!(places[1], ("no UTF-8 at byte 5", 3, &b"{\"a\":\xff}"[..]));
    assert_eq!(places[2].0, "expected an object, found `n` at byte 0");
    assert_eq!(places[4].0, "half a character in a `\\u` escape at byte 6");
    assert_eq!(places.len(), 5);
}

#[test]
fn a_document_that_breaks_off_gives_what_came_before() {
    let kept = read("own.json", b"{\"records\":[{\"a\":1},{\"a\":2},{\"a\":\"unfin");
    assert_eq!(kept.rows["own_CL"].len(), 2);
    assert_eq!(kept.dead[0].2, b"{\"a\":\"unfin");
    let kept = read("own.json", b"[\n{\"a\":1},\n{\"a\" 2},\n{\"a\":3},\n{\"a\":4}\n]");
    assert_eq!(kept.rows["own_CL"].len(), 3, "{kept:?}");
    let kept = read("own.json", b"[{\"a\":1},\n{\"a\":\"\xff\"},\n{\"a\":3}]");
    assert_eq!(kept.rows["own_CL"].len(), 2, "{kept:?}");
}

#[test]
fn a_stream_that_breaks_off_says_why() {
    let mut kept = Kept::default();
    let mut reader = Reader::new(source("own.json"));
    reader.push(b"{\"a\":1}\n{\"a\":2}\n{\"a\":", &mut kept);
    let counts = reader.finish(Some("the gzip stream ends early"), &mut kept);
    assert_eq!((counts.rows, counts.dead), (2, 1));
    assert_eq!(kept.dead[0], ("the gzip stream ends early".into(), 3, b"{\"a\":".to_vec()));
}

#[test]
fn long_records_are_refused_and_reading_goes_on() {
    let mut text = b"{\"a\":1}\n{\"a\":\"".to_vec();
    text.resize(text.len() + MAX_RECORD, b'x');
    text.extend_from_slice(b"\"}\n{\"a\":2}\n");
    let (kept, _) = read_in(source("own.json"), &text, 1 << 20);
    assert_eq!(kept.rows["own_CL"].len(), 2);
    assert_eq!((kept.dead[0].0.as_str(), kept.dead[0].1), ("a record of more than 64 MB", 2));
    assert_eq!(kept.dead[0].2.len(), MAX_RECORD);
}

#[test]
fn nesting_and_names_are_limited() {
    let deep = format!("{{\"a\":1}}\n{{\"a\":{}1{}}}\n", "[".repeat(5_000), "]".repeat(5_000));
    let kept = read("own.json", deep.as_bytes());
    assert_eq!(kept.dead[0].0, "nested more than 100 deep at byte 105");
    let names =
        "{\"a'; drop table\":1,\"\\u0000\":2,\"../../x\":3,\"_ResourceId\":4,\"Type\":\"Other\",\"\":{}}";
    let kept = read("own.json", names.as_bytes());
    let row = &kept.rows["own_CL"][0];
    assert_eq!((&row["a___drop_table"], &row["______x"]), (&1.into(), &3.into()));
    let long = format!("{{\"{}\":1}}\n{{\"a\":1}}\n", "n".repeat(1_000));
    assert_eq!(read("own.json", long.as_bytes()).dead[0].0, "a name of 1000 bytes; 512 are read at byte 0");
}

#[test]
fn wrong_types_never_lose_a_record() {
    let values =
        ["null", "true", "-1", "1e300", "\"x\"", "\"\"", "[]", "{}", "[{\"a\":[1]}]", "{\"value\":{}}"];
    for category in [
        "AuditEvent",
        "SignInLogs",
        "Administrative",
        "NetworkSecurityGroupFlowEvent",
        "AdvancedHunting-DeviceEvents",
        "kube-audit",
        "x",
    ] {
        for value in values {
            let record = format!(
                "{{\"time\":{value},\"category\":\"{category}\",\"resourceId\":{value},\"identity\":{value},\"properties\":{value},\
                 \"operationName\":{value},\"level\":{value},\"location\":{value},\"durationMs\":{value}}}"
            );
            let kept = read("x.json", record.as_bytes());
            let rows: usize = kept.rows.values().map(Vec::len).sum();
            let may_be_empty = category.starts_with("Network");
            assert!(
                rows + kept.dead.len() == 1 || may_be_empty && rows + kept.dead.len() <= 1,
                "{record}: {kept:?}"
            );
        }
    }
}

/// Samples of every format, damaged in every way that a simple generator of numbers finds.
#[test]
fn damage_never_panics() {
    let samples: [(&str, &str); 8] = [
        (
            "a.json",
            "{\"records\":[{\"time\":\"2024-01-01T00:00:00Z\",\"category\":\"AuditEvent\",\"properties\":{\"a\":[1,{\"b\":\"\\u00e9\"}]}}]}\n",
        ),
        (
            "a.json",
            "[{\"flowLogVersion\":4,\"flowRecords\":{\"flows\":[{\"aclID\":\"a\",\"flowGroups\":[{\"rule\":\"r\",\"flowTuples\":[\"1663146003599,1.1.1.1,2.2.2.2,1,2,6,O,E,NX,3,767,2,1580\"]}]}]}}]",
        ),
        (
            "a.json",
            "{\"Event\":{\"System\":{\"EventID\":{\"#text\":1},\"Channel\":\"Security\"},\"EventData\":{\"Data\":[\"x\"]}}}",
        ),
        ("a.csv", "a,\"b \"\"c\",d\n1,\"two\nlines\",3\n"),
        ("a.log", "<34>1 2003-10-11T22:14:15.003Z host su - ID47 [a@1 b=\"c\\\"]\"] failed\n"),
        ("a.log", "<13>Oct 11 22:14:15 fw CEF:0|V\\|x|P|1|c|n|3|src=1.1.1.1 msg=a\\=b\n"),
        (
            "a.xml",
            "<Events><Event><System><Provider Name='p&amp;q'/><EventID>1</EventID></System><EventData><Data Name='n'><![CDATA[x]]></Data></EventData></Event></Events>",
        ),
        ("a.txt", "plain\ntext\n"),
    ];
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed >> 33).unwrap() % below
    };
    let marks = b"{}[]\",:\\<>&;|= \n\r\t\0\xff\xc3-0eE.u";
    for (path, sample) in samples {
        for _ in 0..400 {
            let mut bytes = sample.repeat(1 + next(2)).into_bytes();
            for _ in 0..1 + next(4) {
                let place = next(bytes.len().max(1)).min(bytes.len().saturating_sub(1));
                if bytes.is_empty() {
                    break;
                }
                match next(4) {
                    0 => bytes[place] = marks[next(marks.len())],
                    1 => bytes.insert(place, marks[next(marks.len())]),
                    2 => drop(bytes.remove(place)),
                    _ => bytes.truncate(place + 1),
                }
            }
            let whole = read_in(source(path), &bytes, usize::MAX).0;
            let pieces = read_in(source(path), &bytes, 1 + next(16)).0;
            assert_eq!(whole, pieces, "{}", String::from_utf8_lossy(&bytes));
            for format in Format::ALL {
                let mut forced = source(path);
                forced.format = Some(format);
                read_in(forced, &bytes, 64);
            }
        }
    }
}
