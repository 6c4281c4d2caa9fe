//! PO-4: each policy stands for a rule of the organisation, and each rule has its policy.

use azimuth_ids::{eq_fold, fold};
use azimuth_policy::{Slots, is_within};
use hashbrown::{HashMap, HashSet};
use serde_json::{Map, Value};

use super::{DECLARE_RULES, GUIDANCE, mg_1, po_2, unresolved};
use crate::body;
use crate::command;
use crate::context::{
    Answer, Assignment, Context, POLICY_ASSIGNMENTS, Part, Place, Probe, Probes, Reach, Rule, Trial, Wanted,
    document, plain_id,
};
use crate::control::{Area, Control, EvidenceNeed, Severity};
use crate::verdict::{Counterexample, Findings, Verdict};

pub(super) const CONTROL: Control = Control {
    id: "PO-4",
    title: "Each policy stands for a rule of the organisation, and each rule has its policy",
    area: Area::Governance,
    severity: Severity::Low,
    why: "Rules on paper that nothing enforces give false comfort; enforcement that no rule asks \
        for meets resistance. The mapping shows both.",
    evidence: &[
        EvidenceNeed { what: "The written rules, as the member `rules` of a declaration", command: DECLARE_RULES },
        EvidenceNeed {
            what: "Policy definitions and initiatives with their mapping in metadata or groups",
            command: "az policy definition list --management-group {root}",
        },
        EvidenceNeed {
            what: "Policy assignments",
            command: "az policy assignment list --disable-scope-strict-match --subscription {s}",
        },
        EvidenceNeed {
            what: "Policy exemptions",
            command: "az policy exemption list --disable-scope-strict-match --subscription {s}",
        },
    ],
    decided: "Compares the declared `rules` with what the policy engine says is in force. A rule with an `example` (a \
        resource that breaks it) is tried: the example is put into every enabled subscription in the rule's `scope`, \
        and a request to create it there must be refused (`wanted` deny), mended (modify; with `becomes`, into that) \
        or marked (audit). With `allowed`, the same resource in line with the rule, a policy that objects to both \
        does not count: it is about something else. What the policy is called does not matter; disabled effects, DoNotEnforce, exclusions and \
        exemptions do, and a policy that fails to evaluate does not count. A rule without example needs an \
        assignment in force over each such subscription whose policy names the rule. The other way round, each \
        policy that an assignment in force puts in place must name a rule that is declared: by `rules` or `rule` in \
        the metadata of the assignment, initiative or definition, by a group of the initiative, or by `definitions` \
        of the rule. Without declared rules it is unknown.",
    fix: "Write the identifier of the rule into the metadata of each definition, initiative or assignment, and \
        assign a policy for each rule that nothing stands for.",
    references: &[GUIDANCE],
    decide,
};

fn decide(context: &Context<'_>) -> Verdict {
    let mut findings = Findings::default();
    let policies = context.policies();
    super::register_faults(context, &mut findings);
    po_2::needs_assignments(context, &mut findings);
    for id in policies.unreadable.iter().chain(&policies.unreadable_exemptions) {
        context.unreadable(&mut findings, id);
    }
    let Some(rules) = &context.register().rules else {
        findings.miss("the written rules of the organisation, declared as `rules`", None, DECLARE_RULES, 1);
        return findings.verdict("");
    };
    findings.check("written rules", rules.len());
    let mapping = Mapping::new(context, rules);
    mapping.judge(context, &mut findings);
    let places: Vec<Place> =
        context.enabled_subscriptions().map(|subscription| context.place(subscription)).collect();
    let trials: Vec<Option<Trial>> = rules.iter().map(trial).collect();
    let known: Vec<&Trial> = trials.iter().flatten().collect();
    let compiled =
        (!known.is_empty()).then(|| Probes::new(policies, &known, context.options().as_of));
    for (rule, trial) in rules.iter().zip(&trials) {
        let within = places.iter().filter(|place| {
            rule.scope.as_deref().is_none_or(|scope| is_within(&place.id, scope, &place.ancestors))
        });
        match (trial, &compiled, &rule.example) {
            (Some(trial), Some(compiled), _) => {
                let mut slots = Slots::default();
                for place in within {
                    findings.check("trials of rules in subscriptions", 1);
                    let answer = compiled.ask(&mut slots, trial, place);
                    tried(context, &mut findings, rule, trial, place, answer);
                }
            }
            (.., Some(_)) => findings.miss(
                format!("a resource type in the example of the rule {}", rule.id),
                Some(&context.register().rules_key),
                DECLARE_RULES,
                1,
            ),
            _ => within.for_each(|place| named(context, &mut findings, rule, place, &mapping)),
        }
    }
    findings.verdict("no rule is declared and no policy is in force")
}

/// How a rule is tried; `None` if it has no example that says its type.
fn trial(rule: &Rule) -> Option<Trial> {
    Some(Trial {
        example: Probe::new(rule.example.as_ref()?)?,
        allowed: rule.allowed.as_ref().and_then(Probe::new),
        wanted: rule.wanted,
        becomes: rule.becomes.clone(),
    })
}

