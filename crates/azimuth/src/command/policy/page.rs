//! The parts that the pages of `azimuth policy` share.

use std::io::{self, Write};

use jiff::Timestamp;

use crate::report::junit::escape;
use crate::report::terminal::{cut, seconds};
use crate::report::thousands;

const STYLE: &str = include_str!("../../report/report.css");

/// From the document type to the title; the header is left open.
pub(super) fn begin(out: &mut dyn Write, brand: &str, title: &str, as_of: Timestamp) -> io::Result<()> {
    let (title, time) = (escape(title), seconds(as_of));
    writeln!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{brand}: {title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <header><p class=\"brand\">{brand}</p><h1>{title}</h1>\n\
         <p>As of <time datetime=\"{time}\">{time}</time></p>"
    )
}

/// Closes what [`begin`] and the caller opened.
pub(super) fn end(out: &mut dyn Write, note: &str) -> io::Result<()> {
    writeln!(
        out,
        "</main>\n<footer><p>{} Made by Azimuth {}.</p></footer>\n</body>\n</html>",
        escape(note),
        env!("CARGO_PKG_VERSION")
    )
}

/// Large numbers: class, number, words.
pub(super) fn tiles(out: &mut dyn Write, tiles: &[(&str, String, &str)]) -> io::Result<()> {
    writeln!(out, "<section class=\"tiles\">")?;
    for (class, number, words) in tiles {
        writeln!(out, "<div class=\"tile {class}\"><b>{}</b><span>{words}</span></div>", escape(number))?;
    }
    writeln!(out, "</section>")
}

/// A bar chart with a caption; nothing without bars.
pub(super) fn bars(
    out: &mut dyn Write,
    caption: &str,
    class: &str,
    bars: &[(String, u64)],
) -> io::Result<()> {
    let Some(most) = bars.iter().map(|(_, count)| *count).max().filter(|most| *most > 0) else {
        return Ok(());
    };
    let height = bars.len() * 44 + 4;
    writeln!(
        out,
        "<figure><figcaption>{0}</figcaption><svg viewBox=\"0 0 640 {height}\" role=\"img\" aria-label=\"{0}\">",
        escape(caption)
    )?;
    for (row, (title, count)) in bars.iter().enumerate() {
        let y = row * 44;
        let width = (*count as f64 / most as f64 * 560.0).max(2.0);
        writeln!(
            out,
            "<text x=\"0\" y=\"{}\">{}</text><rect class=\"{class}\" x=\"0\" y=\"{}\" width=\"{width:.1}\" height=\"16\" rx=\"3\">\
             <title>{}</title></rect><text x=\"{:.1}\" y=\"{}\">{}</text>",
            y + 14,
            escape(&cut(title, 80)),
            y + 20,
            escape(title),
            width + 8.0,
            y + 33,
            thousands(*count as usize)
        )?;
    }
    writeln!(out, "</svg></figure>")
}
