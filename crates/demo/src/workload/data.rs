//! Storage accounts, key vaults, databases and the private endpoints to them.

use serde_json::json;

use super::draft::{Draft, Resource};
use super::security_group::Rule;
use crate::flaws::Kind;

/// Rows that a set of data services needs at most.
pub(crate) const ROWS: usize = 13;

/// A kind of storage account with the services it has.
pub(crate) struct AccountKind {
    kind: &'static str,
    sku: &'static str,
    services: &'static [&'static str],
}

/// The usual kind.
pub(crate) const GENERAL_V2: AccountKind =
    AccountKind { kind: "StorageV2", sku: "Standard_ZRS", services: &["blob", "queue", "table", "file"] };
const GENERAL_V1: AccountKind =
    AccountKind { kind: "Storage", sku: "Standard_GRS", services: &["blob", "queue", "table", "file"] };
const BLOCK_BLOBS: AccountKind =
    AccountKind { kind: "BlockBlobStorage", sku: "Premium_LRS", services: &["blob"] };
const FILES: AccountKind = AccountKind { kind: "FileStorage", sku: "Premium_ZRS", services: &["file"] };

/// Adds a set of data services that are reached through private endpoints.
pub(crate) fn add_data(draft: &mut Draft<'_>) {
    let stamp = draft.next_stamp();
    let group = format!("rg-{stamp}-data");
    let subnet = if draft.planter.plants(Kind::SubnetWithoutGroup) {
        let subnet = draft.network.open_subnet(format!("snet-{stamp}-pe"));
        let id = draft.network.subnet_id(subnet);
        draft.planter.record("DD-3", id, "$.properties.networkSecurityGroup");
        subnet
    } else {
        let rules = [Rule::allow("allow-data", 300, "VirtualNetwork", &["443", "1433"])];
        draft.open_guarded_subnet(&group, &format!("{stamp}-pe"), &rules)
    };
    let account = draft.add_storage_account(&group, &stamp);
    draft.add_private_endpoint(&group, &format!("pe-{stamp}-blob"), subnet, (&account, "blob"));
    let vault = draft.add_vault(&group, &stamp);
    draft.add_private_endpoint(&group, &format!("pe-{stamp}-vault"), subnet, (&vault, "vault"));
    if draft.rng.chance(3, 4) {
        let server = draft.add_sql_server(&group, &stamp);
        draft.add_private_endpoint(&group, &format!("pe-{stamp}-sql"), subnet, (&server, "sqlServer"));
    } else {
        add_cosmos_account(draft, &group, &stamp);
    }
}

