//! Policy objects in files: what is in a document, and where.

use std::sync::Arc;

use azimuth_arm::{Node, Source, Span};
use azimuth_diag::{Diagnostic, Place};
use hashbrown::HashMap;

use crate::definition::{Definition, parse_definition};
use crate::fold::{eq, fold};
use crate::governance::{
    Assignment, Exemption, Initiative, parse_assignment, parse_exemption, parse_initiative,
};

/// Most levels of management groups (six are allowed below the root).
const MAX_LEVELS: usize = 16;
/// Deepest nesting of lists and templates looked into for policy objects.
const MAX_DEPTH: usize = 8;

/// Policy objects from any number of files, with what is wrong about them.
#[derive(Debug, Default)]
pub struct Workspace {
    objects: Vec<Entry>,
    diagnostics: Vec<Diagnostic>,
    /// Folded id → position in `objects`, for definitions and initiatives.
    by_id: HashMap<String, usize>,
    /// Folded id of a management group or subscription → the management group above.
    parents: HashMap<String, String>,
}

/// One policy object and where it stands.
#[derive(Debug)]
pub struct Entry {
    source: Arc<Source>,
    path: String,
    /// Lines before the text of `source` in its file (files of one document a line).
    line_offset: u64,
    /// The object.
    pub object: Object,
}

/// A policy object.
#[derive(Clone, Debug)]
pub enum Object {
    /// A definition.
    Definition(Arc<Definition>),
    /// An initiative.
    Initiative(Arc<Initiative>),
    /// An assignment.
    Assignment(Arc<Assignment>),
    /// An exemption.
    Exemption(Arc<Exemption>),
}

/// Kinds of policy objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Definition,
    Initiative,
    Assignment,
    Exemption,
}

impl Workspace {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the policy objects of a document: one object, a list, `{value: […]}`, or the resources of a template. Returns
    /// how many there are. What is wrong with them joins [`Workspace::diagnostics`].
    pub fn add(&mut self, source: &Arc<Source>) -> usize {
        self.add_line(source, 0)
    }

    /// As [`Workspace::add`] for one line of a file of documents; `line_offset` lines stand before it.
    pub fn add_line(&mut self, source: &Arc<Source>, line_offset: u64) -> usize {
        let mut found = Vec::new();
        find(source.root(), "$", 0, &mut found, &mut self.parents);
        for (kind, node, path) in &found {
            let (object, diagnostics) = match kind {
                Kind::Definition => {
                    let parsed = parse_definition(source, node, path);
                    (parsed.value.map(Arc::new).map(Object::Definition), parsed.diagnostics)
                }
                Kind::Initiative => {
                    let parsed = parse_initiative(source, node, path);
                    (parsed.value.map(Arc::new).map(Object::Initiative), parsed.diagnostics)
                }
                Kind::Assignment => {
                    let parsed = parse_assignment(source, node, path);
                    (parsed.value.map(Arc::new).map(Object::Assignment), parsed.diagnostics)
                }
                Kind::Exemption => {
                    let parsed = parse_exemption(source, node, path);
                    (parsed.value.map(Arc::new).map(Object::Exemption), parsed.diagnostics)
                }
            };
            self.diagnostics.extend(diagnostics.into_iter().map(|found| moved(found, line_offset)));
            if let Some(object) = object {
                let id = match &object {
                    Object::Definition(definition) => definition.id.as_deref(),
                    Object::Initiative(initiative) => initiative.id.as_deref(),
                    Object::Assignment(_) | Object::Exemption(_) => None,
                };
                if let Some(id) = id {
                    self.by_id.entry(fold(id)).or_insert(self.objects.len());
                }
                let entry = Entry { source: source.clone(), path: path.clone(), line_offset, object };
                self.objects.push(entry);
            }
        }
        found.len()
    }

    /// Says which management group stands above a management group or subscription.
    pub fn set_parent(&mut self, id: &str, parent: &str) {
        self.parents.insert(fold(id), parent.to_owned());
    }

