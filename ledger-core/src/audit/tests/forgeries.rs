//! Alterations with everything above recomputed, first without the validators' keys, then by all
//! validators together.

use super::forgery::{Forgery, edit};
use super::*;
use crate::block::Body;
use crate::chain::Span;
use crate::codec::List;
use crate::crypto::Signature;
use crate::membership::Purpose;
use crate::merkle::LogIndex;
use crate::names::{MapRoot, Sequence};
use crate::submission::Submission;

const TIP: Options = Options { certificates: Scope::Tip, states: Scope::Tip, from: None, tip_file: None };

fn check(network: &Network, forgery: &Forgery<'_>, options: &Options, height: u64, expected: &[(&str, u64)]) -> Report {
    let (blocks, certificate) = forgery.of(network);
    let report = audit_of(network, &evidence(&blocks), Some(&certificate), options);
    let verdict = if expected.is_empty() { Verdict::Holds } else { Verdict::Altered };
    assert_eq!((found(&report), report.verdict), (expected.to_vec(), verdict));
    assert_eq!(report.height.0, height);
    report
}

/// Another contract in the place of one: by whom it was not signed.
fn other_event(at: u64, height: u64, body: &mut Body) {
    if at == height {
        edit(body, |list| list[1].events = List::new(vec![fixture::event(31, Action::Amend)]).unwrap());
    }
}

#[test]
fn an_event_replaced_by_another_valid_one_is_located() {
    let network = grown(6);
    let body = |height, body: &mut Body| other_event(4, height, body);
    // Each block from there on is not the one that the next one's certificate names.
    let blocks = [("block", 4), ("block", 5), ("block", 6)];
    let expected = [&[("submission", 4)], &blocks[..]].concat();
    for options in [TIP, EVERY] {
        let report = check(&network, &Forgery { body: &body, ..Forgery::default() }, &options, 3, &expected);
        let finding = &report.findings[0];
        assert_eq!(finding.index, Some(Span(LogIndex(19), LogIndex(19))));
        assert_eq!(finding.subject, Some(fixture::subject(31)));
        // Signed again by all validators, it is still not signed by the node that it names.
        let signed = Forgery { body: &body, signed: true, ..Forgery::default() };
        let report = check(&network, &signed, &options, 3, &[("submission", 4)]);
        assert_eq!(report.findings[0].index, Some(Span(LogIndex(19), LogIndex(19))));
    }
    // In a submission of several events the place is as narrow as the signature is.
    let body = |height, body: &mut Body| {
        if height == 4 {
            edit(body, |list| {
                let mut events = list[0].events.to_vec();
                events[1] = fixture::event(99, Action::New { keeper: code("370100") });
                list[0].events = List::new(events).unwrap();
            });
        }
    };
    let report = check(&network, &Forgery { body: &body, ..Forgery::default() }, &TIP, 3, &expected);
    assert_eq!(report.findings[0].index, Some(Span(LogIndex(16), LogIndex(18))));
    assert_eq!(report.findings[0].subject, None);
}

#[test]
fn signatures_are_checked_on_after_the_first_finding() {
    let network = grown(6);
    let spoil = |height, body: &mut Body| {
        if [2, 3, 6].contains(&height) {
            edit(body, |list| list[1].signature = Signature([0; 64]));
        }
    };
    let forgery = Forgery { body: &spoil, signed: true, ..Forgery::default() };
    check(&network, &forgery, &TIP, 1, &[("submission", 2), ("submission", 3), ("submission", 6)]);
}

fn short(certificate: &mut Option<Certificate>) {
    let certificate = certificate.as_mut().unwrap();
    certificate.signatures = List::new(certificate.signatures[..2].to_vec()).unwrap();
}

