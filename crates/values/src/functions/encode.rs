//! Hashes, and texts in other clothes: base64, percent-encoding, compression, punycode.

use std::io::{Read, Write};

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use flate2::Compression;
use flate2::read::{GzDecoder, ZlibDecoder};
use flate2::write::{GzEncoder, ZlibEncoder};
use md5::Digest;

use crate::context::Context;
use crate::function::{Function, Refusal};
use crate::functions::strings::written;
use crate::json::Json;
use crate::text;
use crate::value::Value;

/// Bytes that a compressed text may become.
const MAX_INFLATED: u64 = 16 << 20;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

pub(crate) const TABLE: &[Function] = &[
    Function::pure(&["hash", "hash_xxhash64"], hash),
    Function::pure(&["hash_md5"], |_, arguments| Ok(hex(&md5::Md5::digest(written(&arguments[0]))))),
    Function::pure(&["hash_sha1"], |_, arguments| Ok(hex(&sha1::Sha1::digest(written(&arguments[0]))))),
    Function::pure(&["hash_sha256"], |_, arguments| Ok(hex(&sha2::Sha256::digest(written(&arguments[0]))))),
    Function::pure(&["hash_combine"], hash_combine),
    Function::pure(&["hash_many"], hash_many),
    Function::pure(&["base64_encode_tostring", "base64_encodestring"], |_, arguments| {
        Ok(BASE64.encode(written(&arguments[0])).into())
    }),
    Function::pure(&["base64_encode_fromguid"], base64_encode_fromguid),
    Function::pure(&["base64_encode_fromarray"], base64_encode_fromarray),
    Function::pure(&["base64_decode_tostring", "base64_decodestring"], |_, arguments| {
        Ok(decoded(&arguments[0]).and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default().into())
    }),
    Function::pure(&["base64_decode_toarray"], |_, arguments| {
        let array = |bytes: Vec<u8>| {
            Value::array(bytes.into_iter().map(|byte| Json::Long(i64::from(byte))).collect())
        };
        Ok(decoded(&arguments[0]).map_or(Value::Null, array))
    }),
    Function::pure(&["base64_decode_toguid"], base64_decode_toguid),
    Function::pure(&["gzip_compress_to_base64_string"], gzip),
    Function::pure(&["gzip_decompress_from_base64_string"], |_, arguments| {
        Ok(inflated(decoded(&arguments[0]).as_deref().map(GzDecoder::new)))
    }),
    Function::pure(&["zlib_compress_to_base64_string"], zlib),
    Function::pure(&["zlib_decompress_from_base64_string"], |_, arguments| {
        Ok(inflated(decoded(&arguments[0]).as_deref().map(ZlibDecoder::new)))
    }),
    Function::pure(&["url_encode"], |_, arguments| Ok(url_encode(&written(&arguments[0]), true))),
    Function::pure(&["url_encode_component"], |_, arguments| Ok(url_encode(&written(&arguments[0]), false))),
    Function::pure(&["url_decode"], |_, arguments| Ok(url_decode(&written(&arguments[0])).into())),
    Function::pure(&["punycode_from_string"], |_, arguments| {
        Ok(idna::punycode::encode_str(&written(&arguments[0])).unwrap_or_default().into())
    }),
    Function::pure(&["punycode_to_string"], |_, arguments| {
        Ok(idna::punycode::decode_to_string(&written(&arguments[0])).unwrap_or_default().into())
    }),
    // The names are the other way about than one would think: of domains, `to` is the encoded form.
    Function::pure(&["punycode_domain_from_string"], |_, arguments| {
        Ok(undomain(&written(&arguments[0])).into())
    }),
    Function::pure(&["punycode_domain_to_string"], |_, arguments| {
        let text = written(&arguments[0]);
        Ok(if text.is_ascii() { undomain(&text) } else { domain(&text) }.into())
    }),
    Function::volatile(&["new_guid"], |context, _| {
        let bits = (u128::from(context.random()) << 64) | u128::from(context.random());
        // Version 4, variant 1 (RFC 9562).
        Ok(Value::Guid((bits & !(0xF << 76) | (0x4 << 76)) & !(0x3 << 62) | (0x2 << 62)))
    }),
];

