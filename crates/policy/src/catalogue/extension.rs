//! Extension types: resources that belong to another resource, without tags or location of their own.

/// Types that extend others, folded. A name that ends with `/` stands for its whole namespace.
const EXTENSIONS: &[&str] = &[
    "microsoft.advisor/",
    "microsoft.authorization/",
    "microsoft.consumption/",
    "microsoft.costmanagement/",
    "microsoft.eventgrid/eventsubscriptions",
    "microsoft.guestconfiguration/",
    "microsoft.insights/datacollectionruleassociations",
    "microsoft.insights/diagnosticsettings",
    "microsoft.insights/vminsightsonboardingstatuses",
    "microsoft.kubernetesconfiguration/",
    "microsoft.maintenance/configurationassignments",
    "microsoft.policyinsights/",
    "microsoft.recoveryservices/backupprotecteditems",
    "microsoft.resources/links",
    "microsoft.resources/tags",
    "microsoft.security/",
    "microsoft.securityinsights/",
];

/// Whether a folded type extends other resources.
pub(crate) fn is_extension(folded: &str) -> bool {
    EXTENSIONS
        .iter()
        .any(|known| if known.ends_with('/') { folded.starts_with(known) } else { folded == *known })
}

#[cfg(test)]
mod tests {
    use super::is_extension;

    #[test]
    fn whole_namespaces_and_single_types() {
        assert!(is_extension("microsoft.authorization/roleassignments"));
        assert!(is_extension("microsoft.insights/diagnosticsettings"));
        assert!(!is_extension("microsoft.insights/components"));
    }
}
