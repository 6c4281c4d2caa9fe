//! Building one tree from records that may contradict each other.

use azimuth_ids::{eq_fold, fold};
use hashbrown::HashMap;

use super::{
    Hierarchy, HierarchyProblem, MAX_DEPTH, MAX_GROUPS, ManagementGroup, Settings, valid_group_name,
};

/// Collects records of groups and subscriptions; the order of the calls decides only between contradictions.
#[derive(Clone, Debug, Default)]
pub struct HierarchyBuilder {
    nodes: Vec<Node>,
    by_name: HashMap<Box<str>, u32>,
    /// Id as written, index of its group.
    subscriptions: Vec<(Box<str>, u32)>,
    by_subscription: HashMap<Box<str>, u32>,
    root: Option<Box<str>>,
    settings: Settings,
    problems: Vec<HierarchyProblem>,
}

#[derive(Clone, Debug)]
struct Node {
    name: Box<str>,
    display_name: Option<Box<str>>,
    parent: Option<u32>,
    known: bool,
    /// The first that referred to the group before it had a record.
    referrer: Option<Box<str>>,
    /// Whether a cycle was broken by taking its parent away.
    cut: bool,
    /// Whether it was put under the root for want of a parent.
    parent_is_guess: bool,
}

impl HierarchyBuilder {
    /// Adds the record of a group. A second record of a group fills what the first left open.
    pub fn group(&mut self, name: &str, display_name: Option<&str>, parent: Option<&str>) -> &mut Self {
        let index = self.node(name);
        self.nodes[index as usize].known = true;
        self.describe(index, display_name, parent);
        self
    }

    /// Adds what a record of something else says about a group, such as one link of an ancestors chain.
    pub fn mention(&mut self, name: &str, display_name: Option<&str>, parent: Option<&str>) -> &mut Self {
        let index = self.node(name);
        self.describe(index, display_name, parent);
        self
    }

    /// Puts a subscription into a group.
    pub fn subscription(&mut self, id: &str, group: &str) -> &mut Self {
        let group = self.refer(group, id);
        match self.by_subscription.get(&*fold(id)) {
            Some(known) => {
                let kept = self.subscriptions[*known as usize].1;
                if kept != group {
                    self.problems.push(HierarchyProblem::SeveralGroups {
                        subscription: id.to_owned(),
                        kept: self.nodes[kept as usize].name.to_string(),
                        ignored: self.nodes[group as usize].name.to_string(),
                    });
                }
            }
            None => {
                self.by_subscription.insert(fold(id).into(), self.subscriptions.len() as u32);
                self.subscriptions.push((id.into(), group));
            }
        }
        self
    }

    /// Names the tenant root group (its name is the tenant id). Without it, the group without a parent is taken.
    pub fn root(&mut self, name: &str) -> &mut Self {
        self.root = Some(name.into());
        self
    }

    /// Sets the hierarchy settings.
    pub fn settings(&mut self, settings: Settings) -> &mut Self {
        self.settings = settings;
        self
    }

    fn node(&mut self, name: &str) -> u32 {
        *self.by_name.entry(fold(name).into()).or_insert_with(|| {
            self.nodes.push(Node {
                name: name.into(),
                display_name: None,
                parent: None,
                known: false,
                referrer: None,
                cut: false,
                parent_is_guess: false,
            });
            self.nodes.len() as u32 - 1
        })
    }

    fn refer(&mut self, name: &str, referrer: &str) -> u32 {
        let index = self.node(name);
        self.nodes[index as usize].referrer.get_or_insert_with(|| referrer.into());
        index
    }

    fn describe(&mut self, index: u32, display_name: Option<&str>, parent: Option<&str>) {
        let name = self.nodes[index as usize].name.clone();
        let parent = parent.map(|parent| self.refer(parent, &name));
        let node = &mut self.nodes[index as usize];
        if node.display_name.is_none() {
            node.display_name = display_name.map(Into::into);
        }
        match (node.parent, parent) {
            (Some(kept), Some(other)) if kept != other => {
                let problem = HierarchyProblem::SeveralParents {
                    group: name.to_string(),
                    kept: self.nodes[kept as usize].name.to_string(),
                    ignored: self.nodes[other as usize].name.to_string(),
                };
                self.problems.push(problem);
            }
            (None, Some(_)) => node.parent = parent,
            _ => {}
        }
    }

    /// Makes one tree of the records; see [`Hierarchy::problems`] for what did not fit.
    pub fn build(mut self) -> Hierarchy {
        if let Some(root) = self.root.clone()
            && !(self.nodes.is_empty() && self.subscriptions.is_empty())
        {
            self.node(&root);
        }
        for node in self.nodes.iter().filter(|node| !node.known) {
            let is_root = self.root.as_deref().is_some_and(|root| eq_fold(root, &node.name));
            if let Some(referrer) = node.referrer.as_deref().filter(|_| !is_root) {
                self.problems.push(HierarchyProblem::MissingGroup {
                    group: node.name.to_string(),
                    referrer: referrer.to_owned(),
                });
            }
        }
        self.take_root_parent();
        self.break_cycles();
        let root = self.choose_root();
        self.finish(root)
    }

    fn take_root_parent(&mut self) {
        let Some(index) = self.root.as_deref().and_then(|root| self.by_name.get(&*fold(root))) else {
            return;
        };
        let node = &mut self.nodes[*index as usize];
        if let Some(parent) = node.parent.take() {
            let root = node.name.to_string();
            let parent = self.nodes[parent as usize].name.to_string();
            self.problems.push(HierarchyProblem::RootHasParent { root, parent });
        }
    }

