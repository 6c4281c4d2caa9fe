//! Syslog messages, RFC 3164 and RFC 5424, as rows of `Syslog` (or, if they carry CEF, of `CommonSecurityLog`).
//!
//! Sources: RFC 5424 (sections 6 and 7), RFC 3164 (section 4), RFC 6587 (framing); the columns of the `Syslog` table.
//! Devices keep to RFC 3164 loosely: whatever follows a readable priority is taken as far as it can be read, and the rest is
//! the message.

use std::net::IpAddr;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::cef;
use crate::record::{Fault, Record, Row};

const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
    "ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6",
    "local7",
];
const SEVERITIES: [&str; 8] = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// How a message came in.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// When it arrived; it also tells the year of a time that has none.
    pub at: Timestamp,
    /// Who sent it.
    pub from: Option<IpAddr>,
    /// The zone of times that name none.
    pub zone: TimeZone,
}

/// What a message says, before it becomes a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Message<'a> {
    /// 0 to 23; RFC 5424 names them.
    pub facility: u8,
    /// 0 (emergency) to 7 (debug).
    pub severity: u8,
    /// When the device says that it happened.
    pub time: Option<Timestamp>,
    /// The sending host.
    pub host: &'a str,
    /// The program.
    pub process: &'a str,
    /// The program's process number, as written.
    pub process_id: &'a str,
    /// The type of message (RFC 5424 only).
    pub message_id: &'a str,
    /// The structured data with its brackets (RFC 5424 only).
    pub structured: &'a str,
    /// The text.
    pub text: &'a str,
}

/// Reads a message. A line end at its end does not belong to it.
///
/// # Errors
/// When the priority is missing or out of range: then it is no syslog message.
pub fn read<'a>(text: &'a str, arrival: &Arrival) -> Result<Message<'a>, Fault> {
    let text = text.trim_end_matches(['\r', '\n', '\0']);
    let (priority, rest) = priority(text)?;
    let message = Message { facility: priority / 8, severity: priority % 8, ..Message::default() };
    Ok(match rest.strip_prefix("1 ").and_then(|rest| structured(rest, &message)) {
        Some(message) => message,
        None => loose(rest, message, arrival),
    })
}

/// Reads a message into the row that it is; a message in the common event format goes to `CommonSecurityLog`.
///
/// # Errors
/// As [`read`], and when what claims to be CEF is none.
pub fn record<'a>(text: &'a str, arrival: &Arrival) -> Result<Record<'a>, Fault> {
    let message = read(text, arrival)?;
    let happened = message.time.unwrap_or(arrival.at);
    if let Some(start) =
        text.find("CEF:").filter(|_| message.text.contains("CEF:") || message.process == "CEF")
    {
        let mut record = cef::record(text[start..].trim_end_matches(['\r', '\n', '\0']), happened)
            .map_err(|fault| Fault::new(fault.message, fault.offset + start))?;
        record.row.set("Computer", message.host);
        return Ok(record);
    }
    let mut row = Row::with_capacity(12);
    row.set("TimeGenerated", happened);
    row.set("EventTime", message.time);
    row.set("Computer", message.host);
    row.set("HostName", message.host);
    row.set("HostIP", arrival.from.map(|address| address.to_string()));
    row.set("Facility", FACILITIES[usize::from(message.facility)]);
    row.set("SeverityLevel", SEVERITIES[usize::from(message.severity)]);
    row.set("ProcessName", message.process);
    row.set("ProcessID", message.process_id.parse::<i32>().ok());
    // What the table has no column for stays readable in front of the text.
    let text = match message.structured {
        "" => message.text.to_owned(),
        structured => format!("{structured} {}", message.text).trim_end().to_owned(),
    };
    row.set("SyslogMessage", text);
    row.set("SourceSystem", "Linux");
    Ok(Record::new("Syslog", row))
}

/// The number in `<34>`, and what follows.
fn priority(text: &str) -> Result<(u8, &str), Fault> {
    let inner = text.strip_prefix('<').ok_or_else(|| Fault::new("no priority such as `<34>`", 0))?;
    let end = inner.bytes().take(4).position(|byte| byte == b'>');
    let digits =
        end.map(|end| &inner[..end]).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    let number = digits.and_then(|digits| digits.parse::<u8>().ok()).filter(|number| *number < 192);
    match (number, end) {
        (Some(number), Some(end)) => Ok((number, &inner[end + 1..])),
        _ => Err(Fault::new("the priority is no number from 0 to 191 in angle brackets", 1)),
    }
}

