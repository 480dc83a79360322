//! Agreement as a whole: several nodes, each with its own engine and chain.

mod agreement;
mod answers;
mod cluster;
mod crowd;
mod forger;
mod hidden_lock;
mod hub;
mod liars;
mod lies;
mod protocols;
