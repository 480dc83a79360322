//! What a genesis goes on from: its parts, and who may be forgotten.

use super::*;

#[test]
fn the_parts_of_a_predecessor_belong_together() {
    use PredecessorError as E;
    let (old, genesis) = continued();
    let part = |change: &dyn Fn(&mut Predecessor), what| {
        let changed = |genesis: &mut GenesisDraft| change(genesis.predecessor.as_mut().unwrap());
        check(&genesis, changed, Err(GenesisError::Predecessor(what)));
    };
    check(&genesis, |_| {}, Ok(()));
    part(&|old| old.frontier = Frontier::default(), E::Part("frontier"));
    part(&|old| old.frontier.push(crate::merkle::leaf_hash(b"more")), E::Part("frontier"));
    part(&|old| old.header.log_size = LogSize(1), E::Part("frontier"));
    part(&|old| old.header.log_root = LogRoot([1; 32]), E::Part("frontier"));
    part(&|old| old.control = Control::new(PROTOCOL), E::Part("control state"));
    part(&|old| old.next = Network::new(5).genesis.membership.clone(), E::Part("next membership"));

    // A certificate of what is there, by those who certify it.
    let zero = |genesis: &mut GenesisDraft| {
        let old = genesis.predecessor.as_mut().unwrap();
        old.header.height = Height(0);
        certify(old);
    };
    check(&genesis, zero, Err(GenesisError::Predecessor(E::Zero)));
    let hash = old.tip.hash();
    let (wanted, found) = (hash, BlockHash([1; 32]));
    part(&|old| old.certificate.block = found, E::Certificate(CertificateError::Block { wanted, found }));
    let (wanted, found) = (Height(2), Height(1));
    part(&|old| old.certificate.height = found, E::Certificate(CertificateError::Height { wanted, found }));
    let other = |old: &mut Predecessor| {
        old.header.proposer = NodeNumber(9);
        certify(old);
    };
    check(&genesis, |genesis| other(genesis.predecessor.as_mut().unwrap()), Ok(()));
    let unsigned = |genesis: &mut GenesisDraft| {
        let old = genesis.predecessor.as_mut().unwrap();
        certify(old);
        old.certificate.signatures = List::new(old.certificate.signatures[..2].to_vec()).unwrap();
    };
    let mut draft = genesis.draft().clone();
    unsigned(&mut draft);
    let refused = Genesis::new(draft).map(|_| ());
    assert!(matches!(refused, Err(GenesisError::Predecessor(E::Certificate(_)))), "{refused:?}");
    let stranger = |genesis: &mut GenesisDraft| {
        let old = genesis.predecessor.as_mut().unwrap();
        let one = fixture::membership(vec![member(9, "370000")], Parameters::default());
        old.signers = one;
    };
    let mut draft = genesis.draft().clone();
    stranger(&mut draft);
    assert!(matches!(Genesis::new(draft), Err(GenesisError::Predecessor(E::Certificate(_)))));

    let (tip, found) = (old.tip.time(), Timestamp(old.tip.time().0 - 1));
    check(&genesis, |genesis| genesis.time = found, Err(GenesisError::Predecessor(E::Time { tip, found })));
    let newer = |genesis: &mut GenesisDraft| {
        let old = genesis.predecessor.as_mut().unwrap();
        old.header.protocol = Protocol(2);
        certify(old);
    };
    let why = E::Protocol { old: Protocol(2), found: PROTOCOL };
    check(&genesis, newer, Err(GenesisError::Predecessor(why)));
    // A chain that asks for a protocol that nobody has is continued by the one in which its blocks were made.
    let asks_for_more = |genesis: &mut GenesisDraft| {
        let old = genesis.predecessor.as_mut().unwrap();
        old.control.protocol = Protocol(2);
        old.header.control = old.control.hash();
        certify(old);
    };
    check(&genesis, asks_for_more, Ok(()));
}

/// The membership of the continuing genesis, changed, is refused for what it forgets.
fn check_membership(genesis: &Genesis, edit: impl Fn(&mut MembershipDraft), why: Option<PredecessorError>) {
    let changed = |genesis: &mut GenesisDraft| {
        let mut draft = genesis.membership.draft().clone();
        edit(&mut draft);
        genesis.membership = Membership::new(draft).unwrap();
        genesis.sealed_vrf = fixture::sealed_vrf(&genesis.membership);
    };
    check(genesis, changed, why.map_or(Ok(()), |why| Err(GenesisError::Predecessor(why))));
}

#[test]
fn no_number_gets_another_owner_and_nobody_is_forgotten() {
    use PredecessorError as E;
    let (_, genesis) = continued();
    let push = |draft: &mut MembershipDraft, new: Member| draft.members.push(new).unwrap();
    let with_node =
        |number: u32| Member { nodes: List::new(vec![fixture::node(number)]).unwrap(), ..member(9, "370500") };
    // Somebody new, with a number that was given out to somebody else, or with a new one.
    check_membership(&genesis, |draft| push(draft, with_node(3)), Some(E::Owner(NodeNumber(3), code("370500"))));
    let new = |draft: &mut MembershipDraft| {
        push(draft, with_node(5));
        draft.next_node = NodeNumber(6);
    };
    check_membership(&genesis, new, None);
    // The node of a member that is gone, in the hands of its heir; or its member, come back with it.
    let inherited = |draft: &mut MembershipDraft| {
        draft.members.iter_mut().skip(1).for_each(|heir| heir.nodes.push(fixture::node(3)).unwrap());
    };
    check_membership(&genesis, inherited, Some(E::Owner(NodeNumber(3), code("370100"))));
    let back = |draft: &mut MembershipDraft| {
        push(draft, member(3, "370200"));
        draft.heirs.retain(|heir| heir.removed != code("370200"));
    };
    check_membership(&genesis, back, None);
    let lower = |draft: &mut MembershipDraft| draft.next_node = NodeNumber(4);
    let why = E::NextNode { old: NodeNumber(5), found: NodeNumber(4) };
    check_membership(&genesis, lower, Some(why));
    let forgotten = |draft: &mut MembershipDraft| draft.heirs.retain(|heir| heir.removed != code("370300"));
    check_membership(&genesis, forgotten, Some(E::Forgotten(code("370300"))));

    // A number that was given up before the old tip does not come back either, nor is who was removed there forgotten.
    let mut old = Network::new(4);
    old.govern(Change::RemoveMember(code("370300"), code("370000")), Height(2));
    let genesis = fixture::edited(&old.genesis, |genesis| {
        genesis.predecessor = Some(old.predecessor());
        genesis.membership = (**old.tip.membership()).clone();
        genesis.time = old.tip.time();
    });
    let again = |draft: &mut MembershipDraft| {
        draft.heirs = List::default();
        push(draft, member(4, "370300"));
    };
    check_membership(&genesis, again, Some(E::Owner(NodeNumber(4), code("370300"))));
    let forgotten = |draft: &mut MembershipDraft| draft.heirs = List::default();
    check_membership(&genesis, forgotten, Some(E::Forgotten(code("370300"))));
}
