//! A flow log: who talked to whom, on which port, how much.

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::Failure;
use crate::random::{Random, mixed};
use crate::write::{self, Column, DAY, DAYS, START, moment};

const SOURCES: u64 = 300_000;
const DESTINATIONS: u64 = 800_000;
const MACHINES: u64 = 20_000;
const INDICATORS: u64 = 10_000;
const PORTS: [i64; 16] = [443, 80, 53, 22, 3389, 445, 123, 25, 8080, 1433, 5432, 3306, 6379, 9200, 5985, 389];
const REGIONS: [&str; 8] = [
    "westeurope",
    "northeurope",
    "eastus",
    "westus2",
    "southeastasia",
    "uksouth",
    "brazilsouth",
    "centralindia",
];

/// The address of a machine within.
fn source(number: u64) -> String {
    let bits = mixed(number * 2 + 1);
    format!("10.{}.{}.{}", number >> 14 & 0xFF, number >> 6 & 0xFF, (number & 0x3F) << 2 | bits & 3)
}

/// The address of a host without. Different numbers may share one: that is no harm.
fn destination(number: u64) -> String {
    let bits = mixed(number * 2 + 0x1000_0001);
    format!("{}.{}.{}.{}", 11 + bits % 212, bits >> 16 & 0xFF, bits >> 24 & 0xFF, bits >> 32 & 0xFF)
}

/// Writes the table, and beside it a watch list.
pub(crate) fn generate(folder: &Path, rows: u64) -> Result<Map<String, Value>, Failure> {
    let random = &mut Random::new(1);
    let columns = vec![
        ("TimeGenerated", Column::time()),
        ("SrcIP", Column::text()),
        ("DestIP", Column::text()),
        ("SrcPort", Column::int()),
        ("DestPort", Column::int()),
        ("Protocol", Column::text()),
        ("Action", Column::text()),
        ("Direction", Column::text()),
        ("Region", Column::text()),
        ("VmName", Column::text()),
        ("Rule", Column::text()),
        ("BytesSent", Column::long()),
        ("BytesReceived", Column::long()),
        ("Packets", Column::int()),
    ];
    write::table(&folder.join("flow"), rows, random, columns, |random, time, columns| {
        let is_popular = random.chance(0.5);
        let from = if is_popular { random.skewed(SOURCES) } else { random.below(SOURCES) };
        let sent = (random.normal() * 1.2 + 7.0).exp() as i64 + 40;
        let is_denied = random.chance(0.07);
        let port =
            if random.chance(0.8) { *random.pick_skewed(&PORTS) } else { 1024 + random.below(64_000) as i64 };
        columns[0].1.push(time);
        columns[1].1.push_text(&source(from));
        let to = if random.chance(0.7) { random.skewed(DESTINATIONS) } else { random.below(DESTINATIONS) };
        columns[2].1.push_text(&destination(to));
        columns[3].1.push(1024 + random.below(64_000) as i64);
        columns[4].1.push(port);
        columns[5].1.push_text(if port == 53 || port == 123 || random.chance(0.05) { "UDP" } else { "TCP" });
        columns[6].1.push_text(if is_denied { "Deny" } else { "Allow" });
        columns[7].1.push_text(if random.chance(0.6) { "Outbound" } else { "Inbound" });
        columns[8].1.push_text(REGIONS[random.skewed(8) as usize]);
        let machine = random.below(MACHINES);
        columns[9].1.push_text(&format!("vm-{:05}", mixed(machine) % MACHINES));
        columns[10].1.push_text(&format!(
            "{}-rule-{:03}",
            if is_denied { "deny" } else { "allow" },
            from % 200
        ));
        columns[11].1.push(sent);
        columns[12].1.push((sent as f64 * random.share() * 4.0) as i64);
        columns[13].1.push(1 + sent / 1200);
    })?;

    let mut watch = vec![("IP", Column::text()), ("Tag", Column::text())];
    let mut known = std::collections::HashSet::new();
    for number in 0..200 {
        let address = destination(number * 37 % DESTINATIONS);
        if known.insert(address.clone()) {
            watch[0].1.push_text(&address);
            watch[1].1.push_text(["tor", "scanner", "c2", "spam", "partner"][number as usize % 5]);
        }
    }
    write::small_table(&folder.join("watch"), watch)?;

    // Three in ten are in the table.
    let indicators = (0..INDICATORS).map(|number| match number % 10 {
        0..3 => destination(random.below(DESTINATIONS)),
        _ => destination(DESTINATIONS + number),
    });
    let hour = START + 3 * DAY + 14 * 3_600_000_000;
    let mut facts = Map::new();
    facts.insert("indicators".to_owned(), indicators.collect());
    facts.insert("start".to_owned(), json!(moment(START)));
    facts.insert("end".to_owned(), json!(moment(START + DAYS * DAY)));
    facts.insert("hour".to_owned(), json!(moment(hour)));
    facts.insert("hour_end".to_owned(), json!(moment(hour + 3_600_000_000)));
    facts.insert("last_day".to_owned(), json!(moment(START + (DAYS - 1) * DAY)));
    Ok(facts)
}
