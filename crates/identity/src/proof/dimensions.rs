//! The values of each condition of a sign-in, with the policies that each satisfies.

use std::collections::HashMap;

use super::class::{Class, TargetType};
use super::{Question, devices, places};
use crate::controls::{Facts, Subject, SubjectClass};
use crate::directory::User;
use crate::filter::Device;
use crate::mask::Mask;
use crate::network::Network;
use crate::policy_set::PolicySet;
use crate::sign_in::{ClientApp, Flow, Identity, InsiderRisk, Platform, Risk, Session, SignIn, Target};

/// How many combinations of client, flow, device and platform are looked at.
const MOST_FRONTS: usize = 200_000;

/// Values of one condition with the policies they satisfy, the plainest first.
type Values<T> = Vec<(T, Mask)>;

/// Client, flow, device and platform: what a session can satisfy hangs on these together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Front {
    pub(crate) client: ClientApp,
    pub(crate) flow: Flow,
    /// The position of the device.
    device: usize,
    pub(crate) platform: Platform,
}

/// People for whom the session satisfies the same policies.
pub(crate) struct Subjects {
    /// One person for each set of policies.
    pub(crate) people: Values<usize>,
    /// The fronts, with the policies that apply and are not satisfied.
    pub(crate) fronts: Values<Front>,
}

/// The values of every condition for one question.
pub(crate) struct Dimensions<'a> {
    set: &'a PolicySet,
    session: &'a Session,
    class: &'a Class,
    against: Mask,
    applying: Mask,
    stopping: Mask,
    devices: Vec<Option<Device>>,
    pub(crate) subjects: Vec<Subjects>,
    pub(crate) targets: Values<Target>,
    pub(crate) places: Values<Network>,
    pub(crate) sign_in_risks: Values<Risk>,
    pub(crate) user_risks: Values<Risk>,
    pub(crate) insider_risks: Values<InsiderRisk>,
}

/// One value of each condition, by position.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Choice {
    pub(crate) subject: usize,
    pub(crate) front: usize,
    pub(crate) person: usize,
    /// Target, place, sign-in risk, user risk, insider risk.
    pub(crate) rest: [usize; 5],
}

