//! Virtual machines with their interface and disks.

use serde_json::{Value, json};

use super::draft::{Draft, Resource};

/// A machine about to be added.
pub(crate) struct Machine<'m> {
    pub(crate) group: &'m str,
    pub(crate) name: &'m str,
    pub(crate) subnet: usize,
    /// Id of the public address on its interface.
    pub(crate) public_address: Option<String>,
    /// Id of the group on its interface.
    pub(crate) security_group: Option<String>,
    /// Backend pools and translation rules of load balancers.
    pub(crate) pools: Vec<String>,
    pub(crate) translations: Vec<String>,
    pub(crate) availability_set: Option<String>,
    pub(crate) zone: Option<&'m str>,
    pub(crate) data_disks: usize,
}

impl<'m> Machine<'m> {
    pub(crate) fn new(group: &'m str, name: &'m str, subnet: usize) -> Self {
        Self {
            group,
            name,
            subnet,
            public_address: None,
            security_group: None,
            pools: Vec::new(),
            translations: Vec::new(),
            availability_set: None,
            zone: None,
            data_disks: 0,
        }
    }
}

/// The id of the IP configuration of a machine's interface.
pub(crate) fn ip_configuration_id(draft: &Draft<'_>, group: &str, machine: &str) -> String {
    format!("{}/ipConfigurations/ipconfig1", interface_id(draft, group, machine))
}

/// The id of a machine's interface.
pub(crate) fn interface_id(draft: &Draft<'_>, group: &str, machine: &str) -> String {
    draft.id("Microsoft.Network/networkInterfaces", group, &format!("nic-{machine}"))
}

/// The id of a machine.
pub(crate) fn machine_id(draft: &Draft<'_>, group: &str, machine: &str) -> String {
    draft.id("Microsoft.Compute/virtualMachines", group, machine)
}

