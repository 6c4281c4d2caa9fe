//! Sign-ins decided by the tenant's own Conditional Access policies, as its documents hold them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use azimuth_host::{AsOf, Documents, DocumentsError, Sequence};
use azimuth_identity::credentials::multi_factor;
use azimuth_identity::{
    ClientApp, Control, Directory, Identity, Network, Outcome, PolicySet, Session, SignIn, Target, decide,
};
use jiff::SignedDuration;
use serde_json::{Map, Value, json};

use super::decide::{Attempt, Baseline, Decide, Decision, Flow, Verdict};

/// Decides by the policies `graph:/identity/conditionalAccess/policies/…`, compiled against the directory beside them and compiled
/// again when either changes. What [`Baseline`] wants is wanted besides: no set of policies leaves an administrator with a password.
///
/// Where policies and directory cannot be read nobody is let in.
pub struct ConditionalAccess {
    documents: Arc<dyn Documents>,
    compiled: Mutex<Option<Compiled>>,
}

#[derive(Clone)]
struct Compiled {
    /// Changes up to here were looked at
    seen: Sequence,
    set: Arc<PolicySet>,
    /// Id and name of each policy, in the order of the set
    names: Arc<Vec<(String, String)>>,
}

const POLICIES: &str = "graph:/identity/conditionalaccess/policies/";
const LOCATIONS: &str = "graph:/identity/conditionalaccess/namedlocations/";
const STRENGTHS: &str = "graph:/identity/conditionalaccess/authenticationstrength/policies/";
const STRENGTHS_OF_POLICIES: &str = "graph:/policies/authenticationstrengthpolicies/";
const USERS: &str = "graph:/users/";
const GROUPS: &str = "graph:/groups/";
const APPLICATIONS: &str = "graph:/applications/";
const PRINCIPALS: &str = "graph:/serviceprincipals/";
const ASSIGNMENTS: &str = "graph:/rolemanagement/directory/roleassignments/";

const READ: [&str; 9] = [
    POLICIES,
    LOCATIONS,
    STRENGTHS,
    STRENGTHS_OF_POLICIES,
    USERS,
    GROUPS,
    APPLICATIONS,
    PRINCIPALS,
    ASSIGNMENTS,
];

impl ConditionalAccess {
    /// Decides by the policies in these documents.
    pub fn new(documents: Arc<dyn Documents>) -> Self {
        Self { documents, compiled: Mutex::default() }
    }

    fn compiled(&self) -> Result<Compiled, DocumentsError> {
        const AT_ONCE: usize = 512;
        let mut kept = self.compiled.lock().expect("no holder of this lock panics");
        let mut current = kept.take();
        while let Some(compiled) = &mut current {
            // Most changes are of the provider's own records; they are passed over.
            let changes = self.documents.changes(compiled.seen, AT_ONCE)?;
            let Some(last) = changes.last() else { break };
            compiled.seen = last.sequence;
            if changes
                .iter()
                .any(|change| READ.iter().any(|prefix| change.key.to_string().starts_with(prefix)))
            {
                current = None;
            }
        }
        let current = match current {
            Some(current) => current,
            None => compile(self.documents.as_ref())?,
        };
        *kept = Some(current.clone());
        Ok(current)
    }
}

