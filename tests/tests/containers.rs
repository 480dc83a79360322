//! The network in containers, as an operator runs it.

use luqi_tests::net::compose::{Compose, ContainerLoad, SERVICES, image};
use std::thread;
use std::time::Duration;

/// How long a network may take to be well again, on a slow machine.
const BACK: Duration = Duration::from_secs(180);
/// How long a fault lasts.
const FAULT: Duration = Duration::from_secs(4);

/// Everybody comes to a height that nobody had when this was called, and more is acknowledged.
fn goes_on(network: &Compose, load: &ContainerLoad, after: &str, who: &[&str]) {
    let before = load.acknowledged();
    let goal = who.iter().filter_map(|service| network.height(service)).max().unwrap_or_default() + 1;
    network.wait(&format!("{who:?} at a new height after: {after}"), BACK, || {
        load.acknowledged() > before
            && who.iter().all(|service| network.height(service).is_some_and(|height| height >= goal))
    });
}

/// Containers are stopped, killed, paused, taken off the network and restarted under load: there is one chain,
/// and each acknowledged item is on it once.
#[test]
fn containers_come_and_go_and_there_is_one_chain() {
    let image = match image() {
        Ok(image) => image,
        Err(why) => return ledger_core::skipped::leave_out(why),
    };
    println!("the network in containers, from the image {image}");
    let network = Compose::up(&image);
    network
        .wait("every container healthy", BACK, || SERVICES.iter().all(|service| network.health(service) == "healthy"));
    let load = ContainerLoad::start(&network, &["jinan", "qingdao"]);
    goes_on(&network, &load, "the start", &SERVICES);

    network.docker(&["stop", "--time", "60"], "qingdao");
    goes_on(&network, &load, "one is stopped", &["province", "jinan", "yantai", "weifang"]);
    network.docker(&["start"], "qingdao");
    goes_on(&network, &load, "it is back", &SERVICES);

    network.docker(&["kill", "--signal", "KILL"], "yantai");
    goes_on(&network, &load, "one is killed", &["province", "jinan", "qingdao", "weifang"]);
    network.docker(&["start"], "yantai");
    goes_on(&network, &load, "it is back", &SERVICES);

    network.docker(&["pause"], "province");
    thread::sleep(FAULT);
    network.docker(&["unpause"], "province");
    goes_on(&network, &load, "one was paused", &SERVICES);

    // Messages reach it still, by its socket; they go out when it is back.
    network.disconnect("jinan");
    goes_on(&network, &load, "one is disconnected", &["province", "qingdao", "yantai", "weifang"]);
    network.connect("jinan");
    goes_on(&network, &load, "it is connected again", &SERVICES);

    network.docker(&["restart", "--time", "60"], "weifang");
    goes_on(&network, &load, "the replica was restarted", &SERVICES);

    for service in SERVICES {
        network.docker(&["kill", "--signal", "KILL"], service);
    }
    for service in SERVICES {
        network.docker(&["start"], service);
    }
    goes_on(&network, &load, "all were killed", &SERVICES);

    let acknowledged = load.end();
    network.wait("one tip that has everything, on every node", BACK, || {
        let said: Vec<_> = SERVICES.iter().map(|service| network.status(service)).collect();
        let tips: Vec<_> = said.iter().flatten().map(|said| (said["tip"].clone(), said["events"].as_u64())).collect();
        tips.len() == SERVICES.len() && tips.iter().all(|tip| Some(tip) == tips.first() && tip.1 == Some(acknowledged))
    });
    let (tip, events) = network.audit();
    assert_eq!(events, acknowledged);
    println!("{acknowledged} items acknowledged and on the chain once; five audits, one chain up to {tip}");
}
