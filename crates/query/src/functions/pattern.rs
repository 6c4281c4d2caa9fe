//! `matches regex` and `extract` with a constant pattern, which is compiled once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, ThreadId};

use azimuth_rows::Ready;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, StringViewArray, StringViewBuilder};
use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, Volatility};
use regex::Regex;

use super::repeat;
use crate::stage::Stage;

/// A pattern with room to work in for every thread: threads that share one wait for each other at every text.
struct Compiled {
    pattern: Regex,
    of_threads: Mutex<HashMap<ThreadId, Arc<Regex>>>,
}

impl Compiled {
    fn new(stage: &Stage, pattern: &str) -> Option<Self> {
        let pattern = stage.run(&Ready::default(), |run| Ok(run.context.pattern(pattern).ok())).ok()??;
        Some(Self { pattern, of_threads: Mutex::default() })
    }

    fn of_thread(&self) -> Arc<Regex> {
        let mut known = self.of_threads.lock().unwrap_or_else(PoisonError::into_inner);
        let own = known.entry(thread::current().id());
        own.or_insert_with(|| Arc::new(self.pattern.clone())).clone()
    }
}

/// `text matches regex pattern`; `None` where the pattern is none, which a row that asks for it is told.
pub(crate) fn matches(stage: &Stage, text: Expr, pattern: &str) -> Option<Expr> {
    let compiled = Compiled::new(stage, pattern)?;
    let (ty, key) = (DataType::Boolean, format!("{pattern:?}"));
    Some(super::call("matches", &key, Volatility::Immutable, ty, vec![text], move |arrays, _| {
        let compiled = compiled.of_thread();
        let verdicts = repeat::verdicts(arrays[0].as_string_view(), |text| compiled.is_match(text));
        Ok(repeat::boolean(verdicts))
    }))
}

/// `extract(pattern, group, text)`; `None` where the pattern is none.
pub(crate) fn extract(stage: &Stage, text: Expr, pattern: &str, group: i64) -> Option<Expr> {
    let compiled = Compiled::new(stage, pattern)?;
    let group = usize::try_from(group).ok();
    let (ty, key) = (DataType::Utf8View, format!("{group:?}{pattern:?}"));
    Some(super::call("extract", &key, Volatility::Immutable, ty, vec![text], move |arrays, _| {
        let compiled = compiled.of_thread();
        let captured = |texts: &StringViewArray| -> Result<ArrayRef> {
            let mut out = StringViewBuilder::with_capacity(texts.len());
            let mut places = compiled.capture_locations();
            for text in texts {
                let text = text.unwrap_or_default();
                let found = match group {
                    // The whole match needs no groups.
                    Some(0) => compiled.find(text).map(|found| found.range()),
                    Some(group) if group < places.len() => compiled
                        .captures_read(&mut places, text)
                        .and_then(|_| places.get(group))
                        .map(|(from, to)| from..to),
                    _ => None,
                };
                out.append_value(found.map_or("", |found| &text[found]));
            }
            Ok(Arc::new(out.finish()))
        };
        repeat::mapped(arrays[0].as_string_view(), captured)
    }))
}
