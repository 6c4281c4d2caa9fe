//! Whether a condition holds when some values are not known, and which comparisons decide that.
//!
//! Three truth values by Kleene's rules: `allOf` with one false part is false whatever is unknown beside it, `anyOf`
//! with one true part is true, and a count is known as soon as the members that are known outweigh the others.

use azimuth_arm::{Expression, ExpressionKind, Value};
use azimuth_policy::{
    Catalogue, Context, Evaluated, Fault, Operator, Path, Resource, Slots, Step, field_path,
};
use serde_json::Value as Json;

use crate::locate::{Hit, first_symbolic, locate};
use crate::probe::{LeafProbe, Probe, Probes, Subject};
use crate::reads::Reads;

/// Most members of an array that are looked at one by one.
const MAX_MEMBERS: usize = 256;
/// Most reasons kept of one verdict.
const MAX_REASONS: usize = 64;

/// Whether a condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Truth {
    True,
    False,
    /// It depends on values that only the deployment knows.
    Unknown,
}

/// A comparison that had a part in a verdict.
#[derive(Clone, Debug)]
pub(crate) struct Reason {
    /// JSON path of the comparison in the definition.
    pub(crate) condition: Box<str>,
    /// The field, value or count as the definition writes it.
    pub(crate) expression: String,
    /// The field's name, if it is a field.
    pub(crate) field: Option<Box<str>>,
    /// JSON pointer into the resource: the value, or the innermost thing around it that is there.
    pub(crate) pointer: Option<String>,
    /// Whether the pointer names the value itself.
    pub(crate) is_exact: bool,
    /// The path of the field in the resource.
    pub(crate) path: Option<Path>,
    /// The value, redacted if secret.
    pub(crate) seen: Json,
    pub(crate) operator: Operator,
    pub(crate) target: Json,
    /// Whether the comparison holding is what made the rule hold; otherwise its failing is.
    pub(crate) is_positive: bool,
    /// Why the value is not known.
    pub(crate) unknown: Option<String>,
    /// Why the comparison failed.
    pub(crate) fault: Option<Fault>,
}

/// A resource that is judged.
pub(crate) struct Subjected<'a> {
    /// The body with origins, secrets and expressions.
    pub(crate) body: &'a Value,
    /// The body as JSON text.
    pub(crate) json: &'a str,
    pub(crate) resource_type: &'a str,
    pub(crate) api_version: &'a str,
    pub(crate) context: &'a Context,
    pub(crate) catalogue: &'a Catalogue,
}

impl<'a> Subjected<'a> {
    /// The resource as the policy engine takes it.
    pub(crate) fn resource(&self) -> Resource<'a> {
        Resource {
            json: self.json,
            resource_type: Some(self.resource_type),
            api_version: Some(self.api_version).filter(|version| !version.is_empty()),
        }
    }

    fn path(&self, field: &str) -> Option<Path> {
        let version = Some(self.api_version).filter(|version| !version.is_empty());
        field_path(field, self.catalogue, Some(self.resource_type), version)
    }

    /// Whether any of the fields is, or holds, something that only the deployment knows.
    pub(crate) fn touches_unknown(&self, reads: &Reads) -> bool {
        self.body.has_symbolic()
            && (reads.any || reads.names.iter().any(|name| self.unknown_hits(name).next().is_some()))
    }

    fn unknown_hits(&self, field: &str) -> impl Iterator<Item = Hit<'a>> + use<'a> {
        let body = self.body;
        let hits = self.path(field).map(|path| locate(body, path.steps())).unwrap_or_default();
        hits.into_iter().filter(Hit::is_unknown)
    }
}

/// Whether the condition holds for the resource, with the comparisons that decide it.
pub(crate) fn judge(probes: &Probes, subject: &Subjected<'_>, slots: &mut Slots) -> (Truth, Vec<Reason>) {
    let mut judge = Judge { probes, subject, slots };
    let (truth, mut reasons) = judge.probe(&probes.root, true, None);
    reasons.truncate(MAX_REASONS);
    (truth, reasons)
}

struct Judge<'a, 'b> {
    probes: &'a Probes,
    subject: &'a Subjected<'b>,
    slots: &'a mut Slots,
}

/// One member of a counted array: a resource that has no other, and the pointer to the member in the whole one.
struct Member<'m> {
    body: &'m Value,
    json: &'m str,
    array: &'m Path,
    pointer: &'m str,
}

