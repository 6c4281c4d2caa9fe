//! What earlier runs left in the folder.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::value::RawValue;

use super::rollup::Tree;
use crate::json::{Item, Next, page};
use crate::output::RecordedLine;
use crate::plan::{Call, Finds};

/// What earlier runs recorded, by call.
pub(crate) struct Recorded<'a> {
    calls: &'a [Call],
    pub(super) by_call: HashMap<String, Found>,
}

/// What was recorded of one call.
#[derive(Default)]
pub(crate) struct Found {
    pub(super) items: Vec<Item>,
    pub(super) tree: Option<Tree>,
    /// Where the list goes on, and when its last page was read.
    pub(super) next: Option<(Next, Timestamp)>,
    pub(super) done: bool,
}

impl<'a> Recorded<'a> {
    pub(crate) fn new(calls: &'a [Call]) -> Self {
        Self { calls, by_call: HashMap::new() }
    }

    /// Notes a line. Refusals and failures are not kept: resuming asks again.
    pub(crate) fn take(&mut self, line: &RecordedLine<'_>) {
        let id = line.call.split_once('@').map_or(&*line.call, |(id, _)| id);
        let Some(call) = self.calls.iter().find(|call| call.id == id) else { return };
        let success = (200..300).contains(&line.status);
        if !success && !line.r#final {
            return;
        }
        let found = self.by_call.entry(line.call.clone()).or_default();
        found.done |= line.r#final;
        if !success {
            return;
        }
        let body = line.body.get();
        if call.is_list() {
            let Ok(page) = page(body) else { return };
            found.next = page.next.map(|next| (next, line.time));
            if call.finds.is_some() {
                found.items.extend(page.items.iter().filter_map(|item| read_item(item)));
            }
        } else if call.finds == Some(Finds::Tree) {
            found.tree = serde_json::from_str(body).ok();
        }
    }
}

/// The members of interest, or `None` for an item that is no object.
pub(super) fn read_item(item: &RawValue) -> Option<Item> {
    serde_json::from_str(item.get()).ok()
}
