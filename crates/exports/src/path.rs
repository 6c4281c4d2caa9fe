//! JSON paths built only when somebody asks for them.

use std::fmt::Write as _;

use crate::json::loose::push_key;

/// A path from the root of a file to a record, as a list on the stack.
#[derive(Clone, Copy)]
pub(crate) struct Path<'p> {
    parent: Option<&'p Path<'p>>,
    step: Step<'p>,
}

#[derive(Clone, Copy)]
enum Step<'p> {
    Root,
    Key(&'p str),
    Index(usize),
}

impl<'p> Path<'p> {
    pub(crate) const ROOT: Path<'static> = Path { parent: None, step: Step::Root };

    pub(crate) fn key(&'p self, key: &'p str) -> Self {
        Self { parent: Some(self), step: Step::Key(key) }
    }

    pub(crate) fn index(&'p self, index: usize) -> Self {
        Self { parent: Some(self), step: Step::Index(index) }
    }

    /// The number of steps below the root.
    pub(crate) fn depth(&self) -> usize {
        std::iter::successors(Some(self), |path| path.parent).count() - 1
    }

    /// The text, `None` at the root.
    pub(crate) fn shown(&self) -> Option<String> {
        self.parent?;
        let mut out = String::with_capacity(16);
        self.write(&mut out);
        Some(out)
    }

    // At most `reader::MAX_NESTING` + 2 steps deep.
    fn write(&self, out: &mut String) {
        if let Some(parent) = self.parent {
            parent.write(out);
        }
        match self.step {
            Step::Root => out.push('$'),
            Step::Key(key) => push_key(out, key),
            Step::Index(index) => {
                let _ = write!(out, "[{index}]");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_steps() {
        let body = Path::ROOT.key("body");
        let value = body.key("value");
        assert_eq!(value.index(3).shown().unwrap(), "$.body.value[3]");
        assert_eq!(Path::ROOT.shown(), None);
        assert_eq!(value.depth(), 2);
    }
}
