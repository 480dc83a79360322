//! The engine is ready to start its first height.

use super::Held;
use crate::consensus::adapter::Adapter;
use crate::consensus::context::{At, Luqi};
use arc_malachitebft_app_channel::Reply;
use arc_malachitebft_app_channel::app::engine::host::HeightParams;

impl Adapter<'_> {
    /// The height above the tip, once its block is due.
    pub(in crate::consensus) fn on_ready(&mut self, reply: Reply<(At, HeightParams<Luqi>)>) {
        self.hold(Held::Ready(reply));
    }
}
