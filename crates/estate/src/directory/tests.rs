use super::*;

fn snapshot(documents: &[(&str, &str)]) -> Snapshot {
    let mut builder = Snapshot::builder();
    for (path, body) in documents {
        builder.push(&azimuth_ids::DocumentKey::graph(path).unwrap(), *body);
    }
    builder.finish()
}

#[test]
fn membership_is_transitive_and_survives_cycles() {
    let snapshot = snapshot(&[
        ("groups/G1", r#"{"displayName":"one"}"#),
        ("groups/G2", r#"{"displayName":"two"}"#),
        ("groups/G1/members/G2", "{}"),
        ("groups/G2/members/G1", "{}"),
        ("groups/G2/members/U1", "{}"),
        ("users/U1", r#"{"userPrincipalName":"u1@contoso.com","accountEnabled":true,"userType":"Guest"}"#),
    ]);
    let directory = snapshot.directory();
    assert_eq!(directory.groups_of("u1"), ["g1", "g2"]);
    assert_eq!(directory.members_of("G1"), ["u1"]);
    let user = directory.user("U1").unwrap();
    assert_eq!((user.enabled, user.user_type), (Some(true), UserType::Guest));
}

#[test]
fn roles_come_from_both_apis_once() {
    let snapshot = snapshot(&[
        (
            "roleManagement/directory/roleDefinitions/62e90394",
            r#"{"displayName":"Global Administrator","templateId":"62e90394"}"#,
        ),
        (
            "roleManagement/directory/roleAssignments/a1",
            r#"{"principalId":"U1","roleDefinitionId":"62e90394","directoryScopeId":"/"}"#,
        ),
        ("directoryRoles/d1", r#"{"displayName":"Global Administrator","roleTemplateId":"62E90394"}"#),
        ("directoryRoles/d1/members/u1", "{}"),
        (
            "roleManagement/directory/roleEligibilityScheduleInstances/e1",
            r#"{"principalId":"u2","roleDefinitionId":"62e90394"}"#,
        ),
    ]);
    let roles = snapshot.directory().roles();
    assert_eq!(roles.len(), 2);
    assert_eq!(&*roles[0].role_name, "Global Administrator");
    assert_eq!((&*roles[1].principal_id, roles[1].state), ("u2", RoleState::Eligible));
}

#[test]
fn singletons_and_states_are_read() {
    let snapshot = snapshot(&[
        ("policies/identitySecurityDefaultsEnforcementPolicy", r#"{"isEnabled":false}"#),
        ("users/u1", "{}"),
        ("users/u1/authentication/requirements", r#"{"perUserMfaState":"enforced"}"#),
        (
            "reports/authenticationMethods/userRegistrationDetails/u1",
            r#"{"isAdmin":true,"isMfaRegistered":false,"methodsRegistered":["mobilePhone"]}"#,
        ),
        ("organization/t1", r#"{"displayName":"Contoso"}"#),
    ]);
    let directory = snapshot.directory();
    assert_eq!(directory.security_defaults(), Some(false));
    assert_eq!(directory.per_user_mfa("U1"), Some(PerUserMfaState::Enforced));
    let registration = directory.registration("u1").unwrap();
    assert!(registration.is_admin && registration.is_mfa_registered == Some(false));
    assert_eq!(directory.tenant_name(), Some("Contoso"));
    assert_eq!(directory.tenant_id(), Some("t1"));
}