#[test]
fn a_certificate_with_one_signature_too_few() {
    let network = grown(6);
    let body = |height, body: &mut Body| {
        if height == 4 {
            short(&mut body.parent_certificate);
        }
    };
    // Block 4 carries it, so its hash is another, and the certificates above do not name it.
    let unsigned = Forgery { body: &body, ..Forgery::default() };
    check(&network, &unsigned, &TIP, 3, &[("block", 4), ("block", 5), ("block", 6)]);
    check(&network, &unsigned, &EVERY, 3, &[("certificate", 4), ("block", 4), ("block", 5), ("block", 6)]);
    // Signed again: the certificates above prove the blocks below, but for who looks at every one.
    let signed = Forgery { signed: true, ..unsigned };
    check(&network, &signed, &TIP, 6, &[]);
    check(&network, &signed, &EVERY, 3, &[("certificate", 4)]);
}

#[test]
fn the_certificate_at_a_change_of_membership_is_checked_always() {
    let network = changed();
    let body = |height, body: &mut Body| {
        if height == 5 {
            short(&mut body.parent_certificate);
        }
    };
    let forgery = Forgery { body: &body, signed: true, ..Forgery::default() };
    for options in [TIP, EVERY] {
        check(&network, &forgery, &options, 4, &[("certificate", 5)]);
    }
}

#[test]
fn a_removed_key_signs_no_more() {
    let network = changed();
    // Node 4 has lost its vote from height 5 on.
    let with_node_4 = |certificate: &Certificate| {
        let keys = [1, 2, 3, 4].map(|number| (NodeNumber(number), fixture::node_key(number, Purpose::Consensus)));
        let signers = keys.each_ref().map(|(number, key)| (*number, key));
        Certificate::sign(&network.tip.chain, certificate.height, certificate.round, certificate.block, &signers)
    };
    let tip = with_node_4(network.certificate.as_ref().unwrap());
    let report = audit_of(&network, &evidence(&network.blocks), Some(&tip), &TIP);
    assert_eq!((found(&report), report.verdict), (vec![("certificate", 8)], Verdict::Altered));

    for (carrier, expected) in [(5, &[][..]), (6, &[("certificate", 6)]), (7, &[("certificate", 7)])] {
        let body = |height, body: &mut Body| {
            if height == carrier {
                body.parent_certificate = body.parent_certificate.as_ref().map(&with_node_4);
            }
        };
        let height = if expected.is_empty() { 8 } else { carrier - 1 };
        let forgery = Forgery { body: &body, signed: true, ..Forgery::default() };
        check(&network, &forgery, &EVERY, height, expected);
    }
}

#[test]
fn a_removed_node_submits_no_more() {
    let mut network = grown(2);
    network.govern(Change::RemoveNode(NodeNumber(4)), Height(4));
    (0..3).for_each(|_| fill(&mut network));
    let key = fixture::node_key(4, Purpose::Submission);
    for (height, stream, expected) in [(5, 4, &[("submission", 5)][..]), (5, 9, &[("submission", 5)])] {
        let body = |at, body: &mut Body| {
            if at == height {
                let events = vec![fixture::event(1, Action::Renew)];
                let chain = &network.tip.chain;
                edit(body, |list| {
                    let (stream, sequence) = (NodeNumber(stream), Sequence(1));
                    list.push(Submission::sign(chain, &key, stream, sequence, events.clone()).unwrap());
                });
            }
        };
        let forgery = Forgery { body: &body, signed: true, ..Forgery::default() };
        let report = check(&network, &forgery, &TIP, 4, expected);
        let index = report.findings[0].index.unwrap();
        assert_eq!(index.0, index.1);
    }
}

/// A submission is put in, left out, or out of order; its node signed it, and all validators did.
#[test]
fn streams_have_no_gap() {
    let network = grown(5);
    let drop = |height, body: &mut Body| {
        if height == 3 {
            edit(body, |list| _ = list.pop());
        }
    };
    // What follows in the stream stands where the one left out had to stand.
    let forgery = Forgery { body: &drop, signed: true, ..Forgery::default() };
    check(&network, &forgery, &TIP, 3, &[("submission", 4)]);
    let again = |height, body: &mut Body| {
        if height == 3 {
            edit(body, |list| list.push(list[0].clone()));
        }
    };
    let forgery = Forgery { body: &again, signed: true, ..Forgery::default() };
    check(&network, &forgery, &TIP, 2, &[("submission", 3)]);
}

