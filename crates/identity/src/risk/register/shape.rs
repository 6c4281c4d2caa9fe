//! The objects of Microsoft Graph: `riskyUser`, `riskyServicePrincipal`, `riskyUserHistoryItem`, and the risk of a `signIn`.

use serde_json::{Value, json};

use super::{HistoryEntry, RiskySignIn, RiskyUser};
use crate::risk::catalogue::RiskEventType;
use crate::risk::transition::Subject;

impl RiskyUser {
    /// The `riskyUser` object, or `riskyServicePrincipal`.
    pub fn to_json(&self) -> Value {
        if self.subject == Subject::ServicePrincipal {
            return json!({
                "id": self.id,
                "displayName": self.name,
                "servicePrincipalType": "Application",
                "isProcessing": false,
                "riskLevel": self.risk.level.name(),
                "riskState": self.risk.state.name(),
                "riskDetail": self.risk.detail.name(),
                "riskLastUpdatedDateTime": self.updated_at.to_string(),
            });
        }
        json!({
            "id": self.id,
            "isDeleted": self.risk.is_deleted,
            "isProcessing": false,
            "riskLevel": self.risk.level.name(),
            "riskState": self.risk.state.name(),
            "riskDetail": self.risk.detail.name(),
            "riskLastUpdatedDateTime": self.updated_at.to_string(),
            "userDisplayName": self.display_name,
            "userPrincipalName": self.name,
        })
    }

    /// The `riskyUserHistoryItem` objects, the oldest first.
    pub fn history_json(&self) -> Vec<Value> {
        self.history.iter().map(|entry| self.history_item(entry)).collect()
    }

    fn history_item(&self, entry: &HistoryEntry) -> Value {
        let kinds: Vec<&str> = entry.detection.iter().map(|kind: &RiskEventType| kind.name()).collect();
        json!({
            "id": format!("{}{}", self.id, entry.at.as_millisecond()),
            "isDeleted": entry.risk.is_deleted,
            "isProcessing": false,
            "riskLevel": entry.risk.level.name(),
            "riskState": entry.risk.state.name(),
            "riskDetail": entry.risk.detail.name(),
            "riskLastUpdatedDateTime": entry.at.to_string(),
            "userDisplayName": self.display_name,
            "userPrincipalName": self.name,
            "userId": self.id,
            "initiatedBy": (!entry.by.is_empty()).then_some(&entry.by),
            "activity": {"riskEventTypes": kinds, "detail": entry.risk.detail.name()},
        })
    }
}

impl RiskySignIn {
    /// The members of the `signIn` object that speak of risk, and those by which the sign-in is known.
    pub fn to_json(&self) -> Value {
        let (state, city) = self.place.split_once('/').unwrap_or_default();
        json!({
            "id": self.id,
            "createdDateTime": self.at.to_string(),
            "correlationId": self.correlation_id,
            "userId": self.user_id,
            "userPrincipalName": self.user_name,
            "appDisplayName": self.application_name,
            "isInteractive": self.is_interactive,
            "authenticationRequirement":
                if self.has_mfa { "multiFactorAuthentication" } else { "singleFactorAuthentication" },
            "deviceDetail": {"browser": self.client},
            "ipAddress": self.address.map(|address| address.to_string()),
            "location": {"city": city, "state": state, "countryOrRegion": self.country},
            "riskLevelAggregated": self.risk.level.name(),
            "riskLevelDuringSignIn": self.risk.during_sign_in.name(),
            "riskState": self.risk.state.name(),
            "riskDetail": self.risk.detail.name(),
            "riskEventTypes_v2": self.kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>(),
        })
    }
}
