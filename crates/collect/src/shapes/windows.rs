//! Events of Windows: as XML, and as forwarders write them in JSON.
//!
//! Sources: the event schema of Windows (`System`, `EventData`, `UserData`, `RenderingInfo`); the references of `SecurityEvent` and
//! `Event`; the fields of Winlogbeat and of NXLog. Events of the channel `Security` go to `SecurityEvent`, where every value has
//! a column of its own, all others to `Event`, which holds the values as XML.

use std::borrow::Cow;
use std::fmt::Write;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event as Xml};

use super::{Context, items, members, take_members};
use crate::json;
use crate::record::{Cell, Fault, Record, Row};

/// An event, whatever it was written as.
#[derive(Debug, Default)]
struct Event<'a> {
    provider: Cell<'a>,
    channel: Cell<'a>,
    computer: Cell<'a>,
    time: Cell<'a>,
    id: Cell<'a>,
    version: Cell<'a>,
    level: Cell<'a>,
    task: Cell<'a>,
    opcode: Cell<'a>,
    keywords: Cell<'a>,
    record_id: Cell<'a>,
    correlation: Cell<'a>,
    user: Cell<'a>,
    process: Cell<'a>,
    thread: Cell<'a>,
    message: Cell<'a>,
    /// Names and values of `EventData` or `UserData`; values may have no name
    data: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

/// Names of the levels 1 to 5; 0 is that of audits and of events without one.
const LEVELS: [&str; 6] = ["Information", "Critical", "Error", "Warning", "Information", "Verbose"];

/// What events of the channel `Security` are called, for the most frequent ones.
const ACTIVITIES: [(&str, &str); 40] = [
    ("1102", "The audit log was cleared."),
    ("4608", "Windows is starting up."),
    ("4616", "The system time was changed."),
    ("4624", "An account was successfully logged on."),
    ("4625", "An account failed to log on."),
    ("4634", "An account was logged off."),
    ("4647", "User initiated logoff."),
    ("4648", "A logon was attempted using explicit credentials."),
    ("4656", "A handle to an object was requested."),
    ("4657", "A registry value was modified."),
    ("4658", "The handle to an object was closed."),
    ("4660", "An object was deleted."),
    ("4661", "A handle to an object was requested."),
    ("4662", "An operation was performed on an object."),
    ("4663", "An attempt was made to access an object."),
    ("4670", "Permissions on an object were changed."),
    ("4672", "Special privileges assigned to new logon."),
    ("4673", "A privileged service was called."),
    ("4674", "An operation was attempted on a privileged object."),
    ("4688", "A new process has been created."),
    ("4689", "A process has exited."),
    ("4697", "A service was installed in the system."),
    ("4698", "A scheduled task was created."),
    ("4702", "A scheduled task was updated."),
    ("4719", "System audit policy was changed."),
    ("4720", "A user account was created."),
    ("4722", "A user account was enabled."),
    ("4723", "An attempt was made to change an account's password."),
    ("4724", "An attempt was made to reset an account's password."),
    ("4726", "A user account was deleted."),
    ("4728", "A member was added to a security-enabled global group."),
    ("4732", "A member was added to a security-enabled local group."),
    ("4738", "A user account was changed."),
    ("4740", "A user account was locked out."),
    ("4768", "A Kerberos authentication ticket (TGT) was requested."),
    ("4769", "A Kerberos service ticket was requested."),
    ("4771", "Kerberos pre-authentication failed."),
    ("4776", "The domain controller attempted to validate the credentials for an account."),
    ("5140", "A network share object was accessed."),
    ("5156", "The Windows Filtering Platform has permitted a connection."),
];

/// Names of the types of logon.
const LOGON_TYPES: [(&str, &str); 11] = [
    ("0", "0 - System"),
    ("2", "2 - Interactive"),
    ("3", "3 - Network"),
    ("4", "4 - Batch"),
    ("5", "5 - Service"),
    ("7", "7 - Unlock"),
    ("8", "8 - NetworkCleartext"),
    ("9", "9 - NewCredentials"),
    ("10", "10 - RemoteInteractive"),
    ("11", "11 - CachedInteractive"),
    ("13", "13 - CachedUnlock"),
];

