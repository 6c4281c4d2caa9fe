//! `externaldata`: rows of documents that the host reads.
//!
//! The host gives the bytes of an address ([`Source::document`](crate::Source::document)), or refuses; here they become rows.
//! Source of the rules: the pages "externaldata operator" and "Data formats supported for ingestion" of the Kusto reference.
//!
//! | format | a record |
//! |---|---|
//! | `csv`, `tsv`, `psv`, `scsv`, `sohsv`, `tsve` | a line of values; columns by their place |
//! | `json`, `multijson` | a property bag; columns by their name |
//! | `txt` | a line that is not empty |
//! | `raw` | the whole document |
//!
//! Without `format` the end of the address tells it, and `csv` is what it is else. `.gz` and `.zip` are unpacked. Values that
//! are not of their column's type are null. `ingestionMapping` names the column, and the path or the place of its value.
//! `avro`, `orc`, `parquet` and `w3clogfile` are refused by name.

mod delimited;
mod json;
mod unpack;

use azimuth_kql::bound::Expr;
use azimuth_kql::types::{Column, ScalarType, Schema};
use azimuth_values::functions::convert;
use azimuth_values::{Json, Refusal, Value, text};

use crate::eval::{self, typed};
use crate::run::{Failure, Run};
use crate::table::{Row, null_of};

/// Bytes of a document, packed and unpacked: what the reference names as the most that the operator is made for.
const MOST_BYTES: usize = 100 << 20;

/// How the records of a document are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Delimited {
        delimiter: u8,
        is_escaped: bool,
    },
    /// A bag a line, or bags one after the other, or an array of bags: all three are read as the last
    Json,
    Lines,
    Raw,
}

impl Format {
    const CSV: Self = Self::Delimited { delimiter: b',', is_escaped: false };

    /// The format of a name as properties write it, or of the end of a document's name.
    fn from_name(name: &str) -> Result<Option<Self>, Refusal> {
        let delimited = |delimiter| Ok(Some(Self::Delimited { delimiter, is_escaped: false }));
        match name.to_ascii_lowercase().as_str() {
            "csv" => delimited(b','),
            "tsv" => delimited(b'\t'),
            "tsve" => Ok(Some(Self::Delimited { delimiter: b'\t', is_escaped: true })),
            "psv" => delimited(b'|'),
            "scsv" => delimited(b';'),
            "sohsv" => delimited(1),
            "json" | "multijson" | "singlejson" => Ok(Some(Self::Json)),
            "txt" => Ok(Some(Self::Lines)),
            "raw" => Ok(Some(Self::Raw)),
            known
            @ ("avro" | "apacheavro" | "orc" | "parquet" | "w3clogfile" | "sstream" | "azmonstream") => {
                Err(Refusal::new(format!(
                    "`externaldata` does not read the format `{known}`; load the document as a table"
                )))
            }
            _ => Ok(None),
        }
    }
}

/// What the properties of an `externaldata` ask for.
#[derive(Debug, Default)]
struct Wishes {
    format: Option<Format>,
    skips_first: bool,
    /// Which members of a packed document are read: `*.csv`
    members: Option<String>,
    mapping: Option<Vec<Mapped>>,
}

/// A line of an ingestion mapping.
#[derive(Debug)]
struct Mapped {
    column: String,
    path: Option<String>,
    ordinal: Option<usize>,
    constant: Option<String>,
}

/// The rows of an `externaldata`.
pub(crate) fn rows(
    run: &Run<'_>,
    uris: &[Expr],
    properties: &[(String, Expr)],
    schema: &Schema,
) -> Result<Vec<Row>, Failure> {
    let mut wishes = Wishes::default();
    for (name, value) in properties {
        let value = eval::constant(run, value)?;
        match name.to_ascii_lowercase().as_str() {
            "format" => {
                let name = text::to_string(&value);
                let unknown =
                    || Refusal::new(format!("`{name}` is no data format; `csv`, `json` and `txt` are some"));
                wishes.format = Some(Format::from_name(&name)?.ok_or_else(unknown)?);
            }
            "ignorefirstrecord" => wishes.skips_first = convert::to_bool(&value).as_bool() == Some(true),
            "zippattern" => wishes.members = Some(text::to_string(&value)),
            "ingestionmapping" => wishes.mapping = Some(mapping(&value)?),
            _ => {}
        }
    }
    let mut rows = Vec::new();
    for uri in uris {
        let address = text::to_string(&eval::constant(run, uri)?);
        let format = match wishes.format {
            Some(format) => format,
            None => format_of(&address)?,
        };
        for document in documents(run, &address, wishes.members.as_deref())? {
            let before = rows.len();
            read(&document, format, &wishes, schema, &mut rows);
            run.count(rows.len() - before)?;
        }
    }
    Ok(rows)
}

