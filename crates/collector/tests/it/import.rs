//! What is collected is what the importer reads.

use std::collections::BTreeSet;

use crate::tenant::{Tenant, collect, options};

#[tokio::test(start_paused = true)]
async fn a_collected_folder_imports() {
    let folder = tempfile::tempdir().unwrap();
    let tenant = Tenant::sound();
    collect(&tenant, &options(&tenant, folder.path())).await.unwrap();
    let mut keys = BTreeSet::new();
    let mut findings = Vec::new();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "ndjson") {
            let bytes = std::fs::read(&path).unwrap();
            let name = path.file_name().unwrap().to_str().unwrap();
            let report = azimuth_exports::read(name, &bytes, &mut |document| {
                keys.insert(document.key.as_str().to_owned());
            });
            findings.extend(report.diagnostics.into_iter().map(|finding| format!("{name}: {finding:?}")));
        }
    }
    // Each page of a Resource Graph answer is said to be a part, although its last page is there.
    findings.retain(|finding| !finding.contains("import-partial-result"));
    assert!(findings.is_empty(), "{findings:#?}");
    for key in [
        "/subscriptions/sub-a/resourcegroups/rg one/providers/microsoft.keyvault/vaults/kv",
        "/subscriptions/sub-b/providers/microsoft.security/pricings/0",
        "azimuth:/evidence/graph:|users@|",
        "azimuth:/evidence/graph:|users|authentication|requirements@|",
        "azimuth:/evidence/microsoft.resources|resources@|subscriptions|sub-c",
        "azimuth:/evidence/microsoft.security|pricings@|",
        "graph:/groups/group-4/members/group-4-member-5",
        "graph:/policies/identitysecuritydefaultsenforcementpolicy",
        "graph:/users/user-44/authentication/requirements",
    ] {
        assert!(keys.contains(key), "{key}");
    }
}
