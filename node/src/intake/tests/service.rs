use super::member::{CITY, Pair};
use super::*;
use crate::chain::Chain;
use crate::outbox::Outbox;
use crate::store::StoreConfig;
use ledger_core::governance::{Approve, Change, Propose};
use ledger_core::names::Sequence;
use std::time::Duration;

struct Served {
    pair: Pair,
    chain: Chain,
    outbox: Outbox,
    service: Service,
}

/// Long enough for any machine; only what hangs for good takes it.
async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(120), what).await.expect("it did not happen")
}

fn start(pair: Pair, config: ServiceConfig) -> Served {
    let home = Home::open(pair.root.path()).unwrap();
    let chain = Chain::open(&home.ledger(), home.genesis().clone(), StoreConfig::default()).unwrap();
    let outbox = Outbox::open(&home.outbox()).unwrap();
    let service = Service::start(home, chain.clone(), outbox.clone(), config).unwrap();
    Served { pair, chain, outbox, service }
}

impl Served {
    /// Blocks of what waits, until everything is known to be final.
    async fn settle(&self) {
        for _ in 0..6_000 {
            let last = self.chain.latest().tip.control().last_sequence(CITY);
            let next = self.outbox.from(last.next(), 50, usize::MAX).unwrap();
            if !next.is_empty() {
                self.pair.commit(&self.chain, next);
            } else if self.outbox.is_empty() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("it does not come to an end");
    }

    async fn stop(self) -> Pair {
        self.service.stop().await;
        self.pair
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_are_answered_and_followed_until_they_are_final() {
    let served = start(Pair::new(Parameters::default()), ServiceConfig::default());
    let submits: Vec<_> = (0..200)
        .map(|number| {
            let service = served.service.clone();
            let message = new(A, &[&format!("n{number}"), &format!("m{number}")]).into_bytes();
            tokio::spawn(async move { service.submit(message).await.unwrap() })
        })
        .collect();
    let mut receipts = Vec::new();
    for submit in submits {
        receipts.push(submit.await.unwrap());
    }
    let ids: BTreeSet<_> = receipts.iter().map(|receipt| receipt.id.clone()).collect();
    assert_eq!(ids.len(), 200);
    // What was answered is durable, whoever looks.
    let in_outbox: usize =
        served.outbox.from(Sequence(0), usize::MAX, usize::MAX).unwrap().iter().map(|one| one.events.len()).sum();
    assert_eq!(in_outbox, 400);
    assert_eq!(served.service.find(&receipts[0].id).unwrap().items, [ItemState::Pending, ItemState::Pending]);
    served.settle().await;
    let all_final = |service: &Service| {
        receipts.iter().all(|receipt| {
            let found = service.find(&receipt.id).unwrap();
            found.items.len() == 2
                && found.items.iter().all(|item| matches!(item, ItemState::Final { applied: true, .. }))
        })
    };
    assert!(all_final(&served.service));
    let view = served.service.view();
    assert_eq!((view.accepted, view.applied, view.outbox, view.closed), (400, 400, 0, None));

    let served = start(served.stop().await, ServiceConfig::default());
    assert!(all_final(&served.service));
    let again = served.service.submit(new(A, &["n7"]).into_bytes()).await.unwrap();
    assert_eq!(again.items, [ItemOutcome::Duplicate]);
    assert_eq!(served.service.find(&again.id).unwrap().items, [ItemState::Duplicate]);
    for unknown in ["", "0123456789abcdef0123456789abcdef", &again.id[1..]] {
        assert_eq!(served.service.find(unknown), None);
    }
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_said_without_a_value() {
    let served = start(Pair::new(Parameters::default()), ServiceConfig::default());
    let service = &served.service;
    let unreadable = service.submit(b"{".to_vec()).await.unwrap_err();
    assert!(
        matches!(&unreadable, SubmitError::Unreadable(finding) if finding.code == "JSON_TRUNCATED"),
        "{unreadable}"
    );
    let receipt = service.submit(renew(A, &[("c4", "20250230"), ("c5", "20250301")]).into_bytes()).await.unwrap();
    let [ItemOutcome::Rejected(finding), ItemOutcome::Accepted { .. }] = &receipt.items[..] else {
        panic!("{receipt:?}")
    };
    assert_eq!(
        (finding.code.as_str(), finding.pointer.as_str()),
        ("NOT_A_DATE", "/续签合同信息列表/0/合同期限起始日期")
    );
    assert!(!finding.text_zh.contains("20250230") && !finding.text_en.contains("20250230"));
    let parked = service.submit(renew("", &[("c6", "20250301")]).into_bytes()).await.unwrap();
    assert_eq!(parked.items, [ItemOutcome::Parked]);
    assert_eq!(service.find(&parked.id).unwrap().items, [ItemState::Parked]);
    assert_eq!(service.find(&receipt.id).unwrap().items, [ItemState::Rejected, ItemState::Pending]);
    // Its contract takes it along.
    service.submit(new(A, &["c6"]).into_bytes()).await.unwrap();
    served.settle().await;
    assert!(matches!(service.find(&parked.id).unwrap().items[..], [ItemState::Final { applied: true, .. }]));
    let view = service.view();
    assert_eq!((view.rejected, view.pending), (1, 1));
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_too_much_to_do_says_so() {
    let config = ServiceConfig { outbox_bytes: 1, ..ServiceConfig::default() };
    let served = start(Pair::new(Parameters::default()), config);
    served.service.submit(new(A, &["c1"]).into_bytes()).await.unwrap();
    // The view is renewed right after the answer.
    let busy = soon(async {
        loop {
            match served.service.submit(new(A, &["c1"]).into_bytes()).await {
                Ok(receipt) => assert_eq!(receipt.items, [ItemOutcome::Duplicate]),
                Err(error) => break error,
            }
        }
    });
    let busy = busy.await;
    assert!(matches!(busy, SubmitError::Busy { .. }), "{busy}");
    served.settle().await;
    let taken = soon(async {
        while let Err(error) = served.service.submit(new(A, &["c2"]).into_bytes()).await {
            assert!(matches!(error, SubmitError::Busy { .. }), "{error}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    taken.await;
    let service = served.service.clone();
    let config = ServiceConfig { queue_bytes: 100, ..ServiceConfig::default() };
    let served = start(served.stop().await, config);
    let long = served.service.submit(new(A, &["c3"]).into_bytes()).await;
    assert!(matches!(long, Err(SubmitError::Busy { .. })));
    let ended = service.submit(new(A, &["c4"]).into_bytes()).await;
    assert!(matches!(ended, Err(SubmitError::Closed(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tables_are_made_once_a_day() {
    let config = ServiceConfig { strict: true, ..ServiceConfig::default() };
    let served = start(Pair::new(Parameters::default()), config);
    let (one, other) = (served.service.annex().unwrap(), served.service.annex().unwrap());
    assert!(one.strict);
    assert!(Arc::ptr_eq(&one, &other) || one.today != other.today);
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn governance_goes_through_the_outbox_and_who_is_removed_takes_nothing_in() {
    let served = start(Pair::new(Parameters::default()), ServiceConfig::default());
    let change = Change::RemoveNode(CITY);
    let effective = Height(3);
    let id = change.id(effective);
    let propose = Event::Propose(Box::new(Propose { change: change.into(), effective }));
    assert_eq!(served.service.govern(propose).await, Ok(Sequence(1)));
    let chain = served.chain.latest().tip.chain();
    for (member, code) in served.pair.members.iter().zip(["370000", "370100"]) {
        let approve = Approve::sign(&chain, &member.governance, code.parse().unwrap(), id);
        served.service.govern(Event::Approve(approve)).await.unwrap();
    }
    let evidence = ledger_core::event::Evidence { form: 1, bytes: ledger_core::codec::Bytes::default() };
    let refused = served.service.govern(Event::Evidence(evidence)).await;
    assert!(matches!(refused, Err(SubmitError::NotSubmitted(_))));
    served.service.submit(new(A, &["c1"]).into_bytes()).await.unwrap();
    served.settle().await;
    served.pair.commit(&served.chain, Vec::new());
    assert!(served.chain.latest().tip.membership().node(CITY).is_none());
    let refused = soon(async {
        loop {
            match served.service.submit(new(A, &["c2"]).into_bytes()).await {
                Err(SubmitError::Busy { .. }) => {}
                other => break other,
            }
        }
    });
    assert_eq!(refused.await.unwrap_err(), SubmitError::NotAMember(CITY));
    // A start as no member is no error; the rest of the node may run.
    let served = start(served.stop().await, ServiceConfig::default());
    assert_eq!(served.service.submit(new(A, &["c2"]).into_bytes()).await.unwrap_err(), SubmitError::NotAMember(CITY));
    assert!(served.service.view().closed.is_some());
    served.stop().await;
}
