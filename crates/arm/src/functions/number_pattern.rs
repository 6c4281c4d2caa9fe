//! Custom number patterns: `0`, `#`, `.`, `,`, `%`, exponents, quoted text, and sections.
//!
//! Digits go to placeholders from the decimal point outward, so literals between placeholders keep their places.

use std::iter::Peekable;
use std::str::Chars;

use crate::value::{Kind, Value};

/// Digits that .NET looks at when it shows a double by a custom pattern.
const FLOAT_DIGITS: i64 = 15;

/// A decimal number: its digits without leading or trailing zeros; none for zero.
#[derive(Clone, Debug)]
pub(super) struct Decimal {
    pub(super) is_negative: bool,
    pub(super) digits: Vec<u8>,
    /// How many digits stand before the decimal point; negative for zeros right behind it.
    pub(super) point: i64,
}

impl Decimal {
    /// The shortest decimal that stands for the number; integers exactly. `None` if the value is no finite number.
    pub(super) fn of(value: &Value) -> Option<Self> {
        let (is_negative, text, point) = match value.kind() {
            Kind::Int(int) => {
                let text = int.unsigned_abs().to_string();
                let point = text.len() as i64;
                (*int < 0, text, point)
            }
            Kind::Float(float) if float.is_finite() => {
                let text = format!("{:e}", float.abs());
                let (mantissa, exponent) = text.split_once('e')?;
                (*float < 0.0, mantissa.replace('.', ""), exponent.parse::<i64>().ok()? + 1)
            }
            _ => return None,
        };
        let mut out = Self { is_negative, digits: text.bytes().map(|b| b - b'0').collect(), point };
        out.trim();
        Some(out)
    }

    /// Keeps the first `count` digits, halves rounded away from zero.
    pub(super) fn round(&mut self, count: i64) {
        let Ok(count) = usize::try_from(count) else {
            self.digits.clear();
            self.trim();
            return;
        };
        let Some(next) = self.digits.get(count).copied() else { return };
        self.digits.truncate(count);
        if next >= 5 {
            while self.digits.last() == Some(&9) {
                self.digits.pop();
            }
            match self.digits.last_mut() {
                Some(last) => *last += 1,
                None => {
                    self.digits.push(1);
                    self.point += 1;
                }
            }
        }
        self.trim();
    }

    fn trim(&mut self) {
        while self.digits.last() == Some(&0) {
            self.digits.pop();
        }
        if self.digits.is_empty() {
            self.point = 0;
            self.is_negative = false;
        }
    }
}

/// The number as the pattern wants it.
pub(super) fn custom(value: &Value, pattern: &str) -> Option<String> {
    let mut number = Decimal::of(value)?;
    if matches!(value.kind(), Kind::Float(_)) {
        number.round(FLOAT_DIGITS);
    }
    let sections = sections(pattern);
    let pick = |number: &Decimal| {
        let wanted = match (number.digits.is_empty(), number.is_negative) {
            (true, _) => 2,
            (false, true) => 1,
            (false, false) => 0,
        };
        if sections.get(wanted).is_some_and(|section| !section.is_empty()) { wanted } else { 0 }
    };
    let mut chosen = pick(&number);
    let mut shape = Shape::of(&sections[chosen]);
    let mut scaled = shape.scaled(&number);
    if scaled.digits.is_empty() && pick(&scaled) != chosen {
        // What rounds to zero is shown as zero.
        chosen = pick(&scaled);
        shape = Shape::of(&sections[chosen]);
        scaled = shape.scaled(&scaled);
    }
    let body = shape.write(&scaled, &sections[chosen]);
    Some(if scaled.is_negative && chosen == 0 { format!("-{body}") } else { body })
}

fn sections(pattern: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut quote = None;
    let mut characters = pattern.chars();
    while let Some(c) = characters.next() {
        match quote {
            Some(open) if c == open => quote = None,
            None if matches!(c, '\'' | '"') => quote = Some(c),
            _ => {}
        }
        if c == ';' && quote.is_none() {
            out.push(String::new());
        } else if let Some(last) = out.last_mut() {
            last.push(c);
            if c == '\\' && quote.is_none() {
                last.extend(characters.next());
            }
        }
    }
    out
}

