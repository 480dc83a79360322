//! The subject: the handle of a contract or an employer on the chain, and the proof of it (`format.md §4`).
//!
//! Employers' codes are public and contract numbers are counted up, so a plain hash of the two could
//! be guessed. The subject is the hash of a VRF output (RFC 9381, suite `c2sp.org/vrf-r255`): only the
//! holders of the key can make it, and whoever has the proof can check that it is the only one. The subject alone
//! ([`VrfSecretKey::subject`]) costs half of what it costs with its proof ([`VrfSecretKey::prove`]), which is made when
//! somebody asks for it.
//!
//! ```text
//! alpha (contract)  length(1) ‖ "luqi/contract-vrf" ‖ suite(1) ‖ length(2) ‖ employer ‖ length(2) ‖ contract number
//! alpha (employer)  length(1) ‖ "luqi/employer-vrf" ‖ suite(1) ‖ length(2) ‖ employer
//! subject           H(Subject)  network id(32) ‖ VRF output(64)
//! ```

use crate::crypto::{Domain, Hasher, NetworkId, Suite, hash_newtype};
use crate::names::Subject;
use curve25519_dalek::{RistrettoPoint, Scalar};
use sha2::{Digest, Sha512};
use thiserror::Error;
use zeroize::Zeroizing;

hash_newtype! {
    /// Proof that a subject is that of a name: Gamma(32) ‖ c(16) ‖ s(32) (RFC 9381 section 5.5).
    VrfProof, 80
}

/// A name beyond what a subject is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a code or number of {0} bytes is longer than a subject's input, 65535")]
pub struct NameTooLong(pub usize);

/// A key that is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the bytes are no key of the VRF: no canonical number or point, or the neutral one")]
pub struct VrfKeyError;

/// A proof that does not hold for a name under a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the proof does not show this subject")]
pub struct VrfError;

/// The VRF's input for a contract or an employer. Never printed: it is the name itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Alpha {
    suite: Suite,
    bytes: Vec<u8>,
}

impl Alpha {
    /// A contract, by its employer's code and its number, both exactly as written.
    ///
    /// # Errors
    /// [`NameTooLong`], when one has more than 65,535 bytes.
    pub fn contract(suite: Suite, employer: &str, contract_no: &str) -> Result<Self, NameTooLong> {
        Self::new(Domain::ContractVrf, suite, &[employer, contract_no])
    }

    /// An employer, by its code.
    ///
    /// # Errors
    /// [`NameTooLong`], when it has more than 65,535 bytes.
    pub fn employer(suite: Suite, employer: &str) -> Result<Self, NameTooLong> {
        Self::new(Domain::EmployerVrf, suite, &[employer])
    }

    fn new(domain: Domain, suite: Suite, names: &[&str]) -> Result<Self, NameTooLong> {
        let (length, text, id) = domain.head(suite);
        let mut bytes = [&length, text, &id].concat();
        for name in names {
            let length = u16::try_from(name.len()).map_err(|_| NameTooLong(name.len()))?;
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(name.as_bytes());
        }
        Ok(Self { suite, bytes })
    }

    /// The bytes that the VRF takes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl std::fmt::Debug for Alpha {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Alpha(not shown)")
    }
}

fn subject(network: &NetworkId, suite: Suite, output: &[u8; 64]) -> Subject {
    Subject(Hasher::new(Domain::Subject, suite).bytes(network).bytes(output).finish())
}

/// The public half of the VRF key; it stands in the genesis.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct VrfPublicKey(vrf_r255::PublicKey);

impl VrfPublicKey {
    /// Checks and takes 32 bytes. ristretto255 has one encoding for each point.
    ///
    /// # Errors
    /// [`VrfKeyError`], when they are no point, or the neutral one.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, VrfKeyError> {
        vrf_r255::PublicKey::from_bytes(*bytes).map(Self).ok_or(VrfKeyError)
    }

    /// The canonical 32 bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// The subject of a name, if the proof shows it.
    ///
    /// # Errors
    /// [`VrfError`], when the proof is malformed, or made with another key or for another name.
    pub fn verify(&self, network: &NetworkId, alpha: &Alpha, proof: &VrfProof) -> Result<Subject, VrfError> {
        let proof = vrf_r255::Proof::from_bytes(proof.0).ok_or(VrfError)?;
        let output: Option<[u8; 64]> = self.0.verify(&alpha.bytes, &proof).into();
        Ok(subject(network, alpha.suite, &output.ok_or(VrfError)?))
    }
}

crate::crypto::checked_key!(VrfPublicKey, to_bytes);

