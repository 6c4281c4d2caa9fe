//! Web apps, application gateways, clusters, registries, event hubs and logic apps.

use serde_json::{Value, json};

use super::draft::{Draft, Resource};
use super::network::Association;
use super::security_group::Rule;
use crate::flaws::Kind;

/// Rows that any group of this file needs at most.
pub(crate) const ROWS: usize = 6;

/// Adds a plan with web apps, or a consumption plan with a function.
pub(crate) fn add_web_apps(draft: &mut Draft<'_>) {
    let stamp = draft.next_stamp();
    let group = format!("rg-{stamp}-app");
    let name = format!("asp-{stamp}");
    let plan_id = draft.id("Microsoft.Web/serverFarms", &group, &name);
    let single = draft.planter.plants(Kind::SinglePlan);
    let consumption = !single && draft.rng.chance(1, 4);
    let (sku, plan_kind) = if consumption {
        (json!({"name": "Y1", "tier": "Dynamic", "size": "Y1", "family": "Y", "capacity": 0}), "functionapp")
    } else {
        let capacity = if single { 1 } else { draft.rng.between(2, 8) };
        (
            json!({"name": "P1v3", "tier": "PremiumV3", "size": "P1v3", "family": "Pv3", "capacity": capacity}),
            "linux",
        )
    };
    if single {
        draft.planter.record("DD-2", &plan_id, "$.sku.capacity");
    }
    let sites = if consumption { 1 } else { draft.rng.between(1, 3) };
    let properties = json!({
        "provisioningState": "Succeeded", "status": "Ready", "numberOfSites": sites, "numberOfWorkers": sku["capacity"],
        "currentNumberOfWorkers": sku["capacity"], "maximumNumberOfWorkers": 30, "reserved": !consumption, "perSiteScaling": false,
        "elasticScaleEnabled": false, "maximumElasticWorkerCount": 1, "zoneRedundant": !consumption && !single, "hyperV": false,
        "isSpot": false, "isXenon": false, "targetWorkerCount": 0, "targetWorkerSizeId": 0, "subscription": draft.subscription.id,
        "geoRegion": crate::names::REGIONS[draft.subscription.region].1, "resourceGroup": group,
    });
    draft.plans_needed.insert("AppServices");
    draft.add(Resource::new("Microsoft.Web/serverFarms", &group, &name, properties).sku(sku).kind(plan_kind));
    for number in 1..=sites {
        let name = format!("app-{stamp}-{number}-{}", draft.rng.suffix(4));
        let host = format!("{name}.azurewebsites.net");
        let properties = json!({
            "state": "Running", "enabled": true, "availabilityState": "Normal", "defaultHostName": host,
            "hostNames": [host], "enabledHostNames": [host, format!("{name}.scm.azurewebsites.net")],
            "hostNameSslStates": [{"name": host, "sslState": "Disabled", "hostType": "Standard"}],
            "serverFarmId": plan_id, "httpsOnly": true, "publicNetworkAccess": "Enabled", "clientCertEnabled": false,
            "clientCertMode": "Required", "reserved": !consumption, "clientAffinityEnabled": false, "usageState": "Normal",
            "vnetRouteAllEnabled": true, "redundancyMode": "None", "keyVaultReferenceIdentity": "SystemAssigned",
            "resourceGroup": group, "repositorySiteName": name, "containerSize": 0, "dailyMemoryTimeQuota": 0,
            "siteConfig": {"minTlsVersion": "1.2", "ftpsState": "Disabled", "http20Enabled": true, "alwaysOn": !consumption,
                "linuxFxVersion": if consumption { "" } else { "DOTNETCORE|8.0" }, "numberOfWorkers": 1, "acrUseManagedIdentityCreds": false},
        });
        let kind = if consumption { "functionapp" } else { "app,linux" };
        let id =
            draft.add(Resource::new("Microsoft.Web/sites", &group, &name, properties).kind(kind).identity());
        let logs: &[&str] = if consumption {
            &["FunctionAppLogs", "AppServiceAuthenticationLogs"]
        } else {
            &["AppServiceHTTPLogs", "AppServiceConsoleLogs", "AppServiceAuditLogs", "AppServicePlatformLogs"]
        };
        draft.watch(&id, logs);
    }
    let name = format!("appi-{stamp}");
    let properties = json!({
        "provisioningState": "Succeeded", "Application_Type": "web", "Flow_Type": "Bluefield", "Ver": "v2",
        "ApplicationId": name, "AppId": draft.rng.guid(), "InstrumentationKey": draft.rng.guid(), "RetentionInDays": 90,
        "IngestionMode": "LogAnalytics", "WorkspaceResourceId": draft.plan.workspace_id(),
        "publicNetworkAccessForIngestion": "Enabled", "publicNetworkAccessForQuery": "Enabled", "DisableLocalAuth": true,
    });
    let id = draft.add(Resource::new("Microsoft.Insights/components", &group, &name, properties).kind("web"));
    draft.watch(&id, &["AppRequests", "AppExceptions", "AppAvailabilityResults"]);
}

