//! The one entry point: bytes of any source in, rows of tables out.
//!
//! ```text
//!   bytes ──▶ format ──▶ records ──▶ shapes ──▶ layout ──▶ sink: rows
//!               (told by the beginning)  (which table)  (typed columns)
//!                              └──────────┴──────────────▶ sink: dead letters
//! ```
//!
//! A damaged record costs that record: it becomes a dead letter with its reason, place and bytes, and reading goes on.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use memchr::{memchr, memmem};

use crate::format::{Format, is_ndjson, sniff};
use crate::json::{self, Scanner};
use crate::layout::Layout;
use crate::record::{Cell, Fault, Record, Row};
use crate::shapes::{self, Context, PathHints, windows};
use crate::syslog::{self, Arrival};
use crate::{cef, separated};

/// A record may be so long.
pub const MAX_RECORD: usize = 64 << 20;
/// A source that is read whole (a JSON document, an event log file) may be so long.
pub const MAX_DOCUMENT: usize = 1 << 30;
/// So much is looked at to tell the format.
const SNIFF: usize = 64 << 10;
/// Layouts that are remembered.
const MAX_LAYOUTS: usize = 4_096;
/// Members whose array holds the records, where an object says nothing else.
const WRAPPERS: [&str; 4] = ["records", "Records", "value", "Events"];

/// What is known of a source beside its bytes.
#[derive(Clone, Debug)]
pub struct Source {
    /// How it is written; told by its beginning where it is not named
    pub format: Option<Format>,
    /// The table of all its records; told by each record where it is not named. With a name, members are columns as they are.
    pub table: Option<String>,
    /// The file's path, which tells the table, or the resource of a diagnostic setting's export
    pub path: Option<String>,
    /// When it came, from where, and in which zone it writes times that name none
    pub arrival: Arrival,
    /// Whether resource logs of services that have both modes go to `AzureDiagnostics`
    pub azure_diagnostics: bool,
}

impl Source {
    /// A source of which nothing is known but when it came.
    pub fn new(received: Timestamp) -> Self {
        let arrival = Arrival { at: received, from: None, zone: TimeZone::UTC };
        Self { format: None, table: None, path: None, arrival, azure_diagnostics: false }
    }
}

/// A record that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter<'a> {
    /// What is wrong, lower case, without a full stop
    pub reason: String,
    /// Where it begins: the line, or in a document the number of the record, both from 1
    pub place: u64,
    /// Its bytes, to be read again; of a record longer than [`MAX_RECORD`] the beginning
    pub raw: &'a [u8],
}

/// Who takes what is read.
pub trait Sink {
    /// Takes a row. Its columns have the types of the table, where that is a public one.
    fn row(&mut self, table: &str, row: Row<'_>);

    /// Takes a record that could not be read.
    fn dead(&mut self, letter: DeadLetter<'_>);
}

/// What was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Bytes taken
    pub bytes: u64,
    /// Rows given; a record may have become several
    pub rows: u64,
    /// Dead letters
    pub dead: u64,
}

/// How the bytes are taken apart.
#[derive(Debug)]
enum State {
    /// The format is not told yet
    Beginning,
    /// A record on every line
    Lines(Format),
    /// Separated values; no header yet, or one
    Separated { separator: u8, header: Option<Vec<String>> },
    /// Elements of XML
    Xml,
    /// Read whole at the end
    Whole(Format),
}

/// Reads a source as its bytes come.
#[derive(Debug)]
pub struct Reader {
    format: Option<Format>,
    path: Option<String>,
    state: State,
    /// Bytes that wait for more
    buffer: Vec<u8>,
    /// Whether the buffer holds only the beginning of a record that is too long
    is_cut: bool,
    out: Output,
}

/// From records to the sink.
#[derive(Debug)]
struct Output {
    arrival: Arrival,
    context: Context,
    layouts: HashMap<String, Layout>,
    counts: Counts,
    /// The line, or the number of the record
    place: u64,
}

impl Reader {
    /// A reader of a source.
    pub fn new(source: Source) -> Self {
        let context = Context {
            table: source.table,
            path: source.path.as_deref().map(PathHints::of).unwrap_or_default(),
            azure_diagnostics: source.azure_diagnostics,
        };
        let out = Output {
            arrival: source.arrival,
            context,
            layouts: HashMap::new(),
            counts: Counts::default(),
            place: 0,
        };
        Self {
            format: source.format,
            path: source.path,
            state: State::Beginning,
            buffer: Vec::new(),
            is_cut: false,
            out,
        }
    }

