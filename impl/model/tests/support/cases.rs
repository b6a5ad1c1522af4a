//! How many cases a property is tried on, and where those that failed are kept.

use proptest::prelude::ProptestConfig;
use proptest::test_runner::FileFailurePersistence;

/// So many cases; one that fails is written beside its test file, to be committed and tried first.
pub(crate) fn config(cases: u32) -> ProptestConfig {
    let regressions = FileFailurePersistence::WithSource("proptest-regressions");
    ProptestConfig {
        cases,
        failure_persistence: Some(Box::new(regressions)),
        ..ProptestConfig::default()
    }
}