/// The VRF key of a network: drawn once, in its ceremony, and never changed. Never printed. It is
/// overwritten when dropped; what the VRF's crate copies to the stack while it works is not.
#[derive(Clone)]
pub struct VrfSecretKey {
    /// What proofs are made with.
    key: Box<vrf_r255::SecretKey>,
    /// The same number, for the output alone.
    scalar: Box<Zeroizing<Scalar>>,
}

impl VrfSecretKey {
    /// Takes 32 bytes: a number below the group's order, little-endian, and not zero.
    ///
    /// # Errors
    /// [`VrfKeyError`], when they are not.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, VrfKeyError> {
        let key: Option<vrf_r255::SecretKey> = vrf_r255::SecretKey::from_bytes(*bytes).into();
        let scalar: Option<Scalar> = Scalar::from_canonical_bytes(*bytes).into();
        match (key, scalar) {
            (Some(key), Some(scalar)) => Ok(Self { key: Box::new(key), scalar: Box::new(Zeroizing::new(scalar)) }),
            (None, _) | (_, None) => Err(VrfKeyError),
        }
    }

    /// The key that 32 random bytes draw: their lower 252 bits. The group's order is 2^252 and less
    /// than 2^125 more, so nothing that could be told apart is left out.
    ///
    /// # Errors
    /// [`VrfKeyError`], when they are zero, which chance does not bring about.
    pub fn from_random(random: &[u8; 32]) -> Result<Self, VrfKeyError> {
        let mut bytes = Zeroizing::new(*random);
        if let Some(last) = bytes.last_mut() {
            *last &= 0x0f;
        }
        Self::from_bytes(&bytes)
    }

    /// The bytes, for storing them.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.key.to_bytes())
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> VrfPublicKey {
        VrfPublicKey((*self.key).into())
    }

    /// The subject of a name, without a proof: a hash to the group, one multiplication, one encoding.
    #[must_use]
    pub fn subject(&self, network: &NetworkId, alpha: &Alpha) -> Subject {
        let point = Sha512::new_with_prefix(SUITE_STRING).chain_update([0x82]);
        let point = point.chain_update(self.public().to_bytes()).chain_update(&alpha.bytes).finalize();
        let gamma = RistrettoPoint::from_uniform_bytes(&point.into()) * **self.scalar;
        subject(network, alpha.suite, &output(gamma.compress().as_bytes()))
    }

    /// The proof that a name has its subject.
    #[must_use]
    pub fn prove(&self, alpha: &Alpha) -> VrfProof {
        VrfProof(self.key.prove(&alpha.bytes).to_bytes())
    }
}

impl Drop for VrfSecretKey {
    fn drop(&mut self) {
        let mut one = [0; 32];
        if let Some(first) = one.first_mut() {
            *first = 1;
        }
        if let Some(key) = vrf_r255::SecretKey::from_bytes(one).into() {
            *self.key = key;
        }
        // The compiler may not drop a write that somebody looks at.
        std::hint::black_box(&self.key);
    }
}

impl std::fmt::Debug for VrfSecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "VrfSecretKey(of {})", self.public())
    }
}

const SUITE_STRING: &[u8] = b"\xFFc2sp.org/vrf-r255";

