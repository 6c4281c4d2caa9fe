//! OData `$filter` as Azure's services speak it: parsed once, evaluated over JSON documents.
//!
//! Sources: OData 4.01 URL conventions, and the Microsoft Graph and Resource Manager documentation of `$filter`. Texts compare
//! without regard to case, as both services do. A path that leads to nothing is null.

use jiff::Timestamp;
use serde_json::Value;

/// Deepest nesting of conditions.
const MAX_DEPTH: usize = 40;
/// Longest filter read, in bytes.
const MAX_BYTES: usize = 16 * 1024;

/// A parsed condition.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// Both hold.
    And(Box<Filter>, Box<Filter>),
    /// One of them holds.
    Or(Box<Filter>, Box<Filter>),
    /// It does not hold.
    Not(Box<Filter>),
    /// A comparison of two operands.
    Compare(Operand, Comparison, Operand),
    /// One of the values.
    In(Operand, Vec<Operand>),
    /// `startswith(a,b)` and its like, or a service's own such as `atExactScope()`.
    Call(String, Vec<Operand>),
    /// `path/any(x: …)` or, with `all`, `path/all(x: …)`; without a condition: whether there is an item.
    Lambda {
        /// The list.
        path: Vec<String>,
        /// Whether every item must fit.
        all: bool,
        /// The name of an item in the condition.
        variable: String,
        /// What an item must fulfil.
        condition: Option<Box<Filter>>,
    },
    /// An operand that is true.
    Is(Operand),
}

/// A side of a comparison.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// A member, by its path.
    Path(Vec<String>),
    /// A literal.
    Literal(Value),
    /// A function's value: `tolower`, `toupper`, `length`, `trim`, or `path/$count`.
    Function(String, Vec<Operand>),
}

/// How two operands compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `eq`
    Equal,
    /// `ne`
    NotEqual,
    /// `gt`
    Greater,
    /// `ge`
    GreaterOrEqual,
    /// `lt`
    Less,
    /// `le`
    LessOrEqual,
}

/// Parses a filter.
///
/// # Errors
/// What is wrong, in words for the caller.
pub fn parse_filter(text: &str) -> Result<Filter, String> {
    if text.len() > MAX_BYTES {
        return Err(format!("the filter has {} bytes; the limit is {MAX_BYTES}", text.len()));
    }
    let tokens = tokens(text)?;
    let mut parser = Parser { tokens: &tokens, at: 0, depth: 0 };
    let filter = parser.or()?;
    match parser.peek() {
        None => Ok(filter),
        Some(token) => Err(format!("unexpected `{}` in the filter", token.shown())),
    }
}

impl Filter {
    /// Whether the condition holds for `document`. Functions that are not OData's own are asked of `call`.
    pub fn holds(&self, document: &Value, call: &dyn Fn(&str, &[Operand]) -> Option<bool>) -> bool {
        self.holds_with(&Frame { document, outer: None, variable: "" }, call)
    }

