//! Plugins by the examples of their pages in the reference, and by rows made up.

use crate::check;

const ACTIVITY: &str = "let start = datetime(2017-08-01); let end = datetime(2017-08-04);
let T = datatable(UserId: string, Timestamp: datetime)[
'A', datetime(2017-08-01), 'D', datetime(2017-08-01), 'J', datetime(2017-08-01), 'B', datetime(2017-08-01),
'C', datetime(2017-08-02), 'T', datetime(2017-08-02), 'J', datetime(2017-08-02), 'H', datetime(2017-08-03),
'T', datetime(2017-08-03), 'T', datetime(2017-08-03), 'J', datetime(2017-08-03), 'B', datetime(2017-08-03),
'S', datetime(2017-08-03), 'S', datetime(2017-08-04)];
T | evaluate ";

#[test]
fn activity_counts() {
    check(
        &format!("{ACTIVITY} activity_counts_metrics(UserId, Timestamp, start, end, 1d)"),
        "Timestamp|count|dcount|new_dcount|aggregated_dcount
         2017-08-01|4|4|4|4
         2017-08-02|3|3|2|6
         2017-08-03|6|5|2|8
         2017-08-04|1|1|0|8",
    );
    // The week of all of them begins on the Sunday before.
    check(
        &format!("{ACTIVITY} activity_counts_metrics(UserId, Timestamp, start, end, 'week')"),
        "Timestamp|count|dcount|new_dcount|aggregated_dcount\n2017-07-30|14|8|8|8",
    );
}

#[test]
fn retention() {
    check(
        &format!("{ACTIVITY} activity_metrics(UserId, Timestamp, start, end, 1d)"),
        "Timestamp|dcount_values|dcount_newvalues|retention_rate|churn_rate
         2017-08-01|4|4|1|0
         2017-08-02|3|2|0.25|0.75
         2017-08-03|5|3|0.6666666666666666|0.33333333333333337
         2017-08-04|1|0|0.2|0.8",
    );
    check(
        &format!("{ACTIVITY} activity_engagement(UserId, Timestamp, start, end, 1d, 2d)"),
        "Timestamp|dcount_activities_inner|dcount_activities_outer|activity_ratio
         2017-08-01|4|4|1
         2017-08-02|3|6|0.5
         2017-08-03|5|6|0.8333333333333334
         2017-08-04|1|5|0.2",
    );
}

#[test]
fn cohorts() {
    let users = "let Users = datatable(Timestamp: datetime, user: dynamic)[
        datetime(2019-11-01), dynamic([0,2,3,4]), datetime(2019-11-02), dynamic([0,1,3,4,5]),
        datetime(2019-11-03), dynamic([0,2,4,5]), datetime(2019-11-04), dynamic([0,1,2,3]),
        datetime(2019-11-05), dynamic([0,1,2,3,4])] | mv-expand user to typeof(long);
        Users | evaluate ";
    check(
        &format!(
            "{users} new_activity_metrics(user, Timestamp, datetime(2019-11-01), datetime(2019-11-07) - 1tick, 1d)
             | where from_Timestamp < datetime(2019-11-03)"
        ),
        "from_Timestamp|to_Timestamp|dcount_new_values|dcount_retained_values|dcount_churn_values|retention_rate|churn_rate
         2019-11-01|2019-11-01|4|4|0|1|0
         2019-11-01|2019-11-02|2|3|1|0.75|0.25
         2019-11-01|2019-11-03|1|3|1|0.75|0.25
         2019-11-01|2019-11-04|1|3|1|0.75|0.25
         2019-11-01|2019-11-05|1|4|0|1|0
         2019-11-01|2019-11-06|0|0|4|0|1
         2019-11-02|2019-11-02|2|2|0|1|0
         2019-11-02|2019-11-03|0|1|1|0.5|0.5
         2019-11-02|2019-11-04|0|1|1|0.5|0.5
         2019-11-02|2019-11-05|0|1|1|0.5|0.5
         2019-11-02|2019-11-06|0|0|2|0|1",
    );
    check(
        &format!(
            "{users} new_activity_metrics(user, Timestamp, datetime(2019-11-04), datetime(2019-11-05), 1d,
                 datetime(2019-11-04), (Users | where Timestamp < datetime(2019-11-02)))
             | project dcount_retained_values"
        ),
        "dcount_retained_values\n1\n1",
    );
}