impl Draft<'_> {
    /// Adds a storage account with the settings of its services.
    pub(crate) fn add_storage_account(&mut self, group: &str, stamp: &str) -> String {
        let short: String = stamp.chars().filter(char::is_ascii_alphanumeric).take(12).collect();
        let name = format!("st{short}{}", self.rng.suffix(6));
        let kind = match self.rng.below(10) {
            0 => &BLOCK_BLOBS,
            1 => &FILES,
            2 => &GENERAL_V1,
            _ => &GENERAL_V2,
        };
        self.add_storage_account_of(group, &name, kind)
    }

    /// Adds a storage account of the given name and kind.
    pub(crate) fn add_storage_account_of(&mut self, group: &str, name: &str, of: &AccountKind) -> String {
        let AccountKind { kind, sku, services } = *of;
        let id = self.id("Microsoft.Storage/storageAccounts", group, name);
        let (public_access, default_action) = if self.planter.plants(Kind::StorageOpen) {
            self.planter.record("DD-3", &id, "$.properties.networkAcls.defaultAction");
            ("Enabled", "Allow")
        } else {
            // Closed to the public network altogether, an account may keep the permissive default.
            *self.rng.pick(&[("Enabled", "Deny"), ("Disabled", "Deny"), ("Disabled", "Allow")])
        };
        let suffix = |service: &str| format!("https://{name}.{service}.core.windows.net/");
        let mut endpoints = json!({});
        for &service in services {
            endpoints[service] = json!(suffix(service));
        }
        let made = self.plan.calendar.days_ago(600, &mut self.rng);
        let properties = json!({
            "provisioningState": "Succeeded",
            "creationTime": made,
            "keyCreationTime": {"key1": made, "key2": made},
            "accessTier": "Hot",
            "allowBlobPublicAccess": false,
            "allowCrossTenantReplication": false,
            "allowSharedKeyAccess": self.rng.chance(1, 2),
            "defaultToOAuthAuthentication": true,
            "isHnsEnabled": false,
            "minimumTlsVersion": "TLS1_2",
            "publicNetworkAccess": public_access,
            "supportsHttpsTrafficOnly": true,
            "networkAcls": {"bypass": "AzureServices, Logging, Metrics", "defaultAction": default_action,
                "ipRules": [], "virtualNetworkRules": [], "resourceAccessRules": []},
            "encryption": {"keySource": "Microsoft.Storage", "requireInfrastructureEncryption": true,
                "services": {"blob": {"enabled": true, "keyType": "Account", "lastEnabledTime": made},
                    "file": {"enabled": true, "keyType": "Account", "lastEnabledTime": made}}},
            "primaryEndpoints": endpoints,
            "primaryLocation": self.subscription.location(),
            "statusOfPrimary": "available",
            "privateEndpointConnections": [],
        });
        self.plans_needed.insert("StorageAccounts");
        self.add(
            Resource::new("Microsoft.Storage/storageAccounts", group, name, properties)
                .kind(kind)
                .sku(json!({"name": sku, "tier": sku.split('_').next()})),
        );
        for &service in services {
            self.watch_storage_service(&id, service);
        }
        id
    }

    /// Adds a key vault and the setting that belongs to it.
    pub(crate) fn add_vault(&mut self, group: &str, stamp: &str) -> String {
        let short: String = stamp.chars().filter(char::is_ascii_alphanumeric).take(12).collect();
        let name = format!("kv-{short}-{}", self.rng.suffix(6));
        let id = self.id("Microsoft.KeyVault/vaults", group, &name);
        let (public_access, default_action) = if self.planter.plants(Kind::VaultOpen) {
            self.planter.record("DD-3", &id, "$.properties.networkAcls.defaultAction");
            ("Enabled", "Allow")
        } else {
            *self.rng.pick(&[("Enabled", "Deny"), ("Disabled", "Deny"), ("Disabled", "Allow")])
        };
        let properties = json!({
            "provisioningState": "Succeeded",
            "sku": {"family": "A", "name": "standard"},
            "tenantId": self.plan.tenant,
            "vaultUri": format!("https://{name}.vault.azure.net/"),
            "accessPolicies": [],
            "enableRbacAuthorization": true,
            "enableSoftDelete": true,
            "softDeleteRetentionInDays": 90,
            "enablePurgeProtection": true,
            "enabledForDeployment": false,
            "enabledForDiskEncryption": false,
            "enabledForTemplateDeployment": false,
            "publicNetworkAccess": public_access,
            "networkAcls": {"bypass": "AzureServices", "defaultAction": default_action,
                "ipRules": [{"value": "203.0.113.16/28"}], "virtualNetworkRules": []},
        });
        self.plans_needed.insert("KeyVaults");
        self.add(Resource::new("Microsoft.KeyVault/vaults", group, &name, properties));
        self.watch(&id, &["AuditEvent", "AzurePolicyEvaluationDetails"]);
        id
    }

    /// Adds a SQL server with one or two databases.
    pub(crate) fn add_sql_server(&mut self, group: &str, stamp: &str) -> String {
        let name = format!("sql-{stamp}-{}", self.rng.suffix(5));
        let id = self.id("Microsoft.Sql/servers", group, &name);
        // Name, first and last address of a firewall rule; an open server with a narrow one is a decoy.
        let rule = if self.planter.plants(Kind::SqlOpen) {
            self.planter.record("DD-3", &id, "$.properties.publicNetworkAccess");
            Some(("everyone", "0.0.0.0", "255.255.255.255"))
        } else if self.rng.chance(1, 6) {
            Some(("office", "203.0.113.32", "203.0.113.47"))
        } else {
            None
        };
        let access = if rule.is_some() { "Enabled" } else { "Disabled" };
        let administrators = self.rng.below(30);
        let properties = json!({
            "state": "Ready",
            "version": "12.0",
            "fullyQualifiedDomainName": format!("{name}.database.windows.net"),
            "minimalTlsVersion": "1.2",
            "publicNetworkAccess": access,
            "restrictOutboundNetworkAccess": "Disabled",
            "externalGovernanceStatus": "Disabled",
            "privateEndpointConnections": [],
            "administrators": {"administratorType": "ActiveDirectory", "principalType": "Group",
                "login": "sg-database-administrators", "sid": self.plan.user_group_id(administrators),
                "tenantId": self.plan.tenant, "azureADOnlyAuthentication": true},
        });
        self.plans_needed.insert("SqlServers");
        self.add(Resource::new("Microsoft.Sql/servers", group, &name, properties).kind("v12.0").identity());
        if let Some((rule, first, last)) = rule {
            let properties = json!({"startIpAddress": first, "endIpAddress": last});
            let rule = format!("{name}/{rule}");
            self.add(Resource::new("Microsoft.Sql/servers/firewallRules", group, &rule, properties));
        }
        for number in 1..=self.rng.between(1, 2) {
            let database = format!("{name}/sqldb-{number}");
            let properties = json!({
                "status": "Online",
                "databaseId": self.rng.guid(),
                "creationDate": self.plan.calendar.days_ago(300, &mut self.rng),
                "collation": "SQL_Latin1_General_CP1_CI_AS",
                "catalogCollation": "SQL_Latin1_General_CP1_CI_AS",
                "maxSizeBytes": 268_435_456_000_u64,
                "currentServiceObjectiveName": "GP_Gen5_4",
                "requestedServiceObjectiveName": "GP_Gen5_4",
                "currentBackupStorageRedundancy": "Geo",
                "requestedBackupStorageRedundancy": "Geo",
                "currentSku": {"name": "GP_Gen5", "tier": "GeneralPurpose", "family": "Gen5", "capacity": 4},
                "readScale": "Disabled",
                "zoneRedundant": true,
                "isLedgerOn": false,
                "maintenanceConfigurationId": format!("/subscriptions/{}/providers/Microsoft.Maintenance/publicMaintenanceConfigurations/SQL_Default", self.subscription.id),
            });
            let database_id = self.add(
                Resource::new("Microsoft.Sql/servers/databases", group, &database, properties)
                    .kind("v12.0,user,vcore")
                    .sku(
                        json!({"name": "GP_Gen5", "tier": "GeneralPurpose", "family": "Gen5", "capacity": 4}),
                    ),
            );
            self.watch(
                &database_id,
                &["SQLSecurityAuditEvents", "DevOpsOperationsAudit", "Errors", "Timeouts", "Deadlocks"],
            );
        }
        id
    }

    /// Adds a private endpoint in a subnet and the interface that Azure makes for it: two rows.
    pub(crate) fn add_private_endpoint(
        &mut self,
        group: &str,
        name: &str,
        subnet: usize,
        (target, member): (&str, &str),
    ) {
        let id = self.id("Microsoft.Network/privateEndpoints", group, name);
        let interface_name = format!("{name}.nic.{}", self.rng.guid());
        let interface = self.id("Microsoft.Network/networkInterfaces", group, &interface_name);
        let address = self.network.next_host(subnet);
        let subnet_id = self.network.subnet_id(subnet);
        let configuration = format!("{interface}/ipConfigurations/privateEndpointIpConfig");
        self.network.subnets[subnet].ip_configurations.push(configuration.clone());
        self.network.subnets[subnet].private_endpoints.push(id.clone());
        let properties = json!({
            "provisioningState": "Succeeded",
            "resourceGuid": self.rng.guid(),
            "subnet": {"id": subnet_id},
            "ipConfigurations": [],
            "customNetworkInterfaceName": "",
            "customDnsConfigs": [{"fqdn": format!("{name}.privatelink.contoso.com"), "ipAddresses": [address]}],
            "manualPrivateLinkServiceConnections": [],
            "networkInterfaces": [{"id": interface}],
            "privateLinkServiceConnections": [{"name": name, "id": format!("{id}/privateLinkServiceConnections/{name}"),
                "type": "Microsoft.Network/privateEndpoints/privateLinkServiceConnections",
                "properties": {"provisioningState": "Succeeded", "privateLinkServiceId": target, "groupIds": [member],
                    "privateLinkServiceConnectionState": {"status": "Approved", "description": "Auto-Approved", "actionsRequired": "None"}}}],
        });
        self.add(Resource::new("Microsoft.Network/privateEndpoints", group, name, properties));
        let properties = json!({
            "provisioningState": "Succeeded",
            "resourceGuid": self.rng.guid(),
            "ipConfigurations": [{"name": "privateEndpointIpConfig", "id": configuration,
                "type": "Microsoft.Network/networkInterfaces/ipConfigurations",
                "properties": {"provisioningState": "Succeeded", "privateIPAddress": address,
                    "privateIPAllocationMethod": "Dynamic", "privateIPAddressVersion": "IPv4", "primary": true,
                    "subnet": {"id": subnet_id},
                    "privateLinkConnectionProperties": {"groupId": member, "requiredMemberName": member, "fqdns": []}}}],
            "dnsSettings": {"dnsServers": [], "appliedDnsServers": []},
            "macAddress": "",
            "enableAcceleratedNetworking": false,
            "enableIPForwarding": false,
            "hostedWorkloads": [],
            "tapConfigurations": [],
            "nicType": "Standard",
            "privateEndpoint": {"id": id},
        });
        self.add(Resource::new("Microsoft.Network/networkInterfaces", group, &interface_name, properties));
    }
}

