//! Functions over moments and spans.

use crate::calendar::{self, DAY, HOUR, MICROSECOND, MILLISECOND, MINUTE, SECOND, UNIX_EPOCH};
use crate::context::Context;
use crate::function::{Function, Refusal};
use crate::functions::convert;
use crate::value::Value;

pub(crate) const TABLE: &[Function] = &[
    Function::stable(&["now"], |context, arguments| Ok(shifted(context.now(), arguments, 1))),
    Function::stable(&["ago"], |context, arguments| Ok(shifted(context.now(), arguments, -1))),
    Function::pure(&["startofday"], |_, arguments| Ok(period(arguments, day, false))),
    Function::pure(&["startofweek"], |_, arguments| Ok(period(arguments, week, false))),
    Function::pure(&["startofmonth"], |_, arguments| Ok(period(arguments, month, false))),
    Function::pure(&["startofyear"], |_, arguments| Ok(period(arguments, year, false))),
    Function::pure(&["endofday"], |_, arguments| Ok(period(arguments, day, true))),
    Function::pure(&["endofweek"], |_, arguments| Ok(period(arguments, week, true))),
    Function::pure(&["endofmonth"], |_, arguments| Ok(period(arguments, month, true))),
    Function::pure(&["endofyear"], |_, arguments| Ok(period(arguments, year, true))),
    Function::pure(&["dayofweek"], |_, arguments| {
        Ok(moment(&arguments[0]).map_or(Value::Null, |at| Value::TimeSpan(calendar::weekday(at) * DAY)))
    }),
    Function::pure(&["dayofmonth"], |_, arguments| Ok(part_of(&arguments[0], Part::Day, Value::Int))),
    Function::pure(&["dayofyear"], |_, arguments| Ok(part_of(&arguments[0], Part::DayOfYear, Value::Int))),
    Function::pure(&["hourofday"], |_, arguments| Ok(part_of(&arguments[0], Part::Hour, long))),
    Function::pure(&["monthofyear", "getmonth"], |_, arguments| {
        Ok(part_of(&arguments[0], Part::Month, long))
    }),
    Function::pure(&["getyear"], |_, arguments| Ok(part_of(&arguments[0], Part::Year, long))),
    Function::pure(&["week_of_year", "weekofyear"], |_, arguments| {
        Ok(part_of(&arguments[0], Part::Week, long))
    }),
    Function::pure(&["datetime_part"], datetime_part),
    Function::pure(&["datetime_add"], datetime_add),
    Function::pure(&["datetime_diff"], datetime_diff),
    Function::pure(&["make_datetime"], make_datetime),
    Function::pure(&["make_timespan"], make_timespan),
    Function::pure(&["unixtime_seconds_todatetime"], |_, arguments| Ok(from_unix(&arguments[0], SECOND))),
    Function::pure(&["unixtime_milliseconds_todatetime"], |_, arguments| {
        Ok(from_unix(&arguments[0], MILLISECOND))
    }),
    Function::pure(&["unixtime_microseconds_todatetime"], |_, arguments| {
        Ok(from_unix(&arguments[0], MICROSECOND))
    }),
    Function::pure(&["unixtime_nanoseconds_todatetime"], from_unix_nanoseconds),
];

fn long(number: i32) -> Value {
    Value::Long(i64::from(number))
}

fn moment(value: &Value) -> Option<i64> {
    match convert::to_datetime(value) {
        Value::DateTime(ticks) => Some(ticks),
        _ => None,
    }
}

fn datetime(ticks: Option<i64>) -> Value {
    ticks.and_then(calendar::checked).map_or(Value::Null, Value::DateTime)
}

/// `now(offset)` and `ago(span)`.
fn shifted(now: i64, arguments: &[Value], direction: i64) -> Value {
    match arguments.first() {
        None => Value::DateTime(now),
        Some(span) => match convert::to_timespan(span) {
            Value::TimeSpan(span) => {
                datetime(span.checked_mul(direction).and_then(|span| now.checked_add(span)))
            }
            _ => Value::Null,
        },
    }
}

