//! Mixed resources of one to three KiB, as a GET of Resource Manager shows them.

/// Type and JSON of `count` resources of nine types.
pub(crate) fn mixed(count: usize) -> Vec<(&'static str, String)> {
    (0..count).map(one).collect()
}

fn one(index: usize) -> (&'static str, String) {
    let (resource_type, properties) = TYPES[index % TYPES.len()];
    let name = format!("res{index:05}");
    let location = ["westeurope", "northeurope", "eastus2"][index % 3];
    let json = format!(
        r#"{{"id":"/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourceGroups/web/providers/{resource_type}/{name}",
"name":"{name}","type":"{resource_type}","location":"{location}","etag":"W/\"00000000\"",
"tags":{{"environment":"production","costCenter":"{index}","owner":"team-{}","dataClassification":"internal"}},
"sku":{{"name":"Standard_LRS","tier":"Standard"}},
"identity":{{"type":"SystemAssigned","principalId":"8d1c9e3e-1111-2222-3333-0f1f2f3f4f5f","tenantId":"72f988bf-86f1-41af-91ab-2d7cd011db47"}},
"properties":{properties}}}"#,
        index % 17
    );
    (resource_type, json)
}

/// The bundled aliases in the shape of provider data, for the peer.
pub(crate) fn provider_aliases() -> String {
    let mut by_type: std::collections::BTreeMap<&str, Vec<String>> = std::collections::BTreeMap::new();
    for line in include_str!("../../data/aliases.tsv").lines().filter(|line| !line.starts_with('#')) {
        let cells: Vec<&str> = line.split('\t').collect();
        if let [resource_type, name, path, ..] = cells[..] {
            let alias = serde_json::json!({"name": name, "defaultPath": path, "paths": []});
            by_type.entry(resource_type).or_default().push(alias.to_string());
        }
    }
    let providers: Vec<String> = by_type
        .into_iter()
        .filter_map(|(resource_type, aliases)| {
            let (namespace, name) = resource_type.split_once('/')?;
            Some(format!(
                r#"{{"namespace":"{namespace}","resourceTypes":[{{"resourceType":"{name}","aliases":[{}]}}]}}"#,
                aliases.join(",")
            ))
        })
        .collect();
    format!("[{}]", providers.join(","))
}

