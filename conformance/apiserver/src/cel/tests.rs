//! What expressions come to, beyond what the conversations show.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Cel, Program, judge};
use crate::schema::Schema;

fn eval(text: &str, value: &Value) -> Result<Cel, String> {
    let program = Program::compile(text).map_err(|error| error.message)?;
    program.eval(&BTreeMap::from([("self", Cel::from(value))]))
}

#[test]
fn operators_bind_as_in_c() {
    let holds = |text| assert_eq!(eval(text, &json!({"a": 3, "b": [1, 2]})), Ok(Cel::Bool(true)));
    holds("1 + 2 * 3 == 7 && !(2 > 3)");
    holds("self.a > 2 ? self.b.size() == 2 : false");
    holds("2 in self.b && !('x' in self)");
    holds("-self.a == -3 && 7 % 4 == 3 && 1 == 1.0");
    holds("'a' + \"b\" == r'ab' && 'abc'.matches('^a.c$')");
    holds("{'k': [self.a]}['k'][0] == 3");
}

#[test]
fn macros_bind_a_name() {
    let value = json!({"list": [{"n": "a", "v": 1}, {"n": "b", "v": 2}], "map": {"x": 1}});
    let holds = |text| assert_eq!(eval(text, &value), Ok(Cel::Bool(true)), "{text}");
    holds("self.list.all(e, e.v > 0) && self.list.exists(e, e.n == 'b')");
    holds("self.list.exists_one(e, e.v == 2) && self.map.all(k, k == 'x')");
    holds("self.list.filter(e, e.v > 1).map(e, e.n) == ['b']");
    holds("self.list.all(x, self.list.exists_one(y, x.n == y.n))");
    holds("[has(self.list), has(self.nothing)].filter(x, x == true).size() == 1");
}

#[test]
fn one_side_of_a_disjunction_may_fail() {
    let value = json!({});
    assert_eq!(eval("self.x > 1 || true", &value), Ok(Cel::Bool(true)));
    assert_eq!(eval("self.x > 1 && false", &value), Ok(Cel::Bool(false)));
    assert_eq!(eval("self.x > 1 || false", &value), Err("no such key: x".to_owned()));
    assert_eq!(eval("1 / 0 == 1", &value), Err("division by zero".to_owned()));
}

#[test]
fn what_is_no_expression_is_refused() {
    for text in ["", "1 +", "self.", "nope(1)", "self.all(1, true)", "has(self)", "'x", "(1", "a b"]
    {
        assert!(Program::compile(text).is_err(), "{text}");
    }
    assert!(Program::compile(&"(".repeat(10_000)).is_err());
}

#[test]
fn a_rule_about_a_change_needs_an_old_value_and_what_is_unchanged_is_forgiven() {
    let schema = Schema::parse(&json!({
        "type": "object",
        "properties": {
            "n": {"type": "integer", "x-kubernetes-validations": [
                {"rule": "self >= oldSelf", "message": "must not shrink"},
                {"rule": "self < 10", "messageExpression": "'not ' + string(self)"},
            ]},
        },
    }))
    .expect("it is a schema");
    let texts = |new: i64, old: Option<i64>| -> Vec<String> {
        let old = old.map(|old| json!({"n": old}));
        let errors = judge(&schema, &json!({"n": new}), old.as_ref());
        errors.iter().map(ToString::to_string).collect()
    };
    assert_eq!(texts(5, None), Vec::<String>::new());
    assert_eq!(texts(4, Some(5)), ["n: Invalid value: \"integer\": must not shrink"]);
    assert_eq!(texts(11, None), ["n: Invalid value: \"integer\": not 11"]);
    assert_eq!(texts(11, Some(11)), Vec::<String>::new());
}

#[test]
fn names_and_fields_that_nobody_declared_are_refused_with_their_place() {
    let schema = Schema::parse(&json!({
        "type": "object",
        "properties": {"list": {"type": "array", "items": {
            "type": "object", "properties": {"n": {"type": "integer"}},
        }}},
    }))
    .expect("it is a schema");
    let refused = |text: &str| Program::compile_for(text, &schema).err().map(|why| why.message);
    assert_eq!(refused("self.list.all(x, x.n > 0) && has(self.list[0].n)"), None);
    assert_eq!(
        refused("self.nope > 1").as_deref(),
        Some("ERROR: <input>:1:5: undefined field 'nope'\n | self.nope > 1\n | ....^")
    );
    assert!(refused("self.list.all(x, x.m > 0)").is_some());
    assert!(refused("object.list").is_some());
    let why = Program::compile("true &&\nnope").expect_err("nobody declared it").message;
    let text =
        "ERROR: <input>:2:1: undeclared reference to 'nope' (in container '')\n | nope\n | ^";
    assert_eq!(why, text);
}

/// What the only rule of a field `at` says of a change.
fn judged(rule: &Value, new: &Value, old: Option<&Value>) -> Vec<String> {
    let mut schema = json!({
        "type": "object",
        "properties": {"at": {
            "type": "object",
            "properties": {
                "n": {"type": "integer"},
                "list": {"type": "array", "items": {"type": "object", "properties": {
                    "n": {"type": "integer"},
                }}},
            },
        }},
    });
    let place = if new["at"]["list"].is_array() {
        "/properties/at/properties/list/items"
    } else {
        "/properties/at"
    };
    schema.pointer_mut(place).expect("it is there")["x-kubernetes-validations"] = json!([rule]);
    let schema = Schema::parse(&schema).expect("it is a schema");
    judge(&schema, new, old).iter().map(ToString::to_string).collect()
}

#[test]
fn the_old_value_may_be_optional() {
    let rule = json!({
        "rule": "oldSelf.hasValue() || self.n > 1",
        "optionalOldSelf": true,
        "message": "too few",
        "fieldPath": ".n",
    });
    let (one, two) = (json!({"at": {"n": 1}}), json!({"at": {"n": 2}}));
    assert_eq!(judged(&rule, &one, None), ["at.n: Invalid value: \"object\": too few"]);
    assert_eq!(judged(&rule, &two, None), Vec::<String>::new());
    assert_eq!(judged(&rule, &one, Some(&two)), Vec::<String>::new());
}

#[test]
fn elements_that_cannot_be_told_apart_are_forgiven_with_their_list() {
    let rule = json!({"rule": "self.n > 1"});
    let old = json!({"at": {"list": [{"n": 1}]}, "other": 1});
    let more = json!({"at": {"list": [{"n": 1}, {"n": 2}]}});
    assert_eq!(judged(&rule, &old, Some(&old)), Vec::<String>::new());
    assert_eq!(
        judged(&rule, &more, Some(&old)),
        ["at.list[0]: Invalid value: \"object\": failed rule: self.n > 1"]
    );
}

#[test]
fn a_rule_that_fails_to_be_judged_is_an_error() {
    let missing = json!({"at": {}});
    assert_eq!(
        judged(&json!({"rule": "self.n > 1"}), &missing, None),
        ["at: Invalid value: \"object\": no such key: n evaluating rule: self.n > 1"]
    );
}
