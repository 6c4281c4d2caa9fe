//! Which policies are about a target.

use std::collections::HashMap;

use serde_json::json;

use super::Pair;
use crate::directory::{Application, Directory};
use crate::filter::Attribute;
use crate::mask::Mask;
use crate::policy::{FilterCondition, Policy, State};
use crate::sign_in::{Target, TokenRequest};

/// Windows Azure Active Directory, the audience of requests for baseline scopes only.
const DIRECTORY: &str = "00000002-0000-0000-c000-000000000000";

/// Scopes that ask for no more than who somebody is.
const OIDC_SCOPES: [&str; 4] = ["email", "offline_access", "openid", "profile"];

/// Scopes that count as the directory's ("Conditional Access: target resources", All resources with exclusions).
const BASELINE_SCOPES: [&str; 11] = [
    "email",
    "offline_access",
    "openid",
    "profile",
    "User.Read",
    "User.Read.All",
    "User.ReadBasic.All",
    "People.Read",
    "People.Read.All",
    "GroupMember.Read.All",
    "Member.Read.Hidden",
];

/// Those that a public client could ask for without any policy, before March 2026.
const FORMER_PUBLIC_SCOPES: [&str; 6] =
    ["email", "offline_access", "openid", "profile", "User.Read", "People.Read"];

/// Names that stand for several applications; as the target of a sign-in they match no list.
const GROUP_NAMES: [&str; 4] = ["office365", "microsoftadminportals", "all", "none"];

/// Which policies are about which target.
#[derive(Clone, Debug)]
pub(crate) struct Targets {
    all: Pair,
    /// By application id or group of applications.
    by_name: HashMap<String, Pair>,
    by_action: HashMap<String, Mask>,
    by_context: HashMap<String, Mask>,
    filters: Vec<(usize, FilterCondition)>,
    /// The policies about all resources but some.
    all_but_some: Mask,
    /// The applications of the directory, by id.
    applications: HashMap<String, Pair>,
    legacy_baseline_scopes: bool,
    baseline_target: String,
}

impl Targets {
    pub(super) fn new(policies: &[Policy], directory: &Directory) -> Targets {
        let mut targets = Targets {
            all: Pair::default(),
            by_name: HashMap::new(),
            by_action: HashMap::new(),
            by_context: HashMap::new(),
            filters: Vec::new(),
            all_but_some: Mask::EMPTY,
            applications: HashMap::new(),
            legacy_baseline_scopes: directory.tenant.legacy_baseline_scopes,
            baseline_target: directory.tenant.baseline_scope_target.clone().unwrap_or(DIRECTORY.to_owned()),
        };
        for (at, policy) in policies.iter().enumerate() {
            targets.add(at, policy);
        }
        let gathered =
            directory.applications.iter().map(|app| (app.app_id.to_lowercase(), targets.gather(app)));
        targets.applications = gathered.collect();
        targets
    }

    fn add(&mut self, at: usize, policy: &Policy) {
        let applications = &policy.conditions.applications;
        let selection = &applications.applications;
        for (entries, excludes) in [(&selection.include, false), (&selection.exclude, true)] {
            for entry in entries {
                let pair = match entry.as_str() {
                    "all" => &mut self.all,
                    "none" => continue,
                    name => self.by_name.entry(name.to_owned()).or_default(),
                };
                if excludes { &mut pair.exclude } else { &mut pair.include }.insert(at);
            }
        }
        // Report-only does not evaluate user actions ("Conditional Access report-only mode").
        if policy.state != State::ReportOnly {
            applications.user_actions.iter().for_each(|name| {
                self.by_action.entry(name.clone()).or_default().insert(at);
            });
        }
        applications
            .contexts
            .iter()
            .for_each(|name| self.by_context.entry(name.clone()).or_default().insert(at));
        self.filters.extend(applications.filter.clone().map(|filter| (at, filter)));
        if applications.includes_all() && applications.excludes_something() {
            self.all_but_some.insert(at);
        }
    }

    fn gather(&self, app: &Application) -> Pair {
        let mut pair = self.all;
        let id = app.app_id.to_lowercase();
        if !GROUP_NAMES.contains(&id.as_str()) {
            pair.add_from(&self.by_name, &id);
        }
        app.groups.iter().for_each(|group| pair.add_from(&self.by_name, &group.to_lowercase()));
        for (at, condition) in &self.filters {
            let Ok(filter) = &condition.filter else { continue };
            if filter.matches(&|name| app.attributes.get(name).unwrap_or(&Attribute::Null)) {
                if condition.excludes { &mut pair.exclude } else { &mut pair.include }.insert(*at);
            }
        }
        pair
    }

    fn application(&self, id: &str) -> Mask {
        let known = self.applications.get(id).or_else(|| self.applications.get(&id.to_lowercase()));
        known
            .copied()
            .unwrap_or_else(|| self.gather(&Application::from_json(&json!({"appId": id}))))
            .applies()
    }

    /// The policies about a target.
    pub(crate) fn of(&self, target: &Target) -> Mask {
        match target {
            Target::Applications(ids) => {
                ids.iter().map(|id| self.application(id)).fold(Mask::EMPTY, |all, one| all | one)
            }
            Target::UserAction(name) => self.by_action.get(name).copied().unwrap_or_default(),
            Target::Context(name) => self.by_context.get(name).copied().unwrap_or_default(),
            Target::Token(request) => self.token(request),
        }
    }

    /// The audiences of a token request: the resources asked for, or the directory if no more than baseline scopes are
    /// asked for; and a confidential client that asks for an ID token.
    fn token(&self, request: &TokenRequest) -> Mask {
        let mut mask = Mask::EMPTY;
        if request.is_confidential && request.id_token {
            mask |= self.application(&request.client);
        }
        for (resource, scopes) in &request.scopes {
            if request.is_confidential && scopes.iter().all(|scope| has(&OIDC_SCOPES, scope)) {
                // Nothing but the client itself is asked for.
                mask |= if request.id_token { Mask::EMPTY } else { self.application(&request.client) };
            } else if !scopes.iter().all(|scope| has(&BASELINE_SCOPES, scope)) {
                mask |= self.application(resource);
            } else if !self.legacy_baseline_scopes {
                mask |= self.application(&self.baseline_target);
            } else if request.is_confidential || scopes.iter().all(|scope| has(&FORMER_PUBLIC_SCOPES, scope))
            {
                mask |= self.application(DIRECTORY) & !self.all_but_some;
            } else {
                mask |= self.application(resource);
            }
        }
        mask
    }

    /// The applications that policies name and the directory does not list, in order.
    pub(crate) fn unlisted(&self) -> Vec<String> {
        let is_id = |name: &str| name.len() == 36 && name.bytes().filter(|byte| *byte == b'-').count() == 4;
        let named = self.by_name.keys().filter(|name| is_id(name) && !self.applications.contains_key(*name));
        let mut found: Vec<String> = named.cloned().collect();
        found.sort_unstable();
        found
    }

    /// The user actions that policies name.
    pub(crate) fn actions(&self) -> impl Iterator<Item = &String> {
        self.by_action.keys()
    }

    /// The authentication contexts that policies name.
    pub(crate) fn contexts(&self) -> impl Iterator<Item = &String> {
        self.by_context.keys()
    }
}

fn has(scopes: &[&str], scope: &str) -> bool {
    scopes.iter().any(|known| known.eq_ignore_ascii_case(scope))
}
