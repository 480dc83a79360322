//! The file that is written: every key, what it means, what it is now.

use super::{Config, HttpSection, LogFormat, LogSection, MempoolSection, NetworkSection, Other, StoreSection};
use std::fmt::Write as _;

const HEAD: &str = "\
# Configuration of a luqi node. Every key stands here with its meaning; a key that is left out has its
# default, one that is not known is refused. A variable LUQI_<SECTION>_<KEY> of the environment goes before
# the file: LUQI_HTTP_LISTEN=127.0.0.1:7081. What all nodes must agree on stands in the chain's parameters.
";

/// A key, its meaning, its value as TOML.
type Line<'a> = (&'a str, &'a str, String);

impl Config {
    /// The configuration as a file that explains itself.
    #[must_use]
    pub fn to_toml(&self) -> String {
        self.to_toml_beside(&[])
    }

    /// The same; where no node is called yet it names those that may be, for whoever fills in their addresses.
    pub(super) fn to_toml_beside(&self, others: &[Other]) -> String {
        let mut text = HEAD.to_owned();
        network(&mut text, &self.network, others);
        section(&mut text, "http", &http(&self.http));
        section(&mut text, "log", &log(&self.log));
        section(&mut text, "store", &store(&self.store));
        section(&mut text, "mempool", &mempool(&self.mempool));
        text
    }
}

fn section(text: &mut String, name: &str, lines: &[Line<'_>]) {
    let _ = writeln!(text, "\n[{name}]");
    for (key, meaning, value) in lines {
        for line in meaning.lines() {
            let _ = writeln!(text, "# {line}");
        }
        let _ = writeln!(text, "{key} = {value}");
    }
}

fn quoted(text: impl ToString) -> String {
    toml::Value::String(text.to_string()).to_string()
}

fn network(text: &mut String, network: &NetworkSection, others: &[Other]) {
    let listen = "Address that other members' nodes connect to; only they are let in. On a network that is 0.0.0.0:7070, or\nthe address of one interface.";
    section(text, "network", &[("listen", listen, quoted(network.listen))]);
    text.push_str(
        "# Nodes that are dialled, and dialled again whenever the connection is lost. A name is resolved anew at\n\
         # each attempt. `pin` is the node's peer key: needed only by who has been away while keys changed;\n\
         # otherwise the membership on the chain says it. As a variable: LUQI_NETWORK_PEERS='[{node = 2, address\n\
         # = \"qingdao.example:7070\"}]'.\n",
    );
    if network.peers.is_empty() && others.is_empty() {
        text.push_str("# [[network.peers]]\n# node = 2\n# address = \"qingdao.example:7070\"\n");
    } else if network.peers.is_empty() {
        text.push_str("# Fill in where they are, and take the marks away. One of two that name each other suffices.\n");
        for Other { node, member } in others {
            let _ = writeln!(text, "# [[network.peers]]\n# node = {node}  # {member}\n# address = \"HOST:7070\"");
        }
    }
    for peer in &network.peers {
        let _ = writeln!(text, "[[network.peers]]\nnode = {}\naddress = {}", peer.node, quoted(&peer.address));
        if let Some(pin) = &peer.pin {
            let _ = writeln!(text, "pin = {}", quoted(pin));
        }
    }
}

fn http(http: &HttpSection) -> [Line<'static>; 12] {
    [
        (
            "listen",
            "Address of the HTTP surface. Messages and governance are taken only where this is a loopback address,\nand on the Unix socket.",
            quoted(http.listen),
        ),
        (
            "metrics_listen",
            "A further address, for /metrics, /healthz and /readyz alone: where Prometheus may reach and others may too.\nEmpty: none.",
            quoted(String::from(http.metrics_listen)),
        ),
        ("socket", "The Unix socket, for the node's own user alone; empty: node.sock in the home.", {
            quoted(http.socket.display())
        }),
        ("max_body_bytes", "Bytes of the largest message that is taken.", http.max_body_bytes.to_string()),
        (
            "max_bodies_bytes",
            "Bytes of all messages that are read, or waited for, at once.",
            http.max_bodies_bytes.to_string(),
        ),
        ("max_connections", "Connections at once.", http.max_connections.to_string()),
        ("max_streams", "Streams of blocks at once, each of which reads the disk.", http.max_streams.to_string()),
        ("header_timeout_ms", "How long the head of a request may take to arrive.", http.header_timeout_ms.to_string()),
        (
            "request_timeout_ms",
            "How long a request may take in all; a stream of blocks may stand still as long.",
            http.request_timeout_ms.to_string(),
        ),
        (
            "least_bytes_per_second",
            "Bytes a second that whoever asked must read of an answer in the long run.",
            http.least_bytes_per_second.to_string(),
        ),
        (
            "requests_per_second",
            "Requests a second, and at once, of one remote address. Loopback and the Unix socket are not counted.",
            http.requests_per_second.to_string(),
        ),
        ("burst", "", http.burst.to_string()),
    ]
}

fn log(log: &LogSection) -> [Line<'static>; 2] {
    let format = match log.format {
        LogFormat::Text => "text",
        LogFormat::Json => "json",
    };
    [
        ("format", "text, or json: one object a line. Logs go to standard error.", quoted(format)),
        (
            "level",
            "error, warn, info, debug or trace; also by module: \"info,luqi_node::network=debug\".",
            quoted(&log.level),
        ),
    ]
}

fn store(store: &StoreSection) -> [Line<'static>; 4] {
    [
        ("hot_blocks", "Newest blocks that stay in the database; older ones go into sealed files.", {
            store.hot_blocks.to_string()
        }),
        ("hot_bytes", "Bytes that stay in the database, where so many blocks would be more.", {
            store.hot_bytes.to_string()
        }),
        ("segment_bytes", "A sealed file that is as large is closed, and the next one begun.", {
            store.segment_bytes.to_string()
        }),
        (
            "snapshot_blocks",
            "Blocks between two snapshots of the contract map, which make a start fast.",
            store.snapshot_blocks.to_string(),
        ),
    ]
}

fn mempool(mempool: &MempoolSection) -> [Line<'static>; 2] {
    [
        (
            "max_bytes",
            "Bytes of submissions that wait for a block, of all members. Past it the node answers busy.",
            mempool.max_bytes.to_string(),
        ),
        ("max_member_bytes", "Bytes of one member's.", mempool.max_member_bytes.to_string()),
    ]
}