    /// Takes the next bytes; records that are complete go to the sink.
    pub fn push(&mut self, bytes: &[u8], sink: &mut dyn Sink) {
        self.out.counts.bytes += bytes.len() as u64;
        match self.state {
            State::Beginning => {
                self.append(bytes);
                if self.buffer.len() >= SNIFF || self.is_cut {
                    self.begin(false, sink);
                }
            }
            _ => self.feed(bytes, sink),
        }
    }

    /// Ends the source. `damage` says why its bytes end early, if they do: then the unfinished record at the end, if any,
    /// is a dead letter.
    pub fn finish(mut self, damage: Option<&str>, sink: &mut dyn Sink) -> Counts {
        if let State::Beginning = self.state {
            self.begin(true, sink);
        }
        let rest = std::mem::take(&mut self.buffer);
        let out = &mut self.out;
        match (&mut self.state, damage) {
            (State::Lines(_) | State::Separated { .. }, Some(reason)) => {
                if !rest.trim_ascii().is_empty() {
                    out.place += 1;
                }
                out.bury(reason, &rest, sink);
                return out.counts;
            }
            (State::Lines(format), None) => out.line(*format, &rest, self.is_cut, sink),
            (State::Separated { separator, header }, None) => {
                out.separated(*separator, header, &rest, self.is_cut, sink);
            }
            (State::Xml, _) => {
                // What follows the last event closes the document.
                if memmem::find(&rest, b"<Event").is_some_and(|start| is_event(&rest[start..])) {
                    out.place += 1;
                    out.bury(damage.unwrap_or("the event ends early"), &rest, sink);
                    return out.counts;
                }
            }
            (State::Whole(format), _) if self.is_cut => {
                out.place += 1;
                let name = format.name();
                out.bury(&format!("a {name} document of more than {} MB", MAX_DOCUMENT >> 20), &rest, sink);
            }
            (State::Whole(Format::Evtx), _) => out.event_log(&rest, sink),
            (State::Whole(_), _) => out.document(&rest, sink),
            (State::Beginning, _) => {}
        }
        if let Some(reason) = damage {
            out.bury(reason, &[], sink);
        }
        out.counts
    }

    /// What was read so far.
    pub fn counts(&self) -> Counts {
        self.out.counts
    }

    /// Keeps bytes until more come, within limits.
    fn append(&mut self, bytes: &[u8]) {
        let limit = if let State::Whole(_) = self.state { MAX_DOCUMENT } else { MAX_RECORD };
        let room = limit.saturating_sub(self.buffer.len());
        self.is_cut |= bytes.len() > room;
        self.buffer.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn begin(&mut self, is_all: bool, sink: &mut dyn Sink) {
        let format = self.format.unwrap_or_else(|| sniff(&self.buffer, self.path.as_deref()));
        self.state = match format {
            Format::Json => match is_ndjson(&self.buffer, is_all || self.is_cut) {
                None => return,
                Some(true) => State::Lines(Format::Json),
                Some(false) => State::Whole(Format::Json),
            },
            Format::Csv => State::Separated { separator: b',', header: None },
            Format::Tsv => State::Separated { separator: b'\t', header: None },
            Format::Xml => State::Xml,
            Format::Evtx => State::Whole(Format::Evtx),
            Format::Syslog | Format::Cef | Format::Text => State::Lines(format),
        };
        let buffered = std::mem::take(&mut self.buffer);
        let is_cut = std::mem::take(&mut self.is_cut);
        let start = buffered.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&buffered);
        if start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff") {
            self.out.place = 1;
            self.out.bury("the text is UTF-16; save it as UTF-8", &[], sink);
        }
        self.feed(start, sink);
        self.is_cut |= is_cut;
    }

