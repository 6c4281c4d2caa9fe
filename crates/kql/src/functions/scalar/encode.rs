//! Encodings, compression and hashes.

use crate::functions::{Accepts as A, Function, Parameter, Returns as R, Signature, also, p, scalar, sig};
use crate::types::ScalarType as T;

const TEXT: &[Signature] = &[sig(&[p("string", A::Text)], R::Type(T::String))];
const SOURCE: Parameter = p("source", A::NotDynamic);
const DIGEST: &[Signature] = &[sig(&[SOURCE], R::Type(T::String))];
const HASH: &[Signature] = &[sig(&[SOURCE, p("mod", A::Integer).optional()], R::Type(T::Long))];
const BASE64: Parameter = p("base64_string", A::Text);

pub(super) const FUNCTIONS: &[Function] = &[
    scalar("base64_decode_toarray", &[sig(&[BASE64], R::Array)]),
    scalar("base64_decode_toguid", &[sig(&[BASE64], R::Type(T::Guid))]),
    scalar("base64_decode_tostring", TEXT),
    also("base64_decodestring", "base64_decode_tostring"),
    scalar("base64_encode_fromarray", &[sig(&[p("array", A::Array)], R::Type(T::String))]),
    scalar("base64_encode_fromguid", &[sig(&[p("guid", A::Type(T::Guid))], R::Type(T::String))]),
    scalar("base64_encode_tostring", TEXT),
    also("base64_encodestring", "base64_encode_tostring"),
    scalar("gzip_compress_to_base64_string", TEXT),
    scalar("gzip_decompress_from_base64_string", TEXT),
    scalar("hash", HASH),
    scalar("hash_combine", &[sig(&[p("hash", A::Any).repeated(2)], R::Type(T::Long))]),
    scalar("hash_many", &[sig(&[p("value", A::NotDynamic).repeated(1)], R::Type(T::Long))]),
    scalar("hash_md5", DIGEST),
    scalar("hash_sha1", DIGEST),
    scalar("hash_sha256", DIGEST),
    scalar("hash_xxhash64", HASH),
    scalar("punycode_domain_from_string", TEXT),
    scalar("punycode_domain_to_string", TEXT),
    scalar("punycode_from_string", TEXT),
    scalar("punycode_to_string", TEXT),
    scalar("url_decode", TEXT),
    scalar("url_encode", TEXT),
    scalar("url_encode_component", TEXT),
    scalar("zlib_compress_to_base64_string", TEXT),
    scalar("zlib_decompress_from_base64_string", TEXT),
];