/// Notes how a trial of a rule in a subscription ended.
fn tried(
    context: &Context<'_>,
    findings: &mut Findings,
    rule: &Rule,
    trial: &Trial,
    place: &Place,
    answer: Answer,
) {
    let instead = match answer {
        Answer::Caught => return context.needs_exemptions(findings, place),
        Answer::Weaker(instead) => Some(instead),
        Answer::Slips => None,
    };
    if !is_known(context, findings, place) {
        return;
    }
    let wanted = match rule.wanted {
        Wanted::Audit => "marked",
        Wanted::Deny => "refused",
        Wanted::Modify => "mended",
    };
    let happened = instead.unwrap_or_else(|| "no policy says anything about it".to_owned());
    findings.violate(Counterexample {
        object: place.id.clone(),
        path: path(rule),
        seen: rule.example.clone().unwrap_or_default(),
        wanted: format!("a request for it is {wanted} by a policy in force"),
        note: Some(format!(
            "{}: a resource of type {} that breaks it gets by here; {happened}",
            title(rule),
            trial.example.resource_type()
        )),
        fix: Some(assign(rule, place)),
    });
}

/// Judges a rule without example at a place: an assignment in force whose policy names it must govern the place.
fn named(context: &Context<'_>, findings: &mut Findings, rule: &Rule, place: &Place, mapping: &Mapping<'_>) {
    findings.check("rules looked for in subscriptions", 1);
    let policies = context.policies();
    let folded = fold(&rule.id).into_owned();
    let standing = policies.assignments.iter().zip(&mapping.by_assignment);
    let reaches: Vec<Reach> = standing
        .filter(|(_, parts)| parts.iter().any(|rules| rules.contains(&folded)))
        .map(|(assignment, parts)| {
            let names = |index: usize| parts[index].contains(&folded);
            policies.reach_of(assignment, place, context.options().as_of, &names)
        })
        .collect();
    if reaches.contains(&Reach::Governs) {
        return context.needs_exemptions(findings, place);
    }
    if !is_known(context, findings, place) {
        return;
    }
    if reaches.contains(&Reach::Narrowed) {
        let what = format!("what an assignment for the rule {} selects, whose resource selectors narrow it", rule.id);
        findings.miss(what, Some(&place.id), format!("az policy state list --subscription {}", place.id), 1);
        return;
    }
    let why = reaches.iter().find_map(|reach| match reach {
        Reach::Blunted(why) => Some(format!("; the assignment that names it {why}")),
        _ => None,
    });
    findings.violate(Counterexample {
        object: place.id.clone(),
        path: path(rule),
        seen: Value::Null,
        wanted: "an assignment in force whose policy names the rule".to_owned(),
        note: Some(format!("{}: nothing stands for it here{}", title(rule), why.unwrap_or_default())),
        fix: Some(assign(rule, place)),
    });
}

fn path(rule: &Rule) -> String {
    format!("rules['{}']", rule.id)
}

fn title(rule: &Rule) -> String {
    if rule.title.is_empty() { rule.id.clone() } else { format!("{} ({})", rule.id, rule.title) }
}

fn assign(rule: &Rule, place: &Place) -> String {
    let at = place.ancestors.first().unwrap_or(&place.id);
    format!("az policy assignment create --scope {at} --name {} --policy '<definition>'", rule.id.to_lowercase())
}

/// Whether everything that may reach a place is known; notes what is not.
fn is_known(context: &Context<'_>, findings: &mut Findings, place: &Place) -> bool {
    let policies = context.policies();
    let guid = place.id.rsplit('/').next().unwrap_or_default();
    let hierarchy = context.snapshot().hierarchy();
    let is_placed = hierarchy.certain_ancestors_of_subscription(guid).is_some()
        || hierarchy.is_empty() && context.lists(mg_1::GROUPS, "/");
    if !is_placed {
        let az = "az account management-group show --name '{root}' --expand --recurse";
        let command = command::list(az, mg_1::GROUPS);
        findings.miss("the management groups above the subscription", Some(&place.id), command, 1);
        return false;
    }
    if let Some(at) = place.chain().find(|at| !context.lists(POLICY_ASSIGNMENTS, at)) {
        let command = command::list(&format!("az policy assignment list --scope {at}"), POLICY_ASSIGNMENTS);
        findings.miss_once("the complete list of policy assignments", Some(at), command);
        return false;
    }
    let mut is_known = !policies.is_unread_at(place);
    let in_force = policies.assignments.iter().filter(|one| one.in_force() && one.gaps().next().is_some());
    for assignment in in_force {
        let reach = policies.reach(assignment, place, context.options().as_of);
        if matches!(reach, Reach::Governs | Reach::Narrowed | Reach::Unresolved) {
            unresolved(findings, assignment);
            is_known = false;
        }
    }
    is_known
}

/// Which rules the policies name, and which they do not.
struct Mapping<'a> {
    rules: HashMap<String, &'a Rule>,
    /// Rules by the definitions that they name themselves: plain ids and folded names.
    claimed: HashMap<String, Vec<String>>,
    /// By assignment and its policies, in their order: the rules that the policy names, none if it does nothing.
    by_assignment: Vec<Vec<HashSet<String>>>,
}

