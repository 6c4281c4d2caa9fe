//! Plans for people: nodes named by the operators they came from, with what was measured.

use azimuth_query::explain::{Explanation, PlanNode};
use azimuth_query::{Columns, Engine, Format, Settings};

use crate::support::{NOW, deep, engine, runtime, sorted_file};

fn analysed(text: &'static str, has_run: bool) -> Explanation {
    deep(move || {
        let mut engine: Engine = engine();
        let path = sorted_file(&format!("explain_{}_{has_run}.parquet", text.len()), 4000, 500);
        runtime().block_on(async {
            engine.register_files("T", &[path.into()], Format::Parquet, Columns::OfFiles).await.unwrap();
            match has_run {
                true => engine.analyse(text, NOW, &Settings::default()).await.unwrap(),
                false => engine.explain(text, NOW, &Settings::default()).await.unwrap(),
            }
        })
    })
}

fn nodes(plan: &PlanNode) -> Vec<&PlanNode> {
    let mut all = Vec::new();
    plan.walk(&mut |node| all.push(node));
    all
}

fn operators(plan: &PlanNode) -> Vec<&str> {
    nodes(plan).into_iter().map(|node| node.operator.as_str()).collect()
}

#[test]
fn nodes_are_named_by_the_query() {
    let text = "T | where N < 900 | extend M = N % 7 | summarize total = sum(N) by M | top 3 by total";
    let found = analysed(text, true);
    let plan = &found.results[0].plan;
    let named: Vec<&str> =
        operators(plan).into_iter().filter(|name| !matches!(*name, "exchange" | "merge")).collect();
    assert_eq!(named.first(), Some(&"top"), "{found}");
    assert_eq!(named.last(), Some(&"T"), "{found}");
    assert!(named.contains(&"summarize") && named.contains(&"where"), "{found}");
    for node in nodes(plan) {
        if let Some((start, end)) = node.place {
            assert_eq!(
                text[start..end].split_whitespace().collect::<Vec<_>>().join(" "),
                *node.query.as_ref().unwrap()
            );
        }
    }
    let filter = nodes(plan).into_iter().find(|node| node.operator == "where").unwrap();
    assert_eq!(filter.measured.as_ref().unwrap().rows, Some(900), "{found}");
    let totals = found.totals.unwrap();
    assert_eq!(totals.rows, 3);
    assert!(totals.bytes > 0 && totals.total_ns >= totals.planning_ns);
}

#[test]
fn what_files_did_not_give_is_told() {
    let found = analysed("T | where At >= datetime(2020-09-13T12:26:45Z) and N < 600 | count", true);
    let read = found.read();
    assert_eq!(read.files, 1);
    // Rows 0 to 599 are in the first two of eight row groups.
    assert_eq!((read.row_groups, read.row_groups_pruned), (8, 6), "{found}");
    assert!(read.bytes > 0);
    assert!(found.to_string().contains("6 of 8 row groups left out"), "{found}");
}

#[test]
fn parts_that_run_first_are_told() {
    let text = "let most = toscalar(T | summarize max(N)); let Few = materialize(T | where N > most - 10); \
                Few | join kind=inner (Few | where N > 10) on N | union (T | where Word in (Few | project Word)) | count";
    let found = analysed(text, true);
    let first: Vec<&str> = found.first.iter().filter_map(|part| part.name.as_deref()).collect();
    assert!(first.contains(&"toscalar") && first.contains(&"materialize"), "{first:?}");
    let all = operators(&found.results[0].plan);
    for wanted in ["join", "union", "count", "materialize", "T"] {
        assert!(all.contains(&wanted), "{wanted}: {found}");
    }
}

#[test]
fn a_plan_that_did_not_run_has_no_figures() {
    let found = analysed("T | where N > 5 | mv-expand x = pack_array(1, 2) to typeof(long) | take 5", false);
    assert!(found.totals.is_none());
    assert!(nodes(&found.results[0].plan).iter().all(|node| node.measured.is_none()));
    assert!(operators(&found.results[0].plan).contains(&"mv-expand"), "{found}");
    let json = serde_json::to_value(&found).unwrap();
    assert!(json["results"][0]["plan"]["engine"].is_string());
    assert!(json.get("totals").is_none());
}

#[test]
fn operators_of_rows_are_measured() {
    let found =
        analysed("T | where N < 10 | mv-expand x = pack_array(1, 2, 3) to typeof(long) | where x > 1", true);
    let plan = &found.results[0].plan;
    let expand = nodes(plan).into_iter().find(|node| node.operator == "mv-expand").unwrap();
    assert_eq!(expand.measured.as_ref().unwrap().rows, Some(30), "{found}");
    assert_eq!(found.totals.unwrap().rows, 20);
}
