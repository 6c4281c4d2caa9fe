//! What the estate adds to a check: what exists, and the assignments in force where the templates are deployed.

use std::sync::Arc;

use azimuth_arm::{Context, Target, Value};
use azimuth_estate::Snapshot;
use azimuth_ids::{IdKind, IdRef, fold};
use azimuth_policy::{Inventory, Surroundings as Around, is_within};
use azimuth_preflight::{Assigned, RuleInfo};
use jiff::Timestamp;
use serde_json::Value as Json;

use crate::args::{CheckArgs, CloudName, InputArgs};
use crate::command::arm::estate::facts;
use crate::command::arm::target::{Level, placeholder};
use crate::command::policy::aliases;
use crate::exit::Failure;
use crate::input::{self, Estate};
use crate::ui::Ui;

/// Assignments named in a note.
const SHOWN: usize = 3;

/// What surrounds every template of a check.
pub(super) struct Surroundings<'e> {
    pub(super) snapshot: Option<&'e Snapshot>,
    pub(super) around: Option<Around<'e>>,
    pub(super) assigned: Option<Assigned>,
    /// Management groups above the scope, nearest first.
    pub(super) ancestors: Vec<String>,
    /// The scope that the user named.
    scope: Option<String>,
    pub(super) now: Timestamp,
}

impl Surroundings<'_> {
    pub(super) fn rules(&self) -> &[RuleInfo] {
        self.assigned.as_ref().map(Assigned::rules).unwrap_or_default()
    }

    /// The deployment of a template of some level: at the scope the user named as far as that fits.
    pub(super) fn context(&self, level: Level, args: &CheckArgs) -> Context {
        let target = self.target(level);
        let id = target.id();
        let id = id.as_str().unwrap_or_default().to_owned();
        let mut context = Context::new(target);
        context.cloud = match args.cloud {
            CloudName::Public => azimuth_arm::Cloud::Public,
            CloudName::UsGovernment => azimuth_arm::Cloud::UsGovernment,
            CloudName::China => azimuth_arm::Cloud::China,
        };
        let parsed = IdRef::parse(&id).ok();
        if let (Some(snapshot), Some(subscription)) = (self.snapshot, parsed.and_then(IdRef::subscription_id))
        {
            let subscription = format!("/subscriptions/{subscription}");
            context.subscription = facts(snapshot, &subscription, &["displayName", "tenantId", "tags"]);
        }
        if level != Level::ResourceGroup {
            context.deployment_location.clone_from(&args.location);
            return context;
        }
        let known =
            self.snapshot.and_then(|snapshot| facts(snapshot, &id, &["location", "tags", "managedBy"]));
        let mut members = match known.as_ref().map(Value::to_json) {
            Some(Json::Object(members)) => members,
            _ => serde_json::Map::new(),
        };
        if let Some(location) = &args.location {
            members.insert("location".to_owned(), location.as_str().into());
        }
        if !members.is_empty() {
            context.resource_group = Some(Value::from_json(&Json::Object(members)));
        }
        context
    }

    /// What the estate knows of the resource group and subscription that an id lies in.
    pub(super) fn facts(&self, id: &str) -> azimuth_policy::Context {
        match &self.around {
            Some(around) => around.context(&fold(id)).clone(),
            None => azimuth_policy::Context::at(self.now),
        }
    }

    fn target(&self, level: Level) -> Target {
        let Some(named) = self.scope.as_deref().and_then(Target::of_id) else { return placeholder(level) };
        match (level, named) {
            (Level::Tenant, _) => Target::Tenant,
            (Level::ResourceGroup, named @ Target::ResourceGroup(..))
            | (Level::Subscription, named @ Target::Subscription(_))
            | (Level::ManagementGroup, named @ Target::ManagementGroup(_)) => named,
            (Level::Subscription, Target::ResourceGroup(subscription, _)) => {
                Target::Subscription(subscription)
            }
            (Level::ResourceGroup, Target::Subscription(subscription)) => match placeholder(level) {
                Target::ResourceGroup(_, name) => Target::ResourceGroup(subscription, name),
                other => other,
            },
            _ => placeholder(level),
        }
    }
}