impl<'a> Mapping<'a> {
    fn new(context: &Context<'_>, rules: &'a [Rule]) -> Self {
        let mut claimed: HashMap<String, Vec<String>> = HashMap::new();
        for rule in rules {
            for definition in &rule.definitions {
                claimed.entry(plain_id(definition)).or_default().push(fold(&rule.id).into_owned());
            }
        }
        let rules = rules.iter().map(|rule| (fold(&rule.id).into_owned(), rule)).collect();
        let mut mapping = Self { rules, claimed, by_assignment: Vec::new() };
        let mut names = Names::default();
        let assignments = context.policies().assignments.iter();
        mapping.by_assignment = assignments
            .map(|assignment| {
                let of = |part: &Part| match part.is_active() {
                    true => mapping.rules_of(context, &mut names, assignment, part).into_iter().collect(),
                    false => HashSet::new(),
                };
                assignment.parts.iter().map(of).collect()
            })
            .collect();
        mapping
    }

    /// The declared rules that one policy of an assignment names, folded.
    fn rules_of(
        &self,
        context: &Context<'_>,
        names: &mut Names,
        assignment: &Assignment,
        part: &Part,
    ) -> Vec<String> {
        let own = assignment.metadata.as_ref().map(rule_names).unwrap_or_default();
        let assigned = &assignment.inner.definition_id;
        let mut found: Vec<String> = own.into_iter().chain(part.groups.iter().cloned()).collect();
        for id in [assigned, &part.definition_id] {
            found.extend(names.of(context, id));
            let plain = plain_id(id);
            let name = plain.rsplit('/').next().unwrap_or_default().to_owned();
            for key in [plain, name] {
                found.extend(self.claimed.get(&key).cloned().unwrap_or_default());
            }
        }
        let folded = found.iter().map(|name| fold(name).into_owned());
        folded.filter(|name| self.rules.contains_key(name)).collect()
    }

    /// Judges the way from policies to rules: each policy in force names a rule, and no rule that is not declared.
    fn judge(&self, context: &Context<'_>, findings: &mut Findings) {
        let mut names = Names::default();
        for assignment in context.policies().assignments.iter().filter(|assignment| assignment.in_force()) {
            let own = assignment.metadata.as_ref().map(rule_names).unwrap_or_default();
            self.stray(findings, &assignment.id, &own);
            for part in assignment.parts.iter().filter(|part| part.is_active()) {
                findings.check("policies in force", 1);
                let mut named = !own.is_empty();
                for id in [&assignment.inner.definition_id, &part.definition_id] {
                    let of = names.of(context, id);
                    named |= !of.is_empty();
                    self.stray(findings, id, &of);
                }
                // One that names rules which are not declared has been noted for that.
                if named || !self.rules_of(context, &mut names, assignment, part).is_empty() {
                    continue;
                }
                findings.violate(Counterexample {
                    object: part.definition_id.clone(),
                    path: "$.properties.metadata.rules".to_owned(),
                    seen: Value::Null,
                    wanted: "the identifier of the written rule that it stands for".to_owned(),
                    note: Some(format!("in force by {}, and no declared rule names it", assignment.id)),
                    fix: Some(format!(
                        "az policy assignment update --name {} --scope {} --metadata rules='<rule>'",
                        assignment.id.rsplit('/').next().unwrap_or_default(),
                        assignment.scope
                    )),
                });
            }
        }
    }

    /// Notes an object that names a rule which is not declared.
    fn stray(&self, findings: &mut Findings, object: &str, names: &[String]) {
        let Some(name) = names.iter().find(|name| !self.rules.contains_key(&*fold(name))) else { return };
        findings.violate(Counterexample {
            object: object.to_owned(),
            path: "$.properties.metadata.rules".to_owned(),
            seen: Value::from(name.as_str()),
            wanted: "the identifier of a declared rule".to_owned(),
            note: Some(format!("`{name}` is no rule of the register")),
            fix: None,
        });
    }
}

/// The rules that definitions and initiatives name in their metadata, by plain id.
#[derive(Default)]
struct Names(HashMap<String, Vec<String>>);

impl Names {
    fn of(&mut self, context: &Context<'_>, id: &str) -> Vec<String> {
        let read = |key: &String| {
            let metadata = document(context.snapshot(), key).and_then(|entry| body::metadata(entry.body()));
            metadata.as_ref().map(rule_names).unwrap_or_default()
        };
        self.0.entry(plain_id(id)).or_insert_with_key(read).clone()
    }
}

/// The rules that metadata names: `rules` or `rule`, a list or a text with commas.
fn rule_names(metadata: &Map<String, Value>) -> Vec<String> {
    let members = metadata.iter().filter(|(key, _)| eq_fold(key, "rules") || eq_fold(key, "rule"));
    let texts = members.flat_map(|(_, value)| match value {
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        other => other.as_str().into_iter().collect::<Vec<_>>(),
    });
    let names = texts.flat_map(|text| text.split([',', ';'])).map(str::trim).filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
}