/// The beginning of the period `offset` periods on.
type Begin = fn(i64, i64) -> Option<i64>;

fn period(arguments: &[Value], begin: Begin, end: bool) -> Value {
    let offset = arguments.get(1).map_or(Some(0), Value::as_long);
    let (Some(at), Some(offset)) = (moment(&arguments[0]), offset) else { return Value::Null };
    if end {
        // The last tick is the one before the next period; the calendar's own end has none.
        let next = offset.checked_add(1).and_then(|offset| begin(at, offset));
        return datetime(
            next.map_or_else(|| begin(at, offset).map(|_| calendar::MAX), |next| next.checked_sub(1)),
        );
    }
    datetime(begin(at, offset))
}

fn day(at: i64, offset: i64) -> Option<i64> {
    at.div_euclid(DAY).checked_add(offset)?.checked_mul(DAY)
}

/// Weeks begin on Sunday.
fn week(at: i64, offset: i64) -> Option<i64> {
    day(at, 0)?.checked_sub(calendar::weekday(at) * DAY)?.checked_add(offset.checked_mul(7 * DAY)?)
}

fn month(at: i64, offset: i64) -> Option<i64> {
    let at = calendar::civil(at);
    calendar::add_months(calendar::midnight(at.year, at.month, 1)?, offset)
}

fn year(at: i64, offset: i64) -> Option<i64> {
    let year = i64::from(calendar::civil(at).year).checked_add(offset)?;
    calendar::midnight(i32::try_from(year).ok()?, 1, 1)
}

/// The parts that `datetime_part` and `datetime_diff` name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Year,
    Quarter,
    Month,
    Week,
    Day,
    DayOfYear,
    Hour,
    Minute,
    Second,
    Millisecond,
    Microsecond,
    Nanosecond,
}

impl Part {
    fn parse(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "year" => Self::Year,
            "quarter" => Self::Quarter,
            "month" => Self::Month,
            "week" | "week_of_year" | "weekofyear" => Self::Week,
            "day" => Self::Day,
            "dayofyear" => Self::DayOfYear,
            "hour" => Self::Hour,
            "minute" => Self::Minute,
            "second" => Self::Second,
            "millisecond" => Self::Millisecond,
            "microsecond" => Self::Microsecond,
            "nanosecond" => Self::Nanosecond,
            _ => return None,
        })
    }

    /// The part of a moment.
    fn of(self, ticks: i64) -> i64 {
        let at = calendar::civil(ticks);
        match self {
            Self::Year => i64::from(at.year),
            Self::Quarter => i64::from((at.month - 1) / 3 + 1),
            Self::Month => i64::from(at.month),
            Self::Week => iso_week(ticks),
            Self::Day => i64::from(at.day),
            Self::DayOfYear => calendar::day_of_year(ticks),
            Self::Hour => at.time / HOUR,
            Self::Minute => at.time % HOUR / MINUTE,
            Self::Second => at.time % MINUTE / SECOND,
            Self::Millisecond => at.time % SECOND / MILLISECOND,
            Self::Microsecond => at.time % SECOND / MICROSECOND,
            Self::Nanosecond => at.time % SECOND * 100,
        }
    }

    /// How many of the part have begun since the origin: the difference of two counts is `datetime_diff`.
    fn count(self, ticks: i64) -> i64 {
        let at = calendar::civil(ticks);
        let months = i64::from(at.year) * 12 + i64::from(at.month) - 1;
        match self {
            Self::Year => i64::from(at.year),
            Self::Quarter => months / 3,
            Self::Month => months,
            // The origin is a Monday; weeks begin on Sunday.
            Self::Week => (ticks / DAY + 1) / 7,
            Self::Day | Self::DayOfYear => ticks / DAY,
            Self::Hour => ticks / HOUR,
            Self::Minute => ticks / MINUTE,
            Self::Second => ticks / SECOND,
            Self::Millisecond => ticks / MILLISECOND,
            Self::Microsecond => ticks / MICROSECOND,
            Self::Nanosecond => ticks,
        }
    }
}

