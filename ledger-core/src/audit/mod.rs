//! The judgement of a chain and the verdict, and apart from it what else there is to tell.
//!
//! Read [`verdict`] first, then [`Judge`]. *Judging* (format.md §15, §16): what is offered is read from the front to
//! the back, each block climbs the one ladder of [`chain`](crate::chain), and the first thing that is not a
//! whole frame in its place, or does not climb, ends it. *Telling the [`extent`]* is a second walk over the same
//! bytes: it adds to a report, and has no way to the verdict or to the first fault.

mod batch;
mod bookmark;
mod brought;
mod extent;
mod held;
mod home;
mod judge;
mod judged;
mod nodes;
mod report;
mod shards;
mod strict;
#[cfg(test)]
mod tests;
mod verdict;
mod watch;

pub use bookmark::Bookmark;
pub use brought::BookmarkError;
pub use extent::{Extent, extent};
pub use home::{Home, HomeEnd, HomeWalk, Newest};
pub use judge::{Judge, Options, judge};
pub use judged::{Depth, Ended, Finding, Judged, Scope, judge_deeply};
pub use nodes::{Asked, NodeJudged, NodesJudged, Said, Serves, judge_nodes};
pub use report::{Checked, Looked, Report, Skipped};
pub use verdict::{Verdict, verdict};
pub use watch::{Unwatched, Watch};