fn looked_up(table: &[(&str, &'static str)], key: &str) -> Option<&'static str> {
    table.iter().find(|(known, _)| *known == key).map(|(_, value)| *value)
}

impl<'a> Event<'a> {
    fn value(&self, name: &str) -> &str {
        self.data.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    fn record(self) -> Record<'a> {
        if self.channel.text() == Some("Security") { self.security() } else { self.other() }
    }

    /// `domain\name` of two values, where there is a name.
    fn account(&self, domain: &str, name: &str) -> Option<String> {
        match (self.value(domain), self.value(name)) {
            (_, "" | "-") => None,
            ("" | "-", name) => Some(name.to_owned()),
            (domain, name) => Some(format!("{domain}\\{name}")),
        }
    }

    fn security(self) -> Record<'a> {
        let mut row = Row::with_capacity(self.data.len() + 24);
        let subject = self.account("SubjectDomainName", "SubjectUserName");
        let target = self.account("TargetDomainName", "TargetUserName");
        let id = self.id.text().unwrap_or("").to_owned();
        // Logons are about their target, everything else about who did it.
        let is_logon =
            matches!(id.as_str(), "4624" | "4625" | "4634" | "4647" | "4768" | "4769" | "4771" | "4776");
        let account =
            if is_logon { target.clone().or(subject.clone()) } else { subject.clone().or(target.clone()) };
        if let Some(account) = account {
            row.set("AccountType", if account.ends_with('$') { "Machine" } else { "User" });
            row.set("Account", account);
        }
        row.set("SubjectAccount", subject);
        row.set("TargetAccount", target);
        let process = if id == "4688" { self.value("NewProcessName") } else { self.value("ProcessName") };
        row.set("Process", process.rsplit('\\').next().unwrap_or("").to_owned());
        row.set("LogonTypeName", looked_up(&LOGON_TYPES, self.value("LogonType")));
        let title = looked_up(&ACTIVITIES, &id).map_or(id.clone(), |title| format!("{id} - {title}"));
        row.set("Activity", title);
        row.set("EventSourceName", self.provider);
        row.set("Level", self.level);
        row.set("Keywords", self.keywords);
        row.set("Opcode", self.opcode);
        row.set("Task", self.task);
        row.set("Channel", self.channel);
        row.set("Computer", self.computer);
        row.set("TimeGenerated", self.time);
        row.set("EventID", self.id);
        row.set("Version", self.version);
        row.set("EventRecordId", self.record_id);
        row.set("Correlation", self.correlation);
        row.set("SystemUserId", self.user);
        row.set("SystemProcessId", self.process);
        row.set("SystemThreadId", self.thread);
        let mut unnamed = Vec::new();
        for (name, value) in self.data {
            if name.is_empty() {
                unnamed.push(serde_json::Value::from(value));
            } else {
                row.set_missing(name, value);
            }
        }
        row.set("EventData", (!unnamed.is_empty()).then(|| serde_json::Value::from(unnamed)));
        row.set_missing("SourceSystem", "OpsManager");
        Record::new("SecurityEvent", row)
    }

    fn other(self) -> Record<'a> {
        let mut row = Row::with_capacity(16);
        let time = self.time.text().unwrap_or("");
        let mut data = format!(
            "<DataItem type=\"System.XmlData\" time=\"{}\" sourceHealthServiceId=\"\"><EventData \
             xmlns=\"http://schemas.microsoft.com/win/2004/08/events/event\">",
            escaped(time)
        );
        let mut parameters = String::new();
        for (name, value) in &self.data {
            let value = escaped(value);
            let _ = match name.is_empty() {
                true => write!(data, "<Data>{value}</Data>"),
                false => write!(data, "<Data Name=\"{}\">{value}</Data>", escaped(name)),
            };
            let _ = write!(parameters, "<Param>{value}</Param>");
        }
        data.push_str("</EventData></DataItem>");
        let level = self.level.text().and_then(|level| level.parse::<usize>().ok());
        row.set("EventLevelName", level.and_then(|level| LEVELS.get(level)).copied());
        row.set("TimeGenerated", self.time);
        row.set("Source", self.provider);
        row.set("EventLog", self.channel);
        row.set("Computer", self.computer);
        row.set("EventLevel", self.level);
        row.set("EventCategory", self.task);
        row.set("EventID", self.id);
        row.set("UserName", self.user);
        row.set("RenderedDescription", self.message);
        row.set("EventData", data);
        row.set("ParameterXml", parameters);
        row.set("EventRecordId", self.record_id);
        row.set("SourceSystem", "OpsManager");
        Record::new("Event", row)
    }
}

fn escaped(text: &str) -> Cow<'_, str> {
    quick_xml::escape::escape(text)
}

