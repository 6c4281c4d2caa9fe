//! Flow logs of network security groups and of virtual networks: one row for every flow tuple.
//!
//! Sources: the formats of NSG flow logs (versions 1 and 2) and of virtual network flow logs (version 4), and the schemas of
//! traffic analytics, which names the tables that flows go to. Traffic analytics also aggregates flows and adds what it knows of
//! addresses; here every tuple is a row of its own (`FlowType` and the like stay empty).

use jiff::Timestamp;

use super::diagnostics::Resource;
use super::{Context, items, members, take_members};
use crate::record::{Cell, Fault, Record, Row};

/// Whether a category is that of flow logs of network security groups.
pub(super) fn is_category(category: &str) -> bool {
    category.eq_ignore_ascii_case("NetworkSecurityGroupFlowEvent")
}

pub(super) fn is_virtual_network(row: &Row<'_>) -> bool {
    row.has("flowRecords") && row.has("flowLogVersion")
}

/// A tuple in the fields that both formats have.
struct Tuple<'t> {
    start: Timestamp,
    fields: Vec<&'t str>,
}

impl<'t> Tuple<'t> {
    /// Reads a tuple whose time is in seconds or milliseconds.
    fn of(text: &'t str) -> Result<Self, Fault> {
        let fields: Vec<&str> = text.split(',').map(str::trim).collect();
        let time = fields[0].parse::<i64>().ok().and_then(|time| match time {
            0..100_000_000_000 => Timestamp::from_second(time).ok(),
            _ => Timestamp::from_millisecond(time).ok(),
        });
        match time {
            Some(start) if fields.len() >= 8 => Ok(Self { start, fields }),
            _ => Err(Fault::new(
                format!("`{}` is no flow tuple", text.chars().take(100).collect::<String>()),
                0,
            )),
        }
    }

    fn field(&self, place: usize) -> &'t str {
        self.fields.get(place).copied().unwrap_or("")
    }

    fn count(&self, place: usize) -> Option<i64> {
        self.field(place).parse().ok()
    }
}

/// `properties.flows[].flows[].flowTuples[]` of a record, as `AzureNetworkAnalytics_CL`.
pub(super) fn network_security_group<'a>(mut row: Row<'a>, out: &mut Vec<Record<'a>>) -> Result<(), Fault> {
    let id = row.take("resourceId").plain().unwrap_or_default().into_owned();
    let group = Resource::of(&id);
    let mac = row.take("macAddress");
    let mut properties = take_members(&mut row, "properties");
    for rule in items(properties.take("flows")) {
        let mut rule = members(rule).unwrap_or_default();
        let name = rule.take("rule");
        for flow in items(rule.take("flows")) {
            let mut flow = members(flow).unwrap_or_default();
            let mac = match flow.take("mac") {
                Cell::Null => mac.clone(),
                own => own,
            };
            for tuple in items(flow.take("flowTuples")) {
                let text = tuple.plain().unwrap_or_default();
                let tuple = Tuple::of(&text)?;
                let mut row = Row::with_capacity(28);
                row.set("TimeGenerated", tuple.start);
                row.set("FlowStartTime_t", tuple.start);
                row.set("SubType_s", "FlowLog");
                row.set("SrcIP_s", tuple.field(1).to_owned());
                row.set("DestIP_s", tuple.field(2).to_owned());
                row.set("SrcPort_d", tuple.count(3));
                row.set("DestPort_d", tuple.count(4));
                row.set("L4Protocol_s", tuple.field(5).to_owned());
                row.set("FlowDirection_s", tuple.field(6).to_owned());
                row.set("FlowStatus_s", tuple.field(7).to_owned());
                counted(&mut row, tuple.field(6), tuple.field(7));
                row.set("FlowState_s", tuple.field(8).to_owned());
                let is_in = tuple.field(6) == "I";
                let (there, back) = if is_in {
                    (("InboundPackets_d", "InboundBytes_d"), ("OutboundPackets_d", "OutboundBytes_d"))
                } else {
                    (("OutboundPackets_d", "OutboundBytes_d"), ("InboundPackets_d", "InboundBytes_d"))
                };
                for (column, place) in [(there.0, 9), (there.1, 10), (back.0, 11), (back.1, 12)] {
                    row.set(column, tuple.count(place));
                }
                row.set("NSGRule_s", name.clone());
                row.set(
                    "NSGList_s",
                    format!("{}/{}/{}", group.subscription, group.group, group.name).to_ascii_lowercase(),
                );
                row.set("MACAddress_s", mac.clone());
                row.set("Subscription_g", group.subscription.to_ascii_lowercase());
                group.stamp(&mut row, &id);
                out.push(Record::new("AzureNetworkAnalytics_CL", row));
            }
        }
    }
    Ok(())
}