    fn holds_with(&self, frame: &Frame<'_>, call: &dyn Fn(&str, &[Operand]) -> Option<bool>) -> bool {
        match self {
            Self::And(left, right) => left.holds_with(frame, call) && right.holds_with(frame, call),
            Self::Or(left, right) => left.holds_with(frame, call) || right.holds_with(frame, call),
            Self::Not(inner) => !inner.holds_with(frame, call),
            Self::Compare(left, comparison, right) => {
                compares(&frame.value(left), *comparison, &frame.value(right))
            }
            Self::In(operand, values) => {
                let value = frame.value(operand);
                values.iter().any(|other| compares(&value, Comparison::Equal, &frame.value(other)))
            }
            Self::Is(operand) => frame.value(operand) == Value::Bool(true),
            Self::Call(name, arguments) => {
                let texts: Vec<Option<String>> =
                    arguments.iter().map(|argument| lower(&frame.value(argument))).collect();
                match (name.as_str(), texts.as_slice()) {
                    ("startswith", [Some(text), Some(part)]) => text.starts_with(part.as_str()),
                    ("endswith", [Some(text), Some(part)]) => text.ends_with(part.as_str()),
                    ("contains", [Some(text), Some(part)]) | ("substringof", [Some(part), Some(text)]) => {
                        text.contains(part.as_str())
                    }
                    ("startswith" | "endswith" | "contains" | "substringof", _) => false,
                    _ => call(name, arguments).unwrap_or(false),
                }
            }
            Self::Lambda { path, all, variable, condition } => {
                let list = frame.value(&Operand::Path(path.clone()));
                let items = list.as_array().map(Vec::as_slice).unwrap_or_default();
                let fits = |item: &Value| {
                    let inner = Frame { document: item, outer: Some(frame), variable };
                    condition.as_ref().is_none_or(|condition| condition.holds_with(&inner, call))
                };
                if *all { items.iter().all(fits) } else { items.iter().any(fits) }
            }
        }
    }

    /// Every path that is compared with `eq` to a text, and the text: what an index could answer.
    pub fn equalities(&self) -> Vec<(String, String)> {
        match self {
            Self::And(left, right) => {
                let mut found = left.equalities();
                found.extend(right.equalities());
                found
            }
            Self::Compare(Operand::Path(path), Comparison::Equal, Operand::Literal(Value::String(text))) => {
                vec![(path.join("/"), text.clone())]
            }
            _ => Vec::new(),
        }
    }

    /// Whether the service's function `name` is called anywhere, in any letter case.
    pub fn calls(&self, name: &str) -> bool {
        match self {
            Self::And(left, right) | Self::Or(left, right) => left.calls(name) || right.calls(name),
            Self::Not(inner) => inner.calls(name),
            Self::Call(called, _) => called.eq_ignore_ascii_case(name),
            _ => false,
        }
    }
}

/// A document under a name, and the one around it.
struct Frame<'a> {
    document: &'a Value,
    outer: Option<&'a Frame<'a>>,
    variable: &'a str,
}

impl Frame<'_> {
    fn value(&self, operand: &Operand) -> Value {
        match operand {
            Operand::Literal(value) => value.clone(),
            Operand::Path(path) => self.member(path).clone(),
            Operand::Function(name, arguments) => {
                let first = arguments.first().map(|argument| self.value(argument)).unwrap_or_default();
                match (name.as_str(), &first) {
                    ("tolower", Value::String(text)) => text.to_lowercase().into(),
                    ("toupper", Value::String(text)) => text.to_uppercase().into(),
                    ("trim", Value::String(text)) => text.trim().into(),
                    ("length", Value::String(text)) => text.chars().count().into(),
                    ("$count", Value::Array(items)) => items.len().into(),
                    ("$count", _) => 0.into(),
                    _ => Value::Null,
                }
            }
        }
    }

    fn member(&self, path: &[String]) -> &Value {
        if !self.variable.is_empty() {
            return match path.split_first() {
                Some((name, rest)) if name == self.variable => at_path(self.document, rest),
                _ => self.outer.map_or(&Value::Null, |outer| outer.member(path)),
            };
        }
        at_path(self.document, path)
    }
}

/// The value at a path of member names, in any letter case; null where there is none.
pub fn at_path<'a>(document: &'a Value, path: &[String]) -> &'a Value {
    let mut value = document;
    for name in path {
        let Some(members) = value.as_object() else { return &Value::Null };
        let found = members.get(name).or_else(|| {
            members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
        });
        match found {
            Some(found) => value = found,
            None => return &Value::Null,
        }
    }
    value
}

fn lower(value: &Value) -> Option<String> {
    value.as_str().map(str::to_lowercase)
}

