//! The rules that ship with the pre-deployment check, beside those of public scanners.
//!
//! A case names a check of a public scanner; our rules say in their metadata which checks they equal. What is tested is
//! what ships: the corpora's own rules are never read. What is here beside comparing are the ways in which the scanner
//! sees less than we do: it knows no parameter values, neither conditions nor loops, sees a nested resource under the type written there, and keeps
//! silent about what its own comments skip and about failures of resources whose name it cannot read.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

use azimuth_arm::{
    Context, ExpandedResource, Expansion, NoEstate, NoLoader, Node, Parameters, Source, Target,
    Value as ArmValue, expand,
};
use azimuth_ids::eq_fold;
use azimuth_preflight::{Options, Pack, PackBuilder, Report, VerdictKind, built_in_definitions, check};
use serde_json::{Map, Value, json};

use crate::expect;

/// What our rules say of a check elsewhere.
struct Equal {
    /// Our rule.
    rule: String,
    /// The scanner's check.
    check: String,
    /// The type about whose resources the scanner speaks, if our rule speaks about resources below it.
    subject: Option<String>,
    /// Our rule that must speak about the resource above, for the scanner to speak about one below.
    parent: Option<String>,
    /// Whether the scanner looks for nested resources under the short type written there.
    knows_short_types: bool,
}

/// The rules, and beside each a rule that holds for the resources which a check elsewhere speaks about.
struct Rules {
    equals: Vec<Equal>,
    pack: Pack,
    spoken_of: Pack,
}

/// The id of the second kind of rule.
fn spoken_of(rule: &str, check: &str) -> String {
    format!("{rule}/{check}")
}

fn rules() -> &'static Rules {
    static RULES: OnceLock<Rules> = OnceLock::new();
    RULES.get_or_init(|| {
        let mut equals = Vec::new();
        let mut builder = PackBuilder::new();
        for text in built_in_definitions() {
            let definition: Value = serde_json::from_str(text).expect("the pack's own tests parse it");
            let rule = definition["name"].as_str().unwrap_or_default();
            let properties = &definition["properties"];
            let metadata = &properties["metadata"];
            // The first part of a rule says what it is about.
            let condition = &properties["policyRule"]["if"];
            let scope = condition["allOf"].get(0).unwrap_or(condition);
            for check in metadata["equivalents"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                let narrower = metadata["equivalentWhere"].get(check);
                let parts: Vec<&Value> = [Some(scope), narrower].into_iter().flatten().collect();
                let about = json!({
                    "name": spoken_of(rule, check),
                    "properties": {
                        "mode": "All",
                        "policyRule": { "if": { "allOf": parts }, "then": { "effect": "audit" } },
                    },
                });
                builder.add("equivalents.json", &about.to_string());
                equals.push(Equal {
                    rule: rule.to_owned(),
                    check: check.to_owned(),
                    subject: metadata["equivalentSubject"][check].as_str().map(str::to_owned),
                    parent: metadata["equivalentParent"].as_str().map(str::to_owned),
                    knows_short_types: metadata["equivalentShortTypes"] == true,
                });
            }
        }
        Rules { equals, pack: Pack::built_in(), spoken_of: builder.finish().0 }
    })
}

/// The rules that equal the check of a case.
fn equals(check: &str) -> Result<Vec<&'static Equal>, String> {
    let found: Vec<_> = rules().equals.iter().filter(|equal| equal.check == check).collect();
    if found.is_empty() { Err(format!("no rule of ours equals `{check}`")) } else { Ok(found) }
}

/// A template checked.
struct Checked {
    source: Arc<Source>,
    expansion: Expansion,
    report: Report,
    about: Report,
}

impl Checked {
    fn of(file: &str, text: &str, values: &Map<String, Value>) -> Result<Self, String> {
        let source = Source::parse(file, text).map_err(|diagnostic| diagnostic.to_string())?;
        let group = Target::resource_group("00000000-0000-0000-0000-000000000000", "group");
        let mut context = Context::new(group);
        context.resource_group = Some(ArmValue::from_json(&json!({ "location": "westeurope", "tags": {} })));
        context.deployment_location = Some("westeurope".to_owned());
        let now: jiff::Timestamp = "2024-05-31T12:00:00Z".parse().expect("this is a time");
        context.now = Some(now);
        context.seed = Some(1);
        let parameters = Parameters::from_values(values);
        let expansion = expand(&source, &parameters, &context, &NoLoader, &NoEstate);
        let options = Options::new(context, now);
        let report = check(&source, &parameters, &options, &rules().pack);
        let about = check(&source, &parameters, &options, &rules().spoken_of);
        Ok(Self { source, expansion, report, about })
    }

