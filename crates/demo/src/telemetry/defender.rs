//! Defender plans of a subscription and its security contact.

use serde_json::{Value, json};

use crate::flaws::Kind;
use crate::names::DOMAIN;
use crate::plan::Purpose;
use crate::workload::Draft;

/// Plans with their sub-plan. The last of them protect kinds of resources that Contoso does not have.
const PLANS: &[(&str, Option<&str>)] = &[
    ("VirtualMachines", Some("P2")),
    ("SqlServers", None),
    ("AppServices", None),
    ("StorageAccounts", Some("DefenderForStorageV2")),
    ("KeyVaults", Some("PerKeyVault")),
    ("Containers", None),
    ("CosmosDbs", None),
    ("Arm", Some("PerSubscription")),
    ("CloudPosture", None),
    ("SqlServerVirtualMachines", None),
    ("OpenSourceRelationalDatabases", None),
    ("Api", None),
];

impl Draft<'_> {
    /// The rows of `az security pricing list`.
    pub(crate) fn defender_plans(&mut self) -> Vec<Value> {
        let mut rows = Vec::new();
        for &(name, sub_plan) in PLANS {
            let id = format!("{}/providers/Microsoft.Security/pricings/{name}", self.subscription.scope());
            let needed = name == "Arm" || self.plans_needed.contains(name);
            let standard = if needed {
                let planted = self.planter.plants(Kind::PlanFree);
                if planted {
                    self.planter.record("TH-1", &id, "$.properties.pricingTier");
                }
                !planted
            } else {
                name == "CloudPosture" || self.rng.chance(1, 2)
            };
            let mut row = json!({
                "enforce": "False",
                "freeTrialRemainingTime": "0:00:00",
                "id": id,
                "name": name,
                "pricingTier": if standard { "Standard" } else { "Free" },
                "type": "Microsoft.Security/pricings",
            });
            if standard {
                row["enablementTime"] = json!(self.plan.calendar.days_ago(300, &mut self.rng));
                row["subPlan"] = json!(sub_plan);
            }
            rows.push(row);
        }
        rows
    }

    /// The security contact, in one of the shapes that the service has answered with over the years.
    pub(crate) fn security_contact(&mut self) -> Option<Value> {
        let id =
            format!("{}/providers/Microsoft.Security/securityContacts/default", self.subscription.scope());
        if self.subscription.purpose == Purpose::Retired {
            // A disabled subscription needs no contact.
            return None;
        }
        if self.planter.plants(Kind::ContactMissing) {
            self.planter.record("NO-1", id, "$");
            return None;
        }
        let emails = *self.rng.pick(&[
            "soc@contoso.com",
            "soc@contoso.com;platform@contoso.com",
            "soc@contoso.com;oncall@contoso.com;ciso@contoso.com",
        ]);
        let phone = format!("+1-555-0{}", self.rng.between(100, 199));
        let owners = json!({"state": "On", "roles": ["Owner"]});
        let mut properties = match self.rng.below(3) {
            0 => json!({"emails": emails, "phone": phone, "isEnabled": true, "notificationsByRole": owners,
                "notificationsSources": [{"sourceType": "Alert", "minimalSeverity": "Medium"},
                    {"sourceType": "AttackPath", "minimalRiskLevel": "Critical"}]}),
            1 => {
                json!({"email": format!("soc@{DOMAIN}"), "phone": phone, "alertNotifications": "On", "alertsToAdmins": "On"})
            }
            _ => json!({"emails": emails, "phone": phone, "notificationsByRole": owners,
                "alertNotifications": {"state": "On", "minimalSeverity": "High"}}),
        };
        let path = if self.planter.plants(Kind::ContactWithoutEmail) {
            properties = json!({"emails": "", "phone": phone, "notificationsByRole": owners,
                "alertNotifications": {"state": "On", "minimalSeverity": "High"}});
            Some("$.properties.emails")
        } else if self.planter.plants(Kind::ContactWithoutPhone) {
            properties["phone"] = json!("");
            Some("$.properties.phone")
        } else if self.planter.plants(Kind::ContactAlertsOff) {
            if properties.get("email").is_some() {
                properties["alertNotifications"] = json!("Off");
            } else {
                properties = json!({"emails": emails, "phone": phone, "notificationsByRole": owners,
                    "alertNotifications": {"state": "Off", "minimalSeverity": "High"}});
            }
            Some("$.properties.alertNotifications")
        } else {
            None
        };
        if let Some(path) = path {
            self.planter.record("NO-1", &id, path);
        }
        Some(
            json!({"id": id, "name": "default", "type": "Microsoft.Security/securityContacts", "properties": properties}),
        )
    }
}
