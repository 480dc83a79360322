//! A member that says and asks as much as it may:
//! `cargo run -p luqi-tests --release --bin flood -- HOME SECONDS NODE=ADDRESS…`

use luqi_tests::flood::flood;
use luqi_tests::net::stand_in::StandIn;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [home, seconds, peers @ ..] = &arguments[..] else { return ExitCode::FAILURE };
    let peers: Option<Vec<_>> = peers.iter().map(|peer| StandIn::peer(peer)).collect();
    let (Ok(seconds), Some(peers)) = (seconds.parse(), peers) else { return ExitCode::FAILURE };
    println!("{}", flood(&PathBuf::from(home), &peers, Duration::from_secs(seconds)).await);
    ExitCode::SUCCESS
}
