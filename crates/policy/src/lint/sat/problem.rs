//! The atoms of a condition, their subjects and classes.

use azimuth_arm::{ExpressionKind, Value};
use hashbrown::HashMap;

use super::class::{Class, Domain, Named, Truth, truth_of_any};
use super::formula::{Tree, text_of_left};
use super::solve::Solver;
use crate::catalogue::Catalogue;
use crate::definition::{Condition, Count, Definition, Leaf, Left, Operator, Over, ParameterType};
use crate::fold::fold;
use crate::suite::show_template_text;
use crate::template::Template;

/// Most classes of one subject; beyond that its atoms are taken one by one.
const MAX_CLASSES: usize = 2_000;

/// A condition ready to be asked about.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) tree: Tree,
    pub(super) atoms: Vec<Atom>,
    pub(super) subjects: Vec<Subject>,
    /// The subject that is the resource's type.
    pub(super) type_subject: Option<usize>,
}

/// A comparison.
#[derive(Debug)]
pub(super) struct Atom {
    /// What is compared, if classes of it are known.
    pub(super) subject: Option<usize>,
    /// Class by class.
    pub(super) truths: Vec<Truth>,
}

/// What atoms compare.
#[derive(Debug)]
pub(super) struct Subject {
    pub(super) classes: Vec<Class>,
    /// For aliases: by class of the type subject, whether the alias belongs to another type.
    pub(super) foreign: Vec<bool>,
    /// The class for nothing, if nothing can be there.
    pub(super) absent: Option<usize>,
}

struct Builder<'a> {
    definition: &'a Definition,
    catalogue: &'a Catalogue,
    /// Folded alias of the array of the count around.
    scope: Option<String>,
    drafts: Vec<Draft>,
    by_key: HashMap<String, usize>,
    subjects: Vec<(String, Domain, bool)>,
    subject_by_key: HashMap<String, usize>,
}

struct Draft {
    subject: Option<usize>,
    /// The positive operator, and the right sides that it may have.
    operator: Operator,
    rights: Vec<Value>,
    is_location: bool,
}

impl Problem {
    /// A condition of a definition. `path` is its JSON path; `scope` the array of the count whose members it is asked of.
    pub(crate) fn new(
        definition: &Definition,
        catalogue: &Catalogue,
        condition: &Condition,
        path: &str,
        scope: Option<&str>,
    ) -> Self {
        let mut builder = Builder {
            definition,
            catalogue,
            scope: scope.map(fold),
            drafts: Vec::new(),
            by_key: HashMap::new(),
            subjects: Vec::new(),
            subject_by_key: HashMap::new(),
        };
        let mut flipped = Vec::new();
        let mut tree = Tree::of(condition, true, path, &mut |leaf, _| {
            let (atom, is_flipped) = builder.atom(leaf);
            flipped.push((atom, is_flipped));
            flipped.len() - 1
        });
        renumber(&mut tree, &flipped);
        builder.finish(tree)
    }
}

/// Replaces numbers of comparisons by numbers of atoms; a negated comparison is the opposite of its atom.
fn renumber(tree: &mut Tree, atoms: &[(usize, bool)]) {
    match tree {
        Tree::Atom { atom, truth, .. } => {
            let (number, is_flipped) = atoms[*atom];
            *atom = number;
            *truth ^= is_flipped;
        }
        Tree::All { parts, .. } | Tree::Any { parts, .. } => {
            parts.iter_mut().for_each(|part| renumber(part, atoms));
        }
    }
}

