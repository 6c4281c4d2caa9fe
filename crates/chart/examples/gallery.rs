//! Every visualisation on one HTML page, to be looked at: `cargo run -p azimuth-chart --example gallery -- gallery.html`.
//!
//! With `--terminal` as the second argument the charts are also printed, as a terminal shows them.

use std::io::{self, Write};

use azimuth_chart::{
    Chart, Column, ColumnType, Page, Request, Table, TerminalOptions, Value, chart, html, terminal,
};

const HOUR: i64 = 36_000_000_000;
const DAY: i64 = 24 * HOUR;
/// 2024-03-04, a Monday.
const MONDAY: i64 = 638_451_072_000_000_000;

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().unwrap_or_else(|| "gallery.html".to_owned());
    let charts: Vec<(Chart, Option<Table>)> = samples()
        .into_iter()
        .map(|(query, table)| {
            let chart = draw(query, &table);
            (chart, Some(table))
        })
        .collect();
    if arguments.next().as_deref() == Some("--terminal") {
        let mut out = io::stdout().lock();
        for (chart, _) in &charts {
            writeln!(
                out,
                "{}",
                terminal(chart, &TerminalOptions { width: 100, ..TerminalOptions::default() })
            )?;
        }
    }
    let page =
        Page {
            title: "Gallery of the render operator", charts: &charts, query: Some("Samples\n| render …")
        };
    std::fs::write(path, html(&page))
}

/// `timechart title=a kind=b`, with `_` for spaces.
fn draw(query: &str, table: &Table) -> Chart {
    let mut words = query.split(' ');
    let name = words.next().unwrap_or_default();
    let properties: Vec<(String, Vec<String>)> = words
        .filter_map(|word| word.split_once('='))
        .map(|(name, value)| {
            let value = if name.ends_with("title") { value.replace('_', " ") } else { value.to_owned() };
            (name.to_owned(), vec![value])
        })
        .collect();
    let request = Request::parse(name, &properties).unwrap_or_else(|error| panic!("{query}: {error}"));
    chart(&request, table).unwrap_or_else(|error| panic!("{query}: {error}"))
}

fn samples() -> Vec<(&'static str, Table)> {
    vec![
        (
            "timechart title=Sign-ins_by_result_in_a_week ytitle=sign-ins",
            sign_ins(&["Success", "Wrong password", "MFA denied"], 168),
        ),
        ("timechart title=Traffic_of_a_dozen_hosts", sign_ins(HOSTS, 48)),
        ("anomalychart title=Failed_sign-ins_with_anomalies anomalycolumns=anomalies", anomalies()),
        ("areachart title=Requests,_each_on_its_own", sign_ins(&["GET", "POST"], 72)),
        ("stackedareachart title=Requests,_stacked", sign_ins(&["GET", "POST", "PUT", "DELETE"], 72)),
        (
            "areachart title=Requests,_as_shares kind=stacked100",
            sign_ins(&["GET", "POST", "PUT", "DELETE"], 72),
        ),
        ("timechart title=Two_measures_with_an_axis_each ysplit=axes", measures()),
        ("timechart title=Two_measures_with_a_panel_each ysplit=panels", measures()),
        ("linechart title=Latency_by_payload_on_logarithmic_axes xaxis=log yaxis=log", powers()),
        ("barchart title=Alerts_by_rule", rules()),
        ("barchart title=Alerts_by_rule_and_severity kind=stacked", severities()),
        ("barchart title=Alerts_by_rule_and_severity,_side_by_side", severities()),
        ("columnchart title=Events_by_hour,_the_quiet_hours_are_gaps", gaps()),
        ("columnchart title=Storms_by_state", states()),
        ("columnchart title=Operations_by_name", rules()),
        ("columnchart title=Alerts_by_severity,_in_shares kind=stacked100", severities()),
        ("columnchart title=Growth_by_region", growth()),
        ("piechart title=Sources_of_alerts", sources()),
        ("scatterchart title=Bytes_and_duration_of_sessions", scatter()),
        ("scatterchart title=Sign-ins_on_a_map kind=map", places()),
        ("piechart title=Events_by_place_and_type kind=map", pies()),
        ("ladderchart title=Incidents_from_first_to_last_event", incidents()),
        ("timepivot title=Events_of_devices series=Device", pivot()),
        ("treemap title=Storage_by_account_and_container", storage()),
        ("card title=Today", cards()),
        ("table title=A_table", rules()),
        ("timechart title=A_month_by_the_minute", minutes()),
        ("timechart title=Nothing_happened", Table { rows: Vec::new(), ..gaps() }),
    ]
}