    /// The management groups above what an id names, nearest first, as far as the documents say.
    pub fn ancestors(&self, id: &str) -> Vec<String> {
        let mut parts = id.split('/');
        let start = match (parts.next(), parts.next(), parts.next()) {
            (Some(""), Some(word), Some(subscription)) if eq(word, "subscriptions") => {
                format!("/subscriptions/{subscription}")
            }
            _ => id.trim_end_matches('/').to_owned(),
        };
        let mut out: Vec<String> = Vec::new();
        let mut current = self.parents.get(&fold(&start));
        while let Some(parent) = current.filter(|_| out.len() < MAX_LEVELS) {
            out.push(parent.clone());
            current = self.parents.get(&fold(parent));
        }
        out
    }

    /// The objects in the order added.
    pub fn entries(&self) -> &[Entry] {
        &self.objects
    }

    /// What is wrong with objects that were added, in order.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// The definitions.
    pub fn definitions(&self) -> impl Iterator<Item = (&Entry, &Arc<Definition>)> {
        self.objects.iter().filter_map(|entry| match &entry.object {
            Object::Definition(definition) => Some((entry, definition)),
            _ => None,
        })
    }

    /// The initiatives.
    pub fn initiatives(&self) -> impl Iterator<Item = (&Entry, &Arc<Initiative>)> {
        self.objects.iter().filter_map(|entry| match &entry.object {
            Object::Initiative(initiative) => Some((entry, initiative)),
            _ => None,
        })
    }

    /// The assignments.
    pub fn assignments(&self) -> impl Iterator<Item = (&Entry, &Arc<Assignment>)> {
        self.objects.iter().filter_map(|entry| match &entry.object {
            Object::Assignment(assignment) => Some((entry, assignment)),
            _ => None,
        })
    }

    /// The exemptions.
    pub fn exemptions(&self) -> impl Iterator<Item = (&Entry, &Arc<Exemption>)> {
        self.objects.iter().filter_map(|entry| match &entry.object {
            Object::Exemption(exemption) => Some((entry, exemption)),
            _ => None,
        })
    }

    /// The definition of an id, a name, or a display name.
    pub fn definition(&self, name: &str) -> Option<(&Entry, &Arc<Definition>)> {
        let name = name.split("/versions/").next().unwrap_or(name);
        if is_id(name) {
            let entry = &self.objects[*self.by_id.get(&fold(name))?];
            return match &entry.object {
                Object::Definition(definition) => Some((entry, definition)),
                _ => None,
            };
        }
        self.definitions().find(|(_, known)| is_called(name, &known.name, &known.display_name))
    }

    /// The initiative of an id, a name, or a display name.
    pub fn initiative(&self, name: &str) -> Option<(&Entry, &Arc<Initiative>)> {
        let name = name.split("/versions/").next().unwrap_or(name);
        if is_id(name) {
            let entry = &self.objects[*self.by_id.get(&fold(name))?];
            return match &entry.object {
                Object::Initiative(initiative) => Some((entry, initiative)),
                _ => None,
            };
        }
        self.initiatives().find(|(_, known)| is_called(name, &known.name, &known.display_name))
    }
}

fn is_id(name: &str) -> bool {
    name.starts_with('/')
}

fn is_called(name: &str, own: &Option<String>, display: &Option<String>) -> bool {
    [own, display].into_iter().flatten().any(|known| eq(known, name))
}

impl Entry {
    /// The file, as the user named it.
    pub fn file(&self) -> &str {
        self.source.file()
    }

    /// JSON path of the object in its file.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The node of the object.
    pub fn node(&self) -> &Node {
        node_at(self.source.root(), &self.path).unwrap_or(self.source.root())
    }

    /// The text the object stands in.
    pub fn text(&self) -> &str {
        self.source.text()
    }

    /// The place of a span.
    pub fn place(&self, span: Span) -> Place {
        let mut place = self.source.place(span);
        place.line = place.line.map(|line| line + self.line_offset);
        place
    }

    /// The place of what stands at a JSON path, or of the nearest thing around it.
    pub fn place_of(&self, path: &str) -> Place {
        let mut place = self.place(nearest(self.source.root(), path).span);
        place.path = Some(path.to_owned());
        place
    }

    /// The place of the name of the member at a JSON path.
    pub fn place_of_name(&self, path: &str) -> Place {
        let mut place = match path.rsplit_once('.').and_then(|(outer, name)| {
            node_at(self.source.root(), outer)?.members().iter().find(|member| &*member.key == name)
        }) {
            Some(member) => self.place(member.key_span),
            None => return self.place_of(path),
        };
        place.path = Some(path.to_owned());
        place
    }

