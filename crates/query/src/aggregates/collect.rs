//! `make_set` and `make_list`: the items of all groups in one row, in the order they were seen.

use std::hash::BuildHasher as _;
use std::sync::Arc;

use azimuth_kql::types::ScalarType;
use azimuth_values::{Json, Value, text};
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, LargeBinaryBuilder, StringViewArray, StringViewBuilder,
};
use datafusion::arrow::datatypes::{DataType, Float64Type, Int32Type, Int64Type};
use datafusion::common::hash_utils::RandomState;
use datafusion::error::Result;
use datafusion::logical_expr::EmitTo;
use hashbrown::HashTable;

use super::call::{Called, unreadable};
use super::pairs::Pairs;
use super::{Argument, Grouped, each, emitted, only_column};
use crate::json;

/// The most items that the service keeps.
const MAX_ITEMS: usize = 1_048_576;
/// Bytes of an item that lie in its entry.
const INLINE: usize = 16;
/// Numbers that are looked up side by side.
const BATCH: usize = 128;
const HASHES: RandomState = RandomState::with_seed(0x5E7);

pub(super) fn grouped(called: &Arc<Called>) -> Option<Box<dyn Grouped>> {
    let ty = only_column(&called.arguments)?;
    if ty == ScalarType::Unknown || called.outputs != [(0, ScalarType::Dynamic)] {
        return None;
    }
    let most = match called.arguments.get(1) {
        Some(Argument::Constant(most)) => most.as_long().and_then(|most| usize::try_from(most).ok()),
        _ => None,
    };
    let with_nulls = called.name == "make_list_with_nulls";
    let most = most.filter(|_| !with_nulls).unwrap_or(MAX_ITEMS).min(MAX_ITEMS);
    let is_set = matches!(called.name, "make_set" | "makeset");
    Some(Box::new(Collect {
        ty,
        most,
        with_nulls,
        known: is_set.then(|| Members::new(ty)),
        counts: Vec::new(),
        entries: Vec::new(),
        bytes: Vec::new(),
    }))
}

struct Collect {
    ty: ScalarType,
    /// The most items of a group
    most: usize,
    with_nulls: bool,
    /// Of sets: the entries by their hash
    known: Option<Members>,
    /// Items of each group
    counts: Vec<u32>,
    entries: Vec<Entry>,
    /// Long items
    bytes: Vec<u8>,
}

/// An item of a group: texts as they are, `dynamic` as JSON, numbers by their bytes.
#[derive(Clone, Copy)]
struct Entry {
    group: u32,
    /// Bytes of the item; of null, [`NULL`]
    length: u32,
    /// The item; of a long one its place and first bytes
    content: [u64; 2],
}

const NULL: u32 = u32::MAX;

/// What groups have already.
enum Members {
    /// Entries by their hash
    Entries(HashTable<Known>),
    /// Items of eight bytes with their groups: small numbers, and all others
    Words(Pairs, HashTable<(u64, u32)>),
}

impl Members {
    fn new(ty: ScalarType) -> Self {
        use ScalarType as T;
        match ty {
            T::Bool | T::Int | T::Long | T::Real | T::Datetime | T::Timespan => {
                Self::Words(Pairs::default(), HashTable::new())
            }
            _ => Self::Entries(HashTable::new()),
        }
    }

    /// Whether an item is new; if it is, it is the next of the entries.
    fn insert(&mut self, entry: &Entry, item: &[u8], entries: &[Entry], bytes: &[u8]) -> bool {
        match self {
            Self::Words(small, words) => {
                if let Ok(number) = i32::try_from(entry.content[0].cast_signed()) {
                    return small.insert(entry.group, number);
                }
                let pair = (entry.content[0], entry.group);
                let found = words.entry(word_hash(&pair), |known| *known == pair, word_hash);
                let hashbrown::hash_table::Entry::Vacant(vacant) = found else { return false };
                vacant.insert(pair);
            }
            Self::Entries(known) => {
                let hash = HASHES.hash_one((entry.group, item)) as u32;
                let is_it = |known: &Known| {
                    known.hash == hash && entries[known.entry as usize].is(entry, item, bytes)
                };
                let found = known.entry(Known::spread(hash), is_it, |known| Known::spread(known.hash));
                let hashbrown::hash_table::Entry::Vacant(vacant) = found else { return false };
                vacant.insert(Known { hash, entry: entries.len() as u32 });
            }
        }
        true
    }

