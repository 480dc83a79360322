//! Geneses that start no chain, although they are well encoded.

use super::Cases;
use crate::structures::continued;
use ledger_core::certificate::Certificate;
use ledger_core::codec;
use ledger_core::genesis::{Genesis, Predecessor};
use ledger_core::governance::Control;
use ledger_core::merkle::{Frontier, LogRoot};
use ledger_core::names::{ControlHash, Height, PROTOCOL, Protocol, Timestamp};
use serde_json::Value;

pub(super) fn add(cases: &mut Vec<Value>) {
    let mut c = Cases { kind: "genesis", cases };
    let good = continued();
    let mut refuse = |name: &str, edit: &dyn Fn(&mut Genesis)| {
        let mut genesis = good.clone();
        edit(&mut genesis);
        let why = genesis.check().expect_err(name);
        c.push(name, codec::encode(&genesis), why);
    };
    refuse("a protocol that is not known", &|genesis| genesis.protocol = Protocol(2));
    refuse("a protocol of 0", &|genesis| genesis.protocol = Protocol(0));
    refuse("more witnesses wanted than named", &|genesis| genesis.trust.wanted = 3);
    let mut old = |name: &str, edit: &dyn Fn(&mut Predecessor)| {
        refuse(name, &|genesis| edit(genesis.predecessor.as_mut().unwrap()));
    };
    old("a predecessor's frontier of another size", &|old| old.frontier = Frontier::default());
    old("a predecessor's frontier of another root", &|old| old.header.log_root = LogRoot([1; 32]));
    old("another control state of the predecessor", &|old| old.control = Control::new(PROTOCOL));
    old("a predecessor's header with another control hash", &|old| old.header.control = ControlHash([1; 32]));
    old("a predecessor's certificate of another height", &|old| {
        old.certificate = Certificate { height: Height(9), ..old.certificate.clone() };
    });
    old("a predecessor's certificate of another block", &|old| old.certificate.block.0[0] ^= 1);
    let time = good.predecessor.as_ref().unwrap().header.time;
    refuse("a time before the predecessor's", &|genesis| genesis.time = Timestamp(time.0 - 1));
}