/// The documents at an address, unpacked: one, but for archives.
///
/// # Errors
/// When the host refuses, or the document is too large.
pub(crate) fn documents(
    run: &Run<'_>,
    address: &str,
    members: Option<&str>,
) -> Result<Vec<Vec<u8>>, Refusal> {
    let bytes = run.source.document(address)?;
    let too_large = || {
        Refusal::new(format!(
            "`{}` is larger than {} MiB; load it as a table",
            shown(address),
            MOST_BYTES >> 20
        ))
    };
    if bytes.len() > MOST_BYTES {
        return Err(too_large());
    }
    unpack::unpack(bytes, members, MOST_BYTES).map_err(|error| match error {
        unpack::Error::TooLarge => too_large(),
        unpack::Error::Damaged => Refusal::new(format!("`{}` cannot be unpacked", shown(address))),
    })
}

/// An address without what may be a secret.
pub(crate) fn shown(address: &str) -> &str {
    address.split(['?', ';']).next().unwrap_or_default()
}

/// The format that the end of an address tells.
pub(crate) fn format_of(address: &str) -> Result<Format, Refusal> {
    let name = shown(address).rsplit('/').next().unwrap_or_default();
    let name = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zip")).unwrap_or(name);
    let known = match name.rsplit_once('.') {
        Some((_, end)) => Format::from_name(end)?,
        None => None,
    };
    Ok(known.unwrap_or(Format::CSV))
}

/// Reads an ingestion mapping, a JSON array: `[{"Column": "a", "Properties": {"Path": "$.b"}}]`.
fn mapping(value: &Value) -> Result<Vec<Mapped>, Refusal> {
    let refused = || {
        Refusal::new(
            "`ingestionMapping` has to be an array like `[{\"Column\":\"a\",\"Properties\":{\"Path\":\"$.b\"}}]`",
        )
    };
    let json = match value {
        Value::String(text) => Json::parse(text).ok_or_else(refused)?,
        value => value.to_json(),
    };
    let Json::Array(items) = json else { return Err(refused()) };
    let read = |item: &Json| {
        let any = |json: &Json, names: [&str; 2]| names.iter().find_map(|name| json.member(name)).cloned();
        let properties = any(item, ["Properties", "properties"]).unwrap_or(Json::Null);
        let text = |json: Json| match json {
            Json::String(text) => Some(text.to_string()),
            Json::Long(number) => Some(number.to_string()),
            _ => None,
        };
        let property = |names| any(&properties, names).and_then(text);
        Some(Mapped {
            column: any(item, ["Column", "column"]).and_then(text)?,
            path: property(["Path", "path"]),
            ordinal: property(["Ordinal", "ordinal"]).and_then(|ordinal| ordinal.parse().ok()),
            constant: property(["ConstValue", "constValue"]),
        })
    };
    items.iter().map(|item| read(item).ok_or_else(refused)).collect()
}

fn read(document: &[u8], format: Format, wishes: &Wishes, schema: &Schema, rows: &mut Vec<Row>) {
    // What is no UTF-8 becomes the sign for that, as anywhere in texts.
    let document = String::from_utf8_lossy(document);
    let document = document.trim_start_matches('\u{feff}');
    let skipped = usize::from(wishes.skips_first);
    match format {
        Format::Delimited { delimiter, is_escaped } => {
            let records = delimited::records(document, delimiter, is_escaped).into_iter().skip(skipped);
            rows.extend(records.map(|record| by_place(&record, schema, wishes.mapping.as_deref())));
        }
        Format::Lines => {
            let lines = document.lines().filter(|line| !line.is_empty()).skip(skipped);
            rows.extend(lines.map(|line| by_place(&[line.to_owned()], schema, wishes.mapping.as_deref())));
        }
        Format::Raw => rows.push(by_place(&[document.to_owned()], schema, wishes.mapping.as_deref())),
        Format::Json => {
            let records = json::records(document).into_iter().skip(skipped);
            rows.extend(records.map(|record| by_name(&record, schema, wishes.mapping.as_deref())));
        }
    }
}

/// A record of values in their order.
fn by_place(record: &[String], schema: &Schema, mapping: Option<&[Mapped]>) -> Row {
    let columns = schema.columns.iter().enumerate();
    let cells = columns.map(|(place, column)| match mapping {
        None => cell(record.get(place).map(String::as_str), column),
        Some(mapping) => {
            let mapped = mapping.iter().find(|mapped| mapped.column == column.name);
            let text = mapped.and_then(|mapped| match (&mapped.constant, mapped.ordinal) {
                (Some(constant), _) => Some(constant.as_str()),
                (None, Some(place)) => record.get(place).map(String::as_str),
                _ => None,
            });
            cell(text, column)
        }
    });
    cells.collect()
}