    /// Takes the parent of one group of each cycle away. Every node is walked over at most twice.
    fn break_cycles(&mut self) {
        // 0: not seen; n: seen in the walk n.
        let mut seen = vec![0_u32; self.nodes.len()];
        for start in 0..self.nodes.len() {
            let walk = start as u32 + 1;
            let mut at = Some(start as u32);
            while let Some(index) = at.filter(|index| seen[*index as usize] == 0) {
                seen[index as usize] = walk;
                at = self.nodes[index as usize].parent;
            }
            let Some(entry) = at.filter(|index| seen[*index as usize] == walk) else { continue };
            let mut members = vec![entry];
            let mut next = self.nodes[entry as usize].parent;
            while let Some(index) = next.filter(|index| *index != entry) {
                members.push(index);
                next = self.nodes[index as usize].parent;
            }
            let first = (0..members.len())
                .min_by_key(|at| fold(&self.nodes[members[*at] as usize].name).into_owned())
                .unwrap_or_default();
            members.rotate_left(first);
            let cut = &mut self.nodes[members[0] as usize];
            cut.parent = None;
            cut.cut = true;
            let groups = members.iter().map(|index| self.nodes[*index as usize].name.to_string()).collect();
            self.problems.push(HierarchyProblem::Cycle { groups });
        }
    }

    /// The named root, else the best group without a parent; all others without one are put below it.
    fn choose_root(&mut self) -> Option<u32> {
        let named = self.root.as_deref().and_then(|root| self.by_name.get(&*fold(root))).copied();
        let tops: Vec<u32> = (0..self.nodes.len() as u32)
            .filter(|index| self.nodes[*index as usize].parent.is_none())
            .collect();
        let root = named.or_else(|| {
            let sizes = self.sizes();
            tops.iter().copied().max_by_key(|index| {
                let node = &self.nodes[*index as usize];
                // The root is named by the tenant id, a GUID; a group with a record is a better guess than one
                // that is only referred to; then the larger tree wins, then the first by name.
                let size = sizes[*index as usize];
                let name = std::cmp::Reverse(fold(&node.name).into_owned());
                (!node.cut, is_guid(&node.name), node.known, size, name)
            })
        })?;
        let mut others = Vec::new();
        for index in tops.into_iter().filter(|index| *index != root) {
            let node = &mut self.nodes[index as usize];
            node.parent = Some(root);
            node.parent_is_guess = true;
            if node.known && !node.cut {
                others.push(node.name.to_string());
            }
        }
        if !others.is_empty() {
            let root = self.nodes[root as usize].name.to_string();
            self.problems.push(HierarchyProblem::SeveralRoots { root, others });
        }
        Some(root)
    }

    /// For every node the number of nodes at and below it.
    fn sizes(&self) -> Vec<usize> {
        let mut open = vec![0_usize; self.nodes.len()];
        for parent in self.nodes.iter().filter_map(|node| node.parent) {
            open[parent as usize] += 1;
        }
        let mut sizes = vec![1_usize; self.nodes.len()];
        let mut ready: Vec<u32> =
            (0..self.nodes.len() as u32).filter(|index| open[*index as usize] == 0).collect();
        while let Some(index) = ready.pop() {
            if let Some(parent) = self.nodes[index as usize].parent {
                sizes[parent as usize] += sizes[index as usize];
                open[parent as usize] -= 1;
                if open[parent as usize] == 0 {
                    ready.push(parent);
                }
            }
        }
        sizes
    }

    fn finish(mut self, root: Option<u32>) -> Hierarchy {
        let mut groups: Vec<ManagementGroup> = self
            .nodes
            .into_iter()
            .map(|node| ManagementGroup {
                name: node.name,
                display_name: node.display_name,
                known: node.known,
                parent_is_guess: node.parent_is_guess,
                depth: 0,
                parent: node.parent,
                children: Vec::new(),
                subscriptions: Vec::new(),
            })
            .collect();
        let mut order: Vec<u32> = (0..groups.len() as u32).collect();
        order.sort_by_cached_key(|index| fold(&groups[*index as usize].name).into_owned());
        for index in order {
            if let Some(parent) = groups[index as usize].parent {
                groups[parent as usize].children.push(index);
            }
        }
        self.subscriptions.sort_by_cached_key(|(id, _)| fold(id).into_owned());
        for (index, (id, group)) in self.subscriptions.iter().enumerate() {
            self.by_subscription.insert(fold(id).into(), index as u32);
            groups[*group as usize].subscriptions.push(index as u32);
        }
        let mut hierarchy = Hierarchy {
            groups,
            by_name: self.by_name,
            subscriptions: self.subscriptions,
            by_subscription: self.by_subscription,
            root,
            settings: self.settings,
            problems: self.problems,
        };
        for index in hierarchy.below(root).into_iter().skip(1) {
            let parent = hierarchy.groups[index as usize].parent;
            let depth = parent.map_or(0, |parent| hierarchy.groups[parent as usize].depth + 1);
            hierarchy.groups[index as usize].depth = depth;
        }
        report_limits(&mut hierarchy);
        hierarchy
    }
}

fn is_guid(name: &str) -> bool {
    name.len() == 36
        && name.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

fn report_limits(hierarchy: &mut Hierarchy) {
    for group in &hierarchy.groups {
        if group.depth > MAX_DEPTH {
            let (group, depth) = (group.name.to_string(), group.depth);
            hierarchy.problems.push(HierarchyProblem::TooDeep { group, depth });
        }
        if !valid_group_name(&group.name) {
            hierarchy.problems.push(HierarchyProblem::InvalidName { group: group.name.to_string() });
        }
    }
    if hierarchy.groups.len() > MAX_GROUPS {
        let count = hierarchy.groups.len();
        hierarchy.problems.push(HierarchyProblem::TooManyGroups { count });
    }
}
