//! What to do with an object once its class is known.

use std::borrow::Cow;

use azimuth_diag::Diagnostic;

use super::Reader;
use crate::classify::{Class, Members};
use crate::document::Shape;
use crate::json::loose;
use crate::json::scan::Member;
use crate::json::tree::Node;
use crate::path::Path;
use crate::report::{Outcome, shorten};
use crate::shapes::{self, Origin};

impl<'t> Reader<'t, '_, '_> {
    /// Reads an object by its class; `is_damaged` if only its lists can be trusted.
    pub(super) fn container(
        &mut self,
        at: usize,
        class: Class,
        members: &[Member],
        path: &Path<'_>,
        origin: Origin<'_>,
        is_damaged: bool,
    ) {
        let view = Members::new(self.text, members);
        match class {
            Class::List { context } => {
                let collection = context.as_deref().map(shapes::graph::Collection::from_context);
                let inner = match (&collection, origin) {
                    // The address asked says more than the context: members of a group are mere
                    // `directoryObjects` to the latter.
                    (Some(collection), origin) if !origin.is_recorded() => Origin::Graph(collection),
                    _ => origin,
                };
                self.next_page(at, &view, path, origin);
                if let Origin::Graph(collection) = inner
                    && let Some(finding) = collection.page_finding()
                {
                    let place = self.place(at, path);
                    self.report.say(finding.at(place));
                }
                if let Some(value) = view.array("value") {
                    self.report.record_page(inner.shape());
                    self.elements(value.value.start, &path.key("value"), inner);
                }
            }
            Class::ResourceGraph => {
                let findings = shapes::resource_graph::answer_findings(&view);
                // Of a recorded response the recorder knows whether more pages follow.
                for finding in findings.into_iter().filter(|_| !origin.is_recorded()) {
                    let place = self.place(at, path);
                    self.report.say(finding.at(place));
                }
                let Some(data) = view.find("data") else { return };
                let data_path = path.key("data");
                if view.array("data").is_some() {
                    self.report.record_page(Some(Shape::ResourceGraph));
                    self.elements(data.value.start, &data_path, Origin::ResourceGraph);
                } else if !is_damaged && let Some(table) = self.tree(data) {
                    for (index, row) in shapes::resource_graph::table_rows(&table).into_iter().enumerate() {
                        let rows = data_path.key("rows");
                        match row {
                            Ok(row) => self.item(at, &row, &rows.index(index), Origin::ResourceGraph),
                            Err(finding) => self.record_error_at(at, &rows.index(index), finding),
                        }
                    }
                }
            }
            Class::Batch => {
                if let Some(responses) = view.array("responses") {
                    self.elements(responses.value.start, &path.key("responses"), Origin::Batch);
                }
            }
            Class::Azimuth(kind) if kind == shapes::recorded::KIND => {
                self.recorded(at, &view, path, is_damaged);
            }
            Class::ServiceTags => {
                if !is_damaged {
                    let outcome = shapes::service_tags::header(&view);
                    self.finish(at, path, outcome, Some(Shape::ServiceTags));
                }
                let cloud = view.text("cloud").unwrap_or_default();
                if let Some(values) = view.array("values") {
                    self.elements(values.value.start, &path.key("values"), Origin::ServiceTags(&cloud));
                }
            }
            Class::Item if matches!(origin, Origin::Batch) => self.batched(at, &view, path),
            _ if is_damaged => {}
            Class::Azimuth(kind) => {
                let node = self.whole(members);
                let (outcome, shape) = shapes::azimuth(&kind, &node);
                self.finish(at, path, outcome, shape);
            }
            Class::Template { whole } => {
                let node = self.whole(members);
                self.finish(at, path, shapes::template::read(whole, &node), Some(Shape::Template));
            }
            Class::PolicyStates => self.finish(at, path, shapes::policy_states(), None),
            Class::Error => {
                let node = self.whole(members);
                self.finish(at, path, shapes::azure_error(&node), None);
            }
            Class::Entity { context } => {
                let collection = shapes::graph::Collection::from_context(&context);
                let node = self.whole(members);
                let origin = if origin.is_recorded() { origin } else { Origin::Graph(&collection) };
                self.item(at, &node, path, origin);
            }
            Class::Item => {
                let node = self.whole(members);
                self.item(at, &node, path, origin);
            }
        }
    }