/// The week of the year by ISO 8601: weeks begin on Monday, the first has the year's first Thursday.
fn iso_week(ticks: i64) -> i64 {
    let weekday = (calendar::weekday(ticks) + 6) % 7;
    let thursday = ticks + (3 - weekday) * DAY;
    match calendar::checked(thursday) {
        Some(thursday) => (calendar::day_of_year(thursday) - 1) / 7 + 1,
        None => 1,
    }
}

fn part_of(value: &Value, part: Part, make: fn(i32) -> Value) -> Value {
    moment(value).and_then(|at| i32::try_from(part.of(at)).ok()).map_or(Value::Null, make)
}

fn named_part(value: &Value, function: &str) -> Result<Part, Refusal> {
    let name = value.as_str().unwrap_or_default();
    Part::parse(name).ok_or_else(|| {
        Refusal::new(format!(
            "`{name}` is no part of a datetime that `{function}` knows; use one of year, quarter, month, week, day, hour, \
             minute, second, millisecond, microsecond, nanosecond"
        ))
    })
}

fn datetime_part(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let part = named_part(&arguments[0], "datetime_part")?;
    Ok(moment(&arguments[1]).map(|at| part.of(at)).into())
}

/// `datetime_add(part, amount, moment)`.
fn datetime_add(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let part = named_part(&arguments[0], "datetime_add")?;
    let (Some(amount), Some(at)) = (arguments[1].as_long(), moment(&arguments[2])) else {
        return Ok(Value::Null);
    };
    let months = |months: i64| amount.checked_mul(months).and_then(|months| calendar::add_months(at, months));
    let ticks = |ticks: i64| amount.checked_mul(ticks).and_then(|span| at.checked_add(span));
    Ok(datetime(match part {
        Part::Year => months(12),
        Part::Quarter => months(3),
        Part::Month => months(1),
        Part::Week => ticks(7 * DAY),
        Part::Day | Part::DayOfYear => ticks(DAY),
        Part::Hour => ticks(HOUR),
        Part::Minute => ticks(MINUTE),
        Part::Second => ticks(SECOND),
        Part::Millisecond => ticks(MILLISECOND),
        Part::Microsecond => ticks(MICROSECOND),
        Part::Nanosecond => at.checked_add(amount / 100),
    }))
}

/// `datetime_diff(part, later, earlier)`: boundaries of the part that lie between.
fn datetime_diff(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let part = named_part(&arguments[0], "datetime_diff")?;
    let (Some(later), Some(earlier)) = (moment(&arguments[1]), moment(&arguments[2])) else {
        return Ok(Value::Null);
    };
    let count = part.count(later) - part.count(earlier);
    Ok(if part == Part::Nanosecond { count.checked_mul(100).into() } else { Value::Long(count) })
}

/// `make_datetime(year, month, day, hour, minute, second)`.
fn make_datetime(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    if arguments.len() == 1 {
        return Ok(convert::to_datetime(&arguments[0]));
    }
    let whole = |index: usize, otherwise: i64| arguments.get(index).map_or(Some(otherwise), Value::as_long);
    let (Some(year), Some(month), Some(day), Some(hour), Some(minute)) =
        (whole(0, 1), whole(1, 1), whole(2, 1), whole(3, 0), whole(4, 0))
    else {
        return Ok(Value::Null);
    };
    let Some(second) = arguments.get(5).map_or(Some(0.0), Value::as_real) else { return Ok(Value::Null) };
    if !(0..24).contains(&hour) || !(0..60).contains(&minute) || !(0.0..60.0).contains(&second) {
        return Ok(Value::Null);
    }
    let date = (|| {
        calendar::midnight(i32::try_from(year).ok()?, u32::try_from(month).ok()?, u32::try_from(day).ok()?)
    })();
    let time = hour * HOUR + minute * MINUTE + (second * SECOND as f64).round() as i64;
    Ok(datetime(date.and_then(|date| date.checked_add(time))))
}