const TYPES: &[(&str, &str)] = &[
    (
        "Microsoft.Compute/virtualMachines",
        r#"{"vmId":"f1c2","provisioningState":"Succeeded","hardwareProfile":{"vmSize":"Standard_D4s_v5"},"storageProfile":{"imageReference":{"publisher":"Canonical","offer":"0001-com-ubuntu-server-jammy","sku":"22_04-lts-gen2","version":"latest","exactVersion":"22.04.202401010"},"osDisk":{"osType":"Linux","name":"os","createOption":"FromImage","caching":"ReadWrite","managedDisk":{"storageAccountType":"Premium_LRS","id":"/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourceGroups/web/providers/Microsoft.Compute/disks/os"},"deleteOption":"Delete","diskSizeGB":64},"dataDisks":[{"lun":0,"name":"d0","createOption":"Attach","caching":"None","managedDisk":{"storageAccountType":"Premium_LRS"}},{"lun":1,"name":"d1","createOption":"Attach","caching":"None","managedDisk":{"storageAccountType":"Premium_LRS"}}]},"osProfile":{"computerName":"vm","adminUsername":"azureuser","linuxConfiguration":{"disablePasswordAuthentication":true,"provisionVMAgent":true,"patchSettings":{"patchMode":"AutomaticByPlatform","assessmentMode":"ImageDefault"}},"secrets":[],"allowExtensionOperations":true},"securityProfile":{"uefiSettings":{"secureBootEnabled":true,"vTpmEnabled":true},"securityType":"TrustedLaunch","encryptionAtHost":false},"networkProfile":{"networkInterfaces":[{"id":"/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourceGroups/web/providers/Microsoft.Network/networkInterfaces/n1","properties":{"primary":true}}]},"diagnosticsProfile":{"bootDiagnostics":{"enabled":true}},"timeCreated":"2024-01-02T03:04:05Z"}"#,
    ),
    (
        "Microsoft.Storage/storageAccounts",
        r#"{"dnsEndpointType":"Standard","defaultToOAuthAuthentication":false,"publicNetworkAccess":"Enabled","keyCreationTime":{"key1":"2024-01-02T03:04:05Z","key2":"2024-01-02T03:04:05Z"},"allowCrossTenantReplication":false,"minimumTlsVersion":"TLS1_2","allowBlobPublicAccess":false,"allowSharedKeyAccess":true,"networkAcls":{"ipv6Rules":[],"bypass":"AzureServices","virtualNetworkRules":[{"id":"/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourceGroups/net/providers/Microsoft.Network/virtualNetworks/hub/subnets/a","action":"Allow","state":"Succeeded"}],"ipRules":[{"value":"40.1.2.3","action":"Allow"},{"value":"40.1.2.4","action":"Allow"}],"defaultAction":"Deny"},"supportsHttpsTrafficOnly":true,"encryption":{"requireInfrastructureEncryption":false,"services":{"file":{"keyType":"Account","enabled":true,"lastEnabledTime":"2024-01-02T03:04:05Z"},"blob":{"keyType":"Account","enabled":true,"lastEnabledTime":"2024-01-02T03:04:05Z"}},"keySource":"Microsoft.Storage"},"accessTier":"Hot","provisioningState":"Succeeded","creationTime":"2024-01-02T03:04:05Z","primaryEndpoints":{"dfs":"https://x.dfs.core.windows.net/","web":"https://x.z6.web.core.windows.net/","blob":"https://x.blob.core.windows.net/"},"primaryLocation":"westeurope","statusOfPrimary":"available"}"#,
    ),
    (
        "Microsoft.Network/networkSecurityGroups",
        r#"{"provisioningState":"Succeeded","resourceGuid":"aa","securityRules":[{"name":"ssh","properties":{"protocol":"Tcp","sourcePortRange":"*","destinationPortRange":"22","sourceAddressPrefix":"10.0.0.0/8","destinationAddressPrefix":"*","access":"Allow","priority":100,"direction":"Inbound","sourcePortRanges":[],"destinationPortRanges":[],"sourceAddressPrefixes":[],"destinationAddressPrefixes":[]}},{"name":"https","properties":{"protocol":"Tcp","sourcePortRange":"*","destinationPortRange":"443","sourceAddressPrefix":"Internet","destinationAddressPrefix":"*","access":"Allow","priority":110,"direction":"Inbound","sourcePortRanges":[],"destinationPortRanges":[],"sourceAddressPrefixes":[],"destinationAddressPrefixes":[]}},{"name":"rdp","properties":{"protocol":"Tcp","sourcePortRange":"*","destinationPortRange":"3389","sourceAddressPrefix":"*","destinationAddressPrefix":"*","access":"Deny","priority":120,"direction":"Inbound","sourcePortRanges":[],"destinationPortRanges":["3389","22-24"],"sourceAddressPrefixes":[],"destinationAddressPrefixes":[]}}],"defaultSecurityRules":[{"name":"AllowVnetInBound","properties":{"protocol":"*","sourcePortRange":"*","destinationPortRange":"*","sourceAddressPrefix":"VirtualNetwork","destinationAddressPrefix":"VirtualNetwork","access":"Allow","priority":65000,"direction":"Inbound"}}]}"#,
    ),
    (
        "Microsoft.KeyVault/vaults",
        r#"{"sku":{"family":"A","name":"standard"},"tenantId":"72f988bf-86f1-41af-91ab-2d7cd011db47","networkAcls":{"bypass":"AzureServices","defaultAction":"Deny","ipRules":[{"value":"40.1.2.3/32"}],"virtualNetworkRules":[]},"accessPolicies":[{"tenantId":"72f988bf-86f1-41af-91ab-2d7cd011db47","objectId":"aa","permissions":{"keys":["get","list"],"secrets":["get"],"certificates":[]}}],"enabledForDeployment":false,"enabledForDiskEncryption":false,"enabledForTemplateDeployment":false,"enableSoftDelete":true,"softDeleteRetentionInDays":90,"enableRbacAuthorization":true,"enablePurgeProtection":true,"vaultUri":"https://x.vault.azure.net/","provisioningState":"Succeeded","publicNetworkAccess":"Disabled"}"#,
    ),
    (
        "Microsoft.Web/sites",
        r#"{"name":"app","state":"Running","hostNames":["app.azurewebsites.net"],"webSpace":"web","selfLink":"https://x","repositorySiteName":"app","enabled":true,"adminEnabled":true,"siteProperties":{"metadata":null,"properties":[{"name":"LinuxFxVersion","value":"NODE|20-lts"}],"appSettings":null},"availabilityState":"Normal","hostNameSslStates":[{"name":"app.azurewebsites.net","sslState":"Disabled","hostType":"Standard"}],"serverFarmId":"/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourceGroups/web/providers/Microsoft.Web/serverfarms/plan","reserved":true,"isXenon":false,"hyperV":false,"siteConfig":{"numberOfWorkers":1,"linuxFxVersion":"NODE|20-lts","acrUseManagedIdentityCreds":false,"alwaysOn":true,"http20Enabled":true,"functionAppScaleLimit":0,"minimumElasticInstanceCount":0,"minTlsVersion":"1.2","ftpsState":"FtpsOnly"},"scmSiteAlsoStopped":false,"clientAffinityEnabled":false,"clientCertEnabled":false,"clientCertMode":"Required","httpsOnly":true,"publicNetworkAccess":"Enabled","vnetRouteAllEnabled":false,"keyVaultReferenceIdentity":"SystemAssigned"}"#,
    ),
    (
        "Microsoft.Sql/servers",
        r#"{"administratorLogin":"dba","version":"12.0","state":"Ready","fullyQualifiedDomainName":"x.database.windows.net","privateEndpointConnections":[{"id":"/x/y","properties":{"privateEndpoint":{"id":"/x"},"privateLinkServiceConnectionState":{"status":"Approved","description":"auto"},"provisioningState":"Ready"}}],"minimalTlsVersion":"1.2","publicNetworkAccess":"Disabled","administrators":{"administratorType":"ActiveDirectory","principalType":"Group","login":"dbas","sid":"aa","tenantId":"bb","azureADOnlyAuthentication":true},"restrictOutboundNetworkAccess":"Disabled"}"#,
    ),
    (
        "Microsoft.ContainerService/managedClusters",
        r#"{"provisioningState":"Succeeded","powerState":{"code":"Running"},"kubernetesVersion":"1.29","dnsPrefix":"aks","fqdn":"aks.hcp.westeurope.azmk8s.io","agentPoolProfiles":[{"name":"system","count":3,"vmSize":"Standard_D4s_v5","osDiskSizeGB":128,"osDiskType":"Ephemeral","maxPods":110,"type":"VirtualMachineScaleSets","availabilityZones":["1","2","3"],"enableAutoScaling":true,"mode":"System","osType":"Linux","osSKU":"AzureLinux","enableEncryptionAtHost":true,"enableNodePublicIP":false},{"name":"user","count":5,"vmSize":"Standard_D8s_v5","osDiskSizeGB":128,"osDiskType":"Managed","maxPods":110,"type":"VirtualMachineScaleSets","mode":"User","osType":"Linux","enableEncryptionAtHost":false}],"addonProfiles":{"azurepolicy":{"enabled":true},"omsagent":{"enabled":true,"config":{"logAnalyticsWorkspaceResourceID":"/x"}}},"enableRBAC":true,"networkProfile":{"networkPlugin":"azure","networkPolicy":"calico","loadBalancerSku":"Standard","outboundType":"loadBalancer"},"apiServerAccessProfile":{"enablePrivateCluster":true,"authorizedIPRanges":["10.0.0.0/8"]},"aadProfile":{"managed":true,"enableAzureRBAC":true},"disableLocalAccounts":true,"autoUpgradeProfile":{"upgradeChannel":"patch","nodeOSUpgradeChannel":"NodeImage"}}"#,
    ),
    (
        "Microsoft.Network/virtualNetworks",
        r#"{"provisioningState":"Succeeded","addressSpace":{"addressPrefixes":["10.1.0.0/16"]},"subnets":[{"name":"front","id":"/x/front","properties":{"addressPrefix":"10.1.1.0/24","networkSecurityGroup":{"id":"/x/nsg"},"routeTable":{"id":"/x/rt"},"serviceEndpoints":[{"service":"Microsoft.Storage","locations":["westeurope"]}],"privateEndpointNetworkPolicies":"Disabled","delegations":[]}},{"name":"back","id":"/x/back","properties":{"addressPrefix":"10.1.2.0/24","networkSecurityGroup":{"id":"/x/nsg2"},"privateEndpointNetworkPolicies":"Enabled","delegations":[{"name":"d","properties":{"serviceName":"Microsoft.Web/serverFarms"}}]}},{"name":"GatewaySubnet","id":"/x/gw","properties":{"addressPrefix":"10.1.3.0/27"}}],"virtualNetworkPeerings":[{"name":"hub","properties":{"peeringState":"Connected","remoteVirtualNetwork":{"id":"/x/hub"},"allowForwardedTraffic":true}}],"enableDdosProtection":false}"#,
    ),
    (
        "Microsoft.Compute/disks",
        r#"{"osType":"Linux","hyperVGeneration":"V2","creationData":{"createOption":"FromImage","imageReference":{"id":"/x"}},"diskSizeGB":64,"diskIOPSReadWrite":240,"diskMBpsReadWrite":50,"encryption":{"type":"EncryptionAtRestWithPlatformKey"},"networkAccessPolicy":"AllowAll","publicNetworkAccess":"Enabled","timeCreated":"2024-01-02T03:04:05Z","provisioningState":"Succeeded","diskState":"Attached","tier":"P6"}"#,
    ),
];

/// What `requestContext()` yields.
pub(crate) const REQUEST: &str = r#"{"apiVersion":"2024-01-01","identity":{"idtyp":"user","appid":"a","acrs":"c1,p1","http://schemas.microsoft.com/claims/authnmethodsreferences":"pwd,mfa"}}"#;
/// What `resourceGroup()` yields.
pub(crate) const GROUP: &str = r#"{"id":"/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourceGroups/web","name":"web","location":"westeurope","tags":{"westeurope":"x","environment":"production"}}"#;
/// What `subscription()` yields.
pub(crate) const SUBSCRIPTION: &str = r#"{"id":"/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590","subscriptionId":"0b1f6471-1bf0-4dda-aec3-cb9272f09590","tags":{"westeurope":"x"}}"#;
