//! What agreement does, in words: for whoever reads the node's status.

use crate::called::{self, time};
use crate::consensus::{Contradiction, Silence, Standstill, Until, View, Waiting};
use crate::http::Words;
use ledger_core::membership::Membership;
use ledger_core::names::Height;
use std::time::Instant;

/// What it waits for.
pub(super) fn waiting(waiting: Waiting) -> Option<String> {
    Some(match waiting {
        Waiting::Engine => "for its engine, or for blocks that it lacks".to_owned(),
        Waiting::Due(due) => {
            let left = due.saturating_duration_since(Instant::now());
            format!("the next block is due in {:.1} s at the latest", left.as_secs_f64())
        }
        Waiting::Agreement => "for the others to agree on the next block".to_owned(),
    })
}

/// Why it signs nothing, and what ends that; none where it signs.
pub(super) fn silent(view: &View, membership: &Membership) -> Option<Words> {
    let Some(silence) = view.silence else {
        return view.is_mute.then(|| Words {
            en: "the membership in force has another consensus key of it than its home: put that there, and start it \
                 again"
                .to_owned(),
            zh: "现行成员名单中该节点的共识密钥与本节点所持不符：请换入新密钥后重新启动".to_owned(),
        });
    };
    let why = why(silence);
    let Some(Words { en, zh }) = view.until.as_ref().map(|until| end(silence, until, membership)) else {
        return Some(why);
    };
    Some(Words { en: format!("{}: {en}", why.en), zh: format!("{}：{zh}", why.zh) })
}

fn why(silence: Silence) -> Words {
    let zh = match silence {
        Silence::New { .. } => "节点目录为新建，或已丢失签名记录".to_owned(),
        Silence::Restored { .. } => "节点目录由副本恢复".to_owned(),
        Silence::Another(height) => format!("另有进程持有本节点密钥，并在第 {height} 块签署了本节点未签署的内容"),
        Silence::Above(height) => format!("本节点曾在第 {height} 块签名，但相应日志已丢失"),
    };
    Words { en: silence.to_string(), zh }
}

fn end(silence: Silence, until: &Until, membership: &Membership) -> Words {
    let (en, zh) = match until {
        Until::Beginning(missing) => (
            format!(
                "it votes once more than two thirds of the power are there at the beginning; not there: {}",
                called::nodes(membership, missing)
            ),
            format!("超过三分之二表决权的节点就绪后即参与表决；未就绪：{}", called::nodes_zh(membership, missing)),
        ),
        Until::Heard(missing, wait) => {
            let (who, who_zh) = (called::nodes(membership, missing), called::nodes_zh(membership, missing));
            let (after, after_zh) = if wait.is_zero() {
                (String::new(), String::new())
            } else {
                (format!(", which is in {} at the soonest", time(*wait)), format!("（最早 {} 后）", time(*wait)))
            };
            (
                format!(
                    "it votes some blocks after more than two thirds of the power, its own not counted, have said where \
                     they stand{after}; not heard: {who}"
                ),
                format!("待超过三分之二表决权的其他节点告知所在高度{after_zh}，再过数块即参与表决；未获知：{who_zh}"),
            )
        }
        Until::Blocks(count, about) => {
            let blocks = if *count == 1 { "one more block".to_owned() } else { format!("{count} more blocks") };
            let about = time(*about);
            (format!("it votes in about {about}, after {blocks}"), format!("约 {about} 后（再过 {count} 块）参与表决"))
        }
        Until::Operator => match silence {
            Silence::Another(_) => (
                "stop one of the two for good, and start the other once with --restored".to_owned(),
                "请彻底停止其中一个，再以 --restored 启动另一个一次".to_owned(),
            ),
            Silence::New { .. } | Silence::Restored { .. } | Silence::Above(_) => (
                "nothing ends that by itself, since the others have no more than two thirds of the power: see `luqi node \
                 forget --help`"
                    .to_owned(),
                "其他节点的表决权不超过三分之二，无法自行解除：参见 `luqi node forget --help`".to_owned(),
            ),
        },
    };
    Words { en, zh }
}

/// Which height stands still, and who is not heard of it.
pub(super) fn standstill(height: Height, standstill: &Standstill, membership: &Membership) -> Words {
    let (since, missing) = (time(standstill.since.elapsed()), &standstill.missing);
    let (who, who_zh) = (called::nodes(membership, missing), called::nodes_zh(membership, missing));
    Words {
        en: format!("height {height} stands still, its block is due for {since}; not heard: {who}"),
        zh: format!("第 {height} 块停滞，已逾期 {since}；未获知：{who_zh}"),
    }
}

/// What a certified block says against this node's own computation, and what to do.
pub(super) fn contradiction(contradiction: &Contradiction) -> Words {
    let report = &contradiction.report;
    Words {
        en: format!("{report}; stop it, audit a copy of its home, and another node"),
        zh: format!("共识停止：{report}；请停止节点，审计其目录的副本及另一节点"),
    }
}

/// Why the own clock is no good, where it is not.
pub(super) fn own_clock(view: &View) -> Option<Words> {
    let (_, ahead) = view.clocks.strays.iter().find(|(node, _)| *node == view.node)?;
    let seconds = *ahead as f64 / 1_000.0;
    Some(Words {
        en: format!("its clock is {seconds:+.1} s from the middle one of the voting power: set it right"),
        zh: format!("本机时钟与表决权中位时钟相差 {seconds:+.1} 秒，请校准"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger_core::fixture::Network;
    use ledger_core::names::{NodeNumber, Timestamp};
    use std::time::Duration;

    fn said(silence: Silence, until: Until) -> String {
        let view = View { silence: Some(silence), until: Some(until), ..View::default() };
        silent(&view, Network::new(4).tip.membership()).unwrap().en
    }

    #[test]
    fn a_silence_says_why_and_what_ends_it() {
        let restored = Silence::Restored { since: Timestamp(0) };
        let words = said(restored, Until::Blocks(1, Duration::from_secs(10)));
        assert_eq!(words, "its home was restored from a copy: it votes in about 10 s, after one more block");
        let words = said(Silence::Above(Height(9)), Until::Blocks(3, Duration::from_secs(1_200)));
        assert!(words.ends_with("it votes in about 20 min, after 3 more blocks"), "{words}");
        let words = said(restored, Until::Heard(vec![NodeNumber(3)], Duration::from_secs(7)));
        assert!(words.contains("in 7 s at the soonest; not heard: node 3 ("), "{words}");
        let new = Silence::New { since: Timestamp(0) };
        assert!(said(new, Until::Beginning(vec![NodeNumber(2)])).contains("not there: node 2 ("));
        assert!(said(new, Until::Operator).contains("luqi node forget"));
        assert!(said(Silence::Another(Height(7)), Until::Operator).contains("once with --restored"));
        let view = View { is_mute: true, ..View::default() };
        let membership = Network::new(4).tip.membership().clone();
        assert!(silent(&view, &membership).unwrap().en.contains("another consensus key"));
        assert_eq!(silent(&View::default(), &membership), None);
    }
}