/// Adds an application gateway with a web application firewall: four rows.
pub(crate) fn add_gateway(draft: &mut Draft<'_>) {
    let stamp = draft.next_stamp();
    let group = format!("rg-{stamp}-ingress");
    let rules = [
        Rule::allow("allow-https", 300, "Internet", &["443"]),
        Rule::allow("allow-gateway-manager", 310, "GatewayManager", &["65200-65535"]),
        Rule::allow("allow-probe", 320, "AzureLoadBalancer", &["*"]).protocol("*"),
    ];
    let subnet = draft.open_guarded_subnet(&group, &format!("{stamp}-agw"), &rules);
    let name = format!("agw-{stamp}");
    let id = draft.id("Microsoft.Network/applicationGateways", &group, &name);
    draft.network.subnets[subnet].ip_configurations.push(format!("{id}/gatewayIPConfigurations/gateway"));
    let association = Association::Configuration(format!("{id}/frontendIPConfigurations/public"));
    let address_name = format!("pip-{name}-{}", draft.rng.suffix(4));
    let address = draft.add_public_address(&group, &address_name, &association, true);

    let policy_name = format!("waf{}", stamp.replace('-', ""));
    let policy = json!({"provisioningState": "Succeeded", "resourceState": "Enabled", "customRules": [],
        "policySettings": {"state": "Enabled", "mode": "Prevention", "requestBodyCheck": true, "maxRequestBodySizeInKb": 128, "fileUploadLimitInMb": 100},
        "managedRules": {"managedRuleSets": [{"ruleSetType": "OWASP", "ruleSetVersion": "3.2", "ruleGroupOverrides": []},
            {"ruleSetType": "Microsoft_BotManagerRuleSet", "ruleSetVersion": "1.0", "ruleGroupOverrides": []}], "exclusions": []},
        "applicationGateways": [{"id": id}]});
    let policy = draft.add(Resource::new(
        "Microsoft.Network/applicationGatewayWebApplicationFirewallPolicies",
        &group,
        &policy_name,
        policy,
    ));
    let single = draft.planter.plants(Kind::SingleGateway);
    if single {
        draft.planter.record("DD-2", &id, "$.properties.sku.capacity");
    }
    let mut sku = json!({"name": "WAF_v2", "tier": "WAF_v2", "family": "Generation_1"});
    let autoscale = !single && draft.rng.chance(1, 2);
    if !autoscale {
        sku["capacity"] = json!(if single { 1 } else { draft.rng.between(2, 6) });
    }
    let reference = |kind: &str, name: &str| json!({"id": format!("{id}/{kind}/{name}")});
    let part = |kind: &str, name: &str, properties: Value| -> Value {
        json!([{"name": name, "id": format!("{id}/{kind}/{name}"),
            "type": format!("Microsoft.Network/applicationGateways/{kind}"), "properties": properties}])
    };
    let mut properties = json!({
        "provisioningState": "Succeeded", "operationalState": "Running", "resourceGuid": draft.rng.guid(), "sku": sku,
        "enableHttp2": true, "firewallPolicy": {"id": policy},
        "gatewayIPConfigurations": part("gatewayIPConfigurations", "gateway", json!({"provisioningState": "Succeeded",
            "subnet": {"id": draft.network.subnet_id(subnet)}})),
        "frontendIPConfigurations": part("frontendIPConfigurations", "public", json!({"provisioningState": "Succeeded",
            "privateIPAllocationMethod": "Dynamic", "publicIPAddress": {"id": address},
            "httpListeners": [reference("httpListeners", "https")]})),
        "frontendPorts": part("frontendPorts", "https", json!({"provisioningState": "Succeeded", "port": 443})),
        "backendAddressPools": part("backendAddressPools", "apps", json!({"provisioningState": "Succeeded",
            "backendAddresses": [{"fqdn": format!("app-{stamp}.azurewebsites.net")}]})),
        "backendHttpSettingsCollection": part("backendHttpSettingsCollection", "https", json!({"provisioningState": "Succeeded",
            "port": 443, "protocol": "Https", "cookieBasedAffinity": "Disabled", "pickHostNameFromBackendAddress": true, "requestTimeout": 30})),
        "httpListeners": part("httpListeners", "https", json!({"provisioningState": "Succeeded", "protocol": "Https",
            "hostName": format!("{stamp}.contoso.com"), "requireServerNameIndication": true,
            "frontendIPConfiguration": reference("frontendIPConfigurations", "public"), "frontendPort": reference("frontendPorts", "https")})),
        "requestRoutingRules": part("requestRoutingRules", "all", json!({"provisioningState": "Succeeded", "ruleType": "Basic", "priority": 100,
            "httpListener": reference("httpListeners", "https"), "backendAddressPool": reference("backendAddressPools", "apps"),
            "backendHttpSettings": reference("backendHttpSettingsCollection", "https")})),
        "sslPolicy": {"policyType": "Predefined", "policyName": "AppGwSslPolicy20220101"},
        "probes": [], "redirectConfigurations": [], "rewriteRuleSets": [], "urlPathMaps": [],
    });
    if autoscale {
        properties["autoscaleConfiguration"] = json!({"minCapacity": 2, "maxCapacity": 10});
    }
    draft.add(
        Resource::new("Microsoft.Network/applicationGateways", &group, &name, properties)
            .zones(&["1", "2", "3"]),
    );
    draft.watch(
        &id,
        &["ApplicationGatewayAccessLog", "ApplicationGatewayPerformanceLog", "ApplicationGatewayFirewallLog"],
    );
}