impl Builder<'_> {
    /// The atom of a comparison, and whether the comparison is its opposite.
    fn atom(&mut self, leaf: &Leaf) -> (usize, bool) {
        let is_scalar = self.is_scalar(&leaf.left);
        // That all members differ is not the opposite of that all are equal.
        let (operator, is_flipped) =
            if is_scalar { leaf.operator.positive() } else { (leaf.operator, false) };
        let left = text_of_left(&leaf.left);
        let key = format!("{left} {operator} {}", show_template_text(&leaf.right));
        if let Some(known) = self.by_key.get(&key) {
            return (*known, is_flipped);
        }
        let rights = self.rights(&leaf.right);
        let is_location = left == "field location";
        let subject = (is_scalar && !rights.is_empty()).then(|| self.subject(&left, &leaf.left, is_location));
        self.drafts.push(Draft { subject, operator, rights, is_location });
        self.by_key.insert(key, self.drafts.len() - 1);
        (self.drafts.len() - 1, is_flipped)
    }

    /// Whether the left side is one value, not one for every member.
    fn is_scalar(&self, left: &Left) -> bool {
        let Left::Field(name) = left else { return true };
        // A name that is computed may mean members.
        let Some(name) = name.known().and_then(Value::as_str) else { return false };
        let folded = fold(name.trim());
        let inside = self.scope.as_ref().and_then(|scope| folded.strip_prefix(scope.as_str()));
        let stars = inside.unwrap_or(&folded).matches("[*]").count();
        let written = folded.matches("[*]").count();
        let is_as_written = self.catalogue.alias(name).iter().all(|alias| {
            let each = |path: &crate::path::Path| {
                path.steps().iter().filter(|step| **step == crate::path::Step::Each).count()
            };
            each(&alias.path) == written && alias.versions.iter().all(|other| each(&other.path) == written)
        });
        stars == 0 && is_as_written
    }

    /// The values that a right side can have; none: they are not known.
    fn rights(&self, right: &Template) -> Vec<Value> {
        if let Some(value) = right.known() {
            return vec![value.clone()];
        }
        self.allowed(right).unwrap_or_default()
    }

    /// The values that `[parameters('x')]` can have, if the parameter allows certain texts only.
    fn allowed(&self, template: &Template) -> Option<Vec<Value>> {
        let Template::Expression(expression) = template else { return None };
        let ExpressionKind::Call(call) = &expression.kind else { return None };
        let Some(ExpressionKind::Literal(name)) = call.arguments.first().map(|argument| &argument.kind)
        else {
            return None;
        };
        if &*call.key != "parameters" || call.arguments.len() != 1 {
            return None;
        }
        let parameter = self.definition.parameters.get(name.as_str()?)?;
        // Only texts are checked letter by letter; numbers and booleans may come as text.
        let allowed = parameter.allowed.as_ref().filter(|_| parameter.kind == ParameterType::String)?;
        // A default is not checked against the allowed values.
        let all: Vec<Value> = allowed.iter().chain(&parameter.default).cloned().collect();
        all.iter().all(|value| value.as_str().is_some()).then_some(all)
    }

    fn subject(&mut self, key: &str, left: &Left, is_location: bool) -> usize {
        if let Some(known) = self.subject_by_key.get(key) {
            return *known;
        }
        let domain = match left {
            Left::Field(_) => Domain::Anything,
            Left::Value(value) => match (value.known(), self.allowed(value)) {
                (Some(value), _) => Domain::OneOf(vec![value.clone()]),
                (None, Some(allowed)) => Domain::OneOf(allowed),
                (None, None) => Domain::Anything,
            },
            Left::Count(count) => Domain::Count(self.most(count)),
        };
        self.subjects.push((key.to_owned(), domain, is_location));
        self.subject_by_key.insert(key.to_owned(), self.subjects.len() - 1);
        self.subjects.len() - 1
    }

    /// No count can be larger than this.
    fn most(&self, count: &Count) -> Option<u64> {
        let length = match &count.over {
            Over::Value { value, .. } => {
                value.known().and_then(Value::as_array).map(|items| items.len() as u64)
            }
            Over::Field(_) => None,
        };
        let condition = count.condition.as_ref()?;
        let scope = match &count.over {
            Over::Field(name) => name.known().and_then(Value::as_str),
            Over::Value { .. } => self.scope.as_deref(),
        };
        let inner = Problem::new(self.definition, self.catalogue, condition, "", scope);
        if Solver::new(&inner).is_possible(&[&inner.tree]) { length } else { Some(0) }
    }

    fn finish(self, tree: Tree) -> Problem {
        let mut named: Vec<Named> = self.subjects.iter().map(|_| Named::default()).collect();
        for draft in &self.drafts {
            if let Some(subject) = draft.subject {
                let is_location = self.subjects[subject].2;
                draft.rights.iter().for_each(|right| named[subject].add(right, is_location));
            }
        }
        let classes: Vec<Vec<Class>> = named
            .into_iter()
            .zip(&self.subjects)
            .map(|(named, (_, domain, _))| named.classes(domain))
            .collect();
        let atoms = self
            .drafts
            .iter()
            .map(|draft| {
                let subject = draft.subject.filter(|subject| classes[*subject].len() <= MAX_CLASSES);
                let truths = subject.map(|subject| {
                    let classes = classes[subject].iter();
                    classes
                        .map(|class| truth_of_any(draft.operator, &draft.rights, draft.is_location, class))
                        .collect()
                });
                Atom { subject, truths: truths.unwrap_or_default() }
            })
            .collect();
        let type_subject = self.subject_by_key.get("field type").copied();
        let type_names: Vec<Option<String>> = type_subject
            .map(|subject| {
                let classes = classes[subject].iter();
                classes
                    .map(|class| match class {
                        Class::Text(text) if text.contains('/') => Some(text.clone()),
                        _ => None,
                    })
                    .collect()
            })
            .unwrap_or_default();
        let subjects = classes
            .into_iter()
            .zip(&self.subjects)
            .map(|(classes, (key, _, _))| {
                let alias =
                    key.strip_prefix("field ").filter(|name| name.contains('/') && !name.starts_with('['));
                let foreign = type_names.iter().map(|resource_type| match (alias, resource_type) {
                    (Some(alias), Some(resource_type)) => is_foreign(alias, resource_type, self.catalogue),
                    _ => false,
                });
                let absent = classes.iter().position(|class| *class == Class::Absent);
                Subject { foreign: foreign.collect(), absent, classes }
            })
            .collect();
        Problem { tree, atoms, subjects, type_subject }
    }
}

/// Whether an alias is certainly of another type: the catalogue knows its types, or it is of another provider.
fn is_foreign(alias: &str, resource_type: &str, catalogue: &Catalogue) -> bool {
    let provider = |name: &str| name.split('/').next().unwrap_or_default().to_owned();
    !catalogue.is_plain()
        && catalogue.place(alias, resource_type, None).is_none()
        && (catalogue.alias(alias).iter().any(|known| known.resource_type.contains('/'))
            || provider(alias) != provider(resource_type))
}