    fn size(&self) -> usize {
        match self {
            Self::Entries(known) => known.allocation_size(),
            Self::Words(small, words) => small.size() + words.allocation_size(),
        }
    }
}

/// Both halves of a product: every bit of the pair is in every bit of it.
fn word_hash((word, group): &(u64, u32)) -> u64 {
    let mixed = word ^ u64::from(*group).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let product =
        u128::from(mixed ^ 0x2545_F491_4F6C_DD1D).wrapping_mul(0xD6E8_FEB8_6659_FD93_A3C5_9AC2_7BDE_4D31);
    (product as u64) ^ ((product >> 64) as u64)
}

/// An entry with its hash.
#[derive(Clone, Copy)]
struct Known {
    hash: u32,
    entry: u32,
}

impl Known {
    /// The 64 bits that the table wants.
    fn spread(hash: u32) -> u64 {
        u64::from(hash).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }
}

impl Entry {
    fn new(group: usize, item: &[u8], bytes: &[u8]) -> Self {
        let word = |item: &[u8]| {
            let mut word = [0; 8];
            let count = item.len().min(8);
            word[..count].copy_from_slice(&item[..count]);
            u64::from_le_bytes(word)
        };
        let content = match item.len() {
            0..=8 => [word(item), 0],
            9..=INLINE => [word(item), word(&item[8..])],
            _ => [bytes.len() as u64, word(item)],
        };
        Self { group: group as u32, length: item.len() as u32, content }
    }

    fn item<'b>(&'b self, bytes: &'b [u8], scratch: &'b mut [u8; INLINE]) -> &'b [u8] {
        let length = self.length as usize;
        if length > INLINE {
            let start = self.content[0] as usize;
            return &bytes[start..start + length];
        }
        scratch[..8].copy_from_slice(&self.content[0].to_le_bytes());
        scratch[8..].copy_from_slice(&self.content[1].to_le_bytes());
        &scratch[..length]
    }

    fn is(&self, other: &Self, item: &[u8], bytes: &[u8]) -> bool {
        if (self.group, self.length) != (other.group, other.length) {
            return false;
        }
        let length = self.length as usize;
        if length <= INLINE {
            return self.content == other.content;
        }
        let start = self.content[0] as usize;
        self.content[1] == other.content[1] && bytes[start..start + length] == *item
    }
}

impl Collect {
    fn add(&mut self, group: usize, item: &[u8]) {
        if self.counts[group] as usize >= self.most {
            return;
        }
        let entry = Entry::new(group, item, &self.bytes);
        if let Some(known) = &mut self.known
            && !known.insert(&entry, item, &self.entries, &self.bytes)
        {
            return;
        }
        if item.len() > INLINE {
            self.bytes.extend_from_slice(item);
        }
        self.counts[group] += 1;
        self.entries.push(entry);
    }

    /// Takes numbers, of sets those that the groups do not have; faster than one by one.
    fn add_numbers(&mut self, numbers: &mut impl Iterator<Item = (usize, i64)>) {
        let (mut pairs, mut known) = ([(0, 0); BATCH], [false; BATCH]);
        loop {
            let mut count = 0;
            for (group, number) in numbers.by_ref() {
                match i32::try_from(number) {
                    Ok(number) => {
                        pairs[count] = (group as u32, number);
                        count += 1;
                        if count == BATCH {
                            break;
                        }
                    }
                    // In between: the order of the numbers of a group counts.
                    Err(_) => {
                        self.add_small(&pairs[..count], &mut known);
                        count = 0;
                        self.add(group, &number.to_le_bytes());
                    }
                }
            }
            self.add_small(&pairs[..count], &mut known);
            if count < BATCH {
                return;
            }
        }
    }