/// Adds a cluster, its registry and its identity: four rows with the subnet's group.
pub(crate) fn add_cluster(draft: &mut Draft<'_>) {
    let stamp = draft.next_stamp();
    let group = format!("rg-{stamp}-aks");
    let rules = [Rule::allow("allow-cluster", 300, "VirtualNetwork", &["443", "10250"])];
    let subnet = draft.open_guarded_subnet(&group, &format!("{stamp}-aks"), &rules);
    draft.network.subnets[subnet].routes = Some(draft.routes_id());
    let name = format!("aks-{stamp}");
    let properties = json!({
        "provisioningState": "Succeeded", "powerState": {"code": "Running"}, "kubernetesVersion": "1.33", "currentKubernetesVersion": "1.33.2",
        "dnsPrefix": name, "fqdn": format!("{name}.hcp.{}.azmk8s.io", draft.subscription.location()), "enableRBAC": true,
        "supportPlan": "KubernetesOfficial", "disableLocalAccounts": true, "nodeResourceGroup": format!("rg-{stamp}-aks-nodes"),
        "aadProfile": {"managed": true, "enableAzureRBAC": true, "tenantID": draft.plan.tenant},
        "apiServerAccessProfile": {"enablePrivateCluster": true, "privateDNSZone": "system"},
        "agentPoolProfiles": [{"name": "system", "count": 3, "vmSize": "Standard_D4ds_v5", "osType": "Linux", "osSKU": "AzureLinux", "mode": "System",
            "type": "VirtualMachineScaleSets", "availabilityZones": ["1", "2", "3"], "enableAutoScaling": true, "minCount": 3, "maxCount": 9, "maxPods": 110,
            "osDiskType": "Ephemeral", "osDiskSizeGB": 128, "vnetSubnetID": draft.network.subnet_id(subnet), "provisioningState": "Succeeded", "powerState": {"code": "Running"}}],
        "networkProfile": {"networkPlugin": "azure", "networkPluginMode": "overlay", "networkPolicy": "cilium", "outboundType": "userDefinedRouting",
            "loadBalancerSku": "standard", "podCidr": "100.64.0.0/16", "serviceCidr": "100.65.0.0/16", "dnsServiceIP": "100.65.0.10"},
        "addonProfiles": {"azurepolicy": {"enabled": true}, "omsagent": {"enabled": true, "config": {"logAnalyticsWorkspaceResourceID": draft.plan.workspace_id()}}},
        "autoUpgradeProfile": {"upgradeChannel": "stable", "nodeOSUpgradeChannel": "NodeImage"},
        "securityProfile": {"defender": {"logAnalyticsWorkspaceResourceId": draft.plan.workspace_id(), "securityMonitoring": {"enabled": true}}},
        "oidcIssuerProfile": {"enabled": true},
    });
    draft.plans_needed.insert("Containers");
    let id = draft.add(
        Resource::new("Microsoft.ContainerService/managedClusters", &group, &name, properties)
            .sku(json!({"name": "Base", "tier": "Standard"}))
            .identity(),
    );
    draft.watch(&id, &["kube-audit-admin", "kube-apiserver", "guard", "cluster-autoscaler"]);
    let name = format!("cr{}{}", stamp.replace('-', ""), draft.rng.suffix(4));
    let properties = json!({
        "provisioningState": "Succeeded", "loginServer": format!("{name}.azurecr.io"), "creationDate": draft.plan.calendar.days_ago(400, &mut draft.rng),
        "adminUserEnabled": false, "anonymousPullEnabled": false, "publicNetworkAccess": "Disabled", "networkRuleBypassOptions": "AzureServices",
        "networkRuleSet": {"defaultAction": "Deny", "ipRules": []}, "zoneRedundancy": "Enabled", "dataEndpointEnabled": false,
        "encryption": {"status": "disabled"}, "policies": {"quarantinePolicy": {"status": "disabled"},
            "retentionPolicy": {"status": "enabled", "days": 30}, "trustPolicy": {"status": "disabled", "type": "Notary"}},
    });
    let id = draft.add(
        Resource::new("Microsoft.ContainerRegistry/registries", &group, &name, properties)
            .sku(json!({"name": "Premium", "tier": "Premium"})),
    );
    draft.watch(&id, &["ContainerRegistryRepositoryEvents", "ContainerRegistryLoginEvents"]);
    draft.add_user_identity(&group, &format!("id-{stamp}"));
}

