//! TLS with an authority of the server's own.
//!
//! The authority's key and certificate stay in the data folder, so that clients who trust it go on to do so; the server's own
//! certificate is made at every start and never written down. Its properties are those that the clients of Azure ask for:
//! key usages and key identifiers on both, names and addresses as alternative names.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::serve::Listener;
use jiff::tz::Offset;
use jiff::{Timestamp, ToSpan};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::exit::Failure;

/// The authority's certificate in the data folder.
pub(super) const CA: &str = "ca.pem";
/// Its key, beside it.
const CA_KEY: &str = "ca-key.pem";
/// Clients may take this long to agree on a connection.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Connections that are agreed on and wait to be served.
const WAITING: usize = 64;

/// Accepts connections with TLS.
pub(super) struct TlsListener {
    ready: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    address: SocketAddr,
}

/// Serves TLS on a listener, under `localhost`, the loopback addresses and these names.
///
/// # Errors
/// When the data folder cannot be written, or what is in it is no authority.
pub(super) async fn listen(tcp: TcpListener, data: &Path, names: &[String]) -> Result<TlsListener, Failure> {
    let config = config(data, names)?;
    let address = tcp.local_addr().context("the listener has no address")?;
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let (sender, ready) = mpsc::channel(WAITING);
    tokio::spawn(async move {
        loop {
            let Ok((stream, peer)) = tcp.accept().await else {
                // Out of file handles, most likely: others are given back meanwhile.
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            let (acceptor, sender) = (acceptor.clone(), sender.clone());
            if sender.is_closed() {
                return;
            }
            tokio::spawn(async move {
                if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
                    // Nobody accepts any more when the server ends.
                    let _ = sender.send((stream, peer)).await;
                }
            });
        }
    });
    Ok(TlsListener { ready, address })
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(connection) => connection,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Ok(self.address)
    }
}

fn config(data: &Path, names: &[String]) -> Result<ServerConfig, Failure> {
    let (authority, key) = authority(data)?;
    let issuer = Issuer::new(authority_params()?, key);
    let mut all = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    all.extend(
        names.iter().filter(|name| !["localhost", "127.0.0.1", "::1"].contains(&name.as_str())).cloned(),
    );
    let mut params = CertificateParams::new(all).context("a `--name` is no name of a host")?;
    params.distinguished_name.push(DnType::CommonName, "Azimuth");
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    set_valid(&mut params, 397)?;
    let key = KeyPair::generate().context("no key for the server")?;
    let certificate = params.signed_by(&key, &issuer).context("no certificate for the server")?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .context("TLS does not start")?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone(), authority], key)
        .context("TLS does not take the certificate")?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// The authority's certificate and key: those in the data folder, or new ones.
fn authority(data: &Path) -> Result<(rustls::pki_types::CertificateDer<'static>, KeyPair), Failure> {
    use rustls::pki_types::pem::PemObject;
    let (path, key_path) = (data.join(CA), data.join(CA_KEY));
    if path.exists() && key_path.exists() {
        let text =
            fs::read_to_string(&key_path).with_context(|| format!("cannot read `{}`", key_path.display()))?;
        let key = KeyPair::from_pem(&text).with_context(|| {
            format!("`{}` is no key; remove both files to make new ones", key_path.display())
        })?;
        let certificate = rustls::pki_types::CertificateDer::from_pem_file(&path)
            .with_context(|| format!("`{}` is no certificate", path.display()))?;
        return Ok((certificate, key));
    }
    fs::create_dir_all(data).with_context(|| format!("cannot make the folder `{}`", data.display()))?;
    let key = KeyPair::generate().context("no key for the authority")?;
    let certificate = authority_params()?.self_signed(&key).context("no certificate for the authority")?;
    write_secret(&key_path, &key.serialize_pem())?;
    fs::write(&path, certificate.pem()).with_context(|| format!("cannot write `{}`", path.display()))?;
    Ok((certificate.der().clone(), key))
}

/// The authority as its certificate describes it; the same for the same key.
fn authority_params() -> Result<CertificateParams, Failure> {
    let mut params = CertificateParams::new(Vec::new()).context("no names are no error")?;
    params.distinguished_name.push(DnType::CommonName, "Azimuth local certificate authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    set_valid(&mut params, 3650)?;
    Ok(params)
}

/// Makes a certificate valid from yesterday, as clocks differ, for so many days.
fn set_valid(params: &mut CertificateParams, days: i64) -> Result<(), Failure> {
    let today = Offset::UTC.to_datetime(Timestamp::now()).date();
    let day = |days: i64| {
        let date = today.checked_add(days.days())?;
        #[allow(clippy::cast_sign_loss, reason = "months and days are above 0")]
        Ok::<_, jiff::Error>(rcgen::date_time_ymd(date.year().into(), date.month() as u8, date.day() as u8))
    };
    (params.not_before, params.not_after) = (day(-1)?, day(days)?);
    Ok(())
}

/// Writes a file that only its owner reads.
fn write_secret(path: &Path, text: &str) -> Result<(), Failure> {
    use std::io::Write as _;
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).with_context(|| format!("cannot write `{}`", path.display()))?;
    file.write_all(text.as_bytes()).with_context(|| format!("cannot write `{}`", path.display()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_authority_stays_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let (first, _) = authority(folder.path()).unwrap();
        let (second, _) = authority(folder.path()).unwrap();
        assert_eq!(first, second);
        assert!(config(folder.path(), &["azimuth.example".to_owned()]).is_ok());
        fs::write(folder.path().join(CA_KEY), "nonsense").unwrap();
        assert!(authority(folder.path()).is_err());
    }
}