    fn add_small(&mut self, pairs: &[(u32, i32)], known: &mut [bool]) {
        let mut set = match &mut self.known {
            Some(Members::Words(small, _)) => Some(small),
            _ => None,
        };
        match &set {
            Some(small) => small.known(pairs, known),
            None => known.fill(false),
        }
        for ((group, number), _) in pairs.iter().zip(known).filter(|(_, known)| !**known) {
            let count = &mut self.counts[*group as usize];
            if (*count as usize) < self.most && set.as_mut().is_none_or(|set| set.insert(*group, *number)) {
                *count += 1;
                let content = [i64::from(*number).cast_unsigned(), 0];
                self.entries.push(Entry { group: *group, length: 8, content });
            }
        }
    }

    fn add_null(&mut self, group: usize) {
        if self.with_nulls && (self.counts[group] as usize) < self.most {
            self.counts[group] += 1;
            self.entries.push(Entry { group: group as u32, length: NULL, content: [0; 2] });
        }
    }

    /// A `dynamic`: of sets the items of arrays, of lists the arrays themselves.
    fn add_dynamic(&mut self, group: usize, text: &str) {
        if json::is_null(text) {
            return self.add_null(group);
        }
        if is_plain_string(text) || (self.known.is_none() && json::is_valid(text)) {
            return self.add(group, text.as_bytes());
        }
        match (Json::parse_kept(text), self.known.is_some()) {
            (Some(Json::Array(items)), true) => {
                for item in items.iter().filter(|item| **item != Json::Null) {
                    self.add(group, item.to_kept_text().as_bytes());
                }
            }
            (Some(json), _) => self.add(group, json.to_kept_text().as_bytes()),
            (None, _) => self.add(group, Json::string(text).to_kept_text().as_bytes()),
        }
    }

    /// Takes rows of a type with a way to have the bytes of an item.
    fn rows(
        &mut self,
        array: &dyn Array,
        groups: &[usize],
        filter: Option<&BooleanArray>,
        mut add: impl FnMut(&mut Self, usize, usize),
    ) {
        let nulls = array.nulls().filter(|nulls| nulls.null_count() > 0);
        each(groups, filter, |row, group| {
            if nulls.is_none_or(|nulls| nulls.is_valid(row)) {
                add(self, row, group);
            } else {
                self.add_null(group);
            }
        });
    }

    /// The entries of the first groups, by group and in their order, with the ends of each; the others move up.
    fn taken(&mut self, emit: EmitTo) -> (Vec<Entry>, Vec<usize>) {
        let count = emitted(emit, self.counts.len());
        let counts: Vec<u32> = self.counts.drain(..count).collect();
        let mut next: Vec<usize> = Vec::with_capacity(count);
        let mut total = 0;
        for count in &counts {
            next.push(total);
            total += *count as usize;
        }
        let mut sorted = vec![Entry { group: 0, length: 0, content: [0; 2] }; total];
        let mut rest = Vec::new();
        for entry in std::mem::take(&mut self.entries) {
            match next.get_mut(entry.group as usize) {
                Some(place) => {
                    sorted[*place] = entry;
                    *place += 1;
                }
                None => rest.push(Entry { group: entry.group - count as u32, ..entry }),
            }
        }
        if self.known.is_some() {
            let mut known = Members::new(self.ty);
            let mut scratch = [0; INLINE];
            for (place, entry) in rest.iter().enumerate() {
                known.insert(entry, entry.item(&self.bytes, &mut scratch), &rest[..place], &self.bytes);
            }
            self.known = Some(known);
        }
        self.entries = rest;
        (sorted, next)
    }

    /// Long items of groups that are gone.
    fn forget(&mut self) {
        if self.entries.is_empty() {
            self.bytes = Vec::new();
        }
    }

