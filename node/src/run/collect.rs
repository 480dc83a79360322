//! What swarm, intake and agreement count, as metrics.

use crate::consensus;
use crate::intake::Service;
use crate::mempool::Mempool;
use crate::network::{Counter, Counters, Topic};
use ledger_core::names::Height;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::watch;

/// What crossed the swarm.
#[derive(Debug)]
pub(super) struct Swarm(pub(super) Arc<Counters>);

impl Collector for Swarm {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        self.of_topics(&mut encoder)?;
        self.of_peers(&mut encoder)
    }
}

/// How long heights and rounds take.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    pub(super) decision: Histogram,
    pub(super) round: Histogram,
}

impl Default for Pace {
    fn default() -> Self {
        // From ten milliseconds to some eleven minutes: a chain at rest makes a block now and then.
        let times = || Histogram::new(exponential_buckets(0.01, 2.0, 17));
        Self { decision: times(), round: times() }
    }
}

impl Pace {
    /// Measures until the node is to end. What comes while nobody looks is measured as one.
    pub(super) async fn watch(self, mut view: watch::Receiver<consensus::View>, mut ending: watch::Receiver<bool>) {
        let now = |view: &watch::Receiver<consensus::View>| {
            let view = view.borrow();
            (view.height, view.round)
        };
        let (mut at, mut height_since, mut round_since) = (now(&view), Instant::now(), Instant::now());
        loop {
            let changed = tokio::select! {
                changed = view.changed() => changed,
                _ = ending.wait_for(|ending| *ending) => return,
            };
            if changed.is_err() {
                // Agreement has gone; the node ends.
                let _ = ending.wait_for(|ending| *ending).await;
                return;
            }
            let next = now(&view);
            // Before the first height nothing was being decided.
            if next != at && at.1.is_some() {
                self.round.observe(round_since.elapsed().as_secs_f64());
            }
            if next.0 != at.0 && at.0 != Height(0) {
                self.decision.observe(height_since.elapsed().as_secs_f64());
            }
            if next.0 != at.0 {
                height_since = Instant::now();
            }
            if next != at {
                (at, round_since) = (next, Instant::now());
            }
        }
    }
}

/// What waits in the node, and what agreement saw.
pub(super) struct Inside {
    pub(super) mempool: Mempool,
    pub(super) intake: Service,
    pub(super) agreement: watch::Receiver<consensus::View>,
}

impl Debug for Inside {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("Inside")
    }
}

impl Collector for Inside {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        self.of_intake(&mut encoder)?;
        let view = self.agreement.borrow().clone();
        let is_elsewhere = matches!(view.silence, Some(consensus::Silence::Another(_)));
        let (name, help) = ("keys_elsewhere", "1 where another process signs with the keys of this node, else 0");
        let gauge = ConstGauge::new(i64::from(is_elsewhere));
        gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
        if let Some(ahead) = view.clocks.own_ahead_ms {
            let (name, help) =
                ("clock_ahead_seconds", "By how much the node's clock is ahead of the middle one of the voting power");
            let gauge = ConstGauge::new(ahead as f64 / 1_000.0);
            gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
        }
        counter(&mut encoder, "misbehaviour", "Proofs that a validator signed two things", view.misbehaviour)?;
        let help = "Blocks under way that were not kept, since their proposer had no room left";
        counter(&mut encoder, "blocks_not_kept", help, view.not_kept)?;
        counter(&mut encoder, "blocks_unfit", "Blocks under way that do not hold by every rule", view.unfit)
    }
}