    fn next_page(&mut self, at: usize, view: &Members<'_>, path: &Path<'_>, origin: Origin<'_>) {
        let link = ["nextLink", "@odata.nextLink"]
            .into_iter()
            .find(|key| view.text(key).is_some_and(|t| !t.is_empty()));
        if let Some(link) = link
            && !origin.is_recorded()
        {
            let message = format!("this is one page of a longer list: `{link}` names the next");
            let finding = Diagnostic::note("import-next-page", message)
                .with_hint("export the remaining pages too, or let `azimuth collect` follow them");
            let place = self.place(at, path);
            self.report.say(finding.at(place));
        }
    }

    fn recorded(&mut self, at: usize, view: &Members<'_>, path: &Path<'_>, is_damaged: bool) {
        let request = match shapes::recorded::Request::read(view) {
            Ok(request) => request,
            Err(finding) => return self.record_error_at(at, path, finding),
        };
        let answered = request.answer_outcome();
        let mut is_answer = false;
        let succeeded = request.succeeded();
        let rejected = self.report.rejected();
        if let Some(body) = view.find("body")
            && succeeded
            && self.text.get(body.value.start) != Some(&b'n')
        {
            let inner = loose::members(self.text, body.value.start);
            let inner = Members::new(self.text, &inner);
            let is_list = inner.array("value").is_some();
            is_answer = is_list || inner.find("data").is_some();
            let collection = request.graph_collection(is_list);
            let origin = collection.as_ref().map_or(Origin::Recorded(&request), Origin::Graph);
            self.value(body.value.start, &path.key("body"), origin);
        }
        if is_damaged || self.report.rejected() > rejected {
            self.torn.lists.insert(request.path().to_ascii_lowercase());
        }
        let mut outcome = if succeeded && is_answer { request.evidence() } else { answered };
        let is_torn = self.torn.any || self.torn.lists.contains(&request.path().to_ascii_lowercase());
        if is_torn && !outcome.drafts.is_empty() {
            outcome.drafts.clear();
            let message =
                format!("`{}` is not taken for complete: not all of it could be read", request.path());
            let finding = Diagnostic::warning("import-torn-list", shorten(&message, 300))
                .with_hint("collect again; what is absent from this list stays unknown");
            let place = self.place(at, path);
            self.report.say(finding.at(place));
        }
        self.finish(at, path, outcome, Some(Shape::RecordedResponse));
    }

    fn batched(&mut self, at: usize, view: &Members<'_>, path: &Path<'_>) {
        let status = view.number("status").or_else(|| view.number("httpStatusCode")).unwrap_or(200);
        let key = if view.has("body") { "body" } else { "content" };
        match view.find(key) {
            Some(body) if (200..300).contains(&status) => {
                self.value(body.value.start, &path.key(key), Origin::Unknown);
            }
            Some(_) | None => {
                let message = format!("the request was answered with status {status}");
                self.record_error_at(at, path, Diagnostic::warning("import-status", message));
            }
        }
    }

    /// Reads one record that must be rearranged.
    pub(super) fn item(&mut self, at: usize, node: &Node<'_>, path: &Path<'_>, origin: Origin<'_>) {
        let (outcome, shape) = shapes::item(node, origin);
        self.finish(at, path, outcome, shape);
    }

    fn finish(&mut self, at: usize, path: &Path<'_>, outcome: Outcome, shape: Option<Shape>) {
        self.report.record(shape);
        if outcome.is_rejected() {
            self.report.reject();
        }
        let place = self.place(at, path);
        for draft in outcome.drafts {
            self.report.emit(draft.key, draft.body.into(), draft.rank, place.clone());
        }
        for finding in outcome.findings {
            self.report.say(finding.at(place.clone()));
        }
    }

    fn tree(&self, member: &Member) -> Option<Node<'t>> {
        std::str::from_utf8(self.text.get(member.value.clone())?).ok().map(Node::parse)
    }

    /// The object whose members are known as a tree.
    fn whole(&self, members: &[Member]) -> Node<'t> {
        let text = |range: std::ops::Range<usize>| std::str::from_utf8(&self.text[range]).unwrap_or("null");
        Node::Object(
            members
                .iter()
                .map(|member| {
                    let key: Cow<'t, str> = crate::json::text::decode(&self.text[member.key.clone()]);
                    (key, Node::parse(text(member.value.clone())))
                })
                .collect(),
        )
    }
}