#[test]
fn windows() {
    check(
        "let T = datatable(UserId: string, Timestamp: datetime)[
         'Bob', datetime(2017-08-01), 'David', datetime(2017-08-01), 'David', datetime(2017-08-01),
         'John', datetime(2017-08-01), 'Bob', datetime(2017-08-01), 'Ananda', datetime(2017-08-02),
         'Atul', datetime(2017-08-02), 'John', datetime(2017-08-02), 'Ananda', datetime(2017-08-03),
         'Atul', datetime(2017-08-03), 'Atul', datetime(2017-08-03), 'John', datetime(2017-08-03),
         'Bob', datetime(2017-08-03), 'Betsy', datetime(2017-08-04), 'Bob', datetime(2017-08-05)];
         T | evaluate sliding_window_counts(UserId, Timestamp, datetime(2017-08-01), datetime(2017-08-07), 3d, 1d)",
        "Timestamp|Count|Dcount
         2017-08-01|5|3
         2017-08-02|8|5
         2017-08-03|13|5
         2017-08-04|9|5
         2017-08-05|7|5
         2017-08-06|2|2
         2017-08-07|1|1",
    );
    let hours = "let T = range idx from 0 to 24*10-1 step 1
        | project Timestamp = datetime(2018-01-01) + 1h*idx, val=idx+1
        | extend EvenOrOdd = iff(val % 2 == 0, 'Even', 'Odd'); T | evaluate ";
    check(
        &format!("{hours} rolling_percentile(val, 50, Timestamp, 1d, 3) | take 5"),
        "Timestamp|rolling_3_percentile_val_50
         2018-01-01|12
         2018-01-02|24
         2018-01-03|36
         2018-01-04|60
         2018-01-05|84",
    );
    check(
        &format!(
            "{hours} rolling_percentile(val, 50, Timestamp, 1d, 3, EvenOrOdd) | where Timestamp == datetime(2018-01-10)"
        ),
        "Timestamp|EvenOrOdd|rolling_3_percentile_val_50
         2018-01-10|Odd|203
         2018-01-10|Even|204",
    );
}

#[test]
fn sets_that_overlap() {
    check(
        "range x from 1 to 100 step 1
         | extend isEven = (x % 2 == 0), isMod3 = (x % 3 == 0), isMod5 = (x % 5 == 0)
         | summarize hll_even = hll(iif(isEven, x, 0), 2), hll_mod3 = hll(iif(isMod3, x, 0), 2),
             hll_mod5 = hll(iif(isMod5, x, 0), 2)
         | evaluate dcount_intersect(hll_even, hll_mod3, hll_mod5)
         | project evenNumbers = s0 - 1, even_and_mod3 = s1 - 1, even_and_mod3_and_mod5 = s2 - 1",
        "evenNumbers|even_and_mod3|even_and_mod3_and_mod5\n50|16|3",
    );
}

const STORMS: &str = "let Storms = datatable(Episode: long, At: datetime, Event: string)[
    1, datetime(2007-01-01 00:00), 'Hail', 1, datetime(2007-01-01 00:30), 'Tornado', 1, datetime(2007-01-01 00:50), 'Wind',
    2, datetime(2007-01-02 00:00), 'Hail', 2, datetime(2007-01-02 03:00), 'Tornado', 2, datetime(2007-01-02 03:10), 'Wind',
    3, datetime(2007-01-03 00:00), 'Tornado', 3, datetime(2007-01-03 01:00), 'Hail',
    4, datetime(2007-01-04 00:00), 'Hail', 4, datetime(2007-01-04 00:05), 'Hail', 4, datetime(2007-01-04 00:10), 'Tornado'];
    Storms | evaluate ";

#[test]
fn funnels() {
    check(
        &format!(
            "{STORMS} funnel_sequence_completion(Episode, At, datetime(2007-01-01), datetime(2008-01-01), 365d, Event,
                 dynamic(['Hail', 'Tornado', 'Wind']), dynamic([1h, 4h]))"
        ),
        "At|Event|Period|dcount
         2007-01-01|Hail|01:00:00|4
         2007-01-01|Tornado|01:00:00|2
         2007-01-01|Wind|01:00:00|1
         2007-01-01|Hail|04:00:00|4
         2007-01-01|Tornado|04:00:00|3
         2007-01-01|Wind|04:00:00|2",
    );
    check(
        &format!(
            "{STORMS} funnel_sequence(Episode, At, datetime(2007-01-01), datetime(2008-01-01), 1d, 365d, Event,
                 dynamic(['Tornado']))"
        ),
        "At|prev|next|dcount|samples
         2007-01-01|Hail|Wind|2|[1,2]
         2007-01-01||Hail|1|[3]
         2007-01-01|Hail||1|[4]",
    );
}

