//! What an operator may set: `HOME/node.toml`, and variables of the environment over it.
//!
//! Nothing here is something that nodes must agree on; that stands in the chain's parameters. A key that is
//! not known is refused with its line, a variable with its name, so that a misspelt one never passes for its
//! default. The file that [`Config::to_toml`] writes has every key with its meaning.

mod text;

use crate::durable::{IoError, create_new, read};
use crate::store::StoreConfig;
use ledger_core::crypto::PublicKey;
use ledger_core::names::NodeNumber;
use serde::{Deserialize, Serialize};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Name of the file in a home.
pub const FILE: &str = "node.toml";
/// Variables of the environment begin with it: `LUQI_<SECTION>_<KEY>`.
const PREFIX: &str = "LUQI_";
/// The engine speaks of every vote, and calls an actor that is told to end an error; gossipsub shows whole messages
/// that a slow peer did not get. What matters of both is said by this program, or counted. What ends the engine by
/// itself stays.
const LEVEL: &str = "info,arc_malachitebft=off,arc_malachitebft_engine::wal=error,arc_malachitebft_engine::node=error,\
                     arc_malachitebft_engine::util::failure=error,ractor=off,libp2p=error,libp2p_gossipsub=off";
/// No configuration is longer.
const MAX_FILE: u64 = 1 << 20;

/// Why a configuration cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read or written.
    #[error(transparent)]
    Io(#[from] IoError),
    /// The file is there already.
    #[error("{} is there already, and is not overwritten", .0.display())]
    Exists(PathBuf),
    /// What cannot be understood, with its line.
    #[error("{} cannot be understood: {why}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why, with line and column.
        why: String,
    },
    /// A variable that sets nothing.
    #[error("the variable {0} sets nothing: there is no such key; the keys are those of node.toml")]
    UnknownVariable(String),
    /// A variable that does not fit.
    #[error("the variable {name} does not fit its key: {why}")]
    Variable {
        /// Its name.
        name: String,
        /// Why.
        why: String,
    },
    /// A value that makes no sense.
    #[error("{key} is {value}: {why}")]
    Value {
        /// Section and key.
        key: &'static str,
        /// What it is.
        value: String,
        /// What it has to be.
        why: &'static str,
    },
}

/// Everything that an operator may set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The swarm.
    pub network: NetworkSection,
    /// The HTTP surface.
    pub http: HttpSection,
    /// What is logged.
    pub log: LogSection,
    /// The store.
    pub store: StoreSection,
    /// What waits for a block.
    pub mempool: MempoolSection,
}

/// The swarm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NetworkSection {
    /// Where members' nodes connect to.
    pub listen: SocketAddr,
    /// Nodes that are dialled, and dialled again.
    pub peers: Vec<PeerSection>,
}

/// A node that is dialled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeerSection {
    /// Its number.
    pub node: NodeNumber,
    /// `HOST:PORT`; a name is resolved again at each attempt.
    pub address: String,
    /// Its peer key, for who has been away while keys changed; otherwise the chain says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<PublicKey>,
}

/// Another node of the network, for whoever fills in where it is.
#[derive(Clone, Debug)]
pub struct Other {
    /// Its number.
    pub node: NodeNumber,
    /// Whose it is.
    pub member: String,
}

/// The HTTP surface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpSection {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Where health, readiness and metrics are told to whoever watches the node; empty for nowhere else.
    pub metrics_listen: MetricsListen,
    /// The Unix socket; empty for `HOME/node.sock`.
    pub socket: PathBuf,
    /// The largest message that is taken, in bytes.
    pub max_body_bytes: u32,
    /// Bytes of all bodies that are read, or waited for, at once.
    pub max_bodies_bytes: u32,
    /// Connections at once.
    pub max_connections: u32,
    /// Streams of blocks at once.
    pub max_streams: u32,
    /// How long a request's head may take to arrive, in milliseconds.
    pub header_timeout_ms: u32,
    /// How long a request may take in all, in milliseconds; a stream of blocks may stand still as long.
    pub request_timeout_ms: u32,
    /// Bytes a second that the other side of an answer must read in the long run.
    pub least_bytes_per_second: u32,
    /// Requests a second of one remote address.
    pub requests_per_second: u32,
    /// Requests at once of one remote address.
    pub burst: u32,
}

/// An address of a listener of its own for metrics, or the empty text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MetricsListen(pub Option<SocketAddr>);

