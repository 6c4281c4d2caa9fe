//! NW-3: VPN issues can be diagnosed.

use serde::Deserialize;
use serde_json::{Value, json};

use super::GUIDANCE;
use crate::body::{self, Text};
use crate::command;
use crate::context::{Context, DIAGNOSTIC_SETTINGS};
use crate::control::{Area, Control, EvidenceNeed, Reference, Severity};
use crate::verdict::{Counterexample, Findings, Verdict};

const GATEWAYS: &str = "Microsoft.Network/virtualNetworkGateways";
const HUB_GATEWAYS: &str = "Microsoft.Network/vpnGateways";

pub(super) const CONTROL: Control = Control {
    id: "NW-3",
    title: "VPN gateways write the logs that diagnosis needs",
    area: Area::Network,
    severity: Severity::Low,
    why: "A tunnel that drops at night leaves no trace but its logs. Without them the next morning begins with \
        guesses about whose side it was.",
    evidence: &[
        EvidenceNeed {
            what: "VPN gateways",
            command: "az graph query -q \"resources | where type =~ 'Microsoft.Network/virtualNetworkGateways'\"",
        },
        EvidenceNeed {
            what: "Diagnostic settings of each gateway",
            command: "az monitor diagnostic-settings list --resource {gateway}",
        },
    ],
    decided: "Each VPN gateway, of a virtual network or a virtual hub, must send the logs GatewayDiagnosticLog, \
        TunnelDiagnosticLog, RouteDiagnosticLog and IKEDiagnosticLog to some destination; a policy-based \
        gateway only has the first and third. ExpressRoute gateways are not meant.",
    fix: "Create a diagnostic setting with the category group allLogs on the gateway.",
    references: &[
        GUIDANCE,
        Reference {
            title: "Monitor Azure VPN Gateway",
            url: "https://learn.microsoft.com/azure/vpn-gateway/monitor-vpn-gateway",
        },
    ],
    decide,
};

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shape<'a> {
    #[serde(borrow, default)]
    gateway_type: Text<'a>,
    #[serde(borrow, default)]
    vpn_type: Text<'a>,
}

fn decide(context: &Context<'_>) -> Verdict {
    let mut findings = Findings::default();
    for id in &context.diagnostics().unreadable {
        context.unreadable(&mut findings, id);
    }
    for kind in [GATEWAYS, HUB_GATEWAYS] {
        context.needs_list(&mut findings, kind, "VPN gateways");
        for entry in context.snapshot().of_type(kind) {
            let Ok(read) = body::read::<Shape<'_>>(entry) else {
                context.unreadable(&mut findings, &entry.id());
                continue;
            };
            if read.properties.gateway_type.is("ExpressRoute") || read.properties.gateway_type.is("LocalGateway") {
                continue;
            }
            findings.check("VPN gateways", 1);
            let wanted: &[&str] = if read.properties.vpn_type.is("PolicyBased") {
                &["GatewayDiagnosticLog", "RouteDiagnosticLog"]
            } else {
                &["GatewayDiagnosticLog", "TunnelDiagnosticLog", "RouteDiagnosticLog", "IKEDiagnosticLog"]
            };
            let settings = context.diagnostics().on(entry.key());
            let sent: Vec<&str> = wanted
                .iter()
                .copied()
                .filter(|log| settings.iter().any(|setting| setting.sends_log(log)))
                .collect();
            if sent.len() == wanted.len() {
                continue;
            }
            let id = entry.id();
            if !context.knows_settings(entry.key()) {
                let az = format!("az monitor diagnostic-settings list --resource {id}");
                let command = command::list(&az, DIAGNOSTIC_SETTINGS);
                findings.miss("the diagnostic settings of a VPN gateway", Some(&id), command, 1);
                continue;
            }
            findings.violate(Counterexample {
                object: id.to_string(),
                path: "diagnosticSettings".to_owned(),
                seen: if settings.is_empty() { Value::Null } else { json!(sent) },
                wanted: format!("logs {}", wanted.join(", ")),
                note: None,
                fix: Some(format!(
                    "az monitor diagnostic-settings create --name vpn-logs --resource {id} --workspace \
                     '<workspace>' --logs '[{{\"categoryGroup\":\"allLogs\",\"enabled\":true}}]'"
                )),
            });
        }
    }
    findings.verdict("the estate holds no VPN gateway")
}
