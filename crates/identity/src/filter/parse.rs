//! The parser of filter rules: bounded in length and depth, with the place of the first error.

use super::device::{ATTRIBUTES, extension_number};
use super::{Comparison, Expression, Filter, Operand, Operator, Test};

/// How many characters a filter for devices may have ("Filter for devices", Common questions).
pub const LONGEST_RULE: usize = 3072;

/// How deep parentheses and `-not` may nest.
const DEEPEST: usize = 64;

/// What is wrong with a rule, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} (at character {offset} of the rule)")]
pub struct FilterError {
    /// How many characters stand before the place.
    pub offset: usize,
    /// What is wrong there.
    pub message: String,
}

/// Reads a filter for devices.
///
/// # Errors
/// If the rule is empty, longer than [`LONGEST_RULE`], no expression, names no attribute of a device, or uses an
/// operator that the attribute does not support.
pub fn parse_device_filter(rule: &str) -> Result<Filter, FilterError> {
    parse(rule, device_attribute)
}

/// Reads a filter for applications or service principals, which speaks about custom security attributes.
///
/// # Errors
/// As [`parse_device_filter`].
pub fn parse_custom_attribute_filter(rule: &str) -> Result<Filter, FilterError> {
    parse(rule, custom_attribute)
}

/// Which operators an attribute supports, and the values it may be compared with.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// eq, ne, in, notIn.
    Identifier,
    /// eq, ne.
    Enumeration,
    /// eq, ne with True or False.
    Boolean,
    /// Every operator.
    Text,
    /// contains, notContains.
    Collection,
}

fn device_attribute(name: &str) -> Result<(String, Kind), String> {
    let lower = name.to_lowercase();
    let Some(attribute) = lower.strip_prefix("device.") else {
        return Err(format!("`{name}` is no attribute of a device, which begin with `device.`"));
    };
    let kind = match ATTRIBUTES.iter().position(|known| *known == attribute) {
        Some(0 | 1) => Kind::Identifier,
        Some(3) => Kind::Boolean,
        Some(2 | 4 | 5) => Kind::Enumeration,
        Some(12 | 13) => Kind::Collection,
        Some(_) => Kind::Text,
        None if extension_number(attribute).is_some() => Kind::Text,
        None => return Err(format!("a device has no attribute `{}`", &name["device.".len()..])),
    };
    Ok((attribute.to_owned(), kind))
}

