//! What the network is told before it starts.

use ledger_core::names::NodeNumber;
use libp2p::PeerId;
use std::io;
use std::net::SocketAddr;
use thiserror::Error;

/// Where to listen, and whom to call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkConfig {
    /// Where this node listens; port 0 takes a free one, which [`super::Network::listening`] tells.
    pub listen: SocketAddr,
    /// The nodes that are called until they are connected. An entry that names this node itself is skipped;
    /// a member that has no entry may still call.
    pub peers: Vec<PeerConfig>,
}

/// A node that is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerConfig {
    /// Its number.
    pub node: NodeNumber,
    /// `host:port`. The host is resolved anew at each attempt.
    pub address: String,
    /// A peer id that is believed at this address although the chain, as far as this node has it, does not
    /// know it: whoever joins late, or was away while a key was changed, could call nobody otherwise.
    pub pin: Option<PeerId>,
}

/// Why the network cannot start.
#[derive(Debug, Error)]
pub enum NetworkError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}; is the port taken, or the address not this machine's?")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The library refused what it was set up with.
    #[error("the peer-to-peer library cannot be set up: {0}")]
    Setup(String),
}