/// What one section asks for.
#[derive(Debug, Default)]
struct Shape {
    /// Placeholders, and how many of them stand before the point.
    placeholders: i64,
    before: i64,
    /// Digits shown even if they are zero, before and behind the point.
    least_before: i64,
    least_behind: i64,
    /// Powers of ten that the number is multiplied by.
    shift: i64,
    has_thousands: bool,
    is_scientific: bool,
}

/// The parts of a section.
enum Token {
    /// `0` or `#`
    Digit(char),
    Point,
    Comma,
    /// `%` or `‰`
    Ratio(char),
    /// Letter, whether a plus is shown, least digits.
    Exponent(char, bool, usize),
    Text(String),
}

fn tokens(section: &str) -> Vec<Token> {
    let mut out = Vec::new();
    let mut characters = section.chars().peekable();
    while let Some(c) = characters.next() {
        out.push(match c {
            '0' | '#' => Token::Digit(c),
            '.' => Token::Point,
            ',' => Token::Comma,
            '%' | '‰' => Token::Ratio(c),
            '\'' | '"' => Token::Text(characters.by_ref().take_while(|next| *next != c).collect()),
            '\\' => Token::Text(characters.next().map(String::from).unwrap_or_default()),
            'e' | 'E' => exponent(c, &mut characters),
            _ => Token::Text(c.to_string()),
        });
    }
    out
}

/// `E0`, `E+0` and `E-0` are exponents; any other `E` is itself.
fn exponent(letter: char, characters: &mut Peekable<Chars<'_>>) -> Token {
    let mut ahead = characters.clone();
    let sign = ahead.next_if(|c| matches!(c, '+' | '-'));
    let mut width = 0;
    while ahead.next_if_eq(&'0').is_some() {
        width += 1;
    }
    if width == 0 {
        return Token::Text(letter.to_string());
    }
    *characters = ahead;
    Token::Exponent(letter, sign == Some('+'), width.min(10))
}

impl Shape {
    fn of(section: &str) -> Self {
        let mut shape = Self::default();
        let (mut first_zero, mut last_zero, mut point) = (None, 0, None);
        // Commas that stand together, and after how many placeholders.
        let mut commas: Option<(i64, i64)> = None;
        for token in tokens(section) {
            match token {
                Token::Digit(c) => {
                    if c == '0' {
                        first_zero.get_or_insert(shape.placeholders);
                        last_zero = shape.placeholders + 1;
                    }
                    shape.placeholders += 1;
                }
                Token::Point => {
                    point.get_or_insert(shape.placeholders);
                }
                Token::Comma if shape.placeholders > 0 && point.is_none() => match &mut commas {
                    Some((at, count)) if *at == shape.placeholders => *count += 1,
                    known => {
                        shape.has_thousands |= known.is_some();
                        *known = Some((shape.placeholders, 1));
                    }
                },
                Token::Ratio(c) => shape.shift += if c == '%' { 2 } else { 3 },
                Token::Exponent(..) => shape.is_scientific = true,
                Token::Comma | Token::Text(_) => {}
            }
        }
        shape.before = point.unwrap_or(shape.placeholders);
        match commas {
            // Commas right before the point divide by a thousand each.
            Some((at, count)) if at == shape.before => shape.shift -= count * 3,
            Some(_) => shape.has_thousands = true,
            None => {}
        }
        shape.least_before = first_zero.map_or(0, |at| (shape.before - at).max(0));
        shape.least_behind = (last_zero - shape.before).max(0);
        shape
    }

    /// The number multiplied and rounded as this section shows it.
    fn scaled(&self, number: &Decimal) -> Decimal {
        let mut out = number.clone();
        if out.digits.is_empty() {
            return out;
        }
        out.point += self.shift;
        let shown =
            if self.is_scientific { self.placeholders } else { out.point + self.placeholders - self.before };
        out.round(shown);
        out
    }

