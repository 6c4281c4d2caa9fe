//! Functions by the examples of their pages in the reference, where no corpus has them.

use crate::check;

#[test]
fn sizes_of_data() {
    check(
        "range x from 1 to 10 step 1 | extend Text = '1234567890' | summarize Total=sum(estimate_data_size(*))",
        "Total\n180",
    );
    check("print v = format_bytes(10332, 1)", "v\n10.1 KB");
}

#[test]
fn bags_of_columns() {
    check(
        "datatable(Id: string, Value: string, Other: long)['A', 'val_a', 1] | extend Packed = bag_pack_columns(Id, Value)",
        "Id|Value|Other|Packed\nA|val_a|1|{\"Id\":\"A\",\"Value\":\"val_a\"}",
    );
}

#[test]
fn bins_that_a_property_sets() {
    check(
        "set query_bin_auto_size=1h; set query_bin_auto_at=datetime(2017-01-01 00:05);
         range Timestamp from datetime(2017-01-01 00:05) to datetime(2017-01-01 02:00) step 1m
         | summarize count() by bin_auto(Timestamp)",
        "Timestamp|count_
         2017-01-01T00:05:00.0000000Z|60
         2017-01-01T01:05:00.0000000Z|56",
    );
    check(
        "print bin_auto(5)",
        "`bin_auto` needs the size of its bins; begin with `set query_bin_auto_size=1h;`",
    );
}

#[test]
fn surroundings() {
    check(
        "print strlen(current_principal()), extent_id(), array_length(datetime_list_timezones()) > 400",
        "print_0|print_1|print_2\n0|00000000-0000-0000-0000-000000000000|True",
    );
    check("print x = 1 | where cursor_after('')", "x\n1");
}

#[test]
fn polynomials() {
    check(
        "range x from 1 to 20 step 1 | extend y = 2 * x * x - x + 3
         | summarize x = make_list(x), y = make_list(y)
         | extend series_fit_poly(y, x, 2)
         | mv-apply c = series_fit_poly_y_coefficients to typeof(real) on (summarize c = make_list(round(c, 6)))
         | project round(series_fit_poly_y_rsquare, 6), c",
        "series_fit_poly_y_rsquare|c\n1|[2.0,-1.0,3.0]",
    );
}

#[test]
fn places_of_texts() {
    check(
        "print indexof('abcdefgabcdefg', 'cde', 1, 10, 2), indexof('abcdefg', 'cde', 1, 2), indexof('abcdefg', 'cde', -5)",
        "print_0|print_1|print_2\n9|-1|2",
    );
}

#[test]
fn paths_of_a_bag() {
    check(
        "print p = treepath(parse_json('{\"l\":[100,\"abcde\",{\"x\":\"y\"}]}'))",
        "p\n[\"['l']\",\"['l'][0]\",\"['l'][0]['x']\"]",
    );
    check("print a = repeat(1, 3), b = repeat(1, 0), c = repeat(1, -1)", "a|b|c\n[1,1,1]|[]|");
}

#[test]
fn lines_cross_the_axis_before_the_first_point() {
    check(
        "print y = dynamic([2, 5, 6, 8, 11, 15, 17, 18, 25, 26, 30, 30])
         | extend (RSquare, Slope, Variance, RVariance, Interception) = series_fit_line(y)
         | project round(Slope, 3), round(Interception, 3)",
        "Slope|Interception\n2.731|-1.667",
    );
    check(
        "print a = series_fill_linear(dynamic([null, 111, null, 36, 41, null, null, 16]))",
        "a\n[111,111,73,36,41,32,24,16]",
    );
}

#[test]
fn ranks_and_sessions() {
    check(
        "range x from 1 to 1000 step 1 | summarize t = tdigest(x)
         | project rank_tdigest(t, 685), percentrank_tdigest(t, 685)",
        "Column1|Column2\n685|68.5",
    );
    check(
        "datatable(t: datetime)[datetime(2024-01-01 00:00), datetime(2024-01-01 00:04), datetime(2024-01-01 00:09)]
         | sort by t asc | extend s = row_window_session(t, 1h, 5m) | summarize count() by s",
        "s|count_\n2024-01-01|2\n2024-01-01T00:09:00.0000000Z|1",
    );
}

#[test]
fn domains() {
    check(
        "print punycode_domain_from_string('xn--Ge-mia.Bulg.edu'), punycode_domain_to_string('Gáe.Bulg.edu')",
        "print_0|print_1\nGáe.Bulg.edu|xn--Ge-mia.Bulg.edu",
    );
}

#[test]
fn periods_that_are_none() {
    let day = "range x from 0 to 59 step 1 | extend y = 10.0 * sin(2 * pi() * x / 12) + x % 2 | summarize y = make_list(y)";
    check(
        &format!(
            "{day} | extend (p, s) = series_periods_validate(y, 12.0, 9.0, 2.0) | project p, s[0] > 0.9, s[1], s[2]"
        ),
        "p|Column1|s_1|s_2\n[12.0,9.0,2.0]|True|0.0|0.0",
    );
}
