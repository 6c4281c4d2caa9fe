//! Syslog: lines of many programs of many machines.

use std::path::Path;

use serde_json::{Value, json};

use crate::Failure;
use crate::random::Random;
use crate::write::{self, Column};

const NAMES: [&str; 24] = [
    "root", "admin", "deploy", "jenkins", "postgres", "oracle", "test", "guest", "ubuntu", "git", "backup",
    "nagios", "alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy", "mallory",
    "trent",
];
const UNITS: [&str; 8] = [
    "nginx.service",
    "docker.service",
    "cron.service",
    "sshd.service",
    "kubelet.service",
    "chronyd.service",
    "rsyslog.service",
    "apt-daily.service",
];
const COMMANDS: [&str; 6] = [
    "/usr/bin/systemctl restart nginx",
    "/usr/bin/apt-get update",
    "/bin/cat /etc/shadow",
    "/usr/bin/journalctl -u kubelet",
    "/usr/sbin/useradd -m svc",
    "/usr/bin/docker ps",
];

/// Writes the table; tells a hash that one line holds.
pub(crate) fn generate(folder: &Path, rows: u64) -> Result<(String, Value), Failure> {
    let random = &mut Random::new(2);
    let columns = vec![
        ("TimeGenerated", Column::time()),
        ("Computer", Column::text()),
        ("HostIP", Column::text()),
        ("Facility", Column::text()),
        ("SeverityLevel", Column::text()),
        ("ProcessName", Column::text()),
        ("ProcessID", Column::int()),
        ("SyslogMessage", Column::text()),
    ];
    let mut hash = String::new();
    write::table(&folder.join("syslog"), rows, random, columns, |random, time, columns| {
        let machine = random.skewed(800);
        let (facility, severity, process, message) = line(random);
        columns[0].1.push(time);
        columns[1].1.push_text(&format!("srv-{machine:03}.corp.example"));
        columns[2].1.push_text(&format!("10.20.{}.{}", machine >> 8, machine & 0xFF));
        columns[3].1.push_text(facility);
        columns[4].1.push_text(severity);
        columns[5].1.push_text(process);
        columns[6].1.push(300 + random.below(32_000) as i64);
        columns[7].1.push_text(&message);
        if process == "auditd" {
            hash = message.rsplit(' ').next().unwrap_or_default().to_owned();
        }
    })?;
    Ok(("hash".to_owned(), json!(hash)))
}

/// Facility, severity, process and text of a line.
fn line(random: &mut Random) -> (&'static str, &'static str, &'static str, String) {
    let user = match random.chance(0.7) {
        true => (*random.pick_skewed(&NAMES)).to_owned(),
        false => format!("u{:05}", random.skewed(20_000)),
    };
    let address = format!("198.51.{}.{}", random.below(100), random.below(256));
    let port = 1024 + random.below(64_000);
    let id = random.next();
    if random.chance(0.000_02) {
        let text = format!("process /tmp/.x/Mimikatz started by {user} with pid {port} hash {id:016x}");
        return ("authpriv", "warning", "auditd", text);
    }
    match random.below(100) {
        0..14 => {
            let text = format!("Failed password for invalid user {user} from {address} port {port} ssh2");
            ("auth", "info", "sshd", text)
        }
        14..22 => {
            ("auth", "info", "sshd", format!("Failed password for {user} from {address} port {port} ssh2"))
        }
        22..28 => {
            let text = format!(
                "Accepted publickey for {user} from {address} port {port} ssh2: RSA SHA256:{id:016x}"
            );
            ("auth", "info", "sshd", text)
        }
        28..38 => {
            let text =
                format!("Connection closed by authenticating user {user} {address} port {port} [preauth]");
            ("auth", "info", "sshd", text)
        }
        38..48 => {
            let command = random.pick(&COMMANDS);
            let text =
                format!("{user} : TTY=pts/{} ; PWD=/home/{user} ; USER=root ; COMMAND={command}", id % 8);
            ("authpriv", "notice", "sudo", text)
        }
        48..58 => {
            let unit = random.pick(&UNITS);
            (
                "daemon",
                "info",
                "systemd",
                format!("{unit}: Succeeded. Consumed {}ms CPU time, job {id:x}", id % 9000),
            )
        }
        58..68 => {
            let (path, status) = (id % 977, random.pick(&["200", "304", "404", "500", "502"]));
            let text = format!(
                "{address} - {user} \"GET /api/v1/items/{path} HTTP/1.1\" {status} {port} \"-\" \"curl/8.5\""
            );
            ("local7", "info", "nginx", text)
        }
        68..76 => {
            let text = format!(
                "[UFW BLOCK] IN=eth0 OUT= MAC=00:{:02x}:{:02x} SRC={address} DST=10.20.0.{} LEN=60 TTL=52 PROTO=TCP SPT={port} DPT=445",
                id & 0xFF,
                id >> 8 & 0xFF,
                id % 255
            );
            ("kern", "warning", "kernel", text)
        }
        76..82 => {
            let text = format!(
                "E{:04} 1 reconciler.go:{}] error syncing volume pvc-{id:016x}: context deadline exceeded",
                port % 1300,
                id % 900
            );
            ("daemon", "err", "kubelet", text)
        }
        82..86 => {
            let text = format!(
                "*{port} upstream timed out, Error 110: Connection timed out while reading response header from upstream, client: {address}"
            );
            ("local7", "err", "nginx", text)
        }
        86..92 => {
            ("cron", "info", "CRON", format!("({user}) CMD (run-parts --report /etc/cron.hourly # {id:x})"))
        }
        92..97 => {
            let text = format!(
                "time=\"{}\" level=info msg=\"terror free container {id:016x} exited\" code=0",
                id % 100_000
            );
            ("daemon", "info", "dockerd", text)
        }
        _ => {
            let text = format!(
                "pam_unix(sshd:session): session opened for user {user}(uid={}) by (uid=0)",
                port % 2000
            );
            ("authpriv", "info", "sshd", text)
        }
    }
}