/// All validators and all nodes rewrite block 3, and sign everything again.
fn rewritten(network: &Network) -> (Vec<Vec<u8>>, Certificate) {
    let key = fixture::node_key(2, Purpose::Submission);
    let body = |height, body: &mut Body| {
        if height == 3 {
            let events = vec![fixture::event(21, Action::Terminate)];
            let signed = Submission::sign(&network.tip.chain, &key, NodeNumber(2), Sequence(3), events);
            edit(body, |list| list[1] = signed.clone().unwrap());
        }
    };
    Forgery { body: &body, signed: true, ..Forgery::default() }.of(network)
}

#[test]
fn a_history_rewritten_by_everybody_is_found_by_what_an_auditor_kept() {
    let network = grown(6);
    let (blocks, certificate) = rewritten(&network);
    assert!(blocks[..2] == network.blocks[..2] && blocks[2..] != network.blocks[2..]);
    for (kept, expected) in
        [(None, vec![]), (Some(2), vec![]), (Some(3), vec![("rewritten", 3)]), (Some(6), vec![("rewritten", 6)])]
    {
        for options in [TIP, EVERY] {
            let from = kept.map(|height| Bookmark::of(&grown(height).tip));
            let options = Options { from, ..options };
            let report = audit_of(&network, &evidence(&blocks), Some(&certificate), &options);
            let verdict = if expected.is_empty() { Verdict::Holds } else { Verdict::Altered };
            assert_eq!((found(&report), report.verdict), (expected.clone(), verdict));
        }
    }
}

#[test]
fn a_false_commitment_signed_by_all_validators() {
    let network = grown(6);
    let at_4 = |lie: &dyn Fn(&mut crate::block::Header), options: &Options, height, expected: &[(&str, u64)]| {
        let header = |height, header: &mut crate::block::Header| {
            if height == 4 {
                lie(header);
            }
        };
        check(&network, &Forgery { header: &header, signed: true, ..Forgery::default() }, options, height, expected);
    };
    for options in [TIP, EVERY] {
        at_4(&|header| header.log_size.0 += 1, &options, 3, &[("log", 4)]);
        at_4(&|header| header.log_root.0[0] ^= 1, &options, 3, &[("log", 4)]);
        at_4(&|header| header.control.0[0] ^= 1, &options, 3, &[("control", 4)]);
        at_4(&|header| header.next_membership.0[0] ^= 1, &options, 3, &[("membership", 4)]);
        at_4(&|header| header.body.0[0] ^= 1, &options, 3, &[("body", 4)]);
        at_4(&|header| header.protocol.0 = 2, &options, 3, &[("protocol", 4)]);
        at_4(&|header| header.time.0 = 0, &options, 3, &[("time", 4)]);
        at_4(&|header| header.chain.0[0] ^= 1, &options, 3, &[("chain", 4)]);
    }
    // The map's root is made once, at the tip, or at every block.
    let map = |header: &mut crate::block::Header| header.map_root = MapRoot([4; 32]);
    at_4(&map, &TIP, 6, &[]);
    at_4(&map, &EVERY, 3, &[("map", 4)]);
    let at_tip = |height, header: &mut crate::block::Header| {
        if height == 6 {
            map(header);
        }
    };
    let forgery = Forgery { header: &at_tip, signed: true, ..Forgery::default() };
    check(&network, &forgery, &EVERY, 5, &[("map", 6)]);
    // Where it begins is not known when only the tip's is made: none of them is vouched for.
    check(&network, &forgery, &TIP, 0, &[("map", 6)]);
}
