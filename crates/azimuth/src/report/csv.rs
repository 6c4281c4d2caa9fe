//! CSV (RFC 4180): one line per counterexample, per missing piece of evidence, and per other verdict.

use std::io::{self, Write};

use azimuth_posture::Assessment;

use super::{Kind, counterexamples, missing, plain, summary_line};

pub(crate) fn write(out: &mut dyn Write, assessment: &Assessment) -> io::Result<()> {
    row(
        out,
        &[
            "control", "area", "severity", "title", "verdict", "object", "path", "seen", "wanted", "note",
            "todo",
        ],
    )?;
    for result in &assessment.results {
        let control = result.control;
        let (area, severity) = (control.area.title(), super::severity(control.severity));
        let word = Kind::of(&result.verdict).word();
        let lead = [control.id, area, severity, control.title];
        let line = |out: &mut dyn Write, rest: [&str; 7]| {
            let cells: Vec<&str> = lead.iter().copied().chain(rest).collect();
            row(out, &cells)
        };
        let (examples, lacking) = (counterexamples(&result.verdict), missing(&result.verdict));
        for example in examples {
            let fix = example.fix.as_deref().unwrap_or(control.fix);
            let note = example.note.as_deref().unwrap_or_default();
            line(
                out,
                [word, &example.object, &example.path, &plain(&example.seen), &example.wanted, note, fix],
            )?;
        }
        for need in lacking {
            let scope = need.scope.as_deref().unwrap_or_default();
            line(out, ["unknown", scope, "", "", "", &need.what, &need.command])?;
        }
        if examples.is_empty() && lacking.is_empty() {
            line(out, [word, "", "", "", "", &summary_line(&result.verdict), ""])?;
        }
    }
    Ok(())
}

pub(crate) fn row(out: &mut dyn Write, cells: &[&str]) -> io::Result<()> {
    for (index, cell) in cells.iter().enumerate() {
        if index > 0 {
            out.write_all(b",")?;
        }
        out.write_all(field(cell).as_bytes())?;
    }
    out.write_all(b"\r\n")
}

/// Quotes where needed. A leading `=`, `+`, `-` or `@` gets an apostrophe: spreadsheets would run it as a formula.
fn field(text: &str) -> String {
    let plain = |c: char| if c.is_control() && !"\n\r\t".contains(c) { '\u{fffd}' } else { c };
    let text: String = text.chars().map(plain).collect();
    let guarded = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text };
    if guarded.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", guarded.replace('"', "\"\""))
    } else {
        guarded
    }
}

#[cfg(test)]
mod tests {
    use super::field;

    #[test]
    fn fields_are_quoted_and_harmless() {
        assert_eq!(field("plain"), "plain");
        assert_eq!(field("a,b"), "\"a,b\"");
        assert_eq!(field("say \"x\""), "\"say \"\"x\"\"\"");
        assert_eq!(field("=cmd()"), "'=cmd()");
    }
}
