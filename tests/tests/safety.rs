//! No fork, ever: a network that has lost too many halts, and a node that has forgotten is silent.

use luqi_tests::net::safety;

#[test]
fn two_of_four_lost_halt_the_chain_and_their_return_starts_it() {
    let took = safety::two_of_four_lost();
    println!("the next block came {:.1} s after both were started again", took.as_secs_f64());
}

#[test]
fn a_home_restored_from_yesterdays_copy_never_signs_twice() {
    safety::a_home_from_yesterday();
}

#[test]
fn a_home_is_run_by_one_process() {
    safety::a_home_is_run_once();
}
