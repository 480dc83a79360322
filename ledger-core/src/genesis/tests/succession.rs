//! Who makes a succession, and who does not.

use super::*;

/// Approvals of the members with these numbers, by these keys.
fn approvals(genesis: &Genesis, by: &[(u32, u32)]) -> Vec<GenesisApproval> {
    let sign = |(number, key): &(u32, u32)| {
        GenesisApproval::sign(genesis, code(CODES[*number as usize - 1]), &governance_key(*key))
    };
    by.iter().map(sign).collect()
}

#[test]
fn a_succession_is_the_will_of_more_than_two_thirds_of_the_old_members() {
    use SuccessionError as E;
    let (old, new) = continued();
    let succession = |approvals: &[GenesisApproval]| verify_succession(&old.genesis, &new, approvals);
    let by = |by: &[(u32, u32)]| succession(&approvals(&new, by));
    assert_eq!(by(&[(1, 1), (2, 2), (3, 3)]), Ok(()));
    // Also of those that the new chain leaves out.
    assert_eq!(by(&[(4, 4), (3, 3), (2, 2)]), Ok(()));
    assert_eq!(by(&[(1, 1), (2, 2)]), Err(E::NoQuorum { approving: 2, total: 4 }));
    assert_eq!(by(&[]), Err(E::NoQuorum { approving: 0, total: 4 }));
    assert_eq!(by(&[(1, 1), (2, 2), (2, 2)]), Err(E::Twice(code("370100"))));
    assert_eq!(by(&[(1, 1), (2, 2), (3, 2)]), Err(E::Signature(code("370200"))));
    assert_eq!(by(&[(1, 1), (2, 2), (3, 3), (5, 5)]), Err(E::NoMember(code("370400"))));
    // For another genesis.
    let later = fixture::edited(&new, |genesis| genesis.time = Timestamp(genesis.time.0 + 1));
    let for_another = succession(&approvals(&later, &[(1, 1), (2, 2), (3, 3)]));
    assert_eq!(for_another, Err(E::Signature(code("370000"))));
}

#[test]
fn a_forged_succession_is_refused_for_each_rule() {
    use SuccessionError as E;
    let (old, new) = continued();
    let all = [(1, 1), (2, 2), (3, 3), (4, 4)];
    let refused = |new: &Genesis, why: SuccessionError| {
        assert_eq!(verify_succession(&old.genesis, new, &approvals(new, &all)), Err(why));
    };
    refused(&old.genesis, E::NoPredecessor);
    let other_chain = |genesis: &mut GenesisDraft| {
        let old = genesis.predecessor.as_mut().unwrap();
        old.header.chain = ChainId([7; 32]);
        certify(old);
    };
    refused(&fixture::edited(&new, other_chain), E::Chain(ChainId([7; 32])));
    let network = NetworkId([7; 32]);
    let other_network = |genesis: &mut GenesisDraft| genesis.predecessor.as_mut().unwrap().network = network;
    refused(&fixture::edited(&new, other_network), E::Network(network));
    refused(&fixture::edited(&new, |genesis| genesis.name = Text::new("other").unwrap()), E::Name);
    let vrf = crate::lookup::VrfSecretKey::from_random(&[9; 32]).unwrap().public();
    refused(&fixture::edited(&new, |genesis| genesis.vrf = vrf), E::Vrf);

    // A second succession names the network of the first genesis of all.
    let mut second = Network::from_genesis(new.clone());
    second.map = old.map.clone();
    second.block(vec![]);
    let third = fixture::edited(&new, |genesis| {
        genesis.predecessor = Some(second.predecessor());
        genesis.time = second.tip.time();
    });
    assert_eq!(verify_succession(&new, &third, &approvals(&third, &[(1, 1), (2, 2)])), Ok(()));
    let signed = approvals(&third, &[(1, 1), (2, 2)]);
    assert!(matches!(verify_succession(&old.genesis, &third, &signed), Err(E::Chain(_))));
}

