//! Route tables: which internet clients a subnet's replies find back to.

use azimuth_ids::eq_fold;
use serde::Deserialize;

use super::sources::{Range, Reach, Sources};
use crate::body::{Arm, Text, or_default};

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RouteShape<'a> {
    #[serde(borrow, default)]
    address_prefix: Text<'a>,
    #[serde(borrow, default)]
    next_hop_type: Text<'a>,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct TableShape<'a> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    pub(super) routes: Vec<Arm<'a, RouteShape<'a>>>,
}

/// The clients of one family whose replies leave straight to the internet under the user routes of a table. The longest prefix
/// wins; what no user route names follows the system's default route. Routes by service tag name no client at
/// large and are passed over, as are routes learnt from gateways: both could only close.
pub(super) fn returning<'s, 'a: 's>(
    routes: impl Iterator<Item = &'s Arm<'a, RouteShape<'a>>>,
    v6: bool,
    internet: &Sources,
) -> Reach {
    let mut ranges: Vec<(u128, u128, bool)> = routes
        .filter_map(|route| {
            let Range { start, end, .. } =
                Range::parse(&route.properties.address_prefix).filter(|range| range.v6 == v6)?;
            let direct = eq_fold(&route.properties.next_hop_type, "Internet");
            Some((start, end, direct))
        })
        .collect();
    if ranges.is_empty() {
        return Reach::Everything;
    }
    // Shorter prefixes first, so that longer ones have the last word.
    ranges.sort_by_key(|(start, end, _)| std::cmp::Reverse(end - start));
    let mut reach = internet.clone();
    for (start, end, direct) in ranges {
        let range = Sources::new(vec![(start, end)]);
        reach = if direct { reach.or(&range.and(internet)) } else { reach.without(&range) };
    }
    Reach::of(&reach, internet)
}