fn compares(left: &Value, comparison: Comparison, right: &Value) -> bool {
    use std::cmp::Ordering;
    let order = order(left, right);
    match comparison {
        Comparison::Equal => order == Some(Ordering::Equal) || left == right,
        Comparison::NotEqual => !(order == Some(Ordering::Equal) || left == right),
        Comparison::Greater => order == Some(Ordering::Greater),
        Comparison::GreaterOrEqual => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        Comparison::Less => order == Some(Ordering::Less),
        Comparison::LessOrEqual => matches!(order, Some(Ordering::Less | Ordering::Equal)),
    }
}

/// The order of two values of one kind; moments, written as texts, by time.
pub(crate) fn order(left: &Value, right: &Value) -> Option<std::cmp::Ordering> {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64()?.partial_cmp(&right.as_f64()?),
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
        (Value::String(left), Value::String(right)) => match (moment(left), moment(right)) {
            (Some(left), Some(right)) => Some(left.cmp(&right)),
            _ => Some(left.to_lowercase().cmp(&right.to_lowercase())),
        },
        _ => None,
    }
}

/// A moment as written in filters: with or without a zone, UTC then; a day alone is its start.
pub fn moment(text: &str) -> Option<Timestamp> {
    if !text.starts_with(|c: char| c.is_ascii_digit()) || text.len() < 10 || text.as_bytes()[4] != b'-' {
        return None;
    }
    text.parse().ok().or_else(|| {
        let local: jiff::civil::DateTime = text.parse().ok()?;
        jiff::tz::Offset::UTC.to_timestamp(local).ok()
    })
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Open,
    Close,
    Comma,
    Colon,
}

impl Token {
    fn shown(&self) -> String {
        match self {
            Self::Word(text) | Self::Text(text) => text.clone(),
            Self::Open => "(".to_owned(),
            Self::Close => ")".to_owned(),
            Self::Comma => ",".to_owned(),
            Self::Colon => ":".to_owned(),
        }
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        match first {
            ' ' | '\t' | '\r' | '\n' | '+' => rest = &rest[1..],
            '(' => (tokens.push(Token::Open), rest = &rest[1..]).1,
            ')' => (tokens.push(Token::Close), rest = &rest[1..]).1,
            ',' => (tokens.push(Token::Comma), rest = &rest[1..]).1,
            ':' => (tokens.push(Token::Colon), rest = &rest[1..]).1,
            '\'' => {
                let mut value = String::new();
                let mut chars = rest[1..].char_indices().peekable();
                let end = loop {
                    match chars.next() {
                        Some((at, '\'')) if chars.peek().is_some_and(|(_, next)| *next == '\'') => {
                            chars.next();
                            value.push('\'');
                            let _ = at;
                        }
                        Some((at, '\'')) => break at + 2,
                        Some((_, other)) => value.push(other),
                        None => return Err("a text in the filter is not closed; end it with `'`".to_owned()),
                    }
                };
                tokens.push(Token::Text(value));
                rest = &rest[end..];
            }
            _ => {
                let is_end = |c: char| c.is_whitespace() || "(),'".contains(c);
                let mut end = rest.find(is_end).unwrap_or(rest.len());
                // A moment has colons of its own; elsewhere a colon ends the name of a lambda's variable.
                if !first.is_ascii_digit()
                    && let Some(colon) = rest[..end].find(':')
                {
                    end = colon;
                }
                if end == 0 {
                    return Err(format!("`{first}` cannot stand here in a filter"));
                }
                tokens.push(Token::Word(rest[..end].to_owned()));
                rest = &rest[end..];
            }
        }
    }
    Ok(tokens)
}

struct Parser<'t> {
    tokens: &'t [Token],
    at: usize,
    depth: usize,
}

impl<'t> Parser<'t> {
    fn peek(&self) -> Option<&'t Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Result<&'t Token, String> {
        let token = self.peek().ok_or("the filter ends too early")?;
        self.at += 1;
        Ok(token)
    }

    fn takes(&mut self, word: &str) -> bool {
        let fits = matches!(self.peek(), Some(Token::Word(found)) if found.eq_ignore_ascii_case(word));
        self.at += usize::from(fits);
        fits
    }

