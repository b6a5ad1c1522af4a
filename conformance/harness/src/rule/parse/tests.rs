//! A small contract, and what is wrong with malformed ones.

use super::*;
use rstest::rstest;

const SMALL: &str = "\
# A contract

- **Words.** A list item in bold before the first area is prose.

## O. Order

Prose about the order.

- **O1** [o] core. An object never exists before its owners.
  Level = 1 + *max*.
  Cases: `checker/owners-first`, `graph/exercise`,
  `model/order`
- **O2** [o, w] Templates first.
  Cases: none yet

## H. Hand-over

- **H1a** [r] *Intent*: one owner.
  Cases: `checker/one-owner-intent`

## After the rules

- **Nothing** here is a rule.
";

#[test]
fn a_rule_has_its_area_tags_words_and_cases() {
    let rules = parse(SMALL).expect("the small contract is well formed");
    let ids: Vec<&str> = rules.iter().map(|rule| rule.id.as_str()).collect();
    assert_eq!(ids, ["O1", "O2", "H1a"]);
    assert_eq!(
        rules[0],
        Rule {
            id: "O1".to_owned(),
            area: "Order".to_owned(),
            tags: vec![Tag::Outcome],
            core: true,
            text: "An object never exists before its owners. Level = 1 + *max*.".to_owned(),
            cases: ["checker/owners-first", "graph/exercise", "model/order"]
                .map(str::to_owned)
                .to_vec(),
        }
    );
    assert_eq!(rules[1].tags, [Tag::Outcome, Tag::Wire]);
    assert!(rules[1].cases.is_empty() && !rules[1].core);
    assert_eq!(rules[2].area, "Hand-over");
}

#[rstest]
#[case::twice(
    "- **O1** [o] a\n  Cases: none yet\n- **O1** [o] b\n",
    "line 5: rule O1 stands in line 3"
)]
#[case::no_cases(
    "- **O1** [o] a\n- **O2** [o] b\n  Cases: none yet\n",
    "line 3: rule O1 has no line"
)]
#[case::cases_not_quoted("- **O1** [o] a\n  Cases: x/y\n", "line 3: the cases of rule O1")]
#[case::cases_empty("- **O1** [o] a\n  Cases:\n", "line 3: the cases of rule O1")]
#[case::no_tag("- **O1** a\n  Cases: none yet\n", "line 3: rule O1 has no tag")]
#[case::bad_tag("- **O1** [x] a\n  Cases: none yet\n", "line 3: rule O1 has no tag")]
#[case::no_text("- **O1** [o] core.\n  Cases: none yet\n", "line 3: rule O1 has no text")]
#[case::no_id("- **Order** [o] a\n", "line 3: `Order` is no rule id")]
#[case::not_closed("- **O1 [o] a\n", "line 3: `O1 [o] a` is no rule id")]
#[case::elsewhere("- **T1** [o] a\n", "line 3: rule T1 stands in area O")]
fn a_malformed_rule_is_named_with_its_line(#[case] rules: &str, #[case] expected: &str) {
    let error = parse(&format!("## O. Order\n\n{rules}")).expect_err("the rule is malformed");
    assert!(error.to_string().starts_with(expected), "{error}");
}
