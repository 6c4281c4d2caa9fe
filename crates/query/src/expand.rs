//! `mv-expand` over arrays: items are found in the JSON text of a cell and shown by views into it, without a tree.

use std::collections::{HashSet, hash_map};
use std::ops::Range;
use std::sync::Arc;

use azimuth_kql::types::ScalarType;
use azimuth_rows::{Failure, item_as, items_of, null_of};
use azimuth_values::{Json, Value};
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Int64Array, RecordBatch, RecordBatchOptions, StringViewArray,
    StringViewBuilder, UInt32Array,
};
use datafusion::arrow::compute::take;
use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::metrics::{BaselineMetrics, RecordOutput};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::json::{self, Kind};
use crate::stage::failed;
use crate::unary::{self, Unary};
use crate::{cells, rows};

/// Rows of a batch that is given on.
const BATCH: usize = 8192;

/// Cells of a batch that is given on, which has at least the items of one row.
const MAX_CELLS: usize = 20_000_000;

/// What is expanded, and what stays beside it. The columns of the input are those that stay, then the lists.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Expansion {
    /// Places, in the result, of the columns that stay
    pub(crate) kept: Vec<usize>,
    /// Places, in the result, of the items of each list, with their types
    pub(crate) lists: Vec<(usize, ScalarType)>,
    /// Place of the number of the item
    pub(crate) index: Option<usize>,
    /// Rows for each row of the input
    pub(crate) limit: usize,
    /// Members of bags become arrays of name and value
    pub(crate) is_bag_array: bool,
}

/// A plan of the expansion of another.
pub(crate) fn plan(input: LogicalPlan, expansion: Expansion) -> Result<LogicalPlan> {
    let fields = input.schema().as_arrow().fields();
    let kept = expansion.kept.iter().zip(fields).map(|(place, field)| (*place, field.data_type().clone()));
    let lists = expansion.lists.iter().map(|(place, ty)| (*place, rows::arrow_type(*ty)));
    let index = expansion.index.map(|place| (place, rows::arrow_type(ScalarType::Long)));
    let mut columns: Vec<_> = kept.chain(lists).chain(index).collect();
    columns.sort_by_key(|(place, _)| *place);
    let fields: Vec<Field> =
        columns.into_iter().map(|(place, ty)| Field::new(rows::column_name(place), ty, true)).collect();
    unary::plan(input, expansion, Arc::new(Schema::new(fields)))
}

impl Unary for Expansion {
    const NAMES: (&'static str, &'static str) = ("Expand", "ExpandExec");
    const IS_WHOLE: bool = false;

    // Conditions on what stays are tested before the rows are many.
    fn own_columns(&self) -> Option<HashSet<String>> {
        let lists = self.lists.iter().map(|(place, _)| *place);
        Some(lists.chain(self.index).map(rows::column_name).collect())
    }

    fn rows(
        self: Arc<Self>,
        input: SendableRecordBatchStream,
        schema: SchemaRef,
        _: &TaskContext,
        metrics: BaselineMetrics,
    ) -> SendableRecordBatchStream {
        let made = schema.clone();
        let rows = input
            .map(move |batch| {
                let (batch, expansion, schema) = (batch?, self.clone(), made.clone());
                let metrics = metrics.clone();
                // A part of the batch at a time: its rows may become many.
                let parts = expansion.parts(&batch);
                Ok::<_, DataFusionError>(stream::iter(parts).map(move |part| {
                    let _time = metrics.elapsed_compute().timer();
                    expansion.expanded(&part, &schema).record_output(&metrics)
                }))
            })
            .try_flatten();
        Box::pin(RecordBatchStreamAdapter::new(schema, rows))
    }
}

/// The items of a list column.
#[derive(Default)]
struct Items {
    /// The end of each row's items
    ends: Vec<usize>,
    items: Vec<Item>,
}

enum Item {
    /// A part of the cell
    Part(u32, u32),
    /// JSON text that is not spelled in the cell
    Made(Box<str>),
}

impl Expansion {
    /// The batch in parts of about as many items as a batch has rows.
    fn parts(&self, batch: &RecordBatch) -> Vec<RecordBatch> {
        let lists = &batch.columns()[self.kept.len()..];
        let bytes: usize = lists
            .iter()
            .map(|list| list.as_string_view().lengths().map(|length| length as usize).sum::<usize>())
            .sum();
        // Items are seldom shorter than that, and rows of batches seldom worth more.
        let most = (batch.num_rows() * BATCH * 32).checked_div(bytes).unwrap_or(BATCH).clamp(1, BATCH);
        let starts = (0..batch.num_rows()).step_by(most);
        starts.map(|start| batch.slice(start, most.min(batch.num_rows() - start))).collect()
    }

