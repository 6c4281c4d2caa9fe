//! Paths into a resource: `properties.rules[*].properties.access`, `m['a.b']`, `list[0]`.
//!
//! A bracket holds `*` (every member of an array), digits (one member), or a name. A name may stand in quotes, which
//! end at the first quote that a closing bracket follows; an apostrophe inside is written twice. A quote that is
//! never closed this way is an ordinary character. White space inside brackets counts only within quotes; `[ * ]`
//! is therefore the name `*`.

use std::fmt;

/// Most steps of one path.
const MAX_STEPS: usize = 100;

/// One step of a [`Path`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// A member of an object; compared without letter case.
    Key(Box<str>),
    /// Every member of an array.
    Each,
    /// One member of an array, from 0.
    Index(usize),
    /// An index too large for any array: nothing is there.
    Nowhere,
}

/// A path into a resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Path {
    steps: Vec<Step>,
}

impl Path {
    /// Reads a path. Every text is one; an unclosed bracket or an empty segment makes a path that leads nowhere.
    pub fn parse(text: &str) -> Self {
        let mut steps = Vec::new();
        let mut rest = text.trim();
        let mut needs_name = true;
        while !rest.is_empty() {
            if steps.len() == MAX_STEPS {
                return Self { steps: vec![Step::Nowhere] };
            }
            if let Some(inside) = rest.strip_prefix('[') {
                let Some((step, after)) = bracket(inside) else {
                    return Self { steps: vec![Step::Nowhere] };
                };
                steps.push(step);
                rest = after;
                needs_name = false;
            } else if let Some(after) = rest.strip_prefix('.')
                && !needs_name
            {
                rest = after;
                needs_name = true;
            } else {
                let end = rest.find(['.', '[']).unwrap_or(rest.len());
                if end == 0 {
                    return Self { steps: vec![Step::Nowhere] };
                }
                steps.push(Step::Key(rest[..end].into()));
                rest = &rest[end..];
                needs_name = false;
            }
        }
        if needs_name {
            return Self { steps: vec![Step::Nowhere] };
        }
        Self { steps }
    }

    /// A path of these steps.
    pub fn of(steps: Vec<Step>) -> Self {
        Self { steps }
    }

    /// The steps in order.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Whether the path goes through every member of some array.
    pub fn is_collection(&self) -> bool {
        self.steps.contains(&Step::Each)
    }

    /// Whether the path ends with `[*]`.
    pub fn ends_with_each(&self) -> bool {
        self.steps.last() == Some(&Step::Each)
    }

    /// The steps after `prefix`, if the path begins with it; names are compared without letter case.
    pub(crate) fn after(&self, prefix: &Self) -> Option<&[Step]> {
        let (start, rest) = self.steps.split_at_checked(prefix.steps.len())?;
        let is_same = start.iter().zip(&prefix.steps).all(|(a, b)| match (a, b) {
            (Step::Key(a), Step::Key(b)) => crate::fold::eq(a, b),
            _ => a == b,
        });
        is_same.then_some(rest)
    }

    /// Whether the path needs more than names and `[*]`.
    pub(crate) fn is_irregular(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Index(_) | Step::Nowhere))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.steps.iter().enumerate() {
            match step {
                Step::Key(key) if key.contains(['.', '[', ']', '\'', ' ']) => {
                    write!(f, "['{}']", key.replace('\'', "''"))?;
                }
                Step::Key(key) => write!(f, "{}{key}", if index == 0 { "" } else { "." })?,
                Step::Each => f.write_str("[*]")?,
                Step::Index(at) => write!(f, "[{at}]")?,
                Step::Nowhere => f.write_str("[?]")?,
            }
        }
        Ok(())
    }
}

/// What the brackets hold, and what follows them.
fn bracket(inside: &str) -> Option<(Step, &str)> {
    if let Some(after) = inside.strip_prefix("*]") {
        return Some((Step::Each, after));
    }
    if let Some((name, after)) = quoted(inside) {
        return Some((Step::Key(name.into()), after));
    }
    let end = inside.find(']')?;
    let name = inside[..end].trim();
    let step = if name.is_empty() {
        Step::Nowhere
    } else if name.bytes().all(|byte| byte.is_ascii_digit()) {
        name.parse().map_or(Step::Nowhere, Step::Index)
    } else {
        Step::Key(name.into())
    };
    Some((step, &inside[end + 1..]))
}

/// A quoted name at the start of `inside` (after white space), and what follows its bracket.
pub(crate) fn quoted(inside: &str) -> Option<(String, &str)> {
    let start = inside.trim_start();
    let quote = start.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let body = &start[1..];
    let (at, after) = body.match_indices(quote).find_map(|(at, _)| {
        let after = body[at + 1..].trim_start().strip_prefix(']')?;
        Some((at, after))
    })?;
    let name = if quote == '\'' { body[..at].replace("''", "'") } else { body[..at].to_owned() };
    Some((name, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[Step]) {
        assert_eq!(Path::parse(text).steps(), expected, "{text}");
    }

    fn key(name: &str) -> Step {
        Step::Key(name.into())
    }

    #[test]
    fn brackets() {
        check("a.b[*].c", &[key("a"), key("b"), Step::Each, key("c")]);
        check("m['a[*]'][*]", &[key("m"), key("a[*]"), Step::Each]);
        check("m[ 'a]b' ]", &[key("m"), key("a]b")]);
        check("m['a].n", &[key("m"), key("'a"), key("n")]);
        check("m['a].arr[*]['k']", &[key("m"), key("a].arr[*]['k")]);
        check("m[ * ]", &[key("m"), key("*")]);
        check("m['''x''']", &[key("m"), key("'x'")]);
        check("list[1].v", &[key("list"), Step::Index(1), key("v")]);
        check("list['1']", &[key("list"), key("1")]);
        check("x[18446744073709551616]", &[key("x"), Step::Nowhere]);
        check("items[*] ", &[key("items"), Step::Each]);
        check("a[", &[Step::Nowhere]);
        check("a..b", &[Step::Nowhere]);
        check("", &[Step::Nowhere]);
    }
}
