//! The common event format, as rows of `CommonSecurityLog`.
//!
//! Sources: the published implementation standard of the format (header, extension, escapes, dictionary of keys) and the
//! field mapping of the `CommonSecurityLog` table.

use std::collections::HashMap;
use std::sync::LazyLock;

use azimuth_kql::types::ScalarType;
use jiff::Timestamp;

use crate::fit;
use crate::record::{Cell, Fault, Record, Row};
use crate::tables;

/// An event: its header, and its extension in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Vendor, product, version, class of event, name, severity.
    pub header: [String; 6],
    /// Keys and values.
    pub extension: Vec<(String, String)>,
}

/// Reads `CEF:0|vendor|product|version|class|name|severity|extension`.
///
/// # Errors
/// When the text does not start so, or has less than seven bars.
pub fn read(text: &str) -> Result<Event, Fault> {
    let body = text.strip_prefix("CEF:").ok_or_else(|| Fault::new("no `CEF:` at the start", 0))?;
    let mut fields = Vec::with_capacity(7);
    let mut field = String::new();
    let mut letters = body.char_indices();
    let mut rest = "";
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some((_, escaped @ ('|' | '\\'))) => field.push(escaped),
                Some((_, other)) => field.extend(['\\', other]),
                None => field.push('\\'),
            },
            '|' => {
                fields.push(std::mem::take(&mut field));
                if fields.len() == 7 {
                    rest = &body[at + 1..];
                    break;
                }
            }
            other => field.push(other),
        }
    }
    // Some devices leave out the last bar when there is no extension.
    if fields.len() == 6 {
        fields.push(field);
    }
    let [version, vendor, product, device, class, name, severity]: [String; 7] =
        fields.try_into().map_err(|fields: Vec<String>| {
            Fault::new(format!("a header of {} fields; CEF has seven", fields.len()), text.len())
        })?;
    if version.trim().parse::<f32>().is_err() {
        return Err(Fault::new(format!("`{version}` is no version of CEF"), 4));
    }
    let header = [vendor, product, device, class, name, severity];
    Ok(Event { header, extension: extension(rest) })
}

/// `key=value key=value`: a value runs to the next ` key=`.
fn extension(text: &str) -> Vec<(String, String)> {
    let mut starts = Vec::new();
    let bytes = text.as_bytes();
    for (at, _) in text.match_indices('=') {
        let backslashes = bytes[..at].iter().rev().take_while(|byte| **byte == b'\\').count();
        let start = bytes[..at].iter().rposition(|byte| *byte == b' ').map_or(0, |space| space + 1);
        let key = &text[start..at];
        let is_key = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-[]:".contains(&byte));
        if backslashes % 2 == 0 && !key.is_empty() && is_key {
            starts.push((start, at));
        }
    }
    let ends = starts.iter().skip(1).map(|(start, _)| *start).chain([text.len()]);
    starts
        .iter()
        .zip(ends)
        .map(|((start, equals), end)| {
            (text[*start..*equals].to_owned(), unescaped(text[equals + 1..end].trim_end()))
        })
        .collect()
}

fn unescaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some('n') => out.push('\n'),
                Some('r') => out.push('\r'),
                Some(escaped @ ('=' | '\\' | '|')) => out.push(escaped),
                Some(other) => out.extend(['\\', other]),
                None => out.push('\\'),
            },
            other => out.push(other),
        }
    }
    out
}

/// Reads an event into its row; `received` is its time unless it names one.
///
/// # Errors
/// As [`read`].
pub fn record(text: &str, received: Timestamp) -> Result<Record<'static>, Fault> {
    let event = read(text)?;
    let mut row = Row::with_capacity(32);
    row.set("TimeGenerated", received);
    for (column, value) in HEADER.into_iter().zip(event.header) {
        row.set(column, value.trim().to_owned());
    }
    let mut others = String::new();
    for (key, value) in event.extension {
        let column = COLUMNS.binary_search_by(|(known, _)| known.cmp(&key.as_str())).ok();
        let fitting =
            column.and_then(|place| Some((COLUMNS[place].1, fitting(COLUMNS[place].1, &key, &value)?)));
        match fitting {
            Some((column, cell)) => row.set(column, cell),
            // Nothing is lost: what has no column, or does not fit its type, stays readable.
            None => {
                if !others.is_empty() {
                    others.push(';');
                }
                others.extend([key.as_str(), "=", value.as_str()]);
            }
        }
    }
    row.set("AdditionalExtensions", others);
    Ok(Record::new("CommonSecurityLog", row))
}

/// Columns of the header.
const HEADER: [&str; 6] =
    ["DeviceVendor", "DeviceProduct", "DeviceVersion", "DeviceEventClassID", "Activity", "LogSeverity"];

/// The value of a key in the type of its column.
fn fitting(column: &str, key: &str, value: &str) -> Option<Cell<'static>> {
    match TYPES.get(column)? {
        ScalarType::Datetime => moment(value).map(Cell::from),
        ScalarType::String => Some(direction(key, value).to_owned().into()),
        ty => fit::cell(Cell::from(value.to_owned()), *ty).ok(),
    }
}

