//! Secure connections: rustls, with HTTP/2 and HTTP/1.1 offered by ALPN.

use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::TlsFiles;
use crate::domain::{Error, Result};

/// The protocols, the best first.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// What makes connections secure, with the certificate and key of these files.
///
/// # Errors
/// `invalid_input` when one cannot be read or they do not belong together.
pub(super) fn acceptor(files: &TlsFiles) -> Result<TlsAcceptor> {
    let wrong = |what: &str, path: &std::path::Path, error: &dyn std::fmt::Display| {
        Error::invalid(format!("the {what} {} cannot be used: {error}", crate::config::printable(&path.to_string_lossy())))
            .hint("both files must be PEM, the certificate first and then those that signed it")
    };
    let of_certificate = |error: &dyn std::fmt::Display| wrong("certificate", &files.certificate, error);
    let of_key = |error: &dyn std::fmt::Display| wrong("key", &files.key, error);
    let certificates = CertificateDer::pem_file_iter(&files.certificate)
        .map_err(|error| of_certificate(&error))?
        .collect::<std::result::Result<Vec<_>, _>>()
        .map_err(|error| of_certificate(&error))?;
    if certificates.is_empty() {
        return Err(of_certificate(&"it holds no certificate"));
    }
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| of_key(&error))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::internal(format!("no secure connections: {error}")))?
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .map_err(|error| of_key(&error))?;
    config.alpn_protocols = PROTOCOLS.iter().map(|name| name.to_vec()).collect();
    Ok(TlsAcceptor::from(Arc::new(config)))
}