    fn feed(&mut self, mut bytes: &[u8], sink: &mut dyn Sink) {
        if let State::Whole(_) | State::Beginning = self.state {
            return self.append(bytes);
        }
        if let State::Xml = self.state {
            self.append(bytes);
            let taken = self.out.events(&self.buffer, sink);
            self.buffer.drain(..taken);
            if std::mem::take(&mut self.is_cut) {
                self.out.place += 1;
                let raw = std::mem::take(&mut self.buffer);
                self.out.bury(&too_long(), &raw, sink);
            }
            return;
        }
        // A record that came in pieces is put together; all others are read where they lie.
        if !self.buffer.is_empty() {
            let is_quoted = matches!(self.state, State::Separated { .. })
                && separated::record_length(&self.buffer).is_none();
            if is_quoted && !self.is_cut {
                // The quotes before decide where the record ends.
                let before = self.buffer.len();
                self.append(bytes);
                let Some(length) = separated::record_length(&self.buffer) else { return };
                let record = self.buffer[..length].to_vec();
                bytes = &bytes[(length - before).min(bytes.len())..];
                self.buffer.clear();
                self.one(&record, sink);
            } else {
                let Some(end) = memchr(b'\n', bytes) else { return self.append(bytes) };
                self.append(&bytes[..=end]);
                bytes = &bytes[end + 1..];
                let record = std::mem::take(&mut self.buffer);
                self.one(&record, sink);
            }
        }
        loop {
            let length = match self.state {
                State::Separated { .. } => separated::record_length(bytes),
                _ => memchr(b'\n', bytes).map(|end| end + 1),
            };
            let Some(length) = length else { break };
            self.one(&bytes[..length], sink);
            bytes = &bytes[length..];
        }
        self.append(bytes);
    }

    /// One complete record.
    fn one(&mut self, record: &[u8], sink: &mut dyn Sink) {
        let is_cut = std::mem::take(&mut self.is_cut);
        match &mut self.state {
            State::Lines(format) => self.out.line(*format, record, is_cut, sink),
            State::Separated { separator, header } => {
                self.out.separated(*separator, header, record, is_cut, sink);
            }
            State::Beginning | State::Xml | State::Whole(_) => {}
        }
    }
}

fn too_long() -> String {
    format!("a record of more than {} MB", MAX_RECORD >> 20)
}

/// Whether `<Event` is the start of that element and not of `<EventData>` or `<Events>`.
fn is_event(text: &[u8]) -> bool {
    matches!(text.get(6), Some(b'>' | b' ' | b'\t' | b'\r' | b'\n' | b'/'))
}

impl Output {
    fn bury(&mut self, reason: &str, raw: &[u8], sink: &mut dyn Sink) {
        self.counts.dead += 1;
        sink.dead(DeadLetter { reason: reason.to_owned(), place: self.place.max(1), raw });
    }

    fn fault(&mut self, fault: &Fault, raw: &[u8], sink: &mut dyn Sink) {
        self.bury(&fault.to_string(), raw, sink);
    }

