//! Objects: ordered, found by name in any letter case.

use std::collections::HashMap;
use std::sync::Arc;

use azimuth_ids::{eq_fold, fold};

use super::{Summary, Value};

/// Objects with more members than this keep an index of their names.
const INDEXED_FROM: usize = 16;

/// The members of an object in the order written.
///
/// Names that differ in letter case only can stand side by side (documents hold such), but a name is *found* in any
/// letter case, the exact spelling first, and [`Object::set`] replaces in any letter case.
#[derive(Clone)]
pub struct Object {
    members: Vec<(Arc<str>, Value)>,
    /// Folded name → first position; only for large objects.
    index: Option<HashMap<Box<str>, usize>>,
    summary: Summary,
    /// Whether `summary` holds; a replaced member makes it stale.
    is_summed: bool,
}

impl Object {
    /// No members.
    pub fn new() -> Self {
        let summary = Summary { size: 2, depth: 1, ..Summary::default() };
        Self { members: Vec::new(), index: None, summary, is_summed: true }
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Names and values in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Arc<str>, &Value)> {
        self.members.iter().map(|(name, value)| (name, value))
    }

    /// Names in order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &Arc<str>> {
        self.members.iter().map(|(name, _)| name)
    }

    /// The value of `name`: the exact spelling first, then any letter case.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.position(name).map(|at| &self.members[at].1)
    }

    /// The member as written that `name` finds.
    pub fn get_key_value(&self, name: &str) -> Option<(&Arc<str>, &Value)> {
        self.position(name).map(|at| (&self.members[at].0, &self.members[at].1))
    }

    fn position(&self, name: &str) -> Option<usize> {
        let first = match &self.index {
            Some(index) => *index.get(&*fold(name))?,
            None => self.members.iter().position(|(known, _)| eq_fold(known, name))?,
        };
        if &*self.members[first].0 == name {
            return Some(first);
        }
        let exact = self.members[first..].iter().take(INDEXED_FROM).position(|(known, _)| &**known == name);
        Some(exact.map_or(first, |offset| first + offset))
    }

    /// Sets `name`, replacing a member of that name in any letter case (its spelling stays).
    pub fn set(&mut self, name: Arc<str>, value: Value) {
        match self.position(&name) {
            Some(at) => {
                self.members[at].1 = value;
                self.is_summed = false;
            }
            None => self.push(name, value),
        }
    }

    /// Adds a member without looking for one of the same name.
    pub(crate) fn push(&mut self, name: Arc<str>, value: Value) {
        if self.is_summed {
            let part = value.summary();
            self.summary.size = self.summary.size.saturating_add(part.size + name.len() as u64 + 4);
            self.summary.depth = self.summary.depth.max(part.depth + 1);
            self.summary.has_symbolic |= part.has_symbolic;
            self.summary.has_secure |= part.has_secure;
        }
        if let Some(index) = &mut self.index {
            index.entry(fold(&name).into()).or_insert(self.members.len());
        }
        self.members.push((name, value));
        if self.index.is_none() && self.members.len() > INDEXED_FROM {
            let mut index = HashMap::with_capacity(self.members.len() * 2);
            for (at, (name, _)) in self.members.iter().enumerate() {
                index.entry(fold(name).into()).or_insert(at);
            }
            self.index = Some(index);
        }
    }

    pub(super) fn summary(&self) -> Summary {
        if self.is_summed {
            return self.summary;
        }
        let mut sum = Summary::of(self.members.iter().map(|(_, value)| value));
        sum.size = sum.size.saturating_add(self.members.iter().map(|(name, _)| name.len() as u64 + 4).sum());
        sum
    }
}

impl std::fmt::Debug for Object {
    /// The members as text; secrets in them are redacted.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl Default for Object {
    fn default() -> Self {
        Self::new()
    }
}

impl FromIterator<(Arc<str>, Value)> for Object {
    fn from_iter<I: IntoIterator<Item = (Arc<str>, Value)>>(members: I) -> Self {
        let mut object = Self::new();
        for (name, value) in members {
            object.push(name, value);
        }
        object
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_spelling_wins_then_any_case() {
        let object: Object =
            [("abc".into(), Value::int(1)), ("ABC".into(), Value::int(2))].into_iter().collect();
        assert_eq!(object.get("ABC").unwrap().as_int(), Some(2));
        assert_eq!(object.get("abc").unwrap().as_int(), Some(1));
        assert_eq!(object.get("Abc").unwrap().as_int(), Some(1));
        assert!(object.get("x").is_none());
    }

    #[test]
    fn large_objects_find_the_same() {
        let mut object = Object::new();
        for number in 0..100 {
            object.set(format!("Name{number}").into(), Value::int(number));
        }
        object.set("NAME7".into(), Value::int(-7));
        assert_eq!(object.len(), 100);
        assert_eq!(object.get("name7").unwrap().as_int(), Some(-7));
        assert_eq!(object.keys().nth(7).unwrap().as_ref(), "Name7");
    }
}
