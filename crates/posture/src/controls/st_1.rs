//! ST-1: storage services are watched for unexpected changes.

use serde::Deserialize;
use serde_json::json;

use super::GUIDANCE;
use crate::body::{self, Text, lenient};
use crate::context::{Context, Setting};
use crate::control::{Area, Control, EvidenceNeed, Reference, Severity};
use crate::verdict::{Counterexample, Findings, Verdict};

const KIND: &str = "Microsoft.Storage/storageAccounts";
const LOGS: [&str; 3] = ["StorageRead", "StorageWrite", "StorageDelete"];
const METRIC: &str = "Transaction";

pub(super) const CONTROL: Control = Control {
    id: "ST-1",
    title: "Storage services are watched for unexpected changes",
    area: Area::Storage,
    severity: Severity::Medium,
    why: "Data leaves through the storage service, and slowness and errors show there first. Without its logs \
        there is no answer to the question who read what.",
    evidence: &[
        EvidenceNeed {
            what: "Storage accounts",
            command: "az storage account list --subscription {s}",
        },
        EvidenceNeed {
            what: "Diagnostic settings of each storage service",
            command: "az monitor diagnostic-settings list --resource {account}/blobServices/default",
        },
    ],
    decided: "Each service that the kind of the account has (blob, queue, table and file for general-purpose \
        accounts; only blob or only file for the special kinds and for premium) must send the logs \
        StorageRead, StorageWrite and StorageDelete and the metric Transaction to some destination; several \
        settings add up, and the category group `allLogs` counts for all logs. The group `audit` does not.",
    fix: "Create a diagnostic setting on each service with the category group allLogs and the metric \
        Transaction, best by a deployIfNotExists policy.",
    references: &[
        GUIDANCE,
        Reference {
            title: "Monitor Azure Blob Storage",
            url: "https://learn.microsoft.com/azure/storage/blobs/monitor-blob-storage",
        },
    ],
    decide,
};

#[derive(Default, Deserialize)]
struct Shape<'a> {
    #[serde(borrow, default)]
    kind: Text<'a>,
    #[serde(default, deserialize_with = "lenient")]
    sku: Option<Sku>,
}

#[derive(Default, Deserialize)]
struct Sku {
    #[serde(default)]
    name: String,
}

impl Shape<'_> {
    fn services(&self) -> &'static [&'static str] {
        let premium = self.sku.as_ref().is_some_and(|sku| sku.name.to_ascii_lowercase().starts_with("premium"));
        if self.kind.is("FileStorage") {
            &["fileServices"]
        } else if self.kind.is("BlobStorage") || self.kind.is("BlockBlobStorage") || premium {
            &["blobServices"]
        } else {
            &["blobServices", "queueServices", "tableServices", "fileServices"]
        }
    }
}

fn decide(context: &Context<'_>) -> Verdict {
    let mut findings = Findings::default();
    context.needs_list(&mut findings, KIND, "storage accounts");
    for id in &context.diagnostics().unreadable {
        context.unreadable(&mut findings, id);
    }
    for entry in context.snapshot().of_type(KIND) {
        findings.check("storage accounts", 1);
        let Ok(shape) = entry.read::<Shape<'_>>() else {
            context.unreadable(&mut findings, &entry.id());
            continue;
        };
        if shape.kind.is_empty() && body::is_head(entry.body()) {
            // The kind says which services there are, and this line of a list leaves it out.
            context.unreadable(&mut findings, &entry.id());
            continue;
        }
        for service in shape.services() {
            findings.check("storage services", 1);
            let key = format!("{}/{}/default", entry.key(), service.to_ascii_lowercase());
            let settings = context.diagnostics().on(&key);
            if covers(settings) {
                continue;
            }
            let object = format!("{}/{service}/default", entry.id());
            if !context.knows_settings(&key) {
                let scope = format!("/subscriptions/{}", entry.subscription_id().unwrap_or_default());
                // One line for each subscription: the command below reads every service of it.
                let command = format!("azimuth collect --out exports --subscription {}", &scope[15..]);
                findings.miss("the diagnostic settings of storage services", Some(&scope), command, 1);
                continue;
            }
            let sends = |wanted: &dyn Fn(&Setting) -> bool| settings.iter().any(wanted);
            let logs: Vec<&str> =
                LOGS.into_iter().filter(|log| sends(&|setting| setting.sends_log(log))).collect();
            let metrics = sends(&|setting| setting.sends_metric(METRIC));
            findings.violate(Counterexample {
                path: "diagnosticSettings".to_owned(),
                seen: if settings.is_empty() {
                    serde_json::Value::Null
                } else {
                    json!({"logs": logs, "metrics": if metrics { vec![METRIC] } else { Vec::new() }})
                },
                wanted: "logs StorageRead, StorageWrite and StorageDelete and the metric Transaction".to_owned(),
                note: None,
                fix: Some(format!(
                    "az monitor diagnostic-settings create --name storage-logs --resource {object} --workspace \
                     '<workspace>' --logs '[{{\"categoryGroup\":\"allLogs\",\"enabled\":true}}]' --metrics \
                     '[{{\"category\":\"Transaction\",\"enabled\":true}}]'"
                )),
                object,
            });
        }
    }
    findings.verdict("the estate holds no storage account")
}

fn covers(settings: &[Setting]) -> bool {
    LOGS.iter().all(|log| settings.iter().any(|setting| setting.sends_log(log)))
        && settings.iter().any(|setting| setting.sends_metric(METRIC))
}