    /// JSON path of `properties`, or of the object itself if it is written without.
    pub fn properties_path(&self) -> String {
        match self.node().member("properties") {
            Some(member) => format!("{}.{}", self.path, member.key),
            None => self.path.clone(),
        }
    }

    /// A finding, given with a JSON path only, with line and column too.
    pub(crate) fn placed(&self, mut diagnostic: Diagnostic) -> Diagnostic {
        if diagnostic.place.line.is_none()
            && let Some(path) = diagnostic.place.path.take()
        {
            // Findings of checks count from a definition that is the whole document.
            let path = match path.strip_prefix("$.properties") {
                Some(rest) => format!("{}{rest}", self.properties_path()),
                None => path,
            };
            diagnostic.place = self.place_of(&path);
        }
        diagnostic
    }
}

fn moved(mut diagnostic: Diagnostic, line_offset: u64) -> Diagnostic {
    diagnostic.place.line = diagnostic.place.line.map(|line| line + line_offset);
    diagnostic
}

fn find<'a>(
    node: &'a Node,
    path: &str,
    depth: usize,
    found: &mut Vec<(Kind, &'a Node, String)>,
    parents: &mut HashMap<String, String>,
) {
    if depth > MAX_DEPTH {
        return;
    }
    for (index, item) in node.items().iter().enumerate() {
        find(item, &format!("{path}[{index}]"), depth + 1, found, parents);
    }
    if !node.is_object() {
        return;
    }
    note_parent(node, parents);
    if let Some(kind) = kind_of(node) {
        found.push((kind, node, path.to_owned()));
        return;
    }
    for name in ["value", "data", "resources", "content", "properties", "template"] {
        if let Some(member) = node.member(name) {
            let is_container = !member.value.items().is_empty() || member.value.is_object();
            if is_container {
                find(&member.value, &format!("{path}.{}", member.key), depth + 1, found, parents);
            }
        }
    }
    // Resources of templates with symbolic names.
    if let Some(resources) = node.get("resources").filter(|resources| resources.is_object()) {
        for member in resources.members() {
            find(&member.value, &format!("{path}.resources.{}", member.key), depth + 2, found, parents);
        }
    }
}

/// The place of a management group or subscription in the hierarchy, as exports and templates say it.
fn note_parent(node: &Node, parents: &mut HashMap<String, String>) {
    const GROUP: &str = "/providers/Microsoft.Management/managementGroups/";
    let text = |node: &Node, name: &str| node.get(name).and_then(Node::as_str).map(str::to_owned);
    let Some(kind) = text(node, "type") else { return };
    let name = text(node, "name").unwrap_or_default();
    let properties = node.get("properties");
    if eq(&kind, "Microsoft.Management/managementGroups") {
        let details = properties.and_then(|inner| inner.get("details")?.get("parent"));
        if let Some(parent) = details.and_then(|parent| text(parent, "id")) {
            let id = text(node, "id").unwrap_or_else(|| format!("{GROUP}{name}"));
            parents.insert(fold(&id), parent);
        }
    } else if eq(&kind, "Microsoft.Management/managementGroups/subscriptions") {
        let id =
            text(node, "id").unwrap_or_else(|| format!("{GROUP}{}", name.replace('/', "/subscriptions/")));
        if let Some((group, subscription)) = id.rsplit_once("/subscriptions/") {
            parents.insert(fold(&format!("/subscriptions/{subscription}")), group.to_owned());
        }
    } else if eq(&kind, "Microsoft.Resources/subscriptions") {
        let chain = properties.and_then(|inner| inner.get("managementGroupAncestorsChain"));
        let names: Vec<String> = chain
            .map(Node::items)
            .unwrap_or_default()
            .iter()
            .filter_map(|group| text(group, "name"))
            .collect();
        let mut child = text(node, "id").unwrap_or_default();
        for name in names {
            let parent = format!("{GROUP}{name}");
            parents.insert(fold(&child), parent.clone());
            child = parent;
        }
    }
}

