//! Foreign text made fit to show: no control characters, no tricks with direction, no more room than there is.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Longest text taken from a value; what is longer is cut.
const LONGEST: usize = 400;

/// A text on one line without characters that steer terminals or turn the reading direction around.
pub(crate) fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(LONGEST));
    for (index, character) in text.chars().enumerate() {
        if index == LONGEST {
            out.push('…');
            break;
        }
        match character {
            '\t' | '\n' | '\r' | '\u{2028}' | '\u{2029}' => out.push(' '),
            character if character.is_control() || is_invisible(character) => out.push('\u{fffd}'),
            character => out.push(character),
        }
    }
    out
}

/// Direction overrides, zero-width characters, and code points that XML forbids.
fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}'
        | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// How many cells of a terminal a text takes.
pub(crate) fn cells(text: &str) -> usize {
    text.width()
}

/// A text in no more than `most` cells, with `…` where it was cut.
pub(crate) fn fit_cells(text: &str, most: usize) -> String {
    if cells(text) <= most {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 1;
    for character in text.chars() {
        used += character.width().unwrap_or(0);
        if used > most {
            break;
        }
        out.push(character);
    }
    if most > 0 {
        out.push('…');
    }
    out
}

/// A text padded with spaces to `width` cells.
pub(crate) fn pad_cells(text: &str, width: usize) -> String {
    let text = fit_cells(text, width);
    let padding = width.saturating_sub(cells(&text));
    format!("{text}{}", " ".repeat(padding))
}

/// About how wide a text is in user units, in a common sans-serif face of that size. Rather too wide than too narrow.
pub(crate) fn width(text: &str, size: f64) -> f64 {
    text.chars().map(em).sum::<f64>() * size
}

fn em(character: char) -> f64 {
    match character {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' => 0.30,
        'f' | 't' | 'r' | ' ' | '(' | ')' | '[' | ']' | '/' | '-' | '·' => 0.40,
        'm' | 'w' | 'M' | 'W' | '%' | '@' | '…' => 0.92,
        'A'..='Z' => 0.69,
        '0'..='9' | 'a'..='z' | '_' => 0.58,
        other => match other.width().unwrap_or(0) {
            0 => 0.0,
            1 => 0.66,
            _ => 1.05,
        },
    }
}

/// A text in no more than `most` user units, with `…` where it was cut.
pub(crate) fn fit(text: &str, size: f64, most: f64) -> String {
    if width(text, size) <= most {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = width("…", size);
    for character in text.chars() {
        used += em(character) * size;
        if used > most {
            break;
        }
        out.push(character);
    }
    out.truncate(out.trim_end().len());
    out.push('…');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steering_characters_are_replaced() {
        assert_eq!(clean("a\u{1b}[31mred\u{7}"), "a\u{fffd}[31mred\u{fffd}");
        assert_eq!(clean("one\ntwo\u{202e}three"), "one two\u{fffd}three");
        assert_eq!(clean(&"x".repeat(1_000)).chars().count(), LONGEST + 1);
    }

    #[test]
    fn cut_texts_end_in_an_ellipsis() {
        assert_eq!(fit_cells("abcdef", 4), "abc…");
        assert_eq!(fit_cells("日本語", 4), "日…");
        assert_eq!(pad_cells("日", 4), "日  ");
        assert!(fit("a long label for an axis", 12.0, 60.0).ends_with('…'));
        assert_eq!(fit("short", 12.0, 60.0), "short");
    }
}
