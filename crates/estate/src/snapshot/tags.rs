//! Resources by tag.

use std::borrow::Cow;
use std::collections::BTreeMap;

use azimuth_ids::fold;
use hashbrown::HashMap;
use serde::Deserialize;

use super::Inner;

/// Tag name (folded) → value → rows, ascending.
#[derive(Debug)]
pub(super) struct Tags(HashMap<Box<str>, HashMap<Box<str>, Vec<u32>>>);

#[derive(Deserialize)]
struct Tagged<'a> {
    #[serde(borrow, default)]
    tags: Option<BTreeMap<Cow<'a, str>, serde_json::Value>>,
}

impl Tags {
    pub(super) fn build(inner: &Inner) -> Self {
        let mut index: HashMap<Box<str>, HashMap<Box<str>, Vec<u32>>> = HashMap::new();
        for (row, document) in inner.rows.iter().enumerate() {
            if !document.key.starts_with('/')
                || memchr::memmem::find(document.body.as_bytes(), b"\"tags\"").is_none()
            {
                continue;
            }
            let Ok(Tagged { tags: Some(tags) }) = serde_json::from_str::<Tagged<'_>>(&document.body) else {
                continue;
            };
            for (name, value) in &tags {
                let value = value.as_str().unwrap_or_default();
                let values = index.entry(fold(name).into()).or_default();
                values.entry(value.into()).or_default().push(row as u32);
            }
        }
        Self(index)
    }

    pub(super) fn rows(&self, name: &str, value: Option<&str>) -> Vec<u32> {
        let Some(values) = self.0.get(&*fold(name)) else { return Vec::new() };
        match value {
            Some(value) => values.get(value).cloned().unwrap_or_default(),
            None => {
                let mut rows: Vec<u32> = values.values().flatten().copied().collect();
                rows.sort_unstable();
                rows.dedup();
                rows
            }
        }
    }

    pub(super) fn memory(&self) -> usize {
        self.0
            .values()
            .flat_map(|values| values.iter())
            .map(|(value, rows)| value.len() + rows.capacity() * 4 + 48)
            .sum()
    }
}