/// Who knows the old genesis and holds none of its keys makes up members of his own, who certify and approve all.
#[test]
fn a_succession_is_not_made_without_the_old_keys() {
    use crate::history::{CertifiedChange, HistoryError};
    use SuccessionError as E;
    let (old, new) = continued();
    let strangers = (11..=13).zip(CODES).map(|(number, code)| member(number, code)).collect();
    let strangers = fixture::membership(strangers, Parameters::default());
    let forged = |changes: Vec<CertifiedChange>, signers: &Membership| {
        let genesis = fixture::edited(&new, |genesis| {
            let old = genesis.predecessor.as_mut().unwrap();
            (old.signers, old.next) = (signers.clone(), strangers.clone());
            old.header.next_membership = strangers.hash();
            certify(old);
            old.changes = List::new(changes).unwrap();
            genesis.membership = strangers.clone();
            genesis.sealed_vrf = fixture::sealed_vrf(&strangers);
        });
        verify_succession(&old.genesis, &genesis, &approvals(&genesis, &[(1, 11), (2, 12), (3, 13)]))
    };
    assert_eq!(forged(vec![], &strangers), Err(E::Membership("membership that certified its tip")));
    // Their tip, said to be signed by the true members, is not: the genesis itself is refused. Here they are made to
    // sign, and still nothing leads to the strangers.
    assert_eq!(forged(vec![], &old.genesis.membership), Err(E::Membership("next membership")));
    let mut header = new.predecessor.as_ref().unwrap().header.clone();
    (header.height, header.next_membership) = (Height(1), strangers.hash());
    let keys = [11, 12, 13].map(|number| (NodeNumber(number), node_key(number, Purpose::Consensus)));
    let signers = keys.each_ref().map(|(number, key)| (*number, key));
    let certificate = Certificate::sign(&header.chain, header.height, Round(0), header.hash(), &signers);
    let change = CertifiedChange { header, certificate, membership: strangers.clone() };
    let why = HistoryError::Certificate(Height(1), CertificateError::NoVote(NodeNumber(11)));
    assert_eq!(forged(vec![change], &strangers), Err(E::Change(why)));
}

/// The members at the old tip are others than those of the old genesis: the changes lead there.
#[test]
fn a_succession_follows_the_changes_of_membership() {
    use SuccessionError as E;
    let mut old = Network::new(4);
    let key = Key::from(governance_key(9).public()).into();
    old.govern(Change::RotateMemberKeys(code("370100"), key, fixture::vault_key(9)), Height(2));
    old.block(vec![]);
    let genesis = |changes: fn(&mut Vec<crate::history::CertifiedChange>)| {
        fixture::edited(&old.genesis, |genesis| {
            let mut predecessor = old.predecessor();
            let mut given = predecessor.changes.to_vec();
            changes(&mut given);
            predecessor.changes = List::new(given).unwrap();
            genesis.predecessor = Some(predecessor);
            genesis.membership = (**old.tip.membership()).clone();
            genesis.sealed_vrf = fixture::sealed_vrf(old.tip.membership());
            genesis.time = old.tip.time();
        })
    };
    let verify = |new: &Genesis, by: &[(u32, u32)]| verify_succession(&old.genesis, new, &approvals(new, by));
    let (by_new_key, by_old_key) = ([(1, 1), (2, 9), (3, 3)], [(1, 1), (2, 2), (3, 3)]);
    let new = genesis(|_| {});
    assert_eq!(new.predecessor.as_ref().unwrap().changes.len(), 1);
    assert_eq!(verify(&new, &by_new_key), Ok(()));
    assert_eq!(verify(&new, &by_old_key), Err(E::Signature(code("370100"))));
    let untold = genesis(Vec::clear);
    assert_eq!(verify(&untold, &by_new_key), Err(E::Membership("membership that certified its tip")));
    let above = genesis(|changes| changes[0].header.height = Height(9));
    assert_eq!(verify(&above, &by_new_key), Err(E::Change(crate::history::HistoryError::Above(Height(9)))));
}