impl TryFrom<String> for MetricsListen {
    type Error = std::net::AddrParseError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.is_empty() { Ok(Self(None)) } else { text.parse().map(|address| Self(Some(address))) }
    }
}

impl From<MetricsListen> for String {
    fn from(listen: MetricsListen) -> Self {
        listen.0.map_or_else(Self::new, |address| address.to_string())
    }
}

/// What is logged, to standard error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogSection {
    /// For people or for programs.
    pub format: LogFormat,
    /// Which lines: a level, or levels by module.
    pub level: String,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For programs: one object a line.
    Json,
}

/// The store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreSection {
    /// Blocks that stay in the database.
    pub hot_blocks: u64,
    /// Bytes that stay in the database.
    pub hot_bytes: u64,
    /// A sealed file that is as large is closed.
    pub segment_bytes: u64,
    /// Blocks between two snapshots of the contract map.
    pub snapshot_blocks: u64,
}

/// What waits for a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MempoolSection {
    /// Bytes of submissions that wait, of all members.
    pub max_bytes: u64,
    /// Bytes of one member's.
    pub max_member_bytes: u64,
}

impl Default for NetworkSection {
    fn default() -> Self {
        Self { listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 7070)), peers: Vec::new() }
    }
}

impl Default for HttpSection {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 7080)),
            metrics_listen: MetricsListen::default(),
            socket: PathBuf::new(),
            max_body_bytes: 4 << 20,
            max_bodies_bytes: 64 << 20,
            max_connections: 256,
            max_streams: 4,
            header_timeout_ms: 10_000,
            request_timeout_ms: 30_000,
            least_bytes_per_second: 64 << 10,
            requests_per_second: 200,
            burst: 400,
        }
    }
}

impl Default for LogSection {
    fn default() -> Self {
        Self { format: LogFormat::default(), level: LEVEL.to_owned() }
    }
}

impl Default for StoreSection {
    fn default() -> Self {
        let StoreConfig { hot_blocks, hot_bytes, segment_bytes, snapshot_blocks, .. } = StoreConfig::default();
        Self { hot_blocks, hot_bytes, segment_bytes, snapshot_blocks }
    }
}

impl Default for MempoolSection {
    fn default() -> Self {
        Self { max_bytes: 256 << 20, max_member_bytes: 32 << 20 }
    }
}

impl StoreSection {
    /// The store's own configuration.
    #[must_use]
    pub fn to_store(&self) -> StoreConfig {
        let Self { hot_blocks, hot_bytes, segment_bytes, snapshot_blocks } = *self;
        StoreConfig { hot_blocks, hot_bytes, segment_bytes, snapshot_blocks, ..StoreConfig::default() }
    }
}

impl HttpSection {
    /// The Unix socket of a home.
    #[must_use]
    pub fn socket_in(&self, home: &Path) -> PathBuf {
        if self.socket.as_os_str().is_empty() { home.join("node.sock") } else { self.socket.clone() }
    }
}

impl Config {
    /// Reads the configuration of a home, with variables of the environment over it. Where there is no
    /// file, everything has its default.
    ///
    /// # Errors
    /// [`ConfigError`], naming line or variable.
    pub fn load(home: &Path, environment: impl Iterator<Item = (String, String)>) -> Result<Self, ConfigError> {
        let path = home.join(FILE);
        let config = if path.exists() { Self::read(&path)? } else { Self::default() };
        let config = config.with_environment(environment)?;
        config.check()?;
        Ok(config)
    }