    /// A record on a line.
    fn line(&mut self, format: Format, line: &[u8], is_cut: bool, sink: &mut dyn Sink) {
        self.place += 1;
        let line = line.trim_ascii();
        if line.is_empty() {
            return;
        }
        if is_cut {
            return self.bury(&too_long(), line, sink);
        }
        let text = match std::str::from_utf8(line) {
            Ok(text) => text,
            Err(error) => return self.bury(&format!("no UTF-8 at byte {}", error.valid_up_to()), line, sink),
        };
        let result = match format {
            Format::Json if text.starts_with('[') => json::array(text).map(|items| {
                for item in items {
                    self.item(item, sink);
                }
            }),
            Format::Json => json::object(text).map(|row| self.unwrapped(row, line, sink)),
            Format::Cef => self.cef(text).and_then(|record| self.give(record, sink)),
            Format::Syslog => {
                // RFC 3164 gives what has no priority the one of user and notice.
                let prefixed = (!text.starts_with('<')).then(|| format!("<13>{text}"));
                syslog::record(prefixed.as_deref().unwrap_or(text), &self.arrival.clone())
                    .and_then(|record| self.give(record, sink))
            }
            _ => {
                let mut row = Row::with_capacity(3);
                row.set("RawData", text);
                return self.shaped(row, line, sink);
            }
        };
        if let Err(fault) = result {
            self.fault(&fault, line, sink);
        }
    }