    fn write(&self, number: &Decimal, section: &str) -> String {
        let mut out = String::new();
        let mut digits = number.digits.iter().copied().peekable();
        // Digits left before the point; what the number has beyond, or lacks of, the placeholders.
        let (mut position, mut surplus) = if self.is_scientific {
            (self.before, 0)
        } else {
            (number.point.max(self.before), number.point - self.before)
        };
        let mut has_point = false;
        let push = |out: &mut String, digit: u8, position: i64| {
            out.push(char::from(b'0' + digit));
            if self.has_thousands && position > 1 && (position - 1) % 3 == 0 {
                out.push(',');
            }
        };
        for token in tokens(section) {
            if matches!(token, Token::Digit(_) | Token::Point) {
                while surplus > 0 {
                    push(&mut out, digits.next().unwrap_or(0), position);
                    position -= 1;
                    surplus -= 1;
                }
            }
            match token {
                Token::Digit(_) => {
                    if surplus < 0 {
                        surplus += 1;
                        if position <= self.least_before && position > -self.least_behind {
                            push(&mut out, 0, position);
                        } else if position <= 0 && digits.peek().is_some() {
                            push(&mut out, 0, position);
                        }
                    } else if let Some(digit) = digits.next() {
                        push(&mut out, digit, position);
                    } else if position > -self.least_behind {
                        push(&mut out, 0, position);
                    }
                    position -= 1;
                }
                Token::Point if position == 0 && !has_point => {
                    if self.least_behind > 0 || (self.before < self.placeholders && digits.peek().is_some()) {
                        out.push('.');
                        has_point = true;
                    }
                }
                Token::Point | Token::Comma => {}
                Token::Ratio(c) => out.push(c),
                Token::Exponent(letter, shows_plus, width) => {
                    let power = if number.digits.is_empty() { 0 } else { number.point - self.before };
                    out.push(letter);
                    if power < 0 {
                        out.push('-');
                    } else if shows_plus {
                        out.push('+');
                    }
                    out.push_str(&format!("{:0>width$}", power.unsigned_abs()));
                }
                Token::Text(text) => out.push_str(&text),
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn int(number: i64, pattern: &str, expected: &str) {
        assert_eq!(custom(&Value::int(number), pattern).as_deref(), Some(expected), "{number} {pattern}");
    }

    #[track_caller]
    fn float(number: f64, pattern: &str, expected: &str) {
        let value = Value::new(Kind::Float(number));
        assert_eq!(custom(&value, pattern).as_deref(), Some(expected), "{number} {pattern}");
    }

    #[test]
    fn digits_go_to_placeholders_from_the_point_outward() {
        int(123_456_789, "000-00-0000", "123-45-6789");
        int(5_551_234_567, "(###) ###-####", "(555) 123-4567");
        int(12_345, "000-00-0000", "000-01-2345");
        int(12_345, "0-0", "1234-5");
        int(9_007_199_254_740_993, "###", "9007199254740993");
        int(i64::MIN, "0", "-9223372036854775808");
        int(5, "a0b0c", "a0b5c");
        int(0, "#", "");
        int(0, "#.##", "");
        int(-7, "0 m", "-7 m");
    }

    #[test]
    fn commas_group_or_scale() {
        int(123_456_789, "#,##0,,M", "123M");
        int(1_234, "#,##0", "1,234");
        int(12, "0,000", "0,012");
        int(1_499, "0,", "1");
        int(1_500, "0,.0", "1.5");
        int(1_234_567, "#,#", "1,234,567");
        int(499, "0,", "0");
        int(-499, "0,;neg;none", "none");
    }

    #[test]
    fn fractions_ratios_and_exponents() {
        float(1234.5, "0.00", "1234.50");
        float(0.5, "#.##", ".5");
        float(0.05, "#.##", ".05");
        float(0.05, "0.###", "0.05");
        float(2.675, "0.00", "2.68");
        float(0.125, "0.0%", "12.5%");
        float(0.004, "0.00", "0.00");
        float(-0.004, "0.00", "0.00");
        float(9.999, "0.00", "10.00");
        int(12_345, "0.00E+00", "1.23E+04");
        float(0.001_2, "0.0e0", "1.2e-3");
        int(5, "0E", "5E");
    }

    #[test]
    fn text_and_sections() {
        int(7, "'no. '0", "no. 7");
        int(7, r"\#0", "#7");
        int(-3, "0;(0)", "(3)");
        int(0, "0;-0;'none;'", "none;");
        int(-3, "0;", "-3");
        int(1, "plain", "plain");
        int(1, "'open", "open");
    }
}