fn kind_of(node: &Node) -> Option<Kind> {
    let kinds = [
        ("policyDefinitions", Kind::Definition),
        ("policySetDefinitions", Kind::Initiative),
        ("policyAssignments", Kind::Assignment),
        ("policyExemptions", Kind::Exemption),
    ];
    if let Some(name) = node.get("type").and_then(Node::as_str)
        && let Some((provider, rest)) = name.split_once('/')
        && eq(provider, "Microsoft.Authorization")
        && let Some((_, kind)) = kinds.iter().find(|(known, _)| eq(known, rest))
    {
        return Some(*kind);
    }
    let properties = node.get("properties").filter(|inner| inner.is_object()).unwrap_or(node);
    let has = |name: &str| properties.get(name).is_some();
    if has("policyRule") {
        Some(Kind::Definition)
    } else if properties.get("policyDefinitions").is_some_and(|list| !list.is_object()) {
        Some(Kind::Initiative)
    } else if has("policyDefinitionId") && !has("complianceState") && !has("policyDefinitionReferenceId") {
        Some(Kind::Assignment)
    } else if has("policyAssignmentId") && has("exemptionCategory") {
        Some(Kind::Exemption)
    } else {
        None
    }
}

/// What stands at a JSON path such as `$.value[3].properties`. Names may contain dots; the longest that fits is taken.
pub(crate) fn node_at<'a>(root: &'a Node, path: &str) -> Option<&'a Node> {
    let (node, rest) = follow(root, path);
    rest.is_empty().then_some(node)
}

/// What stands at a JSON path, or the innermost thing on the way to it.
pub(crate) fn nearest<'a>(root: &'a Node, path: &str) -> &'a Node {
    follow(root, path).0
}

fn follow<'a, 'p>(root: &'a Node, path: &'p str) -> (&'a Node, &'p str) {
    let mut node = root;
    let mut rest = path.strip_prefix('$').unwrap_or(path);
    while !rest.is_empty() {
        let next = if let Some(inside) = rest.strip_prefix('[') {
            let end = inside.find(']');
            end.and_then(|end| {
                let item = node.items().get(inside[..end].parse::<usize>().ok()?)?;
                Some((item, &inside[end + 1..]))
            })
        } else {
            let name = rest.strip_prefix('.').unwrap_or(rest);
            let fits = node.members().iter().filter_map(|member| {
                let start = name.get(..member.key.len()).filter(|start| eq(start, &member.key))?;
                let after = &name[start.len()..];
                (after.is_empty() || after.starts_with(['.', '['])).then_some((&member.value, after))
            });
            fits.min_by_key(|(_, after)| after.len())
        };
        let Some((inner, after)) = next else { break };
        node = inner;
        rest = after;
    }
    (node, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let source = Source::parse("t.json", text).unwrap();
        let mut workspace = Workspace::new();
        workspace.add(&source);
        let paths: Vec<&str> = workspace.entries().iter().map(Entry::path).collect();
        assert_eq!(paths, expected, "{:#?}", workspace.diagnostics());
    }

    const RULE: &str = r#"{"if":{"field":"type","equals":"a"},"then":{"effect":"deny"}}"#;

    #[test]
    fn objects_are_found_in_every_wrapping() {
        check(&format!(r#"{{"properties":{{"policyRule":{RULE}}}}}"#), &["$"]);
        check(&format!(r#"{{"policyRule":{RULE}}}"#), &["$"]);
        check(&format!(r#"{{"value":[{{"policyRule":{RULE}}},{{"x":1}}]}}"#), &["$.value[0]"]);
        check(
            r#"[{"properties":{"policyDefinitionId":"/x","scope":"/"}},{"id":"/providers/Microsoft.Authorization/policyExemptions/e","properties":{"policyAssignmentId":"/a","exemptionCategory":"Waiver"}}]"#,
            &["$[0]", "$[1]"],
        );
        check(
            &format!(
                r#"{{"resources":{{"d":{{"type":"Microsoft.Authorization/policyDefinitions","properties":{{"policyRule":{RULE}}}}}}}}}"#
            ),
            &["$.resources.d"],
        );
        check(r#"{"name":"vm","type":"Microsoft.Compute/virtualMachines"}"#, &[]);
    }

    #[test]
    fn paths_lead_to_nodes() {
        let source = Source::parse("t.json", r#"{"a.b": {"c": [1, {"d": 2}]}}"#).unwrap();
        assert!(node_at(source.root(), "$.a.b.c[1].d").is_some());
        assert!(node_at(source.root(), "$.a.b.x").is_none());
        assert!(nearest(source.root(), "$.a.b.c[9]").items().len() == 2);
    }
}
