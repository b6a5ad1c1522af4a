//! DER in its PEM clothes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::error::Error;

/// How many base64 characters a line holds (RFC 7468).
const LINE: usize = 64;

/// `der` as a PEM section with `label`, such as `CERTIFICATE`.
pub(crate) fn encode(label: &str, der: &[u8]) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    let body = STANDARD.encode(der);
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, tail) = rest.split_at(rest.len().min(LINE));
        text.push_str(line);
        text.push('\n');
        rest = tail;
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

/// Every certificate of `text`, in its order; `what` names the text in an error.
pub(crate) fn certificates(what: &str, text: &[u8]) -> Result<Vec<CertificateDer<'static>>, Error> {
    let fault = |reason: String| Error::ParseCertificate { certificate: what.to_owned(), reason };
    let found = CertificateDer::pem_slice_iter(text)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| fault("it is no PEM".to_owned()))?;
    if found.is_empty() {
        return Err(fault("it has no CERTIFICATE section".to_owned()));
    }
    Ok(found)
}
