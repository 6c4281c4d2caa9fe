//! Bodies: read within limits of size and time, and unpacked.

use std::io::Read;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use futures_util::StreamExt;

/// Why a body could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PayloadError {
    /// More bytes than this, packed or unpacked
    TooLarge(usize),
    /// `Content-Encoding` names something that is not unpacked here
    Encoding(String),
    /// It does not unpack
    Damaged,
    /// The client went away
    Broken,
    /// The client takes too long
    Slow,
}

impl std::fmt::Display for PayloadError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooLarge(limit) => {
                write!(out, "the body has more than {limit} bytes; send it in smaller parts")
            }
            Self::Encoding(encoding) => {
                write!(out, "the content encoding `{encoding}` is not supported; use `gzip`, or none")
            }
            Self::Damaged => out.write_str("the body does not unpack: it is damaged or cut off"),
            Self::Broken => out.write_str("the body ended before its end"),
            Self::Slow => out.write_str("the body took too long to arrive"),
        }
    }
}

/// A body as it came.
#[derive(Debug)]
pub(super) struct Payload {
    /// What it holds, unpacked
    pub(super) bytes: Bytes,
    /// Its length on the wire
    pub(super) wire: usize,
}

/// Reads and unpacks a body of at most `limit` bytes, packed and unpacked.
pub(super) async fn read(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
    time: Duration,
) -> Result<Payload, PayloadError> {
    let declared = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|length| length > limit) {
        return Err(PayloadError::TooLarge(limit));
    }
    let packing = Packing::of(headers)?;
    let bytes = tokio::time::timeout(time, whole(body, declared.unwrap_or_default(), limit))
        .await
        .map_err(|_| PayloadError::Slow)??;
    let wire = bytes.len();
    if packing == Packing::None {
        return Ok(Payload { bytes, wire });
    }
    let unpacked = tokio::task::spawn_blocking(move || unpack(packing, &bytes, limit)).await;
    Ok(Payload { bytes: unpacked.map_err(|_| PayloadError::Damaged)??.into(), wire })
}

async fn whole(body: Body, expected: usize, limit: usize) -> Result<Bytes, PayloadError> {
    let mut parts = body.into_data_stream();
    let mut bytes = Vec::with_capacity(expected);
    while let Some(part) = parts.next().await {
        let part = part.map_err(|_| PayloadError::Broken)?;
        if bytes.len() + part.len() > limit {
            return Err(PayloadError::TooLarge(limit));
        }
        bytes.extend_from_slice(&part);
    }
    Ok(bytes.into())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Packing {
    None,
    Gzip,
    Deflate,
}

impl Packing {
    fn of(headers: &HeaderMap) -> Result<Self, PayloadError> {
        let Some(encoding) = headers.get(CONTENT_ENCODING) else { return Ok(Self::None) };
        let encoding = encoding.to_str().unwrap_or_default().trim().to_ascii_lowercase();
        match encoding.as_str() {
            "" | "identity" => Ok(Self::None),
            "gzip" | "x-gzip" => Ok(Self::Gzip),
            "deflate" => Ok(Self::Deflate),
            _ => Err(PayloadError::Encoding(encoding)),
        }
    }
}

fn unpack(packing: Packing, bytes: &[u8], limit: usize) -> Result<Vec<u8>, PayloadError> {
    let most = limit as u64 + 1;
    let mut unpacked = Vec::new();
    let read = match packing {
        Packing::None => bytes.take(most).read_to_end(&mut unpacked),
        Packing::Gzip => MultiGzDecoder::new(bytes).take(most).read_to_end(&mut unpacked),
        Packing::Deflate => ZlibDecoder::new(bytes).take(most).read_to_end(&mut unpacked),
    };
    if unpacked.len() > limit {
        return Err(PayloadError::TooLarge(limit));
    }
    read.map_err(|_| PayloadError::Damaged)?;
    Ok(unpacked)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use axum::http::HeaderValue;
    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn packed(plain: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    async fn given(encoding: &'static str, bytes: Vec<u8>, limit: usize) -> Result<Bytes, PayloadError> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
        read(&headers, Body::from(bytes), limit, Duration::from_secs(5)).await.map(|payload| payload.bytes)
    }

    #[tokio::test]
    async fn packed_bodies_are_unpacked_within_the_limit() {
        assert_eq!(given("gzip", packed(b"[1]"), 100).await.unwrap(), "[1]");
        assert_eq!(given("identity", b"[1]".to_vec(), 100).await.unwrap(), "[1]");
        // A bomb: small on the wire, large unpacked.
        assert_eq!(
            given("gzip", packed(&vec![0; 1 << 20]), 10_000).await,
            Err(PayloadError::TooLarge(10_000))
        );
        assert_eq!(given("", vec![0; 101], 100).await, Err(PayloadError::TooLarge(100)));
    }

    #[tokio::test]
    async fn what_does_not_unpack_is_an_error() {
        let mut cut = packed(b"some text that is cut off before its end");
        cut.truncate(cut.len() - 9);
        assert_eq!(given("gzip", cut, 1000).await, Err(PayloadError::Damaged));
        assert_eq!(given("gzip", b"no gzip".to_vec(), 1000).await, Err(PayloadError::Damaged));
        assert_eq!(given("br", Vec::new(), 1000).await, Err(PayloadError::Encoding("br".to_owned())));
    }
}