impl Draft<'_> {
    /// Adds a machine, its interface and its disks: three rows and one for each data disk.
    pub(crate) fn add_machine(&mut self, machine: &Machine<'_>) -> String {
        let id = machine_id(self, machine.group, machine.name);
        let zones: Vec<&str> = machine.zone.into_iter().collect();
        self.add_interface(machine, &id);
        let windows = self.rng.chance(1, 2);
        let os_disk = self.add_disk(
            machine,
            &format!("{}-os", machine.name),
            if windows { "Windows" } else { "Linux" },
            128,
            &id,
        );
        let data_disks: Vec<Value> = (0..machine.data_disks)
            .map(|lun| {
                let name = format!("{}-data-{lun}", machine.name);
                let disk = self.add_disk(machine, &name, "", 512, &id);
                json!({"lun": lun, "name": name, "createOption": "Attach", "caching": "ReadOnly",
                    "writeAcceleratorEnabled": false, "diskSizeGB": 512, "deleteOption": "Detach", "toBeDetached": false,
                    "managedDisk": {"storageAccountType": "Premium_LRS", "id": disk}})
            })
            .collect();
        let size = *self.rng.pick(&[
            "Standard_D2s_v5",
            "Standard_D4s_v5",
            "Standard_E4s_v5",
            "Standard_B2ms",
            "Standard_F8s_v2",
        ]);
        let created = self.plan.calendar.days_ago(self.rng.between(30, 900), &mut self.rng);
        let (image, profile) = if windows {
            (
                json!({"publisher": "MicrosoftWindowsServer", "offer": "WindowsServer", "sku": "2022-datacenter-azure-edition", "version": "latest", "exactVersion": "20348.2700.240905"}),
                json!({"provisionVMAgent": true, "enableAutomaticUpdates": true, "patchSettings": {"patchMode": "AutomaticByPlatform", "assessmentMode": "AutomaticByPlatform", "enableHotpatching": true}}),
            )
        } else {
            (
                json!({"publisher": "Canonical", "offer": "0001-com-ubuntu-server-jammy", "sku": "22_04-lts-gen2", "version": "latest", "exactVersion": "22.04.202409120"}),
                json!({"disablePasswordAuthentication": true, "provisionVMAgent": true, "ssh": {"publicKeys": []}, "patchSettings": {"patchMode": "AutomaticByPlatform", "assessmentMode": "AutomaticByPlatform"}}),
            )
        };
        let interface = interface_id(self, machine.group, machine.name);
        let mut properties = json!({
            "provisioningState": "Succeeded",
            "vmId": self.rng.guid(),
            "timeCreated": created,
            "hardwareProfile": {"vmSize": size},
            "additionalCapabilities": {"hibernationEnabled": false},
            "storageProfile": {
                "imageReference": image,
                "osDisk": {"osType": if windows { "Windows" } else { "Linux" }, "name": format!("{}-os", machine.name),
                    "createOption": "FromImage", "caching": "ReadWrite", "deleteOption": "Delete", "diskSizeGB": 128,
                    "managedDisk": {"storageAccountType": "Premium_LRS", "id": os_disk}},
                "dataDisks": data_disks,
                "diskControllerType": "SCSI"
            },
            "osProfile": {"computerName": machine.name, "adminUsername": "contosoadmin", "secrets": [],
                "allowExtensionOperations": true, "requireGuestProvisionSignal": true},
            "securityProfile": {"securityType": "TrustedLaunch", "encryptionAtHost": true,
                "uefiSettings": {"secureBootEnabled": true, "vTpmEnabled": true}},
            "networkProfile": {"networkInterfaces": [{"id": interface, "properties": {"primary": true, "deleteOption": "Delete"}}]},
            "diagnosticsProfile": {"bootDiagnostics": {"enabled": true}},
            "licenseType": if windows { json!("Windows_Server") } else { Value::Null },
            "extended": {"instanceView": {"computerName": machine.name, "osName": if windows { "Windows Server 2022 Datacenter Azure Edition" } else { "ubuntu" },
                "hyperVGeneration": "V2", "powerState": {"code": "PowerState/running", "displayStatus": "VM running", "level": "Info"}}}
        });
        properties["osProfile"][if windows { "windowsConfiguration" } else { "linuxConfiguration" }] =
            profile;
        if let Some(set) = &machine.availability_set {
            properties["availabilitySet"] = json!({"id": set});
        }
        self.plans_needed.insert("VirtualMachines");
        self.add(
            Resource::new("Microsoft.Compute/virtualMachines", machine.group, machine.name, properties)
                .zones(&zones)
                .identity(),
        )
    }

    fn add_interface(&mut self, machine: &Machine<'_>, machine_id: &str) {
        let name = format!("nic-{}", machine.name);
        let configuration = ip_configuration_id(self, machine.group, machine.name);
        let address = self.network.next_host(machine.subnet);
        self.network.subnets[machine.subnet].ip_configurations.push(configuration.clone());
        let mut ip = json!({
            "provisioningState": "Succeeded",
            "privateIPAddress": address,
            "privateIPAllocationMethod": "Dynamic",
            "privateIPAddressVersion": "IPv4",
            "primary": true,
            "subnet": {"id": self.network.subnet_id(machine.subnet)},
        });
        let ids = |ids: &[String]| -> Value { ids.iter().map(|id| json!({"id": id})).collect() };
        if let Some(address) = &machine.public_address {
            ip["publicIPAddress"] = json!({"id": address});
        }
        if !machine.pools.is_empty() {
            ip["loadBalancerBackendAddressPools"] = ids(&machine.pools);
        }
        if !machine.translations.is_empty() {
            ip["loadBalancerInboundNatRules"] = ids(&machine.translations);
        }
        let mac = self.rng.next();
        let mut properties = json!({
            "provisioningState": "Succeeded",
            "resourceGuid": self.rng.guid(),
            "ipConfigurations": [{"name": "ipconfig1", "id": configuration,
                "type": "Microsoft.Network/networkInterfaces/ipConfigurations", "properties": ip}],
            "dnsSettings": {"dnsServers": [], "appliedDnsServers": []},
            "macAddress": format!("00-0D-3A-{:02X}-{:02X}-{:02X}", mac & 0xff, (mac >> 8) & 0xff, (mac >> 16) & 0xff),
            "enableAcceleratedNetworking": true,
            "enableIPForwarding": false,
            "disableTcpStateTracking": false,
            "hostedWorkloads": [],
            "tapConfigurations": [],
            "nicType": "Standard",
            "primary": true,
            "virtualMachine": {"id": machine_id},
        });
        if let Some(group) = &machine.security_group {
            properties["networkSecurityGroup"] = json!({"id": group});
        }
        self.add(Resource::new("Microsoft.Network/networkInterfaces", machine.group, &name, properties));
    }

    fn add_disk(
        &mut self,
        machine: &Machine<'_>,
        name: &str,
        os: &str,
        gibibytes: u64,
        owner: &str,
    ) -> String {
        let zones: Vec<&str> = machine.zone.into_iter().collect();
        let properties = disk_properties(self, os, gibibytes, "Attached");
        self.add(
            Resource::new("Microsoft.Compute/disks", machine.group, name, properties)
                .sku(json!({"name": "Premium_LRS", "tier": "Premium"}))
                .zones(&zones)
                .managed_by(owner),
        )
    }

    /// Adds an availability set of these machines (names).
    pub(crate) fn add_availability_set(&mut self, group: &str, name: &str, machines: &[String]) -> String {
        let members: Value =
            machines.iter().map(|machine| json!({"id": machine_id(self, group, machine)})).collect();
        let properties = json!({"platformUpdateDomainCount": 5, "platformFaultDomainCount": 2, "virtualMachines": members});
        self.add(
            Resource::new("Microsoft.Compute/availabilitySets", group, name, properties)
                .sku(json!({"name": "Aligned"})),
        )
    }
}

/// The properties of a managed disk; `os` is empty for data disks.
pub(crate) fn disk_properties(draft: &mut Draft<'_>, os: &str, gibibytes: u64, state: &str) -> Value {
    let created = draft.plan.calendar.days_ago(draft.rng.between(30, 900), &mut draft.rng);
    let mut properties = json!({
        "provisioningState": "Succeeded",
        "timeCreated": created,
        "uniqueId": draft.rng.guid(),
        "creationData": {"createOption": if os.is_empty() { "Empty" } else { "FromImage" }},
        "diskSizeGB": gibibytes,
        "diskSizeBytes": gibibytes << 30,
        "diskIOPSReadWrite": 500 + gibibytes * 3,
        "diskMBpsReadWrite": 100,
        "diskState": state,
        "encryption": {"type": "EncryptionAtRestWithPlatformKey"},
        "networkAccessPolicy": "DenyAll",
        "publicNetworkAccess": "Disabled",
        "dataAccessAuthMode": "AzureActiveDirectory",
        "tier": "P10",
    });
    if !os.is_empty() {
        properties["osType"] = json!(os);
        properties["hyperVGeneration"] = json!("V2");
    }
    properties
}