    fn expect(&mut self, wanted: &Token) -> Result<(), String> {
        let found = self.next()?;
        if found == wanted {
            return Ok(());
        }
        Err(format!("expected `{}` in the filter, found `{}`", wanted.shown(), found.shown()))
    }

    fn or(&mut self) -> Result<Filter, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(format!("the filter is nested deeper than {MAX_DEPTH} levels"));
        }
        let mut left = self.and()?;
        while self.takes("or") {
            left = Filter::Or(Box::new(left), Box::new(self.and()?));
        }
        self.depth -= 1;
        Ok(left)
    }

    fn and(&mut self) -> Result<Filter, String> {
        let mut left = self.unary()?;
        while self.takes("and") {
            left = Filter::And(Box::new(left), Box::new(self.unary()?));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Filter, String> {
        let mut is_negated = false;
        while self.takes("not") {
            is_negated = !is_negated;
        }
        let inner = if self.peek() == Some(&Token::Open) {
            self.at += 1;
            let inner = self.or()?;
            self.expect(&Token::Close)?;
            inner
        } else {
            self.comparison()?
        };
        Ok(if is_negated { Filter::Not(Box::new(inner)) } else { inner })
    }

    fn comparison(&mut self) -> Result<Filter, String> {
        if let (Some(Token::Word(name)), Some(Token::Open)) = (self.peek(), self.tokens.get(self.at + 1)) {
            if let Some((path, kind)) = name.rsplit_once('/')
                && (kind.eq_ignore_ascii_case("any") || kind.eq_ignore_ascii_case("all"))
            {
                self.at += 2;
                return self.lambda(path, kind.eq_ignore_ascii_case("all"));
            }
            if !is_value_function(name) {
                self.at += 2;
                let arguments = self.arguments()?;
                let call = Filter::Call(name.to_ascii_lowercase(), arguments);
                // `startswith(a,b) eq true` is the same.
                if self.takes("eq") {
                    return Ok(if self.takes("false") {
                        Filter::Not(Box::new(call))
                    } else {
                        self.takes("true");
                        call
                    });
                }
                return Ok(call);
            }
        }
        let left = self.operand()?;
        if self.takes("in") {
            self.expect(&Token::Open)?;
            return Ok(Filter::In(left, self.arguments()?));
        }
        let comparisons = [
            ("eq", Comparison::Equal),
            ("ne", Comparison::NotEqual),
            ("gt", Comparison::Greater),
            ("ge", Comparison::GreaterOrEqual),
            ("lt", Comparison::Less),
            ("le", Comparison::LessOrEqual),
        ];
        for (word, comparison) in comparisons {
            if self.takes(word) {
                return Ok(Filter::Compare(left, comparison, self.operand()?));
            }
        }
        Ok(Filter::Is(left))
    }

    fn lambda(&mut self, path: &str, all: bool) -> Result<Filter, String> {
        let path = path.split('/').map(str::to_owned).collect();
        if self.peek() == Some(&Token::Close) {
            self.at += 1;
            return Ok(Filter::Lambda { path, all, variable: "x".to_owned(), condition: None });
        }
        let variable = match self.next()? {
            Token::Word(name) => name.clone(),
            other => return Err(format!("expected a name before `:`, found `{}`", other.shown())),
        };
        self.expect(&Token::Colon)?;
        let condition = Some(Box::new(self.or()?));
        self.expect(&Token::Close)?;
        Ok(Filter::Lambda { path, all, variable, condition })
    }

    fn arguments(&mut self) -> Result<Vec<Operand>, String> {
        let mut arguments = Vec::new();
        if self.peek() == Some(&Token::Close) {
            self.at += 1;
            return Ok(arguments);
        }
        loop {
            arguments.push(self.operand()?);
            match self.next()? {
                Token::Comma => {}
                Token::Close => return Ok(arguments),
                other => return Err(format!("expected `,` or `)` in the filter, found `{}`", other.shown())),
            }
        }
    }

    fn operand(&mut self) -> Result<Operand, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(format!("the filter is nested deeper than {MAX_DEPTH} levels"));
        }
        let operand = match self.next()? {
            Token::Text(text) => Operand::Literal(Value::String(text.clone())),
            Token::Word(word) if is_value_function(word) && self.peek() == Some(&Token::Open) => {
                self.at += 1;
                Operand::Function(word.to_ascii_lowercase(), self.arguments()?)
            }
            Token::Word(word) => literal_or_path(word),
            other => return Err(format!("expected a value in the filter, found `{}`", other.shown())),
        };
        self.depth -= 1;
        Ok(operand)
    }
}

