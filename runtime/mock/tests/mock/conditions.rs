//! Samples that `where` accepts.

use flow_mock::Options;
use flow_plan::{Constant, Op, Reg, Type};

use crate::{client::Bench, plans::Plans};

#[tokio::test]
async fn samples_satisfy_conditions() {
    let mut plans = Plans::new();
    let (string, int, decimal) = (plans.ty(Type::String), plans.ty(Type::Int), plans.ty(Type::Decimal));
    let moment = plans.ty(Type::Timestamp);
    let numbers = plans.list(int);
    let large = plans.int_above(1_234_567);
    let code = plans.text_of_size(23);
    let prefixed = plans.text_after("DE-");
    let several = plans.list_above(numbers, 6);
    let cheap = below(&mut plans);
    let later = after_2030(&mut plans);
    let record = plans.checked_record(&[
        ("population", int, Some(large)),
        ("code", string, Some(code)),
        ("region", string, Some(prefixed)),
        ("numbers", numbers, Some(several)),
        ("price", decimal, Some(cheap)),
        ("until", moment, Some(later)),
    ]);
    let api = plans.api("cities", 1);
    plans.operation(api, "get city /city", Some(record));
    let bench = Bench::new(&plans.load(), Options::default()).await;

    let answer = bench.send("cities", "GET /city", &[], "").await;
    assert_eq!(bench.log(), ["GET cities /city -> 200"], "a sample that does not fit is logged");
    let city = answer.json();
    assert!(city["population"].as_i64().unwrap() > 1_234_567);
    assert_eq!(city["code"].as_str().unwrap().chars().count(), 23);
    assert!(city["region"].as_str().unwrap().starts_with("DE-"));
    assert!(city["numbers"].as_array().unwrap().len() > 6);
    assert!(city["price"].as_f64().unwrap() < 0.25);
    assert!(city["until"].as_str().unwrap() > "2030");
}

#[tokio::test]
async fn a_condition_that_nothing_satisfies_is_logged_and_answered_all_the_same() {
    let mut plans = Plans::new();
    let int = plans.ty(Type::Int);
    let bool = plans.ty(Type::Bool);
    let no = plans.constant(bool, Constant::Slot(0));
    let never = plans.condition(
        &[int],
        vec![Op::Const { dst: Reg(1), constant: no }, Op::Return { src: Reg(1) }],
        Vec::new(),
    );
    let record = plans.checked_record(&[("count", int, Some(never))]);
    let api = plans.api("shop", 1);
    plans.operation(api, "get count /count", Some(record));
    let bench = Bench::new(&plans.load(), Options::default()).await;
    let answer = bench.send("shop", "GET /count", &[], "").await;
    assert_eq!(answer.status, 200);
    assert!(
        bench.log()[0].starts_with("GET shop /count -> 200 (no sample fits: $.count"),
        "{:?}",
        bench.log()
    );
}

#[tokio::test]
async fn an_echo_that_breaks_a_condition_is_not_made() {
    let mut plans = Plans::new();
    let int = plans.ty(Type::Int);
    let large = plans.int_above(100);
    let asked = plans.record(&[("count", int)]);
    let given = plans.checked_record(&[("count", int, Some(large))]);
    let api = plans.api("shop", 1);
    let operation = plans.operation(api, "post count /count", Some(given));
    operation.params.push(crate::plans::param("body", flow_plan::Place::Body, asked));
    let bench = Bench::new(&plans.load(), Options::default()).await;
    for (asked, expected) in [(250, 250), (3, 101)] {
        let answer = bench.send("shop", "POST /count", &[], &format!(r#"{{"count":{asked}}}"#)).await;
        assert_eq!(answer.json()["count"], expected);
    }
}

/// `it < 0.25`.
fn below(plans: &mut Plans) -> flow_plan::FunctionId {
    let decimal = plans.ty(Type::Decimal);
    let bytes = rust_decimal::Decimal::new(25, 2).serialize();
    let half = |range: std::ops::Range<usize>| u64::from_le_bytes(bytes[range].try_into().unwrap());
    let constant = plans.constant(decimal, Constant::Wide([half(0..8), half(8..16)]));
    let (it, bound, answer) = (Reg(0), Reg(2), Reg(4));
    let code = vec![
        Op::Const { dst: bound, constant },
        Op::LtDecimal { dst: answer, a: it, b: bound },
        Op::Return { src: answer },
    ];
    plans.condition(&[decimal, decimal], code, Vec::new())
}

/// `it > @2030-01-01T00:00:00Z`.
fn after_2030(plans: &mut Plans) -> flow_plan::FunctionId {
    let moment = plans.ty(Type::Timestamp);
    let constant = plans.constant(moment, Constant::Slot(1_893_456_000_000_000));
    let (it, bound, answer) = (Reg(0), Reg(1), Reg(2));
    let code = vec![
        Op::Const { dst: bound, constant },
        Op::LtInt { dst: answer, a: bound, b: it },
        Op::Return { src: answer },
    ];
    plans.condition(&[moment, moment], code, Vec::new())
}