    fn verdict(report: &Report, pack: &Pack, rule: &str, resource: usize) -> Option<VerdictKind> {
        let mut verdicts = report.verdicts.iter();
        let verdict = verdicts
            .find(|verdict| verdict.resource == resource && eq_fold(&pack.rules()[verdict.rule].id, rule))?;
        Some(verdict.kind)
    }

    fn said(&self, equal: &Equal, resource: usize) -> Option<VerdictKind> {
        Self::verdict(&self.report, &rules().pack, &equal.rule, resource)
    }

    /// Whether the scanner's check is about a resource: yes, no, or that hangs on values that are not known.
    fn is_spoken_of(&self, equal: &Equal, resource: usize) -> Option<VerdictKind> {
        self.is_spoken_of_by(&equal.rule, &equal.check, resource)
    }

    fn is_spoken_of_by(&self, rule: &str, check: &str, resource: usize) -> Option<VerdictKind> {
        Self::verdict(&self.about, &rules().spoken_of, &spoken_of(rule, check), resource)
    }

    /// Whether the scanner comes to a resource by way of the one that it belongs to, where it asks for such a way.
    fn is_reached(&self, equal: &Equal, resource: usize) -> bool {
        let Some(rule) = &equal.parent else { return true };
        let resources = &self.report.resources;
        (0..resources.len()).any(|above| {
            let holder = &resources[above].id;
            (is_below(&resources[resource].id, holder) || self.waits_for(resource, holder))
                && self.is_spoken_of_by(rule, &equal.check, above) == Some(VerdictKind::Violated)
        })
    }

    /// The position here of a resource of the same template with other parameter values.
    fn twin(&self, other: &Self, at: usize) -> Option<usize> {
        let (own, others) = (&self.report.resources, &other.report.resources);
        if own.len() == others.len() {
            return Some(at);
        }
        let wanted = &others[at];
        own.iter().position(|one| one.resource_type == wanted.resource_type && one.name == wanted.name)
    }

    fn expanded(&self, resource: usize) -> Option<&ExpandedResource> {
        self.expansion.deployed().filter(|resource| resource.extension.is_none()).nth(resource)
    }

    fn waits_for(&self, resource: usize, id: &str) -> bool {
        self.expanded(resource).is_some_and(|one| one.depends_on.iter().any(|needed| eq_fold(needed, id)))
    }

    /// Where a resource is written: the copies of a loop share a place.
    fn place(&self, resource: usize) -> Option<(u64, u64)> {
        let origin = self.expansion.origin(self.expanded(resource)?, "")?;
        Some((origin.place.line, origin.place.column))
    }
}

/// The lines that a rule flags.
pub(super) fn analyzer(case: &Value) -> Result<(), String> {
    let text = expect::text(case, "/text")?;
    let checked = Checked::of("template.json", text, &made_up(text))?;
    let mut lines = BTreeSet::new();
    for equal in equals(expect::text(case, "/rule")?)? {
        for finding in checked.report.findings.iter().filter(|finding| finding.rule == equal.rule) {
            let at = checked.report.resources.iter().position(|resource| resource.id == finding.resource.id);
            let Some(at) = at else { continue };
            let is_spoken_of = checked.is_spoken_of(equal, at) == Some(VerdictKind::Violated);
            if !is_spoken_of || !checked.is_reached(equal, at) {
                continue;
            }
            // What a rule is about is no reason, unless there is no other.
            let is_reason = |condition: &str, expression: &str| {
                !condition.contains("policyRule.if.allOf[0]")
                    && !matches!(expression, "type" | "kind" | "name")
            };
            let reasons: Vec<u64> = finding
                .evidence
                .iter()
                .filter(|evidence| is_reason(&evidence.condition, &evidence.expression))
                .filter_map(|evidence| Some(evidence.place.as_ref()?.spot.line))
                .collect();
            if reasons.is_empty() {
                lines.insert(finding.place.spot.line);
            }
            lines.extend(reasons);
        }
    }
    let expected = expect::value(case, "/expect/failing_lines")?.as_array();
    // A line is listed once for every comparison that fails there.
    let expected: BTreeSet<u64> = expected.into_iter().flatten().filter_map(Value::as_u64).collect();
    if expected == lines {
        Ok(())
    } else {
        Err(format!("failing lines\nexpected {expected:?}\ngot      {lines:?}"))
    }
}

/// Values for parameters without default, as the analyser makes them up.
fn made_up(text: &str) -> Map<String, Value> {
    let template: Value = serde_json::from_str(text).unwrap_or_default();
    let mut values = Map::new();
    for (name, declared) in template["parameters"].as_object().into_iter().flatten() {
        if declared.get("defaultValue").is_some() {
            continue;
        }
        let kind = declared["type"].as_str().unwrap_or_default().to_lowercase();
        let value = match (declared["allowedValues"].get(0), kind.as_str()) {
            (Some(first), _) => first.clone(),
            (None, "int") => json!(1),
            (None, "bool") => json!(true),
            (None, "array") => json!(["item1", "item2"]),
            (None, "object" | "secureobject") => json!({ "property1": "value1" }),
            (None, _) => json!("defaultString"),
        };
        values.insert(name.clone(), value);
    }
    values
}