impl Judge<'_, '_> {
    fn probe(&mut self, probe: &Probe, positive: bool, member: Option<&Member<'_>>) -> (Truth, Vec<Reason>) {
        match probe {
            Probe::All(parts) => self.join(parts, positive, member, Truth::False),
            Probe::Any(parts) => self.join(parts, positive, member, Truth::True),
            Probe::Not(inner) => {
                let (truth, reasons) = self.probe(inner, !positive, member);
                let truth = match truth {
                    Truth::True => Truth::False,
                    Truth::False => Truth::True,
                    Truth::Unknown => Truth::Unknown,
                };
                (truth, reasons)
            }
            Probe::Leaf(leaf) => self.leaf(leaf, positive, member),
        }
    }

    /// `ends`: the truth value of one part that decides the whole.
    fn join(
        &mut self,
        parts: &[Probe],
        positive: bool,
        member: Option<&Member<'_>>,
        ends: Truth,
    ) -> (Truth, Vec<Reason>) {
        let results: Vec<(Truth, Vec<Reason>)> =
            parts.iter().map(|part| self.probe(part, positive, member)).collect();
        let has = |wanted: Truth| results.iter().any(|(truth, _)| *truth == wanted);
        let otherwise = if ends == Truth::True { Truth::False } else { Truth::True };
        let truth = if has(ends) {
            ends
        } else if has(Truth::Unknown) {
            Truth::Unknown
        } else {
            otherwise
        };
        let mut reasons: Vec<Vec<Reason>> =
            results.into_iter().filter(|(part, _)| *part == truth).map(|(_, reasons)| reasons).collect();
        // Where all parts count, those that say what a rule is about come first and what it wants comes last.
        if truth == otherwise {
            reasons.reverse();
        }
        let mut reasons: Vec<Reason> = reasons.into_iter().flatten().collect();
        reasons.truncate(MAX_REASONS * 4);
        (truth, reasons)
    }

    fn leaf(
        &mut self,
        leaf: &LeafProbe,
        positive: bool,
        member: Option<&Member<'_>>,
    ) -> (Truth, Vec<Reason>) {
        if member.is_none()
            && let Subject::Count { array: Some(array), member: Some(condition) } = &leaf.subject
            && let Some(path) = self.subject.path(array)
        {
            return self.count(leaf, &path, condition, positive);
        }
        let here = match member {
            Some(member) => Subjected { body: member.body, json: member.json, ..*self.subject },
            None => Subjected { ..*self.subject },
        };
        let is_unknown = here.touches_unknown(&leaf.reads)
            && !is_known_to_exist(leaf, &here)
            && !are_members_known(leaf, &here);
        let evaluated = self.probes.ask(leaf, self.slots, &here.resource(), here.context);
        let holds = evaluated.as_ref().is_some_and(|evaluated| evaluated.result);
        let truth = match (is_unknown, holds) {
            (true, _) => match self.decided_by_known_members(leaf, &here) {
                Some(truth) => truth,
                None => Truth::Unknown,
            },
            (false, true) => Truth::True,
            (false, false) => Truth::False,
        };
        let fault = evaluated.as_ref().and_then(|evaluated| evaluated.fault.clone());
        if let Some(fault) = fault.as_ref().filter(|_| leaf.reads.surroundings && truth != Truth::Unknown) {
            let mut reasons = self.reasons(leaf, evaluated.as_ref(), &here, positive, Truth::False, member);
            reasons.truncate(1);
            for reason in &mut reasons {
                reason.fault = None;
                reason.unknown = Some(format!(
                    "compared with facts of the resource group or subscription that are not known ({fault})"
                ));
            }
            return (Truth::Unknown, reasons);
        }
        // A comparison that fails makes the whole rule fail, which denies the request: it decides against the resource.
        let truth = if fault.is_some() && truth != Truth::Unknown { Truth::True } else { truth };
        let mut reasons = self.reasons(leaf, evaluated.as_ref(), &here, positive, truth, member);
        if truth == Truth::False
            && reasons.len() > 1
            && let Some(failing) = self.failing_members(leaf, &here)
        {
            let real = |pointer: &String| match member {
                Some(member) => real_pointer(pointer, member),
                None => pointer.clone(),
            };
            let failing: Vec<String> = failing.iter().map(real).collect();
            reasons.retain(|reason| reason.pointer.as_ref().is_none_or(|pointer| failing.contains(pointer)));
        }
        (truth, reasons)
    }

