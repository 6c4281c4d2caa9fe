//! Network interfaces as Resource Manager returns them, about 2 KiB each.

use azimuth_host::Write;
use azimuth_ids::{DocumentKey, IdRef};

/// Some 2 KiB of JSON under the id of the resource number `index`; `revision` makes another body.
pub(crate) fn write(index: usize, revision: usize) -> Write {
    let subscription = format!("{:08x}-1bf0-4dda-aec3-cb9272f09590", index / 5_000);
    let group = format!("/subscriptions/{subscription}/resourceGroups/rg-contoso-{:04}-weu", index / 50);
    let id = format!("{group}/providers/Microsoft.Network/networkInterfaces/nic-web-{index:07}-prod");
    let key = DocumentKey::arm(IdRef::parse(&id).expect("the id is well formed"));
    let (a, b) = (index / 250 % 250, index % 250);
    let mac = format!("00-0D-3A-{a:02X}-{b:02X}-{:02X}", index % 256);
    let name = format!("nic-web-{index:07}-prod");
    let etag =
        format!("W/\\\"{:08x}-3f5f-4b34-9ab5-93c0ce6c3f16\\\"", index.wrapping_mul(2_654_435_761) ^ revision);
    let body = format!(
        r#"{{"name":"{name}","id":"{id}","etag":"{etag}","type":"Microsoft.Network/networkInterfaces","location":"westeurope","kind":"Regular","tags":{{"costCentre":"CC-{a:04}","environment":"production","revision":"{revision}"}},"properties":{{"provisioningState":"Succeeded","resourceGuid":"{index:08x}-7c1f-4b34-9ab5-93c0ce6c3f16","ipConfigurations":[{{"name":"ipconfig-primary","id":"{id}/ipConfigurations/ipconfig-primary","etag":"{etag}","type":"Microsoft.Network/networkInterfaces/ipConfigurations","properties":{{"provisioningState":"Succeeded","privateIPAddress":"10.{a}.{b}.4","privateIPAllocationMethod":"Dynamic","publicIPAddress":{{"id":"{group}/providers/Microsoft.Network/publicIPAddresses/pip-web-{index:07}"}},"subnet":{{"id":"{group}/providers/Microsoft.Network/virtualNetworks/vnet-spoke/subnets/snet-web"}},"primary":true,"privateIPAddressVersion":"IPv4"}}}}],"dnsSettings":{{"dnsServers":["10.0.0.4","10.0.0.5"],"appliedDnsServers":[],"internalDomainNameSuffix":"x3kd0vbyzv2elbxqhgxtqfnqwd.ax.internal.cloudapp.net"}},"macAddress":"{mac}","enableIPForwarding":false,"enableAcceleratedNetworking":true,"networkSecurityGroup":{{"id":"{group}/providers/Microsoft.Network/networkSecurityGroups/nsg-web"}},"primary":true,"virtualMachine":{{"id":"{group}/providers/Microsoft.Compute/virtualMachines/vm-web-{index:07}"}},"hostedWorkloads":[],"tapConfigurations":[],"nicType":"Standard","allowPort25Out":false,"defaultOutboundConnectivityEnabled":false}}}}"#
    );
    Write::put(key, body)
}
