//! Writing SVG and HTML so that foreign text cannot become markup: elements and attribute names are ours, every value
//! and every text is escaped on its way in.

use std::fmt::{self, Display, Write};

/// A document under construction.
#[derive(Debug, Default)]
pub(crate) struct Markup {
    out: String,
    open: Vec<&'static str>,
}

/// Attributes of an element: names are ours, values are escaped.
pub(crate) type Attributes<'a> = &'a [(&'static str, &'a dyn Display)];

impl Markup {
    /// Starts an element; [`close`](Self::close) ends it.
    pub(crate) fn open(&mut self, name: &'static str, attributes: Attributes<'_>) {
        self.start(name, attributes);
        self.out.push('>');
        self.open.push(name);
    }

    /// Ends the element opened last.
    pub(crate) fn close(&mut self) {
        if let Some(name) = self.open.pop() {
            self.out.push_str("</");
            self.out.push_str(name);
            self.out.push('>');
            if matches!(
                name,
                "svg" | "g" | "style" | "tr" | "figure" | "section" | "head" | "thead" | "tbody" | "p"
            ) {
                self.out.push('\n');
            }
        }
    }

    /// An element without content.
    pub(crate) fn empty(&mut self, name: &'static str, attributes: Attributes<'_>) {
        self.start(name, attributes);
        self.out.push_str("/>");
    }

    /// An element that holds a text.
    pub(crate) fn element(&mut self, name: &'static str, attributes: Attributes<'_>, text: &str) {
        self.open(name, attributes);
        self.text(text);
        self.close();
    }

    /// A shape with a tooltip.
    pub(crate) fn shape(&mut self, name: &'static str, attributes: Attributes<'_>, tooltip: &str) {
        self.open(name, attributes);
        self.element("title", &[], tooltip);
        self.close();
    }

    /// Text.
    pub(crate) fn text(&mut self, text: &str) {
        let _ = Escaped(&mut self.out).write_str(text);
    }

    /// Markup of our own, written as it is.
    pub(crate) fn trusted(&mut self, markup: &str) {
        self.out.push_str(markup);
    }

    /// The document, all elements closed.
    pub(crate) fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.close();
        }
        self.out
    }

    fn start(&mut self, name: &'static str, attributes: Attributes<'_>) {
        self.out.push('<');
        self.out.push_str(name);
        for (name, value) in attributes {
            self.out.push(' ');
            self.out.push_str(name);
            self.out.push_str("=\"");
            // Writing to a string cannot fail.
            let _ = write!(Escaped(&mut self.out), "{value}");
            self.out.push('"');
        }
    }
}

/// Escapes what is written through it, and drops what XML forbids.
struct Escaped<'a>(&'a mut String);

impl fmt::Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            match character {
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '&' => self.0.push_str("&amp;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                '\n' => self.0.push('\n'),
                '\u{fffe}' | '\u{ffff}' => {}
                character if character.is_control() => {}
                character => self.0.push(character),
            }
        }
        Ok(())
    }
}

/// A coordinate: one decimal, without what does not matter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Px(pub(crate) f64);

impl Display for Px {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = (self.0 * 10.0).round();
        let tenths = if tenths.is_finite() { tenths as i64 } else { 0 };
        if tenths % 10 == 0 {
            write!(formatter, "{}", tenths / 10)
        } else {
            let sign = if tenths < 0 { "-" } else { "" };
            write!(formatter, "{sign}{}.{}", (tenths / 10).abs(), (tenths % 10).abs())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_foreign_becomes_markup() {
        let mut markup = Markup::default();
        markup.element("text", &[("class", &"\"><script>")], "</text><script>alert('x')</script>\u{0}");
        assert_eq!(
            markup.finish(),
            "<text class=\"&quot;&gt;&lt;script&gt;\">&lt;/text&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;</text>"
        );
    }

    #[test]
    fn coordinates_are_short() {
        let text = |value| Px(value).to_string();
        assert_eq!([text(1.0), text(-0.25), text(12.34), text(f64::NAN)], ["1", "-0.3", "12.3", "0"]);
    }
}