#[test]
fn sequences() {
    check(
        &format!(
            "{STORMS} sequence_detect(At, 1h, 1h, hail = (Event == 'Hail'), wind = Event == 'Wind', Episode)"
        ),
        "Episode|hail_At|wind_At|Duration
         1|2007-01-01|2007-01-01T00:50:00.0000000Z|00:50:00",
    );
    check(
        &format!(
            "{STORMS} sequence_detect(At, 1d, 1d, hail = (Event == 'Hail'), tornado = (Event == 'Tornado')) | count"
        ),
        "Count\n6",
    );
}

/// Machines of which those of one region fail with one version.
const MACHINES: &str = "let Machines = range n from 0 to 99 step 1
    | extend Region = iff(n < 40, 'West', strcat('R', n % 7)), Version = iff(n < 40, '2.0', strcat('1.', n % 9)), Cores = 4
    | extend State = iff(n < 45, 'failed', 'ok') | project-away n;
    Machines ";

#[test]
fn patterns() {
    check(
        &format!("{MACHINES} | project Region, Version | evaluate autocluster() | take 1"),
        "SegmentId|Count|Percent|Region|Version\n0|40|40|West|2.0",
    );
    check(
        &format!("{MACHINES} | evaluate basket(0.3, '~', '~', '*', long(-1))"),
        "SegmentId|Count|Percent|Region|Version|Cores|State
         0|100|100|*|*|4|*
         1|55|55|*|*|4|ok
         2|45|45|*|*|4|failed
         3|40|40|West|2.0|4|failed",
    );
    check(
        &format!(
            "{MACHINES} | evaluate diffpatterns(State, 'failed', 'ok', '~', 0.5) | project-away Percent*"
        ),
        "SegmentId|CountA|CountB|Region|Version|Cores|State\n0|40|0|West|2.0|4|",
    );
    check(
        "let Lines = range n from 1 to 20 step 1
         | extend Line = iff(n % 2 == 0, strcat('disk ', n, ' is nearly full'), strcat('user ', n, ' logged on')); 
         Lines | evaluate diffpatterns_text(Line, Line has 'disk', 2, 0.5)",
        "Count_of_True|Count_of_False|Percent_of_True|Percent_of_False|Pattern
         10|0|100|0|disk * is nearly full
         0|10|0|100|user * logged on",
    );
}

#[test]
fn merged_schemas() {
    let schemas = "let schema1 = datatable(Uri: string, HttpStatus: int)[] | getschema;
        let schema2 = datatable(Uri: string, Referrer: string, HttpStatus: int)[] | getschema;
        union schema1, schema2 | evaluate ";
    check(
        &format!("{schemas} schema_merge()"),
        "ColumnName|ColumnOrdinal|DataType|ColumnType
         Uri|0|System.String|string
         Referrer|1|System.String|string
         HttpStatus|-1|ERROR(unknown CSL type:ERROR(columns are out of order))|ERROR(columns are out of order)",
    );
    check(
        &format!("{schemas} schema_merge(PreserveOrder = false)"),
        "ColumnName|ColumnOrdinal|DataType|ColumnType
         Uri|0|System.String|string
         Referrer|1|System.String|string
         HttpStatus|2|System.Int32|int",
    );
}

#[test]
fn members_as_columns() {
    let bags = "datatable(d: dynamic, Name: string)[dynamic({'Name': 'John', 'Age': 20}), 'Old', dynamic({'Name': 'Dave'}), 'Boy']
        | evaluate ";
    check(&format!("{bags} bag_unpack(d, 'P_')"), "Name|P_Age|P_Name\nOld|20|John\nBoy||Dave");
    check(&format!("{bags} bag_unpack(d, columnsConflict='keep_source')"), "Name|Age\nOld|20\nBoy|");
    check(&format!("{bags} bag_unpack(d, columnsConflict='replace_source')"), "Name|Age\nJohn|20\nDave|");
    check(&format!("{bags} bag_unpack(d, ignoredProperties=dynamic(['Name']))"), "Name|Age\nOld|20\nBoy|");
}

#[test]
fn what_asks_others_is_refused() {
    check(
        "print 1 | evaluate http_request('https://example.com')",
        "the plugin `http_request` asks another service; load its rows as a table",
    );
}
