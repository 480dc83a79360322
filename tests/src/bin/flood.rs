//! A member that says and asks as much as it may:
//! `cargo run -p luqi-tests --release --bin flood -- HOME SECONDS NODE=ADDRESS…`

use ledger_core::names::NodeNumber;
use luqi_node::network::PeerConfig;
use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let home = PathBuf::from(arguments.next().ok_or("which home?")?);
    let seconds = Duration::from_secs(arguments.next().ok_or("how many seconds?")?.parse()?);
    let peers: Result<Vec<_>, Box<dyn Error>> = arguments.map(|peer| entry(&peer)).collect();
    println!("{}", luqi_tests::flood::flood(&home, peers?, seconds).await?);
    Ok(())
}

fn entry(peer: &str) -> Result<PeerConfig, Box<dyn Error>> {
    let (node, address) = peer.split_once('=').ok_or("a peer is NODE=ADDRESS")?;
    Ok(PeerConfig { node: NodeNumber(node.parse()?), address: address.to_owned(), pin: None })
}