impl<'a> Dimensions<'a> {
    pub(crate) fn new(set: &'a PolicySet, question: &Question<'a>) -> Result<Dimensions<'a>, String> {
        let Question { class, session, against, stopping, .. } = *question;
        let applying = question.applying | stopping;
        let keep = |mask: Mask| applying.is_subset(mask);
        let levels = |chosen: &Option<Vec<Risk>>, mask: &dyn Fn(Risk) -> Mask| -> Values<Risk> {
            distinct(
                choose(chosen, Risk::ALL).map(|risk| (risk, mask(risk))).filter(|(_, mask)| keep(*mask)),
                against,
            )
        };
        let insider =
            choose(&class.insider_risks, InsiderRisk::ALL).map(|risk| (risk, set.insider_risk(risk)));
        let mut dimensions = Dimensions {
            set,
            session,
            class,
            against,
            applying,
            stopping,
            devices: devices::distinguishable(set)?,
            subjects: Vec::new(),
            targets: distinct(targets(set, class).filter(|(_, mask)| keep(*mask)), against),
            places: places::distinguishable(set, against, applying)?,
            sign_in_risks: levels(&class.sign_in_risks, &|risk| set.sign_in_risk(risk)),
            user_risks: levels(&class.user_risks, &|risk| set.user_risk(risk)),
            insider_risks: distinct(insider.filter(|(_, mask)| keep(*mask)), against),
        };
        dimensions.subjects = dimensions.subjects()?;
        Ok(dimensions)
    }

    /// True if the class has no sign-in.
    pub(crate) fn is_empty(&self) -> bool {
        self.subjects.is_empty()
            || self.targets.is_empty()
            || self.places.is_empty()
            || self.sign_in_risks.is_empty()
            || self.user_risks.is_empty()
            || self.insider_risks.is_empty()
    }

    /// The masks of the five conditions that stand alone.
    pub(crate) fn rest(&self) -> [Vec<Mask>; 5] {
        fn masks<T>(values: &Values<T>) -> Vec<Mask> {
            values.iter().map(|(_, mask)| *mask).collect()
        }
        [
            masks(&self.targets),
            masks(&self.places),
            masks(&self.sign_in_risks),
            masks(&self.user_risks),
            masks(&self.insider_risks),
        ]
    }

    fn subjects(&self) -> Result<Vec<Subjects>, String> {
        let members = Members::new(self.set, self.class);
        let tenant = &self.set.directory.tenant;
        let mut by_class: Vec<(SubjectClass, HashMap<Mask, usize>)> = Vec::new();
        for (at, user) in self.set.directory.users.iter().enumerate() {
            if !members.contains(user) {
                continue;
            }
            let mask = self.set.people.user(user);
            if !self.applying.is_subset(mask) {
                continue;
            }
            let class = class_of(user, tenant);
            let place = by_class.iter().position(|(known, _)| *known == class).unwrap_or_else(|| {
                by_class.push((class, HashMap::new()));
                by_class.len() - 1
            });
            by_class[place].1.entry(mask & self.against).or_insert(at);
        }
        let mut subjects = Vec::new();
        for (class, people) in by_class {
            let mut people: Values<usize> = people.into_iter().map(|(mask, at)| (at, mask)).collect();
            people.sort_unstable();
            let fronts = self.fronts(class)?;
            if !fronts.is_empty() {
                subjects.push(Subjects { people, fronts });
            }
        }
        Ok(subjects)
    }

    fn fronts(&self, subject: SubjectClass) -> Result<Values<Front>, String> {
        let clients: Vec<ClientApp> = choose(&self.class.clients, ClientApp::ALL).collect();
        let flows: Vec<Flow> = choose(&self.class.flows, Flow::ALL).collect();
        let platforms: Vec<Platform> = choose(&self.class.platforms, Platform::RECOGNISED).collect();
        let combinations = clients.len() * flows.len() * platforms.len() * self.devices.len();
        if combinations > MOST_FRONTS {
            return Err(format!("clients, flows, platforms and devices make {combinations} combinations"));
        }
        let mut unsatisfied: HashMap<(bool, bool, bool, Platform), Mask> = HashMap::new();
        let mut found = Vec::new();
        for platform in &platforms {
            for (device, known) in self.devices.iter().enumerate() {
                if self.class.device.is_some_and(|class| !class.contains(known.as_ref())) {
                    continue;
                }
                for client in &clients {
                    for flow in &flows {
                        let front = Front { client: *client, flow: *flow, device, platform: *platform };
                        // What carries no device identity is the same as an unknown device.
                        if device > 0 && self.device_of(&front).is_none() && self.class.device.is_none() {
                            continue;
                        }
                        let mask = self.front_mask(&front);
                        if !self.applying.is_subset(mask) {
                            continue;
                        }
                        let effective = self.device_of(&front);
                        let key = (
                            client.is_legacy(),
                            effective.is_some_and(Device::is_compliant),
                            effective.is_some_and(Device::is_hybrid_joined),
                            *platform,
                        );
                        let open =
                            *unsatisfied.entry(key).or_insert_with(|| self.unsatisfied(&front, subject));
                        if self.stopping.is_subset(open) {
                            found.push((front, mask & open & self.against));
                        }
                    }
                }
            }
        }
        Ok(distinct(found.into_iter(), self.against))
    }

    fn device_of(&self, front: &Front) -> Option<&Device> {
        let hides = front.client.is_legacy() || front.flow == Flow::DeviceCode;
        self.devices[front.device].as_ref().filter(|_| !hides)
    }

    fn front_mask(&self, front: &Front) -> Mask {
        self.set.client(front.client)
            & self.set.flow(front.flow, Flow::None)
            & self.set.platform(front.platform)
            & self.set.device(self.device_of(front))
    }

    /// The policies that stand against a sign-in from this front and that the session leaves unsatisfied.
    fn unsatisfied(&self, front: &Front, subject: SubjectClass) -> Mask {
        let strengths = &self.set.strengths;
        let facts = Facts::new(
            front.client.is_legacy(),
            subject,
            self.session,
            self.device_of(front),
            front.platform,
            strengths,
        );
        let mut mask = Mask::EMPTY;
        for at in (self.against | self.stopping).iter() {
            let policy = &self.set.policies[at];
            if policy.blocks() || !facts.satisfies(&policy.grant, strengths) {
                mask.insert(at);
            }
        }
        mask
    }

    /// What is left of the policies against a sign-in.
    fn left(&self, choice: &Choice) -> Mask {
        let subjects = &self.subjects[choice.subject];
        let rest = self.rest_of(choice);
        subjects.fronts[choice.front].1 & subjects.people[choice.person].1 & rest
    }

    fn rest_of(&self, choice: &Choice) -> Mask {
        let [target, place, sign_in, user, insider] = choice.rest;
        self.targets[target].1
            & self.places[place].1
            & self.sign_in_risks[sign_in].1
            & self.user_risks[user].1
            & self.insider_risks[insider].1
    }

    /// The plainest choice that is still allowed: each condition in turn takes its first value that keeps it so.
    pub(crate) fn plainest(&self, mut choice: Choice) -> Choice {
        let subjects = &self.subjects[choice.subject];
        let sizes = [
            self.targets.len(),
            self.places.len(),
            self.sign_in_risks.len(),
            self.user_risks.len(),
            self.insider_risks.len(),
        ];
        let mut first = |size: usize, put: &dyn Fn(&mut Choice, usize)| {
            for at in 0..size {
                let mut candidate = choice;
                put(&mut candidate, at);
                if self.left(&candidate).is_empty() {
                    choice = candidate;
                    return;
                }
            }
        };
        // Risks and flows are the unusual facts, so they are made plain first.
        for dimension in [2, 3, 4, 1] {
            first(sizes[dimension], &move |choice, at| choice.rest[dimension] = at);
        }
        first(subjects.fronts.len(), &|choice, at| choice.front = at);
        first(subjects.people.len(), &|choice, at| choice.person = at);
        first(sizes[0], &|choice, at| choice.rest[0] = at);
        choice
    }

    /// The ids of people who can sign in as chosen, at most `listed`, and their number.
    pub(crate) fn people(&self, choice: &Choice, listed: usize) -> (Vec<String>, usize) {
        let members = Members::new(self.set, self.class);
        let tenant = &self.set.directory.tenant;
        let front = &self.subjects[choice.subject].fronts[choice.front].0;
        let rest = self.rest_of(choice) & self.front_mask(front);
        let mut open: Vec<(SubjectClass, Mask)> = Vec::new();
        let mut ids = Vec::new();
        let mut count = 0;
        for user in self.set.directory.users.iter().filter(|user| members.contains(user)) {
            let class = class_of(user, tenant);
            let unsatisfied = match open.iter().find(|(known, _)| *known == class) {
                Some((_, mask)) => *mask,
                None => {
                    let mask = self.unsatisfied(front, class);
                    open.push((class, mask));
                    mask
                }
            };
            let mask = self.set.people.user(user);
            if self.applying.is_subset(mask)
                && self.stopping.is_subset(unsatisfied)
                && (mask & rest & unsatisfied & self.against).is_empty()
            {
                count += 1;
                if ids.len() < listed {
                    ids.push(user.id.clone());
                }
            }
        }
        (ids, count)
    }

    /// The sign-in that was chosen.
    pub(crate) fn sign_in(&self, choice: &Choice) -> SignIn {
        let subjects = &self.subjects[choice.subject];
        let front = &subjects.fronts[choice.front].0;
        let [target, place, sign_in, user, insider] = choice.rest;
        SignIn {
            identity: Identity::User(self.set.directory.users[subjects.people[choice.person].0].id.clone()),
            target: self.targets[target].0.clone(),
            client: front.client,
            platform: front.platform,
            device: self.devices[front.device].clone(),
            private_browsing: false,
            network: self.places[place].0.clone(),
            sign_in_risk: self.sign_in_risks[sign_in].0,
            user_risk: self.user_risks[user].0,
            service_principal_risk: Risk::None,
            insider_risk: self.insider_risks[insider].0,
            flow: front.flow,
            original_flow: Flow::None,
            session: self.session.clone(),
        }
    }
}

