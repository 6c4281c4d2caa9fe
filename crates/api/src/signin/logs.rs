//! Rows of what happened: every sign-in one of a sign-in table, every change one of `AuditLogs`.

use std::net::IpAddr;
use std::sync::Mutex;

use azimuth_host::Record;
use azimuth_identity::credentials::{Method, multi_factor};
use azimuth_identity::logs::{self, Table};
use jiff::Timestamp;
use serde_json::{Value, json};

/// Takes rows. Called while a request is answered: hand over and return.
pub trait Log: Send + Sync {
    /// Appends a row to a table of Log Analytics.
    fn append(&self, table: &'static str, row: Record);
}

/// Keeps rows in memory, for tests.
#[derive(Debug, Default)]
pub struct MemoryLog(Mutex<Vec<(&'static str, Record)>>);

impl MemoryLog {
    /// All rows so far.
    ///
    /// # Panics
    /// If a holder of the lock panicked.
    pub fn rows(&self) -> Vec<(&'static str, Record)> {
        self.0.lock().expect("no holder of this lock panics").clone()
    }
}

impl Log for MemoryLog {
    fn append(&self, table: &'static str, row: Record) {
        self.0.lock().expect("no holder of this lock panics").push((table, row));
    }
}

/// A sign-in as the log tells it.
pub(super) struct SignIn<'a> {
    pub(super) now: Timestamp,
    pub(super) id: String,
    pub(super) tenant: &'a str,
    /// Object id, name and display name; empty where nobody is known by the name
    pub(super) user: (&'a str, &'a str, &'a str),
    pub(super) application: (&'a str, &'a str),
    pub(super) resource: &'a str,
    /// 0, or the number of the error
    pub(super) code: u32,
    pub(super) reason: &'a str,
    pub(super) methods: &'a [Method],
    pub(super) address: Option<IpAddr>,
    pub(super) agent: &'a str,
    pub(super) correlation: &'a str,
    pub(super) protocol: &'static str,
    pub(super) transfer: bool,
    pub(super) session: &'a str,
    pub(super) policies: (&'static str, &'a [Value]),
    pub(super) kind: SignInKind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum SignInKind {
    Interactive,
    NonInteractive,
    Application,
}

impl SignIn<'_> {
    /// The table, and its row.
    pub(super) fn row(&self) -> (&'static str, Record) {
        let table = match self.kind {
            SignInKind::Interactive => Table::SigninLogs,
            SignInKind::NonInteractive => Table::NonInteractiveUserSignInLogs,
            SignInKind::Application => Table::ServicePrincipalSignInLogs,
        };
        (table.name(), logs::row(table, &self.resource()).unwrap_or_default())
    }

    /// The sign-in as Microsoft Graph shows it: the resource type `signIn`.
    fn resource(&self) -> Value {
        let reason = if self.code == 0 { "" } else { self.reason };
        let mut sign_in = json!({
            "id": self.id,
            "createdDateTime": self.now,
            "correlationId": self.correlation,
            "appId": self.application.0,
            "appDisplayName": self.application.1,
            "resourceId": self.resource,
            "resourceDisplayName": self.resource,
            "resourceTenantId": self.tenant,
            "homeTenantId": self.tenant,
            "AADTenantId": self.tenant,
            "ipAddress": self.address.map(|address| address.to_string()),
            "userAgent": self.agent,
            "status": {"errorCode": self.code, "failureReason": reason},
            "conditionalAccessStatus": self.policies.0,
            "appliedConditionalAccessPolicies": self.policies.1,
        });
        let more = if self.kind == SignInKind::Application {
            json!({"servicePrincipalId": self.user.0, "servicePrincipalName": self.application.1})
        } else {
            let details: Vec<Value> = self.methods.iter().map(|method| self.detail(*method)).collect();
            let requirement = if multi_factor(self.methods) { "multi" } else { "single" };
            json!({
                "userId": self.user.0,
                "userPrincipalName": self.user.1,
                "userDisplayName": self.user.2,
                "userType": "Member",
                "signInIdentifier": self.user.1,
                "isInteractive": self.kind == SignInKind::Interactive,
                "clientAppUsed": if self.protocol == "ropc" { "Mobile Apps and Desktop clients" } else { "Browser" },
                "deviceDetail": {"browser": self.agent},
                "authenticationProtocol": self.protocol,
                "originalTransferMethod": if self.transfer { "deviceCodeFlow" } else { "none" },
                "authenticationRequirement": format!("{requirement}FactorAuthentication"),
                "authenticationDetails": details,
                "sessionId": self.session,
            })
        };
        if let (Value::Object(sign_in), Value::Object(more)) = (&mut sign_in, more) {
            sign_in.extend(more);
        }
        sign_in
    }

    fn detail(&self, method: Method) -> Value {
        json!({
            "authenticationMethod": method.label(),
            "succeeded": true,
            "authenticationStepDateTime": self.now,
        })
    }
}

/// A change as the log tells it.
pub(super) struct Audit<'a> {
    pub(super) now: Timestamp,
    pub(super) id: String,
    pub(super) tenant: &'a str,
    pub(super) activity: &'a str,
    pub(super) category: &'a str,
    /// Who did it: object id and name
    pub(super) by: (&'a str, &'a str),
    /// What it was done to: type, id and name
    pub(super) to: (&'a str, &'a str, &'a str),
    pub(super) failure: Option<&'a str>,
    pub(super) correlation: &'a str,
    pub(super) address: Option<IpAddr>,
}

impl Audit<'_> {
    /// The row of `AuditLogs`, by way of the resource type `directoryAudit`.
    pub(super) fn row(&self) -> Record {
        let address = self.address.map(|address| address.to_string());
        let audit = json!({
            "id": self.id,
            "activityDateTime": self.now,
            "AADTenantId": self.tenant,
            "activityDisplayName": self.activity,
            "category": self.category,
            "operationType": self.activity.split(' ').next(),
            "loggedByService": "Azimuth sign-in",
            "initiatedBy": {"user": {"id": self.by.0, "userPrincipalName": self.by.1, "ipAddress": address}},
            "targetResources": [{"type": self.to.0, "id": self.to.1, "displayName": self.to.2}],
            "result": if self.failure.is_some() { "failure" } else { "success" },
            "resultReason": self.failure.unwrap_or_default(),
            "correlationId": self.correlation,
        });
        logs::row(Table::AuditLogs, &audit).unwrap_or_default()
    }
}
