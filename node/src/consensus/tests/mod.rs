//! Agreement as a whole: several nodes, each with its own engine and chain.

mod agreement;
mod cluster;
mod hub;
mod liars;
mod lies;