/// A record of named values.
fn by_name(record: &Json, schema: &Schema, mapping: Option<&[Mapped]>) -> Row {
    let cells = schema.columns.iter().map(|column| match mapping {
        None => json_cell(record.member(&column.name), column),
        Some(mapping) => {
            let mapped = mapping.iter().find(|mapped| mapped.column == column.name);
            match mapped.map(|mapped| (&mapped.constant, &mapped.path)) {
                Some((Some(constant), _)) => cell(Some(constant), column),
                Some((None, Some(path))) => json_cell(json::at(record, path), column),
                Some((None, None)) => json_cell(record.member(&column.name), column),
                None => null_of(column.ty),
            }
        }
    });
    cells.collect()
}

/// A text as a value of a column; what is none of its type is null.
fn cell(text: Option<&str>, column: &Column) -> Value {
    let Some(text) = text else { return null_of(column.ty) };
    match column.ty {
        ScalarType::String => Value::string(text),
        ScalarType::Dynamic | ScalarType::Unknown if text.is_empty() => Value::Null,
        ScalarType::Dynamic | ScalarType::Unknown => {
            Value::dynamic(Json::parse(text).unwrap_or_else(|| Json::string(text)))
        }
        ty => eval::converted(&Value::string(text.trim()), ScalarType::String, ty),
    }
}

/// A member of a bag as a value of a column.
fn json_cell(json: Option<&Json>, column: &Column) -> Value {
    match (json, column.ty) {
        (None | Some(Json::Null), ty) => null_of(ty),
        (Some(json), ScalarType::Dynamic | ScalarType::Unknown) => {
            typed(Value::dynamic(json.clone()), column.ty)
        }
        (Some(json), ty) => eval::converted(&Value::dynamic(json.clone()), ScalarType::Dynamic, ty),
    }
}

/// What is read of a document to tell its columns.
const PROBED_RECORDS: usize = 1_000;

/// A column that the records of a document have.
#[derive(Debug)]
pub(crate) struct Probed {
    pub(crate) name: String,
    /// The type that all its values read as; none without a value
    ty: Option<ScalarType>,
    /// The last whole number seen
    pub(crate) sample: Option<i64>,
}

impl Probed {
    pub(crate) fn ty(&self) -> ScalarType {
        self.ty.unwrap_or(ScalarType::String)
    }

    /// Takes what another document tells of the column.
    pub(crate) fn meet(&mut self, ty: Option<ScalarType>, sample: Option<i64>) {
        self.ty = match (self.ty, ty) {
            (Some(known), Some(found)) => Some(known.common(found).unwrap_or(ScalarType::String)),
            (known, found) => known.or(found),
        };
        self.sample = sample.or(self.sample);
    }

    /// Adds it to the columns of other documents.
    pub(crate) fn join(self, columns: &mut Vec<Self>) {
        match columns.iter_mut().find(|known| known.name == self.name) {
            Some(known) => known.meet(self.ty, self.sample),
            None => columns.push(self),
        }
    }
}

/// The columns of a document, by its records.
pub(crate) fn columns_of(document: &[u8], format: Format, has_names: bool) -> Vec<Probed> {
    let document = String::from_utf8_lossy(document);
    let document = document.trim_start_matches('\u{feff}');
    let mut columns: Vec<Probed> = Vec::new();
    match format {
        Format::Json => {
            for record in json::records(document).into_iter().take(PROBED_RECORDS) {
                let Json::Object(members) = record else { continue };
                for (name, value) in &members {
                    let (ty, sample) = (type_of_json(value), value.to_value().as_long());
                    Probed { name: name.to_string(), ty, sample }.join(&mut columns);
                }
            }
        }
        Format::Delimited { delimiter, is_escaped } => {
            let mut records = delimited::records(document, delimiter, is_escaped).into_iter();
            let names = if has_names { records.next().unwrap_or_default() } else { Vec::new() };
            for record in records.take(PROBED_RECORDS) {
                for (place, value) in record.iter().enumerate() {
                    if columns.len() == place {
                        let name = names.get(place).cloned().unwrap_or_else(|| format!("c{place}"));
                        columns.push(Probed { name, ty: None, sample: None });
                    }
                    columns[place].meet(type_of_text(value), value.trim().parse().ok());
                }
            }
        }
        Format::Lines | Format::Raw => {
            columns.push(Probed { name: "data".to_owned(), ty: Some(ScalarType::String), sample: None });
        }
    }
    columns
}

fn type_of_json(json: &Json) -> Option<ScalarType> {
    Some(match json {
        Json::Null => return None,
        Json::Bool(_) => ScalarType::Bool,
        Json::Long(_) => ScalarType::Long,
        Json::Real(_) | Json::Decimal(_) => ScalarType::Real,
        Json::Array(_) | Json::Object(_) => ScalarType::Dynamic,
        Json::String(text) if text::read_datetime(text).is_some() && text.len() >= 10 => ScalarType::Datetime,
        _ => ScalarType::String,
    })
}

