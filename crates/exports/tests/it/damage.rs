//! Every fixture cut at every byte and hurt in many ways: no panic, nothing silent, the rest still read.

use azimuth_exports::{Imported, read};

use crate::fixtures::all;
use crate::read_all;

/// A small generator of pseudo-random numbers, so that failures repeat.
fn next(state: &mut u64) -> usize {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) as usize
}

#[test]
fn cut_at_every_byte() {
    for (path, bytes) in all() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let mut before = 0;
        for cut in 0..bytes.len() {
            let mut documents: Vec<Imported> = Vec::new();
            let report = read(&name, &bytes[..cut], &mut |document| documents.push(document));
            assert!(report.rejected == 0 || !report.diagnostics.is_empty(), "{name} cut at {cut}");
            if cut % 64 == 0 {
                crate::assert_sound(&bytes[..cut], &documents, &report);
            }
            // A longer part of a file never yields fewer documents, but for encodings and envelopes that
            // only the whole text tells.
            if name.ends_with(".ndjson") || name.starts_with("cli-") || name == "arm-list-page.json" {
                assert!(documents.len() >= before, "{name} cut at {cut}: {before} → {}", documents.len());
            }
            before = documents.len();
        }
    }
}

#[test]
fn bytes_replaced_removed_and_doubled() {
    // More rounds for a long look: AZIMUTH_FUZZ_ROUNDS=10000.
    let rounds = std::env::var("AZIMUTH_FUZZ_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(120);
    let mut state = 7;
    let noise = b"{}[]\",:\\\0\n\xff\xc3-eE.0tfn u/";
    for (path, bytes) in all() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if bytes.is_empty() {
            continue;
        }
        for _ in 0..rounds {
            let mut hurt = bytes.clone();
            for _ in 0..1 + next(&mut state) % 3 {
                let at = next(&mut state) % hurt.len();
                match next(&mut state) % 4 {
                    0 => hurt[at] = noise[next(&mut state) % noise.len()],
                    1 => drop(hurt.remove(at)),
                    2 => hurt.insert(at, noise[next(&mut state) % noise.len()]),
                    _ => {
                        let end = (at + next(&mut state) % 200).min(hurt.len());
                        let part = hurt[at..end].to_vec();
                        hurt.splice(at..at, part);
                    }
                }
                if hurt.is_empty() {
                    break;
                }
            }
            read_all(&name, &hurt);
        }
    }
}

#[test]
fn one_hurt_line_costs_one_record() {
    let line = |index: usize| {
        format!("{{\"id\":\"/subscriptions/s/resourceGroups/g{index}\",\"properties\":{{\"n\":{index}}}}}")
    };
    let hurts: [&[u8]; 12] = [
        b"{\"id\":\"/subscriptions/s/resourceGroups/x\",\"properties\":{\"a\":1,\"a\":2}}",
        b"{\"id\":\"/subscriptions/s/resourceGroups/x\",\"properties\":{\"n\":1e999}}",
        b"{\"id\":\"/subscriptions/s/resourceGroups/x\",\"properties\":{\"n\":-}}",
        b"{\"id\":\"/subscriptions/s/resourceGroups/x\",\"properties\":{\"t\":\"\xff\"}}",
        b"{\"id\":\"/subscriptions/s/resourceGroups/x\",\"properties\":{\"t\":\"\0\"}}",
        b"{\"id\":\"/subscriptions/s/resourceGroups/x\",\"properties\":{\"t\":\"\\ud800\"}}",
        b"{\"id\":\"/subscriptions/s/resourceGroups/x\",\"properties\":{",
        b"{\"id\":\"no id\",\"properties\":{}}",
        b"{\"id\":7,\"properties\":{}}",
        b"]",
        b"\"text\"",
        b"{}",
    ];
    for hurt in hurts {
        let mut text = format!("{}\n{}\n", line(1), line(2)).into_bytes();
        text.extend_from_slice(hurt);
        text.extend_from_slice(format!("\n{}\n{}", line(3), line(4)).as_bytes());
        let (documents, report) = read_all("a.ndjson", &text);
        let shown = String::from_utf8_lossy(hurt);
        assert_eq!(
            (documents.len(), report.records, report.rejected),
            (4, 5, 1),
            "{shown}: {:?}",
            report.diagnostics
        );
        assert_eq!(report.diagnostics.len(), 1, "{shown}");
        assert_eq!(report.diagnostics[0].place.line, Some(3), "{shown}");
    }
}

#[test]
fn one_hurt_element_costs_one_record() {
    let element =
        |index: usize| format!("{{\"id\":\"/subscriptions/s/resourceGroups/g{index}\",\"properties\":{{}}}}");
    let hurts = [
        "{\"id\":\"/subscriptions/s/resourceGroups/x\",\"id\":\"\"}",
        "{\"id\":\"/subscriptions/s/resourceGroups/x\",\"properties\":{\"n\":tru}}",
        "{\"id\":\"/subscriptions/s/resourceGroups/x\",\"properties\":{\"n\":[1,2}}",
        "{\"id\":\"/subscriptions/s/resourceGroups/x\" \"properties\":{}}",
        "7",
        "null",
        "oops",
    ];
    for hurt in hurts {
        for wrap in
            ["[LIST]", "{\"value\":[LIST]}", "{\"count\":3,\"data\":[LIST]}", "{\n \"value\" : [\nLIST\n]\n}"]
        {
            let list = [&element(1), hurt, &element(2)].join(",");
            let (documents, report) = read_all("a.json", wrap.replace("LIST", &list).as_bytes());
            // A lost bracket may take its neighbour with it, but not silently.
            let unbalanced = hurt.contains("[1,2}");
            assert!(
                documents.len() == 2 || (unbalanced && !documents.is_empty()),
                "{hurt} in {wrap}: {report:?}"
            );
            assert!(report.rejected >= 1 && !report.diagnostics.is_empty(), "{hurt} in {wrap}");
        }
    }
}

#[test]
fn depth_and_breadth_are_bounded() {
    let deep = 200_000;
    let mut cases = vec![
        "[".repeat(deep),
        "{\"value\":".repeat(deep),
        "{\"value\":[".repeat(deep),
        "{\"a\":".repeat(deep),
        "[{\"data\":[{\"count\":".repeat(10_000),
        "{\"responses\":[{\"body\":".repeat(100_000),
        "\"".repeat(deep),
        "{".repeat(deep),
        "\\".repeat(deep),
        format!("{{\"id\":\"/{}\",\"properties\":{{}}}}", "a/".repeat(100_000)),
        format!("[{}]", "1".repeat(deep)),
        "[],".repeat(100_000),
        "[[],[],[[]]]".to_owned(),
    ];
    cases.push(format!("{}1{}", "[".repeat(127), "]".repeat(127)));
    for case in cases {
        for text in [
            case.clone(),
            format!("{case}\n{case}"),
            format!("{{\"id\":\"/subscriptions/s\",\"properties\":{case}}}"),
        ] {
            let mut count = 0;
            let report = read("deep.json", text.as_bytes(), &mut |_| count += 1);
            assert!(count > 0 || !report.diagnostics.is_empty() || report.records == 0);
        }
    }
}