fn class_of(user: &User, tenant: &crate::directory::Tenant) -> SubjectClass {
    let is_external = user.kind.is_external();
    let trust = if is_external { tenant.trust(user.home_tenant.as_deref()) } else { Default::default() };
    debug_assert_eq!(Subject::of_user(user, tenant).class().trust, trust);
    SubjectClass {
        is_external,
        is_direct_connect: user.kind == crate::directory::UserKind::DirectConnect,
        trust,
    }
}

fn choose<'a, T: Copy>(chosen: &'a Option<Vec<T>>, all: &'a [T]) -> impl Iterator<Item = T> + 'a {
    chosen.as_deref().unwrap_or(all).iter().copied()
}

/// The first value for each set of policies within `relevant`.
fn distinct<T>(values: impl Iterator<Item = (T, Mask)>, relevant: Mask) -> Values<T> {
    let mut seen = std::collections::HashSet::new();
    values.filter(|(_, mask)| seen.insert(*mask & relevant)).collect()
}

fn targets<'a>(set: &'a PolicySet, class: &'a Class) -> impl Iterator<Item = (Target, Mask)> + 'a {
    let wanted = class.target_types.as_deref().unwrap_or(&[TargetType::Application]);
    let mut found = Vec::new();
    if wanted.contains(&TargetType::Application) {
        let ids: Vec<String> = match &class.app_ids {
            Some(ids) => ids.clone(),
            None => {
                let known = set.directory.applications.iter().map(|app| app.app_id.clone());
                known.chain(set.targets.unlisted()).collect()
            }
        };
        found.extend(ids.into_iter().map(|id| Target::Applications(vec![id])));
    }
    if wanted.contains(&TargetType::UserAction) {
        let actions = match &class.user_actions {
            Some(actions) => actions.clone(),
            None => named(set.targets.actions(), "urn:user:registersecurityinfo"),
        };
        found.extend(actions.into_iter().map(Target::UserAction));
    }
    if wanted.contains(&TargetType::Context) {
        found.extend(named(set.targets.contexts(), "c1").into_iter().map(Target::Context));
    }
    found.into_iter().map(|target| {
        let mask = set.targets.of(&target);
        (target, mask)
    })
}