    /// A comparison of every member of an array holds only if it holds for each: one known member for which it does
    /// not is enough, whatever the others turn out to be.
    fn decided_by_known_members(&mut self, leaf: &LeafProbe, here: &Subjected<'_>) -> Option<Truth> {
        let is_decided = !self.failing_members(leaf, here)?.is_empty();
        is_decided.then_some(Truth::False)
    }

    /// Pointers to the members of an array field that are known and for which the comparison does not hold; nothing if
    /// the field is no array.
    fn failing_members(&mut self, leaf: &LeafProbe, here: &Subjected<'_>) -> Option<Vec<String>> {
        let Subject::Field(Some(name)) = &leaf.subject else { return None };
        let path = here.path(name).filter(Path::is_collection)?;
        // What the right side reads of the resource must be known as well.
        leaf.target.as_ref()?;
        let json: Json = serde_json::from_str(here.json).ok()?;
        let mut failing = Vec::new();
        for hit in locate(here.body, path.steps()).iter().take(MAX_MEMBERS) {
            if hit.is_unknown() {
                continue;
            }
            let text = keep_only(&json, path.steps(), &segments(&hit.pointer)).to_string();
            let resource = Resource { json: &text, ..here.resource() };
            let evaluated = self.probes.ask(leaf, self.slots, &resource, here.context)?;
            if !evaluated.result && evaluated.fault.is_none() {
                failing.push(hit.pointer.clone());
            }
        }
        Some(failing)
    }

    fn count(
        &mut self,
        leaf: &LeafProbe,
        path: &Path,
        condition: &Probe,
        positive: bool,
    ) -> (Truth, Vec<Reason>) {
        let subject = self.subject;
        let members = locate(subject.body, path.steps());
        let evaluated = self.probes.ask(leaf, self.slots, &subject.resource(), subject.context);
        let is_whole = members.iter().any(|hit| !hit.is_exact && hit.symbolic.is_some());
        let exact: Vec<&Hit<'_>> = members.iter().filter(|hit| hit.is_exact).collect();
        let mut met = Vec::new();
        let mut not_met = Vec::new();
        let mut open = Vec::new();
        let (mut least, mut unsure) = (0_i64, 0_i64);
        let json: Json = serde_json::from_str(subject.json).unwrap_or(Json::Null);
        for hit in exact.iter().take(MAX_MEMBERS) {
            let Some((body, alone)) = alone(subject.body, &json, path.steps(), &hit.pointer) else {
                continue;
            };
            let member = Member { body: &body, json: &alone, array: path, pointer: &hit.pointer };
            let (truth, reasons) = self.probe(condition, true, Some(&member));
            match truth {
                Truth::True => {
                    least += 1;
                    met.extend(self.whole_member(leaf, hit, reasons));
                }
                Truth::False => not_met.extend(reasons),
                Truth::Unknown => {
                    unsure += 1;
                    open.extend(reasons);
                }
            }
        }
        let holds = evaluated.as_ref().is_some_and(|evaluated| evaluated.result);
        let is_cut = exact.len() > MAX_MEMBERS;
        let touches = subject.touches_unknown(&leaf.reads);
        let truth = if !touches {
            if holds { Truth::True } else { Truth::False }
        } else if is_whole || is_cut {
            Truth::Unknown
        } else {
            let wanted = evaluated.as_ref().and_then(|evaluated| evaluated.wanted.as_int());
            match wanted {
                Some(wanted) => compare_range(leaf.operator, least, least + unsure, wanted),
                None => Truth::Unknown,
            }
        };
        let mut own = self.reasons(leaf, evaluated.as_ref(), subject, positive, truth, None);
        let reasons = match truth {
            Truth::Unknown => [open, own].concat(),
            // Too many members meet the condition, or too few.
            _ if wants_fewer(leaf.operator, truth == Truth::True) && !met.is_empty() => {
                for reason in &mut met {
                    reason.is_positive = true;
                }
                own.iter_mut().for_each(|reason| reason.pointer = None);
                [met, own].concat()
            }
            _ => [own, not_met].concat(),
        };
        (truth, reasons)
    }

