//! Any bytes as a message: no panic, and what is accepted is bounded and makes a record.
#![no_main]

use ledger_core::annex::{Config, Date, parse};
use ledger_core::record::{Caller, Record};
use std::sync::LazyLock;

static CONFIGS: LazyLock<[Config; 2]> = LazyLock::new(|| {
    let config = Config::new(Date::parse("20261124").expect("a day"));
    [Config { strict: true, ..config.clone() }, config]
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    for config in CONFIGS.iter() {
        let Ok(message) = parse(data, None, config) else { continue };
        assert!(message.outcomes.len() <= config.max_items.max(1));
        for outcome in &message.outcomes {
            let raw = data.get(outcome.span.clone()).expect("a span lies within the message");
            if let Some(item) = &outcome.item {
                let caller = Caller { platform: None, signature: None };
                Record::of_item(item, raw, &caller).expect("what is accepted fits its slots");
            }
        }
    }
});