/// `make_timespan(hour, minute)`, `(hour, minute, second)`, `(day, hour, minute, second)`.
fn make_timespan(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    if arguments.len() == 1 {
        return Ok(convert::to_timespan(&arguments[0]));
    }
    let (days, rest) =
        if arguments.len() == 4 { (arguments[0].as_long(), &arguments[1..]) } else { (Some(0), arguments) };
    let second = rest.get(2).map_or(Some(0.0), Value::as_real);
    let (Some(days), Some(hour), Some(minute), Some(second)) =
        (days, rest[0].as_long(), rest[1].as_long(), second)
    else {
        return Ok(Value::Null);
    };
    if !(0..24).contains(&hour) || !(0..60).contains(&minute) || !(0.0..60.0).contains(&second) {
        return Ok(Value::Null);
    }
    let time = hour * HOUR + minute * MINUTE + (second * SECOND as f64).round() as i64;
    let span = days.checked_mul(DAY).and_then(|days| days.checked_add(time));
    Ok(span.map_or(Value::Null, Value::TimeSpan))
}

fn from_unix(value: &Value, unit: i64) -> Value {
    let ticks = match value {
        Value::Real(number) if number.is_finite() => {
            let ticks = (number * unit as f64).round();
            (ticks.abs() < 9.2e18).then_some(ticks as i64)
        }
        other => convert::to_long(other).as_long().and_then(|number| number.checked_mul(unit)),
    };
    datetime(ticks.and_then(|ticks| ticks.checked_add(UNIX_EPOCH)))
}

fn from_unix_nanoseconds(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let ticks = convert::to_long(&arguments[0]).as_long().map(|number| number.div_euclid(100));
    Ok(datetime(ticks.and_then(|ticks| ticks.checked_add(UNIX_EPOCH))))
}

#[cfg(test)]
mod tests {
    use crate::function::function;
    use crate::{Context, Value, text};

    fn call(name: &str, arguments: &[Value]) -> String {
        text::to_string(&(function(name).unwrap().call)(&Context::new(0, 0), arguments).unwrap())
    }

    fn at(text: &str) -> Value {
        Value::DateTime(text::read_datetime(text).unwrap())
    }

    #[test]
    fn periods() {
        let wednesday = at("2026-11-25T10:00:00");
        assert_eq!(call("startofweek", std::slice::from_ref(&wednesday)), "2026-11-22T00:00:00.0000000Z");
        assert_eq!(call("endofmonth", &[wednesday.clone(), 1.into()]), "2026-12-31T23:59:59.9999999Z");
        assert_eq!(call("endofyear", &[at("9999-05-05")]), "9999-12-31T23:59:59.9999999Z");
        assert_eq!(call("dayofweek", &[wednesday]), "3.00:00:00");
    }

    #[test]
    fn differences_count_boundaries() {
        let diff = |part: &str, later: &str, earlier: &str| {
            call("datetime_diff", &[part.into(), at(later), at(earlier)])
        };
        assert_eq!(diff("year", "2017-01-01", "2000-12-31"), "17");
        assert_eq!(diff("hour", "2017-10-31T01:00", "2017-10-30T23:59"), "2");
        assert_eq!(diff("week", "2020-06-15", "2020-06-13"), "1");
        assert_eq!(call("datetime_part", &["week_of_year".into(), at("2024-03-05")]), "10");
        assert_eq!(call("datetime_part", &["week_of_year".into(), at("2021-01-01")]), "53");
        assert_eq!(
            call("datetime_add", &["month".into(), (-1).into(), at("2020-03-31")]),
            "2020-02-29T00:00:00.0000000Z"
        );
    }
}
