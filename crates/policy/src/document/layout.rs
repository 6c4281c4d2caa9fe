//! The trie of paths that policies ask about.

use crate::fold::{self, fold};
use crate::path::{Path, Step};

/// The slot of a row that holds the array member itself.
pub(crate) const SELF_SLOT: u16 = 1;

/// Slots of an array row that are no fields: the link to the next row, and the member itself.
const ROW_HEADER: u16 = 2;

/// The slots to follow for a path: the first in the root row (or the row of a count), each further one in the rows of the
/// array that the one before holds.
pub(crate) type SlotPath = Box<[u16]>;

/// Which slot each part of a resource goes to.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) nodes: Box<[Node]>,
    /// Slots of the root row.
    pub(crate) root_width: u16,
}

/// A place in a resource.
#[derive(Clone, Debug, Default)]
pub(crate) struct Node {
    /// The slot in its row, if a policy asks for the value itself.
    pub(crate) slot: Option<u16>,
    /// How the value is to be read.
    pub(crate) form: Form,
    children: Children,
    /// The members of an array: their node, and the width of their rows.
    pub(crate) element: Option<(u32, u16)>,
    /// Whether the value counts only while the slot is empty.
    pub(crate) is_fallback: bool,
}

/// How a text is read into its slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Form {
    /// As it is.
    #[default]
    Plain,
    /// A location: white space is dropped, so that `East US` equals `eastus`.
    Location,
    /// The name of a resource: what follows the last `/`.
    Name,
}

#[derive(Clone, Debug, Default)]
struct Children {
    /// Position in `entries` plus one, by hash; its length is a power of two, or zero.
    table: Box<[u16]>,
    entries: Box<[Child]>,
}

#[derive(Clone, Debug)]
struct Child {
    hash: u64,
    folded: Box<str>,
    node: u32,
}

impl Node {
    pub(crate) fn has_children(&self) -> bool {
        !self.children.entries.is_empty()
    }

    /// The child whose name is `key`, in any letter case.
    pub(crate) fn child(&self, key: &str) -> Option<u32> {
        let hash = fold::hash(key);
        let mask = self.children.table.len().checked_sub(1)?;
        let mut at = hash as usize & mask;
        loop {
            let entry = &self.children.entries[usize::from(self.children.table[at]).checked_sub(1)?];
            if entry.hash == hash && (key.eq_ignore_ascii_case(&entry.folded) || fold(key) == *entry.folded) {
                return Some(entry.node);
            }
            at = (at + 1) & mask;
        }
    }
}

impl Children {
    fn new(entries: Vec<Child>) -> Self {
        if entries.is_empty() {
            return Self::default();
        }
        let mask = (entries.len() * 2).next_power_of_two() - 1;
        let mut table = vec![0_u16; mask + 1];
        for (index, entry) in entries.iter().enumerate() {
            let mut at = entry.hash as usize & mask;
            while table[at] != 0 {
                at = (at + 1) & mask;
            }
            table[at] = index as u16 + 1;
        }
        Self { table: table.into(), entries: entries.into() }
    }
}

/// Collects paths for a [`Layout`].
#[derive(Clone, Debug)]
pub(crate) struct LayoutBuilder {
    nodes: Vec<Draft>,
    root_width: u16,
}

#[derive(Clone, Debug, Default)]
struct Draft {
    slot: Option<u16>,
    form: Form,
    children: Vec<Child>,
    element: Option<(u32, u16)>,
    is_fallback: bool,
}

impl LayoutBuilder {
    pub(crate) fn new() -> Self {
        Self { nodes: vec![Draft::default()], root_width: 0 }
    }

    /// Makes room for `path` and returns where it will be; `None` if the path needs more than names and `[*]`, or if
    /// there are too many already.
    pub(crate) fn add(&mut self, path: &Path, form: Form) -> Option<SlotPath> {
        if path.is_irregular() {
            return None;
        }
        let mut slots = Vec::new();
        let mut node = 0_u32;
        // The array whose rows the current node belongs to; none for the root row.
        let mut array: Option<u32> = None;
        for step in path.steps() {
            match step {
                Step::Key(key) => node = self.child(node, key)?,
                Step::Each => {
                    slots.push(self.slot(node, array)?);
                    array = Some(node);
                    node = self.element(node)?;
                }
                Step::Index(_) | Step::Nowhere => return None,
            }
        }
        slots.push(if path.ends_with_each() { SELF_SLOT } else { self.slot(node, array)? });
        if form != Form::Plain {
            self.nodes[node as usize].form = form;
        }
        Some(slots.into())
    }

    /// Some exports keep the tags of a resource within `properties`: they count where the resource itself has none.
    pub(crate) fn add_fallback(&mut self, path: &Path) {
        let [Step::Key(first), rest @ ..] = path.steps() else { return };
        if !first.eq_ignore_ascii_case("tags") || rest.contains(&Step::Each) {
            return;
        }
        let Some(slot) = self.add(path, Form::Plain).and_then(|slots| slots.first().copied()) else { return };
        let mut node = 0;
        for step in [&Step::Key("properties".into()), &Step::Key("tags".into())].into_iter().chain(rest) {
            let Step::Key(key) = step else { return };
            let Some(child) = self.child(node, key) else { return };
            node = child;
        }
        let draft = &mut self.nodes[node as usize];
        if draft.slot.is_none() {
            draft.slot = Some(slot);
            draft.is_fallback = true;
        }
    }

    fn child(&mut self, node: u32, key: &str) -> Option<u32> {
        let folded = fold(key);
        let known = self.nodes[node as usize].children.iter().find(|child| *child.folded == *folded);
        if let Some(child) = known {
            return Some(child.node);
        }
        let index = self.new_node()?;
        let child = Child { hash: fold::hash(&folded), folded: folded.into(), node: index };
        self.nodes[node as usize].children.push(child);
        Some(index)
    }

    fn element(&mut self, node: u32) -> Option<u32> {
        if let Some((element, _)) = self.nodes[node as usize].element {
            return Some(element);
        }
        let index = self.new_node()?;
        self.nodes[index as usize].slot = Some(SELF_SLOT);
        self.nodes[node as usize].element = Some((index, ROW_HEADER));
        Some(index)
    }

    fn new_node(&mut self) -> Option<u32> {
        if self.nodes.len() >= usize::from(u16::MAX) {
            return None;
        }
        self.nodes.push(Draft::default());
        Some(self.nodes.len() as u32 - 1)
    }

    fn slot(&mut self, node: u32, array: Option<u32>) -> Option<u16> {
        if let Some(slot) = self.nodes[node as usize].slot {
            return Some(slot);
        }
        let width = match array {
            None => &mut self.root_width,
            Some(array) => &mut self.nodes[array as usize].element.as_mut()?.1,
        };
        let slot = *width;
        *width = width.checked_add(1)?;
        self.nodes[node as usize].slot = Some(slot);
        Some(slot)
    }

    pub(crate) fn finish(self) -> Layout {
        let nodes = self.nodes.into_iter().map(|draft| Node {
            slot: draft.slot,
            form: draft.form,
            children: Children::new(draft.children),
            element: draft.element,
            is_fallback: draft.is_fallback,
        });
        Layout { nodes: nodes.collect(), root_width: self.root_width }
    }
}
