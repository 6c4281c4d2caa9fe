//! Explanations as text: the tree on the left, figures in columns on the right.

use std::fmt::{self, Write};

use super::{Explanation, Measured, PlanNode, Read};

/// Characters of the text of an operator that are shown.
const MAX_TEXT: usize = 60;
/// Characters of what the engine says that are shown.
const MAX_DETAIL: usize = 100;

struct Line {
    tree: String,
    figures: [String; 3],
    notes: String,
}

impl fmt::Display for Explanation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.first {
            writeln!(out, "first, {}:", part.name.as_deref().unwrap_or("a part"))?;
            tree(out, &part.plan)?;
            writeln!(out)?;
        }
        for (index, part) in self.results.iter().enumerate() {
            if self.results.len() > 1 {
                let unnamed = format!("result {}", index + 1);
                writeln!(out, "{}:", part.name.as_deref().unwrap_or(&unnamed))?;
            }
            tree(out, &part.plan)?;
        }
        if let Some(totals) = &self.totals {
            writeln!(
                out,
                "\n{} rows, {} in {} (plan {}), at most {} of memory",
                count(totals.rows),
                bytes(totals.bytes),
                time(totals.total_ns),
                time(totals.planning_ns),
                bytes(totals.most_memory),
            )?;
        }
        Ok(())
    }
}

fn tree(out: &mut fmt::Formatter<'_>, plan: &PlanNode) -> fmt::Result {
    let mut lines = Vec::new();
    add(&mut lines, plan, "", "", "");
    let width = lines.iter().map(|line| line.tree.chars().count()).max().unwrap_or(0);
    let has_run = lines.iter().any(|line| line.figures.iter().any(|figure| !figure.is_empty()));
    let widths: [usize; 3] = std::array::from_fn(|place| {
        lines.iter().map(|line| line.figures[place].chars().count()).max().unwrap_or(0)
    });
    for line in lines {
        let mut text = format!("{:width$}", line.tree);
        if has_run {
            for (figure, width) in line.figures.iter().zip(widths) {
                write!(text, "  {figure:>width$}")?;
            }
        }
        if !line.notes.is_empty() {
            write!(text, "  {}", line.notes)?;
        }
        writeln!(out, "{}", text.trim_end())?;
    }
    Ok(())
}

fn add(lines: &mut Vec<Line>, node: &PlanNode, before: &str, branch: &str, below: &str) {
    let label = match &node.query {
        Some(query) => short(query, MAX_TEXT),
        None => node.operator.clone(),
    };
    let measured = node.measured.clone().unwrap_or_default();
    let notes = match &node.measured {
        Some(measured) => notes(measured),
        None => short(&format!("{}: {}", node.engine, node.detail), MAX_DETAIL),
    };
    lines.push(Line {
        tree: format!("{before}{branch}{label}"),
        figures: [
            measured.rows.map(|rows| format!("{} rows", count(rows))).unwrap_or_default(),
            measured.bytes.map(bytes).unwrap_or_default(),
            measured.time_ns.map(time).unwrap_or_default(),
        ],
        notes,
    });
    let before = format!("{before}{below}");
    let last = node.inputs.len().saturating_sub(1);
    for (index, input) in node.inputs.iter().enumerate() {
        let (branch, below) = if index == last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        add(lines, input, &before, branch, below);
    }
}

fn notes(measured: &Measured) -> String {
    let mut notes = Vec::new();
    if let Some(Read { bytes: read, files, .. }) = measured.read {
        let read = format!("{} read of {}", bytes(read), plural(files, "file"));
        notes.push(read);
    }
    if let Some(read) = measured.read {
        for (pruned, of, what) in [
            (read.files_pruned, read.files + read.files_pruned, "files left out"),
            (read.index_rows_pruned, read.index_rows, "rows left out by the index"),
            (read.row_groups_pruned, read.row_groups, "row groups left out"),
        ] {
            if pruned > 0 {
                notes.push(format!("{} of {} {what}", count(pruned), count(of)));
            }
        }
        for (pruned, what) in [
            (read.file_ranges_pruned, "ranges of files left out"),
            (read.page_rows_pruned, "rows left out by pages"),
            (read.rows_filtered, "rows left out while reading"),
        ] {
            if pruned > 0 {
                notes.push(format!("{} {what}", count(pruned)));
            }
        }
    }
    if measured.spilled_bytes > 0 {
        notes.push(format!("{} spilled to disk", bytes(measured.spilled_bytes)));
    }
    notes.join(", ")
}

fn plural(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{} {noun}s", count(number)) }
}

fn short(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text.to_owned(),
    }
}

/// `1,234,567`
fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1.2 MB`, by thousands
fn bytes(number: u64) -> String {
    let mut value = number as f64;
    for unit in ["B", "kB", "MB", "GB"] {
        if value < 1000.0 {
            return if unit == "B" { format!("{number} B") } else { format!("{value:.1} {unit}") };
        }
        value /= 1000.0;
    }
    format!("{value:.1} TB")
}

/// `1.2 ms`
fn time(nanos: u64) -> String {
    match nanos {
        0..1_000_000 => format!("{:.1} µs", nanos as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} ms", nanos as f64 / 1e6),
        _ => format!("{:.2} s", nanos as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Part, Totals};
    use super::*;

    #[test]
    fn figures_stand_in_columns() {
        let node = |operator: &str, rows, inputs| PlanNode {
            operator: operator.to_owned(),
            measured: Some(Measured { rows: Some(rows), time_ns: Some(1_500), ..Measured::default() }),
            inputs,
            ..PlanNode::default()
        };
        let plan = node(
            "join",
            12_345,
            vec![node("A", 1, Vec::new()), node("B", 2, vec![node("C", 3, Vec::new())])],
        );
        let explanation = Explanation {
            first: Vec::new(),
            results: vec![Part { name: None, plan }],
            totals: Some(Totals { rows: 12_345, total_ns: 2_000_000, ..Totals::default() }),
        };
        let text = explanation.to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "join     12,345 rows    1.5 µs");
        assert_eq!(lines[1], "├─ A          1 rows    1.5 µs");
        assert_eq!(lines[3], "   └─ C       3 rows    1.5 µs");
        assert_eq!(lines[5], "12,345 rows, 0 B in 2.0 ms (plan 0.0 µs), at most 0 B of memory");
    }
}