const HOSTS: &[&str] = &[
    "web-01", "web-02", "web-03", "db-01", "db-02", "cache-01", "queue-01", "batch-01", "batch-02", "gw-01",
    "gw-02", "jump-01",
];

fn table(columns: &[(&str, ColumnType)], rows: Vec<Vec<Value>>) -> Table {
    Table { columns: columns.iter().map(|(name, kind)| Column::new(*name, *kind)).collect(), rows }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// A number between 0 and 1 that looks random and is not.
fn noise(seed: i64) -> f64 {
    let mut state = (seed as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x1234_5678;
    state ^= state >> 29;
    state = state.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state ^= state >> 32;
    (state % 10_000) as f64 / 10_000.0
}

fn sign_ins(names: &[&str], hours: i64) -> Table {
    let mut rows = Vec::new();
    for hour in 0..hours {
        for (index, name) in names.iter().enumerate() {
            let index = index as i64;
            let day = ((hour % 24) as f64 - 13.0) / 5.0;
            let weekday = if hour / 24 % 7 < 5 { 1.0 } else { 0.25 };
            let level = 9_000.0 / (1.4 + index as f64).powf(1.3);
            let value =
                level * weekday * (-day * day / 2.0).exp() + level * 0.18 * noise(hour * 31 + index * 977);
            rows.push(vec![Value::Datetime(MONDAY + hour * HOUR), text(name), Value::Long(value as i64)]);
        }
    }
    table(
        &[
            ("TimeGenerated", ColumnType::Datetime),
            ("Result", ColumnType::Text),
            ("count_", ColumnType::Number),
        ],
        rows,
    )
}

fn anomalies() -> Table {
    let hours = 0..120_i64;
    let values: Vec<f64> = hours
        .clone()
        .map(|hour| {
            let wave = 60.0 + 40.0 * (hour as f64 / 24.0 * std::f64::consts::TAU).sin() + 12.0 * noise(hour);
            if [37, 38, 91].contains(&hour) { wave + 140.0 } else { wave }
        })
        .collect();
    let baseline: Vec<f64> =
        hours.clone().map(|hour| 66.0 + 40.0 * (hour as f64 / 24.0 * std::f64::consts::TAU).sin()).collect();
    let marks: Vec<u8> = hours.clone().map(|hour| u8::from([37, 38, 91].contains(&hour))).collect();
    let times: Vec<String> = hours
        .map(|hour| format!("\"2024-03-{:02}T{:02}:00:00.0000000Z\"", 4 + hour / 24, hour % 24))
        .collect();
    table(
        &[
            ("TimeGenerated", ColumnType::Dynamic),
            ("failed", ColumnType::Dynamic),
            ("baseline", ColumnType::Dynamic),
            ("anomalies", ColumnType::Dynamic),
        ],
        vec![vec![
            Value::Dynamic(format!("[{}]", times.join(","))),
            Value::Dynamic(format!("{values:?}")),
            Value::Dynamic(format!("{baseline:?}")),
            Value::Dynamic(format!("{marks:?}")),
        ]],
    )
}

fn measures() -> Table {
    let row = |hour: i64| {
        vec![
            Value::Datetime(MONDAY + hour * HOUR),
            Value::Real(30.0 + 25.0 * (hour as f64 / 9.0).sin() + 10.0 * noise(hour)),
            Value::Long(2_000_000 + (1_500_000.0 * noise(hour / 3)) as i64),
        ]
    };
    let columns = [
        ("Time", ColumnType::Datetime),
        ("cpu_percent", ColumnType::Number),
        ("bytes_sent", ColumnType::Number),
    ];
    table(&columns, (0..72).map(row).collect())
}

fn powers() -> Table {
    let row = |step: i32| {
        let size = 10_f64.powf(f64::from(step) / 4.0);
        vec![
            Value::Real(size),
            Value::Real(0.4 + size.powf(0.6) * (0.8 + 0.4 * noise(i64::from(step)))),
            Value::Real(2.0 + size.powf(0.45)),
        ]
    };
    let columns =
        [("bytes", ColumnType::Number), ("p99_ms", ColumnType::Number), ("p50_ms", ColumnType::Number)];
    table(&columns, (4..30).map(row).collect())
}

const RULES: &[&str] = &[
    "Impossible travel",
    "Password spray",
    "Mass download from SharePoint",
    "New inbox forwarding rule",
    "Suspicious PowerShell with an encoded command line and a very long name",
    "Anonymous IP",
    "Key Vault: secrets listed by a new principal",
    "Role assigned outside PIM",
];

fn rules() -> Table {
    let row = |(index, name): (usize, &&str)| {
        vec![text(name), Value::Long((12_400.0 / (1.0 + index as f64).powf(1.2)) as i64)]
    };
    table(
        &[("AlertName", ColumnType::Text), ("alerts", ColumnType::Number)],
        RULES.iter().enumerate().map(row).collect(),
    )
}

fn severities() -> Table {
    let mut rows = Vec::new();
    for (index, name) in RULES.iter().take(5).enumerate() {
        for (level, severity) in ["High", "Medium", "Low"].into_iter().enumerate() {
            let value = 20.0 + 300.0 * noise((index * 7 + level * 3) as i64) / (1.0 + index as f64 * 0.5);
            rows.push(vec![text(name), text(severity), Value::Long(value as i64)]);
        }
    }
    table(
        &[("AlertName", ColumnType::Text), ("Severity", ColumnType::Text), ("alerts", ColumnType::Number)],
        rows,
    )
}

fn gaps() -> Table {
    let hours = (0..72_i64).filter(|hour| (6..20).contains(&(hour % 24)));
    let row =
        |hour: i64| vec![Value::Datetime(MONDAY + hour * HOUR), Value::Long((900.0 * noise(hour)) as i64)];
    table(&[("Time", ColumnType::Datetime), ("events", ColumnType::Number)], hours.map(row).collect())
}

fn states() -> Table {
    let states = ["TEXAS", "KANSAS", "IOWA", "ILLINOIS", "MISSOURI", "GEORGIA", "OHIO"];
    let row = |(index, name): (usize, &&str)| vec![text(name), Value::Long(4_701 - 480 * index as i64)];
    table(
        &[("State", ColumnType::Text), ("count_", ColumnType::Number)],
        states.iter().enumerate().map(row).collect(),
    )
}

fn growth() -> Table {
    let rows = [("North", 12.5), ("South", -4.0), ("East", 7.25), ("West", -9.5), ("Centre", 1.0)];
    table(
        &[("Region", ColumnType::Text), ("growth_percent", ColumnType::Number)],
        rows.iter().map(|(name, value)| vec![text(name), Value::Real(*value)]).collect(),
    )
}

fn sources() -> Table {
    let rows = [
        ("Defender for Endpoint", 4_210),
        ("Entra ID Protection", 2_380),
        ("Defender for Cloud", 1_790),
        ("Sentinel", 1_105),
        ("Defender for Office", 640),
        ("Cloud Apps", 310),
        ("Purview", 120),
        ("Defender for Identity", 95),
        ("Storage", 40),
        ("Key Vault", 31),
        ("SQL", 22),
        ("DNS", 9),
    ];
    table(
        &[("Product", ColumnType::Text), ("alerts", ColumnType::Number)],
        rows.iter().map(|(name, count)| vec![text(name), Value::Long(*count)]).collect(),
    )
}

fn scatter() -> Table {
    let row = |index: i64| {
        let kind = ["web", "backup", "scan"][(index % 3) as usize];
        let (x, y) = (noise(index), noise(index + 5_000));
        let (duration, bytes) = match kind {
            "web" => (x * 40.0, 2_000.0 + y * 60_000.0),
            "backup" => (60.0 + x * 80.0, 150_000.0 + 120_000.0 * (0.5 * x + 0.5 * y)),
            _ => (x * 140.0, y * 9_000.0),
        };
        vec![Value::Real(duration), Value::Real(bytes.round()), text(kind)]
    };
    table(
        &[("duration_s", ColumnType::Number), ("bytes", ColumnType::Number), ("kind", ColumnType::Text)],
        (0..420).map(row).collect(),
    )
}

fn places() -> Table {
    let cities = [
        (-0.1, 51.5, "Success"),
        (2.35, 48.9, "Success"),
        (13.4, 52.5, "Success"),
        (-74.0, 40.7, "Success"),
        (139.7, 35.7, "Success"),
        (-122.3, 47.6, "Success"),
        (151.2, -33.9, "Success"),
        (37.6, 55.8, "Blocked"),
        (116.4, 39.9, "Blocked"),
        (3.4, 6.5, "Blocked"),
        (-46.6, -23.5, "MFA denied"),
        (77.2, 28.6, "MFA denied"),
        (18.4, -33.9, "Success"),
        (-58.4, -34.6, "Blocked"),
        (103.8, 1.35, "Success"),
    ];
    table(
        &[("Longitude", ColumnType::Number), ("Latitude", ColumnType::Number), ("Result", ColumnType::Text)],
        cities.iter().map(|(x, y, name)| vec![Value::Real(*x), Value::Real(*y), text(name)]).collect(),
    )
}

fn pies() -> Table {
    let mut rows = Vec::new();
    for (index, (x, y)) in
        [(-81.4, 28.5), (-80.2, 25.8), (-82.5, 27.9), (-84.3, 30.4), (-87.2, 30.4)].into_iter().enumerate()
    {
        for (level, kind) in ["Hail", "Flood", "Tornado"].into_iter().enumerate() {
            let point = format!("{{\"type\":\"Point\",\"coordinates\":[{x},{y}]}}");
            let size = (400.0 * noise((index * 5 + level) as i64)) as i64;
            rows.push(vec![Value::Dynamic(point), text(kind), Value::Long(size)]);
        }
    }
    table(
        &[("point", ColumnType::Dynamic), ("EventType", ColumnType::Text), ("count_", ColumnType::Number)],
        rows,
    )
}

fn incidents() -> Table {
    let row = |index: i64| {
        let start = MONDAY + (noise(index) * 6.0 * DAY as f64) as i64;
        let length = (noise(index + 40) * 1.6 * DAY as f64) as i64;
        vec![
            text(RULES[(index % 6) as usize]),
            text(["High", "Medium", "Low"][(index % 3) as usize]),
            Value::Datetime(start),
            Value::Datetime(start + length),
        ]
    };
    table(
        &[
            ("Incident", ColumnType::Text),
            ("Severity", ColumnType::Text),
            ("FirstEvent", ColumnType::Datetime),
            ("LastEvent", ColumnType::Datetime),
        ],
        (0..14).map(row).collect(),
    )
}

fn pivot() -> Table {
    let row = |index: i64| {
        vec![
            Value::Datetime(MONDAY + (noise(index) * DAY as f64) as i64),
            text(HOSTS[(noise(index + 99) * 7.0) as usize]),
            Value::Long(index),
        ]
    };
    table(
        &[("Timestamp", ColumnType::Datetime), ("Device", ColumnType::Text), ("n", ColumnType::Number)],
        (0..260).map(row).collect(),
    )
}

fn storage() -> Table {
    let mut rows = Vec::new();
    for (index, account) in
        ["stlogsprod", "stbackup", "stwebassets", "stml", "stdiag"].into_iter().enumerate()
    {
        for (level, container) in ["insights", "raw", "curated", "archive", "tmp"].into_iter().enumerate() {
            let size = 4e12 / (1.0 + index as f64).powf(1.4) * (0.1 + noise((index * 11 + level) as i64));
            rows.push(vec![text(account), text(container), Value::Real(size.round())]);
        }
    }
    table(
        &[("Account", ColumnType::Text), ("Container", ColumnType::Text), ("bytes", ColumnType::Number)],
        rows,
    )
}

fn cards() -> Table {
    table(
        &[
            ("Sign-ins", ColumnType::Number),
            ("Open incidents", ColumnType::Number),
            ("Mean time to respond", ColumnType::Timespan),
            ("Last event", ColumnType::Datetime),
            ("Secure score", ColumnType::Number),
        ],
        vec![vec![
            Value::Long(1_284_301),
            Value::Long(17),
            Value::Timespan(2 * HOUR + 8_400_000_000),
            Value::Datetime(MONDAY + 17 * HOUR + 1_234_567_000),
            Value::Real(71.4),
        ]],
    )
}

fn minutes() -> Table {
    let row = |minute: i64| {
        let peak = if minute == 30_000 { 4_000.0 } else { 0.0 };
        let wave = 400.0 + 300.0 * (minute as f64 / 1_440.0 * std::f64::consts::TAU).sin();
        vec![Value::Datetime(MONDAY + minute * HOUR / 60), Value::Real(wave + 250.0 * noise(minute) + peak)]
    };
    table(&[("Time", ColumnType::Datetime), ("requests", ColumnType::Number)], (0..44_640).map(row).collect())
}
