//! Says who comes and goes, by name, and whether more than two thirds of the voting power is connected.

use crate::called;
use crate::chain::Chain;
use crate::network::Peer;
use ledger_core::membership::Membership;
use ledger_core::names::NodeNumber;
use std::collections::BTreeSet;
use tokio::sync::watch;

/// What there is to say.
#[derive(Clone, Debug, PartialEq, Eq)]
enum News {
    /// A member's node is connected.
    Came(NodeNumber),
    /// It is no more.
    Left(NodeNumber),
    /// More than two thirds of the power are connected.
    Quorum,
    /// No more than two thirds are, who were before; these are away.
    Lost(Vec<NodeNumber>),
}

/// Who was connected when it was looked last.
#[derive(Debug, Default)]
struct Reach {
    connected: BTreeSet<NodeNumber>,
    is_quorum: bool,
}

impl Reach {
    /// What has changed.
    fn look(&mut self, own: NodeNumber, membership: &Membership, connected: BTreeSet<NodeNumber>) -> Vec<News> {
        let came = connected.difference(&self.connected).copied().map(News::Came);
        let left = self.connected.difference(&connected).copied().map(News::Left);
        let mut news: Vec<_> = left.chain(came).collect();
        let with_power = membership.nodes().map(|(_, node)| node).filter(|node| node.power > 0);
        let reached = |number| number == own || connected.contains(&number);
        let (there, away): (Vec<_>, Vec<_>) = with_power.partition(|node| reached(node.number));
        let is_quorum = membership.is_quorum(there.iter().map(|node| u64::from(node.power)).sum());
        match (self.is_quorum, is_quorum) {
            (false, true) => news.push(News::Quorum),
            (true, false) => news.push(News::Lost(away.iter().map(|node| node.number).collect())),
            (false, false) | (true, true) => {}
        }
        *self = Self { connected, is_quorum };
        news
    }
}

/// Says it until the node is to end, which is no news.
pub(super) async fn watch(
    own: NodeNumber,
    chain: Chain,
    mut peers: watch::Receiver<Vec<Peer>>,
    mut ending: watch::Receiver<bool>,
) {
    let (mut reach, mut tip) = (Reach::default(), chain.tip());
    loop {
        let connected = peers.borrow_and_update().iter().map(|peer| peer.node).collect();
        let membership = tip.borrow_and_update().tip.membership().clone();
        if *ending.borrow() {
            return;
        }
        reach.look(own, &membership, connected).iter().for_each(|news| say(news, &membership));
        let changed = tokio::select! {
            biased;
            _ = ending.wait_for(|ending| *ending) => return,
            changed = peers.changed() => changed,
            changed = tip.changed() => changed,
        };
        if changed.is_err() {
            // The swarm or the chain has gone; the node ends.
            let _ = ending.wait_for(|ending| *ending).await;
            return;
        }
    }
}

fn say(news: &News, membership: &Membership) {
    match news {
        News::Came(node) => tracing::info!("{} is connected", called::node(membership, *node)),
        News::Left(node) => {
            tracing::warn!("{} is gone: nothing connects it with this node", called::node(membership, *node))
        }
        News::Quorum => tracing::info!("more than two thirds of the voting power is connected, this node included"),
        News::Lost(away) => tracing::error!(
            "no more than two thirds of the voting power is connected, and the chain halts without the others: away are {}",
            called::nodes(membership, away)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger_core::fixture::Network;
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    #[test]
    fn who_leaves_is_named_and_a_lost_quorum_with_all_who_are_away() {
        let membership = Network::new(4).tip.membership().clone();
        let mut reach = Reach::default();
        let mut look =
            |nodes: &[u32]| reach.look(NodeNumber(1), &membership, nodes.iter().copied().map(NodeNumber).collect());
        let [two, three, four] = [2, 3, 4].map(NodeNumber);
        assert_eq!(look(&[]), [], "nothing is lost that was never there");
        assert_eq!(look(&[2]), [News::Came(two)]);
        assert_eq!(look(&[2, 3]), [News::Came(three), News::Quorum]);
        assert_eq!(look(&[2, 3]), []);
        assert_eq!(look(&[2, 3, 4]), [News::Came(four)]);
        assert_eq!(look(&[3, 4]), [News::Left(two)]);
        assert_eq!(look(&[4]), [News::Left(three), News::Lost(vec![two, three])]);
        assert_eq!(look(&[2, 4, 9]), [News::Came(two), News::Came(NodeNumber(9)), News::Quorum]);
    }

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn levels_and_names() {
        let membership = Network::new(4).tip.membership().clone();
        let lines = Lines::default();
        let to = lines.clone();
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || to.clone()).finish();
        let [two, three] = [2, 3].map(NodeNumber);
        tracing::subscriber::with_default(subscriber, || {
            for news in [News::Came(two), News::Left(two), News::Quorum, News::Lost(vec![two, three])] {
                say(&news, &membership);
            }
        });
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<_> = text.lines().collect();
        let [came, left, quorum, lost] = lines.as_slice() else { panic!("{text}") };
        assert!(came.contains("INFO") && quorum.contains("INFO"), "{text}");
        assert!(left.contains("WARN") && left.contains("node 2 (Member 2) is gone"), "{text}");
        assert!(lost.contains("ERROR") && lost.contains("node 2 (Member 2), node 3 (Member 3)"), "{text}");
    }
}