    /// An item as JSON.
    fn write(&self, item: &[u8], out: &mut String) {
        use ScalarType as T;
        let word = |from: usize| {
            item.get(from..from + 8).and_then(|bytes| bytes.try_into().ok()).unwrap_or_default()
        };
        let whole = i64::from_le_bytes(word(0));
        match self.ty {
            T::String => json::quote(out, std::str::from_utf8(item).unwrap_or_default()),
            T::Dynamic | T::Unknown => out.push_str(std::str::from_utf8(item).unwrap_or_default()),
            T::Int | T::Long => out.push_str(itoa::Buffer::new().format(whole)),
            ty => {
                let value = match ty {
                    T::Bool => Value::Bool(whole != 0),
                    T::Real => Value::Real(f64::from_bits(whole.cast_unsigned())),
                    T::Datetime => Value::DateTime(whole),
                    T::Timespan => Value::TimeSpan(whole),
                    T::Guid => Value::Guid(u128::from_be_bytes(item.try_into().unwrap_or_default())),
                    _ => {
                        let number = std::str::from_utf8(item).ok().and_then(text::read_decimal);
                        number.map_or(Value::Null, Value::Decimal)
                    }
                };
                out.push_str(&value.to_json().to_kept_text());
            }
        }
    }
}

impl Grouped for Collect {
    fn state_types(&self) -> Vec<DataType> {
        vec![DataType::LargeBinary]
    }

    fn grow(&mut self, groups: usize) -> Result<()> {
        self.counts.resize(groups.max(self.counts.len()), 0);
        Ok(())
    }

    fn update(
        &mut self,
        columns: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
    ) -> Result<()> {
        use ScalarType as T;
        let column = &columns[0];
        match self.ty {
            T::String | T::Decimal => {
                let texts = column.as_string_view();
                self.rows(texts, groups, filter, |all, row, group| {
                    all.add(group, texts.value(row).as_bytes());
                });
            }
            T::Dynamic | T::Unknown => {
                let texts = column.as_string_view();
                self.rows(texts, groups, filter, |all, row, group| all.add_dynamic(group, texts.value(row)));
            }
            T::Int => {
                let numbers = column.as_primitive::<Int32Type>();
                if filter.is_none() && numbers.null_count() == 0 {
                    let numbers = numbers.values().iter().map(|number| i64::from(*number));
                    self.add_numbers(&mut groups.iter().copied().zip(numbers));
                    return Ok(());
                }
                let item = |row: usize| i64::from(numbers.value(row)).to_le_bytes();
                self.rows(numbers, groups, filter, |all, row, group| all.add(group, &item(row)));
            }
            T::Long | T::Datetime | T::Timespan => {
                let numbers = column.as_primitive::<Int64Type>();
                if filter.is_none() && numbers.null_count() == 0 {
                    self.add_numbers(&mut groups.iter().copied().zip(numbers.values().iter().copied()));
                    return Ok(());
                }
                self.rows(numbers, groups, filter, |all, row, group| {
                    all.add(group, &numbers.value(row).to_le_bytes());
                });
            }
            T::Real => {
                let numbers = column.as_primitive::<Float64Type>();
                let item = |row: usize| {
                    let number = numbers.value(row);
                    if number.is_nan() { f64::NAN } else { number }.to_bits().to_le_bytes()
                };
                self.rows(numbers, groups, filter, |all, row, group| all.add(group, &item(row)));
            }
            T::Bool => {
                let truths = column.as_boolean();
                self.rows(truths, groups, filter, |all, row, group| {
                    all.add(group, &i64::from(truths.value(row)).to_le_bytes());
                });
            }
            T::Guid => {
                let guids = column.as_fixed_size_binary();
                self.rows(guids, groups, filter, |all, row, group| all.add(group, guids.value(row)));
            }
        }
        Ok(())
    }

    fn merge(&mut self, states: &[ArrayRef], groups: &[usize]) -> Result<()> {
        let states = states[0].as_binary::<i64>();
        if matches!(self.known, Some(Members::Words(..))) {
            const ITEM: usize = 4 + 8;
            if states.iter().flatten().any(|state| state.len() % ITEM != 0) {
                return Err(unreadable());
            }
            let mut numbers = groups.iter().enumerate().flat_map(|(row, group)| {
                let number = |item: &[u8]| item[4..].try_into().map(i64::from_le_bytes).unwrap_or_default();
                states.value(row).chunks_exact(ITEM).map(move |item| (*group, number(item)))
            });
            self.add_numbers(&mut numbers);
            return Ok(());
        }
        for (row, group) in groups.iter().enumerate() {
            let mut rest = states.value(row);
            while let Some((length, after)) = rest.split_first_chunk::<4>() {
                let length = u32::from_le_bytes(*length);
                if length == NULL {
                    self.add_null(*group);
                    rest = after;
                    continue;
                }
                let (item, after) = after.split_at_checked(length as usize).ok_or_else(unreadable)?;
                self.add(*group, item);
                rest = after;
            }
        }
        Ok(())
    }

