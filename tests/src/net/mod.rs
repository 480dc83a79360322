//! A network of real processes, and what can happen to it.
//!
//! Every connection between two nodes goes through a proxy of the driver, so that it can be cut, slowed
//! and joined again without any right on the machine; or over wires between namespaces, where packets are lost.

pub mod compose;
pub mod faults;
pub mod fleet;
pub mod homes;
pub mod http;
pub mod liar;
pub mod load;
pub mod members;
pub mod namespaces;
pub mod node;
pub mod partitions;
pub mod proxy;
pub mod safety;
pub mod shim;
pub mod stand_in;
