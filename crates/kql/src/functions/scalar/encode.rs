//! Hashes, encodings and identities.

use crate::functions::{
    Accepts as A, Function, FunctionKind, Naming, Returns as R, Signature, alias, p, scalar, sig,
};
use crate::types::ScalarType as T;

const TEXT: &[Signature] = &[sig(&[p("source", A::Text)], R::Type(T::String))];
const DIGEST: &[Signature] = &[sig(&[p("source", A::NotDynamic)], R::Type(T::String))];
const HASH: &[Signature] = &[sig(&[p("source", A::Any), p("mod", A::Integer).optional()], R::Type(T::Long))];

pub(super) const FUNCTIONS: &[Function] = &[
    alias("base64_decodestring", FunctionKind::Scalar, "base64_decode_tostring"),
    scalar("base64_decode_toarray", &[sig(&[p("source", A::Text)], R::Type(T::Dynamic))]),
    scalar("base64_decode_toguid", &[sig(&[p("source", A::Text)], R::Type(T::Guid))]),
    scalar("base64_decode_tostring", TEXT),
    scalar("base64_encode_fromarray", &[sig(&[p("array", A::Array)], R::Type(T::String))]),
    scalar("base64_encode_fromguid", &[sig(&[p("guid", A::Type(T::Guid))], R::Type(T::String))]),
    scalar("base64_encode_tostring", TEXT),
    alias("base64_encodestring", FunctionKind::Scalar, "base64_encode_tostring"),
    scalar("current_cluster_endpoint", &[sig(&[], R::Type(T::String))]),
    scalar("current_database", &[sig(&[], R::Type(T::String))]),
    scalar("current_principal", &[sig(&[], R::Type(T::String))]),
    scalar("current_principal_details", &[sig(&[], R::Type(T::Dynamic))]),
    scalar("current_principal_is_member_of", &[sig(&[p("group", A::Any).repeated(1)], R::Type(T::Bool))]),
    scalar("cursor_after", &[sig(&[p("cursor", A::Text)], R::Type(T::Bool))]),
    scalar("cursor_before_or_at", &[sig(&[p("cursor", A::Text)], R::Type(T::Bool))]),
    scalar("cursor_current", &[sig(&[], R::Type(T::String))]),
    scalar(
        "estimate_data_size",
        &[sig(
            &[p("column", A::Any).form(crate::functions::Form::ColumnOrStar).repeated(1)],
            R::Type(T::Long),
        )],
    ),
    scalar("extent_id", &[sig(&[], R::Type(T::Guid))]),
    scalar("extent_tags", &[sig(&[], R::Type(T::Dynamic))]),
    scalar("gzip_compress_to_base64_string", TEXT),
    scalar("gzip_decompress_from_base64_string", TEXT),
    scalar("hash", HASH),
    scalar("hash_combine", &[sig(&[p("hash", A::Type(T::Long)).times(2, 64)], R::Type(T::Long))]),
    scalar("hash_many", &[sig(&[p("value", A::Any).times(2, 64)], R::Type(T::Long))]),
    scalar("hash_md5", DIGEST),
    scalar("hash_sha1", DIGEST),
    scalar("hash_sha256", DIGEST),
    scalar("hash_xxhash64", HASH),
    scalar("ingestion_time", &[sig(&[], R::Type(T::Datetime))])
        .named(Naming::Fixed("$IngestionTime"))
        .volatile(),
    scalar("new_guid", &[sig(&[], R::Type(T::Guid))]).volatile(),
    scalar("rowstore_ordinal_range", &[sig(&[], R::Type(T::Dynamic))]),
    scalar("zlib_compress_to_base64_string", TEXT),
    scalar("zlib_decompress_from_base64_string", TEXT),
];
