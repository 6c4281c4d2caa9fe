//! Laws of the condition language.

use azimuth_access::condition::{
    Attribute, Attributes, Condition, Expression, Facts, Literal, Operand, Operator, Quantifier, Source,
    Truth,
};
use proptest::prelude::*;

fn literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        r"([^'\\]|\\.){0,12}".prop_map(|text| Literal::Text(text.into())),
        (-1_000_000_000_i64..1_000_000_000, 0_u32..4)
            .prop_map(|(digits, scale)| Literal::Number(digits as f64 / 10_f64.powi(scale as i32))),
        any::<bool>().prop_map(Literal::Bool),
        "[0-9a-fA-F]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
            .prop_map(|guid| Literal::Guid(guid.into())),
    ]
}

fn attribute() -> impl Strategy<Value = Attribute> {
    let source =
        prop::sample::select(vec![Source::Resource, Source::Request, Source::Principal, Source::Environment]);
    let name = prop::sample::select(vec!["a", "x/y:name", "t/tags:Key<$key_case_sensitive$>", "UtcNow"]);
    (source, name).prop_map(|(source, name)| Attribute { source, name: name.into() })
}

fn operand() -> impl Strategy<Value = Operand> {
    prop_oneof![
        attribute().prop_map(Operand::Attribute),
        literal().prop_map(Operand::Literal),
        prop::collection::vec(literal(), 0..4).prop_map(Operand::Set),
    ]
}

fn texts() -> impl Strategy<Value = Vec<Literal>> {
    prop::collection::vec("[a-zA-Z/*.]{0,10}".prop_map(|text| Literal::Text(text.into())), 1..3)
}

fn expression() -> impl Strategy<Value = Expression> {
    let quantifiers =
        vec![Quantifier::AnyOfAny, Quantifier::AllOfAny, Quantifier::AnyOfAll, Quantifier::AllOfAll];
    let operators: Vec<Operator> = Operator::all().collect();
    let compare = (
        operand(),
        prop::option::of(prop::sample::select(quantifiers)),
        prop::sample::select(operators),
        operand(),
    );
    let leaf = prop_oneof![
        4 => compare.prop_map(|(left, quantifier, operator, right)| {
            Expression::Compare { left, quantifier, operator, right }
        }),
        1 => texts().prop_map(Expression::ActionMatches),
        1 => texts().prop_map(Expression::SubOperationMatches),
        1 => (attribute(), any::<bool>())
            .prop_map(|(attribute, negated)| Expression::Exists { attribute, negated }),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Expression::All),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Expression::Any),
            inner.prop_map(|inner| Expression::Not(Box::new(inner))),
        ]
    })
}

fn evaluate(expression: &Expression, attributes: &Attributes) -> Truth {
    expression.evaluate(&Facts { action: "Microsoft.Storage/a/read", attributes })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn printing_and_parsing_is_the_identity(expression in expression()) {
        let printed = expression.to_string();
        prop_assume!(printed.len() <= 8_000);
        prop_assert_eq!(Expression::parse(&printed), Ok(expression), "{}", printed);
    }

    #[test]
    fn any_text_parses_or_errs_in_place(text in ".{0,200}") {
        if let Err(error) = Expression::parse(&text) {
            prop_assert!(text.get(error.span.0..error.span.1).is_some());
        }
        let _ = Condition::new(&text).evaluate(&Facts { action: "a", attributes: &Attributes::complete() });
    }

    #[test]
    fn broken_conditions_err_in_place(expression in expression(), cut in 0_usize..400, with in "[(){}!&|'@\\[\\]a-z]{0,3}") {
        let mut text = expression.to_string();
        let at = (0..=cut.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
        text.insert_str(at, &with);
        if let Err(error) = Expression::parse(&text) {
            prop_assert!(text.get(error.span.0..error.span.1).is_some(), "{:?}", error);
        }
    }

    #[test]
    fn what_is_decided_without_attributes_stays_so(expression in expression()) {
        let early = evaluate(&expression, &Attributes::unknown());
        let late = evaluate(&expression, &Attributes::complete());
        prop_assert!(late != Truth::Unknown);
        prop_assert!(early == Truth::Unknown || early == late);
    }

    #[test]
    fn not_turns_every_truth(expression in expression()) {
        let attributes = Attributes::complete();
        let negated = Expression::Not(Box::new(expression.clone()));
        prop_assert!(evaluate(&expression, &attributes) != evaluate(&negated, &attributes));
    }
}
