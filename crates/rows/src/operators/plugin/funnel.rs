//! Plugins that look for steps in the order of time: `sequence_detect`, `funnel_sequence`, `funnel_sequence_completion`.

use std::collections::{BTreeMap, HashMap, HashSet};

use azimuth_values::{Json, Value, arithmetic, compare, text};

use super::Call;
use super::periods::{Periods, is, is_between};
use crate::eval::{Env, eval};
use crate::run::Failure;
use crate::table::{Row, Table, key_of};

/// Ids that a row of `funnel_sequence` shows.
const MOST_SAMPLES: usize = 128;

/// Whether two moments are at most so far apart.
fn is_near(from: &Value, to: &Value, most: &Value) -> bool {
    is(&compare::ordered(&arithmetic::subtract(to, from), most, std::cmp::Ordering::is_le))
}

fn is_after(at: &Value, before: &Value) -> bool {
    is(&compare::ordered(at, before, std::cmp::Ordering::is_gt))
}

/// `sequence_detect(timeline, most between steps, most for all, step1 = …, step2 = …, dimensions …)`: a row for every
/// combination of moments, each later than the one before and not too far from it, that meet the steps in their order under
/// the same dimensions. Equal rows are given once.
pub(super) fn sequence_detect(call: &Call<'_>) -> Result<Table, Failure> {
    let timeline = call.column(0)?;
    let (gap, span) = (call.constant(1)?, call.constant(2)?);
    let (mut steps, mut dimensions) = (Vec::new(), Vec::new());
    for index in 3..call.count() {
        match (call.input_column(index), call.name(index), call.scalar(index)) {
            (Some(column), None, _) => dimensions.push(column),
            (_, _, Some(expr)) => steps.push(expr),
            _ => return Err(call.refused("takes conditions and columns")),
        }
    }
    // For each combination of dimensions the moments that meet each step, in order.
    let mut places: HashMap<Vec<u8>, usize> = HashMap::new();
    let mut groups: Vec<(Row, Vec<Vec<Value>>)> = Vec::new();
    for row in &call.input.rows {
        let key: Row = dimensions.iter().map(|&place| row[place].clone()).collect();
        let place = *places.entry(key_of(&key)).or_insert_with(|| {
            groups.push((key, vec![Vec::new(); steps.len()]));
            groups.len() - 1
        });
        for (step, moments) in steps.iter().zip(&mut groups[place].1) {
            if eval(step, &Env::of(call.run, row))?.as_bool() == Some(true) && !row[timeline].is_null() {
                moments.push(row[timeline].clone());
            }
        }
    }
    let mut rows = Vec::new();
    for (dimensions, mut moments) in groups {
        for moments in &mut moments {
            moments.sort_by(compare::total);
            moments.dedup();
        }
        let Some((first, others)) = moments.split_first() else { continue };
        let mut sequences: Vec<Row> = first.iter().map(|at| vec![at.clone()]).collect();
        for moments in others {
            let mut longer = Vec::new();
            for sequence in &sequences {
                let (Some(begin), Some(last)) = (sequence.first(), sequence.last()) else { continue };
                let follows =
                    |at: &&Value| is_after(at, last) && is_near(last, at, &gap) && is_near(begin, at, &span);
                for at in moments.iter().filter(follows) {
                    longer.push(sequence.iter().cloned().chain([at.clone()]).collect());
                    call.run.count(1)?;
                }
            }
            sequences = longer;
        }
        rows.extend(sequences.into_iter().map(|sequence| {
            let duration = match (sequence.first(), sequence.last()) {
                (Some(first), Some(last)) => arithmetic::subtract(last, first),
                _ => Value::Null,
            };
            dimensions.iter().cloned().chain(sequence).chain([duration]).collect()
        }));
    }
    Ok(Table::new(call.schema.clone(), rows))
}

/// An id, and its moments with their states, in order.
type History = (Value, Vec<(Value, String)>);

/// The histories of all ids, in the order in which the ids come.
fn histories(call: &Call<'_>, state: usize) -> Result<Vec<History>, Failure> {
    let (id, timeline, state) = (call.column(0)?, call.column(1)?, call.column(state)?);
    let (start, end) = (call.constant(2)?, call.constant(3)?);
    let mut places: HashMap<Vec<u8>, usize> = HashMap::new();
    let mut histories: Vec<History> = Vec::new();
    for row in call.input.rows.iter().filter(|row| is_between(&row[timeline], &start, &end)) {
        let place = *places.entry(key_of(&row[id..=id])).or_insert_with(|| {
            histories.push((row[id].clone(), Vec::new()));
            histories.len() - 1
        });
        histories[place].1.push((row[timeline].clone(), text::to_string(&row[state])));
    }
    for (_, history) in &mut histories {
        history.sort_by(|(left, _), (right, _)| compare::total(left, right));
    }
    Ok(histories)
}