    fn cef(&self, text: &str) -> Result<Record<'static>, Fault> {
        let start = text.find("CEF:").unwrap_or(0);
        // In front of the event there may be a syslog header with or without a priority.
        let header = text[..start].trim();
        if header.is_empty() {
            return cef::record(&text[start..], self.arrival.at);
        }
        let text = if header.starts_with('<') { text.to_owned() } else { format!("<13>{text}") };
        let record = syslog::record(&text, &self.arrival)?;
        Ok(Record::new(record.table.into_owned(), record.row.into_owned()))
    }

    fn separated(
        &mut self,
        separator: u8,
        header: &mut Option<Vec<String>>,
        record: &[u8],
        is_cut: bool,
        sink: &mut dyn Sink,
    ) {
        self.place += 1;
        let raw = record;
        let record = record.strip_suffix(b"\n").unwrap_or(record);
        let record = record.strip_suffix(b"\r").unwrap_or(record);
        if record.trim_ascii().is_empty() {
            return;
        }
        if is_cut {
            return self.bury(&too_long(), raw, sink);
        }
        let text = match std::str::from_utf8(record) {
            Ok(text) => text,
            Err(error) => return self.bury(&format!("no UTF-8 at byte {}", error.valid_up_to()), raw, sink),
        };
        let fields = separated::fields(text, separator);
        let Some(header) = header else {
            *header = Some(fields.into_iter().map(|field| field.trim().to_owned()).collect());
            return;
        };
        if fields.len() > json::MAX_MEMBERS {
            return self.bury(&format!("a record of more than {} fields", json::MAX_MEMBERS), raw, sink);
        }
        let row = separated::row(header, fields);
        self.shaped(exported(row), raw, sink);
    }

    /// Complete `<Event>` elements; how many bytes were taken.
    fn events(&mut self, text: &[u8], sink: &mut dyn Sink) -> usize {
        let mut taken = 0;
        while let Some(end) = memmem::find(&text[taken..], b"</Event>") {
            let end = taken + end + b"</Event>".len();
            let piece = &text[taken..end];
            let mut start = 0;
            while let Some(found) = memmem::find(&piece[start..], b"<Event") {
                start += found;
                if is_event(&piece[start..]) {
                    break;
                }
                start += 6;
            }
            self.place += 1;
            let piece = &piece[start..];
            match std::str::from_utf8(piece) {
                Ok(text) => self.event(text, sink),
                Err(error) => self.bury(&format!("no UTF-8 at byte {}", error.valid_up_to()), piece, sink),
            }
            taken = end;
        }
        taken
    }

    fn event(&mut self, text: &str, sink: &mut dyn Sink) {
        if let Err(fault) = windows::xml(text).and_then(|record| self.give(record, sink)) {
            self.fault(&fault, text.as_bytes(), sink);
        }
    }

    fn event_log(&mut self, bytes: &[u8], sink: &mut dyn Sink) {
        self.place = 1;
        self.bury("an event log file of Windows; export it as XML", bytes, sink);
    }

    /// A document of JSON: values one after the other, arrays and wrappers of them.
    fn document(&mut self, bytes: &[u8], sink: &mut dyn Sink) {
        let mut start = 0;
        while start < bytes.len() {
            let rest = &bytes[start..];
            let (text, damage) = match std::str::from_utf8(rest) {
                Ok(text) => (text, None),
                Err(error) => {
                    let text = std::str::from_utf8(&rest[..error.valid_up_to()]).expect("valid up to there");
                    (text, Some(Fault::new("no UTF-8", error.valid_up_to())))
                }
            };
            let mut scanner = Scanner::new(text);
            let mut value = 0;
            let result = self.values(&mut scanner, &mut value, sink);
            let fault = match (result, damage) {
                (Ok(()), None) => return,
                (Ok(()), Some(fault)) => fault,
                // What breaks off where the damage begins is broken by it.
                (Err(fault), Some(damage)) if fault.offset >= text.len() => damage,
                (Err(fault), _) => fault,
            };
            // Where an object begins a line, reading goes on.
            let next = memmem::find(&rest[value..], b"\n{").map_or(rest.len(), |found| value + found + 1);
            self.place += 1;
            let reason = format!("{} at byte {}", fault.message, start + fault.offset);
            self.bury(&reason, rest[value..next].trim_ascii(), sink);
            start += next.max(1);
        }
    }

    /// All values from where the scanner stands; `value` is where the one begins that is being read.
    fn values(
        &mut self,
        scanner: &mut Scanner<'_>,
        value: &mut usize,
        sink: &mut dyn Sink,
    ) -> Result<(), Fault> {
        loop {
            scanner.blank();
            *value = scanner.at;
            match scanner.peek() {
                None => return Ok(()),
                Some(b'[') => self.items(scanner, value, sink)?,
                Some(b'{') => {
                    if enter_wrapper(scanner) {
                        self.items(scanner, value, sink)?;
                        leave_wrapper(scanner)?;
                    } else {
                        let cell = scanner.value()?;
                        self.item(cell, sink);
                    }
                }
                _ => return Err(scanner.unexpected("an object or array")),
            }
        }
    }

    fn items(
        &mut self,
        scanner: &mut Scanner<'_>,
        value: &mut usize,
        sink: &mut dyn Sink,
    ) -> Result<(), Fault> {
        scanner.at += 1;
        scanner.blank();
        if scanner.peek() == Some(b']') {
            scanner.at += 1;
            return Ok(());
        }
        let mut item = Vec::with_capacity(1);
        loop {
            scanner.blank();
            *value = scanner.at;
            let goes_on = scanner.item(&mut item);
            if let Some(cell) = item.pop() {
                self.item(cell, sink);
            }
            if !goes_on? {
                return Ok(());
            }
        }
    }

    /// An item of an array or a document.
    fn item(&mut self, cell: Cell<'_>, sink: &mut dyn Sink) {
        self.place += 1;
        match &cell {
            Cell::Json(text) if text.starts_with('{') => match json::object(text) {
                Ok(row) => self.unwrapped(row, text.as_bytes(), sink),
                Err(fault) => self.fault(&fault, text.as_bytes(), sink),
            },
            _ => {
                let mut raw = Vec::new();
                cell.write(&mut raw);
                // Some forwarders put objects into arrays as texts.
                match shapes::members(cell) {
                    Ok(row) => self.unwrapped(row, &raw, sink),
                    Err(_) => self.bury("a record that is no object", &raw, sink),
                }
            }
        }
    }

    /// An object that is a record, or the wrapper of records.
    fn unwrapped(&mut self, row: Row<'_>, raw: &[u8], sink: &mut dyn Sink) {
        let wrapped = WRAPPERS.iter().find(|name| is_list(row.get(name)));
        match wrapped {
            Some(wrapper) if row.iter().all(|(name, _)| name == *wrapper || is_side_note(name)) => {
                for cell in shapes::items(row.get(wrapper).clone()) {
                    match shapes::members(cell) {
                        Ok(row) => {
                            let mut raw = Vec::new();
                            row.write(&mut raw);
                            self.shaped(row, &raw, sink);
                        }
                        Err(cell) => {
                            let mut raw = Vec::new();
                            cell.write(&mut raw);
                            self.bury("a record that is no object", &raw, sink);
                        }
                    }
                }
            }
            _ => self.shaped(row, raw, sink),
        }
    }

    /// A record whose table the shapes tell.
    fn shaped(&mut self, row: Row<'_>, raw: &[u8], sink: &mut dyn Sink) {
        let mut records = Vec::with_capacity(1);
        if let Err(fault) = shapes::records(row, &self.context, &mut records) {
            return self.fault(&fault, raw, sink);
        }
        for record in records {
            if let Err(fault) = self.give(record, sink) {
                self.fault(&fault, raw, sink);
            }
        }
    }

    /// A record in the columns of its table.
    fn give(&mut self, record: Record<'_>, sink: &mut dyn Sink) -> Result<(), Fault> {
        let table = record.table.as_ref();
        if !self.layouts.contains_key(table) {
            // An endless number of tables is no reason to remember them all.
            if self.layouts.len() >= MAX_LAYOUTS {
                self.layouts.clear();
            }
            self.layouts.insert(table.to_owned(), Layout::of(table));
        }
        let layout = self.layouts.get_mut(table).expect("inserted above");
        let row = layout.fit(record.row, table, self.arrival.at)?;
        self.counts.rows += 1;
        sink.row(table, row);
        Ok(())
    }
}