/// How many flows of a tuple there were, by direction and decision: one.
fn counted(row: &mut Row<'_>, direction: &str, decision: &str) {
    for (column, is) in [
        ("AllowedInFlows_d", direction == "I" && decision == "A"),
        ("AllowedOutFlows_d", direction == "O" && decision == "A"),
        ("DeniedInFlows_d", direction == "I" && decision == "D"),
        ("DeniedOutFlows_d", direction == "O" && decision == "D"),
    ] {
        row.set(column, i64::from(is));
    }
}

/// `flowRecords.flows[].flowGroups[].flowTuples[]` of a record, as `NTANetAnalytics`.
pub(super) fn virtual_network<'a>(
    mut row: Row<'a>,
    _: &Context,
    out: &mut Vec<Record<'a>>,
) -> Result<(), Fault> {
    let target = row.take("targetResourceID");
    let resource = Resource::of(target.text().unwrap_or(""));
    let (mac, log) = (row.take("macAddress"), row.take("flowLogResourceID"));
    let mut records = take_members(&mut row, "flowRecords");
    for flow in items(records.take("flows")) {
        let mut flow = members(flow).unwrap_or_default();
        let list = flow.take("aclID");
        for group in items(flow.take("flowGroups")) {
            let mut group = members(group).unwrap_or_default();
            let rule = group.take("rule");
            for tuple in items(group.take("flowTuples")) {
                let text = tuple.plain().unwrap_or_default();
                let tuple = Tuple::of(&text)?;
                let mut row = Row::with_capacity(28);
                row.set("TimeGenerated", tuple.start);
                row.set("FlowStartTime", tuple.start);
                row.set("SubType", "FlowLog");
                row.set("SrcIp", tuple.field(1).to_owned());
                row.set("DestIp", tuple.field(2).to_owned());
                row.set("SrcPort", tuple.count(3));
                row.set("DestPort", tuple.count(4));
                row.set("L4Protocol", protocol(tuple.field(5)).to_owned());
                row.set("FlowDirection", if tuple.field(6) == "I" { "Inbound" } else { "Outbound" });
                let is_denied = tuple.field(7) == "D";
                row.set("FlowStatus", if is_denied { "Denied" } else { "Allowed" });
                row.set("FlowState", tuple.field(7).to_owned());
                row.set("FlowEncryption", encryption(tuple.field(8)).to_owned());
                for (column, place) in [
                    ("PacketsSrcToDest", 9),
                    ("BytesSrcToDest", 10),
                    ("PacketsDestToSrc", 11),
                    ("BytesDestToSrc", 12),
                ] {
                    row.set(column, tuple.count(place));
                }
                row.set("AclGroup", list.clone());
                row.set("AclRule", rule.clone());
                row.set("MacAddress", mac.clone());
                row.set("TargetResourceId", target.clone());
                row.set("FlowLogResourceId", log.clone());
                resource.stamp(&mut row, target.text().unwrap_or(""));
                out.push(Record::new("NTANetAnalytics", row));
            }
        }
    }
    Ok(())
}

