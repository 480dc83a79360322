//! One handler for each message of the engine.

mod arrived;
mod decided;
mod decided_values;
mod finalized;
mod get_value;
mod ready;
mod restream;
mod started_round;
mod synced;

use super::context::{At, Luqi};
use arc_malachitebft_app_channel::Reply;
use arc_malachitebft_app_channel::app::engine::host::{HeightParams, Next};

/// A height that the engine waits to start.
pub(super) enum Held {
    /// The first one.
    Ready(Reply<(At, HeightParams<Luqi>)>),
    /// The one after a decision.
    Next(Reply<Next<Luqi>>),
}

impl Held {
    /// Starts it. Never is a height started again: that would empty the engine's log.
    pub(super) fn start(self, (height, params): (At, HeightParams<Luqi>)) {
        let heard = match self {
            Self::Ready(reply) => reply.send((height, params)).is_ok(),
            Self::Next(reply) => reply.send(Next::Start(height, params)).is_ok(),
        };
        if !heard {
            tracing::error!(%height, "the engine does not hear that it is to start a height");
        }
    }
}