/// A member that a wrapper may have beside the records: links, counts, notes of the protocol.
fn is_side_note(name: &str) -> bool {
    name.starts_with(['@', '$']) || ["nextLink", "count", "totalCount", "totalRecords"].contains(&name)
}

/// Whether a cell is an array of objects, or an empty one.
fn is_list(cell: &Cell<'_>) -> bool {
    matches!(cell, Cell::Json(text) if text.starts_with('[') && text[1..].trim_start().starts_with(['{', ']', '"']))
}

/// Goes to the array of records, if the object here is the wrapper of one; else the scanner stays.
fn enter_wrapper(scanner: &mut Scanner<'_>) -> bool {
    let start = scanner.at;
    scanner.at += 1;
    while let Ok(name) = scanner.name() {
        scanner.blank();
        if WRAPPERS.contains(&name.as_ref()) && scanner.peek() == Some(b'[') {
            let array = scanner.at;
            scanner.at += 1;
            scanner.blank();
            if matches!(scanner.peek(), Some(b'{' | b']')) {
                scanner.at = array;
                return true;
            }
            break;
        }
        if !is_side_note(&name) || scanner.skip().is_err() {
            break;
        }
        scanner.blank();
        if scanner.peek() != Some(b',') {
            break;
        }
        scanner.at += 1;
    }
    scanner.at = start;
    false
}

/// Passes over what stands in a wrapper behind its array.
fn leave_wrapper(scanner: &mut Scanner<'_>) -> Result<(), Fault> {
    loop {
        scanner.blank();
        match scanner.peek() {
            Some(b',') => {
                scanner.at += 1;
                scanner.name()?;
                scanner.skip()?;
            }
            Some(b'}') => {
                scanner.at += 1;
                return Ok(());
            }
            _ => return Err(scanner.unexpected("`,` or `}`")),
        }
    }
}

/// The portal exports the names of columns with their zone: `TimeGenerated [UTC]`.
fn exported(row: Row<'_>) -> Row<'_> {
    row.into_iter()
        .map(|(name, cell)| match name.strip_suffix(" [UTC]") {
            Some(column) => (column.to_owned().into(), cell),
            None => (name, cell),
        })
        .collect()
}
