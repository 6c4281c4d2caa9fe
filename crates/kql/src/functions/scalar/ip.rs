//! Internet addresses.

use crate::functions::{Accepts as A, Function, Parameter, Returns as R, Signature, p, scalar, sig};
use crate::types::ScalarType as T;

const IP: Parameter = p("ip", A::Text);
const IP1: Parameter = p("ip1", A::Text);
const IP2: Parameter = p("ip2", A::Text);
const PREFIX: Parameter = p("prefix", A::Type(T::Long));
const FORMAT: &[Signature] = &[sig(&[p("ip", A::Any), PREFIX.optional()], R::Type(T::String))];
const MATCH: &[Signature] = &[sig(&[IP1, IP2, PREFIX.optional()], R::Type(T::Bool))];
const COMPARE: &[Signature] = &[sig(&[IP1, IP2, PREFIX.optional()], R::Type(T::Long))];
const IN_RANGE: &[Signature] = &[sig(&[IP, p("ip_range", A::Text)], R::Type(T::Bool))];
/// Ranges come one by one or in an array.
const IN_ANY: &[Signature] =
    &[sig(&[p("ip", A::TextOrDynamic), p("ranges", A::TextOrDynamic).repeated(1)], R::Type(T::Bool))];
const HAS_ONE: &[Signature] = &[sig(&[p("source", A::TextOrDynamic), IP], R::Type(T::Bool))];
const HAS_ANY: &[Signature] =
    &[sig(&[p("source", A::TextOrDynamic), p("ips", A::TextOrDynamic).repeated(1)], R::Type(T::Bool))];

pub(super) const FUNCTIONS: &[Function] = &[
    scalar("format_ipv4", FORMAT),
    scalar("format_ipv4_mask", FORMAT),
    scalar("geo_info_from_ip_address", &[sig(&[IP], R::Type(T::Dynamic))]),
    scalar("has_any_ipv4", HAS_ANY),
    scalar("has_any_ipv4_prefix", HAS_ANY),
    scalar("has_ipv4", HAS_ONE),
    scalar("has_ipv4_prefix", HAS_ONE),
    scalar("ipv4_compare", COMPARE),
    scalar("ipv4_is_in_any_range", IN_ANY),
    scalar("ipv4_is_in_range", IN_RANGE),
    scalar("ipv4_is_match", MATCH),
    scalar("ipv4_is_private", &[sig(&[IP], R::Type(T::Bool))]),
    scalar("ipv4_netmask_suffix", &[sig(&[IP], R::Type(T::Long))]),
    scalar("ipv4_range_to_cidr_list", &[sig(&[p("start_ip", A::Text), p("end_ip", A::Text)], R::Array)]),
    scalar("ipv6_compare", COMPARE),
    scalar("ipv6_is_in_any_range", IN_ANY),
    scalar("ipv6_is_in_range", IN_RANGE),
    scalar("ipv6_is_match", MATCH),
    scalar("parse_ipv4", &[sig(&[IP], R::Type(T::Long))]),
    scalar("parse_ipv4_mask", &[sig(&[IP, PREFIX], R::Type(T::Long))]),
    scalar("parse_ipv6", &[sig(&[IP], R::Type(T::String))]),
    scalar("parse_ipv6_mask", &[sig(&[IP, PREFIX], R::Type(T::String))]),
];