/// The bytes that are hashed: texts as UTF-8, numbers, moments and spans as eight bytes, least first.
fn xxhash(value: &Value) -> u64 {
    let of = |bytes: &[u8]| twox_hash::XxHash64::oneshot(0, bytes);
    match value {
        Value::Int(_) | Value::Long(_) | Value::DateTime(_) | Value::TimeSpan(_) => {
            of(&value.as_long().unwrap_or_default().to_le_bytes())
        }
        Value::Real(number) => of(&number.to_le_bytes()),
        Value::Bool(truth) => of(&[u8::from(*truth)]),
        other => of(text::to_string(other).as_bytes()),
    }
}

/// `hash(value, mod)`: xxHash64, or its remainder.
fn hash(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let hash = xxhash(&arguments[0]).cast_signed();
    Ok(match arguments.get(1).and_then(Value::as_long) {
        Some(modulus) if modulus > 0 => Value::Long(hash.rem_euclid(modulus)),
        Some(_) => Value::Null,
        None => Value::Long(hash),
    })
}

fn combine(hashes: impl IntoIterator<Item = u64>) -> Value {
    let combined = hashes.into_iter().fold(0_u64, |seed, hash| {
        seed ^ hash.wrapping_add(0x9E37_79B9).wrapping_add(seed << 6).wrapping_add(seed >> 2)
    });
    Value::Long(combined.cast_signed())
}

fn hash_combine(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    Ok(combine(arguments.iter().filter_map(Value::as_long).map(i64::cast_unsigned)))
}

fn hash_many(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    Ok(combine(arguments.iter().map(xxhash)))
}

fn hex(bytes: &[u8]) -> Value {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into()
}

fn decoded(value: &Value) -> Option<Vec<u8>> {
    BASE64.decode(written(value).trim()).ok()
}

/// A guid as .NET lays it out: its first three groups least byte first.
fn guid_bytes(bits: u128) -> [u8; 16] {
    let mut bytes = bits.to_be_bytes();
    bytes[..4].reverse();
    bytes[4..6].reverse();
    bytes[6..8].reverse();
    bytes
}

fn base64_encode_fromguid(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    Ok(match &arguments[0] {
        Value::Guid(bits) => BASE64.encode(guid_bytes(*bits)).into(),
        _ => "".into(),
    })
}

fn base64_decode_toguid(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let bytes = decoded(&arguments[0]).and_then(|bytes| <[u8; 16]>::try_from(bytes).ok());
    Ok(bytes.map_or(Value::Null, |bytes| {
        let ordered = guid_bytes(u128::from_be_bytes(bytes));
        Value::Guid(u128::from_be_bytes(ordered))
    }))
}

fn base64_encode_fromarray(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let bytes = arguments[0].as_array().and_then(|items| {
        items.iter().map(|item| u8::try_from(item.to_value().as_long()?).ok()).collect::<Option<Vec<u8>>>()
    });
    Ok(bytes.map_or("".into(), |bytes| BASE64.encode(bytes).into()))
}

/// The engine stores the text without compressing it, and so do we: equal texts give equal results.
fn gzip(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::none());
    let written = encoder.write_all(written(&arguments[0]).as_bytes()).and_then(|()| encoder.finish());
    Ok(written.map_or("".into(), |mut bytes| {
        // The header says how hard it was tried to compress (RFC 1952, XFL); the engine says nothing.
        bytes[8] = 0;
        BASE64.encode(bytes).into()
    }))
}

fn zlib(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::none());
    let written = encoder.write_all(written(&arguments[0]).as_bytes()).and_then(|()| encoder.finish());
    Ok(written.map_or("".into(), |bytes| BASE64.encode(bytes).into()))
}

