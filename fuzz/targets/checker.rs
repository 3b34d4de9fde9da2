//! Fuzzes the property `checker`.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| flow_properties::checker(text));
