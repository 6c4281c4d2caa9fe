//! Which policies are about somebody.

use std::collections::HashMap;

use super::Pair;
use crate::directory::{Directory, ServicePrincipal, User, UserKind};
use crate::filter::Attribute;
use crate::mask::Mask;
use crate::policy::{ExternalUsers, FilterCondition, Policy};
use crate::sign_in::Risk;

/// Which policies are about whom.
#[derive(Clone, Debug)]
pub(crate) struct People {
    about_users: Mask,
    about_workloads: Mask,
    everyone: Pair,
    all_external: Pair,
    by_user: HashMap<String, Pair>,
    by_group: HashMap<String, Pair>,
    by_role: HashMap<String, Pair>,
    external: Vec<External>,
    every_principal: Pair,
    by_principal: HashMap<String, Pair>,
    principal_filters: Vec<(usize, FilterCondition)>,
    principal_risks: Vec<Mask>,
    /// Positions of users by id in lower case.
    users: HashMap<String, usize>,
}

#[derive(Clone, Debug)]
struct External {
    at: usize,
    excludes: bool,
    choice: ExternalUsers,
}

impl People {
    pub(super) fn new(policies: &[Policy], directory: &Directory) -> People {
        let positions = directory.users.iter().enumerate().map(|(at, user)| (user.id.to_lowercase(), at));
        let mut people = People {
            about_users: Mask::EMPTY,
            about_workloads: Mask::EMPTY,
            everyone: Pair::default(),
            all_external: Pair::default(),
            by_user: HashMap::new(),
            by_group: HashMap::new(),
            by_role: HashMap::new(),
            external: Vec::new(),
            every_principal: Pair::default(),
            by_principal: HashMap::new(),
            principal_filters: Vec::new(),
            principal_risks: vec![Mask::EMPTY; Risk::ALL.len()],
            users: positions.collect(),
        };
        for (at, policy) in policies.iter().enumerate() {
            people.add(at, policy);
        }
        people.spread_to_nested_groups(directory);
        people
    }

    fn add(&mut self, at: usize, policy: &Policy) {
        let conditions = &policy.conditions;
        if conditions.is_about_agents {
            return;
        }
        let (included, excluded) = (include(at), exclude(at));
        if let Some(users) = &conditions.users {
            self.about_users.insert(at);
            for (entries, pair) in [(&users.users.include, included), (&users.users.exclude, excluded)] {
                for entry in entries {
                    match entry.as_str() {
                        "all" => self.everyone.add(pair),
                        "none" => {}
                        "guestsorexternalusers" => self.all_external.add(pair),
                        id => self.by_user.entry(id.to_owned()).or_default().add(pair),
                    }
                }
            }
            for (entries, pair) in [(&users.groups.include, included), (&users.groups.exclude, excluded)] {
                entries.iter().for_each(|id| self.by_group.entry(id.clone()).or_default().add(pair));
            }
            for (entries, pair) in [(&users.roles.include, included), (&users.roles.exclude, excluded)] {
                entries.iter().for_each(|id| self.by_role.entry(id.clone()).or_default().add(pair));
            }
            for (choice, excludes) in [(&users.include_external, false), (&users.exclude_external, true)] {
                self.external.extend(choice.iter().cloned().map(|choice| External { at, excludes, choice }));
            }
        }
        if let Some(workloads) = &conditions.workloads {
            self.about_workloads.insert(at);
            let principals = &workloads.principals;
            for (entries, pair) in [(&principals.include, included), (&principals.exclude, excluded)] {
                for entry in entries {
                    match entry.as_str() {
                        "serviceprincipalsinmytenant" => self.every_principal.add(pair),
                        id => self.by_principal.entry(id.to_owned()).or_default().add(pair),
                    }
                }
            }
            self.principal_filters.extend(workloads.filter.clone().map(|filter| (at, filter)));
        }
        let levels = &conditions.service_principal_risk_levels;
        for risk in Risk::ALL {
            if levels.is_empty() || levels.iter().any(|level| level == risk.wire()) {
                self.principal_risks[*risk as usize].insert(at);
            }
        }
    }

