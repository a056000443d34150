//! A certificate authority that follows from 32 bytes: whoever has them has the same one, to the last bit.

use std::{str::FromStr, time::Duration};

use p256::{
    SecretKey,
    ecdsa::{DerSignature, SigningKey, VerifyingKey},
    pkcs8::{EncodePrivateKey, EncodePublicKey},
};
use x509_cert::{
    TbsCertificate,
    builder::{self, Builder, CertificateBuilder, profile::BuilderProfile},
    certificate::Rfc5280,
    der::{
        DateTime, Decode, Encode, Reader, SliceReader,
        asn1::{AnyRef, UtcTime},
    },
    ext::{
        Extension, ToExtension,
        pkix::{BasicConstraints, KeyUsage, KeyUsages, SubjectKeyIdentifier},
    },
    name::Name,
    serial_number::SerialNumber,
    spki::{SubjectPublicKeyInfo, SubjectPublicKeyInfoRef},
    time::{Time, Validity},
};

use crate::{
    digest::{sha256, sha256_hex},
    encoding::{from_pem, pem},
    error::{Error, Result},
};

/// Its key, on the curve P-256 (FIPS 186-5): the smallest that kubeadm takes.
pub struct Authority(SigningKey);

/// First of January 2020: before any clock that is set, so that none is too slow for what it vouches for.
const BEGIN: u64 = 1_577_836_800;
/// End of 2049, the last year that a UTCTime has.
const END: u64 = 2_524_607_999;

impl Authority {
    /// The one that these bytes are.
    pub fn from_seed(seed: &[u8; 32]) -> Authority {
        let mut seed = *seed;
        loop {
            match SecretKey::from_slice(&seed) {
                Ok(key) => return Authority(key.into()),
                // One in 2³² is no number of the curve.
                Err(_) => seed = sha256(&seed),
            }
        }
    }

    fn key(&self) -> &VerifyingKey {
        self.0.verifying_key()
    }

    /// `sha256:` and the digest of its public key: what kubeadm calls a `discovery-token-ca-cert-hash` (RFC 7469 pins so
    /// as well).
    pub fn pin(&self) -> Result<String> {
        let der = self.key().to_public_key_der().map_err(Error::failed)?;
        Ok(format!("sha256:{}", sha256_hex(der.as_bytes())))
    }

    /// The private key (RFC 5958), as PEM.
    pub fn private_key(&self) -> Result<String> {
        let der = SecretKey::from(&self.0).to_pkcs8_der().map_err(Error::failed)?;
        Ok(pem("PRIVATE KEY", der.as_bytes()))
    }

    /// Its certificate (RFC 5280), signed by itself, as PEM. The name is a plain word.
    pub fn certificate(&self, name: &str) -> Result<String> {
        let write = || -> Result<Vec<u8>, builder::Error> {
            let subject = Name::from_str(&format!("CN={name}"))?;
            let date = |seconds| DateTime::from_unix_duration(Duration::from_secs(seconds));
            let time = |seconds| Ok::<Time, builder::Error>(UtcTime::from_date_time(date(seconds)?)?.into());
            let validity = Validity::new(time(BEGIN)?, time(END)?);
            let key = SubjectPublicKeyInfo::from_key(self.key())?;
            let certificate = CertificateBuilder::new(Own { subject }, SerialNumber::from(1u8), validity, key)?;
            Ok(certificate.build::<_, DerSignature>(&self.0)?.to_der()?)
        };
        Ok(pem("CERTIFICATE", &write().map_err(Error::failed)?))
    }
}

/// Since when and until when a certificate as PEM is good, in seconds since 1970; nothing where it is none.
pub fn validity(certificate: &str) -> Option<[u64; 2]> {
    let der = from_pem("CERTIFICATE", certificate)?;
    let parts = |value: &[u8]| -> Option<Vec<Vec<u8>>> {
        let (mut reader, mut parts) = (SliceReader::new(value).ok()?, Vec::new());
        while !reader.is_finished() {
            parts.push(reader.tlv_bytes().ok()?.to_vec());
        }
        Some(parts)
    };
    let within = |der: &[u8]| parts(AnyRef::from_der(der).ok()?.value());
    // TBSCertificate: version, serial number, signature, issuer, validity (RFC 5280, 4.1).
    let validity = Validity::<Rfc5280>::from_der(within(within(&der)?.first()?)?.get(4)?).ok()?;
    Some([validity.not_before, validity.not_after].map(|time| time.to_unix_duration().as_secs()))
}

/// What is in the certificate of an authority of a cluster.
struct Own {
    subject: Name,
}

impl BuilderProfile for Own {
    fn get_issuer(&self, subject: &Name) -> Name {
        subject.clone()
    }

    fn get_subject(&self) -> Name {
        self.subject.clone()
    }

    fn build_extensions(
        &self,
        key: SubjectPublicKeyInfoRef<'_>,
        _: SubjectPublicKeyInfoRef<'_>,
        certificate: &TbsCertificate,
    ) -> builder::Result<Vec<Extension>> {
        let usage = KeyUsage(KeyUsages::DigitalSignature | KeyUsages::KeyEncipherment | KeyUsages::KeyCertSign);
        let constraints = BasicConstraints { ca: true, path_len_constraint: None };
        let subject = certificate.subject();
        Ok(vec![
            usage.to_extension(subject, &[])?,
            constraints.to_extension(subject, &[])?,
            SubjectKeyIdentifier::try_from(key)?.to_extension(subject, &[])?,
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_says_since_when_and_until_when_it_is_good() {
        let certificate = Authority::from_seed(&[7; 32]).certificate("kubernetes").unwrap();
        assert_eq!(validity(&certificate), Some([BEGIN, END]));
        assert_eq!(validity(&certificate.replace("MII", "AII")), None);
        assert_eq!(validity("no certificate"), None);
    }

    #[test]
    fn the_same_bytes_give_the_same_authority() {
        let (one, other) = (Authority::from_seed(&[7; 32]), Authority::from_seed(&[7; 32]));
        assert_eq!(one.certificate("kubernetes").unwrap(), other.certificate("kubernetes").unwrap());
        assert_eq!(one.private_key().unwrap(), other.private_key().unwrap());
        assert_ne!(one.pin().unwrap(), Authority::from_seed(&[8; 32]).pin().unwrap());
        // No number of the curve.
        assert!(Authority::from_seed(&[0xff; 32]).pin().is_ok());
    }
}