fn custom_attribute(name: &str) -> Result<(String, Kind), String> {
    let lower = name.to_lowercase();
    match lower.strip_prefix("customsecurityattribute.") {
        Some(attribute)
            if attribute.split_once('_').is_some_and(|(set, name)| !set.is_empty() && !name.is_empty()) =>
        {
            Ok((attribute.to_owned(), Kind::Text))
        }
        _ => Err(format!("`{name}` is no attribute, which look like `CustomSecurityAttribute.Set_Name`")),
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Open,
    Close,
    OpenList,
    CloseList,
    Comma,
    Text(String),
    Word(String),
}

struct Parser {
    tokens: Vec<(usize, Token)>,
    next: usize,
    end: usize,
    attribute: fn(&str) -> Result<(String, Kind), String>,
}

fn parse(rule: &str, attribute: fn(&str) -> Result<(String, Kind), String>) -> Result<Filter, FilterError> {
    let length = rule.chars().count();
    if length > LONGEST_RULE {
        let message = format!("the rule has {length} characters, at most {LONGEST_RULE} are allowed");
        return Err(FilterError { offset: LONGEST_RULE, message });
    }
    let mut parser = Parser { tokens: tokens(rule)?, next: 0, end: length, attribute };
    if parser.tokens.is_empty() {
        return Err(parser.error("the rule is empty"));
    }
    let expression = parser.either(0)?;
    match parser.peek() {
        None => Ok(Filter(expression)),
        Some(_) => Err(parser.error("expected `-and`, `-or` or the end of the rule")),
    }
}

fn tokens(rule: &str) -> Result<Vec<(usize, Token)>, FilterError> {
    let mut found = Vec::new();
    let mut rest = rule.chars().enumerate().peekable();
    while let Some((offset, first)) = rest.next() {
        let token = match first {
            _ if first.is_whitespace() => continue,
            '(' => Token::Open,
            ')' => Token::Close,
            '[' => Token::OpenList,
            ']' => Token::CloseList,
            ',' => Token::Comma,
            '"' | '\'' => {
                let mut text = String::new();
                loop {
                    match rest.next() {
                        // A backtick escapes the character after it, as in PowerShell.
                        Some((_, '`')) => text.extend(rest.next().map(|(_, escaped)| escaped)),
                        Some((_, last)) if last == first => break,
                        Some((_, inner)) => text.push(inner),
                        None => {
                            return Err(FilterError { offset, message: "the text is not closed".to_owned() });
                        }
                    }
                }
                Token::Text(text)
            }
            _ => {
                let mut word = String::from(first);
                let stops = |next: char| next.is_whitespace() || "()[],\"'".contains(next);
                while let Some((_, next)) = rest.next_if(|(_, next)| !stops(*next)) {
                    word.push(next);
                }
                Token::Word(word)
            }
        };
        found.push((offset, token));
    }
    Ok(found)
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|(_, token)| token)
    }

    fn error(&self, message: impl Into<String>) -> FilterError {
        let offset = self.tokens.get(self.next).map_or(self.end, |(offset, _)| *offset);
        FilterError { offset, message: message.into() }
    }

    /// True if the next word is this keyword, with or without its hyphen; it is then behind us.
    fn takes(&mut self, keyword: &str) -> bool {
        let taken =
            matches!(self.peek(), Some(Token::Word(word)) if bare(word).eq_ignore_ascii_case(keyword));
        self.next += usize::from(taken);
        taken
    }

    fn either(&mut self, depth: usize) -> Result<Expression, FilterError> {
        let mut parts = vec![self.both(depth)?];
        while self.takes("or") {
            parts.push(self.both(depth)?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Expression::Or(parts) })
    }

    fn both(&mut self, depth: usize) -> Result<Expression, FilterError> {
        let mut parts = vec![self.one(depth)?];
        while self.takes("and") {
            parts.push(self.one(depth)?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Expression::And(parts) })
    }

    fn one(&mut self, depth: usize) -> Result<Expression, FilterError> {
        if depth > DEEPEST {
            return Err(self.error(format!("the rule nests deeper than {DEEPEST} levels")));
        }
        if self.takes("not") {
            return Ok(Expression::Not(Box::new(self.one(depth + 1)?)));
        }
        if self.peek() != Some(&Token::Open) {
            return self.test().map(Expression::Test);
        }
        self.next += 1;
        let inner = self.either(depth + 1)?;
        if self.peek() != Some(&Token::Close) {
            return Err(self.error("expected `)`"));
        }
        self.next += 1;
        Ok(inner)
    }

    fn test(&mut self) -> Result<Test, FilterError> {
        let Some(Token::Word(name)) = self.peek().cloned() else {
            return Err(self.error("expected an attribute"));
        };
        let (attribute, kind) = (self.attribute)(&name).map_err(|message| self.error(message))?;
        self.next += 1;
        let Some(Token::Word(word)) = self.peek().cloned() else {
            return Err(self.error(format!("expected an operator after `{name}`")));
        };
        let operator = operator(&word).ok_or_else(|| self.error(format!("there is no operator `{word}`")))?;
        if !supports(kind, operator.comparison) {
            return Err(self.error(format!("`{name}` does not support the operator `{word}`")));
        }
        self.next += 1;
        let operand = self.operand(operator)?;
        if kind == Kind::Boolean
            && !matches!(&operand, Operand::Text(text) if text == "true" || text == "false")
        {
            self.next -= 1;
            return Err(self.error(format!("`{name}` is compared with True or False")));
        }
        Ok(Test { attribute, operator, operand })
    }

    fn operand(&mut self, operator: Operator) -> Result<Operand, FilterError> {
        let is_list = operator.comparison == Comparison::In;
        let operand = match self.peek() {
            Some(Token::OpenList) if is_list => return self.list(),
            _ if is_list => return Err(self.error("expected a list such as `[\"a\", \"b\"]`")),
            Some(Token::Text(text)) => Operand::Text(text.to_lowercase()),
            Some(Token::Word(word))
                if word.eq_ignore_ascii_case("null") || word.eq_ignore_ascii_case("$null") =>
            {
                if operator.comparison != Comparison::Equals {
                    return Err(self.error("`null` can be compared with `-eq` and `-ne` only"));
                }
                Operand::Null
            }
            Some(Token::Word(word))
                if word.eq_ignore_ascii_case("true") || word.eq_ignore_ascii_case("false") =>
            {
                Operand::Text(word.to_lowercase())
            }
            Some(Token::OpenList) => return Err(self.error("a list needs the operator `-in` or `-notIn`")),
            Some(_) => return Err(self.error("expected a value in quotes, `True`, `False` or `null`")),
            None => return Err(self.error("the value is missing")),
        };
        self.next += 1;
        Ok(operand)
    }

    fn list(&mut self) -> Result<Operand, FilterError> {
        let mut found = Vec::new();
        loop {
            self.next += 1;
            match self.peek() {
                Some(Token::Text(text)) => found.push(text.to_lowercase()),
                _ => return Err(self.error("expected a text in quotes")),
            }
            self.next += 1;
            match self.peek() {
                Some(Token::Comma) => {}
                Some(Token::CloseList) => break,
                _ => return Err(self.error("expected `,` or `]`")),
            }
        }
        self.next += 1;
        Ok(Operand::List(found))
    }
}