/// Reads and compiles policies and directory.
fn compile(documents: &dyn Documents) -> Result<Compiled, DocumentsError> {
    let seen = documents.last_sequence()?;
    let mut kinds: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    let mut members: Vec<(String, String)> = Vec::new();
    documents.scan(AsOf::Sequence(seen), &mut |document| {
        let key = document.key.to_string();
        let Some(kind) = READ.iter().find(|prefix| key.starts_with(**prefix)) else { return true };
        let rest = &key[kind.len()..];
        match rest.split_once('/') {
            None => kinds.entry(kind).or_default().extend(serde_json::from_str::<Value>(&document.body)),
            // `graph:/groups/{id}/members/{id}`
            Some((group, link)) if *kind == GROUPS => {
                members.extend(
                    link.strip_prefix("members/").map(|member| (member.to_owned(), group.to_owned())),
                );
            }
            Some(_) => {}
        }
        true
    })?;
    let mut take = |kind: &str| kinds.remove(kind).unwrap_or_default();
    let (mut users, mut groups) = (take(USERS), take(GROUPS));
    for object in users.iter_mut().chain(&mut groups) {
        join(object, "memberOf", &members);
    }
    let roles: Vec<(String, String)> = take(ASSIGNMENTS)
        .iter()
        .filter(|assignment| assignment["directoryScopeId"].as_str().is_none_or(|scope| scope == "/"))
        .filter_map(|assignment| {
            Some((
                assignment["principalId"].as_str()?.to_lowercase(),
                assignment["roleDefinitionId"].as_str()?.to_owned(),
            ))
        })
        .collect();
    for user in &mut users {
        join(user, "roles", &roles);
    }
    let strengths = [take(STRENGTHS), take(STRENGTHS_OF_POLICIES)].concat();
    let directory = Directory::from_json(&json!({
        "users": users,
        "groups": groups,
        "applications": take(APPLICATIONS),
        "servicePrincipals": take(PRINCIPALS),
        "namedLocations": take(LOCATIONS),
        "authenticationStrengths": strengths,
    }));
    let policies = take(POLICIES);
    let text = |policy: &Value, name: &str| policy[name].as_str().unwrap_or_default().to_owned();
    let names = policies.iter().map(|policy| (text(policy, "id"), text(policy, "displayName"))).collect();
    let set = PolicySet::from_json(&policies, Arc::new(directory)).map_err(|error| {
        DocumentsError::Unavailable {
            message: "the policies cannot be compiled".to_owned(),
            source: Some(Box::new(error)),
        }
    })?;
    Ok(Compiled { seen, set: Arc::new(set), names: Arc::new(names) })
}

/// Adds to an object's list what pairs say of its id.
fn join(object: &mut Value, list: &str, pairs: &[(String, String)]) {
    let id = object["id"].as_str().unwrap_or_default().to_lowercase();
    let more: Vec<Value> = pairs.iter().filter(|(of, _)| *of == id).map(|(_, value)| json!(value)).collect();
    if let Some(object) = object.as_object_mut() {
        let known = object.entry(list).or_insert_with(|| json!([]));
        if let Some(known) = known.as_array_mut() {
            known.extend(more);
        }
    }
}

impl Decide for ConditionalAccess {
    fn decide(&self, attempt: &Attempt<'_>) -> Verdict {
        let compiled = match self.compiled() {
            Ok(compiled) => compiled,
            Err(_) => {
                let reason = "The policies cannot be read at the moment. Try again.".to_owned();
                let decision = Decision::Block { code: 530_032, reason };
                return Verdict { decision, status: "failure", policies: Vec::new() };
            }
        };
        let decided = decide(&compiled.set, &sign_in(attempt));
        let policies = compiled.names.iter().zip(&decided.policies).map(|((id, name), result)| {
            let mut policy = Map::new();
            policy.insert("id".to_owned(), json!(id));
            policy.insert("displayName".to_owned(), json!(name));
            policy.insert("result".to_owned(), json!(result.result.wire()));
            Value::Object(policy)
        });
        let policies = policies.collect();
        let stale = decided.session.sign_in_frequency.is_some_and(|frequency| {
            let age = attempt.now.duration_since(attempt.authenticated);
            let allowed = i64::try_from(frequency.seconds).unwrap_or(i64::MAX).max(EVERY_TIME_TOLERANCE);
            age > SignedDuration::from_secs(allowed)
        });
        let decision = match (decided.outcome, decided.pending.first()) {
            (Outcome::Allow, _) if stale => Decision::Again,
            (Outcome::Allow, _) => Baseline.decide(attempt).decision,
            (Outcome::Challenge, Some(Control::Mfa | Control::Strength(_))) if !multi_factor(attempt.methods) => {
                if attempt.account.second_factors().is_empty() { Decision::Register } else { Decision::SecondFactor }
            }
            // Two factors did not do, or what is wanted can be done nowhere here, such as accepting terms of use.
            (Outcome::Challenge | Outcome::Block, _) => Decision::Block {
                code: if attempt.flow == (Flow::Refresh { device_code: true }) { 530_036 } else { 53_003 },
                reason: "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance."
                    .to_owned(),
            },
        };
        Verdict { decision, status: decided.status.wire(), policies }
    }
}

