//! Internet addresses.

use crate::functions::{Accepts as A, Function, Parameter, Returns as R, Signature, p, scalar, sig};
use crate::types::ScalarType as T;

const ADDRESS: Parameter = p("address", A::Text);
const PREFIX: Parameter = p("prefix", A::Integer).optional();
const MATCH: &[Signature] = &[sig(&[ADDRESS, p("other", A::Text), PREFIX], R::Type(T::Bool))];
const COMPARE: &[Signature] = &[sig(&[ADDRESS, p("other", A::Text), PREFIX], R::Type(T::Long))];
const IN_RANGE: &[Signature] = &[sig(&[ADDRESS, p("range", A::Text)], R::Type(T::Bool))];
const IN_ANY: &[Signature] = &[sig(&[ADDRESS, p("range", A::TextOrDynamic).repeated(1)], R::Type(T::Bool))];
const HAS_ONE: &[Signature] = &[sig(&[p("source", A::TextOrDynamic), ADDRESS], R::Type(T::Bool))];
const HAS_ANY: &[Signature] =
    &[sig(&[p("source", A::TextOrDynamic), p("address", A::TextOrDynamic).repeated(1)], R::Type(T::Bool))];

pub(super) const FUNCTIONS: &[Function] = &[
    scalar("format_ipv4", &[sig(&[p("address", A::Any), PREFIX], R::Type(T::String))]),
    scalar("format_ipv4_mask", &[sig(&[p("address", A::Any), PREFIX], R::Type(T::String))]),
    scalar("geo_info_from_ip_address", &[sig(&[ADDRESS], R::Type(T::Dynamic))]),
    scalar("has_any_ipv4", HAS_ANY),
    scalar("has_any_ipv4_prefix", HAS_ANY),
    scalar("has_ipv4", HAS_ONE),
    scalar("has_ipv4_prefix", HAS_ONE),
    scalar("ipv4_compare", COMPARE),
    scalar("ipv4_is_in_any_range", IN_ANY),
    scalar("ipv4_is_in_range", IN_RANGE),
    scalar("ipv4_is_match", MATCH),
    scalar("ipv4_is_private", &[sig(&[ADDRESS], R::Type(T::Bool))]),
    scalar("ipv4_netmask_suffix", &[sig(&[ADDRESS], R::Type(T::Long))]),
    scalar("ipv4_range_to_cidr_list", &[sig(&[p("start", A::Text), p("end", A::Text)], R::Type(T::Dynamic))]),
    scalar("ipv6_compare", COMPARE),
    scalar("ipv6_is_in_any_range", IN_ANY),
    scalar("ipv6_is_in_range", IN_RANGE),
    scalar("ipv6_is_match", MATCH),
    scalar("parse_ipv4", &[sig(&[ADDRESS], R::Type(T::Long))]),
    scalar("parse_ipv4_mask", &[sig(&[ADDRESS, p("prefix", A::Integer)], R::Type(T::Long))]),
    scalar("parse_ipv6", &[sig(&[ADDRESS], R::Type(T::String))]),
    scalar("parse_ipv6_mask", &[sig(&[ADDRESS, p("prefix", A::Integer)], R::Type(T::String))]),
];
