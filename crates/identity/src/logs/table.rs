//! The tables and where each departs from the general rule.

/// A table that is written from objects of Microsoft Graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// Interactive sign-ins of users, from `signIn`.
    SigninLogs,
    /// Sign-ins by a client on behalf of a user, from `signIn`.
    NonInteractiveUserSignInLogs,
    /// Sign-ins of service principals, from `signIn`.
    ServicePrincipalSignInLogs,
    /// Sign-ins of managed identities, from `signIn`.
    ManagedIdentitySignInLogs,
    /// Risk detections, from `riskDetection`.
    UserRiskEvents,
    /// Risky users, from `riskyUser`.
    RiskyUsers,
    /// Risk detections of workload identities, from `servicePrincipalRiskDetection`.
    ServicePrincipalRiskEvents,
    /// Risky workload identities, from `riskyServicePrincipal`.
    RiskyServicePrincipals,
    /// Changes of the directory, from `directoryAudit`.
    AuditLogs,
}

const ALL: [Table; 9] = [
    Table::SigninLogs,
    Table::NonInteractiveUserSignInLogs,
    Table::ServicePrincipalSignInLogs,
    Table::ManagedIdentitySignInLogs,
    Table::UserRiskEvents,
    Table::RiskyUsers,
    Table::ServicePrincipalRiskEvents,
    Table::RiskyServicePrincipals,
    Table::AuditLogs,
];

impl Table {
    /// The table of this name, without regard to case.
    pub fn from_name(name: &str) -> Option<Self> {
        ALL.into_iter().find(|table| table.name().eq_ignore_ascii_case(name))
    }

    /// The name in Log Analytics, which is the column `Type`.
    pub fn name(self) -> &'static str {
        match self {
            Self::SigninLogs => "SigninLogs",
            Self::NonInteractiveUserSignInLogs => "AADNonInteractiveUserSignInLogs",
            Self::ServicePrincipalSignInLogs => "AADServicePrincipalSignInLogs",
            Self::ManagedIdentitySignInLogs => "AADManagedIdentitySignInLogs",
            Self::UserRiskEvents => "AADUserRiskEvents",
            Self::RiskyUsers => "AADRiskyUsers",
            Self::ServicePrincipalRiskEvents => "AADServicePrincipalRiskEvents",
            Self::RiskyServicePrincipals => "AADRiskyServicePrincipals",
            Self::AuditLogs => "AuditLogs",
        }
    }

    /// The category of the diagnostic setting, for the tables of sign-ins; others take it from the object.
    pub(super) fn category(self) -> Option<&'static str> {
        match self {
            Self::SigninLogs => Some("SignInLogs"),
            Self::NonInteractiveUserSignInLogs => Some("NonInteractiveUserSignInLogs"),
            Self::ServicePrincipalSignInLogs => Some("ServicePrincipalSignInLogs"),
            Self::ManagedIdentitySignInLogs => Some("ManagedIdentitySignInLogs"),
            _ => None,
        }
    }

    pub(super) fn is_sign_in(self) -> bool {
        self.category().is_some()
    }

    /// What `OperationName` says, where the object does not.
    pub(super) fn operation(self) -> Option<&'static str> {
        match self {
            _ if self.is_sign_in() => Some("Sign-in activity"),
            Self::UserRiskEvents | Self::ServicePrincipalRiskEvents => Some("User Risk Detection"),
            Self::RiskyUsers | Self::RiskyServicePrincipals => Some("Risky user"),
            _ => None,
        }
    }

    /// The members, the best first, of which `TimeGenerated` is made. Which time risk events carry is not documented.
    pub(super) fn time_members(self) -> &'static [&'static str] {
        match self {
            Self::UserRiskEvents | Self::ServicePrincipalRiskEvents => {
                &["lastUpdatedDateTime", "detectedDateTime", "activityDateTime"]
            }
            Self::RiskyUsers | Self::RiskyServicePrincipals => &["riskLastUpdatedDateTime"],
            Self::AuditLogs => &["activityDateTime"],
            _ => &["createdDateTime"],
        }
    }

    /// The column of a member where it is not the member's name with a capital.
    pub(super) fn column(self, member: &str) -> Option<&'static str> {
        let sign_in = self.is_sign_in();
        Some(match member {
            "ipAddress" if sign_in => "IPAddress",
            "ipAddressFromResourceProvider" if sign_in => "IPAddressFromResourceProvider",
            "location" if sign_in => "LocationDetails",
            "appliedConditionalAccessPolicies" if sign_in => "ConditionalAccessPolicies",
            "riskEventTypes_v2" if sign_in => "RiskEventTypes_V2",
            "resourceId" if sign_in => "ResourceIdentity",
            "processingTimeInMilliseconds" if sign_in => "ProcessingTimeInMilliseconds",
            "operationType" if self == Self::AuditLogs => "AADOperationType",
            _ => return None,
        })
    }

    /// Whether the column holds its objects and collections as JSON text rather than as `dynamic`.
    pub(super) fn is_text(self, column: &str) -> bool {
        const ALWAYS: [&str; 9] = [
            "AuthenticationDetails",
            "AuthenticationProcessingDetails",
            "AuthenticationRequirementPolicies",
            "AuthenticationContextClassReferences",
            "NetworkLocationDetails",
            "RiskEventTypes",
            "RiskEventTypes_V2",
            "SessionLifetimePolicies",
            "ConditionalAccessAudiences",
        ];
        const NOT_INTERACTIVE: [&str; 6] = [
            "DeviceDetail",
            "LocationDetails",
            "Status",
            "ConditionalAccessPolicies",
            "MfaDetail",
            "TokenProtectionStatusDetails",
        ];
        match self {
            Self::SigninLogs => ALWAYS.contains(&column),
            Self::NonInteractiveUserSignInLogs
            | Self::ServicePrincipalSignInLogs
            | Self::ManagedIdentitySignInLogs => {
                ALWAYS.contains(&column) || NOT_INTERACTIVE.contains(&column)
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_found_by_name() {
        for table in ALL {
            assert_eq!(Table::from_name(&table.name().to_uppercase()), Some(table));
        }
        assert_eq!(Table::from_name("Heartbeat"), None);
    }
}