fn is_value_function(name: &str) -> bool {
    ["tolower", "toupper", "trim", "length"].iter().any(|known| known.eq_ignore_ascii_case(name))
}

fn literal_or_path(word: &str) -> Operand {
    match word {
        "null" => return Operand::Literal(Value::Null),
        "true" => return Operand::Literal(Value::Bool(true)),
        "false" => return Operand::Literal(Value::Bool(false)),
        _ => {}
    }
    if let Ok(number) = word.parse::<serde_json::Number>() {
        return Operand::Literal(Value::Number(number));
    }
    if word.starts_with(|c: char| c.is_ascii_digit()) {
        return Operand::Literal(word.into());
    }
    let mut path: Vec<String> = word.split('/').map(str::to_owned).collect();
    if path.last().is_some_and(|last| last == "$count") {
        path.pop();
        return Operand::Function("$count".to_owned(), vec![Operand::Path(path)]);
    }
    Operand::Path(path)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn holds(filter: &str, document: &Value) -> bool {
        parse_filter(filter).unwrap().holds(document, &|_, _| None)
    }

    #[test]
    fn conditions_of_both_services_hold_or_do_not() {
        let user = json!({"displayName": "Ada O'Neil", "accountEnabled": true, "n": 3, "tags": [{"name": "a"}, {"name": "b"}],
            "createdDateTime": "2026-01-02T03:04:05Z", "assignedLicenses": [], "properties": {"status": "Closed"}});
        for (filter, expected) in [
            ("displayName eq 'ada o''neil'", true),
            ("startswith(displayName,'ADA') and accountEnabled eq true", true),
            ("startswith(displayName,'x') or n gt 2", true),
            ("not(n gt 2)", false),
            ("n in (1, 3)", true),
            ("tags/any(t: t/name eq 'b')", true),
            ("tags/all(t:t/name eq 'b')", false),
            ("assignedLicenses/$count eq 0", true),
            ("createdDateTime ge 2026-01-02T03:04:05Z", true),
            ("createdDateTime lt 2026-01-02T00:00:00", false),
            ("properties/Status eq 'closed'", true),
            ("missing eq null", true),
            ("tolower(displayName) eq 'ada o''neil'", true),
            ("substringof('neil', displayName)", true),
            ("contains(displayName,'zz') eq false", true),
            ("accountEnabled", true),
        ] {
            assert_eq!(holds(filter, &user), expected, "{filter}");
        }
    }

    #[test]
    fn damage_is_told_and_not_fatal() {
        for filter in ["a eq", "a eq 'x", "(a eq 1", "a b c", "any(", "a/any(:", "a in ("] {
            assert!(parse_filter(filter).is_err(), "{filter}");
        }
        assert!(parse_filter(&"(".repeat(1_000)).is_err());
    }

    #[test]
    fn equalities_are_found_below_and() {
        let filter = parse_filter("tagName eq 'a' and tagValue eq 'b'").unwrap();
        let expected = [("tagName".to_owned(), "a".to_owned()), ("tagValue".to_owned(), "b".to_owned())];
        assert_eq!(filter.equalities(), expected);
        assert!(parse_filter("atExactScope()").unwrap().calls("atexactscope"));
    }
}
