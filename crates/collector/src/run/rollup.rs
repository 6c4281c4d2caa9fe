//! Evidence that the address of no single list gives: that a type is complete in a subscription that Resource
//! Graph was asked about or whose resources were asked one by one, or below a management group.

use std::collections::{BTreeMap, HashMap, HashSet};

use azimuth_ids::fold;
use serde::Deserialize;

use crate::cloud::Service;
use crate::output::Proof;
use crate::plan::{Call, Finds, Reach, Subject, all_calls};

/// A management group with what is in it, as `$expand=children&$recurse=true` answers. Resource Manager nests
/// six levels; serde_json refuses more than 128.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Tree {
    id: String,
    children: Option<Vec<Tree>>,
    properties: TreeProperties,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct TreeProperties {
    children: Option<Vec<Tree>>,
}

impl Tree {
    fn children(&self) -> impl Iterator<Item = &Tree> {
        self.properties.children.iter().chain(&self.children).flatten()
    }

    fn is_subscription(&self) -> bool {
        fold(&self.id).starts_with("/subscriptions/")
    }
}

/// What a run knows at its end.
pub(crate) struct Outcome<'a> {
    pub(crate) calls: &'a [Call],
    /// The root's tree, if it was read.
    pub(crate) tree: Option<&'a Tree>,
    /// The subscriptions that were read, as their list spelled them.
    pub(crate) subscriptions: &'a [String],
    /// For each call and subject asked of: whether it was answered to the end. Subjects are folded.
    pub(crate) answered: &'a HashMap<(usize, String), bool>,
}

/// All evidence that follows from the whole of a run, in a fixed order.
pub(crate) fn roll_up(outcome: &Outcome<'_>) -> Vec<Proof> {
    let mut by_type: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, call) in outcome.calls.iter().enumerate() {
        if let (true, Some(evidence)) = (call.rollup, &call.evidence) {
            by_type.entry(evidence).or_default().push(index);
        }
    }
    let mut proofs = Vec::new();
    for (evidence, calls) in by_type {
        match outcome.calls[calls[0]].service() {
            Service::Graph => proofs.extend(collection(outcome, evidence, &calls)),
            Service::Arm => scopes(outcome, evidence, &calls, &mut proofs),
        }
    }
    proofs.extend(all_subscriptions(outcome));
    proofs
}

/// `graph:/groups/members` when the members of every group were read.
fn collection(outcome: &Outcome<'_>, evidence: &str, calls: &[usize]) -> Option<Proof> {
    let complete = calls.iter().all(|call| {
        let subject = outcome.calls[*call].subject;
        outcome.found_all(subject) && outcome.asked_of(*call).all(|(_, answered)| answered)
    });
    complete.then(|| proof(&evidence.replace("/{id}", ""), "/"))
}

fn scopes(outcome: &Outcome<'_>, evidence: &str, calls: &[usize], proofs: &mut Vec<Proof>) {
    let of_subject =
        |subject| calls.iter().copied().filter(move |call| outcome.calls[*call].subject == subject);
    let of_resources: Vec<usize> = of_subject(Subject::Resource).collect();
    let listed_by: Vec<usize> =
        of_subject(Subject::Subscription).chain(of_subject(Subject::Subscriptions)).collect();
    let unanswered: Vec<HashSet<&str>> =
        of_resources.iter().map(|call| outcome.unanswered_subscriptions(*call)).collect();
    let covers_subscription = |subscription: &str| {
        listed_by.iter().any(|call| outcome.is_answered(*call, subscription))
            || (!of_resources.is_empty()
                && of_resources.iter().zip(&unanswered).all(|(call, unanswered)| {
                    outcome.lists_resources_of(*call, subscription)
                        && !unanswered.contains(&*fold(subscription))
                }))
    };
    let covered_subscriptions = outcome.subscriptions.iter().filter(|id| covers_subscription(id));
    proofs.extend(covered_subscriptions.map(|id| proof(evidence, id)));
    let of_groups: Vec<usize> = of_subject(Subject::ManagementGroup).collect();
    // A list that the user left out may hold something.
    let left_out = all_calls().iter().any(|call| {
        call.subject == Subject::ManagementGroup
            && call.evidence.as_deref() == Some(evidence)
            && !of_groups.iter().any(|chosen| outcome.calls[*chosen].id == call.id)
    });
    let covers_group =
        |group: &str| !left_out && of_groups.iter().all(|call| outcome.is_answered(*call, group));
    if let Some(tree) = outcome.tree {
        let mut groups = Vec::new();
        if covered(tree, &covers_group, &covers_subscription, &mut groups) {
            groups.push("/".to_owned());
        }
        proofs.extend(groups.iter().map(|group| proof(evidence, group)));
    }
}

