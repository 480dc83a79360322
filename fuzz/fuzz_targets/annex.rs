//! Any bytes as a message: no panic, and what is accepted is bounded and makes a record.
#![no_main]

use ledger_core::annex::{Config, Date, MAX_FINDINGS, MAX_VALUES, parse};
use ledger_core::codec::Text;
use ledger_core::names::Timestamp;
use ledger_core::record::{Arrival, Record};
use std::sync::LazyLock;

static CONFIGS: LazyLock<[Config; 2]> = LazyLock::new(|| {
    let config = Config::new(Date::parse("20261124").expect("a day"));
    [Config { strict: true, ..config.clone() }, config]
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    for config in CONFIGS.iter() {
        let Ok(message) = parse(data, None, config) else { continue };
        assert!(message.outcomes.len() <= message.kind.max_items().unwrap_or(MAX_VALUES));
        let told: usize = message.outcomes.iter().map(|outcome| outcome.findings.len()).sum();
        assert!(told <= MAX_FINDINGS + message.outcomes.len());
        for outcome in &message.outcomes {
            let raw = data.get(outcome.span.clone()).expect("a span lies within the message");
            if let Some(item) = &outcome.item {
                let tables = Text::new("1").expect("a short text");
                let arrival = Arrival { received: Timestamp(0), tables, platform: None, signature: None };
                Record::of_item(item, raw, &arrival).expect("what is accepted fits its slots");
            }
        }
    }
});
