//! Alterations with everything above recomputed, first without the validators' keys, then by all
//! validators together.

use super::*;
use crate::block::Body;
use crate::chain::Span;
use crate::codec::List;
use crate::fixture::forger::edit;
use crate::membership::Purpose;
use crate::merkle::LogIndex;
use crate::names::{MapRoot, Sequence};
use crate::submission::Submission;

fn check(network: &Network, forgery: &Forgery<'_>, options: &Options, found: Option<(&str, u64)>) -> Report {
    let (blocks, certificate) = forgery.of(network);
    let report = Report::of(&judge_blocks(network, &blocks, ends_with(Some(&certificate)), options));
    assert_eq!(fault(&report), found);
    let whole = network.tip.height().0;
    let expected = match found {
        Some((_, at)) => {
            (Verdict::Altered, Some(at - 1), Some(at), Some(at.saturating_sub(2)).filter(|signed| *signed > 0))
        }
        None => (Verdict::Holds, Some(whole), None, Some(whole)),
    };
    check_heights(&report, options, expected);
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
    let expected = Some(("submission", 4));
    for options in [TIP, EVERY] {
        let report = check(&network, &Forgery { body: &body, ..Forgery::default() }, &options, expected);
        let finding = &report.findings[0];
        assert_eq!(finding.index, Some(Span(LogIndex(19), LogIndex(19))));
        assert_eq!(finding.subject, Some(fixture::subject(31)));
        // Signed again by all validators, it is still not signed by the node that it names.
        let signed = Forgery { body: &body, signed: true, ..Forgery::default() };
        let report = check(&network, &signed, &options, expected);
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
    let report = check(&network, &Forgery { body: &body, ..Forgery::default() }, &TIP, expected);
    assert_eq!(report.findings[0].index, Some(Span(LogIndex(16), LogIndex(18))));
    assert_eq!(report.findings[0].subject, None);
}

fn short(certificate: &mut Option<Certificate>) {
    forger::shorten(certificate.as_mut().unwrap(), 2);
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
    check(&network, &unsigned, &TIP, Some(("block", 4)));
    check(&network, &unsigned, &EVERY, Some(("certificate", 4)));
    // Signed again: the certificates above prove the blocks below, but for who looks at every one.
    let signed = Forgery { signed: true, ..unsigned };
    check(&network, &signed, &TIP, None);
    check(&network, &signed, &EVERY, Some(("certificate", 4)));
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
        check(&network, &forgery, &options, Some(("certificate", 5)));
    }
}

#[test]
fn a_removed_key_signs_no_more() {
    let network = changed();
    // Node 4 has lost its vote from height 5 on.
    let with_node_4 = |certificate: &Certificate| {
        let keys = [1, 2, 3, 4].map(|number| (NodeNumber(number), fixture::node_key(number, Purpose::Consensus)));
        let signers = keys.each_ref().map(|(number, key)| (*number, key));
        Certificate::sign(&network.tip.chain(), certificate.height, certificate.round, certificate.block, &signers)
    };
    let tip = with_node_4(network.certificate.as_ref().unwrap());
    let report = Report::of(&judge_blocks(&network, &network.blocks, ends_with(Some(&tip)), &TIP));
    assert_eq!((fault(&report), report.verdict), (Some(("certificate", 8)), Verdict::Altered));

    for (carrier, expected) in [(5, None), (6, Some(("certificate", 6))), (7, Some(("certificate", 7)))] {
        let body = |height, body: &mut Body| {
            if height == carrier {
                body.parent_certificate = body.parent_certificate.as_ref().map(&with_node_4);
            }
        };
        let forgery = Forgery { body: &body, signed: true, ..Forgery::default() };
        check(&network, &forgery, &EVERY, expected);
    }
}