/// What policies name, in order; if they name nothing, what stands for it. An action or context that no policy names is
/// not protected by any policy, which is no finding about the policies that there are.
fn named<'a>(names: impl Iterator<Item = &'a String>, otherwise: &str) -> Vec<String> {
    let mut found: Vec<String> = names.cloned().collect();
    found.sort_unstable();
    if found.is_empty() { vec![otherwise.to_owned()] } else { found }
}

/// Who belongs to a class, with the groups that nest in the ones it names.
struct Members<'a> {
    class: &'a Class,
    include_groups: Option<std::collections::HashSet<String>>,
    exclude_groups: std::collections::HashSet<String>,
}

impl<'a> Members<'a> {
    fn new(set: &PolicySet, class: &'a Class) -> Members<'a> {
        let nested = |named: &[String]| -> std::collections::HashSet<String> {
            let mut found: std::collections::HashSet<String> = named.iter().cloned().collect();
            if !named.is_empty() {
                for group in set.directory.groups.keys() {
                    let around = set.directory.group_closure(group);
                    if around.iter().any(|group| named.iter().any(|name| name == group)) {
                        found.insert(group.clone());
                    }
                }
            }
            found
        };
        Members {
            class,
            include_groups: class.include_groups.as_deref().map(nested),
            exclude_groups: nested(&class.exclude_groups),
        }
    }

    fn contains(&self, user: &User) -> bool {
        let class = self.class;
        let listed = |ids: &[String]| ids.iter().any(|id| id.eq_ignore_ascii_case(&user.id));
        let in_groups = |groups: &std::collections::HashSet<String>| {
            !groups.is_empty() && user.groups.iter().any(|group| groups.contains(group))
        };
        let chosen = [
            class.include_users.as_deref().map(listed),
            self.include_groups.as_ref().map(in_groups),
            class.include_roles.as_deref().map(|roles| {
                roles.iter().any(|role| user.roles.iter().chain(&user.other_roles).any(|held| held == role))
            }),
        ];
        // Inclusions add up, as those of policies do.
        let is_included = chosen.iter().all(Option::is_none) || chosen.contains(&Some(true));
        is_included && !listed(&class.exclude_users) && !in_groups(&self.exclude_groups)
    }
}