/// The states of a constant array.
fn states(call: &Call<'_>, index: usize) -> Result<Vec<String>, Failure> {
    let states = call.constant(index)?;
    let states: Vec<String> = states
        .as_array()
        .unwrap_or_default()
        .iter()
        .map(|state| text::to_string(&state.to_value()))
        .collect();
    if states.is_empty() { Err(call.refused("needs an array of states")) } else { Ok(states) }
}

/// `funnel_sequence(id, timeline, start, end, most between steps, step, state, sequence)`: how many ids went through the
/// sequence, by the state before it and the one after it. A state that lasts over several rows counts once. The page tells of
/// three tables; the others are sums of this one, which is given.
pub(super) fn funnel_sequence(call: &Call<'_>) -> Result<Table, Failure> {
    let gap = call.constant(4)?;
    let periods = Periods::new(call, call.constant(2)?, call.constant(3)?, &call.constant(5)?)?;
    let sequence = states(call, 7)?;
    let mut found: BTreeMap<(i64, String, String), Vec<Value>> = BTreeMap::new();
    for (id, mut history) in histories(call, 6)? {
        history.dedup_by(|next, kept| next.1 == kept.1);
        let mut seen = HashSet::new();
        for (place, window) in history.windows(sequence.len()).enumerate() {
            call.run.count(1)?;
            let is_it = window.iter().map(|(_, state)| state).eq(&sequence)
                && window.windows(2).all(|pair| is_near(&pair[0].0, &pair[1].0, &gap));
            let Some(period) = periods.of(&window[0].0).filter(|_| is_it) else { continue };
            let state = |place: Option<usize>| {
                place
                    .and_then(|place| history.get(place))
                    .map_or_else(String::new, |(_, state)| state.clone())
            };
            let key = (period, state(place.checked_sub(1)), state(Some(place + sequence.len())));
            if seen.insert(key.clone()) {
                found.entry(key).or_default().push(id.clone());
            }
        }
    }
    let mut rows: Vec<Row> = Vec::new();
    for ((period, before, after), ids) in found {
        let samples = ids.iter().take(MOST_SAMPLES).map(Value::to_json).collect::<Vec<Json>>();
        rows.push(vec![
            periods.begin(period),
            before.into(),
            after.into(),
            Value::Long(ids.len() as i64),
            Value::array(samples),
        ]);
    }
    // The most frequent first, as the page shows them.
    rows.sort_by_key(|row| std::cmp::Reverse(row[3].as_long()));
    Ok(Table::new(call.schema.clone(), rows))
}

/// `funnel_sequence_completion(id, timeline, start, end, step, state, sequence, longest …)`: for each period of the analysis
/// and each time allowed, how many ids came to each state of the sequence within that time of its first state.
pub(super) fn funnel_sequence_completion(call: &Call<'_>) -> Result<Table, Failure> {
    let periods = Periods::new(call, call.constant(2)?, call.constant(3)?, &call.constant(4)?)?;
    let sequence = states(call, 6)?;
    let longest = call.constant(7)?;
    let longest: Vec<Value> = longest.as_array().unwrap_or_default().iter().map(Json::to_value).collect();
    // By period and time allowed: for each state the ids that came to it.
    let mut reached: BTreeMap<(i64, usize), Vec<i64>> = BTreeMap::new();
    for (_, history) in histories(call, 5)? {
        let mut best: BTreeMap<(i64, usize), usize> = BTreeMap::new();
        let begins = history.iter().enumerate().filter(|(_, (_, state))| *state == sequence[0]);
        for (place, (begin, _)) in begins {
            let Some(period) = periods.of(begin) else { continue };
            for (allowed, most) in longest.iter().enumerate() {
                let mut depth = 1;
                for (at, state) in &history[place + 1..] {
                    if depth == sequence.len() || !is_near(begin, at, most) {
                        break;
                    }
                    depth += usize::from(*state == sequence[depth]);
                    call.run.count(1)?;
                }
                let known = best.entry((period, allowed)).or_default();
                *known = depth.max(*known);
            }
        }
        for (key, depth) in best {
            let counts = reached.entry(key).or_insert_with(|| vec![0; sequence.len()]);
            counts[..depth].iter_mut().for_each(|count| *count += 1);
        }
    }
    let rows = reached.into_iter().flat_map(|((period, allowed), counts)| {
        let (begin, allowed) = (periods.begin(period), longest[allowed].clone());
        let row = |(state, count): (&String, i64)| {
            vec![begin.clone(), state.as_str().into(), allowed.clone(), Value::Long(count)]
        };
        sequence.iter().zip(counts).map(row).collect::<Vec<Row>>()
    });
    Ok(Table::new(call.schema.clone(), rows.collect()))
}
