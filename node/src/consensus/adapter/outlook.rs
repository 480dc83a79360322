//! What the adapter sees of the height under way, and tells of it.

use super::Adapter;
use crate::called;
use crate::chain::Latest;
use crate::consensus::context::At;
use crate::consensus::last_signed::Silence;
use crate::consensus::listener::SETTLED;
use crate::consensus::network::{engine_peer, status};
use crate::consensus::validators::Validators;
use crate::consensus::watchdog::{PATIENCE, Standstill};
use crate::consensus::{Until, View, Waiting};
use crate::network::Topic;
use arc_malachitebft_app_channel::app::engine::network::Status;
use ledger_core::membership::Membership;
use ledger_core::names::Height;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

impl Adapter<'_> {
    /// Looks after the height under way; gives the highest tip where this node is far behind.
    pub(super) fn look(&mut self) -> Option<Height> {
        let latest = self.deps.chain.latest();
        let (height, now) = (latest.tip.height().next(), Instant::now());
        let validators = Validators::of(latest.tip.membership());
        let due = self.due().max(self.made);
        let (stands, tell) = self.watchdog.look(height, due, now);
        let recently = now.checked_sub(PATIENCE).unwrap_or(now);
        let missing = self.heard().missing(self.deps.node, height, &validators, recently);
        if tell {
            let round = self.round;
            let who = called::nodes(latest.tip.membership(), &missing);
            let waited = called::time(now.saturating_duration_since(due));
            tracing::warn!(%height, %round, missing = who, "no block for {waited} after it was due");
        }
        self.standstill = stands.then(|| {
            let own = if self.votes() { 0 } else { validators.power(self.deps.node) };
            let away = missing.iter().map(|node| validators.power(*node)).fold(own, u64::saturating_add);
            let are_enough = validators.is_quorum(validators.total().saturating_sub(away));
            Standstill { since: due, missing, are_enough }
        });
        self.compare_clocks(&validators, latest.tip.membership());
        self.show();
        self.heard().far_ahead(self.deps.node, latest.tip.height(), &validators, now)
    }

    /// Says which clocks are off, whenever others are.
    fn compare_clocks(&mut self, validators: &Validators, membership: &Membership) {
        let clocks = self.heard().clocks(self.deps.node, validators, membership.parameters().clock_tolerance_ms);
        let strays: Vec<_> = clocks.strays.iter().map(|(node, _)| *node).collect();
        if strays != self.strays {
            for (node, ahead) in &clocks.strays {
                let seconds = *ahead as f64 / 1_000.0;
                if *node == self.deps.node {
                    tracing::error!("the clock of this node is {seconds:+.1} s from those of the others: set it right");
                } else {
                    let who = called::node(membership, *node);
                    tracing::warn!("the clock of {who} is {seconds:+.1} s from those of the others");
                }
            }
            self.strays = strays;
        }
    }

    /// Whether this node signs, where it has power.
    pub(super) const fn votes(&self) -> bool {
        self.silence.is_none() && !self.is_mute
    }

    /// What ends the silence.
    fn until(&self, latest: &Latest, validators: &Validators) -> Option<Until> {
        let (own, tip) = (self.deps.node, latest.tip.height());
        let blocks = |end: Height| {
            let count = end.0.saturating_sub(tip.0).max(1);
            let idle = Duration::from_millis(u64::from(latest.tip.membership().parameters().pace_idle_ms));
            let pace = self.pace.unwrap_or(idle);
            Until::Blocks(count, pace.saturating_mul(u32::try_from(count).unwrap_or(u32::MAX)))
        };
        let heard = self.heard();
        Some(match self.silence? {
            Silence::Another(_) => Until::Operator,
            Silence::Above(height) => blocks(height),
            Silence::New { .. } if tip == Height(0) && heard.believed(validators) == Height(0) => {
                Until::Beginning(heard.not_beginning(own, validators))
            }
            Silence::New { .. } | Silence::Restored { .. } => {
                let stood = heard.most_stood_at(own, validators);
                let ends = self.last.lock().unwrap_or_else(PoisonError::into_inner).ends_at(stood);
                let others = validators.total().saturating_sub(validators.power(own));
                match ends {
                    Some(end) => blocks(end),
                    None if validators.is_quorum(others) => {
                        let wait = SETTLED.saturating_sub(self.began.elapsed());
                        Until::Heard(heard.unannounced(own, validators), wait)
                    }
                    None => Until::Operator,
                }
            }
        })
    }

    /// Nothing is on record here.
    pub(super) const fn is_new(&self) -> bool {
        matches!(self.silence, Some(Silence::New { .. }))
    }

    /// This node is silent only because nothing is on record here, and most others stand before the first block
    /// as it does: then there is nothing that it could have forgotten.
    pub(super) fn all_begin(&self) -> bool {
        let latest = self.deps.chain.latest();
        let validators = Validators::of(latest.tip.membership());
        self.is_new() && latest.tip.height() == Height(0) && self.heard().most_begin(self.deps.node, &validators)
    }

    /// Says where this node stands.
    pub(super) async fn say_where(&self, tip: Height) {
        let own = engine_peer(&self.deps.network.own());
        if let Some(said) =
            own.and_then(|own| status(own, &Status::new(At(tip), At(Height(1))), self.deps.known.newest()))
        {
            self.deps.network.publish(Topic::Status, said).await;
        }
    }

    pub(super) fn show(&self) {
        let latest = self.deps.chain.latest();
        let validators = Validators::of(latest.tip.membership());
        let waiting = match (&self.held, self.started.load(Ordering::Acquire)) {
            (Some(_), _) => Waiting::Due(self.due()),
            (None, true) => Waiting::Agreement,
            (None, false) => Waiting::Engine,
        };
        let tolerance = latest.tip.membership().parameters().clock_tolerance_ms;
        let (is_told, highest, clocks) = {
            let heard = self.heard();
            let clocks = heard.clocks(self.deps.node, &validators, tolerance);
            (heard.most_told(self.deps.node, &validators), heard.believed(&validators), clocks)
        };
        self.view.send_replace(View {
            node: self.deps.node,
            height: latest.tip.height().next(),
            round: self.round.as_u32(),
            waiting,
            since: self.since,
            power: validators.power(self.deps.node),
            total_power: validators.total(),
            silence: self.silence,
            until: self.until(&latest, &validators),
            is_mute: self.is_mute,
            standstill: self.standstill.clone(),
            contradiction: None,
            misbehaviour: self.misbehaviour,
            not_kept: self.not_kept,
            unfit: self.unfit,
            is_told,
            highest: highest.max(latest.tip.height()),
            clocks,
        });
    }
}