/// Protocols by their numbers of IANA; an unknown number stays.
fn protocol(number: &str) -> &str {
    match number {
        "1" => "ICMP",
        "6" => "T",
        "17" => "U",
        other => other,
    }
}

fn encryption(mark: &str) -> &str {
    match mark {
        "X" => "Encrypted",
        "NX" => "Unencrypted",
        "NX_HW_NOT_SUPPORTED" => "Unsupported hardware",
        "NX_SW_NOT_READY" => "Software not ready",
        "NX_NOT_ACCEPTED" => "Drop due to no encryption",
        "NX_NOT_SUPPORTED" => "Discovery not supported",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::shaped;
    use super::*;
    use crate::json::object;

    #[test]
    fn flows_of_a_security_group() {
        let rows = shaped(
            r#"{"time":"2018-11-13T12:00:35.3899262Z","systemId":"x","category":"NetworkSecurityGroupFlowEvent",
            "resourceId":"/SUBSCRIPTIONS/S/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/N","operationName":"NetworkSecurityGroupFlowEvents",
            "properties":{"Version":2,"flows":[{"rule":"DefaultRule_DenyAllInBound","flows":[{"mac":"000D3AF87856","flowTuples":[
            "1542110402,94.102.49.190,10.5.16.4,28746,443,U,I,D,B,,,,","1542110424,10.5.16.4,8.8.8.8,56509,59336,T,O,A,E,5,300,4,200"]}]}]}}"#,
        );
        assert_eq!(rows.len(), 2);
        let (table, row) = &rows[0];
        assert_eq!(
            (table.as_str(), &row["SrcIP_s"], &row["DestPort_d"]),
            ("AzureNetworkAnalytics_CL", &"94.102.49.190".into(), &443.into())
        );
        assert_eq!((&row["DeniedInFlows_d"], &row["AllowedInFlows_d"]), (&1.into(), &0.into()));
        assert_eq!(row["TimeGenerated"], "2018-11-13T12:00:02.0000000Z");
        assert_eq!((&rows[1].1["OutboundBytes_d"], &rows[1].1["InboundBytes_d"]), (&300.into(), &200.into()));
    }

    #[test]
    fn flows_of_a_virtual_network() {
        let rows = shaped(
            r#"{"time":"2022-09-14T09:00:52.5625085Z","flowLogVersion":4,"flowLogGUID":"g","macAddress":"112233445566","category":"FlowLogFlowEvent",
            "flowLogResourceID":"/L","targetResourceID":"/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v",
            "operationName":"FlowLogFlowEvent","flowRecords":{"flows":[{"aclID":"a","flowGroups":[{"rule":"DefaultRule_AllowInternetOutBound",
            "flowTuples":["1663146003599,10.0.0.6,52.239.184.180,23956,443,6,O,E,NX,3,767,2,1580"]}]}]}}"#,
        );
        let (table, row) = &rows[0];
        assert_eq!(
            (table.as_str(), &row["FlowStatus"], &row["BytesDestToSrc"]),
            ("NTANetAnalytics", &"Allowed".into(), &1580.into())
        );
        assert_eq!(
            (&row["FlowEncryption"], &row["AclRule"]),
            (&"Unencrypted".into(), &"DefaultRule_AllowInternetOutBound".into())
        );
        assert_eq!(row["TimeGenerated"], "2022-09-14T09:00:03.5990000Z");
    }

    #[test]
    fn what_is_no_tuple_is_told() {
        let text =
            r#"{"flowLogVersion":4,"flowRecords":{"flows":[{"flowGroups":[{"flowTuples":["x,y"]}]}]}}"#;
        let fault = virtual_network(object(text).unwrap(), &Context::default(), &mut Vec::new()).unwrap_err();
        assert_eq!(fault.message, "`x,y` is no flow tuple");
    }
}
