//! Group membership, resolved through nested groups.

use std::collections::VecDeque;

use hashbrown::{HashMap, HashSet};

use crate::snapshot::Snapshot;

/// Direct membership in both directions; closures are computed per question, so cycles cost nothing.
#[derive(Clone, Debug, Default)]
pub(super) struct Membership {
    /// Group → direct members.
    members: HashMap<Box<str>, Vec<Box<str>>>,
    /// Member → groups that hold it directly.
    groups: HashMap<Box<str>, Vec<Box<str>>>,
    known_groups: HashSet<Box<str>>,
}

impl Membership {
    pub(super) fn from_snapshot(snapshot: &Snapshot) -> Self {
        let mut membership = Self::default();
        for entry in snapshot.of_type("graph:/groups") {
            membership.known_groups.insert(entry.name().into());
        }
        for entry in snapshot.of_type("graph:/groups/members") {
            // graph:/groups/{group}/members/{member}
            let mut segments = entry.key().split('/').skip(2);
            let (Some(group), Some(_), Some(member)) = (segments.next(), segments.next(), segments.next())
            else {
                continue;
            };
            membership.add(group, member);
        }
        membership
    }

    pub(super) fn add(&mut self, group: &str, member: &str) {
        self.known_groups.insert(group.into());
        self.members.entry(group.into()).or_default().push(member.into());
        self.groups.entry(member.into()).or_default().push(group.into());
    }

    pub(super) fn groups_of(&self, principal: &str) -> Vec<&str> {
        closure(&self.groups, principal)
    }

    pub(super) fn members_of(&self, group: &str) -> Vec<&str> {
        let mut found = closure(&self.members, group);
        found.retain(|member| !self.known_groups.contains(*member));
        found
    }
}

/// Everything reachable from `start`, without `start` itself unless a cycle leads back, sorted.
fn closure<'a>(edges: &'a HashMap<Box<str>, Vec<Box<str>>>, start: &str) -> Vec<&'a str> {
    let mut seen: HashSet<&str> = HashSet::new();
    let mut queue: VecDeque<&'a str> = VecDeque::new();
    queue.extend(edges.get(start).into_iter().flatten().map(|next| &**next));
    while let Some(at) = queue.pop_front() {
        if seen.insert(at) {
            queue.extend(edges.get(at).into_iter().flatten().map(|next| &**next));
        }
    }
    let mut found: Vec<&str> = seen.into_iter().collect();
    found.sort_unstable();
    found
}