impl Swarm {
    fn of_topics(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        type Field = for<'a> fn(&'a crate::network::TopicCounters) -> &'a Counter;
        let families: [(&str, &str, Field); 6] = [
            ("gossip_messages_in", "Messages of other nodes that were let through, by topic", |of| &of.messages_in),
            ("gossip_bytes_in", "Their bytes", |of| &of.bytes_in),
            ("gossip_messages_out", "Messages that this node said, by topic", |of| &of.messages_out),
            ("gossip_bytes_out", "Their bytes, each counted once for all peers", |of| &of.bytes_out),
            ("gossip_dropped", "Messages that found a full queue", |of| &of.dropped),
            ("gossip_rejected", "Messages too large, from no member, or said before", |of| &of.rejected),
        ];
        for (name, help, field) in families {
            let kind = ConstCounter::new(0_u64).metric_type();
            let mut family = encoder.encode_descriptor(name, help, None, kind)?;
            for topic in Topic::ALL {
                let labels = [("topic", label(topic))];
                let value = ConstCounter::new(field(self.0.topic(topic)).value());
                let one: MetricEncoder<'_> = family.encode_family(&labels)?;
                value.encode(one)?;
            }
        }
        Ok(())
    }

    fn of_peers(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let Counters { questions_in, questions_busy, questions_out, malformed, .. } = &*self.0;
        let Counters { strangers, handshakes_refused, cuts, dials_failed, slow, .. } = &*self.0;
        for (name, help, value) in [
            ("questions_in", "Questions of other nodes", questions_in),
            ("questions_busy", "… that were answered with: later", questions_busy),
            ("questions_out", "Questions to other nodes", questions_out),
            ("malformed_messages", "Gossip in an envelope that cannot be right", malformed),
            ("strangers_refused", "Connections of who is no member", strangers),
            ("handshakes_refused", "Connections of unknown peers refused for their number", handshakes_refused),
            ("peers_cut", "Members cut off for what they did", cuts),
            ("dials_failed", "Calls of configured peers that failed", dials_failed),
            ("slow_peer_drops", "Messages that a slow peer did not get", slow),
        ] {
            counter(encoder, name, help, value.value())?;
        }
        Ok(())
    }
}

impl Inside {
    fn of_intake(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let (level, view) = (self.mempool.level(), self.intake.view());
        let waited = view.oldest.map_or(0.0, |oldest| oldest.elapsed().as_secs_f64());
        for (name, help, value) in [
            ("mempool_submissions", "Submissions that wait here", level.submissions as f64),
            ("mempool_bytes", "Memory that they take", level.bytes as f64),
            ("outbox_submissions", "Own submissions that the chain does not have yet", view.outbox as f64),
            ("outbox_bytes", "Their bytes", view.outbox_bytes as f64),
            ("outbox_oldest_seconds", "How long the oldest of them waits", waited),
            ("parked_items", "Items that wait for their contract", view.pending as f64),
        ] {
            let gauge = ConstGauge::new(value);
            gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
        }
        Ok(())
    }
}

fn counter(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: u64) -> Result<(), fmt::Error> {
    let counter = ConstCounter::new(value);
    counter.encode(encoder.encode_descriptor(name, help, None, counter.metric_type())?)
}

const fn label(topic: Topic) -> &'static str {
    match topic {
        Topic::Consensus => "consensus",
        Topic::Liveness => "liveness",
        Topic::Parts => "parts",
        Topic::Status => "status",
        Topic::Submissions => "submissions",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus_client::encoding::text::encode_registry;
    use prometheus_client::registry::Registry;

    #[tokio::test]
    async fn heights_and_rounds_are_measured() {
        let view = |height, round| consensus::View { height: Height(height), round, ..consensus::View::default() };
        let (say, heard) = watch::channel(view(0, None));
        let (end, ending) = watch::channel(false);
        let pace = Pace::default();
        let watching = tokio::spawn(pace.clone().watch(heard, ending));
        for (height, round) in [(1, Some(0)), (1, Some(1)), (2, Some(0)), (3, Some(0))] {
            say.send_replace(view(height, round));
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        end.send_replace(true);
        watching.await.unwrap();
        let mut registry = Registry::default();
        registry.register("decision", "", pace.decision);
        registry.register("round", "", pace.round);
        let mut text = String::new();
        encode_registry(&mut text, &registry).unwrap();
        assert!(text.contains("decision_count 2") && text.contains("round_count 3"), "{text}");
    }

    #[test]
    fn every_figure_of_the_swarm_has_a_line() {
        let mut registry = Registry::with_prefix("luqi");
        registry.register_collector(Box::new(Swarm(Arc::default())));
        let mut text = String::new();
        encode_registry(&mut text, &registry).unwrap();
        for topic in Topic::ALL {
            let line = format!("luqi_gossip_bytes_in_total{{topic=\"{}\"}} 0", label(topic));
            assert!(text.contains(&line), "{line} in {text}");
        }
        assert!(text.contains("luqi_strangers_refused_total 0"), "{text}");
    }
}
