//! Policy assignments: planned as data, written in the REST shape.

use serde_json::{Value, json};

use super::catalogue::Definition;
use crate::plan::Plan;
use crate::rng::Rng;

/// Where an assignment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Scope {
    /// A management group, by index.
    Group(usize),
    /// A subscription, by index.
    Subscription(usize),
}

impl Scope {
    pub(crate) fn id(self, plan: &Plan) -> String {
        match self {
            Self::Group(group) => plan.group_id(group),
            Self::Subscription(index) => plan.subscriptions[index].scope(),
        }
    }
}

/// A policy assignment.
#[derive(Clone, Debug)]
pub(crate) struct PolicyAssignment {
    pub(crate) scope: Scope,
    pub(crate) name: String,
    pub(crate) definition: Definition,
    /// The value of the parameter `effect`, where the assignment sets it.
    pub(crate) effect: Option<&'static str>,
    /// `Default`, otherwise `DoNotEnforce`.
    pub(crate) enforced: bool,
    /// Subscriptions that are excluded, by index.
    pub(crate) excluded: Vec<usize>,
    /// Whether it was changed after it was made.
    pub(crate) updated: bool,
    /// Whether an impact run is on record before its last change.
    pub(crate) tried: bool,
    pub(crate) owner: Owner,
    /// Whether the day of its review has passed.
    pub(crate) overdue: bool,
}

/// Who answers for an assignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// A team by its name.
    Team,
    /// A user, by index.
    User(usize),
    Nobody,
}

/// An exemption from an assignment.
#[derive(Clone, Debug)]
pub(crate) struct Exemption {
    /// Id of what is exempt.
    pub(crate) at: String,
    /// The scope, where all of it is exempt.
    pub(crate) whole: Option<Scope>,
    /// Index of the assignment.
    pub(crate) assignment: usize,
    /// Whether it has run out.
    pub(crate) expired: bool,
}

impl PolicyAssignment {
    /// An assignment in the mode `Default` that has never been changed.
    pub(crate) fn new(scope: Scope, name: impl Into<String>, definition: Definition) -> Self {
        let name = name.into();
        Self {
            scope,
            name,
            definition,
            effect: None,
            enforced: true,
            excluded: Vec::new(),
            updated: false,
            tried: true,
            owner: Owner::Team,
            overdue: false,
        }
    }

    pub(crate) fn with_effect(mut self, effect: &'static str) -> Self {
        self.effect = Some(effect);
        self
    }

    pub(crate) fn not_enforced(mut self) -> Self {
        self.enforced = false;
        self
    }

    pub(crate) fn changed(mut self) -> Self {
        self.updated = true;
        self
    }

    /// Whether it does anything, enforced or not.
    pub(crate) fn is_on(&self) -> bool {
        self.definition.is_on(self.effect)
    }

    pub(crate) fn untried(mut self) -> Self {
        self.tried = false;
        self
    }

    pub(crate) fn id(&self, plan: &Plan) -> String {
        format!("{}/providers/Microsoft.Authorization/policyAssignments/{}", self.scope.id(plan), self.name)
    }

    /// Whether it enforces something today.
    pub(crate) fn enforces(&self) -> bool {
        self.enforced && self.definition.enforces(self.effect)
    }

    /// The principal of the identity under which it acts, if it does.
    pub(crate) fn principal(&self, plan: &Plan) -> Option<String> {
        let id = self.id(plan);
        self.definition.acts().then(|| Rng::new(plan.seed, &format!("identity|{id}"), 0).guid())
    }

    /// The service principal of the identity, as the directory lists it.
    pub(crate) fn service_principal(&self, plan: &Plan) -> Option<Value> {
        let (id, mut rng) = (self.id(plan), Rng::new(plan.seed, &format!("identity|{}", self.id(plan)), 1));
        let principal = self.principal(plan)?;
        let application = rng.guid();
        Some(json!({
            "id": principal,
            "appId": application,
            "displayName": self.name,
            "accountEnabled": true,
            "servicePrincipalType": "ManagedIdentity",
            "servicePrincipalNames": [application, format!("https://identity.azure.net/{}=", rng.suffix(43))],
            "alternativeNames": ["isExplicit=False", id],
            "appOwnerOrganizationId": null,
            "tags": [],
        }))
    }

    fn identity(&self, plan: &Plan) -> Value {
        let Some(principal) = self.principal(plan) else { return json!({"type": "None"}) };
        json!({"type": "SystemAssigned", "principalId": principal, "tenantId": plan.tenant})
    }

    /// The document in the REST shape.
    pub(crate) fn document(&self, plan: &Plan, rng: &mut Rng) -> Value {
        let created = plan.calendar.days_ago(rng.between(200, 900), rng);
        let mut metadata = json!({"assignedBy": "Platform governance", "createdBy": plan.user_id(2 + rng.below(8)), "createdOn": created});
        if self.updated {
            metadata["updatedBy"] = json!(plan.user_id(2 + rng.below(8)));
            metadata["updatedOn"] = json!(plan.calendar.days_ago(rng.between(10, 190), rng));
        } else if rng.chance(1, 2) {
            metadata["updatedBy"] = Value::Null;
            metadata["updatedOn"] = Value::Null;
        }
        match self.owner {
            Owner::Team => metadata["owner"] = json!("Platform governance"),
            Owner::User(index) => metadata["owner"] = json!(plan.user_id(index)),
            Owner::Nobody => {}
        }
        metadata["reviewDate"] = json!(match self.overdue {
            true => plan.calendar.days_ago(rng.between(5, 300), rng)[..10].to_owned(),
            // Far ahead: an estate that is generated once is assessed at any time.
            false => plan.calendar.days_ahead(rng.between(5_000, 5_300))[..10].to_owned(),
        });
        let mut parameters = json!({});
        match self.definition {
            Definition::AllowedLocations => {
                let regions: Vec<&str> =
                    plan.regions.iter().map(|&region| crate::names::REGIONS[region].0).collect();
                parameters["listOfAllowedLocations"] = json!({"value": regions});
            }
            Definition::RequireTag | Definition::InheritTag => {
                parameters["tagName"] = json!({"value": "costCentre"});
            }
            _ => {}
        }
        if let Some(effect) = self.effect {
            parameters["effect"] = json!({"value": effect});
        }
        let excluded: Vec<String> =
            self.excluded.iter().map(|&index| plan.subscriptions[index].scope()).collect();
        let root = plan.root_id();
        json!({
            "properties": {
                "displayName": self.definition.display(),
                "policyDefinitionId": self.definition.id(&root),
                "definitionVersion": "1.*.*",
                "scope": self.scope.id(plan),
                "notScopes": excluded,
                "parameters": parameters,
                "description": "Owned by platform governance, reviewed each quarter",
                "metadata": metadata,
                "enforcementMode": if self.enforced { "Default" } else { "DoNotEnforce" },
                "nonComplianceMessages": [{"message": "See the cloud handbook, chapter on guard rails"}]
            },
            "location": plan.connectivity().location(),
            "identity": self.identity(plan),
            "id": self.id(plan),
            "type": "Microsoft.Authorization/policyAssignments",
            "name": self.name,
        })
    }
}
