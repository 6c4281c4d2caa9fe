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
