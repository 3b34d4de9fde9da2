//! Fuzzes the property `parser`.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| flow_properties::parser(text));