/// The text of a compressed one; empty if it is damaged, no UTF-8, or would become more than 16 MiB.
fn inflated(reader: Option<impl Read>) -> Value {
    let Some(reader) = reader else { return "".into() };
    let mut bytes = Vec::new();
    match reader.take(MAX_INFLATED + 1).read_to_end(&mut bytes) {
        Ok(_) if bytes.len() as u64 <= MAX_INFLATED => String::from_utf8(bytes).unwrap_or_default().into(),
        _ => "".into(),
    }
}

/// A domain label by label: those with letters beyond ASCII become punycode behind `xn--`; ideographic full stops are dots.
fn domain(text: &str) -> String {
    let labels = text.split(['.', '\u{3002}', '\u{ff0e}', '\u{ff61}']).map(|label| {
        if label.is_ascii() {
            Some(label.to_owned())
        } else {
            Some(format!("xn--{}", idna::punycode::encode_str(label)?))
        }
    });
    labels.collect::<Option<Vec<_>>>().map(|labels| labels.join(".")).unwrap_or_default()
}

/// A domain label by label, what is punycode read.
fn undomain(text: &str) -> String {
    let labels = text.split('.').map(|label| match label.strip_prefix("xn--") {
        Some(code) => idna::punycode::decode_to_string(code),
        None => Some(label.to_owned()),
    });
    labels.collect::<Option<Vec<_>>>().map(|labels| labels.join(".")).unwrap_or_default()
}

/// Percent-encoding of everything but letters, digits and `-_.!*()`; a space is `+` in a query and `%20` in a component.
fn url_encode(text: &str, form: bool) -> Value {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b' ' if form => out.push('+'),
            byte if byte.is_ascii_alphanumeric() || b"-_.!*()".contains(&byte) => out.push(char::from(byte)),
            b'~' if !form => out.push('~'),
            byte => out.push_str(&format!("%{byte:02x}")),
        }
    }
    out.into()
}

fn url_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes.get(at + 1..at + 3).filter(|_| bytes[at] == b'%').and_then(|digits| {
            let digits = std::str::from_utf8(digits).ok()?;
            digits
                .bytes()
                .all(|digit| digit.is_ascii_hexdigit())
                .then(|| u8::from_str_radix(digits, 16).ok())?
        });
        match byte {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(if bytes[at] == b'+' { b' ' } else { bytes[at] });
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use crate::function::function;
    use crate::{Context, Value, text};

    fn call(name: &str, arguments: &[Value]) -> String {
        text::to_string(&(function(name).unwrap().call)(&Context::new(0, 0), arguments).unwrap())
    }

    #[test]
    fn hashes() {
        assert_eq!(call("hash", &["World".into()]), "1846988464401551951");
        assert_eq!(call("hash", &["World".into(), 100.into()]), "51");
        assert_eq!(call("hash_sha1", &["World".into()]), "70c07ec18ef89c5309bbb0937f3a6342411e1fdd");
        assert_eq!(
            call("hash_sha1", &[Value::DateTime(637_134_336_000_000_000)]),
            "e903e533f4d636b4fc0dcf3cf81e7b7f330de776"
        );
    }

    #[test]
    fn there_and_back() {
        for (there, back) in [
            ("base64_encode_tostring", "base64_decode_tostring"),
            ("gzip_compress_to_base64_string", "gzip_decompress_from_base64_string"),
            ("zlib_compress_to_base64_string", "zlib_decompress_from_base64_string"),
            ("url_encode", "url_decode"),
            ("url_encode_component", "url_decode"),
            ("punycode_from_string", "punycode_to_string"),
        ] {
            let text = "Kusto £ & ünï";
            assert_eq!(call(back, &[call(there, &[text.into()]).into()]), text, "{there}");
        }
        let guid = Value::Guid(0x0011_2233_4455_6677_8899_aabb_ccdd_eeff);
        assert_eq!(
            call(
                "base64_decode_toguid",
                &[call("base64_encode_fromguid", std::slice::from_ref(&guid)).into()]
            ),
            text::to_string(&guid)
        );
        assert_eq!(call("base64_decode_tostring", &["S3VzdG8".into()]), "Kusto");
        assert_eq!(call("base64_decode_tostring", &["U3RyaW5n0KHR0tGA0L7Rh9C60LA=".into()]), "");
    }
}