    fn expanded(&self, batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
        let (kept, lists) = batch.columns().split_at(self.kept.len());
        let found: Vec<Items> = lists.iter().map(|list| self.items(list.as_string_view())).collect();
        let mut counts: Vec<usize> = vec![0; batch.num_rows()];
        for items in &found {
            let mut start = 0;
            for (count, end) in counts.iter_mut().zip(&items.ends) {
                *count = (*count).max(end - start).min(self.limit);
                start = *end;
            }
        }
        let total: usize = counts.iter().sum();
        if total.saturating_mul(schema.fields().len()) > MAX_CELLS {
            return Err(failed(Failure::TooManyCells(MAX_CELLS as u64)));
        }
        let from: UInt32Array = counts
            .iter()
            .enumerate()
            .flat_map(|(row, count)| std::iter::repeat_n(row as u32, *count))
            .collect();
        let mut columns: Vec<(usize, ArrayRef)> = Vec::with_capacity(schema.fields().len());
        for (place, array) in self.kept.iter().zip(kept) {
            columns.push((*place, take(array, &from, None)?));
        }
        for (((place, ty), list), items) in self.lists.iter().zip(lists).zip(&found) {
            columns.push((*place, cells_of(list.as_string_view(), items, &counts, *ty)?));
        }
        if let Some(place) = self.index {
            let numbers = counts.iter().flat_map(|count| (0..*count as i64).map(Some));
            columns.push((place, Arc::new(numbers.collect::<Int64Array>())));
        }
        columns.sort_by_key(|(place, _)| *place);
        let columns = columns.into_iter().map(|(_, array)| array).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(total));
        Ok(RecordBatch::try_new_with_options(schema.clone(), columns, &options)?)
    }

    fn items(&self, list: &StringViewArray) -> Items {
        let mut items = Items::default();
        let mut parts = Vec::new();
        for row in 0..list.len() {
            if list.is_null(row) {
                // A null counts as one item.
                items.items.push(Item::Made("null".into()));
            } else {
                self.push(list.value(row), &mut parts, &mut items.items);
            }
            items.ends.push(items.items.len());
        }
        items
    }

    fn push(&self, text: &str, parts: &mut Vec<Range<usize>>, items: &mut Vec<Item>) {
        parts.clear();
        match json::parts(text, parts) {
            Some(Kind::Array) => {
                let part = |part: &Range<usize>| Item::Part(part.start as u32, part.len() as u32);
                items.extend(parts.iter().map(part));
            }
            Some(Kind::Bag) if are_named_once(text, parts) => {
                let made = |part: &Range<usize>| {
                    let member = &text[part.clone()];
                    Item::Made(if self.is_bag_array {
                        let (name, value) = split(member);
                        format!("[{name},{value}]").into()
                    } else {
                        format!("{{{member}}}").into()
                    })
                };
                items.extend(parts.iter().map(made));
            }
            _ => {
                let found = items_of(&cells::dynamic(text), self.is_bag_array);
                items.extend(found.iter().map(|item| Item::Made(item.to_kept_text().into())));
            }
        }
    }
}

/// The name of a member, quoted, and its value.
fn split(member: &str) -> (&str, &str) {
    let mut escaped = false;
    let end = member.bytes().skip(1).position(|byte| {
        let is_end = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        is_end
    });
    let (name, rest) = member.split_at(end.map_or(member.len(), |end| end + 2));
    (name, rest.trim_start().strip_prefix(':').unwrap_or_default().trim_start())
}

/// Of members of one name the last would count.
fn are_named_once(text: &str, parts: &[Range<usize>]) -> bool {
    let mut names = hash_map::HashMap::with_capacity(parts.len());
    parts.iter().all(|part| {
        let name = split(&text[part.clone()]).0;
        // A name may be spelled in two ways.
        !name.contains('\\') && names.insert(name, ()).is_none()
    })
}

