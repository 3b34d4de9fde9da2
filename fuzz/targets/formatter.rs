//! Fuzzes the property `formatter`.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| flow_properties::formatter(text));
