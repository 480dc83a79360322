//! Wires that break for minutes, in namespaces: `make partitions`.

use luqi_tests::net::namespaces::Namespaces;
use luqi_tests::net::partitions::{NODES, Shape, WITHIN, run};
use std::process::ExitCode;
use std::time::Duration;

fn main() -> ExitCode {
    let seconds = Duration::from_secs;
    let shapes = [
        Shape::Halves(seconds(75)),
        Shape::Halves(seconds(120)),
        Shape::Halves(seconds(4)),
        Shape::Halves(seconds(7)),
        Shape::Mute(2, seconds(60)),
        Shape::Deaf(3, seconds(60)),
        Shape::OldFlows,
        Shape::Reboot(4, seconds(2)),
        Shape::Reboot(1, seconds(30)),
    ];
    match Namespaces::new(NODES).and_then(|namespaces| run(&namespaces, &shapes)) {
        Ok(took) if took.iter().all(|took| *took <= WITHIN) => ExitCode::SUCCESS,
        Ok(took) => {
            println!("a block came later than {} s: {took:?}", WITHIN.as_secs());
            ExitCode::FAILURE
        }
        Err(why) => {
            println!("{why}");
            ExitCode::FAILURE
        }
    }
}