    /// Members of a nested group are members of the group around it.
    fn spread_to_nested_groups(&mut self, directory: &Directory) {
        let spread = directory.groups.iter().filter(|(_, parents)| !parents.is_empty()).map(|(group, _)| {
            let mut pair = Pair::default();
            directory
                .group_closure(group)
                .into_iter()
                .for_each(|around| pair.add_from(&self.by_group, around));
            (group.clone(), pair)
        });
        let spread: Vec<(String, Pair)> = spread.collect();
        self.by_group.extend(spread);
    }

    /// The position of the user of this id in the directory.
    pub(crate) fn position(&self, user: &str) -> Option<usize> {
        self.users.get(user).or_else(|| self.users.get(&user.to_lowercase())).copied()
    }

    /// The policies about a user of the directory.
    pub(crate) fn user(&self, user: &User) -> Mask {
        let mut pair = self.everyone;
        match self.by_user.get(&user.id) {
            Some(found) => pair.add(*found),
            None if user.id.chars().any(char::is_uppercase) => {
                pair.add_from(&self.by_user, &user.id.to_lowercase());
            }
            None => {}
        }
        user.groups.iter().for_each(|group| pair.add_from(&self.by_group, group));
        user.roles.iter().for_each(|role| pair.add_from(&self.by_role, role));
        if user.kind != UserKind::Member {
            self.add_external(&mut pair, user.kind, user.home_tenant.as_deref());
        }
        self.about_users & pair.applies()
    }

    /// The policies about somebody without an object in the directory.
    pub(crate) fn external(&self, kind: UserKind, home_tenant: Option<&str>) -> Mask {
        let mut pair = self.everyone;
        self.add_external(&mut pair, kind, home_tenant);
        self.about_users & pair.applies()
    }

    fn add_external(&self, pair: &mut Pair, kind: UserKind, home_tenant: Option<&str>) {
        pair.add(self.all_external);
        let Some(wire) = kind.wire() else { return };
        for External { at, excludes, choice } in &self.external {
            let is_kind = choice.kinds.iter().any(|listed| listed.eq_ignore_ascii_case(wire));
            let is_tenant = choice.tenants.as_ref().is_none_or(|tenants| {
                home_tenant.is_some_and(|home| tenants.iter().any(|listed| listed.eq_ignore_ascii_case(home)))
            });
            if is_kind && is_tenant {
                pair.add(if *excludes { exclude(*at) } else { include(*at) });
            }
        }
    }

    /// The policies about a service principal at a level of risk; `None` is one that the directory does not know.
    pub(crate) fn principal(&self, principal: Option<&ServicePrincipal>, risk: Risk) -> Mask {
        let Some(principal) = principal.filter(|principal| principal.is_covered) else { return Mask::EMPTY };
        let mut pair = self.every_principal;
        pair.add_from(&self.by_principal, &principal.id.to_lowercase());
        for (at, condition) in &self.principal_filters {
            let Ok(filter) = &condition.filter else { continue };
            if filter.matches(&|name| principal.attributes.get(name).unwrap_or(&Attribute::Null)) {
                pair.add(if condition.excludes { exclude(*at) } else { include(*at) });
            }
        }
        self.about_workloads & !self.about_users & pair.applies() & self.principal_risks[risk as usize]
    }

    /// True if the policy is about workload identities.
    pub(crate) fn is_about_workloads(&self, at: usize) -> bool {
        self.about_workloads.contains(at)
    }
}

fn include(at: usize) -> Pair {
    let mut pair = Pair::default();
    pair.include.insert(at);
    pair
}

fn exclude(at: usize) -> Pair {
    let mut pair = Pair::default();
    pair.exclude.insert(at);
    pair
}