/// How long a sign-in counts although the frequency is every time, in seconds.
const EVERY_TIME_TOLERANCE: i64 = 300;

/// The sign-in in the engine's own terms.
fn sign_in(attempt: &Attempt<'_>) -> SignIn {
    use azimuth_identity::Flow as Transfer;
    let device_code = matches!(attempt.flow, Flow::DeviceCode | Flow::Refresh { device_code: true });
    let target = match attempt.contexts.first() {
        Some(context) => Target::Context(context.clone()),
        None => Target::Applications(vec![application_of(attempt.resource)]),
    };
    let mut session = Session::default();
    session.authenticators.methods = attempt.methods.iter().map(|method| method.mode().to_owned()).collect();
    SignIn {
        identity: Identity::User(attempt.account.object.clone()),
        target,
        client: match attempt.flow {
            Flow::Interactive | Flow::DeviceCode => ClientApp::Browser,
            Flow::Password | Flow::Refresh { .. } => ClientApp::MobileAndDesktop,
        },
        platform: platform(attempt.agent),
        device: None,
        private_browsing: false,
        network: Network { address: attempt.address, ..Network::default() },
        sign_in_risk: Default::default(),
        user_risk: Default::default(),
        service_principal_risk: Default::default(),
        insider_risk: Default::default(),
        flow: if attempt.flow == Flow::DeviceCode { Transfer::DeviceCode } else { Transfer::None },
        original_flow: if device_code { Transfer::DeviceCode } else { Transfer::None },
        session,
    }
}

/// The application id under which policies know a service.
fn application_of(resource: &str) -> String {
    const SERVICES: [(&str, &str); 6] = [
        ("https://graph.microsoft.com", "00000003-0000-0000-c000-000000000000"),
        ("https://management.azure.com", "797f4846-ba00-4fd7-ba43-dac1f8f63013"),
        ("https://management.core.windows.net", "797f4846-ba00-4fd7-ba43-dac1f8f63013"),
        ("https://api.loganalytics.io", "797f4846-ba00-4fd7-ba43-dac1f8f63013"),
        ("https://monitor.azure.com", "797f4846-ba00-4fd7-ba43-dac1f8f63013"),
        ("https://kusto.kusto.windows.net", "2746ea77-4702-4b45-80ca-3c97e680e8b7"),
    ];
    let known =
        SERVICES.iter().find(|(service, _)| azimuth_identity::tokens::same_audience(service, resource));
    match known {
        Some((_, id)) => (*id).to_owned(),
        // Azimuth's own address is its Resource Manager; a registered application is named by its id already.
        None if resource.starts_with("https://") => "797f4846-ba00-4fd7-ba43-dac1f8f63013".to_owned(),
        None => resource.to_owned(),
    }
}

/// The platform that a browser says it runs on; never more than a hint.
fn platform(agent: &str) -> azimuth_identity::Platform {
    use azimuth_identity::Platform;
    // Android's browsers say Linux too, and those of iOS say Mac.
    let signs = [
        ("Windows Phone", Platform::WindowsPhone),
        ("Android", Platform::Android),
        ("iPhone", Platform::Ios),
        ("iPad", Platform::Ios),
        ("Windows", Platform::Windows),
        ("Macintosh", Platform::MacOs),
        ("Linux", Platform::Linux),
    ];
    signs.iter().find(|(sign, _)| agent.contains(sign)).map(|(_, platform)| *platform).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_and_platforms() {
        assert_eq!(application_of("https://graph.microsoft.com/"), "00000003-0000-0000-c000-000000000000");
        assert_eq!(application_of("https://localhost:8443"), "797f4846-ba00-4fd7-ba43-dac1f8f63013");
        assert_eq!(
            application_of("0a1b2c3d-0000-4000-8000-00000000000a"),
            "0a1b2c3d-0000-4000-8000-00000000000a"
        );
        assert_eq!(platform("Mozilla/5.0 (Linux; Android 15)"), azimuth_identity::Platform::Android);
        assert_eq!(platform("python-requests/2.32"), azimuth_identity::Platform::Unknown);
    }
}