/// Adds an event hub namespace and logic apps: up to three rows.
pub(crate) fn add_integration(draft: &mut Draft<'_>) {
    let stamp = draft.next_stamp();
    let group = format!("rg-{stamp}-events");
    let name = format!("evhns-{stamp}-{}", draft.rng.suffix(4));
    let properties = json!({
        "provisioningState": "Succeeded", "status": "Active", "createdAt": draft.plan.calendar.days_ago(300, &mut draft.rng),
        "serviceBusEndpoint": format!("https://{name}.servicebus.windows.net:443/"), "metricId": format!("{}:{name}", draft.subscription.id),
        "minimumTlsVersion": "1.2", "publicNetworkAccess": "Disabled", "disableLocalAuth": true, "zoneRedundant": true,
        "isAutoInflateEnabled": true, "maximumThroughputUnits": 10, "kafkaEnabled": true,
    });
    let id = draft.add(
        Resource::new("Microsoft.EventHub/namespaces", &group, &name, properties)
            .sku(json!({"name": "Standard", "tier": "Standard", "capacity": 2}))
            .identity(),
    );
    draft.watch(&id, &["OperationalLogs", "RuntimeAuditLogs", "ArchiveLogs"]);
    for number in 1..=draft.rng.between(1, 2) {
        let name = format!("logic-{stamp}-{number}");
        let definition = json!({
            "$schema": "https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#",
            "contentVersion": "1.0.0.0", "parameters": {}, "outputs": {},
            "triggers": {"every-hour": {"type": "Recurrence", "recurrence": {"frequency": "Hour", "interval": 1}}},
            "actions": {"fetch": {"type": "Http", "runAfter": {}, "inputs": {"method": "GET", "uri": format!("https://api.contoso.com/{stamp}"),
                    "authentication": {"type": "ManagedServiceIdentity", "audience": "https://api.contoso.com"}}},
                "keep": {"type": "Compose", "runAfter": {"fetch": ["Succeeded"]}, "inputs": "@body('fetch')"}}
        });
        let properties = json!({
            "provisioningState": "Succeeded", "state": "Enabled", "version": "08585000000000000000", "createdTime": draft.plan.calendar.days_ago(200, &mut draft.rng),
            "changedTime": draft.plan.calendar.days_ago(20, &mut draft.rng), "definition": definition, "parameters": {},
            "accessControl": {"triggers": {"allowedCallerIpAddresses": []}},
        });
        let id = draft.add(Resource::new("Microsoft.Logic/workflows", &group, &name, properties).identity());
        draft.watch(&id, &["WorkflowRuntime"]);
    }
}

/// Adds a recovery vault: one row.
pub(crate) fn add_recovery_vault(draft: &mut Draft<'_>) {
    let stamp = draft.next_stamp();
    let group = format!("rg-{stamp}-backup");
    let properties = json!({
        "provisioningState": "Succeeded", "privateEndpointStateForBackup": "None", "privateEndpointStateForSiteRecovery": "None",
        "publicNetworkAccess": "Disabled", "secureScore": "Adequate", "bcdrSecurityLevel": "Good",
        "redundancySettings": {"standardTierStorageRedundancy": "GeoRedundant", "crossRegionRestore": "Enabled"},
        "securitySettings": {"softDeleteSettings": {"softDeleteState": "AlwaysON", "softDeleteRetentionPeriodInDays": 14, "enhancedSecurityState": "AlwaysON"},
            "immutabilitySettings": {"state": "Unlocked"}, "multiUserAuthorization": "Disabled"},
        "monitoringSettings": {"azureMonitorAlertSettings": {"alertsForAllJobFailures": "Enabled"},
            "classicAlertSettings": {"alertsForCriticalOperations": "Disabled"}},
    });
    let id = draft.add(
        Resource::new("Microsoft.RecoveryServices/vaults", &group, &format!("rsv-{stamp}"), properties)
            .sku(json!({"name": "RS0", "tier": "Standard"}))
            .identity(),
    );
    draft.watch(
        &id,
        &["CoreAzureBackup", "AddonAzureBackupJobs", "AddonAzureBackupAlerts", "AddonAzureBackupPolicy"],
    );
    draft.lock(&id, &group);
}