/// Loads the estate that the arguments name.
pub(super) fn load(args: &CheckArgs, ui: Ui) -> Result<Option<Estate>, Failure> {
    if args.estate.is_empty() && args.store.is_none() {
        return Ok(None);
    }
    let input = InputArgs {
        paths: args.estate.clone(),
        store: args.store.clone().filter(|_| args.estate.is_empty()),
        as_of: args.as_of.clone(),
        ..InputArgs::default()
    };
    input::load(&input, ui).map(Some)
}

pub(super) fn prepare<'e>(
    estate: Option<&'e Estate>,
    args: &CheckArgs,
    ui: Ui,
) -> Result<Surroundings<'e>, Failure> {
    let scope = args.scope.as_deref().map(scope_id).transpose()?;
    let now = estate.map_or_else(Timestamp::now, |estate| estate.as_of);
    let snapshot = estate.map(|estate| &estate.snapshot);
    let mut surroundings = Surroundings {
        snapshot,
        around: snapshot.map(|snapshot| Around::new(snapshot, now)),
        assigned: None,
        ancestors: Vec::new(),
        scope,
        now,
    };
    match (snapshot, surroundings.scope.clone()) {
        (Some(snapshot), Some(scope)) => {
            surroundings.ancestors = ancestors(snapshot, &scope);
            surroundings.assigned = Some(assigned(snapshot, &scope, &surroundings.ancestors, args, ui)?);
        }
        (Some(_), None) => ui.note(
            "note: without `--scope` the policy assignments of the estate are not checked; pass the id of the resource group or subscription deployed to",
        ),
        (None, _) => {}
    }
    Ok(surroundings)
}

/// A scope as people write it: an id, or the bare id of a subscription.
fn scope_id(written: &str) -> Result<String, Failure> {
    let id = if written.starts_with('/') {
        written.trim_end_matches('/').to_owned()
    } else if written.len() == 36 && written.matches('-').count() == 4 {
        format!("/subscriptions/{written}")
    } else {
        format!("/providers/Microsoft.Management/managementGroups/{written}")
    };
    if Target::of_id(&id).is_none() {
        return Err(Failure::usage(format_args!("`{written}` is no scope"))
            .hint("write `/subscriptions/{id}/resourceGroups/{name}`, `/subscriptions/{id}` or the name of a management group"));
    }
    Ok(id)
}

fn ancestors(snapshot: &Snapshot, scope: &str) -> Vec<String> {
    let Ok(id) = IdRef::parse(scope) else { return Vec::new() };
    let hierarchy = snapshot.hierarchy();
    if id.kind() == IdKind::ManagementGroup {
        let above = hierarchy.above(id.name()).map(azimuth_estate::hierarchy::ManagementGroup::id);
        return std::iter::once(scope.to_owned()).chain(above).collect();
    }
    let subscription = id.subscription_id().unwrap_or_default();
    hierarchy.above_subscription(subscription).map(azimuth_estate::hierarchy::ManagementGroup::id).collect()
}

/// The assignments at or above the scope, and those below it, which nested deployments may reach.
fn assigned(
    snapshot: &Snapshot,
    scope: &str,
    ancestors: &[String],
    args: &CheckArgs,
    ui: Ui,
) -> Result<Assigned, Failure> {
    let mut inventory = Inventory::of_snapshot(snapshot, super::threads());
    let folded = fold(scope).into_owned();
    inventory.assignments.retain(|assignment| {
        is_within(scope, &assignment.scope, ancestors) || fold(&assignment.scope).starts_with(&folded)
    });
    if inventory.assignments.is_empty() {
        ui.note(format_args!("note: no policy is assigned at or above `{scope}` in the estate"));
    }
    let catalogue = Arc::new(aliases::catalogue(&args.aliases)?);
    let (assigned, errors) = Assigned::new(
        catalogue,
        &inventory.definitions,
        inventory.initiatives,
        inventory.assignments,
        inventory.exemptions,
    );
    if !errors.is_empty() {
        let shown: Vec<String> = errors.iter().take(SHOWN).map(ToString::to_string).collect();
        let more =
            if errors.len() > SHOWN { format!("; and {} more", errors.len() - SHOWN) } else { String::new() };
        ui.note(format_args!(
            "note: assignments, or parts of them, that cannot be checked: {}: {}{more}",
            errors.len(),
            shown.join("; ")
        ));
    }
    Ok(assigned)
}