/// Reads one `<Event>` element.
///
/// # Errors
/// When the text is no XML, or has no `System` with an `EventID`.
pub(crate) fn xml(text: &str) -> Result<Record<'static>, Fault> {
    let mut reader = Reader::from_str(text);
    let mut event = Event::default();
    let mut path: Vec<String> = Vec::new();
    let (mut name, mut content) = (String::new(), String::new());
    loop {
        let at = usize::try_from(reader.buffer_position()).unwrap_or(0);
        let bad = |error: &dyn std::fmt::Display| Fault::new(format!("no XML: {error}"), at);
        match reader.read_event().map_err(|error| bad(&error))? {
            Xml::Eof => break,
            Xml::Start(start) => {
                if path.len() == 32 {
                    return Err(Fault::new("elements nested more than 32 deep", at));
                }
                attributes(&start, &mut event, &mut name).map_err(|error| bad(&error))?;
                path.push(local(&start));
                content.clear();
            }
            Xml::Empty(start) => {
                attributes(&start, &mut event, &mut name).map_err(|error| bad(&error))?;
                let element = local(&start);
                path.push(element);
                closed(&mut event, &path, &mut name, String::new());
                path.pop();
            }
            Xml::Text(text) => content.push_str(&text.decode().map_err(|error| bad(&error))?),
            Xml::CData(text) => content.push_str(&text.decode().map_err(|error| bad(&error))?),
            Xml::GeneralRef(entity) => {
                let entity_name = entity.decode().map_err(|error| bad(&error))?;
                match entity.resolve_char_ref() {
                    Ok(Some(letter)) => content.push(letter),
                    _ => match quick_xml::escape::resolve_predefined_entity(&entity_name) {
                        Some(text) => content.push_str(text),
                        None => {
                            return Err(Fault::new(format!("the entity `{entity_name}` is not known"), at));
                        }
                    },
                }
            }
            Xml::End(_) => {
                closed(&mut event, &path, &mut name, std::mem::take(&mut content));
                path.pop();
            }
            _ => {}
        }
    }
    if !path.is_empty() {
        return Err(Fault::new("the event ends early", text.len()));
    }
    if event.id.is_empty() {
        return Err(Fault::new("an event without an `EventID`", 0));
    }
    Ok(event.record())
}

/// The name of an element without its prefix.
fn local(start: &BytesStart<'_>) -> String {
    String::from_utf8_lossy(start.local_name().as_ref()).into_owned()
}

/// What the attributes of elements of `System` say, and the name of a value.
fn attributes(
    start: &BytesStart<'_>,
    event: &mut Event<'_>,
    name: &mut String,
) -> Result<(), quick_xml::Error> {
    let element = local(start);
    for attribute in start.attributes().take(64) {
        let attribute = attribute.map_err(quick_xml::Error::from)?;
        let raw = String::from_utf8_lossy(&attribute.value);
        let value = quick_xml::escape::unescape(&raw).map_err(quick_xml::Error::from)?.into_owned();
        let key = String::from_utf8_lossy(attribute.key.local_name().as_ref()).into_owned();
        match (element.as_str(), key.as_str()) {
            ("Provider", "Name") => event.provider = value.into(),
            ("TimeCreated", "SystemTime") => event.time = value.into(),
            ("Execution", "ProcessID") => event.process = value.into(),
            ("Execution", "ThreadID") => event.thread = value.into(),
            ("Security", "UserID") => event.user = value.into(),
            ("Correlation", "ActivityID") => event.correlation = value.into(),
            ("Data", "Name") => *name = value,
            _ => {}
        }
    }
    Ok(())
}

