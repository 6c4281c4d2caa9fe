//! The guide lists every call of the plan.

use std::fmt::Write;
use std::path::PathBuf;

use azimuth_collector::{Call, Service, all_calls};

fn guide_path() -> PathBuf {
    PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("Cargo sets it"))
        .join("../../docs/collect.md")
}

fn table(service: Service) -> String {
    let mut out = String::from("| call | what is asked | asked for | right |\n|---|---|---|---|\n");
    let (fallback, calls): (Vec<&Call>, Vec<&Call>) =
        all_calls().iter().filter(|call| call.service() == service).partition(|call| call.is_fallback());
    for call in calls {
        let query = call.query.as_ref().map(|query| format!(" `{query}`")).unwrap_or_default();
        let licence = call.licence.as_ref().map(|licence| format!("; {licence}")).unwrap_or_default();
        let path = call.path.replace('|', "\\|");
        let method = if call.batch { "GET in `$batch`" } else { call.method() };
        let (id, subject, needs) = (&call.id, call.subject, &call.needs);
        writeln!(
            out,
            "| `{id}` | {method} `{path}`{} | {subject} | {needs}{licence} |",
            query.replace('|', "\\|")
        )
        .unwrap();
    }
    if !fallback.is_empty() {
        let types: Vec<_> =
            fallback.iter().map(|call| format!("`{}`", call.evidence.as_ref().unwrap())).collect();
        writeln!(out, "\nOnly when Resource Graph refuses, for each subscription: {}.", types.join(", "))
            .unwrap();
    }
    out
}

/// To bring the guide up to date: `UPDATE_DOCS=1 cargo test -p azimuth-collector docs`.
#[test]
fn the_guide_lists_every_call() {
    let mut guide = std::fs::read_to_string(guide_path()).unwrap();
    for (service, name) in [(Service::Arm, "arm"), (Service::Graph, "graph")] {
        let (begin, end) = (format!("<!-- begin {name} calls -->\n"), format!("<!-- end {name} calls -->"));
        let from = guide.find(&begin).unwrap() + begin.len();
        let to = guide.find(&end).unwrap();
        let table = table(service);
        if std::env::var_os("UPDATE_DOCS").is_some() {
            guide.replace_range(from..to, &table);
            std::fs::write(guide_path(), &guide).unwrap();
        } else {
            assert!(guide[from..to] == table, "docs/collect.md is stale; run with UPDATE_DOCS=1");
        }
    }
    for right in all_calls().iter().map(|call| &call.needs) {
        assert!(guide.contains(right.as_str()), "{right}");
    }
}