/// The resources that pass and fail a check.
pub(super) fn scan(case: &Value) -> Result<(), String> {
    let equals = equals(expect::text(case, "/check")?)?;
    let mut passed = Vec::new();
    let mut failed = Vec::new();
    let templates = expect::value(case, "/templates")?.as_object();
    for (file, template) in templates.into_iter().flatten() {
        let mut template = template.clone();
        every_resource_once(&mut template);
        declare_what_is_read(&mut template);
        let none = Map::new();
        let checked = Checked::of(file, &template.to_string(), &none)?;
        let texts = Checked::of(file, &with_texts(&template).to_string(), &none)?;
        let written = Written::of(&checked.source);
        // Several of our rules may stand for one check, each for a type.
        let mut by_place: Vec<(Option<(u64, u64)>, String, bool)> = Vec::new();
        for (at, name, is_violated) in
            equals.iter().flat_map(|equal| judged(&checked, &texts, equal, &written))
        {
            let place = checked.place(at);
            match by_place.iter_mut().find(|(known, ..)| *known == place) {
                Some((_, _, violated)) => *violated |= is_violated,
                None => by_place.push((place, name, is_violated)),
            }
        }
        for (place, name, is_violated) in by_place {
            let written = place.and_then(|place| written.get(&place));
            if written.is_some_and(|written| written.skips(&equals[0].check)) {
                continue;
            }
            if !is_violated {
                passed.push(name);
            } else if written.is_none_or(|written| name_is_read(&written.name, &template)) {
                failed.push(name);
            }
        }
    }
    let expected = expect::value(case, "/expect")?;
    if let Some(count) = expected["passed"].as_u64() {
        let wanted = (count, expected["failed"].as_u64().unwrap_or_default());
        let got = (passed.len() as u64, failed.len() as u64);
        return match wanted == got {
            true => Ok(()),
            false => {
                Err(format!("expected {wanted:?}\ngot      {got:?}: passed {passed:?}, failed {failed:?}"))
            }
        };
    }
    same_names("pass", &expected["pass"], &passed)?;
    same_names("fail", &expected["fail"], &failed)
}

/// The resources that a check speaks about, by the rule that equals it: position, `type.name`, whether it is violated.
/// `texts` is the same template with texts in place of the parameters that have no value, which decides what hangs on
/// them.
fn judged(
    checked: &Checked,
    texts: &Checked,
    equal: &Equal,
    written: &HashMap<(u64, u64), Written>,
) -> Vec<(usize, String, bool)> {
    let is_violated = |kind| matches!(kind, Some(VerdictKind::Violated | VerdictKind::Failed));
    // A rule that cannot be evaluated on a text in place of a value says nothing of the value.
    let by_text = |kind| if kind == Some(VerdictKind::Failed) { Some(VerdictKind::Unknown) } else { kind };
    let resources = &checked.report.resources;
    let mut out = Vec::new();
    for (at, resource) in resources.iter().enumerate() {
        let name = format!("{}.{}", resource.resource_type, resource.name);
        let sees = |at: usize| {
            let written = checked.place(at).and_then(|place| written.get(&place));
            equal.knows_short_types || written.is_none_or(|written| written.resource_type.contains('.'))
        };
        match &equal.subject {
            None if sees(at) => {
                let twin = texts.twin(checked, at);
                let settle =
                    |first: Option<VerdictKind>, second: &dyn Fn(usize) -> Option<VerdictKind>| match first {
                        Some(VerdictKind::Unknown) => twin.and_then(second),
                        first => first,
                    };
                let about = settle(checked.is_spoken_of(equal, at), &|twin| texts.is_spoken_of(equal, twin));
                let said = settle(checked.said(equal, at), &|twin| by_text(texts.said(equal, twin)));
                if about == Some(VerdictKind::Violated) && said != Some(VerdictKind::Unknown) {
                    out.push((at, name, is_violated(said)));
                }
            }
            Some(subject) if eq_fold(&resource.resource_type, subject) => {
                let violated = (0..resources.len()).any(|other| {
                    let id = &resources[other].id;
                    (is_below(id, &resource.id) || checked.waits_for(at, id))
                        && is_violated(checked.said(equal, other))
                });
                out.push((at, name, violated));
            }
            None | Some(_) => {}
        }
    }
    out
}

fn is_below(id: &str, holder: &str) -> bool {
    id.get(..holder.len()).is_some_and(|head| eq_fold(head, holder)) && id[holder.len()..].starts_with('/')
}

