//! One way to write a genesis.

use super::*;

#[test]
fn bytes_and_json_say_the_same_and_give_the_same_chain_id() {
    let (_, continued) = continued();
    let trusting = fixture::edited(&continued, |genesis| {
        let draft = genesis.membership.draft().clone();
        let trust = TrustPolicy { lag: (1 << 53) - 1, ..fixture::trust(2) };
        genesis.membership = Membership::new(MembershipDraft { trust, ..draft }).unwrap();
    });
    let genesises = [Network::new(4).genesis, continued, trusting];
    for genesis in &genesises {
        let json = serde_json::to_string_pretty(genesis).unwrap();
        let parsed = Genesis::from_json(json.as_bytes()).unwrap();
        assert_eq!((&parsed, parsed.chain_id()), (genesis, genesis.chain_id()));
        assert_eq!(codec::decode::<Genesis>(&codec::encode(genesis)).as_ref(), Ok(genesis));
    }
    let ids = genesises.each_ref().map(Genesis::chain_id);
    assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2]);
}

/// One way to write it: what a reader could take for something else is no genesis.
#[test]
fn json_in_another_form_is_refused() {
    let (_, continued) = continued();
    let json = |genesis: &Genesis| serde_json::to_value(genesis).unwrap();
    let refused = |value: &serde_json::Value, place: &str| {
        let why = Genesis::from_json(&serde_json::to_vec(value).unwrap()).unwrap_err();
        assert_eq!(why, GenesisJsonError::Form(place.to_owned()));
    };
    let mut missing = json(&Network::new(1).genesis);
    missing.as_object_mut().unwrap().remove("predecessor");
    refused(&missing, "/predecessor");
    let mut as_list = json(&continued);
    let parameters = as_list["membership"]["parameters"].take();
    as_list["membership"]["parameters"] = parameters.as_object().unwrap().values().cloned().collect();
    // serde takes the fields of a list in their order, which is another than that of the names.
    assert!(Genesis::from_json(&serde_json::to_vec(&as_list).unwrap()).is_err());
    let mut as_list = json(&continued);
    let stream = as_list["predecessor"]["control"]["streams"][0].take();
    as_list["predecessor"]["control"]["streams"][0] = serde_json::json!([stream["node"], stream["last"]]);
    refused(&as_list, "/predecessor/control/streams/0");

    let text = serde_json::to_string(&continued).unwrap();
    assert!(Genesis::from_json(text.as_bytes()).is_ok());
    let other = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        let why = Genesis::from_json(text.replacen(from, to, 1).as_bytes());
        assert!(matches!(why, Err(GenesisJsonError::Json(_))), "{to}: {why:?}");
    };
    other("\"protocol\":1", "\"protocol\":1,\"protocol\":1");
    other("\"protocol\":1", "\"protocol\":1.0");
    other("\"protocol\":1", "\"protocol\":1e0");
    other("\"protocol\":1", "\"protocol\":01");
    other("\"protocol\":1", "\"protocol\":true");
    other("\"wanted\":0", "\"wanted\":-0");
    other("\"adopted\":true", "\"adopted\":1");
    other("\"name\":\"", "\"name\":\"\\ud800");
    other("{", "\u{feff}{");
    assert!(matches!(Genesis::from_json(b"{\"name\":\"\xff\"}"), Err(GenesisJsonError::Json(_))));
}

/// A field that is not known may mean anything, so it is refused, wherever it stands.
#[test]
fn unknown_fields_are_refused() {
    let (old, genesis) = continued();
    let genesis = fixture::edited(&genesis, |genesis| {
        let predecessor = genesis.predecessor.as_mut().unwrap();
        let (header, certificate) = (predecessor.header.clone(), predecessor.certificate.clone());
        let change =
            crate::history::CertifiedChange { header, certificate, membership: (**old.tip.membership()).clone() };
        predecessor.changes = List::new(vec![change]).unwrap();
    });
    let json = serde_json::to_value(&genesis).unwrap();
    for at in [
        "",
        "/membership",
        "/membership/trust",
        "/membership/heirs/0",
        "/membership/parameters",
        "/membership/members/0",
        "/membership/members/0/governance",
        "/membership/members/0/nodes/0",
        "/membership/members/0/nodes/0/keys/0",
        "/predecessor",
        "/predecessor/header",
        "/predecessor/certificate",
        "/predecessor/certificate/signatures/0",
        "/predecessor/frontier",
        "/predecessor/control",
        "/predecessor/control/streams/0",
        "/predecessor/control/proposals/0",
        "/predecessor/next",
        "/predecessor/changes/0",
        "/predecessor/changes/0/header",
        "/predecessor/changes/0/certificate",
        "/predecessor/changes/0/membership",
    ] {
        let mut more = json.clone();
        more.pointer_mut(at).unwrap().as_object_mut().unwrap().insert("more".into(), 1.into());
        assert!(Genesis::from_json(&serde_json::to_vec(&more).unwrap()).is_err(), "{at}");
    }
}