fn bare(word: &str) -> &str {
    word.strip_prefix('-').unwrap_or(word)
}

fn operator(word: &str) -> Option<Operator> {
    let (comparison, negative) = match bare(word).to_lowercase().as_str() {
        "eq" => (Comparison::Equals, false),
        "ne" => (Comparison::Equals, true),
        "startswith" => (Comparison::StartsWith, false),
        "notstartswith" => (Comparison::StartsWith, true),
        "endswith" => (Comparison::EndsWith, false),
        "notendswith" => (Comparison::EndsWith, true),
        "contains" => (Comparison::Contains, false),
        "notcontains" => (Comparison::Contains, true),
        "in" => (Comparison::In, false),
        "notin" => (Comparison::In, true),
        _ => return None,
    };
    Some(Operator { comparison, negative })
}

fn supports(kind: Kind, comparison: Comparison) -> bool {
    match kind {
        Kind::Text => true,
        Kind::Identifier => matches!(comparison, Comparison::Equals | Comparison::In),
        Kind::Enumeration | Kind::Boolean => comparison == Comparison::Equals,
        Kind::Collection => comparison == Comparison::Contains,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_place_and_the_remedy() {
        for (rule, offset, message) in [
            ("", 0, "the rule is empty"),
            ("device.model", 12, "expected an operator after `device.model`"),
            ("device.model -match \"a\"", 13, "there is no operator `-match`"),
            (
                "device.trustType -startsWith \"A\"",
                17,
                "`device.trustType` does not support the operator `-startsWith`",
            ),
            ("device.model -in \"a\"", 17, "expected a list such as `[\"a\", \"b\"]`"),
            ("device.model -eq \"a", 17, "the text is not closed"),
            ("device.extensionAttribute16 -eq \"x\"", 0, "a device has no attribute `extensionAttribute16`"),
            ("(device.model -eq \"a\"", 21, "expected `)`"),
            ("device.isCompliant -eq \"Yes\"", 23, "`device.isCompliant` is compared with True or False"),
        ] {
            let error = parse_device_filter(rule).expect_err(rule);
            assert_eq!((error.offset, error.message.as_str()), (offset, message), "{rule}");
        }
    }

    #[test]
    fn a_rule_has_limits() {
        let nested = format!("{}device.model -eq \"a\"{}", "(".repeat(500), ")".repeat(500));
        assert!(parse_device_filter(&nested).expect_err("nested").message.contains("deeper"));
        let long = format!("device.model -eq \"{}\"", "x".repeat(LONGEST_RULE));
        assert!(parse_device_filter(&long).expect_err("long").message.contains("characters"));
    }
}