#[test]
fn a_removed_node_submits_no_more() {
    let mut network = grown(2);
    network.govern(Change::RemoveNode(NodeNumber(4)), Height(4));
    (0..3).for_each(|_| fill(&mut network));
    let key = fixture::node_key(4, Purpose::Submission);
    for (height, stream, expected) in [(5, 4, Some(("submission", 5))), (5, 9, Some(("submission", 5)))] {
        let body = |at, body: &mut Body| {
            if at == height {
                let events = vec![fixture::event(1, Action::Renew)];
                let chain = &network.tip.chain();
                edit(body, |list| {
                    let (stream, sequence) = (NodeNumber(stream), Sequence(1));
                    list.push(Submission::sign(chain, &key, stream, sequence, events.clone()).unwrap());
                });
            }
        };
        let forgery = Forgery { body: &body, signed: true, ..Forgery::default() };
        let report = check(&network, &forgery, &TIP, expected);
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
    check(&network, &forgery, &TIP, Some(("submission", 4)));
    let again = |height, body: &mut Body| {
        if height == 3 {
            edit(body, |list| list.push(list[0].clone()));
        }
    };
    let forgery = Forgery { body: &again, signed: true, ..Forgery::default() };
    check(&network, &forgery, &TIP, Some(("submission", 3)));
}

/// All validators and all nodes rewrite block 3, and sign everything again.
fn rewritten(network: &Network) -> (Vec<Vec<u8>>, Certificate) {
    let key = fixture::node_key(2, Purpose::Submission);
    let body = |height, body: &mut Body| {
        if height == 3 {
            let events = vec![fixture::event(21, Action::Terminate)];
            let signed = Submission::sign(&network.tip.chain(), &key, NodeNumber(2), Sequence(3), events);
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
        [(None, None), (Some(2), None), (Some(3), Some(("rewritten", 3))), (Some(6), Some(("rewritten", 6)))]
    {
        for options in [TIP, EVERY] {
            let from = kept.map(|height| Bookmark::of(&grown(height).tip));
            let options = Options { from, ..options };
            let report = Report::of(&judge_blocks(&network, &blocks, ends_with(Some(&certificate)), &options));
            let verdict = if expected.is_none() { Verdict::Holds } else { Verdict::Altered };
            assert_eq!((fault(&report), report.verdict), (expected, verdict));
        }
    }
}

#[test]
fn a_false_commitment_signed_by_all_validators() {
    let network = grown(6);
    let at_4 = |lie: &dyn Fn(&mut crate::block::Header), options: &Options, expected: Option<(&str, u64)>| {
        let header = |height, header: &mut crate::block::Header| {
            if height == 4 {
                lie(header);
            }
        };
        check(&network, &Forgery { header: &header, signed: true, ..Forgery::default() }, options, expected);
    };
    for options in [TIP, EVERY] {
        at_4(&|header| header.log_size.0 += 1, &options, Some(("log", 4)));
        at_4(&|header| header.log_root.0[0] ^= 1, &options, Some(("log", 4)));
        at_4(&|header| header.control.0[0] ^= 1, &options, Some(("control", 4)));
        at_4(&|header| header.next_membership.0[0] ^= 1, &options, Some(("membership", 4)));
        at_4(&|header| header.body.0[0] ^= 1, &options, Some(("body", 4)));
        at_4(&|header| header.protocol.0 = 2, &options, Some(("protocol", 4)));
        at_4(&|header| header.time.0 = 0, &options, Some(("time", 4)));
        at_4(&|header| header.height.0 = 2, &options, Some(("height", 4)));
        at_4(&|header| header.height.0 = 9, &options, Some(("height", 4)));
        at_4(&|header| header.parent.0[0] ^= 1, &options, Some(("link", 4)));
        at_4(&|header| header.chain.0[0] ^= 1, &options, Some(("chain", 4)));
    }
    // The map's root is made once, at the tip, or at every block.
    let map = |header: &mut crate::block::Header| header.map_root = MapRoot([4; 32]);
    at_4(&map, &TIP, None);
    at_4(&map, &EVERY, Some(("map", 4)));
    let at_tip = |height, header: &mut crate::block::Header| {
        if height == 6 {
            map(header);
        }
    };
    let forgery = Forgery { header: &at_tip, signed: true, ..Forgery::default() };
    check(&network, &forgery, &EVERY, Some(("map", 6)));
    check(&network, &forgery, &TIP, Some(("map", 6)));
}