    /// The reasons why a member meets a condition, the member itself first if there are several.
    fn whole_member(&self, leaf: &LeafProbe, hit: &Hit<'_>, reasons: Vec<Reason>) -> Vec<Reason> {
        if reasons.len() < 2 {
            return reasons;
        }
        let Subject::Count { array, .. } = &leaf.subject else { return reasons };
        let texts: Vec<String> = reasons
            .iter()
            .rev()
            .filter(|reason| reason.is_exact)
            .map(|reason| {
                let pointer = reason.pointer.as_deref().unwrap_or_default();
                let inner = pointer.strip_prefix(hit.pointer.as_str()).unwrap_or(pointer);
                format!("{} {}", crate::locate::shown(inner), crate::wording::json(&reason.seen))
            })
            .collect();
        let whole = Reason {
            condition: leaf.path.clone(),
            expression: array.as_deref().unwrap_or_default().to_owned(),
            field: array.clone(),
            pointer: Some(hit.pointer.clone()),
            is_exact: true,
            path: None,
            seen: Json::String(texts.join(", ")),
            operator: Operator::Exists,
            target: Json::Null,
            is_positive: true,
            unknown: None,
            fault: None,
        };
        [vec![whole], reasons].concat()
    }

    fn reasons(
        &self,
        leaf: &LeafProbe,
        evaluated: Option<&Evaluated>,
        here: &Subjected<'_>,
        positive: bool,
        truth: Truth,
        member: Option<&Member<'_>>,
    ) -> Vec<Reason> {
        let name = match &leaf.subject {
            Subject::Field(name) | Subject::Count { array: name, .. } => name.clone(),
            Subject::Value => None,
        };
        let path = name.as_deref().and_then(|name| here.path(name));
        let mut hits = match &path {
            Some(path) => locate(here.body, path.steps()),
            None => leaf.reads.names.iter().filter_map(|name| here.path(name)).fold(
                Vec::new(),
                |mut all, path| {
                    all.extend(locate(here.body, path.steps()));
                    all
                },
            ),
        };
        if truth == Truth::Unknown {
            hits.retain(Hit::is_unknown);
        }
        if hits.len() > 1 {
            hits.sort_by_key(|hit| !hit.is_exact);
            hits.truncate(if truth == Truth::Unknown { 4 } else { 16 });
        }
        let is_secret = hits.iter().any(|hit| hit.is_secret);
        let expression = match (&name, evaluated) {
            (Some(name), _) => name.to_string(),
            (None, Some(evaluated)) => evaluated.expression.clone(),
            (None, None) => String::new(),
        };
        let target = match (&leaf.target, evaluated) {
            (Some(target), _) => target.to_json(),
            (None, Some(evaluated)) if member.is_none() && !is_secret => evaluated.wanted.to_json(),
            (None, _) => Json::Null,
        };
        let seen_by_engine = || match evaluated {
            Some(_) if is_secret => Json::String(azimuth_arm::REDACTED.to_owned()),
            Some(evaluated) if member.is_none() => evaluated.seen.to_json(),
            _ => Json::Null,
        };
        let is_field = matches!(leaf.subject, Subject::Field(Some(_)));
        let reason = |hit: Option<&Hit<'_>>| Reason {
            condition: leaf.path.clone(),
            expression: expression.clone(),
            field: name.clone(),
            pointer: hit.map(|hit| match member {
                Some(member) => real_pointer(&hit.pointer, member),
                None => hit.pointer.clone(),
            }),
            is_exact: hit.is_some_and(|hit| hit.is_exact),
            path: path.clone(),
            seen: match hit {
                Some(hit) if is_field || truth == Truth::Unknown => {
                    hit.value.or(hit.symbolic).map_or(Json::Null, Value::to_json)
                }
                _ => seen_by_engine(),
            },
            operator: leaf.operator,
            target: target.clone(),
            is_positive: positive == (truth != Truth::False),
            unknown: match hit {
                Some(hit) if truth == Truth::Unknown => hit.unknown_reason(),
                _ => None,
            },
            fault: evaluated.and_then(|evaluated| evaluated.fault.clone()),
        };
        match &leaf.subject {
            // Of many members of an array, those count that decide; where only one is named, it is the first.
            Subject::Field(Some(_)) if !hits.is_empty() => hits.iter().map(|hit| reason(Some(hit))).collect(),
            _ if truth == Truth::Unknown && !hits.is_empty() => {
                hits.iter().map(|hit| reason(Some(hit))).collect()
            }
            _ => vec![reason(hits.first())],
        }
    }
}