fn type_of_text(text: &str) -> Option<ScalarType> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    Some(if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false") {
        ScalarType::Bool
    } else if text.parse::<i64>().is_ok() {
        ScalarType::Long
    } else if text.parse::<f64>().is_ok() {
        ScalarType::Real
    } else if text.len() >= 10 && text::read_datetime(text).is_some() {
        ScalarType::Datetime
    } else if text.len() == 36 && text::read_guid(text).is_some() {
        ScalarType::Guid
    } else if text.starts_with(['{', '[']) && Json::parse(text).is_some() {
        ScalarType::Dynamic
    } else {
        ScalarType::String
    })
}

#[cfg(test)]
mod tests {
    use azimuth_kql::bind::MemoryCatalog;
    use azimuth_kql::bound::TableName;
    use azimuth_values::Context;

    use super::*;
    use crate::{Limits, QueryError, Source, Table};

    /// Documents by address.
    struct Documents(&'static [(&'static str, &'static str)]);

    impl Source for Documents {
        fn table(&self, name: &TableName, _: &Schema) -> Result<Table, Refusal> {
            Err(Refusal::new(format!("there is no table `{}`", name.table)))
        }

        fn document(&self, address: &str) -> Result<Vec<u8>, Refusal> {
            let found = self.0.iter().find(|(known, _)| *known == address);
            found.map(|(_, text)| text.as_bytes().to_vec()).ok_or_else(|| Refusal::new("nothing there"))
        }
    }

    fn run(query: &str, documents: &'static [(&'static str, &'static str)]) -> Result<Vec<String>, String> {
        let context = Context::new(0, 0);
        crate::query(query, &MemoryCatalog::default(), &Documents(documents), &context, Limits::default())
            .map(|(_, tables)| {
                let written = |row: &Row| row.iter().map(text::to_string).collect::<Vec<_>>().join("|");
                tables[0].rows.iter().map(written).collect()
            })
            .map_err(|error| match error {
                QueryError::Failed(failure) => failure.to_string(),
                QueryError::Invalid(found) => format!("{found:?}"),
            })
    }

    #[test]
    fn columns_by_place_and_by_name() {
        let csv = [("https://a/b.csv?sig=x", "name,n,at\nx,1,2024-01-01\n\"y,\"\"z\"\"\",no,\n")];
        let query = "externaldata(name: string, n: long, at: datetime)[h'https://a/b.csv?sig=x'] \
                     with (ignoreFirstRecord=true)";
        assert_eq!(
            run(query, Box::leak(Box::new(csv))).unwrap(),
            ["x|1|2024-01-01T00:00:00.0000000Z", "y,\"z\"||"]
        );
        let json = [("f.json", "{\"n\": 1, \"d\": {\"k\": [1]}}\n{\"n\": \"2\", \"x\": 0}")];
        let query = "externaldata(d: dynamic, n: int)['f.json']";
        assert_eq!(run(query, Box::leak(Box::new(json))).unwrap(), ["{\"k\":[1]}|1", "|2"]);
        let array = [("f", "[{\"a\": {\"b\": 7}},\n {}]")];
        let query = r#"externaldata(x: long)['f'] with (format='multijson',
            ingestionMapping='[{"Column":"x","Properties":{"Path":"$.a.b"}}]')"#;
        assert_eq!(run(query, Box::leak(Box::new(array))).unwrap(), ["7", ""]);
    }

    #[test]
    fn lines_and_whole_documents() {
        const DOCUMENTS: &[(&str, &str)] = &[("l.txt", "a,b\r\n\nc\n")];
        assert_eq!(run("externaldata(x: string)['l.txt']", DOCUMENTS).unwrap(), ["a,b", "c"]);
        let raw = run("externaldata(x: string)['l.txt'] with (format='raw') | extend strlen(x)", DOCUMENTS);
        assert_eq!(raw.unwrap(), ["a,b\r\n\nc\n|8"]);
    }

    #[test]
    fn what_is_not_read_is_refused_by_name() {
        let refused = run("externaldata(x: string)['x.parquet']", &[]).unwrap_err();
        assert!(refused.contains("`parquet`"), "{refused}");
        struct Nothing;
        impl Source for Nothing {
            fn table(&self, _: &TableName, _: &Schema) -> Result<Table, Refusal> {
                Err(Refusal::new("nothing"))
            }
        }
        let refused = Nothing.document("https://a/b.csv?sig=secret").unwrap_err();
        assert!(refused.message().contains("`https://a/b.csv`"), "{refused}");
        assert!(!refused.message().contains("secret"));
    }
}