    /// Reads one file, and nothing over it.
    ///
    /// # Errors
    /// [`ConfigError`], naming the line.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = String::from_utf8(read(path, MAX_FILE)?);
        let text =
            text.map_err(|error| ConfigError::File { path: path.to_owned(), why: error.utf8_error().to_string() })?;
        let malformed = |error: toml::de::Error| ConfigError::File {
            path: path.to_owned(),
            why: error.to_string().trim().to_owned(),
        };
        toml::from_str(&text).map_err(malformed)
    }

    /// Writes the file of a home; one that is there stays as it is.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn write(&self, home: &Path) -> Result<PathBuf, ConfigError> {
        self.write_beside(home, &[])
    }

    /// The same, with the other nodes of the network named for whoever fills in where they are.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn write_beside(&self, home: &Path, others: &[Other]) -> Result<PathBuf, ConfigError> {
        let path = home.join(FILE);
        let made = create_new(&path, 0o644, self.to_toml_beside(others).as_bytes())?;
        if made { Ok(path) } else { Err(ConfigError::Exists(path)) }
    }

    /// Variables of the environment go over what the file says.
    fn with_environment(self, environment: impl Iterator<Item = (String, String)>) -> Result<Self, ConfigError> {
        let broken = |name: &str| {
            let name = name.to_owned();
            move |why: String| ConfigError::Variable { name, why: why.trim().to_owned() }
        };
        let mut config = self;
        for (name, text) in environment {
            let Some((section, key)) = place(&name) else { continue };
            let mut table = toml::Table::try_from(&config).map_err(|error| broken(&name)(error.to_string()))?;
            let value = table.get_mut(section).and_then(|section| section.get_mut(key.as_str()));
            let Some(value) = value else { return Err(ConfigError::UnknownVariable(name)) };
            *value = read_as(value, &text).map_err(broken(&name))?;
            config = table.try_into().map_err(|error: toml::de::Error| broken(&name)(error.to_string()))?;
        }
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let http = &self.http;
        let positive = [
            ("http.max_body_bytes", u64::from(http.max_body_bytes)),
            ("http.max_bodies_bytes", u64::from(http.max_bodies_bytes)),
            ("http.least_bytes_per_second", u64::from(http.least_bytes_per_second)),
            ("http.max_connections", u64::from(http.max_connections)),
            ("http.max_streams", u64::from(http.max_streams)),
            ("http.header_timeout_ms", u64::from(http.header_timeout_ms)),
            ("http.request_timeout_ms", u64::from(http.request_timeout_ms)),
            ("http.requests_per_second", u64::from(http.requests_per_second)),
            ("http.burst", u64::from(http.burst)),
            ("store.hot_blocks", self.store.hot_blocks),
            ("store.hot_bytes", self.store.hot_bytes),
            ("store.segment_bytes", self.store.segment_bytes),
            ("store.snapshot_blocks", self.store.snapshot_blocks),
            ("mempool.max_bytes", self.mempool.max_bytes),
            ("mempool.max_member_bytes", self.mempool.max_member_bytes),
        ];
        let zero = positive.into_iter().find(|(_, value)| *value == 0);
        if let Some((key, value)) = zero {
            return Err(ConfigError::Value { key, value: value.to_string(), why: "it must be at least 1" });
        }
        let address = |peer: &&PeerSection| {
            let port = peer.address.rsplit_once(':').filter(|(host, _)| !host.is_empty());
            !port.is_some_and(|(_, port)| port.parse::<u16>().is_ok_and(|port| port > 0))
        };
        if let Some(peer) = self.network.peers.iter().find(address) {
            let (key, value) = ("network.peers.address", format!("{:?}", peer.address));
            return Err(ConfigError::Value { key, value, why: "it must be HOST:PORT, such as qingdao.example:7070" });
        }
        Ok(())
    }
}

/// Section and key of a variable; none where it is none of ours.
fn place(name: &str) -> Option<(&'static str, String)> {
    const SECTIONS: [&str; 5] = ["network", "http", "log", "store", "mempool"];
    let rest = name.strip_prefix(PREFIX)?;
    let (section, key) = rest.split_once('_')?;
    let section = SECTIONS.into_iter().find(|known| known.to_uppercase() == section)?;
    Some((section, key.to_lowercase()))
}

/// A variable's text as a value of the kind that stands there.
fn read_as(known: &toml::Value, text: &str) -> Result<toml::Value, String> {
    match known {
        toml::Value::String(_) => Ok(toml::Value::String(text.to_owned())),
        toml::Value::Integer(_) => text.parse().map(toml::Value::Integer).map_err(|_| format!("{text:?} is no number")),
        toml::Value::Boolean(_) => {
            text.parse().map(toml::Value::Boolean).map_err(|_| format!("{text:?} is neither true nor false"))
        }
        toml::Value::Array(_) | toml::Value::Table(_) | toml::Value::Float(_) | toml::Value::Datetime(_) => {
            let table: toml::Table = toml::from_str(&format!("value = {text}")).map_err(|error| error.to_string())?;
            table.get("value").cloned().ok_or_else(|| "it says nothing".to_owned())
        }
    }
}

#[cfg(test)]
mod tests;