/// `exists` asks whether something is there: an expression is, unless it may come to null.
fn is_known_to_exist(leaf: &LeafProbe, here: &Subjected<'_>) -> bool {
    let Subject::Field(Some(name)) = &leaf.subject else { return false };
    if leaf.operator != Operator::Exists {
        return false;
    }
    let hits = here.path(name).map(|path| locate(here.body, path.steps())).unwrap_or_default();
    hits.iter().all(|hit| match hit.symbolic {
        None => true,
        Some(value) => hit.is_exact && !may_be_null(value),
    })
}

/// A count without condition asks how many members there are, whatever they are.
fn are_members_known(leaf: &LeafProbe, here: &Subjected<'_>) -> bool {
    let Subject::Count { array: Some(name), member: None } = &leaf.subject else { return false };
    let hits = here.path(name).map(|path| locate(here.body, path.steps())).unwrap_or_default();
    leaf.target.is_some() && hits.iter().all(|hit| hit.symbolic.is_none() || hit.is_exact)
}

fn may_be_null(value: &Value) -> bool {
    let Some(symbolic) = first_symbolic(value, 0).and_then(Value::as_symbolic) else { return true };
    *symbolic.reason() == azimuth_arm::Reason::Error || may_come_to_null(symbolic.expression())
}

fn may_come_to_null(expression: &Expression) -> bool {
    match &expression.kind {
        ExpressionKind::Call(call) => match &*call.key {
            "json" => !call.arguments.first().is_some_and(begins_a_collection),
            "if" => call.arguments.iter().skip(1).any(may_come_to_null),
            "coalesce" | "tryget" | "tryindexfromend" | "first" | "last" | "null" => true,
            _ => false,
        },
        ExpressionKind::Member { is_safe, .. } | ExpressionKind::Index { is_safe, .. } => *is_safe,
        ExpressionKind::Literal(value) => value.is_null(),
    }
}

/// Whether the text is the beginning of a JSON object or array.
fn begins_a_collection(expression: &Expression) -> bool {
    match &expression.kind {
        ExpressionKind::Literal(value) => {
            value.as_str().is_some_and(|text| text.trim_start().starts_with(['{', '[']))
        }
        ExpressionKind::Call(call) => {
            &*call.key == "concat" && call.arguments.first().is_some_and(begins_a_collection)
        }
        ExpressionKind::Member { .. } | ExpressionKind::Index { .. } => false,
    }
}

/// The pointer into the whole resource of one into the resource with a single member.
fn real_pointer(pointer: &str, member: &Member<'_>) -> String {
    let mut real = segments(member.pointer).into_iter();
    let mut steps = member.array.steps().iter();
    let mut is_on_path = true;
    let mut out = String::new();
    for segment in segments(pointer) {
        let own = if is_on_path { real.next() } else { None };
        let segment = match (steps.next().filter(|_| is_on_path), own) {
            (Some(Step::Each | Step::Index(_)), Some(own)) => own,
            (Some(Step::Key(key)), Some(_)) => {
                is_on_path = azimuth_ids::eq_fold(key, segment);
                segment
            }
            _ => segment,
        };
        out.push('/');
        out.push_str(segment);
    }
    out
}

/// The resource with one member of an array alone, as value and as JSON text.
fn alone(body: &Value, json: &Json, steps: &[Step], pointer: &str) -> Option<(Value, String)> {
    let text = keep_only(json, steps, &segments(pointer)).to_string();
    let body = keep_only_value(body, steps, &segments(pointer))?;
    Some((body, text))
}

fn segments(pointer: &str) -> Vec<&str> {
    pointer.split('/').skip(1).collect()
}

/// A copy that has, of every array on the way to a member, nothing but what the way goes through.
fn keep_only(json: &Json, steps: &[Step], segments: &[&str]) -> Json {
    let (Some(step), Some(segment)) = (steps.first(), segments.first()) else { return json.clone() };
    let inner = |json: &Json| keep_only(json, &steps[1..], &segments[1..]);
    match (step, json) {
        (Step::Key(key), Json::Object(members)) => {
            let exact = members.contains_key(&**key);
            let is_it = |name: &str| if exact { name == &**key } else { azimuth_ids::eq_fold(name, key) };
            let members = members.iter().map(|(name, member)| {
                (name.clone(), if is_it(name) { inner(member) } else { member.clone() })
            });
            Json::Object(members.collect())
        }
        (Step::Each, Json::Array(items)) => {
            let item = segment.parse().ok().and_then(|index: usize| items.get(index));
            Json::Array(item.map(inner).into_iter().collect())
        }
        (Step::Index(index), Json::Array(items)) => items
            .iter()
            .enumerate()
            .map(|(at, item)| if at == *index { inner(item) } else { item.clone() })
            .collect(),
        _ => json.clone(),
    }
}

