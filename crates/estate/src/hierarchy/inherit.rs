//! Which assignments reach a scope from above.

use azimuth_ids::eq_fold;

/// Something assigned at a scope that holds for everything below it, such as a policy assignment.
pub trait Inheritable {
    /// The scope of the assignment.
    fn scope(&self) -> &str;

    /// The scopes taken out with everything below them (`notScopes`).
    fn not_scopes(&self) -> impl Iterator<Item = &str>;
}

/// The assignments that are effective at the first scope of `chain`, in the order given.
///
/// `chain` is the scope followed by all scopes above it ([`Hierarchy::scope_chain`](super::Hierarchy::scope_chain)),
/// in the spelling that the assignments use: resource ids, or bare names of management groups.
///
/// An assignment flows down to everything below its scope; an excluded scope takes its whole subtree out
/// (Azure Policy, "Assignment structure", excluded scopes). So an assignment is effective if its scope is in
/// the chain and none of its excluded scopes is.
pub fn inherited<'a, A: Inheritable + 'a>(
    chain: &[impl AsRef<str>],
    assignments: impl IntoIterator<Item = &'a A>,
) -> Vec<&'a A> {
    let in_chain = |scope: &str| chain.iter().any(|at| same_scope(at.as_ref(), scope));
    assignments
        .into_iter()
        .filter(|assignment| in_chain(assignment.scope()) && !assignment.not_scopes().any(in_chain))
        .collect()
}

fn same_scope(left: &str, right: &str) -> bool {
    let plain = |text: &str| text.len() > 1 && text.ends_with('/');
    let left = if plain(left) { &left[..left.len() - 1] } else { left };
    let right = if plain(right) { &right[..right.len() - 1] } else { right };
    eq_fold(left, right)
}
