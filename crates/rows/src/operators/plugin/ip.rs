//! `ipv4_lookup`, `ipv6_lookup`: rows joined with the networks that hold their addresses.

use azimuth_kql::bound::{Expr, ExprKind};
use azimuth_values::Value;
use azimuth_values::functions::ip;

use super::Call;
use crate::run::Failure;
use crate::table::{Row, Table, key_of, null_of};

/// `ipv4_lookup(table, address, network, keys …, return_unmatched)`: the rows of the table whose network holds the address.
pub(super) fn lookup(call: &Call<'_>) -> Result<Table, Failure> {
    let (input, schema) = (&call.input, call.schema);
    let Some(rel) = call.table(0) else { return Err(call.refused("needs a table as its first argument")) };
    let lookup = call.run.table(rel, call.given)?;
    let (address, network) = (call.column(1)?, call.column(2)?);
    let (mut keys, mut unmatched) = (Vec::new(), false);
    for index in 3..call.count() {
        match call.scalar(index) {
            Some(Expr { kind: ExprKind::Column(place) | ExprKind::RightColumn(place), .. }) => {
                // A key has one name on both sides.
                let name = lookup.schema.columns.get(*place).map_or("", |column| column.name.as_str());
                if let Some(left) = input.schema.index_of(name) {
                    keys.push((left, *place));
                }
            }
            Some(_) => unmatched = call.constant(index)?.as_bool() == Some(true),
            None => {}
        }
    }
    let six = call.evaluate.plugin.name == "ipv6_lookup";
    let within = |address: &Value, network: &Value| -> bool {
        let (Some(address), Some(network)) = (address.as_str(), network.as_str()) else { return false };
        if six {
            ip::net6(address).zip(ip::net6(network)).is_some_and(|(address, network)| {
                let cut = ip::Net6 { prefix: network.prefix, ..address };
                address.prefix >= network.prefix && cut.cut() == network.cut()
            })
        } else {
            ip::net4(address).zip(ip::net4(network)).is_some_and(|(address, network)| {
                let cut = ip::Net4 { prefix: network.prefix, ..address };
                address.prefix >= network.prefix && cut.cut() == network.cut()
            })
        }
    };
    // Which side stands first, the binder knows.
    let lookup_first = schema.columns.first().map(|column| &column.name)
        == lookup.schema.columns.first().map(|column| &column.name)
        && input.schema.columns.first().map(|column| &column.name)
            != schema.columns.first().map(|column| &column.name);
    let joined = |row: &Row, other: &[Value]| -> Row {
        if lookup_first {
            other.iter().chain(row).cloned().collect()
        } else {
            row.iter().chain(other).cloned().collect()
        }
    };
    let mut rows = Vec::new();
    for row in &input.rows {
        let mut met = false;
        for other in &lookup.rows {
            let same =
                keys.iter().all(|&(left, right)| key_of(&row[left..=left]) == key_of(&other[right..=right]));
            if same && within(&row[address], &other[network]) {
                met = true;
                rows.push(joined(row, other));
            }
        }
        if unmatched && !met {
            let nothing: Row = lookup.schema.columns.iter().map(|column| null_of(column.ty)).collect();
            rows.push(joined(row, &nothing));
        }
        call.run.count(1)?;
    }
    Ok(Table::new(schema.clone(), rows))
}
