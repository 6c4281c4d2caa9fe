//! What happens to resources that the template does not name.

use std::collections::{BTreeSet, HashSet};

use azimuth_ids::{IdKind, IdRef, eq_fold, fold};

use super::change::{Change, ChangeType, ResultFormat, WhatIf, WhatIfNote, WhatIfOptions};
use crate::template::{EstateView, Expansion, Mode, Target};

/// The first api-version of deployments for which a resource whose condition is false counts as absent.
const CONDITION_DELETES_FROM: &str = "2019-05-10";

/// Top-level types that complete mode leaves alone (public list of complete-mode deletion).
const KEPT: &[&str] = &[
    "Microsoft.Resources/deployments",
    "Microsoft.Resources/deploymentStacks",
    "Microsoft.Authorization/locks",
    "Microsoft.Authorization/roleAssignments",
    "Microsoft.Authorization/policyAssignments",
    "Microsoft.PolicyInsights/remediations",
    "Microsoft.Security/pricings",
    "Microsoft.Advisor/recommendations",
];

/// Adds `Delete` and `Ignore` for the resource groups that the deployment touches.
pub(super) fn add_rest(
    expansion: &Expansion,
    estate: &dyn EstateView,
    target: &Target,
    options: &WhatIfOptions,
    named: &HashSet<String>,
    out: &mut WhatIf,
) {
    let own = match target {
        Target::ResourceGroup(..) => target.id().as_str().map(|id| fold(id).into_owned()),
        _ => None,
    };
    let mut groups: BTreeSet<String> = own.iter().cloned().collect();
    for deployment in &expansion.deployments {
        let scope = IdRef::parse(&deployment.scope);
        if scope.is_ok_and(|scope| scope.kind() == IdKind::ResourceGroup) {
            groups.insert(fold(&deployment.scope).into_owned());
        }
    }
    if options.mode == Mode::Complete && own.is_none() {
        out.diagnostics.push(WhatIfNote::new(
            "CompleteModeNotSupported",
            target.id().as_str().unwrap_or_default(),
            "complete mode only exists for resource groups; nothing is deleted",
        ));
    }
    let spared: HashSet<String> = match &options.api_version {
        Some(version) if version.as_str() < CONDITION_DELETES_FROM => {
            expansion.skipped.iter().map(|resource| fold(&resource.id).into_owned()).collect()
        }
        _ => HashSet::new(),
    };
    for group in groups {
        let deletes = options.mode == Mode::Complete && own.as_ref() == Some(&group);
        let mut rest = estate.in_resource_group(&group);
        rest.sort_unstable_by_key(|id| fold(id).into_owned());
        let is_locked = deletes && (options.is_locked || rest.iter().any(|id| is_group_lock(id)));
        if is_locked {
            out.diagnostics.push(WhatIfNote::new(
                "ResourceGroupLocked",
                &group,
                "a lock protects the resource group; nothing is deleted",
            ));
        }
        let mut deleted: Vec<String> = Vec::new();
        for id in rest {
            let key = fold(&id).into_owned();
            let Ok(parsed) = IdRef::parse(&id) else { continue };
            if named.contains(&key) {
                continue;
            }
            let falls_with = deleted.iter().any(|parent| is_below(&key, parent));
            let is_top =
                parsed.kind() == IdKind::Resource && parsed.resource_type().as_str().split('/').count() == 2;
            let is_kept = spared.contains(&key)
                || KEPT.iter().any(|kept| eq_fold(kept, parsed.resource_type().as_str()));
            let change_type = if deletes && !is_locked && (falls_with || (is_top && !is_kept)) {
                if is_top {
                    deleted.push(key);
                }
                ChangeType::Delete
            } else if parsed.kind() == IdKind::Extension || (!is_top && deletes && is_kept) {
                // Extensions stay with what they extend and are not listed.
                continue;
            } else {
                ChangeType::Ignore
            };
            let mut change = Change::new(&id, change_type);
            if options.result_format == ResultFormat::FullResourcePayloads {
                change.before = estate.resource(&id).map(std::borrow::Cow::into_owned);
            }
            out.changes.push(change);
        }
    }
}

fn is_below(key: &str, parent: &str) -> bool {
    key.strip_prefix(parent).is_some_and(|rest| rest.starts_with('/'))
}

/// Whether an id is that of a lock on the resource group itself.
fn is_group_lock(id: &str) -> bool {
    IdRef::parse(id).is_ok_and(|id| {
        id.is_type("Microsoft.Authorization/locks")
            && id.parent().is_some_and(|parent| parent.kind() == IdKind::ResourceGroup)
    })
}
