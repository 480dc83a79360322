//! Where the nodes of a test network listen and find each other: their `node.toml`.

use crate::exit::{Exit, Problem};
use ledger_core::names::NodeNumber;
use luqi_node::config::{Config, HttpSection, NetworkSection, PeerSection};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;

/// Where one node is.
#[derive(Clone, Debug)]
pub(super) struct Wired {
    /// Where it listens for other nodes.
    p2p: SocketAddr,
    /// Where it answers.
    http: SocketAddr,
    /// Where other nodes find it.
    address: String,
}

/// Each node on a machine of its own, at the ports that are the default.
pub(super) fn on_hosts(hosts: &[String]) -> Result<Vec<Wired>, Problem> {
    let (network, http) = (NetworkSection::default(), HttpSection::default());
    let port = network.listen.port();
    let wired = |host: &String| {
        // What stands in brackets is an address of version 6.
        let bracketed = host.starts_with('[') && host.ends_with(']');
        if host.is_empty() || (host.contains(':') && !bracketed) {
            return Err(Problem::usage(format!(
                "{host:?} is no name of a machine: nodes are called there at port {port}"
            ))
            .next("leave the port out; an address of version 6 stands in brackets"));
        }
        let p2p = SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
        Ok(Wired { p2p, http: http.listen, address: format!("{host}:{port}") })
    };
    hosts.iter().map(wired).collect()
}

/// All nodes on this machine, each at two ports from the first one up.
pub(super) fn on_ports(first: u16, nodes: usize) -> Result<Vec<Wired>, Problem> {
    let last = u16::try_from(nodes.saturating_mul(2)).ok().and_then(|count| first.checked_add(count));
    if last.is_none() || first == 0 {
        return Err(Problem::usage(format!("there are no {nodes} pairs of ports from {first} up"))
            .next("name a lower one with --base-port"));
    }
    Ok((0..nodes).zip((first..).step_by(2)).map(|(_, port)| on_loopback(port, port + 1)).collect())
}

/// All nodes on this machine, at ports that are free now.
pub(super) fn on_free_ports(nodes: usize) -> Result<Vec<Wired>, Problem> {
    let failed = |error| Problem::new(Exit::Failed, format!("there is no free port: {error}"));
    // All are held until the last is found, so that none is found twice.
    let held = (0..nodes * 2).map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)));
    let held: Vec<TcpListener> = held.collect::<Result<_, _>>().map_err(failed)?;
    let ports: Vec<u16> =
        held.iter().map(|listener| Ok(listener.local_addr()?.port())).collect::<Result<_, _>>().map_err(failed)?;
    let (pairs, _) = ports.as_chunks::<2>();
    Ok(pairs.iter().map(|[p2p, http]| on_loopback(*p2p, *http)).collect())
}

fn on_loopback(p2p: u16, http: u16) -> Wired {
    let on = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    Wired { p2p: on(p2p), http: on(http), address: on(p2p).to_string() }
}

/// Writes the configuration of each node into its home: it calls all others.
pub(super) fn write<'a>(
    nodes: impl Iterator<Item = (NodeNumber, &'a Path)> + Clone,
    wired: &[Wired],
) -> Result<(), Problem> {
    for ((node, home), own) in nodes.clone().zip(wired) {
        let others = nodes.clone().zip(wired).filter(|((other, _), _)| *other != node);
        let peer = |((node, _), wired): ((NodeNumber, &Path), &Wired)| PeerSection {
            node,
            address: wired.address.clone(),
            pin: None,
        };
        let config = Config {
            network: NetworkSection { listen: own.p2p, peers: others.map(peer).collect() },
            http: HttpSection { listen: own.http, ..HttpSection::default() },
            ..Config::default()
        };
        config.write(home)?;
    }
    Ok(())
}