/// An element is read to its end.
fn closed(event: &mut Event<'_>, path: &[String], name: &mut String, content: String) {
    let Some((element, parents)) = path.split_last() else { return };
    let within = |section: &str| parents.iter().any(|parent| parent == section);
    if within("EventData") || within("UserData") {
        let name = match std::mem::take(name) {
            // A value may have no name, an element of `UserData` is one.
            name if element == "Data" => name,
            _ => element.clone(),
        };
        let is_leaf = element == "Data" || !content.trim().is_empty();
        if is_leaf && event.data.len() < 1_000 {
            event.data.push((name.into(), content.into()));
        }
    } else if within("RenderingInfo") {
        if element == "Message" {
            event.message = content.into();
        }
    } else if within("System") {
        let content = content.trim().to_owned();
        match element.as_str() {
            "EventID" => event.id = content.into(),
            "Version" => event.version = content.into(),
            "Level" => event.level = content.into(),
            "Task" => event.task = content.into(),
            "Opcode" => event.opcode = content.into(),
            "Keywords" => event.keywords = content.into(),
            "EventRecordID" => event.record_id = content.into(),
            "Channel" => event.channel = content.into(),
            "Computer" => event.computer = content.into(),
            _ => {}
        }
    }
}

/// What Winlogbeat writes, and NXLog.
pub(super) fn is_forwarded(row: &Row<'_>) -> bool {
    let has = |name: &str| row.has(name);
    has("winlog")
        || has("EventID") && has("Channel") && (has("Hostname") || has("Computer") || has("SourceName"))
}

pub(super) fn forwarded<'a>(mut row: Row<'a>, _: &Context, out: &mut Vec<Record<'a>>) -> Result<(), Fault> {
    let mut event = Event::default();
    if row.has("winlog") {
        event.time = row.take("@timestamp");
        event.message = row.take("message");
        let mut log = take_members(&mut row, "winlog");
        event.provider = log.take("provider_name");
        event.channel = log.take("channel");
        event.computer = log.take("computer_name");
        event.id = log.take("event_id");
        event.version = log.take("version");
        event.record_id = log.take("record_id");
        event.correlation = log.take("activity_id");
        event.task = log.take("task");
        event.opcode = log.take("opcode");
        let words: Vec<String> =
            items(log.take("keywords")).into_iter().filter_map(Cell::plain).map(Cow::into_owned).collect();
        event.keywords = words.join(", ").into();
        event.process = json::path(log.get("process"), &["pid"]).into_owned();
        event.thread = json::path(log.get("process"), &["thread", "id"]).into_owned();
        event.user = json::path(log.get("user"), &["identifier"]).into_owned();
        let level = json::path(row.get("log"), &["level"]);
        event.level = LEVELS
            .iter()
            .skip(1)
            .position(|name| level.text().is_some_and(|level| level.eq_ignore_ascii_case(name)))
            .map(|place| (i64::try_from(place).unwrap_or(0) + 1).to_string())
            .into();
        event.data = named_values(take_members(&mut log, "event_data"));
    } else {
        for (names, cell) in [
            (&["EventTime", "TimeCreated", "UtcTime", "@timestamp"][..], &mut event.time),
            (&["ProviderName", "SourceName", "Provider"], &mut event.provider),
            (&["Channel"], &mut event.channel),
            (&["Hostname", "Computer"], &mut event.computer),
            (&["EventID"], &mut event.id),
            (&["Version"], &mut event.version),
            (&["Level"], &mut event.level),
            (&["Task"], &mut event.task),
            (&["OpcodeValue", "Opcode"], &mut event.opcode),
            (&["Keywords"], &mut event.keywords),
            (&["RecordNumber", "EventRecordID"], &mut event.record_id),
            (&["ActivityID"], &mut event.correlation),
            (&["UserID"], &mut event.user),
            (&["ExecutionProcessID"], &mut event.process),
            (&["ThreadID", "ExecutionThreadID"], &mut event.thread),
            (&["Message"], &mut event.message),
        ] {
            *cell = names.iter().map(|name| row.take(name)).find(|cell| !cell.is_empty()).unwrap_or_default();
        }
        event.data = named_values(row);
    }
    keep(event, out)
}

