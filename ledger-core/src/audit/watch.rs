//! Who looks on while a chain is judged.

use crate::chain::Trace;
use crate::names::Height;

/// Who looks on while a chain is judged; he has no say.
pub trait Watch {
    /// Whether he wants to know what became of the events.
    fn wants_traces(&self) -> bool {
        false
    }

    /// A batch was judged; with what became of the events of the blocks in it that hold, if he wants to know.
    fn judged(&mut self, batch: &[Vec<u8>], traces: Vec<(Height, Vec<Trace>)>);
}

/// Nobody looks on.
#[derive(Clone, Copy, Debug)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn judged(&mut self, _: &[Vec<u8>], _: Vec<(Height, Vec<Trace>)>) {}
}
