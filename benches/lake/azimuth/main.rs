//! Measures the lake: `lake-bench FOLDER [MB]`. Makes sign-in-like records, appends them to a lake in `FOLDER`, and prints one line
//! of JSON for each figure. The lake stays, with all rows in files, for `benches/lake/readers.py`.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use azimuth_lake::{Batch, Config, Lake};

/// Bytes of a batch of the bulk load.
const BATCH: usize = 4 << 20;
/// Batches of the steady load: so many a second, of so many events.
const STEADY: (u32, usize) = (200, 100);

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().context("usage: lake-bench FOLDER [MB]")?;
    let megabytes: usize = arguments.next().map_or(Ok(512), |text| text.parse())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build()?;
    runtime.block_on(async {
        let config = Config { memory_bytes: 4 << 30, ..Config::new(&folder) };
        std::fs::create_dir_all(&folder)?;
        let lake = Lake::open(config).await?;
        bulk(&lake, megabytes << 20).await?;
        steady(&lake).await?;
        let started = Instant::now();
        lake.flush_all().await?;
        tell("flush_rest_seconds", started.elapsed().as_secs_f64());
        for table in lake.tables() {
            if table.file_rows > 0 {
                let name = format!("file_bytes_per_event_{}", table.name);
                tell(&name, table.file_bytes as f64 / table.file_rows as f64);
            }
        }
        Ok(())
    })
}

#[expect(clippy::print_stdout, reason = "figures are what it is for")]
fn tell(name: &str, value: f64) {
    println!("{{\"{name}\": {value:.4}}}");
}

/// Everything that one producer can get in: durable and visible, then in files. Bytes over CPU seconds are what a core does.
async fn bulk(lake: &Lake, bytes: usize) -> Result<()> {
    let (mut events, mut batches) = (0, Vec::new());
    let mut made = 0;
    while made < bytes {
        let mut lines = String::with_capacity(BATCH + 4_096);
        while lines.len() < BATCH {
            lines += &record(events);
            events += 1;
        }
        made += lines.len();
        batches.push(bytes::Bytes::from(lines));
    }
    tell("json_bytes_per_event", made as f64 / events as f64);
    let (started, before) = (Instant::now(), cpu_seconds());
    for lines in batches {
        lake.append("SigninLogs", Batch::new(lines)).await?;
    }
    let (wall, cpu) = (started.elapsed().as_secs_f64(), cpu_seconds() - before);
    tell("append_mb_per_second", made as f64 / 1e6 / wall);
    tell("append_mb_per_cpu_second", made as f64 / 1e6 / cpu);
    let (started, before) = (Instant::now(), cpu_seconds());
    lake.flush_all().await?;
    tell("flush_mb_per_second", made as f64 / 1e6 / started.elapsed().as_secs_f64());
    tell("flush_mb_per_cpu_second", made as f64 / 1e6 / (cpu_seconds() - before));
    Ok(())
}

/// A steady load of 20,000 events a second for ten seconds, with maintenance: from handing a batch over to seeing it in a snapshot.
async fn steady(lake: &Lake) -> Result<()> {
    let keeper = lake.clone();
    let keeping = tokio::spawn(async move {
        loop {
            drop(keeper.maintain().await);
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    });
    let (per_second, events) = STEADY;
    let started = Instant::now();
    let mut waiting = Vec::new();
    for number in 0..per_second * 10 {
        let due = Duration::from_secs(1) * number / per_second;
        tokio::time::sleep(due.saturating_sub(started.elapsed())).await;
        let lake = lake.clone();
        waiting.push(tokio::spawn(async move {
            let lines: String = (0..events).map(|event| record(number as usize * events + event)).collect();
            let handed = Instant::now();
            lake.append("SteadySignins_CL", Batch::new(lines)).await?;
            // Every later snapshot has it: that is what the answer means, and the tests hold it to.
            drop(lake.snapshot());
            anyhow::Ok(handed.elapsed().as_secs_f64() * 1e3)
        }));
    }
    let mut took = Vec::new();
    for one in waiting {
        took.push(one.await??);
    }
    keeping.abort();
    took.sort_by(f64::total_cmp);
    tell("visible_ms_p50", took[took.len() / 2]);
    tell("visible_ms_p99", took[took.len() * 99 / 100]);
    tell("steady_events_per_second", (took.len() * events) as f64 / started.elapsed().as_secs_f64());
    Ok(())
}

/// Seconds of CPU that this process has taken, all threads together; 0 where the system does not say.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    let ticks = |place: usize| fields.get(place).and_then(|ticks| ticks.parse::<f64>().ok()).unwrap_or(0.0);
    // A hundredth of a second each, user and system.
    (ticks(11) + ticks(12)) / 100.0
}

/// A record as Microsoft Entra exports sign-ins: some forty members, five of them nested.
fn record(number: usize) -> String {
    let (user, second) = (number * 7_919 % 5_000, number % 86_400);
    let (hour, minute) = (second / 3_600, second / 60 % 60);
    format!(
        concat!(
            "{{\"TimeGenerated\":\"2024-03-01T{:02}:{:02}:{:02}.{:07}Z\",\"OperationName\":\"Sign-in activity\",",
            "\"Category\":\"SignInLogs\",\"ResultType\":\"{}\",\"ResultDescription\":\"\",\"CorrelationId\":\"{:08x}-0000-4000-8000-{:012x}\",",
            "\"Identity\":\"User {}\",\"Level\":\"4\",\"Location\":\"CH\",\"AppDisplayName\":\"Portal {}\",\"AppId\":\"{:08x}-0000-4000-8000-000000000000\",",
            "\"ClientAppUsed\":\"Browser\",\"ConditionalAccessStatus\":\"success\",\"IPAddress\":\"10.{}.{}.{}\",\"IsInteractive\":true,",
            "\"UserDisplayName\":\"User {}\",\"UserPrincipalName\":\"user{}@example.com\",\"UserId\":\"{:08x}-0000-4000-8000-000000000001\",",
            "\"UserType\":\"Member\",\"RiskLevelAggregated\":\"none\",\"RiskState\":\"none\",\"ProcessingTimeInMilliseconds\":\"{}\",",
            "\"LocationDetails\":{{\"city\":\"Basel\",\"state\":\"Basel-Stadt\",\"countryOrRegion\":\"CH\",\"geoCoordinates\":{{\"latitude\":47.55,\"longitude\":7.58}}}},",
            "\"DeviceDetail\":{{\"deviceId\":\"{:08x}\",\"operatingSystem\":\"Windows 10\",\"browser\":\"Edge 120.0.0\",\"isCompliant\":true,\"isManaged\":true}},",
            "\"Status\":{{\"errorCode\":0,\"additionalDetails\":\"MFA requirement satisfied by claim in the token\"}},",
            "\"MfaDetail\":{{\"authMethod\":\"Phone\",\"authDetail\":\"+XX XXXXXXX{:02}\"}},",
            "\"ConditionalAccessPolicies\":[{{\"id\":\"p1\",\"displayName\":\"Require MFA\",\"result\":\"success\",\"enforcedGrantControls\":[\"Mfa\"]}},",
            "{{\"id\":\"p2\",\"displayName\":\"Block legacy\",\"result\":\"notApplied\",\"enforcedGrantControls\":[]}}]}}\n"
        ),
        hour,
        minute,
        second % 60,
        number % 10_000_000,
        if number.is_multiple_of(17) { "50126" } else { "0" },
        number,
        number,
        user,
        user % 40,
        user % 40,
        user % 256,
        user / 256,
        number % 256,
        user,
        user,
        user,
        number % 900,
        user,
        user % 100
    )
}