/// `{"Event": {"System": …, "EventData": …}}`: the elements as members, attributes beneath `#attributes`.
pub(super) fn is_nested(row: &Row<'_>) -> bool {
    let has_system = |cell: &Cell<'_>| matches!(cell, Cell::Json(text) if text.contains("\"EventID\""));
    has_system(row.get("Event")) || has_system(row.get("System"))
}

pub(super) fn nested<'a>(mut row: Row<'a>, _: &Context, out: &mut Vec<Record<'a>>) -> Result<(), Fault> {
    let mut inner = if row.has("Event") { take_members(&mut row, "Event") } else { row };
    let mut system = take_members(&mut inner, "System");
    let attribute = |system: &Row<'a>, element: &str, name: &str| {
        let cell = system.get(element);
        [&["#attributes", name][..], &["@attributes", name], &[name], &[&format!("@{name}")]]
            .iter()
            .map(|path| json::path(cell, path))
            .find(|cell| !cell.is_empty())
            .unwrap_or_default()
            .into_owned()
    };
    let mut event = Event {
        provider: attribute(&system, "Provider", "Name"),
        time: attribute(&system, "TimeCreated", "SystemTime"),
        process: attribute(&system, "Execution", "ProcessID"),
        thread: attribute(&system, "Execution", "ThreadID"),
        user: attribute(&system, "Security", "UserID"),
        correlation: attribute(&system, "Correlation", "ActivityID"),
        ..Event::default()
    };
    for (name, cell) in [
        ("EventID", &mut event.id),
        ("Version", &mut event.version),
        ("Level", &mut event.level),
        ("Task", &mut event.task),
        ("Opcode", &mut event.opcode),
        ("Keywords", &mut event.keywords),
        ("EventRecordID", &mut event.record_id),
        ("Channel", &mut event.channel),
        ("Computer", &mut event.computer),
    ] {
        *cell = match system.take(name) {
            nested @ Cell::Json(_) => json::path(&nested, &["#text"]).into_owned(),
            cell => cell,
        };
    }
    event.message = json::path(inner.get("RenderingInfo"), &["Message"]).into_owned();
    let mut data = take_members(&mut inner, "EventData");
    // Values without names are a list.
    let list = json::path(data.get("Data"), &["#text"]).into_owned();
    let unnamed = match data.take("Data") {
        Cell::Json(text) if text.starts_with('[') => items(Cell::Json(text)),
        Cell::Json(_) => items(list),
        _ => Vec::new(),
    };
    event.data = named_values(data);
    event.data.extend(unnamed.into_iter().filter_map(Cell::plain).map(|value| (Cow::Borrowed(""), value)));
    for (_, section) in take_members(&mut inner, "UserData") {
        event.data.extend(named_values(members(section).unwrap_or_default()));
    }
    keep(event, out)
}

fn named_values(row: Row<'_>) -> Vec<(Cow<'_, str>, Cow<'_, str>)> {
    let pairs = row.into_iter().filter(|(name, _)| !name.starts_with(['#', '@']));
    pairs.filter_map(|(name, value)| Some((name, value.plain()?))).collect()
}