/// As [`keep_only`], for the value with its expressions and secrets.
fn keep_only_value(value: &Value, steps: &[Step], segments: &[&str]) -> Option<Value> {
    let (Some(step), Some(segment)) = (steps.first(), segments.first()) else { return Some(value.clone()) };
    let rebuilt = match step {
        Step::Key(key) => {
            let mut members = value.as_object()?.clone();
            let inner = keep_only_value(members.get(key)?, &steps[1..], &segments[1..])?;
            members.set((**key).into(), inner);
            Value::object(members)
        }
        Step::Each => {
            let item = value.as_array()?.get(segment.parse::<usize>().ok()?)?;
            Value::array(vec![keep_only_value(item, &steps[1..], &segments[1..])?])
        }
        Step::Index(index) => {
            let mut items = value.as_array()?.to_vec();
            let inner = keep_only_value(items.get(*index)?, &steps[1..], &segments[1..])?;
            *items.get_mut(*index)? = inner;
            Value::array(items)
        }
        Step::Nowhere => return None,
    };
    Some(rebuilt.with_origin(value.origin()).secured(value.is_secure()))
}

/// The truth of a comparison with a number when the other side lies between two.
fn compare_range(operator: Operator, least: i64, most: i64, wanted: i64) -> Truth {
    let holds = |number: i64| match operator {
        Operator::Equals => Some(number == wanted),
        Operator::NotEquals => Some(number != wanted),
        Operator::Less => Some(number < wanted),
        Operator::LessOrEquals => Some(number <= wanted),
        Operator::Greater => Some(number > wanted),
        Operator::GreaterOrEquals => Some(number >= wanted),
        _ => None,
    };
    let mut answers = (least..=most).map(holds);
    let Some(Some(first)) = answers.next() else { return Truth::Unknown };
    if answers.any(|answer| answer != Some(first)) {
        return Truth::Unknown;
    }
    if first { Truth::True } else { Truth::False }
}

/// Whether a comparison of a count, holding or failing as given, complains of members rather than of their absence.
fn wants_fewer(operator: Operator, holds: bool) -> bool {
    match operator {
        Operator::Greater | Operator::GreaterOrEquals | Operator::NotEquals => holds,
        Operator::Less | Operator::LessOrEquals | Operator::Equals => !holds,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_counts() {
        for (operator, least, most, wanted, expected) in [
            (Operator::Greater, 1, 3, 0, Truth::True),
            (Operator::Greater, 0, 3, 0, Truth::Unknown),
            (Operator::Equals, 0, 0, 0, Truth::True),
            (Operator::Equals, 1, 2, 0, Truth::False),
            (Operator::Less, 0, 2, 3, Truth::True),
            (Operator::Like, 0, 0, 0, Truth::Unknown),
        ] {
            assert_eq!(compare_range(operator, least, most, wanted), expected, "{operator} {least}..{most}");
        }
    }

    #[test]
    fn single_members_keep_their_surroundings() {
        let json = serde_json::json!({"p": {"a": [{"b": [1, 2]}, {"b": [3, 4, 5]}], "c": 1}});
        let body = Value::from_json(&json);
        let path = Path::parse("p.a[*].b[*]");
        let (value, text) = alone(&body, &json, path.steps(), "/p/a/1/b/2").unwrap();
        assert_eq!(text, r#"{"p":{"a":[{"b":[5]}],"c":1}}"#);
        assert_eq!(value.to_string(), text);
        let member = Member { body: &value, json: &text, array: &path, pointer: "/p/a/1/b/2" };
        assert_eq!(real_pointer("/p/a/0/b/0/x/0", &member), "/p/a/1/b/2/x/0");
        assert_eq!(real_pointer("/p/a/0", &member), "/p/a/1");
        assert_eq!(real_pointer("/p/c", &member), "/p/c");
    }
}
