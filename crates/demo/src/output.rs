//! Files on their way out: lists that are cut into pages as real tools cut them.

use std::fmt::Write as _;

use serde_json::{Value, json};

/// One file of the estate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Path below the output folder, with `/` between the parts.
    pub path: String,
    /// The content.
    pub content: Vec<u8>,
}

/// The receiver of files refused one; the reason is kept by the caller.
#[derive(Debug)]
pub(crate) struct Stopped;

/// Receives files one by one.
pub(crate) type Emit<'a> = dyn FnMut(File) -> Result<(), Stopped> + 'a;

/// How a list is written.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    /// `az graph query --output json`, with the number of rows of the whole answer.
    GraphQuery { total: usize },
    /// A list page of the Resource Manager REST interface (`value`, `nextLink`); the address without paging.
    RestList { url: String },
    /// A Microsoft Graph page; collection path below the version and the context's fragment.
    Graph { collection: &'static str, context: &'static str },
    /// A plain JSON array, as most `az … list` commands print.
    Array,
    /// One JSON object a line.
    Lines,
}

/// A list being written in pages.
#[derive(Debug)]
pub(crate) struct Pages {
    path: String,
    shape: Shape,
    rows_per_page: usize,
    rows: Vec<u8>,
    count: usize,
    page: usize,
}

impl Pages {
    /// `path` is the path without page number and ending.
    pub(crate) fn new(path: impl Into<String>, shape: Shape, rows_per_page: usize) -> Self {
        Self { path: path.into(), shape, rows_per_page, rows: Vec::new(), count: 0, page: 0 }
    }

    /// Appends a row; hands out the page before it if that is full.
    pub(crate) fn push(&mut self, row: &Value, emit: &mut Emit<'_>) -> Result<(), Stopped> {
        if self.count == self.rows_per_page {
            self.flush(false, emit)?;
        }
        let lines = matches!(self.shape, Shape::Lines);
        if self.count > 0 && !lines {
            self.rows.extend_from_slice(b",\n");
        }
        append_json(&mut self.rows, row);
        if lines {
            self.rows.push(b'\n');
        }
        self.count += 1;
        Ok(())
    }

    /// Hands out the last page, also if the list is empty.
    pub(crate) fn finish(mut self, emit: &mut Emit<'_>) -> Result<(), Stopped> {
        self.flush(true, emit)
    }

    fn flush(&mut self, last: bool, emit: &mut Emit<'_>) -> Result<(), Stopped> {
        self.page += 1;
        let (head, tail) = self.frame(last);
        let mut content = Vec::with_capacity(head.len() + self.rows.len() + tail.len());
        content.extend_from_slice(head.as_bytes());
        content.append(&mut self.rows);
        content.extend_from_slice(tail.as_bytes());
        let ending = if matches!(self.shape, Shape::Lines) { "ndjson" } else { "json" };
        self.count = 0;
        emit(File { path: format!("{}-{:04}.{ending}", self.path, self.page), content })
    }

    /// What stands before and behind the rows of the page.
    fn frame(&self, last: bool) -> (String, String) {
        let next = self.page + 1;
        match &self.shape {
            Shape::GraphQuery { total } => {
                let token = if last { "null".to_owned() } else { format!("\"demo-page-{next}\"") };
                (
                    format!("{{\"count\":{},\"data\":[\n", self.count),
                    format!("\n],\"skip_token\":{token},\"total_records\":{total}}}\n"),
                )
            }
            Shape::RestList { url } => {
                let mut tail = "\n]".to_owned();
                if !last {
                    let _ = write!(tail, ",\"nextLink\":\"{url}&$skiptoken=demo-page-{next}\"");
                }
                ("{\"value\":[\n".to_owned(), tail + "}\n")
            }
            Shape::Graph { collection, context } => {
                let mut head =
                    format!("{{\"@odata.context\":\"https://graph.microsoft.com/v1.0/$metadata#{context}\",");
                if !last {
                    let _ = write!(
                        head,
                        "\"@odata.nextLink\":\"https://graph.microsoft.com/v1.0/{collection}?$skiptoken=demo-page-{next}\","
                    );
                }
                (head + "\"value\":[\n", "\n]}\n".to_owned())
            }
            Shape::Array => ("[\n".to_owned(), "\n]\n".to_owned()),
            Shape::Lines => (String::new(), String::new()),
        }
    }
}

fn append_json(buffer: &mut Vec<u8>, value: &Value) {
    serde_json::to_writer(buffer, value).expect("a value of strings and numbers always serialises");
}

/// A file of one JSON value.
pub(crate) fn json_file(path: impl Into<String>, value: &Value) -> File {
    let mut content = serde_json::to_vec_pretty(value).expect("a JSON value always serialises");
    content.push(b'\n');
    File { path: path.into(), content }
}

/// A recorded answer to a GET, with the marks that Azimuth reads.
pub(crate) fn recorded_response(url: &str, time: &str, last: bool, body: &Value) -> Value {
    json!({"azimuth": "recorded-response/1", "method": "GET", "url": url, "status": 200, "time": time,
        "final": last, "body": body})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages_of(shape: Shape, rows: usize) -> Vec<File> {
        let mut files = Vec::new();
        let mut emit = |file| {
            files.push(file);
            Ok(())
        };
        let mut pages = Pages::new("list", shape, 2);
        for row in 0..rows {
            pages.push(&json!({"row": row}), &mut emit).unwrap();
        }
        pages.finish(&mut emit).unwrap();
        files
    }

    #[test]
    fn pages_link_to_the_next_except_the_last() {
        let files =
            pages_of(Shape::RestList { url: "https://management.azure.com/x?api-version=1".to_owned() }, 4);
        assert_eq!(files.len(), 2);
        assert!(String::from_utf8_lossy(&files[0].content).contains("nextLink"));
        assert!(!String::from_utf8_lossy(&files[1].content).contains("nextLink"));
        assert_eq!(files[1].path, "list-0002.json");
    }

    #[test]
    fn every_shape_is_json_also_when_empty() {
        for shape in [
            Shape::GraphQuery { total: 0 },
            Shape::RestList { url: "https://management.azure.com/x?api-version=1".to_owned() },
            Shape::Graph { collection: "users", context: "users" },
            Shape::Array,
        ] {
            for rows in [0, 1, 3] {
                for file in pages_of(shape.clone(), rows) {
                    serde_json::from_slice::<Value>(&file.content).unwrap();
                }
            }
        }
    }
}