fn add_cosmos_account(draft: &mut Draft<'_>, group: &str, stamp: &str) {
    let name = format!("cosmos-{stamp}-{}", draft.rng.suffix(5));
    let location = draft.subscription.location();
    let properties = json!({
        "provisioningState": "Succeeded",
        "documentEndpoint": format!("https://{name}.documents.azure.com:443/"),
        "databaseAccountOfferType": "Standard",
        "EnabledApiTypes": "Sql",
        "publicNetworkAccess": "Disabled",
        "isVirtualNetworkFilterEnabled": false,
        "virtualNetworkRules": [],
        "ipRules": [],
        "minimalTlsVersion": "Tls12",
        "disableLocalAuth": true,
        "enableAutomaticFailover": true,
        "enableMultipleWriteLocations": false,
        "consistencyPolicy": {"defaultConsistencyLevel": "Session", "maxIntervalInSeconds": 5, "maxStalenessPrefix": 100},
        "locations": [{"id": format!("{name}-{location}"), "locationName": location, "failoverPriority": 0,
            "isZoneRedundant": true, "provisioningState": "Succeeded",
            "documentEndpoint": format!("https://{name}-{location}.documents.azure.com:443/")}],
        "capabilities": [],
        "backupPolicy": {"type": "Continuous", "continuousModeProperties": {"tier": "Continuous30Days"}},
    });
    draft.plans_needed.insert("CosmosDbs");
    let id = draft.add(
        Resource::new("Microsoft.DocumentDB/databaseAccounts", group, &name, properties)
            .kind("GlobalDocumentDB")
            .identity(),
    );
    draft.watch(&id, &["DataPlaneRequests", "QueryRuntimeStatistics", "ControlPlaneRequests"]);
}
