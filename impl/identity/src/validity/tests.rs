use super::*;

#[test]
fn both_ends_belong_to_it_and_a_clock_may_be_behind() {
    let validity = Validity::starting(moment::at(1_000), Duration::from_secs(600));
    assert_eq!((validity.not_before(), validity.not_after()), (moment::at(700), moment::at(1_600)));
    for (second, covered) in [(699, false), (700, true), (1_600, true), (1_601, false)] {
        assert_eq!(validity.covers(moment::at(second)), covered, "{second}");
    }
}

#[test]
fn two_thirds_pass_before_it_is_renewed() {
    let validity = Validity::stated(moment::at(1_000), moment::at(4_000));
    assert_eq!(validity.renew_after(), moment::at(3_000));
}

#[test]
fn the_ends_of_time_are_no_overflow() {
    let validity = Validity::starting(moment::at(0), Duration::from_secs(u64::MAX));
    assert_eq!(validity.not_before(), moment::at(0));
    assert_eq!(validity.not_after().as_secs(), 253_402_300_799);
    assert!(validity.covers(validity.renew_after()));
}