/// The template as one sees it who knows no parameter values: a parameter without default is the text that reads it.
fn with_texts(template: &Value) -> Value {
    let mut template = template.clone();
    let declared = template.get_mut("parameters").and_then(Value::as_object_mut);
    for (name, declared) in declared.into_iter().flatten() {
        if declared.get("defaultValue").is_none() {
            *declared = json!({ "type": "string", "defaultValue": format!("[[parameters('{name}')]") });
        }
    }
    template
}

/// Declares the parameters and variables that a template reads and does not declare: to a scanner they are texts too.
fn declare_what_is_read(template: &mut Value) {
    let text = template.to_string();
    for section in ["parameters", "variables"] {
        let names: BTreeSet<&str> = text
            .split(&format!("{section}('"))
            .skip(1)
            .filter_map(|rest| rest.split_once("')"))
            .map(|(name, _)| name)
            .collect();
        let Some(members) = template.as_object_mut() else { return };
        let declared = members.entry(section).or_insert_with(|| json!({}));
        let Some(declared) = declared.as_object_mut() else { continue };
        for name in names {
            if declared.keys().any(|known| eq_fold(known, name)) {
                continue;
            }
            let value = match section {
                "parameters" => json!({ "type": "string" }),
                _ => json!(format!("[[{section}('{name}')]")),
            };
            declared.insert(name.to_owned(), value);
        }
    }
}

/// Takes conditions away and lets every loop run once.
fn every_resource_once(node: &mut Value) {
    match node {
        Value::Array(items) => items.iter_mut().for_each(every_resource_once),
        Value::Object(members) => {
            if members.contains_key("apiVersion") && members.contains_key("type") {
                members.remove("condition");
                if let Some(count) = members.get_mut("copy").and_then(|copy| copy.get_mut("count")) {
                    *count = json!(1);
                }
            }
            members.values_mut().for_each(every_resource_once);
        }
        _ => {}
    }
}

/// A resource as its template writes it.
struct Written {
    resource_type: String,
    name: String,
    /// The scanner's own way to skip checks: `metadata.checkov`, a text or texts that begin with the id.
    skipped: Vec<String>,
}

impl Written {
    /// The resources of a template by the line and column where they begin.
    fn of(source: &Source) -> HashMap<(u64, u64), Self> {
        let mut all = HashMap::new();
        collect(source, source.root(), &mut all);
        all
    }

    fn skips(&self, check: &str) -> bool {
        self.skipped.iter().any(|text| text.split(':').next() == Some(check))
    }
}

fn collect(source: &Source, node: &Node, all: &mut HashMap<(u64, u64), Written>) {
    for resource in node.get("resources").map(Node::items).unwrap_or_default() {
        let text = |name: &str| resource.get(name).and_then(Node::as_str).unwrap_or_default().to_owned();
        let skipped = resource.get("metadata").and_then(|metadata| metadata.get("checkov"));
        let skipped = skipped.into_iter().flat_map(|node| [node].into_iter().chain(node.items()));
        let written = Written {
            resource_type: text("type"),
            name: text("name"),
            skipped: skipped.filter_map(Node::as_str).map(str::to_owned).collect(),
        };
        all.insert(source.position(resource.span.start as usize), written);
        collect(source, resource, all);
    }
}

/// Whether the scanner can read a name: it leaves out failures of resources whose name still calls one of these after
/// variables and defaults have been put in.
fn name_is_read(name: &str, template: &Value) -> bool {
    const CALLS: &[&str] = &["toLower(", "trim(", "join(", "split(", "substring("];
    let mut texts = vec![name.to_owned()];
    let mut at = 0;
    while at < texts.len() && texts.len() < 64 {
        let text = texts[at].clone();
        for (section, member) in [("variables", None), ("parameters", Some("defaultValue"))] {
            for (name, declared) in template[section].as_object().into_iter().flatten() {
                let value =
                    member.map_or(Some(declared), |member| declared.get(member)).and_then(Value::as_str);
                if text.contains(&format!("{section}('{name}')")) {
                    texts.extend(value.map(str::to_owned).filter(|value| !texts.contains(value)));
                }
            }
        }
        at += 1;
    }
    !texts.iter().any(|text| CALLS.iter().any(|call| text.contains(call)))
}

fn same_names(what: &str, expected: &Value, got: &[String]) -> Result<(), String> {
    let expected = expected.as_array().into_iter().flatten().filter_map(Value::as_str);
    let expected: BTreeSet<String> = expected.map(str::to_lowercase).collect();
    let got: BTreeSet<String> = got.iter().map(|name| name.to_lowercase()).collect();
    if expected == got { Ok(()) } else { Err(format!("{what}\nexpected {expected:?}\ngot      {got:?}")) }
}
