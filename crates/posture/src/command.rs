//! The commands that bring missing evidence, each with what turns its output into evidence.
//!
//! A document proves what it says by being there. That a list was read to its end does not follow from the file
//! that a command prints: the collector records it, and for anything else the user says it with
//! `--assume-complete`.

use azimuth_ids::fold;

/// The command that collects everything, with the evidence that goes with it.
pub(crate) const COLLECT: &str = "azimuth collect --out exports";

/// Brings the complete list of a type or Graph collection: the collector, or `command`, whose output is to be kept
/// and vouched for. The text can be pasted into a shell; what follows the collector is a comment.
pub(crate) fn list(command: &str, kind: &str) -> String {
    format!("{COLLECT}  # or: {}", kept(command, kind))
}

/// The same for a list that only one subscription lacks.
pub(crate) fn list_of(subscription: &str, command: &str, kind: &str) -> String {
    format!("{COLLECT} --subscription {subscription}  # or: {}", kept(command, kind))
}

fn kept(command: &str, kind: &str) -> String {
    let file = fold(kind.rsplit('/').next().unwrap_or(kind)).into_owned();
    format!("{command} > exports/{file}.json, then assess with --assume-complete {kind}")
}

/// The Resource Graph query that prints resources of a type with their properties, which `az resource list` leaves
/// out; in one subscription or in all.
pub(crate) fn query(kind: &str, subscription: Option<&str>) -> String {
    let within = subscription.map(|guid| format!(" --subscriptions {guid}")).unwrap_or_default();
    format!("az graph query{within} -q \"resources | where type =~ '{kind}'\" --first 1000")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_comes_with_what_makes_it_evidence() {
        assert_eq!(
            list("az account list --all", "Microsoft.Resources/subscriptions"),
            "azimuth collect --out exports  # or: az account list --all > exports/subscriptions.json, then assess \
             with --assume-complete Microsoft.Resources/subscriptions"
        );
        let one = list_of("s1", &query("Microsoft.Web/sites", Some("s1")), "Microsoft.Web/sites");
        assert!(one.starts_with(
            "azimuth collect --out exports --subscription s1  # or: az graph query --subscriptions s1 "
        ));
    }
}