/// Whether everything at and below `node` was read; notes each management group of which that is true.
fn covered(
    node: &Tree,
    group: &dyn Fn(&str) -> bool,
    subscription: &dyn Fn(&str) -> bool,
    groups: &mut Vec<String>,
) -> bool {
    if node.is_subscription() {
        return subscription(&node.id);
    }
    let mut all = group(&node.id);
    for child in node.children() {
        all &= covered(child, group, subscription, groups);
    }
    if all {
        groups.push(node.id.clone());
    }
    all
}

/// The list of subscriptions holds those that may be read; it is complete if it has all of the tree.
fn all_subscriptions(outcome: &Outcome<'_>) -> Option<Proof> {
    let read: HashSet<String> = outcome.subscriptions.iter().map(|id| fold(id).into_owned()).collect();
    let mut pending = vec![outcome.tree?];
    while let Some(node) = pending.pop() {
        if node.is_subscription() && !read.contains(&*fold(&node.id)) {
            return None;
        }
        pending.extend(node.children());
    }
    Some(proof("Microsoft.Resources/subscriptions", "/"))
}

impl Outcome<'_> {
    fn is_answered(&self, call: usize, subject: &str) -> bool {
        self.answered.get(&(call, fold(subject).into_owned())) == Some(&true)
    }

    fn asked_of(&self, call: usize) -> impl Iterator<Item = (&str, bool)> {
        self.answered
            .iter()
            .filter(move |((of, _), _)| *of == call)
            .map(|((_, subject), done)| (&**subject, *done))
    }

    /// Whether the list that finds all subjects of this kind was read to its end.
    fn found_all(&self, subject: Subject) -> bool {
        let finds = match subject {
            Subject::User => Finds::Users,
            Subject::Group => Finds::Groups,
            Subject::DirectoryRole => Finds::DirectoryRoles,
            _ => return false,
        };
        let finder = self.calls.iter().position(|call| call.finds == Some(finds));
        finder.is_some_and(|finder| self.is_answered(finder, ""))
    }

    /// Whether the resources of a call's types are all known in a subscription.
    fn lists_resources_of(&self, call: usize, subscription: &str) -> bool {
        let types = &self.calls[call].types;
        let lists = |index: usize| {
            self.calls[index].finds == Some(Finds::Resources) && self.is_answered(index, subscription)
        };
        let mut finders = 0..self.calls.len();
        finders.any(|index| self.calls[index].query.is_some() && lists(index))
            || types.iter().all(|kind| {
                (0..self.calls.len()).any(|index| self.calls[index].types.contains(kind) && lists(index))
            })
    }

    /// The folded subscriptions in which a call made for resources was not answered for all of them.
    fn unanswered_subscriptions(&self, call: usize) -> HashSet<&str> {
        let unanswered = self.asked_of(call).filter(|(_, answered)| !answered);
        unanswered
            .filter_map(|(subject, _)| subject.match_indices('/').nth(2).map(|(end, _)| &subject[..end]))
            .collect()
    }
}

fn proof(kind: &str, scope: &str) -> Proof {
    Proof { r#type: kind.to_owned(), scope: scope.to_owned(), reach: None }
}

/// The evidence that one finished list gives by itself.
pub(crate) fn proofs_of(call: &Call, subjects: &[String]) -> Vec<Proof> {
    let Some(evidence) = &call.evidence else { return Vec::new() };
    let reach = (call.reach == Reach::Here).then_some("here");
    let one = |subject: &str| Proof {
        r#type: evidence.replace("{id}", subject),
        scope: call.evidence_scope(subject),
        reach,
    };
    if subjects.is_empty() { vec![one("")] } else { subjects.iter().map(|subject| one(subject)).collect() }
}