/// RFC 5424 after its version: time, host, program, process, message type, structured data, text.
fn structured<'a>(rest: &'a str, message: &Message<'a>) -> Option<Message<'a>> {
    let mut parts = rest.splitn(6, ' ');
    let mut part = || parts.next().map(|part| if part == "-" { "" } else { part });
    let stamp = part()?;
    let time = if stamp.is_empty() { None } else { Some(stamp.parse().ok()?) };
    let (host, process, process_id, message_id) = (part()?, part()?, part()?, part()?);
    let rest = parts.next().unwrap_or("-");
    let (structured, text) = match rest.strip_prefix('-') {
        Some(text) => ("", text),
        None => rest.split_at(structured_end(rest)?),
    };
    let text = text.strip_prefix(' ').unwrap_or(text);
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    Some(Message { time, host, process, process_id, message_id, structured, text, ..*message })
}

/// Where `[id name="value"][…]` ends; a bracket within quotes does not count.
fn structured_end(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while bytes.get(at) == Some(&b'[') {
        let mut quoted = false;
        loop {
            at += 1;
            match bytes.get(at)? {
                b'\\' if quoted => at += 1,
                b'"' => quoted = !quoted,
                b']' if !quoted => break,
                _ => {}
            }
        }
        at += 1;
    }
    (at > 0).then_some(at)
}

/// RFC 3164, as devices write it: time, host and `program[process]:` where they can be read.
fn loose<'a>(rest: &'a str, message: Message<'a>, arrival: &Arrival) -> Message<'a> {
    let rest = rest.trim_start();
    let Some((time, after)) = stamp(rest, arrival) else {
        let (process, process_id, text) = tag(rest);
        return Message { process, process_id, text, ..message };
    };
    let after = after.trim_start();
    // A host is one word; a word with a colon or a bracket is the program already.
    let word = after.split(' ').next().unwrap_or("");
    let is_host = !word.is_empty() && (!word.contains(['[', ':']) || word.parse::<IpAddr>().is_ok());
    let (host, after) = if is_host { after.split_at(word.len()) } else { ("", after) };
    let (process, process_id, text) = tag(after.trim_start());
    Message { time: Some(time), host, process, process_id, text, ..message }
}

/// `program[process]:` in front of a text; RFC 3164 grants a program 32 characters, devices take up to 64.
fn tag(text: &str) -> (&str, &str, &str) {
    let end = text.find([':', '[', ' ']).unwrap_or(text.len());
    let (process, rest) = text.split_at(end);
    if process.is_empty() || process.len() > 64 || process == "CEF" {
        return ("", "", text);
    }
    if let Some(text) = rest.strip_prefix(':') {
        return (process, "", text.strip_prefix(' ').unwrap_or(text));
    }
    let inner = rest.strip_prefix('[').and_then(|inner| inner.split_once(']'));
    match inner.and_then(|(id, text)| Some((id, text.strip_prefix(':')?))) {
        Some((id, text)) => (process, id, text.strip_prefix(' ').unwrap_or(text)),
        None => ("", "", text),
    }
}

/// The time in front of a message: `Oct 11 22:14:15`, the same with a year or a fraction, or ISO 8601; and what follows.
fn stamp<'a>(text: &'a str, arrival: &Arrival) -> Option<(Timestamp, &'a str)> {
    let word = text.split(' ').next()?;
    if let Ok(time) = word.parse::<Timestamp>() {
        return Some((time, &text[word.len()..]));
    }
    if let Ok(local) = word.parse::<DateTime>() {
        return Some((zoned(local, arrival)?, &text[word.len()..]));
    }
    let month = MONTHS.iter().position(|month| word.eq_ignore_ascii_case(month))? + 1;
    let (day, rest) = word_of(text[word.len()..].trim_start())?;
    let day: i8 = day.parse().ok()?;
    let (next, rest) = word_of(rest.trim_start())?;
    let (year, clock, rest) = match next.parse::<i16>() {
        Ok(year) => {
            let (clock, rest) = word_of(rest.trim_start())?;
            (Some(year), clock, rest)
        }
        Err(_) => (None, next, rest),
    };
    let clock: jiff::civil::Time = clock.strip_suffix(':').unwrap_or(clock).parse().ok()?;
    let month = i8::try_from(month).ok()?;
    if let Some(year) = year {
        return Some((zoned(Date::new(year, month, day).ok()?.to_datetime(clock), arrival)?, rest));
    }
    // Without a year it is the year that makes the time the newest that is not after tomorrow.
    let today = arrival.zone.to_datetime(arrival.at).date();
    let latest = today.checked_add(1.day()).ok()?;
    let date = [
        today.year() + 1,
        today.year(),
        today.year() - 1,
        today.year() - 2,
        today.year() - 3,
        today.year() - 4,
    ]
    .into_iter()
    .filter_map(|year| Date::new(year, month, day).ok())
    .find(|date| *date <= latest)?;
    Some((zoned(date.to_datetime(clock), arrival)?, rest))
}