    fn states(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        let (entries, ends) = self.taken(emit);
        let (mut out, mut state, mut start) = (LargeBinaryBuilder::new(), Vec::new(), 0);
        let mut scratch = [0; INLINE];
        for end in ends {
            state.clear();
            for entry in &entries[start..end] {
                state.extend_from_slice(&entry.length.to_le_bytes());
                if entry.length != NULL {
                    state.extend_from_slice(entry.item(&self.bytes, &mut scratch));
                }
            }
            out.append_value(&state);
            start = end;
        }
        self.forget();
        Ok(vec![Arc::new(out.finish())])
    }

    fn results(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        let (entries, ends) = self.taken(emit);
        let (mut out, mut text, mut start) = (StringViewBuilder::with_capacity(ends.len()), String::new(), 0);
        let mut scratch = [0; INLINE];
        for end in ends {
            text.clear();
            text.push('[');
            for (place, entry) in entries[start..end].iter().enumerate() {
                if place > 0 {
                    text.push(',');
                }
                match entry.length {
                    NULL => text.push_str("null"),
                    _ => self.write(entry.item(&self.bytes, &mut scratch), &mut text),
                }
            }
            text.push(']');
            out.append_value(&text);
            start = end;
        }
        self.forget();
        let lists: StringViewArray = out.finish();
        Ok(vec![Arc::new(lists)])
    }

    fn size(&self) -> usize {
        let known = self.known.as_ref().map_or(0, Members::size);
        self.entries.capacity() * size_of::<Entry>()
            + self.bytes.capacity()
            + self.counts.capacity() * 4
            + known
    }
}

/// Whether JSON text is a string without escapes, which is spelled in one way only.
fn is_plain_string(text: &str) -> bool {
    let inner = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.is_some_and(|inner| inner.bytes().all(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(most: usize) -> Collect {
        Collect {
            ty: ScalarType::String,
            most,
            with_nulls: false,
            known: Some(Members::new(ScalarType::String)),
            counts: vec![0; 3],
            entries: Vec::new(),
            bytes: Vec::new(),
        }
    }

    fn lists(collect: &mut Collect, emit: EmitTo) -> Vec<String> {
        let lists = collect.results(emit).unwrap();
        lists[0].as_string_view().iter().map(|list| list.unwrap().to_owned()).collect()
    }

    #[test]
    fn sets_keep_the_order_and_their_limit() {
        let mut all = set(3);
        for item in ["b", "a", "b", "a text that is not inline", "a text that is not inline", "c"] {
            all.add(0, item.as_bytes());
            all.add(2, b"\"");
        }
        assert_eq!(lists(&mut all, EmitTo::First(1)), [r#"["b","a","a text that is not inline"]"#]);
        // What was the third group is the second now.
        all.add(1, b"\"");
        all.add(1, b"another text that is long");
        all.add(0, b"\"");
        assert_eq!(lists(&mut all, EmitTo::All), [r#"["\""]"#, r#"["\"","another text that is long"]"#]);
    }

    #[test]
    fn states_meet() {
        let (mut one, mut other) = (set(MAX_ITEMS), set(MAX_ITEMS));
        for number in 0..5_000_u32 {
            one.add(1, format!("item {}", number % 300).as_bytes());
            other.add(1, format!("item {} of some length", number % 70).as_bytes());
            other.add(1, format!("item {}", number % 400).as_bytes());
        }
        let states = other.states(EmitTo::All).unwrap();
        one.merge(&states, &[0, 1, 2]).unwrap();
        assert_eq!(one.counts, [0, 470, 0]);
    }
}
