//! How nodes are called towards people: by number and member.

use ledger_core::membership::Membership;
use ledger_core::names::NodeNumber;

/// One node: `node 3 (Qingdao)`; its number alone where the membership has no such node.
#[must_use]
pub fn node(membership: &Membership, number: NodeNumber) -> String {
    match membership.node(number) {
        Some((member, _)) => format!("node {number} ({})", &*member.name_en),
        None => format!("node {number}"),
    }
}

/// Several nodes in English; `nobody` where there is none.
#[must_use]
pub fn nodes(membership: &Membership, numbers: &[NodeNumber]) -> String {
    let called: Vec<_> = numbers.iter().map(|number| node(membership, *number)).collect();
    if called.is_empty() { "nobody".to_owned() } else { called.join(", ") }
}

/// Several nodes in Chinese.
#[must_use]
pub fn nodes_zh(membership: &Membership, numbers: &[NodeNumber]) -> String {
    let called = |number: &NodeNumber| match membership.node(*number) {
        Some((member, _)) => format!("节点 {number}（{}）", &*member.name_zh),
        None => format!("节点 {number}"),
    };
    let called: Vec<_> = numbers.iter().map(called).collect();
    if called.is_empty() { "无".to_owned() } else { called.join("、") }
}

/// A time that is left, or has passed: `0.4 s`, `12 s`, `7 min`, `3 h`.
#[must_use]
pub fn time(time: std::time::Duration) -> String {
    match time.as_secs() {
        0 => format!("{:.1} s", time.as_secs_f64()),
        seconds @ 1..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3_600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger_core::fixture::Network;
    use std::time::Duration;

    #[test]
    fn nodes_are_called_by_number_and_member() {
        let membership = Network::new(4).tip.membership().clone();
        let (own, _) = membership.node(NodeNumber(2)).unwrap();
        let both = [NodeNumber(2), NodeNumber(99)];
        assert_eq!(nodes(&membership, &both), format!("node 2 ({}), node 99", &*own.name_en));
        assert_eq!(nodes_zh(&membership, &both), format!("节点 2（{}）、节点 99", &*own.name_zh));
        assert_eq!((nodes(&membership, &[]), nodes_zh(&membership, &[])), ("nobody".to_owned(), "无".to_owned()));
    }

    #[test]
    fn times_are_for_people() {
        let said = [0.44, 1.0, 119.9, 120.0, 7_199.0, 7_200.0].map(|seconds| time(Duration::from_secs_f64(seconds)));
        assert_eq!(said, ["0.4 s", "1 s", "119 s", "2 min", "119 min", "2 h"].map(str::to_owned));
    }
}