fn word_of(text: &str) -> Option<(&str, &str)> {
    let end = text.find(' ').unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

fn zoned(local: DateTime, arrival: &Arrival) -> Option<Timestamp> {
    arrival.zone.to_timestamp(local).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrival() -> Arrival {
        let at = "2024-03-01T12:00:00Z".parse().unwrap();
        Arrival { at, from: Some("10.0.0.4".parse().unwrap()), zone: TimeZone::UTC }
    }

    #[test]
    fn structured_messages() {
        let text = "<165>1 2003-10-11T22:14:15.003Z host.example evntslog 8710 ID47 [a@1 b=\"1]\\\"\"][c] \u{feff}An event";
        let message = read(text, &arrival()).unwrap();
        assert_eq!((message.facility, message.severity), (20, 5));
        assert_eq!((message.host, message.process, message.process_id), ("host.example", "evntslog", "8710"));
        assert_eq!((message.message_id, message.structured), ("ID47", "[a@1 b=\"1]\\\"\"][c]"));
        assert_eq!((message.text, message.time), ("An event", "2003-10-11T22:14:15.003Z".parse().ok()));
        let bare = read("<34>1 - - - - - -", &arrival()).unwrap();
        assert_eq!((bare.time, bare.host, bare.text), (None, "", ""));
    }

    #[test]
    fn loose_messages() {
        let message =
            read("<86>Dec  1 08:30:55 mymachine sshd[123]: Accepted for a: b\n", &arrival()).unwrap();
        assert_eq!((message.host, message.process, message.process_id), ("mymachine", "sshd", "123"));
        assert_eq!(message.text, "Accepted for a: b");
        assert_eq!(
            message.time,
            "2023-12-01T08:30:55Z".parse().ok(),
            "the newest that is not after tomorrow"
        );
        let leap = read("<13>Feb 29 00:00:00 h p: x", &arrival()).unwrap();
        assert_eq!(leap.time, "2024-02-29T00:00:00Z".parse().ok());
        let bare = read("<13>no time, no host", &arrival()).unwrap();
        assert_eq!((bare.time, bare.host, bare.text), (None, "", "no time, no host"));
        let cisco = read("<189>Mar  1 2024 11:59:59: %ASA-5-111008: User 'a' did it", &arrival()).unwrap();
        assert_eq!(cisco.time, "2024-03-01T11:59:59Z".parse().ok());
    }

    #[test]
    fn what_has_no_priority_is_no_message() {
        for text in ["", "hello", "<>x", "<192>x", "<1", "<1234>x", "<-1>x"] {
            assert!(read(text, &arrival()).is_err(), "{text}");
        }
    }

    #[test]
    fn rows() {
        let found = record("<86>Mar  1 11:00:00 web1 sshd[77]: Failed password", &arrival()).unwrap();
        assert_eq!(found.table, "Syslog");
        let wanted = serde_json::json!({
            "TimeGenerated": "2024-03-01T11:00:00.0000000Z", "EventTime": "2024-03-01T11:00:00.0000000Z",
            "Computer": "web1", "HostName": "web1", "HostIP": "10.0.0.4", "Facility": "authpriv", "SeverityLevel": "info",
            "ProcessName": "sshd", "ProcessID": 77, "SyslogMessage": "Failed password", "SourceSystem": "Linux"
        });
        assert_eq!(serde_json::Value::from(found.row.to_map()), wanted);
        let cef = record("<14>Mar  1 11:00:00 fw1 CEF:0|V|P|1|7|Deny|9|src=10.0.0.1", &arrival()).unwrap();
        assert_eq!(cef.table, "CommonSecurityLog");
        assert_eq!((cef.row.text("Computer"), cef.row.text("SourceIP")), ("fw1", "10.0.0.1"));
    }
}
