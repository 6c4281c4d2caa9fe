//! Which scope contains what.

use crate::fold::eq;

/// Whether `id` is at or below `scope`. Whole segments are compared, without letter case. `ancestors` are the management
/// groups above the subscription of `id`, or above the group that `id` is.
pub fn is_within(id: &str, scope: &str, ancestors: &[String]) -> bool {
    let scope = scope.trim_end_matches('/');
    if scope.is_empty() {
        return true;
    }
    if is_management_group(scope) {
        return eq(id.trim_end_matches('/'), scope)
            || ancestors.iter().any(|group| eq(group.trim_end_matches('/'), scope));
    }
    let mut parts = id.trim_end_matches('/').split('/');
    scope.split('/').all(|wanted| parts.next().is_some_and(|found| eq(found, wanted)))
}

/// Whether the scope is a management group itself.
fn is_management_group(scope: &str) -> bool {
    let mut parts = scope.split('/').skip(1);
    let is_prefix = ["providers", "Microsoft.Management", "managementGroups"]
        .iter()
        .all(|wanted| parts.next().is_some_and(|found| eq(found, wanted)));
    is_prefix && parts.next().is_some() && parts.next().is_none()
}

/// Whether a definition may be assigned to `scope`: only at or below where it is stored; built-ins anywhere.
/// `ancestors` are the management groups above `scope`.
pub fn may_assign(definition_id: &str, scope: &str, ancestors: &[String]) -> bool {
    let folded = definition_id.to_ascii_lowercase();
    match folded.rfind("/providers/microsoft.authorization/") {
        Some(0) | None => true,
        Some(at) => is_within(scope, &definition_id[..at], ancestors),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_segments_count() {
        let groups = ["/providers/Microsoft.Management/managementGroups/corp".to_owned()];
        for (id, scope, expected) in [
            (
                "/subscriptions/A/resourceGroups/rg1/providers/x/y/z",
                "/subscriptions/a/resourcegroups/RG1",
                true,
            ),
            ("/subscriptions/a/resourceGroups/rg10", "/subscriptions/a/resourceGroups/rg1", false),
            ("/subscriptions/a", "/providers/Microsoft.Management/managementGroups/corp", true),
            ("/subscriptions/a", "/providers/Microsoft.Management/managementGroups/other", false),
            ("/subscriptions/a", "/", true),
        ] {
            assert_eq!(is_within(id, scope, &groups), expected, "{id} {scope}");
        }
    }
}