/// Types of the table's columns.
static TYPES: LazyLock<HashMap<&'static str, ScalarType>> = LazyLock::new(|| {
    let table = tables::known("CommonSecurityLog").expect("the table is among the data");
    table.columns().map(|(name, ty, _)| (name, ty)).collect()
});

/// `deviceDirection` is 0 or 1 in the format and a word in the table.
fn direction<'a>(key: &str, value: &'a str) -> &'a str {
    match (key, value) {
        ("deviceDirection", "0") => "Inbound",
        ("deviceDirection", "1") => "Outbound",
        _ => value,
    }
}

/// A time as the format writes it: milliseconds since 1970, ISO 8601, or `MMM dd yyyy HH:mm:ss`.
fn moment(value: &str) -> Option<Timestamp> {
    let value = value.trim();
    if let Ok(millis) = value.parse::<i64>() {
        return Timestamp::from_millisecond(millis).ok();
    }
    fit::moment(value).or_else(|| {
        ["%b %d %Y %H:%M:%S", "%b %d %Y %H:%M:%S%.f"].iter().find_map(|format| {
            let local = jiff::civil::DateTime::strptime(format, value).ok()?;
            jiff::tz::TimeZone::UTC.to_timestamp(local).ok()
        })
    })
}

/// Keys and their columns, sorted by key.
#[rustfmt::skip]
static COLUMNS: &[(&str, &str)] = &[
    ("act", "DeviceAction"), ("app", "ApplicationProtocol"),
    ("c6a1", "DeviceCustomIPv6Address1"), ("c6a1Label", "DeviceCustomIPv6Address1Label"),
    ("c6a2", "DeviceCustomIPv6Address2"), ("c6a2Label", "DeviceCustomIPv6Address2Label"),
    ("c6a3", "DeviceCustomIPv6Address3"), ("c6a3Label", "DeviceCustomIPv6Address3Label"),
    ("c6a4", "DeviceCustomIPv6Address4"), ("c6a4Label", "DeviceCustomIPv6Address4Label"),
    ("cat", "DeviceEventCategory"),
    ("cfp1", "DeviceCustomFloatingPoint1"), ("cfp1Label", "DeviceCustomFloatingPoint1Label"),
    ("cfp2", "DeviceCustomFloatingPoint2"), ("cfp2Label", "DeviceCustomFloatingPoint2Label"),
    ("cfp3", "DeviceCustomFloatingPoint3"), ("cfp3Label", "DeviceCustomFloatingPoint3Label"),
    ("cfp4", "DeviceCustomFloatingPoint4"), ("cfp4Label", "DeviceCustomFloatingPoint4Label"),
    ("cn1", "DeviceCustomNumber1"), ("cn1Label", "DeviceCustomNumber1Label"),
    ("cn2", "DeviceCustomNumber2"), ("cn2Label", "DeviceCustomNumber2Label"),
    ("cn3", "DeviceCustomNumber3"), ("cn3Label", "DeviceCustomNumber3Label"),
    ("cnt", "EventCount"),
    ("cs1", "DeviceCustomString1"), ("cs1Label", "DeviceCustomString1Label"),
    ("cs2", "DeviceCustomString2"), ("cs2Label", "DeviceCustomString2Label"),
    ("cs3", "DeviceCustomString3"), ("cs3Label", "DeviceCustomString3Label"),
    ("cs4", "DeviceCustomString4"), ("cs4Label", "DeviceCustomString4Label"),
    ("cs5", "DeviceCustomString5"), ("cs5Label", "DeviceCustomString5Label"),
    ("cs6", "DeviceCustomString6"), ("cs6Label", "DeviceCustomString6Label"),
    ("destinationDnsDomain", "DestinationDnsDomain"), ("destinationServiceName", "DestinationServiceName"),
    ("destinationTranslatedAddress", "DestinationTranslatedAddress"),
    ("destinationTranslatedPort", "DestinationTranslatedPort"),
    ("deviceCustomDate1", "DeviceCustomDate1"), ("deviceCustomDate1Label", "DeviceCustomDate1Label"),
    ("deviceCustomDate2", "DeviceCustomDate2"), ("deviceCustomDate2Label", "DeviceCustomDate2Label"),
    ("deviceDirection", "CommunicationDirection"), ("deviceDnsDomain", "DeviceDnsDomain"),
    ("deviceExternalId", "DeviceExternalID"), ("deviceFacility", "DeviceFacility"),
    ("deviceInboundInterface", "DeviceInboundInterface"), ("deviceNtDomain", "DeviceNtDomain"),
    ("deviceOutboundInterface", "DeviceOutboundInterface"), ("devicePayloadId", "DevicePayloadId"),
    ("deviceProcessName", "ProcessName"), ("deviceTranslatedAddress", "DeviceTranslatedAddress"),
    ("dhost", "DestinationHostName"), ("dmac", "DestinationMACAddress"), ("dntdom", "DestinationNTDomain"),
    ("dpid", "DestinationProcessId"), ("dpriv", "DestinationUserPrivileges"), ("dproc", "DestinationProcessName"),
    ("dpt", "DestinationPort"), ("dst", "DestinationIP"), ("dtz", "DeviceTimeZone"), ("duid", "DestinationUserID"),
    ("duser", "DestinationUserName"), ("dvc", "DeviceAddress"), ("dvchost", "DeviceName"),
    ("dvcmac", "DeviceMacAddress"), ("dvcpid", "ProcessID"),
    ("end", "EndTime"), ("externalId", "ExternalID"),
    ("fileCreateTime", "FileCreateTime"), ("fileHash", "FileHash"), ("fileId", "FileID"),
    ("fileModificationTime", "FileModificationTime"), ("filePath", "FilePath"),
    ("filePermission", "FilePermission"), ("fileType", "FileType"),
    ("flexDate1", "FlexDate1"), ("flexDate1Label", "FlexDate1Label"),
    ("flexNumber1", "FlexNumber1"), ("flexNumber1Label", "FlexNumber1Label"),
    ("flexNumber2", "FlexNumber2"), ("flexNumber2Label", "FlexNumber2Label"),
    ("flexString1", "FlexString1"), ("flexString1Label", "FlexString1Label"),
    ("flexString2", "FlexString2"), ("flexString2Label", "FlexString2Label"),
    ("fname", "FileName"), ("fsize", "FileSize"), ("in", "ReceivedBytes"), ("msg", "Message"),
    ("oldFileCreateTime", "OldFileCreateTime"), ("oldFileHash", "OldFileHash"), ("oldFileId", "OldFileID"),
    ("oldFileModificationTime", "OldFileModificationTime"), ("oldFileName", "OldFileName"),
    ("oldFilePath", "OldFilePath"), ("oldFilePermission", "OldFilePermission"), ("oldFileSize", "OldFileSize"),
    ("oldFileType", "OldFileType"), ("out", "SentBytes"), ("outcome", "EventOutcome"), ("proto", "Protocol"),
    ("reason", "Reason"), ("request", "RequestURL"), ("requestClientApplication", "RequestClientApplication"),
    ("requestContext", "RequestContext"), ("requestCookies", "RequestCookies"), ("requestMethod", "RequestMethod"),
    ("rt", "ReceiptTime"), ("shost", "SourceHostName"), ("smac", "SourceMACAddress"), ("sntdom", "SourceNTDomain"),
    ("sourceDnsDomain", "SourceDnsDomain"), ("sourceServiceName", "SourceServiceName"),
    ("sourceTranslatedAddress", "SourceTranslatedAddress"), ("sourceTranslatedPort", "SourceTranslatedPort"),
    ("spid", "SourceProcessId"), ("spriv", "SourceUserPrivileges"), ("sproc", "SourceProcessName"),
    ("spt", "SourcePort"), ("src", "SourceIP"), ("start", "StartTime"), ("suid", "SourceUserID"),
    ("suser", "SourceUserName"), ("type", "EventType"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dictionary_is_sorted_and_its_columns_exist() {
        assert!(COLUMNS.windows(2).all(|pair| pair[0].0 < pair[1].0));
        let table = tables::known("CommonSecurityLog").unwrap();
        for (_, column) in COLUMNS {
            assert!(table.columns().any(|(name, ..)| name == *column), "{column}");
        }
    }

    #[test]
    fn headers_and_extensions_with_escapes() {
        let event =
            read(r"CEF:0|Ven\|dor|P\\x|1.0|100|a=b|10|src=10.0.0.1 msg=two words \= one\nline act=").unwrap();
        assert_eq!(event.header, ["Ven|dor", "P\\x", "1.0", "100", "a=b", "10"]);
        let wanted = [("src", "10.0.0.1"), ("msg", "two words = one\nline"), ("act", "")];
        assert_eq!(event.extension, wanted.map(|(key, value)| (key.to_owned(), value.to_owned())));
        assert!(read("CEF:0|V|P|1|c|n|3").unwrap().extension.is_empty());
        for text in ["", "CEF", "CEF:0|V|P", "CEF:x|V|P|1|c|n|3|", "LEEF:1.0|a|b|c|d|"] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn rows_have_the_types_of_the_table_and_lose_nothing() {
        let text = "CEF:0|V|P|1|c|n|9|dpt=443 in=5000000000 spt=many cfp1=1.5 deviceDirection=1 own=1 start=1700000000000";
        let row = record(text, "2024-01-01T00:00:00Z".parse().unwrap()).unwrap().row;
        let wanted = serde_json::json!({
            "TimeGenerated": "2024-01-01T00:00:00.0000000Z", "DeviceVendor": "V", "DeviceProduct": "P",
            "DeviceVersion": "1", "DeviceEventClassID": "c", "Activity": "n", "LogSeverity": "9", "DestinationPort": 443,
            "ReceivedBytes": 5_000_000_000_i64, "DeviceCustomFloatingPoint1": 1.5, "CommunicationDirection": "Outbound",
            "StartTime": "2023-11-14T22:13:20.0000000Z", "AdditionalExtensions": "spt=many;own=1"
        });
        assert_eq!(serde_json::Value::from(row.to_map()), wanted);
    }
}