fn keep<'a>(event: Event<'a>, out: &mut Vec<Record<'a>>) -> Result<(), Fault> {
    if event.id.is_empty() {
        return Err(Fault::new("an event without an `EventID`", 0));
    }
    out.push(event.record());
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::testing::shaped;
    use super::*;

    const LOGON: &str = "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider \
        Name='Microsoft-Windows-Security-Auditing' Guid='{x}'/><EventID>4624</EventID><Version>2</Version><Level>0</Level>\
        <Task>12544</Task><Opcode>0</Opcode><Keywords>0x8020000000000000</Keywords><TimeCreated \
        SystemTime='2024-05-01T10:00:00.1234567Z'/><EventRecordID>7</EventRecordID><Correlation/><Execution ProcessID='4' \
        ThreadID='8'/><Channel>Security</Channel><Computer>dc1</Computer><Security/></System><EventData><Data \
        Name='SubjectUserName'>-</Data><Data Name='TargetUserName'>ann</Data><Data Name='TargetDomainName'>CORP</Data><Data \
        Name='LogonType'>3</Data><Data Name='WorkstationName'>a&amp;b</Data></EventData></Event>";

    #[test]
    fn logons_in_xml() {
        let record = xml(LOGON).unwrap();
        let row = Value::from(record.row.to_map());
        assert_eq!(record.table, "SecurityEvent");
        assert_eq!((&row["Account"], &row["AccountType"]), (&"CORP\\ann".into(), &"User".into()));
        assert_eq!(row["Activity"], "4624 - An account was successfully logged on.");
        assert_eq!((&row["LogonTypeName"], &row["WorkstationName"]), (&"3 - Network".into(), &"a&b".into()));
        assert_eq!(
            (&row["TimeGenerated"], &row["SystemThreadId"]),
            (&"2024-05-01T10:00:00.1234567Z".into(), &"8".into())
        );
    }

    #[test]
    fn other_channels_keep_their_values_as_xml() {
        let text = LOGON.replace("Security<", "System<").replace("Name='LogonType'", "");
        let record = xml(&text).unwrap();
        assert_eq!(record.table, "Event");
        let data = record.row.text("EventData");
        assert!(data.contains("<Data>3</Data><Data Name=\"WorkstationName\">a&amp;b</Data>"), "{data}");
    }

    #[test]
    fn damaged_events_are_told() {
        for text in [
            "<Event>",
            "<Event></Event>",
            "<Event><System><EventID>1</EventID></Event>",
            "<Event>&x;</Event>",
            "<a b=>",
        ] {
            assert!(xml(text).is_err(), "{text}");
        }
        let deep = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
        assert!(xml(&deep).unwrap_err().message.contains("nested"));
    }

    #[test]
    fn forwarders_write_json() {
        let beat = r#"{"@timestamp":"2024-05-01T10:00:00Z","message":"m","log":{"level":"warning"},"winlog":{"channel":"System","provider_name":"p",
            "computer_name":"c","event_id":7,"record_id":9,"process":{"pid":1,"thread":{"id":2}},"event_data":{"a":"b"}}}"#;
        let (table, row) = shaped(beat).remove(0);
        assert_eq!(
            (table.as_str(), &row["EventLevelName"], &row["EventID"]),
            ("Event", &"Warning".into(), &7.into())
        );
        let nx = r#"{"EventTime":"2024-05-01 10:00:00","Hostname":"h","EventID":4688,"SourceName":"s","Channel":"Security","NewProcessName":"C:\\a\\b.exe",
            "SubjectUserName":"h$","SubjectDomainName":"D"}"#;
        let (table, row) = shaped(nx).remove(0);
        assert_eq!(
            (table.as_str(), &row["Process"], &row["AccountType"]),
            ("SecurityEvent", &"b.exe".into(), &"Machine".into())
        );
        let nested = r##"{"Event":{"System":{"Provider":{"#attributes":{"Name":"p"}},"EventID":{"#text":1102},"Channel":"Security",
            "TimeCreated":{"#attributes":{"SystemTime":"2024-05-01T10:00:00Z"}}},"UserData":{"LogFileCleared":{"SubjectUserName":"a"}}}}"##;
        let (_, row) = shaped(nested).remove(0);
        assert_eq!(
            (&row["Activity"], &row["SubjectUserName"]),
            (&"1102 - The audit log was cleared.".into(), &"a".into())
        );
    }
}
