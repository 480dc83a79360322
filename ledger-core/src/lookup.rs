//! Stand-in until the module comes.
use crate::crypto::hash_newtype;
hash_newtype! {
    /// Handle of a contract or employer.
    Subject
}
hash_newtype! {
    /// Public VRF key.
    VrfPublicKey
}