/// The items of a list as cells of a type.
fn cells_of(list: &StringViewArray, items: &Items, counts: &[usize], ty: ScalarType) -> Result<ArrayRef> {
    match ty {
        ScalarType::Dynamic | ScalarType::Unknown => texts(list, items, counts, |builder, place, text| {
            match (text, place) {
                (None | Some("null"), _) => builder.append_null(),
                (Some(_), Some((block, start, length))) => builder.try_append_view(block, start, length)?,
                (Some(text), None) => builder.append_value(text),
            }
            Ok(())
        }),
        ScalarType::String => texts(list, items, counts, |builder, place, text| {
            match (text, place) {
                (None, _) => builder.append_value(""),
                (Some(text), place) => match (plain(text), place) {
                    (Some(_), Some((block, start, length))) => {
                        builder.try_append_view(block, start + 1, length - 2)?;
                    }
                    (Some(plain), None) => builder.append_value(plain),
                    (None, _) => match item_as(&read(text), ty) {
                        Value::String(text) => builder.append_value(text),
                        _ => builder.append_null(),
                    },
                },
            }
            Ok(())
        }),
        ScalarType::Long => {
            let mut numbers = Vec::with_capacity(counts.iter().sum());
            each(list, items, counts, |text, _| {
                numbers
                    .push(text.and_then(|text| whole(text).or_else(|| item_as(&read(text), ty).as_long())));
                Ok(())
            })?;
            Ok(Arc::new(numbers.into_iter().collect::<Int64Array>()))
        }
        _ => {
            let mut values = Vec::with_capacity(counts.iter().sum());
            each(list, items, counts, |text, _| {
                values.push(text.map_or_else(|| null_of(ty), |text| item_as(&read(text), ty)));
                Ok(())
            })?;
            Ok(rows::array(&values, ty))
        }
    }
}

/// The block, the place in it and the length of a text that lies in a buffer.
type Place = Option<(u32, u32, u32)>;

/// Views, into the buffers of the list where they can be.
fn texts(
    list: &StringViewArray,
    items: &Items,
    counts: &[usize],
    mut append: impl FnMut(&mut StringViewBuilder, Place, Option<&str>) -> Result<()>,
) -> Result<ArrayRef> {
    let mut builder = StringViewBuilder::with_capacity(counts.iter().sum());
    // The first block that the builder takes has the first number, and so on.
    let blocks: Vec<u32> =
        list.data_buffers().iter().map(|buffer| builder.append_block(buffer.clone())).collect();
    each(list, items, counts, |text, place| {
        let place = place.and_then(|(buffer, start, length)| Some((*blocks.get(buffer)?, start, length)));
        append(&mut builder, place, text)
    })?;
    Ok(Arc::new(builder.finish()))
}

/// Calls `work` with each item's text, `None` beyond the end of a list, and its buffer with its place.
fn each(
    list: &StringViewArray,
    items: &Items,
    counts: &[usize],
    mut work: impl FnMut(Option<&str>, Option<(usize, u32, u32)>) -> Result<()>,
) -> Result<()> {
    let mut start = 0;
    for (row, (count, end)) in counts.iter().zip(&items.ends).enumerate() {
        let found = &items.items[start..*end];
        start = *end;
        for index in 0..*count {
            match found.get(index) {
                None => work(None, None)?,
                Some(Item::Made(text)) => work(Some(text), None)?,
                Some(Item::Part(at, length)) => {
                    let text = &list.value(row)[*at as usize..(*at + *length) as usize];
                    // A view is its length, four bytes of the text, the buffer and the place in it.
                    let view = list.views()[row];
                    let place = ((view as u32) > 12)
                        .then(|| ((view >> 64) as u32 as usize, (view >> 96) as u32 + at, *length));
                    work(Some(text), place)?;
                }
            }
        }
    }
    Ok(())
}

/// What JSON text says.
fn read(text: &str) -> Json {
    Json::parse_kept(text).unwrap_or_else(|| Json::string(text))
}

/// The text of a JSON string without escapes.
fn plain(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    (!inner.contains('\\')).then_some(inner)
}

/// A whole number, plainly spelled.
fn whole(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    (digits.len() < 19 && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_split_at_their_colon() {
        assert_eq!(split(r#""a\":" : {"b":1}"#), (r#""a\":""#, r#"{"b":1}"#));
        assert_eq!(split(r#""":2"#), (r#""""#, "2"));
        assert!(!are_named_once(r#"{"a":1,"a":2}"#, &[1..6, 7..12]));
    }

    #[test]
    fn whole_numbers_are_plain_ones() {
        assert_eq!(whole("-12"), Some(-12));
        assert_eq!(whole("1.0"), None);
        assert_eq!(whole(""), None);
        assert_eq!(whole("9223372036854775808"), None);
    }
}
