//! A peer answers whoever is behind with blocks that do not hold: it is named and cut off, and the chain
//! comes from the others.

use super::cluster::{Cluster, LONG, genesis, quick};
use super::hub::Hub;
use super::lies::LIAR;
use crate::chain::Chain;
use crate::consensus::ConsensusError;
use crate::consensus::codec::{LuqiCodec, engine_certificate};
use crate::consensus::context::{At, Luqi};
use crate::consensus::network::{engine_peer, status};
use crate::network::{EngineEvent, EngineInbox, Network, Question, Topic, wire};
use crate::store::StoreConfig;
use arc_malachitebft_app_channel::app::engine::network::Status;
use arc_malachitebft_app_channel::app::types::codec::Codec;
use arc_malachitebft_app_channel::app::types::sync::{RawDecidedValue, Response};
use arc_malachitebft_sync::ValueResponse;
use bytes::Bytes;
use ledger_core::block::Block;
use ledger_core::chain::{Commitment, Fault};
use ledger_core::codec;
use ledger_core::fixture::certificate_by;
use ledger_core::names::{Height, MapRoot, NodeNumber, PROTOCOL};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const LATE: NodeNumber = NodeNumber(5);

type Values = Vec<RawDecidedValue<Luqi>>;
type Spoil = fn(&mut Values);

/// What an honest node answers, spoiled where there is enough of it; nothing that can be read where nothing is
/// left of it then.
fn spoiled(bytes: &[u8], spoil: Spoil) -> wire::Response {
    let Response::ValueResponse(ValueResponse { start_height, mut values }) =
        LuqiCodec.decode(Bytes::copy_from_slice(bytes)).unwrap();
    if values.len() > 1 {
        spoil(&mut values);
    }
    if values.is_empty() {
        return wire::Response::Engine(codec::Bytes::new(b"no answer".to_vec()).unwrap());
    }
    let response = Response::<Luqi>::ValueResponse(ValueResponse { start_height, values });
    wire::Response::Engine(codec::Bytes::new(LuqiCodec.encode(&response).unwrap().to_vec()).unwrap())
}

/// Answers each question as node 1 does, spoiled.
async fn answer(hub: Hub, liar: Network, spoil: Arc<Mutex<Spoil>>, mut ears: EngineInbox) {
    while let Some(event) = ears.recv().await {
        let EngineEvent::Question(Question { request, answer, .. }) = event else { continue };
        let honest = liar.request(hub.id(NodeNumber(1)), request).await;
        let Ok(wire::Response::Engine(honest)) = honest else { continue };
        let spoil = *spoil.lock().unwrap();
        // Who asked may be gone.
        let _ = answer.send(spoiled(&honest, spoil));
    }
}

/// Says again and again where it stands, until it is cut off once more.
async fn tempt(cluster: &Cluster, liar: &Network) {
    let cut = cluster.hub.cut().len();
    let tempt = async {
        while cluster.hub.cut().len() == cut {
            let own = engine_peer(&liar.own()).unwrap();
            let said = status(own, &Status::new(At(Height(cluster.height(1))), At(Height(1))), PROTOCOL).unwrap();
            liar.publish(Topic::Status, said).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    assert!(tokio::time::timeout(LONG, tempt).await.is_ok(), "nobody is cut off");
}

/// The byte of a signature.
fn forge(value: &mut RawDecidedValue<Luqi>) {
    value.certificate.commit_signatures[1].signature.0[7] ^= 1;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_answers_with_forged_blocks_is_named_and_the_others_are_asked() {
    let mut cluster = Cluster::new(4, quick());
    let (liar, ears) = cluster.hub.join(LIAR);
    let spoil: Arc<Mutex<Spoil>> = Arc::new(Mutex::new(|_| {}));
    tokio::spawn(answer(cluster.hub.clone(), liar.clone(), Arc::clone(&spoil), ears));
    (1..=3).for_each(|node| cluster.start(node));
    cluster.reach_all(4).await;
    let lies: [Spoil; 7] = [
        |values| forge(&mut values[0]),
        |values| _ = values[0].certificate.commit_signatures.pop(),
        // One of a height to come: the liar is told by it once the chain is there.
        |values| forge(&mut values[1]),
        // The certificate is good, the block is another one.
        |values| values[0].value_bytes = values[1].value_bytes.clone(),
        |values| values[0].value_bytes = values[0].value_bytes.slice(1..),
        |values| values.swap(0, 1),
        Vec::clear,
    ];
    for lie in lies {
        *spoil.lock().unwrap() = lie;
        // It hears the liar alone, which is all that a liar can wish for.
        cluster.hub.only(|from, to| to != LATE && from != LATE || from == LIAR || to == LIAR);
        cluster.start(LATE.0);
        tempt(&cluster, &liar).await;
        cluster.hub.only(|_, _| true);
        let height = cluster.height(1);
        cluster.agree_on(height + 1).await;
        cluster.stop(LATE.0).await.unwrap();
        std::fs::remove_dir_all(cluster.home(LATE.0)).unwrap();
    }
    let cut = cluster.hub.cut();
    assert!(cut.iter().all(|(node, why)| *node == LIAR && why.contains("blocks that do not hold")), "{cut:?}");
    cluster.stop_all().await;
}

/// Another state under the header of the first one, certified by all.
fn certify_another_state(values: &mut Values) {
    let chain = genesis(4, quick()).chain_id();
    let mut block: Block = codec::decode(&values[0].value_bytes).unwrap();
    block.header.map_root = MapRoot([7; 32]);
    let certificate = certificate_by(&chain, (1..=4).map(NodeNumber), block.header.height, block.header.hash());
    *values = vec![RawDecidedValue::new(codec::encode(&block).into(), engine_certificate(&certificate))];
}

#[tokio::test(flavor = "multi_thread")]
async fn what_all_have_certified_and_does_not_hold_ends_agreement_and_is_nobodys_fault() {
    let mut cluster = Cluster::new(4, quick());
    let (liar, ears) = cluster.hub.join(LIAR);
    let spoil: Arc<Mutex<Spoil>> = Arc::new(Mutex::new(certify_another_state));
    tokio::spawn(answer(cluster.hub.clone(), liar.clone(), spoil, ears));
    (1..=3).for_each(|node| cluster.start(node));
    cluster.reach_all(4).await;
    cluster.hub.only(|from, to| to != LATE && from != LATE || from == LIAR || to == LIAR);
    cluster.start(LATE.0);
    let tempting = tokio::spawn(async move {
        let own = engine_peer(&liar.own()).unwrap();
        loop {
            let said = status(own, &Status::new(At(Height(4)), At(Height(1))), PROTOCOL).unwrap();
            liar.publish(Topic::Status, said).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    let ended = cluster.ended(LATE.0).await;
    assert!(
        matches!(ended, Err(ConsensusError::Diverged { height: Height(1), fault: Fault::Commitment(Commitment::Map) })),
        "{ended:?}"
    );
    tempting.abort();
    assert!(cluster.hub.cut().is_empty(), "{:?}", cluster.hub.cut());
    // What it has stays what it was.
    let chain = Chain::open(&cluster.home(LATE.0).join("ledger"), cluster.genesis.clone(), StoreConfig::default());
    assert_eq!(chain.unwrap().latest().tip.height(), Height(0));
    cluster.stop_all().await;
}