/// The output that follows from Gamma (RFC 9381 section 5.2, `c2sp.org/vrf-r255`).
fn output(gamma: &[u8; 32]) -> [u8; 64] {
    Sha512::new_with_prefix(SUITE_STRING).chain_update([3]).chain_update(gamma).chain_update([0]).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SUITE: Suite = Suite::Ed25519Sha256;
    const NETWORK: NetworkId = NetworkId([7; 32]);

    fn key(seed: u8) -> VrfSecretKey {
        VrfSecretKey::from_random(&[seed; 32]).unwrap()
    }

    fn contract(employer: &str, number: &str) -> Alpha {
        Alpha::contract(SUITE, employer, number).unwrap()
    }

    /// The test vector of c2sp.org/vrf-r255.
    #[test]
    fn public_vector() {
        use crate::crypto::{hex, unhex};
        let bytes = unhex("3431c2b03533e280b23232e280b34e2c3132c2b03238e280b23131e280b34500").unwrap();
        let key = VrfSecretKey::from_bytes(&bytes).unwrap();
        assert_eq!(*key.to_bytes(), bytes);
        let public = "54136cd90d99fbd1d4e855d9556efea87ba0337f2a6ce22028d0f5726fcb854e";
        assert_eq!(key.public().to_string(), public);
        let alpha = Alpha { suite: SUITE, bytes: b"c2sp.org/vrf-r255".to_vec() };
        let (subject, proof) = (key.subject(&NETWORK, &alpha), key.prove(&alpha));
        let pi = "0a97d961262fb549b4175c5117860f42ae44a123f93c476c439eddd1c0cff9265c805525233e2284dbed45e593b8eea3\
                  1d5ca9734d72bcbba9738d5237f955f3b2422351149d1312503b6441a47c940c";
        assert_eq!(proof.to_string(), pi);
        let beta = "dd653f0879b48c3ef69e13551239bec4cbcc1c18fe8894de2e9e1c790e18273603bf1c6c25d7a797aeff3c43fd32b974\
                    d3fcbd4bcce916007097922a3ea3a794";
        assert_eq!(hex(&output(proof.0.first_chunk().unwrap())), beta);
        assert_eq!(key.public().verify(&NETWORK, &alpha, &proof), Ok(subject));
    }

    #[test]
    fn inputs_are_as_drawn() {
        let drawn = b"\x11luqi/contract-vrf\x01\0\x0291\0\x04\xe9\xb2\x811";
        assert_eq!(contract("91", "鲁1").as_bytes(), drawn);
        assert_eq!(Alpha::employer(SUITE, "91").unwrap().as_bytes(), b"\x11luqi/employer-vrf\x01\0\x0291");
        assert_eq!(Alpha::contract(SUITE, "91", &"1".repeat(65_536)), Err(NameTooLong(65_536)));
    }

    #[test]
    fn names_do_not_run_into_each_other() {
        let names = [contract("91", "01"), contract("910", "1"), contract("91", "1"), contract("91", "01 ")];
        let subjects: Vec<_> = names.iter().map(|alpha| key(3).subject(&NETWORK, alpha)).collect();
        let employer = key(3).subject(&NETWORK, &Alpha::employer(SUITE, "91").unwrap());
        for (place, subject) in subjects.iter().enumerate() {
            assert!(!subjects[place + 1..].contains(subject) && *subject != employer);
        }
        assert_ne!(key(3).subject(&NetworkId([8; 32]), &names[0]), subjects[0]);
        assert_ne!(key(4).subject(&NETWORK, &names[0]), subjects[0]);
    }

    #[test]
    fn a_proof_is_of_one_key_and_name() {
        let alpha = contract("91370102MAFAKE019M", "LQ-1");
        let (subject, proof) = (key(3).subject(&NETWORK, &alpha), key(3).prove(&alpha));
        assert_eq!(key(3).public().verify(&NETWORK, &alpha, &proof), Ok(subject));
        assert_eq!(key(4).public().verify(&NETWORK, &alpha, &proof), Err(VrfError));
        let other = contract("91370102MAFAKE019M", "LQ-2");
        assert_eq!(key(3).public().verify(&NETWORK, &other, &proof), Err(VrfError));
    }

    #[test]
    fn keys_are_strict_and_secret() {
        assert!(VrfSecretKey::from_bytes(&[0; 32]).is_err());
        assert!(VrfSecretKey::from_bytes(&[0xff; 32]).is_err());
        assert!(VrfPublicKey::from_bytes(&[0; 32]).is_err(), "the neutral point");
        assert!(VrfPublicKey::from_bytes(&[0xff; 32]).is_err());
        let key = VrfSecretKey::from_random(&[0x5a; 32]).unwrap();
        assert_eq!(format!("{key:?}"), format!("VrfSecretKey(of {})", key.public()));
        assert_eq!(format!("{:?}", key.public()), format!("VrfPublicKey({})", key.public()));
        assert_eq!(crate::codec::decode(&crate::codec::encode(&key.public())), Ok(key.public()));
        assert!(crate::codec::decode::<VrfPublicKey>(&[0; 32]).is_err());
        assert_eq!(format!("{:?}", contract("91", "1")), "Alpha(not shown)");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_subject_alone_is_the_one_that_its_proof_shows(secret in 1_u8.., employer in "[0-9A-Z]{18}", number in "\\PC{1,40}") {
            let alpha = contract(&employer, &number);
            let (subject, proof) = (key(secret).subject(&NETWORK, &alpha), key(secret).prove(&alpha));
            prop_assert_eq!(key(secret).public().verify(&NETWORK, &alpha, &proof), Ok(subject));
        }

        #[test]
        fn no_proof_survives_a_changed_bit(bit in 0_usize..640) {
            let alpha = contract("91370102MAFAKE019M", "LQ-1");
            let mut proof = key(3).prove(&alpha);
            proof.0[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(key(3).public().verify(&NETWORK, &alpha, &proof), Err(VrfError));
        }
    }
}
